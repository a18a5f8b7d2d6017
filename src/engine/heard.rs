//! Dialogs of gateways that keep less count than SMPP ones do. An HTTP gateway names the dialog, but
//! often not whether it is new, and brings all that was typed so far with every step. What was heard
//! before is kept with the dialog, so that a step sent again acts once, an answer may hold the
//! separator, and a service that started anew goes on in the middle of a dialog.

use super::Engine;
use super::port::{Account, GatewayId, Heard, Mark, UssdEvent, UssdIn, UssdOut};
use super::record::Cause;
use super::repeat::OPEN_FOR;
use super::turn::DialogRow;
use super::work::{Fault, Work};
use crate::dialog::tape::Event;
use crate::store::batch::Expect;
use crate::store::{codec, keys};
use crate::types::{DialogId, Timestamp};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How many dialogs of a phone are remembered beside its last: somebody who redials at once is
/// quicker than the account of the dialog before.
const EARLIER: usize = 4;

/// A dialog that another one followed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Earlier {
    gateway: String,
    session: Vec<u8>,
    dialog: DialogId,
    /// Names its last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mark: Option<Mark>,
    /// Whether its account came.
    settled: bool,
}

impl Earlier {
    fn is_of(&self, input: &UssdIn) -> bool {
        *self.gateway == *input.gateway && self.session == input.session
    }

    /// Whether a step comes from this dialog, though another one is kept now. A gateway without names
    /// for dialogs can only bring its last step again.
    pub(super) fn speaks_in(&self, input: &UssdIn) -> bool {
        let again = self.mark.is_some() && self.mark == input.mark;
        self.is_of(input) && (again || !self.session.is_empty())
    }
}

/// What a step means beside the dialog that is kept.
pub(super) enum Reading<'a> {
    /// This happened.
    Event(Cow<'a, UssdEvent>),
    /// It was answered before.
    Again(UssdOut),
    /// It belongs to a dialog that another one followed.
    Over,
}

impl<'a> Reading<'a> {
    pub(super) fn of(input: &'a UssdIn, row: Option<&DialogRow>) -> Self {
        let UssdEvent::Heard(heard) = &input.event else {
            return Self::Event(Cow::Borrowed(&input.event));
        };
        let Some(row) = row.filter(|row| row.is_of(input)) else {
            if row.is_some_and(|row| row.earlier.iter().any(|earlier| earlier.is_of(input))) {
                return Self::Over;
            }
            return Self::Event(Cow::Owned(UssdEvent::Begin(heard.dialled())));
        };
        match fresh(heard, row.heard.unwrap_or_default()) {
            Some(typed) => Self::Event(Cow::Owned(UssdEvent::Reply(typed.to_owned()))),
            None => Self::Again(row.out.clone()),
        }
    }
}

/// What was typed since so many octets were heard; `None` when nothing was.
fn fresh(heard: &Heard, octets: usize) -> Option<&str> {
    match heard.separator {
        None => Some(&heard.text),
        Some(_) if octets == 0 => Some(heard.text.as_str()).filter(|text| !text.is_empty()),
        Some(separator) => heard.text.get(octets..)?.strip_prefix(separator),
    }
}

impl Heard {
    /// What somebody dialled, if the dialog begins so. Its first text may be empty, the code again
    /// with or without its signs, the whole string, or answers behind the code.
    pub fn dialled(&self) -> String {
        let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<String>();
        let (code, text) = (&self.code, self.text.trim());
        if text.starts_with('*') && text.ends_with('#') {
            return text.to_owned();
        }
        if text.is_empty() || digits(text) == digits(code) {
            return code.clone();
        }
        format!("{}*{}#", code.trim_end_matches('#'), text.trim_matches(['*', '#']))
    }
}

impl UssdEvent {
    /// How many octets of what was typed a gateway that tells all of it has told by now.
    pub(super) fn heard_octets(&self) -> Option<usize> {
        match self {
            Self::Heard(heard) => heard.separator.map(|_| heard.text.len()),
            _ => None,
        }
    }
}

impl DialogRow {
    /// Whether the input belongs to this dialog.
    pub(super) fn is_of(&self, input: &UssdIn) -> bool {
        self.session == input.session && *self.gateway == *input.gateway
    }

    /// The dialogs to remember beside that of this input.
    pub(super) fn earlier_than(&self, input: &UssdIn) -> Vec<Earlier> {
        // SMPP gateways use their few session numbers again; those are no names.
        self.and_earlier(self.heard.is_some() && !self.is_of(input))
    }

    /// The dialogs to remember beside one that we open now. What the gateway still has to say of them
    /// must not be taken for an answer to ours, nor begin anew.
    pub(super) fn earlier_than_push(&self, now: Timestamp) -> Vec<Earlier> {
        let named = self.heard.is_some() || now.since(self.last) <= OPEN_FOR;
        self.and_earlier(named && !self.is_unanswered())
    }

