// `sokoni menu preview`, used as somebody uses it who writes a menu: she types, sees the fault and
// the red bar, mends it, walks with the keys, saves, and another editor writes the same file.
// Pictures go to target/browser/preview.
//
//   node tests/browser/preview.mjs [BINARY]      (target/debug/sokoni unless told otherwise)
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser, until } from './support/browser.mjs';
import { Stages } from './support/stages.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const binary = process.argv[2] ?? `${root}target/debug/sokoni`;
const pictures = `${root}target/browser/preview`;
rmSync(pictures, { recursive: true, force: true });
mkdirSync(pictures, { recursive: true });

const SWAHILI = 'Bei yako ya moja, KSh (utakayopokea)';
const TOO_LONG = ` ${'na usisahau kuandika shilingi kamili tu bila senti '.repeat(3)}`;
const SLOW = 30;

const stages = new Stages();
const folder = mkdtempSync(join(tmpdir(), 'sokoni-preview-'));
cpSync(`${root}menus`, folder, { recursive: true });
const file = join(folder, 'artisan.menu');
let server;
let browser;
let page;
let picture = 0;

async function serve() {
  server = spawn(binary, ['menu', 'preview', folder, '--addr', '127.0.0.1:0', '--part-cents', '80']);
  let printed = '';
  for (const stream of [server.stdout, server.stderr]) stream.on('data', (text) => (printed += text));
  const deadline = Date.now() + 20_000;
  for (;;) {
    const address = /http:\/\/\S+/.exec(printed)?.[0];
    if (address) return address;
    if (Date.now() > deadline || server.exitCode !== null) throw new Error(`no preview\n${printed}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

async function shoot(name) {
  picture += 1;
  await page.screenshot({ path: `${pictures}/${String(picture).padStart(2, '0')}-${name}.png` });
}

const text = () => page.locator('textarea:visible');
const screen = (lang, filling) => page.getByTestId(`phone-${lang}-${filling}`).getByTestId('screen');
const phone = (lang, filling) => page.getByTestId(`phone-${lang}-${filling}`);

/** Puts the cursor behind these words, as a click there would. */
async function cursorAfter(words) {
  await text().evaluate((area, words) => {
    const at = area.value.indexOf(words) + words.length;
    area.focus();
    area.setSelectionRange(at, at);
    area.scrollTop = (area.value.slice(0, at).split('\n').length - 8) * 20;
  }, words);
}

/** Moves the mouse over a fault until its tip shows: the page may still be laid out or scroll below the mouse. */
async function restOn(fault) {
  for (let tries = 0; tries < 40; tries += 1) {
    const [mark, area] = [await fault.boundingBox(), await text().boundingBox()];
    await page.mouse.move(Math.max(mark.x, area.x) + 36 + (tries % 8), mark.y + 8);
    if (await page.locator('#tip').isVisible()) return;
    await page.waitForTimeout(200);
  }
  await page.locator('#tip').waitFor();
}

async function walk(...answers) {
  for (const answer of answers) {
    await page.getByTestId('typed').fill(answer);
    await page.keyboard.press('Enter');
    await until(page.getByTestId('typed'), /^$/);
  }
}

/** From the key to the phones, in milliseconds, for every key since they were cleared, the shortest first. */
async function latencies() {
  const entries = await page.evaluate(() => performance.getEntriesByName('from key to phones').map((e) => e.duration));
  return entries.toSorted((a, b) => a - b);
}

try {
  const address = await serve();
  browser = await openBrowser();
  page = browser.context.pages()[0];

  await stages.run('the text stands beside phones in each language', async () => {
    await page.goto(address);
    await until(page.getByTestId('state'), 'As on the disk');
    await page.getByTestId('file').selectOption(file);
    await until(screen('en', 'typical'), /Hello Wanjiku.*1 Sell a piece/s);
    await until(screen('sw', 'typical'), /Habari Wanjiku/);
    await until(screen('en', 'widest'), /Hello W{12}/);
    await page.getByTestId('sound').waitFor();
    assert.equal(await text().inputValue(), readFileSync(file, 'utf8'));
    await shoot('home');
  });

  await stages.run('the phones follow the cursor to its block', async () => {
    await cursorAfter(SWAHILI);
    await until(page.getByTestId('at'), 'sell.price');
    await until(page.getByTestId('direct'), '*483*57*1*1*1#');
    await until(page.getByTestId('trail'), 'home › sell.kind › sell.stuff');
    await until(screen('sw', 'typical'), 'Bei yako ya moja');
    await until(page.getByTestId('sms'), /SMS 60 s after a cut here: draft_kept.*part, 0\.80/s);
    await shoot('block');
  });

  await stages.run('a Swahili text that is too long: the fault, and the red bar', async () => {
    await cursorAfter(SWAHILI);
    await page.keyboard.type(TOO_LONG);
    await page.locator('[data-testid=fault][data-code=too-long]').waitFor();
    for (const filling of ['typical', 'widest', 'empty']) {
      await page.locator(`[data-testid=phone-sw-${filling}][data-over=true]`).waitFor();
    }
    await until(page.getByTestId('here'), /^Line \d+: /);
    for (const filling of ['typical', 'widest', 'empty']) {
      assert.equal(await phone('en', filling).getAttribute('data-over'), 'false', filling);
    }
    await until(phone('sw', 'widest').getByTestId('size'), /of 160 septets: too long/);
    assert.ok((await page.locator('.back mark.error').count()) > 0, 'the fault is underlined');
    await until(page.getByTestId('state'), 'Not saved: artisan.menu');
    await shoot('too-long');
    await restOn(page.locator('.back mark.error').last());
    await shoot('tip');
    await page.mouse.move(1, 1);
  });

  await stages.run('mended, by undoing, it is clear again', async () => {
    await text().focus();
    for (let undone = 0; undone < 200; undone += 1) {
      if ((await text().inputValue()) === readFileSync(file, 'utf8')) break;
      await page.keyboard.press('Control+z');
    }
    await page.getByTestId('sound').waitFor();
    assert.equal(await phone('sw', 'widest').getAttribute('data-over'), 'false');
    await until(page.getByTestId('state'), 'As on the disk');
  });

  await stages.run('how long it takes from a key to the phones', async () => {
    await cursorAfter(SWAHILI);
    await page.evaluate(() => performance.clearMeasures());
    for (let key = 0; key < SLOW; key += 1) {
      await page.keyboard.press(key % 2 === 0 ? 'a' : 'Backspace');
      await page.waitForFunction((n) => performance.getEntriesByName('from key to phones').length > n, key);
    }
    const times = await latencies();
    const at = (share) => Math.round(times[Math.min(times.length - 1, Math.floor(times.length * share))]);
    console.log(`      ${times.length} keys: median ${at(0.5)} ms, p95 ${at(0.95)} ms, most ${at(1)} ms`);
  });

  await stages.run('one walks with the keys, to the outcome that one picks', async () => {
    await page.getByTestId('dial').click();
    await until(screen('en', 'typical'), 'Hello Wanjiku');
    await page.getByTestId('key-1').click();
    await page.getByTestId('send').click();
    await until(screen('sw', 'typical'), 'Umetengeneza nini?');
    await screen('en', 'typical').focus();
    await page.keyboard.type('1');
    await page.keyboard.press('Enter');
    await until(screen('en', 'typical'), 'Made of what?');
    await screen('en', 'typical').getByText('1 Brass').click();
    await until(screen('en', 'typical'), 'Your price for one');
    await walk('850', '3', '1');
    await until(page.getByTestId('actions'), /sell\.save: listing\.create\(kind: necklace, price: 850/);
    await until(page.getByTestId('sms'), /SMS at the end: listing_saved.*1 part, 0\.80/s);
    await shoot('saved');
    await page.getByLabel('full').check();
    await until(screen('sw', 'typical'), /Tayari una bidhaa 3/);
    await until(page.getByTestId('at'), 'sell.full');
  });

  await stages.run('0, 00 and a cut do what they do on the real thing', async () => {
    await page.getByTestId('dial').click();
    await until(screen('en', 'typical'), 'Hello');
    await walk('1', '1');
    await until(screen('en', 'typical'), 'Made of what?');
    await walk('0');
    await until(screen('en', 'typical'), 'What have you made?');
    await walk('00');
    await until(screen('en', 'typical'), 'Hello');
    await walk('1', '1');
    await until(screen('en', 'typical'), 'Made of what?');
    await page.getByTestId('cut').click();
    await until(screen('en', 'typical'), 'You stopped at: Made of what?');
    await page.getByTestId('undo').click();
    await until(screen('en', 'typical'), /^Made of what/);
    await page.getByTestId('dial').click();
    await phone('en', 'widest').getByRole('button').click();
    await until(page.getByTestId('lead'), 'English, widest');
    await walk('2', '98');
    await until(screen('en', 'widest'), '00 Home');
    await phone('en', 'typical').getByRole('button').click();
  });

  await stages.run('what is saved stands in the file', async () => {
    await cursorAfter('Sell a piece');
    await page.keyboard.type(' now');
    await until(screen('en', 'typical'), 'Sell a piece now');
    await page.keyboard.press('Control+s');
    await until(page.getByTestId('state'), 'Saved.');
    assert.match(readFileSync(file, 'utf8'), /Sell a piece now \| Uza bidhaa/);
  });

  await stages.run('what another editor writes is shown', async () => {
    writeFileSync(file, readFileSync(file, 'utf8').replace('Uza bidhaa', 'Uza kitu'));
    await cursorAfter('screen home');
    await until(screen('sw', 'typical'), 'Uza kitu');
    assert.match(await text().inputValue(), /Sell a piece now \| Uza kitu/);
    await until(page.getByTestId('state'), 'As on the disk');
  });

  await stages.run('two who write at once lose nothing', async () => {
    await cursorAfter('Uza kitu');
    await page.keyboard.type(' leo');
    await until(page.getByTestId('state'), 'Not saved');
    writeFileSync(file, readFileSync(file, 'utf8').replace('Uza kitu', 'Uza chochote'));
    await until(page.getByTestId('conflict'), 'was changed on the disk while you wrote');
    await until(page.getByTestId('theirs'), 'Uza chochote');
    await until(page.getByTestId('mine'), 'Uza kitu leo');
    await shoot('conflict');
    await page.getByTestId('keep-mine').click();
    await page.getByTestId('save').click();
    await until(page.getByTestId('state'), 'Saved.');
    assert.match(readFileSync(file, 'utf8'), /Uza kitu leo/);
  });

  await stages.run('a fault in another file is one key away; SMS have their price', async () => {
    await page.getByTestId('file').selectOption(join(folder, 'messages.menu'));
    await cursorAfter('sms order_offer');
    await until(page.getByTestId('texts'), /sms order_offer.*1 part, 0\.80/s);
    await cursorAfter('Order {o.code}: ');
    await page.keyboard.type('{o.nothing}');
    await page.getByTestId('fault').first().waitFor();
    await shoot('messages');
    await page.getByTestId('file').selectOption(file);
    const fault = page.getByTestId('fault').filter({ hasText: 'messages.menu, line' }).first();
    await fault.getByRole('button').focus();
    await page.keyboard.press('Enter');
    assert.match(await text().evaluate((area) => area.value.slice(area.selectionStart, area.selectionEnd)), /o\.nothing/);
    await page.keyboard.press('Delete');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
  });

  await stages.run('on a narrow window everything is there, one below the other', async () => {
    await page.getByTestId('file').selectOption(file);
    await page.setViewportSize({ width: 390, height: 844 });
    await until(screen('en', 'typical'), 'Hello');
    const [content, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(content <= room, `${content} px in a window of ${room} px`);
    await shoot('narrow-text');
    await page.getByTestId('see').scrollIntoViewIfNeeded();
    await page.evaluate(() => document.getElementById('phones').scrollIntoView());
    await shoot('narrow-phones');
    await page.evaluate(() => document.getElementById('entry').scrollIntoView());
    await shoot('narrow-keys');
    await page.setViewportSize({ width: 1280, height: 900 });
  });

  await stages.run('every control has a name, and the page complained of nothing', async () => {
    const nameless = await page.evaluate(() =>
      [...document.querySelectorAll('button, input, select, textarea, [tabindex="0"]')]
        .filter((one) => !one.closest('[hidden]'))
        .filter((one) => !one.labels?.length && !one.textContent.trim() && !one.ariaLabel)
        .map((one) => one.outerHTML.slice(0, 90)),
    );
    assert.deepEqual(nameless, []);
    assert.deepEqual(browser.complaints(), []);
  });
} catch (error) {
  await stages.run('the preview opens', () => Promise.reject(error));
} finally {
  if (page && stages.failed > 0) await shoot('failed').catch(() => {});
  await browser?.close();
}

await stages.run('it ends calmly', async () => {
  const ended = once(server, 'exit');
  server.kill('SIGINT');
  assert.equal((await ended)[0], 0);
});
server?.kill('SIGKILL');
rmSync(folder, { recursive: true, force: true });
stages.close();
