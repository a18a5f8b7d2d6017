//! One bind of a load: everything that was read is answered in one write.

use super::{Run, Shared, Slot, lock, wire};
use crate::smpp::{
    codec,
    pdu::{BindResp, Body, Pdu},
    status,
};
use std::{
    collections::VecDeque,
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::{Instant, sleep, sleep_until},
};

/// Octets asked of the socket at a time.
const READ: usize = 64 * 1024;
/// A step that was refused for now is sent again after this long.
const RETRY: Duration = Duration::from_millis(5);

/// A dialog is hung up after so many answers: the count on the wire has seven bits.
const LONGEST: u8 = 100;

/// Serves a link until it ends.
pub(super) async fn serve(shared: &Shared, stream: TcpStream) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut link = Link {
        shared,
        stream,
        read: Vec::with_capacity(2 * READ),
        out: Vec::with_capacity(2 * READ),
        run: None,
        refused: Vec::new(),
        pace: None,
        late: VecDeque::new(),
        receives: false,
    };
    let ended = link.serve().await;
    if link.receives {
        shared.bound.send_modify(|count| *count -= 1);
    }
    ended
}

/// Steps that come by the clock.
struct Pace {
    began: Instant,
    /// Between two steps of this link.
    between: Duration,
    /// How many have come.
    came: u32,
    /// Subscribers who wait for their next step.
    free: VecDeque<usize>,
}

impl Pace {
    /// When the next step comes.
    fn next(&self) -> Instant {
        self.began + self.between * self.came
    }
}

struct Link<'a> {
    shared: &'a Shared,
    stream: TcpStream,
    read: Vec<u8>,
    out: Vec<u8>,
    run: Option<Arc<Run>>,
    refused: Vec<usize>,
    pace: Option<Pace>,
    /// SMS whose answers wait: until when, and their sequence numbers.
    late: VecDeque<(Instant, u32)>,
    receives: bool,
}