    fn and_earlier(&self, with_this: bool) -> Vec<Earlier> {
        let this = Earlier {
            gateway: self.gateway.clone(),
            session: self.session.clone(),
            dialog: self.state.id,
            mark: self.mark.clone(),
            settled: self.account.is_some(),
        };
        with_this.then_some(this).into_iter().chain(self.earlier.iter().cloned()).take(EARLIER).collect()
    }

    /// Notes the account of a dialog; which one it is, unless it was noted before or is not known.
    fn settle(&mut self, input: &UssdIn, account: &Account) -> Option<DialogId> {
        if self.is_of(input) {
            return self.account.replace(account.clone()).is_none().then_some(self.state.id);
        }
        let earlier = self.earlier.iter_mut().find(|earlier| earlier.is_of(input))?;
        (!std::mem::replace(&mut earlier.settled, true)).then_some(earlier.dialog)
    }
}

impl Account {
    /// As the journal keeps it.
    fn outcomes(&self) -> Vec<(String, String)> {
        let number = |name: &str, value: Option<u64>| value.map(|n| (name.to_owned(), n.to_string()));
        [
            Some(("ended".to_owned(), self.status.clone())),
            (!self.cost.is_empty()).then(|| ("cost".to_owned(), self.cost.clone())),
            number("millis", self.millis),
            number("hops", self.hops.map(u64::from)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

impl Engine {
    /// The gateway's account of a dialog: kept once. One that was open, or whose last screen was not
    /// shown, is parked, so that a redial goes on or shows the outcome.
    pub(super) async fn ended(
        &self, mut work: Work<'_>, input: &UssdIn, mut row: DialogRow, version: Option<u64>,
        account: &Account,
    ) -> Result<UssdOut, Fault> {
        let Some(dialog) = row.settle(input, account) else {
            let gateway: &GatewayId = &input.gateway;
            tracing::debug!(%gateway, "the account of a dialog that is not known, or was settled before");
            return Ok(UssdOut::Nothing);
        };
        let unseen = !row.state.is_over() || !account.shown;
        if row.is_of(input) && unseen && row.state.cut.is_none() {
            self.cut(&mut work, input, &mut row).await?;
        }
        let cause = Cause::Ussd {
            dialog,
            msisdn: input.msisdn,
            graph: row.state.graph.clone(),
            typed: String::new(),
            shown: String::new(),
            outcomes: account.outcomes(),
        };
        work.record_event(dialog, version, Event::Account(account.outcomes()));
        let expect = version.map_or(Expect::Absent, Expect::At);
        work.extra().put(keys::dialog(input.msisdn), expect, codec::encode(&row));
        self.commit(work, cause, None).await?;
        Ok(UssdOut::Nothing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Heard {
        Heard { code: "*483*57#".to_owned(), text: text.to_owned(), separator: Some('*') }
    }

    #[test]
    fn only_what_was_not_heard_before_is_new() {
        assert_eq!(fresh(&all("1"), 0), Some("1"));
        assert_eq!(fresh(&all("1*3"), 1), Some("3"));
        assert_eq!(fresh(&all("1*3*Asha*Otieno"), 3), Some("Asha*Otieno"), "an answer may hold a star");
        assert_eq!(fresh(&all("1*1"), 1), Some("1"), "a person may truly press 1 twice");
        assert_eq!(fresh(&all("1*"), 1), Some(""), "an empty answer");
    }

    #[test]
    fn the_same_text_again_and_an_older_one_say_nothing_new() {
        assert_eq!(fresh(&all(""), 0), None);
        assert_eq!(fresh(&all("1*3"), 3), None);
        assert_eq!(fresh(&all("1"), 3), None);
        assert_eq!(fresh(&all("ñ"), 1), None, "not at a letter's edge");
    }

    #[test]
    fn a_gateway_that_tells_the_last_answer_alone_is_taken_at_its_word() {
        assert_eq!(fresh(&Heard { separator: None, ..all("1") }, 1), Some("1"));
    }

    #[test]
    fn every_way_to_tell_what_was_dialled_is_the_string_that_was_dialled() {
        for text in ["", "48357", "*483*57#", "483*57"] {
            assert_eq!(all(text).dialled(), "*483*57#", "{text:?}");
        }
        assert_eq!(all("1*2").dialled(), "*483*57*1*2#");
        assert_eq!(all("*483*57*1*2#").dialled(), "*483*57*1*2#");
        let shared = Heard { code: "*483#".to_owned(), ..all("57") };
        assert_eq!(shared.dialled(), "*483*57#", "a code shared with others");
    }
}
