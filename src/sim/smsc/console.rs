//! The operator driven by lines: what phones do comes in, what they see goes out.

use super::{Handset, PhoneError, Screen, Smsc, words};
use crate::types::Msisdn;
use std::{collections::BTreeSet, time::Duration};
use tokio::{sync::mpsc, time::Instant};

/// How often it is looked whether somebody bound, and which phones there are.
const LOOK: Duration = Duration::from_millis(50);
/// One wait for an SMS or a push; then the next.
const WAIT: Duration = Duration::from_secs(3600);

/// What can be typed.
pub const HELP: &str = "\
dial NUMBER CODE    dials, such as: dial +254700000101 *483*57#
key NUMBER TEXT     answers the screen
cancel NUMBER       hangs up
sms NUMBER TEXT     texts the short code
off NUMBER          switches the phone off; on NUMBER switches it on
show NUMBER         what stands on the display
fault WORDS         what goes wrong from now on: throttle 5%, drop 3x; fault none
links cut           cuts every connection
status              counters as JSON
help, quit";

/// Runs until `quit` or the end of the lines; `seed` is that of the dice of faults.
pub async fn run(
    smsc: &Smsc, mut lines: mpsc::Receiver<String>, out: mpsc::UnboundedSender<String>, seed: u64,
) {
    let mut console = Console { smsc, out, seed, known: BTreeSet::new(), receivers: 0 };
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            line = lines.recv() => match line.as_deref().map(str::trim) {
                None | Some("quit") => return,
                Some(line) => {
                    if let Err(why) = console.act(line) {
                        console.say(format!("error {why}"));
                    }
                }
            },
            _ = look.tick() => console.look(),
        }
    }
}

struct Console<'a> {
    smsc: &'a Smsc,
    out: mpsc::UnboundedSender<String>,
    seed: u64,
    known: BTreeSet<Msisdn>,
    receivers: usize,
}

impl Console<'_> {
    fn say(&self, line: String) {
        // Whoever read may have gone.
        let _ = self.out.send(line);
    }

    fn act(&self, line: &str) -> Result<(), String> {
        let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let rest = rest.trim();
        match word {
            "" => {}
            "help" => self.say(HELP.to_owned()),
            "status" => {
                let counters = serde_json::to_string(&self.smsc.counters()).unwrap_or_default();
                self.say(format!("status {counters}"));
            }
            "fault" => {
                let mut result = Ok(());
                self.smsc.faults(|faults| result = words::set(faults, rest, self.seed, Instant::now()));
                result?;
                self.say(format!("fault {rest}"));
            }
            "links" if rest == "cut" => self.smsc.drop_links(),
            "dial" | "key" | "cancel" | "sms" | "off" | "on" | "show" => self.phone(word, rest)?,
            _ => return Err(format!("{word:?} is no command; help lists them")),
        }
        Ok(())
    }

    fn phone(&self, word: &str, rest: &str) -> Result<(), String> {
        let (number, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let digits = number.strip_prefix('+').unwrap_or(number);
        let msisdn = match digits.starts_with('0') {
            true => Msisdn::parse_kenyan(digits).ok(),
            false => Msisdn::from_e164(digits).ok(),
        };
        let msisdn = msisdn.ok_or_else(|| format!("{number:?} is no phone; write such as +254700000101"))?;
        let phone = self.smsc.handset(msisdn);
        let (text, out) = (text.trim().to_owned(), self.out.clone());
        if text.is_empty() && matches!(word, "dial" | "key" | "sms") {
            return Err(format!("{word} wants a number and a text"));
        }
        match word {
            "off" | "on" => phone.set_reachable(word == "on"),
            "show" => self.say(screen(msisdn, &phone.screen())),
            "dial" => drop(tokio::spawn(async move { told(&out, msisdn, phone.dial(&text).await) })),
            "key" => drop(tokio::spawn(async move { told(&out, msisdn, phone.press(&text).await) })),
            "cancel" => drop(tokio::spawn(async move { phone.cancel().await })),
            _ => {
                let sent = async move {
                    if let Err(why) = phone.send_sms(&text).await {
                        let _ = out.send(failed(msisdn, &why));
                    }
                };
                tokio::spawn(sent);
            }
        }
        Ok(())
    }

    /// Follows phones that are new, and tells when somebody bound or went.
    fn look(&mut self) {
        let receivers = self.smsc.receivers();
        if receivers != self.receivers {
            self.receivers = receivers;
            self.say(format!("bound {receivers}"));
        }
        for msisdn in self.smsc.phones() {
            if self.known.insert(msisdn) {
                let phone = self.smsc.handset(msisdn);
                tokio::spawn(inbox(phone.clone(), self.out.clone()));
                tokio::spawn(pushes(phone, self.out.clone()));
            }
        }
    }
}

async fn inbox(phone: Handset, out: mpsc::UnboundedSender<String>) {
    while !out.is_closed() {
        if let Ok(sms) = phone.wait_sms(WAIT).await {
            let line = format!("sms {} from {} {}", plus(phone.msisdn()), sms.from, quoted(&sms.text));
            let _ = out.send(line);
        }
    }
}

async fn pushes(phone: Handset, out: mpsc::UnboundedSender<String>) {
    while !out.is_closed() {
        if let Ok(shown) = phone.wait_push(WAIT).await {
            let _ = out.send(screen(phone.msisdn(), &shown));
        }
    }
}

fn told(out: &mpsc::UnboundedSender<String>, msisdn: Msisdn, came: Result<Screen, PhoneError>) {
    let line = match came {
        Ok(shown) => screen(msisdn, &shown),
        Err(why) => failed(msisdn, &why),
    };
    let _ = out.send(line);
}

fn failed(msisdn: Msisdn, why: &PhoneError) -> String {
    format!("failed {} {}", plus(msisdn), quoted(&why.to_string()))
}

/// `screen +254700000101 open "Karibu\n1. Endelea"`.
fn screen(msisdn: Msisdn, screen: &Screen) -> String {
    let how = if screen.open { "open" } else { "last" };
    format!("screen {} {how} {}", plus(msisdn), quoted(&screen.text))
}

fn plus(msisdn: Msisdn) -> String {
    format!("+{msisdn}")
}

/// On one line, as JSON has it.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
