//! Our side of one SMPP session as a pure machine (SMPP 3.4, 2.2).
//!
//! ```text
//! Closed --connected--> Binding --bind_resp ok--> Bound --unbind--> Unbinding --> Closed
//!                          '------- refused, timed out, framing lost -------------'
//! ```
//!
//! The shell does the same six steps round and round: wait for one thing (octets, a timer, a wish
//! to send), hand it in with the moment, drain [`Esme::poll_output`], act, write
//! [`Esme::octets`] in one go, and sleep until [`Esme::poll_timeout`].

use super::codec::{self, BadPdu, Uncut};
use super::pdu::{self, Bind, BindResp, Body, Message, MessageResp, Mode, Pdu, VERSION_5_0};
use super::status;
use super::timers::{Due, Limits, Timers};
use super::tlv::{self, Tlv};
use super::window::Window;
use crate::types::Timestamp;
use bytes::{Bytes, BytesMut};
use rusmpp::CommandId;
use std::collections::VecDeque;
use std::time::Duration;

/// How long our unbind may wait for its answer.
const UNBIND_WAIT: Duration = Duration::from_secs(2);

/// What a session is opened with.
#[derive(Debug, Clone)]
pub struct Opening {
    /// In which direction messages shall travel.
    pub mode: Mode,
    /// Name and password.
    pub bind: Bind,
    /// Most requests unanswered at once.
    pub window: usize,
    /// The timers.
    pub limits: Limits,
}

/// Where a session stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// No connection.
    Closed,
    /// Our bind waits for its answer.
    Binding,
    /// Messages may travel.
    Bound,
    /// Our unbind waits for its answer until then.
    Unbinding(Timestamp),
}

/// Who took our bind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Smsc {
    /// What it calls itself.
    pub system_id: String,
    /// The interface_version that is spoken with it.
    pub version: u8,
}

/// What the shell is to do or to know.
#[derive(Debug, PartialEq, Eq)]
pub enum Output<T> {
    /// The bind was accepted by this SMSC.
    Bound(Smsc),
    /// The SMSC says how busy it is: 0 idle, 80 and more nearly congested, 100 full.
    Congestion(u8),
    /// The SMSC sent an outbind on a connection of ours: it means nothing here and was ignored.
    Outbind,
    /// A message came and must be answered by [`Esme::answer`] with this PDU.
    Delivered(Pdu),
    /// A request of ours was taken.
    Accepted(T, MessageResp),
    /// A request of ours was refused with this status.
    Refused(T, u32),
    /// A request of ours was not answered in time, or its link is gone.
    Unanswered(T),
    /// A PDU could not be read; it was answered where an answer is due.
    Bad(BadPdu),
    /// The session is over: write what is left, then close the connection.
    Close(Why),
}

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Why {
    /// We unbound.
    #[error("unbound by us")]
    Unbound,
    /// The peer unbound.
    #[error("unbound by the SMSC")]
    PeerUnbound,
    /// The bind was refused.
    #[error("bind refused: {}", status::name(*.0))]
    BindRefused(u32),
    /// The bind was not answered.
    #[error("the bind was not answered in time")]
    SessionInit,
    /// Nothing came for two intervals of enquire_link.
    #[error("the SMSC is silent")]
    Silence,
    /// A PDU was begun and not finished.
    #[error("a PDU was begun and not finished")]
    Unfinished,
    /// A command_length that cannot be: the framing is lost.
    #[error("framing lost: command_length {0}")]
    Framing(u32),
    /// The connection was closed or broke.
    #[error("the connection was lost")]
    Lost,
}

/// One session; `T` is what the shell remembers of each request it sent.
#[derive(Debug)]
pub struct Esme<T> {
    opening: Opening,
    state: State,
    window: Window<T>,
    timers: Timers,
    bind_sequence: u32,
    /// The interface_version spoken; that of 3.4 until the bind is answered.
    version: u8,
    outbind_told: bool,
    draining: bool,
    received: u64,
    sent: u64,
    input: BytesMut,
    output: BytesMut,
    events: VecDeque<Output<T>>,
}

impl<T> Esme<T> {
    /// A session over a connection that opened now: the bind is the first thing to be written.
    pub fn connected(opening: Opening, now: Timestamp) -> Self {
        let mut window = Window::new(opening.window);
        let bind_sequence = window.next_sequence();
        let mut esme = Self {
            state: State::Binding,
            window,
            timers: Timers::new(opening.limits, now),
            bind_sequence,
            version: pdu::VERSION_3_4,
            outbind_told: false,
            draining: false,
            received: 0,
            sent: 0,
            input: BytesMut::new(),
            output: BytesMut::new(),
            events: VecDeque::new(),
            opening,
        };
        let bind = Body::Bind(esme.opening.mode, esme.opening.bind.clone());
        esme.write(&Pdu::request(bind_sequence, bind));
        esme
    }

