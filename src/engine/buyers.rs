//! Where purchases go: sealed under a key that is not in the store, read by whoever writes the label,
//! and forgotten some time after the purchase is over.

use super::Engine;
use super::desk::Who;
use super::orders::desk::{Label, TaxPaid};
use super::record::Cause;
use super::shopfront::{CheckoutIn, ShopError};
use super::trade::Due;
use super::view;
use super::view::FromIndex;
use super::work::{Fault, Work};
use crate::market::Bulk;
use crate::market::bulk::BulkStage;
use crate::market::listing::Listing;
use crate::market::order::{Order, OrderStage};
use crate::store::batch::{Batch, Expect};
use crate::store::{Key, Store, StoreError, keys};
use crate::types::{CodeKind, SpokenCode, Usd};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The first octet of a sealed row; rows of older releases are JSON and begin with a brace.
const SEALED: u8 = 1;
/// Rows sealed in one commit at the first start with a key.
const AT_ONCE: usize = 256;
/// What to do about addresses that the key does not open.
pub const OTHER_KEY: &str = "addresses in the store were sealed under another key; put the key of before back \
    ([service] address_key_file, SOKONI_ADDRESS_KEY, or the file beside the store), or, if it is lost for \
    good, give them up with `sokoni store forget-addresses` and ask the buyers again";
/// Octets of a nonce: long enough to be drawn by chance for every row.
const NONCE: usize = 24;

/// Who bought something, and where it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Buyer {
    /// The name on the label.
    pub name: String,
    /// For questions about the purchase.
    pub email: String,
    /// ISO 3166 letters.
    pub country: String,
    /// Street and place, line by line.
    pub address: String,
    /// The letters of the language that the shop was read in; empty where that is not known.
    #[serde(default)]
    pub lang: String,
    /// The number that the tax authority of that country knew us by at the time; empty for none, absent in what
    /// was kept before it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_number: Option<String>,
}

/// Seals and opens what is kept of buyers: XChaCha20-Poly1305, bound to the number of the purchase.
#[derive(Clone)]
pub struct Seal(XChaCha20Poly1305);

impl Seal {
    /// Under a secret of at least 32 characters that nobody can guess.
    pub fn new(secret: &SecretString) -> Self {
        let key = Sha256::new_with_prefix(b"sokoni: where purchases go\n")
            .chain_update(secret.expose_secret().trim())
            .finalize();
        Self(XChaCha20Poly1305::new(&key))
    }

    fn seal(&self, code: SpokenCode, buyer: &Buyer, nonce: [u8; NONCE]) -> Result<Vec<u8>, Fault> {
        let broken = |why: String| Fault::Broken(format!("the address of {code} cannot be sealed: {why}"));
        let msg = serde_json::to_vec(buyer).map_err(|why| broken(why.to_string()))?;
        let payload = Payload { msg: &msg, aad: &code.number().to_be_bytes() };
        let sealed = self.0.encrypt(&XNonce::from(nonce), payload).map_err(|why| broken(why.to_string()))?;
        Ok([&[SEALED][..], &nonce, &sealed].concat())
    }

    fn open(&self, code: SpokenCode, row: &[u8]) -> Result<Buyer, Fault> {
        let broken = |why: &str| Fault::Broken(format!("the address of {code} cannot be read: {why}"));
        let open = match row.split_first() {
            Some((&SEALED, rest)) => {
                let Some((nonce, sealed)) = rest.split_first_chunk::<NONCE>() else {
                    return Err(broken("it is cut short"));
                };
                let payload = Payload { msg: sealed, aad: &code.number().to_be_bytes() };
                let opened = self.0.decrypt(&XNonce::from(*nonce), payload);
                opened.map_err(|_| broken("it was sealed under another key, or for another purchase"))?
            }
            _ => row.to_vec(),
        };
        serde_json::from_slice(&open).map_err(|_| broken("it is no address"))
    }
}

fn place(code: SpokenCode) -> Key {
    keys::index("buyer", &[&code.number().to_be_bytes()], b"")
}

/// Whose row it is.
fn purchase(key: &Key) -> Option<SpokenCode> {
    SpokenCode::from_octets(keys::parse_index(key)?.get(1)?)
}

