// The peer of the field: Kannel's bearerbox and smsbox, with an HTTP application that has the same menu.
//
// One process starts both boxes over a passing configuration and is the application that smsbox asks: a step comes as
// GET /?from=…&text=…&meta=…, and the screen goes back as the answer's body with its ussd_service_op as meta data.
// Run by `sokoni bench ussd --peer`, which gives SMPP_HOST and SMPP_PORT and closes its standard input at the end.
'use strict';
const { spawn } = require('child_process');
const fs = require('fs');
const http = require('http');
const net = require('net');
const os = require('os');
const path = require('path');

const MAIN = 'Welcome to Sokoni\n1. Sell a piece\n2. Language\n0. Leave';
const SCREENS = {
  main: { text: MAIN, keys: { 1: 'sell', 2: 'language', 0: null } },
  sell: { text: 'Sell a piece\n1. Textile\n2. Basket\n3. Jewellery\n4. Carving\n0. Back', keys: { 0: 'main' } },
  language: { text: 'Language\n1. English\n2. Kiswahili\n0. Back', keys: { 0: 'main' } },
};
const BEGIN = 1;
const ASK = 2;
const END = 17;
const ABORT = 129;

const sessions = new Map(); // msisdn -> where its dialog stands

function step(from, op, typed) {
  if (op === ABORT) {
    sessions.delete(from);
    return null;
  }
  if (op === BEGIN || !sessions.has(from)) {
    sessions.set(from, 'main');
    return { op: ASK, text: MAIN };
  }
  const to = SCREENS[sessions.get(from)].keys[typed];
  if (to === null) {
    sessions.delete(from);
    return { op: END, text: 'Goodbye.' };
  }
  if (to) sessions.set(from, to);
  return { op: ASK, text: SCREENS[sessions.get(from)].text };
}

const application = http.createServer((ask, answer) => {
  const fields = new URL(ask.url, 'http://application').searchParams;
  const op = /ussd_service_op=(\d+)/.exec(fields.get('meta') || '');
  const out = step(fields.get('from'), op ? Number(op[1]) : 0, fields.get('text') || '');
  if (!out) {
    answer.writeHead(200, { 'Content-Type': 'text/plain' }).end();
    return;
  }
  answer
    .writeHead(200, { 'Content-Type': 'text/plain', 'X-Kannel-Meta-Data': `?smpp?ussd_service_op=${out.op}&` })
    .end(out.text);
});

// A port that was free a moment ago.
const free = () =>
  new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

function program(name) {
  const found = ['/usr/sbin', '/usr/local/sbin', '/usr/bin', '/usr/local/bin']
    .map((at) => path.join(at, name))
    .find((at) => fs.existsSync(at));
  if (!found) {
    console.error(`${name} is not here: please install kannel`);
    process.exit(1);
  }
  return found;
}

const configuration = ({ admin, boxes, hook }) => `
group = core
admin-port = ${admin}
admin-password = sokoni
smsbox-port = ${boxes}
box-allow-ip = "127.0.0.1"
dlr-storage = internal
sms-incoming-queue-limit = 1000000
log-level = 4

group = smsc
smsc = smpp
smsc-id = operator
host = ${process.env.SMPP_HOST}
port = ${process.env.SMPP_PORT}
transceiver-mode = true
smsc-username = sokoni
smsc-password = s3cr3t
system-type = VMA
service-type = USSD
address-range = ""
max-pending-submits = 1000
throughput = 0

group = smpp-tlv
name = ussd_service_op
tag = 0x0501
type = integer
length = 1
smsc-id = operator

group = smsbox
bearerbox-host = 127.0.0.1
max-pending-requests = 1024
log-level = 4

group = sms-service
keyword = default
catch-all = true
max-messages = 1
omit-empty = true
accept-x-kannel-headers = true
get-url = "http://127.0.0.1:${hook}/?from=%p&text=%r&meta=%D"
`;

async function main() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'kannel-'));
  await new Promise((resolve) => application.listen(0, '127.0.0.1', resolve));
  const ports = { admin: await free(), boxes: await free(), hook: application.address().port };
  const file = path.join(folder, 'kannel.conf');
  fs.writeFileSync(file, configuration(ports));
  const boxes = [];
  const end = (code) => {
    boxes.forEach((box) => box.kill('SIGKILL'));
    fs.rmSync(folder, { recursive: true, force: true });
    process.exit(code);
  };
  const starts = (name) => {
    const box = spawn(program(name), [file], { stdio: 'ignore' });
    box.on('exit', () => end(1));
    boxes.push(box);
  };
  process.stdin.on('end', () => end(0)).resume();
  process.on('SIGTERM', () => end(0));
  starts('bearerbox');
  const opens = (port) =>
    new Promise((resolve) => {
      const again = () => {
        const socket = net.connect(port, '127.0.0.1', () => resolve(socket.destroy()));
        socket.on('error', () => setTimeout(again, 50));
      };
      again();
    });
  await opens(ports.boxes);
  starts('smsbox');
}

main();
