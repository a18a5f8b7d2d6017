//! What runs beside the turns, once for each store: sending, acting on what falls due, forgetting people,
//! sweeping. Several machines over one store leave it to one of them ([`crate::engine::nodes::duty`]).

use super::backups::Backups;
use crate::engine::cards::inbox;
use crate::engine::desk::door;
use crate::engine::menus::{Menus, sweep as old_menus};
use crate::engine::messages::keep::{self, Keep};
use crate::engine::port::{Binds, SmsSender};
use crate::engine::{Engine, due, erasure, outbox, tapes};
use crate::photos::{Studio, album::Album};
use crate::store::{Store, StoreError, verify};
use crate::types::Clock;
use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often old marks of inputs, and notes that were kept long enough, are swept out.
const SWEEP: Duration = Duration::from_secs(3_600);

/// A task that ends soon after its token is cancelled.
pub(super) type Task = Box<dyn Fn(CancellationToken) -> BoxFuture<'static, ()> + Send + Sync>;

/// What the duties need.
pub(super) struct Duties {
    pub engine: Arc<Engine>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub menus: Arc<Menus>,
    /// How long notes, and recorded dialogs, are kept.
    pub life: (Keep, Duration),
    pub studio: Arc<Studio>,
    pub sender: Arc<dyn SmsSender>,
    /// Works off what the card processor told and could not be done at once.
    pub later: Task,
    pub backups: Arc<Backups>,
}

impl Duties {
    /// Does them until told to stop; when the store stops, `stop` is told.
    pub async fn done(self: Arc<Self>, stop: CancellationToken) {
        let engine = || Arc::clone(&self.engine);
        tokio::join!(
            apart(outbox::run(engine(), Arc::clone(&self.sender), stop.clone())),
            apart(due::run(engine(), stop.child_token())),
            apart(erasure::worker::run(engine(), stop.child_token())),
            apart(sweep(
                Arc::clone(&self.store),
                Arc::clone(&self.menus),
                Arc::clone(&self.clock),
                self.life,
                stop.child_token()
            )),
            apart(sweep_photos(engine(), Arc::clone(&self.studio.album), stop.child_token())),
            apart((self.later)(stop.child_token())),
            apart(Arc::clone(&self.backups).run(stop.child_token())),
        );
    }
}

/// As a task of its own, so that none holds up another.
async fn apart(task: impl Future<Output = ()> + Send + 'static) {
    if let Err(why) = tokio::spawn(task).await {
        tracing::error!(%why, "ALARM: a piece of work panicked; the panic stands in the log above");
    }
}

/// Whether what leaves could leave by some gateway, or there is none to wait for.
pub(super) fn can_send(binds: &dyn Binds) -> bool {
    let binds = binds.binds();
    binds.is_empty() || binds.iter().any(|bind| matches!(bind.state, "bound" | "open"))
}

async fn sweep(
    store: Arc<dyn Store>, menus: Arc<Menus>, clock: Arc<dyn Clock>, (notes, dialogs): (Keep, Duration),
    stop: CancellationToken,
) {
    // What a dialog said is looked at on the menus of its time.
    let versions = dialogs.max(Duration::from_secs(u64::from(notes.message_days) * 86_400));
    loop {
        let now = clock.now();
        let swept = async {
            let marks = verify::prune(&*store, now).await?;
            let menus = old_menus::sweep(&*store, &menus, now, versions).await?;
            let events = Duration::from_secs(u64::from(notes.card_event_days) * 86_400);
            let notes = keep::prune(&*store, now, notes).await? + inbox::prune(&*store, now, events).await?;
            let sessions = door::prune(&*store, now).await?;
            Ok::<u64, StoreError>(
                marks + menus + notes + sessions + tapes::keep::prune(&*store, now, dialogs).await?,
            )
        };
        match swept.await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "old marks and notes are gone"),
            Err(why) => tracing::warn!(%why, "old marks cannot be swept out"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

/// Removes files of photographs that no listing has: what a crash left between file and row, and what was
/// taken away.
async fn sweep_photos(engine: Arc<Engine>, album: Arc<Album>, stop: CancellationToken) {
    loop {
        match clear(&engine, &album, SWEEP).await {
            Ok(0) => {}
            Ok(removed) => tracing::debug!(removed, "photographs that no listing has are gone"),
            Err(why) => tracing::warn!(why, "photographs that no listing has stay for now"),
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
    }
}

/// Removes photographs that are older than that and that no listing has; how many. The age leaves those
/// alone whose row is being written now.
pub(super) async fn clear(engine: &Engine, album: &Arc<Album>, age: Duration) -> Result<u64, String> {
    let there = Arc::clone(album);
    let old = tokio::task::spawn_blocking(move || there.old(age)).await.map_err(|why| why.to_string())?;
    let mut removed = 0;
    for name in old.map_err(|why| why.to_string())? {
        if !engine.photo_in_use(name).await.map_err(|why| why.to_string())? {
            album.remove(name).map_err(|why| why.to_string())?;
            removed += 1;
        }
    }
    Ok(removed)
}
