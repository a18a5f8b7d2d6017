//! The actions of the vocabulary: each reads what the market needs, decides, and names the outcome
//! that the menu handles. What others must hear of it is sent by [`super::trade`].

use super::aggregate;
use super::orders::parcel_word;
use super::view::{FromIndex, free_in, pay_from, purse_of};
use super::work::{Fault, Work, shard};
use super::{Caller, Engine};
use crate::dialog::input::Do;
use crate::ledger::Fact;
use crate::market::case::CaseKind;
use crate::market::listing::{self, Listing, ListingCommand, Reason};
use crate::market::order::{self, Mentoring, Order, OrderCommand};
use crate::market::party::{self, Joining, Party, PartyCommand, Role, Tie};
use crate::market::payout::{self, PayFrom, Payout, PayoutCommand};
use crate::market::{Refusal, Word};
use crate::menu::value::{Record, Value};
use crate::store::keys;
use crate::types::{CodeKind, Kes, Lang, Msisdn, PartyId, PayoutId, SpokenCode};
use std::time::Duration;

/// The outcome of an action: its name, and what it brings.
pub(super) type Outcome = (&'static str, Vec<Value>);

/// How long money waits to be sent before a person must look: never given up by itself.
pub(super) const FOR_EVER: Duration = Duration::from_secs(10 * 365 * 86_400);

impl Engine {
    /// Carries out an action for a caller, unless it is stopped for everybody.
    pub(super) async fn act(
        &self, work: &mut Work<'_>, who: &mut Caller, wish: &Do,
    ) -> Result<Outcome, Fault> {
        if let Some(stopped) = self.frozen(who, &wish.name, None) {
            return Ok(stopped);
        }
        let outcome = self.carry_out(work, who, wish).await?;
        Ok(self.frozen(who, &wish.name, Some(outcome.0)).unwrap_or(outcome))
    }

    async fn carry_out(&self, work: &mut Work<'_>, who: &mut Caller, wish: &Do) -> Result<Outcome, Fault> {
        match wish.name.as_str() {
            "account.speak" => self.speak(work, who, lang_arg(wish)?).await,
            "account.next_language" => {
                let next = self.next_language(who);
                self.speak(work, who, next).await
            }
            "account.join" | "account.join_rider" => self.join(work, who, wish).await,
            "account.join_with" => self.join_with(work, who, wish).await,
            "support.callback" => self.call_back(work, who, wish).await,
            "invitation.mine" => self.my_invitation(work, who, Tie::Mentee).await,
            "invitation.next" => self.next_invitation(work, who, wish).await,
            "invitation.agree" => self.agree_to_invitation(work, who, wish).await,
            "invitation.refuse" => self.refuse_invitation(work, who, wish).await,
            _ => match self.party(work, who).await? {
                Some(me) => self.act_as(work, who, &me, wish).await,
                None => Ok(("fault", vec![])),
            },
        }
    }

    async fn act_as(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        match wish.name.as_str() {
            "wallet.balance" => Ok(("ok", vec![Value::Record(self.wallet(work, me).await?)])),
            "wallet.statement" => self.statement(work, me).await,
            "payout.ready" => self.payout_ready(work, who, me, pay_from(me)).await,
            "payout.request" => self.payout_request(work, who, me, pay_from(me), wish).await,
            "share.ready" => self.payout_ready(work, who, me, PayFrom::Mentor).await,
            "share.request" => self.payout_request(work, who, me, PayFrom::Mentor, wish).await,
            "mentee.invite" | "mentor.offer" | "rider.invite" | "helper.invite" | "artisan.invite" => {
                self.invite_person(work, me, wish).await
            }
            "invitation.take_back" => self.take_back(work, me, wish),
            "task.go" | "task.pick" | "task.leave" => self.answer_task(work, me, wish).await,
            "mentor.become" => self.become_mentor(work, me, wish).await,
            "mentee.leave" => self.leave_mentee(work, me, wish).await,
            "mentee.screen" => self.show_screen(work, me, wish).await,
            "helper.remove" => self.remove_helper(work, me, wish).await,
            "helper.join" => self.helper_joins(work, me, wish).await,
            "helper.whose" => self.whose(work, me).await,
            "photo.link" => self.photo_link(work, who, me, wish).await,
            "photo.page" => self.photo_page(work, who, me).await,
            name if name.starts_with("depot.") => self.act_at_depot(work, who, me, wish).await,
            name if name.starts_with("loan.") => self.act_on_loan(work, who, me, wish).await,
            "cash.ready" | "cash.make" | "cash.claim" | "cash.paid" | "cash.leave" | "cash.deny" => {
                self.act_on_cash(work, who, me, wish).await
            }
            "guide.name" => self.name_guide(work, me, wish).await,
            "guide.mine" => self.my_guide(work, who, me).await,
            "guide.end" => self.end_guide(work, me).await,
            "listing.create" => self.list(work, me, wish).await,
            "listing.set_ready" | "listing.pause" | "listing.resume" | "listing.stop" | "listing.approve"
            | "listing.reject" => self.change_listing(work, me, wish).await,
            "order.accept" | "order.accept_some" | "order.refuse" | "order.mark_ready" => {
                self.answer_order(work, me, wish).await
            }
            "room.set" => self.set_room(work, me, wish).await,
            "parcel.send" | "parcel.send_as" | "parcel.track" | "parcel.track_as" => {
                self.send_parcel(work, me, wish).await
            }
            "order.postpone" | "order.postpone_for" | "order.give_up" => {
                self.change_order(work, me, wish).await
            }
            "pin.open" | "pin.vouch" => self.open_pin(work, me, wish).await,
            "mentee.vouch" => self.vouch_for_mentee(work, me, wish).await,
            "parcel.receive" => self.receive(work, me, wish).await,
            "parcel.pass" | "parcel.fail" | "parcel.check" => self.judge(work, me, wish).await,
            "parcel.box" | "parcel.receipt" | "stock.mine" | "stock.got" | "display.count" => {
                self.act_at_kiosk(work, me, wish).await
            }
            other => Err(Fault::Broken(format!("no action is called {other}"))),
        }
    }

    /// The language after hers, of those that her menu is written in.
    fn next_language(&self, who: &Caller) -> Lang {
        let graph = self.menus.of(who.role);
        let langs = graph.as_ref().map_or(&[][..], |graph| &graph.langs);
        let next = langs.iter().position(|lang| *lang == who.lang).map_or(0, |at| at + 1);
        langs.get(next).or(langs.first()).copied().unwrap_or(who.lang)
    }

    async fn speak(&self, work: &mut Work<'_>, who: &mut Caller, lang: Lang) -> Result<Outcome, Fault> {
        who.lang = lang;
        if let Some(me) = self.party(work, who).await? {
            let command = PartyCommand::Speak { lang };
            if let Ok(events) = party::decide(Some(&me), &command, &self.policy, work.now) {
                work.apply::<Party>(me.id, events);
            }
        }
        Ok(("ok", vec![]))
    }

    pub(super) async fn join(
        &self, work: &mut Work<'_>, who: &mut Caller, wish: &Do,
    ) -> Result<Outcome, Fault> {
        if who.party.is_some() {
            return Ok(("known", vec![]));
        }
        let joining = Joining {
            id: PartyId::new(work.now, &mut work.entropy),
            role: if wish.name == "account.join_rider" { Role::Rider } else { Role::Artisan },
            number: self.free_number(work).await?,
            phone: who.msisdn,
            lang: who.lang,
            name: text_arg(wish, "name")?,
            area: word_arg(wish, "area")?,
            kiosk: None,
            mentor: None,
            pin: who.chosen.take(),
        };
        let id = joining.id;
        match party::decide(None, &PartyCommand::Join(joining), &self.policy, work.now) {
            Ok(events) => work.apply::<Party>(id, events),
            Err(why) => return refused(wish, &why),
        }
        who.party = Some(id);
        self.ask_for_name(work, id);
        let me = work.need::<Party>(id).await?;
        if let Some(agent) = self.kiosk_for(&me).filter(|_| me.role == Role::Rider) {
            let args = vec![Value::text(me.first_name()), Value::Phone(me.phone)];
            self.tell(work, &agent, "rider_waits", args)?;
        }
        Ok(("ok", vec![Value::Record(self.newcomer(&me))]))
    }

    /// A number for a person that nobody has.
    pub(super) async fn free_number(&self, work: &mut Work<'_>) -> Result<SpokenCode, Fault> {
        for digits in CodeKind::Listing.tries() {
            let number = SpokenCode::nth_of(CodeKind::Listing, digits, work.entropy.next_u64());
            let key = keys::index("number", &[&number.number().to_be_bytes()], b"");
            if work.store().read(vec![key]).await?.iter().all(Option::is_none) {
                return Ok(number);
            }
        }
        Err(Fault::Broken("no number for a person is free any more".to_owned()))
    }

    /// `support.callback`: a case, which somebody at the desk closes when she has called.
    async fn call_back(&self, work: &mut Work<'_>, who: &Caller, wish: &Do) -> Result<Outcome, Fault> {
        let at = text_arg(wish, "at").unwrap_or_default();
        let people = who.party.into_iter().collect();
        // Strangers are nobody here: without the number nobody could call them.
        let text = format!("wants to be called today: {}, from the screen {at}", who.msisdn.national());
        self.note_case(work, CaseKind::Other, None, people, &text).await?;
        Ok(("ok", vec![]))
    }

    // ---- money -------------------------------------------------------------------

    pub(super) async fn open_payout(&self, work: &mut Work<'_>, me: &Party) -> Result<Option<Payout>, Fault> {
        let key = aggregate::open_payout_of(me.id);
        let row = work.store().read(vec![key]).await?.into_iter().next().flatten();
        match row.and_then(|row| PayoutId::from_octets(&row.octets())) {
            Some(id) => work.get::<Payout>(id).await,
            None => Ok(None),
        }
    }

    async fn payout_ready(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party, from: PayFrom,
    ) -> Result<Outcome, Fault> {
        if let Some(hindrance) = self.payout_hindrance(work, who, me).await? {
            return Ok(hindrance);
        }
        let least = self.policy_at(&self.money.way(me.phone)).payout_min();
        if free_in(work, purse_of(from, me.id)).await? < least {
            return Ok(("little", vec![Value::Kes(least)]));
        }
        let via = self.money.way(me.phone);
        if self.is_short(&via) {
            return Ok(("line", vec![Value::text(self.money.called(&via))]));
        }
        Ok(("ok", vec![]))
    }

    async fn payout_request(
        &self, work: &mut Work<'_>, who: &Caller, me: &Party, from: PayFrom, wish: &Do,
    ) -> Result<Outcome, Fault> {
        if let Some(hindrance) = self.payout_hindrance(work, who, me).await? {
            return Ok(hindrance);
        }
        let id = match &wish.once {
            Some(visit) => PayoutId::derived(visit),
            None => PayoutId::new(work.now, &mut work.entropy),
        };
        let known = work.get::<Payout>(id).await?;
        let via = self.money.way(me.phone);
        let policy = self.policy_at(&via);
        let command = PayoutCommand::Request {
            id,
            owner: me.id,
            from,
            to: me.phone,
            via,
            amount: kes_arg(wish, "amount")?,
            free: free_in(work, purse_of(from, me.id)).await?,
            open: None,
            hold: me.hold.clone(),
            pin_proven: who.pin_proven,
        };
        let events = match payout::decide(known.as_ref(), &command, &policy, work.now) {
            Ok(events) => events,
            Err(Refusal::Short { have }) => return Ok(("short", vec![Value::Kes(have)])),
            // The provider's terms, or hers with us, have changed since the sum was asked for.
            Err(Refusal::OutOfRange { .. }) => {
                let (least, most) = (policy.payout_min(), policy.payout_max());
                let little = kes_arg(wish, "amount")? < least;
                return Ok(if little {
                    ("little", vec![Value::Kes(least)])
                } else {
                    ("much", vec![Value::Kes(most)])
                });
            }
            Err(why) => return refused(wish, &why),
        };
        let new = !events.is_empty();
        work.apply::<Payout>(id, events);
        let payout = work.need::<Payout>(id).await?;
        if new {
            let from = purse_of(from, me.id);
            work.post(&Fact::PayoutReserved { payout: id, from, amount: payout.amount })?;
            work.send(shard::MONEY, super::outbox::payout_name(id), "pay", &id, FOR_EVER);
        }
        let name = if self.takes_its_place(work, id).await? { "waits" } else { "sent" };
        Ok((name, vec![Value::Record(self.payout(work, &payout, me).await?)]))
    }

    // ---- listings ------------------------------------------------------------------

    async fn list(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let (kind, stuff) = (word_arg(wish, "kind")?, word_arg(wish, "stuff")?);
        let (price, ready) = (kes_arg(wish, "price")?, count_arg(wish, "ready")?);
        match self.list_piece_of(work, me, (kind, stuff), price, ready).await? {
            Ok(listing) => Ok(("ok", vec![Value::Record(self.listing(work, &listing).await?)])),
            Err(Refusal::Full { max }) => Ok(("full", vec![Value::Int(i64::from(max))])),
            Err(why) => refused(wish, &why),
        }
    }

    /// Lists a piece of hers; the kiosk that will look at it is told.
    pub(super) async fn list_piece_of(
        &self, work: &mut Work<'_>, me: &Party, (kind, stuff): (Word, Word), price: Kes, ready: u32,
    ) -> Result<Result<Listing, Refusal>, Fault> {
        let prefix = keys::index_prefix("listing_of", &[me.id.as_bytes()]);
        let most = self.policy.listing.max_per_artisan as usize + 1;
        let listed = work.store().scan(prefix, None, most, false).await?.len() as u32;
        let code = self.free_code::<Listing>(work, CodeKind::Listing).await?;
        let maker = me.actor();
        let command = ListingCommand::Create { code, maker, kind, stuff, price, ready, listed };
        match listing::decide(None, &command, &self.policy, work.now) {
            Ok(events) => work.apply::<Listing>(code, events),
            Err(why) => return Ok(Err(why)),
        }
        let listing = work.need::<Listing>(code).await?;
        if let Some(agent) = self.kiosk_for(me) {
            let shown = Value::Record(self.listing(work, &listing).await?);
            self.tell(work, &agent, "listing_to_check", vec![shown])?;
        }
        Ok(Ok(listing))
    }

    /// A code that names nothing yet.
    pub(super) async fn free_code<A: aggregate::Aggregate<Id = SpokenCode>>(
        &self, work: &mut Work<'_>, kind: CodeKind,
    ) -> Result<SpokenCode, Fault> {
        for digits in kind.tries() {
            let code = SpokenCode::nth_of(kind, digits, work.entropy.next_u64());
            // What this turn holds is taken, and not to be let go of.
            if work.seen::<A>(code).is_some() {
                continue;
            }
            if work.get::<A>(code).await?.is_none() {
                return Ok(code);
            }
            work.forget::<A>(code);
        }
        Err(Fault::Broken(format!("no {kind:?} number is free any more")))
    }

    async fn change_listing(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let code = code_arg(wish, "listing")?;
        let before = work.need::<Listing>(code).await?;
        let command = match wish.name.as_str() {
            "listing.set_ready" => ListingCommand::SetReady { by: me.id, ready: count_arg(wish, "ready")? },
            "listing.pause" => ListingCommand::Pause { by: me.id },
            "listing.resume" => ListingCommand::Resume { by: me.id },
            "listing.stop" => {
                let open = work.store().scan(aggregate::open_orders_for(code), None, 99, false).await?;
                ListingCommand::Stop { by: me.id, open_orders: open.len() as u32 }
            }
            "listing.approve" => ListingCommand::Approve { by: me.actor() },
            _ => ListingCommand::Reject { by: me.actor(), reason: reason_arg(wish)? },
        };
        let events = match listing::decide(Some(&before), &command, &self.policy, work.now) {
            Ok(events) => events,
            Err(Refusal::Open { orders }) => {
                return Ok(("open", vec![Value::Int(i64::from(orders.clamp(1, 99)))]));
            }
            Err(Refusal::Gone { .. }) => {
                let shown = Value::Record(self.listing(work, &before).await?);
                let brings = if me.role == Role::Agent { vec![shown] } else { vec![] };
                return Ok(("gone", brings));
            }
            Err(why) => return refused(wish, &why),
        };
        let new = !events.is_empty();
        work.apply::<Listing>(code, events);
        let after = work.need::<Listing>(code).await?;
        if new && matches!(command, ListingCommand::Approve { .. } | ListingCommand::Reject { .. }) {
            self.listing_checked(work, me, &after).await?;
        }
        // The first verdict on a listing is the one that is paid for.
        let again = me.role == Role::Agent && after.checks > 1;
        let sells = matches!(wish.name.as_str(), "listing.approve" | "listing.resume");
        let unseen = sells && !after.in_shop();
        let name = match (again, unseen) {
            (true, _) => "again",
            (false, true) => "photo",
            (false, false) => "ok",
        };
        Ok((name, vec![Value::Record(self.listing(work, &after).await?)]))
    }

    // ---- orders --------------------------------------------------------------------

    async fn answer_order(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let code = code_arg(wish, "order")?;
        let before = work.need::<Order>(code).await?;
        // Whoever helps a maker says READY in her name, and nothing else.
        let helps = wish.name == "order.mark_ready" && self.helps_with(work, me.id, &before).await?;
        let by = before.maker.filter(|_| helps).unwrap_or(me.id);
        let mentoring =
            me.mentorship_on(work.now).map(|m| Mentoring { mentor: m.mentor, share_bp: m.share_bp });
        let command = match wish.name.as_str() {
            "order.accept" => OrderCommand::Accept {
                by: me.id,
                pieces: before.offer.map_or(before.accepted, |offer| offer.pieces),
                mentoring,
            },
            "order.accept_some" => {
                OrderCommand::Accept { by: me.id, pieces: count_arg(wish, "pieces")?, mentoring }
            }
            // What failed the check and cannot be mended will never come.
            "order.refuse" if before.is_mending() && before.maker == Some(me.id) => {
                OrderCommand::GiveUp { by: Some(me.actor()) }
            }
            "order.refuse" => OrderCommand::Refuse { by: me.id, next: self.next_maker(work, &before).await? },
            _ => OrderCommand::MarkReady { by },
        };
        match self.order_turn(work, code, &command).await? {
            Ok(new) if helps && new > 0 => self.tell_of_help(work, me, by, code).await?,
            Ok(_) => {}
            // It is hers to answer, and she has not.
            Err(Refusal::Gone { .. } | Refusal::NotAllowed)
                if wish.name == "order.mark_ready" && before.is_offered_to(me.id) =>
            {
                return Ok(("first", vec![Value::Record(self.order(work, code, &before).await?)]));
            }
            // What she took and has gone on with is still hers to ask about.
            Err(Refusal::Gone { .. } | Refusal::AlreadyAnswered { .. }) if before.maker == Some(by) => {
                return Ok(("stands", vec![Value::Record(self.order(work, code, &before).await?)]));
            }
            Err(Refusal::Gone { .. } | Refusal::AlreadyAnswered { .. } | Refusal::NotAllowed) => {
                return Ok(("gone", vec![]));
            }
            Err(Refusal::OutOfRange { .. }) if wish.name == "order.accept_some" => {
                return Ok(("much", vec![Value::Record(self.order(work, code, &before).await?)]));
            }
            Err(why) => return refused(wish, &why),
        }
        if wish.name == "order.refuse" {
            return Ok(("ok", vec![]));
        }
        let after = work.need::<Order>(code).await?;
        let rides = wish.name == "order.mark_ready" && after.rider().is_some();
        let name = match rides {
            _ if helps => "helped",
            true => "rider",
            false => "ok",
        };
        Ok((name, vec![Value::Record(self.order(work, code, &after).await?)]))
    }

    async fn receive(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let code = code_arg(wish, "order")?;
        let result = self.order_turn(work, code, &OrderCommand::Receive { by: me.actor() }).await?;
        let order = work.need::<Order>(code).await?;
        let shown = Value::Record(self.order(work, code, &order).await?);
        match result {
            Ok(_) => Ok(("ok", vec![shown])),
            Err(Refusal::Gone { .. } | Refusal::NotInCustody | Refusal::NotAllowed) => {
                Ok(match parcel_word(&order) {
                    Some(word) => ("stands", vec![shown, Value::word("parcel_state", word)]),
                    None => ("not_ready", vec![shown]),
                })
            }
            Err(why) => refused(wish, &why),
        }
    }

    async fn judge(&self, work: &mut Work<'_>, me: &Party, wish: &Do) -> Result<Outcome, Fault> {
        let code = code_arg(wish, "order")?;
        let order = work.need::<Order>(code).await?;
        let came = order.check.map_or(0, |check| check.came);
        let (passed, failed, reason) = match wish.name.as_str() {
            "parcel.pass" => (count_arg(wish, "pass")?, 0, None),
            "parcel.fail" => (0, count_arg(wish, "fail")?, Some(reason_arg(wish)?)),
            _ => {
                let passed = count_arg(wish, "pass")?;
                (passed, came.saturating_sub(passed), Some(reason_arg(wish)?))
            }
        };
        let command = OrderCommand::Judge { by: me.actor(), passed, failed, reason };
        let result = self.order_turn(work, code, &command).await?;
        let after = work.need::<Order>(code).await?;
        match result {
            Ok(_) => Ok(("ok", vec![Value::Record(self.check(work, code, &after, me).await?)])),
            Err(Refusal::TooMany { came, .. }) => {
                let mut shown = self.order(work, code, &after).await?;
                shown.fields.insert("qty".to_owned(), Value::Int(i64::from(came)));
                Ok(("too_many", vec![Value::Record(shown)]))
            }
            Err(
                Refusal::Gone { .. }
                | Refusal::NotInCustody
                | Refusal::NotAllowed
                | Refusal::AlreadyChecked { .. },
            ) => Ok(("not_here", vec![Value::Record(self.order(work, code, &after).await?)])),
            Err(why) => refused(wish, &why),
        }
    }

    /// Decides a command of an order and everything that follows from its events: the listing's
    /// stock, the books, the messages, the timers.
    pub(super) async fn order_turn(
        &self, work: &mut Work<'_>, code: SpokenCode, command: &OrderCommand,
    ) -> Result<Result<usize, Refusal>, Fault> {
        let before = work.need::<Order>(code).await?;
        let events = match order::decide(Some(&before), command, &self.policy, work.now) {
            Ok(events) => events,
            Err(why) => return Ok(Err(why)),
        };
        work.apply::<Order>(code, events.clone());
        self.follow_order(work, code, &before, &events).await?;
        Ok(Ok(events.len()))
    }
}

/// An answer that the menus have no outcome for: a fault, with a line for whoever runs the service.
pub(super) fn refused(wish: &Do, why: &Refusal) -> Result<Outcome, Fault> {
    tracing::warn!(
        action = wish.name,
        at = wish.at,
        refusal = why.code(),
        "a menu let through what the market refuses"
    );
    Ok(("fault", vec![]))
}

pub(super) fn missing(wish: &Do, name: &str) -> Fault {
    Fault::Broken(format!("{} was called without a fitting {name}", wish.name))
}

pub(super) fn kes_arg(wish: &Do, name: &str) -> Result<Kes, Fault> {
    match wish.args.get(name) {
        Some(Value::Kes(sum)) => Ok(*sum),
        Some(Value::Int(shillings)) => Ok(Kes::major(*shillings)),
        _ => Err(missing(wish, name)),
    }
}

pub(super) fn count_arg(wish: &Do, name: &str) -> Result<u32, Fault> {
    match wish.args.get(name) {
        Some(Value::Int(n)) => u32::try_from(*n).map_err(|_| missing(wish, name)),
        _ => Err(missing(wish, name)),
    }
}

pub(super) fn text_arg(wish: &Do, name: &str) -> Result<String, Fault> {
    match wish.args.get(name) {
        Some(Value::Text(text)) => Ok(text.clone()),
        _ => Err(missing(wish, name)),
    }
}

pub(super) fn phone_arg(wish: &Do, name: &str) -> Result<Msisdn, Fault> {
    match wish.args.get(name) {
        Some(Value::Phone(phone)) => Ok(*phone),
        _ => Err(missing(wish, name)),
    }
}

pub(super) fn plain_word<'a>(wish: &'a Do, name: &str) -> Result<&'a str, Fault> {
    match wish.args.get(name) {
        Some(Value::Word { word, .. }) => Ok(word),
        _ => Err(missing(wish, name)),
    }
}

fn word_arg(wish: &Do, name: &str) -> Result<Word, Fault> {
    plain_word(wish, name)?.parse().map_err(|_| missing(wish, name))
}

fn lang_arg(wish: &Do) -> Result<Lang, Fault> {
    plain_word(wish, "lang")?.parse().map_err(|_| missing(wish, "lang"))
}

fn reason_arg(wish: &Do) -> Result<Reason, Fault> {
    let word = plain_word(wish, "why")?;
    Reason::ALL.into_iter().find(|reason| reason.word() == word).ok_or_else(|| missing(wish, "why"))
}

pub(super) fn code_arg(wish: &Do, name: &str) -> Result<SpokenCode, Fault> {
    match wish.args.get(name) {
        Some(Value::Record(Record { key, .. })) => {
            SpokenCode::try_from(key.clone()).map_err(|_| missing(wish, name))
        }
        _ => Err(missing(wish, name)),
    }
}
