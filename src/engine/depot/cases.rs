//! Cases: opened by people and by what happens, closed with a reason that everybody involved is told.

use crate::engine::Engine;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::market::case::{self, Case, CaseCommand, CaseKind};
use crate::market::order::Order;
use crate::market::party::Party;
use crate::market::{Refusal, case::LONGEST_REASON};
use crate::menu::value::Value;
use crate::types::time::NAIROBI;
use crate::types::{CaseId, Lang, PartyId, SpokenCode};
use std::collections::BTreeMap;

/// What a case is opened with.
pub(in crate::engine) struct Opening<'a> {
    pub what: CaseKind,
    pub order: Option<SpokenCode>,
    pub people: Vec<PartyId>,
    /// By name; empty for the service itself.
    pub by: &'a str,
    pub text: &'a str,
}

impl Engine {
    /// Opens a case; whoever has the order's pieces, or had them, is involved. The same again within a
    /// day is the same case.
    pub(in crate::engine) async fn open_case(
        &self, work: &mut Work<'_>, opening: Opening<'_>,
    ) -> Result<Result<Case, Refusal>, Fault> {
        let Opening { what, order, mut people, by, text } = opening;
        if let Some(code) = order {
            let Some(order) = view::read::<Order>(work, code).await? else {
                return Ok(Err(Refusal::NotFound));
            };
            people.extend([order.maker, order.rider()].into_iter().flatten());
            people.extend(order.custody.iter().flat_map(|passed| [passed.giver, passed.receiver]));
        }
        people.sort();
        people.dedup();
        let (year, month, day) = work.now.civil(NAIROBI);
        let order_words = order.map(|code| code.to_string()).unwrap_or_default();
        let about: Vec<String> = people.iter().map(ToString::to_string).collect();
        let id = CaseId::derived(&format!(
            "case {} {order_words} {} {year}-{month}-{day} {text}",
            what.word(),
            about.join(" ")
        ));
        let known = work.get::<Case>(id).await?;
        let (by, text) = (by.to_owned(), text.to_owned());
        let command = CaseCommand::Open { id, what, order, people, by, text };
        match case::decide(known.as_ref(), &command) {
            Ok(events) => work.apply::<Case>(id, events),
            Err(why) => return Ok(Err(why)),
        }
        work.need::<Case>(id).await.map(Ok)
    }

    /// A case for the desk alone: it is about an order, and those who have its pieces are not told how
    /// it ends.
    pub(in crate::engine) async fn open_own_case(
        &self, work: &mut Work<'_>, opening: Opening<'_>,
    ) -> Result<(), Fault> {
        let Opening { what, order, people, by, text } = opening;
        let order_words = order.map(|code| code.to_string()).unwrap_or_default();
        let id = CaseId::derived(&format!("own case {} {order_words} {text}", what.word()));
        let known = work.get::<Case>(id).await?;
        let (by, text) = (by.to_owned(), text.to_owned());
        match case::decide(known.as_ref(), &CaseCommand::Open { id, what, order, people, by, text }) {
            Ok(events) => work.apply::<Case>(id, events),
            Err(why) => {
                tracing::warn!(what = what.word(), refusal = why.code(), "a case could not be opened")
            }
        }
        Ok(())
    }

    /// A case that follows from what happened. It never keeps that from happening.
    pub(in crate::engine) async fn note_case(
        &self, work: &mut Work<'_>, what: CaseKind, order: Option<SpokenCode>, people: Vec<PartyId>,
        text: &str,
    ) -> Result<(), Fault> {
        let opened = self.open_case(work, Opening { what, order, people, by: "", text }).await?;
        if let Err(why) = opened {
            tracing::warn!(what = what.word(), refusal = why.code(), "a case could not be opened");
        }
        Ok(())
    }

    /// Writes something down, or closes it and tells everybody involved.
    pub(super) async fn move_case(
        &self, work: &mut Work<'_>, known: &Case, command: &CaseCommand,
    ) -> Result<Result<Case, Refusal>, Fault> {
        let events = match case::decide(Some(known), command) {
            Ok(events) => events,
            Err(why) => return Ok(Err(why)),
        };
        let new = !events.is_empty();
        work.apply::<Case>(known.id, events);
        let case = work.need::<Case>(known.id).await?;
        if let (Some(closed), CaseCommand::Close { .. }, true) = (&case.closed, command, new) {
            for person in &case.people {
                let person = work.need::<Party>(*person).await?;
                let why = closed.why.get(&person.lang).or_else(|| closed.why.values().next());
                let (name, args) = closing(&case, why.map_or("", String::as_str));
                self.tell(work, &person, name, args)?;
            }
        }
        Ok(Ok(case))
    }

    /// What keeps a reason from being told, in words for whoever wrote it.
    pub(super) fn judge_reason(&self, case: &Case, why: &BTreeMap<Lang, String>) -> Result<(), String> {
        if why.values().any(|words| words.chars().count() > LONGEST_REASON) {
            return Err(format!("a reason has at most {LONGEST_REASON} letters"));
        }
        let (name, _) = closing(case, "");
        self.judge_texts(name, why, |words| closing(case, words).1)
    }
}

/// The text that tells how a case ended, with its values.
fn closing(case: &Case, why: &str) -> (&'static str, Vec<Value>) {
    let why = Value::text(why);
    match case.order {
        Some(order) => ("case_closed_order", vec![Value::Code(order), why]),
        None => ("case_closed", vec![why]),
    }
}
