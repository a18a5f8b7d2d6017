//! What stands between the engine and the edges: inputs as the engine takes them, and the traits
//! by which it reaches out without knowing SMPP or HTTP.

use super::hooks::{Hook, Told};
use super::prompt::{PromptNews, Prompted};
use crate::gsm::assemble::{Piece, Place};
pub use crate::market::PayoutPolicy;
pub use crate::types::Purpose;
use crate::types::receipt::{IdBase, ReceiptState};
use crate::types::{Msisdn, PayoutId, Timestamp};
use futures_util::future::BoxFuture;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A gateway by its name in the configuration.
pub type GatewayId = crate::types::routing::Gateway;

/// What names a repeat of the same input: source, session and sequence, or a hash of the message.
pub type Mark = Vec<u8>;

/// A step of a USSD dialog as a gateway delivered it, its dialect already read.
#[derive(Debug, Clone)]
pub struct UssdIn {
    /// Where it came from.
    pub gateway: GatewayId,
    /// Whose phone.
    pub msisdn: Msisdn,
    /// The gateway's own name for the dialog; empty where it has none.
    pub session: Vec<u8>,
    /// The gateway's count of exchanges in the dialog, where it keeps one.
    pub sequence: Option<u8>,
    /// What happened.
    pub event: UssdEvent,
    /// A repeat of the same octets has the same mark.
    pub mark: Option<Mark>,
    /// Septets that a screen may have on this route; none where the route sets no limit of its own.
    pub septets: Option<u16>,
    /// When it was read off the socket.
    pub at: Timestamp,
}

/// What happened in a USSD dialog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UssdEvent {
    /// The subscriber dialled: `*483*57#`, or longer with answers behind it.
    Begin(String),
    /// The subscriber typed.
    Reply(String),
    /// The dialog is over: cancelled, timed out, cut.
    Gone,
    /// The network confirms that a notice was shown; the dialog it stood in is over.
    Confirmed,
    /// The screen in answer to the step of this mark did not reach the network: surely, or perhaps.
    /// Answered with nothing.
    Unseen {
        /// Refused, or never sent; else it was sent and its fate is not known.
        surely: bool,
    },
    /// A step of a gateway that does not say whether its dialog is new, or brings with every step all
    /// that was typed so far. The engine, which remembers what it has heard, knows what is new.
    Heard(Heard),
    /// The gateway's account of a dialog that is over, cut or not.
    Ended(Account),
}

/// What was typed in a dialog, as an HTTP gateway tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// The service code.
    pub code: String,
    /// What was typed: all of it, or the last answer alone. Behind the code already when somebody
    /// dialled a longer string.
    pub text: String,
    /// What stands between answers when `text` holds all of them; `None` when it holds the last one.
    pub separator: Option<char>,
}

/// What a dialog came to, as its gateway bills it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Whether the last screen was shown, as far as the gateway knows.
    pub shown: bool,
    /// The gateway's own word: `Success`, `Failed`.
    pub status: String,
    /// What it costs, with its currency, as the gateway writes it: `KES 1.20`.
    pub cost: String,
    /// How long it lasted, in milliseconds.
    pub millis: Option<u64>,
    /// How many screens were shown.
    pub hops: Option<u32>,
}

/// What a USSD step is answered with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UssdOut {
    /// Show this and wait.
    Ask(String),
    /// Show this and close.
    End(String),
    /// Nothing: the dialog is gone, or the answer came too late to be shown.
    Nothing,
}

/// An SMS from a phone, its parts put together.
#[derive(Debug, Clone)]
pub struct SmsIn {
    /// Where it came from.
    pub gateway: GatewayId,
    /// Who sent it.
    pub from: Msisdn,
    /// To which number of ours.
    pub to: String,
    /// What it says.
    pub text: String,
    /// A repeat of the same message has the same mark.
    pub mark: Mark,
    /// The gateway's own name for it, where it gives one: what came under this name before is not
    /// heard a second time, for days.
    pub name: Option<Mark>,
    /// When it was read off the socket.
    pub at: Timestamp,
}

/// What became of an SMS that was handed over: it is durable,
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// as of now,
    Now,
    /// or as of an earlier time, since it came under this name before.
    Before,
}

/// One part of a long SMS from a phone.
#[derive(Debug, Clone)]
pub struct PartIn {
    /// Where it came from.
    pub gateway: GatewayId,
    /// Who sent it.
    pub from: Msisdn,
    /// To which number of ours.
    pub to: String,
    /// Which part of which message it is.
    pub place: Place,
    /// What it says, as it came.
    pub piece: Piece,
    /// Begins the mark of the whole message.
    pub mark: Mark,
    /// When it was read off the socket.
    pub at: Timestamp,
}

