//! What wants a person, as the log says it: the last lines with `ALARM`, since the start of the process,
//! for the desk.

use super::clock::SystemClock;
use crate::types::{Clock, Timestamp};
use std::collections::VecDeque;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

/// How many are remembered.
const REMEMBERED: usize = 100;

static HEARD: Mutex<VecDeque<Alarm>> = Mutex::new(VecDeque::new());
static RUNG: AtomicU64 = AtomicU64::new(0);

/// One such line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// When.
    pub at: Timestamp,
    /// What, as OPERATING.md has it.
    pub text: String,
    /// What stands beside it.
    pub beside: String,
}

/// The last ones, newest first.
pub fn heard() -> Vec<Alarm> {
    HEARD.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
}

/// How many there were since the start.
pub fn rung() -> u64 {
    RUNG.load(Ordering::Relaxed)
}

/// Hears them among everything that is logged.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bell;

#[derive(Default)]
struct Line {
    text: String,
    beside: String,
    alarm: bool,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        match field.name() {
            "message" => self.text = format!("{value:?}"),
            name => {
                let gap = if self.beside.is_empty() { "" } else { ", " };
                let _ = write!(self.beside, "{gap}{name}: {value:?}");
            }
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        match field.name() {
            "alarm" => self.alarm = value,
            _ => self.record_debug(field, &value),
        }
    }
}

impl<S: Subscriber> Layer<S> for Bell {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() > tracing::Level::WARN {
            return;
        }
        let mut line = Line::default();
        event.record(&mut line);
        let Some(text) = line.text.strip_prefix("ALARM: ").or(line.alarm.then_some(line.text.as_str()))
        else {
            return;
        };
        RUNG.fetch_add(1, Ordering::Relaxed);
        let alarm = Alarm { at: SystemClock.now(), text: text.to_owned(), beside: line.beside };
        let mut heard = HEARD.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.len() >= REMEMBERED {
            heard.pop_front();
        }
        heard.push_back(alarm);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::layer::SubscriberExt;

    #[test]
    fn an_alarm_is_heard_with_what_stands_beside_it_and_other_lines_are_not() {
        let subscriber = tracing_subscriber::registry().with(Bell);
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!("an error of this test that is no alarm");
            let sign = "ALARM";
            tracing::error!(gateway = "test", nth = 7, "{sign}: the bell of this test is rung");
            tracing::warn!(alarm = true, "the second bell of this test");
        });
        let heard = heard();
        let mine =
            |text: &str| heard.iter().find(|alarm| alarm.text == text).map(|alarm| alarm.beside.clone());
        assert_eq!(mine("the bell of this test is rung").as_deref(), Some("gateway: test, nth: 7"));
        assert_eq!(mine("the second bell of this test").as_deref(), Some(""));
        assert_eq!(mine("an error of this test that is no alarm"), None);
    }
}
