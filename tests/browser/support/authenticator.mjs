// The app on a phone that shows six digits (RFC 6238: SHA-1, thirty seconds).
import { createHmac } from 'node:crypto';

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const STEP = 30_000;

function octets(base32) {
  const bits = [...base32.replace(/\s/g, '')].map((letter) => LETTERS.indexOf(letter).toString(2).padStart(5, '0'));
  return Buffer.from(bits.join('').match(/.{8}/g).map((octet) => Number.parseInt(octet, 2)));
}

export class Authenticator {
  #shown = 0;

  constructor(secret) {
    this.secret = octets(secret);
  }

  /** A code that was not shown before: each is good once, so it may have to wait for the next. */
  async code() {
    let step = Math.floor(Date.now() / STEP);
    // One step ahead is taken, too, so that nobody waits for more than one.
    while (step + 1 <= this.#shown) {
      await new Promise((resolve) => setTimeout(resolve, 250));
      step = Math.floor(Date.now() / STEP);
    }
    this.#shown = Math.max(step, this.#shown + 1);
    return this.#at(this.#shown);
  }

  #at(step) {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(step));
    const mac = createHmac('sha1', this.secret).update(counter).digest();
    const number = mac.readUInt32BE(mac[19] & 15) & 0x7fffffff;
    return String(number % 1_000_000).padStart(6, '0');
  }
}
