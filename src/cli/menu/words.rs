//! `sokoni menu words`: what a menu file may name that stands in no menu file.

use super::CLEAN;
use crate::{
    engine::vocabulary::vocabulary,
    menu::vocabulary::{Type, Vocabulary},
};
use clap::Args;
use std::io::{self, Write};

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
    let wanted = |line: &String| args.about.as_ref().is_none_or(|about| line.contains(about.as_str()));
    for (title, lines) in sections(&vocabulary()) {
        let lines: Vec<String> = lines.into_iter().filter(wanted).collect();
        if !lines.is_empty() {
            writeln!(out, "{title}")?;
            lines.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
            writeln!(out)?;
        }
    }
    Ok(CLEAN)
}

fn sections(vocabulary: &Vocabulary) -> [(&'static str, Vec<String>); 5] {
    let values = vocabulary.globals.iter().map(|(name, ty)| format!("{{{name}}}: {}", called(ty)));
    let records = vocabulary.records.iter().map(|(name, fields)| {
        let fields: Vec<String> =
            fields.iter().map(|(field, ty)| format!("{field}: {}", called(ty))).collect();
        format!("{name}: {}", fields.join(", "))
    });
    let enums = vocabulary.enums.iter().map(|(name, words)| format!("{name}: {}", words.join(" ")));
    let lists = vocabulary.queries.iter().map(|(name, query)| {
        let item = &query.item;
        format!("{name}({}): rows are each `(row: {item})`", params(&query.params))
    });
    let actions = vocabulary.actions.iter().map(|(name, action)| {
        let kind = match (action.money, action.changes) {
            (true, _) => ", behind a pin, once",
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
        ("Values, in any text", values.collect()),
        ("Records and their fields", records.collect()),
        ("Closed sets and their words", enums.collect()),
        ("What a `list` may show", lists.collect()),
        ("What a `do` may call, and every outcome", actions.collect()),
    ]
}

fn params(params: &[(String, Type)]) -> String {
    let params: Vec<String> = params.iter().map(|(name, ty)| format!("{name}: {}", called(ty))).collect();
    params.join(", ")
}

/// A type as a menu file writes it.
fn called(ty: &Type) -> String {
    match ty {
        Type::Kes => "kes".to_owned(),
        Type::Cents => "kes with cents".to_owned(),
        Type::Int { min, max } => format!("int {min}..{max}"),
        Type::Text(width) => format!("text {width}"),
        Type::Date => "date".to_owned(),
        Type::Time => "time".to_owned(),
        Type::Phone => "phone".to_owned(),
        Type::Code(kind) => format!("code of {} digits", kind.digits()),
        Type::Enum(name) | Type::Record(name) => name.clone(),
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
        assert!(payout.contains("behind a pin, once -> ") && payout.ends_with(", fault"), "{payout}");
    }

    #[test]
    fn one_word_narrows_the_list() {
        let about = told(Some("listing"));
        assert!(about.contains("listing.create(") && !about.contains("ledger.recent"), "{about}");
        assert_eq!(told(Some("nothing of the sort")), "");
    }
}
