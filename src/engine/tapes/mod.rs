//! Dialogs as they were recorded: each turn writes one row in its own commit, so that a dialog can be
//! played again as its person saw it. Beside the journal and not derived from it: [`keep`] lets go of
//! old ones.
//!
//! A row's place is the dialog and the version of the dialog's row that the turn found, which grows
//! with every turn; so turns sort as they happened and none is written over another.

pub mod desk;
pub mod export;
pub mod keep;

use super::turn::{DialogRow, Walk};
use super::work::Work;
use crate::dialog::tape::{Event, Follows, Head, Tape, Turn};
use crate::menu::graph::Graph;
use crate::store::batch::Expect;
use crate::store::{Key, Store, StoreError, codec, keys};
use crate::types::{DialogId, Msisdn, Timestamp};

/// Rows read in one go.
const PAGE: usize = 256;

impl Work<'_> {
    /// Records a turn of a dialog; `found` is the version of the dialog's row that it was decided on.
    pub(super) fn record(&mut self, dialog: DialogId, found: Option<u64>, turn: &Turn) {
        if let Event::Begun { head, .. } | Event::Pushed { head, .. } = &turn.event {
            self.extra().put(keys::dialog_of(head.phone, dialog), Expect::Any, Vec::new());
        }
        let key = keys::recording(dialog, found.unwrap_or_default());
        self.extra().put(key, Expect::Any, codec::encode(turn));
    }

    /// Records a walk and the SMS that follows it.
    pub(super) fn record_walk(
        &mut self, row: &DialogRow, found: Option<u64>, event: Event, walk: Walk, sms: Option<Follows>,
    ) {
        let walk = crate::dialog::tape::Walk { sms, ..walk.tape };
        self.record(row.state.id, found, &Turn { at: self.now, event, walk: Some(walk) });
    }

    /// Records something that stepped no machine.
    pub(super) fn record_event(&mut self, dialog: DialogId, found: Option<u64>, event: Event) {
        self.record(dialog, found, &Turn { at: self.now, event, walk: None });
    }
}

/// Where a dialog comes from.
pub(super) fn head(phone: Msisdn, graph: &Graph, gateway: &str) -> Head {
    Head { phone, tree: graph.name.clone(), graph: graph.hash.clone(), gateway: gateway.to_owned() }
}

/// The recorded dialogs of a store, one after the other.
pub struct Reel<'s> {
    store: &'s dyn Store,
    from: Option<Key>,
    page: std::vec::IntoIter<(Key, crate::store::batch::Row)>,
    begun: Option<Tape>,
}

impl<'s> Reel<'s> {
    /// Every dialog that began at `since` or later, the oldest first.
    pub fn since(store: &'s dyn Store, since: Timestamp) -> Self {
        let from = Some(keys::recordings_since(since));
        Self { store, from, page: Vec::new().into_iter(), begun: None }
    }

    /// Every dialog that began after this one.
    pub fn after(store: &'s dyn Store, id: DialogId) -> Self {
        let from = Some(keys::recording(id, u64::MAX));
        Self { store, from, page: Vec::new().into_iter(), begun: None }
    }

    /// The next dialog.
    ///
    /// # Errors
    /// The store's, and [`StoreError::Unreadable`] for a row of a later release.
    pub async fn next(&mut self) -> Result<Option<Tape>, StoreError> {
        loop {
            let Some((key, row)) = self.page.next() else {
                let page = self.store.scan(vec![keys::RECORDINGS], self.from.clone(), PAGE, false).await?;
                let Some((last, _)) = page.last() else { return Ok(self.begun.take()) };
                self.from = Some(last.clone());
                self.page = page.into_iter();
                continue;
            };
            let Some((id, _)) = keys::parse_recording(&key) else { continue };
            let turn: Turn = codec::decode_row(&key, &row)?;
            match &mut self.begun {
                Some(tape) if tape.id == id => tape.turns.push(turn),
                begun => {
                    if let Some(done) = begun.replace(Tape { id, turns: vec![turn] }) {
                        return Ok(Some(done));
                    }
                }
            }
        }
    }
}

/// A recorded dialog; `None` when nothing of it is kept.
pub async fn read(store: &dyn Store, id: DialogId) -> Result<Option<Tape>, StoreError> {
    let (mut turns, mut from) = (Vec::new(), None);
    loop {
        let page = store.scan(keys::recordings(id), from, PAGE, false).await?;
        let Some((last, _)) = page.last() else { break };
        from = Some(last.clone());
        for (key, row) in &page {
            turns.push(codec::decode_row(key, row)?);
        }
    }
    Ok((!turns.is_empty()).then_some(Tape { id, turns }))
}

/// Recorded dialogs, the last begun first: of one phone or of all, before one of them, at most so many.
pub async fn newest(
    store: &dyn Store, phone: Option<Msisdn>, before: Option<DialogId>, most: usize,
) -> Result<Vec<Tape>, StoreError> {
    let (mut tapes, mut before) = (Vec::new(), before);
    while tapes.len() < most {
        let Some(id) = last_before(store, phone, before).await? else { break };
        before = Some(id);
        tapes.extend(read(store, id).await?);
    }
    Ok(tapes)
}

async fn last_before(
    store: &dyn Store, phone: Option<Msisdn>, before: Option<DialogId>,
) -> Result<Option<DialogId>, StoreError> {
    let (prefix, from) = match phone {
        Some(phone) => (keys::dialogs_of(phone), before.map(|id| keys::dialog_of(phone, id))),
        None => (vec![keys::RECORDINGS], before.map(keys::recordings)),
    };
    let row = store.scan(prefix, from, 1, true).await?.into_iter().next();
    Ok(row.and_then(|(key, _)| match phone {
        Some(_) => keys::index_id(&key).and_then(|id| Some(DialogId::from_bytes(id.try_into().ok()?))),
        None => keys::parse_recording(&key).map(|(id, _)| id),
    }))
}
