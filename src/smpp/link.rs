//! One TCP connection, driven through [`Esme`]: the only place where a session meets the socket.
//!
//! Each round of [`Link::run`] gathers everything that is ready, hands it to the machine, and
//! writes all that came of it in one go; then it waits for the next thing. Screens leave before
//! SMS; a screen that is late is not sent, and none outlives its connection.

use super::dialect::dialogs::Dialogs;
use super::esme::{Esme, Opening, Output, State, Why};
use super::handover::{Answer, Handover};
use super::health::{BindState, Health, count};
use super::intake::Repeat;
use super::mark::Marks;
use super::pdu::{Message, Pdu};
use super::probe::recording::Direction;
use super::probe::tap::Tap;
use super::settings::Smsc;
use super::status::{self, Class};
use super::throttle::{Kind, Throttle, Wait};
use crate::engine::port::{GatewayId, Subscribers, UssdOut};
use crate::types::{Clock, Timestamp};
use bytes::{Buf, BytesMut};
use futures_util::future::{BoxFuture, FutureExt};
use futures_util::stream::{FuturesUnordered, StreamExt};
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Most steps and messages of one connection that the engine works on at once.
pub(super) const MOST_PENDING: usize = 4096;
/// Nothing is read while the peer leaves so many octets of answers unread.
const MOST_UNWRITTEN: usize = 256 * 1024;
/// Octets taken by one read.
const READ: usize = 16 * 1024;
/// How long a session that is over may take to write its last PDUs.
const LAST_WRITE: Duration = Duration::from_secs(1);
/// Screens and parts of SMS that may wait for a connection.
const QUEUE: usize = 256;
/// The share of the window that SMS leave to screens: one in so many places.
const RESERVE: usize = 4;
/// How long we sleep when no timer runs.
const IDLE: Duration = Duration::from_secs(60);

/// What all connections to one gateway share.
pub(super) struct Gateway {
    pub id: GatewayId,
    pub settings: Smsc,
    pub clock: Arc<dyn Clock>,
    /// Where monotonic time is counted from.
    pub started: Instant,
    pub marks: Marks,
    pub dialogs: Arc<Mutex<Dialogs>>,
    /// Who hears the octets, if anybody does.
    pub tap: Option<Arc<dyn Tap>>,
}

