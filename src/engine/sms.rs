//! The turn of an SMS: read as a command of the sender's tree, as the rest of one that was half
//! understood, or as the answer to the question a call was cut at. Whatever it is, she gets an
//! answer in her language. It is acknowledged only when what it brought about is durable.

use super::again::Acted;
use super::optout::wish;
use super::port::{Busy, Kept, SmsIn, UssdOut};
use super::record::Cause;
use super::turn::{DialogRow, TRIES};
use super::view::{self, FromIndex};
use super::work::{Fault, Work};
use super::{Caller, Engine};
use crate::dialog::input::{FROZEN, Input};
use crate::dialog::keyword::{Half, Reading, complete, understand};
use crate::dialog::machine::Machine;
use crate::dialog::sms::{SmsStep, SmsTurn};
use crate::dialog::tape;
use crate::market::Listing;
use crate::market::party::Role;
use crate::menu::graph::Graph;
use crate::menu::value::Value;
use crate::store::batch::{Act, Committed, Expect, InboxMark, Op, Row};
use crate::store::{Key, codec, keys};
use crate::types::{CodeKind, SpokenCode, Timestamp};
use std::time::Duration;

/// The same message again within this is a repeat of the SMSC's, or of an impatient thumb; after
/// it, somebody means it again. A bare answer counts as long, so that it does not answer the next
/// question too.
pub(super) const REPEAT: Duration = Duration::from_secs(60);

/// How long the rest of a half-understood message is waited for.
const HALF_LIVES: Duration = Duration::from_secs(30 * 60);

/// The most letters of an SMS that are read and kept: ten parts, more than any command has.
const LONGEST: usize = 1530;

/// What an SMS is answered with: texts, each with its name in the catalogue.
pub(super) type Answers = Vec<(String, String)>;

/// An SMS with what else is written in the commit of its turn: the parts it was put together from
/// are let go of there.
pub(super) struct Heard {
    pub sms: SmsIn,
    pub also: Vec<Op>,
}

impl std::ops::Deref for Heard {
    type Target = SmsIn;

    fn deref(&self) -> &SmsIn {
        &self.sms
    }
}

impl Engine {
    /// Takes an SMS; `Err` when it could not be kept, so that the SMSC brings it again.
    pub async fn sms_turn(&self, input: SmsIn) -> Result<Kept, Busy> {
        match self.came_before(&input).await {
            Ok(true) => return Ok(Kept::Before),
            Ok(false) => {}
            Err(fault) => {
                tracing::error!(from = ?input.from, %fault, "an SMS cannot be looked up; the gateway keeps it");
                return Err(Busy);
            }
        }
        let also = name_key(&input, input.at).map(|key| Op {
            key,
            expect: Expect::Any,
            act: Act::Put(codec::encode(&input.at)),
        });
        self.heard_turn(Heard { sms: input, also: also.into_iter().collect() }).await.map(|()| Kept::Now)
    }

    /// Whether an SMS came before under the name that its gateway gives it. Its lane takes one after
    /// the other, so the first of two is kept before the second is looked up.
    async fn came_before(&self, input: &SmsIn) -> Result<bool, Fault> {
        let Some(key) = name_key(input, input.at) else { return Ok(false) };
        let keys = keys::inbox_earlier(&key).into_iter().chain([key]).collect();
        Ok(self.store.read(keys).await?.iter().any(Option::is_some))
    }

    /// The same, with what else is written in its commit.
    pub(super) async fn heard_turn(&self, mut input: Heard) -> Result<(), Busy> {
        if let Some((end, _)) = input.sms.text.char_indices().nth(LONGEST) {
            input.sms.text.truncate(end);
        }
        for _ in 0..TRIES {
            match self.try_sms(&input).await {
                Ok(()) => return Ok(()),
                Err(fault) if fault.is_conflict() => {}
                Err(fault) => {
                    tracing::error!(from = ?input.from, %fault, "ALARM: an SMS cannot be acted on");
                    return self.ask_to_try_later(&input).await;
                }
            }
        }
        Err(Busy)
    }

    /// A message that a fault of ours keeps from being acted on would fail again however often it
    /// is brought: its sender is told. When not even that can be kept, the SMSC keeps the message.
    async fn ask_to_try_later(&self, input: &Heard) -> Result<(), Busy> {
        let lang = self.lang_of(input.from).await;
        let told = async {
            let text = self.menus.say("try_later", &[], lang).map_err(Fault::Broken)?;
            let answers = vec![("try_later".to_owned(), text)];
            self.conclude(self.work_on(input)?, input, without_digits(&input.text), answers).await
        };
        told.await.map_err(|fault| {
            tracing::error!(from = ?input.from, %fault, "an SMS cannot be kept; the SMSC keeps it");
            Busy
        })
    }

