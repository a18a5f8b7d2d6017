//! Holds on somebody's money: told with reason, date and place before any PIN, lifted for her ID.

use super::earns;
use crate::support::actors::Artisan;
use crate::support::village::{Village, until};
use sokoni::sim::momo::Manners;
use sokoni::types::Lang;

/// Achieng with KSh 850 ready.
async fn rich() -> (Village, Artisan) {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    (village, achieng)
}

async fn put(village: &Village, code: &str, phones: &[&str]) -> String {
    village.colleague("Halima").has(&[&["holds", "put", code], phones].concat()).await
}

#[tokio::test]
async fn the_name_that_mobile_money_has_is_shown_before_any_money_and_another_persons_lets_it_wait() {
    let village = Village::open().await;
    village.momo.names("254700000101", "MARY ACHIENG");
    village.momo.names("254700000102", "PETER MWANGI");
    let (achieng, wanjiru) = (village.achieng().await, village.wanjiru().await);
    let told = achieng.reads("M-Pesa knows 0700000101 as Mary Achieng").await;
    assert!(told.contains("Not you? Call"), "{told}");
    wanjiru.reads("M-Pesa ina jina tofauti kwa nambari hii").await;
    let said = wanjiru.walks(&["3", "1"]).await;
    assert!(said.starts_with("Malipo yamesimamishwa: Jina la M-Pesa "), "{said}");
    assert!(!achieng.walks(&["3", "1"]).await.contains("on hold"));
    let page = village.colleague("Juma").opens("/desk/holds").await;
    assert!(page.contains("data-code=\"name_differs\"") && page.contains("Wanjiru"), "{page}");
    assert!(!page.contains("Achieng"), "{page}");
    village.closes().await;
}

#[tokio::test]
async fn a_changed_sim_lets_payments_wait_until_her_kiosk_has_seen_her_id() {
    let (mut village, achieng) = rich().await;
    let amina = village.amina();
    // An operator of phones tells all of them, and perhaps twice.
    let phones = ["0700000101", "0700000999"];
    assert_eq!(
        put(&village, "sim_changed", &phones).await,
        "put on hold: 1; on hold before: 0; phones that nobody here has: 1\n"
    );
    assert_eq!(
        put(&village, "sim_changed", &phones).await,
        "put on hold: 0; on hold before: 1; phones that nobody here has: 1\n"
    );
    let told = achieng.reads("Someone changed the SIM of this number").await;
    let place =
        told.split("visit ").nth(1).and_then(|rest| rest.split(" with your ID").next()).expect("a place");
    achieng.gets_exactly(1, "changed the SIM").await;

    // By menu, directly, by SMS, for cash, after a restart, in her other language: always before the PIN.
    village.restart().await;
    for keys in [&["3", "1"][..], &["3", "2"]] {
        let said = achieng.walks(keys).await;
        assert!(said.starts_with("Payments are on hold: SIM changed "), "{said}");
        assert!(said.contains(&format!("bring your ID to {place}")), "{said}");
    }
    assert!(achieng.dials_code("*483*57*3*1#").await.starts_with("Payments are on hold: SIM changed "));
    achieng.dials().await;
    achieng.reads_in(Lang::SW);
    achieng.presses("5").await;
    let said = achieng.walks(&["3", "1"]).await;
    assert!(said.starts_with("Malipo yamesimamishwa: SIM ilibadilika "), "{said}");
    assert!(village.momo.transfers().is_empty() && village.payouts().await.is_empty());
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);

    // She shows her ID at the kiosk.
    let page = village.colleague("Juma").opens("/desk/holds").await;
    assert!(page.contains("data-code=\"sim_changed\"") && page.contains("Achieng"), "{page}");
    let freed = amina.walks(&["6", "4", "0700000101", "1"]).await;
    assert!(freed.starts_with("Achieng's payments go again"), "{freed}");
    achieng.reads("Malipo yako yanaendelea tena").await;
    let again = amina.walks(&["6", "4", "0700000101", "1"]).await;
    assert!(again.starts_with("That PIN is not locked, and no payments wait for an ID"), "{again}");
    achieng.gets_exactly(1, "Malipo yako yanaendelea tena").await;
    achieng.cashes_out("850").await;
    village.closes().await;
}

#[tokio::test]
async fn a_file_with_a_line_that_is_no_phone_lets_nobodys_money_wait() {
    let (village, achieng) = rich().await;
    let halima = village.colleague("Halima");
    let file = village.data().with_file_name("changed.txt");
    std::fs::write(&file, "0700000101\n\n070000010\n").expect("a file");
    let path = file.to_str().expect("a path");
    let put = ["holds", "put", "sim_changed", "--file", path];
    let said = halima.types(&put).await.expect_err("a line is wrong");
    assert!(said.contains("changed.txt:3: \"070000010\" is no phone number"), "{said}");
    let both = ["holds", "put", "sim_changed", "0700000101", "070000010"];
    let said = halima.types(&both).await.expect_err("a number is wrong");
    assert!(said.contains("nothing was changed"), "{said}");
    assert_eq!((halima.has(&["holds", "list"]).await.as_str(), achieng.got("changed the SIM")), ("", 0));
    std::fs::write(&file, "0700000101\n").expect("a file");
    halima.has(&put).await;
    achieng.reads("Someone changed the SIM of this number").await;
    let gone = halima.types(&["holds", "put", "sim_changed", "--file", "no-such-file"]).await;
    assert!(gone.expect_err("no file").starts_with("no-such-file: "));
    village.closes().await;
}

