//! What a step is to the dialog that is kept: the next, one again, one too late, or its end.
//!
//! A key must act once, and on the screen that the phone showed. So a key that comes again, or is
//! meant for a screen before this one, is shown what is current, and one for a dialog that is over
//! gets a closing screen and leaves it over.

use super::Engine;
use super::port::{UssdEvent, UssdIn, UssdOut};
use super::record::Cause;
use super::trade::Due;
use super::turn::{DialogRow, screen};
use super::work::{Fault, Work};
use crate::dialog::machine::Machine;
use crate::dialog::tape::Event;
use crate::store::batch::{Committed, Expect};
use crate::store::{codec, keys};
use crate::types::Lang;
use std::collections::BTreeMap;
use std::time::Duration;

/// A begin that comes again within this is the network's stammer, not a second call.
const STAMMER: Duration = Duration::from_secs(5);

/// A key after so long a silence is answered with "this call is over": no network keeps a call open
/// longer, so it belongs to another one.
pub(super) const OPEN_FOR: Duration = Duration::from_secs(180);

/// The same begin again. Where steps have no marks only a plain code counts: of answers behind it
/// nothing is kept that could tell two of them apart.
pub(super) fn is_same_begin(row: &DialogRow, input: &UssdIn, masked: &str) -> bool {
    let same = match (&row.begun_as, &input.mark) {
        (Some(then), Some(now)) => then == now,
        _ => row.dialled == masked && masked.ends_with('#') && input.at.since(row.begun) < STAMMER,
    };
    same && row.is_of(input) && row.state.cut.is_none() && row.out != UssdOut::Nothing
}

/// What a key is to the dialog that is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// For the screen that is shown.
    Next,
    /// The last one once more, or one for a screen before this one.
    Again,
    /// For a dialog that is over, or for another one.
    Over,
}

pub(super) fn key(row: &DialogRow, input: &UssdIn) -> Key {
    if !row.is_of(input) || row.is_unanswered() {
        return Key::Over;
    }
    if input.mark.is_some() && input.mark == row.mark {
        return Key::Again;
    }
    if is_late(row, input.sequence) {
        return Key::Again;
    }
    let silent = input.at.since(row.last) > OPEN_FOR;
    if row.state.is_over() || row.state.cut.is_some() || silent { Key::Over } else { Key::Next }
}

/// A key for a screen that is no longer current: its count is not ahead of the last one seen.
/// Counts have seven bits and wrap.
fn is_late(row: &DialogRow, sequence: Option<u8>) -> bool {
    match (row.sequence, sequence) {
        (Some(seen), Some(new)) => row.moves && seen.wrapping_sub(new) & 0x7F < 64,
        _ => false,
    }
}

impl Engine {
    /// The network says that the dialog is over, or its screen never reached the network: kept, so
    /// that a redial goes on.
    pub(super) async fn over(
        &self, mut work: Work<'_>, input: &UssdIn, mut row: DialogRow, version: Option<u64>,
    ) -> Result<UssdOut, Fault> {
        let ended = row.state.is_over();
        let (concerns, lost) = match input.event {
            UssdEvent::Confirmed => (!ended, false),
            UssdEvent::Unseen { surely } => ((ended || surely) && row.mark == input.mark, true),
            _ => (true, false),
        };
        if !concerns || !row.is_of(input) || row.state.cut.is_some() {
            return Ok(UssdOut::Nothing);
        }
        row.lost = lost;
        self.cut(&mut work, input, &mut row).await?;
        let word = if lost { "unseen" } else { "gone" };
        work.record_event(row.state.id, version, Event::Cut(word.to_owned()));
        self.keep(work, input, &row, version, cause(input, &row, String::new(), word)).await?;
        Ok(UssdOut::Nothing)
    }

    /// A key comes again whose screen was lost on the way: the call lives, and gets that screen.
    pub(super) async fn revive(
        &self, mut work: Work<'_>, input: &UssdIn, mut row: DialogRow, version: Option<u64>,
    ) -> Result<UssdOut, Fault> {
        row.lost = false;
        row.state.cut = None;
        work.record_event(row.state.id, version, Event::Again);
        let cause = cause(input, &row, screen(&row.out).to_owned(), "again");
        self.keep(work, input, &row, version, cause).await?;
        Ok(row.out)
    }

    /// A key came too late to be worked on. It is kept as answered, so that no copy of it acts when there is
    /// time for that one; the call ends with the answer, and a redial goes on where she was.
    pub(super) async fn shed(
        &self, mut work: Work<'_>, input: &UssdIn, mut row: DialogRow, version: Option<u64>, lang: Lang,
    ) -> Result<UssdOut, Fault> {
        row.mark.clone_from(&input.mark);
        row.heard = input.event.heard_octets();
        row.sequence = input.sequence.or(row.sequence);
        row.lost = false;
        row.out = self.busy(lang);
        self.cut(&mut work, input, &mut row).await?;
        work.record_event(row.state.id, version, Event::Cut("busy".to_owned()));
        let cause = cause(input, &row, screen(&row.out).to_owned(), "busy");
        self.keep(work, input, &row, version, cause).await?;
        Ok(row.out)
    }

    /// Parks a dialog that the network cut, and sets the reminder of it.
    pub(super) async fn cut(
        &self, work: &mut Work<'_>, input: &UssdIn, row: &mut DialogRow,
    ) -> Result<(), Fault> {
        row.state.cut(input.at);
        if let Some(graph) = self.graph_of(row).await? {
            self.note_stuck(work, input.msisdn, row, &graph).await?;
            let machine = Machine::new(&graph, row.state.clone());
            let env = self.env(&graph, row.lang, input.at);
            if let Some((after, _)) = machine.drop_wish(env, &BTreeMap::new()) {
                let due = Due::Cut { msisdn: input.msisdn, touched: row.last };
                work.timer(input.at.after(after), &format!("cut/{}", input.msisdn), &due);
            }
        }
        Ok(())
    }

    /// Commits a turn with its dialog as it stands now: the version that the dialog has then.
    pub(super) async fn keep(
        &self, mut work: Work<'_>, input: &UssdIn, row: &DialogRow, version: Option<u64>, cause: Cause,
    ) -> Result<Option<u64>, Fault> {
        let expect = version.map_or(Expect::Absent, Expect::At);
        work.extra().put(keys::dialog(input.msisdn), expect, codec::encode(row));
        match self.commit(work, cause, None).await? {
            Committed::At(position) => Ok(Some(position)),
            Committed::Repeat(_) => Ok(None),
        }
    }
}

/// What the journal says of a step that walked nowhere.
fn cause(input: &UssdIn, row: &DialogRow, shown: String, word: &str) -> Cause {
    Cause::Ussd {
        dialog: row.state.id,
        msisdn: input.msisdn,
        graph: row.state.graph.clone(),
        typed: String::new(),
        shown,
        outcomes: vec![(word.to_owned(), String::new())],
    }
}
