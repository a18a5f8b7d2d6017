//! Photographs that come as messages: by MMS, and through a gate that posts signed forms.

use crate::support::media::{Mms, PATH};
use crate::support::photo::{at_a_place, holds, picture};
use crate::support::village::{KIOSK, Village};
use futures_util::future::{join_all, select_all};
use reqwest::StatusCode;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

const ACHIENG: &str = "+254700000101";
const WANJIRU: &str = "254700000102/TYPE=PLMN";

/// How many photographs a listing has.
async fn photos(village: &Village, code: &str) -> usize {
    let both = village.desk("listings/check").await;
    let mut rows = both["waiting"]["rows"].as_array().cloned().unwrap_or_default();
    rows.extend(both["unlooked"]["rows"].as_array().cloned().unwrap_or_default());
    let row = rows.iter().find(|row| row["code"] == code).unwrap_or_else(|| panic!("{code}: {both}"));
    row["photos"].as_array().map_or(0, Vec::len)
}

/// Whether an answer says that a request was taken, by its name.
fn taken(answer: &(StatusCode, String), transaction: &str) -> bool {
    let named = format!(">{transaction}</mm7:TransactionID>");
    answer.0 == StatusCode::OK
        && ["DeliverRsp", "<StatusCode>1000</StatusCode>", &named].iter().all(|part| answer.1.contains(part))
}

#[tokio::test]
async fn an_mms_with_the_number_of_her_piece_brings_its_photograph_once() {
    let village = Village::open().await;
    let (achieng, amina, mmsc) = (village.achieng().await, village.amina(), village.mmsc());
    let code = achieng.lists("NECKLACE", "BRASS", 850, 3).await;
    let sent = at_a_place(&picture(1, 1400, 700));
    let mms = Mms::new("t-1", ACHIENG, &format!("Mkufu {code}"), std::slice::from_ref(&sent));
    let answer = mmsc.delivers(&mms).await;
    assert!(taken(&answer, "t-1"), "{answer:?}");
    let told = achieng.reads("Your photo of").await;
    assert!(told.contains(&code), "{told}");
    assert_eq!(photos(&village, &code).await, 1);
    let files: Vec<_> = std::fs::read_dir(village.data().join("photos")).expect("a folder").collect();
    assert_eq!(files.len(), 3);
    for file in files {
        let octets = std::fs::read(file.expect("a file").path()).expect("a file");
        assert!(!holds(&octets, b"Exif") && !holds(&octets, b"GPS"));
    }

    // Sent again: by the name of the request, or of the message, it is the same.
    assert!(taken(&mmsc.delivers(&mms).await, "t-1"));
    let again = Mms { transaction: "t-2".to_owned(), pictures: vec![picture(9, 96, 72)], ..mms.clone() };
    assert!(taken(&mmsc.delivers(&again).await, "t-2"));
    achieng.gets_exactly(1, "Your photo of").await;
    assert_eq!(photos(&village, &code).await, 1);

    // Her kiosk sends two more, the number in the text; found good it is on sale.
    let two = [picture(2, 96, 72), picture(3, 96, 72)];
    let mut more = Mms::new("t-3", KIOSK, "", &two);
    more.text = format!("Two more of {code}, thank you");
    assert!(taken(&mmsc.delivers(&more).await, "t-3"));
    amina.reads("Your photo of").await;
    assert_eq!(photos(&village, &code).await, 3);
    amina.asks(&format!("OK {code}"), "is checked").await;
    achieng.reads("is on sale now").await;
    assert_eq!(village.shopper().opens(&format!("/piece/{code}")).await.0, StatusCode::OK);
    village.closes().await;
}

