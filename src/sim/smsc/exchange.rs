//! The operator's core: who is bound, what waits to be delivered, what is in flight.
//!
//! Every method runs under one lock, takes the moment as a value and never waits; what it wants
//! sent it hands to the links' queues. `ussd` and `sms` add what the phones do.

use super::{
    counters::Counters, faults::Faults, handset::PhoneView, settings::SmscSettings, sms::text::Parts,
    submit::Taken, ussd::Dialog,
};
use crate::{
    smpp::{
        codec,
        pdu::{Bind, BindResp, Body, LAST_SEQUENCE, Message, Mode, Pdu, VERSION_3_4},
        status, tlv,
    },
    types::{Msisdn, Timestamp},
};
use bytes::Bytes;
use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// An answer this young may not have reached a peer whose connection is lost.
const UNSURE: Duration = Duration::from_secs(1);

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
pub(super) struct Link {
    out: mpsc::UnboundedSender<Out>,
    cut: CancellationToken,
    bound: Option<Mode>,
    next_sequence: u32,
    in_flight: BTreeMap<u32, (Delivery, Instant)>,
    opened: Instant,
    heard: Instant,
    /// When a message last travelled.
    pub active: Instant,
    /// Answers that let others pass, and when they go.
    pub held: Vec<(Instant, Pdu)>,
    /// Messages answered lately: an answer that the peer may never have read.
    pub answered: VecDeque<(Instant, u32)>,
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
    /// A step that belongs to no open dialog.
    Stray,
}

