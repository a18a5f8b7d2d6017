//! What people, the processor and the provider hand to the engine, and what becomes of it.

use super::doubles::carrier::{Carried, GATEWAY, LATEST};
use super::people::{Call, Errand, Move, Person, Trade, Urge, Visit, Who, moved_by};
use super::reader::Told;
use super::{DIAL, Fault, Happening, World};
use crate::engine::port::{SmsIn, UssdEvent, UssdIn, UssdOut};
use crate::engine::shopfront::{CardNews, ShopFront};
use crate::gsm::{fit, segment};
use crate::types::{Lang, PayoutId};
use sha2::Digest;
use std::time::Duration;

/// Septets of a screen on the smallest route.
const SCREEN: usize = 160;
/// Parts of the longest text.
const PARTS: usize = 3;
/// How often somebody is brought again what a dying process did not take.
const BRINGS: u8 = 20;
/// Steps of a call before anybody gives up.
const STEPS: u8 = 40;

impl World {
    pub(super) async fn happen(&mut self, what: Happening) -> Result<(), Fault> {
        match what {
            Happening::Wants(who, errand) => self.wants(who, errand),
            Happening::TakesUp(who) => self.takes_up(who),
            Happening::Step(who, call) => self.step(who, call).await?,
            Happening::Sms(sms, tries) => self.sms(sms, tries).await?,
            Happening::Arrives(Carried::Text(to, text)) => self.read(to, &text)?,
            Happening::Arrives(Carried::Receipt(mut receipt)) => {
                receipt.at = self.now();
                let again = receipt.clone();
                if self.engine.receipt_turn(receipt).await.is_err() {
                    self.revived().await?;
                    self.later(Duration::from_secs(5), Happening::Arrives(Carried::Receipt(again)));
                }
            }
            Happening::Visit(who, visit) => {
                if let Visit::ShowPiece(listing) = &visit {
                    self.photographs(who, listing).await?;
                }
                self.visit(who, visit);
            }
            Happening::Morning(who) => self.morning(who),
            Happening::Shopper => self.shopper().await?,
            Happening::Form(form, tries) => self.form(form, tries).await?,
            Happening::Pays(token, many) => self.pays(&token, many),
            Happening::Looks(token, left) => self.looks(token, left).await?,
            Happening::LooksAtMany(token, left) => self.looks_at_many(token, left).await?,
            Happening::Office(wish) => self.office(wish).await?,
            Happening::Hook(news, tries) => self.hook(news, tries).await?,
            Happening::Money(id, tries) => self.money(id, tries).await?,
            Happening::Line(down) => {
                self.provider.set_down(down && !self.quiet);
            }
            Happening::Desk => self.desk().await?,
        }
        Ok(())
    }

    fn person(&mut self, who: Who) -> &mut Person {
        &mut self.people[who.0]
    }

    // ---- wishes -------------------------------------------------------------------------

    fn wants(&mut self, who: Who, errand: Errand) {
        let person = self.person(who);
        person.errands.push_back(errand);
        if person.call.is_none() {
            self.later(Duration::ZERO, Happening::TakesUp(who));
        }
    }

    pub(super) fn follow(&mut self, who: Who, urges: Vec<Urge>) {
        for urge in urges {
            match urge {
                Urge::Do(wait, errand) => self.later(wait, Happening::Wants(who, errand)),
                Urge::Go(wait, visit) => self.later(wait, Happening::Visit(who, visit)),
            }
        }
    }

    fn takes_up(&mut self, who: Who) {
        let person = &mut self.people[who.0];
        if person.call.is_some() {
            return;
        }
        let Some(errand) = person.errands.pop_front().filter(|_| !self.curfew) else { return };
        // Who has not joined is heard in one thing only.
        let heard = person.joined || matches!(errand, Errand::AnswerInvitation { .. });
        if !heard && errand != Errand::Join {
            return;
        }
        // Her own screens are for those who ask to be her mentor.
        let helps = matches!(errand, Errand::AnswerInvitation { .. }) && person.trade == Trade::Helper;
        let by_sms = errand.by_sms(person.lang).filter(|_| {
            let only = matches!(
                errand,
                Errand::Balance | Errand::Delete(_) | Errand::Tips(_) | Errand::Thank | Errand::Mumble(_)
            );
            only || helps || !person.joined || person.would_write(&mut self.dice)
        });
        match by_sms {
            Some(text) => {
                self.tally.add_many(counted(&errand, true), 1);
                self.write(who, text);
                let wait = self.dice.seconds(20, 90);
                self.later(wait, Happening::TakesUp(who));
            }
            None => {
                self.tally.add_many(counted(&errand, false), 1);
                let person = &mut self.people[who.0];
                person.calls += 1;
                let number = person.calls;
                person.call = Some(Call { errand, number, steps: 0, next: DIAL.to_owned(), lost: 0 });
                self.later(Duration::ZERO, Happening::Step(who, number));
            }
        }
    }

