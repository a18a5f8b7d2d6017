//! `sokoni demo`: the whole village on this machine, nothing to configure.

use super::service::{Service, Wiring};
use crate::config::Config;
use crate::engine::clock::SystemClock;
use crate::engine::photos::front::PhotoView;
use crate::photos::Kept;
use crate::sim::camera;
use crate::sim::card::{CardOptions, CardProcessor};
use crate::sim::momo::{Momo, MomoOptions};
use crate::sim::phones::{self, PhonesSettings};
use crate::sim::smsc::{Smsc, SmscSettings};
use crate::types::{Clock, Kes, Msisdn};
use crate::web::people::{DeskRole, Roll};
use clap::Args;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// The phones that stand in the browser: number, label.
const PHONES: [(u64, &str); 5] = [
    (254_700_000_101, "Achieng, makes things"),
    (254_700_000_201, "Amina, keeps the kiosk"),
    (254_700_000_102, "Wanjiru, makes things"),
    (254_700_000_301, "Otieno, rides"),
    (254_700_000_401, "Halima, for the depot"),
];

/// The people of the desk: name, the file of her key, what she may do.
const PEOPLE: [(&str, &str, &[DeskRole]); 2] = [
    ("Halima", "halima", &[DeskRole::Liaison, DeskRole::Operator]),
    ("Njeri", "njeri", &[DeskRole::Treasurer]),
];

const HELP: &str = "\
Everything runs in this process and talks over loopback as it would in the
field: the SMSC by SMPP, mobile money and cards by HTTP. Without --data the
village is gone when you stop it.

Commands that ask its desk (approvals, holds, loans, orders ...) want a key:
--desk-key-file. The demo prints where its keys are: `desk`, the house's own;
`halima`, a liaison and operator; `njeri`, a treasurer. What takes two people -
approvals, erasing somebody - one of the two asks for, and Njeri approves.
Halima's phone, 0700000401, is the liaison's.

Examples:
  sokoni demo
  sokoni demo --data ./village --listen 127.0.0.1:9000
  sokoni loans list --desk-key-file village/secrets/desk
  sokoni dial '*483*57#' --as 0700000101        (in another terminal)";

/// The whole village on this machine, nothing to configure
#[derive(Debug, Clone, Args)]
#[command(after_help = HELP)]
pub struct DemoArgs {
    /// Keep the village in this folder, and go on with it next time
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where the shop, the phones and the desk listen
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Levels of the log by target, such as info,sokoni::smpp=debug
    #[arg(long, value_name = "LEVELS", default_value = "warn")]
    pub log: String,
}

/// A village that runs.
pub struct Village {
    /// The service.
    pub service: Service,
    /// The operator.
    pub smsc: Smsc,
    /// The mobile-money provider.
    pub momo: Momo,
    /// The card processor.
    pub card: CardProcessor,
    /// Opens the desk.
    pub desk_key: String,
    /// Where the keys are kept.
    secrets: PathBuf,
}

/// Runs it until interrupted.
pub async fn run(args: DemoArgs) -> ExitCode {
    let log = crate::telemetry::Settings { log: args.log.clone(), ..Default::default() };
    if let Err(why) = crate::telemetry::start(&log) {
        eprintln!("{why}");
        return ExitCode::from(2);
    }
    let folder = match Folder::take(args.data.as_deref()) {
        Ok(folder) => folder,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    let village = match Village::start(&folder.path, args.listen, Arc::new(SystemClock)).await {
        Ok(village) => village,
        Err(why) => {
            eprintln!("{why}");
            return ExitCode::FAILURE;
        }
    };
    village.welcome();
    tokio::select! {
        () = super::serve::interrupted() => {}
        () = village.photographs() => {}
    }
    eprintln!("closing the village ...");
    village.service.shut_down().await;
    ExitCode::SUCCESS
}

/// Passing folders of this process so far.
static TAKEN: AtomicU32 = AtomicU32::new(0);

/// The folder of a village; a passing one is removed when dropped.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    passing: bool,
}

impl Folder {
    pub(super) fn take(named: Option<&Path>) -> Result<Self, String> {
        let passing = named.is_none();
        let path = named.map_or_else(
            || {
                let nth = TAKEN.fetch_add(1, Ordering::Relaxed);
                std::env::temp_dir().join(format!("sokoni-village-{}-{nth}", std::process::id()))
            },
            Path::to_path_buf,
        );
        std::fs::create_dir_all(&path).map_err(|why| format!("{}: {why}", path.display()))?;
        Ok(Self { path, passing })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.passing {
            let _ = std::fs::remove_dir_all(&self.path);
        }
    }
}

