// The shop alone, in a browser: how light its pages are, that they need no script and nobody else's
// address, that axe finds no serious fault in them, and how they look at three widths and in two
// languages. Pictures go to target/browser-shop.
//
//   node tests/browser/shop.mjs [BINARY]      (target/debug/sokoni unless told otherwise)
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { openBrowser, until } from './support/browser.mjs';
import { Phone } from './support/phone.mjs';
import { Stages } from './support/stages.mjs';
import { openVillage } from './support/village.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const binary = process.argv[2] ?? `${root}target/debug/sokoni`;
const pictures = `${root}target/browser-shop`;
const axe = readFileSync(createRequire(new URL('../node/package.json', import.meta.url)).resolve('axe-core/axe.min.js'), 'utf8');
rmSync(pictures, { recursive: true, force: true });
mkdirSync(pictures, { recursive: true });

const WIDTHS = [320, 390, 1280];
// What a page may weigh on the way, without pictures, and what its first picture may.
const MOST_PAGE = 60 * 1024;
const MOST_PICTURE = 40 * 1024;

const stages = new Stages();
let village;
let browser;

/** Looks at a page at every width: nothing is cut off, axe finds nothing serious. */
async function looks(page, name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 800 });
    const [content, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= room, `${name} is ${content} px wide in a window of ${room} px`);
    await page.screenshot({ path: `${pictures}/${name}-${width}.png`, fullPage: true });
  }
  // Evaluated from outside, so that the page's content policy stays as it is.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  const serious = violations.filter(({ impact }) => ['serious', 'critical'].includes(impact));
  const told = serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
  assert.deepEqual(told, [], name);
}

/** Opens an address and weighs what came of it, as it came over the wire. */
async function weigh(address, width) {
  const page = await browser.context.newPage();
  await page.setViewportSize({ width, height: 800 });
  const wire = await browser.context.newCDPSession(page);
  await wire.send('Network.enable');
  await wire.send('Network.setCacheDisabled', { cacheDisabled: true });
  const kinds = new Map();
  let rest = 0;
  const images = [];
  wire.on('Network.responseReceived', ({ requestId, type, response }) => kinds.set(requestId, { type, url: response.url }));
  wire.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const { type, url } = kinds.get(requestId) ?? {};
    if (type === 'Image') images.push({ url, length: encodedDataLength });
    else rest += encodedDataLength;
  });
  await page.goto(address, { waitUntil: 'networkidle' });
  const origins = new Set([...kinds.values()].map(({ url }) => new URL(url).origin));
  await page.close();
  return { rest, images, origins: [...origins] };
}

