//! What takes two people of the desk: one asks, another approves, and it is done then, once.

use super::earns;
use super::loans::{agrees, funded};
use crate::support::village::{Founding, Village};
use std::time::Duration;

/// Somebody asks for something that takes two; how it is named.
async fn asks(village: &Village, who: &'static str, args: &[&str]) -> String {
    let said = village.colleague(who).has(&[&["approvals", "ask"], args].concat()).await;
    assert!(said.contains(" waiting: "), "{said}");
    said.split(' ').next().expect("a name").to_owned()
}

async fn approves(village: &Village, who: &'static str, approval: &str) -> Result<String, String> {
    village.colleague(who).types(&["approvals", "approve", approval]).await
}

/// Njeri asks for what cannot be; what she is told.
async fn refused(village: &Village, args: &[&str]) -> String {
    let ask = [&["approvals", "ask"], args].concat();
    village.colleague("Njeri").types(&ask).await.expect_err("it cannot be")
}

#[tokio::test]
async fn w92_a_posting_by_hand_takes_two_people_and_happens_once() {
    let mut village = Village::open().await;
    let lines = ["--line", "debit exp:sms 1,500.50", "--line", "credit bank 1500.50"];
    let ask = [&["posting", "--why", "SMS of November"], &lines[..]].concat();
    let approval = asks(&village, "Njeri", &ask).await;
    assert_eq!(asks(&village, "Njeri", &ask).await, approval, "the same wish is one approval");
    let alone = approves(&village, "Njeri", &approval).await.expect_err("one person");
    let words = "it takes two people: Njeri asked for it, somebody else must approve it";
    assert!(alone.contains(words), "{alone}");
    let form = [("do", "approve"), ("approval", approval.as_str())];
    let (_, page) = village.colleague("Njeri").sends("/desk/approvals", &form).await;
    assert!(page.contains(words), "{page}");
    for who in ["Halima", "Juma"] {
        let other = approves(&village, who, &approval).await.expect_err("no treasurer");
        assert!(other.contains("It takes the role of"), "{other}");
    }
    // The key of the house is nobody's: it is no second person, and no first one.
    let house = village.data().with_file_name("desk");
    for what in [&["approvals", "approve", &approval][..], &[&["approvals", "ask"][..], &ask[..]].concat()] {
        let mut sokoni = tokio::process::Command::new(env!("CARGO_BIN_EXE_sokoni"));
        let run = sokoni.args(what).args(["--desk", &village.url]).arg("--desk-key-file").arg(&house);
        let run = run.output().await.expect("the command runs");
        let said = String::from_utf8(run.stderr).expect("text");
        assert!(!run.status.success() && said.contains("use a key of your own"), "{said}");
    }
    assert_eq!(village.account("exp:sms").await, 0);
    for _ in 0..2 {
        let done = approves(&village, "Otieno", &approval).await.expect("two people");
        let words = "approved by Otieno: posting, debit exp:sms 1,500.50, credit bank 1,500.50; SMS of November (Njeri)";
        assert!(done.contains(words), "{done}");
        assert_eq!(village.account("exp:sms").await, 150_050);
        village.restart().await;
    }
    let late = village.colleague("Njeri").types(&["approvals", "refuse", &approval]).await;
    assert!(late.expect_err("it is done").contains("it is approved"));
    village.closes().await;
}

