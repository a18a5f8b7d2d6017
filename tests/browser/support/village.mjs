// A village of its own for one run: the real binary, on a free port, in a passing folder.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Starts `sokoni demo` and reads the addresses it prints. */
export async function openVillage(binary, more = []) {
  const child = spawn(binary, ['demo', '--listen', '127.0.0.1:0', ...more], { stdio: ['ignore', 'pipe', 'pipe'] });
  let printed = '';
  let log = '';
  child.stderr.on('data', (text) => (log += text));
  const ended = once(child, 'exit');

  await new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`the village did not open\n${printed}${log}`)), 20_000);
    child.once('error', reject);
    const early = (code) => reject(new Error(`the village closed with ${code}\n${printed}${log}`));
    child.once('exit', early);
    child.stdout.on('data', (text) => {
      printed += text;
      if (!/^ {2}sokoni approvals .*\n/m.test(printed)) return;
      clearTimeout(late);
      child.off('exit', early);
      resolve();
    });
  });

  const address = (name) => new RegExp(`^\\s*${name}\\s+(http://\\S+)`, 'm').exec(printed)?.[1];
  return {
    phones: address('Phones'),
    shop: address('Shop'),
    desk: address('Desk'),
    /** The folder of the desk's keys. */
    secrets: /--desk-key-file (\S+)\/desk$/m.exec(printed)?.[1],
    /** What it logged: a calm run logs nothing. */
    log: () => log,
    /** Interrupts it as Ctrl-C would, and says how it ended. */
    async close() {
      if (child.exitCode !== null) return child.exitCode;
      child.kill('SIGINT');
      const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
      const [code, signal] = await ended;
      clearTimeout(late);
      return signal ?? code;
    },
  };
}
