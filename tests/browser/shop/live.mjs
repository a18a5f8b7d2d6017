// W62: an order's page that is left open shows each step within five seconds of what somebody did with a
// phone. This bound is the promise itself.
import assert from 'node:assert/strict';

const PROMISED_MS = 5_000;

/** From here on the page notes when it first shows each step as done. */
async function notes(page) {
  await page.evaluate(() => {
    globalThis.shown = {};
    const look = () => {
      for (const { dataset } of document.querySelectorAll('[data-testid=order-step][data-done=true]')) globalThis.shown[dataset.step] ??= Date.now();
    };
    look();
    new MutationObserver(look).observe(document.querySelector('[data-live]'), { childList: true });
  });
}

export async function live({ stages, achieng, amina, album }, { page, code }) {
  const took = [];
  const shows = async (step, act) => {
    assert.equal(await page.evaluate((step) => step in globalThis.shown, step), false, `${step} has not happened`);
    const began = Date.now();
    await act();
    // Gone with the page, should anything load it again.
    await page.waitForFunction((step) => globalThis.shown && step in globalThis.shown, step);
    const after = (await page.evaluate((step) => globalThis.shown[step], step)) - began;
    took.push(`${step} ${after} ms`);
    assert.ok(after > 0 && after < PROMISED_MS, `${step} after ${after} ms`);
  };

  await stages.run('W62: an open order page shows accepted, made, at the kiosk, checked and shipped within five seconds', async () => {
    await notes(page);
    await achieng.dial('*483*57#', /Orders \(1 new\)/);
    await achieng.answer('2', new RegExp(`1 ${code} `));
    await achieng.answer('1', /You earn KSh 2,550/);
    await shows('accepted', () => achieng.answer('1', new RegExp(`Yours: ${code}`)));
    await shows('ready', () => achieng.text(`READY ${code}`));
    await shows('at_kiosk', () => amina.text(`IN ${code}`));
    await amina.dial('*483*57#', /Check pieces/);
    await amina.answer('2', new RegExp(`1 ${code} `));
    await amina.answer('1', /How many pass/);
    await shows('checked', () => amina.answer('1', /3 pass, 0 fail/));
    await achieng.sms(/KSh 2,550 is yours now/);
    await shows('shipped', () => amina.text(`GONE ${code} 410 RR123456785KE`));
    assert.equal(await page.getByTestId('tracking').innerText(), 'RR123456785KE');
    console.log(`      ${took.join(', ')}`);
    await page.bringToFront();
    await album.looks(page, 'order-shipped');
    await page.goto(`${page.url().split('?')[0]}?lang=fr`);
    await album.looks(page, 'order-shipped-fr');
    await page.goto(`${new URL(page.url()).origin}/?lang=en`);
    await page.close();
  });
}