try {
  village = await openVillage(binary);
  browser = await openBrowser();
  const phones = browser.context.pages()[0];
  const achieng = new Phone(phones, '0700000101');
  const amina = new Phone(phones, '0700000201');
  const origin = new URL(village.shop).origin;
  let listing;
  let maker;
  let shop;

  await stages.run('Achieng joins and sells a necklace', async () => {
    await phones.goto(village.phones);
    await phones.locator('body[data-connected=true]').waitFor();
    await achieng.dial('*483*57#', /Karibu Sokoni/);
    for (const [key, shown] of [
      ['2', /Who are you/],
      ['1', /Your two names/],
      ['Achieng Otieno', /Where do you work/],
      ['1', /Choose a PIN/],
      ['2580', /once more/],
      ['2580', /Welcome Achieng/],
    ]) {
      await achieng.answer(key, shown);
    }
    for (const [kind, stuff, price] of [['NECKLACE', 'BRASS', 850], ['RING', 'BEADS', 400], ['EARRINGS', 'WOOD', 1250]]) {
      await achieng.text(`SELL ${kind} ${stuff} ${price} 3`);
      [, listing] = await achieng.sms(new RegExp(`Saved (\\d+): .*KSh ${price.toLocaleString('en')} x 3`));
      await amina.sms(new RegExp(`\\b${listing}\\b`));
      await amina.text(`OK ${listing}`);
      await achieng.sms(new RegExp(`${listing} .* is on sale now`));
    }
  });

  await stages.run('home, search, piece and maker at three widths, in two languages, with axe', async () => {
    shop = await browser.context.newPage();
    await shop.goto(village.shop);
    await until(shop.getByTestId('count'), '3 pieces on sale');
    await looks(shop, 'home');
    await shop.getByTestId('search').fill('neklace achieng');
    await shop.getByTestId('filter-button').click();
    await until(shop.getByTestId('count'), '1 piece on sale');
    await looks(shop, 'search');
    await shop.goto(`${village.shop}craft/ring`);
    await until(shop.getByTestId('heading'), 'Rings');
    await looks(shop, 'craft');
    await shop.goto(`${village.shop}piece/${listing}`);
    await looks(shop, 'piece');
    await shop.getByTestId('maker').click();
    await shop.getByTestId('maker-page').waitFor();
    maker = shop.url();
    await looks(shop, 'maker');
    await shop.goto(`${village.shop}piece/${listing}`);
    await shop.getByTestId('tongue').click();
    assert.equal(await shop.locator('html').getAttribute('lang'), 'fr');
    await looks(shop, 'piece-fr');
    await shop.goto(village.shop);
    await until(shop.getByTestId('count'), '3 pièces en vente');
    await looks(shop, 'home-fr');
    await shop.getByTestId('tongue').click();
    await until(shop.getByTestId('count'), '3 pieces on sale');
  });

  await stages.run('home and piece are light, and nobody else is asked for anything', async () => {
    for (const [name, address] of [
      ['home', village.shop],
      ['piece', `${village.shop}piece/${listing}`],
      ['maker', maker],
    ]) {
      const { rest, images, origins } = await weigh(address, 390);
      const first = images.find(({ url }) => url.includes('/photo/'));
      assert.ok(first, `${name} shows a photograph`);
      console.log(`      ${name}: ${rest} octets without pictures, first picture ${first.length}`);
      assert.ok(rest <= MOST_PAGE, `${name} weighs ${rest}`);
      for (const { url, length } of images) assert.ok(length <= MOST_PICTURE, `${url} weighs ${length}`);
      assert.deepEqual(origins, [origin], name);
    }
  });

  await stages.run('without script: found, filled in, and on to payment', async () => {
    const plain = await browser.plain();
    try {
      const page = await plain.newPage();
      await page.goto(`${village.shop}?q=earings`);
      await page.locator('[data-testid=piece-card] a').first().click();
      await page.getByTestId('quantity').fill('1');
      await page.getByTestId('name').fill('Jörg Müller');
      await page.getByTestId('email').fill('joerg');
      await page.getByTestId('country').selectOption('DE');
      await page.getByTestId('address').fill('Lange Straße 10\n28195 Bremen');
      await page.getByTestId('buy-button').click();
      await page.getByTestId('error-email').waitFor();
      await page.screenshot({ path: `${pictures}/plain-again.png`, fullPage: true });
      await page.getByTestId('email').fill('joerg@example.org');
      await page.getByTestId('buy-button').click();
      await page.getByLabel('Card number').waitFor();
    } finally {
      await plain.close();
    }
  });

  await stages.run('checkout with a fault, and the order page', async () => {
    await shop.goto(`${village.shop}piece/${listing}`);
    await shop.getByTestId('quantity').fill('1');
    await shop.getByTestId('name').fill('Jörg Müller');
    await shop.getByTestId('country').selectOption('DE');
    await shop.getByTestId('address').fill('Lange Straße 10\n28195 Bremen');
    await shop.getByTestId('buy-button').click();
    await shop.getByTestId('error-email').waitFor();
    await looks(shop, 'checkout');
    await shop.getByTestId('email').fill('joerg@example.org');
    await shop.getByTestId('buy-button').click();
    await shop.getByLabel('Card number').fill('4242 4242 4242 4242');
    await shop.getByTestId('pay').click();
    await shop.locator('[data-testid=order-state][data-state=offered]').waitFor();
    await looks(shop, 'order');
    await shop.goto(`${shop.url().split('?')[0]}?lang=fr`);
    await looks(shop, 'order-fr');
    await shop.goto(`${village.shop}nowhere`);
    await looks(shop, 'nowhere-fr');
  });

  await stages.run('no page complained', async () => {
    assert.deepEqual(browser.complaints([422, '/checkout'], [404, '/nowhere']), []);
  });
} catch (error) {
  await stages.run('the village opens', () => Promise.reject(error));
} finally {
  await browser?.close();
  await village?.close();
}
stages.close();