/// A secret of the village: made at the first start, kept beside the store.
fn secret(folder: &Path, name: &str) -> Result<String, String> {
    let (dir, path) = (folder.join("secrets"), folder.join("secrets").join(name));
    let error = |why: std::io::Error| format!("{}: {why}", path.display());
    if let Ok(kept) = std::fs::read_to_string(&path) {
        return Ok(kept);
    }
    std::fs::create_dir_all(&dir).map_err(error)?;
    let mut octets = [0u8; 16];
    #[expect(clippy::disallowed_methods, reason = "a secret must not be predictable")]
    getrandom::fill(&mut octets).map_err(|why| why.to_string())?;
    let text: String = octets.iter().map(|b| format!("{b:02x}")).collect();
    std::fs::write(&path, &text).map_err(error)?;
    Ok(text)
}

/// The people of the desk, each with her key; whoever was added since stays.
fn people(folder: &Path) -> Result<(), String> {
    let keys: Vec<String> =
        PEOPLE.iter().map(|(_, file, _)| secret(folder, file)).collect::<Result<_, _>>()?;
    let file = folder.join("secrets/people.toml");
    let mut roll = Roll::read(&file)?;
    for ((name, _, roles), key) in PEOPLE.into_iter().zip(keys) {
        if roll.person.iter().all(|person| person.name != name) {
            roll.add(name, roles.iter().copied().collect(), &key.into())?;
        }
    }
    let text = toml::to_string(&roll).map_err(|why| why.to_string())?;
    std::fs::write(&file, text).map_err(|why| format!("{}: {why}", file.display()))
}

/// The secrets of a village, each in a file of its own.
pub(super) struct Secrets {
    desk_key: String,
    password: String,
    mpesa_key: String,
    card_key: String,
    hook: String,
}

impl Secrets {
    /// Those that are there, or new ones.
    pub(super) fn in_folder(folder: &Path) -> Result<Self, String> {
        secret(folder, "mpesa-path")?;
        people(folder)?;
        // A password has eight characters in SMPP 3.4.
        let password: String = secret(folder, "smsc")?.chars().take(8).collect();
        std::fs::write(folder.join("secrets/smsc"), &password).map_err(|why| why.to_string())?;
        Ok(Self {
            desk_key: secret(folder, "desk")?,
            password,
            mpesa_key: secret(folder, "mpesa-key")?,
            card_key: secret(folder, "card-key")?,
            hook: secret(folder, "card-webhook")?,
        })
    }
}

impl Village {
    /// Starts operator, providers and service on loopback.
    pub async fn start(folder: &Path, listen: SocketAddr, clock: Arc<dyn Clock>) -> Result<Self, String> {
        let Secrets { desk_key, password, mpesa_key, card_key, hook } = Secrets::in_folder(folder)?;
        let error = |why: std::io::Error| why.to_string();

        let listener = TcpListener::bind(listen)
            .await
            .map_err(|why| format!("cannot listen on {listen} ({why}); choose another with --listen"))?;
        let address = listener.local_addr().map_err(error)?;
        let settings = SmscSettings { password, clock: Arc::clone(&clock), ..SmscSettings::default() };
        let smsc = Smsc::start(settings).await.map_err(error)?;
        let momo = MomoOptions {
            api_key: Some(mpesa_key),
            file: Some(folder.join("mpesa-transfers.json")),
            ..MomoOptions::default()
        };
        let momo = Momo::start(momo).await.map_err(error)?;
        let card = CardOptions {
            api_key: Some(card_key),
            file: Some(folder.join("card-sessions.json")),
            ..CardOptions::new(&hook, Arc::clone(&clock))
        };
        let card = CardProcessor::start(card).await.map_err(error)?;

        let text = configuration(address, smsc.addr, &momo.url, &card.url);
        let config = Config::parse(&text, "the demo", folder).map_err(|why| why.to_string())?;
        let config = with_desk(config, folder)?;
        let phones = PhonesSettings {
            phones: PHONES
                .iter()
                .filter_map(|(number, label)| {
                    Some((Msisdn::from_e164(&number.to_string()).ok()?, (*label).to_owned()))
                })
                .collect(),
            service_code: config.service.dial.clone(),
            short_code: config.service.sms.clone(),
        };
        let wiring = Wiring {
            pages: phones::router(smsc.clone(), phones),
            listener: Some(listener),
            ..Wiring::new(clock)
        };
        let service = Service::start(config, wiring).await?;
        let float = i64::try_from(MomoOptions::default().float_shillings).unwrap_or(i64::MAX / 100);
        service.engine.open_books("the village's first float", Kes::major(float)).await?;
        card.set_webhook(&format!("http://{address}{}", crate::money::card::webhook::PATH));
        Ok(Self { service, smsc, momo, card, desk_key, secrets: folder.join("secrets") })
    }

