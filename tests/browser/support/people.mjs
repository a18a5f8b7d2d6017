// What people of the village do again and again, in English: joining, selling, buying.

/** Joins by USSD as an artisan of Kibera. */
export async function joins(phone, name, pin) {
  await phone.dial('*483*57#', /Karibu Sokoni/);
  for (const [key, shown] of [
    ['2', /Who are you/],
    ['1', /Your two names/],
    [name, /Where do you work/],
    ['1', /Choose a PIN/],
    [pin, /once more/],
    [pin, new RegExp(`Welcome ${name.split(' ')[0]}`)],
  ]) {
    await phone.answer(key, shown);
  }
}

/** Lists a piece by SMS, and the kiosk finds it good; answers its number once it is on sale. */
export async function sells(maker, kiosk, kind, stuff, price, ready) {
  await maker.text(`SELL ${kind} ${stuff} ${price} ${ready}`);
  const [, listing] = await maker.sms(new RegExp(`Saved (\\d+): .*KSh ${price.toLocaleString('en')} x ${ready}`));
  await kiosk.sms(new RegExp(`\\b${listing}\\b`));
  await kiosk.text(`OK ${listing}`);
  await maker.sms(new RegExp(`${listing} .* is on sale now`));
  return listing;
}

export const SHOPPER = {
  name: 'Jörg Müller',
  email: 'joerg@example.org',
  country: 'DE',
  address: 'Lange Straße 10\n28195 Bremen',
};

/** Fills in who buys how many, and to where. */
export async function fills(page, quantity, shopper = SHOPPER) {
  await page.getByTestId('quantity').fill(String(quantity));
  await page.getByTestId('name').fill(shopper.name);
  await page.getByTestId('email').fill(shopper.email);
  await page.getByTestId('country').selectOption(shopper.country);
  await page.getByTestId('address').fill(shopper.address);
}

/** The cents that an element says. */
export async function cents(locator) {
  return Number(await locator.getAttribute('data-cents'));
}