/// A phone as the network knows it.
pub(super) struct Phone {
    pub view: watch::Sender<PhoneView>,
    pub dialog: Option<Dialog>,
    pub parts: Parts,
    pub reachable: bool,
    pub next_reference: u8,
    pub taken: usize,
    /// A screen before this moment is late and no push.
    pub late_until: Option<Instant>,
    /// Pushes shown, and how many of them were waited for.
    pub pushed: u64,
    pub pushes_seen: u64,
    /// The link that had the last step of its dialog.
    pub carried_by: Option<LinkId>,
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
            late_until: None,
            pushed: 0,
            pushes_seen: 0,
            carried_by: None,
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
    /// Dialogs so far, as their numbers count.
    pub sessions: u32,
    /// Messages of the application, by number.
    pub taken: BTreeMap<u32, Taken>,
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
            sessions: 0,
            taken: BTreeMap::new(),
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
            active: now,
            held: Vec::new(),
            answered: VecDeque::new(),
            enquired: None,
        };
        self.links.insert(id, link);
        Some(id)
    }

    /// A connection is gone: what it had not answered waits for the next one, but for begins.
    pub fn lost(&mut self, id: LinkId, now: Instant) {
        self.forget(id, now);
        self.pump(now);
    }

    fn forget(&mut self, id: LinkId, now: Instant) {
        let Some(link) = self.links.remove(&id) else { return };
        self.counters.links_lost += 1;
        self.count_receivers();
        for (at, message) in &link.answered {
            if now < *at + UNSURE {
                self.unheard(*message);
            }
        }
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
    }

    /// Cuts every connection without a word. From now on nothing goes to them.
    pub fn drop_links(&mut self, now: Instant) {
        let ids: Vec<LinkId> = self.links.keys().copied().collect();
        for id in ids {
            self.links[&id].cut.cancel();
            self.forget(id, now);
        }
    }

    fn count_receivers(&mut self) {
        let count = self.links.values().filter(|link| link.bound.is_some_and(Mode::receives)).count();
        self.receivers.send_replace(count);
    }

    /// Hands a PDU to a link.
    pub fn send(&mut self, id: LinkId, pdu: &Pdu) {
        self.write(id, codec::to_bytes(pdu));
    }

    /// Hands octets to a link; one that has just gone takes nothing.
    fn write(&mut self, id: LinkId, octets: Bytes) {
        if let Some(link) = self.links.get(&id) {
            self.counters.pdus_out += 1;
            let _ = link.out.send(Out::Frame(octets));
        }
    }

    /// Writes octets to every link that receives, whatever they are.
    pub fn write_raw(&mut self, octets: &Bytes) {
        let receives = |(id, link): (&LinkId, &Link)| link.bound.is_some_and(Mode::receives).then_some(*id);
        let ids: Vec<LinkId> = self.links.iter().filter_map(receives).collect();
        for id in ids {
            self.write(id, octets.clone());
        }
    }

    /// A connection, while it lasts.
    pub fn link(&mut self, id: LinkId) -> Option<&mut Link> {
        self.links.get_mut(&id)
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
        let bound = self.links.get(&id).and_then(|link| link.bound);
        if let Some(answer) = self.about_a_message(frame, bound) {
            self.write(id, answer);
            return;
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
            Body::SubmitSm(message) => self.submit(id, &pdu, message.clone(), bound, now),
            Body::DataSm(data) => self.submit(id, &pdu, data.clone().into(), bound, now),
            Body::DeliverSm(_) => pdu.answer(status::INV_CMD_ID),
            Body::DeliverSmResp(_) | Body::DataSmResp(_) => {
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

    // ---- what goes out

    /// Queues a delivery and sends what can be sent.
    pub fn deliver(&mut self, delivery: Delivery, now: Instant) {
        let mut delivery = delivery;
        if matches!(delivery.what, What::Sms | What::Receipt) && self.faults.reorder_deliver.strikes(now) {
            delivery.not_before = delivery.not_before.max(now) + self.faults.hold_for;
        }
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
            let before = match self.waiting[at].what {
                What::Reply(msisdn, _) if self.settings.wanders => self.phone(msisdn).carried_by,
                _ => None,
            };
            let Some(id) = self.next_receiver(before) else { return };
            if let Some(delivery) = self.waiting.remove(at) {
                self.send_delivery(id, delivery, now);
            }
        }
    }

    /// The next bound receiver with room in its window, round robin; `but` that one, while there is another.
    fn next_receiver(&mut self, but: Option<LinkId>) -> Option<LinkId> {
        let window = self.settings.window;
        let ready = |(id, link): (&LinkId, &Link)| {
            (link.bound.is_some_and(Mode::receives) && link.in_flight.len() < window).then_some(*id)
        };
        let after = self.links.range(self.last_used + 1..).filter_map(ready);
        let mut in_turn = after.chain(self.links.range(..=self.last_used).filter_map(ready));
        let first = in_turn.next()?;
        let id = if Some(first) == but { in_turn.next().unwrap_or(first) } else { first };
        self.last_used = id;
        Some(id)
    }

    fn send_delivery(&mut self, id: LinkId, delivery: Delivery, now: Instant) {
        let deadline = now + self.settings.timers.response;
        let begins = matches!(delivery.what, What::Begin(..));
        if let What::Begin(msisdn, _) | What::Reply(msisdn, _) = delivery.what {
            let before = self.phone(msisdn).carried_by.replace(id);
            self.counters.moved += u64::from(!begins && before != Some(id));
        }
        let faults = &mut self.faults;
        if faults.malformed.strikes(now) {
            self.counters.malformed += 1;
            let damaged = damaged(self.counters.malformed);
            self.write(id, damaged);
        }
        let faults = &mut self.faults;
        let twice = faults.repeat_deliver
            || faults.duplicate_deliver.strikes(now)
            || begins && faults.begin_twice.strikes(now);
        let dropped = faults.drop_deliver.strikes(now);
        if delivery.what == What::Receipt {
            self.counters.receipts += 1;
        }
        let body = match delivery.what {
            What::Sms | What::Receipt => Body::DeliverSm(delivery.message.clone()),
            _ if self.speaks_data_sm() => Body::DataSm(delivery.message.clone().into()),
            _ => Body::DeliverSm(delivery.message.clone()),
        };
        let Some(link) = self.links.get_mut(&id) else { return };
        link.active = now;
        // Of two copies the first is the one whose answer counts.
        let sequence = link.sequence();
        let copy = twice.then(|| link.sequence());
        link.in_flight.insert(sequence, (delivery, deadline));
        if dropped {
            return;
        }
        if let Some(copy) = copy {
            self.counters.duplicated += 1;
            self.send(id, &Pdu::request(sequence, body.clone()));
            self.send(id, &Pdu::request(copy, body));
        } else {
            self.send(id, &Pdu::request(sequence, body));
        }
    }

    /// The answer to a delivery.
    fn delivered(&mut self, id: LinkId, sequence: u32, status: u32, now: Instant) {
        let taken = self.links.get_mut(&id).and_then(|link| link.in_flight.remove(&sequence));
        let Some((delivery, _)) = taken else { return };
        match status {
            status::OK => {
                if let What::Begin(msisdn, dialog) | What::Reply(msisdn, dialog) = delivery.what
                    && self.step_taken(msisdn, dialog, now)
                    && let Some(link) = self.links.get(&id)
                {
                    self.counters.cuts += 1;
                    link.cut.cancel();
                }
            }
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
        let idle =
            !timers.inactivity.is_zero() && link.bound.is_some() && now >= link.active + timers.inactivity;
        if idle {
            let sequence = link.sequence();
            link.bound = None;
            self.send(id, &Pdu::request(sequence, Body::Unbind));
            self.close(id);
            self.count_receivers();
            return;
        }
        let due: Vec<Pdu> = link.held.extract_if(.., |(when, _)| *when <= now).map(|(_, pdu)| pdu).collect();
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
        for answer in due {
            self.send(id, &answer);
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

/// A PDU that nobody can read and that leaves the stream whole: a text that ends before its length,
/// a parameter that does, a command and an answer that do not exist, in turn.
fn damaged(turn: u64) -> Bytes {
    let mut octets =
        codec::to_bytes(&Pdu::request(0x7000_0000, Body::DeliverSm(Message::default()))).to_vec();
    match turn % 4 {
        0 => *octets.last_mut().expect("sm_length is last") = 200,
        1 => octets.extend([0x05, 0x01, 0x00, 0x40, 0x01]),
        2 => octets.splice(4..8, [0x00, 0x00, 0x0F, 0xFF]).for_each(drop),
        _ => octets.splice(4..8, [0x80, 0x00, 0x0F, 0xFF]).for_each(drop),
    }
    let length = u32::try_from(octets.len()).unwrap_or(u32::MAX);
    octets[..4].copy_from_slice(&length.to_be_bytes());
    Bytes::from(octets)
}