    /// Amina has a camera: what she found good and has no photograph gets one. Never ends.
    async fn photographs(&self) {
        let service = &self.service;
        loop {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let taken = async {
                for (code, kind, stuff) in service.engine.without_photos().await? {
                    let draw = move || camera::picture(&kind, &stuff, u64::from(code.number()));
                    let file = tokio::task::spawn_blocking(draw).await.map_err(|why| why.to_string())??;
                    let Kept { name, width, height, tints } =
                        service.studio.keep(file.into()).await.map_err(|why| why.to_string())?;
                    let amina = Msisdn::from_e164(&PHONES[1].0.to_string()).map_err(|why| why.to_string())?;
                    let photo = PhotoView { name, width, height, tints };
                    service.engine.photograph(amina, code, photo).await?;
                }
                Ok::<(), String>(())
            };
            if let Err(why) = taken.await {
                tracing::warn!(why, "Amina's camera");
            }
        }
    }

    fn welcome(&self) {
        let url = format!("http://{}", self.service.address);
        let text = format!(
            "\
The village is open. Stop it with Ctrl-C.

  Phones  {url}/phones
  Shop    {url}/
  Desk    {url}/desk?key={desk}
  Metrics {metrics}

What to try first, on the phones page:
  1. Achieng dials *483*57# and joins. Then she sells a necklace: dial again, 1, and so on,
     or by text to 48357:  UZA MKUFU SHABA 850 3
  2. Amina at the kiosk gets a text for each. She answers OK and the number, or dials *483*57#, 4.
     She has a camera that draws: what she found good has its photo at once. PHOTO and the number
     brings a link by which your own pictures come in.
  3. Buy one in the shop, and leave its order page open.
  4. Achieng answers YES and the order's number (or dials, 2), later READY and the number.
  5. Amina takes it in: IN and the number; and checks it: QC, the number, PASS 1.
  6. Achieng dials *483*57#, 3: the money has moved from \"in orders\" to \"ready\". 1 sends it.
  7. With a rider: Amina dials *483*57#, 6, 5, 2, and names Otieno and 0700000301. He answers YES and
     the number. From then on he is asked to fetch what is READY, and PICK, the parcel's number and
     the one that its maker was sent hand it to him.
  8. Halima dials for the depot: words on pieces, lessons, cases.

Letters to shoppers lie in {mail}.

In another terminal: sokoni dial '*483*57#' --as 0700000101{demo}
What asks the desk:  sokoni loans list{at} --desk-key-file {secrets}/desk
What takes two:      Halima asks ({secrets}/halima), Njeri approves ({secrets}/njeri):
  sokoni person erase 0700000101 --why 'she asked'{at} --desk-key-file {secrets}/halima
  sokoni approvals list{at} --desk-key-file {secrets}/njeri
",
            desk = self.desk_key,
            metrics =
                self.service.metrics.map_or_else(String::new, |address| format!("http://{address}/metrics")),
            secrets = self.secrets.display(),
            mail = self.secrets.with_file_name("mail").display(),
            demo = if url == super::dial::DEMO { String::new() } else { format!(" --demo {url}") },
            at = if url == super::dial::DEMO { String::new() } else { format!(" --desk {url}") }
        );
        let _ = std::io::stdout().write_all(text.as_bytes());
        let _ = std::io::stdout().flush();
    }
}

fn with_desk(mut config: Config, folder: &Path) -> Result<Config, String> {
    config.http = config.http.with_secrets(folder, None).map_err(|why| why.to_string())?;
    Ok(config)
}

/// The village's configuration: what a real one would say, with loopback addresses.
pub(super) fn configuration(web: SocketAddr, smsc: SocketAddr, momo: &str, card: &str) -> String {
    format!(
        r#"
[store]
path = "store"

[http]
public_url    = "http://{web}"
desk_key_file = "secrets/desk"
desk_people_file = "secrets/people.toml"
api_keys_file = "secrets/api-keys.toml"
webhooks_to_loopback = true
pay_origins   = ["{card}"]

[mail]
from   = "Sokoni <orders@sokoni.example>"
folder = "mail"

[[smsc]]
name          = "village"
address       = "{smsc}"
system_id     = "sokoni"
password_file = "secrets/smsc"
dialect       = "its"
service_code  = "*483*57#"
sms_sender    = "48357"
reconnect_ms  = 500

[[kiosk]]
phone = "0700 000 201"
name  = "Amina Hassan"
place = "Kibera Kiosk"
area  = "kibera"

[[liaison]]
phone = "0700 000 401"
name  = "Halima Noor"
area  = "kibera"

[money.mpesa]
base_url         = "{momo}"
callback_base    = "http://{web}"
secret_path_file = "secrets/mpesa-path"
api_key_file     = "secrets/mpesa-key"

[money.card]
base_url            = "{card}"
api_key_file        = "secrets/card-key"
webhook_secret_file = "secrets/card-webhook"

[metrics]
listen = "127.0.0.1:0"
"#
    )
}
