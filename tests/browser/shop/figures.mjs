// W93: every figure of the desk's first page is clicked, counts the rows it leads to, and each of those
// leads on to postings and messages. Then the desk's pages, with something on them.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { until } from '../support/browser.mjs';
import { cents } from '../support/people.mjs';

const ROWS = { orders: 'desk-order', listings: 'desk-piece', payouts: 'desk-payout', accounts: 'account' };
const SMALL_AND_LARGE = [320, 1280];
// What says something: what was posted, what was texted, what a phone showed.
const GROUND = ['posting', 'statement-line', 'desk-message', 'desk-step'].map((id) => `[data-testid=${id}]`).join(', ');

export async function figures({ stages, binary, village, album, origin, desk, achieng, wanjiru }, bought, pin) {
  /** Clicks, and is somewhere else that has a heading. */
  const goes = async (link) => {
    const from = desk.url();
    await link.click();
    await desk.waitForURL((url) => url.href !== from);
    await desk.locator('h1').waitFor();
  };
  /** The first row's own page: it has what the row comes of. */
  const down = async (what) => {
    const rows = desk.locator('#main tbody tr:not([data-stage=expired]) td:first-child a, #main tbody tr:not([data-stage=expired]) th a');
    if ((await rows.count()) === 0) return;
    await goes(rows.first());
    assert.ok((await desk.locator(GROUND).count()) > 0, `${what}: nothing on ${desk.url()}`);
  };

  await stages.run('money is sent, a piece waits for its check, a case is open', async () => {
    await achieng.dial('*483*57#', /You have KSh 2,550/);
    await achieng.answer('3', /Ready: KSh 2,550/);
    await achieng.answer('1', /KSh 2,550/);
    await achieng.answer('500', /PIN/);
    await achieng.answer(pin, /KSh 500/);
    await achieng.sms(/Sokoni sent KSh 500 to/);
    await wanjiru.text('SELL BRACELET WOOD 300 2');
    await wanjiru.sms(/Saved \d+: .*KSh 300 x 2/);
    const open = ['cases', 'open', 'dispute', 'both say so', '--order', bought.three.code];
    execFileSync(binary, [...open, '--desk', origin, '--desk-key-file', `${village.secrets}/halima`]);
  });

  await stages.run('W93: every figure of the first page is clicked, counts its rows, and leads down to postings and messages', async () => {
    const home = `${origin}/desk`;
    await desk.goto(home);
    const all = await desk.getByTestId('figure').evaluateAll((them) => them.map(({ dataset }) => ({ ...dataset })));
    const keys = all.map(({ key }) => key);
    for (const key of ['released', 'making', 'expired', 'waiting', 'on_sale', 'paid', 'dispute', 'psp', 'artisan', 'deposit']) {
      assert.ok(keys.includes(key) || (key === 'released' && keys.includes('shipped')), `${key} of ${keys}`);
    }
    for (const { key, way, count, cents: sum } of all) {
      await desk.goto(home);
      const figure = desk.locator(`[data-testid=figure][data-way="${way}"]`);
      await goes((await figure.evaluate((one) => one.tagName)) === 'A' ? figure : figure.locator('a'));
      assert.equal(`${new URL(desk.url()).pathname}${new URL(desk.url()).search}`, way);
      const rows = desk.getByTestId(ROWS[/^\/desk\/books\/(\w+)/.exec(way)?.[1]] ?? 'desk-case');
      assert.equal(await rows.count(), Number(count), key);
      if (sum !== undefined) {
        const sums = await rows.evaluateAll((them) => them.map(({ dataset }) => Number(dataset.cents ?? 0)));
        assert.equal(sums.reduce((one, other) => one + other, 0), Number(sum), key);
      }
      await down(key);
    }
    console.log(`      ${all.length} figures`);
  });

  await stages.run('W93: so is every figure of the board and every fact above it', async () => {
    const home = `${origin}/desk`;
    for (const links of [desk.getByTestId('pulse'), desk.locator('.facts a')]) {
      await desk.goto(home);
      const count = await links.count();
      assert.ok(count >= 3, `${count}`);
      for (let nth = 0; nth < count; nth += 1) {
        await desk.goto(home);
        const what = await links.nth(nth).innerText();
        await goes(links.nth(nth));
        if (!/binds|stats/.test(desk.url())) await down(what);
      }
    }
  });

  await stages.run('the desk with something on it: nothing cut off, axe finds nothing serious', async () => {
    const way = (path) => desk.locator(`#main a[href^="/desk/books/${path}/"]`).first();
    await desk.goto(`${origin}/desk`);
    assert.equal(await cents(desk.getByTestId('trial-sum')), 0);
    await album.looks(desk, 'desk-board');
    await desk.goto(`${origin}/desk/books/orders/${bought.three.code}`);
    await album.looks(desk, 'desk-order');
    for (const path of ['listings', 'people', 'accounts']) {
      await desk.goto(`${origin}/desk/books/orders/${bought.three.code}`);
      await goes(way(path));
      await album.looks(desk, `desk-${path}-one`, SMALL_AND_LARGE);
    }
    await desk.goto(`${origin}/desk/books/payouts`);
    await album.looks(desk, 'desk-payouts');
    await goes(way('payouts'));
    await until(desk.locator('#main'), 'Sokoni sent KSh 500');
    await album.looks(desk, 'desk-payout');
    await desk.goto(`${origin}/desk/audit`);
    await album.looks(desk, 'desk-audit');
    for (const path of ['listings', 'messages', 'dialogs', 'books/board', 'charts', 'cards', 'orders', 'depot', 'kiosks', 'books/people', 'books/accounts']) {
      await desk.goto(`${origin}/desk/${path}`);
      await album.looks(desk, `desk-${path.replaceAll('/', '-')}`, SMALL_AND_LARGE);
    }
    await desk.goto(`${origin}/desk/dialogs`);
    await goes(desk.locator('#main tbody a').first());
    await album.looks(desk, 'desk-dialog', SMALL_AND_LARGE);
  });
}
