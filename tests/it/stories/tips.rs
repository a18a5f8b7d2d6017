//! STOP and START: tips end and begin again, orders and money never do.

use super::on_sale;
use crate::support::village::Village;

#[tokio::test]
async fn whoever_stops_tips_is_told_once_and_still_hears_of_her_orders() {
    let village = Village::open().await;
    let (achieng, amina) = (village.achieng().await, village.amina());
    achieng.texts("Stop").await;
    achieng.reads("No more tips").await;
    let listing = on_sale(&achieng, &amina, 850, 1).await;
    let order = village.shopper().buys(&listing, 1).await;
    assert_eq!(achieng.is_offered().await, order.code);
    achieng.texts("STOP ALL").await;
    achieng.texts("START").await;
    achieng.reads("You get tips").await;
    achieng.gets_exactly(1, "No more tips").await;
    village.closes().await;
}