    /// Sends a text to the service: it takes seconds, or hours, and may come twice.
    fn write(&mut self, who: Who, text: String) {
        let rates = self.rates();
        let person = self.person(who);
        person.sent += 1;
        let mark = format!("{}/{}", person.phone, person.sent).into_bytes();
        let (gateway, from) = (GATEWAY.into(), person.phone);
        let at = self.now();
        let sms = SmsIn { gateway, from, to: "48357".to_owned(), text, mark, name: None, at };
        let late = self.goes_wrong(rates.sms_late, "an SMS to us came late");
        let wait = if late { self.dice.seconds(60, LATEST.as_secs()) } else { self.dice.seconds(2, 15) };
        if self.goes_wrong(rates.sms_twice, "an SMS to us came twice") {
            let again = wait.saturating_add(self.dice.seconds(1, 40));
            self.later(again, Happening::Sms(sms.clone(), 0));
        }
        self.later(wait, Happening::Sms(sms, 0));
    }

    async fn sms(&mut self, mut sms: SmsIn, tries: u8) -> Result<(), Fault> {
        sms.at = self.now();
        self.check_step()?;
        let taken = self.engine.sms_turn(sms.clone()).await.is_ok();
        self.check_sms(&sms)?;
        if taken {
            return Ok(());
        }
        if !self.revived().await? && tries >= BRINGS {
            return Err(format!("the service never took the SMS {:?} of {:?}", sms.text, sms.from));
        }
        self.tally.add("an SMS was brought again");
        self.later(Duration::from_secs(7), Happening::Sms(sms, tries + 1));
        Ok(())
    }

    // ---- calls --------------------------------------------------------------------------

    async fn step(&mut self, who: Who, number: u32) -> Result<(), Fault> {
        let person = &self.people[who.0];
        let Some(call) = person.call.clone().filter(|call| call.number == number) else { return Ok(()) };
        let event = match call.steps {
            0 => UssdEvent::Begin(call.next.clone()),
            _ => UssdEvent::Reply(call.next.clone()),
        };
        // Half of the phones are with an operator whose gateway counts the steps.
        let counts = who.0.is_multiple_of(2);
        let input = UssdIn {
            gateway: GATEWAY.into(),
            msisdn: person.phone,
            session: number.to_be_bytes().to_vec(),
            sequence: counts.then_some(call.steps),
            event,
            mark: Some(format!("{}/{number}/{}", person.phone, call.steps).into_bytes()),
            septets: None,
            at: self.now(),
        };
        let out = self.engine.ussd_turn(input.clone()).await;
        if self.revived().await? {
            // She heard nothing, and does not know what became of it.
            return self.try_again(who, call.errand, (60, 900));
        }
        let rates = self.rates();
        if self.goes_wrong(rates.key_twice, "a key came twice") {
            let again = self.engine.ussd_turn(input.clone()).await;
            if self.revived().await? {
                return self.try_again(who, call.errand, (60, 900));
            }
            if again != out {
                return Err(format!("a key that came twice was answered with {out:?}, then with {again:?}"));
            }
        }
        let (text, open) = match out {
            UssdOut::Ask(text) => (text, true),
            UssdOut::End(text) => (text, false),
            UssdOut::Nothing => return self.try_again(who, call.errand, (30, 200)),
        };
        self.screens.update(&text);
        self.tally.add("screens");
        if !fit::fits(&text, SCREEN) {
            return Err(format!("a screen is too long: {text:?}"));
        }
        let told = self.understand_screen(who, &text)?;
        self.nothing_broke(&told)?;
        if self.goes_wrong(rates.screen_lost, "a screen was lost") {
            if self.dice.in_thousand(500) {
                self.hang_up(&input, UssdEvent::Unseen { surely: true }).await?;
            }
            return self.try_again(who, call.errand, (30, 900));
        }
        if self.goes_wrong(rates.call_cut, "a call was cut") {
            self.hang_up(&input, UssdEvent::Gone).await?;
            return self.try_again(who, call.errand, (20, 2_400));
        }
        self.choose(who, call, &input, &told, open).await
    }

