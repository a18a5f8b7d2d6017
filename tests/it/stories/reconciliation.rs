//! The provider's own statement against the books, told from its list and from the desk; days that end
//! with a trial balance; a float that runs out, and who is paid first when it is filled.

use super::earns;
use crate::support::logs;
use crate::support::village::{Founding, Village, until};
use serde_json::Value;
use sokoni::sim::Line;
use sokoni::sim::momo::Manners;
use std::path::PathBuf;
use std::time::Duration;

/// Two people post what was brought to the provider.
async fn brings_float(village: &Village, shillings: &str) {
    let (debit, credit) = (format!("debit mm_float {shillings}"), format!("credit bank {shillings}"));
    let ask = ["approvals", "ask", "posting", "--why", "float", "--line", &debit, "--line", &credit];
    let said = village.colleague("Njeri").has(&ask).await;
    let approval = said.split(' ').next().expect("a name").to_owned();
    village.colleague("Otieno").has(&["approvals", "approve", &approval]).await;
}

/// The provider's statement as it stands, in a file.
fn exported(village: &Village, name: &str) -> String {
    written(village, name, &village.momo.statement())
}

fn written(village: &Village, name: &str, text: &str) -> String {
    let file: PathBuf = village.data().with_file_name(name);
    std::fs::write(&file, text).expect("a file");
    file.display().to_string()
}

/// Njeri imports a file; what she reads.
async fn imports(village: &Village, file: &str) -> Result<String, String> {
    village.colleague("Njeri").types(&["reconcile", "import", "--provider", "mpesa", file]).await
}

/// What is open, by its class: the difference's name.
async fn open(village: &Village) -> Vec<(String, String)> {
    let rows = village.desk("reconcile/differences").await;
    let word = |row: &Value, name: &str| row["difference"][name].as_str().expect("a word").to_owned();
    rows.as_array().expect("rows").iter().map(|row| (word(row, "class"), word(row, "id"))).collect()
}

fn classes(open: &[(String, String)]) -> Vec<&str> {
    let mut classes: Vec<&str> = open.iter().map(|(class, _)| class.as_str()).collect();
    classes.sort_unstable();
    classes
}

#[tokio::test]
async fn w152_a_statement_tells_what_the_provider_did_and_nobody_was_told_and_moves_no_money() {
    let mut village = Village::found(Founding { answer_ms: 500, ..Founding::default() }).await;
    brings_float(&village, "10000000").await;
    let (achieng, wanjiru) = (village.achieng().await, village.wanjiru().await);
    earns(&village, &achieng, 850).await;
    earns(&village, &wanjiru, 850).await;

    // One is paid and taken back, one failed and is paid all the same, of neither anybody was told; and one
    // is silent.
    wanjiru.cashes_out("500").await;
    wanjiru.reads("Sokoni imetuma KSh 500").await;
    let taken_back = village.momo.transfers()[0].id.clone();
    assert!(village.momo.reverse_silently(&taken_back));
    village.momo.behave_once(Manners::failing("dailyValueLimitExceeded"));
    wanjiru.cashes_out("100").await;
    until("it failed", || async { (village.payouts().await[0] == "failed").then_some(()) }).await;
    let failed = village.desk("payouts").await["rows"][0]["id"].as_str().expect("an id").to_owned();
    assert!(village.momo.change_mind_silently(&failed));
    village.momo.behave_once(Manners { callbacks: 0, ..Manners::silent() });
    achieng.cashes_out("850").await;
    until("it is taken", || async { (village.momo.transfers().len() == 3).then_some(()) }).await;
    village.momo.set_line(Line::Closed).await;
    achieng.reads("M-Pesa has not answered").await;

    let before = village.books().await;
    let file = exported(&village, "november.csv");
    let said = imports(&village, &file).await.expect("a statement");
    assert!(said.contains("found: paid_not_here 1, paid_open_here 1, reversed 1; open: 3"), "{said}");
    // What left there alone: 855 that is silent, 100 that failed; and 500 came back there alone.
    assert!(said.contains("mm_float KSh 9,999,495; apart -455"), "{said}");
    assert_eq!(village.books().await, before, "a statement moves nothing");
    assert!(imports(&village, &file).await.expect("known").contains("nothing was done"));
    let differ = open(&village).await;
    assert_eq!(classes(&differ), ["paid_not_here", "paid_open_here", "reversed"]);

    // What may be somebody's loss has a case, about whom it is.
    let cases = village.desk("depot/cases").await;
    let case = cases.as_array().expect("cases").iter().find(|case| case["what"] == "money").expect("a case");
    assert!(case["notes"][0]["text"].as_str().is_some_and(|text| text.contains(&failed)), "{case}");
    assert!(case["people"][0].as_str().is_some_and(|who| who.starts_with("Wanjiru")), "{case}");

    // A file that is wrong anywhere leaves nothing behind.
    let spoiled = village.momo.statement().replacen(",500,", ",5OO,", 1);
    let why = imports(&village, &written(&village, "bad.csv", &spoiled)).await.expect_err("no sum");
    assert!(why.contains("column \"amount\"") && why.contains("\"5OO\" is no sum"), "{why}");
    let juma = village.colleague("Juma").types(&["reconcile", "import", "--provider", "mpesa", &file]).await;
    assert!(juma.is_err(), "who only reads brings nothing");
    let strange =
        village.colleague("Njeri").types(&["reconcile", "import", "--provider", "mtn", &file]).await;
    assert!(strange.expect_err("not ours").contains("pays nobody here; one of mpesa"));
    assert_eq!(village.desk("reconcile/statements").await.as_array().map(Vec::len), Some(1));

    // What was silent is heard of; the next statement agrees, and the difference waits for a person.
    village.momo.set_line(Line::Open).await;
    until("it is paid", || async {
        village.clock.advance(Duration::from_secs(3));
        tokio::time::sleep(Duration::from_millis(50)).await;
        (village.payouts().await[0] == "paid").then_some(())
    })
    .await;
    wanjiru.cashes_out("50").await;
    wanjiru.reads("Sokoni imetuma KSh 50").await;
    let later = imports(&village, &exported(&village, "later.csv")).await.expect("a statement");
    assert!(later.contains("matched 2, paid_not_here 1, reversed 1; open: 0"), "{later}");
    let list = village.colleague("Njeri").has(&["reconcile", "list"]).await;
    assert!(list.contains("(it agrees in a statement now)"), "{list}");

    for (nth, (_, id)) in differ.iter().enumerate() {
        let silent = village.colleague("Njeri").types(&["reconcile", "close", id, "--why", " "]).await;
        assert!(silent.expect_err("no reason").contains("say what it was"));
        let why = format!("settled with the provider, {nth}");
        if nth == 0 {
            let form = [("difference", id.as_str()), ("why", &why)];
            assert_eq!(village.colleague("Njeri").sends("/desk/reconcile/close", &form).await.0, 303);
        } else {
            village.colleague("Njeri").has(&["reconcile", "close", id, "--why", &why]).await;
        }
    }
    assert!(open(&village).await.is_empty());
    let page = village.colleague("Juma").opens("/desk/reconcile").await;
    assert!(page.contains("november.csv") && page.contains("Nothing that is open."), "{page}");
    let all = village.colleague("Juma").has(&["reconcile", "list", "--all"]).await;
    assert!(all.contains("closed by Njeri: settled with the provider, 2"), "{all}");

    // Each day ends with a trial balance that adds up to nothing.
    village.clock.advance(Duration::from_secs(86_400));
    let days = until("a day ends", || async {
        let days = village.desk("reconcile/days").await;
        (days.as_array().is_some_and(|days| !days.is_empty())).then_some(days)
    })
    .await;
    assert_eq!((days[0]["sum"].as_i64(), days[0]["debits"] == days[0]["credits"]), (Some(0), true));
    village.stop().await;
    let day = days[0]["day"].as_str().expect("a day");
    let kept = village.sokoni(&["ledger", "days", "--day", day]);
    assert!(kept.contains("left over 0.00") && kept.contains("mm_float"), "{kept}");
    village.start().await;
    village.closes().await;
}

