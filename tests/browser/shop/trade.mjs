// What is bought, by whom, and that the money is right to the cent: on the order's page, at the card
// processor, and at the desk.
import assert from 'node:assert/strict';
import { until } from '../support/browser.mjs';
import { cents, fills, SHOPPER } from '../support/people.mjs';

/** What the processor took, by its own list, of the address of one of its pages. */
async function captures(pay) {
  return (await fetch(new URL('/captures', pay))).json();
}

/** The sides of an order's postings of one kind, as the desk shows them: account, and shillings in cents. */
async function sides(desk, kind) {
  const text = await desk.locator(`[data-testid=posting][data-kind="${kind}"] .sides`).innerText();
  const sums = text.split('\n').map((line) => /^(debit|credit) (.*) ([\d,]+\.\d\d)$/.exec(line.trim()));
  return sums.map((line) => [line[1], Math.round(Number(line[3].replaceAll(',', '')) * 100)]);
}

export async function trade({ stages, village, browser, album, origin, desk, achieng, wanjiru, listings }) {
  const { necklace, ring } = listings;
  const bought = {};

  await stages.run('three of one piece, with the second card: the page, the card and the books agree to the cent', async () => {
    const shop = await browser.context.newPage();
    await shop.goto(`${village.shop}piece/${necklace}`);
    assert.equal(await cents(shop.getByTestId('price')), 1_082);
    await fills(shop, 3);
    await shop.getByTestId('buy-button').click();
    // Nobody asked for the total: it is shown before anything is charged.
    await until(shop.getByTestId('form-error'), 'Nothing was charged');
    assert.equal(await cents(shop.getByTestId('sum-total')), 4_946);
    await album.looks(shop, 'checkout-total');
    await shop.getByTestId('buy-button').click();
    // Three at $10.82, and $17.00 for up to 500 g to Germany.
    assert.equal(await shop.getByTestId('amount').innerText(), '49.46');
    const pay = shop.url();
    await shop.getByLabel('Card number').fill('4000 0000 0000 0002');
    await shop.getByTestId('pay').click();
    await shop.getByTestId('declined').waitFor();
    assert.deepEqual(await captures(pay), [], 'a refused card pays nothing');
    await shop.getByLabel('Card number').fill('4242 4242 4242 4242');
    await shop.getByTestId('pay').click();
    await shop.locator('[data-testid=order-state][data-state=offered]').waitFor();
    assert.equal(await cents(shop.getByTestId('order-total')), 4_946);
    assert.equal(await shop.getByTestId('order-quantity').getAttribute('data-quantity'), '3');
    const parts = await shop.locator('[data-testid=split] [data-part]').evaluateAll((all) => all.map((one) => [one.dataset.part, Number(one.dataset.cents)]));
    assert.deepEqual(parts, [['maker', 255_000], ['margin', 165_357]]);
    assert.equal(Number(await shop.getByTestId('split').getAttribute('data-total-cents')), 420_357);
    const taken = await captures(pay);
    assert.deepEqual(taken.map(({ amount, refunded }) => [amount, refunded]), [[4_946, 0]]);
    const code = await shop.getByTestId('order-code').innerText();
    await achieng.sms(new RegExp(`Order ${code}: 3 necklace.* You earn KSh 2,550\\.`, 'i'));
    await album.looks(shop, 'order');
    bought.three = { page: shop, code };

    await desk.goto(`${origin}/desk/books/orders/${code}`);
    const row = await desk.getByTestId('desk-order').locator('.num').allInnerTexts();
    assert.deepEqual(row, ['3', '4,203.57', '2,550']);
    // $49.46 at 129.50: the goods wait for their check, shipping is the carrier's; and the processor keeps $1.74.
    const [goods, shipping, fee] = [420_357, 220_150, 22_533];
    const captured = [['debit', goods + shipping], ['credit', goods], ['credit', shipping], ['debit', fee], ['credit', fee]];
    assert.deepEqual(await sides(desk, 'captured'), captured);
    await desk.goto(`${origin}/desk/books/accounts/psp`);
    assert.equal(await cents(desk.getByTestId('statement')), goods + shipping - fee);
  });

  await stages.run('two shoppers race for the last piece: one pays, the other is told kindly and not charged', async () => {
    const apart = await Promise.all([browser.apart(), browser.apart()]);
    const pages = await Promise.all(apart.map((context) => context.newPage()));
    let winner;
    let loser;
    // Whoever wins lets go of it twice; the third pays.
    for (const round of [1, 2, 3]) {
      for (const page of pages) {
        await page.goto(`${village.shop}piece/${ring}`);
        await fills(page, 1);
      }
      await Promise.all(pages.map((page) => page.getByTestId('buy-button').click()));
      for (const page of pages) await page.locator('[data-testid=pay], [data-testid=refusal]').waitFor();
      const won = await Promise.all(pages.map((page) => page.getByTestId('pay').isVisible()));
      assert.equal(won.filter(Boolean).length, 1, `round ${round}: ${won}`);
      [winner, loser] = won[0] ? pages : [...pages].reverse();
      await until(loser.getByTestId('refusal'), 'This piece has just been sold');
      await until(loser.getByTestId('refusal'), 'Nothing was taken from your card');
      if (round === 3) break;
      await winner.getByTestId('cancel').click();
      await winner.locator('[data-testid=order-state][data-state=expired]').waitFor();
    }
    await album.looks(loser, 'just-sold');
    const pay = winner.url();
    const before = await captures(pay);
    await winner.getByTestId('pay').click();
    await winner.locator('[data-testid=order-state][data-state=offered]').waitFor();
    const total = await cents(winner.getByTestId('order-total'));
    const taken = await captures(pay);
    assert.equal(taken.length, before.length + 1, 'one of them was charged');
    assert.equal(taken.at(-1).amount, total);
    await loser.goto(`${village.shop}piece/${ring}`);
    await loser.getByTestId('sold-out').waitFor();
    await album.looks(loser, 'sold-out');
    bought.last = await winner.getByTestId('order-code').innerText();
    for (const context of apart) await context.close();
    const [, offered] = await achieng.sms(/Order (\d+): 1 ring/i);
    assert.equal(offered, bought.last);
    await achieng.text(`YES ${offered}`);
    await achieng.sms(new RegExp(`Order ${offered} is yours`));
  });

  await stages.run('many at once: paid, taken by two makers on their phones, and a day is promised when all of it is taken', async () => {
    const page = await browser.context.newPage();
    await page.goto(`${village.shop}piece/${necklace}`);
    await page.getByTestId('many').click();
    await page.locator('#count').fill('30');
    await page.getByTestId('many-price-button').click();
    await until(page.locator('h1'), '30 ×');
    assert.equal(await cents(page.getByTestId('many-price')), 973);
    assert.equal(await cents(page.getByTestId('many-goods')), 29_190);
    await page.getByTestId('wanted').fill(await page.getByTestId('wanted').getAttribute('min'));
    await fills(page, 30, SHOPPER);
    await page.getByTestId('buy-button').click();
    // Shipping of 3.4 kg to Germany is $43.00.
    assert.equal(await page.getByTestId('amount').innerText(), '334.90');
    const pay = page.url();
    await page.getByTestId('pay').click();
    const state = (word) => page.locator(`[data-testid=bulk-state][data-state=${word}]`).waitFor();
    await state('gathering');
    assert.equal(await cents(page.getByTestId('order-total')), 33_490);
    assert.equal((await captures(pay)).at(-1).amount, 33_490);
    // Whatever the page shows from here on, without being loaded again.
    await page.evaluate(() => {
      globalThis.seen = [];
      const look = () => {
        const counts = [...document.querySelectorAll('[data-count]')].map((one) => Number(one.dataset.pieces));
        globalThis.seen.push({ counts, promise: document.querySelector('[data-testid=promise]') !== null });
      };
      look();
      new MutationObserver(look).observe(document.querySelector('[data-live]'), { childList: true });
    });
    const shows = (count, pieces) => page.locator(`[data-count=${count}][data-pieces="${pieces}"]`).waitFor();

    const [, hers, first] = await achieng.sms(/Order (\d+): (\d+) necklaces? .*Reply YES/i);
    const [, other, second] = await wanjiru.sms(/Order (\d+): (\d+) necklaces? .*Reply YES/i);
    assert.equal(Number(first) + Number(second), 30);
    await shows('offered', 30);
    await achieng.text(`YES ${hers}`);
    await achieng.sms(new RegExp(`Order ${hers} is yours`));
    await shows('making', first);
    await album.looks(page, 'bulk');
    await wanjiru.dial('*483*57#', /Orders \(1 new\)/);
    await wanjiru.answer('2', new RegExp(`1 ${other} `));
    await wanjiru.answer('1', /You earn KSh/);
    await wanjiru.answer('1', new RegExp(`Yours: ${other}`));
    await shows('making', 30);
    await state('making');
    await until(page.getByTestId('promise'), /\d{4}/);
    const seen = await page.evaluate(() => globalThis.seen);
    for (const { counts, promise } of seen) {
      assert.equal(counts.reduce((sum, pieces) => sum + pieces), 30, JSON.stringify(seen));
      assert.equal(promise, counts[1] === 30, `promised when all is taken, not before: ${JSON.stringify(seen)}`);
    }
    await album.looks(page, 'bulk-promised');
    await page.goto(`${page.url().split('?')[0]}?lang=fr`);
    await album.looks(page, 'bulk-fr');
    bought.many = await page.getByTestId('order-code').innerText();
    await page.goto(`${village.shop}?lang=en`);
    await page.close();

    await desk.goto(`${origin}/desk/bulk`);
    const row = desk.locator(`[data-testid=desk-bulk][data-code="${bought.many}"]`);
    assert.equal(await row.getAttribute('data-state'), 'making');
    await until(row, new RegExp(`${hers} Achieng ${first}/${first}, ${other} Wanjiru ${second}/${second}`));
    await album.looks(desk, 'desk-bulk');
    // Each has her listing's whole price for each of them; $334.90 at 129.50 came in, less the processor's $10.02.
    for (const [code, pieces] of [[hers, first], [other, second]]) {
      await desk.goto(`${origin}/desk/books/orders/${code}`);
      const [many, , earns] = await desk.getByTestId('desk-order').locator('.num').allInnerTexts();
      assert.deepEqual([many, earns], [pieces, (pieces * 850).toLocaleString('en')]);
    }
    await desk.goto(`${origin}/desk/books/accounts/psp`);
    const lines = await desk.getByTestId('statement-line').evaluateAll((all) => all.map((one) => Number(one.dataset.cents)));
    assert.ok(lines.includes(4_336_955 - 129_759), lines.join(' '));
    assert.equal(lines.reduce((sum, line) => sum + line), await cents(desk.getByTestId('statement')));
  });

  return bought;
}