    async fn try_sms(&self, input: &Heard) -> Result<(), Fault> {
        if let Some(acted) = self.acted_before(input).await? {
            return self.answer_again(input, acted).await;
        }
        let mut work = self.work_on(input)?;
        let mut rows = self
            .store
            .read(vec![keys::by_phone(input.from), half_key(input), keys::dialog(input.from)])
            .await?
            .into_iter();
        let party = rows.next().flatten().and_then(|row| FromIndex::from_octets(&row.octets()));
        let (half, dialog) = (rows.next().flatten(), rows.next().flatten());
        let mut who = Caller::new(input.from, party, self.house.lang);
        let Some(me) = self.party(&mut work, &who).await? else {
            if let Some(wish) = wish(&input.text, None) {
                return self.choose(work, input, wish, None).await;
            }
            return match self.stranger_says(&mut work, &mut who, input).await? {
                Some(answers) => self.conclude(work, input, input.text.clone(), answers).await,
                None => self.invite(work, input).await,
            };
        };
        (who.lang, who.role) = (me.lang, Some(me.role));
        let Some(graph) = self.menus.of(who.role) else {
            return Err(Fault::Broken(format!("there is no menu for {}", me.role.word())));
        };
        if let Some(wish) = wish(&input.text, Some(&graph)) {
            return self.choose(work, input, wish, Some(who.lang)).await;
        }
        let mut reading = understand(&graph, &input.text, input.at);
        if let (Reading::Unknown, Some(row)) = (&reading, &half)
            && let Ok((kept, at)) = codec::decode::<(Half, Timestamp)>(&row.octets())
            && input.at.since(at) < HALF_LIVES
        {
            reading = complete(&graph, &kept, &input.text, input.at);
        }
        keep_half(&mut work, input, &reading, half.as_ref());
        // What meant nothing to us may be a PIN sent to the wrong place.
        let mut text = match &reading {
            Reading::Unknown => without_digits(&input.text),
            _ => input.text.clone(),
        };
        let answers = match (&reading, dialog) {
            (Reading::Unknown, Some(row)) => self.bare(&mut work, &mut who, input, &graph.name, &row).await?,
            _ => None,
        };
        let answers = match answers {
            Some(answers) => {
                text.clone_from(&input.text);
                answers
            }
            None => self.command(&mut work, &mut who, input, &graph, reading).await?,
        };
        self.conclude(work, input, text, answers).await
    }

    /// Somebody we do not know can answer one thing: what one of us asked her to become.
    async fn stranger_says(
        &self, work: &mut Work<'_>, who: &mut Caller, input: &SmsIn,
    ) -> Result<Option<Answers>, Fault> {
        let Some(graph) = self.menus.of(None) else { return Ok(None) };
        let reading @ Reading::Understood(_) = understand(&graph, &input.text, input.at) else {
            return Ok(None);
        };
        let answers = self.command(work, who, input, &graph, reading).await?;
        // A number of nobody who asked her says as little as any other text.
        Ok(Some(answers).filter(|answers| answers.iter().all(|(name, _)| name != "no_such")))
    }

