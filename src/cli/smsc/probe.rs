//! `sokoni smsc probe`: a gateway looked at before it is served.

use super::failed;
use crate::config::Config;
use crate::engine::clock::SystemClock;
use crate::engine::port::{SmsSender, Subscribers};
use crate::sim::smsc::words::span;
use crate::smpp::health::BindState;
use crate::smpp::pool::Pool;
use crate::smpp::probe::courtesy::Courtesy;
use crate::smpp::probe::findings::Findings;
use crate::smpp::probe::recording::{Entry, TITLE};
use crate::smpp::probe::tap::{Recorder, Tap};
use crate::smpp::settings::{Binding, Smsc};
use crate::types::{Clock, Msisdn};
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// How often the binds are looked at.
const LOOK: Duration = Duration::from_millis(100);

const HELP: &str = "\
Binds as the service would, writes every PDU to a file, and says at the end what was seen and which
configuration fits. Whoever dials meanwhile sees one harmless screen (\"this code is being set up\").
Dial the code, press 1 three times, then 0; dial again and cancel. Then Ctrl-C.

SMS that come are left with the SMSC (\"bring it again\") unless --take-sms is given. The file holds
phone numbers and texts; passwords are blanked.

Do not probe a gateway that a running service is bound to: it would share the traffic with you.

Examples:
  sokoni smsc probe --config config.toml --gateway safari
  sokoni smsc probe --address 10.1.2.3:2775 --system-id sokoni --password-file secrets/smsc --for 5m";

/// Binds to a gateway, records its traffic, and proposes the configuration that fits
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = HELP)]
pub struct ProbeArgs {
    /// The configuration that has the gateway
    #[arg(long, value_name = "FILE", requires = "gateway", conflicts_with = "address")]
    pub config: Option<PathBuf>,
    /// The gateway's name
    #[arg(long, value_name = "NAME")]
    pub gateway: Option<String>,
    /// Where the gateway is, without a configuration
    #[arg(long, value_name = "HOST:PORT", requires = "system_id", required_unless_present = "config")]
    pub address: Option<String>,
    /// Our name there
    #[arg(long, value_name = "NAME")]
    pub system_id: Option<String>,
    /// A file that holds the password
    #[arg(long, value_name = "FILE", required_unless_present = "config")]
    pub password_file: Option<PathBuf>,
    /// What kind of system we are, if the SMSC wants to know
    #[arg(long, value_name = "TYPE")]
    pub system_type: Option<String>,
    /// The version to ask for: 3.4 or 5.0
    #[arg(long = "smpp", value_name = "VERSION")]
    pub smpp: Option<String>,
    /// A receiver and a transmitter in place of a transceiver
    #[arg(long)]
    pub pair: bool,
    /// Encrypt the connection
    #[arg(long)]
    pub tls: bool,
    /// Who may vouch for the SMSC, in PEM
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub ca_file: Option<PathBuf>,
    /// Our certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "client_key_file")]
    pub client_cert_file: Option<PathBuf>,
    /// The key of our certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls")]
    pub client_key_file: Option<PathBuf>,
    /// The name in the SMSC's certificate
    #[arg(long, value_name = "HOST", requires = "tls")]
    pub server_name: Option<String>,
    /// Where the traffic is written; must not exist [default: NAME.pdus]
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// How long, such as 60s or 10m; else until Ctrl-C
    #[arg(long = "for", value_name = "SPAN", value_parser = span)]
    pub span: Option<Duration>,
    /// Send one SMS there, and see its receipt
    #[arg(long, value_name = "NUMBER", value_parser = Msisdn::parse_kenyan)]
    pub sms: Option<Msisdn>,
    /// Whom that SMS is from; a number, for it stands in the proposal too
    #[arg(long, value_name = "DIGITS", default_value = "48357")]
    pub sender: String,
    /// Take SMS that come; the service will not see them again
    #[arg(long)]
    pub take_sms: bool,
}

/// Probes until told to stop.
pub async fn run(args: ProbeArgs) -> ExitCode {
    match probe(&args).await {
        Ok(code) => code,
        Err(why) => failed("probe", &why),
    }
}

