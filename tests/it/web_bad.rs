//! What nobody should send to the shop, each as a file of `fixtures/web-bad` beside what it is answered:
//! a clear 4xx, nothing stored, and no memory held.

use crate::stories::open_stall;
use crate::support::photo::{Door, picture};
use crate::support::village::Village;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// The slowest answer: longer than the service waits for anybody.
const PATIENCE: Duration = Duration::from_secs(60);
/// What may stay in memory of everything together.
const KEPT: u64 = 64 * 1024 * 1024;

/// One of the files.
struct Case {
    name: String,
    expect: Vec<String>,
    head: String,
    body: String,
}

impl Case {
    fn read(path: &Path, values: &BTreeMap<&str, String>) -> Self {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let mut text = std::fs::read_to_string(path).expect("a file");
        for (key, value) in values {
            text = text.replace(&format!("{{{key}}}"), value);
        }
        let (mut expect, mut rest) = (Vec::new(), text.as_str());
        while let Some(comment) = rest.strip_prefix("# ") {
            let (line, after) = comment.split_once('\n').expect("more than comments");
            if let Some(statuses) = line.strip_prefix("expect: ") {
                expect = statuses.split(' ').map(str::to_owned).collect();
            }
            rest = after;
        }
        let (head, body) = rest.split_once("\n\n").unwrap_or((rest.trim_end(), ""));
        assert!(!expect.is_empty() && !head.is_empty(), "{name} says too little");
        Self { name, expect, head: head.to_owned(), body: body.to_owned() }
    }

    /// The head as it goes over the wire, before its last line: `@a100` stands for a hundred letters.
    fn head(&self) -> String {
        let line = |line: &str| match line.strip_prefix("@headers ") {
            Some(count) => (0..number(count)).map(|nth| format!("x-{nth}: y\r\n")).collect(),
            None => format!("{}\r\n", line.split(' ').map(letters).collect::<Vec<_>>().join(" ")),
        };
        let lines: String = self.head.lines().map(line).collect();
        format!("{lines}host: shop.example\r\nconnection: close\r\n")
    }

    /// The body, and the header that says how long it is.
    fn body(&self) -> (String, Vec<u8>) {
        let known = |body: Vec<u8>| (format!("content-length: {}\r\n", body.len()), body);
        let (what, more) = self.body.split_once(' ').unwrap_or((&self.body, ""));
        match what {
            "@repeat" | "@chunks" => {
                let (octet, count) = more.split_once(' ').expect("an octet and a count");
                let octet = u8::from_str_radix(octet, 16).expect("hexadecimal");
                let body = vec![octet; number(count)];
                match what {
                    "@repeat" => known(body),
                    _ => (
                        "transfer-encoding: chunked\r\n".to_owned(),
                        [format!("{:x}\r\n", body.len()).as_bytes(), &body, b"\r\n0\r\n\r\n"].concat(),
                    ),
                }
            }
            "@form" => {
                let (field, count) = more.split_once(' ').expect("a field and a count");
                known(format!("{field}={}", "a".repeat(number(count))).into_bytes())
            }
            "@deep" => known([vec![b'['; number(more)], vec![b']'; number(more)]].concat()),
            "@bomb" => known(bomb(u32::try_from(number(more)).expect("pixels"))),
            "@cut" => known(picture(1, 96, 72)[..300].to_vec()),
            "@raw" => (String::new(), more.replace('\n', "\r\n").into_bytes()),
            "@slow" => (format!("content-length: {more}\r\n"), Vec::new()),
            _ => known(self.body.clone().into_bytes()),
        }
    }

    fn is_slow(&self) -> bool {
        self.body.starts_with("@slow")
    }

    /// Sends it; what stands in the first line of the answer, and the answer.
    async fn send(&self, address: &str) -> (String, String) {
        let (length, body) = self.body();
        let socket = TcpStream::connect(address).await.expect("it listens");
        let (mut reading, mut writing) = socket.into_split();
        let end = if self.body == "@slow-head" { "x-slow: " } else { "\r\n" };
        let head = format!("{}{length}{end}", self.head());
        let slow = self.is_slow();
        let writer = tokio::spawn(async move {
            // Whoever has seen enough hangs up.
            let _ = writing.write_all(head.as_bytes()).await;
            let _ = writing.write_all(&body).await;
            while slow && writing.write_all(b"a").await.is_ok() {
                sleep(Duration::from_secs(1)).await;
            }
            writing
        });
        let mut answer = Vec::new();
        let read = timeout(PATIENCE, reading.read_to_end(&mut answer)).await;
        assert!(read.is_ok(), "{}: the service waits for ever", self.name);
        writer.abort();
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).unwrap_or("closed").to_owned();
        (status, answer)
    }

    /// What is wrong with how it is answered.
    async fn fault(&self, address: &str) -> Option<String> {
        let (status, answer) = self.send(address).await;
        let good = self.expect.contains(&status) && !answer.contains(".rs:");
        (!good).then(|| {
            format!("{}: {status}, not {:?}: {}", self.name, self.expect, &answer[..answer.len().min(400)])
        })
    }
}

