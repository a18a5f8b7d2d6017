//! `sokoni menu`: check menus, look at them, try them. One file per subcommand.

pub mod check;
pub mod fmt;
pub mod json;
pub mod map;
pub mod phone;
pub mod poster;
pub mod preview;
pub mod records;
pub mod rehearse;
pub mod show;
pub mod sound;
pub mod sources;
pub mod stats;
pub mod test;
pub mod texts;
pub mod words;

use clap::{Args, Subcommand};
use std::{io, process::ExitCode};

/// Check menu files, look at them, try them on a phone in the terminal
#[derive(Debug, Args)]
pub struct MenuArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: MenuCommand,
}

/// The subcommands of `sokoni menu`. What each does is said where its arguments stand.
#[derive(Debug, Subcommand)]
#[expect(missing_docs, reason = "a text here would take the place of the one on the arguments")]
pub enum MenuCommand {
    Check(check::CheckArgs),
    Show(show::ShowArgs),
    Words(words::WordsArgs),
    Try(phone::TryArgs),
    Fmt(fmt::FmtArgs),
    Json(json::JsonArgs),
    Test(test::TestArgs),
    Texts(texts::TextsArgs),
    Map(map::MapArgs),
    Preview(preview::PreviewArgs),
    Rehearse(rehearse::RehearseArgs),
    Stats(stats::StatsArgs),
    Poster(poster::PosterArgs),
}

/// All is well.
pub const CLEAN: u8 = 0;
/// What was looked at has faults.
pub const FAULTS: u8 = 1;
/// It could not be tried.
pub const USAGE: u8 = 2;

/// Runs it: 0 when the menus are sound, 1 when they have faults, 2 when it could not be tried.
pub fn run(args: &MenuArgs) -> ExitCode {
    let out = &mut io::stdout().lock();
    let done = match &args.command {
        MenuCommand::Check(args) => check::run(args, out),
        MenuCommand::Show(args) => show::run(args, out),
        MenuCommand::Words(args) => words::run(args, out),
        MenuCommand::Try(args) => phone::run(args, out),
        MenuCommand::Fmt(args) => fmt::run(args, out),
        MenuCommand::Json(args) => json::run(args, out),
        MenuCommand::Test(args) => test::run(args, out),
        MenuCommand::Texts(args) => texts::run(args, out),
        MenuCommand::Map(args) => map::run(args, out),
        MenuCommand::Preview(args) => preview::run(args, out),
        MenuCommand::Rehearse(args) => rehearse::run(args, out),
        MenuCommand::Stats(args) => stats::run(args, out),
        MenuCommand::Poster(args) => poster::run(args, out),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        // The reader went away, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::from(CLEAN),
        Err(error) => {
            eprintln!("sokoni menu: {error}");
            ExitCode::from(USAGE)
        }
    }
}

fn not_found(sentence: String) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, sentence)
}
