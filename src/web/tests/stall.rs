//! A shop front that keeps everything in memory and can be told to fail.

use crate::{
    engine::{
        desk::Who,
        port::PayoutNews,
        shopfront::{
            Aisles, BalanceRow, Browse, CardNews, CheckoutIn, CheckoutOut, DeskCash, DeskListing,
            DeskMessage, DeskMessages, DeskPayout, Found, MakerView, MessagesWish, OrderChanged, OrderStep,
            OrderView, PieceView, ShopError, ShopFront, Split, Spot, Term,
        },
    },
    types::{Clock, Kes, PartyId, PayoutId, Timestamp, Usd},
};
use futures_util::future::{BoxFuture, FutureExt, ready};
use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
};
use tokio::sync::broadcast;

/// The token of the one order that every stall begins with.
pub(super) const TOKEN: &str = "k7Qm2xWv9TnB4rLsYd8JhE3pAc6Zf5Gu";

pub(super) struct Stall {
    pub(super) pieces: Mutex<Vec<PieceView>>,
    pub(super) orders: Mutex<BTreeMap<String, OrderView>>,
    pub(super) checkouts: Mutex<Vec<CheckoutIn>>,
    /// What the next checkouts are answered with instead of an order.
    pub(super) refusal: Mutex<Option<ShopError>>,
    pub(super) balance: Mutex<Vec<BalanceRow>>,
    pub(super) changes: broadcast::Sender<OrderChanged>,
    pub(super) now: AtomicI64,
    /// Messages that the desk sent again.
    pub(super) sent_again: Mutex<Vec<String>>,
}

/// A piece as most tests want it.
pub(super) fn piece(code: &str, kind: &str, stuff: &str, maker: &str) -> PieceView {
    PieceView {
        code: code.to_owned(),
        kind: kind.to_owned(),
        stuff: stuff.to_owned(),
        maker: maker.to_owned(),
        place: "Kibera".to_owned(),
        maker_page: PartyId::derived(maker).to_string(),
        price: Usd::minor(1_850),
        retail: Kes::major(2_400),
        maker_gets: Kes::major(1_700),
        ready: 3,
        since: Timestamp::from_millis(1_763_800_000_000),
        photos: Vec::new(),
        words: std::collections::BTreeMap::new(),
    }
}

impl Stall {
    /// Three pieces by two makers, and one order of the first, accepted.
    pub(super) fn with_three_pieces() -> Self {
        let pieces = vec![
            piece("10019", "necklace", "brass", "Akinyi Odhiambo"),
            piece("10028", "earrings", "beads", "Wanjiku Otieno"),
            piece("10037", "necklace", "bone", "Wanjiku Otieno"),
        ];
        let stall = Self::empty();
        let order = order_of(&pieces[0]);
        *stall.pieces.lock().expect("unpoisoned") = pieces;
        stall.orders().insert(TOKEN.to_owned(), order);
        stall
    }

    pub(super) fn empty() -> Self {
        let rows = [("psp", "asset", 5_000), ("artisan:ak", "liability", 3_400), ("margin", "income", 1_600)];
        let row = |(account, side, units): (&str, &str, i64)| BalanceRow {
            account: account.to_owned(),
            side: side.to_owned(),
            balance: Kes::major(units),
        };
        Self {
            pieces: Mutex::default(),
            orders: Mutex::default(),
            checkouts: Mutex::default(),
            refusal: Mutex::default(),
            balance: Mutex::new(rows.into_iter().map(row).collect()),
            changes: broadcast::channel(4).0,
            now: AtomicI64::new(1_763_900_000_000),
            sent_again: Mutex::default(),
        }
    }

    pub(super) fn orders(&self) -> MutexGuard<'_, BTreeMap<String, OrderView>> {
        self.orders.lock().expect("unpoisoned")
    }

    /// Does the next step of the order and says so.
    pub(super) fn advance(&self, token: &str) {
        self.advance_silently(token);
        self.tick(token);
    }

    pub(super) fn advance_silently(&self, token: &str) {
        let mut orders = self.orders();
        let order = orders.get_mut(token).expect("the order");
        let step = order.steps.iter_mut().find(|step| step.at.is_none()).expect("a step ahead");
        step.at = Some(Timestamp::from_millis(1_763_900_000_000));
        order.state = if step.step == "checked" { "released".to_owned() } else { step.step.clone() };
        order.version += 1;
    }

    pub(super) fn tick(&self, token: &str) {
        // Nobody may be listening.
        let _ = self.changes.send(OrderChanged { token: token.to_owned() });
    }
}

fn split() -> Split {
    let parts = [("maker", 1_700), ("mentor", 120), ("margin", 580)];
    Split {
        total: Kes::major(2_400),
        parts: parts.into_iter().map(|(word, units)| (word.to_owned(), Kes::major(units))).collect(),
    }
}