fn number(text: &str) -> usize {
    text.trim().parse().unwrap_or_else(|_| panic!("{text} is no number"))
}

/// A word in which `@a100` is a hundred letters.
fn letters(word: &str) -> String {
    match word.split_once("@a").map(|(before, count)| (before, count.parse::<usize>())) {
        Some((before, Ok(count))) => format!("{before}{}", "a".repeat(count)),
        _ => word.to_owned(),
    }
}

/// A PNG of so many white pixels a side. A very large one only says that it is.
fn bomb(side: u32) -> Vec<u8> {
    let real = if side > 10_000 { 16 } else { side };
    let mut png = std::io::Cursor::new(Vec::new());
    let grey = image::GrayImage::from_pixel(real, real, image::Luma([255]));
    grey.write_to(&mut png, image::ImageFormat::Png).expect("a picture");
    let mut png = png.into_inner();
    // The signature, a length, IHDR, width and height (PNG, 5.2 and 11.2.2), and the sum over them.
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let sum = crc(&png[12..29]);
    png[29..33].copy_from_slice(&sum.to_be_bytes());
    png
}

/// The sum of a chunk (PNG, annex D).
fn crc(octets: &[u8]) -> u32 {
    !octets.iter().fold(u32::MAX, |sum, octet| {
        (0..8).fold(
            sum ^ u32::from(*octet),
            |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 },
        )
    })
}

/// Octets that this process has in memory.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line");
    let kib: u64 = line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number");
    kib * 1024
}

/// What the desk has, and the files of photographs.
async fn kept(village: &Village) -> (Vec<serde_json::Value>, usize) {
    let mut all = Vec::new();
    for what in ["orders", "listings", "payouts", "callbacks", "trial-balance"] {
        all.push(village.desk(what).await);
    }
    // What their receipts say of them comes when it comes.
    let messages = village.desk("messages").await["rows"].as_array().map(Vec::len);
    all.push(messages.into());
    (all, std::fs::read_dir(village.data().join("photos")).map_or(0, Iterator::count))
}

#[tokio::test]
async fn what_nobody_should_send_is_refused_stores_nothing_and_holds_no_memory() {
    let (village, achieng, amina, listing) = open_stall(850, 3).await;
    let unseen = achieng.lists("RING", "BEADS", 400, 1).await;
    let door = Door::of(&amina.asks(&format!("PHOTO {unseen}"), "/upload#").await);
    let shopper = village.shopper();
    let form = shopper.fills(&listing, 1).await;
    shopper.sends(&form).await.expect("on to payment");
    let used = form.value("idempotency_key").to_owned();
    let values = BTreeMap::from([
        ("listing", listing),
        ("pass", door.pass().to_owned()),
        ("used", used),
        ("key", "a-key-of-this-test".to_owned()),
    ]);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/web-bad");
    let files = std::fs::read_dir(folder).expect("a folder").map(|file| file.expect("a file").path());
    let cases: Vec<Case> = files.map(|path| Case::read(&path, &values)).collect();
    assert!(cases.len() >= 32, "{} files", cases.len());
    let address = village.url.strip_prefix("http://").expect("an address").to_owned();

    let before = kept(&village).await;
    // Once for what is made at the first use, and once more to be measured.
    let (slow, quick): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(Case::is_slow);
    let all = async |cases: &[Case]| {
        let mut faults = Vec::new();
        for case in cases {
            faults.extend(case.fault(&address).await);
        }
        assert_eq!(faults, [""; 0]);
    };
    all(&quick).await;
    let memory = resident();
    all(&quick).await;
    let grown = resident().saturating_sub(memory);
    assert!(grown < KEPT, "{} MiB stayed in memory", grown >> 20);
    let slow = futures_util::future::join_all(slow.iter().map(|case| case.fault(&address))).await;
    assert_eq!(slow.into_iter().flatten().collect::<Vec<_>>(), [""; 0]);
    assert_eq!(kept(&village).await, before);
    assert_eq!(shopper.opens("/").await.0, 200);
    village.closes().await;
}
