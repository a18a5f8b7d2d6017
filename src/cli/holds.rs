//! `sokoni holds`: whose money waits, by the desk of a running service.

use super::printed;
use crate::cli::menu::records::AtDesk;
use crate::cli::stop::reason;
use crate::engine::desk::holds::{HoldCode, HoldDone, HoldRow, HoldWish};
use crate::types::{Lang, Msisdn};
use clap::{Args, Subcommand};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const HOLDS: &str = "/desk/api/holds";

const HELP: &str = "\
Every hold has a reason and a date, which its owner is told in her language.
sim_changed and name_differs have words of their own and wait for her ID, at a
kiosk or here; desk wants words in every language of the menus, at most 40
letters each. A file has a phone on each line; when one of them is no phone, its
line is named and nobody's money waits.

Example:
  sokoni holds put sim_changed 0712345678 --file changed.txt
  sokoni holds put desk 0712345678 --why en='we ask you something' --why sw='tuna swali' --why am='...'
  sokoni holds lift sim_changed 0712345678 --why 'saw her ID at the depot'";

/// Whose money waits: putting and lifting holds, changed SIMs
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct HoldsArgs {
    #[command(subcommand)]
    what: What,
    #[command(flatten)]
    at: AtDesk,
    /// JSON in the place of words
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Everybody whose money waits, and why
    List,
    /// Lets money wait
    Put {
        /// Why: sim_changed, name_differs, desk
        #[arg(value_parser = code)]
        code: HoldCode,
        /// Whose phones
        phones: Vec<String>,
        /// A file with a phone on each line
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        /// What she is told in a language, where the desk decides
        #[arg(long, value_name = "LANG=TEXT", value_parser = reason)]
        why: Vec<(Lang, String)>,
    },
    /// A reason does not stand any more
    Lift {
        /// Which: sim_changed, name_differs, desk, pin_opened
        #[arg(value_parser = code)]
        code: HoldCode,
        /// Her phone
        phone: String,
        /// What was seen, for the journal
        #[arg(long, value_name = "TEXT")]
        why: String,
    },
}

fn code(word: &str) -> Result<HoldCode, String> {
    let known = HoldCode::ALL.into_iter().find(|code| code.word() == word);
    known.ok_or_else(|| format!("one of {}", HoldCode::ALL.map(HoldCode::word).join(", ")))
}

/// Does it.
pub async fn run(args: HoldsArgs) -> ExitCode {
    printed(answer(&args).await)
}

async fn answer(args: &HoldsArgs) -> io::Result<String> {
    let desk = args.at.open()?;
    let wish = match args.what.clone() {
        What::List => {
            let rows: Vec<HoldRow> = desk.get(HOLDS).await?;
            return match args.json {
                true => Ok(serde_json::to_string_pretty(&rows)? + "\n"),
                false => Ok(rows.iter().map(line).collect()),
            };
        }
        What::Put { code, mut phones, file, why } => {
            if let Some(file) = file {
                phones.extend(in_file(&file)?);
            }
            HoldWish::Put { phones, code, why: why.into_iter().collect() }
        }
        What::Lift { code, phone, why } => HoldWish::Lift { phone, code, why },
    };
    let done: HoldDone = desk.post(HOLDS, &wish).await?;
    let HoldDone { changed, same, unknown } = done;
    Ok(match (args.json, &wish) {
        (true, _) => serde_json::to_string_pretty(&done)? + "\n",
        (false, HoldWish::Put { .. }) => {
            format!(
                "put on hold: {changed}; on hold before: {same}; phones that nobody here has: {unknown}\n"
            )
        }
        (false, HoldWish::Lift { .. }) if changed == 0 => "there was no such hold\n".to_owned(),
        (false, HoldWish::Lift { .. }) => "the hold is lifted\n".to_owned(),
    })
}

/// The phones of a file, all of them read before anything is done.
fn in_file(file: &Path) -> io::Result<Vec<String>> {
    let text = std::fs::read_to_string(file)
        .map_err(|why| io::Error::new(why.kind(), format!("{}: {why}", file.display())))?;
    let lines = text.lines().map(str::trim).zip(1..).filter(|(line, _)| !line.is_empty());
    let read = lines.map(|(line, number)| match Msisdn::parse_kenyan(line) {
        Ok(_) => Ok(line.to_owned()),
        Err(_) => Err(io::Error::other(format!(
            "{}:{number}: {line:?} is no phone number, such as 0712345678; nothing was changed",
            file.display()
        ))),
    });
    read.collect()
}

fn line(row: &HoldRow) -> String {
    let why: Vec<String> = row.why.iter().map(|(lang, words)| format!("{lang}: {words}")).collect();
    format!("{} {} {}: {}\n", row.name, row.phone, row.code.word(), why.join("; "))
}
