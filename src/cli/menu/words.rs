//! `sokoni menu words`: what a menu file may name that stands in no menu file.

use super::CLEAN;
use crate::{
    engine::vocabulary::vocabulary,
    gsm::fit,
    menu::{
        template::Words,
        vocabulary::{Type, Vocabulary},
    },
    types::Lang,
};
use clap::Args;
use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

/// List what menus may use: values, records with their fields, lists, and actions with their outcomes
#[derive(Debug, Args)]
pub struct WordsArgs {
    /// Only lines in which this stands, such as `order`.
    pub about: Option<String>,
}

/// Lists it.
///
/// # Errors
/// Output that cannot be written.
pub fn run(args: &WordsArgs, out: &mut impl Write) -> io::Result<u8> {
    let about = args.about.as_ref().map(|about| about.to_lowercase());
    let wanted = |line: &String| about.as_ref().is_none_or(|about| line.to_lowercase().contains(about));
    let mut found = false;
    for (title, lines) in sections(&vocabulary()) {
        let lines: Vec<String> = lines.into_iter().filter(wanted).collect();
        found |= !lines.is_empty();
        if !lines.is_empty() {
            writeln!(out, "{title}")?;
            lines.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
            writeln!(out)?;
        }
    }
    if let Some(about) = args.about.as_ref().filter(|_| !found) {
        writeln!(
            out,
            "nothing that menus may name has to do with `{about}`; without a word, all of it is listed"
        )?;
    }
    Ok(CLEAN)
}

/// Values that the engine gives, each with where a text may show it or an action take it.
const OF_THE_ENGINE: [&str; 10] = [
    "{at}: text 40, in `resume`: the first words of where she was",
    "{left}: int 1..9, in the `bad` of a `pin`: how many tries are left",
    "{min}, {max}: in an `ask` for `kes` or `int`: the bounds",
    "here: text 40, as an argument of an action: the block where she is",
    "draft: draft, as an argument of the `sms` of a `drop`: what was answered so far",
    "heard: text 40, as an argument of the `sms` of a `half`: what was understood",
    "miss: text 40, as an argument of the `sms` of a `half`: what was not, by the labels of `enum slot`",
    "echo: text 40, as an argument of the `sms` of a `half`: the number that is not right",
    "the name of a `pick` or an `ask`: its answer, in every text behind it: {sell.price}",
    "the name behind `as`, in the brackets of a header or of an outcome: a row, a parameter, what came: {o.code}",
];

