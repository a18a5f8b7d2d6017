// The desk as people use it in a browser: signing in with an authenticator, a stop, what takes two people,
// the board down to messages and postings, all by keys where it can be; and axe looks at every page.
// Pictures of each stage go to target/browser-desk.
//
//   node tests/browser/desk.mjs [BINARY]      (target/debug/sokoni unless told otherwise)
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Authenticator } from './support/authenticator.mjs';
import { openBrowser, until } from './support/browser.mjs';
import { Album } from './support/looks.mjs';
import { Phone } from './support/phone.mjs';
import { Stages } from './support/stages.mjs';
import { openVillage } from './support/village.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const binary = process.argv[2] ?? `${root}target/debug/sokoni`;
const album = new Album(`${root}target/browser-desk`);

const PASSWORD = 'seven quiet rivers';
const REASONS = { en: 'we count the float', sw: 'tunahesabu pesa', am: 'እንቆጥራለን' };
// What is on the others comes of trade: shop.mjs looks at those.
const PAGES = ['alarms', 'approvals', 'binds', 'cash', 'dialogs/stats', 'holds', 'listings', 'menus', 'reconcile', 'sessions', 'sign-in', 'stops'];

const stages = new Stages();
const data = mkdtempSync(join(tmpdir(), 'sokoni-desk-'));
let village;
let browser;
let grace;

/** Presses Tab until what is wanted has the focus. */
async function tabTo(page, locator, most = 120) {
  const wanted = await locator.elementHandle();
  for (let pressed = 0; pressed < most; pressed += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`no Tab reaches ${locator}`);
}

/** A browser of her own for somebody who is invited by the command and takes it up. */
async function joins(name, ...roles) {
  const people = join(data, 'secrets/people.toml');
  const address = new URL(village.shop).origin;
  const args = ['desk', 'add', name, ...roles.flatMap((role) => ['--role', role]), '--file', people, '--url', address];
  const link = execFileSync(binary, args, { encoding: 'utf8' }).trim();
  const own = await openBrowser();
  const page = own.context.pages()[0];
  await page.goto(link);
  const app = new Authenticator(await page.getByTestId('secret').innerText());
  if (name === 'Grace') {
    await album.looks(page, 'welcome');
  }
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByLabel('The same again').fill(PASSWORD);
  await page.getByLabel('The six digits').fill(await app.code());
  await page.keyboard.press('Enter');
  await page.getByTestId('welcomed').waitFor();
  const written = await page.getByTestId('recovery').allInnerTexts();
  assert.equal(written.length, 8);
  return { own, page, app, written, link };
}

async function signIn(page, name, password, code) {
  await page.goto(`${new URL(village.shop).origin}/desk/sign-in`);
  await page.getByLabel('Your name').fill(name);
  await page.getByLabel('Password').fill(password);
  await page.getByLabel('Code').fill(code);
  await page.keyboard.press('Enter');
}

