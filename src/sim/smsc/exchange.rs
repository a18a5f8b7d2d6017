//! The operator's core: who is bound, what waits to be delivered, what is in flight.
//!
//! Every method runs under one lock, takes the moment as a value and never waits; what it wants
//! sent it hands to the links' queues. `ussd` and `sms` add what the phones do.

use super::{
    counters::Counters, faults::Faults, handset::PhoneView, settings::SmscSettings, text::Parts, ussd::Dialog,
};
use crate::{
    smpp::{
        codec,
        pdu::{Bind, BindResp, Body, LAST_SEQUENCE, Message, MessageResp, Mode, Pdu, VERSION_3_4},
        status, tlv,
    },
    types::{Msisdn, Timestamp},
};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Names a connection.
pub(super) type LinkId = u64;

/// What a link is told to do.
#[derive(Debug)]
pub(super) enum Out {
    /// Write these octets.
    Frame(Bytes),
    /// Flush and close.
    Close,
}

/// A connection as the exchange sees it.
struct Link {
    out: mpsc::UnboundedSender<Out>,
    cut: CancellationToken,
    bound: Option<Mode>,
    next_sequence: u32,
    in_flight: BTreeMap<u32, (Delivery, Instant)>,
    opened: Instant,
    heard: Instant,
    enquired: Option<Instant>,
}

/// A `deliver_sm` and what becomes of it when it is not taken.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    pub message: Message,
    pub what: What,
    pub not_before: Instant,
}

/// What a delivery carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// The first step of a dialog: tried once.
    Begin(Msisdn, u64),
    /// A later step: kept as long as its dialog lives.
    Reply(Msisdn, u64),
    /// The end of a dialog.
    Abort,
    /// An SMS from a phone: kept until it is taken or refused for good.
    Sms,
    /// A delivery receipt: kept likewise.
    Receipt,
}

/// A phone as the network knows it.
pub(super) struct Phone {
    pub view: watch::Sender<PhoneView>,
    pub dialog: Option<Dialog>,
    pub parts: Parts,
    pub reachable: bool,
    pub next_reference: u8,
    pub taken: usize,
}

impl Phone {
    fn new() -> Self {
        Self {
            view: watch::Sender::new(PhoneView::default()),
            dialog: None,
            parts: Parts::default(),
            reachable: true,
            next_reference: 1,
            taken: 0,
        }
    }
}

/// The whole operator.
pub(super) struct Exchange {
    pub settings: SmscSettings,
    pub faults: Faults,
    pub refuse_until: Option<Instant>,
    pub counters: Counters,
    pub phones: BTreeMap<Msisdn, Phone>,
    pub next_session: u8,
    pub next_dialog: u64,
    pub next_message: u32,
    pub receivers: watch::Sender<usize>,
    links: BTreeMap<LinkId, Link>,
    next_link: LinkId,
    last_used: LinkId,
    waiting: VecDeque<Delivery>,
}

impl Exchange {
    pub fn new(settings: SmscSettings) -> Self {
        Self {
            next_session: settings.first_session,
            settings,
            faults: Faults::default(),
            refuse_until: None,
            counters: Counters::default(),
            phones: BTreeMap::new(),
            next_dialog: 1,
            next_message: 100_000_001,
            receivers: watch::Sender::new(0),
            links: BTreeMap::new(),
            next_link: 1,
            last_used: 0,
            waiting: VecDeque::new(),
        }
    }

    /// The phone with this number; it comes into being when first asked for.
    pub fn phone(&mut self, msisdn: Msisdn) -> &mut Phone {
        self.phones.entry(msisdn).or_insert_with(Phone::new)
    }

    /// The time of day.
    pub fn time(&self) -> Timestamp {
        self.settings.clock.now()
    }

    // ---- connections

    /// A connection was accepted; `None` while connections are refused.
    pub fn connected(
        &mut self, out: mpsc::UnboundedSender<Out>, cut: CancellationToken, now: Instant,
    ) -> Option<LinkId> {
        if self.refuse_until.is_some_and(|until| now < until) {
            return None;
        }
        let id = self.next_link;
        self.next_link += 1;
        let link = Link {
            out,
            cut,
            bound: None,
            next_sequence: 1,
            in_flight: BTreeMap::new(),
            opened: now,
            heard: now,
            enquired: None,
        };
        self.links.insert(id, link);
        Some(id)
    }

