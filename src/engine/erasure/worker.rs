//! Who goes on with forgetting people: a task of its own, so that nothing that falls due waits for it.
//! Where each erasure stands is a row; what the worker knows beside that it can find out again.

use super::journal::Left;
use super::scrub::Scrub;
use super::{Erasing, Stage};
use crate::engine::Engine;
use crate::engine::aggregate::{Aggregate, all_cash, all_orders, all_payouts, loans_of};
use crate::engine::lanes::guarded;
use crate::engine::record::Cause;
use crate::engine::turn::TRIES;
use crate::engine::view::{FromIndex, read_all};
use crate::engine::work::{Fault, Work};
use crate::market::{Case, Cash, Listing, Loan, Order, Party, Payout, Role};
use crate::store::batch::Expect;
use crate::store::{Key, StoreError, codec, keys};
use crate::types::ApprovalId;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often it is looked whether there is somebody to forget.
const LOOK: Duration = Duration::from_millis(500);
/// When an erasure is tried again that could not be gone on with.
const PUT_OFF: Duration = Duration::from_secs(600);
/// How many people are forgotten side by side; nobody will ever see more.
pub(super) const MOST: usize = 64;
/// Rows read at once.
const PAGE: usize = 256;

/// Everybody who is being forgotten now.
pub(super) fn all_under_way() -> Key {
    keys::index_prefix("erasing", &[])
}

/// The row of an erasure.
pub(super) fn row_of(approval: ApprovalId) -> Key {
    keys::index("erasing", &[], approval.as_bytes())
}

/// What was found out about an erasure since it was taken up: lost with the program, and found out again.
#[derive(Default)]
pub(super) struct Recall {
    of: Option<ApprovalId>,
    pub(super) scrub: Option<Arc<Scrub>>,
    pub(super) left: Option<Left>,
}

/// Goes on with every erasure until told to stop.
pub async fn run(engine: Arc<Engine>, stop: CancellationToken) {
    let (mut recall, mut look) = (Recall::default(), tokio::time::interval(LOOK));
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = look.tick() => {}
        }
        loop {
            let done = tokio::select! {
                () = stop.cancelled() => return,
                done = engine.erase_some(&mut recall) => done,
            };
            match done {
                Ok(0) => break,
                Ok(_) => tokio::task::yield_now().await,
                Err(fault) => {
                    tracing::error!(%fault, "erasures");
                    break;
                }
            }
        }
    }
}

impl Engine {
    /// A step of the first erasure that is due: one after the other, so that what is known of it serves
    /// to its end. How many steps.
    pub(super) async fn erase_some(&self, recall: &mut Recall) -> Result<usize, Fault> {
        let rows = self.store.scan(all_under_way(), None, MOST, false).await?;
        for (key, row) in rows {
            let erasing: Erasing = codec::decode_row(&key, &row)?;
            if erasing.due > self.clock.now() {
                continue;
            }
            if recall.of != Some(erasing.approval) {
                *recall = Recall { of: Some(erasing.approval), ..Recall::default() };
            }
            match guarded(self.step_or_conflict(&key, recall)).await {
                Some(Ok(())) => return Ok(1),
                Some(Err(fault @ Fault::Store(StoreError::Stopped(_)))) => return Err(fault),
                Some(Err(fault)) => {
                    tracing::error!(approval = %erasing.approval, %fault, "ALARM: an erasure is put off");
                }
                None => tracing::error!(approval = %erasing.approval, "ALARM: an erasure is put off"),
            }
            *recall = Recall::default();
            let mut work = self.work(self.clock.now())?;
            let later = Erasing { due: work.now.after(PUT_OFF), ..erasing };
            work.extra().put(key, Expect::At(row.version), codec::encode(&later));
            match self.commit(work, cause(&later), None).await {
                Err(fault) if !fault.is_conflict() => return Err(fault),
                _ => return Ok(1),
            }
        }
        Ok(0)
    }