#[tokio::test]
async fn w92_a_posting_by_hand_balances_and_takes_nothing_that_is_not_there() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    earns(&village, &achieng, 850).await;
    let books = village.books().await;
    let hers = books.keys().find(|account| account.starts_with("artisan:")).expect("hers").clone();
    let posting = ["posting", "--why", "a mistake", "--line"];
    let (debit, all) = (format!("debit {hers} 850.01"), format!("debit {hers} 800"));
    let short =
        refused(&village, &[&posting[..], &[&debit, "--line", "credit margin 850.01"]].concat()).await;
    assert!(short.contains("holds KSh 0.01 less than this takes"), "{short}");
    let odd = [&posting[..], &["debit bank 5", "--line", "credit margin 6"]].concat();
    assert!(refused(&village, &odd).await.contains("KSh 1 too much on the credit side"));
    let nobody = [&posting[..], &["debit bank 5", "--line", "credit artisan:nobody 5"]].concat();
    assert!(refused(&village, &nobody).await.contains("artisan:nobody is no account"));
    let loan = format!("credit {} 5", hers.replace("artisan", "loan"));
    let counted = [&posting[..], &["debit bank 5", "--line", &loan]].concat();
    assert!(refused(&village, &counted).await.contains("nothing is posted there by hand"));
    let due = [&posting[..], &["debit kiva:due 5", "--line", "credit bank 5"]].concat();
    assert!(refused(&village, &due).await.contains("follows the loans"));
    let silent = ["posting", "--line", "debit bank 5", "--line", "credit margin 5"];
    assert!(refused(&village, &silent).await.contains("a number from 1 to 110"));
    assert_eq!(village.books().await, books);

    // What was there when it was asked for may be gone when it is approved.
    let ask = [&posting[..], &[&all, "--line", "credit margin 800"]].concat();
    let (first, second) = (asks(&village, "Njeri", &ask).await, asks(&village, "Halima", &ask).await);
    approves(&village, "Otieno", &first).await.expect("two people");
    achieng.reads("We put your balance right: KSh 50 now, KSh 850 before.").await;
    let gone = approves(&village, "Otieno", &second).await.expect_err("it is gone");
    assert!(gone.contains("holds KSh 750 less than this takes"), "{gone}");
    assert_eq!(achieng.balance().await, [5_000, 0, 0]);
    let line = achieng.walks(&["3", "3"]).await;
    assert!(line.contains("-800 Put right"), "{line}");
    village.closes().await;
}

#[tokio::test]
async fn w92_money_we_owe_somebody_is_hers_when_two_have_decided() {
    let village = Village::open().await;
    let achieng = village.achieng().await;
    let halima = village.colleague("Halima");
    let open = ["cases", "open", "lost_parcel", "it never came", "--phone", "0700000101", "--json"];
    let case: serde_json::Value = serde_json::from_str(&halima.has(&open).await).expect("JSON");
    let case = case[0]["case"].as_str().expect("a name").to_owned();
    let why = "her parcel was lost on the way";
    let ask = ["make-good", "--phone", "0700000101", "--ksh", "850", "--why", why, "--case", &case];
    let no = asks(&village, "Halima", &ask).await;
    village.colleague("Otieno").has(&["approvals", "refuse", &no, "--why", "ask the rider first"]).await;
    assert_eq!(achieng.got("Sokoni gives you"), 0);
    let approval = asks(&village, "Halima", &ask).await;
    approves(&village, "Otieno", &approval).await.expect("two people");
    achieng.reads("Sokoni gives you KSh 850 to put things right. You have KSh 850 now.").await;
    assert_eq!((achieng.balance().await, village.account("exp:returns").await), ([85_000, 0, 0], 85_000));
    let page = village.colleague("Juma").opens("/desk/approvals").await;
    for words in ["KSh 850 to Achieng Otieno", "by Otieno: ask the rider first", why] {
        assert!(page.contains(words), "{words}: {page}");
    }
    assert!(
        halima
            .has(&["cases", "list"])
            .await
            .contains("Otieno: KSh 850 to Achieng Otieno, asked for by Halima")
    );

    // What nobody answers in time cannot be approved any more.
    let late = asks(&village, "Halima", &ask).await;
    village.clock.advance(Duration::from_secs(7 * 86_400 + 60));
    let said = approves(&village, "Otieno", &late).await.expect_err("too late");
    assert!(said.contains("it is lapsed"), "{said}");
    achieng.gets_exactly(1, "Sokoni gives you").await;
    let wet = ["make-good", "--phone", "0700000101", "--ksh", "30", "--why", "a wet parcel"];
    let own = asks(&village, "Njeri", &wet).await;
    let alone = approves(&village, "Njeri", &own).await.expect_err("one person");
    assert!(alone.contains("it takes two people"), "{alone}");
    assert_eq!(achieng.balance().await, [85_000, 0, 0]);
    // What we owe her is asked for once, whoever asks, also when no case came to it.
    let ask = ["make-good", "--phone", "0700000101", "--ksh", "20", "--why", "a torn bag"];
    asks(&village, "Halima", &ask).await;
    let said = refused(&village, &ask).await;
    assert!(said.contains("Halima asked for this already"), "{said}");
    village.closes().await;
}

