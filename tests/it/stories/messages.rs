//! What becomes of a text is seen on the desk, whatever its gateway makes of receipts.

use crate::support::village::{Founding, Village, until};
use crate::support::wire::{Port, Wire};
use serde_json::Value;
use sokoni::smpp::pdu::{Address, Message};
use std::time::Duration;

const SHE: &str = "254711000001";
const HE: &str = "254711000002";
/// A little longer than a receipt without a message is parked.
const PARKED: Duration = Duration::from_secs(11);

fn message(from: &str, esm_class: u8, text: &str) -> Message {
    Message {
        source: Address::new(1, 1, from),
        dest: Address::new(0, 1, "48357"),
        esm_class,
        short_message: text.as_bytes().to_vec().into(),
        ..Message::default()
    }
}

fn receipt(of: &str, esm_class: u8, id: &str, rest: &str) -> Message {
    let dates = "submit date:2511221203 done date:2511221203";
    message(of, esm_class, &format!("id:{id} sub:001 dlvrd:001 {dates} {rest}"))
}

/// A stranger writes, and the service has an answer on its way.
async fn writes(wire: &mut Wire, who: &str) -> u32 {
    wire.delivers(message(who, 0, "habari")).await;
    let (sequence, to, text) = wire.sms().await;
    assert_eq!(to, who);
    assert!(text.contains("kujiunga"), "{text}");
    sequence
}

/// The one text to this phone, once it is in this state.
async fn shown(village: &Village, phone: &str, state: &str) -> Value {
    until(&format!("a text to {phone} is {state}"), || async {
        let page = village.desk(&format!("messages?phone={phone}&state={state}")).await;
        page["rows"].as_array().expect("rows").first().cloned()
    })
    .await
}

#[tokio::test]
async fn the_desk_says_what_became_of_each_text_whatever_its_gateway_makes_of_receipts() {
    let port = Port::open().await;
    let founding = Founding { smsc: Some(port.address()), ..Founding::default() };
    let mut village = Village::found(founding).await;
    let mut wire = port.accepts().await;

    // A receipt in decimal, not marked as one, before the answer that names the message in hexadecimal.
    let sequence = writes(&mut wire, SHE).await;
    shown(&village, SHE, "waiting").await;
    wire.delivers(receipt(SHE, 0x00, "441711949", "stat:DELIVRD err:000 text:Piga *483*57#")).await;
    wire.names(sequence, "1a53fd4d").await;
    shown(&village, SHE, "taken").await;
    village.clock.advance(PARKED);
    let delivered = shown(&village, SHE, "delivered").await;
    assert_eq!((&delivered["ids"][0], &delivered["name"]), (&"1a53fd4d".into(), &"join_first".into()));
    assert_eq!(delivered["phone"], "25471****001");

    // One that never got there, told twice.
    let sequence = writes(&mut wire, HE).await;
    wire.names(sequence, "1a53fd4e").await;
    shown(&village, HE, "taken").await;
    for _ in 0..2 {
        wire.delivers(receipt(HE, 0x04, "441711950", "stat:UNDELIV err:027 Text:Piga")).await;
    }
    let failed = shown(&village, HE, "failed").await;
    assert!(failed["reason"].as_str().is_some_and(|why| why.contains("off or out of reach")), "{failed}");

    // Receipts of messages that nobody sent, and of one that went to somebody else.
    wire.delivers(receipt(HE, 0x04, "999", "stat:DELIVRD err:000")).await;
    wire.delivers(receipt(HE, 0x04, "441711949", "stat:EXPIRED err:000")).await;
    until("both are given up", || async {
        village.clock.advance(PARKED);
        (village.desk("messages").await["receipts"]["unmatched"] == 2).then_some(())
    })
    .await;
    shown(&village, SHE, "delivered").await;
    let heard = shown(&village, HE, "received").await;
    assert_eq!((&heard["text"], &heard["did"][0]), (&"habari".into(), &"answer: join_first".into()));

    drop(wire);
    village.stop().await;
    let said = village.sokoni(&["messages", "--to", "0711000002", "--json"]);
    let said: Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!(said["rows"].as_array().map(Vec::len), Some(2), "{said}");
    assert_eq!((&said["rows"][0]["state"], &said["rows"][0]["phone"]), (&"failed".into(), &HE.into()));
    assert!(village.sokoni(&["messages"]).contains("the operator could not deliver it"));
    assert!(village.sokoni(&["store", "verify"]).starts_with("whole: "));
}
