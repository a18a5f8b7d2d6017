//! An engine that keeps nothing: whoever dials sees one harmless screen.

use crate::engine::port::{Busy, Kept, PartIn, ReceiptIn, SmsIn, Subscribers, UssdEvent, UssdIn, UssdOut};
use futures_util::future::{BoxFuture, FutureExt, ready};

/// What a code shows that is being set up. It asks, because a gateway shows its habits in answers.
const SCREEN: &str =
    "Sokoni: this code is being set up. / Huduma hii inaandaliwa.\n1. Once more / Tena\n0. End / Maliza";
const LAST: &str = "Sokoni: thank you. / Asante.";

/// Answers for an application that is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Courtesy {
    /// Whether SMS are taken, and so lost to the application that is to come; else the SMSC is told
    /// to bring them again.
    pub takes_sms: bool,
    /// Whether receipts are taken.
    pub takes_receipts: bool,
}

type Keeping<T> = Result<BoxFuture<'static, Result<T, Busy>>, Busy>;

fn kept<T: Send + 'static>(takes: bool, kept: T) -> Keeping<T> {
    if takes { Ok(ready(Ok(kept)).boxed()) } else { Err(Busy) }
}

impl Subscribers for Courtesy {
    fn ussd(&self, input: UssdIn) -> Result<BoxFuture<'static, UssdOut>, Busy> {
        let out = match &input.event {
            UssdEvent::Begin(_) => UssdOut::Ask(SCREEN.to_owned()),
            UssdEvent::Reply(said) if said.trim() == "1" => UssdOut::Ask(SCREEN.to_owned()),
            UssdEvent::Reply(_) => UssdOut::End(LAST.to_owned()),
            _ => UssdOut::Nothing,
        };
        Ok(ready(out).boxed())
    }

    fn sms(&self, _: SmsIn) -> Keeping<Kept> {
        kept(self.takes_sms, Kept::Now)
    }

    fn part(&self, _: PartIn) -> Keeping<()> {
        kept(self.takes_sms, ())
    }

    fn receipt(&self, _: ReceiptIn) -> Keeping<()> {
        kept(self.takes_receipts, ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gsm::fit;

    #[test]
    fn the_screens_fit_every_gateway() {
        for text in [SCREEN, LAST] {
            let (_, rest) = fit::cut(text, 140);
            assert!(rest.is_empty() && text.is_ascii(), "{text}");
        }
    }
}
