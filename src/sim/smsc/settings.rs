//! What a simulated operator is told before it starts.

use crate::engine::clock::SystemClock;
use crate::types::Clock;
use std::{net::SocketAddr, sync::Arc, time::Duration};

/// How the gateway speaks of USSD dialogs; each is a make that is met in the field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
#[value(rename_all = "snake_case")]
pub enum Dialect {
    /// `its_session_info`: octet 1 is the dialog, octet 2 counts exchanges and carries the end bit.
    #[default]
    Its,
    /// Fifteen bits of `its_session_info`; the end is told by its bit alone; the code is the destination.
    Tata,
    /// Fifteen bits of `its_session_info`.
    Sixdee,
    /// `user_message_reference`.
    Mica,
    /// `user_message_reference`; the last screen is a notice, which is confirmed.
    UmrNotify,
    /// Vendor parameter 0x1501, four octets.
    #[value(name = "smppplus")]
    SmppPlus,
    /// `data_sm` both ways, `its_session_info`, hang-up by operation 0x41.
    Glo,
    /// No session parameter at all: the subscriber's number is the dialog.
    Msisdn,
    /// As the first, the end bit the other way round.
    Inverted,
    /// Nobody dials: the application opens every dialog; `source_node_id` must come back.
    PushOnly,
}

/// How message ids are written in `submit_sm_resp` and in receipts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageIds {
    /// The same in both places.
    #[default]
    Decimal,
    /// Hexadecimal in the response and decimal in receipts, as some SMSCs do.
    Hex,
    /// Decimal in the response and hexadecimal in receipts, as others do.
    HexInReceipts,
}

impl MessageIds {
    /// A message's number as `submit_sm_resp` writes it.
    pub fn in_response(self, id: u32) -> String {
        match self {
            Self::Decimal | Self::HexInReceipts => id.to_string(),
            Self::Hex => format!("{id:X}"),
        }
    }

    /// The same number as a receipt writes it.
    pub fn in_receipt(self, id: u32) -> String {
        match self {
            Self::Decimal | Self::Hex => id.to_string(),
            Self::HexInReceipts => format!("{id:X}"),
        }
    }
}

/// How delivery receipts are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReceiptShape {
    /// Text as in appendix B of SMPP 3.4, and parameters that say the same.
    #[default]
    Both,
    /// The text alone.
    TextOnly,
    /// Parameters alone, the text empty.
    ParametersOnly,
    /// The text alone, a blank behind `id:`, neither dlvrd nor text.
    Blank,
    /// The text alone, dates with seconds and century, `Text:` with a capital.
    LongDates,
    /// The text alone, five letters of the state, fields in another order.
    ShortState,
    /// As the first, but esm_class does not say that it is a receipt.
    NoEsmClass,
}

/// The gateway's clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timers {
    /// A connection that does not bind is closed after this long (SMPP 3.4, 7.2 session_init_timer).
    pub session_init: Duration,
    /// An `enquire_link` goes out after this long without a word from the peer.
    pub enquire_link: Duration,
    /// A link without messages is unbound and closed after this long; zero never (7.2).
    pub inactivity: Duration,
    /// An unanswered request is sent again, and a silent link closed, after this long.
    pub response: Duration,
    /// A `deliver_sm` that was refused for now is sent again after this long.
    pub retry: Duration,
    /// How long the application has for a screen before the gateway gives up the dialog.
    pub answer: Duration,
    /// How long the subscriber may look at a screen.
    pub idle: Duration,
    /// How long a dialog may last in all.
    pub dialog: Duration,
    /// A delivery receipt follows the message after this long.
    pub receipt: Duration,
}

impl Default for Timers {
    fn default() -> Self {
        Self {
            session_init: Duration::from_secs(5),
            enquire_link: Duration::from_secs(30),
            inactivity: Duration::ZERO,
            response: Duration::from_secs(10),
            retry: Duration::from_secs(1),
            answer: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            dialog: Duration::from_secs(180),
            receipt: Duration::from_millis(50),
        }
    }
}

/// A simulated operator: who may bind, which codes it routes, how it behaves.
#[derive(Clone)]
pub struct SmscSettings {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The name in bind responses.
    pub name: String,
    /// Who may bind.
    pub system_id: String,
    /// With which password.
    pub password: String,
    /// Binds of one `system_id` at a time; one more is answered ESME_RALYBND.
    pub most_binds: usize,
    /// The USSD code that leads to the bound application; longer strings behind it too.
    pub service_code: String,
    /// The address of the application: the destination of what phones send.
    pub short_code: String,
    /// How USSD dialogs are named.
    pub dialect: Dialect,
    /// The session number of the first dialog; the next ones count on.
    pub first_session: u8,
    /// After so many dialogs the numbers begin again; 0 when the dialect's field is full.
    pub reuse_sessions_after: u32,
    /// A screen is cut after this many septets (a UCS-2 character weighs as the octets it takes).
    pub screen_septets: usize,
    /// Whether a screen of more than 160 octets is refused instead of shown as far as it goes.
    pub refuses_long_screens: bool,
    /// How receipts are written.
    pub receipts: ReceiptShape,
    /// Messages of the application remembered, for `query_sm` and [`Smsc::taken`](super::Smsc::taken).
    pub remembers: usize,
    /// Unanswered `deliver_sm` of one link at a time.
    pub window: usize,
    /// Whether a key never goes to the link that had the step before it, while another has room.
    pub wanders: bool,
    /// How message ids are written.
    pub message_ids: MessageIds,
    /// Its clocks.
    pub timers: Timers,
    /// Where it reads the time of day for receipts and inboxes.
    pub clock: Arc<dyn Clock>,
}

impl Default for SmscSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            name: "USSDGW".into(),
            system_id: "sokoni".into(),
            password: "s3cr3t".into(),
            most_binds: 8,
            service_code: "*483*57#".into(),
            short_code: "48357".into(),
            dialect: Dialect::Its,
            first_session: 0,
            reuse_sessions_after: 0,
            screen_septets: 182,
            refuses_long_screens: false,
            receipts: ReceiptShape::Both,
            remembers: 10_000,
            window: 1000,
            wanders: false,
            message_ids: MessageIds::Decimal,
            timers: Timers::default(),
            clock: Arc::new(SystemClock),
        }
    }
}

impl SmscSettings {
    /// Whether a dialled string leads to the application: the service code itself, or answers behind it.
    pub fn routes(&self, dialled: &str) -> bool {
        let Some(code) = self.service_code.strip_suffix('#') else { return false };
        dialled
            .strip_prefix(code)
            .is_some_and(|rest| rest == "#" || (rest.starts_with('*') && rest.ends_with('#')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_code_and_answers_behind_it_are_routed_and_nothing_else() {
        let settings = SmscSettings::default();
        for code in ["*483*57#", "*483*57*1#", "*483*57*1*2#"] {
            assert!(settings.routes(code), "{code}");
        }
        for code in ["*483*57", "*483*5#", "*483*577#", "483*57#", "*144#", "", "#"] {
            assert!(!settings.routes(code), "{code}");
        }
    }
}