try {
  village = await openVillage(binary, ['--data', data]);
  browser = await openBrowser();
  const origin = new URL(village.shop).origin;
  const phones = browser.context.pages()[0];
  const achieng = new Phone(phones, '0700000101');
  let peter;

  await stages.run('Grace takes up her invitation and signs in with a code, by keys alone', async () => {
    grace = await joins('Grace', 'operator', 'treasurer');
    const { page, app, link } = grace;
    await signIn(page, 'Grace', 'wrong words here', '000000');
    await until(page.getByTestId('complaint'), 'Name, password or code is wrong.');
    assert.ok(!(await page.content()).includes('wrong words'));
    await album.looks(page, 'sign-in-refused');
    await signIn(page, 'Grace', PASSWORD, await app.code());
    await page.waitForURL(`${origin}/desk`);
    assert.equal(await page.getByTestId('who').innerText(), 'Grace');
    await page.goto(link);
    await until(page.locator('h1'), 'not good any more');
  });

  await stages.run('cookies are out of reach of scripts and of other sites', async () => {
    const [cookie] = (await grace.own.context.cookies()).filter(({ name }) => name === 'sokoni_desk');
    assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.path], [true, 'Strict', '/desk']);
    const policy = (await grace.page.goto(`${origin}/desk`)).headers()['content-security-policy'];
    assert.ok(policy.includes("default-src 'self'") && !policy.includes('unsafe'), policy);
  });

  await stages.run('what a tip comes to on the air is told while she types', async () => {
    const { page } = grace;
    await page.goto(`${origin}/desk/depot`);
    const told = page.getByTestId('fit-tip');
    await page.getByLabel('In English').pressSequentially('Thin bangles sell.');
    await until(told, 'en: 34 of 160 septets, one SMS');
    await until(told, 'missing');
    await page.getByLabel('in Swahili', { exact: true }).first().fill('Bangili nyembamba zinauzwa ĩ.');
    await until(told, 'because of ĩ it needs UCS-2');
    await album.looks(page, 'fit');
    await page.getByLabel('In English').fill('');
    await page.getByLabel('in Swahili', { exact: true }).first().fill('');
    await told.waitFor({ state: 'hidden' });
  });

  await stages.run('W91: a stop that she puts by keys is told on the phone, and lifted', async () => {
    await phones.goto(village.phones);
    await phones.locator('body[data-connected=true]').waitFor();
    const { page } = grace;
    await page.goto(`${origin}/desk/stops`);
    const joining = page.locator('[data-testid=stop][data-what=joining]');
    for (const [lang, why] of Object.entries(REASONS)) await joining.locator(`[name=${lang}]`).fill(why);
    await tabTo(page, joining.locator('button[value=stop]'));
    await page.keyboard.press('Enter');
    await page.locator('[data-what=joining][data-stopped=true]').waitFor();
    await achieng.dial('*483*57#', /Karibu Sokoni/);
    await achieng.answer('1', /tunahesabu pesa/);
    await page.locator('[data-what=joining] button[value=resume]').focus();
    await page.keyboard.press('Enter');
    await page.locator('[data-what=joining][data-stopped=false]').waitFor();
    await achieng.dial('*483*57#', /Karibu Sokoni/);
  });

  await stages.run('W92: what takes two people is refused to her who asked, and done by another', async () => {
    peter = await joins('Peter', 'treasurer');
    await signIn(peter.page, 'Peter', PASSWORD, peter.written[0]);
    await peter.page.waitForURL(`${origin}/desk`);
    const { page } = grace;
    await page.goto(`${origin}/desk/approvals`);
    await page.locator('#what').selectOption('posting');
    await page.locator('#lines').fill('debit exp:sms 5.00\ncredit mm_float 5.00');
    await page.locator('#why').fill('SMS of November');
    await tabTo(page, page.locator('button[value=ask]'));
    await page.keyboard.press('Enter');
    const waiting = '[data-testid=approval][data-state=waiting]';
    await page.locator(waiting).waitFor();
    await page.locator(`${waiting} button[value=approve]`).click();
    await page.getByTestId('complaint').waitFor();
    await album.looks(page, 'approvals-same-person');
    assert.equal(await page.locator(waiting).count(), 1, 'it still waits');
    await peter.page.goto(`${origin}/desk/approvals`);
    await peter.page.locator(`${waiting} button[value=approve]`).focus();
    await peter.page.keyboard.press('Enter');
    await until(peter.page.locator('[data-testid=approval][data-state=approved]'), 'by Peter');
    await peter.page.goto(`${origin}/desk/books/accounts/exp:sms`);
    assert.equal(await peter.page.getByTestId('statement').getAttribute('data-cents'), '500');
    await peter.own.close();
  });

  await stages.run('the audit has her, from where, before and after', async () => {
    const { page } = grace;
    await page.goto(`${origin}/desk/audit?by=Grace`);
    await until(page.locator('table'), 'resume joining');
    await until(page.locator('table'), 'Chrom');
    await page.locator('tr', { hasText: 'stop joining' }).locator('summary').first().focus();
    await page.keyboard.press('Enter');
    await until(page.locator('table'), REASONS.en);
    await album.looks(page, 'audit');
  });

  await stages.run('W93: each figure of the board is a way, and the board keeps itself fresh', async () => {
    const { page } = grace;
    await page.goto(`${origin}/desk`);
    const figures = page.getByTestId('pulse');
    const keys = await figures.evaluateAll((all) => all.map((one) => one.dataset.key));
    for (const key of ['binds', 'reply', 'dialogs', 'texts', 'money', 'cards', 'unknown', 'float']) assert.ok(keys.includes(key), key);
    for (const key of keys) {
      await page.goto(`${origin}/desk`);
      const figure = page.locator(`[data-testid=pulse][data-key=${key}]`);
      await figure.focus();
      await page.keyboard.press('Enter');
      await page.waitForURL((url) => url.pathname !== '/desk');
      await page.locator('h1').waitFor();
    }
    await page.goto(`${origin}/desk`);
    const reply = page.locator('[data-testid=pulse][data-key=reply]');
    const before = await reply.innerText();
    await achieng.dial('*483*57#', /./);
    await page.waitForFunction((was) => document.querySelector('[data-key=reply]').innerText !== was, before);
    await album.looks(page, 'board');
  });

  await stages.run('axe finds nothing serious on the pages of the desk, and every page has its bounds', async () => {
    const { page } = grace;
    for (const path of PAGES) {
      const answer = await page.goto(`${origin}/desk/${path}`);
      assert.ok(answer.ok(), `${path}: ${answer.status()}`);
      await album.looks(page, path.replaceAll('/', '-'));
    }
  });

  await stages.run('every link and button of a page is reached by Tab', async () => {
    const { page } = grace;
    for (const path of ['/desk', '/desk/stops', '/desk/approvals', '/desk/audit']) {
      await page.goto(`${origin}${path}`);
      const wanted = 'a[href], button:not([disabled]), input:not([type=hidden]), select, textarea, summary';
      const all = await page.locator(wanted).evaluateAll((them) => them.filter((one) => one.checkVisibility()).length);
      const reached = await page.evaluate(() => {
        globalThis.reached = new Set();
        document.addEventListener('focusin', (event) => globalThis.reached.add(event.target));
        return 0;
      });
      assert.equal(reached, 0);
      for (let pressed = 0; pressed < all + 40; pressed += 1) await page.keyboard.press('Tab');
      const missed = await page.locator(wanted).evaluateAll((them) =>
        them.filter((one) => one.checkVisibility() && !globalThis.reached.has(one)).map((one) => one.outerHTML.slice(0, 120)),
      );
      assert.deepEqual(missed, [], path);
    }
  });

  await stages.run('she signs out everywhere, and her browser opens nothing any more', async () => {
    const { page } = grace;
    await page.goto(`${origin}/desk/sessions`);
    await page.getByTestId('everywhere').click();
    await page.getByTestId('sign-in').waitFor();
  });
} catch (error) {
  await stages.run('the village opens', () => Promise.reject(error));
} finally {
  await grace?.own.close();
  await browser?.close();
}

if (village) {
  await stages.run('the village closes', async () => {
    assert.equal(await village.close(), 0);
  });
  await village.close();
}
rmSync(data, { recursive: true, force: true });
stages.close();