fn nonce(work: &mut Work<'_>) -> [u8; NONCE] {
    let mut nonce = [0; NONCE];
    for word in nonce.chunks_exact_mut(8) {
        word.copy_from_slice(&work.entropy.next_u64().to_be_bytes());
    }
    nonce
}

const fn is_over(order: &Order) -> bool {
    matches!(order.stage, OrderStage::Expired | OrderStage::Refunded | OrderStage::Closed)
}

/// Whether an address is kept sealed: without its key it says nothing.
///
/// # Errors
/// The store's.
pub async fn any_sealed(store: &dyn Store) -> Result<bool, StoreError> {
    let mut from = None;
    loop {
        let rows = store.scan(keys::index_prefix("buyer", &[]), from, AT_ONCE, false).await?;
        if rows.iter().any(|(_, row)| row.octets().first() == Some(&SEALED)) {
            return Ok(true);
        }
        let Some((last, _)) = rows.into_iter().next_back() else { return Ok(false) };
        from = Some(last);
    }
}

/// Forgets where every purchase goes, of a store that nobody else has open: how many.
///
/// # Errors
/// The store's.
pub async fn forget_all(store: &dyn Store) -> Result<usize, StoreError> {
    let mut forgotten = 0;
    loop {
        let rows = store.scan(keys::index_prefix("buyer", &[]), None, AT_ONCE, false).await?;
        let mut batch = Batch::default();
        rows.iter().for_each(|(key, _)| batch.delete(key.clone(), Expect::Any));
        if rows.is_empty() {
            batch.delete(keys::meta("addresses"), Expect::Any);
        }
        store.commit(batch).await?;
        if rows.is_empty() {
            return Ok(forgotten);
        }
        forgotten += rows.len();
    }
}

impl Engine {
    /// Keeps where it goes apart from the order, which everybody may see who has its number.
    pub(super) fn keep_buyer(
        &self, work: &mut Work<'_>, wish: &CheckoutIn, code: SpokenCode,
    ) -> Result<(), Fault> {
        let kept = |text: &str| text.trim().to_owned();
        let (name, email, address) = (kept(&wish.name), kept(&wish.email), kept(&wish.address));
        let (country, lang) = (wish.country.clone(), wish.lang.clone());
        let tax_number = Some(self.tax_number_today(&country));
        let buyer = Buyer { name, email, country, address, lang, tax_number };
        let row = self.addresses.seal(code, &buyer, nonce(work))?;
        work.extra().put(place(code), Expect::Any, row);
        Ok(())
    }

    /// The number that the tax authority of a country knows us by now; empty for none.
    fn tax_number_today(&self, country: &str) -> String {
        self.policy.tax_rate(country).and_then(|row| row.number.clone()).unwrap_or_default()
    }

    /// Looks at start whether the key opens what is sealed, and seals what an older release kept in
    /// plain; of purchases that were over then nobody had thought of forgetting.
    ///
    /// # Errors
    /// The store's, and that some address was sealed under another key: with what to do about it.
    pub async fn open_addresses(&self) -> Result<(), Fault> {
        let (mark, known) = (keys::meta("addresses"), SpokenCode::nth(CodeKind::Order, 0));
        if let Some(row) = self.store.read(vec![mark.clone()]).await?.into_iter().next().flatten() {
            if self.addresses.open(known, &row.octets()).is_ok() {
                return Ok(());
            }
            // Another key than before: nothing is lost where nothing is sealed under that one.
            if let Some(code) = self.closed_address().await? {
                return Err(Fault::Broken(format!("where {code} goes cannot be read: {OTHER_KEY}")));
            }
        }
        let mut from = None;
        loop {
            let rows = self.store.scan(keys::index_prefix("buyer", &[]), from.take(), AT_ONCE, false).await?;
            let mut work = self.work(self.clock.now())?;
            for (key, row) in rows.iter().filter(|(_, row)| row.octets().first() == Some(&b'{')) {
                let Some(code) = purchase(key) else { continue };
                let row = self.addresses.seal(
                    code,
                    &self.addresses.open(code, &row.octets())?,
                    nonce(&mut work),
                )?;
                work.extra().put(key.clone(), Expect::Any, row);
                self.forget_buyer_later(&mut work, code);
            }
            self.commit(work, Cause::Desk("seal addresses".to_owned()), None).await?;
            match rows.last() {
                Some((key, _)) if rows.len() == AT_ONCE => from = Some(key.clone()),
                _ => break,
            }
        }
        let mut work = self.work(self.clock.now())?;
        let row = self.addresses.seal(known, &Buyer::default(), nonce(&mut work))?;
        work.extra().put(mark, Expect::Any, row);
        self.commit(work, Cause::Desk("seal addresses".to_owned()), None).await.map(drop)
    }

