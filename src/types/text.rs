//! Words that people give us, made safe to keep and to send.

/// A person's name as it is kept: blanks folded, control characters and markup dropped, each
/// word beginning with a capital, at most `limit` characters, cut between words where one can.
pub fn person_name(text: &str, limit: usize) -> Option<String> {
    let words: Vec<String> = text
        .split_whitespace()
        .map(|word| {
            let kept: String =
                word.chars().filter(|c| c.is_alphabetic() || matches!(c, '\'' | '-')).collect();
            let mut letters = kept.chars();
            match letters.next() {
                Some(first) => first.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect(),
                None => String::new(),
            }
        })
        .filter(|word: &String| !word.is_empty())
        .collect();
    let mut name = String::new();
    for word in words {
        if !name.is_empty() && name.chars().count() + 1 + word.chars().count() > limit {
            break;
        }
        if !name.is_empty() {
            name.push(' ');
        }
        name.extend(word.chars().take(limit));
    }
    (!name.is_empty()).then_some(name)
}

/// The first word, at most twelve characters: how a screen addresses somebody.
pub fn first_name(name: &str) -> String {
    name.split(' ').next().unwrap_or_default().chars().take(12).collect()
}

/// A word as it is looked for: small letters without accents, nothing but letters and digits.
pub fn sought(word: &str) -> String {
    let plain = |c: char| match c {
        'à'..='å' => 'a',
        'ç' => 'c',
        'è'..='ë' => 'e',
        'ì'..='ï' => 'i',
        'ñ' => 'n',
        'ò'..='ö' => 'o',
        'ù'..='ü' => 'u',
        other => other,
    };
    word.chars().flat_map(char::to_lowercase).map(plain).filter(|c| c.is_alphanumeric()).collect()
}

/// Whether one slip of a finger makes one word of the other: a letter more, less or another, or two
/// neighbours that changed places.
pub fn one_slip(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let (a, b) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[same..], &b[same..]);
    match (a, b) {
        ([], []) => true,
        ([_, rest @ ..], b) if rest == b => true,
        ([_, rest @ ..], [_, other @ ..]) if rest == other => true,
        ([x, y, rest @ ..], [v, w, other @ ..]) => x == w && y == v && rest == other,
        _ => false,
    }
}

/// Words as they are kept: blanks folded; `None` when nothing is left.
pub fn folded(text: &str) -> Option<String> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}

/// A text in parts of at most `most` letters, parted between words where that is possible; nothing
/// of it is lost but the blanks at which it is parted.
pub fn parts(text: &str, most: usize) -> Vec<String> {
    let mut parts: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let letters: Vec<char> = word.chars().collect();
        for piece in letters.chunks(most.max(1)) {
            let piece: String = piece.iter().collect();
            match parts.last_mut() {
                Some(last) if last.chars().count() + 1 + piece.chars().count() <= most => {
                    last.push(' ');
                    last.push_str(&piece);
                }
                _ => parts.push(piece),
            }
        }
    }
    parts
}

/// A text in two parts of at most `half` letters, as far as it has no more than twice as many; parted
/// between words where that is possible.
pub fn halves(text: &str, half: usize) -> (&str, &str) {
    let letters = text.chars().count();
    let fits = text
        .char_indices()
        .enumerate()
        .filter(|(nth, (_, c))| *c == ' ' && *nth <= half && letters - nth - 1 <= half);
    if letters <= half {
        return (text, "");
    }
    if let Some((_, (at, _))) = fits.last() {
        return (&text[..at], &text[at + 1..]);
    }
    let at = text.char_indices().nth(half).map_or(text.len(), |(at, _)| at);
    text.split_at(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_parted_between_words_and_nothing_of_it_is_lost() {
        assert_eq!(halves("We love your work", 55), ("We love your work", ""));
        let long = "We love your work and hope that the machine serves you well. Greetings from Oslo";
        let (begin, rest) = halves(long, 55);
        assert_eq!(format!("{begin} {rest}"), long);
        for text in ["x".repeat(110), format!("{} {}", "x".repeat(20), "y".repeat(89)), long.to_owned()] {
            let (begin, rest) = halves(&text, 55);
            assert!(begin.chars().count() <= 55 && rest.chars().count() <= 55, "{text}");
            assert_eq!(begin.len() + rest.len(), text.trim().len() - usize::from(text == long));
        }
    }

    #[test]
    fn a_long_text_is_parted_between_words() {
        assert_eq!(parts("  thin brass   sells best ", 11), ["thin brass", "sells best"]);
        assert_eq!(parts("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert!(parts(" ", 4).is_empty());
        assert_eq!(folded(" a \n b "), Some("a b".to_owned()));
    }

    #[test]
    fn names_are_folded_and_bounded() {
        assert_eq!(person_name("  wanjiku   OTIENO ", 20).as_deref(), Some("Wanjiku Otieno"));
        assert_eq!(person_name("ng'ang'a", 20).as_deref(), Some("Ng'ang'a"));
        assert_eq!(person_name("12345", 20), None);
        assert_eq!(person_name("Bartholomew Featherstonehaugh", 20).as_deref(), Some("Bartholomew"));
    }

    #[test]
    fn a_word_is_looked_for_without_its_accents_and_capitals() {
        assert_eq!(sought("Boucles-d\u{2019}Oreilles"), "bouclesdoreilles");
        assert_eq!((sought("PERLÉ"), sought("Çà")), ("perle".to_owned(), "ca".to_owned()));
    }

    #[test]
    fn one_slip_of_a_finger_is_forgiven_and_two_are_not() {
        for near in ["necklace", "neklace", "neckklace", "necklase", "nekclace", "ecklace", "necklac"] {
            assert!(one_slip("necklace", near) && one_slip(near, "necklace"), "{near}");
        }
        for far in ["nekcalce", "lace", "necklacess", "", "bracelet", "necklaec1"] {
            assert!(!one_slip("necklace", far) && !one_slip(far, "necklace"), "{far}");
        }
    }
}
