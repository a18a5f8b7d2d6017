//! The first page's board: how the house is doing just now, drawn again every few seconds for those who
//! look. Every figure is a way to what it counts.

use super::operators;
use crate::{
    engine::shopfront::ShopError,
    engine::{
        alarms,
        desk::pulse::{MOST, Queue},
    },
    types::{Kes, Timestamp},
    web::{
        error::Refusal,
        page::{self, Web},
        wording,
    },
};
use askama::Template;
use axum::{
    extract::State,
    http::HeaderName,
    response::{
        IntoResponse, Response, Sse,
        sse::{Event, KeepAlive},
    },
};
use futures_util::{Stream, stream};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::OwnedSemaphorePermit;

/// How often it is looked at.
const EACH: Duration = Duration::from_secs(2);
/// After so many looks a browser comes back, and the door looks at it again.
const LOOKS: u32 = 30;
/// Alarms on the board itself.
const ALARMS_SHOWN: usize = 3;

/// One figure of the board.
struct Figure {
    /// Names it for tests and styles.
    key: &'static str,
    value: String,
    word: String,
    beside: String,
    way: &'static str,
    bad: bool,
}

/// An alarm of the last hours.
struct Rung {
    at: String,
    text: String,
}

#[derive(Template)]
#[template(path = "desk_board.html", config = "src/web/askama.toml")]
pub(super) struct Board {
    figures: Vec<Figure>,
    alarms: Vec<Rung>,
    of_alarms: usize,
}

fn many(count: usize) -> String {
    if count >= MOST { format!("{MOST}+") } else { count.to_string() }
}

/// A duration as a board has it: `85 ms`, `1.2 s`.
fn millis(millis: u64) -> String {
    match millis {
        0..1_000 => format!("{millis} ms"),
        _ => format!("{}.{} s", millis / 1_000, millis % 1_000 / 100),
    }
}

impl Board {
    /// The board as it stands now; `None` where there is no engine behind the pages.
    pub(super) async fn read(web: &Web) -> Result<Option<Self>, ShopError> {
        let Ok(desk) = operators(web) else { return Ok(None) };
        let pulse = desk.pulse().await?;
        let now = web.clock.now();
        let binds = web.binds.binds();
        let bound = binds.iter().filter(|view| matches!(view.state, "bound" | "open")).count();
        let mut figures = vec![Figure {
            key: "binds",
            value: format!("{bound} of {}", binds.len()),
            word: "connections".to_owned(),
            beside: String::new(),
            way: "/desk/binds",
            bad: bound < binds.len(),
        }];
        let lately = pulse.lately;
        figures.push(Figure {
            key: "reply",
            value: if lately.answers == 0 { "–".to_owned() } else { millis(lately.median_ms) },
            word: "to answer a phone".to_owned(),
            beside: match lately.answers {
                0 => "nobody called in five minutes".to_owned(),
                answers => format!("95 % in {}, {answers} in five minutes", millis(lately.p95_ms)),
            },
            way: "/desk/dialogs/stats",
            // Operators cut a dialog that is not answered for a few seconds.
            bad: lately.p95_ms > 3_000,
        });
        let plain = |key, count: usize, word: &str, way| Figure {
            key,
            value: many(count),
            word: word.to_owned(),
            beside: String::new(),
            way,
            bad: false,
        };
        figures.push(plain("dialogs", lately.open, "dialogs now", "/desk/dialogs"));
        let queue = |key, queue: Queue, word: &str, way| Figure {
            beside: waits(queue, now),
            bad: queue.due.is_some_and(|due| now.since(due) > Duration::from_secs(300)),
            ..plain(key, queue.waiting, word, way)
        };
        figures.push(queue("texts", pulse.texts, "texts to leave", "/desk/messages?state=waiting"));
        figures.push(queue("money", pulse.money, "payouts to ask for", "/desk/books/payouts?state=open"));
        figures.push(queue("cards", pulse.cards, "card requests to leave", "/desk/cards"));
        if pulse.parked > 0 {
            let given_up =
                plain("parked", pulse.parked, "given up, for a person", "/desk/messages?state=given_up");
            figures.push(Figure { bad: true, ..given_up });
        }
        let [fresh, today, old] = pulse.unknown;
        figures.push(Figure {
            beside: format!("under an hour {fresh}, under a day {today}, longer {old}"),
            bad: today + old > 0,
            ..plain("unknown", fresh + today + old, "payouts unknown", "/desk/books/payouts?state=unknown")
        });
        figures.push(Figure {
            key: "float",
            value: whole(pulse.float),
            word: "KSh float".to_owned(),
            beside: String::new(),
            way: "/desk/books/accounts/mm_float",
            bad: pulse.float <= Kes::ZERO,
        });
        let heard = alarms::heard();
        let rung = |alarm: &alarms::Alarm| Rung { at: wording::moment(alarm.at), text: alarm.text.clone() };
        let shown = heard.iter().take(ALARMS_SHOWN).map(rung).collect();
        Ok(Some(Self { figures, alarms: shown, of_alarms: heard.len() }))
    }
}

/// Shillings without cents, for a glance.
fn whole(sum: Kes) -> String {
    Kes::minor(sum.cents() - sum.cents() % 100).to_string()
}

fn waits(queue: Queue, now: Timestamp) -> String {
    queue.due.map(|due| format!("due for {}", wording::age(now.since(due)))).unwrap_or_default()
}

/// All alarms since the start.
#[derive(Template)]
#[template(path = "desk_alarms.html", config = "src/web/askama.toml")]
struct Alarms {
    rows: Vec<(String, String, String)>,
}

/// `GET /desk/alarms`
pub(in crate::web) async fn alarms() -> Response {
    let row = |alarm: alarms::Alarm| (wording::moment(alarm.at), alarm.text, alarm.beside);
    page::html(&Alarms { rows: alarms::heard().into_iter().map(row).collect() })
}

/// `GET /desk/live`: the board again, whenever it looks otherwise
pub(in crate::web) async fn live(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    let permit = web.live.clone().try_acquire_owned().map_err(|_| Refusal::Busy)?;
    let heartbeat = KeepAlive::new().interval(web.settings.heartbeat());
    let watch = Watch { web, shown: String::new(), left: LOOKS, _permit: permit };
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(watch.events()).keep_alive(heartbeat)).into_response())
}

/// One connected page.
struct Watch {
    web: Arc<Web>,
    shown: String,
    left: u32,
    _permit: OwnedSemaphorePermit,
}

impl Watch {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut watch| {
            let event = watch.next().await?;
            Some((Ok(event), watch))
        })
    }

    /// The board, when it has changed; `None` when the page should come back.
    async fn next(&mut self) -> Option<Event> {
        while self.left > 0 {
            if !self.shown.is_empty() {
                tokio::select! {
                    () = self.web.shutdown.cancelled() => return None,
                    () = tokio::time::sleep(EACH) => {}
                }
            }
            self.left -= 1;
            let text = Board::read(&self.web).await.ok()??.render().ok()?.replace('\r', " ");
            if text != self.shown {
                self.shown.clone_from(&text);
                // What the script of live pages listens to.
                return Some(Event::default().event("order").data(text));
            }
        }
        None
    }
}