    /// A purchase whose address the key does not open.
    async fn closed_address(&self) -> Result<Option<SpokenCode>, Fault> {
        let mut from = None;
        loop {
            let rows = self.store.scan(keys::index_prefix("buyer", &[]), from, AT_ONCE, false).await?;
            for (key, row) in &rows {
                let code = purchase(key);
                if let Some(code) = code.filter(|code| self.addresses.open(*code, &row.octets()).is_err()) {
                    return Ok(Some(code));
                }
            }
            let Some((last, _)) = rows.into_iter().next_back() else { return Ok(None) };
            from = Some(last);
        }
    }

    /// When a purchase is over, its address is needed for a while yet: for what comes back.
    pub(super) fn forget_later(&self, work: &mut Work<'_>, before: &Order, after: &Order) {
        if is_over(after) && !is_over(before) {
            self.forget_buyer_later(work, after.deposit());
        }
    }

    /// The same for a request of which nothing was made.
    pub(super) fn forget_buyer_later(&self, work: &mut Work<'_>, code: SpokenCode) {
        let at = work.now.after(self.policy.keeps_addresses());
        work.timer(at, &format!("forget/{code}"), &Due::ForgetBuyer(code));
    }

    /// Forgets where a purchase went. One of whose parts another is still under way is not over: the
    /// end of that one brings another timer.
    pub(super) async fn forget_buyer(&self, work: &mut Work<'_>, code: SpokenCode) -> Result<(), Fault> {
        let over = match view::read::<Bulk>(work, code).await? {
            Some(request) => match request.stage {
                BulkStage::Expired | BulkStage::Refunded => true,
                BulkStage::Done => {
                    let mut over = true;
                    for part in &request.parts {
                        over &=
                            view::read::<Order>(work, part.order).await?.is_none_or(|part| is_over(&part));
                    }
                    over
                }
                _ => false,
            },
            None => view::read::<Order>(work, code).await?.is_none_or(|order| is_over(&order)),
        };
        if over {
            work.extra().delete(place(code), Expect::Any);
        }
        Ok(())
    }

    /// Who made a purchase, while that is kept; a part's buyer is its request's.
    pub(super) async fn buyer_of(&self, code: SpokenCode) -> Result<Option<Buyer>, Fault> {
        let row = self.store.read(vec![place(code)]).await?.into_iter().next().flatten();
        row.map(|row| self.addresses.open(code, &row.octets())).transpose()
    }

