//! `sokoni serve` behind an aggregator alone: a configuration file without an SMSC, and a client
//! that behaves as the public pages of Africa's Talking say. Steps bring all that was typed so far,
//! some come twice, the end of every dialog is told, and every SMS is reported on.

use crate::support::actors::{Agent, Artisan, CODE, Phone, number};
use crate::support::handset::Handset;
use crate::support::serve::{AGGREGATOR, AGGREGATOR_KEY, AGGREGATOR_PATH, Server, Site, WallClock, log_of};
use crate::support::village::until;
use sokoni::sim::aggregator::{Aggregator, AggregatorOptions};
use sokoni::types::Lang;
use std::sync::Arc;

const ACHIENG: &str = "254700000101";
const AMINA: &str = "254700000201";

struct Town {
    aggregator: Aggregator,
    site: Site,
    server: Server,
}

impl Town {
    async fn open() -> Self {
        let aggregator = Aggregator::start(AggregatorOptions {
            port: 0,
            username: "sokoni".to_owned(),
            api_key: AGGREGATOR_KEY.to_owned(),
            service_code: CODE.to_owned(),
            short_code: "48357".to_owned(),
            clock: Arc::new(WallClock),
        })
        .await
        .expect("a port");
        let site = Site::behind(&aggregator.url).await;
        aggregator.set_callbacks(&format!("http://{}/gateway/{AGGREGATOR}/{AGGREGATOR_PATH}", site.http));
        let mut server = Server::start(&site);
        server.ready(&site).await;
        Self { aggregator, site, server }
    }

    fn phone(&self, number: &str, lang: Lang) -> Phone {
        let msisdn = number.parse().expect("a number");
        Phone::new(Handset::Http(self.aggregator.handset(msisdn)), lang)
    }

    /// Whether every step and every SMS of a phone is posted twice from now on.
    fn repeats(&self, repeats: bool) {
        self.aggregator.mischief(|mischief| mischief.repeat = repeats);
    }

    async fn rows(&self, what: &str) -> Vec<serde_json::Value> {
        self.site.desk(what).await["rows"].as_array().expect("rows").clone()
    }

    /// A counter of the gateway, as the desk tells it.
    async fn counter(&self, name: &str) -> u64 {
        let binds = self.rows("binds").await;
        assert_eq!(
            (binds.len(), binds[0]["mode"].as_str(), binds[0]["state"].as_str()),
            (1, Some("http"), Some("open"))
        );
        binds[0]["counters"][name].as_u64().unwrap_or_else(|| panic!("no counter {name}: {binds:?}"))
    }

    /// Two pieces bought through the shop's own pages.
    async fn buys_two(&self, listing: &str) {
        let page = self.site.page(&format!("/piece/{listing}")).await;
        let (_, rest) = page.split_once("name=\"idempotency_key\" value=\"").expect("a form");
        let key = rest.split('"').next().expect("a key");
        let pay = self.site.check_out(listing, 2, key).await.expect("the shop answers");
        self.site.pay(&pay).await;
    }
}

/// She takes an order by the keys of her phone.
async fn takes_by_keys(achieng: &Artisan, order: &str) {
    let list = achieng.walks(&["2"]).await;
    let line = list.lines().find(|line| line.contains(order));
    let line = line.unwrap_or_else(|| panic!("{order} is not in {list:?}"));
    let key = line.split(['.', ' ']).next().expect("a number");
    assert!(achieng.presses(key).await.contains("Utapata KSh 1,700"));
    assert!(achieng.presses("1").await.contains(&format!("Ni yako: {order}")));
}