async fn probe(args: &ProbeArgs) -> Result<ExitCode, String> {
    let log = crate::telemetry::Settings { log: "error".to_owned(), ..Default::default() };
    crate::telemetry::start(&log)?;
    let told = settings(args)?;
    let mut settings = told.clone();
    (settings.dialect, settings.binds) = ("auto".to_owned(), 1);
    settings.ussd.clear();
    let path = args.record.clone().unwrap_or_else(|| PathBuf::from(format!("{}.pdus", settings.name)));
    let clock = Arc::new(SystemClock);
    let file = begin_file(&path, &settings.name, clock.as_ref())?;

    let (recorder, entries) = Recorder::new();
    let mut pool = Pool::new(vec![settings], clock).map_err(|why| why.to_string())?;
    let tap: Arc<dyn Tap> = Arc::new(recorder);
    pool.tap(&tap);
    let subscribers: Arc<dyn Subscribers> =
        Arc::new(Courtesy { takes_sms: args.take_sms, takes_receipts: args.take_sms || args.sms.is_some() });
    let stop = CancellationToken::new();
    pool.start(&subscribers, &stop);
    let mut probe = Probe { file, path: &path, entries, findings: Findings::default() };
    let mut sms = args.sms;
    let ended = tokio::select! {
        ended = probe.until_refused(&pool, &mut sms) => ended,
        () = crate::cli::serve::interrupted() => Ok(()),
        () = elapsed(args.span) => Ok(()),
    };
    stop.cancel();
    pool.stopped().await;
    while let Ok(entry) = probe.entries.try_recv() {
        probe.take(&entry)?;
    }
    probe.file.sync_all().map_err(|why| format!("{}: {why}", path.display()))?;
    print!("{}", probe.findings.report());
    match probe.findings.proposal() {
        Some(proposal) => print!("\nWhat fits:\n\n{}{}", table(&told), proposal.to_toml()),
        None => println!("\nNothing can be proposed before a phone has dialled."),
    }
    println!("\nThe traffic is in {}; sokoni smsc read prints it.", path.display());
    ended.map(|()| ExitCode::SUCCESS)
}

async fn elapsed(span: Option<Duration>) {
    match span {
        Some(span) => tokio::time::sleep(span).await,
        None => std::future::pending().await,
    }
}

struct Probe<'a> {
    file: File,
    path: &'a Path,
    entries: mpsc::UnboundedReceiver<Entry>,
    findings: Findings,
}

impl Probe<'_> {
    /// Records. Ends only when no bind was ever taken, or the file cannot be written: who was bound
    /// once is bound again.
    async fn until_refused(&mut self, pool: &Pool, sms: &mut Option<Msisdn>) -> Result<(), String> {
        let mut look = tokio::time::interval(LOOK);
        let mut bound = false;
        loop {
            tokio::select! {
                Some(entry) = self.entries.recv() => self.take(&entry)?,
                _ = look.tick() => {
                    let status = pool.status();
                    let all = status.iter().all(|bind| bind.state == BindState::Bound);
                    if all && !bound {
                        bound = true;
                        eprintln!("bound; dial the code now. Ctrl-C ends it.");
                        if let Some(to) = sms.take() {
                            let said = send(pool, to).await;
                            eprintln!("the SMS: {said}");
                        }
                    }
                    let why = status.into_iter().find_map(|bind| bind.last_error);
                    if let Some(why) = why.filter(|_| !bound) {
                        return Err(format!("{why}; ask the operator, or mend the settings, and probe again"));
                    }
                }
            }
        }
    }

    fn take(&mut self, entry: &Entry) -> Result<(), String> {
        writeln!(self.file, "{entry}").map_err(|why| format!("{}: {why}", self.path.display()))?;
        for news in self.findings.take(entry) {
            eprintln!("{:>6}.{} {news}", entry.millis / 1000, entry.millis % 1000 / 100);
        }
        Ok(())
    }
}