    /// Where an order goes, with its customs line; the journal keeps who has read it.
    pub(super) async fn label_of(
        &self, by: &Who, code: SpokenCode,
    ) -> Result<Result<Label, ShopError>, Fault> {
        let mut work = self.work(self.clock.now())?;
        let Some(order) = view::read::<Order>(&mut work, code).await? else {
            return Ok(Err(ShopError::NotFound));
        };
        let Some(mut buyer) = self.buyer_of(order.deposit()).await? else {
            let why = "where it went is forgotten by now, or it came from before addresses were kept";
            return Ok(Err(ShopError::Field { field: "order", why: why.to_owned() }));
        };
        let listing = view::read::<Listing>(&mut work, order.terms.listing).await?;
        let word = |pick: fn(&Listing) -> &str| listing.as_ref().map_or("other", pick).to_owned();
        let (kind, stuff) = (word(|listing| listing.kind.as_str()), word(|listing| listing.stuff.as_str()));
        let pieces = order.parcel.as_ref().map_or(order.to_send(), |parcel| parcel.pieces);
        let value: Usd = order.terms.quote.goods(pieces);
        let hs = self.policy.customs_class(&kind, &stuff).to_owned();
        let grams = order.parcel.as_ref().map(|parcel| parcel.grams);
        let taxed = order.terms.quote.tax;
        let known = buyer.tax_number.take();
        let number = known.unwrap_or_else(|| self.tax_number_today(&order.terms.country));
        let number = Some(number).filter(|number| !number.is_empty());
        let tax = (!taxed.is_none()).then(|| TaxPaid { sum: taxed.goods(pieces), number });
        let label = Label { order: code, buyer, pieces, kind, stuff, hs, value, grams, tax };
        self.commit(work, by.did(format!("read where order {code} goes")), None).await?;
        Ok(Ok(label))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::tests::engine;
    use crate::market::order::{self, OrderCommand, Terms};
    use crate::market::policy::TaxRate;
    use crate::market::price;
    use crate::types::Kes;
    use std::sync::Arc;

    fn buyer() -> Buyer {
        Buyer {
            name: "Jo Bloggs".to_owned(),
            email: "jo@example.org".to_owned(),
            country: "DE".to_owned(),
            address: "12 Long Street\nBerlin".to_owned(),
            lang: "de".to_owned(),
            tax_number: None,
        }
    }

    fn seal(secret: &str) -> Seal {
        Seal::new(&SecretString::from(secret))
    }

    #[test]
    fn an_address_is_read_with_the_same_key_for_the_same_purchase_alone() {
        let (code, other) = (SpokenCode::nth(CodeKind::Order, 1), SpokenCode::nth(CodeKind::Order, 2));
        let row = seal("one").seal(code, &buyer(), [7; NONCE]).expect("sealed");
        for part in ["Bloggs", "example.org", "Long Street", "Berlin"] {
            assert!(!row.windows(part.len()).any(|octets| octets == part.as_bytes()), "{part}");
        }
        assert_eq!(seal("one").open(code, &row).expect("opened"), buyer());
        assert!(seal("two").open(code, &row).is_err());
        assert!(seal("one").open(other, &row).is_err());
        let mut spoilt = row.clone();
        *spoilt.last_mut().expect("octets") ^= 1;
        for row in [&spoilt[..], &row[..20], &[], &[SEALED]] {
            assert!(seal("one").open(code, row).is_err(), "{row:?}");
        }
    }

    #[test]
    fn what_an_older_release_kept_is_still_read() {
        let code = SpokenCode::nth(CodeKind::Order, 1);
        let row = serde_json::to_vec(&buyer()).expect("JSON");
        assert_eq!(seal("one").open(code, &row).expect("opened"), buyer());
    }

    /// The line of a label about tax that is paid.
    async fn number_on_the_label(engine: &Engine, code: SpokenCode) -> Option<String> {
        let label = engine.label_of(&Who::new("Halima"), code).await.expect("answered").expect("a label");
        label.tax.expect("tax").number
    }

    #[tokio::test]
    async fn a_label_bears_the_number_that_the_authority_knew_us_by_when_it_was_bought() {
        let (mut engine, _) = engine().await;
        let known_by = |engine: &mut Arc<Engine>, number: Option<&str>| {
            let rate = TaxRate {
                countries: vec!["DE".to_owned()],
                rate_bp: 1_900,
                shipping: true,
                up_to_us_cents: None,
                number: number.map(str::to_owned),
            };
            Arc::get_mut(engine).expect("nobody else has it").policy.tax = vec![rate];
        };
        let order = async |engine: &Arc<Engine>, nth: u64| {
            let code = SpokenCode::nth(CodeKind::Order, nth);
            let quote = price::quote(&engine.policy, Kes::major(850), 1, Usd::major(15)).expect("a price");
            let quote = price::taxed(&engine.policy, quote, "DE").expect("a price");
            let terms = Terms {
                code,
                listing: SpokenCode::nth(CodeKind::Listing, 1),
                quote,
                country: "DE".to_owned(),
                token: format!("token-{nth}"),
                bulk: None,
                shown: None,
                partner: None,
                purchase: None,
            };
            let Buyer { name, email, country, address, lang, .. } = buyer();
            let wish = CheckoutIn {
                code: String::new(),
                quantity: 1,
                name,
                email,
                country,
                address,
                idempotency_key: String::new(),
                shown: None,
                partner: None,
                lang,
                line: None,
                total: None,
            };
            let mut work = engine.work(engine.clock.now()).expect("work");
            let placed = order::decide(None, &OrderCommand::Place(terms), &engine.policy, work.now);
            work.apply::<Order>(code, placed.expect("placed"));
            engine.keep_buyer(&mut work, &wish, code).expect("kept");
            engine.commit(work, Cause::Shop, None).await.expect("kept");
            code
        };
        known_by(&mut engine, None);
        let before = order(&engine, 1).await;
        known_by(&mut engine, Some("IM2760000001"));
        let first = order(&engine, 2).await;
        known_by(&mut engine, Some("IM2760000002"));
        assert_eq!(number_on_the_label(&engine, before).await, None);
        assert_eq!(number_on_the_label(&engine, first).await.as_deref(), Some("IM2760000001"));
        // What an older release kept does not say.
        let mut work = engine.work(engine.clock.now()).expect("work");
        let row = engine.addresses.seal(first, &buyer(), [7; NONCE]).expect("sealed");
        work.extra().put(place(first), Expect::Any, row);
        engine.commit(work, Cause::Shop, None).await.expect("kept");
        assert_eq!(number_on_the_label(&engine, first).await.as_deref(), Some("IM2760000002"));
    }

    #[tokio::test]
    async fn a_store_whose_addresses_the_key_does_not_open_is_not_served() {
        let (engine, _) = engine().await;
        let store = &*engine.store;
        engine.open_addresses().await.expect("an empty store");
        let code = SpokenCode::nth(CodeKind::Order, 5);
        let keep = async |seal: &Seal| {
            let mut work = engine.work(engine.clock.now()).expect("work");
            let row = seal.seal(code, &buyer(), [7; NONCE]).expect("sealed");
            work.extra().put(place(code), Expect::Any, row);
            engine.commit(work, Cause::Shop, None).await.expect("kept");
        };
        let mark = |seal: &Seal| seal.seal(SpokenCode::nth(CodeKind::Order, 0), &buyer(), [9; NONCE]);
        let mut other = engine.work(engine.clock.now()).expect("work");
        other.extra().put(keys::meta("addresses"), Expect::Any, mark(&seal("of before")).expect("sealed"));
        engine.commit(other, Cause::Shop, None).await.expect("kept");
        keep(&seal("of before")).await;
        let said = engine.open_addresses().await.expect_err("another key").to_string();
        assert!(said.contains(&code.to_string()) && said.contains("forget-addresses"), "{said}");
        assert!(any_sealed(store).await.expect("read"));

        // The way out: they are given up, and from then on the key of now serves.
        assert_eq!(forget_all(store).await.expect("forgotten"), 1);
        assert!(!any_sealed(store).await.expect("read"));
        engine.open_addresses().await.expect("nothing is sealed under another key");
        keep(&engine.addresses).await;
        engine.open_addresses().await.expect("the key of now");
    }

    #[tokio::test]
    async fn what_lay_open_is_sealed_at_the_first_start_and_forgotten_in_time() {
        let (engine, clock) = engine().await;
        let code = SpokenCode::nth(CodeKind::Order, 5);
        let mut plain = engine.work(engine.clock.now()).expect("work");
        plain.extra().put(place(code), Expect::Any, serde_json::to_vec(&buyer()).expect("JSON"));
        engine.commit(plain, Cause::Desk("an older release".to_owned()), None).await.expect("kept");
        for _ in 0..2 {
            engine.open_addresses().await.expect("sealed");
            let row = engine.store.read(vec![place(code)]).await.expect("read").remove(0).expect("a row");
            assert_eq!(row.octets()[0], SEALED);
            assert_eq!(engine.addresses.open(code, &row.octets()).expect("opened"), buyer());
        }
        clock.advance(engine.policy.keeps_addresses() + std::time::Duration::from_secs(60));
        assert_eq!(engine.do_due().await, Ok(1));
        assert!(engine.store.read(vec![place(code)]).await.expect("read")[0].is_none());
    }
}