    /// A connection is gone: what it had not answered waits for the next one, but for begins.
    pub fn lost(&mut self, id: LinkId, now: Instant) {
        let Some(link) = self.links.remove(&id) else { return };
        self.counters.links_lost += 1;
        self.count_receivers();
        let unanswered: Vec<Delivery> = link.in_flight.into_values().map(|(delivery, _)| delivery).collect();
        for delivery in unanswered.into_iter().rev() {
            match delivery.what {
                What::Begin(msisdn, dialog) => self.begin_lost(msisdn, dialog),
                _ => {
                    self.counters.redelivered += 1;
                    self.waiting.push_front(delivery);
                }
            }
        }
        self.pump(now);
    }

    /// Cuts every connection without a word.
    pub fn drop_links(&mut self) {
        for link in self.links.values() {
            link.cut.cancel();
        }
    }

    fn count_receivers(&mut self) {
        let count = self.links.values().filter(|link| link.bound.is_some_and(Mode::receives)).count();
        self.receivers.send_replace(count);
    }

    /// Hands a PDU to a link; one that has just gone takes nothing.
    fn send(&mut self, id: LinkId, pdu: &Pdu) {
        if let Some(link) = self.links.get(&id) {
            self.counters.pdus_out += 1;
            let _ = link.out.send(Out::Frame(codec::to_bytes(pdu)));
        }
    }

    fn close(&mut self, id: LinkId) {
        if let Some(link) = self.links.get(&id) {
            let _ = link.out.send(Out::Close);
        }
    }

    // ---- what comes in

    /// Octets of one whole PDU from a link.
    pub fn received(&mut self, id: LinkId, frame: &Bytes, now: Instant) {
        self.counters.pdus_in += 1;
        if let Some(link) = self.links.get_mut(&id) {
            link.heard = now;
            link.enquired = None;
        }
        match codec::decode(frame) {
            Ok(pdu) => self.handle(id, pdu, now),
            Err(bad) => {
                self.counters.refused += 1;
                if let Some(answer) = bad.answer() {
                    self.send(id, &answer);
                }
            }
        }
    }

    /// A length that no PDU has: said once, then the link closes (the next PDU cannot be found).
    pub fn unframed(&mut self, id: LinkId) {
        self.counters.refused += 1;
        self.send(id, &Pdu::nack(status::INV_CMD_LEN, 0));
        self.close(id);
    }

    fn handle(&mut self, id: LinkId, pdu: Pdu, now: Instant) {
        let bound = self.links.get(&id).and_then(|link| link.bound);
        let answer = match &pdu.body {
            Body::Bind(mode, bind) => {
                let status = self.bind(id, *mode, bind, now);
                self.bind_answer(&pdu, *mode, status)
            }
            Body::EnquireLink => pdu.answer(status::OK),
            Body::Unbind => {
                if let Some(answer) = pdu.answer(status::OK) {
                    self.send(id, &answer);
                }
                self.close(id);
                if let Some(link) = self.links.get_mut(&id) {
                    link.bound = None;
                }
                self.count_receivers();
                None
            }
            Body::SubmitSm(message) => self.submit(&pdu, message.clone(), bound, now),
            Body::DataSm(data) => self.submit(&pdu, data.clone().into(), bound, now),
            Body::DeliverSm(_) => pdu.answer(status::INV_CMD_ID),
            Body::DeliverSmResp(_) => {
                self.delivered(id, pdu.sequence, pdu.status, now);
                None
            }
            Body::GenericNack => {
                self.delivered(id, pdu.sequence, pdu.status, now);
                None
            }
            _ => None,
        };
        if let Some(answer) = answer {
            self.send(id, &answer);
        }
        self.pump(now);
    }

