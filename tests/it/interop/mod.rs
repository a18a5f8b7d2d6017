//! The simulated operator as applications of others' making meet it: node-smpp, smpplib and
//! Kannel bind to it over real TCP, and tshark judges every octet that travelled.

mod kannel;
mod node;
mod smpplib;

use crate::support::capture::{Capture, Captured};
use sokoni::{
    sim::smsc::{Handset, Smsc, SmscSettings},
    types::Msisdn,
};

/// command_id of SMPP 3.4, 5.1.2.1.
mod command {
    pub const BIND_RECEIVER: u32 = 0x01;
    pub const BIND_TRANSMITTER: u32 = 0x02;
    pub const SUBMIT_SM: u32 = 0x04;
    pub const DELIVER_SM: u32 = 0x05;
    pub const UNBIND: u32 = 0x06;
    pub const BIND_TRANSCEIVER: u32 = 0x09;
    pub const ENQUIRE_LINK: u32 = 0x15;
    pub const DATA_SM: u32 = 0x103;
}

/// An operator and an ear on its wire.
struct Operator {
    smsc: Smsc,
    capture: Option<Capture>,
    _folder: tempfile::TempDir,
}

impl Operator {
    async fn open(change: impl FnOnce(&mut SmscSettings)) -> Self {
        let mut settings = SmscSettings::default();
        change(&mut settings);
        let smsc = Smsc::start(settings).await.expect("a port");
        let folder = tempfile::tempdir().expect("a folder");
        let capture = Capture::start(smsc.addr.port(), folder.path().join("wire.pcapng")).await;
        Self { smsc, capture, _folder: folder }
    }

    fn phone(&self, digits: &str) -> Handset {
        self.smsc.handset(Msisdn::from_e164(digits).expect("a number"))
    }

    /// Where an application connects to.
    fn host_and_port(&self) -> [String; 2] {
        [self.smsc.addr.ip().to_string(), self.smsc.addr.port().to_string()]
    }

    /// Ends the capture and lets it be judged; every request must have been answered.
    async fn judged(self, judge: impl FnOnce(&Captured)) {
        let Some(capture) = self.capture else { return };
        let captured = capture.end().await;
        judge(&captured);
    }
}
