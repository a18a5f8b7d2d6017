//! What an artisan's record brings about, and what her mentor does beside asking: showing her the
//! way, leaving her.

use crate::dialog::input::Do;
use crate::engine::Engine;
use crate::engine::actions::{Outcome, missing, refused};
use crate::engine::turn::DialogRow;
use crate::engine::view;
use crate::engine::work::{Fault, Work};
use crate::gsm::fit;
use crate::ledger::{Account, Kind as Posting, Reference, Transfer};
use crate::market::Refusal;
use crate::market::listing::Listing;
use crate::market::order::Order;
use crate::market::party::{self, Party, PartyCommand, PartyEvent, Record as Done};
use crate::menu::graph::{Graph, Kind, Piece, Target, Text};
use crate::menu::value::{Record, Value};
use crate::store::{codec, keys};
use crate::types::{Lang, PartyId, SpokenCode, Timestamp};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// Lines of her statement that are looked at: more than a record needs.
const MOST_LINES: usize = 200;
/// What she did longer ago is nothing to show her the way to.
const RECENT: Duration = Duration::from_secs(86_400);
/// The most letters of a way of keys.
const LONGEST_WAY: usize = 24;

impl Engine {
    /// What she has done: pieces listed and orders passed since she does things alone, and all that
    /// was ever checked.
    async fn record_of(&self, work: &mut Work<'_>, her: &Party) -> Result<Done, Fault> {
        let since = her.mentorship.as_ref().map_or(her.joined, |m| m.alone_since());
        let hers = keys::index_prefix("listing_of", &[her.id.as_bytes()]);
        let listed = view::found::<Listing>(work, hers, true).await?;
        let mut done = Done {
            listings: listed.iter().filter(|(_, listing)| listing.listed >= since).count() as u32,
            ..Done::default()
        };
        let lines = keys::statements(&Account::Artisan(her.id).to_string());
        let mut orders: BTreeMap<SpokenCode, Timestamp> = BTreeMap::new();
        for (key, row) in work.store().scan(lines, None, MOST_LINES, true).await? {
            let place = keys::transfer(codec::decode_row(&key, &row)?);
            let row = work.store().read(vec![place.clone()]).await?.into_iter().next().flatten();
            let Some(row) = row else { continue };
            let transfer: Transfer = codec::decode_row(&place, &row)?;
            if let (Posting::Released, Reference::Order(code)) = (transfer.kind, &transfer.reference) {
                orders.entry(*code).or_insert(transfer.at);
            }
        }
        done.orders = orders.values().filter(|at| **at >= since).count() as u32;
        for code in orders.into_keys() {
            let order = view::read::<Order>(work, code).await?;
            let Some(order) = order else { continue };
            done.passed += order.passed;
            done.failed += order.check.map_or(0, |check| check.failed);
        }
        // An order knows its last check alone; what was judged before that is counted with her.
        done.passed = done.passed.max(her.judged.passed);
        done.failed = done.failed.max(her.judged.failed);
        Ok(done)
    }

