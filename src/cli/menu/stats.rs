//! `sokoni menu stats`: what recorded dialogs add up to, per screen and per finished job.

use super::{
    CLEAN,
    records::{Format, Records},
};
use crate::{
    cli::replay::span,
    dialog::tape::stats::{Count, Job, Screen, Stats},
};
use clap::Args;
use std::{
    io::{self, Write},
    time::Duration,
};

/// What recorded dialogs add up to: per screen, and per finished job
#[derive(Debug, Args)]
#[command(mut_group("Records", |group| group.required(true)))]
pub struct StatsArgs {
    /// Where the records are.
    #[command(flatten)]
    records: Records,
    /// Dialogs that began so long ago at most: 90m, 12h, 7d
    #[arg(long, value_name = "SPAN", value_parser = span, default_value = "7d")]
    pub since: Duration,
    /// What one part of an SMS costs, in cents
    #[arg(long, value_name = "CENTS")]
    pub part_cents: Option<u32>,
    /// How to print the figures
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
}

/// Runs it.
///
/// # Errors
/// A store that cannot be read.
pub fn run(args: &StatsArgs, out: &mut impl Write) -> io::Result<u8> {
    let mut count = Count::default();
    args.records.each(args.since, |tape, now| count.take(tape, now))?;
    let stats = count.stats();
    match args.format {
        Format::Json => writeln!(out, "{}", serde_json::json!(stats))?,
        Format::Text => write_text(&stats, args.part_cents, out)?,
    }
    Ok(CLEAN)
}

fn seconds(millis: u64) -> String {
    format!("{} s", millis.div_ceil(1000))
}

fn write_text(stats: &Stats, part: Option<u32>, out: &mut impl Write) -> io::Result<()> {
    let Stats { dialogs, people, open, .. } = stats;
    writeln!(out, "{dialogs} dialogs of {people} phones, {open} of them open")?;
    if !stats.jobs.is_empty() {
        writeln!(out, "\nfinished (the middle one of each)")?;
    }
    for Job { tree, end, action, done, screens, millis, sms_parts } in &stats.jobs {
        let price = part.map(|cents| *sms_parts as f64 * f64::from(cents) / 100.0);
        let price = price.map(|price| format!(", {price:.2}")).unwrap_or_default();
        let name = format!("{tree} {end}");
        writeln!(
            out,
            "  {name:<28} {done:>7} times  {screens:>3} screens  {:>6}  {sms_parts} SMS parts{price}  {action}",
            seconds(*millis)
        )?;
    }
    if !stats.screens.is_empty() {
        writeln!(
            out,
            "\n  {:<28} {:>7} {:>7} {:>14} {:>7} {:>6} {:>5}",
            "screen", "shown", "dialogs", "stopped", "wrong", "time", "parts"
        )?;
    }
    for screen in &stats.screens {
        let Screen { tree, block, shown, dialogs, left, refused, answer_ms, sms_parts } = screen;
        let share = screen.left_permille();
        let stopped = format!("{left} ({}.{} %)", share / 10, share % 10);
        let time = answer_ms.map(seconds).unwrap_or_default();
        let name = format!("{tree} {block}");
        writeln!(
            out,
            "  {name:<28} {shown:>7} {dialogs:>7} {stopped:>14} {refused:>7} {time:>6} {sms_parts:>5}"
        )?;
    }
    Ok(())
}
