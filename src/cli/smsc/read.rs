//! `sokoni smsc read`: a recording decoded, and what it shows.

use super::failed;
use crate::smpp::probe::describe;
use crate::smpp::probe::findings::Findings;
use crate::smpp::probe::recording::{Direction, Recording};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

const HELP: &str = "\
A recording is what sokoni smsc probe wrote: a PDU a line, with the milliseconds
since the start, the number of the connection, > for sent or < for received, and
the octets in hex. Passwords are blanked; phone numbers and texts are not.

Example:
  sokoni smsc read safari.pdus
  sokoni smsc read safari.pdus --brief";

/// Prints a recording decoded, what it shows, and the configuration that fits
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = HELP)]
pub struct ReadArgs {
    /// The recording
    pub file: PathBuf,
    /// Leave the PDUs out
    #[arg(long)]
    pub brief: bool,
}

/// Reads the file and prints.
pub fn run(args: &ReadArgs) -> ExitCode {
    let name = args.file.display();
    let text = match std::fs::read_to_string(&args.file) {
        Ok(text) => text,
        Err(why) => return failed("read", &format!("{name}: {why}")),
    };
    let recording = match Recording::read(&text) {
        Ok(recording) => recording,
        Err(why) => return failed("read", &format!("{name}, {why}")),
    };
    match print(&recording, args.brief) {
        Ok(()) => ExitCode::SUCCESS,
        // A pager that was closed.
        Err(why) if why.kind() == std::io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(why) => failed("read", &why.to_string()),
    }
}

fn print(recording: &Recording, brief: bool) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    for entry in recording.entries.iter().filter(|_| !brief) {
        let way = if entry.direction == Direction::Sent { '>' } else { '<' };
        let (seconds, millis) = (entry.millis / 1000, entry.millis % 1000);
        let mut lines = describe::lines(&entry.octets).into_iter();
        let head = lines.next().unwrap_or_default();
        writeln!(out, "{seconds:>5}.{millis:03} {} {way} {head}", entry.connection)?;
        for line in lines {
            writeln!(out, "              {line}")?;
        }
    }
    let findings = Findings::of(&recording.entries);
    write!(out, "{}", findings.report())?;
    match findings.proposal() {
        Some(proposal) => write!(out, "\nWhat fits, in its [[smsc]] table:\n\n{}", proposal.to_toml()),
        None => writeln!(out, "\nNothing can be proposed before a phone has dialled."),
    }
}
