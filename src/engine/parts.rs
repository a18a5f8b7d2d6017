//! The turn of one part of a long SMS. Each part is durable before it is acknowledged, since some
//! SMSCs send the next only then and none sends an acknowledged one again; so a restart between
//! two parts keeps the beginning. The last one runs the turn of the whole text, and the parts
//! leave the store in the commit of that turn.

use super::Engine;
use super::port::{Busy, PartIn, SmsIn};
use super::record::Cause;
use super::sms::Heard;
use super::trade::Due;
use super::turn::TRIES;
use super::work::{Fault, Work};
use crate::gsm::assemble::{Assembly, Lost, Taken, join};
use crate::menu::value::Value;
use crate::store::batch::{Act, Expect, Op, Row};
use crate::store::{Key, codec, keys};
use crate::types::{Lang, Msisdn};
use bytes::Bytes;
use sha2::{Digest, Sha256};

/// Most senders whose parts wait. Beyond it a first part is answered "bring it again", and the
/// SMSC keeps it: what was acknowledged is never dropped for room.
const MOST_SENDERS: usize = if cfg!(test) { 20 } else { 2000 };

impl Engine {
    /// Takes a part of a long SMS; `Err` when it could not be kept, so that the SMSC brings it
    /// again.
    pub async fn part_turn(&self, input: PartIn) -> Result<(), Busy> {
        for _ in 0..TRIES {
            match self.try_part(&input).await {
                Ok(Some(heard)) => return self.heard_turn(heard).await,
                Ok(None) => return Ok(()),
                Err(fault) if fault.is_conflict() => {}
                Err(fault) => {
                    tracing::error!(from = ?input.from, %fault, "a part of an SMS cannot be kept; the SMSC keeps it");
                    return Err(Busy);
                }
            }
        }
        Err(Busy)
    }

    /// Keeps the part; the whole text when it was the last one missing, with what its turn writes.
    async fn try_part(&self, input: &PartIn) -> Result<Option<Heard>, Fault> {
        let key = parts_key(input.from);
        let row = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten();
        let mut held = assembly(&row);
        let waited = held.waiting() > 0;
        let (taken, lost) = held.take(&input.to, input.place, input.piece.clone(), input.at);
        if !waited && taken == Taken::Waits && self.senders_waiting().await? >= MOST_SENDERS {
            return Err(Fault::Broken(format!("parts of {MOST_SENDERS} senders wait already")));
        }
        let mut work = self.work(input.at)?;
        self.tell_lost(&mut work, input.from, &lost).await?;
        keep(&mut work, input.from, &held, row.as_ref());
        match taken {
            Taken::Known if lost.is_empty() => Ok(None),
            Taken::Known | Taken::Waits => {
                let (number, total) = (input.place.number, input.place.total);
                let cause = Cause::Part { msisdn: input.from, number, total };
                self.commit(work, cause, None).await?;
                Ok(None)
            }
            Taken::Whole(pieces) => {
                let read = join(&pieces);
                if read.damaged {
                    tracing::warn!(gateway = &*input.gateway, "some octets of a long SMS made no character");
                }
                let mark = [input.mark.as_slice(), &Sha256::digest(&read.text)[..8]].concat();
                let PartIn { gateway, from, to, at, .. } = input.clone();
                let sms = SmsIn { gateway, from, to, text: read.text, mark, name: None, at };
                Ok(Some(Heard { sms, also: std::mem::take(&mut work.extra().ops) }))
            }
        }
    }

    async fn senders_waiting(&self) -> Result<usize, Fault> {
        let rows = self.store.scan(keys::index_prefix(WAITING, &[]), None, MOST_SENDERS, false).await?;
        Ok(rows.len())
    }

    /// The wait for the parts of this sender is over: she is told what did not come.
    pub(super) async fn give_up_parts(&self, work: &mut Work<'_>, from: Msisdn) -> Result<(), Fault> {
        let row = self.store.read(vec![parts_key(from)]).await?.into_iter().next().flatten();
        let mut held = assembly(&row);
        let lost = held.expire(work.now);
        self.tell_lost(work, from, &lost).await?;
        if row.is_some() {
            keep(work, from, &held, row.as_ref());
        }
        Ok(())
    }

    /// Whoever sent what never came whole is asked to send it again: half a command is not acted
    /// on, and silence would leave her waiting.
    async fn tell_lost(&self, work: &mut Work<'_>, from: Msisdn, lost: &[Lost]) -> Result<(), Fault> {
        for lost in lost {
            let came = i64::try_from(lost.pieces.len()).unwrap_or(i64::MAX);
            let args = [Value::Int(came), Value::Int(i64::from(lost.total))];
            tracing::warn!(came, total = lost.total, "an SMS never came whole; its sender is told");
            let text = match self.known_lang(from).await {
                Some(lang) => self.menus.say("part_lost", &args, lang).map_err(Fault::Broken)?,
                None => self.in_both("part_lost", &args)?,
            };
            self.text(work, from, text, "part_lost");
        }
        Ok(())
    }

    /// A text for somebody whose language we do not know, in both.
    pub(super) fn in_both(&self, name: &str, args: &[Value]) -> Result<String, Fault> {
        let say = |lang| self.menus.say(name, args, lang).map_err(Fault::Broken);
        Ok(format!("{}\n{}", say(Lang::SW)?, say(Lang::EN)?))
    }
}

/// What is held of each sender's long SMS, be they whole or not.
const PARTS: &str = "parts";
/// The senders among them whose parts wait for others.
const WAITING: &str = "parts-waiting";

fn parts_key(from: Msisdn) -> Key {
    keys::index(PARTS, &[&from.number().to_be_bytes()], b"")
}

fn assembly(row: &Option<Row>) -> Assembly {
    row.as_ref().and_then(|row| codec::decode(&row.octets()).ok()).unwrap_or_default()
}

/// Writes what is held of a sender, with a timer for the end of the next wait; a row that waits
/// for nothing any more goes with the last of its timers.
fn keep(work: &mut Work<'_>, from: Msisdn, held: &Assembly, row: Option<&Row>) {
    let expect = row.map_or(Expect::Absent, |row| Expect::At(row.version));
    let act = if held.is_empty() { Act::Delete } else { Act::Put(codec::encode(held)) };
    work.extra().ops.push(Op { key: parts_key(from), expect, act });
    // The row above has been compared with; this one only follows it.
    let act = if held.waiting() == 0 { Act::Delete } else { Act::Put(Bytes::new()) };
    let key = keys::index(WAITING, &[&from.number().to_be_bytes()], b"");
    work.extra().ops.push(Op { key, expect: Expect::Any, act });
    if let Some(due) = held.next_due() {
        work.timer(due, &format!("parts/{from}"), &Due::Parts(from));
    }
}
