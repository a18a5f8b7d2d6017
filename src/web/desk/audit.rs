//! What was done at the desk: who, when, from where, before and after; for people, programs and sheets.

use super::{door::Acting, operators, sheets::file};
use crate::{
    engine::desk::{
        acts::{Act, Acts, Change, PAGE, Which},
        sheet::Sheet,
    },
    types::Timestamp,
    web::{
        error::{JsonRefusal, Refusal},
        page::{self, Web},
        wording,
    },
};
use askama::Template;
use axum::{
    Json,
    extract::{Query, State, rejection::QueryRejection},
    response::Response,
};
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;

/// Nairobi, where days of the desk begin.
const OFFSET_MINUTES: i32 = 180;
/// The most lines of a file.
const MOST: usize = 100_000;

/// Which acts, as an address has it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(in crate::web) struct Asked {
    by: String,
    about: String,
    /// `2026-11-23`.
    day: String,
    older: Option<u64>,
}

/// From the beginning of a day to its end.
fn span(day: &str) -> Option<(Timestamp, Timestamp)> {
    let mut parts = day.trim().splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let begins =
        Timestamp::of_day(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?, OFFSET_MINUTES)?;
    Some((begins, begins.after(std::time::Duration::from_secs(86_400))))
}

impl Asked {
    fn which(&self) -> Which {
        let given = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        let (from, until) = span(&self.day).unzip();
        Which { by: given(&self.by), about: given(&self.about), from, until, older: self.older }
    }

    /// The same rows as an address has them, without a place to go on from.
    fn query(&self) -> String {
        let pairs = [("by", &self.by), ("about", &self.about), ("day", &self.day)];
        let mut query = form_urlencoded::Serializer::new(String::new());
        pairs.iter().filter(|(_, value)| !value.trim().is_empty()).for_each(|(name, value)| {
            query.append_pair(name, value.trim());
        });
        query.finish()
    }
}

/// A value as people read it.
fn said(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let one = |(name, value): (&String, &Value)| format!("{}: {}", wording::plain(name), said(value));
            fields.iter().map(one).collect::<Vec<_>>().join(", ")
        }
        // What has a moment's size is one.
        Value::Number(number) => match number.as_i64() {
            Some(millis @ 1_000_000_000_000..4_000_000_000_000) => wording::moment_of(millis),
            _ => number.to_string(),
        },
        Value::Array(all) => all.iter().map(said).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

/// One field of what changed.
struct Line {
    field: String,
    before: String,
    after: String,
}

fn lines(change: &Change) -> Vec<Line> {
    let names: std::collections::BTreeSet<&String> =
        change.before.keys().chain(change.after.keys()).collect();
    let words =
        |fields: &std::collections::BTreeMap<String, Value>, name: &String| fields.get(name).map(said);
    let line = |name: &&String| Line {
        field: wording::plain(name),
        before: words(&change.before, name).unwrap_or_default(),
        after: words(&change.after, name).unwrap_or_default(),
    };
    // When somebody looked last is told by the act itself.
    names.iter().filter(|name| !matches!(name.as_str(), "since" | "version")).map(line).collect()
}

/// An act with what it changed, field by field.
struct Row<'a> {
    act: &'a Act,
    when: (String, String),
    /// What it is about: kind, id, the way to it.
    about: Vec<(String, String, String)>,
    changes: Vec<(String, Vec<Line>)>,
}

#[derive(Template)]
#[template(path = "desk_audit.html", config = "src/web/askama.toml")]
struct Page<'a> {
    asked: &'a Asked,
    query: String,
    people: &'a [String],
    rows: Vec<Row<'a>>,
    older: Option<String>,
    complaint: &'static str,
}

async fn read(web: &Web, asked: &Asked, most: usize) -> Result<Acts, Refusal> {
    Ok(operators(web)?.acts(asked.which(), most).await?)
}

