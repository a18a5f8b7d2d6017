//! `sokoni tips`, `lessons`, `feedback` and `cases`: the depot, by the desk of a running service.

use crate::cli::menu::records::{AtDesk, Desk};
use crate::engine::depot::desk::{BulletinRow, CaseRow, DepotDone, DepotWish};
use crate::market::Word;
use crate::market::case::CaseKind;
use crate::types::{BulletinId, CaseId, Lang, SpokenCode};
use clap::{Args, Subcommand};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;

/// Where the desk is, and how answers are printed.
#[derive(Debug, Clone, Args)]
struct At {
    #[command(flatten)]
    at: AtDesk,
    /// JSON in the place of lines
    #[arg(long, global = true)]
    json: bool,
}

/// A text in every language: once for each, as en=WORDS
#[derive(Debug, Clone, Args)]
struct Texts {
    /// The words in one language, as en=WORDS; once for every language
    #[arg(long = "text", value_name = "LANG=WORDS", required = true, value_parser = in_language)]
    texts: Vec<(Lang, String)>,
}

fn in_language(typed: &str) -> Result<(Lang, String), String> {
    let (tag, words) = typed.split_once('=').ok_or("write the language first: en=WORDS")?;
    Ok((tag.trim().parse().map_err(|why| format!("{why}"))?, words.to_owned()))
}

impl Texts {
    fn map(&self) -> BTreeMap<Lang, String> {
        self.texts.iter().cloned().collect()
    }
}

/// Tips for artisans of a craft, by SMS and in their menu
#[derive(Debug, Clone, Args)]
pub struct TipsArgs {
    #[command(subcommand)]
    what: Tips,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Clone, Subcommand)]
enum Tips {
    /// All tips, newest first
    List,
    /// Sends a tip to everybody of a craft who has not stopped tips, each in her language, once
    Post {
        /// Who posts it; whoever the key belongs to without it
        #[arg(long, value_name = "NAME", default_value = "")]
        by: String,
        /// The craft, as menus spell it: necklace; for all without it
        #[arg(long, value_name = "CRAFT")]
        craft: Option<Word>,
        #[command(flatten)]
        texts: Texts,
    },
}

/// Photo lessons: booked, told to the artisans of an area, attended
#[derive(Debug, Clone, Args)]
pub struct LessonsArgs {
    #[command(subcommand)]
    what: Lessons,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Clone, Subcommand)]
enum Lessons {
    /// All lessons, newest first, with who came
    List,
    /// Books a lesson and tells the artisans of the area
    Book {
        /// Who books it; whoever the key belongs to without it
        #[arg(long, value_name = "NAME", default_value = "")]
        by: String,
        /// The area, as menus spell it: kibera
        #[arg(long, value_name = "AREA")]
        area: Word,
        /// The day, as 2026-12-31
        #[arg(long, value_name = "DAY")]
        day: String,
        /// Where it is, at most 16 letters
        #[arg(long, value_name = "PLACE")]
        place: String,
        /// For how many
        #[arg(long, value_name = "COUNT")]
        seats: u32,
    },
    /// Notes that somebody came
    Came {
        /// The lesson, as the list names it
        lesson: BulletinId,
        /// Their phones
        #[arg(required = true)]
        phones: Vec<String>,
    },
}

/// Words on a piece, for its maker: by SMS and in her menu
#[derive(Debug, Clone, Args)]
pub struct FeedbackArgs {
    /// The piece, by its five digits
    listing: String,
    /// What to say; more than 110 letters go in several SMS
    text: String,
    /// Who says it; whoever the key belongs to without it
    #[arg(long, value_name = "NAME", default_value = "")]
    by: String,
    #[command(flatten)]
    at: At,
}

/// Cases: what went wrong, who is involved, how it ended
#[derive(Debug, Clone, Args)]
pub struct CasesArgs {
    #[command(subcommand)]
    what: Cases,
    #[command(flatten)]
    at: At,
}

#[derive(Debug, Clone, Subcommand)]
enum Cases {
    /// All cases, newest first
    List,
    /// Opens a case
    Open {
        /// lost_parcel, dispute, wrong_number, cash, herself or other
        what: String,
        /// What is known
        text: String,
        /// Who opens it; whoever the key belongs to without it
        #[arg(long, value_name = "NAME", default_value = "")]
        by: String,
        /// The order it is about; its maker, rider and kiosk are involved
        #[arg(long, value_name = "NUMBER")]
        order: Option<String>,
        /// The phone of somebody else who is involved
        #[arg(long = "phone", value_name = "PHONE")]
        phones: Vec<String>,
    },
    /// Writes something down
    Note {
        /// The case, as the list names it
        case: CaseId,
        /// What
        text: String,
        /// Who writes; whoever the key belongs to without it
        #[arg(long, value_name = "NAME", default_value = "")]
        by: String,
    },
    /// Closes a case; everybody involved is told why
    Close {
        /// The case, as the list names it
        case: CaseId,
        /// Who closes it; whoever the key belongs to without it
        #[arg(long, value_name = "NAME", default_value = "")]
        by: String,
        #[command(flatten)]
        texts: Texts,
    },
}