#[tokio::test]
async fn what_is_wrong_with_a_message_is_told_to_whoever_sent_it_and_to_nobody_else() {
    let village = Village::open().await;
    let (achieng, wanjiru, mmsc) = (village.achieng().await, village.wanjiru().await, village.mmsc());
    let code = achieng.lists("NECKLACE", "BRASS", 850, 3).await;
    let hers = wanjiru.lists("MKUFU", "SHABA", 900, 2).await;
    let one = [picture(1, 96, 72)];

    // No number, a wrong digit, somebody else's piece, no picture: in her language.
    assert!(taken(&mmsc.delivers(&Mms::new("a", ACHIENG, "My necklace", &one)).await, "a"));
    achieng.reads("Of which piece is it?").await;
    let wrong = format!("{}{}", &code[..4], (code.as_bytes()[4] - b'0' + 1) % 10);
    assert!(taken(&mmsc.delivers(&Mms::new("b", ACHIENG, &wrong, &one)).await, "b"));
    achieng.reads(&format!("There is no piece {wrong} that you may photograph")).await;
    assert!(taken(&mmsc.delivers(&Mms::new("c", WANJIRU, &code, &one)).await, "c"));
    wanjiru.reads(&format!("Hakuna bidhaa {code}")).await;
    let liar = [b"<html>no picture</html>".to_vec(), picture(1, 96, 72)[..300].to_vec()];
    assert!(taken(&mmsc.delivers(&Mms::new("d", WANJIRU, &hers, &liar)).await, "d"));
    wanjiru.reads("Hakuna picha iliyofika").await;
    assert!(taken(&mmsc.delivers(&Mms::new("e", ACHIENG, &code, &[])).await, "e"));
    achieng.reads("No picture came that we can read").await;
    assert!(taken(&mmsc.delivers(&Mms::new("f", WANJIRU, "Mkufu wangu", &one)).await, "f"));
    wanjiru.reads("Ni ya bidhaa gani?").await;
    assert_eq!((photos(&village, &code).await, photos(&village, &hers).await), (0, 0));

    // More than find room, as many as a piece may have, and one more.
    let many: Vec<Vec<u8>> = (10..18).map(|seed| picture(seed, 96, 72)).collect();
    let (five, three) = many.split_at(5);
    assert!(taken(&mmsc.delivers(&Mms::new("g", WANJIRU, &hers, five)).await, "g"));
    wanjiru.reads("imefika. Asante.").await;
    assert!(taken(&mmsc.delivers(&Mms::new("g2", WANJIRU, &hers, three)).await, "g2"));
    wanjiru.reads(&format!("Picha 1 kati ya 3 za {hers}")).await;
    assert!(taken(&mmsc.delivers(&Mms::new("h", WANJIRU, &hers, &one)).await, "h"));
    wanjiru.reads("ina picha 6 tayari").await;
    assert!(taken(&mmsc.delivers(&Mms::new("i", ACHIENG, &code, five)).await, "i"));
    achieng.reads("Your photo of").await;
    assert!(taken(&mmsc.delivers(&Mms::new("i2", ACHIENG, &code, three)).await, "i2"));
    achieng.reads(&format!("We kept 1 of your 3 photos of {code}")).await;
    assert!(taken(&mmsc.delivers(&Mms::new("j", ACHIENG, &code, &one)).await, "j"));
    achieng.reads("has 6 photos already").await;
    assert_eq!((photos(&village, &code).await, photos(&village, &hers).await), (6, 6));

    // Nobody pays for answers to strangers, or to somebody who sends without end.
    let stranger = mmsc.delivers(&Mms::new("k", "+254700000999", &code, &one)).await;
    assert!(stranger.1.contains("<StatusCode>2001</StatusCode>"), "{stranger:?}");
    let nobody = mmsc.delivers(&Mms::new("l", "somebody@example.org", &code, &one)).await;
    assert!(nobody.1.contains("<StatusCode>2002</StatusCode>"), "{nobody:?}");
    let mut codes = Vec::new();
    for nth in 0..12 {
        codes.push(mmsc.delivers(&Mms::new(&format!("many-{nth}"), WANJIRU, &hers, &one)).await.1);
    }
    assert!(codes.last().is_some_and(|last| last.contains("<StatusCode>3002</StatusCode>")), "{codes:?}");
    // What was answered before is answered alike all the same.
    assert!(taken(&mmsc.delivers(&Mms::new("h", WANJIRU, &hers, &one)).await, "h"));
    village.closes().await;
}

