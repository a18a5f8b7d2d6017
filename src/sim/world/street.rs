//! What happens between people without the service: they wake up, and stand before each other.

use super::faults::Rates;
use super::people::{AREAS, Errand, Person, Trade, Visit, Who, artisan};
use super::{Fault, Happening, World};
use crate::engine::photos::front::PhotoView;
use crate::types::time::NAIROBI;
use crate::types::{CodeKind, Msisdn, PhotoName, SpokenCode};
use std::time::Duration;

impl World {
    pub(super) fn rates(&self) -> Rates {
        if self.quiet { Rates::default() } else { self.settings.faults.rates() }
    }

    pub(super) fn goes_wrong(&mut self, rate: u32, what: &'static str) -> bool {
        let wrong = self.dice.in_thousand(rate);
        if wrong {
            self.tally.add(what);
        }
        wrong
    }

    fn agent_of(&self, who: Who) -> Who {
        // Agents are the first that were made, one for each area.
        Who(self.people[who.0].area)
    }

    fn any_agent(&mut self) -> Who {
        Who(self.dice.below(AREAS.len() as u64) as usize)
    }

    fn gives(&mut self, who: Who, errand: Errand) {
        self.later(Duration::ZERO, Happening::Wants(who, errand));
    }

    pub(super) fn visit(&mut self, who: Who, visit: Visit) {
        let agent = self.agent_of(who);
        match visit {
            Visit::ShowPiece(listing) => {
                let bad = self.dice.in_thousand(80).then(|| self.dice.between(1, 5) as u8);
                self.gives(agent, Errand::Validate { listing, bad });
            }
            Visit::OpenPin => {
                let phone = self.people[who.0].phone.national();
                self.gives(agent, Errand::OpenPin(phone));
                // Her money rests for a day.
                let wait = self.dice.hours(20, 60);
                self.later(wait, Happening::Wants(who, Errand::PayOut { slip: false }));
            }
            Visit::LookAfter(order) => {
                if self.people[who.0].orders.get(&order).is_some_and(|piece| !piece.gone) {
                    self.bring(who, order);
                }
            }
            Visit::FetchCash(number) => {
                // Any kiosk pays it; hers has not always enough.
                let agent = if self.dice.in_thousand(800) { agent } else { self.any_agent() };
                let has = self.dice.in_thousand(850);
                self.gives(agent, Errand::PayCash { number, has, sure: false });
            }
            Visit::BringParcel(order) => self.bring(who, order),
            Visit::Fetch { order, maker } => self.fetch(who, order, &maker),
        }
    }

    /// The kiosk takes the photograph of a piece that stands before it.
    pub(super) async fn photographs(&mut self, maker: Who, listing: &str) -> Result<(), Fault> {
        let Ok(code) = SpokenCode::parse(CodeKind::Listing, listing) else { return Ok(()) };
        let mut name = [0; 16];
        name[..4].copy_from_slice(&code.number().to_be_bytes());
        let photo = PhotoView {
            name: PhotoName::from_bytes(name),
            width: 1280,
            height: 960,
            tints: "b98a2f".repeat(9),
        };
        let agent = self.people[self.agent_of(maker).0].phone;
        let taken = self.engine.photograph(agent, code, photo).await;
        if self.revived().await? {
            return Ok(());
        }
        taken.map(drop).map_err(|why| format!("a photograph of {listing}: {why}"))
    }

    fn bring(&mut self, who: Who, order: String) {
        let agent = self.agent_of(who);
        if let Some(piece) = self.people[who.0].orders.get_mut(&order) {
            piece.gone = true;
        }
        let pieces = self.parcels.get(&order).copied().unwrap_or(1);
        let fail = (0..pieces).filter(|_| self.dice.in_thousand(70)).count() as u32;
        let why = self.dice.between(1, 5) as u8;
        self.gives(agent, Errand::Receive(order.clone()));
        let wait = self.dice.seconds(300, 7_200);
        let (grams, number) = (self.dice.between(150, 9_000), self.dice.between(100_000_000, 999_999_999));
        let number = self.dice.in_thousand(700).then_some(number);
        let carrier = wait.saturating_add(self.dice.hours(12, 90));
        let away = Errand::SendAway { order: order.clone(), grams, number };
        self.later(carrier, Happening::Wants(agent, away));
        let check = Errand::Check { order, pass: pieces - fail, fail, why };
        if let Errand::Check { order, pass: 1.., fail: 1.., .. } = &check {
            // By SMS what passed and what failed are two messages; the failed come last.
            let failed = Errand::Check { order: order.clone(), pass: 0, fail, why };
            let passed = Errand::Check { order: order.clone(), pass: pieces - fail, fail: 0, why };
            self.later(wait, Happening::Wants(agent, passed));
            self.later(wait.saturating_add(Duration::from_secs(120)), Happening::Wants(agent, failed));
        } else {
            self.later(wait, Happening::Wants(agent, check));
        }
    }

