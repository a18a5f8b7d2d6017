//! The octets of every connection of a pool, cut into PDUs as they travel.

use super::recording::{Direction, Entry};
use crate::smpp::codec::{self, Uncut};
use bytes::BytesMut;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Hears what travels on the connections of a pool. It is called between two waits of a
/// connection and must be quick.
pub trait Tap: Send + Sync + 'static {
    /// Octets came, or were written. `connection` counts from the start of the pool.
    fn octets(&self, connection: u64, direction: Direction, octets: &[u8]);
}

/// Hands on every PDU as an [`Entry`], its password blanked if it is a bind.
pub struct Recorder {
    started: Instant,
    entries: mpsc::UnboundedSender<Entry>,
    unfinished: Mutex<BTreeMap<(u64, Direction), BytesMut>>,
}

impl Recorder {
    /// A recorder, and where its entries come out; time counts from now.
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Entry>) {
        let (entries, out) = mpsc::unbounded_channel();
        (Self { started: Instant::now(), entries, unfinished: Mutex::default() }, out)
    }
}

impl Tap for Recorder {
    fn octets(&self, connection: u64, direction: Direction, octets: &[u8]) {
        let millis = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        let mut unfinished = self.unfinished.lock().unwrap_or_else(PoisonError::into_inner);
        let stream = unfinished.entry((connection, direction)).or_default();
        stream.extend_from_slice(octets);
        loop {
            let octets = match codec::cut(stream, codec::MOST_OCTETS) {
                Ok(frame) => frame,
                Err(Uncut::Incomplete) => return,
                // The connection ends over this; what came is kept as it stands.
                Err(Uncut::Invalid(_)) => stream.split().freeze(),
            };
            // Nobody listens any more once the probe has ended.
            let _ = self.entries.send(Entry::new(millis, connection, direction, octets));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smpp::fixture;

    #[test]
    fn pdus_are_put_together_from_pieces_each_way_on_its_own() {
        let (recorder, mut out) = Recorder::new();
        let bind = fixture::octets("01-bind-transceiver.hex");
        let answer = fixture::octets("02-bind-transceiver-resp.hex");
        recorder.octets(0, Direction::Sent, &bind[..7]);
        recorder.octets(0, Direction::Received, &answer);
        recorder.octets(0, Direction::Sent, &bind[7..]);
        let first = out.try_recv().expect("the answer is whole first");
        assert_eq!((first.direction, &first.octets[..]), (Direction::Received, &answer[..]));
        let second = out.try_recv().expect("the bind");
        assert_eq!((second.direction, second.octets.len()), (Direction::Sent, bind.len()));
        assert!(out.try_recv().is_err());
    }

    #[test]
    fn octets_that_are_no_pdu_are_kept_as_they_stand() {
        let (recorder, mut out) = Recorder::new();
        recorder.octets(3, Direction::Received, b"HTTP/1.1 400 Bad Request");
        let entry = out.try_recv().expect("kept");
        assert_eq!((entry.connection, &entry.octets[..]), (3, &b"HTTP/1.1 400 Bad Request"[..]));
    }
}
