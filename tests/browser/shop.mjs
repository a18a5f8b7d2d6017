// The shop in a browser, and what comes of it on phones, at the card processor and at the desk: its pages,
// what is bought by whom, each step as it happens, and every figure of the desk down to its messages and
// postings. One village for all of it. Pictures go to target/browser-shop.
//
//   node tests/browser/shop.mjs [BINARY]      (target/debug/sokoni unless told otherwise)
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { cart } from './shop/cart.mjs';
import { figures } from './shop/figures.mjs';
import { live } from './shop/live.mjs';
import { pages } from './shop/pages.mjs';
import { trade } from './shop/trade.mjs';
import { openBrowser } from './support/browser.mjs';
import { Album } from './support/looks.mjs';
import { joins, sells } from './support/people.mjs';
import { Phone } from './support/phone.mjs';
import { Stages } from './support/stages.mjs';
import { openVillage } from './support/village.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const binary = process.argv[2] ?? `${root}target/debug/sokoni`;
const PIN = '2580';

const stages = new Stages();
const album = new Album(`${root}target/browser-shop`);
let village;
let browser;

try {
  village = await openVillage(binary);
  browser = await openBrowser();
  const phones = browser.context.pages()[0];
  const achieng = new Phone(phones, '0700000101');
  const wanjiru = new Phone(phones, '0700000102');
  const amina = new Phone(phones, '0700000201');
  const listings = {};
  let desk;

  await stages.run('Achieng and Wanjiru join and sell', async () => {
    await phones.goto(village.phones);
    await phones.locator('body[data-connected=true]').waitFor();
    await joins(achieng, 'Achieng Otieno', PIN);
    await joins(wanjiru, 'Wanjiru Kamau', PIN);
    listings.necklace = await sells(achieng, amina, 'NECKLACE', 'BRASS', 850, 3);
    listings.ring = await sells(achieng, amina, 'RING', 'BEADS', 400, 1);
    listings.earrings = await sells(achieng, amina, 'EARRINGS', 'WOOD', 1250, 3);
    await sells(wanjiru, amina, 'NECKLACE', 'BRASS', 700, 2);
    desk = await browser.context.newPage();
    await desk.goto(village.desk);
  });

  const world = { stages, binary, village, browser, album, origin: new URL(village.shop).origin, desk, achieng, wanjiru, amina, listings };
  await pages(world);
  const bought = await trade(world);
  await live(world, bought.three ?? {});
  await figures(world, bought, PIN);
  await cart(world);

  await stages.run('no page complained', async () => {
    assert.deepEqual(browser.complaints([422, '/checkout'], [422, '/many'], [404, '/nowhere'], [402, '/pay/']), []);
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
