//! `sokoni config`: the commented default, and a check.

use super::menu::check::summary;
use super::service::{limits, menu_sources};
use crate::config::{Config, EXAMPLE};
use crate::engine::vocabulary::vocabulary;
use crate::menu::check::check;
use crate::menu::report;
use clap::{Args, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;

/// The commented default, and a configuration checked
#[derive(Debug, Clone, Args)]
pub struct ConfigArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Clone, Subcommand)]
enum What {
    /// Prints the default configuration, every key explained
    Default,
    /// Checks a configuration - file, line and remedy for the first fault - and proves the menus it
    /// names on the narrowest of its routes
    Check {
        /// The file
        #[arg(default_value = "config.toml")]
        file: PathBuf,
    },
}

/// Does it.
pub fn run(args: &ConfigArgs) -> ExitCode {
    match &args.what {
        What::Default => {
            print!("{EXAMPLE}");
            ExitCode::SUCCESS
        }
        What::Check { file } => match Config::read(file).and_then(|config| {
            config.money.check_secrets()?;
            Ok(config)
        }) {
            Ok(config) => {
                let gateways = counted(config.gateways.len(), "gateway");
                let kiosks = counted(config.kiosks.len(), "kiosk");
                println!("{}: good ({gateways}, {kiosks})", file.display());
                match menus(&config) {
                    Ok(said) => {
                        print!("{said}");
                        ExitCode::SUCCESS
                    }
                    Err(why) => {
                        eprint!("{why}");
                        ExitCode::FAILURE
                    }
                }
            }
            Err(why) => {
                eprintln!("{why}");
                ExitCode::FAILURE
            }
        },
    }
}

/// Proves the menus that would serve on every route: what was found, warnings among it, and by which
/// route they were measured.
///
/// # Errors
/// That they cannot be read, or every fault with its line and remedy.
fn menus(config: &Config) -> Result<String, String> {
    let sources = menu_sources(config.service.menus.as_deref()).map_err(|why| format!("{why}\n"))?;
    let limits = limits(config);
    let checked = check(&sources, &vocabulary(), &limits);
    let whose = match &config.service.menus {
        Some(folder) => format!("the menus of {}", folder.display()),
        None => "the menus of this release".to_owned(),
    };
    let (route, septets) = limits.least().unwrap_or(("limits.screen_septets", config.limits.screen_septets));
    let routes = counted(limits.routes.len() - 1, "gateway");
    let mut said = report::to_text(&checked.problems, &sources, false);
    said += &format!("{whose}: {}\n", summary(&checked, sources.len()));
    said += &format!("measured for {septets} septets, the least of {routes} and [limits], set by `{route}`");
    let own = checked.graphs.iter().filter(|graph| graph.limit < septets).map(|graph| &graph.name);
    let own: Vec<&str> = own.map(String::as_str).collect();
    if !own.is_empty() {
        said += &format!("; {} for less, by its own `limit`", own.join(", "));
    }
    said.push('\n');
    if checked.is_sound() { Ok(said) } else { Err(said) }
}

/// `1 kiosk`, `2 kiosks`.
fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!((counted(1, "gateway"), counted(0, "kiosk")), ("1 gateway".into(), "0 kiosks".into()));
    }
}
