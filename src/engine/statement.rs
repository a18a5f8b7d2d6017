//! What moved in somebody's purse, in one SMS.

use super::Engine;
use super::actions::Outcome;
use super::view::{entries, purse};
use super::work::{Fault, Work};
use crate::market::Party;
use crate::menu::value::{Record, Value};
use crate::types::{Kes, Lang};
use std::collections::BTreeMap;

/// The most letters of movements in one SMS; the vocabulary's width of `statement.lines`.
pub(super) const LINES: usize = 100;

impl Engine {
    /// `wallet.statement`: her last movements, as many as one SMS holds, and what is ready now.
    pub(super) async fn statement(&self, work: &mut Work<'_>, me: &Party) -> Result<Outcome, Fault> {
        let entries = entries(work, purse(me)).await?;
        if entries.is_empty() {
            return Ok(("none", vec![Value::Record(self.wallet(work, me).await?)]));
        }
        let edition = self.menus.edition();
        let words = edition.catalogue.words();
        let in_lang = |lang: &Lang| {
            let mut lines = String::new();
            for entry in &entries {
                let shown =
                    |field| entry.fields.get(field).map(|value| words.show(value, *lang)).unwrap_or_default();
                let line =
                    format!("{} {}{} {}", shown("date"), shown("sign"), shown("amount"), shown("what"));
                let comma = if lines.is_empty() { "" } else { ", " };
                if lines.chars().count() + comma.len() + line.chars().count() > LINES {
                    break;
                }
                lines.push_str(comma);
                lines.push_str(&line);
            }
            (*lang, lines)
        };
        let lines: BTreeMap<Lang, String> = edition.catalogue.langs.iter().map(in_lang).collect();
        let free = Kes::minor(work.sum(purse(me).account()).await?);
        let shown = Record::new(
            "statement",
            me.id.to_string(),
            [("lines", Value::Texts(lines)), ("free", Value::Kes(free))],
        );
        Ok(("ok", vec![Value::Record(shown)]))
    }
}
