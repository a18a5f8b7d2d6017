//! The page, and what its script asks for.

use super::{
    Room,
    shelf::{Draft, Kept, NotWritten},
};
use crate::{
    engine::preview::{Fault, Look},
    web::page,
};
use askama::Template;
use axum::{
    Json,
    extract::{State, rejection::JsonRejection},
    http::{HeaderName, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::OwnedSemaphorePermit;

/// How often the files are looked at for what another editor wrote.
const EVERY: Duration = Duration::from_millis(300);

/// How often a page that follows hears a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(15);

#[derive(Template)]
#[template(path = "preview.html", config = "src/web/askama.toml")]
struct Page<'a> {
    base: &'a str,
    serves: bool,
}

/// The editor.
pub async fn show(State(room): State<Arc<Room>>) -> Response {
    page::html(&Page { base: room.editor.base, serves: room.editor.serves })
}

/// The files, and what may be done with them.
#[derive(Serialize)]
pub struct Files {
    files: Vec<Kept>,
    writable: bool,
    /// What is written goes live.
    serves: bool,
}

/// A refusal that the script shows: one sentence, and what it was about.
#[derive(Debug, Default, Serialize)]
pub struct Refused {
    message: String,
    /// Files as they stand, where somebody else was faster.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changed: Vec<Kept>,
    /// Faults, where those are the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Fault>,
    #[serde(skip)]
    status: StatusCode,
}

impl Refused {
    fn new(status: StatusCode, message: impl ToString) -> Self {
        Self { message: message.to_string(), status, ..Self::default() }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}

impl From<JsonRejection> for Refused {
    fn from(why: JsonRejection) -> Self {
        Self::new(why.status(), why.body_text())
    }
}

impl From<NotWritten> for Refused {
    fn from(why: NotWritten) -> Self {
        let status = match &why {
            NotWritten::Changed(_) => StatusCode::CONFLICT,
            NotWritten::Unknown(_) => StatusCode::NOT_FOUND,
            NotWritten::ReadOnly => StatusCode::FORBIDDEN,
            NotWritten::Unreadable(_) | NotWritten::Refused(..) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut refused = Self::new(status, &why);
        if let NotWritten::Changed(files) = why {
            refused.changed = files;
        }
        refused
    }
}

/// Runs what blocks beside the tasks that serve.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refused> {
    let broken = |_| Refused::new(StatusCode::INTERNAL_SERVER_ERROR, "something broke on our side");
    tokio::task::spawn_blocking(work).await.map_err(broken)
}

fn unreadable(why: impl ToString) -> Refused {
    Refused::new(StatusCode::INTERNAL_SERVER_ERROR, why)
}

/// The files as they stand on the disk.
pub async fn files(State(room): State<Arc<Room>>) -> Result<Json<Files>, Refused> {
    let (writable, serves) = (room.editor.shelf.is_writable(), room.editor.serves);
    room.learn().await;
    let files = aside(move || room.editor.shelf.files()).await?.map_err(unreadable)?;
    Ok(Json(Files { files, writable, serves }))
}

/// What the script wants to be shown.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    look: Look,
    /// Texts that are being written, by the file's name.
    #[serde(default)]
    drafts: BTreeMap<String, String>,
}

/// Faults and phones for the files as they are being written.
pub async fn look(
    State(room): State<Arc<Room>>, wanted: Result<Json<Wanted>, JsonRejection>,
) -> Result<Response, Refused> {
    let Json(Wanted { look, mut drafts }) = wanted?;
    let seen = aside(move || {
        let mut sources = room.editor.shelf.sources()?;
        for (name, text) in &mut sources {
            if let Some(draft) = drafts.remove(name) {
                *text = draft;
            }
        }
        Ok(Json(room.checkup(sources).look(&look, &room.ground())).into_response())
    });
    seen.await?.map_err(|why: String| unreadable(why))
}

/// Files to be written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Save {
    files: Vec<Draft>,
}

/// Writes files, all that are given or none.
pub async fn save(
    State(room): State<Arc<Room>>, save: Result<Json<Save>, JsonRejection>,
) -> Result<Json<Files>, Refused> {
    let Json(Save { files }) = save?;
    let serves = room.editor.serves;
    let written = aside(move || {
        room.editor.shelf.write(&files, |sources| {
            let checkup = room.checkup(sources.to_vec());
            if checkup.is_sound() || !serves { Ok(()) } else { Err(checkup.faults()) }
        })
    });
    match written.await?? {
        Ok(files) => Ok(Json(Files { files, writable: true, serves })),
        Err(faults) => {
            let message = "not saved: what stands here serves people, and this has faults";
            Err(Refused { faults, ..Refused::new(StatusCode::UNPROCESSABLE_ENTITY, message) })
        }
    }
}

/// Tells a page, whenever another editor wrote a file, how all of them stand.
pub async fn events(State(room): State<Arc<Room>>) -> Result<Response, Refused> {
    let permit = Arc::clone(&room.following).try_acquire_owned();
    let full = |_| Refused::new(StatusCode::SERVICE_UNAVAILABLE, "too many pages follow the menus already");
    let follow = Follow { _permit: permit.map_err(full)?, told: None, room };
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    Ok((unbuffered, Sse::new(follow.events()).keep_alive(heartbeat)).into_response())
}

/// A page that follows the files.
struct Follow {
    room: Arc<Room>,
    told: Option<Result<Vec<Kept>, String>>,
    _permit: OwnedSemaphorePermit,
}

impl Follow {
    fn events(self) -> impl Stream<Item = Result<Event, Infallible>> {
        stream::unfold(self, async |mut follow| {
            let event = follow.next().await?;
            Some((Ok(event), follow))
        })
    }

    /// The files as they stand, once they are not as the page was told; `None` when the house closes.
    async fn next(&mut self) -> Option<Event> {
        loop {
            let room = Arc::clone(&self.room);
            let now = tokio::task::spawn_blocking(move || room.editor.shelf.files()).await.ok()?;
            if self.told.as_ref() != Some(&now) {
                let event = match &now {
                    Ok(files) => Event::default().event("files").json_data(files),
                    Err(why) => Event::default().event("unreadable").json_data(why),
                };
                self.told = Some(now);
                return event.ok();
            }
            tokio::select! {
                () = self.room.editor.shutdown.cancelled() => return None,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}