fn order_of(piece: &PieceView) -> OrderView {
    let at = |minutes: i64| Some(Timestamp::from_millis(1_763_800_000_000 + minutes * 60_000));
    let steps = [
        ("paid", at(0)),
        ("offered", at(1)),
        ("accepted", at(9)),
        ("ready", None),
        ("at_kiosk", None),
        ("checked", None),
        ("shipped", None),
    ];
    OrderView {
        code: "482108".to_owned(),
        piece: piece.clone(),
        quantity: 1,
        total: Usd::minor(2_600),
        tax: None,
        shown: None,
        state: "making".to_owned(),
        steps: steps.into_iter().map(|(step, at)| OrderStep { step: step.to_owned(), at }).collect(),
        split: split(),
        life: Default::default(),
        purchase: None,
        partner: None,
        version: 3,
    }
}

impl Clock for Stall {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }
}

/// Whether a piece is found so.
fn fits(piece: &PieceView, term: &Term) -> bool {
    match term {
        Term::Kind(word) => piece.kind == *word,
        Term::Stuff(word) => piece.stuff == *word,
        Term::Place(word) => piece.place.to_lowercase() == *word,
        Term::Maker(id) => piece.maker_page == id.to_string(),
        Term::Name(word) => piece.maker.to_lowercase().split(' ').any(|name| name == word),
        Term::Like(_) => false,
        // As if one of the first always did.
        Term::Else(first, then) => first.iter().chain(then).any(|term| fits(piece, term)),
    }
}

/// The words of these in order, each once.
fn words(all: impl Iterator<Item = String>) -> Vec<String> {
    all.collect::<std::collections::BTreeSet<_>>().into_iter().collect()
}