impl Gateway {
    /// Monotonic time, for the machines.
    pub fn now(&self) -> Timestamp {
        let millis = i64::try_from(self.started.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(millis)
    }

    fn instant(&self, at: Timestamp) -> Instant {
        self.started + at.since(Timestamp::default())
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where screens and SMS of one bind leave: a transceiver, or the transmitter of a pair.
#[derive(Default)]
pub(super) struct Line {
    outlet: Mutex<Option<Outlet>>,
}

#[derive(Clone)]
struct Outlet {
    screens: mpsc::Sender<Screen>,
    parts: mpsc::Sender<Part>,
}

impl Line {
    /// Room for this many parts of SMS; `None` while nothing can be sent.
    pub fn room(&self) -> Option<usize> {
        lock(&self.outlet).as_ref().map(|outlet| outlet.parts.capacity())
    }

    /// Queues a part of an SMS; false when there is no room or nothing can be sent.
    pub fn send(&self, part: Part) -> bool {
        let outlet = lock(&self.outlet).clone();
        outlet.is_some_and(|outlet| outlet.parts.try_send(part).is_ok())
    }

    fn show(&self, screen: Screen) -> bool {
        let outlet = lock(&self.outlet).clone();
        outlet.is_some_and(|outlet| outlet.screens.try_send(screen).is_ok())
    }
}

/// A screen on its way.
pub(super) struct Screen {
    message: Message,
    as_data: bool,
    /// Monotonic.
    deadline: Timestamp,
    handover: Handover,
}

/// One part of an SMS on its way.
pub(super) struct Part {
    pub message: Message,
    /// Whether it travels by data_sm.
    pub as_data: bool,
    /// Monotonic: no more tries after this.
    pub give_up: Timestamp,
    pub done: oneshot::Sender<PartSent>,
}

/// What came of a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PartSent {
    /// Taken, and named so.
    Taken(String),
    /// It never left, or was told to come later: nothing is lost by sending it again.
    Unsent(String),
    /// It left and nobody answered: the SMSC may have it.
    Unanswered,
    /// Refused, for a reason of this class.
    Refused(Class, String),
}

impl Part {
    fn done(self, sent: PartSent) {
        // Who asked may have gone; then nobody wants to know.
        let _ = self.done.send(sent);
    }
}

/// What is remembered of each request.
pub(super) enum Tag {
    Screen(Screen),
    Part(Part),
}

impl Tag {
    const fn kind(&self) -> Kind {
        match self {
            Self::Screen(_) => Kind::Screen,
            Self::Part(_) => Kind::Sms,
        }
    }
}

/// What others want sent here.
struct Queues {
    screens: mpsc::Receiver<Screen>,
    parts: mpsc::Receiver<Part>,
}

/// What the engine finished.
pub(super) enum Done {
    /// A screen for a dialog.
    Screen(Box<Answer>, UssdOut),
    /// A step that came twice is due to be looked at again.
    Repeat(Box<Repeat>),
    /// A message is kept or not.
    Kept(Pdu, bool),
}

/// One connection.
pub(super) struct Link<'a> {
    pub gateway: &'a Gateway,
    pub line: &'a Line,
    pub health: &'a Health,
    pub subscribers: Arc<dyn Subscribers>,
    /// Which connection since the start, so that sequence numbers of two are told apart.
    pub number: u64,
    /// Whether messages leave here, or only at the other connection of its pair.
    pub transmits: bool,
}

/// The working state of a connection.
pub(super) struct Work {
    pub esme: Esme<Tag>,
    throttle: Throttle,
    pub pending: FuturesUnordered<BoxFuture<'static, Done>>,
    /// Taken out of the queues and not sent yet, or sent and told to come later.
    screens: VecDeque<Screen>,
    parts: VecDeque<Part>,
    queues: Option<Queues>,
    /// Whether the alarm about our account was given since a message was last taken.
    alarmed: bool,
    /// When the pace allows the next message.
    paced: Option<Timestamp>,
    /// Set once we stop: until when what is under way may end.
    drain: Option<Timestamp>,
    over: Option<Why>,
}

impl Link<'_> {
    /// Runs a session over a fresh connection until it ends.
    pub async fn run<S>(self, stream: S, opening: Opening, stop: &CancellationToken) -> Why
    where
        S: AsyncRead + AsyncWrite + Send,
    {
        let settings = &self.gateway.settings;
        let mut work = Work {
            esme: Esme::connected(opening, self.gateway.now()),
            throttle: Throttle::new(settings.submit_per_second, settings.submit_burst),
            pending: FuturesUnordered::new(),
            screens: VecDeque::new(),
            parts: VecDeque::new(),
            queues: None,
            alarmed: false,
            paced: None,
            drain: None,
            over: None,
        };
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut buffer = BytesMut::with_capacity(READ);
        let why = loop {
            self.progress(&mut work);
            if let Some(why) = work.over {
                break why;
            }
            self.wait(&mut work, &mut reader, &mut writer, &mut buffer, stop).await;
        };
        self.end(work, &mut writer).await;
        why
    }

