//! A gateway whose every step the test writes itself.

use super::village::SOON;
use bytes::{Bytes, BytesMut};
use sokoni::smpp::codec;
use sokoni::smpp::pdu::{Address, BindResp, Body, Message, MessageResp, Pdu};
use sokoni::smpp::{status, tlv};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// ussd_service_op: a phone dials, a phone answers; a last screen.
const BEGIN: u8 = 1;
const REPLY: u8 = 18;
const LAST: u8 = 17;

/// Waits for the service to connect.
pub struct Port(TcpListener);

impl Port {
    pub async fn open() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.expect("a port"))
    }

    pub fn address(&self) -> SocketAddr {
        self.0.local_addr().expect("an address")
    }

    /// The next connection, its bind accepted.
    pub async fn accepts(&self) -> Wire {
        let (stream, _) = self.0.accept().await.expect("a connection");
        let mut wire = Wire { stream, input: BytesMut::new(), sequence: 0, passed: Vec::new() };
        let bind = wire.next().await;
        let Body::Bind(mode, _) = bind.body else { panic!("a bind comes first: {bind:?}") };
        let body = Body::BindResp(mode, BindResp { system_id: Some("wire".to_owned()), tlvs: vec![] });
        wire.write(&Pdu { status: status::OK, sequence: bind.sequence, body }).await;
        wire
    }
}

fn step(sequence: u32, msisdn: &str, op: u8, text: &str, (session, count): At) -> Pdu {
    let info = Bytes::copy_from_slice(&[session, count << 1]);
    let message = Message {
        service_type: "USSD".into(),
        source: Address::new(1, 1, msisdn),
        dest: Address::new(0, 1, "48357"),
        short_message: Bytes::copy_from_slice(text.as_bytes()),
        tlvs: vec![tlv::octet(tlv::USSD_SERVICE_OP, op), (tlv::ITS_SESSION_INFO, info)],
        ..Message::default()
    };
    Pdu::request(sequence, Body::DeliverSm(message))
}

/// A key of a phone, as its network writes it; of no request that the network waits to see answered.
pub fn stray_key(msisdn: &str, keys: &str, at: At) -> Vec<u8> {
    codec::to_bytes(&step(0x7FFF_FFFF, msisdn, REPLY, keys, at)).to_vec()
}

/// One bound connection.
pub struct Wire {
    stream: TcpStream,
    input: BytesMut,
    sequence: u32,
    /// Came while something else was waited for.
    passed: Vec<Pdu>,
}

/// A dialog as its_session_info names it: session, and the count of exchanges.
pub type At = (u8, u8);

impl Wire {
    /// A phone dials.
    pub async fn dials(&mut self, msisdn: &str, code: &str, at: At) {
        self.step(msisdn, BEGIN, code, at).await;
    }

    /// A phone answers.
    pub async fn types(&mut self, msisdn: &str, keys: &str, at: At) {
        self.step(msisdn, REPLY, keys, at).await;
    }

    async fn step(&mut self, msisdn: &str, op: u8, text: &str, at: At) {
        self.sequence += 1;
        self.write(&step(self.sequence, msisdn, op, text, at)).await;
    }

    /// The next screen, and whether it is the last of its dialog.
    pub async fn screen(&mut self) -> (String, bool) {
        loop {
            let pdu = self.next().await;
            match &pdu.body {
                Body::SubmitSm(message) => {
                    let id = MessageResp::named(pdu.sequence.to_string());
                    let (sequence, body) = (pdu.sequence, Body::SubmitSmResp(id));
                    self.write(&Pdu { status: status::OK, sequence, body }).await;
                    if let Some(op) = tlv::number(&message.tlvs, tlv::USSD_SERVICE_OP) {
                        let text = String::from_utf8_lossy(message.text_octets()).into_owned();
                        return (text, op == u32::from(LAST));
                    }
                }
                Body::DeliverSmResp(_) => assert_eq!(pdu.status, status::OK),
                _ => {
                    if let Some(answer) = pdu.answer(status::OK) {
                        self.write(&answer).await;
                    }
                }
            }
        }
    }

    /// Something for the service, which acknowledges it.
    pub async fn delivers(&mut self, message: Message) {
        self.sequence += 1;
        self.write(&Pdu::request(self.sequence, Body::DeliverSm(message))).await;
        self.until(|pdu| matches!(pdu.body, Body::DeliverSmResp(_)).then_some(())).await;
    }

    /// The next SMS of the service, which it wants answered: its sequence_number, to whom, the text.
    pub async fn sms(&mut self) -> (u32, String, String) {
        self.until(|pdu| match &pdu.body {
            Body::SubmitSm(message) => {
                let text = String::from_utf8_lossy(message.text_octets()).into_owned();
                Some((pdu.sequence, message.dest.addr.clone(), text))
            }
            _ => None,
        })
        .await
    }

    /// Takes an SMS and names it.
    pub async fn names(&mut self, sequence: u32, id: &str) {
        let body = Body::SubmitSmResp(MessageResp::named(id.to_owned()));
        self.write(&Pdu { status: status::OK, sequence, body }).await;
    }

    /// Reads until a PDU is what is looked for.
    async fn until<T>(&mut self, wanted: impl Fn(&Pdu) -> Option<T>) -> T {
        let found = self.passed.iter().enumerate().find_map(|(at, pdu)| Some((at, wanted(pdu)?)));
        if let Some((at, found)) = found {
            self.passed.remove(at);
            return found;
        }
        loop {
            let pdu = self.next().await;
            if let Some(found) = wanted(&pdu) {
                return found;
            }
            match (&pdu.body, pdu.answer(status::OK)) {
                (Body::EnquireLink, Some(answer)) => self.write(&answer).await,
                _ => self.passed.push(pdu),
            }
        }
    }

    async fn next(&mut self) -> Pdu {
        let read = async {
            loop {
                match codec::cut(&mut self.input, codec::MOST_OCTETS) {
                    Ok(frame) => return codec::decode(&frame).expect("a PDU"),
                    Err(_) => {
                        let read = self.stream.read_buf(&mut self.input).await.expect("octets");
                        assert!(read > 0, "the service closed the connection");
                    }
                }
            }
        };
        tokio::time::timeout(SOON, read).await.expect("the service says something")
    }

    async fn write(&mut self, pdu: &Pdu) {
        self.stream.write_all(&codec::to_bytes(pdu)).await.expect("written");
    }
}
