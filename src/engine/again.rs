//! An SMS that comes again acts on nothing, and is answered with what is true by then: what it was
//! answered with the first time as long as all that it changed still stands so, otherwise what it would
//! be answered now.

use super::aggregate::Aggregate;
use super::sms::{Answers, Heard, REPEAT};
use super::view::FromIndex;
use super::work::{Fault, Work};
use super::{Caller, Engine};
use crate::dialog::keyword::{Reading, understand};
use crate::ledger::Account;
use crate::market::{Cash, Event, Kiosk, Listing, Loan, Order, Party, Payout};
use crate::store::batch::{Row, Value};
use crate::store::redact::digest;
use crate::store::{Key, codec, keys};
use crate::types::Timestamp;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

/// What is kept of a message that acted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Acted {
    /// When.
    at: Timestamp,
    /// What it was answered with.
    answers: Answers,
    /// The rows that it changed, and what each came to.
    #[serde(default)]
    left: Vec<(Key, String)>,
}

impl Acted {
    /// What a turn that is about to be committed will have done.
    pub async fn of(work: &mut Work<'_>, at: Timestamp, answers: &Answers) -> Result<Self, Fault> {
        let events = work.events().to_vec();
        let mut left: Vec<_> = events.iter().filter_map(|event| came_to(work, event)).collect();
        left.sort();
        left.dedup();
        let purses: Vec<Account> = work.posted().into_iter().filter(is_a_purse).collect();
        for account in purses {
            left.push((keys::balance(&account.to_string()), work.sum(account).await?.to_string()));
        }
        Ok(Self { at, answers: answers.clone(), left })
    }

    /// It, from the octets of its mark.
    pub fn from_octets(octets: &Bytes) -> Option<Self> {
        codec::decode(octets).ok()
    }

    /// Whether a message is a repeat at this moment.
    pub fn is_fresh(&self, at: Timestamp) -> bool {
        at.since(self.at) < REPEAT
    }
}

/// What an event's thing came to in this turn, if texts speak of it. Somebody who has just joined is not
/// told another thing because her name came meanwhile.
fn came_to(work: &mut Work<'_>, event: &Event) -> Option<(Key, String)> {
    fn row<A: Aggregate>(work: &mut Work<'_>, id: A::Id) -> Option<(Key, String)> {
        work.seen::<A>(id).map(|now| (A::key(id), digest(&codec::encode(&now))))
    }
    match event {
        Event::Party(id, _) if work.version::<Party>(*id) > 0 => row::<Party>(work, *id),
        Event::Listing(id, _) => row::<Listing>(work, *id),
        Event::Order(id, _) => row::<Order>(work, *id),
        Event::Payout(id, _) => row::<Payout>(work, *id),
        Event::Cash(id, _) => row::<Cash>(work, *id),
        Event::Loan(id, _) => row::<Loan>(work, *id),
        Event::Kiosk(id, _) => row::<Kiosk>(work, *id),
        _ => None,
    }
}

/// Money that belongs to somebody, whose sum texts tell.
fn is_a_purse(account: &Account) -> bool {
    matches!(account, Account::Artisan(_) | Account::Mentor(_) | Account::Agent(_) | Account::Rider(_))
}

fn digest_of(row: Row) -> String {
    match row.value {
        Value::Octets(octets) => digest(&octets),
        Value::Sum(sum) => sum.to_string(),
    }
}

impl Engine {
    /// What a message that comes again is answered with.
    pub(super) async fn answers_now(&self, input: &Heard, acted: Acted) -> Result<Answers, Fault> {
        let keys = acted.left.iter().map(|(key, _)| key.clone()).collect();
        let rows = self.store.read(keys).await?;
        let stands =
            |((_, then), now): (&(Key, String), Option<Row>)| now.map(digest_of).as_ref() == Some(then);
        if acted.left.iter().zip(rows).all(stands) {
            return Ok(acted.answers);
        }
        // Nothing of this happens, so nothing of it is to be read in a log either.
        let looked = Box::pin(self.would_answer(input)).with_subscriber(NoSubscriber::default()).await?;
        match looked {
            Some(answers) => Ok(answers),
            None => {
                let text = self.menus.say("heard_before", &[], self.lang_of(input.from).await);
                Ok(vec![("heard_before".to_owned(), text.map_err(Fault::Broken)?)])
            }
        }
    }

    /// What a message would be answered if it came for the first time, unless it would bring something
    /// about, or answers a question that has passed.
    async fn would_answer(&self, input: &Heard) -> Result<Option<Answers>, Fault> {
        let mut work = self.work(input.at)?;
        let party = self.store.read(vec![keys::by_phone(input.from)]).await?.into_iter().next().flatten();
        let party = party.and_then(|row| FromIndex::from_octets(&row.octets()));
        let mut who = Caller::new(input.from, party, self.house.lang);
        let Some(me) = self.party(&mut work, &who).await? else { return Ok(None) };
        (who.lang, who.role) = (me.lang, Some(me.role));
        let Some(graph) = self.menus.of(who.role) else { return Ok(None) };
        let reading @ Reading::Understood(_) = understand(&graph, &input.text, input.at) else {
            return Ok(None);
        };
        let answers = self.command(&mut work, &mut who, input, &graph, reading).await?;
        Ok((!work.acts()).then_some(answers))
    }
}
