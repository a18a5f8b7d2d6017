//! A phone whose network reaches the service by SMPP, or through an aggregator by HTTP: its owner
//! notices nothing.

use sokoni::sim::aggregator::AggregatorHandset;
use sokoni::sim::smsc::{self, PhoneError, Screen, Sms};
use std::time::Duration;

/// A phone; clones are the same phone.
#[derive(Clone)]
pub enum Handset {
    Smpp(smsc::Handset),
    Http(AggregatorHandset),
}

macro_rules! either {
    ($self:ident, $phone:ident => $does:expr) => {
        match $self {
            Handset::Smpp($phone) => $does,
            Handset::Http($phone) => $does,
        }
    };
}

impl Handset {
    pub async fn dial(&self, code: &str) -> Result<Screen, PhoneError> {
        either!(self, phone => phone.dial(code).await)
    }

    pub async fn press(&self, keys: &str) -> Result<Screen, PhoneError> {
        either!(self, phone => phone.press(keys).await)
    }

    pub async fn cancel(&self) {
        either!(self, phone => phone.cancel().await);
    }

    pub async fn send_sms(&self, text: &str) -> Result<(), PhoneError> {
        either!(self, phone => phone.send_sms(text).await)
    }

    pub async fn wait_sms(&self, within: Duration) -> Result<Sms, PhoneError> {
        either!(self, phone => phone.wait_sms(within).await)
    }

    pub fn inbox(&self) -> Vec<Sms> {
        either!(self, phone => phone.inbox())
    }

    pub fn screen(&self) -> Screen {
        either!(self, phone => phone.screen())
    }
}
