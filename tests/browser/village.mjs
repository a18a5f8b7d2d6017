// The demo's whole script, played through its pages by a person's means alone: two phones, the
// shop, the card page and the desk. Pictures of each stage go to target/browser.
//
//   node tests/browser/village.mjs [BINARY]      (target/debug/sokoni unless told otherwise)
import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openBrowser, until } from './support/browser.mjs';
import { faults, fits } from './support/looks.mjs';
import { cents, fills, SHOPPER } from './support/people.mjs';
import { Phone } from './support/phone.mjs';
import { Stages } from './support/stages.mjs';
import { openVillage } from './support/village.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const binary = process.argv[2] ?? `${root}target/debug/sokoni`;
const pictures = `${root}target/browser`;
rmSync(pictures, { recursive: true, force: true });
mkdirSync(pictures, { recursive: true });

const CODE = '*483*57#';
const PIN = '2580';
const WIDE = { width: 1280, height: 900 };
const NARROW = { width: 390, height: 844 };
const SMALL = { width: 320, height: 640 };

const stages = new Stages();
let village;
let browser;
let picture = 0;

/** A picture of the whole page, numbered in the order of the script. */
async function shoot(page, name) {
  picture += 1;
  await page.bringToFront();
  const path = `${pictures}/${String(picture).padStart(2, '0')}-${name}.png`;
  await page.screenshot({ path, fullPage: true });
}

/** Opens a piece of the shop and sends its form, filled in; ends on the card page. */
async function order(page, code, shopper) {
  await page.locator(`[data-testid=piece-card][data-code="${code}"] a`).click();
  await page.getByTestId('piece').waitFor();
  await fills(page, 1, shopper);
}

/** The state an order page shows, once it shows it, and the steps it marks as done. */
async function orderShows(page, state) {
  await page.locator(`[data-testid=order-state][data-state="${state}"]`).waitFor();
  return page.locator('[data-testid=order-step][data-done="true"]').evaluateAll((steps) =>
    steps.map((step) => step.dataset.step),
  );
}