#[tokio::test]
async fn an_artisan_joins_sells_and_is_paid_through_the_binary_over_http_callbacks_alone() {
    let town = Town::open().await;
    let achieng = Artisan::joins(town.phone(ACHIENG, Lang::SW), "Achieng Otieno", "4729").await;
    let amina = Agent(town.phone(AMINA, Lang::EN));

    // Every step twice: one piece is listed.
    town.repeats(true);
    let check = achieng.walks(&["1", "1", "1", "850", "3"]).await;
    assert!(check.starts_with("Mkufu, Shaba, KSh 850 kila moja, 3 tayari"), "{check}");
    let listing = number(&achieng.presses("1").await, 5);
    town.repeats(false);
    achieng.reads(&format!("Imehifadhiwa {listing}")).await;
    assert_eq!(town.rows("listings").await.len(), 1);
    amina.reads(&listing).await;
    amina.approves(&listing).await;
    achieng.reads("inauzwa").await;

    town.buys_two(&listing).await;
    let order = achieng.is_offered().await;
    takes_by_keys(&achieng, &order).await;
    achieng.has_made(&order).await;
    amina.reads(&order).await;
    amina.receives(&order).await;
    achieng.reads("wamepokea").await;
    amina.passes(&order, 2).await;
    achieng.reads("ni zako sasa").await;
    assert_eq!(achieng.balance().await, [170_000, 0, 0]);

    // Every step twice again, the PIN among them: one payout.
    town.repeats(true);
    let said = achieng.cashes_out("1700").await;
    town.repeats(false);
    assert!(said.starts_with("KSh 1,700 inatumwa kwa"), "{said}");
    let receipt = achieng.reads("Sokoni imetuma KSh 1,700 kwa ").await;
    let transfers = town.site.momo.transfers();
    assert_eq!(transfers.len(), 1, "{transfers:?}");
    assert_eq!((transfers[0].shillings, transfers[0].msisdn.as_str()), (1_700, ACHIENG));
    assert!(receipt.contains(&transfers[0].reference), "{receipt}");

    every_word_of_the_aggregator_is_kept(&town).await;
    an_sms_brought_again_after_a_crash_acts_once(town).await;
}

async fn every_word_of_the_aggregator_is_kept(town: &Town) {
    let steps = town.aggregator.steps();
    assert!(steps.iter().any(|(typed, _)| typed.starts_with("1*1*1*850*3")), "all that was typed: {steps:?}");
    assert!(steps.iter().all(|(_, said)| said.starts_with("CON ") || said.starts_with("END ")), "{steps:?}");
    until("the end of every dialog is told", || async {
        town.aggregator.over().iter().all(|over| over.told).then_some(())
    })
    .await;
    let sent = town.aggregator.taken().len() as u64;
    until("every SMS is reported as delivered", || async {
        let done = town.counter("receipts_in").await == 2 * sent;
        (done && town.rows("messages?state=taken").await.is_empty()).then_some(())
    })
    .await;
    assert_eq!(town.counter("sms_out").await, sent, "each left once");
    for name in ["sms_unknown", "sms_refused", "busy", "malformed", "screens_late", "hung_up"] {
        assert_eq!(town.counter(name).await, 0, "{name}");
    }
    assert_eq!(town.site.desk("trial-balance").await["sum"], 0);
}

async fn an_sms_brought_again_after_a_crash_acts_once(town: Town) {
    let url = format!("http://{}/gateway/{AGGREGATOR}/{AGGREGATOR_PATH}/sms", town.site.http);
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let bring = async || {
        let form = [
            ("from", format!("+{ACHIENG}")),
            ("to", "48357".to_owned()),
            ("text", "UZA HERENI SHANGA 400 2".to_owned()),
            ("date", "2026-11-22 09:00:00".to_owned()),
            ("id", "a-name-of-theirs".to_owned()),
        ];
        client.post(&url).form(&form).send().await.expect("answered").status().as_u16()
    };
    assert_eq!(bring().await, 200);
    let Town { aggregator, site, server } = town;
    server.kill();
    let mut server = Server::start(&site);
    server.ready(&site).await;
    let town = Town { aggregator, site, server };
    assert_eq!(bring().await, 200);
    assert_eq!((town.counter("sms_in").await, town.counter("sms_again").await), (0, 1));
    assert_eq!(town.rows("listings").await.len(), 2, "the second piece is listed once");

    let Town { site, server, .. } = town;
    let status = server.terminate(&site).await;
    assert!(status.success(), "{status}: {}", log_of(&site));
    site.audit();
}