fn sections(vocabulary: &Vocabulary) -> [(&'static str, Vec<String>); 6] {
    let values = vocabulary.globals.iter().map(|(name, ty)| format!("{{{name}}}: {}", measured(ty)));
    let records = vocabulary.records.iter().map(|(name, fields)| {
        let fields: Vec<String> =
            fields.iter().map(|(field, ty)| format!("{field}: {}", measured(ty))).collect();
        format!("{name}: {}", fields.join(", "))
    });
    let known = vocabulary.enums.iter().map(|(name, words)| format!("{name}: {}", words.join(" ")));
    let own = sets_of_menus(vocabulary);
    let own = own.iter().map(|name| format!("{name}: what your own `enum {name}` says"));
    let lists = vocabulary.queries.iter().map(|(name, query)| {
        let item = &query.item;
        format!("{name}({}): rows are each `(row: {item})`", params(&query.params))
    });
    let actions = vocabulary.actions.iter().map(|(name, action)| {
        let kind = match (action.money, action.changes) {
            (true, _) => ", moves money: behind a pin, once",
            (false, true) => ", once",
            _ => "",
        };
        let outcomes: Vec<String> = action
            .outcomes
            .iter()
            .map(|(outcome, brings)| {
                let brings: Vec<String> = brings.iter().map(called).collect();
                if brings.is_empty() { outcome.clone() } else { format!("{outcome}({})", brings.join(", ")) }
            })
            .chain(["fault".to_owned()])
            .collect();
        format!("{name}({}){kind} -> {}", params(&action.params), outcomes.join(", "))
    });
    [
        ("Values, in any text; in brackets the most septets one takes", values.collect()),
        ("Values of the engine and of your own blocks", OF_THE_ENGINE.map(str::to_owned).to_vec()),
        ("Records and their fields; `o: order` has `{o.code}`", records.collect()),
        (
            "Closed sets and their words, for `when me.has_pin = yes`; a text that shows one needs its labels, in an `enum`",
            known.chain(own).collect(),
        ),
        ("What a `list` may show", lists.collect()),
        ("What a `do` may call, and every outcome with what it brings", actions.collect()),
    ]
}

/// Sets that the domain leaves to the menus.
fn sets_of_menus(vocabulary: &Vocabulary) -> BTreeSet<&str> {
    let fields = vocabulary.records.values().flat_map(|fields| fields.values());
    let params = vocabulary.actions.values().flat_map(|action| action.params.iter().map(|(_, ty)| ty));
    let sets = vocabulary.globals.values().chain(fields).chain(params).filter_map(|ty| match ty {
        Type::Enum(set) => Some(set.as_str()),
        _ => None,
    });
    sets.filter(|set| !vocabulary.enums.contains_key(*set)).collect()
}

fn params(params: &[(String, Type)]) -> String {
    let params: Vec<String> = params.iter().map(|(name, ty)| format!("{name}: {}", called(ty))).collect();
    params.join(", ")
}

/// A type as a menu file writes it.
fn called(ty: &Type) -> String {
    match ty {
        Type::Kes => "kes".to_owned(),
        Type::Cents => "cents".to_owned(),
        Type::Int { min, max } => format!("int {min}..{max}"),
        Type::Text(width) => format!("text {width}"),
        Type::Date => "date".to_owned(),
        Type::Time => "time".to_owned(),
        Type::Phone => "phone".to_owned(),
        Type::Code(kind) => format!("code {}", kind.word()),
        Type::Enum(name) | Type::Record(name) => name.clone(),
    }
}

/// The same with the most septets it takes, but where the type says so itself or the labels decide.
fn measured(ty: &Type) -> String {
    let words = Words { langs: &[Lang::EN], enums: &BTreeMap::new() };
    match words.widest(ty, 0).and_then(|widest| fit::septets(&widest)) {
        Some(width) if !matches!(ty, Type::Text(_)) => format!("{} ({width})", called(ty)),
        _ => called(ty),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(about: Option<&str>) -> String {
        let mut out = Vec::new();
        let args = WordsArgs { about: about.map(str::to_owned) };
        assert_eq!(run(&args, &mut out).expect("written"), CLEAN);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn everything_that_the_domain_offers_is_listed_with_what_it_takes_and_brings() {
        let (all, vocabulary) = (told(None), vocabulary());
        let names = vocabulary.queries.keys().chain(vocabulary.actions.keys());
        for name in names.chain(vocabulary.records.keys()).chain(vocabulary.enums.keys()) {
            assert!(all.contains(&format!("  {name}")), "{name} in\n{all}");
        }
        assert!(vocabulary.globals.keys().all(|name| all.contains(&format!("{{{name}}}"))));
        assert!(all.contains("ledger.recent(): rows are each `(row: entry)`"), "{all}");
        let payout = all.lines().find(|line| line.trim().starts_with("payout.request(")).expect("payouts");
        assert!(
            payout.contains("moves money: behind a pin, once -> ") && payout.ends_with(", fault"),
            "{payout}"
        );
    }

    #[test]
    fn every_type_stands_as_a_menu_writes_it_with_the_septets_it_takes() {
        let all = told(None);
        for line in
            ["{me.free}: cents (10)", "{me.first}: text 12\n", "{me.code}: code listing (8)", "{left}: "]
        {
            assert!(all.contains(line), "{line} in\n{all}");
        }
        assert!(
            all.contains("kind: what your own `enum kind` says") && all.contains("yes_no: yes no"),
            "{all}"
        );
    }

    #[test]
    fn one_word_narrows_the_list() {
        let about = told(Some("listing"));
        assert!(about.contains("listing.create(") && !about.contains("ledger.recent"), "{about}");
        assert!(told(Some("LISTING")).contains("listing.create("));
        assert!(told(Some("nothing of the sort")).starts_with("nothing that menus may name"));
    }
}
