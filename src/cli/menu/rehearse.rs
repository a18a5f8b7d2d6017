//! `sokoni menu rehearse`: recorded dialogs against changed menus.

use super::{
    CLEAN, FAULTS, USAGE,
    records::{Format, Records},
    sources::sources,
};
use crate::{
    cli::replay::{compiled, span},
    dialog::tape::rehearse::{Change, Ground, Group, Menus, Report, Reporter},
    menu::graph::Graph,
};
use clap::Args;
use std::{
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

const HELP: &str = "\
Every recorded dialog is walked again on the changed menus by its own keys.
Values, rows and outcomes come from the record, by name and in their order;
nothing is made up. A dialog is stuck where a key that led on leads nowhere; it
goes elsewhere where a key leads to another block; it is on new ground where the
menus want what was not recorded. Dialogs go on being followed where a screen
was only put in or taken out, so that the cost can be told. A key that was not
understood then counts for nothing.

Ends with 0 when nothing changes for anybody, 1 when a dialog parts from its
way, 2 when it could not be tried.

Example:
  sokoni menu rehearse new-menus/ --data data --since 7d
  sokoni menu rehearse new-menus/ --desk http://127.0.0.1:8080 --desk-key-file secrets/desk";

/// Recorded dialogs against changed menus: who would be stuck, which keys change their meaning
#[derive(Debug, Args)]
#[command(after_help = HELP, mut_group("Records", |group| group.required(true)))]
pub struct RehearseArgs {
    /// The changed menus: files or folders. Of single files only their own trees are rehearsed.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// Where the records are.
    #[command(flatten)]
    records: Records,
    /// Dialogs that began so long ago at most: 90m, 12h, 7d
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "7d")]
    pub since: Duration,
    /// What one part of an SMS costs, in cents
    #[arg(long, value_name = "CENTS")]
    pub part_cents: Option<u32>,
    /// How to print what was found
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// Runs it.
///
/// # Errors
/// Menus or a store that cannot be read.
pub fn run(args: &RehearseArgs, out: &mut impl Write) -> io::Result<u8> {
    let sources = sources(&args.paths)?;
    let (graphs, texts) = match compiled(&sources) {
        Ok(menus) => menus,
        Err(problems) => {
            eprint!("{problems}");
            return Ok(USAGE);
        }
    };
    let whole = args.paths.iter().any(|path| path.is_dir());
    let trees: Vec<&Graph> = graphs.iter().collect();
    let menus = Menus { trees: &trees, texts: &texts };
    let mut reporter = Reporter::default();
    let mut others = 0u64;
    args.records.each(args.since, |tape, _| {
        let known = tape.head().is_none_or(|head| trees.iter().any(|graph| graph.name == head.tree));
        if whole || known {
            reporter.take(tape, menus);
        } else {
            others += 1;
        }
    })?;
    let report = reporter.report();
    match args.format {
        Format::Json => writeln!(out, "{}", serde_json::json!(report))?,
        Format::Text => write_text(&report, others, args.part_cents, out)?,
    }
    Ok(if report.is_quiet() { CLEAN } else { FAULTS })
}

fn write_text(report: &Report, others: u64, part: Option<u32>, out: &mut impl Write) -> io::Result<()> {
    let Report { dialogs, people, same, reworded, .. } = report;
    writeln!(
        out,
        "{dialogs} dialogs of {people} phones: {same} go the same way, {reworded} of them read differently"
    )?;
    if others > 0 {
        writeln!(out, "{others} dialogs of other trees were not tried; name the whole folder for them")?;
    }
    if report.not_read > 0 {
        writeln!(out, "{} dialogs have lost their beginning and were not tried", report.not_read)?;
    }
    groups("stuck: a key leads nowhere", &report.stuck, out)?;
    groups("a key leads elsewhere", &report.elsewhere, out)?;
    new_ground(&report.new_ground, out)?;
    if !report.blank.is_empty() {
        let names: Vec<&str> = report.blank.iter().map(String::as_str).collect();
        writeln!(out, "\nshown as nothing, since no record has them: {}", names.join(", "))?;
    }
    cost(report, part, out)
}

fn groups(title: &str, groups: &[Group], out: &mut impl Write) -> io::Result<()> {
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}: {}", counts(groups.iter().map(|group| group.dialogs).sum(), None))?;
    for Group { parting, path, dialogs, people } in groups {
        let at = parting.block.as_deref().map_or("dialled".to_owned(), |block| format!("at {block}"));
        let leads = parting.now.as_deref().unwrap_or("nothing");
        writeln!(
            out,
            "  {} {at}, {}: was {}, now {leads}; {}; as {path}",
            parting.tree,
            parting.key,
            parting.was,
            counts(*dialogs, Some(*people))
        )?;
        if let Some(key) = parting.instead {
            writeln!(out, "      {key} leads there now")?;
        }
    }
    Ok(())
}

fn counts(dialogs: u64, people: Option<u64>) -> String {
    let s = |count: u64| if count == 1 { "" } else { "s" };
    let of = people.map(|people| format!(" of {people} phone{}", s(people))).unwrap_or_default();
    format!("{dialogs} dialog{}{of}", s(dialogs))
}

fn new_ground(grounds: &[Ground], out: &mut impl Write) -> io::Result<()> {
    if grounds.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nnew ground: {}", counts(grounds.iter().map(|ground| ground.dialogs).sum(), None))?;
    for Ground { tree, block, wants, dialogs, people } in grounds {
        writeln!(out, "  {tree} after {block}: wants {wants}; {}", counts(*dialogs, Some(*people)))?;
    }
    Ok(())
}

fn cost(report: &Report, part: Option<u32>, out: &mut impl Write) -> io::Result<()> {
    let cost = &report.cost;
    let change = |Change { was, now }: Change| format!("{was} -> {now}");
    writeln!(
        out,
        "\n{} can be followed to their end: screens {}, seconds {}, SMS parts {}",
        counts(report.followed, None),
        change(cost.screens),
        change(cost.seconds),
        change(cost.sms_parts)
    )?;
    if let Some(cents) = part {
        let price = |parts: i64| parts.saturating_mul(i64::from(cents)) as f64 / 100.0;
        let Change { was, now } = cost.sms_parts;
        writeln!(out, "SMS: {:.2} -> {:.2}", price(was), price(now))?;
    }
    Ok(())
}
