//! `sokoni replay`: recorded dialogs of a data folder: which there are, one screen by screen, and the
//! proof that the machine shows the same from what was recorded.

use super::menu::sources::sources;
use super::place::Place;
use crate::dialog::tape::Tape;
use crate::dialog::tape::play::{Differs, verify};
use crate::dialog::tape::rehearse::{Played, play};
use crate::engine::clock::SystemClock;
use crate::engine::menus::stored_edition;
use crate::engine::tapes::desk::{
    DialogLine, DialogStep, DialogView, DialogsWish, WantedDialogs, line, list, view,
};
use crate::engine::tapes::{Reel, read};
use crate::engine::vocabulary::vocabulary;
use crate::menu::check::{Limits, compile};
use crate::menu::graph::{Catalogue, Graph};
use crate::menu::{builtin, report};
use crate::store::Store;
use crate::store::sled::{DEFAULT_CACHE, Sled};
use crate::types::time::NAIROBI;
use crate::types::{Clock, DialogId, Msisdn, Timestamp};
use clap::Args;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

const HELP: &str = "\
Without --dialog it lists dialogs, newest first. With it, one is shown screen by
screen as the person saw it, with the keys she typed; PINs are never recorded.
--verify feeds the machine once more what it was fed then, on the menus the
dialog began with, and says whether every screen is the same, octet for octet;
it ends with 1 when one is not. --on shows what the keys of a dialog lead to in
other menus.

Examples:
  sokoni replay --data data --phone 0712345678 --since 7d
  sokoni replay --data data --dialog 0199c0ffee... --on menus/
  sokoni replay --data data --verify";

/// Recorded dialogs: which there are, one screen by screen, and whether they play again
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct ReplayArgs {
    #[command(flatten)]
    place: Place,
    /// One dialog, by its id, screen by screen
    #[arg(long, value_name = "ID")]
    dialog: Option<DialogId>,
    /// Only dialogs of this phone
    #[arg(long, value_name = "PHONE")]
    phone: Option<String>,
    /// Only dialogs that began so long ago at most: 90m, 12h, 7d
    #[arg(long, value_name = "SPAN", value_parser = span)]
    since: Option<Duration>,
    /// At most so many
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    limit: usize,
    /// Play them again and say whether every screen is the same
    #[arg(long, conflicts_with = "on")]
    verify: bool,
    /// Menus that dialogs may have been recorded with, beside those compiled in: files or folders
    #[arg(long, value_name = "PATH")]
    menus: Vec<PathBuf>,
    /// Show the dialog on these menus: files or folders
    #[arg(long, value_name = "PATH", requires = "dialog")]
    on: Vec<PathBuf>,
    /// Answer in JSON
    #[arg(long)]
    json: bool,
}

/// A span as it is typed: `90m`, `12h`, `7d`.
///
/// # Errors
/// How to write one.
pub fn span(text: &str) -> Result<Duration, String> {
    let how = || "write a count and a unit: 90m, 12h, 7d".to_owned();
    let (count, unit) = text.split_at(text.len() - text.chars().next_back().map_or(0, char::len_utf8));
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(how()),
    };
    let count: u32 = count.parse().map_err(|_| how())?;
    Ok(Duration::from_secs(u64::from(count) * seconds))
}

/// The store of a data folder.
///
/// # Errors
/// That there is none, or who has it open.
pub fn open(data: &Path) -> Result<Sled, String> {
    Sled::open(&super::store_in(data)?, DEFAULT_CACHE)
        .map_err(|why| format!("{why}; the desk of a running service shows its dialogs at /desk/dialogs"))
}

