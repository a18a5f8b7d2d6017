//! What the shop says of a maker beside her first name and her area: her story as she told it and her
//! photograph, with her consent, for as long as she wants.

use super::listing::Photo;
use crate::types::{Timestamp, text};
use serde::{Deserialize, Serialize};

/// The most letters of a story.
pub const LONGEST: usize = 600;
/// The fewest: less tells nothing of anybody.
const SHORTEST: usize = 20;
/// The most letters about how she agreed.
pub const LONGEST_CONSENT: usize = 200;
/// So many digits, with what people write between them, may be a phone.
const PHONE: usize = 6;

/// A maker's story.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// In English; empty where there is only a photograph.
    pub en: String,
    /// In French, where somebody has written it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fr: String,
    /// Her photograph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub photo: Option<Photo>,
    /// How and when she agreed; shown to nobody outside.
    pub consent: String,
    /// Who wrote it down.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

/// Why a story is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Not so many letters.
    #[error("write {SHORTEST} to {LONGEST} letters")]
    Long,
    /// A name by which she can be found.
    #[error("the shop says first names only; leave her other names out")]
    Name,
    /// What may be a phone.
    #[error("leave phone numbers out; shoppers reach makers through the shop")]
    Phone,
    /// An address elsewhere.
    #[error("leave addresses of pages and mail out")]
    Address,
    /// How she agreed is not said.
    #[error("say how and when she agreed, in at most {LONGEST_CONSENT} letters")]
    Consent,
}

/// A story as it is shown: blanks folded, a line for each paragraph. `name` is her full name.
///
/// # Errors
/// Why it cannot be.
pub fn fit(story: &str, name: &str) -> Result<String, Unfit> {
    let lines: Vec<String> = story.lines().filter_map(text::folded).collect();
    let story = lines.join("\n");
    let letters = story.chars().count();
    if !(SHORTEST..=LONGEST).contains(&letters) || story.chars().any(|c| c.is_control() && c != '\n') {
        return Err(Unfit::Long);
    }
    let small = story.to_lowercase();
    let is_said = |word: &str| small.split(|c: char| !c.is_alphanumeric()).any(|said| said == word);
    if name.to_lowercase().split_whitespace().skip(1).any(|word| word.chars().count() > 1 && is_said(word)) {
        return Err(Unfit::Name);
    }
    let (mut digits, mut most) = (0, 0);
    for c in small.chars() {
        digits = match c {
            c if c.is_numeric() => digits + 1,
            ' ' | '-' | '.' | '/' | '(' | ')' | '+' => digits,
            _ => 0,
        };
        most = most.max(digits);
    }
    // Years may stand beside one another: 1998-2011 are eight digits, and no phone begins so.
    if most > 8 || (most >= PHONE && !are_years(&small)) {
        return Err(Unfit::Phone);
    }
    let points = small.contains('@') || small.contains("://") || small.contains("www.");
    if points { Err(Unfit::Address) } else { Ok(story) }
}

/// Whether every number in it is as long as a year or shorter, and not more than two stand together.
fn are_years(text: &str) -> bool {
    text.split(|c: char| !c.is_numeric()).all(|number| number.len() <= 4)
}

/// How she agreed, as it is kept.
///
/// # Errors
/// When it says nothing.
pub fn agreed(consent: &str) -> Result<String, Unfit> {
    let said = text::folded(consent).filter(|said| said.chars().count() <= LONGEST_CONSENT);
    said.ok_or(Unfit::Consent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GOOD: &str = "Achieng learnt from her aunt in 1998.\nShe works brass.";

    #[test]
    fn a_story_is_kept_by_its_paragraphs_without_stray_blanks() {
        let typed = "  Achieng learnt   from her aunt in 1998. \r\n\r\n\tShe works brass. ";
        assert_eq!(fit(typed, "Achieng Odhiambo"), Ok(GOOD.to_owned()));
        for years in
            ["She taught from 1998-2011, and has 12 helpers.", "From 1998 to 2011 she taught others."]
        {
            assert!(fit(years, "Achieng Odhiambo").is_ok(), "{years}");
        }
    }

    #[test]
    fn what_leads_to_her_elsewhere_is_not_shown() {
        let says = |more: &str| fit(&format!("{GOOD} {more}"), "Achieng Akoth Odhiambo");
        for (more, why) in [
            ("Mama Odhiambo is known to all.", Unfit::Name),
            ("AKOTH's brass", Unfit::Name),
            ("Call 0712 345 678.", Unfit::Phone),
            ("Call 0712-345-678", Unfit::Phone),
            ("Call 345678.", Unfit::Phone),
            ("Call 07.12.34.56.78", Unfit::Phone),
            ("Her shop: www.brass.example", Unfit::Address),
            ("Her shop: https://brass.example", Unfit::Address),
            ("achieng@example.org", Unfit::Address),
            ("a bell \u{7} rings", Unfit::Long),
        ] {
            assert_eq!(says(more), Err(why), "{more}");
        }
        assert_eq!(fit("Hers.", "Achieng"), Err(Unfit::Long));
        assert_eq!(fit(&"o".repeat(LONGEST + 1), "Achieng"), Err(Unfit::Long));
        assert_eq!((agreed(" \n "), agreed(&"o".repeat(201))), (Err(Unfit::Consent), Err(Unfit::Consent)));
        assert_eq!(agreed(" on paper,\n 3 May "), Ok("on paper, 3 May".to_owned()));
    }

    proptest! {
        #[test]
        fn what_is_fit_is_fit_as_it_is_kept_and_names_her_by_her_first_name_only(
            typed in "[A-Za-z0-9 .\\n@-]{0,80}", family in "[A-Z][a-z]{2,8}",
        ) {
            let name = format!("Achieng {family}");
            if let Ok(kept) = fit(&typed, &name) {
                prop_assert_eq!(fit(&kept, &name), Ok(kept.clone()));
                let words = kept.to_lowercase();
                let family = family.to_lowercase();
                prop_assert!(!words.split(|c: char| !c.is_alphanumeric()).any(|word| word == family));
            }
        }
    }
}