    /// Where the session stands.
    pub const fn state(&self) -> State {
        self.state
    }

    /// How many more requests may be sent now; none while not bound for sending.
    pub fn room(&self) -> usize {
        match self.state {
            State::Bound if self.opening.mode.transmits() => self.window.room(),
            _ => 0,
        }
    }

    /// How many requests wait for their answers.
    pub fn unanswered(&self) -> usize {
        self.opening.window.max(1) - self.window.room()
    }

    /// Whether every request of ours was answered.
    pub fn is_quiet(&self) -> bool {
        self.window.is_empty()
    }

    /// PDUs that came and went since the last call.
    pub const fn take_counts(&mut self) -> (u64, u64) {
        let counts = (self.received, self.sent);
        (self.received, self.sent) = (0, 0);
        counts
    }

    /// What came from the peer.
    pub fn handle_input(&mut self, octets: &[u8], now: Timestamp) {
        if self.state == State::Closed {
            return;
        }
        self.input.extend_from_slice(octets);
        loop {
            match codec::cut(&mut self.input, codec::MOST_OCTETS) {
                Ok(frame) => {
                    self.received += 1;
                    self.timers.finished();
                    self.timers.heard(now);
                    self.handle_frame(&frame, now);
                    if self.state == State::Closed {
                        return;
                    }
                }
                Err(Uncut::Incomplete) => break,
                Err(Uncut::Invalid(length)) => {
                    self.write(&Pdu::nack(status::INV_CMD_LEN, 0));
                    return self.close(Why::Framing(length));
                }
            }
        }
        self.timers.unfinished(!self.input.is_empty(), now);
    }

    fn handle_frame(&mut self, frame: &Bytes, now: Timestamp) {
        match codec::decode(frame) {
            Ok(pdu) => self.handle_pdu(pdu, now),
            // It has no answer, and says something only where an SMSC connects to us (3.4, 2.2.1).
            Err(bad) if CommandId::from(bad.command) == CommandId::Outbind => {
                if !std::mem::replace(&mut self.outbind_told, true) {
                    self.events.push_back(Output::Outbind);
                }
            }
            Err(bad) => {
                if let Some(answer) = bad.answer() {
                    self.write(&answer);
                }
                self.events.push_back(Output::Bad(bad));
            }
        }
    }

    fn handle_pdu(&mut self, pdu: Pdu, now: Timestamp) {
        match &pdu.body {
            Body::EnquireLink => self.reply(&pdu, status::OK),
            Body::EnquireLinkResp => {}
            Body::Unbind => {
                self.reply(&pdu, status::OK);
                self.close(Why::PeerUnbound);
            }
            Body::UnbindResp => {
                if matches!(self.state, State::Unbinding(_)) {
                    self.close(Why::Unbound);
                }
            }
            Body::DeliverSm(_) | Body::DataSm(_) => self.delivered(pdu, now),
            // An SMSC asks none of these of an ESME.
            Body::Bind(..) | Body::SubmitSm(_) => self.reply(&pdu, status::INV_BND_STS),
            Body::BindResp(_, resp) => {
                let resp = resp.clone();
                self.bind_answered(pdu.sequence, pdu.status, resp, now);
            }
            Body::GenericNack if pdu.sequence == self.bind_sequence && self.state == State::Binding => {
                self.bind_answered(pdu.sequence, pdu.status, BindResp::default(), now);
            }
            Body::SubmitSmResp(resp) | Body::DataSmResp(resp) => {
                let resp = resp.clone();
                self.answered(pdu.sequence, pdu.status, resp, now);
            }
            Body::GenericNack => {
                let status = if pdu.status == status::OK { status::UNKNOWN_ERR } else { pdu.status };
                self.answered(pdu.sequence, status, MessageResp::default(), now);
            }
            Body::DeliverSmResp(_) => {}
        }
    }

    fn delivered(&mut self, pdu: Pdu, now: Timestamp) {
        match self.state {
            State::Bound if self.draining => self.reply(&pdu, status::RX_T_APPN),
            State::Bound => {
                self.timers.message(now);
                self.events.push_back(Output::Delivered(pdu));
            }
            State::Unbinding(_) => self.reply(&pdu, status::RX_T_APPN),
            State::Binding | State::Closed => self.reply(&pdu, status::INV_BND_STS),
        }
    }

    fn bind_answered(&mut self, sequence: u32, status: u32, resp: BindResp, now: Timestamp) {
        if self.state != State::Binding || sequence != self.bind_sequence {
            return;
        }
        if status == status::OK {
            self.state = State::Bound;
            self.timers.bound(now);
            let named = tlv::number(&resp.tlvs, tlv::SC_INTERFACE_VERSION);
            self.version = pdu::spoken(self.opening.bind.interface_version, named);
            let system_id = resp.system_id.unwrap_or_default();
            self.events.push_back(Output::Bound(Smsc { system_id, version: self.version }));
            self.congestion(&resp.tlvs);
        } else {
            self.close(Why::BindRefused(status));
        }
    }

