//! Asking somebody to become something, and her answer. The question goes to her own phone by SMS;
//! she says yes with the number of the one who asks. A stranger is one of us from that yes on.

use crate::dialog::input::Do;
use crate::engine::actions::{Outcome, missing, phone_arg, refused, text_arg};
use crate::engine::aggregate;
use crate::engine::roles::names::one_owner;
use crate::engine::trade::Due;
use crate::engine::view::{self, FromIndex};
use crate::engine::work::{Fault, Work};
use crate::engine::{Caller, Engine};
use crate::market::Refusal;
use crate::market::case::CaseKind;
use crate::market::party::{self, Invitation, Invitee, Joining, Party, PartyCommand, Role, Tie};
use crate::menu::value::{Record, Value};
use crate::store::keys;
use crate::types::{CodeKind, Msisdn, PartyId, SpokenCode, text};

impl Engine {
    /// The person with this phone.
    async fn owner_of(&self, work: &mut Work<'_>, phone: Msisdn) -> Result<Option<Party>, Fault> {
        let row = work.store().read(vec![keys::by_phone(phone)]).await?.into_iter().next().flatten();
        match row.and_then(|row| PartyId::from_octets(&row.octets())) {
            Some(id) => work.get::<Party>(id).await,
            None => Ok(None),
        }
    }

    /// The person with this number of five digits.
    pub(super) async fn person(
        &self, work: &mut Work<'_>, number: SpokenCode,
    ) -> Result<Option<Party>, Fault> {
        let key = keys::index("number", &[&number.number().to_be_bytes()], b"");
        let row = work.store().read(vec![key]).await?.into_iter().next().flatten();
        match row.and_then(|row| PartyId::from_octets(&row.octets())) {
            Some(id) => work.get::<Party>(id).await,
            None => Ok(None),
        }
    }

    /// An invitation as its reader sees it.
    fn invitation(&self, by: &Party, asked: &Invitation) -> Record {
        Record::new(
            "invitation",
            by.number.to_string(),
            [
                ("code", Value::Code(by.number)),
                ("by", Value::text(by.first_name())),
                ("first", Value::text(text::first_name(&asked.name))),
                ("phone", Value::Phone(asked.phone)),
                ("what", Value::word("tie", asked.to.word())),
                ("place", Value::text(self.place_of(by))),
                ("dial", Value::text(self.house.dial.clone())),
                ("more", view::yes_no(false)),
            ],
        )
    }

    /// `mentee.invite`, `mentor.offer`, `rider.invite`, `helper.invite`, `artisan.invite`: a name and a phone.
    pub(in crate::engine) async fn invite_person(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let to = match wish.name.as_str() {
            "mentee.invite" => Tie::Mentee,
            "mentor.offer" => Tie::Mentor,
            "helper.invite" => Tie::Helper,
            "artisan.invite" => Tie::Artisan,
            _ => Tie::Rider,
        };
        let phone = phone_arg(wish, "phone")?;
        let known = self.owner_of(work, phone).await?;
        if let Some(rider) = known.as_ref().filter(|known| to == Tie::Rider && known.role == Role::Rider) {
            return self.vouch(work, me, rider, wish).await;
        }
        let invitee = match &known {
            Some(known) => Invitee::known(known, work.now),
            None => Invitee::stranger(phone, text_arg(wish, "name")?),
        };
        self.ask_to_become(work, me, known.as_ref(), invitee, to, wish).await
    }

    /// `guide.name`: an artisan names her mentor by the mentor's number.
    pub(in crate::engine) async fn name_guide(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let Some(Value::Code(number)) = wish.args.get("number") else { return Err(missing(wish, "number")) };
        let Some(guide) = self.person(work, *number).await? else { return Ok(("unfit", vec![])) };
        let invitee = Invitee::known(&guide, work.now);
        self.ask_to_become(work, me, Some(&guide), invitee, Tie::Guide, wish).await
    }

