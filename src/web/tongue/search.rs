//! What somebody typed into the search, as what pieces are found by.

use super::Tongue;
use crate::{
    engine::shopfront::{Aisles, Term},
    types::text::{first_name, one_slip, sought},
};

/// The most words that are looked for.
const MOST_WORDS: usize = 6;
/// The longest word that is looked for, in letters.
const LONGEST_WORD: usize = 24;
/// From so many letters on a word may be mistyped.
const SHORTEST_SLIP: usize = 4;

/// Words that narrow nothing: the shop is one town's, and these join others.
const IDLE: [&str; 54] = [
    "a",
    "an",
    "and",
    "au",
    "autre",
    "autres",
    "aux",
    "avec",
    "by",
    "cha",
    "d",
    "dans",
    "de",
    "des",
    "du",
    "en",
    "et",
    "femme",
    "femmes",
    "for",
    "from",
    "in",
    "katika",
    "kenya",
    "kwa",
    "l",
    "la",
    "le",
    "les",
    "made",
    "man",
    "materials",
    "matieres",
    "men",
    "na",
    "nairobi",
    "of",
    "or",
    "ou",
    "par",
    "piece",
    "pieces",
    "pour",
    "sans",
    "the",
    "un",
    "une",
    "wa",
    "with",
    "without",
    "woman",
    "women",
    "ya",
    "za",
];

/// What people call kinds and materials beside their own names, in the languages of the shop and of its
/// makers.
const ALSO: [(&str, &str); 34] = [
    ("necklace", "necklaces"),
    ("necklace", "chain"),
    ("necklace", "colliers"),
    ("necklace", "mkufu"),
    ("necklace", "mikufu"),
    ("bracelet", "bracelets"),
    ("bracelet", "bangle"),
    ("bracelet", "bangles"),
    ("bracelet", "bangili"),
    ("earrings", "earring"),
    ("earrings", "boucles"),
    ("earrings", "boucle"),
    ("earrings", "oreilles"),
    ("earrings", "hereni"),
    ("ring", "rings"),
    ("ring", "bagues"),
    ("ring", "anneau"),
    ("ring", "pete"),
    ("other", "others"),
    ("brass", "shaba"),
    ("brass", "cuivre"),
    ("beads", "bead"),
    ("beads", "beaded"),
    ("beads", "perle"),
    ("beads", "shanga"),
    ("bone", "bones"),
    ("bone", "horn"),
    ("bone", "corne"),
    ("bone", "pembe"),
    ("bone", "mfupa"),
    ("wood", "wooden"),
    ("wood", "mbao"),
    ("mixed", "mixte"),
    ("mixed", "mchanganyiko"),
];

/// Whether a word of the menus is called so, or almost so.
fn is_called(word: &str, names: [String; 2], typed: &str, slip: bool) -> bool {
    let fits = |name: &str| match slip {
        true => typed.chars().count() >= SHORTEST_SLIP && one_slip(name, typed),
        false => name == typed,
    };
    let own = names.iter().flat_map(|name| name.split([' ', '’', '\'', '-'])).map(sought);
    let also = ALSO.iter().filter(|(of, _)| *of == word).map(|(_, name)| (*name).to_owned());
    let mut all = own.chain(also).chain([sought(word)]);
    // Short words such as "or" join the names of a material.
    all.any(|name| !IDLE.contains(&name.as_str()) && fits(&name))
}

/// The words of what is on sale that are called so.
fn called(aisles: &Aisles, typed: &str, slip: bool) -> Vec<Term> {
    let kinds = aisles
        .kinds
        .iter()
        .filter(|word| is_called(word, Tongue::ALL.map(|tongue| tongue.kind(word)), typed, slip));
    let stuffs = aisles
        .stuffs
        .iter()
        .filter(|word| is_called(word, Tongue::ALL.map(|tongue| tongue.stuff(word)), typed, slip));
    kinds.cloned().map(Term::Kind).chain(stuffs.cloned().map(Term::Stuff)).collect()
}

/// Whether a term is of a kind or of a material, meant or mistyped.
fn family(term: &Term) -> Option<bool> {
    match term {
        Term::Kind(_) => Some(true),
        Term::Stuff(_) => Some(false),
        Term::Else(_, then) => then.first().and_then(family),
        _ => None,
    }
}

/// Whether two words are of one family: a piece is of one kind and of one material, so that two of them
/// leave a choice.
fn same_family(one: &[Term], other: &[Term]) -> bool {
    let of = |terms: &[Term]| terms.first().and_then(family);
    of(one).is_some() && of(one) == of(other)
}

/// What one word may mean: a kind, a material, a place, somebody's name. What is almost the word is meant
/// only when nothing on sale is exactly so.
fn meanings(word: &str, also: &[Term], aisles: &Aisles) -> Vec<Term> {
    let exact = called(aisles, word, false);
    let others = [Term::Place(word.to_owned()), Term::Name(sought(&first_name(word)))];
    let others = others.into_iter().chain(also.iter().cloned());
    if !exact.is_empty() {
        return exact.into_iter().chain(others).collect();
    }
    let mut near = called(aisles, word, true);
    near.push(Term::Like(word.to_owned()));
    vec![Term::Else(others.collect(), near)]
}