#[tokio::test]
async fn each_reason_is_lifted_by_itself_and_what_the_desk_decides_only_there() {
    let (village, achieng) = rich().await;
    let (halima, amina) = (village.colleague("Halima"), village.amina());
    let words = ["--why", "en=we ask you something", "--why", "sw=tuna swali", "--why", "am=ጥያቄ አለን"];
    let half = halima.types(&["holds", "put", "desk", "0700000101", "--why", "en=we ask"]).await;
    assert!(half.expect_err("no Swahili").contains("the reason in"));
    halima.has(&[&["holds", "put", "desk", "0700000101"], &words[..]].concat()).await;
    let told = achieng.reads("Your payments wait: we ask you something (").await;
    assert!(told.contains("Questions? Call "), "{told}");
    put(&village, "name_differs", &["0700000101"]).await;
    achieng.reads("M-Pesa knows this number by another name").await;
    assert!(amina.walks(&["6", "4", "0700000101", "1"]).await.starts_with("Achieng's payments go again"));
    let said = achieng.walks(&["3", "1"]).await;
    assert!(said.starts_with("Payments are on hold: we ask you something ("), "{said}");
    assert_eq!(achieng.got("Your payments go again"), 0);

    let otieno = village.colleague("Otieno");
    let lift = ["holds", "lift", "desk", "0700000101", "--why", "she answered"];
    assert!(otieno.types(&lift).await.expect_err("a treasurer").contains("It takes the role of liaison"));
    let silent = halima.types(&["holds", "lift", "desk", "0700000101", "--why", " "]).await;
    assert!(silent.expect_err("no reason").contains("say what was seen"));
    let form = [("act", "lift"), ("code", "desk"), ("phone", "0700000199"), ("seen", "her ID")];
    let (_, page) = halima.sends("/desk/holds", &form).await;
    assert!(page.contains("nobody here has this phone number"), "{page}");
    halima.has(&lift).await;
    achieng.reads("Your payments go again").await;
    assert_eq!(halima.has(&["holds", "list"]).await, "");
    achieng.cashes_out("850").await;
    village.closes().await;
}

/// She asks for all of it while there is too little to pay from, and is told that it waits.
async fn waits(village: &Village, achieng: &Artisan) {
    village.momo.set_float_shillings(100);
    achieng.cashes_out("850").await;
    achieng.reads("our M-Pesa money is short now").await;
    assert_eq!(achieng.balance().await, [0, 0, 85_000]);
}

/// Nothing went, all of it is hers again, and what she is told begins so.
async fn is_hers_again(village: &Village, achieng: &Artisan, begin: &str) {
    village.passes_time_until("she is told", || achieng.got("was not sent: ") == 1).await;
    let told = achieng.reads("was not sent: ").await;
    assert!(told.starts_with(&format!("KSh 850 was not sent: {begin}")), "{told}");
    assert!(told.contains(". It is back in your balance. Help "), "{told}");
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    assert_eq!((village.payouts().await, village.account("moving:").await), (vec!["failed".to_owned()], 0));
    village.momo.set_float_shillings(10_000);
    village.clock.advance(std::time::Duration::from_secs(3_600));
    // Whatever waited to leave has left by then, or was let go.
    until("nothing waits to leave", || async {
        village.desk_page("/desk").await.contains("<strong>0</strong> payouts to ask for").then_some(())
    })
    .await;
    assert!(village.momo.transfers().is_empty(), "{:?}", village.momo.transfers());
}

#[tokio::test]
async fn a_payout_that_has_not_left_is_hers_again_once_her_money_is_on_hold() {
    let (village, achieng) = rich().await;
    waits(&village, &achieng).await;
    put(&village, "sim_changed", &["0700000101"]).await;
    achieng.reads("Someone changed the SIM of this number").await;
    is_hers_again(&village, &achieng, "SIM changed ").await;
    village.colleague("Halima").has(&["holds", "lift", "sim_changed", "0700000101", "--why", "her ID"]).await;
    until("the float is looked at again", || async {
        achieng.walks(&["3", "1"]).await.starts_with("Send how much").then_some(())
    })
    .await;
    achieng.cashes_out("850").await;
    achieng.reads("Sokoni sent KSh 850 to").await;
    village.closes().await;
}

#[tokio::test]
async fn so_it_is_when_payouts_are_stopped_for_everybody() {
    let (village, achieng) = rich().await;
    waits(&village, &achieng).await;
    let why = ["--why", "en=we count the money", "--why", "sw=tunahesabu pesa", "--why", "am=እንቆጥራለን"];
    village.colleague("Njeri").has(&[&["stop", "put", "payouts"], &why[..]].concat()).await;
    is_hers_again(&village, &achieng, "we count the money").await;
    village.closes().await;
}

#[tokio::test]
async fn a_payout_that_the_provider_may_have_goes_on_whatever_is_put_on_hold_since() {
    let village =
        Village::found(crate::support::village::Founding { answer_ms: 500, ..Default::default() }).await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    village.momo.behave_once(Manners { callbacks: 0, decide_after_ms: 1_000, ..Manners::silent() });
    achieng.cashes_out("850").await;
    achieng.reads("M-Pesa has not answered").await;
    put(&village, "sim_changed", &["0700000101"]).await;
    village.passes_time_until("she is told", || achieng.got("Sokoni sent KSh 850 to") == 1).await;
    assert_eq!((village.momo.transfers().len(), achieng.got("was not sent: ")), (1, 0));
    assert_eq!(achieng.balance().await, [0, 0, 0]);
    village.closes().await;
}