/// One SMS, tried once.
async fn send(pool: &Pool, to: Msisdn) -> String {
    use crate::engine::port::{Sent, SmsOut};
    use crate::types::Purpose;
    let give_up = SystemClock.now().after(Duration::from_secs(300));
    let (id, text) = ("probe".to_owned(), "Sokoni: a test. / Jaribio.".to_owned());
    let sms = SmsOut { id, to, text, purpose: Purpose::default(), give_up, gateway: None, partly: None };
    match pool.send(sms).await {
        Sent::Taken { ids, .. } => format!("taken as {}", ids.join(", ")),
        Sent::Later { why, .. } | Sent::Again { why, .. } | Sent::Never(why) => why,
    }
}

/// The gateway of the configuration, or of the arguments.
fn settings(args: &ProbeArgs) -> Result<Smsc, String> {
    if let (Some(path), Some(name)) = (&args.config, &args.gateway) {
        let config = Config::read(path).map_err(|why| why.to_string())?;
        let names: Vec<&str> = config.gateways.iter().map(|gateway| gateway.name.as_str()).collect();
        let unknown = format!("no gateway is called {name:?}; {} has: {}", path.display(), names.join(", "));
        return config.gateways.iter().find(|gateway| gateway.name == *name).cloned().ok_or(unknown);
    }
    let mut table = toml::Table::new();
    let mut say = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            table.insert(key.to_owned(), value.into());
        }
    };
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    say("name", Some(args.gateway.clone().unwrap_or_else(|| "gateway".to_owned())));
    say("address", args.address.clone());
    say("system_id", args.system_id.clone());
    say("password_file", path(&args.password_file));
    say("system_type", args.system_type.clone());
    say("version", args.smpp.clone());
    say("service_code", Some("*483*57#".to_owned()));
    say("sms_sender", Some(args.sender.clone()));
    say("bind", args.pair.then(|| "transmitter+receiver".to_owned()));
    say("ca_file", path(&args.ca_file));
    say("client_cert_file", path(&args.client_cert_file));
    say("client_key_file", path(&args.client_key_file));
    say("server_name", args.server_name.clone());
    table.insert("tls".to_owned(), args.tls.into());
    table.try_into().map_err(|why: toml::de::Error| why.to_string().trim().to_owned())
}

/// The recording, begun; a file that is there stays as it is.
fn begin_file(path: &Path, gateway: &str, clock: &dyn Clock) -> Result<File, String> {
    let wrong = |why: std::io::Error| match why.kind() {
        std::io::ErrorKind::AlreadyExists => {
            format!("{} is there already; name another file with --record", path.display())
        }
        _ => format!("{}: {why}", path.display()),
    };
    let mut file = File::create_new(path).map_err(wrong)?;
    let now = clock.now();
    let (year, month, day) = now.civil(0);
    let time = now.hour_minute(0);
    let head = format!(
        "{TITLE}\n# gateway: {gateway}\n# started: {year}-{month:02}-{day:02} {time} UTC\n\
         # A line is: milliseconds, connection, > sent or < received, the octets of a PDU.\n"
    );
    file.write_all(head.as_bytes()).map_err(wrong)?;
    Ok(file)
}

/// What was known before, as it goes into the configuration.
fn table(settings: &Smsc) -> String {
    let mut text = "[[smsc]]\n".to_owned();
    let mut say = |key: &str, value: &str| {
        let value = toml::Value::from(value);
        text.push_str(&format!("{key} = {value}\n"));
    };
    say("name", &settings.name);
    say("address", &settings.address);
    say("system_id", &settings.system_id);
    if !settings.system_type.is_empty() {
        say("system_type", &settings.system_type);
    }
    if settings.bind == Binding::Pair {
        say("bind", "transmitter+receiver");
    }
    let paths = [
        ("password_file", &settings.password_file),
        ("ca_file", &settings.ca_file),
        ("client_cert_file", &settings.client_cert_file),
        ("client_key_file", &settings.client_key_file),
    ];
    for (key, path) in paths {
        if let Some(path) = path {
            say(key, &path.display().to_string());
        }
    }
    if let Some(name) = &settings.server_name {
        say("server_name", name);
    }
    say("service_code", &settings.service_code);
    say("sms_sender", &settings.sms_sender);
    if settings.tls {
        text.push_str("tls = true\n");
    }
    text
}
