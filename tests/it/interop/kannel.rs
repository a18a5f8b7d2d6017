//! Kannel's bearerbox as the application, its smsbox as the way in and out of it by HTTP.

use super::{Operator, command};
use crate::support::capture::ANSWER;
use crate::support::listen::listen;
use crate::support::program::SOON;
use crate::support::serve::free_address;
use axum::{Router, extract::Query, routing::get};
use sokoni::sim::smsc::{MessageIds, Spell};
use sokoni::smpp::status;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

const PHONE: &str = "254700000101";
/// The same as Kannel writes it.
const CALLER: &str = "+254700000101";

/// The fields of one of Kannel's calls.
type Call = BTreeMap<String, String>;

/// A Kannel that runs; it ends when dropped.
struct Kannel {
    bearerbox: Child,
    smsbox: Child,
    send: SocketAddr,
    hook: String,
    calls: mpsc::UnboundedReceiver<Call>,
    waiting: Vec<Call>,
    _folder: tempfile::TempDir,
}

impl Kannel {
    async fn start(operator: &Operator) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (said, calls) = mpsc::unbounded_channel();
        let called = move |Query(call): Query<Call>| {
            let said = said.clone();
            async move {
                let _ = said.send(call);
            }
        };
        let hook = listen(Router::new().route("/", get(called))).await;
        let [admin, boxes, send] = [free_address(), free_address(), free_address()];
        let config = folder.path().join("kannel.conf");
        let text = configuration(folder.path(), operator, [admin, boxes, send], &hook);
        std::fs::write(&config, text).expect("written");
        let bearerbox = runs("bearerbox", &config);
        opens("bearerbox", &config, boxes).await;
        let smsbox = runs("smsbox", &config);
        opens("smsbox", &config, send).await;
        operator.smsc.wait_bound(1, SOON).await.expect("Kannel binds");
        Self { bearerbox, smsbox, send, hook, calls, waiting: Vec::new(), _folder: folder }
    }

    /// Asks Kannel to send a text, and for a report of whatever becomes of it.
    async fn sends(&self, text: &str, coding: &str) {
        let report = format!("{}/?report=%d&id=%F", self.hook);
        let form = [
            ("username", "sokoni"),
            ("password", "sokoni"),
            ("from", "48357"),
            ("to", PHONE),
            ("text", text),
            ("charset", "UTF-8"),
            ("coding", coding),
            ("dlr-mask", "31"),
            ("dlr-url", &report),
        ];
        let url = reqwest::Url::parse_with_params(&format!("http://{}/cgi-bin/sendsms", self.send), form);
        let client = reqwest::Client::builder().no_proxy().timeout(SOON).build().expect("a client");
        let answer = client.get(url.expect("a URL")).send().await.expect("smsbox answers");
        assert_eq!(answer.status(), 202, "{:?}", answer.text().await);
    }

    /// The oldest call that has these fields and was not taken before.
    async fn calls(&mut self, fields: &[(&str, &str)]) -> Call {
        let fits =
            |call: &Call| fields.iter().all(|(name, value)| call.get(*name).is_some_and(|is| is == value));
        if let Some(at) = self.waiting.iter().position(fits) {
            return self.waiting.remove(at);
        }
        loop {
            let call = timeout(SOON, self.calls.recv()).await;
            let call = call.unwrap_or_else(|_| panic!("Kannel never said {fields:?} but {:?}", self.waiting));
            let call = call.expect("the hook stands");
            if fits(&call) {
                return call;
            }
            self.waiting.push(call);
        }
    }

    /// Tells both boxes to end and waits until they have.
    async fn ends(mut self) {
        for child in [&mut self.smsbox, &mut self.bearerbox] {
            let id = child.id().expect("it runs").to_string();
            assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
            timeout(SOON, child.wait()).await.expect("Kannel ends in time").expect("it ran");
        }
    }
}

/// Starts a program of Kannel. Debian keeps them where only root looks for programs.
fn runs(name: &str, config: &Path) -> Child {
    let found =
        ["/usr/sbin", "/usr/local/sbin", "/usr/bin", "/usr/local/bin"].map(|at| PathBuf::from(at).join(name));
    let program = found.into_iter().find(|path| path.is_file());
    let program = program.unwrap_or_else(|| panic!("{name} is not here: please install kannel"));
    let log = std::fs::File::create(log_of(name, config)).expect("a log");
    tokio::process::Command::new(program)
        .arg(config)
        .stdin(Stdio::null())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap_or_else(|why| panic!("{name}: {why}"))
}

/// What a program writes on its standard output.
fn log_of(name: &str, config: &Path) -> PathBuf {
    config.with_file_name(format!("{name}.log"))
}

