//! Where every row lives: one letter for the table, then what sorts within it.
//!
//! Numbers are big-endian and moments are shifted to be positive, so that keys sort the way they
//! are read. Nothing else in the crate puts keys together.

use super::Key;
use crate::types::{
    ApprovalId, BulletinId, CaseId, DialogId, LoanId, Msisdn, PartyId, PayoutId, PhotoName, SpokenCode,
    Timestamp, TransferId, TroubleId,
};
use std::ops::Bound;
use std::time::Duration;

/// Things with a life: parties, listings, orders, bulk requests, payouts, loans.
pub const AGGREGATES: u8 = b'A';
/// Sums by account code.
pub const BALANCES: u8 = b'B';
/// Conversations by phone number.
pub const DIALOGS: u8 = b'D';
/// Marks of inputs that must not act twice.
pub const INBOX: u8 = b'I';
/// What happened, by commit and place within it.
pub const JOURNAL: u8 = b'J';
/// Texts to and from phones, by moment.
pub const MESSAGES: u8 = b'L';
/// What the store knows about itself, and single rows of the engine.
pub const META: u8 = b'M';
/// Ways to find things.
pub const INDEXES: u8 = b'N';
/// What is to be sent, by shard and due time.
pub const OUTBOX: u8 = b'O';
/// What could not be sent and waits for a person.
pub const PARKED: u8 = b'P';
/// Dialogs as they were recorded, turn by turn.
pub const RECORDINGS: u8 = b'R';
/// Lines of account statements, by account and commit.
pub const STATEMENTS: u8 = b'S';
/// What falls due, by moment.
pub const TIMERS: u8 = b'T';
/// Who signed in at the desk: what people brought, sessions, tries.
pub const DESK: u8 = b'U';
/// Menus that served, and their history.
pub const MENUS: u8 = b'V';
/// Transfers by id.
pub const TRANSFERS: u8 = b'X';

/// Every table with its name, in key order.
pub const TABLES: [(u8, &str); 16] = [
    (AGGREGATES, "aggregates"),
    (BALANCES, "balances"),
    (DIALOGS, "dialogs"),
    (INBOX, "inbox marks"),
    (JOURNAL, "journal"),
    (MESSAGES, "messages"),
    (META, "meta"),
    (INDEXES, "indexes"),
    (OUTBOX, "outbox"),
    (PARKED, "parked"),
    (RECORDINGS, "recorded turns"),
    (STATEMENTS, "statement lines"),
    (TIMERS, "timers"),
    (DESK, "the desk's door"),
    (MENUS, "menus"),
    (TRANSFERS, "transfers"),
];

/// How long one bucket of inbox marks is. A repeat is noticed for at least this long and at most
/// twice as long; Stripe, the most patient sender, tries for three days.
pub const INBOX_BUCKET: Duration = Duration::from_secs(4 * 24 * 60 * 60);

