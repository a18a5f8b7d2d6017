// An application made of node-smpp, to hear what the simulated operator says to a client of another
// making. Told what to do by JSON lines on standard input, tells what it saw by JSON lines:
//
//   {"do":"bind","kind":"transceiver","password":"s3cr3t"}   one connection more
//   {"do":"enquire"}                                         on every connection
//   {"do":"sms","to":N,"text":T,"by":"udh8","receipt":1}     by: one, udh8, udh16, sar, payload, data
//   {"do":"show","to":N,"op":2,"text":T}                     a screen in the dialog of this phone
//   {"do":"ask","command":"query_sm","fields":{..}}          any other request, its answer told
//   {"do":"raw","on":"receiver","to":N,"text":T}             an SMS on the connection of this kind
//   {"do":"unbind"}                                          every connection, then the end
'use strict';
const smpp = require('smpp');
const readline = require('readline');

const [, , host, port] = process.argv;
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const links = new Map(); // kind -> session
const steps = new Map(); // msisdn -> the last step of its dialog

const from = { source_addr_ton: 0, source_addr_npi: 1, source_addr: '48357', dest_addr_ton: 1, dest_addr_npi: 1 };
// Left to itself, node-smpp writes GSM 03.38 under data_coding 1, which is ASCII.
const coding = (text) => (smpp.encodings.detect(text) === 'ASCII' ? 0 : 8);
const sender = () => links.get('transceiver') || links.get('transmitter');
const textOf = (field) => (field === undefined ? '' : String(field.message));

function told(pdu) {
  return { command: pdu.command, status: pdu.command_status, id: pdu.message_id, state: pdu.message_state };
}

function delivered(session, kind) {
  return (pdu) => {
    session.send(pdu.response());
    const msisdn = pdu.source_addr;
    const text = textOf(pdu.short_message) || textOf(pdu.message_payload);
    const udh = pdu.short_message && pdu.short_message.udh;
    if (pdu.ussd_service_op !== undefined) {
      steps.set(msisdn, pdu);
      const info = pdu.its_session_info;
      return say({ ussd: { msisdn, op: pdu.ussd_service_op, text, session: info[0], count: info[1] >> 1, end: info[1] & 1 } });
    }
    if (pdu.esm_class & 4) {
      return say({ receipt: { id: pdu.receipted_message_id, state: pdu.message_state, text, on: kind } });
    }
    const part = udh && udh.length ? [...udh[0]] : null;
    return say({ sms: { msisdn, to: pdu.destination_addr, text, coding: pdu.data_coding, part, on: kind } });
  };
}

function bind({ kind, password }) {
  const session = smpp.connect({ host, port: Number(port) });
  session.on('error', (error) => say({ error: String(error) }));
  session.on('close', () => say({ closed: kind }));
  session.on('enquire_link', (pdu) => {
    session.send(pdu.response());
    say({ asked: kind });
  });
  session.on('deliver_sm', delivered(session, kind));
  session.on('data_sm', delivered(session, kind));
  session.on('connect', () => {
    session['bind_' + kind]({ system_id: 'sokoni', password, interface_version: 0x34 }, (pdu) => {
      say({ bind: { kind, status: pdu.command_status, name: pdu.system_id, version: pdu.sc_interface_version } });
      if (pdu.command_status === 0) links.set(kind, session);
      else session.close();
    });
  });
}

// The parts of a text, each as fields of a submit_sm.
function parts(text, by) {
  if (by === 'payload') return [{ short_message: '', message_payload: { message: text } }];
  if (by === 'one' || by === 'data') return [{ short_message: text }];
  const most = /^[\x00-\x7f]*$/.test(text) ? 152 : 66;
  const pieces = [];
  for (let at = 0; at < text.length; at += most) pieces.push(text.slice(at, at + most));
  const total = pieces.length;
  const header = (number) => (by === 'udh8'
    ? Buffer.from([5, 0, 3, 0xa7, total, number])
    : Buffer.from([6, 8, 4, 0x12, 0x34, total, number]));
  return pieces.map((message, index) => (by === 'sar'
    ? { short_message: message, sar_msg_ref_num: 0x4321, sar_total_segments: total, sar_segment_seqnum: index + 1 }
    : { esm_class: 0x40, short_message: { udh: header(index + 1), message } }));
}

const act = {
  bind,
  enquire: () => links.forEach((session, kind) => session.enquire_link((pdu) => say({ alive: kind, status: pdu.command_status }))),
  sms: ({ to, text, by = 'one', receipt = 0 }) => {
    for (const part of parts(text, by)) {
      const fields = { ...from, destination_addr: to, registered_delivery: receipt, data_coding: coding(text), ...part };
      if (by === 'data') {
        delete fields.short_message;
        fields.message_payload = { message: text };
        sender().data_sm(fields, (pdu) => say({ taken: told(pdu) }));
      } else {
        sender().submit_sm(fields, (pdu) => say({ taken: told(pdu) }));
      }
    }
  },
  show: ({ to, op, text }) => {
    const step = steps.get(to);
    const info = Buffer.from(step.its_session_info);
    if (op === 0x11) info[1] |= 1;
    sender().submit_sm({
      ...from, service_type: 'USSD', destination_addr: to, data_coding: coding(text), short_message: text,
      ussd_service_op: op, its_session_info: info,
    }, (pdu) => say({ shown: told(pdu) }));
  },
  ask: ({ command, fields }) => sender()[command]({ ...fields }, (pdu) => say({ answer: told(pdu) })),
  raw: ({ on, to, text }) => links.get(on).submit_sm({ ...from, destination_addr: to, short_message: text }, (pdu) => say({ taken: told(pdu) })),
  unbind: () => {
    let left = links.size;
    links.forEach((session, kind) => session.unbind((pdu) => {
      say({ unbound: kind, status: pdu.command_status });
      session.close();
      left -= 1;
      if (left === 0) setTimeout(() => process.exit(0), 50);
    }));
  },
};

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const order = JSON.parse(line);
  if (act[order.do]) act[order.do](order);
  else say({ error: 'no such order: ' + line });
}).on('close', () => process.exit(0));
