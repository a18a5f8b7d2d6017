//! A shop front that writes down what it is told.

use futures_util::future::BoxFuture;
use sokoni::engine::port::{PayOut, PayoutNews};
use sokoni::engine::shopfront::*;
use sokoni::types::{PayoutId, Usd};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Keeps news of money; knows nothing of anything else.
#[derive(Default)]
pub struct Notebook {
    pub payouts: Mutex<Vec<(PayoutId, PayoutNews)>>,
    /// What was asked of a provider.
    pub asked: Mutex<Vec<PayOut>>,
    pub cards: Mutex<Vec<CardNews>>,
    /// What was posted, as it came.
    pub callbacks: Mutex<Vec<Callback>>,
    /// Another node pays: what is posted waits for it.
    pub pays_elsewhere: AtomicBool,
    /// What waits so, with its names.
    pub unheard: Mutex<Vec<(Vec<u8>, Callback)>>,
    /// What the next calls are answered with, the last one first; empty for `Ok`.
    pub troubles: Mutex<Vec<ShopError>>,
}

impl Notebook {
    pub fn payouts(&self) -> Vec<(PayoutId, PayoutNews)> {
        self.payouts.lock().expect("whole").clone()
    }

    pub fn callbacks(&self) -> Vec<Callback> {
        self.callbacks.lock().expect("whole").clone()
    }

    /// Writes down what is asked of a provider; once, however often.
    pub fn asks(&self, payout: &PayOut) {
        let mut asked = self.asked.lock().expect("whole");
        if !asked.iter().any(|one| one.id == payout.id) {
            asked.push(payout.clone());
        }
    }

    pub fn cards(&self) -> Vec<CardNews> {
        self.cards.lock().expect("whole").clone()
    }

    pub fn fail_next(&self, error: ShopError) {
        self.troubles.lock().expect("whole").push(error);
    }

    fn keep<T>(&self, list: &Mutex<Vec<T>>, news: T) -> BoxFuture<'_, Result<(), ShopError>> {
        if let Some(error) = self.troubles.lock().expect("whole").pop() {
            return Box::pin(async { Err(error) });
        }
        list.lock().expect("whole").push(news);
        Box::pin(async { Ok(()) })
    }
}

fn nothing<T>() -> BoxFuture<'static, Result<T, ShopError>>
where
    T: Send + 'static,
{
    Box::pin(async { Err(ShopError::NotFound) })
}

impl ShopFront for Notebook {
    fn browse(&self, _: Browse) -> BoxFuture<'_, Result<Found, ShopError>> {
        nothing()
    }
    fn aisles(&self) -> BoxFuture<'_, Result<Aisles, ShopError>> {
        nothing()
    }
    fn maker(&self, _: String) -> BoxFuture<'_, Result<MakerView, ShopError>> {
        nothing()
    }
    fn pieces(&self) -> BoxFuture<'_, Result<Vec<PieceView>, ShopError>> {
        nothing()
    }
    fn piece(&self, _: String) -> BoxFuture<'_, Result<(PieceView, Split), ShopError>> {
        nothing()
    }
    fn shipping(&self, _: &str, _: &str) -> Option<Usd> {
        None
    }
    fn countries(&self) -> Vec<(String, String)> {
        Vec::new()
    }
    fn checkout(&self, _: CheckoutIn) -> BoxFuture<'_, Result<CheckoutOut, ShopError>> {
        nothing()
    }
    fn order(&self, _: String) -> BoxFuture<'_, Result<OrderView, ShopError>> {
        nothing()
    }
    fn changes(&self) -> tokio::sync::broadcast::Receiver<OrderChanged> {
        tokio::sync::broadcast::channel(1).1
    }
    fn card_news(&self, news: CardNews) -> BoxFuture<'_, Result<(), ShopError>> {
        self.keep(&self.cards, news)
    }
    fn callback(&self, callback: Callback) -> BoxFuture<'_, Result<bool, ShopError>> {
        let here = !self.pays_elsewhere.load(Ordering::SeqCst);
        if !here {
            let mut unheard = self.unheard.lock().expect("whole");
            let name = vec![u8::try_from(unheard.len()).expect("a few")];
            unheard.push((name, callback.clone()));
        }
        self.callbacks.lock().expect("whole").push(callback);
        Box::pin(async move { Ok(here) })
    }
    fn callbacks_unheard(&self) -> BoxFuture<'_, Result<Vec<(Vec<u8>, Callback)>, ShopError>> {
        let unheard = self.unheard.lock().expect("whole").clone();
        Box::pin(async { Ok(unheard) })
    }
    fn callback_heard(&self, name: Vec<u8>) -> BoxFuture<'_, Result<(), ShopError>> {
        self.unheard.lock().expect("whole").retain(|(is, _)| *is != name);
        Box::pin(async { Ok(()) })
    }
    fn payout_news(&self, id: PayoutId, news: PayoutNews) -> BoxFuture<'_, Result<(), ShopError>> {
        self.keep(&self.payouts, (id, news))
    }
    fn payout_asked(&self, id: PayoutId) -> BoxFuture<'_, Result<PayOut, ShopError>> {
        let asked = self.asked.lock().expect("whole").iter().find(|payout| payout.id == id).cloned();
        Box::pin(async { asked.ok_or(ShopError::NotFound) })
    }
    fn desk_listings(&self) -> BoxFuture<'_, Result<Vec<DeskListing>, ShopError>> {
        nothing()
    }
    fn desk_payouts(&self) -> BoxFuture<'_, Result<Vec<DeskPayout>, ShopError>> {
        nothing()
    }
    fn desk_cash(&self) -> BoxFuture<'_, Result<Vec<DeskCash>, ShopError>> {
        nothing()
    }
    fn desk_allow_cash(
        &self, _: sokoni::engine::desk::Who, _: String,
    ) -> BoxFuture<'_, Result<(), ShopError>> {
        nothing()
    }
    fn desk_messages(&self, _: MessagesWish) -> BoxFuture<'_, Result<DeskMessages, ShopError>> {
        Box::pin(async { Ok(DeskMessages::default()) })
    }
    fn desk_send_again(
        &self, _: sokoni::engine::desk::Who, _: String,
    ) -> BoxFuture<'_, Result<(), ShopError>> {
        nothing()
    }
    fn trial_balance(&self) -> BoxFuture<'_, Result<Vec<BalanceRow>, ShopError>> {
        nothing()
    }
}
