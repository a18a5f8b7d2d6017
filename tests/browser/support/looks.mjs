// How pages look: at every width nothing is cut off, and axe finds nothing serious in them.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';

const axe = readFileSync(createRequire(new URL('../../node/package.json', import.meta.url)).resolve('axe-core/axe.min.js'), 'utf8');

export const WIDTHS = [320, 390, 1280];

/** No page is wider than its window: nobody should have to scroll sideways. */
export async function fits(page) {
  const [content, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= room, `${page.url()} is ${content} px wide in a window of ${room} px`);
}

/** What axe finds that is serious or worse, on the page as it is. */
export async function faults(page) {
  // The pages' own policy lets no script of ours in by its address, so this one is handed in.
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
  return violations
    .filter(({ impact }) => ['serious', 'critical'].includes(impact))
    .map(({ id, nodes }) => `${new URL(page.url()).pathname}: ${id}: ${nodes.slice(0, 3).map(({ html }) => html).join(' ')}`);
}

/** A folder of pictures, made anew. */
export class Album {
  #taken = 0;

  constructor(folder) {
    this.folder = folder;
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }

  /** A picture of the whole page at each width, all of which it must fit. */
  async shoot(page, name, widths = WIDTHS) {
    const before = page.viewportSize();
    this.#taken += 1;
    for (const width of widths) {
      await page.setViewportSize({ width, height: 800 });
      const path = `${this.folder}/${String(this.#taken).padStart(2, '0')}-${name}-${width}.png`;
      await page.screenshot({ path, fullPage: true });
      await fits(page);
    }
    if (before) await page.setViewportSize(before);
  }

  /** The same, and axe finds nothing serious. */
  async looks(page, name, widths = WIDTHS) {
    await this.shoot(page, name, widths);
    assert.deepEqual(await faults(page), [], name);
  }
}