#[tokio::test]
async fn w92_a_loan_is_lost_by_two_people_and_lenders_have_their_money() {
    let (village, achieng, _, loan) = funded(Founding::default(), 500).await;
    agrees(&achieng).await;
    achieng.reads("Loan KSh 500 sent to").await;
    assert_eq!((village.account("loan:").await, village.account("kiva:principal").await), (50_000, 50_000));
    let paid = achieng.walks(&["3", "4", "1", "200", &achieng.pin]).await;
    assert_eq!(paid, "Thank you. You still owe KSh 300.");
    let before = achieng.balance().await[0];
    let approval = asks(&village, "Njeri", &["loan-loss", &loan, "--why", "she has moved away"]).await;
    approves(&village, "Njeri", &approval).await.expect_err("one person");
    let done = approves(&village, "Otieno", &approval).await.expect("two people");
    assert!(done.contains("KSh 300 left of the loan of Achieng Otieno"), "{done}");
    achieng.reads("Your loan is closed. You owe nothing on it any more.").await;
    let books = village.books().await;
    let of = |account: &str| books.get(account).copied().unwrap_or_default();
    assert_eq!((of("kiva:principal"), of("kiva:due"), of("exp:returns")), (0, 50_000, 30_000));
    assert_eq!(village.account("loan:").await, 0);
    let list = village.colleague("Otieno").has(&["loans", "list"]).await;
    assert!(list.contains(&format!("{loan},lost,Achieng")), "{list}");
    let file = village.colleague("Otieno").has(&["loans", "repayments", "--remit", "R-9"]).await;
    assert!(file.contains(",200.00") && file.contains(",300.00"), "{file}");
    assert_eq!(village.account("kiva:due").await, 0);
    assert!(
        refused(&village, &["loan-loss", &loan, "--why", "again"]).await.contains("nothing is owed on it")
    );

    // Months later the provider takes the transfer back: nobody has lost anything, she neither.
    assert!(village.momo.reverse(&village.momo.transfers()[0].id.clone()).await);
    let told = achieng.reads("M-Pesa took your loan back").await;
    assert!(told.contains("What you had paid of it, KSh 200, is yours again."), "{told}");
    assert_eq!(achieng.balance().await[0], before + 20_000);
    assert_eq!((village.account("loan:").await, village.account("exp:returns").await), (0, 0));
    village.closes().await;
}

#[tokio::test]
async fn what_takes_two_people_has_fifty_rows_a_page_and_what_waits_stands_first() {
    let village = Village::open().await;
    let njeri = village.colleague("Njeri");
    for n in 1..=52 {
        let lines = format!("debit exp:sms {n}.00\ncredit bank {n}.00");
        let form =
            [("do", "ask"), ("what", "posting"), ("lines", lines.as_str()), ("why", "SMS of November")];
        assert_eq!(njeri.sends("/desk/approvals", &form).await.0, 303);
    }
    let newest = village.desk("approvals").await[0]["approval"].as_str().expect("a name").to_owned();
    njeri.has(&["approvals", "refuse", &newest]).await;
    let shown = |page: &str, what: &str| page.matches(what).count();
    let first = njeri.opens("/desk/approvals").await;
    assert_eq!(shown(&first, r#"data-state="waiting""#), 50);
    assert!(first.contains(r#"rel="next" href="?page=1""#) && !first.contains(&newest), "{first}");
    let second = njeri.opens("/desk/approvals?page=1").await;
    assert_eq!(
        (shown(&second, r#"data-testid="approval""#), shown(&second, r#"data-state="waiting""#)),
        (2, 1)
    );
    assert!(second.contains(&newest) && !second.contains("rel=\"next\""), "{second}");
    village.closes().await;
}