    /// What she does at this screen.
    async fn choose(
        &mut self, who: Who, mut call: Call, input: &UssdIn, told: &Told, open: bool,
    ) -> Result<(), Fault> {
        let chosen = match (&call.errand, call.steps) {
            (Errand::NextLanguage, 1..) => Move::Done,
            _ => {
                let person = &self.people[who.0];
                person.answer(&call.errand, told, &mut self.dice)
            }
        };
        let chosen = if call.steps >= STEPS { Move::Lost } else { chosen };
        if let Move::Lost = chosen {
            let at = format!("{} at {}", call.errand.word(), told.name);
            let (times, _) = self.lost.entry(at).or_insert_with(|| (0, told.text.clone()));
            *times += 1;
        }
        match chosen {
            Move::Press(next) if open => {
                (call.steps, call.next) = (call.steps + 1, next);
                let number = call.number;
                let person = self.person(who);
                person.lang_unsure |= matches!(call.errand, Errand::NextLanguage) && told.name == "home";
                person.call = Some(call);
                let wait = self.dice.seconds(2, 14);
                self.later(wait, Happening::Step(who, number));
                Ok(())
            }
            Move::Later(wait) => {
                self.person(who).call = None;
                self.later(wait, Happening::Wants(who, call.errand));
                self.later(Duration::from_secs(30), Happening::TakesUp(who));
                Ok(())
            }
            Move::Press(_) | Move::Done | Move::Lost => {
                if open {
                    self.hang_up(input, UssdEvent::Gone).await?;
                }
                self.person(who).call = None;
                self.came_of(who, told);
                let wait = self.dice.seconds(10, 60);
                self.later(wait, Happening::TakesUp(who));
                Ok(())
            }
        }
    }

    async fn hang_up(&mut self, input: &UssdIn, event: UssdEvent) -> Result<(), Fault> {
        let at = self.now();
        self.engine.ussd_turn(UssdIn { event, at, ..input.clone() }).await;
        self.revived().await.map(drop)
    }

    fn try_again(&mut self, who: Who, errand: Errand, wait: (u64, u64)) -> Result<(), Fault> {
        self.person(who).call = None;
        let wait = self.dice.seconds(wait.0, wait.1);
        self.later(wait, Happening::Wants(who, errand));
        self.later(Duration::from_secs(25), Happening::TakesUp(who));
        Ok(())
    }

    /// What she takes from the last screen of a call.
    fn came_of(&mut self, who: Who, told: &Told) {
        let person = self.person(who);
        if matches!(told.name.as_str(), "pin.set" | "pin.changed") {
            person.has_pin = true;
        }
    }

    // ---- reading ------------------------------------------------------------------------

    fn langs(&self) -> [Lang; 3] {
        [Lang::SW, Lang::EN, "am".parse().unwrap_or(Lang::EN)]
    }

    fn understand_screen(&mut self, who: Who, text: &str) -> Result<Told, Fault> {
        let langs = self.langs();
        let person = &self.people[who.0];
        let trees = [person.tree(), person.trade.tree(), "stranger", "artisan", "mentor", "rider"];
        let own = [person.lang, person.lang_before];
        // Whose yes made her one of ours speaks the language of the one who asked, until she has chosen.
        let (flips, new) = (person.lang_unsure, !person.joined);
        let readable = if flips { vec![] } else { own.to_vec() };
        let all = langs.iter().filter(|_| flips || new);
        for lang in readable.iter().chain(all) {
            for tree in trees {
                let Some(told) = self.reader.screen(tree, *lang, text) else { continue };
                let person = &mut self.people[who.0];
                let chosen = flips || (new && tree != "stranger");
                if chosen && !matches!(told.name.as_str(), "call_over" | "fault_screen") {
                    (person.lang_before, person.lang) = (person.lang, *lang);
                    person.lang_unsure = false;
                }
                if !person.joined && (tree != "stranger" || matches!(told.name.as_str(), "joined" | "rides"))
                {
                    (person.joined, person.has_pin) = (true, true);
                    person.lang_before = person.lang;
                }
                match (tree, person.trade) {
                    ("mentor", Trade::Artisan) => person.trade = Trade::Mentor,
                    ("artisan", Trade::Helper) => (person.trade, person.has_pin) = (Trade::Artisan, true),
                    _ => {}
                }
                return Ok(told);
            }
        }
        Err(format!(
            "{:?} reads {} and got a screen that she cannot read: {text:?}",
            person.phone, person.lang
        ))
    }

