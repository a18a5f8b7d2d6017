//! Somebody asks that her names go: two people of the desk decide it, the books stay, and nothing of the
//! store tells who she was.

use super::earns;
use super::makers::tells;
use crate::support::actors::Artisan;
use crate::support::photo::picture;
use crate::support::village::{Village, until};
use sokoni::store::Store;
use sokoni::store::sled::{DEFAULT_CACHE, Sled};
use sokoni::types::Lang;
use std::time::Duration;

const PHONE: &str = "0700000131";
const DAY: Duration = Duration::from_secs(86_400);
const ERASE: [&str; 5] = ["person", "erase", PHONE, "--why", "Nafuna asked for it by letter"];

async fn nafuna(village: &Village) -> Artisan {
    Artisan::joins(village.phone(PHONE, Lang::EN), "Nafuna Wekesa", "4182").await
}

/// Halima asks for it while it cannot be; what she is told.
async fn refused(village: &Village) -> String {
    village.colleague("Halima").types(&ERASE).await.expect_err("something is open")
}

/// Every row of the store in which her name or her number stands, in letters or in octets.
async fn rows_of_hers(village: &Village) -> Vec<String> {
    let store = Sled::open(&village.data(), DEFAULT_CACHE).expect("the store");
    let number = 254_700_000_131_u64.to_be_bytes();
    let (mut found, mut from) = (Vec::new(), None);
    loop {
        let page = store.scan(Vec::new(), from, 500, false).await.expect("read");
        let Some((last, _)) = page.last() else { return found };
        from = Some(last.clone());
        for (key, row) in page {
            let octets = [key.as_slice(), &row.octets()].concat();
            let text = String::from_utf8_lossy(&octets).to_lowercase();
            let named =
                ["nafuna", "wekesa", "700000131", "700 000 131"].iter().any(|word| text.contains(word));
            if named || octets.windows(8).any(|eight| eight == number) {
                found.push(text);
            }
        }
    }
}

#[tokio::test]
async fn w160_whoever_asks_is_forgotten_by_two_people_and_the_books_stay_and_prove_themselves() {
    let mut village = Village::open().await;
    let (her, amina) = (nafuna(&village).await, village.amina());
    let order = earns(&village, &her, 850).await;
    assert!(refused(&village).await.contains("she takes it out first"), "money is open");
    her.cashes_out("850").await;
    her.reads("Sokoni sent KSh 850").await;
    let open = refused(&village).await;
    assert!(open.contains(&format!("order {} is not over", order.code)), "{open}");
    amina.asks(&format!("GONE {} 320", order.code), "we tell the buyer").await;
    village.colleague("Halima").has(&["shipping", "delivered", &order.code]).await;
    village.clock.advance(DAY * 14 + Duration::from_secs(60));
    order.reaches("closed").await;
    let early = refused(&village).await;
    assert!(early.contains("less than 180 days ago: her names may go from"), "{early}");
    village.clock.advance(DAY * 180);
    assert_eq!(her.balance().await, [0, 0, 0]);
    let halima = village.colleague("Halima");
    let page = halima.is_led(&format!("/desk/books/people?whom={PHONE}")).await;
    assert!(halima.opens(&page).await.contains("Nafuna Wekesa"));
    let story = [("en", "Nafuna bends brass as her aunt did."), ("fr", ""), ("consent", "Nafuna, by word")];
    assert_eq!(tells(&halima, &page, &story, Some(&picture(9, 400, 300))).await.0, 303);
    her.reads("Your story is in the shop").await;
    let books = village.books().await;
    village.stop().await;
    assert!(rows_of_hers(&village).await.len() > 20);
    let sealed = village.sokoni(&["ledger", "verify"]);
    let seal = sealed.lines().find_map(|line| line.strip_prefix("seal ")).expect("a seal").to_owned();
    village.start().await;
    village.bound().await;

    let halima = village.colleague("Halima");
    let asked = halima.has(&ERASE).await;
    let approval = asked.split(' ').next().expect("a name").to_owned();
    assert!(asked.contains("erasure, Nafuna Wekesa"), "{asked}");
    let alone = halima.types(&["approvals", "approve", &approval]).await.expect_err("no treasurer");
    assert!(alone.contains("It takes the role of"), "{alone}");
    let form = [("do", "approve"), ("approval", approval.as_str())];
    assert_eq!(village.colleague("Otieno").sends("/desk/approvals", &form).await.0, 303);
    her.reads("Sokoni removes your name").await;
    until("she is forgotten", || async {
        village.clock.advance(Duration::from_secs(3600));
        tokio::time::sleep(Duration::from_millis(100)).await;
        let list = village.desk("messages").await;
        (!list.to_string().contains("removes your name")).then_some(())
    })
    .await;

    // Of her story nothing is left, nor of its photograph and that of her piece.
    assert_eq!(village.clears_photos().await, 2);
    // Her page, the orders and the money stand under an alias.
    let juma = village.colleague("Juma");
    assert!(juma.opens(&page).await.contains("Erased "));
    assert!(juma.opens("/desk/approvals").await.contains("Erasure: Erased "));
    assert!(juma.opens("/desk/messages").await.contains("</html>"));
    assert_eq!(village.books().await, books);
    assert!(juma.opens(&format!("/desk/books/orders/{}", order.code)).await.contains("Erased "));
    village.stop().await;
    assert_eq!(rows_of_hers(&village).await, Vec::<String>::new());
    let proven = village.sokoni(&["ledger", "verify", "--seal", &seal]);
    assert!(proven.starts_with("whole: "), "{proven}");
    assert!(village.sokoni(&["store", "verify"]).starts_with("whole: "));
    village.start().await;
    village.bound().await;

    // The same number is somebody new.
    let new = nafuna(&village).await;
    assert_eq!(new.balance().await, [0, 0, 0]);
    let halima = village.colleague("Halima");
    let page = halima.opens(&halima.is_led(&format!("/desk/books/people?whom={PHONE}")).await).await;
    assert!(page.contains("Nafuna Wekesa") && !page.contains(&order.code), "{page}");
    village.closes().await;
}
