//! What passed through the operator, counted.

/// Counts since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Counters {
    /// PDUs received.
    pub pdus_in: u64,
    /// PDUs sent.
    pub pdus_out: u64,
    /// Binds accepted.
    pub binds: u64,
    /// Binds refused, for whatever reason.
    pub binds_refused: u64,
    /// USSD dialogs begun by phones.
    pub begins: u64,
    /// Answers sent by phones inside dialogs.
    pub replies: u64,
    /// Keys that went to another link than the step before them.
    pub moved: u64,
    /// Dialogs whose end was told to the application.
    pub aborts: u64,
    /// Screens shown.
    pub screens: u64,
    /// Screens that did not fit and lost their end.
    pub screens_cut: u64,
    /// Screens that found no dialog to be shown in.
    pub screens_late: u64,
    /// SMS sent by phones, whole messages.
    pub sms_from_phones: u64,
    /// SMS that arrived at phones, whole messages.
    pub sms_to_phones: u64,
    /// SMS parts taken from the application.
    pub sms_parts: u64,
    /// Delivery receipts sent.
    pub receipts: u64,
    /// `submit_sm` answered "throttled" or "queue full".
    pub held_off: u64,
    /// `deliver_sm` sent again because the first went unanswered or was refused for now.
    pub redelivered: u64,
    /// PDUs answered with an error status because of what they said.
    pub refused: u64,
    /// Connections lost or closed.
    pub links_lost: u64,
    /// Dialogs and notices the application pushed onto phones.
    pub pushes: u64,
    /// Pushes to phones that were busy or off.
    pub pushes_unshown: u64,
    /// `submit_sm` lost before they were seen.
    pub submits_dropped: u64,
    /// Responses to `submit_sm` never sent, or held back.
    pub responses_withheld: u64,
    /// PDUs sent that nobody can read.
    pub malformed: u64,
    /// `deliver_sm` sent twice on purpose.
    pub duplicated: u64,
    /// Connections cut on purpose.
    pub cuts: u64,
}
