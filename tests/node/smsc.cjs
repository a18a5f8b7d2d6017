// An SMSC and USSD gateway made of node-smpp, told what to do by lines on standard input and
// telling what it saw by JSON lines on standard output.
//
//   dial MSISDN CODE        begin a dialog
//   key MSISDN TEXT         answer the screen that is open
//   stale MSISDN TEXT       answer with the sequence of the key before (a late key press)
//   again MSISDN            repeat the last deliver_sm of this phone, octet for octet but for its number
//   abort MSISDN            the network ends the dialog
//   sms MSISDN TEXT         a text from a phone to the short code
//   drop                    cut the TCP connection
//   refuse SECONDS          take no connection for a while
//   throttle COUNT          answer the next submit_sm with ESME_RTHROTTLED
//   password WORD           what bind must say from now on
//   quit
'use strict';
const smpp = require('smpp');
const readline = require('readline');

const [, , portText, dialect = 'its', shortCode = '48357'] = process.argv;
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');

let password = 's3cr3t';
let throttle = 0;
let receiver = null;
let nextMessage = 0x1a53fd00;
let nextSession = 41;
const phones = new Map(); // msisdn -> { session, sequence, open, last }
const waiting = []; // deliver_sm that wait for a bind

function phone(msisdn) {
  if (!phones.has(msisdn)) phones.set(msisdn, { session: 0, sequence: 0, open: false, last: null });
  return phones.get(msisdn);
}

function info(p, end) {
  return Buffer.from([p.session, ((p.sequence & 0x7f) << 1) | (end ? 1 : 0)]);
}

function deliver(fields, keep) {
  if (!receiver) {
    if (keep) waiting.push(fields);
    else say({ lost: fields.source_addr });
    return;
  }
  const to = receiver;
  to.deliver_sm(fields, (resp) => {
    say({ resp: { command: 'deliver_sm', msisdn: fields.source_addr, status: resp.command_status } });
    if (resp.command_status !== 0 && keep) setTimeout(() => deliver(fields, true), 500);
  });
}

function ussd(msisdn, op, text, end) {
  const p = phone(msisdn);
  const fields = {
    service_type: 'USSD',
    source_addr_ton: 1, source_addr_npi: 1, source_addr: msisdn,
    dest_addr_ton: 0, dest_addr_npi: 1, destination_addr: shortCode,
    data_coding: 0, short_message: Buffer.from(text, 'ascii'), ussd_service_op: op,
  };
  if (dialect === 'its') fields.its_session_info = info(p, end);
  p.last = fields;
  deliver(fields, false);
}

const parts = new Map(); // msisdn/ref -> texts
function sms(msisdn, pdu) {
  const message = pdu.short_message;
  const text = typeof message.message === 'string' ? message.message : String(message.message);
  if (message.udh && message.udh.length && message.udh[0][0] === 0) {
    const [, , ref, total, at] = message.udh[0];
    const key = msisdn + '/' + ref;
    if (!parts.has(key)) parts.set(key, []);
    parts.get(key)[at - 1] = text;
    const have = parts.get(key);
    if (have.filter((t) => t !== undefined).length === total) {
      parts.delete(key);
      say({ sms: { msisdn, text: have.join(''), parts: total, from: pdu.source_addr } });
    }
    return;
  }
  say({ sms: { msisdn, text, parts: 1, from: pdu.source_addr } });
}

function submit(session, pdu) {
  if (throttle > 0) {
    throttle -= 1;
    session.send(pdu.response({ command_status: smpp.ESME_RTHROTTLED }));
    say({ throttled: pdu.destination_addr });
    return;
  }
  session.send(pdu.response({ message_id: (nextMessage++).toString(16).toUpperCase() }));
  const msisdn = pdu.destination_addr;
  if (pdu.ussd_service_op === undefined) return sms(msisdn, pdu);
  const p = phone(msisdn);
  const text = pdu.short_message.message || (pdu.message_payload && pdu.message_payload.message) || '';
  const flag = pdu.its_session_info ? pdu.its_session_info[1] & 1 : 0;
  const end = pdu.ussd_service_op === 0x11 || flag === 1;
  p.open = !end;
  p.sequence += 1;
  say({ screen: { msisdn, text: String(text), end, op: pdu.ussd_service_op, octets: String(text).length } });
}

function bound(session, kind) {
  return (pdu) => {
    if (pdu.password !== password) {
      say({ bind: { kind, ok: false } });
      session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
      return session.close();
    }
    session.send(pdu.response({ system_id: 'NODESMPP' }));
    say({ bind: { kind, ok: true } });
    if (kind !== 'transmitter') {
      receiver = session;
      waiting.splice(0).forEach((fields) => deliver(fields, true));
    }
  };
}

function serve(session) {
  session.on('error', () => {});
  session.on('close', () => {
    if (receiver === session) receiver = null;
    say({ closed: true });
  });
  session.on('bind_transceiver', bound(session, 'transceiver'));
  session.on('bind_receiver', bound(session, 'receiver'));
  session.on('bind_transmitter', bound(session, 'transmitter'));
  session.on('enquire_link', (pdu) => session.send(pdu.response()));
  session.on('unbind', (pdu) => {
    session.send(pdu.response());
    say({ unbind: true });
    session.close();
  });
  session.on('submit_sm', (pdu) => submit(session, pdu));
}

let server = null;
let port = Number(portText || 0); // 0 picks one, which is kept from then on
const sockets = new Set();
function listen() {
  server = smpp.createServer(serve);
  server.on('connection', (socket) => { sockets.add(socket); socket.on('close', () => sockets.delete(socket)); });
  server.on('error', (error) => say({ error: String(error) }));
  server.listen(port, '127.0.0.1', () => {
    port = server.address().port;
    say({ listening: port });
  });
}
listen();

const act = {
  dial: (m, code) => {
    const p = phone(m);
    nextSession = (nextSession + 1) & 0xff;
    Object.assign(p, { session: nextSession, sequence: 0, open: true });
    ussd(m, 1, code, false);
  },
  key: (m, text) => ussd(m, 0x12, text, false),
  stale: (m, text) => { const p = phone(m); p.sequence -= 1; ussd(m, 0x12, text, false); p.sequence += 1; },
  again: (m) => deliver(phone(m).last, false),
  abort: (m) => { phone(m).open = false; ussd(m, 0x81, '', true); },
  sms: (m, text) => {
    const fields = {
      source_addr_ton: 1, source_addr_npi: 1, source_addr: m,
      dest_addr_ton: 0, dest_addr_npi: 1, destination_addr: shortCode, short_message: text,
    };
    phone(m).last = fields;
    deliver(fields, true);
  },
  drop: () => sockets.forEach((socket) => socket.destroy()),
  refuse: (seconds) => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
    setTimeout(listen, Number(seconds) * 1000);
  },
  throttle: (count) => { throttle = Number(count); },
  password: (word) => { password = word; },
  quit: () => process.exit(0),
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const [verb, one, ...rest] = line.split(' ');
  if (act[verb]) act[verb](one, rest.join(' '));
  else say({ error: 'no such command: ' + line });
}).on('close', () => process.exit(0));
