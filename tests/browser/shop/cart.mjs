// The cart in a browser: two makers' pieces, one payment, and the page of what came of it.
import assert from 'node:assert/strict';
import { sells } from '../support/people.mjs';

export async function cart({ stages, village, browser, album, achieng, wanjiru, amina }) {
  await stages.run('two makers’ pieces into the cart, one payment, and the orders', async () => {
    const pieces = [
      await sells(achieng, amina, 'RING', 'BEADS', 450, 1),
      await sells(wanjiru, amina, 'NECKLACE', 'BRASS', 720, 1),
    ];
    const shop = await browser.context.newPage();
    for (const piece of pieces) {
      await shop.goto(`${village.shop}piece/${piece}?lang=en`);
      await shop.getByTestId('cart-button').click();
      await shop.locator(`[data-testid=cart-line][data-code="${piece}"]`).waitFor();
    }
    await album.looks(shop, 'cart-anywhere');
    await shop.getByTestId('cart-country').selectOption('DE');
    await shop.getByTestId('cart-shipping').click();
    const total = Number(await shop.getByTestId('cart-total').getAttribute('data-cents'));
    const lines = await shop.getByTestId('cart-line').all();
    assert.equal(lines.length, 2);
    let sum = 0;
    for (const line of lines) {
      for (const part of ['goods', 'shipping']) sum += Number(await line.getAttribute(`data-${part}-cents`));
    }
    assert.equal(sum, total);
    await album.looks(shop, 'cart');
    await shop.getByTestId('name').fill('Jörg Müller');
    await shop.getByTestId('email').fill('joerg@example.org');
    await shop.getByTestId('address').fill('Lange Straße 10\n28195 Bremen');
    await shop.getByTestId('buy-button').click();
    await shop.getByLabel('Card number').fill('4242 4242 4242 4242');
    await shop.getByTestId('pay').click();
    // The page is asked for again by itself once the payment is known; where nothing runs scripts, every few seconds.
    await shop.locator('[data-testid=purchase-order][data-state=offered]').first().waitFor();
    assert.match(await (await shop.request.get(shop.url())).text(), /<noscript><meta http-equiv="refresh"/);
    assert.equal(await shop.getByTestId('purchase-order').count(), 2);
    assert.equal(Number(await shop.getByTestId('purchase-total').getAttribute('data-cents')), total);
    await album.looks(shop, 'purchase');
    await shop.getByTestId('to-cart').click();
    await shop.getByTestId('cart-empty').waitFor();
    await album.looks(shop, 'cart-empty');
    await shop.close();
  });
}