    /// How busy a 5.0 peer says it is, in any answer.
    fn congestion(&mut self, tlvs: &[Tlv]) {
        if self.version >= VERSION_5_0
            && let Some(level) = tlv::number(tlvs, tlv::CONGESTION_STATE)
        {
            self.events.push_back(Output::Congestion(u8::try_from(level).unwrap_or(u8::MAX)));
        }
    }

    fn answered(&mut self, sequence: u32, status: u32, resp: MessageResp, now: Timestamp) {
        self.timers.message(now);
        self.congestion(&resp.tlvs);
        // An answer that comes after its time, or that nobody waits for, is dropped.
        let Some(tag) = self.window.close(sequence) else { return };
        self.events.push_back(match status {
            status::OK => Output::Accepted(tag, resp),
            refused => Output::Refused(tag, refused),
        });
    }

    /// Sends a message, by data_sm when asked to.
    ///
    /// # Errors
    /// Gives the tag back when there is no [`room`](Self::room).
    pub fn submit(&mut self, mut message: Message, as_data: bool, tag: T, now: Timestamp) -> Result<(), T> {
        if self.room() == 0 {
            return Err(tag);
        }
        let sequence = self.window.open(now.after(self.opening.limits.response), tag)?;
        if self.version < VERSION_5_0 {
            message.tlvs.retain(|(tag, _)| !tlv::is_new_in_5_0(*tag));
        }
        let body = if as_data { Body::DataSm(message.into()) } else { Body::SubmitSm(message) };
        self.timers.message(now);
        self.write(&Pdu::request(sequence, body));
        Ok(())
    }

    /// Answers a message that was delivered.
    pub fn answer(&mut self, delivered: &Pdu, status: u32) {
        if self.state != State::Closed {
            self.reply(delivered, status);
        }
    }

    /// From now on every message is answered "later": we are about to stop.
    pub const fn refuse_deliveries(&mut self) {
        self.draining = true;
    }

    /// Says goodbye; the session closes when that was answered, or soon after.
    pub fn unbind(&mut self, now: Timestamp) {
        match self.state {
            State::Bound => {
                let sequence = self.window.next_sequence();
                self.write(&Pdu::request(sequence, Body::Unbind));
                self.state = State::Unbinding(now.after(UNBIND_WAIT));
            }
            State::Binding => self.close(Why::Unbound),
            State::Unbinding(_) | State::Closed => {}
        }
    }

    /// The connection is gone.
    pub fn handle_closed(&mut self) {
        let why = if matches!(self.state, State::Unbinding(_)) { Why::Unbound } else { Why::Lost };
        self.close(why);
    }

    /// When to call [`handle_timeout`](Self::handle_timeout) next.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        let unbind = match self.state {
            State::Closed => return None,
            State::Unbinding(until) => Some(until),
            _ => None,
        };
        [self.timers.next(), self.window.next_deadline(), unbind].into_iter().flatten().min()
    }

    /// Some timer ran out.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        if self.state == State::Closed {
            return;
        }
        for tag in self.window.expire(now) {
            self.events.push_back(Output::Unanswered(tag));
        }
        if matches!(self.state, State::Unbinding(until) if until <= now) {
            return self.close(Why::Unbound);
        }
        match self.timers.due(now) {
            Some(Due::Enquire) => {
                let sequence = self.window.next_sequence();
                self.write(&Pdu::request(sequence, Body::EnquireLink));
                self.timers.enquired(now);
            }
            Some(Due::SessionInit) => self.close(Why::SessionInit),
            Some(Due::Silence) => self.close(Why::Silence),
            Some(Due::Unfinished) => self.close(Why::Unfinished),
            Some(Due::Inactivity) => {
                self.timers.message(now);
                self.unbind(now);
            }
            None => {}
        }
    }

    /// The next thing to act on.
    pub fn poll_output(&mut self) -> Option<Output<T>> {
        self.events.pop_front()
    }

    /// What is to be written; the shell takes off the front what it could write.
    pub const fn octets(&mut self) -> &mut BytesMut {
        &mut self.output
    }

    fn reply(&mut self, request: &Pdu, status: u32) {
        if let Some(answer) = request.answer(status) {
            self.write(&answer);
        }
    }

    fn write(&mut self, pdu: &Pdu) {
        self.sent += 1;
        codec::encode(pdu, &mut self.output);
    }

    fn close(&mut self, why: Why) {
        if self.state == State::Closed {
            return;
        }
        self.state = State::Closed;
        for tag in self.window.clear() {
            self.events.push_back(Output::Unanswered(tag));
        }
        self.events.push_back(Output::Close(why));
    }
}

#[cfg(test)]
mod tests;
