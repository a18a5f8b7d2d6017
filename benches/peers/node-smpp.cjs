// The peer of another making: a USSD menu on node-smpp, its sessions in memory, nothing kept.
//
// It shows what the first menus of a shop cost when nobody cares whether a step survives: a session for each
// phone, the tree walked by key, the screen put together in the phone's language, one submit_sm for each step.
// Run by `sokoni bench ussd --peer`, which gives SMPP_HOST and SMPP_PORT and closes its standard input at the end.
'use strict';
const path = require('path');
const smpp = require(require.resolve('smpp', { paths: [path.join(__dirname, '..', '..', 'tests', 'node')] }));

const BEGIN = 0x01;
const ASK = 0x02;
const END = 0x11;
const ABORT = 0x81;

const TEXTS = {
  en: {
    main: ['Welcome to Sokoni', 'Sell a piece', 'Language'],
    sell: ['Sell a piece', 'Textile', 'Basket', 'Jewellery', 'Carving'],
    language: ['Language', 'English', 'Kiswahili'],
    back: 'Back',
    leave: 'Leave',
    bye: 'Goodbye.',
    wrong: 'Please choose one of these.',
  },
};
const TREE = { main: { 1: 'sell', 2: 'language', 0: null }, sell: { 0: 'main' }, language: { 0: 'main' } };

const sessions = new Map(); // msisdn -> where its dialog stands

function screen(session, wrong) {
  const texts = TEXTS[session.lang];
  const [title, ...choices] = texts[session.at];
  const lines = wrong ? [texts.wrong, title] : [title];
  choices.forEach((choice, at) => lines.push(`${at + 1}. ${choice}`));
  lines.push(`0. ${session.at === 'main' ? texts.leave : texts.back}`);
  return lines.join('\n');
}

function step(pdu) {
  const msisdn = pdu.source_addr;
  const typed = pdu.short_message ? String(pdu.short_message.message) : '';
  if (pdu.ussd_service_op === ABORT) {
    sessions.delete(msisdn);
    return null;
  }
  let session = sessions.get(msisdn);
  if (pdu.ussd_service_op === BEGIN || !session) {
    session = { at: 'main', lang: 'en', since: Date.now(), steps: 0 };
    sessions.set(msisdn, session);
    return { op: ASK, text: screen(session, false) };
  }
  session.steps += 1;
  const to = TREE[session.at][typed];
  if (to === null) {
    sessions.delete(msisdn);
    return { op: END, text: TEXTS[session.lang].bye };
  }
  if (to) session.at = to;
  return { op: ASK, text: screen(session, to === undefined) };
}

const { SMPP_HOST: host, SMPP_PORT: port } = process.env;
const session = smpp.connect({ host, port: Number(port) }, () => {
  session.bind_transceiver({ system_id: 'sokoni', password: 's3cr3t', interface_version: 0x34 }, (answer) => {
    if (answer.command_status !== 0) process.exit(1);
  });
});
session.on('error', () => process.exit(1));
session.on('close', () => process.exit(0));
session.on('enquire_link', (pdu) => session.send(pdu.response()));
session.on('deliver_sm', (pdu) => {
  session.send(pdu.response());
  const out = step(pdu);
  if (!out) return;
  session.submit_sm({
    service_type: 'USSD',
    source_addr_ton: pdu.dest_addr_ton,
    source_addr_npi: pdu.dest_addr_npi,
    source_addr: pdu.destination_addr,
    dest_addr_ton: pdu.source_addr_ton,
    dest_addr_npi: pdu.source_addr_npi,
    destination_addr: pdu.source_addr,
    data_coding: 0,
    short_message: { message: Buffer.from(out.text, 'latin1') },
    ussd_service_op: out.op,
    its_session_info: pdu.its_session_info,
  });
});
process.stdin.on('end', () => process.exit(0)).resume();
