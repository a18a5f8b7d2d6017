//! How long a text is on the air, whether it fits, and where a page may be cut.

use super::alphabet;

/// Septets of a packed USSD string of 160 octets (3GPP TS 23.038, clause 5).
pub const USSD_SEPTETS: usize = 182;

/// Septets of an SMS that is not part of a longer one (140 octets packed).
pub const SMS_SEPTETS: usize = 160;

/// Septets of the text, a character of the extension table counted as two; `None` when a
/// character is outside GSM-7 and the text would go as UCS-2.
pub fn septets(text: &str) -> Option<usize> {
    text.chars().map(|c| alphabet::code(c).map(alphabet::Code::septets)).sum()
}

/// UTF-16 code units of the text: its length when it goes as UCS-2.
pub fn units(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// UCS-2 units that fill the same octets as so many packed septets: 182 are 80, 160 are 70.
pub const fn units_for(septets: usize) -> usize {
    (septets * 7).div_ceil(8) / 2
}

/// Whether the text fits where `most` septets fit; text outside GSM-7 is measured as UCS-2.
pub fn fits(text: &str, most: usize) -> bool {
    match septets(text) {
        Some(length) => length <= most,
        None => units(text) <= units_for(most),
    }
}

/// The text as a page that fits `most` septets, and what is left for the next ones.
///
/// Cut at the last line break that leaves a page at least half full, else at the last blank, else
/// between characters; the blanks at the cut are dropped. Always moves on: a character that alone
/// does not fit is a page of its own.
pub fn cut(text: &str, most: usize) -> (&str, &str) {
    if fits(text, most) {
        return (text, "");
    }
    let mut end = longest_prefix(text, most);
    if end == 0 {
        end = text.chars().next().map_or(0, char::len_utf8);
        return text.split_at(end);
    }
    // A break right behind the longest page is as good as one inside it.
    let next_is_blank = text[end..].starts_with([' ', '\n']);
    let page = &text[..end];
    let line = page.rfind('\n').filter(|at| *at * 2 >= end);
    let word = page.rfind([' ', '\n']).filter(|at| !page[..*at].trim().is_empty());
    let at = if text[end..].starts_with('\n') { end } else { line.unwrap_or(end) };
    let at = match (at == end, next_is_blank, word) {
        (true, false, Some(word)) => word,
        _ => at,
    };
    (text[..at].trim_end_matches([' ', '\n']), text[at..].trim_start_matches([' ', '\n']))
}

/// Octets of the longest prefix that fits, measured in the alphabet of the whole prefix.
fn longest_prefix(text: &str, most: usize) -> usize {
    let (mut gsm, mut ucs2) = (Some(0), 0);
    for (at, c) in text.char_indices() {
        gsm = gsm.and_then(|sum| Some(sum + alphabet::code(c)?.septets()));
        ucs2 += c.len_utf16();
        if gsm.map_or(ucs2 > units_for(most), |sum| sum > most) {
            return at;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn characters_of_the_extension_table_count_twice() {
        assert_eq!(septets("Bei [€12]"), Some(12));
        assert_eq!(septets("Nĩ wega"), None);
        assert_eq!(septets(""), Some(0));
    }

    #[test]
    fn ucs2_gets_the_octets_that_the_septets_would_have_had() {
        assert_eq!((units_for(182), units_for(160)), (80, 70));
        assert!(fits(&"ĩ".repeat(80), USSD_SEPTETS));
        assert!(!fits(&"ĩ".repeat(81), USSD_SEPTETS));
        assert!(fits(&"a".repeat(182), USSD_SEPTETS));
        assert!(!fits(&"a".repeat(183), USSD_SEPTETS));
    }

    #[test]
    fn a_page_is_cut_at_a_line_then_at_a_word() {
        assert_eq!(cut("1. Uza\n2. Oda zangu\n3. Malipo", 22), ("1. Uza\n2. Oda zangu", "3. Malipo"));
        assert_eq!(cut("Karibu Sokoni leo", 14), ("Karibu Sokoni", "leo"));
        assert_eq!(cut("Karibu Sokoni leo", 13), ("Karibu Sokoni", "leo"));
        assert_eq!(cut("abcdefgh", 5), ("abcde", "fgh"));
        assert_eq!(cut("ab€€", 5), ("ab€", "€"), "an escape pair stays whole");
    }

    proptest! {
        #[test]
        fn pages_fit_and_together_hold_every_word(text in "[a-zĩ€ \n\u{1F600}]{0,300}", most in 4usize..182) {
            let (mut rest, mut words) = (text.as_str(), Vec::new());
            let mut pages = 0;
            while !rest.is_empty() {
                let (page, left) = cut(rest, most);
                prop_assert!(fits(page, most));
                prop_assert!(left.len() < rest.len());
                words.push(page);
                rest = left;
                pages += 1;
                prop_assert!(pages <= text.len());
            }
            let strip = |s: &str| s.split_whitespace().collect::<String>();
            prop_assert_eq!(strip(&words.concat()), strip(&text));
        }
    }
}