/// What became of an SMS we sent (a delivery receipt), by whichever kind of gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptIn {
    /// Where it came from: ids are of this gateway alone.
    pub gateway: GatewayId,
    /// The message's id, as the receipt writes it.
    pub message_id: String,
    /// How that id relates to the one in the gateway's answer.
    pub base: IdBase,
    /// The phones that the receipt names: the message was to one of them. Empty where it names none.
    pub phones: Vec<Msisdn>,
    /// Where the message stands.
    pub state: ReceiptState,
    /// The network's error, as the receipt writes it.
    pub error: Option<String>,
    /// When it came to this, by the gateway's own clock and in its own words.
    pub done: Option<String>,
    /// When it was read off the socket.
    pub at: Timestamp,
}

/// The engine could not take an input now; the sender should try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("busy: the lane of this subscriber is full")]
pub struct Busy;

/// What the SMPP shells and every other subscriber-facing edge call.
pub trait Subscribers: Send + Sync + 'static {
    /// Hands over a USSD step. `Err` at once when the lane is full (answer ESME_RX_T_APPN); else a
    /// future of the screen to send.
    fn ussd(&self, input: UssdIn) -> Result<BoxFuture<'static, UssdOut>, Busy>;

    /// Hands over an SMS; the future resolves when it is durable, `Err` when it could not be kept.
    fn sms(&self, input: SmsIn) -> Result<BoxFuture<'static, Result<Kept, Busy>>, Busy>;

    /// Hands over a part of a long SMS; resolves like an SMS.
    fn part(&self, input: PartIn) -> Result<BoxFuture<'static, Result<(), Busy>>, Busy>;

    /// Hands over a delivery receipt; resolves like an SMS.
    fn receipt(&self, input: ReceiptIn) -> Result<BoxFuture<'static, Result<(), Busy>>, Busy>;
}

/// An SMS that left the outbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SmsOut {
    /// The outbox row: the same for every try.
    pub id: String,
    /// To whom.
    pub to: Msisdn,
    /// What it says; the shell segments and encodes it.
    pub text: String,
    /// Why it is sent: decides validity_period, priority_flag, sender and whether it may flash.
    #[serde(default)]
    pub purpose: Purpose,
    /// After this it is of no use any more.
    pub give_up: Timestamp,
    /// By which gateway it must leave: the one where parts of it were taken already, or the one
    /// that the routing table chose. `None` leaves the choice to whoever is asked to send.
    #[serde(default)]
    pub gateway: Option<GatewayId>,
    /// How far an earlier try came with a long SMS.
    #[serde(default)]
    pub partly: Option<Partly>,
}

/// How far a long SMS came: what a gateway took of it goes no second time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partly {
    /// By which gateway; the others follow by the same one.
    pub gateway: String,
    /// What ties its parts together on the phone.
    pub reference: u16,
    /// How many parts it has.
    pub total: u8,
    /// Which of them were taken, from 0, and what the SMSC named each.
    pub taken: BTreeMap<u8, String>,
}

/// How long a message waits that was tried and not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// So long; the try does not count.
    After(Duration),
    /// Longer after each try, until its time is over.
    Grows,
    /// The same, but so many tries in all and not one more.
    GrowsAtMost(u32),
}

/// What came of a try to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sent {
    /// The SMSC took every part.
    Taken {
        /// Which gateway: message ids mean something there alone.
        gateway: GatewayId,
        /// What the SMSC named each part, in their order; some SMSCs name none.
        ids: Vec<String>,
    },
    /// Not tried, since there is no way or no room now: try after this long.
    Later {
        /// How long to wait.
        after: Duration,
        /// What the operator of the service should know.
        why: String,
    },
    /// Tried and not taken, or only in part.
    Again {
        /// When to try again.
        pause: Pause,
        /// What the operator of the service should know.
        why: String,
        /// How far it came, where it has several parts.
        partly: Option<Partly>,
    },
    /// Will never be taken.
    Never(String),
}

/// How a phone can be reached by a push now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushWay {
    /// By which gateway.
    pub gateway: GatewayId,
    /// Whether it opens a dialog; else the text is only shown.
    pub asks: bool,
    /// Septets that its screen may have; none where the route sets no limit of its own.
    pub septets: Option<u16>,
    /// How long she has before the SMS goes.
    pub wait: Duration,
}

/// A screen for a phone that dialled nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushOut {
    /// Whose phone.
    pub to: Msisdn,
    /// What it shows.
    pub text: String,
    /// How it goes.
    pub way: PushWay,
}

/// What came of a push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pushed {
    /// The gateway took it. Whether it is shown is told by her answer, or by a confirmation.
    Taken,
    /// It will not be shown, and why.
    Refused(String),
    /// It left, and nobody knows.
    Unknown,
}

/// An event to be told to a partner's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HookCall {
    /// The address.
    pub hook: Hook,
    /// The event.
    pub told: Told,
}