try {
  village = await openVillage(binary);
  browser = await openBrowser();
  const phones = browser.context.pages()[0];
  const achieng = new Phone(phones, '0700000101');
  const amina = new Phone(phones, '0700000201');
  let shop;
  let desk;
  let first;
  let second;
  let parcel;

  await stages.run('the phones stand in the browser', async () => {
    await phones.goto(village.phones);
    await phones.locator('body[data-connected=true]').waitFor();
    assert.deepEqual(await faults(phones), []);
    await fits(phones);
    await shoot(phones, 'phones');
  });

  await stages.run('Achieng joins by USSD, in Swahili', async () => {
    await achieng.dial(CODE, /Karibu Sokoni/);
    await shoot(phones, 'welcome');
    await achieng.answer('1', /Wewe ni nani/);
    await achieng.answer('1', /Majina yako mawili/);
    await achieng.answer('Achieng Otieno', /Unafanyia kazi wapi/);
    await achieng.answer('1', /Chagua PIN/);
    await achieng.answer('1234', /rahisi kukisia/);
    await achieng.answer(PIN, /PIN hiyo hiyo tena/);
    await achieng.answer(PIN, /Karibu Achieng/);
    await achieng.sms(/Karibu Achieng\. Nambari yako ya fundi ni \d+/);
    await shoot(phones, 'joined');
  });

  await stages.run('she lists a necklace by USSD', async () => {
    await achieng.dial(CODE, /Habari Achieng\. Una KSh 0/);
    await achieng.answer('1', /Umetengeneza nini/);
    await achieng.answer('1', /Imetengenezwa kwa nini/);
    await achieng.answer('2', /Bei yako/);
    await achieng.answer('1,200', /Ngapi ziko tayari/);
    await achieng.answer('2', /Mkufu, Shanga, KSh 1,200 kila moja, 2 tayari/);
    await shoot(phones, 'listing');
    await achieng.answer('1', /Imehifadhiwa, nambari \d+/);
    [, first] = await achieng.sms(/Imehifadhiwa (\d+): Mkufu KSh 1,200 x 2/);
  });

  await stages.run('and another by SMS', async () => {
    await achieng.text('UZA MKUFU SHABA 850 3');
    [, second] = await achieng.sms(/Imehifadhiwa (\d+): Mkufu KSh 850 x 3/);
    assert.notEqual(first, second);
  });

  await stages.run('Amina checks one by SMS and one by USSD', async () => {
    await amina.sms(new RegExp(`\\b${first}\\b`));
    await amina.sms(new RegExp(`\\b${second}\\b`));
    await amina.text(`OK ${first}`);
    await amina.sms(new RegExp(`${first} (is checked|imekaguliwa)`));
    await amina.dial(CODE, /Amina/);
    await amina.answer('4', new RegExp(`1 ${second} `));
    await amina.answer('1', new RegExp(`${second} Achieng.*850 x 3`, 's'));
    await shoot(phones, 'check');
    await amina.answer('1', new RegExp(`${second} (is checked|imekaguliwa)`));
    await achieng.sms(new RegExp(`${first} Mkufu inauzwa sasa`));
    await achieng.sms(new RegExp(`${second} Mkufu inauzwa sasa`));
  });

  await stages.run('the shop shows both', async () => {
    shop = await browser.context.newPage();
    await shop.goto(village.shop);
    await until(shop.getByTestId('count'), '2 pieces on sale');
    await shoot(shop, 'shop');
    await shop.getByTestId('narrow').click();
    await shop.locator('#material').selectOption('brass');
    await shop.getByTestId('filter-button').click();
    await until(shop.getByTestId('count'), '1 piece on sale');
    assert.equal(await shop.getByTestId('piece-card').getAttribute('data-code'), second);
  });

  await stages.run('a form with a fault comes back with what was typed', async () => {
    await order(shop, second, { ...SHOPPER, email: 'joerg at example' });
    const shares = shop.locator('[data-testid=split] [data-cents]');
    const parts = await shares.evaluateAll((all) => all.map((part) => Number(part.dataset.cents)));
    const whole = Number(await shop.getByTestId('split').getAttribute('data-total-cents'));
    assert.equal(parts.reduce((sum, part) => sum + part), whole);
    assert.ok(parts.includes(85_000), 'the maker gets what she asked for');
    await shoot(shop, 'piece');
    await shop.getByTestId('buy-button').click();
    await shop.getByTestId('error-email').waitFor();
    assert.equal(await shop.getByTestId('address').inputValue(), SHOPPER.address);
    await shoot(shop, 'piece-again');
  });

  await stages.run('a card is declined, another is taken; the order page opens', async () => {
    await shop.getByTestId('email').fill(SHOPPER.email);
    await shop.getByTestId('buy-button').click();
    await shop.getByTestId('pay').waitFor();
    await shop.getByLabel('Card number').fill('4000 0000 0000 0002');
    await shop.getByTestId('pay').click();
    await shop.getByTestId('declined').waitFor();
    await shoot(shop, 'card');
    await shop.getByTestId('pay').click();
    const done = await orderShows(shop, 'offered');
    assert.deepEqual(done, ['paid', 'offered']);
    await shoot(shop, 'order-offered');
    await shop.evaluate(() => (window.stayedOpen = true));
  });

  await stages.run('Achieng is asked, and accepts by USSD; the order page knows', async () => {
    [, parcel] = await achieng.sms(/Oda (\d+): Mkufu 1 kabla ya .* Utapata KSh 850/);
    await achieng.dial(CODE, /Oda \(1 mpya\)/);
    await achieng.answer('2', new RegExp(`1 ${parcel} Mkufu 1`));
    await achieng.answer('1', /Utapata KSh 850/);
    await shoot(phones, 'order-screen');
    await achieng.answer('1', new RegExp(`Ni yako: ${parcel}`));
    assert.ok((await orderShows(shop, 'making')).includes('accepted'));
    await shoot(shop, 'order-making');
  });

  await stages.run('her money stands in orders', async () => {
    await achieng.dial(CODE, /Habari Achieng/);
    await achieng.answer('3', /Tayari: KSh 0\. Katika oda: KSh 850\. Inatumwa: KSh 0/);
    await shoot(phones, 'money-in-orders');
  });

  await stages.run('she marks it ready by SMS; the order page knows', async () => {
    await achieng.text(`TAYARI ${parcel}`);
    await achieng.sms(new RegExp(`Oda ${parcel}: peleka`));
    await amina.sms(new RegExp(`\\b${parcel}\\b`));
    assert.ok((await orderShows(shop, 'ready')).includes('ready'));
  });

  await stages.run('Amina takes it in; the order page knows', async () => {
    await amina.text(`IN ${parcel}`);
    await amina.sms(new RegExp(`${parcel} (is with you|iko nawe)`));
    assert.ok((await orderShows(shop, 'at_kiosk')).includes('at_kiosk'));
    await shoot(shop, 'order-at-kiosk');
  });

  await stages.run('she checks it; the order page knows', async () => {
    await amina.text(`QC ${parcel} PASS 1`);
    await amina.sms(new RegExp(`${parcel}: 1 (passed|zimefaulu)`));
    await achieng.sms(/1 kati ya 1 zimefaulu\. KSh 850 ni zako sasa\. Salio KSh 850/);
    assert.ok((await orderShows(shop, 'released')).includes('checked'));
    assert.ok(await shop.evaluate(() => window.stayedOpen), 'the order page was never loaded again');
    await shoot(shop, 'order-released');
  });

  await stages.run('her money is ready, and she sends it to M-Pesa', async () => {
    // She hung up on this very screen, so she is asked whether to go on there.
    await achieng.dial(CODE, /Uliishia hapa: Tayari.*1 Endelea/s);
    await achieng.answer('1', /Tayari: KSh 850\. Katika oda: KSh 0\. Inatumwa: KSh 0/);
    await shoot(phones, 'money-ready');
    await achieng.answer('1', /Utume kiasi gani kwa .*Una KSh 850/s);
    await achieng.answer('850', /PIN kutuma KSh 850/);
    await achieng.answer('0000', /PIN si sahihi. Majaribio 2/);
    await achieng.answer(PIN, /KSh 850 inatumwa kwa/);
    await shoot(phones, 'sent');
    await achieng.sms(/Sokoni imetuma KSh 850 kwa .* Kumb\. ya M-Pesa \w+\. Salio KSh 0/);
    await achieng.dial(CODE, /Una KSh 0/);
    await achieng.answer('3', /Tayari: KSh 0\. Katika oda: KSh 0\. Inatumwa: KSh 0/);
    await achieng.answer('3', /-850 M-Pesa.*\+850 Mauzo/s);
    await shoot(phones, 'receipt');
  });

  await stages.run('the desk sees listings and payouts, and the books balance', async () => {
    desk = await browser.context.newPage();
    await desk.goto(village.desk);
    assert.ok(!desk.url().includes('key='), 'the key does not stay in the address');
    assert.equal(await desk.locator('#main table [data-testid=desk-listing]').count(), 2);
    assert.equal(await desk.locator('[data-testid=desk-payout][data-state=paid]').count(), 1);
    assert.equal(await cents(desk.getByTestId('trial-sum')), 0);
    await until(desk.locator('#main'), 'the books balance');
    await until(desk.getByTestId('trial-balance'), /Total\s+\d/);
    await fits(desk);
    await shoot(desk, 'desk');
  });

  await stages.run('every number of the desk leads down to rows, postings and messages, by keys alone', async () => {
    const home = desk.url();
    const goes = async (link, wanted) => {
      await link.focus();
      await desk.keyboard.press('Enter');
      await desk.waitForURL(wanted);
      await fits(desk);
    };
    for (const [name, size] of [['wide', WIDE], ['small', SMALL]]) {
      await desk.setViewportSize(size);
      await desk.goto(home);
      await fits(desk);
      await shoot(desk, `${name}-figures`);
      await goes(desk.locator('[data-testid=figure][data-key=released]'), /orders\?stage=released/);
      await shoot(desk, `${name}-figures-orders`);
      await goes(desk.locator(`#main a[href="/desk/books/orders/${parcel}"]`), /orders\/\d/);
      assert.ok((await desk.getByTestId('posting').count()) > 1);
      await shoot(desk, `${name}-figures-order`);
      await goes(desk.locator('#main a[href^="/desk/books/people/"]').first(), /people\/./);
      await until(desk.locator('#main'), 'Achieng Otieno');
      assert.ok((await desk.getByTestId('her-dialog').count()) > 2);
      await shoot(desk, `${name}-figures-person`);
      await goes(desk.locator('#main a[href^="/desk/books/payouts/"]').first(), /payouts\/./);
      await shoot(desk, `${name}-figures-payout`);
      await goes(desk.locator('#main a[href^="/desk/books/accounts/artisan"]').first(), /accounts\/./);
      await shoot(desk, `${name}-figures-account`);
      await desk.goto(home);
      await goes(desk.locator('#main a[href^="/desk/books/accounts?family="]').first(), /accounts\?family/);
      await shoot(desk, `${name}-figures-accounts`);
      await desk.goto(home);
      await goes(desk.locator('[data-testid=figure][data-key=on_sale]'), /listings\?state/);
      await goes(desk.locator(`#main a[href="/desk/books/listings/${second}"]`), /listings\/\d/);
      await shoot(desk, `${name}-figures-listing`);
    }
    await desk.setViewportSize(WIDE);
    await desk.goto(home);
  });

  await stages.run('on a small phone: home, filter, piece and order, nothing cut off', async () => {
    const orderPage = shop.url();
    await shop.bringToFront();
    await shop.setViewportSize(NARROW);
    await fits(shop);
    await shoot(shop, 'small-order');
    await shop.goto(village.shop);
    await until(shop.getByTestId('count'), '2 pieces on sale');
    await fits(shop);
    await shoot(shop, 'small-shop');
    await order(shop, first, SHOPPER);
    await fits(shop);
    await shoot(shop, 'small-piece');
    assert.notEqual(shop.url(), orderPage);
  });

  await stages.run('on a small phone: a payment that is cancelled takes nothing', async () => {
    await shop.getByTestId('buy-button').click();
    await shop.getByTestId('cancel').waitFor();
    await fits(shop);
    await shoot(shop, 'small-card');
    await shop.getByTestId('cancel').click();
    await orderShows(shop, 'expired');
    await fits(shop);
    await shoot(shop, 'small-order-expired');
    await shop.getByTestId('again').click();
    assert.equal(await shop.getByTestId('quantity').getAttribute('max'), '2', 'both are for sale again');
  });

  await stages.run('W140: drafted without a network, sent once with one', async () => {
    await achieng.text('UKURASA');
    const [link] = await achieng.sms(/http:\/\/\S+\/upload#\w+/);
    const page = await browser.context.newPage();
    await page.setViewportSize({ width: 320, height: 640 });
    await page.goto(link.replace(/\.$/, ''));
    await page.locator('body[data-ready=true]').waitFor();
    assert.ok(!page.url().includes('#'), 'the secret does not stay in the address');
    await browser.context.setOffline(true);
    const reached = () => fetch('/upload', { cache: 'no-store' }).then(() => true, () => false);
    for (const one of browser.context.serviceWorkers()) assert.equal(await one.evaluate(reached), false);
    assert.ok((await page.reload()).fromServiceWorker());
    await page.locator('body[data-ready=true]').waitFor();
    await page.getByLabel('What is it?').selectOption('bracelet');
    await page.getByLabel('Made of').selectOption('bone');
    await page.getByLabel('Your price, KSh').fill('640');
    await page.getByLabel('How many are ready').fill('4');
    const shots = await Promise.all([phones, shop].map((one) => one.screenshot()));
    const files = shots.map((buffer, nth) => ({ name: `../../${nth}.exe`, mimeType: 'image/png', buffer }));
    await page.getByLabel('Photographs').setInputFiles(files);
    await page.getByTestId('upload-keep').click();
    await page.locator('body[data-drafts="1"]').waitFor();
    await page.reload();
    await until(page.getByTestId('upload-draft'), 'Bracelet, horn or bone, 2 photographs to send');
    for (const width of [320, 390, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      await fits(page);
      await shoot(page, `upload-drafted-${width}`);
    }
    assert.deepEqual(await faults(page), []);
    await page.setViewportSize({ width: 320, height: 640 });

    // Of the listing and of each photograph the house takes the first sending, and the answer is lost.
    const lost = new Set();
    await browser.context.route('**/upload/api/**', async (route) => {
      const sent = `${route.request().url()} ${route.request().postDataBuffer()?.length}`;
      if (lost.has(sent)) return route.continue();
      lost.add(sent);
      assert.ok((await route.fetch()).ok());
      return route.abort();
    });
    await browser.context.setOffline(false);
    for (let tries = 0; tries < 80 && (await page.getAttribute('body', 'data-drafts')) !== '0'; tries += 1) {
      // The network that comes and goes tells the page each time.
      await page.evaluate(() => dispatchEvent(new Event('online')));
      await page.waitForTimeout(100);
    }
    await page.locator('body[data-drafts="0"]').waitFor();
    await browser.context.unroute('**/upload/api/**');
    assert.equal(lost.size, 3, 'a listing and two photographs');
    const [, code] = await until(page.getByTestId('upload-sent'), /(\d+): Bracelet, horn or bone, 2 photographs/);
    await fits(page);
    await shoot(page, 'upload-sent');
    const [, made] = await achieng.sms(/Imehifadhiwa (\d+): Bangili KSh 640 x 4/);
    assert.equal(made, code, 'the page and the SMS name the same piece');
    await amina.text(`OK ${made}`);
    await achieng.sms(new RegExp(`${made} Bangili inauzwa sasa`));
    const told = (await achieng.texts.allInnerTexts()).filter((text) => /Imehifadhiwa \d+: Bangili/.test(text));
    assert.equal(told.length, 1, 'it was listed once');
    await page.setViewportSize(WIDE);
    await page.goto(`${village.shop}piece/${made}`);
    assert.equal(await page.getByTestId('photo').count(), 2);
    await shoot(page, 'piece-photographs');
    await page.close();
  });

  await stages.run('on a small phone: the desk and the phones', async () => {
    await desk.setViewportSize(NARROW);
    await desk.reload();
    assert.equal(await cents(desk.getByTestId('trial-sum')), 0);
    await fits(desk);
    await shoot(desk, 'small-desk');
    await phones.setViewportSize(NARROW);
    await fits(phones);
    await shoot(phones, 'small-phones');
    await phones.setViewportSize(WIDE);
  });

  await stages.run('no page complained', async () => {
    // Browsers note in their console the form and the card that were refused above, the network that was gone,
    // and the answers that were lost.
    assert.deepEqual(browser.complaints([422, '/checkout'], [402, '/pay/'], ['net::ERR_INTERNET_DISCONNECTED', '/'], ['net::ERR_FAILED', '/upload/api/']), []);
  });
} catch (error) {
  await stages.run('the village opens', () => Promise.reject(error));
} finally {
  await browser?.close();
}

if (village) {
  await stages.run('the village closes calmly, its log empty', async () => {
    assert.equal(await village.close(), 0);
    assert.equal(village.log().replace(/^closing the village.*\n/m, ''), '');
  });
  await village.close();
}
stages.close();