    /// A text reaches a phone.
    fn read(&mut self, to: crate::types::Msisdn, text: &str) -> Result<(), Fault> {
        if segment::parts(text) > PARTS {
            return Err(format!("a text is too long: {text:?}"));
        }
        self.tally.add("texts read");
        let Some(who) = self.by_phone.get(&to).copied() else {
            return Err(format!("a text to {to:?}, who is nobody: {text:?}"));
        };
        let langs = self.langs();
        let person = &self.people[who.0];
        let own = [person.lang, person.lang_before];
        // Whose language nobody knows yet may be written to in any, or in two.
        let known = person.joined && !person.lang_unsure;
        let readable = if known { &own[..] } else { &langs[..] };
        let read = |text: &str| {
            readable.iter().find_map(|lang| Some((*lang, self.understand_text(who, *lang, text)?)))
        };
        let told = read(text).or_else(|| {
            let halves = text.match_indices('\n').map(|(at, _)| &text[at + 1..]);
            let mut halves = halves.filter(|_| !person.joined);
            halves.find_map(read)
        });
        let Some((lang, told)) = told else {
            return Err(format!(
                "{to:?} reads {} and got a text that she cannot read: {text:?}",
                person.lang
            ));
        };
        self.nothing_broke(&told)?;
        self.count_pieces(&told);
        let person = &mut self.people[who.0];
        if told.name == "invite_yes" && !person.joined {
            // Whoever joins by a word is written to as the one who asked her was.
            (person.joined, person.lang, person.lang_before) = (true, lang, lang);
        }
        if told.name == "cash_made" {
            self.cash.push(told.value("c.code").to_owned());
        }
        let urges = moved_by(person, &told, &mut self.dice);
        self.follow(who, urges);
        Ok(())
    }

    fn understand_text(&self, who: Who, lang: Lang, text: &str) -> Option<Told> {
        let person = &self.people[who.0];
        self.reader.text(lang, text).or_else(|| {
            // A question put by SMS: the screen, and perhaps a word on how to go on.
            let told = self.reader.screen(person.tree(), lang, text)?;
            Some(Told { name: format!("screen {}", told.name), ..told })
        })
    }

    /// Whoever hears something has a service that lives: nothing may be broken on our side.
    fn nothing_broke(&mut self, told: &Told) -> Result<(), Fault> {
        match told.name.as_str() {
            "fault" | "screen fault" | "fault_screen" | "try_later" => {
                Err(format!("the service lives and says that something broke: {:?}", told.text))
            }
            _ => {
                self.checks.said();
                Ok(())
            }
        }
    }

    /// What a text says of how many pieces are in a parcel.
    fn count_pieces(&mut self, told: &Told) {
        let (code, pieces) = match told.name.as_str() {
            "order_taken" | "parcel_much" => ("o.code", "o.qty"),
            "pickup_asked" => ("t.code", "t.qty"),
            "order_failed" => ("q.code", "q.fail"),
            _ => return,
        };
        self.parcels.insert(told.value(code).to_owned(), told.number(pieces));
    }

    // ---- the processor and the provider -------------------------------------------------

    async fn hook(&mut self, news: CardNews, tries: u8) -> Result<(), Fault> {
        if self.engine.card_news(news.clone()).await.is_ok() {
            return Ok(());
        }
        if !self.revived().await? && tries >= BRINGS {
            return Err(format!("the service never took the webhook {news:?}"));
        }
        self.later(Duration::from_secs(30), Happening::Hook(news, tries + 1));
        Ok(())
    }

    async fn money(&mut self, id: PayoutId, tries: u8) -> Result<(), Fault> {
        let Some(news) = self.provider.says(id) else { return Ok(()) };
        if self.engine.payout_news(id, news).await.is_ok() {
            return Ok(());
        }
        if !self.revived().await? && tries >= BRINGS {
            return Err(format!("the service never took the result of payout {id}"));
        }
        self.later(Duration::from_secs(30), Happening::Money(id, tries + 1));
        Ok(())
    }
}

/// The name under which a way to an errand is counted.
const fn counted(_errand: &Errand, by_sms: bool) -> &'static str {
    if by_sms { "errands by SMS" } else { "errands by USSD" }
}
