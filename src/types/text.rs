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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_folded_and_bounded() {
        assert_eq!(person_name("  wanjiku   OTIENO ", 20).as_deref(), Some("Wanjiku Otieno"));
        assert_eq!(person_name("ng'ang'a", 20).as_deref(), Some("Ng'ang'a"));
        assert_eq!(person_name("12345", 20), None);
        assert_eq!(person_name("Bartholomew Featherstonehaugh", 20).as_deref(), Some("Bartholomew"));
    }
}