    /// Waits for one thing and hands it in.
    async fn wait<R, W>(
        &self, work: &mut Work, reader: &mut R, writer: &mut W, buffer: &mut BytesMut,
        stop: &CancellationToken,
    ) where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let wake = self.gateway.instant(self.wake(work));
        let unwritten = work.esme.octets().len();
        // One of each in hand is enough to be woken by; the others stay where they can be refused.
        let (hungry, parts_too) = (work.screens.is_empty(), work.parts.is_empty());
        tokio::select! {
            biased;
            () = stop.cancelled(), if work.drain.is_none() => {
                let drain = Duration::from_millis(self.gateway.settings.drain_ms);
                work.drain = Some(self.gateway.now().after(drain));
                work.esme.refuse_deliveries();
            }
            written = writer.write(work.esme.octets()), if unwritten > 0 => match written {
                Ok(0) | Err(_) => work.esme.handle_closed(),
                Ok(count) => {
                    self.overhear(Direction::Sent, &work.esme.octets()[..count]);
                    work.esme.octets().advance(count);
                }
            },
            read = reader.read_buf(buffer), if unwritten < MOST_UNWRITTEN => match read {
                Ok(0) | Err(_) => work.esme.handle_closed(),
                Ok(_) => {
                    self.overhear(Direction::Received, buffer);
                    work.esme.handle_input(buffer, self.gateway.now());
                    buffer.clear();
                }
            },
            Some(done) = work.pending.next(), if !work.pending.is_empty() => self.finish(work, done),
            (screen, part) = next_queued(&mut work.queues, parts_too), if hungry => {
                work.screens.extend(screen);
                work.parts.extend(part);
            }
            () = tokio::time::sleep_until(wake) => work.esme.handle_timeout(self.gateway.now()),
        }
    }

    fn overhear(&self, direction: Direction, octets: &[u8]) {
        if let Some(tap) = &self.gateway.tap {
            tap.octets(self.number, direction, octets);
        }
    }

    /// When the next timer of any kind runs out.
    fn wake(&self, work: &Work) -> Timestamp {
        let drain = work.drain.filter(|_| work.esme.state() == State::Bound);
        let timers = [work.esme.poll_timeout(), work.paced, drain];
        timers.into_iter().flatten().min().unwrap_or_else(|| self.gateway.now().after(IDLE))
    }

    /// Acts on everything that is ready, so that all of it leaves in one write.
    fn progress(&self, work: &mut Work) {
        let now = self.gateway.now();
        loop {
            while let Some(output) = work.esme.poll_output() {
                self.act(work, output, now);
            }
            let Some(Some(done)) = work.pending.next().now_or_never() else { break };
            self.finish(work, done);
        }
        if work.drain.is_some() {
            self.drain(work, now);
        }
        self.submit(work, now);
        self.health.load(work.esme.unanswered(), work.throttle.is_held(), self.gateway.clock.now());
        let (received, sent) = work.esme.take_counts();
        self.health.counters.pdus_in.fetch_add(received, Ordering::Relaxed);
        self.health.counters.pdus_out.fetch_add(sent, Ordering::Relaxed);
    }

    fn act(&self, work: &mut Work, output: Output<Tag>, now: Timestamp) {
        let counters = &self.health.counters;
        match output {
            Output::Congestion(level) => {
                tracing::debug!(gateway = &*self.gateway.id, level, "congestion");
                work.throttle.congestion(level, now);
            }
            Output::Outbind => {
                tracing::info!(gateway = &*self.gateway.id, "an outbind was ignored: we are bound already");
            }
            Output::Bound(peer) => {
                count(&counters.binds);
                self.health.met(peer);
                self.health.set(BindState::Bound, None, self.gateway.clock.now());
                if self.transmits {
                    let ((screens, screens_in), (parts, parts_in)) =
                        (mpsc::channel(QUEUE), mpsc::channel(QUEUE));
                    work.queues = Some(Queues { screens: screens_in, parts: parts_in });
                    *lock(&self.line.outlet) = Some(Outlet { screens, parts });
                }
            }
            Output::Delivered(pdu) => self.delivered(work, pdu, now),
            Output::Accepted(tag, resp) => {
                work.throttle.accepted();
                work.alarmed = false;
                match tag {
                    Tag::Screen(screen) => {
                        count(&counters.screens);
                        screen.handover.taken();
                    }
                    Tag::Part(part) => {
                        count(&counters.sms_out);
                        part.done(PartSent::Taken(resp.message_id.unwrap_or_default()));
                    }
                }
            }
            Output::Refused(tag, status) => self.refused(work, tag, status, now),
            Output::Unanswered(tag) => {
                work.throttle.unanswered(now);
                match tag {
                    Tag::Screen(screen) => {
                        count(&counters.screens_lost);
                        screen.handover.unanswered();
                    }
                    Tag::Part(part) => {
                        count(&counters.maybe_doubled);
                        part.done(PartSent::Unanswered);
                    }
                }
            }
            Output::Bad(bad) => {
                count(&counters.bad_pdus);
                tracing::warn!(gateway = &*self.gateway.id, %bad, "a PDU could not be read");
            }
            Output::Close(why) => work.over = Some(why),
        }
    }

    /// The SMSC refused a message. What went too fast goes again while it is of use.
    fn refused(&self, work: &mut Work, tag: Tag, status: u32, now: Timestamp) {
        let class = self.gateway.settings.status.class(status);
        self.health.refused(status);
        if class == Class::Throttle {
            count(&self.health.counters.throttled);
            work.throttle.refused(now);
            match tag {
                Tag::Screen(screen) if screen.deadline > now => work.screens.push_front(screen),
                Tag::Part(part) if part.give_up > now => work.parts.push_front(part),
                late => self.unsent(late, "the SMSC is too busy"),
            }
            return;
        }
        work.throttle.accepted();
        let (gateway, why) = (&*self.gateway.id, status::name(status));
        tracing::warn!(gateway, why, "the SMSC refused a message");
        if class == Class::Configuration && !std::mem::replace(&mut work.alarmed, true) {
            tracing::error!(gateway, why, "ALARM: the SMSC refuses our messages for our account or settings");
        }
        match tag {
            Tag::Screen(_) => count(&self.health.counters.screens_lost),
            Tag::Part(part) => part.done(PartSent::Refused(class, why)),
        }
        if class == Class::Session {
            work.esme.unbind(now);
        }
    }

    /// A message that the SMSC does not have: a screen is of no use any more, an SMS goes again.
    fn unsent(&self, tag: Tag, why: &str) {
        match tag {
            Tag::Screen(_) => count(&self.health.counters.screens_lost),
            Tag::Part(part) => part.done(PartSent::Unsent(why.to_owned())),
        }
    }

    /// The engine finished a step or a message.
    fn finish(&self, work: &mut Work, done: Done) {
        let counters = &self.health.counters;
        let (answer, out) = match done {
            Done::Screen(answer, out) => (*answer, out),
            Done::Repeat(repeat) => return self.repeat(work, *repeat),
            Done::Kept(pdu, kept) => return self.answer(work, &pdu, kept),
        };
        let (said, last) = match out {
            UssdOut::Ask(said) => (said, false),
            UssdOut::End(said) => (said, true),
            UssdOut::Nothing => return answer.handover.nothing(),
        };
        let Answer { reply, dialect, deadline, mut handover } = answer;
        if self.gateway.now() > deadline {
            return count(&counters.screens_late);
        }
        if last {
            handover.closes();
        }
        let screen = dialect.screen(&reply, &said, last);
        if screen.cut {
            count(&counters.screens_cut);
            tracing::warn!(gateway = &*self.gateway.id, "a screen was too long for the gateway and was cut");
        }
        let (message, as_data) = (screen.message, screen.as_data);
        if !self.line.show(Screen { message, as_data, deadline, handover }) {
            count(&counters.screens_lost);
        }
    }

    /// Answers a message: taken, or to be sent again.
    pub fn answer(&self, work: &mut Work, pdu: &Pdu, taken: bool) {
        if taken {
            return work.esme.answer(pdu, status::OK);
        }
        count(&self.health.counters.busy);
        work.esme.answer(pdu, status::RX_T_APPN);
    }

    /// Sends what the window and the pace allow: screens first, then SMS, which leave a part of the
    /// window free, so that a screen need not wait for an answer to one of them.
    fn submit(&self, work: &mut Work, now: Timestamp) {
        work.paced = None;
        let reserve = self.gateway.settings.window / RESERVE;
        while work.esme.room() > 0
            && let Some(tag) = self.next_to_send(work, now)
        {
            let kind = tag.kind();
            if kind == Kind::Sms && work.esme.room() <= reserve {
                return work.put_back(tag);
            }
            if let Err(wait) = work.throttle.take(kind, now) {
                work.put_back(tag);
                if let Wait::Until(at) = wait {
                    work.paced = Some(at);
                }
                return;
            }
            let (message, as_data) = match &tag {
                Tag::Screen(screen) => {
                    screen.handover.sent(self.number);
                    (screen.message.clone(), screen.as_data)
                }
                Tag::Part(part) => (part.message.clone(), part.as_data),
            };
            if let Err(tag) = work.esme.submit(message, as_data, tag, now) {
                return work.put_back(tag);
            }
        }
    }

    fn next_to_send(&self, work: &mut Work, now: Timestamp) -> Option<Tag> {
        while let Some(screen) = work.next_screen() {
            if screen.deadline > now {
                return Some(Tag::Screen(screen));
            }
            count(&self.health.counters.screens_late);
        }
        while let Some(part) = work.next_part() {
            if part.give_up > now {
                return Some(Tag::Part(part));
            }
            part.done(PartSent::Unsent("it waited too long for its turn".to_owned()));
        }
        None
    }

    /// Stopping: no SMS is taken up, screens under way still leave, then goodbye.
    fn drain(&self, work: &mut Work, now: Timestamp) {
        while let Some(part) = work.next_part() {
            part.done(PartSent::Unsent("the service stops".to_owned()));
        }
        let queued = work.queues.as_ref().is_some_and(|queues| !queues.screens.is_empty());
        let quiet = work.pending.is_empty() && !queued && work.screens.is_empty() && work.esme.is_quiet();
        if quiet || work.drain.is_some_and(|until| until <= now) {
            work.esme.unbind(now);
        }
    }

    /// The session is over: what waits is told so, and the last PDUs are written.
    async fn end<W: AsyncWrite + Unpin>(&self, mut work: Work, writer: &mut W) {
        if self.transmits {
            *lock(&self.line.outlet) = None;
        }
        while let Some(screen) = work.next_screen() {
            self.unsent(Tag::Screen(screen), "");
        }
        while let Some(part) = work.next_part() {
            self.unsent(Tag::Part(part), "the connection was lost");
        }
        self.overhear(Direction::Sent, work.esme.octets());
        // The peer may be gone; then there is nobody to write to.
        let last = async {
            writer.write_all(work.esme.octets()).await?;
            writer.shutdown().await
        };
        let _ = tokio::time::timeout(LAST_WRITE, last).await;
    }
}

impl Work {
    fn put_back(&mut self, tag: Tag) {
        match tag {
            Tag::Screen(screen) => self.screens.push_front(screen),
            Tag::Part(part) => self.parts.push_front(part),
        }
    }

    fn next_screen(&mut self) -> Option<Screen> {
        self.screens.pop_front().or_else(|| self.queues.as_mut()?.screens.try_recv().ok())
    }

    fn next_part(&mut self) -> Option<Part> {
        self.parts.pop_front().or_else(|| self.queues.as_mut()?.parts.try_recv().ok())
    }
}

/// The next screen, or else the next part where parts are wanted; never when nothing can be sent
/// here.
async fn next_queued(queues: &mut Option<Queues>, parts_too: bool) -> (Option<Screen>, Option<Part>) {
    let Some(queues) = queues else { return std::future::pending().await };
    tokio::select! {
        biased;
        Some(screen) = queues.screens.recv() => (Some(screen), None),
        Some(part) = queues.parts.recv(), if parts_too => (None, Some(part)),
        else => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
