//! The least an application can do: every USSD step is answered with the same screen at once.
//!
//! It uses the same codec and the same socket settings as the real one, so the steps per second it
//! reaches are the most that anything behind this link could reach on this machine.
//!
//! May import every pure module.

use crate::smpp::{
    codec::{self, Uncut},
    pdu::{Bind, Body, Message, Mode, Pdu, VERSION_3_4},
    status,
    tlv::{self, ITS_SESSION_INFO, USSD_SERVICE_OP},
};
use bytes::{Bytes, BytesMut};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// ussd_service_op of a screen that wants an answer.
const ASK: u8 = 0x02;
/// ussd_service_op of a dialog's end, seen by the network.
const ABORT: u32 = 0x81;
/// Octets asked of the socket at a time.
const READ: usize = 64 * 1024;

/// How the echo binds and what it shows.
#[derive(Debug, Clone)]
pub struct EchoSettings {
    /// Who binds.
    pub system_id: String,
    /// With which password.
    pub password: String,
    /// Over how many transceiver binds.
    pub binds: usize,
    /// The screen.
    pub screen: String,
}

impl Default for EchoSettings {
    fn default() -> Self {
        Self {
            system_id: "sokoni".into(),
            password: "s3cr3t".into(),
            binds: 1,
            screen: "Karibu Sokoni\n1. Sell a piece\n2. My orders\n3. My money\n0. Leave".into(),
        }
    }
}

/// A running echo; dropping it closes its links.
#[derive(Debug)]
pub struct Echo {
    _links: JoinSet<io::Result<()>>,
}

impl Echo {
    /// Binds every link and begins to answer.
    ///
    /// # Errors
    /// When the peer cannot be reached or refuses a bind.
    pub async fn start(smsc: SocketAddr, settings: EchoSettings) -> io::Result<Self> {
        let settings = Arc::new(settings);
        let mut links = JoinSet::new();
        for _ in 0..settings.binds {
            let link = Link::bind(smsc, &settings).await?;
            links.spawn(link.serve(Bytes::from(settings.screen.clone())));
        }
        Ok(Self { _links: links })
    }
}

/// One bound connection.
struct Link {
    stream: TcpStream,
    read: BytesMut,
    sequence: u32,
}

impl Link {
    async fn bind(smsc: SocketAddr, settings: &EchoSettings) -> io::Result<Self> {
        let stream = TcpStream::connect(smsc).await?;
        stream.set_nodelay(true)?;
        let mut link = Self { stream, read: BytesMut::with_capacity(READ), sequence: 1 };
        let bind = Bind {
            system_id: settings.system_id.clone(),
            password: settings.password.clone(),
            interface_version: VERSION_3_4,
            ..Bind::default()
        };
        let bind = codec::to_bytes(&Pdu::request(1, Body::Bind(Mode::Transceiver, bind)));
        link.stream.write_all(&bind).await?;
        loop {
            match codec::cut(&mut link.read, codec::MOST_OCTETS) {
                Ok(frame) => match codec::decode(&frame) {
                    Ok(Pdu { status: status::OK, body: Body::BindResp(..), .. }) => return Ok(link),
                    other => return Err(io::Error::other(format!("the bind was not accepted: {other:?}"))),
                },
                Err(Uncut::Incomplete) => link.more().await?,
                Err(why) => return Err(io::Error::other(why)),
            }
        }
    }

    async fn more(&mut self) -> io::Result<()> {
        self.read.reserve(READ);
        match self.stream.read_buf(&mut self.read).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Reads what has come, answers all of it in one write, and again.
    async fn serve(mut self, screen: Bytes) -> io::Result<()> {
        let mut out = BytesMut::with_capacity(READ);
        loop {
            while let Ok(frame) = codec::cut(&mut self.read, codec::MOST_OCTETS) {
                if let Ok(pdu) = codec::decode(&frame) {
                    self.answer(pdu, &screen, &mut out);
                }
            }
            if !out.is_empty() {
                self.stream.write_all(&out).await?;
                out.clear();
            }
            self.more().await?;
        }
    }

    fn answer(&mut self, pdu: Pdu, screen: &Bytes, out: &mut BytesMut) {
        if let Some(answer) = pdu.answer(status::OK) {
            codec::encode(&answer, out);
        }
        let Body::DeliverSm(step) = pdu.body else { return };
        if tlv::number(&step.tlvs, USSD_SERVICE_OP).is_none_or(|op| op == ABORT) {
            return;
        }
        let mut tlvs = step.tlvs;
        tlvs.retain(|(tag, _)| *tag == ITS_SESSION_INFO);
        tlvs.insert(0, tlv::octet(USSD_SERVICE_OP, ASK));
        let message = Message {
            service_type: step.service_type,
            source: step.dest,
            dest: step.source,
            short_message: screen.clone(),
            tlvs,
            ..Message::default()
        };
        self.sequence += 1;
        codec::encode(&Pdu::request(self.sequence, Body::SubmitSm(message)), out);
    }
}
