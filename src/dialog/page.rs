//! Screens cut into pages: no row lost, no word and no escape split, every page within the limit.
//!
//! The length of a list's rows decides how many stand on a page, never their count. Numbers begin
//! at 1 on each page, so that one key is always enough.

use crate::{
    gsm::fit,
    menu::layout::{self, MOST_ROWS},
};

/// What stands round the rows.
pub struct Frame<'a> {
    /// The text on top.
    pub head: &'a str,
    /// The lines of the engine's own keys on a page: is it a later one, and do more follow?
    pub nav: Box<dyn Fn(bool, bool) -> Vec<String> + 'a>,
    /// Septets a page may have.
    pub limit: usize,
    /// What must have room on every page when a key was wrong: above it where the page is one of
    /// several of a text, else in place of the heading. Empty where no key is waited for.
    pub hint: &'a str,
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// What is shown.
    pub text: String,
    /// The first row on it, counted from 0.
    pub first: usize,
    /// How many rows are on it.
    pub count: usize,
    /// The same without the heading.
    pub body: String,
}

impl Frame<'_> {
    fn compose(&self, head: &str, lines: &[String], page: usize, more: bool) -> String {
        layout::page(&[head], lines, &(self.nav)(page > 0, more))
    }

    /// Rows on as many pages as they need, at least one; numbered from 1 on each page when they
    /// can be chosen. A row that alone outgrows a page is shortened at a word.
    pub fn rows(&self, rows: &[String], numbered: bool) -> Vec<Page> {
        let mut pages = Vec::new();
        let mut first = 0;
        while first < rows.len() || pages.is_empty() {
            let page = self.rows_page(rows, first, pages.len(), numbered);
            first += page.count.max(1);
            pages.push(page);
        }
        pages
    }

    fn rows_page(&self, rows: &[String], first: usize, page: usize, numbered: bool) -> Page {
        let most = (rows.len() - first).min(if numbered { MOST_ROWS } else { usize::MAX });
        let lines: Vec<String> = rows[first..]
            .iter()
            .take(most)
            .enumerate()
            .map(|(at, row)| if numbered { layout::option_line(at as u8 + 1, row) } else { row.clone() })
            .collect();
        let of = |head, count: usize| self.compose(head, &lines[..count], page, first + count < rows.len());
        let (with, hinted, body) =
            (|count| of(self.head, count), |count| of(self.hint, count), |count| of("", count));
        // A letter takes a place at least: more lines than this fit below no heading.
        let mut places = self.limit + 1;
        let room = lines.iter().take_while(|line| {
            let left = places.checked_sub(line.chars().count() + 1);
            places = left.unwrap_or(0);
            left.is_some()
        });
        let fitting = (0..=room.count()).rev().map(|count| (count, with(count)));
        let best = fitting.into_iter().find(|(count, text)| {
            (*count > 0 || rows.is_empty())
                && fit::fits(text, self.limit)
                && fit::fits(&hinted(*count), self.limit)
        });
        match best {
            Some((count, text)) => Page { text, first, count, body: body(count) },
            None => self.one_row_page(lines.first().map_or("", String::as_str), page, first, rows.len()),
        }
    }

    /// A row that does not fit below the heading: shortened, and the heading with it if need be.
    fn one_row_page(&self, row: &str, page: usize, first: usize, rows: usize) -> Page {
        let more = first + 1 < rows;
        let heads = [self.head, ""];
        let words = |most| fit::cut(row, most).0;
        let tries = heads.iter().flat_map(|head| {
            (4..=self.limit).rev().map(|most| {
                let of = |head| self.compose(head, &[words(most).to_owned()], page, more);
                (of(head), of(self.hint), of(""))
            })
        });
        let found = tries.into_iter().find(|(text, hinted, _)| self.fits(text, hinted));
        let (text, body) = match found {
            Some((text, _, body)) => (text, body),
            None => (fit::cut(row, self.limit).0.to_owned(), String::new()),
        };
        Page { text, first, count: rows.min(1), body }
    }

    fn fits(&self, text: &str, hinted: &str) -> bool {
        fit::fits(text, self.limit) && fit::fits(hinted, self.limit)
    }

    /// These lines and the keys, without a heading.
    pub fn alone(&self, lines: &[String]) -> String {
        self.compose("", lines, 0, false)
    }

    /// A text and lines that belong together on one page, or, when they outgrow it, on several cut
    /// between lines or words.
    pub fn flow(&self, lines: &[String]) -> Vec<String> {
        let whole = self.compose(self.head, lines, 0, false);
        if fit::fits(&whole, self.limit) {
            return vec![whole];
        }
        let body = layout::page(&[self.head], lines, &[]);
        let (mut rest, mut pages) = (body.as_str(), Vec::new());
        let room = |text: &str| self.fits(text, &layout::page(&[self.hint, text], &[], &[]));
        while !rest.is_empty() {
            let last = self.compose(rest, &[], pages.len(), false);
            if room(&last) {
                pages.push(last);
                break;
            }
            let (text, left) = (1..self.limit)
                .rev()
                .map(|most| fit::cut(rest, most))
                .map(|(page, left)| (self.compose(page, &[], pages.len(), true), left))
                .find(|(text, _)| room(text))
                .unwrap_or_else(|| {
                    let (page, left) = fit::cut(rest, self.limit);
                    (page.to_owned(), left)
                });
            pages.push(text);
            rest = left;
        }
        pages
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn frame(head: &str, limit: usize) -> Frame<'_> {
        let nav = |_later, more: bool| {
            let keys = [(more, "98 More"), (true, "0 Back")];
            keys.iter().filter(|(shown, _)| *shown).map(|(_, key)| (*key).to_owned()).collect()
        };
        Frame { head, nav: Box::new(nav), limit, hint: "" }
    }

    #[test]
    fn rows_that_fit_stand_on_one_page_without_a_way_on() {
        let rows = ["Necklace".to_owned(), "Ring".to_owned()];
        let pages = frame("What?", 60).rows(&rows, true);
        assert_eq!(pages.len(), 1);
        assert_eq!(pages[0].text, "What?\n1 Necklace\n2 Ring\n0 Back");
    }

    #[test]
    fn a_long_row_moves_to_the_next_page_and_is_not_lost() {
        let rows: Vec<String> = ["short", "short", "a row that is much longer than any other", "the last"]
            .map(String::from)
            .into();
        let pages = frame("Orders", 66).rows(&rows, true);
        assert_eq!(pages.iter().map(|p| p.count).collect::<Vec<_>>(), [2, 1, 1]);
        assert!(pages[1].text.contains("1 a row that is much longer than any other\n98 More"));
        assert!(pages[2].text.contains("1 the last\n0 Back"));
    }

    #[test]
    fn ten_short_rows_need_a_second_page_since_there_are_nine_keys() {
        let rows: Vec<String> = (0..10).map(|n| n.to_string()).collect();
        let pages = frame("", 182).rows(&rows, true);
        assert_eq!(pages.iter().map(|p| p.count).collect::<Vec<_>>(), [9, 1]);
    }

    #[test]
    fn a_text_that_outgrew_its_screen_is_cut_between_words() {
        let pages = frame("one two three four five six seven eight nine ten", 40).flow(&[]);
        assert_eq!(pages[0], "one two three four five\n98 More\n0 Back");
        assert_eq!(pages[1], "six seven eight nine ten\n0 Back");
    }

    #[test]
    fn every_page_has_room_for_a_word_on_a_wrong_key() {
        let hint = "No such key.";
        let hinted = |head, limit| Frame { hint, ..frame(head, limit) };
        let rows: Vec<String> = ["Necklace", "Ring", "Bracelet", "Earrings"].map(String::from).into();
        for page in hinted("?", 44).rows(&rows, true) {
            assert!(fit::fits(&format!("{hint}\n{}", page.body), 44), "{page:?}");
        }
        for page in hinted("one two three four five six seven eight nine ten", 40).flow(&rows) {
            assert!(fit::fits(&format!("{hint}\n{page}"), 40), "{page:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_row_is_on_exactly_one_page_in_order_and_every_page_fits(
            rows in proptest::collection::vec("[A-Za-z0-9€\\[ĩ ]{1,70}", 0..40),
            head in "[A-Za-z ]{0,40}", limit in 60usize..=182, numbered in any::<bool>(),
        ) {
            let pages = frame(&head, limit).rows(&rows, numbered);
            let mut next = 0;
            for (at, page) in pages.iter().enumerate() {
                prop_assert!(fit::fits(&page.text, limit), "{:?}", page.text);
                prop_assert_eq!(page.first, next);
                prop_assert!(page.count >= 1 || rows.is_empty());
                prop_assert!(!numbered || page.count <= 9);
                next += page.count;
                prop_assert_eq!(page.text.contains("98 More"), at + 1 < pages.len());
            }
            prop_assert_eq!(next, rows.len());
        }

        #[test]
        fn a_flowing_text_keeps_every_word_whole(text in "[a-z€]{1,12}( [a-z€]{1,12}){0,80}", limit in 40usize..182) {
            let pages = frame(&text, limit).flow(&[]);
            let mut words = Vec::new();
            for page in &pages {
                prop_assert!(fit::fits(page, limit));
                let body = page.split('\n').filter(|l| *l != "98 More" && *l != "0 Back");
                words.extend(body.flat_map(|l| l.split(' ')).map(str::to_owned));
            }
            prop_assert_eq!(words.join(" "), text);
        }
    }
}