fn join(table: u8, parts: &[&[u8]]) -> Key {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(table);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// A moment as eight octets that sort by time, also before 1970.
pub fn moment(at: Timestamp) -> [u8; 8] {
    (at.millis() as u64 ^ (1 << 63)).to_be_bytes()
}

/// The moment that [`moment`] spelled.
pub fn parse_moment(octets: &[u8]) -> Option<Timestamp> {
    let octets = octets.try_into().ok()?;
    Some(Timestamp::from_millis((u64::from_be_bytes(octets) ^ (1 << 63)) as i64))
}

/// A thing with a life, of a kind that has no function of its own here.
pub fn aggregate(kind: u8, id: &[u8]) -> Key {
    join(AGGREGATES, &[&[kind], id])
}

/// Artisan, agent, mentor, rider, shopper.
pub fn party(id: PartyId) -> Key {
    aggregate(b'p', id.as_bytes())
}

/// A listing by its five digits.
pub fn listing(code: SpokenCode) -> Key {
    aggregate(b'l', &code.number().to_be_bytes())
}

/// An order by its six digits.
pub fn order(code: SpokenCode) -> Key {
    aggregate(b'o', &code.number().to_be_bytes())
}

/// A bulk request.
pub fn bulk(code: SpokenCode) -> Key {
    aggregate(b'b', &code.number().to_be_bytes())
}

/// A payout.
pub fn payout(id: PayoutId) -> Key {
    aggregate(b'y', id.as_bytes())
}

/// A loan.
pub fn loan(id: LoanId) -> Key {
    aggregate(b'k', id.as_bytes())
}

/// A tip or lesson.
pub fn bulletin(id: BulletinId) -> Key {
    aggregate(b't', id.as_bytes())
}

/// A case.
pub fn case(id: CaseId) -> Key {
    aggregate(b'w', id.as_bytes())
}

/// A cash number.
pub fn cash(id: PayoutId) -> Key {
    aggregate(b'c', id.as_bytes())
}

/// A kiosk, by its agent.
pub fn kiosk(agent: PartyId) -> Key {
    aggregate(b'q', agent.as_bytes())
}

/// A paper receipt by its seven digits.
pub fn receipt(number: SpokenCode) -> Key {
    aggregate(b'u', &number.number().to_be_bytes())
}

/// Something at the desk that takes two people.
pub fn approval(id: ApprovalId) -> Key {
    aggregate(b'a', id.as_bytes())
}

/// A trouble with a card payment.
pub fn trouble(id: TroubleId) -> Key {
    aggregate(b'x', id.as_bytes())
}

/// A kind of action that can be stopped for everybody, by its word.
pub fn freeze(what: &str) -> Key {
    aggregate(b'z', what.as_bytes())
}

/// All aggregates of a kind: `p` party, `l` listing, `o` order, `y` payout, `k` loan, `c` cash, `q` kiosk,
/// `t` tip or lesson, `u` receipt, `w` case, `z` freeze, `a` approval, `m` statement, `d` difference.
pub fn aggregates(kind: u8) -> Key {
    join(AGGREGATES, &[&[kind]])
}

/// The sum of an account.
pub fn balance(account: &str) -> Key {
    join(BALANCES, &[account.as_bytes()])
}

/// The account whose sum this row is.
pub fn parse_balance(key: &[u8]) -> Option<&str> {
    let (&BALANCES, account) = key.split_first()? else { return None };
    std::str::from_utf8(account).ok()
}

/// The conversation of a phone.
pub fn dialog(msisdn: Msisdn) -> Key {
    join(DIALOGS, &[&msisdn.number().to_be_bytes()])
}

/// The phone whose conversation this row is.
pub fn parse_dialog(key: &[u8]) -> Option<Msisdn> {
    let (&DIALOGS, number) = key.split_first()? else { return None };
    Msisdn::from_e164(&u64::from_be_bytes(number.try_into().ok()?).to_string()).ok()
}

fn bucket(at: Timestamp) -> u32 {
    let span = i64::try_from(INBOX_BUCKET.as_millis()).unwrap_or(i64::MAX);
    u32::try_from(at.millis().max(0) / span).unwrap_or(u32::MAX)
}

/// The mark of an input taken at `now`. A repeat is found in this bucket or the one before it.
pub fn inbox(now: Timestamp, mark: &[u8]) -> Key {
    join(INBOX, &[&bucket(now).to_be_bytes(), mark])
}

/// The same mark one bucket earlier; `None` for other tables and in the first bucket.
pub fn inbox_earlier(key: &[u8]) -> Option<Key> {
    let (&INBOX, rest) = key.split_first()? else { return None };
    let (bucket, mark) = rest.split_first_chunk()?;
    let earlier = u32::from_be_bytes(*bucket).checked_sub(1)?;
    Some(join(INBOX, &[&earlier.to_be_bytes(), mark]))
}

/// The first key of the marks that still count at `now`; every mark before it may go.
pub fn inbox_kept(now: Timestamp) -> Key {
    join(INBOX, &[&bucket(now).saturating_sub(1).to_be_bytes()])
}

/// A record of the journal.
pub fn journal(position: u64, index: u32) -> Key {
    join(JOURNAL, &[&position.to_be_bytes(), &index.to_be_bytes()])
}

/// Commit and place of a record.
pub fn parse_journal(key: &[u8]) -> Option<(u64, u32)> {
    let (&JOURNAL, rest) = key.split_first()? else { return None };
    let (position, index) = rest.split_first_chunk()?;
    Some((u64::from_be_bytes(*position), u32::from_be_bytes(index.try_into().ok()?)))
}

/// A single row by its name.
pub fn meta(name: &str) -> Key {
    join(META, &[name.as_bytes()])
}

/// Where the store stands; written by the store alone.
pub fn head() -> Key {
    meta("head")
}

/// A line of an account's statement.
pub fn statement(account: &str, position: u64, index: u32) -> Key {
    join(STATEMENTS, &[account.as_bytes(), &[0], &position.to_be_bytes(), &index.to_be_bytes()])
}

/// All lines of an account's statement.
pub fn statements(account: &str) -> Key {
    join(STATEMENTS, &[account.as_bytes(), &[0]])
}

/// Account, commit and place of a statement line.
pub fn parse_statement(key: &[u8]) -> Option<(&str, u64, u32)> {
    let (&STATEMENTS, rest) = key.split_first()? else { return None };
    let (account, place) = rest.split_at_checked(rest.len().checked_sub(13)?)?;
    let (&0, place) = place.split_first()? else { return None };
    let (position, index) = place.split_first_chunk()?;
    let account = std::str::from_utf8(account).ok()?;
    Some((account, u64::from_be_bytes(*position), u32::from_be_bytes(index.try_into().ok()?)))
}

/// A transfer.
pub fn transfer(id: TransferId) -> Key {
    join(TRANSFERS, &[id.as_bytes()])
}

/// A text to or from a phone, by the moment it was decided or came.
pub fn message(at: Timestamp, id: &[u8]) -> Key {
    join(MESSAGES, &[&moment(at), id])
}

/// Moment and id of a message.
pub fn parse_message(key: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (&MESSAGES, rest) = key.split_first()? else { return None };
    let (at, id) = rest.split_at_checked(8)?;
    Some((parse_moment(at)?, id))
}

/// A row of the desk's door.
pub fn desk(kind: u8, id: &[u8]) -> Key {
    join(DESK, &[&[kind], id])
}

/// All of one kind: `c` what people brought, `s` sessions, `t` tries.
pub fn desk_rows(kind: u8) -> Key {
    join(DESK, &[&[kind]])
}

/// A set of menu files, by its hash.
pub fn menu_set(hash: &str) -> Key {
    join(MENUS, &[b"s", hash.as_bytes()])
}

/// The set that a tree belongs to, by the tree's hash.
pub fn menu_graph(hash: &str) -> Key {
    join(MENUS, &[b"g", hash.as_bytes()])
}

/// A piece of the text of a menu file, by the text's hash.
pub fn menu_text(hash: &str, piece: u16) -> Key {
    join(MENUS, &[b"t", hash.as_bytes(), &piece.to_be_bytes()])
}

/// A change of the menus, by its number.
pub fn menu_change(number: u64) -> Key {
    join(MENUS, &[b"c", &number.to_be_bytes()])
}

/// All rows about menus of one kind: `s` sets, `g` trees, `t` texts, `c` changes.
pub fn menu_rows(kind: u8) -> Key {
    join(MENUS, &[&[kind]])
}

/// A recorded turn of a dialog, by its place among the others.
pub fn recording(dialog: DialogId, place: u64) -> Key {
    join(RECORDINGS, &[dialog.as_bytes(), &place.to_be_bytes()])
}

/// All recorded turns of a dialog.
pub fn recordings(dialog: DialogId) -> Key {
    join(RECORDINGS, &[dialog.as_bytes()])
}

/// Before every recorded turn of dialogs that began at `since` or later: their ids begin with the
/// moment (RFC 9562 section 5.7).
pub fn recordings_since(since: Timestamp) -> Key {
    let millis = u64::try_from(since.millis()).unwrap_or_default();
    join(RECORDINGS, &[&millis.to_be_bytes()[2..]])
}

/// Dialog and place of a recorded turn.
pub fn parse_recording(key: &[u8]) -> Option<(DialogId, u64)> {
    let (&RECORDINGS, rest) = key.split_first()? else { return None };
    let (id, place) = rest.split_first_chunk()?;
    Some((DialogId::from_bytes(*id), u64::from_be_bytes(place.try_into().ok()?)))
}

/// Something to be sent by the workers of `shard`, not before `due`.
pub fn outbox(shard: u8, due: Timestamp, id: &[u8]) -> Key {
    join(OUTBOX, &[&[shard], &moment(due), id])
}

/// Everything to be sent by the workers of `shard`.
pub fn outbox_shard(shard: u8) -> Key {
    join(OUTBOX, &[&[shard]])
}

/// Shard, due time and id of an outbox row.
pub fn parse_outbox(key: &[u8]) -> Option<(u8, Timestamp, &[u8])> {
    let (&OUTBOX, rest) = key.split_first()? else { return None };
    let (&shard, rest) = rest.split_first()?;
    let (due, id) = rest.split_at_checked(8)?;
    Some((shard, parse_moment(due)?, id))
}

/// Something that could not be sent.
pub fn parked(id: &[u8]) -> Key {
    join(PARKED, &[id])
}

/// Something that falls due.
pub fn timer(due: Timestamp, id: &[u8]) -> Key {
    join(TIMERS, &[&moment(due), id])
}

/// Moment and id of a timer.
pub fn parse_timer(key: &[u8]) -> Option<(Timestamp, &[u8])> {
    let (&TIMERS, rest) = key.split_first()? else { return None };
    let (due, id) = rest.split_at_checked(8)?;
    Some((parse_moment(due)?, id))
}

/// An entry of the index `name`: found by its parts, in their order, ending in what it points at.
/// A unique index has an empty `id` and says in its value what it points at.
pub fn index(name: &str, parts: &[&[u8]], id: &[u8]) -> Key {
    let mut key = index_prefix(name, parts);
    push_part(&mut key, id);
    key
}

/// All entries of the index `name` whose first parts are these.
pub fn index_prefix(name: &str, parts: &[&[u8]]) -> Key {
    let mut key = vec![INDEXES];
    push_part(&mut key, name.as_bytes());
    parts.iter().for_each(|part| push_part(&mut key, part));
    key
}

/// Name, parts and id of an index entry; the id is the last part.
pub fn parse_index(key: &[u8]) -> Option<Vec<Vec<u8>>> {
    let (&INDEXES, mut rest) = key.split_first()? else { return None };
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, after) = pop_part(rest)?;
        parts.push(part);
        rest = after;
    }
    (parts.len() >= 2).then_some(parts)
}