#[tokio::test]
async fn an_mmsc_proves_itself_and_what_it_says_is_bounded() {
    let village = Village::open().await;
    let (achieng, mmsc) = (village.achieng().await, village.mmsc());
    let code = achieng.lists("NECKLACE", "BRASS", 850, 3).await;
    let mms = Mms::new("t", ACHIENG, &code, &[picture(1, 96, 72)]);
    let right = Some(("mmsc", "a password of the mmsc"));
    assert_eq!(mmsc.tries("another-path-of-the-mmsc", right, &mms).await, 404);
    assert_eq!(mmsc.tries(PATH, None, &mms).await, 401);
    assert_eq!(mmsc.tries(PATH, Some(("mmsc", "guessed")), &mms).await, 401);
    let path = format!("http://{}/media/mm7/", village.url.trim_start_matches("http://"));
    let got = reqwest::Client::new().get(format!("{path}{PATH}")).send().await.expect("an answer");
    assert_eq!(got.status(), StatusCode::METHOD_NOT_ALLOWED);

    // Faults of SOAP, each with the code of MM7; nothing of a document type is ever resolved.
    let envelope =
        |inside: &str| format!("--x\r\nContent-Type: text/xml\r\n\r\n{inside}\r\n--x--\r\n").into_bytes();
    let soap = |body: &str| {
        format!(
            "<e:Envelope xmlns:e=\"http://schemas.xmlsoap.org/soap/envelope/\"><e:Header><TransactionID>t9</TransactionID></e:Header><e:Body>{body}</e:Body></e:Envelope>"
        )
    };
    let bomb = format!(
        "<!DOCTYPE b [<!ENTITY a \"{}\">]>{}",
        "a".repeat(1_000),
        soap("<DeliverReq><Sender>&a;</Sender></DeliverReq>")
    );
    let kind = "multipart/related; boundary=x";
    for (kind, body, code) in [
        ("text/xml", soap("<DeliverReq/>").into_bytes(), "4004"),
        ("text/plain", soap("<DeliverReq/>").into_bytes(), "2007"),
        (kind, b"nothing of the kind".to_vec(), "2007"),
        (kind, envelope("<html>"), "4004"),
        (kind, envelope(&bomb), "4004"),
        (kind, envelope(&soap("<DeliverReq><Sender>&xxe;</Sender></DeliverReq>")), "4004"),
        (kind, envelope(&soap("<DeliveryReportReq/>")), "4003"),
        (kind, b"--x\r\n\r\nx\r\n".repeat(400), "2007"),
    ] {
        let (status, answer) = mmsc.says(kind, body).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR, "{answer}");
        assert!(
            answer.contains("VASPErrorRsp") && answer.contains(&format!("<StatusCode>{code}</StatusCode>")),
            "{answer}"
        );
    }
    let (status, answer) = mmsc.says(kind, vec![b'-'; 3 * 1024 * 1024]).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(answer.contains("<StatusCode>2004</StatusCode>"), "{answer}");
    assert_eq!(photos(&village, &code).await, 0);
    // Neither path nor password is told to anybody.
    let told = village.desk_text("audit").await;
    assert!(!told.contains(PATH) && !told.contains("a password of the mmsc"), "{told}");
    village.closes().await;
}

/// A form of somebody at an address of this machine who proves nothing and sends no more than its beginning.
async fn dawdles(village: &Village, from: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(format!("{from}:0").parse().expect("an address")).expect("bound");
    let at = village.url.trim_start_matches("http://").parse().expect("an address");
    let mut stream = socket.connect(at).await.expect("it listens");
    let head = "POST /media/form HTTP/1.1\r\nhost: shop.example\r\nconnection: close\r\n\
                content-type: multipart/form-data; boundary=x\r\nsokoni-signature: t=9999999999,v1=00\r\n\
                content-length: 100000\r\n\r\n--x";
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream
}

