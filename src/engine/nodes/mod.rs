//! Several machines over one store. What is decided is in the rows, for all of them; here is what each keeps
//! in its memory beside them, and how it hears that another one changed it. [`duty`]: which of them does
//! what only one may do.
//!
//! May import the store's ports and the engine's own parts.

pub mod duty;

use super::Engine;
use super::shopfront::OrderChanged;
use super::work::{Fault, shard};
use crate::store::StoreError;
use crate::store::news::{Heard, News};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

/// Whatever another node may have changed is looked at so often, whether word of it came or not.
const LOOK: Duration = Duration::from_secs(5);
/// Every so many looks payouts that wait are lined up anew where another node pays them.
const LINE_UP: u32 = 6;

/// Which nodes there are besides this one.
#[derive(Default)]
pub(super) struct Nodes {
    news: OnceLock<Arc<dyn News>>,
    on_duty: AtomicBool,
}

/// What a node may have to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word<'a> {
    /// An order moved: whoever watches this private link sees it.
    Order(&'a str),
    /// Something is to be sent.
    Outbox(u8),
    /// A switch was turned.
    Stops,
    /// A partner's address came or went.
    Hooks,
    /// Other menus serve.
    Menus,
}

impl<'a> Word<'a> {
    fn spelled(self) -> String {
        match self {
            Self::Order(token) => format!("order {token}"),
            Self::Outbox(shard) => format!("outbox {shard}"),
            Self::Stops => "stops".to_owned(),
            Self::Hooks => "hooks".to_owned(),
            Self::Menus => "menus".to_owned(),
        }
    }

    /// `None` for what a later release has to say.
    fn read(word: &'a str) -> Option<Self> {
        Some(match word.split_once(' ').unwrap_or((word, "")) {
            ("order", token) if !token.is_empty() => Self::Order(token),
            ("outbox", shard) => Self::Outbox(shard.parse().ok()?),
            ("stops", "") => Self::Stops,
            ("hooks", "") => Self::Hooks,
            ("menus", "") => Self::Menus,
            _ => return None,
        })
    }
}

impl Engine {
    /// This node is one of several, which leave word for each other there.
    pub fn joins(&self, news: Arc<dyn News>) {
        // The first one stays.
        let _ = self.nodes.news.set(news);
    }

    /// This is, or is not, the node that sends and acts on what falls due.
    pub fn on_duty(&self, now: bool) {
        self.nodes.on_duty.store(now, Ordering::Release);
    }

    /// There is no other node.
    pub(super) fn is_alone(&self) -> bool {
        self.nodes.news.get().is_none()
    }

    /// Whether what pays is this node, which alone remembers what it asked a provider.
    pub(super) fn pays_here(&self) -> bool {
        self.is_alone() || self.nodes.on_duty.load(Ordering::Acquire)
    }

    fn leave_word(&self, word: Word<'_>) {
        if let Some(news) = self.nodes.news.get() {
            news.tell(word.spelled());
        }
    }

    /// Something is to be sent: here, if this is the node that sends, or there.
    pub(super) fn tell_to_send(&self, shard: u8) {
        self.wake[usize::from(shard)].notify_one();
        self.leave_word(Word::Outbox(shard));
    }

    /// Whoever watches an order sees it move, at whatever node.
    pub(super) fn tell_of_order(&self, token: String) {
        self.leave_word(Word::Order(&token));
        // Nobody watching is no fault.
        let _ = self.changes.send(OrderChanged { token });
    }

    /// Others read anew what is stopped.
    pub(super) fn tell_of_stops(&self) {
        self.leave_word(Word::Stops);
    }

    /// Others read anew which addresses partners have.
    pub(super) fn tell_of_hooks(&self) {
        self.leave_word(Word::Hooks);
    }

    /// Others serve the menus that this one put live.
    pub fn tell_of_menus(&self) {
        self.leave_word(Word::Menus);
    }

    /// Keeps what this node has in memory as others change it, until told to stop. When the store stopped, `stop`
    /// is told: a node that may never write again answers nobody.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let Some(news) = self.nodes.news.get() else { return };
        let (mut heard, mut look, mut looks) = (news.heard(), tokio::time::interval(LOOK), 0_u32);
        look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let word = tokio::select! {
                () = stop.cancelled() => return,
                word = heard.recv() => match word {
                    Ok(Heard::Word(word)) => Some(word),
                    Ok(Heard::Missed) | Err(RecvError::Lagged(_)) => None,
                    Err(RecvError::Closed) => return,
                },
                _ = look.tick() => {
                    looks = looks.wrapping_add(1);
                    if let Some(why) = self.store.refuses() {
                        tracing::error!(why, "ALARM: the store stopped, so the service ends");
                        return stop.cancel();
                    }
                    let is_off_duty = || !self.nodes.on_duty.load(Ordering::Acquire);
                    if looks.is_multiple_of(LINE_UP) && is_off_duty() {
                        // Who takes up the duty meanwhile lines them up himself.
                        self.line_up(is_off_duty).await;
                    }
                    None
                }
            };
            let done = match word.as_deref() {
                Some(word) => self.heed(word).await,
                None => self.look_at_all().await,
            };
            match done {
                Ok(()) => {}
                Err(Fault::Store(StoreError::Stopped(_))) => return,
                Err(fault) => tracing::warn!(%fault, "what other nodes changed cannot be read"),
            }
        }
    }

    async fn heed(&self, word: &str) -> Result<(), Fault> {
        match Word::read(word) {
            Some(Word::Order(token)) => {
                let _ = self.changes.send(OrderChanged { token: token.to_owned() });
            }
            Some(Word::Outbox(shard)) => {
                if let Some(wake) = self.wake.get(usize::from(shard)) {
                    wake.notify_one();
                }
            }
            Some(Word::Stops) => self.read_stops().await?,
            Some(Word::Hooks) => self.read_hooks().await?,
            Some(Word::Menus) => self.menus.follow(&*self.store, self.clock.now()).await?,
            None => {}
        }
        Ok(())
    }

    /// As if everything had been told.
    async fn look_at_all(&self) -> Result<(), Fault> {
        self.read_stops().await?;
        self.read_hooks().await?;
        self.read_agents().await?;
        self.menus.follow(&*self.store, self.clock.now()).await?;
        for shard in [shard::SMS, shard::MONEY, shard::CARD, shard::MAIL, shard::HOOKS] {
            self.wake[usize::from(shard)].notify_one();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