impl ShopFront for Stall {
    fn browse(&self, wish: Browse) -> BoxFuture<'_, Result<Found, ShopError>> {
        let spot =
            |piece: &PieceView| Spot { since: piece.since, number: piece.code.parse().expect("a number") };
        let mut pieces = self.pieces.lock().expect("unpoisoned").clone();
        pieces.retain(|piece| {
            wish.terms.iter().all(|terms| terms.iter().any(|term| fits(piece, term)))
                && wish.least.is_none_or(|least| piece.price >= least)
                && wish.most.is_none_or(|most| piece.price <= most)
                && wish.before.is_none_or(|before| spot(piece) < before)
        });
        pieces.sort_by_key(|piece| std::cmp::Reverse(spot(piece)));
        let more = pieces.len() > wish.limit;
        pieces.truncate(wish.limit);
        let further = pieces.last().map(spot).filter(|_| more);
        ready(Ok(Found { pieces, further })).boxed()
    }

    fn aisles(&self) -> BoxFuture<'_, Result<Aisles, ShopError>> {
        let pieces = self.pieces.lock().expect("unpoisoned");
        let kinds = words(pieces.iter().map(|piece| piece.kind.clone()));
        let stuffs = words(pieces.iter().map(|piece| piece.stuff.clone()));
        let oldest = pieces.iter().map(|piece| piece.since).min();
        ready(Ok(Aisles { kinds, stuffs, oldest })).boxed()
    }

    fn maker(&self, page: String) -> BoxFuture<'_, Result<MakerView, ShopError>> {
        let pieces = self.pieces.lock().expect("unpoisoned");
        let found = pieces.iter().find(|piece| piece.maker_page == page).map(|piece| MakerView {
            id: page.parse().expect("an id"),
            page: page.clone(),
            name: piece.maker.clone(),
            place: piece.place.clone(),
            story: None,
        });
        ready(found.ok_or(ShopError::NotFound)).boxed()
    }

    fn pieces(&self) -> BoxFuture<'_, Result<Vec<PieceView>, ShopError>> {
        ready(Ok(self.pieces.lock().expect("unpoisoned").clone())).boxed()
    }

    fn piece(&self, code: String) -> BoxFuture<'_, Result<(PieceView, Split), ShopError>> {
        let found = self.pieces.lock().expect("unpoisoned").iter().find(|piece| piece.code == code).cloned();
        ready(found.map(|piece| (piece, split())).ok_or(ShopError::NotFound)).boxed()
    }

    fn shipping(&self, country: &str, _: &str) -> Option<Usd> {
        match country {
            "KE" => Some(Usd::minor(300)),
            "NL" => Some(Usd::minor(1_450)),
            _ => None,
        }
    }

    fn countries(&self) -> Vec<(String, String)> {
        vec![("KE".to_owned(), "Kenya".to_owned()), ("NL".to_owned(), "Netherlands".to_owned())]
    }

    fn checkout(&self, checkout: CheckoutIn) -> BoxFuture<'_, Result<CheckoutOut, ShopError>> {
        if let Some(refusal) = self.refusal.lock().expect("unpoisoned").clone() {
            return ready(Err(refusal)).boxed();
        }
        let key = checkout.idempotency_key.clone();
        let mut checkouts = self.checkouts.lock().expect("unpoisoned");
        if !checkouts.iter().any(|earlier| earlier.idempotency_key == key) {
            checkouts.push(checkout);
        }
        let pay_url = format!("https://pay.example/{key}");
        ready(Ok(CheckoutOut { token: TOKEN.to_owned(), pay_url })).boxed()
    }

    fn order(&self, token: String) -> BoxFuture<'_, Result<OrderView, ShopError>> {
        ready(self.orders().get(&token).cloned().ok_or(ShopError::NotFound)).boxed()
    }

    fn changes(&self) -> broadcast::Receiver<OrderChanged> {
        self.changes.subscribe()
    }

    fn card_news(&self, _: CardNews) -> BoxFuture<'_, Result<(), ShopError>> {
        ready(Err(ShopError::Fault)).boxed()
    }

    fn payout_news(&self, _: PayoutId, _: PayoutNews) -> BoxFuture<'_, Result<(), ShopError>> {
        ready(Err(ShopError::Fault)).boxed()
    }

    fn desk_listings(&self) -> BoxFuture<'_, Result<Vec<DeskListing>, ShopError>> {
        let row = |code: &str, state: &str| DeskListing {
            code: code.to_owned(),
            kind: "necklace".to_owned(),
            stuff: "brass".to_owned(),
            price: Kes::major(850),
            ready: 3,
            maker: "Akinyi Odhiambo".to_owned(),
            phone: "+2547*****101".to_owned(),
            state: state.to_owned(),
        };
        ready(Ok(vec![row("10046", "waiting"), row("10019", "on_sale")])).boxed()
    }

    fn desk_messages(&self, wish: MessagesWish) -> BoxFuture<'_, Result<DeskMessages, ShopError>> {
        if wish.phone.as_deref() == Some("nobody") {
            let why = "a phone number is digits".to_owned();
            return ready(Err(ShopError::Field { field: "phone", why })).boxed();
        }
        let row = |state: &str, text: &str, reason: Option<&str>| DeskMessage {
            id: "00".to_owned(),
            way: "out".to_owned(),
            phone: "25470****101".to_owned(),
            who: Some("Akinyi Odhiambo".to_owned()),
            purpose: Some("order".to_owned()),
            name: Some("order_offer".to_owned()),
            text: text.to_owned(),
            gateway: Some("safari".to_owned()),
            ids: vec!["1A53FD4D".to_owned()],
            parts: 1,
            queued: Timestamp::from_millis(1_763_800_000_000),
            taken: Some(Timestamp::from_millis(1_763_800_001_000)),
            done: None,
            state: state.to_owned(),
            can_go_again: state == "given_up",
            reason: reason.map(str::to_owned),
            did: Vec::new(),
        };
        let rows = vec![
            row("delivered", "Order 104233 <b>", None),
            row("failed", "Order 104242", Some("the operator could not deliver it (error 27)")),
            row("given_up", "Order 104251", Some("no such number")),
        ];
        let wanted = |row: &DeskMessage| {
            wish.state.as_deref().is_none_or(|state| state.is_empty() || state == row.state)
        };
        let rows = rows.into_iter().filter(wanted).collect();
        let older = wish.before.is_none().then(|| "0a0b".to_owned());
        ready(Ok(DeskMessages { rows, older, ..DeskMessages::default() })).boxed()
    }

    fn desk_payouts(&self) -> BoxFuture<'_, Result<Vec<DeskPayout>, ShopError>> {
        let row = |id: &str, state: &str, minutes: i64, reference: Option<&str>| DeskPayout {
            id: id.to_owned(),
            who: "Akinyi Odhiambo".to_owned(),
            amount: Kes::major(1_700),
            state: state.to_owned(),
            since: Timestamp::from_millis(1_763_900_000_000 - minutes * 60_000),
            reference: reference.map(str::to_owned),
            asked: Timestamp::from_millis(1_763_900_000_000 - minutes * 60_000),
            via: "mpesa".to_owned(),
            waits: false,
            why: None,
        };
        ready(Ok(vec![row("p2", "unknown", 42, None), row("p1", "paid", 900, Some("SJK3ABCDEF"))])).boxed()
    }

    fn desk_cash(&self) -> BoxFuture<'_, Result<Vec<DeskCash>, ShopError>> {
        let row = |id: &str, state: &str, stopped: bool| DeskCash {
            id: id.to_owned(),
            who: "Akinyi Odhiambo".to_owned(),
            party: PartyId::derived("Akinyi"),
            amount: Kes::major(500),
            state: state.to_owned(),
            since: Timestamp::from_millis(1_763_900_000_000),
            kiosk: stopped.then(|| "Kibera Kiosk".to_owned()),
            agent: stopped.then(|| PartyId::derived("Amina")),
            stopped,
        };
        ready(Ok(vec![row("c2", "denied", true), row("c1", "open", false)])).boxed()
    }

    fn desk_allow_cash(&self, _: Who, id: String) -> BoxFuture<'_, Result<(), ShopError>> {
        ready(if id == "c2" { Ok(()) } else { Err(ShopError::NotFound) }).boxed()
    }

    fn desk_send_again(&self, _: Who, id: String) -> BoxFuture<'_, Result<(), ShopError>> {
        let known = id == "0a0c";
        self.sent_again.lock().expect("unpoisoned").push(id);
        Box::pin(async move { if known { Ok(()) } else { Err(ShopError::NotFound) } })
    }

    fn trial_balance(&self) -> BoxFuture<'_, Result<Vec<BalanceRow>, ShopError>> {
        ready(Ok(self.balance.lock().expect("unpoisoned").clone())).boxed()
    }
}
