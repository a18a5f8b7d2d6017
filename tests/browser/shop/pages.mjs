// Every page of the shop: how light it is, that it needs no script and nobody else's address, and how it
// looks at three widths and in two languages.
import assert from 'node:assert/strict';
import { until } from '../support/browser.mjs';
import { fills } from '../support/people.mjs';

// What a page may weigh on the way, without pictures, and what its first picture may.
const MOST_PAGE = 60 * 1024;
const MOST_PICTURE = 40 * 1024;

/** Opens an address on a phone and weighs what came of it, as it came over the wire. */
async function weigh(browser, address, deviceScaleFactor) {
  const phone = await browser.apart({ deviceScaleFactor });
  const page = await phone.newPage();
  const wire = await phone.newCDPSession(page);
  await wire.send('Network.enable');
  await wire.send('Network.setCacheDisabled', { cacheDisabled: true });
  const asked = new Map();
  let rest = 0;
  const images = [];
  // What is asked for counts, whether or not anybody answers it.
  wire.on('Network.requestWillBeSent', ({ requestId, type, request }) => asked.set(requestId, { type, url: request.url }));
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const { type, url } = asked.get(requestId) ?? {};
    if (type === 'Image') images.push({ url, length: encodedDataLength });
    else rest += encodedDataLength;
  });
  await page.goto(address, { waitUntil: 'networkidle' });
  const origins = new Set([...asked.values()].map(({ url }) => new URL(url).origin));
  await phone.close();
  return { rest, images, origins: [...origins] };
}

export async function pages({ stages, village, browser, album, origin, listings }) {
  const { earrings } = listings;
  const shop = await browser.context.newPage();
  let maker;

  await stages.run('home, search, craft, piece and maker at three widths, in two languages, with axe', async () => {
    await shop.goto(village.shop);
    await until(shop.getByTestId('count'), '4 pieces on sale');
    await album.looks(shop, 'home');
    await shop.getByTestId('search').fill('neklace achieng');
    await shop.getByTestId('filter-button').click();
    await until(shop.getByTestId('count'), '1 piece on sale');
    await album.looks(shop, 'search');
    await shop.goto(`${village.shop}craft/ring`);
    await until(shop.getByTestId('heading'), 'Rings');
    await album.looks(shop, 'craft');
    await shop.goto(`${village.shop}piece/${earrings}`);
    await album.looks(shop, 'piece');
    await shop.getByTestId('maker').click();
    await shop.getByTestId('maker-page').waitFor();
    maker = shop.url();
    await album.looks(shop, 'maker');
    await shop.goto(`${village.shop}piece/${earrings}`);
    await shop.getByTestId('tongue').click();
    assert.equal(await shop.locator('html').getAttribute('lang'), 'fr');
    await album.looks(shop, 'piece-fr');
    for (const [name, address] of [['maker-fr', maker], ['craft-fr', `${village.shop}craft/ring`], ['nowhere-fr', `${village.shop}nowhere`]]) {
      await shop.goto(address);
      assert.equal(await shop.locator('html').getAttribute('lang'), 'fr', address);
      await album.looks(shop, name);
    }
    await shop.goto(village.shop);
    await until(shop.getByTestId('count'), '4 pièces en vente');
    await album.looks(shop, 'home-fr');
    await shop.getByTestId('tongue').click();
    await until(shop.getByTestId('count'), '4 pieces on sale');
  });

  await stages.run('home and piece are light, and nobody else is asked for anything', async () => {
    // 390 px wide, as a plain screen has them and as phones do: three dots for each.
    for (const [name, address, dots] of [
      ['home', village.shop, 1],
      ['home', village.shop, 3],
      ['piece', `${village.shop}piece/${earrings}`, 1],
      ['piece', `${village.shop}piece/${earrings}`, 3],
      ['maker', maker, 3],
    ]) {
      const { rest, images, origins } = await weigh(browser, address, dots);
      const first = images.find(({ url }) => url.includes('/photo/'));
      assert.ok(first, `${name} shows a photograph`);
      console.log(`      ${name}, ${dots} dots: ${rest} octets without pictures, first picture ${first.length}`);
      assert.ok(rest > 1024 && rest <= MOST_PAGE, `${name} weighs ${rest}`);
      for (const { url, length } of images) assert.ok(length <= MOST_PICTURE, `${url} weighs ${length}`);
      assert.deepEqual(origins, [origin], name);
    }
  });

  await stages.run('without script: found, filled in, and on to the card page', async () => {
    const plain = await browser.apart({ javaScriptEnabled: false });
    const page = await plain.newPage();
    await page.goto(`${village.shop}?q=earings`);
    await page.locator('[data-testid=piece-card] a').first().click();
    await fills(page, 1);
    await page.getByTestId('email').fill('joerg');
    await page.getByTestId('buy-button').click();
    await page.getByTestId('error-email').waitFor();
    await page.getByTestId('email').fill('joerg@example.org');
    await page.getByTestId('buy-button').click();
    await page.getByLabel('Card number').waitFor();
    await page.getByTestId('cancel').click();
    await page.getByTestId('order-state').waitFor();
    await plain.close();
  });

  await stages.run('a form that came back with a fault can be read in the other language, too', async () => {
    await shop.goto(`${village.shop}piece/${earrings}`);
    await fills(shop, 1);
    await shop.getByTestId('email').fill('');
    await shop.getByTestId('buy-button').click();
    await shop.getByTestId('error-email').waitFor();
    assert.equal(await shop.getByTestId('name').inputValue(), 'Jörg Müller');
    await album.looks(shop, 'checkout');
    await shop.getByTestId('tongue').click();
    await shop.getByTestId('buy-form').waitFor();
    assert.equal(new URL(shop.url()).pathname, `/piece/${earrings}`);
    assert.equal(await shop.locator('html').getAttribute('lang'), 'fr');
    await shop.getByTestId('buy-button').click();
    await shop.getByTestId('error-name').waitFor();
    await album.looks(shop, 'checkout-fr');
    await shop.goto(`${village.shop}piece/${earrings}/many?quantity=12`);
    await shop.getByTestId('buy-button').click();
    await shop.getByTestId('error-wanted').waitFor();
    await album.looks(shop, 'many-again-fr');
    await shop.getByTestId('tongue').click();
    await until(shop.locator('h1'), '12 × Wooden earrings');
    assert.equal(new URL(shop.url()).pathname, `/piece/${earrings}/many`);
    await album.looks(shop, 'many');
  });

  await shop.close();
}