/// Why an event was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Untold {
    /// It may be taken later; why not now.
    Later(String),
    /// Whoever it is for is no partner any more.
    Never,
}

/// Tells partners' programs what happened.
pub trait HooksOut: Send + Sync + 'static {
    /// Tries once. The same event may be told twice; it has the same id then.
    fn tell(&self, call: HookCall) -> BoxFuture<'_, Result<(), Untold>>;
}

/// Sends SMS: what the outbox is given. In a service that is
/// [`Routes`](super::routes::Routes), which asks the routing table and hands each SMS to the
/// [`SmsWay`] that owns the gateway chosen.
pub trait SmsSender: Send + Sync + 'static {
    /// How many parts could leave at once now; what does not fit stays in the store.
    fn room(&self) -> usize {
        usize::MAX
    }

    /// Tries once.
    fn send(&self, sms: SmsOut) -> BoxFuture<'_, Sent>;

    /// How the phone of this SMS could be reached by a push instead, by the gateway that would take
    /// the SMS now; `None` where that takes no push.
    fn push_way(&self, _sms: &SmsOut) -> Option<PushWay> {
        None
    }

    /// Pushes once, the way [`push_way`](Self::push_way) said a moment ago.
    fn push(&self, _push: PushOut) -> BoxFuture<'_, Pushed> {
        Box::pin(std::future::ready(Pushed::Refused("this way takes no push".to_owned())))
    }
}

/// A way out for SMS with gateways of its own: the SMPP pool, or the HTTP gateways. To add one,
/// implement this, and hand it to [`Routes`](super::routes::Routes) in `cli::service`.
///
/// `Routes` calls [`send`](SmsSender::send) with `gateway` set to one of these gateways and only
/// when [`is_open`](Self::is_open) said yes a moment ago; the way sends by that gateway and by no
/// other, or answers [`Sent::Later`].
pub trait SmsWay: SmsSender {
    /// The gateways it owns, in the order of the configuration; never changes.
    fn gateways(&self) -> Vec<GatewayId>;

    /// Whether this gateway of its own could take the SMS now: it can be reached, and has room for
    /// every part. Must be quick.
    fn is_open(&self, gateway: &GatewayId, sms: &SmsOut) -> bool;

    /// At which gateway of its own this SMS is half sent: some of its parts were taken there, so
    /// the others must follow there and nowhere else.
    fn holds(&self, _sms: &SmsOut) -> Option<GatewayId> {
        None
    }
}

/// One connection to a gateway, for the desk and for metrics.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BindView {
    /// The gateway.
    pub gateway: GatewayId,
    /// Which of its parallel connections, from 1.
    pub bind: u16,
    /// `transceiver`, `transmitter`, `receiver`, or `http`.
    pub mode: &'static str,
    /// `down`, `binding`, `bound`, `refused` or `stopped`; of HTTP `open`, `down` or `refused`.
    pub state: &'static str,
    /// Since when.
    pub since: Timestamp,
    /// Why it last went down or failed, if it ever did.
    pub reason: Option<String>,
    /// When it last failed; of HTTP only, where it need not go down by that.
    pub failed: Option<Timestamp>,
    /// When it last did what it is for; of HTTP only.
    pub worked: Option<Timestamp>,
    /// What the peer calls itself, as of the last bind.
    pub peer: Option<String>,
    /// The version of the protocol spoken: `3.4`, `5.0`.
    pub version: Option<&'static str>,
    /// Whether the connection is encrypted.
    pub tls: bool,
    /// Requests without an answer now.
    pub window_used: u64,
    /// Most of them.
    pub window: u64,
    /// What is in hand and waits for its turn.
    pub held: u64,
    /// Since when the peer has been telling us to slow down, if it is.
    pub throttled_since: Option<Timestamp>,
    /// What the connection did since the start, by name.
    pub counters: std::collections::BTreeMap<&'static str, u64>,
}

impl BindView {
    /// Whether messages may travel.
    pub fn is_up(&self) -> bool {
        matches!(self.state, "bound" | "open")
    }
}

/// Who knows the connections to gateways.
pub trait Binds: Send + Sync + 'static {
    /// Every connection as it stands.
    fn binds(&self) -> Vec<BindView>;
}

/// Connections of several kinds.
impl Binds for Vec<std::sync::Arc<dyn Binds>> {
    fn binds(&self) -> Vec<BindView> {
        self.iter().flat_map(|some| some.binds()).collect()
    }
}

/// Connections that never change, and none at all.
impl Binds for Vec<BindView> {
    fn binds(&self) -> Vec<BindView> {
        self.clone()
    }
}