    /// A unit of work for a message.
    fn work_on(&self, input: &Heard) -> Result<Work<'_>, Fault> {
        let mut work = self.work(input.at)?;
        work.extra().ops.extend(input.also.iter().cloned());
        Ok(work)
    }

    /// Sends the answers and commits; a message that acted leaves its mark. `text` is what is kept
    /// of what was said.
    pub(super) async fn conclude(
        &self, mut work: Work<'_>, input: &Heard, text: String, answers: Answers,
    ) -> Result<(), Fault> {
        for (name, text) in &answers {
            self.text(&mut work, input.from, text.clone(), name);
        }
        self.note_heard(&mut work, input, &text, &answers);
        let keeps_mark = work.acts();
        #[cfg(feature = "planted")]
        let keeps_mark = keeps_mark && !super::planted::has(super::planted::Bug::Dedupe);
        let mark = match keeps_mark {
            true => {
                let acted = Acted::of(&mut work, input.at, &answers).await?;
                Some(InboxMark { key: mark_key(input, input.at), answer: codec::encode(&acted) })
            }
            false => None,
        };
        let cause = Cause::Sms {
            msisdn: input.from,
            text,
            answers: answers.into_iter().map(|(_, text)| text).collect(),
        };
        match self.commit(work, cause, mark).await? {
            Committed::At(_) => Ok(()),
            Committed::Repeat(answer) => match Acted::from_octets(&answer) {
                Some(acted) => self.answer_again(input, acted).await,
                None => Err(Fault::Broken("the mark of a message cannot be read".to_owned())),
            },
        }
    }

    /// What this very message brought about a moment ago.
    async fn acted_before(&self, input: &SmsIn) -> Result<Option<Acted>, Fault> {
        let earlier = Timestamp::from_millis(input.at.millis() - REPEAT.as_millis() as i64);
        let keys = vec![mark_key(input, input.at), mark_key(input, earlier)];
        let marks = self.store.read(keys).await?.into_iter().flatten();
        let mut marks = marks.filter_map(|row| Acted::from_octets(&row.octets()));
        Ok(marks.find(|acted| acted.is_fresh(input.at)))
    }

    /// A repeat acts on nothing, and is answered again.
    async fn answer_again(&self, input: &Heard, acted: Acted) -> Result<(), Fault> {
        let answers = self.answers_now(input, acted).await?;
        let mut work = self.work_on(input)?;
        for (name, text) in &answers {
            self.text(&mut work, input.from, text.clone(), name);
        }
        self.note_heard(&mut work, input, &input.text, &answers);
        let cause = Cause::Sms {
            msisdn: input.from,
            text: input.text.clone(),
            answers: answers.into_iter().map(|(_, text)| text).collect(),
        };
        self.commit(work, cause, None).await.map(drop)
    }

    /// Somebody we do not know, in both languages, since we do not know hers.
    async fn invite(&self, work: Work<'_>, input: &Heard) -> Result<(), Fault> {
        let dial = [Value::text(self.house.dial.clone())];
        let text = self.in_both("join_first", &dial)?;
        let answers = vec![("join_first".to_owned(), text)];
        self.conclude(work, input, without_digits(&input.text), answers).await
    }

    /// A bare word or number as the answer to the question a call on her tree was cut at.
    async fn bare(
        &self, work: &mut Work<'_>, who: &mut Caller, input: &SmsIn, tree: &str, kept: &Row,
    ) -> Result<Option<Answers>, Fault> {
        let key = keys::dialog(input.from);
        let mut row: DialogRow = codec::decode_row(&key, kept)?;
        if row.mark.as_ref() == Some(&input.mark) && input.at.since(row.last) < REPEAT {
            let (UssdOut::Ask(text) | UssdOut::End(text)) = row.out else { return Ok(None) };
            return Ok(Some(vec![(String::new(), text)]));
        }
        if row.state.cut.is_none() {
            return Ok(None);
        }
        let Some(graph) = self.graph_of(&row).await?.filter(|graph| graph.name == tree) else {
            return Ok(None);
        };
        if !row.state.may_resume(&graph, input.at) || !row.state.takes_bare(&graph) {
            return Ok(None);
        }
        let mut machine = Machine::new(&graph, row.state);
        let walk = self.walk(work, who, &mut machine, &graph, Input::Bare(input.text.clone())).await?;
        let typed = tape::kept_key(&machine, &graph, &input.text, false);
        row.state = machine.into_state();
        let (UssdOut::Ask(text) | UssdOut::End(text)) = &walk.out else { return Ok(None) };
        let mut answers = vec![(String::new(), text.clone())];
        if let Some(wish) = &walk.sms {
            // The SMS that follows the last screen says all of it.
            let text = self.menus.say_in(&graph.hash, &wish.name, &wish.args, who.lang);
            answers = vec![(wish.name.clone(), text.map_err(Fault::Broken)?)];
        }
        row.last = input.at;
        row.mark = Some(input.mark.clone());
        row.out = walk.out.clone();
        let follows = answers.first().map(|(name, text)| tape::Follows::new(name, text));
        work.record_walk(&row, Some(kept.version), tape::Event::Text(typed), walk, follows);
        work.extra().put(key, Expect::At(kept.version), codec::encode(&row));
        Ok(Some(answers))
    }

    pub(super) async fn command(
        &self, work: &mut Work<'_>, who: &mut Caller, input: &SmsIn, graph: &Graph, reading: Reading,
    ) -> Result<Answers, Fault> {
        let mut turn = SmsTurn::new(graph, who.lang, reading, hex(&input.mark));
        let mut next = Input::Begin { typed: Vec::new() };
        let echo = |echo: String| Value::text(echo.chars().take(12).collect::<String>());
        let (name, args) = loop {
            next = match turn.step(next) {
                SmsStep::Ask(ask) => Input::Data(self.view(work, who, &ask).await?),
                SmsStep::Do(wish) => {
                    let (name, args) = self.act(work, who, &wish).await?;
                    if name == FROZEN {
                        break ("stopped".to_owned(), args);
                    }
                    Input::Outcome { name: name.to_owned(), args }
                }
                SmsStep::Say(wish) => break (wish.name, wish.args),
                SmsStep::BadCode { echo: typed, sound } => {
                    let name = match sound {
                        true => "no_such",
                        false if Self::is_a_piece(work, &typed).await? => "number_of_piece",
                        false => "bad_code",
                    };
                    break (name.to_owned(), vec![echo(typed)]);
                }
                SmsStep::NotUnderstood => {
                    let name = match who.role {
                        Some(Role::Agent) => "not_understood_kiosk",
                        Some(Role::Mentor | Role::Rider | Role::Helper | Role::Liaison) => {
                            "not_understood_role"
                        }
                        _ => "not_understood",
                    };
                    break (name.to_owned(), vec![Value::text(self.house.dial.clone())]);
                }
                SmsStep::Fault => break ("try_later".to_owned(), vec![]),
            };
        };
        let text = self.menus.say(&name, &args, who.lang).map_err(Fault::Broken)?;
        Ok(vec![(name, text)])
    }
}