    async fn ask_to_become(
        &self, work: &mut Work<'_>, me: &Party, known: Option<&Party>, invitee: Invitee, to: Tie, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let phone = invitee.phone;
        let events =
            match party::decide(Some(me), &PartyCommand::Invite { invitee, to }, &self.policy, work.now) {
                Ok(events) => events,
                Err(Refusal::NotAllowed) => {
                    tracing::warn!(by = %me.id, to = to.word(), "somebody may not be asked, herself perhaps");
                    let text = format!(
                        "{} asked {phone} to be {}: herself, or one with her mobile-money name",
                        me.name,
                        to.word()
                    );
                    self.note_case(work, CaseKind::Herself, None, vec![me.id], &text).await?;
                    return Ok(("herself", vec![]));
                }
                Err(Refusal::AlreadyExists) => return Ok(("already", vec![])),
                Err(Refusal::Gone { .. } | Refusal::BadName) => return Ok(("unfit", vec![])),
                Err(Refusal::Full { max }) => return Ok(("full", vec![Value::Int(i64::from(max))])),
                Err(why) => return refused(wish, &why),
            };
        let new = !events.is_empty();
        work.apply::<Party>(me.id, events);
        let me = work.need::<Party>(me.id).await?;
        let Some(asked) = me.invitation_to(phone, &self.policy, work.now) else {
            return Err(Fault::Broken(format!("an invitation of {} is gone", me.id)));
        };
        let shown = Value::Record(self.invitation(&me, asked));
        if new {
            let name = match to {
                Tie::Mentee => "invite_mentee",
                Tie::Guide => "invite_guide",
                Tie::Mentor => "invite_mentor",
                Tie::Rider => "invite_rider",
                Tie::Helper => "invite_helper",
                Tie::Artisan => "invite_artisan",
            };
            let lang = known.map_or(me.lang, |known| known.lang);
            let text = self.menus.say(name, std::slice::from_ref(&shown), lang).map_err(Fault::Broken)?;
            self.text(work, phone, text, name);
        }
        Ok(("ok", vec![shown]))
    }

