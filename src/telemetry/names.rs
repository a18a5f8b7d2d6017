//! Every metric, by its name, with what it says and in which unit: the one list. What is not in it is not
//! shown, and dashboards and alert rules (`ops/`) may name nothing else; tests hold both.
//!
//! Units are the base ones: seconds, octets (`bytes`), whole shillings; without one a metric is a number of
//! things. Counters end in `_total` and begin at nothing with the process. No label has a value that a
//! stranger chooses, and none names a person or a phone.

/// What kind of number it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It only grows.
    Counter,
    /// It stands as it is now.
    Gauge,
    /// How often something was how large.
    Histogram,
}

/// A metric.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// As it is asked for.
    pub name: &'static str,
    /// What kind of number.
    pub kind: Kind,
    /// Its labels.
    pub labels: &'static [&'static str],
    /// What it says, in lines of a docstring.
    help: &'static [&'static str],
}

impl Metric {
    /// What it says, in one line.
    pub fn help(&self) -> String {
        self.help.iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ")
    }
}

macro_rules! metrics {
    ($($(#[doc = $help:literal])+ $name:ident = $kind:ident $text:literal [$($label:literal),*];)+) => {
        $($(#[doc = $help])+ pub const $name: Metric = Metric {
            name: $text,
            kind: Kind::$kind,
            labels: &[$($label),*],
            help: &[$($help),+],
        };)+

        /// All of them.
        pub const ALL: &[&Metric] = &[$(&$name),+];
    };
}

metrics! {
    /// Always 1; `version` is the release, `store` the engine that keeps everything.
    BUILD_INFO = Gauge "sokoni_build_info" ["version", "store"];
    /// 1 while `/readyz` says that more may be sent here, else 0.
    READY = Gauge "sokoni_ready" [];
    /// Lines of the log that want a person (`ALARM`).
    ALARMS = Counter "sokoni_alarms_total" [];

    /// Seconds of processor time used.
    PROCESS_CPU = Counter "process_cpu_seconds_total" [];
    /// Octets of memory that are really there.
    PROCESS_RESIDENT = Gauge "process_resident_memory_bytes" [];
    /// Octets of memory asked for.
    PROCESS_VIRTUAL = Gauge "process_virtual_memory_bytes" [];
    /// Threads.
    PROCESS_THREADS = Gauge "process_threads" [];
    /// Files and connections that are open.
    PROCESS_FDS = Gauge "process_open_fds" [];
    /// The most that may be open.
    PROCESS_MAX_FDS = Gauge "process_max_fds" [];
    /// When the process began, in seconds since 1970.
    PROCESS_START = Gauge "process_start_time_seconds" [];

    /// 1 while messages may travel on this connection to an operator, else 0.
    BIND_UP = Gauge "sokoni_bind_up" ["gateway", "bind", "mode"];
    /// 1 while the operator tells us to slow down there, else 0.
    BIND_THROTTLED = Gauge "sokoni_bind_throttled" ["gateway", "bind", "mode"];
    /// Requests of ours without an answer now.
    BIND_WINDOW_USED = Gauge "sokoni_bind_window_used" ["gateway", "bind", "mode"];
    /// The most of them.
    BIND_WINDOW = Gauge "sokoni_bind_window_size" ["gateway", "bind", "mode"];
    /// Times the bind was accepted.
    BINDS = Counter "sokoni_binds_accepted_total" ["gateway", "bind", "mode"];
    /// PDUs that came.
    PDUS_IN = Counter "sokoni_pdus_received_total" ["gateway", "bind", "mode"];
    /// PDUs that went.
    PDUS_OUT = Counter "sokoni_pdus_sent_total" ["gateway", "bind", "mode"];
    /// PDUs and requests that could not be read.
    UNREADABLE = Counter "sokoni_gateway_unreadable_total" ["gateway", "bind", "mode"];
    /// Requests to an HTTP gateway's address with a wrong path or from a wrong network.
    STRANGERS = Counter "sokoni_gateway_strangers_total" ["gateway", "bind", "mode"];
    /// Messages taken and not understood: no phone number, an impossible part.
    DROPPED = Counter "sokoni_gateway_dropped_total" ["gateway", "bind", "mode"];
    /// Messages that have to come again: a lane was full, or they could not be kept.
    BUSY = Counter "sokoni_gateway_busy_total" ["gateway", "bind", "mode"];
    /// Messages of ours that were answered to come too fast, or to find a full queue.
    THROTTLED = Counter "sokoni_gateway_throttled_total" ["gateway", "bind", "mode"];
    /// Messages of ours that an SMSC refused, by its command_status in hexadecimal.
    REFUSED = Counter "sokoni_submit_refused_total" ["gateway", "status"];

    /// Steps of USSD dialogs that came.
    USSD_IN = Counter "sokoni_ussd_received_total" ["gateway", "bind", "mode"];
    /// Steps that had come before.
    USSD_REPEATS = Counter "sokoni_ussd_repeats_total" ["gateway", "bind", "mode"];
    /// Screens the operator took.
    SCREENS = Counter "sokoni_screens_taken_total" ["gateway", "bind", "mode"];
    /// Screens not sent because they were ready too late.
    SCREENS_LATE = Counter "sokoni_screens_late_total" ["gateway", "bind", "mode"];
    /// Screens that the operator refused, never answered, or hung up before; or whose connection was gone.
    SCREENS_LOST = Counter "sokoni_screens_lost_total" ["gateway", "bind", "mode"];
    /// Screens that were longer than the operator takes.
    SCREENS_CUT = Counter "sokoni_screens_cut_total" ["gateway", "bind", "mode"];
    /// Turns of USSD dialogs by what they came to: `ask` and `end` are screens, `nothing` had none to show,
    /// `shed` waited too long to be worked on, `busy` found its lane full; `fault` and `shed` count beside `end`.
    TURNS = Counter "sokoni_ussd_turns_total" ["outcome"];
    /// Seconds from the octets of a step to the screen that answers it being handed to its connection.
    REPLY = Histogram "sokoni_ussd_reply_seconds" [];
    /// Calls that wait for a key now.
    DIALOGS_OPEN = Gauge "sokoni_dialogs_open" [];
    /// Calls that were cut and gone on with.
    DIALOGS_RESUMED = Counter "sokoni_dialogs_resumed_total" [];

    /// SMS that came, long ones counted once, repeats of HTTP gateways not at all.
    SMS_IN = Counter "sokoni_sms_received_total" ["gateway", "bind", "mode"];
    /// SMS that came again and had been kept before.
    SMS_REPEATS = Counter "sokoni_sms_repeats_total" ["gateway", "bind", "mode"];
    /// Parts of SMS that an operator took; whole SMS where the gateway speaks HTTP.
    SMS_OUT = Counter "sokoni_sms_sent_total" ["gateway", "bind", "mode"];
    /// SMS that an HTTP gateway refused for good.
    SMS_REFUSED = Counter "sokoni_sms_refused_total" ["gateway", "bind", "mode"];
    /// Parts of SMS that were never answered and went again: the phone may show them twice.
    SMS_DOUBTFUL = Counter "sokoni_sms_unanswered_total" ["gateway", "bind", "mode"];
    /// Delivery receipts that came.
    RECEIPTS_IN = Counter "sokoni_receipts_received_total" ["gateway", "bind", "mode"];
    /// Delivery receipts by what they came to: `found` their message, `parked` until it is known, `unmatched`.
    RECEIPTS = Counter "sokoni_receipts_total" ["outcome"];

    /// What waits to leave, by kind: `sms`, `money`, `card`, `mail`, `webhook`; counted up to 5,000.
    OUTBOX_ROWS = Gauge "sokoni_outbox_rows" ["kind"];
    /// Seconds since the oldest of it was due; 0 while nothing is.
    OUTBOX_OLDEST = Gauge "sokoni_outbox_oldest_seconds" ["kind"];
    /// What was given up and waits for a person.
    OUTBOX_PARKED = Gauge "sokoni_outbox_parked" [];
    /// Tries to send by kind: `settled`, or `put_off` until later. Letters are `mail`, partners' events `webhook`.
    OUTBOX_SENDS = Counter "sokoni_outbox_sends_total" ["kind", "outcome"];

    /// Payouts that are not settled, by state: `reserved`, `submitted`, `unknown`.
    PAYOUTS = Gauge "sokoni_payouts_open" ["state"];
    /// Payouts of which nobody knows what became: for less than an hour, a day, longer.
    PAYOUTS_UNKNOWN = Gauge "sokoni_payouts_unknown" ["age"];
    /// Shillings that a provider's float holds, by the books or its last statement; left out while unknown.
    FLOAT = Gauge "sokoni_float_shillings" ["provider"];

    /// 1 while the store takes commits, else 0.
    STORE_UP = Gauge "sokoni_store_up" [];
    /// 1 while the store answers what is asked here of outbox, payouts, dialogs and floats; else 0, and those are left out.
    STORE_ANSWERS = Gauge "sokoni_store_answers" [];
    /// The position of the last durable commit.
    STORE_POSITION = Gauge "sokoni_store_position" [];
    /// Commits of this process that are durable.
    STORE_COMMITS = Counter "sokoni_store_commits_total" [];
    /// Commits that were refused because somebody else was faster, and were decided again.
    STORE_CONFLICTS = Counter "sokoni_store_conflicts_total" [];
    /// Commits that shared one write and one sync; its `_count` is the number of groups.
    STORE_BATCHES = Histogram "sokoni_store_group_commits" [];
    /// Octets of a group.
    STORE_OCTETS = Histogram "sokoni_store_group_bytes" [];
    /// Seconds that writing and syncing a group took.
    STORE_SYNC = Histogram "sokoni_store_sync_seconds" [];

    /// Requests by the template of their route and the class of their status: `2xx`, `4xx`.
    HTTP = Counter "sokoni_http_requests_total" ["route", "class"];
    /// Seconds until an answer began, by route.
    HTTP_SECONDS = Histogram "sokoni_http_request_seconds" ["route"];
}

/// Which metric a counter of a connection is, by the counter's name at the desk.
pub const GATEWAY: &[(&str, &Metric)] = &[
    ("pdus_in", &PDUS_IN),
    ("pdus_out", &PDUS_OUT),
    ("bad_pdus", &UNREADABLE),
    ("malformed", &UNREADABLE),
    ("wrong_path", &STRANGERS),
    ("wrong_address", &STRANGERS),
    ("binds", &BINDS),
    ("ussd_in", &USSD_IN),
    ("repeats", &USSD_REPEATS),
    ("sms_in", &SMS_IN),
    ("sms_again", &SMS_REPEATS),
    ("receipts_in", &RECEIPTS_IN),
    ("busy", &BUSY),
    ("dropped", &DROPPED),
    ("screens", &SCREENS),
    ("screens_late", &SCREENS_LATE),
    ("screens_lost", &SCREENS_LOST),
    ("hung_up", &SCREENS_LOST),
    ("screens_cut", &SCREENS_CUT),
    ("sms_out", &SMS_OUT),
    ("sms_refused", &SMS_REFUSED),
    ("maybe_doubled", &SMS_DOUBTFUL),
    ("sms_unknown", &SMS_DOUBTFUL),
    ("throttled", &THROTTLED),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_told_apart_and_say_their_kind_and_unit() {
        let names: BTreeSet<_> = ALL.iter().map(|metric| metric.name).collect();
        assert_eq!(names.len(), ALL.len());
        for metric in ALL {
            let ours = metric.name.starts_with("sokoni_") || metric.name.starts_with("process_");
            assert!(ours && metric.name.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{metric:?}");
            assert_eq!(metric.name.ends_with("_total"), metric.kind == Kind::Counter, "{metric:?}");
            assert!(!metric.name.contains("_ms") && !metric.name.contains("millis"), "{metric:?}");
            assert!(metric.help().ends_with('.') && !metric.help().contains('"'), "{metric:?}");
        }
    }

    #[test]
    fn every_counter_of_a_connection_is_a_metric() {
        let known: BTreeSet<&str> = GATEWAY.iter().map(|(counter, _)| *counter).collect();
        let smpp = crate::smpp::health::Counts::default();
        let http = crate::gateway::tally::Counts::default();
        for (counter, _) in smpp.each().chain(http.each()) {
            assert!(known.contains(counter), "{counter} is no metric");
        }
    }
}