    fn bind(&mut self, id: LinkId, mode: Mode, bind: &Bind, now: Instant) -> u32 {
        let binds = self.links.values().filter(|link| link.bound.is_some()).count();
        let settings = &self.settings;
        let faults = &mut self.faults;
        let bound_here = self.links.get(&id).is_some_and(|link| link.bound.is_some());
        let status = if bound_here || faults.already_bound.strikes(now) {
            status::ALY_BND
        } else if bind.system_id != settings.system_id {
            status::INV_SYS_ID
        } else if bind.password != settings.password || faults.wrong_password.strikes(now) {
            status::INV_PASWD
        } else if binds >= settings.most_binds {
            status::ALY_BND
        } else {
            status::OK
        };
        if status != status::OK {
            self.counters.binds_refused += 1;
            return status;
        }
        self.counters.binds += 1;
        if let Some(link) = self.links.get_mut(&id) {
            link.bound = Some(mode);
        }
        self.count_receivers();
        status
    }

    /// 3.4 leaves the body out when a bind is refused.
    fn bind_answer(&self, pdu: &Pdu, mode: Mode, status: u32) -> Option<Pdu> {
        if status != status::OK {
            return pdu.answer(status);
        }
        let tlvs = vec![tlv::octet(tlv::SC_INTERFACE_VERSION, VERSION_3_4)];
        let body = Body::BindResp(mode, BindResp { system_id: Some(self.settings.name.clone()), tlvs });
        Some(Pdu { status, sequence: pdu.sequence, body })
    }

    /// A message from the application. `None` when the response is to be swallowed.
    fn submit(&mut self, pdu: &Pdu, message: Message, bound: Option<Mode>, now: Instant) -> Option<Pdu> {
        if !bound.is_some_and(Mode::transmits) {
            self.counters.refused += 1;
            return header_only(pdu, status::INV_BND_STS);
        }
        if self.faults.throttled.strikes(now) {
            self.counters.held_off += 1;
            return header_only(pdu, status::THROTTLED);
        }
        if self.faults.queue_full.strikes(now) {
            self.counters.held_off += 1;
            return pdu.answer(status::MSG_Q_FUL);
        }
        let taken = if tlv::get(&message.tlvs, tlv::USSD_SERVICE_OP).is_some() {
            self.screen(&message, now).map(|()| self.new_message_id())
        } else {
            self.sms_to_phone(&message, now)
        };
        if self.faults.swallow_submit_resp.strikes(now) {
            return None;
        }
        match taken {
            Ok(message_id) => {
                let mut answer = pdu.answer(status::OK)?;
                let named = MessageResp::named(self.settings.message_ids.in_response(message_id));
                match &mut answer.body {
                    Body::SubmitSmResp(resp) | Body::DataSmResp(resp) => *resp = named,
                    _ => {}
                }
                Some(answer)
            }
            Err(status) => {
                self.counters.refused += 1;
                header_only(pdu, status)
            }
        }
    }

    /// The number of a message taken; spoken as the settings say.
    pub fn new_message_id(&mut self) -> u32 {
        let id = self.next_message;
        self.next_message = self.next_message.checked_add(1).unwrap_or(1);
        id
    }

    // ---- what goes out

    /// Queues a delivery and sends what can be sent.
    pub fn deliver(&mut self, delivery: Delivery, now: Instant) {
        self.waiting.push_back(delivery);
        self.pump(now);
    }

    /// Whether anybody receives.
    pub fn has_receiver(&self) -> bool {
        self.links.values().any(|link| link.bound.is_some_and(Mode::receives))
    }

    /// Sends what waits and is due, oldest first, to the receivers in turn.
    pub fn pump(&mut self, now: Instant) {
        let mut at = 0;
        while at < self.waiting.len() {
            if self.waiting[at].not_before > now {
                at += 1;
                continue;
            }
            if let What::Reply(msisdn, dialog) = self.waiting[at].what
                && !self.is_open(msisdn, dialog)
            {
                self.waiting.remove(at);
                continue;
            }
            let Some(id) = self.next_receiver() else { return };
            if let Some(delivery) = self.waiting.remove(at) {
                self.send_delivery(id, delivery, now);
            }
        }
    }

    /// The next bound receiver with room in its window, round robin.
    fn next_receiver(&mut self) -> Option<LinkId> {
        let window = self.settings.window;
        let ready = |(id, link): (&LinkId, &Link)| {
            (link.bound.is_some_and(Mode::receives) && link.in_flight.len() < window).then_some(*id)
        };
        let after = self.links.range(self.last_used + 1..).find_map(ready);
        let id = after.or_else(|| self.links.range(..=self.last_used).find_map(ready))?;
        self.last_used = id;
        Some(id)
    }

