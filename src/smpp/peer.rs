//! A scripted SMSC and a scripted engine, for the tests of the shells.

use super::codec;
use super::pdu::{Body, Message, MessageResp, Pdu};
use super::settings::Smsc;
use crate::engine::port::{Busy, Kept, PartIn, ReceiptIn, SmsIn, Subscribers, UssdEvent, UssdIn, UssdOut};
use crate::types::{Clock, Timestamp};
use bytes::BytesMut;
use futures_util::future::{BoxFuture, FutureExt};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Long enough for anything that should happen.
const PATIENCE: Duration = Duration::from_secs(10);

/// The other end of a connection.
pub struct Peer<S> {
    pub stream: S,
    read: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    pub fn new(stream: S) -> Self {
        Self { stream, read: BytesMut::new() }
    }

    /// The next PDU, or `None` when the connection was closed.
    pub async fn next(&mut self) -> Option<Pdu> {
        loop {
            if let Ok(frame) = codec::cut(&mut self.read, codec::MOST_OCTETS) {
                return Some(codec::decode(&frame).expect("we write what can be read"));
            }
            let read = tokio::time::timeout(PATIENCE, self.stream.read_buf(&mut self.read));
            if read.await.expect("something comes in time").unwrap_or(0) == 0 {
                return None;
            }
        }
    }

    /// The next PDU; it must come.
    pub async fn expect(&mut self) -> Pdu {
        self.next().await.expect("a PDU")
    }

    /// The next PDU is a submit_sm: its sequence, message and text.
    pub async fn submitted(&mut self) -> (u32, Message, String) {
        let pdu = self.expect().await;
        let Body::SubmitSm(message) = pdu.body else { panic!("a submit_sm, not {pdu:?}") };
        let text = String::from_utf8_lossy(message.text_octets()).into_owned();
        (pdu.sequence, message, text)
    }

    /// The next PDU is a deliver_sm_resp: its sequence and status.
    pub async fn acked(&mut self) -> (u32, u32) {
        let pdu = self.expect().await;
        assert!(matches!(pdu.body, Body::DeliverSmResp(_)), "a deliver_sm_resp, not {pdu:?}");
        (pdu.sequence, pdu.status)
    }

    pub async fn write(&mut self, octets: &[u8]) {
        self.stream.write_all(octets).await.expect("written");
    }

    pub async fn send(&mut self, pdu: &Pdu) {
        self.write(&codec::to_bytes(pdu)).await;
    }

    /// Delivers a worked message with another text and sequence.
    pub async fn deliver(&mut self, file: &str, sequence: u32, text: &str) {
        let mut message = super::fixture::message(file);
        message.short_message = text.as_bytes().to_vec().into();
        self.send(&Pdu::request(sequence, Body::DeliverSm(message))).await;
    }

    pub async fn resp(&mut self, sequence: u32, status: u32, id: &str) {
        let body = Body::SubmitSmResp(MessageResp::named(id));
        self.send(&Pdu { status, sequence, body }).await;
    }

    /// Takes the bind and answers it with a status.
    pub async fn bind(&mut self, status: u32) -> Pdu {
        let pdu = self.expect().await;
        assert!(matches!(pdu.body, Body::Bind(..)), "a bind, not {pdu:?}");
        self.send(&pdu.answer(status).expect("a request")).await;
        pdu
    }

    /// Takes the unbind and answers it.
    pub async fn unbind(&mut self) {
        let pdu = self.expect().await;
        assert_eq!(pdu.body, Body::Unbind);
        self.send(&pdu.answer(0).expect("a request")).await;
    }
}

/// An engine that does what the text tells it: `busy`, `fail`, `slow`, `end`, anything else is
/// echoed.
#[derive(Default)]
pub struct Engine {
    pub ussd: Mutex<Vec<UssdIn>>,
    pub sms: Mutex<Vec<SmsIn>>,
    pub parts: Mutex<Vec<PartIn>>,
    pub receipts: Mutex<Vec<ReceiptIn>>,
    /// How many SMS to fail before one is kept.
    pub failing: Mutex<u32>,
}

impl Subscribers for Engine {
    fn ussd(&self, input: UssdIn) -> Result<BoxFuture<'static, UssdOut>, Busy> {
        let said = match &input.event {
            UssdEvent::Begin(code) => format!("begin {code}"),
            UssdEvent::Reply(text) => text.clone(),
            _ => String::new(),
        };
        if said == "busy" {
            return Err(Busy);
        }
        self.ussd.lock().expect("unpoisoned").push(input);
        Ok(async move {
            match said.as_str() {
                "" => UssdOut::Nothing,
                "end" => UssdOut::End("Kwaheri".to_owned()),
                "slow" => {
                    tokio::time::sleep(Duration::from_millis(300)).await;
                    UssdOut::Ask("too late".to_owned())
                }
                said => UssdOut::Ask(format!("you said {said}")),
            }
        }
        .boxed())
    }

    fn sms(&self, input: SmsIn) -> Result<BoxFuture<'static, Result<Kept, Busy>>, Busy> {
        let mut failing = self.failing.lock().expect("unpoisoned");
        if *failing > 0 {
            *failing -= 1;
            return Ok(async { Err(Busy) }.boxed());
        }
        self.sms.lock().expect("unpoisoned").push(input);
        Ok(async { Ok(Kept::Now) }.boxed())
    }

    fn part(&self, input: PartIn) -> Result<BoxFuture<'static, Result<(), Busy>>, Busy> {
        let mut failing = self.failing.lock().expect("unpoisoned");
        if *failing > 0 {
            *failing -= 1;
            return Ok(async { Err(Busy) }.boxed());
        }
        self.parts.lock().expect("unpoisoned").push(input);
        Ok(async { Ok(()) }.boxed())
    }

    fn receipt(&self, input: ReceiptIn) -> Result<BoxFuture<'static, Result<(), Busy>>, Busy> {
        self.receipts.lock().expect("unpoisoned").push(input);
        Ok(async { Ok(()) }.boxed())
    }
}

/// A clock that stands still.
pub struct Still;

impl Clock for Still {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_800_000_000_000)
    }
}

/// Settings with short waits, and some said anew.
pub fn settings(address: &str, more: &str) -> Smsc {
    let table = format!(
        "name = \"safari\"\naddress = \"{address}\"\nsystem_id = \"sokoni\"\npassword = \"s3cr3t\"\n\
         service_code = \"*483*57#\"\nsms_sender = \"48357\"\nreconnect_ms = 20\nreconnect_most_ms = 40\n\
         drain_ms = 500\n{more}"
    );
    toml::from_str(&table).expect("settings")
}

/// Waits until something holds.
pub async fn until(mut holds: impl FnMut() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it happens in time");
}

/// An engine behind its trait, and itself.
pub fn engine() -> (Arc<Engine>, Arc<dyn Subscribers>) {
    let engine = Arc::new(Engine::default());
    (engine.clone(), engine)
}