    /// The next step of one, in a commit; again when somebody was faster with a row of it.
    async fn step_or_conflict(&self, key: &Key, recall: &mut Recall) -> Result<(), Fault> {
        for tries in 1.. {
            let Some(row) = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten() else {
                return Ok(());
            };
            let erasing: Erasing = codec::decode_row(key, &row)?;
            let cause = cause(&erasing);
            let mut work = self.work(self.clock.now())?;
            let done = match self.erase_on(&mut work, erasing, row.version, recall).await {
                Ok(next) => {
                    match next {
                        Some(next) => {
                            work.extra().put(key.clone(), Expect::At(row.version), codec::encode(&next));
                        }
                        None => work.extra().delete(key.clone(), Expect::At(row.version)),
                    }
                    self.commit(work, cause, None).await.map(drop)
                }
                Err(fault) => Err(fault),
            };
            match done {
                Err(fault) if fault.is_conflict() && tries < TRIES => {}
                done => return done,
            }
        }
        Ok(())
    }

    /// What is put in the place of what, for this erasure: found out once.
    pub(super) async fn scrub_for(
        &self, work: &mut Work<'_>, erasing: &Erasing, recall: &mut Recall,
    ) -> Result<Arc<Scrub>, Fault> {
        if let Some(known) = &recall.scrub {
            return Ok(Arc::clone(known));
        }
        let who = erasing.who;
        let Erasing { phone, names, alone, alias, .. } = erasing.clone();
        let mut scrub = Scrub::of(who, phone, names, alias);
        scrub.alone = alone;
        scrub.signs = work.need::<Party>(who).await?.role == Role::Liaison;
        let all = |name: &str| keys::index_prefix(name, &[]);
        for (kind, said, hers) in [
            ("listing", true, self.hers::<Listing>(work, all("listing"), |one| one.maker == who).await?),
            ("order", true, self.hers::<Order>(work, all_orders(), |one| one.maker == Some(who)).await?),
            ("loan", false, self.hers::<Loan>(work, loans_of(who), |_| true).await?),
            ("payout", false, self.hers::<Payout>(work, all_payouts(), |one| one.owner == who).await?),
            ("cash", false, self.hers::<Cash>(work, all_cash(), |one| one.owner == who).await?),
            ("case", false, self.hers::<Case>(work, all("case"), |one| one.people.contains(&who)).await?),
        ] {
            scrub.codes.extend(hers.iter().filter(|_| said).cloned());
            scrub.things.extend(hers.into_iter().map(|id| (kind.to_owned(), id)));
        }
        Ok(Arc::clone(recall.scrub.insert(Arc::new(scrub))))
    }

    /// The ids of those among these that are hers.
    async fn hers<A: Aggregate>(
        &self, work: &mut Work<'_>, among: Key, is_hers: impl Fn(&A) -> bool + Send,
    ) -> Result<Vec<String>, Fault>
    where
        A::Id: FromIndex + Display,
    {
        let (mut hers, mut from) = (Vec::new(), None);
        loop {
            let page = self.store.scan(among.clone(), from, PAGE, false).await?;
            let Some((last, _)) = page.last() else { return Ok(hers) };
            from = Some(last.clone());
            let id = |key: &Key| keys::index_id(key).and_then(|id| A::Id::from_octets(&id));
            let ids: Vec<A::Id> = page.iter().filter_map(|(key, _)| id(key)).collect();
            let known = read_all::<A>(work, &ids).await?;
            let mine = ids.into_iter().zip(known).filter(|(_, one)| one.as_ref().is_some_and(&is_hers));
            hers.extend(mine.map(|(id, _)| id.to_string()));
            tokio::task::yield_now().await;
        }
    }
}

fn cause(erasing: &Erasing) -> Cause {
    let stage = match erasing.stage {
        Stage::Begun => "begun",
        Stage::Pieces(_) => "pieces",
        Stage::Names => "names",
        Stage::Journal(_) => "journal",
        Stage::Rows(..) => "rows",
        Stage::Farewell => "farewell",
    };
    Cause::Timer(format!("erase/{}/{stage}", erasing.approval))
}