/// What an index entry points at.
pub fn index_id(key: &[u8]) -> Option<Vec<u8>> {
    parse_index(key)?.pop()
}

/// A zero octet inside a part becomes `00 FF`; `00 01` ends it. So parts of any length sort as
/// they do alone, and none runs into the next.
fn push_part(key: &mut Key, part: &[u8]) {
    for &octet in part {
        key.push(octet);
        if octet == 0 {
            key.push(0xFF);
        }
    }
    key.extend_from_slice(&[0, 1]);
}

fn pop_part(octets: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut part = Vec::new();
    let mut at = 0;
    loop {
        match (octets.get(at)?, octets.get(at + 1)) {
            (0, Some(1)) => return Some((part, &octets[at + 2..])),
            (0, Some(0xFF)) => {
                part.push(0);
                at += 2;
            }
            (0, _) => return None,
            (&octet, _) => {
                part.push(octet);
                at += 1;
            }
        }
    }
}

/// Phone -> party. Unique; the value is the party's id.
pub fn by_phone(msisdn: Msisdn) -> Key {
    index("phone", &[&msisdn.number().to_be_bytes()], b"")
}

/// Listings that were found good and not taken off sale, by the moment they came to stand so.
pub fn on_sale(since: Timestamp, code: SpokenCode) -> Key {
    index("on_sale", &[&moment(since)], &code.number().to_be_bytes())
}

