// Chromium as Debian has it, and an ear for everything a page complains about.
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const { chromium } = createRequire(new URL('../../node/package.json', import.meta.url))('playwright-core');

/** A browser with a profile that is new and passing. */
export async function openBrowser() {
  const profile = mkdtempSync(join(tmpdir(), 'sokoni-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    viewport: { width: 1280, height: 900 },
    locale: 'en-GB',
    timezoneId: 'Africa/Nairobi',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.setDefaultTimeout(20_000);
  const complaints = [];
  context.on('page', (page) => listen(page, complaints));
  for (const page of context.pages()) listen(page, complaints);
  let second;
  return {
    context,
    /** Somebody else: a context that shares nothing with this one, in a browser of its own. */
    async apart(options = {}) {
      second ??= await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
      const apart = await second.newContext({ locale: 'en-GB', viewport: { width: 390, height: 844 }, ...options });
      apart.setDefaultTimeout(20_000);
      return apart;
    },
    /** What pages complained of, but for refusals that were asked for: `[status, path]`. */
    complaints: (...asked) =>
      complaints
        .filter(
          ({ url, text }) =>
            !asked.some(([status, path]) => new URL(url).pathname.startsWith(path) && text.includes(` ${status} `)),
        )
        .map(({ url, text }) => `${url}:${text}`),
    async close() {
      await context.close();
      await second?.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Console errors, which violations of the content policy are too; exceptions; failed answers. */
function listen(page, complaints) {
  page.on('console', (message) => {
    if (!['error', 'warning'].includes(message.type())) return;
    complaints.push({ url: message.location().url || page.url(), text: ` ${message.text()} ` });
  });
  page.on('pageerror', (error) => complaints.push({ url: page.url(), text: ` ${error.message}` }));
  page.on('response', (answer) => {
    if (answer.status() >= 400) complaints.push({ url: answer.url(), text: ` ${answer.status()} ` });
  });
}

/** Waits until what stands at `locator` fits `wanted`, a string it holds or a pattern. */
export async function until(locator, wanted, what = 'text') {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const text = await locator.innerText().catch(() => '(not there)');
    const match = wanted instanceof RegExp ? wanted.exec(text) : text.includes(wanted) ? [wanted] : null;
    if (match) return match;
    if (Date.now() > deadline) throw new Error(`${what} should fit ${wanted}, but is:\n${text}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