/// A request to pay somebody by mobile money. The id is made durable before anything is sent and
/// is the same for every try.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayOut {
    /// Ours; the provider refuses a second transfer with the same one.
    pub id: PayoutId,
    /// By which provider, as [`MoneyOut::way`] chose when it was asked for.
    #[serde(default)]
    pub via: String,
    /// To whom.
    pub to: Msisdn,
    /// Whole shillings.
    pub shillings: u32,
    /// Tried before, perhaps by a program that ended without hearing what came of it.
    pub again: bool,
}

/// Payouts that were asked for before providers had names went by this one.
pub const UNNAMED: &str = "mpesa";

impl PayOut {
    /// Whether it was asked for at this provider.
    pub fn is_by(&self, provider: &str) -> bool {
        let via = if self.via.is_empty() { UNNAMED } else { &self.via };
        via == provider
    }
}

/// What is known of a payout after talking to the provider.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutNews {
    /// The provider has it and will decide; its result comes later or must be asked for.
    Accepted,
    /// Paid, with the provider's reference.
    Paid {
        /// Such as `SJK3ABCDEF`.
        reference: String,
    },
    /// Proven not paid.
    Failed {
        /// In a few words, for the person waiting: at most twenty characters of GSM 03.38.
        why: String,
    },
    /// Paid once, and sent back to us since.
    Reversed {
        /// In a few words, as for a failure.
        why: String,
    },
    /// No answer, or one that proves nothing.
    Unknown {
        /// What happened, for the operator of the service.
        why: String,
    },
    /// The provider was asked, and its answer will come by itself.
    Asked,
    /// Nothing left this machine: it waits, and was not tried at all.
    Held {
        /// For what, for the operator of the service.
        why: String,
    },
    /// Nothing was taken, since there is too little there to pay from: it waits its turn, and was not tried.
    Short {
        /// What is known of it, for the operator of the service.
        why: String,
    },
    /// Not taken: the provider does not know the id, or it said "come back later". Send again, with the
    /// same id; nothing is proven for good, so the money is not given back on this.
    NotTaken {
        /// What happened.
        why: String,
    },
}

/// What a provider says of the name behind a number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameNews {
    /// The whole name, as it is registered there.
    Named(String),
    /// It has no such account, or tells no names.
    Untold,
    /// No answer; asking again may bring one.
    Later,
}

/// A mobile-money provider, or several of them.
pub trait MoneyOut: Send + Sync + 'static {
    /// By which provider a number is paid from now on; kept with the payout, which is never asked for
    /// or about at another one. Empty where there is only one.
    fn way(&self, _to: Msisdn) -> String {
        String::new()
    }

    /// What people call the provider: at most eight letters, as texts have room for.
    fn called(&self, _via: &str) -> String {
        "M-Pesa".to_owned()
    }

    /// What one transfer may be, and costs us, where the provider has terms of its own.
    fn terms(&self, _via: &str) -> Option<PayoutPolicy> {
        None
    }

    /// Asks for the transfer; safe to repeat with the same id.
    fn pay(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews>;

    /// Asks what became of it.
    fn status(&self, payout: PayOut) -> BoxFuture<'_, PayoutNews>;

    /// Asks by what name it knows a number. Providers that tell no names need not answer.
    fn name_of(&self, _phone: Msisdn) -> BoxFuture<'_, NameNews> {
        Box::pin(std::future::ready(NameNews::Untold))
    }

    /// How long the provider remembers an id: after that, the same id would be paid once more.
    fn keeps_ids(&self, _via: &str) -> Duration {
        Duration::from_secs(24 * 3_600)
    }

    /// Whether the provider of a number would take a payout now; read before a PIN is asked for.
    fn is_up(&self, to: Msisdn) -> bool;

    /// Whether this provider asks people on their phones to pay us.
    fn prompts(&self, _via: &str) -> bool {
        false
    }

    /// Whether it would ask somebody now; read before she says how much.
    fn prompts_now(&self, via: &str) -> bool {
        self.prompts(via)
    }

    /// Whether people pay to another account of ours there than the one from which payouts go, so that each
    /// has a statement of its own.
    fn takes_elsewhere(&self, _via: &str) -> bool {
        false
    }

    /// Has somebody asked to pay us: once, since a second request is a second payment.
    fn prompt(&self, _ask: Prompted) -> BoxFuture<'_, PromptNews> {
        let why = "this provider asks nobody".to_owned();
        Box::pin(std::future::ready(PromptNews::Held { why }))
    }

    /// Asks what came of that.
    fn prompted(&self, _ask: Prompted) -> BoxFuture<'_, PromptNews> {
        let why = "this provider asks nobody".to_owned();
        Box::pin(std::future::ready(PromptNews::Open { why }))
    }

    /// Whether all that stands in a payout's way there is that there is too little to pay from.
    fn is_short(&self, _via: &str) -> bool {
        false
    }
}
