//! Every dialect as the running service speaks it on a real connection: what the tables of
//! `fixtures/dialects` say of the octets, with the texts of the real menus in them.

use crate::support::serve::{Gateway, Server, Site};
use bytes::BytesMut;
use sokoni::smpp::codec;
use sokoni::smpp::pdu::{Body, Pdu};
use sokoni::smpp::tlv;
use std::io::Write;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(30);

/// Those in which a phone begins.
const DIALECTS: [&str; 10] =
    ["its", "msisdn", "tata", "sixdee", "mica", "umr_notify", "smppplus", "glo", "inverted", "auto"];

/// A gateway that plays its table.
struct Peer {
    dialect: &'static str,
    stream: TcpStream,
    read: BytesMut,
}

fn octets(hex: &str) -> Vec<u8> {
    let digit = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(digit).collect()
}

fn pdu(octets: &[u8]) -> Pdu {
    codec::decode(&octets.to_vec().into()).expect("a sound PDU")
}

impl Peer {
    async fn frame(&mut self) -> Vec<u8> {
        loop {
            if let Ok(frame) = codec::cut(&mut self.read, codec::MOST_OCTETS) {
                return frame.to_vec();
            }
            let read = timeout(SOON, self.stream.read_buf(&mut self.read)).await;
            assert!(read.expect("something comes in time").expect("readable") > 0, "{}", self.dialect);
        }
    }

    async fn answer(&mut self, request: &[u8]) {
        let answer = pdu(request).answer(0).expect("a request");
        self.stream.write_all(&codec::to_bytes(&answer)).await.expect("written");
    }

    /// Plays a part of the table: sends what comes in it, and holds what it gets against it. The
    /// texts are those of the service, and its sequence numbers.
    async fn play(&mut self, part: &[&str]) {
        let mut word = "";
        for line in part {
            match line.split_once(' ').unwrap_or((line, "")) {
                ("<", hex) => self.stream.write_all(&octets(hex)).await.expect("written"),
                (">", hex) => {
                    let frame = self.frame().await;
                    let wanted = match word {
                        "ask" | "end" => with_its_own(&octets(hex), &frame),
                        _ => octets(hex),
                    };
                    assert_eq!(frame, wanted, "{}: {word} {:?}", self.dialect, pdu(&frame));
                    if matches!(word, "ask" | "end") {
                        self.answer(&frame).await;
                    }
                    word = "";
                }
                ("ask", _) => word = "ask",
                ("end", _) => word = "end",
                _ => {}
            }
        }
    }
}

/// The screen of the table with the text and the sequence number of the one that came.
fn with_its_own(table: &[u8], came: &[u8]) -> Vec<u8> {
    let (mut table, came) = (pdu(table), pdu(came));
    table.sequence = came.sequence;
    match (&mut table.body, came.body) {
        (Body::SubmitSm(table), Body::SubmitSm(came)) => table.short_message = came.short_message,
        (Body::DataSm(table), Body::DataSm(came)) => {
            let text = tlv::get(&came.tlvs, tlv::MESSAGE_PAYLOAD).expect("a text").clone();
            let payload = table.tlvs.iter_mut().find(|(tag, _)| *tag == tlv::MESSAGE_PAYLOAD);
            payload.expect("a text").1 = text;
        }
        (table, came) => panic!("{table:?} is wanted, not {came:?}"),
    }
    codec::to_bytes(&table).to_vec()
}

/// The lines under a title.
fn part<'t>(table: &'t str, title: &str) -> Vec<&'t str> {
    let parts = table.split("\n\n").find(|part| part.starts_with(title));
    parts.unwrap_or_else(|| panic!("no part {title:?}")).lines().collect()
}

#[tokio::test]
async fn every_dialect_is_on_the_wire_what_its_table_says() {
    let mut listeners = Vec::new();
    for dialect in DIALECTS {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        listeners.push((dialect, listener));
    }
    let address = |at: usize| listeners[at].1.local_addr().expect("an address");
    let site = Site::open(&Gateway { address: address(0), dialect: "its", bind: "transceiver" }).await;
    let mut config = std::fs::OpenOptions::new().append(true).open(site.file("config.toml")).expect("there");
    for (at, dialect) in DIALECTS.iter().enumerate().skip(1) {
        let address = address(at);
        writeln!(
            config,
            "[[smsc]]\nname = \"{dialect}\"\naddress = \"{address}\"\nsystem_id = \"sokoni\"\n\
             password_file = \"secrets/smsc\"\ndialect = \"{dialect}\"\nservice_code = \"*483*57#\"\n\
             sms_sender = \"48357\""
        )
        .expect("written");
    }
    let mut server = Server::start(&site);
    server.ready(&site).await;
    for (dialect, listener) in listeners {
        let (stream, _) = timeout(SOON, listener.accept()).await.expect("it connects").expect("accepted");
        let mut peer = Peer { dialect, stream, read: BytesMut::new() };
        let bind = peer.frame().await;
        peer.answer(&bind).await;
        let path = format!("{}/fixtures/dialects/{dialect}.txt", env!("CARGO_MANIFEST_DIR"));
        let table = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let aborted = part(&table, "# The phone or the network aborts.");
        let begun = part(&table, "# A begin, three screens, the end.");
        let silent = part(&table, "# Silence:");
        peer.play(&aborted).await;
        let third = begun.iter().enumerate().filter(|(_, line)| line.starts_with("ask ")).nth(2);
        let (third, _) = third.expect("three screens");
        peer.play(&begun[..third + 2]).await;
        let last = aborted.iter().rposition(|line| line.starts_with("< ")).expect("an abort");
        peer.play(&aborted[last..]).await;
        peer.play(&silent).await;
    }
    server.kill();
}