impl Link<'_> {
    async fn serve(&mut self) -> io::Result<()> {
        let mut runs = self.shared.run.subscribe();
        loop {
            let next_late = self.late.front().map_or_else(Instant::now, |(at, _)| *at);
            let paced = self.pace.as_ref().filter(|pace| !pace.free.is_empty()).map(Pace::next);
            tokio::select! {
                () = sleep_until(next_late), if !self.late.is_empty() => self.answer_late(),
                read = self.stream.read_buf(&mut self.read) => {
                    if read? == 0 {
                        return Ok(());
                    }
                    self.handle_read()?;
                }
                changed = runs.changed() => {
                    changed.map_err(io::Error::other)?;
                    self.change_run(&mut runs);
                }
                () = sleep_until(paced.unwrap_or(next_late)), if paced.is_some() => self.come(),
                () = sleep(RETRY), if !self.refused.is_empty() => self.retry(),
            }
            if !self.out.is_empty() {
                self.stream.write_all(&self.out).await?;
                self.out.clear();
            }
        }
    }

    /// Begins this link's share of a new load, or hangs up what an old one left.
    fn change_run(&mut self, runs: &mut watch::Receiver<Option<Arc<Run>>>) {
        let next = runs.borrow_and_update().clone();
        if let Some(old) = self.run.take() {
            for index in 0..old.slots.len() {
                let mut slot = lock(&old.slots[index]);
                if slot.round > 0 {
                    self.put(&old, index, &slot, wire::ABORT);
                    slot.round = 0;
                }
            }
        }
        self.refused.clear();
        self.pace = None;
        let Some(run) = next.filter(|_| self.receives) else { return };
        let mine = {
            let mut share = lock(&run.share);
            let mine = *share;
            *share += 1;
            mine
        };
        let now = Instant::now();
        if mine < run.links {
            let share = (mine..run.slots.len()).step_by(run.links);
            if let Some(rate) = run.settings.rate {
                let between = Duration::from_secs_f64(run.links as f64 / rate);
                self.pace = Some(Pace { began: now, between, came: 0, free: share.collect() });
            } else {
                for index in share {
                    self.begin(&run, index, &mut lock(&run.slots[index]), now);
                }
            }
        }
        self.run = Some(run);
    }

    /// Makes the steps that have come by now, as long as there is somebody to make them.
    fn come(&mut self) {
        let Some((run, mut pace)) = self.run.clone().zip(self.pace.take()) else { return };
        let now = Instant::now();
        while pace.next() <= now
            && let Some(index) = pace.free.pop_front()
        {
            self.go_on(&run, index, &mut lock(&run.slots[index]), pace.next());
            pace.came += 1;
        }
        self.pace = Some(pace);
    }

    fn handle_read(&mut self) -> io::Result<()> {
        let read = std::mem::take(&mut self.read);
        let mut rest = read.as_slice();
        while let Some(length) = rest.first_chunk().map(|octets| u32::from_be_bytes(*octets) as usize) {
            if !(codec::HEADER..=codec::MOST_OCTETS).contains(&length) {
                return Err(io::Error::other(format!("a PDU of {length} octets")));
            }
            let Some((frame, next)) = rest.split_at_checked(length) else { break };
            self.handle(frame);
            rest = next;
        }
        let kept = rest.len();
        self.read = read;
        let start = self.read.len() - kept;
        self.read.drain(..start);
        self.read.reserve(READ);
        Ok(())
    }

    fn handle(&mut self, frame: &[u8]) {
        match wire::header(frame) {
            Some((wire::SUBMIT_SM, _, number))
                if !self.shared.slow.is_zero() && wire::read_screen(frame).is_none() =>
            {
                self.late.push_back((Instant::now() + self.shared.slow, number));
                self.shared.most_unanswered.fetch_max(self.late.len() as u64, Ordering::Relaxed);
            }
            Some((wire::SUBMIT_SM, _, number)) => {
                wire::put_taken(&mut self.out, number);
                self.shown(frame);
            }
            Some((wire::DELIVER_SM_RESP, status::OK, _)) | None => {}
            Some((wire::DELIVER_SM_RESP, _, number)) => self.refuse(number),
            Some(_) => self.handle_session(frame),
        }
    }

    fn answer_late(&mut self) {
        let now = Instant::now();
        while let Some((_, number)) = self.late.pop_front_if(|(at, _)| *at <= now) {
            wire::put_taken(&mut self.out, number);
            self.shared.taken.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Binds, keep-alives and farewells: the codec's, for they are rare.
    fn handle_session(&mut self, frame: &[u8]) {
        let Ok(pdu) = codec::decode(&bytes::Bytes::copy_from_slice(frame)) else { return };
        let answer = match &pdu.body {
            Body::Bind(mode, _) => {
                if mode.receives() && !self.receives {
                    self.receives = true;
                    self.shared.bound.send_modify(|count| *count += 1);
                }
                let body =
                    Body::BindResp(*mode, BindResp { system_id: Some("LOAD".into()), tlvs: Vec::new() });
                Some(Pdu { status: status::OK, sequence: pdu.sequence, body })
            }
            _ => pdu.answer(status::OK),
        };
        if let Some(answer) = answer {
            self.out.extend_from_slice(&codec::to_bytes(&answer));
        }
    }

    /// A screen came: counted, and the next key pressed.
    fn shown(&mut self, frame: &[u8]) {
        let Some(run) = self.run.clone() else { return };
        let Some(shown) = wire::read_screen(frame) else { return };
        let Some(index) = run.index(shown.number) else { return };
        let mut slot = lock(&run.slots[index]);
        if !slot.waiting || shown.session.is_some_and(|session| session != slot.session) {
            return;
        }
        slot.waiting = false;
        let now = Instant::now();
        if !run.count(slot.since, now) {
            return;
        }
        slot.open = shown.open;
        match &mut self.pace {
            Some(pace) => pace.free.push_back(index),
            None => self.go_on(&run, index, &mut slot, now),
        }
    }

    /// Her next step: dials, or presses the next key.
    fn go_on(&mut self, run: &Run, index: usize, slot: &mut Slot, now: Instant) {
        let hangs_up = slot.open && (run.settings.keys.is_empty() || slot.sequence == LONGEST);
        if hangs_up {
            self.put(run, index, slot, wire::ABORT);
        }
        if slot.open && !hangs_up {
            self.press(run, index, slot, now);
        } else {
            slot.session = slot.session.wrapping_add(1);
            self.begin(run, index, slot, now);
        }
    }

    fn begin(&mut self, run: &Run, index: usize, slot: &mut Slot, now: Instant) {
        slot.key = 0;
        slot.sequence = 0;
        self.step(run, index, slot, wire::BEGIN, now);
    }

    fn press(&mut self, run: &Run, index: usize, slot: &mut Slot, now: Instant) {
        slot.key += 1;
        slot.sequence += 1;
        self.step(run, index, slot, wire::REPLY, now);
    }

    fn step(&mut self, run: &Run, index: usize, slot: &mut Slot, op: u8, now: Instant) {
        slot.since = now;
        slot.op = op;
        slot.round += 1;
        slot.waiting = true;
        self.put(run, index, slot, op);
    }

    fn put(&mut self, run: &Run, index: usize, slot: &Slot, op: u8) {
        let text = match op {
            wire::BEGIN => run.settings.dial.as_str(),
            wire::REPLY => &run.settings.keys[(slot.key - 1) % run.settings.keys.len()],
            _ => "",
        };
        let step = wire::Step {
            op,
            msisdn: run.numbers[index],
            session: slot.session,
            sequence: slot.sequence,
            text,
        };
        wire::put_step(&mut self.out, run.pdu_number(slot.round, index), &self.shared.short_code, &step);
    }

    /// The application was too busy for a step: again in a moment, its latency running on.
    fn refuse(&mut self, number: u32) {
        let Some(run) = &self.run else { return };
        let index = run.index_of_pdu(number);
        if lock(&run.slots[index]).waiting {
            lock(&run.tally).refused += 1;
            self.refused.push(index);
        }
    }

    fn retry(&mut self) {
        let Some(run) = self.run.clone() else { return };
        while let Some(index) = self.refused.pop() {
            let mut slot = lock(&run.slots[index]);
            slot.round += 1;
            self.put(&run, index, &slot, slot.op);
        }
    }
}
