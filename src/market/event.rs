//! Everything that happens in the market, addressed to one thing in it. This is what the journal
//! keeps: the tags are stable for ever.

use super::{ListingEvent, LoanEvent, OrderEvent, PartyEvent, PayoutEvent};
use crate::types::{LoanId, PartyId, PayoutId, SpokenCode};
use serde::{Deserialize, Serialize};

/// An event, addressed to one aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// Of a person.
    Party(PartyId, PartyEvent),
    /// Of a listing, by its five digits.
    Listing(SpokenCode, ListingEvent),
    /// Of an order, by its six digits.
    Order(SpokenCode, OrderEvent),
    /// Of a payout.
    Payout(PayoutId, PayoutEvent),
    /// Of a loan.
    Loan(LoanId, LoanEvent),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::order::{Errand, HandOver};
    use crate::market::party::{Invitation, Tie};
    use crate::market::payout::PayFrom;
    use crate::types::{CodeKind, Kes, Msisdn, Timestamp};

    /// Written by an earlier version, a journal must be read by every later one.
    #[test]
    fn the_journals_words_never_change() {
        let party = PartyId::derived("wanjiku");
        let payout = PayoutId::derived("payout 1");
        let loan = LoanId::derived("loan 1");
        let listing = SpokenCode::nth(CodeKind::Listing, 0);
        let order = SpokenCode::nth(CodeKind::Order, 0);
        let maker = || "necklace".parse().expect("a word");
        let at = Timestamp::from_millis(5);
        let (id, phone) = (party.to_string(), "254712345678");
        let once = SpokenCode::nth(CodeKind::Once, 0);
        let events = [
            (
                Event::Listing(
                    listing,
                    ListingEvent::Drafted {
                        code: listing,
                        maker: party,
                        kind: maker(),
                        stuff: "brass".parse().expect("a word"),
                        price: Kes::major(850),
                        ready: 3,
                    },
                ),
                format!(
                    r#"{{"listing":["{listing}",{{"drafted":{{"code":"{listing}","maker":"{id}","kind":"necklace","stuff":"brass","price":85000,"ready":3}}}}]}}"#
                ),
            ),
            (
                Event::Listing(listing, ListingEvent::Submitted),
                format!(r#"{{"listing":["{listing}","submitted"]}}"#),
            ),
            (
                Event::Order(
                    order,
                    OrderEvent::Received(HandOver { giver: party, receiver: party, pieces: 3, at }),
                ),
                format!(
                    r#"{{"order":["{order}",{{"received":{{"giver":"{id}","receiver":"{id}","pieces":3,"at":5}}}}]}}"#
                ),
            ),
            (
                Event::Payout(
                    payout,
                    PayoutEvent::Asked {
                        id: payout,
                        owner: party,
                        from: PayFrom::Artisan,
                        to: Msisdn::from_e164(phone).expect("a number"),
                        amount: Kes::major(50),
                    },
                ),
                format!(
                    r#"{{"payout":["{payout}",{{"asked":{{"id":"{payout}","owner":"{id}","from":"artisan","to":"{phone}","amount":5000}}}}]}}"#
                ),
            ),
            (
                Event::Order(
                    order,
                    OrderEvent::RiderAsked(Errand {
                        to: party,
                        until: at,
                        number: SpokenCode::nth(CodeKind::Once, 0),
                        fee: Kes::major(100),
                        round: 1,
                    }),
                ),
                format!(
                    r#"{{"order":["{order}",{{"rider_asked":{{"to":"{id}","until":5,"number":"{once}","fee":10000,"round":1}}}}]}}"#
                ),
            ),
            (
                Event::Party(
                    party,
                    PartyEvent::Invited(Invitation {
                        phone: Msisdn::from_e164(phone).expect("a number"),
                        name: "Akinyi".into(),
                        to: Tie::Mentee,
                        at,
                    }),
                ),
                format!(
                    r#"{{"party":["{id}",{{"invited":{{"phone":"{phone}","name":"Akinyi","to":"mentee","at":5}}}}]}}"#
                ),
            ),
            (
                Event::Loan(loan, LoanEvent::Taken { order, round: 2, amount: Kes::minor(8_550) }),
                format!(r#"{{"loan":["{loan}",{{"taken":{{"order":"{order}","round":2,"amount":8550}}}}]}}"#),
            ),
            (
                Event::Loan(loan, LoanEvent::Funded { paper: "K-7".into(), lenders: 31, countries: 9 }),
                format!(r#"{{"loan":["{loan}",{{"funded":{{"paper":"K-7","lenders":31,"countries":9}}}}]}}"#),
            ),
            (
                Event::Party(party, PartyEvent::PinMissed { left: 2 }),
                format!(r#"{{"party":["{id}",{{"pin_missed":{{"left":2}}}}]}}"#),
            ),
        ];
        for (event, written) in events {
            let json: serde_json::Value = serde_json::from_str(&written).expect("JSON");
            assert_eq!(serde_json::to_value(&event).expect("serialises"), json);
            assert_eq!(serde_json::from_value::<Event>(json).expect("reads"), event);
        }
    }
}