#[tokio::test]
async fn w153_a_float_that_ends_soon_is_an_alarm_and_whoever_asked_first_is_paid_first() {
    let village = Village::open().await;
    let (achieng, wanjiru) = (village.achieng().await, village.wanjiru().await);
    earns(&village, &achieng, 850).await;
    earns(&village, &wanjiru, 850).await;
    let unknown = village.colleague("Juma").has(&["reconcile", "float"]).await;
    assert!(unknown.starts_with("mpesa: KSh 0 by its books; asked for KSh 0 in 0 payouts"), "{unknown}");
    brings_float(&village, "1000").await;

    // There are 600 left there: the older wish does not fit, and the younger one does not pass it.
    village.momo.set_float_shillings(600);
    achieng.cashes_out("850").await;
    until("she waits", || async { (village.payouts().await == ["reserved"]).then_some(()) }).await;
    // She is told so, by SMS and wherever she looks; who asks later hears it before and behind her PIN.
    achieng.reads("KSh 850 to 0700000101 stands in line: our M-Pesa money is short now").await;
    assert!(achieng.walks(&["3", "1"]).await.starts_with("KSh 850 to 0700000101 stands in line"));
    village.clock.advance(Duration::from_secs(60));
    assert!(wanjiru.walks(&["3", "1"]).await.starts_with("Pesa zetu za M-Pesa hazitoshi sasa"));
    wanjiru.presses("1").await;
    wanjiru.presses("500").await;
    let waits = wanjiru.presses(&wanjiru.pin).await;
    assert!(waits.starts_with("KSh 500 kwa 0700000102 iko kwenye foleni"), "{waits}");
    for _ in 0..20 {
        village.clock.advance(Duration::from_secs(60));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(village.momo.transfers().is_empty(), "{:?}", village.momo.transfers());
    achieng.gets_exactly(1, "stands in line").await;
    wanjiru.gets_exactly(0, "kwenye foleni").await;
    let float = village.desk("reconcile/floats").await;
    assert_eq!((float[0]["waiting"].as_u64(), float[0]["asked"].as_i64()), (Some(2), Some(136_000)));
    assert_eq!(float[0]["soon"], true, "more is asked for than there is: {float}");
    village.clock.advance(Duration::from_secs(3_600));
    until("the alarm", || async {
        (logs::count(&["ALARM: the float at a provider ends soon", "holds=1000", "asked=1360"]) > 0)
            .then_some(())
    })
    .await;

    village.momo.set_float_shillings(10_000);
    village.passes_time_until("both are paid", || village.momo.transfers().len() == 2).await;
    let paid: Vec<u64> = village.momo.transfers().iter().map(|transfer| transfer.shillings).collect();
    assert_eq!(paid, [850, 500], "whoever asked first");
    village.closes().await;
}
