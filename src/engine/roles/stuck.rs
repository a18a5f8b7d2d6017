//! Where somebody's calls break off. Kept is the name of the place and how often, never what stood
//! there or was typed; after the second time her mentor is asked to help.

use crate::engine::Engine;
use crate::engine::turn::DialogRow;
use crate::engine::view::FromIndex;
use crate::engine::work::{Fault, Work};
use crate::market::party::Party;
use crate::menu::graph::{Graph, Kind};
use crate::menu::value::Value;
use crate::store::batch::Expect;
use crate::store::{Key, codec, keys};
use crate::types::{Lang, Msisdn, PartyId, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// Calls that broke off longer ago have nothing to do with the next one.
const FORGOTTEN: Duration = Duration::from_secs(7 * 86_400);
/// The most letters of a place's name.
pub(in crate::engine) const LONGEST_PLACE_NAME: u16 = 30;

/// Where a subscriber's calls broke off last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Stuck {
    block: String,
    name: BTreeMap<Lang, String>,
    times: u32,
    at: Timestamp,
}

fn stuck_key(phone: Msisdn) -> Key {
    keys::index("stuck", &[&phone.number().to_be_bytes()], b"")
}

impl Engine {
    /// A call broke off: when it is the second time at this place, her mentor hears of it.
    pub(in crate::engine) async fn note_stuck(
        &self, work: &mut Work<'_>, phone: Msisdn, row: &DialogRow, graph: &Graph,
    ) -> Result<(), Fault> {
        if row.state.is_over() {
            return Ok(());
        }
        let block = row.state.block(graph);
        let Some(name) = question(graph, block) else { return Ok(()) };
        let store = work.store();
        let mut rows = store.read(vec![keys::by_phone(phone), stuck_key(phone)]).await?.into_iter();
        let Some(id) = rows.next().flatten().and_then(|row| PartyId::from_octets(&row.octets())) else {
            return Ok(());
        };
        let kept = rows.next().flatten();
        let her = work.need::<Party>(id).await?;
        let Some(mentorship) = her.mentorship_on(work.now) else { return Ok(()) };
        let before = kept.as_ref().and_then(|row| codec::decode::<Stuck>(&row.octets()).ok());
        let same = before.filter(|b| b.block == block && work.now.since(b.at) < FORGOTTEN);
        let times = same.map_or(1, |before| before.times.saturating_add(1));
        let stuck = Stuck { block: block.to_owned(), name, times, at: work.now };
        if times == 2 {
            let mentor = work.need::<Party>(mentorship.mentor).await?;
            let at = Value::text(stuck.name.get(&mentor.lang).cloned().unwrap_or_default());
            let args = vec![Value::text(her.first_name()), at, Value::Phone(her.phone)];
            self.tell(work, &mentor, "mentee_stuck", args)?;
        }
        let expect = kept.map_or(Expect::Absent, |row| Expect::At(row.version));
        work.extra().put(stuck_key(phone), expect, codec::encode(&stuck));
        Ok(())
    }

    /// She came to an end of something: she is not stuck.
    pub(in crate::engine) fn unstuck(&self, work: &mut Work<'_>, phone: Msisdn) {
        work.extra().delete(stuck_key(phone), Expect::Any);
    }

    /// The name of the place where her calls break off, if they do.
    pub(super) async fn stuck_at(&self, work: &mut Work<'_>, phone: Msisdn) -> Result<Value, Fault> {
        let row = work.store().read(vec![stuck_key(phone)]).await?.into_iter().next().flatten();
        let stuck = row.and_then(|row| codec::decode::<Stuck>(&row.octets()).ok());
        let recent = stuck.filter(|stuck| stuck.times > 1 && work.now.since(stuck.at) < FORGOTTEN);
        Ok(recent.map_or_else(|| Value::text(""), |stuck| Value::Texts(stuck.name)))
    }
}

/// What a question is called, by language. Whoever hangs up at
/// a screen or a list may have read what she wanted to know; whoever does at a question is stuck.
fn question(graph: &Graph, block: &str) -> Option<BTreeMap<Lang, String>> {
    let node = graph.nodes.iter().find(|node| node.name == block)?;
    if matches!(node.kind, Kind::Screen { .. } | Kind::List { .. } | Kind::Do { .. } | Kind::End { .. }) {
        return None;
    }
    graph.langs.iter().map(|lang| Some((*lang, super::record::name(graph, block, *lang)?))).collect()
}