/// `GET /desk/audit?by=&about=&day=&older=`
pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>, asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(asked) = asked.unwrap_or_default();
    let acts = read(&web, &asked, PAGE).await?;
    fn row(act: &Act) -> Row<'_> {
        let Act { at, about, changes, .. } = act;
        let way = |(kind, id): &(String, String)| {
            (wording::plain(kind), id.clone(), super::books::way_to(&format!("{kind}/{id}")))
        };
        Row {
            act,
            when: (wording::moment(*at), wording::moment_iso(*at)),
            about: about.iter().map(way).collect(),
            changes: changes.iter().map(|one| (wording::plain(&one.kind), lines(one))).collect(),
        }
    }
    let query = asked.query();
    let older = acts.older.map(|older| match query.is_empty() {
        true => format!("?older={older}"),
        false => format!("?{query}&older={older}"),
    });
    let wrong = !asked.day.trim().is_empty() && span(&asked.day).is_none();
    let complaint = if wrong { "a day is written as 2026-11-23; these are of all days" } else { "" };
    let rows = acts.rows.iter().map(row).collect();
    Ok(page::html(&Page { asked: &asked, query, people: &acts.people, rows, older, complaint }))
}

/// `GET /desk/api/audit?by=&about=&day=&older=`
pub(in crate::web) async fn json(
    State(web): State<Arc<Web>>, asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Acts>, JsonRefusal> {
    let Query(asked) = asked.unwrap_or_default();
    Ok(Json(read(&web, &asked, PAGE).await?))
}

/// `GET /desk/audit.csv?by=&about=&day=`: a line for each field that changed
pub(in crate::web) async fn csv(
    State(web): State<Arc<Web>>, acting: Acting, asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Response, Refusal> {
    let Query(asked) = asked.unwrap_or_default();
    let acts = read(&web, &asked, MOST).await?;
    let mut sheet =
        Sheet::new(&["record", "when", "who", "from", "what", "about", "field", "before", "after", "posted"]);
    for act in &acts.rows {
        let about: Vec<String> = act.about.iter().map(|(kind, id)| format!("{kind}/{id}")).collect();
        let posted: Vec<String> = act.postings.iter().map(|row| row.id.to_string()).collect();
        let (from, about, posted) = (act.from.clone().unwrap_or_default(), about.join(" "), posted.join(" "));
        let when = wording::moment_iso(act.at);
        let fields: Vec<Line> = act.changes.iter().flat_map(lines).collect();
        let nothing = Line { field: String::new(), before: String::new(), after: String::new() };
        for Line { field, before, after } in if fields.is_empty() { vec![nothing] } else { fields } {
            sheet.line(&[
                &act.record,
                &when,
                &act.by,
                &from,
                &act.what,
                &about,
                &field,
                &before,
                &after,
                &posted,
            ]);
        }
    }
    if acts.older.is_some() {
        sheet.cut(acts.rows.len());
    }
    file(&web, &acting, "audit", sheet).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_said_as_people_read_them_and_a_day_is_a_day_of_nairobi() {
        let stop =
            serde_json::json!({"by": "Njeri", "since": 1_795_433_156_258_i64, "why": {"en": "we count"}});
        assert_eq!(said(&stop), "By: Njeri, Since: 23 Nov 2026, 14:25, Why: En: we count");
        assert_eq!(said(&serde_json::json!([85_000, true, null])), "85000; true; nothing");
        let (from, until) = span(" 2026-11-23 ").expect("a day");
        assert_eq!(wording::moment(from), "23 Nov 2026, 00:00");
        assert_eq!(until.since(from).as_secs(), 86_400);
        for wrong in ["", "yesterday", "2026-13-01", "2026-11"] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
        let asked = Asked { by: "Halima N".into(), day: "2026-11-23".into(), ..Asked::default() };
        assert_eq!(asked.query(), "by=Halima+N&day=2026-11-23");
    }
}
