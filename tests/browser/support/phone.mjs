// One of the phones of the page, used as a person would: by its keys, its entry line and its SMS.
import { until } from './browser.mjs';

const KEY_NAMES = { '*': 'star', '#': 'hash' };

export class Phone {
  constructor(page, number) {
    this.section = page.getByTestId(`phone-${number}`);
    this.screen = this.section.getByTestId('screen');
    this.entry = this.section.getByTestId('entry');
    this.texts = this.section.getByTestId('sms-body');
    this.read = 0;
  }

  /** Dials with the keypad, key by key; `wanted` is the screen that comes. */
  async dial(code, wanted) {
    await this.section.page().bringToFront();
    await this.#hangUp();
    for (const key of code) {
      await this.section.getByTestId(`key-${KEY_NAMES[key] ?? key}`).click();
    }
    return this.#call(wanted);
  }

  /** Answers the open screen on the entry line. */
  async answer(text, wanted) {
    await this.entry.fill(text);
    return this.#call(wanted);
  }

  /** Sends an SMS to the short code. */
  async text(words) {
    await this.section.page().bringToFront();
    await this.section.getByTestId('sms-text').fill(words);
    await this.section.getByTestId('send-sms').click();
    await until(this.section.getByTestId('sms-sent'), 'Sent.', 'the phone');
  }

  /** The first SMS among those not yet read that fits; it and what came before it count as read. */
  async sms(wanted) {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const inbox = (await this.texts.allInnerTexts()).reverse();
      const at = inbox.findIndex((text, index) => index >= this.read && wanted.test(text));
      if (at >= 0) {
        this.read = at + 1;
        return wanted.exec(inbox[at]);
      }
      if (Date.now() > deadline) throw new Error(`no SMS fits ${wanted} among:\n${inbox.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }

  async #call(wanted) {
    await this.section.getByTestId('call').click();
    return until(this.screen, wanted, 'the screen');
  }

  async #hangUp() {
    if ((await this.screen.getAttribute('data-open')) !== 'true') return;
    await this.section.getByTestId('end').click();
    await this.section.locator('[data-testid=screen][data-open=false]').waitFor();
  }
}