    /// A rider who joined by himself waits for an agent's word; this is it.
    async fn vouch(
        &self, work: &mut Work<'_>, me: &Party, rider: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        if rider.vouched.is_some() {
            return Ok(("already", vec![]));
        }
        match party::decide(Some(rider), &PartyCommand::Vouch { by: me.actor() }, &self.policy, work.now) {
            Ok(events) => work.apply::<Party>(rider.id, events),
            Err(why) => return refused(wish, &why),
        }
        let place = Value::text(self.place_of(me));
        self.tell(work, rider, "rider_vouched", vec![place, Value::text(self.house.dial.clone())])?;
        Ok(("vouched", vec![Value::Record(self.newcomer(rider))]))
    }

    /// `invitation.mine`: who asked the caller first to become this, if anybody did.
    pub(in crate::engine) async fn my_invitation(
        &self, work: &mut Work<'_>, who: &Caller, to: Tie,
    ) -> Result<Outcome, Fault> {
        let asked = self.asked_of(work, who, to).await?;
        Ok(match asked.first() {
            Some((by, first)) => ("asked", vec![Value::Record(self.among(by, first, asked.len()))]),
            None => ("none", vec![]),
        })
    }

    /// `invitation.next`: who asked after this one; after the last comes the first again.
    pub(in crate::engine) async fn next_invitation(
        &self, work: &mut Work<'_>, who: &Caller, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let Some((by, asked)) = self.answered(work, who, wish).await? else { return Ok(("none", vec![])) };
        let all = self.asked_of(work, who, asked.to).await?;
        let at = all.iter().position(|(other, _)| other.id == by.id).unwrap_or_default();
        Ok(match all.get((at + 1) % all.len().max(1)) {
            Some((by, next)) => ("asked", vec![Value::Record(self.among(by, next, all.len()))]),
            None => ("none", vec![]),
        })
    }

    /// Who asked the caller to become this, in their order.
    async fn asked_of(
        &self, work: &mut Work<'_>, who: &Caller, to: Tie,
    ) -> Result<Vec<(Party, Invitation)>, Fault> {
        let inviters = view::found::<Party>(work, aggregate::inviters_of(who.msisdn), false).await?;
        let now = work.now;
        let asked = inviters.into_iter().filter_map(|(_, by)| {
            let asked = by.invitation_to(who.msisdn, &self.policy, now);
            let asked = asked.filter(|asked| asked.to == to).cloned()?;
            Some((by, asked))
        });
        let mut asked: Vec<_> = asked.collect();
        asked.sort_by_key(|(by, asked)| (asked.at, by.id));
        Ok(asked)
    }

    /// One of so many invitations.
    fn among(&self, by: &Party, asked: &Invitation, many: usize) -> Record {
        let mut shown = self.invitation(by, asked);
        shown.fields.insert("more".to_owned(), view::yes_no(many > 1));
        shown
    }

    /// `invitation.sent`: whom the caller asked and who has not answered, those first who wait longest.
    pub(in crate::engine) fn sent_invitations(&self, work: &Work<'_>, me: &Party) -> Vec<Record> {
        let mut waiting: Vec<&Invitation> = me.waiting(&self.policy, work.now).collect();
        waiting.sort_by_key(|asked| asked.at);
        waiting.into_iter().map(|asked| self.invitation(me, asked)).collect()
    }

    /// `invitation.take_back`: she need not answer any more.
    pub(in crate::engine) fn take_back(
        &self, work: &mut Work<'_>, me: &Party, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let phone = phone_arg(wish, "phone")?;
        let asked = me.invitation_to(phone, &self.policy, work.now).cloned();
        let Some(asked) = asked else { return Ok(("gone", vec![])) };
        self.close(work, me, phone)?;
        Ok(("ok", vec![Value::Record(self.invitation(me, &asked))]))
    }

    /// The invitation that the person with this number sent to the caller.
    pub(in crate::engine) async fn find_invitation(
        &self, work: &mut Work<'_>, who: &Caller, number: &str,
    ) -> Result<Option<Record>, Fault> {
        let Ok(number) = SpokenCode::parse(CodeKind::Listing, number) else { return Ok(None) };
        let by = self.person(work, number).await?;
        let asked = by.as_ref().and_then(|by| by.invitation_to(who.msisdn, &self.policy, work.now));
        Ok(by.as_ref().zip(asked).map(|(by, asked)| self.invitation(by, asked)))
    }

    async fn answered(
        &self, work: &mut Work<'_>, who: &Caller, wish: &Do,
    ) -> Result<Option<(Party, Invitation)>, Fault> {
        let Some(Value::Record(Record { key, .. })) = wish.args.get("invitation") else {
            return Err(missing(wish, "invitation"));
        };
        let number = SpokenCode::parse(CodeKind::Listing, key).map_err(|_| missing(wish, "invitation"))?;
        let by = self.person(work, number).await?;
        Ok(by.and_then(|by| {
            let asked = by.invitation_to(who.msisdn, &self.policy, work.now).cloned()?;
            Some((by, asked))
        }))
    }

    fn close(&self, work: &mut Work<'_>, by: &Party, phone: Msisdn) -> Result<(), Fault> {
        let closed = PartyCommand::CloseInvitation { phone };
        let events = party::decide(Some(by), &closed, &self.policy, work.now)
            .map_err(|why| Fault::Broken(why.to_string()))?;
        work.apply::<Party>(by.id, events);
        Ok(())
    }

    /// `invitation.refuse`.
    pub(in crate::engine) async fn refuse_invitation(
        &self, work: &mut Work<'_>, who: &mut Caller, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let Some((by, asked)) = self.answered(work, who, wish).await? else { return Ok(("gone", vec![])) };
        if who.party.is_none() {
            who.lang = by.lang;
        }
        self.close(work, &by, who.msisdn)?;
        let shown = Value::Record(self.invitation(&by, &asked));
        self.tell(work, &by, "invite_refused", vec![shown.clone()])?;
        Ok(("ok", vec![shown]))
    }

    /// `invitation.agree`: from this moment on it is so, and whoever asked is told.
    pub(in crate::engine) async fn agree_to_invitation(
        &self, work: &mut Work<'_>, who: &mut Caller, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let Some((by, asked)) = self.answered(work, who, wish).await? else { return Ok(("gone", vec![])) };
        let (me, new) = match self.party(work, who).await? {
            Some(me) => (me, false),
            None => (self.newcomer_by(work, who, &by, &asked).await?, true),
        };
        self.become_so(work, &me, new, &by, &asked, wish).await
    }

    /// A person asked for something is one of us; she chooses her PIN when she dials.
    async fn newcomer_by(
        &self, work: &mut Work<'_>, who: &mut Caller, by: &Party, asked: &Invitation,
    ) -> Result<Party, Fault> {
        let role = match asked.to {
            Tie::Mentee | Tie::Guide | Tie::Artisan => Role::Artisan,
            Tie::Mentor => Role::Mentor,
            Tie::Rider => Role::Rider,
            Tie::Helper => Role::Helper,
        };
        let joining = Joining {
            id: PartyId::new(work.now, &mut work.entropy),
            role,
            number: self.free_number(work).await?,
            phone: who.msisdn,
            lang: by.lang,
            name: asked.name.clone(),
            area: by.area.clone(),
            kiosk: None,
            mentor: None,
            pin: None,
        };
        let id = joining.id;
        let events = party::decide(None, &PartyCommand::Join(joining), &self.policy, work.now)
            .map_err(|why| Fault::Broken(why.to_string()))?;
        work.apply::<Party>(id, events);
        (who.party, who.lang) = (Some(id), by.lang);
        if asked.to != Tie::Helper {
            self.ask_for_name(work, id);
        }
        work.need::<Party>(id).await
    }

    /// She said yes: the tie holds from now on.
    pub(super) async fn become_so(
        &self, work: &mut Work<'_>, me: &Party, new: bool, by: &Party, asked: &Invitation, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let (whose, command) = match asked.to {
            Tie::Mentee => (me, PartyCommand::AgreeMentor { mentor: by.id }),
            Tie::Guide => (by, PartyCommand::AgreeMentor { mentor: me.id }),
            Tie::Mentor => (me, PartyCommand::BecomeMentor),
            Tie::Rider => (me, PartyCommand::Vouch { by: by.actor() }),
            Tie::Helper => (by, PartyCommand::AddHelper { helper: me.actor() }),
            Tie::Artisan => (me, PartyCommand::BecomeArtisan),
        };
        let guides = matches!(asked.to, Tie::Mentee | Tie::Guide);
        if guides && one_owner(me, by) {
            self.close(work, by, me.phone)?;
            self.note_one_owner(work, me, by).await?;
            return Ok(("gone", vec![]));
        }
        match party::decide(Some(whose), &command, &self.policy, work.now) {
            Ok(events) => work.apply::<Party>(whose.id, events),
            Err(Refusal::AlreadyExists | Refusal::Gone { .. } | Refusal::Full { .. }) => {
                return Ok(("gone", vec![]));
            }
            Err(why) => return refused(wish, &why),
        }
        let by = work.need::<Party>(by.id).await?;
        let shown = Value::Record(self.invitation(&by, asked));
        self.close(work, &by, me.phone)?;
        if guides {
            self.mentorship_began(work, whose.id, &by).await?;
        }
        if new && matches!(asked.to, Tie::Mentee | Tie::Artisan) {
            self.tell(work, me, "welcome", vec![Value::Record(self.newcomer(me))])?;
        }
        self.tell(work, &by, "invite_agreed", vec![shown.clone()])?;
        Ok(("ok", vec![shown]))
    }

    /// Other mentors who asked the same artisan are told that she chose; the end is in the diary.
    async fn mentorship_began(
        &self, work: &mut Work<'_>, artisan: PartyId, chosen: &Party,
    ) -> Result<(), Fault> {
        let her = work.need::<Party>(artisan).await?;
        if let Some(mentorship) = &her.mentorship {
            let due = Due::Graduates { artisan, until: mentorship.until };
            work.timer(mentorship.until, &format!("graduates/{artisan}"), &due);
        }
        for (id, _) in view::found::<Party>(work, aggregate::inviters_of(her.phone), false).await? {
            let other = work.need::<Party>(id).await?;
            let asked = other.invitation_to(her.phone, &self.policy, work.now);
            let asked = asked.filter(|asked| asked.to == Tie::Mentee).cloned();
            let Some(asked) = asked.filter(|_| id != chosen.id) else { continue };
            self.close(work, &other, her.phone)?;
            let shown = Value::Record(self.invitation(&other, &asked));
            self.tell(work, &other, "invite_chose_other", vec![shown])?;
        }
        Ok(())
    }

    /// `account.join_with`: somebody who joins by phone says yes to the mentor who asked her.
    pub(in crate::engine) async fn join_with(
        &self, work: &mut Work<'_>, who: &mut Caller, wish: &Do,
    ) -> Result<Outcome, Fault> {
        let asked = self.answered(work, who, wish).await?;
        let (name, brings) = self.join(work, who, wish).await?;
        if let (Some((by, asked)), Some(me), "ok") = (asked, self.party(work, who).await?, name) {
            self.become_so(work, &me, false, &by, &asked, wish).await?;
        }
        Ok((name, brings))
    }
}