/// Listings that shoppers see, by the moment they came into the shop.
pub fn in_shop(since: Timestamp, code: SpokenCode) -> Key {
    index("in_shop", &[&moment(since)], &code.number().to_be_bytes())
}

/// A photograph by its name, and a listing that has it.
pub fn photo(name: PhotoName, code: SpokenCode) -> Key {
    index("photo", &[name.as_bytes()], &code.number().to_be_bytes())
}

/// All listings, by the moment they were made.
pub fn listing_made(at: Timestamp, code: SpokenCode) -> Key {
    index("listing", &[&moment(at)], &code.number().to_be_bytes())
}

/// Listings of an artisan, by the moment they were made.
pub fn listing_of(artisan: PartyId, at: Timestamp, code: SpokenCode) -> Key {
    index("listing_of", &[artisan.as_bytes(), &moment(at)], &code.number().to_be_bytes())
}

/// Orders of an artisan, by the moment they were made.
pub fn order_of(artisan: PartyId, at: Timestamp, code: SpokenCode) -> Key {
    index("order_of", &[artisan.as_bytes(), &moment(at)], &code.number().to_be_bytes())
}

/// Orders that wait at, or are on their way to, a kiosk.
pub fn order_at(kiosk: &str, at: Timestamp, code: SpokenCode) -> Key {
    index("order_at", &[kiosk.as_bytes(), &moment(at)], &code.number().to_be_bytes())
}