    /// She graduates by her record, or is asked whether she would guide others; she and her mentor are
    /// told, once.
    pub(in crate::engine) async fn weigh_record(
        &self, work: &mut Work<'_>, maker: PartyId,
    ) -> Result<(), Fault> {
        let Some(her) = work.get::<Party>(maker).await? else { return Ok(()) };
        let record = self.record_of(work, &her).await?;
        let events = party::decide(Some(&her), &PartyCommand::Weigh { record }, &self.policy, work.now);
        let events = events.map_err(|why| Fault::Broken(why.to_string()))?;
        work.apply::<Party>(maker, events.clone());
        for event in events {
            match (event, &her.mentorship) {
                (PartyEvent::Graduated, Some(mentorship)) => {
                    let mentor = work.need::<Party>(mentorship.mentor).await?;
                    self.tell(work, &her, "graduated_alone", vec![Value::text(mentor.first_name())])?;
                    let args = vec![
                        Value::text(her.first_name()),
                        Value::text(view::day_of(mentorship.until, work.now)),
                    ];
                    self.tell(work, &mentor, "mentee_alone", args)?;
                }
                (PartyEvent::MentorOffered, _) => {
                    let dial = Value::text(self.house.dial.clone());
                    self.tell(work, &her, "mentor_offered", vec![dial])?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// `mentor.become`: an artisan who was asked for her record says yes.
    pub(in crate::engine) async fn become_mentor(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        if me.mentor_offered.is_none() {
            return refused(wish, &Refusal::NotAllowed);
        }
        match party::decide(Some(me), &PartyCommand::BecomeMentor, &self.policy, work.now) {
            Ok(events) => work.apply::<Party>(me.id, events),
            Err(why) => return refused(wish, &why),
        }
        Ok(("ok", vec![]))
    }

    /// The artisan of this row, while the caller guides her.
    pub(super) async fn guided(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Option<Party>, Fault> {
        let Some(Value::Record(Record { key, .. })) = wish.args.get("mentee") else {
            return Err(missing(wish, "mentee"));
        };
        // One who has not answered yet has no name of her own here.
        let Ok(id) = key.parse::<PartyId>() else { return Ok(None) };
        let her = work.get::<Party>(id).await?;
        Ok(her.filter(|her| her.mentorship_on(work.now).is_some_and(|m| m.mentor == me.id)))
    }

    /// `mentee.leave`: a mentor guides her no more; orders she has accepted keep their share.
    pub(in crate::engine) async fn leave_mentee(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let Some(her) = self.guided(work, me, wish).await? else { return Ok(("gone", vec![])) };
        match party::decide(Some(&her), &PartyCommand::EndMentorship, &self.policy, work.now) {
            Ok(events) => work.apply::<Party>(her.id, events),
            Err(why) => return refused(wish, &why),
        }
        self.tell(work, &her, "mentor_left", vec![Value::text(me.first_name())])?;
        Ok(("ok", vec![Value::text(her.first_name())]))
    }

    /// `mentee.screen`: where her last call stands and by which keys one comes there, by SMS. Never
    /// what stood there: no PIN, no balance, nothing she typed.
    pub(in crate::engine) async fn show_screen(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let Some(her) = self.guided(work, me, wish).await? else { return Ok(("gone", vec![])) };
        let key = keys::dialog(her.phone);
        let row = work.store().read(vec![key.clone()]).await?.into_iter().next().flatten();
        let row = row.map(|row| codec::decode_row::<DialogRow>(&key, &row)).transpose()?;
        // What ended well is no place to be stuck at, and hers alone.
        let stands = |row: &DialogRow| work.now.since(row.last) < RECENT && !row.state.is_over();
        let Some(row) = row.filter(stands) else {
            return Ok(("none", vec![]));
        };
        let Some(graph) = self.graph_of(&row).await? else { return Ok(("none", vec![])) };
        let block = row.state.block(&graph);
        let (Some(name), Some(way)) = (name(&graph, block, me.lang), way(&graph, block)) else {
            return Ok(("none", vec![]));
        };
        match party::decide(Some(&her), &PartyCommand::ShowWay, &self.policy, work.now) {
            Ok(events) => work.apply::<Party>(her.id, events),
            Err(why) => return refused(wish, &why),
        }
        let args = [her.first_name(), name, self.house.dial.clone(), way].map(Value::text);
        self.tell(work, me, "mentee_screen", args.to_vec())?;
        Ok(("ok", vec![Value::text(her.first_name())]))
    }
}

/// What a block is called: its own words or, where values stand among them, which are hers, the option
/// that leads to it.
pub(super) fn name(graph: &Graph, block: &str, lang: Lang) -> Option<String> {
    let say = graph.nodes.iter().find(|node| node.name == block)?.say()?;
    let place = graph.langs.iter().position(|known| *known == lang).unwrap_or_default();
    let before = |text| before_values(text, place);
    let words = match before(say) {
        (words, true) => words,
        (words, false) => {
            let option = trail(graph, block).and_then(|(_, option)| option);
            option.map(|option| before(option).0).filter(|option| !option.is_empty()).unwrap_or(words)
        }
    };
    Some(fit::cut(&words, usize::from(super::stuck::LONGEST_PLACE_NAME)).0.to_owned())
}

/// The words of a text up to its first value, and whether that is all of it.
fn before_values(text: &Text, place: usize) -> (String, bool) {
    let pieces = text.by_lang.get(place).map_or(&[][..], Vec::as_slice);
    let spoken = pieces.iter().map_while(|piece| match piece {
        Piece::Literal(words) => Some(words.as_str()),
        Piece::Value(_) => None,
    });
    let words = spoken.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ");
    match pieces.iter().all(|piece| matches!(piece, Piece::Literal(_))) {
        true => (words, true),
        false => (words.trim_end_matches(|c: char| !c.is_alphanumeric()).to_owned(), false),
    }
}

/// The shortest way of keys from the first screen to a block; a star stands for an answer of her own.
fn way(graph: &Graph, block: &str) -> Option<String> {
    let way = trail(graph, block)?.0.join(" ");
    (!way.is_empty() && way.chars().count() <= LONGEST_WAY).then_some(way)
}

/// The keys of that way, and the last option on it.
fn trail<'g>(graph: &'g Graph, block: &str) -> Option<(Vec<String>, Option<&'g Text>)> {
    let first = graph.nodes.iter().position(|node| node.name == "home")?;
    let (mut seen, mut ends) = (BTreeSet::from([first]), VecDeque::from([(first, Vec::new(), None)]));
    while let Some((at, keys, option)) = ends.pop_front() {
        let node = graph.nodes.get(at)?;
        if node.name == block {
            return Some((keys, option));
        }
        let steps: Vec<(Option<String>, usize, Option<&Text>)> = match &node.kind {
            Kind::Screen { choices, .. } => choices
                .iter()
                .filter_map(|choice| match &choice.to {
                    Target::Node { node, .. } => {
                        Some((Some(choice.key.to_string()), usize::from(node.0), Some(&choice.label)))
                    }
                    Target::Resume => None,
                })
                .collect(),
            Kind::Do { .. } => {
                node.leads_to().iter().map(|node| (None, usize::from(node.0), option)).collect()
            }
            // Where a right answer leads; giving up is no way.
            _ => node
                .leads_to()
                .first()
                .map(|node| (Some("*".to_owned()), usize::from(node.0), option))
                .into_iter()
                .collect(),
        };
        for (key, to, option) in steps {
            if seen.insert(to) {
                let keys: Vec<String> = keys.iter().cloned().chain(key).collect();
                ends.push_back((to, keys, option));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::vocabulary::vocabulary;
    use crate::menu::{
        builtin,
        check::{Limits, compile},
    };

    #[test]
    fn a_way_names_keys_and_leaves_her_own_answers_out() {
        let (graphs, _) =
            compile(&builtin::sources(), &vocabulary(), &Limits::default()).expect("sound menus");
        let graph = graphs.iter().find(|graph| graph.name == "artisan").expect("the tree");
        assert_eq!(way(graph, "sell.price").as_deref(), Some("1 * *"));
        assert_eq!(way(graph, "pay.pin").as_deref(), Some("3 1 *"));
        assert_eq!(way(graph, "home"), None, "nothing to press");
        assert_eq!(way(graph, "nowhere"), None);
    }

    #[test]
    fn a_place_has_whole_words_for_a_name_and_no_value_of_hers() {
        let (graphs, _) =
            compile(&builtin::sources(), &vocabulary(), &Limits::default()).expect("sound menus");
        let graph = graphs.iter().find(|graph| graph.name == "artisan").expect("the tree");
        let en = |block| name(graph, block, Lang::EN);
        assert_eq!(en("sell.kind").as_deref(), Some("What have you made?"), "nothing in it is hers");
        for (block, called) in [
            ("money", "Money"),
            ("pay.amount", "Send to M-Pesa"),
            ("pay.pin", "Send to M-Pesa"),
            ("sell.check", "Sell a piece"),
            ("order.show", "Orders"),
        ] {
            assert_eq!(en(block).as_deref(), Some(called), "{block}");
        }
        assert_eq!(name(graph, "money", Lang::SW).as_deref(), Some("Pesa"));
    }
}
