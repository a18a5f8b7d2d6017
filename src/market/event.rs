//! Everything that happens in the market, addressed to one thing in it. This is what the journal
//! keeps: the tags are stable for ever.

use super::{
    ApprovalEvent, BulkEvent, BulletinEvent, CaseEvent, CashEvent, DifferenceEvent, FreezeEvent, KioskEvent,
    ListingEvent, LoanEvent, OrderEvent, PartyEvent, PayoutEvent, ReceiptEvent, StatementEvent, Switch,
    TroubleEvent,
};
use crate::types::{
    ApprovalId, BulletinId, CaseId, DifferenceId, LoanId, PartyId, PayoutId, SpokenCode, StatementId,
    TroubleId,
};
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
    /// Of a tip or lesson.
    Bulletin(BulletinId, BulletinEvent),
    /// Of a case.
    Case(CaseId, CaseEvent),
    /// Of a cash number.
    Cash(PayoutId, CashEvent),
    /// Of a kiosk, by its agent.
    Kiosk(PartyId, KioskEvent),
    /// Of a paper receipt, by its seven digits.
    Receipt(SpokenCode, ReceiptEvent),
    /// Of a kind of action that can be stopped for everybody.
    Freeze(Switch, FreezeEvent),
    /// Of a bulk request, by its six digits.
    Bulk(SpokenCode, BulkEvent),
    /// Of something at the desk that takes two people.
    Approval(ApprovalId, ApprovalEvent),
    /// Of a trouble with a card payment.
    Trouble(TroubleId, TroubleEvent),
    /// Of a provider's statement.
    Statement(StatementId, StatementEvent),
    /// Of something in which such a statement and the books differ.
    Difference(DifferenceId, DifferenceEvent),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::market::approval::Matter;
    use crate::market::bulk::Share;
    use crate::market::cash::Claim;
    use crate::market::kiosk::{BoxSize, Sample, Supply};
    use crate::market::order::{Errand, HandOver};
    use crate::market::party::{Alias, HoldCode, Invitation, Tie};
    use crate::market::payout::PayFrom;
    use crate::types::{CodeKind, Kes, Lang, Msisdn, Timestamp};

    /// Written by an earlier version, a journal must be read by every later one.
    #[test]
    fn the_journals_words_never_change() {
        let party = PartyId::derived("wanjiku");
        let payout = PayoutId::derived("payout 1");
        let loan = LoanId::derived("loan 1");
        let approval = ApprovalId::derived("approval 1");
        let difference = DifferenceId::derived("difference 1");
        let (bulletin, case) = (BulletinId::derived("tip 1"), CaseId::derived("case 1"));
        let listing = SpokenCode::nth(CodeKind::Listing, 0);
        let order = SpokenCode::nth(CodeKind::Order, 0);
        let part = SpokenCode::nth(CodeKind::Order, 1);
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
                        via: String::new(),
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
                Event::Party(party, PartyEvent::Lifted { code: HoldCode::SimChanged, by: Some(party) }),
                format!(r#"{{"party":["{id}",{{"lifted":{{"code":"sim_changed","by":"{id}"}}}}]}}"#),
            ),
            (
                Event::Party(party, PartyEvent::PinCleared { by: party }),
                format!(r#"{{"party":["{id}",{{"pin_cleared":{{"by":"{id}"}}}}]}}"#),
            ),
            (
                Event::Loan(loan, LoanEvent::Lost { amount: Kes::major(5) }),
                format!(r#"{{"loan":["{loan}",{{"lost":{{"amount":500}}}}]}}"#),
            ),
            (
                Event::Approval(
                    approval,
                    ApprovalEvent::Asked {
                        id: approval,
                        matter: Matter::MakeGood { to: party, amount: Kes::major(5), case: Some(case) },
                        why: "lost".into(),
                        by: "Njeri".into(),
                        until: at,
                    },
                ),
                format!(
                    r#"{{"approval":["{approval}",{{"asked":{{"id":"{approval}","matter":{{"make_good":{{"to":"{id}","amount":500,"case":"{case}"}}}},"why":"lost","by":"Njeri","until":5}}}}]}}"#
                ),
            ),
            (
                Event::Approval(approval, ApprovalEvent::Approved { by: "Otieno".into() }),
                format!(r#"{{"approval":["{approval}",{{"approved":{{"by":"Otieno"}}}}]}}"#),
            ),
            (
                Event::Approval(approval, ApprovalEvent::Refused { by: "Otieno".into(), why: "no".into() }),
                format!(r#"{{"approval":["{approval}",{{"refused":{{"by":"Otieno","why":"no"}}}}]}}"#),
            ),
            (
                Event::Bulletin(bulletin, BulletinEvent::Told { after: party, texts: 7 }),
                format!(r#"{{"bulletin":["{bulletin}",{{"told":{{"after":"{id}","texts":7}}}}]}}"#),
            ),
            (
                Event::Case(case, CaseEvent::Noted { by: "Halima".into(), text: "found".into() }),
                format!(r#"{{"case":["{case}",{{"noted":{{"by":"Halima","text":"found"}}}}]}}"#),
            ),
            (
                Event::Party(party, PartyEvent::HelperAdded { helper: party }),
                format!(r#"{{"party":["{id}",{{"helper_added":{{"helper":"{id}"}}}}]}}"#),
            ),
            (
                Event::Cash(
                    payout,
                    CashEvent::Made {
                        id: payout,
                        number: once,
                        owner: party,
                        amount: Kes::major(50),
                        until: at,
                    },
                ),
                format!(
                    r#"{{"cash":["{payout}",{{"made":{{"id":"{payout}","number":"{once}","owner":"{id}","amount":5000,"until":5}}}}]}}"#
                ),
            ),
            (
                Event::Cash(payout, CashEvent::Claimed(Claim { by: party, until: at })),
                format!(r#"{{"cash":["{payout}",{{"claimed":{{"by":"{id}","until":5}}}}]}}"#),
            ),
            (
                Event::Kiosk(party, KioskEvent::CashStopped { cash: payout }),
                format!(r#"{{"kiosk":["{id}",{{"cash_stopped":{{"cash":"{payout}"}}}}]}}"#),
            ),
            (
                Event::Kiosk(party, KioskEvent::DenialSettled { cash: payout }),
                format!(r#"{{"kiosk":["{id}",{{"denial_settled":{{"cash":"{payout}"}}}}]}}"#),
            ),
            (
                Event::Kiosk(party, KioskEvent::NumberMissed),
                format!(r#"{{"kiosk":["{id}","number_missed"]}}"#),
            ),
            (
                Event::Kiosk(party, KioskEvent::Opened { agent: party, secret: [1, 2] }),
                format!(r#"{{"kiosk":["{id}",{{"opened":{{"agent":"{id}","secret":[1,2]}}}}]}}"#),
            ),
            (
                Event::Kiosk(party, KioskEvent::Used { supply: Supply::Small, count: 1 }),
                format!(r#"{{"kiosk":["{id}",{{"used":{{"supply":"small","count":1}}}}]}}"#),
            ),
            (
                Event::Kiosk(
                    party,
                    KioskEvent::Sampled(Sample { order, round: 1, passed: 3, at, good: None }),
                ),
                format!(
                    r#"{{"kiosk":["{id}",{{"sampled":{{"order":"{order}","round":1,"passed":3,"at":5}}}}]}}"#
                ),
            ),
            (
                Event::Order(order, OrderEvent::BoxUsed { by: party, round: 1, size: BoxSize::Large }),
                format!(r#"{{"order":["{order}",{{"box_used":{{"by":"{id}","round":1,"size":"large"}}}}]}}"#),
            ),
            (
                Event::Receipt(once, ReceiptEvent::Sent { order, by_kiosk: true }),
                format!(r#"{{"receipt":["{once}",{{"sent":{{"order":"{order}","by_kiosk":true}}}}]}}"#),
            ),
            (
                Event::Freeze(
                    Switch::Payouts,
                    FreezeEvent::Stopped {
                        why: [(Lang::EN, "we count".to_owned())].into(),
                        by: "Otieno".into(),
                    },
                ),
                r#"{"freeze":["payouts",{"stopped":{"why":{"en":"we count"},"by":"Otieno"}}]}"#.to_owned(),
            ),
            (
                Event::Freeze(Switch::Orders, FreezeEvent::Resumed { by: "Halima".into() }),
                r#"{"freeze":["orders",{"resumed":{"by":"Halima"}}]}"#.to_owned(),
            ),
            (
                Event::Bulk(order, BulkEvent::Offered(Share { order: part, to: party, pieces: 25 })),
                format!(
                    r#"{{"bulk":["{order}",{{"offered":{{"order":"{part}","to":"{id}","pieces":25}}}}]}}"#
                ),
            ),
            (
                Event::Bulk(order, BulkEvent::Answered { order: part, taken: 12 }),
                format!(r#"{{"bulk":["{order}",{{"answered":{{"order":"{part}","taken":12}}}}]}}"#),
            ),
            (
                Event::Bulk(order, BulkEvent::RoundBegan { round: 2, due: at }),
                format!(r#"{{"bulk":["{order}",{{"round_began":{{"round":2,"due":5}}}}]}}"#),
            ),
            (
                Event::Party(party, PartyEvent::RoomSet { pieces: 25 }),
                format!(r#"{{"party":["{id}",{{"room_set":{{"pieces":25}}}}]}}"#),
            ),
            (
                Event::Party(
                    party,
                    PartyEvent::Erased(Alias {
                        name: "Erased K7".into(),
                        phone: Msisdn::nobodys(5),
                        number: listing,
                        area: "other".parse().expect("a word"),
                    }),
                ),
                format!(
                    r#"{{"party":["{id}",{{"erased":{{"name":"Erased K7","phone":"999000000000005","number":"{listing}","area":"other"}}}}]}}"#
                ),
            ),
            (
                Event::Party(party, PartyEvent::InvitationOver { at }),
                format!(r#"{{"party":["{id}",{{"invitation_over":{{"at":5}}}}]}}"#),
            ),
            (Event::Party(party, PartyEvent::Forgotten), format!(r#"{{"party":["{id}","forgotten"]}}"#)),
            (
                Event::Approval(
                    approval,
                    ApprovalEvent::Asked {
                        id: approval,
                        matter: Matter::Erasure { who: party },
                        why: "asked".into(),
                        by: "Njeri".into(),
                        until: at,
                    },
                ),
                format!(
                    r#"{{"approval":["{approval}",{{"asked":{{"id":"{approval}","matter":{{"erasure":{{"who":"{id}"}}}},"why":"asked","by":"Njeri","until":5}}}}]}}"#
                ),
            ),
            (
                Event::Difference(
                    difference,
                    DifferenceEvent::Closed { by: "Njeri".into(), why: "the float, filled".into() },
                ),
                format!(
                    r#"{{"difference":["{difference}",{{"closed":{{"by":"Njeri","why":"the float, filled"}}}}]}}"#
                ),
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