/// All orders, by the moment they were made.
pub fn order_made(at: Timestamp, code: SpokenCode) -> Key {
    index("order", &[&moment(at)], &code.number().to_be_bytes())
}

/// All payouts, by the moment they were asked for.
pub fn payout_asked(at: Timestamp, id: PayoutId) -> Key {
    index("payout", &[&moment(at)], id.as_bytes())
}

/// Payouts of a party, by the moment they were asked for.
pub fn payout_of(party: PartyId, at: Timestamp, id: PayoutId) -> Key {
    index("payout_of", &[party.as_bytes(), &moment(at)], id.as_bytes())
}

/// A checkout's private token -> order. Unique; the value is the order's number.
pub fn by_checkout(token: &str) -> Key {
    index("checkout", &[token.as_bytes()], b"")
}

/// A card processor's event that was acted on. Unique; kept for ever, unlike inbox marks.
pub fn card_event(event: &str) -> Key {
    index("card_event", &[event.as_bytes()], b"")
}

/// The texts to and from a phone, by moment.
pub fn message_of(phone: Msisdn, at: Timestamp, id: &[u8]) -> Key {
    index("message_of", &[&phone.number().to_be_bytes(), &moment(at)], id)
}

/// All texts to and from a phone.
pub fn messages_of(phone: Msisdn) -> Key {
    index_prefix("message_of", &[&phone.number().to_be_bytes()])
}

/// A gateway's id for a message -> where the message stands. A gateway that starts anew may give an
/// id again.
pub fn by_message(gateway: &str, message: &str, place: &[u8]) -> Key {
    index("message", &[gateway.as_bytes(), message.as_bytes()], place)
}

/// All messages that a gateway named so.
pub fn by_message_prefix(gateway: &str, message: &str) -> Key {
    index_prefix("message", &[gateway.as_bytes(), message.as_bytes()])
}

/// The recorded conversations of a phone, by the moment they began, since their ids begin with it.
pub fn dialog_of(phone: Msisdn, dialog: DialogId) -> Key {
    index("dialog_of", &[&phone.number().to_be_bytes()], dialog.as_bytes())
}

/// All recorded conversations of a phone.
pub fn dialogs_of(phone: Msisdn) -> Key {
    index_prefix("dialog_of", &[&phone.number().to_be_bytes()])
}

/// A conversation by its own id -> phone. Unique.
pub fn by_dialog(id: DialogId) -> Key {
    index("dialog", &[id.as_bytes()], b"")
}

/// A range of keys, ends owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Range(Bound<Key>, Bound<Key>);

impl Range {
    /// The ends as slices.
    pub fn as_ref(&self) -> (Bound<&[u8]>, Bound<&[u8]>) {
        (self.0.as_ref().map(Vec::as_slice), self.1.as_ref().map(Vec::as_slice))
    }
}

/// The keys that begin with `prefix` and lie after `from` (before it when going `back`); `None`
/// when there can be none.
pub fn range(prefix: &[u8], from: Option<&[u8]>, back: bool) -> Option<Range> {
    let mut low = Bound::Included(prefix.to_vec());
    let mut high = match past(prefix) {
        Some(past) => Bound::Excluded(past),
        None => Bound::Unbounded,
    };
    if let Some(from) = from {
        let beyond = matches!(&high, Bound::Excluded(end) if from >= end.as_slice());
        match (back, from < prefix, beyond) {
            (false, true, _) | (true, _, true) => {}
            (false, _, true) | (true, true, _) => return None,
            (false, ..) => low = Bound::Excluded(from.to_vec()),
            (true, ..) => high = Bound::Excluded(from.to_vec()),
        }
    }
    // `(from, from)` both excluded, and an empty `[prefix, prefix)`, are ranges that maps refuse.
    match (&low, &high) {
        (Bound::Included(a), Bound::Excluded(b)) | (Bound::Excluded(a), Bound::Excluded(b)) if a >= b => None,
        _ => Some(Range(low, high)),
    }
}

/// The first key that sorts after every key with this prefix.
fn past(prefix: &[u8]) -> Option<Key> {
    let last = prefix.iter().rposition(|&octet| octet != 0xFF)?;
    let mut past = prefix[..=last].to_vec();
    past[last] += 1;
    Some(past)
}