impl Engine {
    /// Whether a number that was said where another one belongs is that of a piece.
    async fn is_a_piece(work: &mut Work<'_>, typed: &str) -> Result<bool, Fault> {
        match SpokenCode::parse(CodeKind::Listing, typed) {
            Ok(code) => Ok(view::read::<Listing>(work, code).await?.is_some()),
            Err(_) => Ok(false),
        }
    }
}

/// A text with a star for each digit.
fn without_digits(text: &str) -> String {
    text.chars().map(|c| if c.is_numeric() { '*' } else { c }).collect()
}

fn half_key(input: &SmsIn) -> Key {
    keys::index("half", &[&input.from.number().to_be_bytes()], b"")
}

/// What was half understood is kept until the rest comes or something else was said.
fn keep_half(work: &mut Work<'_>, input: &SmsIn, reading: &Reading, kept: Option<&Row>) {
    match reading {
        Reading::Half(half) | Reading::BadCode { half, .. } => {
            work.extra().put(half_key(input), Expect::Any, codec::encode(&(half, input.at)))
        }
        Reading::Understood(_) if kept.is_some() => work.extra().delete(half_key(input), Expect::Any),
        _ => {}
    }
}

/// The mark of a message at a moment: repeats within [`REPEAT`] fall into the same slice of time
/// or the next one.
fn mark_key(input: &SmsIn, at: Timestamp) -> Key {
    let slice = at.millis() / REPEAT.as_millis() as i64;
    keys::inbox(at, format!("sms/{slice}/{}", hex(&input.mark)).as_bytes())
}

/// The mark of the name that its gateway gives a message, which stays its own for days.
fn name_key(input: &SmsIn, at: Timestamp) -> Option<Key> {
    let name = input.name.as_ref()?;
    Some(keys::inbox(at, format!("sms-id/{}", hex(name)).as_bytes()))
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::keys::INBOX_BUCKET;
    use crate::types::Msisdn;

    #[test]
    fn a_repeat_is_known_again_when_marks_begin_a_new_bucket_in_between() {
        let turn = INBOX_BUCKET.as_millis() as i64 * 5_000;
        let sms = |millis| SmsIn {
            gateway: "safari".into(),
            from: Msisdn::from_e164("254700000101").expect("a number"),
            to: "48357".to_owned(),
            text: "UZA MKUFU SHABA 850 3".to_owned(),
            mark: vec![1, 2, 3],
            name: None,
            at: Timestamp::from_millis(millis),
        };
        let (first, again) = (sms(turn - 1_000), sms(turn + 1_000));
        let earlier = Timestamp::from_millis(again.at.millis() - REPEAT.as_millis() as i64);
        assert_eq!(mark_key(&first, first.at), mark_key(&again, earlier));
    }
}
