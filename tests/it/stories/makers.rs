//! A maker's story and photograph: told at the desk with her consent, read in the shop by her first name, and
//! gone when she wants them gone.

use super::open_stall;
use crate::support::desk::Colleague;
use crate::support::photo::{Door, at_a_place, holds, picture};
use crate::support::shopper::attribute;
use reqwest::StatusCode;

/// Where the desk looks at somebody.
pub(super) async fn at_desk(halima: &Colleague<'_>, phone: &str) -> String {
    halima.is_led(&format!("/desk/books/people?whom={phone}")).await
}

/// Sends the form of a story; what the desk answers.
pub(super) async fn tells(
    who: &Colleague<'_>, page: &str, words: &[(&str, &str)], photo: Option<&[u8]>,
) -> (StatusCode, String) {
    who.sends_file(&format!("{page}/story"), words, ("photo", photo.unwrap_or_default())).await
}

const STORY: &str = "Achieng learnt brass from her aunt in Kibera.\n\nShe teaches two girls of her street.";

#[tokio::test]
async fn a_maker_is_told_of_as_she_agreed_by_her_first_name_and_no_longer_than_she_wants() {
    let (village, achieng, _, listing) = open_stall(850, 1).await;
    let (shopper, halima) = (village.shopper(), village.colleague("Halima"));
    let piece = shopper.sees(&listing).await;
    let maker =
        piece.split("href=\"/maker/").nth(1).and_then(|rest| rest.split('"').next()).expect("her page");
    let maker = format!("/maker/{maker}");
    assert!(!piece.contains("data-testid=\"story\""), "nothing is made up");
    let page = at_desk(&halima, "0700000101").await;
    assert!(halima.opens(&page).await.contains("data-testid=\"story-form\""));

    // What she did not agree to, what leads to her elsewhere and what is no picture is not shown, and stays typed.
    let agreed = ("consent", "on paper at the kiosk, 3 May, read to her");
    for (words, photo, why) in [
        ([("en", STORY), ("fr", ""), ("consent", " ")], None, "say how and when she agreed"),
        ([("en", "Call Achieng at 0712 345 678 today"), ("fr", ""), agreed], None, "leave phone numbers out"),
        ([("en", "Mama Achieng Otieno of Kibera"), ("fr", ""), agreed], None, "first names only"),
        ([("en", STORY), ("fr", "voir www.achieng.example"), agreed], None, "leave addresses of pages"),
        ([("en", "Hers."), ("fr", ""), agreed], None, "write 20 to 600 letters"),
        ([("en", ""), ("fr", "Elle travaille le laiton."), agreed], None, "write 20 to 600 letters"),
        ([("en", STORY), ("fr", ""), agreed], Some(&b"GIF89a"[..]), "this is no picture that we can read"),
    ] {
        let (status, said) = tells(&halima, &page, &words, photo).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{words:?}");
        assert!(said.contains(why) && said.contains(words[0].1.lines().next().unwrap_or_default()), "{said}");
    }
    assert!(!shopper.opens(&maker).await.1.contains("data-testid=\"story\""));
    let whole = [("en", STORY), ("fr", ""), agreed];
    let (status, _) = tells(&village.colleague("Otieno"), &page, &whole, None).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "a treasurer looks after no people");

    let photo = at_a_place(&picture(7, 1_400, 1_050));
    assert!(holds(&photo, b"Exif"));
    let (status, said) = tells(&halima, &page, &whole, Some(&photo)).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{said}");
    let told = achieng.reads("Your story is in the shop").await;
    assert!(told.contains(&maker) && told.contains("To change it or end it call"), "{told}");
    // Sent twice by a hasty finger, it is told once.
    let (status, said) = tells(&halima, &page, &whole, Some(&photo)).await;
    assert_eq!(status, StatusCode::SEE_OTHER, "{said}");
    achieng.gets_exactly(1, "Your story is in the shop").await;
    let seen = shopper.opens(&maker).await.1;
    for words in ["About Achieng", "Achieng learnt brass from her aunt", "<p>She teaches two girls"] {
        assert!(seen.contains(words), "{words} in {seen}");
    }
    let src = attribute(
        &seen,
        "<section class=\"story\" aria-labelledby=\"story\" data-testid=\"story\">\n<img",
        "src",
    );
    let src = src.expect("a photograph");
    assert!(src.starts_with("/photo/") && seen.contains("alt=\"A photograph of Achieng\""), "{seen}");
    let file = Door::of(&format!("{}/upload#x", village.url)).gets(&src).await;
    assert_eq!(file.0, StatusCode::OK);
    assert!(!holds(&file.2, b"Exif"), "nothing of what the camera wrote is left");
    assert!(shopper.sees(&listing).await.contains("She teaches two girls"), "with her pieces, too");
    let french = shopper.opens(&format!("{maker}?lang=fr")).await.1;
    assert!(
        french.contains("À propos de Achieng") && french.contains("<p lang=\"en\">Achieng learnt"),
        "{french}"
    );
    let desk = halima.opens(&page).await;
    assert!(
        desk.contains("on paper at the kiosk, 3 May") && desk.contains("data-testid=\"portrait\""),
        "{desk}"
    );
    assert!(
        !seen.contains("on paper") && !seen.contains("Halima"),
        "who wrote it and how she agreed is ours"
    );
    assert_eq!(village.clears_photos().await, 0, "it is somebody's");
    let kept = halima.has(&["person", "export", "0700000101"]).await;
    assert!(kept.contains("Achieng learnt brass") && kept.contains("on paper at the kiosk"), "{kept}");

    // In French, and without the photograph; then not at all.
    let french = [("en", STORY), ("fr", "Elle a appris le laiton de sa tante."), agreed, ("no_photo", "1")];
    assert_eq!(tells(&halima, &page, &french, None).await.0, StatusCode::SEE_OTHER);
    let seen = shopper.opens(&format!("{maker}?lang=fr")).await.1;
    assert!(seen.contains("<p>Elle a appris") && !seen.contains("data-testid=\"portrait\""), "{seen}");
    assert_eq!(village.clears_photos().await, 1, "nobody's any more");
    let nothing = [("en", ""), ("fr", ""), ("consent", "")];
    for _ in 0..2 {
        assert_eq!(tells(&halima, &page, &nothing, None).await.0, StatusCode::SEE_OTHER);
        assert!(!shopper.opens(&maker).await.1.contains("data-testid=\"story\""));
    }
    village.closes().await;
}