impl At {
    fn desk(&self) -> io::Result<Desk<'_>> {
        self.at.open()
    }

    async fn does(&self, wish: &DepotWish) -> io::Result<DepotDone> {
        self.desk()?.post("/desk/api/depot", wish).await
    }

    fn shows<T: Serialize>(&self, rows: &[T], line: impl Fn(&T) -> String) -> io::Result<String> {
        if self.json {
            return Ok(serde_json::to_string_pretty(rows)? + "\n");
        }
        Ok(rows.iter().map(|row| line(row) + "\n").collect())
    }

    fn shows_done(&self, done: &DepotDone) -> io::Result<String> {
        match done {
            DepotDone::Advised { listing } => self.shows(&[listing], |listing| listing.to_string()),
            DepotDone::Bulletin(row) => self.shows(&[row], |row| bulletin(row)),
            DepotDone::Case(row) => self.shows(&[row], |row| case(row)),
        }
    }

    async fn bulletins(&self, what: &str) -> io::Result<String> {
        let rows: Vec<BulletinRow> = self.desk()?.get("/desk/api/depot/bulletins").await?;
        let rows: Vec<BulletinRow> = rows.into_iter().filter(|row| row.what == what).collect();
        self.shows(&rows, bulletin)
    }
}

fn bulletin(row: &BulletinRow) -> String {
    let to = if row.to.is_empty() { "all" } else { &row.to };
    let texts: Vec<String> = row.texts.iter().map(|(lang, text)| format!("{}: {text}", lang.tag())).collect();
    let lesson = match (&row.day, &row.place, row.seats) {
        (Some(day), Some(place), Some(seats)) => {
            format!("{day} {place}, {} of {seats} came: {}", row.came.len(), row.came.join(", "))
        }
        _ => texts.join(" | "),
    };
    let more = if row.finished { "" } else { " so far" };
    format!("{}  for {to}, told {}{more}  {lesson}", row.bulletin, row.told)
}

fn case(row: &CaseRow) -> String {
    let order = row.order.map(|order| format!(" order {order}")).unwrap_or_default();
    let notes: Vec<String> = row.notes.iter().map(|note| format!("{}: {}", note.by, note.text)).collect();
    let people = row.people.join(", ");
    format!("{}  {} {}{order}  {people}  {}", row.case, row.state, row.what, notes.join(" | "))
}

fn code(typed: &str) -> io::Result<SpokenCode> {
    SpokenCode::try_from(typed.to_owned()).map_err(io::Error::other)
}

/// Does what is asked about tips.
pub async fn tips(args: &TipsArgs) -> io::Result<String> {
    let wish = match &args.what {
        Tips::List => return args.at.bulletins("tip").await,
        Tips::Post { by, craft, texts } => {
            DepotWish::Tip { by: by.clone(), craft: craft.clone(), texts: texts.map() }
        }
    };
    args.at.shows_done(&args.at.does(&wish).await?)
}

/// Does what is asked about lessons.
pub async fn lessons(args: &LessonsArgs) -> io::Result<String> {
    match args.what.clone() {
        Lessons::List => args.at.bulletins("lesson").await,
        Lessons::Book { by, area, day, place, seats } => {
            let wish = DepotWish::Lesson { by, area, day, place, seats };
            args.at.shows_done(&args.at.does(&wish).await?)
        }
        Lessons::Came { lesson, phones } => {
            let mut shown = String::new();
            for phone in phones {
                let done = args.at.does(&DepotWish::Came { bulletin: lesson, phone }).await?;
                shown = args.at.shows_done(&done)?;
            }
            Ok(shown)
        }
    }
}

/// Sends words on a piece.
pub async fn feedback(args: &FeedbackArgs) -> io::Result<String> {
    let (by, text) = (args.by.clone(), args.text.clone());
    let wish = DepotWish::Advise { listing: code(&args.listing)?, by, text };
    args.at.shows_done(&args.at.does(&wish).await?)
}

/// Does what is asked about cases.
pub async fn cases(args: &CasesArgs) -> io::Result<String> {
    let wish = match args.what.clone() {
        Cases::List => {
            let rows: Vec<CaseRow> = args.at.desk()?.get("/desk/api/depot/cases").await?;
            return args.at.shows(&rows, case);
        }
        Cases::Open { what, text, by, order, phones } => {
            let kind = CaseKind::ALL.into_iter().find(|kind| kind.word() == what);
            let words = || CaseKind::ALL.map(CaseKind::word).join(", ");
            let what = kind.ok_or_else(|| io::Error::other(format!("{what} is none of {}", words())))?;
            let order = order.as_deref().map(code).transpose()?;
            DepotWish::Open { what, by, text, order, phones }
        }
        Cases::Note { case, text, by } => DepotWish::Note { case, by, text },
        Cases::Close { case, by, texts } => DepotWish::Close { case, by, why: texts.map() },
    };
    args.at.shows_done(&args.at.does(&wish).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_behind_their_language() {
        assert_eq!(in_language("sw=habari = njema"), Ok((Lang::SW, "habari = njema".to_owned())));
        assert!(in_language("habari").is_err() && in_language("swahili=habari").is_err());
    }
}