/// The moment so long ago.
pub fn ago(now: Timestamp, span: Duration) -> Timestamp {
    Timestamp::from_millis(now.millis().saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
}

/// Sound menus of files.
///
/// # Errors
/// Every problem, as `menu check` tells it.
pub fn compiled(sources: &[(String, String)]) -> Result<(Vec<Graph>, Catalogue), String> {
    compile(sources, &vocabulary(), &Limits::default())
        .map_err(|problems| report::to_text(&problems, sources, false))
}

/// Does it: 0, or 1 when it cannot be done or a dialog does not play again.
pub async fn run(args: ReplayArgs) -> ExitCode {
    match look(&args).await {
        Ok((text, whole)) => {
            print!("{text}");
            if whole { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

async fn look(args: &ReplayArgs) -> Result<(String, bool), String> {
    let store =
        args.place.open().await.map_err(|why| {
            format!("{why}; the desk of a running service shows its dialogs at /desk/dialogs")
        })?;
    let store = &*store.store;
    let mut known = Known::new(args)?;
    let now = SystemClock.now();
    let wish = DialogsWish { phone: args.phone.clone(), ..DialogsWish::default() };
    let wanted = WantedDialogs::read(&wish).map_err(|why| why.to_string())?;
    let since = args.since.map(|span| ago(now, span));
    let one = match args.dialog {
        Some(id) => {
            let tape = read(store, id).await.map_err(|why| why.to_string())?;
            Some(
                tape.ok_or(format!("no dialog {id} is recorded here; `sokoni replay` lists those that are"))?,
            )
        }
        None => None,
    };
    if args.verify {
        return verified(store, &mut known, one, (wanted.phone, since), args.json).await;
    }
    if let Some(tape) = one {
        return match args.on.as_slice() {
            [] => show(store, &tape, &mut known, now, args.json).await.map(|text| (text, true)),
            on => elsewhere(&tape, on, args.json).map(|text| (text, true)),
        };
    }
    let wanted = WantedDialogs { since, limit: Some(args.limit), ..wanted };
    let (tapes, _) = list(store, now, &wanted).await.map_err(|why| why.to_string())?;
    let phone = |tape: &Tape| tape.head().map(|head| head.phone.to_string()).unwrap_or_default();
    let lines: Vec<DialogLine> = tapes.iter().map(|tape| line(tape, phone(tape), None, now)).collect();
    let text = if args.json {
        format!("{}\n", serde_json::json!({ "rows": lines }))
    } else {
        lines.iter().map(in_a_line).collect()
    };
    Ok((text, true))
}

/// The trees that dialogs may have been recorded with, by hash: those that the store keeps, those
/// compiled in, those that were named.
struct Known {
    graphs: BTreeMap<String, Option<Arc<Graph>>>,
}

impl Known {
    fn new(args: &ReplayArgs) -> Result<Self, String> {
        let mut graphs = compiled(&builtin::sources())?.0;
        if !args.menus.is_empty() {
            let sources = sources(&args.menus).map_err(|why| why.to_string())?;
            graphs.extend(compiled(&sources)?.0);
        }
        let graphs = graphs.into_iter().map(|graph| (graph.hash.clone(), Some(Arc::new(graph))));
        Ok(Self { graphs: graphs.collect() })
    }

    async fn of(&mut self, store: &dyn Store, tape: &Tape) -> Result<Option<Arc<Graph>>, String> {
        let Some(head) = tape.head() else { return Ok(None) };
        if let Some(graph) = self.graphs.get(&head.graph) {
            return Ok(graph.clone());
        }
        let edition = stored_edition(store, &head.graph, &Limits::default()).await;
        let edition = edition.map_err(|why| why.to_string())?;
        let graph = edition.and_then(|edition| edition.graph(&head.graph).cloned());
        self.graphs.insert(head.graph.clone(), graph.clone());
        Ok(graph)
    }
}

// ---- the proof -----------------------------------------------------------------------------

async fn verified(
    store: &dyn Store, known: &mut Known, one: Option<Tape>,
    (phone, since): (Option<Msisdn>, Option<Timestamp>), json: bool,
) -> Result<(String, bool), String> {
    let mut proof = Proof::default();
    match one {
        Some(tape) => proof.take(&tape, known.of(store, &tape).await?.as_deref()),
        None => {
            let mut reel = Reel::since(store, since.unwrap_or_default());
            while let Some(tape) = reel.next().await.map_err(|why| why.to_string())? {
                if phone.is_none() || tape.head().map(|head| head.phone) == phone {
                    proof.take(&tape, known.of(store, &tape).await?.as_deref());
                }
            }
        }
    }
    Ok((if json { proof.to_json() } else { proof.to_text() }, proof.differ.is_empty()))
}

/// What came of playing dialogs again.
#[derive(Debug, Default)]
struct Proof {
    same: u64,
    screens: usize,
    differ: Vec<(DialogId, Differs)>,
    /// Dialogs whose menus are not here, by the menus' hash.
    without: BTreeMap<String, u64>,
    beheaded: u64,
}

impl Proof {
    fn take(&mut self, tape: &Tape, graph: Option<&Graph>) {
        let Some(head) = tape.head() else {
            self.beheaded += 1;
            return;
        };
        let Some(graph) = graph else {
            *self.without.entry(format!("{} {}", head.tree, head.graph)).or_default() += 1;
            return;
        };
        match verify(tape, graph) {
            Ok(screens) => {
                self.same += 1;
                self.screens += screens;
            }
            Err(why) => self.differ.push((tape.id, why)),
        }
    }

    fn to_text(&self) -> String {
        let mut out = String::new();
        for (id, why) in &self.differ {
            let _ = writeln!(out, "dialog {id} differs: {why}");
        }
        for (menus, dialogs) in &self.without {
            let _ =
                writeln!(out, "{dialogs} dialogs were recorded with {menus}: name those menus by --menus");
        }
        if self.beheaded > 0 {
            let _ =
                writeln!(out, "{} dialogs have lost their beginning to [store] dialog_days", self.beheaded);
        }
        let _ = match self.differ.len() {
            0 => writeln!(out, "same: {} dialogs, {} screens, octet for octet", self.same, self.screens),
            differ => writeln!(out, "{differ} dialogs differ, {} are the same", self.same),
        };
        out
    }

    fn to_json(&self) -> String {
        let differ: Vec<_> = self
            .differ
            .iter()
            .map(|(id, why)| serde_json::json!({ "dialog": id.to_string(), "why": why.to_string() }))
            .collect();
        let report = serde_json::json!({
            "same": self.same, "screens": self.screens, "differ": differ,
            "without_menus": self.without, "without_beginning": self.beheaded,
        });
        format!("{report}\n")
    }
}

// ---- one dialog ----------------------------------------------------------------------------

async fn show(
    store: &dyn Store, tape: &Tape, known: &mut Known, now: Timestamp, json: bool,
) -> Result<String, String> {
    let phone = |phone: Msisdn| phone.to_string();
    let graph = known.of(store, tape).await?;
    let view = view(store, tape, graph.as_deref(), phone, now).await.map_err(|why| why.to_string())?;
    if json { Ok(format!("{}\n", serde_json::json!(view))) } else { Ok(screen_by_screen(&view)) }
}

fn when(at: Timestamp) -> String {
    let (year, month, day) = at.civil(NAIROBI);
    format!("{year}-{month:02}-{day:02} {}", clock(at))
}

fn clock(at: Timestamp) -> String {
    format!("{}:{:02}", at.hour_minute(NAIROBI), at.millis().div_euclid(1000).rem_euclid(60))
}

fn in_a_line(row: &DialogLine) -> String {
    let did = if row.did.is_empty() { String::new() } else { format!("  {}", row.did.join(", ")) };
    let (at, screens) = (format!("{}/{}", row.tree, row.at), row.screens);
    format!(
        "{}  {}  {:<13} {:<6} {screens:>3} screens  {at}{did}\n",
        row.id,
        when(row.begun),
        row.phone,
        row.state
    )
}

fn screen_by_screen(view: &DialogView) -> String {
    let line = &view.line;
    let who = line.who.as_deref().map(|who| format!(" {who}")).unwrap_or_default();
    let mut out = format!(
        "dialog {}\n{}{who}, {} {}, over {}\n",
        line.id,
        line.phone,
        line.tree,
        line.graph.get(..8).unwrap_or_default(),
        line.gateway
    );
    for step in &view.steps {
        let _ = writeln!(out, "\n{}  {}", when(step.at), happened(step));
        drawn(&mut out, step);
    }
    let _ = writeln!(
        out,
        "\n{} at {}: {} screens, {} SMS parts; played again: {}",
        line.state, line.at, line.screens, line.sms_parts, view.proof
    );
    out
}

fn happened(step: &DialogStep) -> String {
    let typed = &step.typed;
    let words = match step.what.as_str() {
        "dials" => format!("dials {typed}"),
        "redials" => format!("dials {typed} again"),
        "presses" => format!("answers {typed}"),
        "texts" => format!("answers by SMS: {typed}"),
        "pushed" => format!("is shown {typed}"),
        "cut" if typed == "unseen" => "the screen never reached the network".to_owned(),
        "cut" => "the call is over".to_owned(),
        "again" => "the lost screen is shown again".to_owned(),
        "reminded" => format!("nobody typed: the SMS {typed} reminds her"),
        _ => format!("the gateway's account: {typed}"),
    };
    let refused = if step.refused { " (not understood)" } else { "" };
    let after = Duration::from_millis(step.after_ms).as_secs();
    if after > 0 { format!("{words}{refused}, after {after} s") } else { format!("{words}{refused}") }
}

fn drawn(out: &mut String, step: &DialogStep) {
    for outcome in &step.outcomes {
        let _ = writeln!(out, "    {outcome}");
    }
    if let Some(screen) = &step.screen {
        boxed(out, &screen.text);
        let length =
            screen.septets.map_or("UCS-2".to_owned(), |n| format!("{n} of {} septets", screen.limit));
        let last = if screen.last { ", the last screen" } else { "" };
        let _ = writeln!(out, "    {}, {length}, {}{last}", screen.block, screen.lang);
    }
    if let Some((name, parts)) = &step.sms {
        let _ = writeln!(out, "    SMS {name} in {parts}");
    }
    for message in &step.messages {
        let way = if message.way == "in" { "<-" } else { "->" };
        let text = message.text.replace('\n', " / ");
        let _ = writeln!(out, "    {}  {way} {} {text}", clock(message.queued), message.state);
    }
}

fn boxed(out: &mut String, text: &str) {
    let width = text.lines().map(|line| line.chars().count()).max().unwrap_or(0);
    let _ = writeln!(out, "    +{}+", "-".repeat(width + 2));
    for line in text.lines() {
        let _ = writeln!(out, "    | {line}{} |", " ".repeat(width - line.chars().count()));
    }
    let _ = writeln!(out, "    +{}+", "-".repeat(width + 2));
}

// ---- one dialog on other menus -------------------------------------------------------------

fn elsewhere(tape: &Tape, on: &[PathBuf], json: bool) -> Result<String, String> {
    let sources = sources(on).map_err(|why| why.to_string())?;
    let (graphs, _) = compiled(&sources)?;
    let head = tape.head().ok_or("its first turn is no longer kept")?;
    let graph = graphs.iter().find(|graph| graph.name == head.tree);
    let graph = graph.ok_or(format!("these menus have no tree called {}", head.tree))?;
    let Played { screens, lost } = play(tape, graph);
    if json {
        let rows: Vec<_> = screens
            .iter()
            .map(|(turn, shown)| {
                serde_json::json!({
                    "turn": turn, "block": shown.block, "text": shown.text, "refused": shown.refused,
                    "last": shown.ended,
                })
            })
            .collect();
        let lost = lost.map(|(turn, why)| serde_json::json!({ "turn": turn, "why": why.to_string() }));
        return Ok(format!("{}\n", serde_json::json!({ "screens": rows, "lost": lost })));
    }
    let mut out = String::new();
    let dial = graph.dial.as_deref();
    for (turn, shown) in &screens {
        let Some(recorded) = tape.turns.get(turn - 1) else { continue };
        let step = crate::engine::tapes::desk::step(recorded, recorded.at, dial);
        let same = step.screen.as_ref().is_some_and(|screen| screen.text == shown.text);
        let _ = writeln!(
            out,
            "\n{}  {}",
            when(recorded.at),
            happened(&DialogStep { refused: shown.refused, ..step })
        );
        boxed(&mut out, &shown.text);
        let _ = writeln!(out, "    {}{}", shown.block, if same { ", as it was shown then" } else { "" });
    }
    if let Some((turn, why)) = lost {
        let _ = writeln!(out, "\nturn {turn}: {why}");
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_a_count_and_a_unit() {
        assert_eq!(span("7d"), Ok(Duration::from_secs(7 * 86_400)));
        assert_eq!(span("90m"), Ok(Duration::from_secs(5_400)));
        for wrong in ["", "7", "d", "7 d", "-1d", "7é"] {
            assert!(span(wrong).expect_err(wrong).contains("7d"), "{wrong}");
        }
    }

    #[test]
    fn a_folder_without_a_store_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(open(folder.path()).expect_err("empty").contains("there is no store in it"));
    }
}