    fn send_delivery(&mut self, id: LinkId, delivery: Delivery, now: Instant) {
        let deadline = now + self.settings.timers.response;
        let copies = if self.faults.repeat_deliver { 2 } else { 1 };
        if delivery.what == What::Receipt {
            self.counters.receipts += 1;
        }
        let Some(link) = self.links.get_mut(&id) else { return };
        let mut sequences = (0, 0);
        for _ in 0..copies {
            sequences = (link.sequence(), sequences.0);
        }
        // Of two copies the first is the one whose answer counts.
        let tracked = if copies == 2 { sequences.1 } else { sequences.0 };
        let body = Body::DeliverSm(delivery.message.clone());
        link.in_flight.insert(tracked, (delivery, deadline));
        self.send(id, &Pdu::request(tracked, body.clone()));
        if copies == 2 {
            self.send(id, &Pdu::request(sequences.0, body));
        }
    }

    /// The answer to a delivery.
    fn delivered(&mut self, id: LinkId, sequence: u32, status: u32, now: Instant) {
        let taken = self.links.get_mut(&id).and_then(|link| link.in_flight.remove(&sequence));
        let Some((delivery, _)) = taken else { return };
        match status {
            status::OK => {}
            status::RX_T_APPN | status::THROTTLED | status::MSG_Q_FUL | status::SYS_ERR => {
                self.again(delivery, status, now + self.settings.timers.retry);
            }
            refused => {
                if let What::Begin(msisdn, dialog) | What::Reply(msisdn, dialog) = delivery.what {
                    self.refused_by_application(msisdn, dialog, refused);
                }
            }
        }
    }

    /// Keeps a delivery for another try; a begin has none.
    fn again(&mut self, delivery: Delivery, status: u32, not_before: Instant) {
        match delivery.what {
            What::Begin(msisdn, dialog) => self.refused_by_application(msisdn, dialog, status),
            _ => {
                self.counters.redelivered += 1;
                self.waiting.push_front(Delivery { not_before, ..delivery });
            }
        }
    }

    // ---- time

    /// Lets time pass: what was not answered goes again, quiet links are asked or closed, dialogs end.
    pub fn tick(&mut self, now: Instant) {
        self.end_dialogs(now);
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        for id in ids {
            self.tick_link(id, now);
        }
        self.pump(now);
    }

    fn tick_link(&mut self, id: LinkId, now: Instant) {
        let timers = self.settings.timers;
        let Some(link) = self.links.get_mut(&id) else { return };
        let unbound = link.bound.is_none() && now >= link.opened + timers.session_init;
        let silent = link.enquired.is_some_and(|asked| now >= asked + timers.response);
        if unbound || silent {
            link.cut.cancel();
            return;
        }
        let mut late = Vec::new();
        while let Some(entry) = link.in_flight.first_entry() {
            if entry.get().1 > now {
                break;
            }
            late.push(entry.remove().0);
        }
        let enquire =
            link.bound.is_some() && link.enquired.is_none() && now >= link.heard + timers.enquire_link;
        if enquire {
            link.enquired = Some(now);
            let sequence = link.sequence();
            self.send(id, &Pdu::request(sequence, Body::EnquireLink));
        }
        for delivery in late.into_iter().rev() {
            // A begin that went unanswered fails by the dialog's own clock.
            if !matches!(delivery.what, What::Begin(..)) {
                self.again(delivery, status::OK, now);
            }
        }
    }
}

impl Link {
    fn sequence(&mut self) -> u32 {
        let sequence = self.next_sequence;
        self.next_sequence = if sequence == LAST_SEQUENCE { 1 } else { sequence + 1 };
        sequence
    }
}

/// An error response as most SMSCs send it: no body.
fn header_only(pdu: &Pdu, status: u32) -> Option<Pdu> {
    let mut answer = pdu.answer(status)?;
    if let Body::SubmitSmResp(resp) | Body::DataSmResp(resp) = &mut answer.body {
        resp.message_id = None;
    }
    Some(answer)
}
