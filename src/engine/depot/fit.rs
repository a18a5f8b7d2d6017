//! What words come to on the air, told while somebody types them: in how many SMS each of their texts goes,
//! how much of the last one is filled, which letters no plain SMS has. Whether they can be sent is said by
//! the checker that judges them when they are.

use super::desk::FitWish;
use crate::engine::Engine;
use crate::engine::view::read;
use crate::engine::work::Fault;
use crate::gsm::fit::{SMS_SEPTETS, septets, units, units_for};
use crate::gsm::{alphabet, segment};
use crate::market::listing::{LONGEST_ADVICE, Listing};
use crate::market::party::Party;
use crate::menu::value::Value;
use crate::types::{CodeKind, Lang, SpokenCode, text};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Letters of a part where more than one SMS is needed: septets, and units of UCS-2 (3GPP TS 23.040, 9.2.3.24.1).
const OF_PART: (usize, usize) = (153, 67);

/// One text that a phone would get.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FitRow {
    /// In which language.
    pub lang: Lang,
    /// `septets` of the plain alphabet, or `units` of UCS-2.
    pub unit: String,
    /// How many it has, with what stands around the words.
    pub used: usize,
    /// How many so many SMS hold.
    pub most: usize,
    /// How many SMS it is.
    pub sms: usize,
    /// Letters for which a plain text would go as UCS-2.
    pub strange: Vec<String>,
    /// The same in words.
    pub says: String,
}

/// What words come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fit {
    /// Each text.
    pub rows: Vec<FitRow>,
    /// Why they would not be sent as they are; none where they would.
    pub why: Option<String>,
}

/// What a text comes to. `around` is the same text without the words: where that is plain, letters that no
/// plain text has are named.
fn row(lang: Lang, said: &str, around: &str) -> FitRow {
    // As it is sent: typographic marks become those that phones have.
    let sent = alphabet::simplify(said);
    let sms = segment::parts(&sent);
    let most = |alone: usize, part: usize| if sms <= 1 { alone } else { sms * part };
    let (unit, used, most) = match septets(&sent) {
        Some(used) => ("septets", used, most(SMS_SEPTETS, OF_PART.0)),
        None => ("units", units(&sent), most(units_for(SMS_SEPTETS), OF_PART.1)),
    };
    let plain = septets(&alphabet::simplify(around)).is_some();
    let letters: BTreeSet<char> = sent.chars().filter(|c| plain && alphabet::code(*c).is_none()).collect();
    let strange: Vec<String> = letters.into_iter().map(String::from).collect();
    let many = if sms == 1 { "one SMS".to_owned() } else { format!("{sms} SMS") };
    let mut says = format!("{lang}: {used} of {most} {unit}, {many}");
    if !strange.is_empty() {
        says.push_str(&format!(
            "; because of {} it needs UCS-2, which holds half as much",
            strange.join(" ")
        ));
    }
    FitRow { lang, unit: unit.to_owned(), used, most, sms, strange, says }
}

impl Engine {
    /// What the words of a wish come to, said by somebody of this name.
    pub(super) async fn fit_of(&self, by: &str, wish: &FitWish) -> Result<Fit, Fault> {
        let edition = self.menus.edition();
        match wish {
            FitWish::Tip { texts } => {
                let mut rows = Vec::new();
                for (lang, words) in texts.iter().filter(|(_, words)| !words.trim().is_empty()) {
                    let say = |words: &str| edition.say("tip", &[Value::text(words)], *lang);
                    let (Ok(said), Ok(around)) = (say(words), say("")) else { continue };
                    rows.push(row(*lang, &said, &around));
                }
                let written = texts.iter().filter(|(_, words)| !words.trim().is_empty());
                let written = written.map(|(lang, words)| (*lang, words.clone())).collect();
                let judged = self.judge_texts("tip", &written, |words| vec![Value::text(words)]);
                Ok(Fit { rows, why: judged.err() })
            }
            FitWish::Advise { listing, text: words } => {
                let code = SpokenCode::parse(CodeKind::Listing, listing).ok();
                let mut work = self.work(self.clock.now())?;
                let known = match code {
                    Some(code) => read::<Listing>(&mut work, code).await?,
                    None => None,
                };
                let maker = match &known {
                    Some(listing) => read::<Party>(&mut work, listing.maker).await?,
                    None => None,
                };
                let lang = maker.map_or(Lang::EN, |maker| maker.lang);
                let code = known.as_ref().map_or_else(|| SpokenCode::nth(CodeKind::Listing, 0), |l| l.code);
                let by = text::first_name(by);
                let say = |words: &str| {
                    edition.say("advice", &[Value::text(&by), Value::Code(code), Value::text(words)], lang)
                };
                let around = say("").map_err(Fault::Broken)?;
                let mut rows = Vec::new();
                for part in text::parts(words, LONGEST_ADVICE) {
                    rows.push(row(lang, &say(&part).map_err(Fault::Broken)?, &around));
                }
                let most = crate::market::listing::MOST_PARTS;
                let why = match known {
                    None => Some("no piece has this number".to_owned()),
                    Some(_) if rows.len() > most => Some(format!("at most {most} texts of it are sent")),
                    Some(_) => None,
                };
                Ok(Fit { rows, why })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_that_no_plain_text_has_is_named_with_what_it_costs() {
        let plain = row(Lang::EN, &"a".repeat(100), "");
        assert_eq!((plain.used, plain.most, plain.sms, plain.strange.len()), (100, 160, 1, 0));
        assert_eq!(plain.says, "en: 100 of 160 septets, one SMS");
        let costly = row(Lang::EN, &format!("{}ĩ", "a".repeat(70)), "");
        assert_eq!((costly.used, costly.most, costly.sms), (71, 134, 2));
        assert!(costly.says.contains("because of ĩ it needs UCS-2"), "{}", costly.says);
        // A curly apostrophe leaves as a straight one; what is a language's own is nothing strange.
        assert_eq!(row(Lang::EN, "it’s", "").unit, "septets");
        let own = row("am".parse().expect("a language"), "ሰላም", "ማቆም");
        assert_eq!((own.unit.as_str(), own.strange.len(), own.most), ("units", 0, 70));
    }
}