/// Waits until a program listens there.
async fn opens(program: &str, config: &Path, address: SocketAddr) {
    let connects = async {
        while TcpStream::connect(address).await.is_err() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    if timeout(SOON, connects).await.is_err() {
        let said = std::fs::read_to_string(log_of(program, config)).unwrap_or_default();
        panic!("{program} never opened {address}: {said}");
    }
}

/// Ids are hexadecimal in answers and decimal in receipts, as bit 0 of `msg-id-type` says.
fn configuration(folder: &Path, operator: &Operator, ports: [SocketAddr; 3], hook: &str) -> String {
    let [host, port] = operator.host_and_port();
    let [admin, boxes, send] = ports.map(|address| address.port());
    let folder = folder.display();
    format!(
        "group = core\n\
         admin-port = {admin}\n\
         admin-password = sokoni\n\
         smsbox-port = {boxes}\n\
         box-allow-ip = \"127.0.0.1\"\n\
         dlr-storage = internal\n\
         sms-resend-freq = 1\n\
         log-file = \"{folder}/kannel.log\"\n\
         log-level = 0\n\n\
         group = smsc\n\
         smsc = smpp\n\
         smsc-id = operator\n\
         host = {host}\n\
         port = {port}\n\
         transceiver-mode = true\n\
         smsc-username = sokoni\n\
         smsc-password = s3cr3t\n\
         system-type = VMA\n\
         address-range = \"\"\n\
         msg-id-type = 0x01\n\
         enquire-link-interval = 1\n\
         reconnect-delay = 1\n\n\
         group = smsbox\n\
         bearerbox-host = 127.0.0.1\n\
         sendsms-port = {send}\n\
         log-file = \"{folder}/smsbox-own.log\"\n\n\
         group = sendsms-user\n\
         username = sokoni\n\
         password = sokoni\n\
         max-messages = 10\n\
         concatenation = true\n\n\
         group = sms-service\n\
         keyword = default\n\
         catch-all = true\n\
         max-messages = 0\n\
         get-url = \"{hook}/?from=%p&to=%P&text=%b&coding=%c\"\n"
    )
}

async fn texts_go_out_with_reports(kannel: &mut Kannel, operator: &Operator) {
    let phone = operator.phone(PHONE);
    let long = "Kikapu cha Achieng. ".repeat(12);
    let wide = "Kĩondo kĩa Wanjikũ. ".repeat(6);
    for (text, coding, parts) in
        [("Oda #1042: [KES 1,650] ~ {leo}", "0", 1), ("Nĩ wega", "2", 1), (&long, "0", 2), (&wide, "2", 2)]
    {
        kannel.sends(text, coding).await;
        let sms = phone.wait_sms(SOON).await.expect("an SMS");
        assert_eq!((sms.from.as_str(), sms.text.as_str(), sms.parts), ("48357", text, parts));
        // Accepted by the operator, then delivered: receipt and answer name the same message.
        kannel.calls(&[("report", "8")]).await;
        kannel.calls(&[("report", "1")]).await;
    }
    phone.set_reachable(false);
    kannel.sends("hayupo", "0").await;
    kannel.calls(&[("report", "2")]).await;
    phone.set_reachable(true);

    operator.smsc.faults(|faults| faults.throttled = Spell::Times(2));
    kannel.sends("polepole", "0").await;
    assert_eq!(phone.wait_sms(SOON).await.expect("an SMS").text, "polepole");
    assert_eq!(operator.smsc.counters().held_off, 2);
}

async fn texts_come_in(kannel: &mut Kannel, operator: &Operator) {
    let phone = operator.phone(PHONE);
    let long = "Kikapu cha Achieng. ".repeat(12);
    for text in ["UZA KIKAPU 850 [poa]", &long] {
        phone.send_sms(text).await.expect("sent");
        let call = kannel.calls(&[("from", CALLER), ("to", "48357")]).await;
        assert_eq!(call["text"], *text);
    }
    operator.smsc.drop_links();
    phone.send_sms("baada ya kukatika").await.expect("sent");
    assert_eq!(
        kannel.calls(&[("from", CALLER)]).await["text"],
        "baada ya kukatika",
        "kept until Kannel is back"
    );
}

#[tokio::test]
async fn bearerbox_carries_texts_both_ways_with_reports_and_comes_back_after_a_cut() {
    let operator = Operator::open(|settings| settings.message_ids = MessageIds::Hex).await;
    let mut kannel = Kannel::start(&operator).await;
    texts_go_out_with_reports(&mut kannel, &operator).await;
    texts_come_in(&mut kannel, &operator).await;
    kannel.ends().await;
    assert_eq!(operator.smsc.receivers(), 0);
    let counters = operator.smsc.counters();
    operator
        .judged(|wire| {
            let seen = |id| (wire.count(id), wire.count(ANSWER | id));
            assert_eq!(wire.refusals(), [status::THROTTLED, status::THROTTLED]);
            assert_eq!(seen(command::BIND_TRANSCEIVER), (2, 2));
            // Eight parts of six texts, and two tries that were held off.
            assert_eq!(seen(command::SUBMIT_SM), (10, 10));
            // A receipt for each of six texts, four parts of three texts; what was under way when the
            // line was cut may have travelled twice.
            let once = 6 + 4;
            let twice = usize::try_from(counters.redelivered).expect("a few");
            let (delivered, answered) = seen(command::DELIVER_SM);
            assert!(counters.receipts >= 6 && delivered >= answered, "{counters:?}: {:?}", wire.pdus);
            assert!((once..=once + twice).contains(&answered), "{counters:?}: {:?}", wire.pdus);
            let (asked, answered) = seen(command::ENQUIRE_LINK);
            assert!(asked > 0 && answered > 0, "{:?}", wire.pdus);
            assert_eq!(seen(command::UNBIND), (1, 1));
        })
        .await;
}