/// The status that a connection is answered with, at last.
async fn answered(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(60), stream.read_to_end(&mut answer)).await;
    assert!(read.is_ok(), "it waits for ever");
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap_or("closed").to_owned()
}

#[tokio::test]
async fn strangers_who_send_slowly_keep_nobody_out_and_are_let_go_of() {
    let village = Village::open().await;
    let (achieng, mmsc) = (village.achieng().await, village.mmsc());
    let code = achieng.lists("NECKLACE", "BRASS", 850, 3).await;
    // One address has two places, whatever it asks for.
    let mut slow = Vec::new();
    for _ in 0..3 {
        slow.push(Box::pin(answered(dawdles(&village, "127.0.0.9").await)));
    }
    let (refused, _, slow) = select_all(slow).await;
    assert_eq!(refused, "503");

    // Meanwhile the MMSC and the gate that signs are served.
    let mms = Mms::new("t", ACHIENG, &code, &[picture(1, 96, 72)]);
    assert!(taken(&mmsc.delivers(&mms).await, "t"));
    let shot = picture(2, 96, 72);
    let form: [(&str, &str, &[u8]); 4] = [
        ("id", "", b"m-1"),
        ("msisdn", "", b"254700000101"),
        ("text", "", code.as_bytes()),
        ("image", "x.png", &shot),
    ];
    assert_eq!(village.sends_form(&form).await.1, json!({ "done": "taken" }));
    assert_eq!(photos(&village, &code).await, 2);
    assert_eq!(join_all(slow).await, ["400", "400"]);
    village.closes().await;
}

#[tokio::test]
async fn a_signed_form_of_a_gate_brings_a_photograph_and_an_unsigned_one_nothing() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    let code = achieng.lists("NECKLACE", "BRASS", 850, 3).await;
    let shot = picture(1, 96, 72);
    let text = format!("picha ya {code}");
    let form: [(&str, &str, &[u8]); 4] = [
        ("id", "", b"m-1"),
        ("msisdn", "", b"254700000101"),
        ("text", "", text.as_bytes()),
        ("image", "../../etc/passwd", &shot),
    ];
    let (status, answer) = village.sends_form(&form).await;
    assert_eq!((status, answer["done"].as_str()), (StatusCode::OK, Some("taken")), "{answer}");
    achieng.reads("Your photo of").await;
    let (_, again) = village.sends_form(&form).await;
    assert_eq!(again["done"], "taken");
    achieng.gets_exactly(1, "Your photo of").await;
    assert_eq!(photos(&village, &code).await, 1);

    // Another secret, an old signature, none, a field too few, a stranger, no form.
    use sokoni::types::Clock;
    let now = village.clock.now().millis() / 1_000;
    let (status, answer) = village.media_form(&form, "a secret that is guessed", now).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (StatusCode::UNAUTHORIZED, Some("signature")));
    let old = village.media_form(&form, "what the village's form is signed under", now - 301).await;
    assert_eq!(old.0, StatusCode::UNAUTHORIZED);
    let bare = reqwest::Client::new().post(format!("{}/media/form", village.url)).body("x").send().await;
    assert_eq!(bare.expect("an answer").status(), StatusCode::UNAUTHORIZED);
    let (status, answer) = village.sends_form(&form[1..]).await;
    assert_eq!((status, answer["error"]["code"].as_str()), (StatusCode::UNPROCESSABLE_ENTITY, Some("field")));
    let mut strange = form;
    strange[1] = ("msisdn", "", b"254700000999");
    assert_eq!(village.sends_form(&strange).await.0, StatusCode::FORBIDDEN);
    strange = form;
    strange[0] = ("id", "", b"m-2");
    strange[2] = ("text", "", b"no number at all");
    assert_eq!(village.sends_form(&strange).await.1, json!({ "done": "no_number" }));
    achieng.reads("Of which piece is it?").await;
    assert_eq!(photos(&village, &code).await, 1);
    village.closes().await;
}