/// What the typed words may mean, a choice each. A word with an apostrophe or a hyphen in it may be a name,
/// as *Ng'ang'a*, or words of their own, as *boucles d'oreilles*.
pub(in crate::web) fn terms(typed: &str, aisles: &Aisles) -> Vec<Vec<Term>> {
    let joins = |c: char| matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | '-' | '‐' | '_');
    let is_word = |word: &String| !word.is_empty() && word.chars().count() <= LONGEST_WORD;
    let meant = typed.split(|c: char| !c.is_alphanumeric() && !joins(c)).flat_map(|chunk| {
        let parts: Vec<String> = chunk.split(joins).map(sought).filter(is_word).collect();
        let whole = Some(sought(chunk)).filter(|whole| parts.len() > 1 && is_word(whole));
        let also: Vec<Term> = whole.map_or_else(Vec::new, |whole| {
            vec![Term::Place(whole.clone()), Term::Name(sought(&first_name(chunk)))]
        });
        let said: Vec<String> = parts.iter().filter(|word| !IDLE.contains(&word.as_str())).cloned().collect();
        // Of nothing but idle words the whole may still be somebody's name.
        let said = if said.is_empty() && !also.is_empty() { parts } else { said };
        said.into_iter().map(move |word| (word, also.clone())).collect::<Vec<_>>()
    });
    let meant = meant.take(MOST_WORDS).map(|(word, also)| meanings(&word, &also, aisles));
    let mut choices: Vec<Vec<Term>> = Vec::new();
    for terms in meant {
        match choices.iter_mut().find(|known| same_family(known, &terms)) {
            Some(known) => {
                let new: Vec<Term> = terms.into_iter().filter(|term| !known.contains(term)).collect();
                known.extend(new);
            }
            None => choices.push(terms),
        }
    }
    choices
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is meant of kinds and materials.
    fn means(typed: &str) -> Vec<Vec<Term>> {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let kinds = words(&["necklace", "earrings", "ring", "other"]);
        let aisles = Aisles { kinds, stuffs: words(&["brass", "beads", "bone"]), ..Aisles::default() };
        let flat = |term: Term| match term {
            Term::Else(_, near) => near,
            term => vec![term],
        };
        let mut all: Vec<Vec<Term>> = terms(typed, &aisles)
            .into_iter()
            .map(|terms| terms.into_iter().flat_map(flat).collect())
            .collect();
        all.iter_mut().for_each(|terms| terms.retain(|term| matches!(term, Term::Kind(_) | Term::Stuff(_))));
        all
    }

    #[test]
    fn a_word_is_understood_in_each_language_and_with_one_slip() {
        let kind = |word: &str| vec![Term::Kind(word.to_owned())];
        let stuff = |word: &str| vec![Term::Stuff(word.to_owned())];
        assert_eq!(means("Brass necklaces"), [stuff("brass"), kind("necklace")]);
        assert_eq!(means("collier en laiton"), [kind("necklace"), stuff("brass")]);
        assert_eq!(means("boucles d’oreilles de perles"), [kind("earrings"), stuff("beads")]);
        assert_eq!(means("mkufu wa shaba"), [kind("necklace"), stuff("brass")]);
        assert_eq!(means("brass-ring"), [stuff("brass"), kind("ring")]);
        assert_eq!(means("brass pieces for women"), [stuff("brass")]);
        let either = vec![Term::Kind("necklace".to_owned()), Term::Kind("ring".to_owned())];
        assert_eq!(means("collier ou bague"), [either]);
        assert_eq!(means("neclace of bras"), [kind("necklace"), stuff("brass")]);
        assert_eq!(means("horn, Nairobi"), [stuff("bone")]);
    }

    fn so(words: &[&str]) -> Vec<Term> {
        words
            .iter()
            .flat_map(|word| [Term::Place((*word).to_owned()), Term::Name((*word).to_owned())])
            .collect()
    }

    #[test]
    fn every_word_may_be_a_name_or_a_place_and_many_words_are_cut() {
        let all = terms("achieng kibera", &Aisles::default());
        let either = |word: &str| vec![Term::Else(so(&[word]), vec![Term::Like(word.to_owned())])];
        assert_eq!(all, [either("achieng"), either("kibera")]);
        assert_eq!(terms(&"w1 ".repeat(40), &Aisles::default()).len(), MOST_WORDS);
        assert!(terms(" , . ", &Aisles::default()).is_empty());
    }

    #[test]
    fn a_name_is_found_as_it_is_written_with_its_apostrophes_and_hyphens() {
        for (typed, name) in [("Ng'ang'a", "nganga"), ("ng’ang’a", "nganga"), ("Jean-Paul", "jeanpaul")] {
            let all = terms(typed, &Aisles::default());
            assert!(!all.is_empty());
            for terms in all {
                let [Term::Else(exact, _)] = terms.as_slice() else { panic!("{typed}: {terms:?}") };
                assert!(exact.contains(&Term::Name(name.to_owned())), "{typed}: {exact:?}");
            }
        }
        // An area of two words is found by both.
        assert_eq!(terms("mathare_north", &Aisles::default()).len(), 2);
    }

    #[test]
    fn a_long_first_name_is_looked_for_as_far_as_it_is_shown() {
        let all = terms("featherstonehaugh", &Aisles::default());
        let [Term::Else(exact, _)] = all[0].as_slice() else { panic!("{all:?}") };
        assert_eq!(exact[1], Term::Name("featherstone".to_owned()));
    }
}