    fn fetch(&mut self, rider: Who, order: String, maker: &str) {
        let maker = Msisdn::parse_kenyan(maker).ok().and_then(|phone| self.by_phone.get(&phone).copied());
        let Some(maker) = maker else { return };
        let piece = self.people[maker.0].orders.get(&order).cloned().unwrap_or_default();
        let (false, Some(number)) = (piece.gone, piece.number) else { return };
        let misheard = self.dice.in_thousand(40);
        if misheard {
            let body = self.dice.bits();
            let number = crate::types::SpokenCode::nth(crate::types::CodeKind::Once, body).to_string();
            self.gives(rider, Errand::PickUp { order: order.clone(), number });
        }
        let wait = Duration::from_secs(if misheard { 120 } else { 0 });
        self.later(wait, Happening::Wants(rider, Errand::PickUp { order, number }));
    }

    pub(super) fn morning(&mut self, who: Who) {
        if self.quiet {
            return;
        }
        let person = &mut self.people[who.0];
        let errand = match person.trade {
            Trade::Artisan if person.joined => artisan::morning(person, &mut self.dice),
            Trade::Mentor if person.joined && self.dice.in_thousand(100) => Some(Errand::PayShare),
            Trade::Agent => Some(match self.dice.below(10) {
                0 => Errand::PayOut { slip: false },
                1 => self.offer_to_guide(who),
                2 => {
                    let (what, count) = (self.dice.between(1, 3) as u8, self.dice.between(5, 40));
                    Errand::Stock { what, count }
                }
                _ => Errand::Check { order: String::new(), pass: 99, fail: 0, why: 1 },
            }),
            Trade::Rider if person.joined && self.dice.in_thousand(150) => {
                Some(Errand::PayOut { slip: false })
            }
            Trade::Helper if person.joined && self.dice.in_thousand(25) => Some(Errand::OwnStall),
            Trade::Liaison => self.looks_after(who),
            _ => None,
        };
        if let Some(errand) = errand {
            self.gives(who, errand);
        }
        if self.people[who.0].trade == Trade::Artisan && self.dice.in_thousand(15) {
            let (name, phone) = self.a_neighbour(who, Trade::Artisan);
            self.gives(who, Errand::Invite { name, phone });
        }
        if self.people[who.0].trade == Trade::Artisan && self.dice.in_thousand(10) {
            let (name, phone) = self.a_neighbour(who, Trade::Helper);
            self.gives(who, Errand::Hire { name, phone });
        }
        let wait = self.dice.hours(24, 72);
        self.later(wait, Happening::Morning(who));
    }

    /// What a liaison of the depot finds to do.
    fn looks_after(&mut self, who: Who) -> Option<Errand> {
        Some(match self.dice.below(10) {
            0 => {
                let day = self.now().after(self.dice.hours(72, 480)).day_month(NAIROBI);
                Errand::Lesson { day, seats: self.dice.between(4, 30) }
            }
            1..=3 => Errand::Advise(self.dice.one(&self.front)?.code.clone()),
            4..=5 => Errand::Came(self.a_neighbour(who, Trade::Artisan).1),
            6 => {
                let known = self.parcels.len() as u64;
                let order = self.parcels.keys().nth(self.dice.below(known.max(1)) as usize)?;
                Errand::OpenCase(order.clone())
            }
            _ => return None,
        })
    }

    fn a_neighbour(&mut self, who: Who, trade: Trade) -> (String, String) {
        let area = self.people[who.0].area;
        let near = |person: &Person| person.trade == trade && person.area == area;
        let near: Vec<usize> = (0..self.people.len()).filter(|at| near(&self.people[*at])).collect();
        let at = self.dice.one(&near).copied().unwrap_or(who.0);
        (self.people[at].name.clone(), self.people[at].phone.national())
    }

    fn offer_to_guide(&mut self, who: Who) -> Errand {
        let (name, phone) = self.a_neighbour(who, Trade::Artisan);
        Errand::OfferMentor { name, phone }
    }
}
