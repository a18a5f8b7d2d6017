//! `sokoni smsc sim`: the simulated operator as a program of its own.

use super::failed;
use crate::sim::smsc::{Dialect, MessageIds, Smsc, SmscSettings, console, words};
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::process::ExitCode;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// The simulated SMSC and its phones, for whoever integrates an application
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = help())]
pub struct SimArgs {
    /// Where it listens; port 0 picks a free one, which is printed
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:2775")]
    pub listen: SocketAddr,
    /// How its USSD dialogs are named and ended
    #[arg(long, value_enum, default_value = "its")]
    pub dialect: Dialect,
    /// Who may bind
    #[arg(long, value_name = "NAME", default_value = "sokoni")]
    pub system_id: String,
    /// With which password
    #[arg(long, default_value = "s3cr3t")]
    pub password: String,
    /// The code that leads to the application
    #[arg(long, default_value = "*483*57#")]
    pub code: String,
    /// The application's short code
    #[arg(long, value_name = "DIGITS", default_value = "48357")]
    pub short_code: String,
    /// How receipts write message ids
    #[arg(long, value_enum, default_value = "decimal")]
    pub ids: Ids,
    /// What goes wrong from the start, such as "throttle 5%, drop 1%"; may come again
    #[arg(long = "fault", value_name = "WORDS")]
    pub faults: Vec<String>,
    /// The seed of the dice: the same one, the same bad luck
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
}

/// How message ids are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Ids {
    /// Decimal in answers and receipts
    Decimal,
    /// Hexadecimal in answers, decimal in receipts
    Hex,
    /// Decimal in answers, hexadecimal in receipts
    HexInReceipts,
}

fn help() -> String {
    let mut help = format!(
        "Phones are driven by lines on standard input; what they see is printed, one line each:\n\n{}\n\n\
         Printed: listening ADDRESS; bound N; screen NUMBER open|last \"TEXT\"; sms NUMBER from SENDER \"TEXT\";\n\
         failed NUMBER \"WHY\"; status JSON; error WHY.\n\n\
         Faults, each with how often (5%, 0.5%, 3x, 10s, always, never):\n",
        console::HELP
    );
    for (name, what) in words::SPELLS.iter().chain(&words::OTHERS) {
        // Writing into a String cannot fail.
        let _ = writeln!(help, "  {name:<22}{what}");
    }
    help.push_str(
        "\nExample:\n  printf 'dial +254700000101 *483*57#\\n' | cat - /dev/stdin | sokoni smsc sim --dialect its",
    );
    help
}

/// Runs until `quit`, the end of the input, or Ctrl-C.
pub async fn run(args: SimArgs) -> ExitCode {
    let settings = SmscSettings {
        listen: args.listen,
        system_id: args.system_id,
        password: args.password,
        dialect: args.dialect,
        service_code: args.code,
        short_code: args.short_code,
        message_ids: match args.ids {
            Ids::Decimal => MessageIds::Decimal,
            Ids::Hex => MessageIds::Hex,
            Ids::HexInReceipts => MessageIds::HexInReceipts,
        },
        ..SmscSettings::default()
    };
    let smsc = match Smsc::start(settings).await {
        Ok(smsc) => smsc,
        Err(why) => return failed("sim", &format!("{}: {why}; choose another with --listen", args.listen)),
    };
    for line in &args.faults {
        let mut result = Ok(());
        smsc.faults(|faults| result = words::set(faults, line, args.seed, Instant::now()));
        if let Err(why) = result {
            eprintln!("sokoni smsc sim: {why}");
            return ExitCode::from(2);
        }
    }
    let (lines, input) = mpsc::channel(1);
    // A thread of its own, for nothing can call back a read of the terminal: it must not keep the
    // command from ending.
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let (out, mut said) = mpsc::unbounded_channel();
    let _ = out.send(format!("listening {}", smsc.addr));
    let printed = async {
        while let Some(line) = said.recv().await {
            println!("{line}");
        }
    };
    tokio::select! {
        () = printed => {}
        () = console::run(&smsc, input, out, args.seed) => {}
        () = crate::cli::serve::interrupted() => {}
    }
    smsc.stop();
    ExitCode::SUCCESS
}
