//! The ways out for SMS put together: the routing table says by which gateways a number is
//! reached, and the way that owns the first open one sends.

use super::port::{GatewayId, PushOut, PushWay, Pushed, Sent, SmsOut, SmsSender, SmsWay};
use crate::types::routing::Table;
use futures_util::future::{BoxFuture, FutureExt};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// When an SMS is tried again that found no way open.
const NO_WAY: Duration = Duration::from_secs(5);

/// Every way out, under one table that may be changed while they run.
pub struct Routes {
    ways: Vec<Arc<dyn SmsWay>>,
    table: RwLock<Arc<Table>>,
}

impl Routes {
    /// These ways, all of them for every number until a [`table`](Self::set_table) says otherwise.
    pub fn new(ways: Vec<Arc<dyn SmsWay>>) -> Self {
        let routes = Self { ways, table: RwLock::default() };
        routes.set_table(Table::everywhere(routes.gateways()));
        routes
    }

    /// Every gateway of every way.
    pub fn gateways(&self) -> Vec<GatewayId> {
        self.ways.iter().flat_map(|way| way.gateways()).collect()
    }

    /// From now on SMS go by this table.
    pub fn set_table(&self, table: Table) {
        *self.table.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(table);
    }

    /// The table SMS go by now.
    pub fn table(&self) -> Arc<Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The way that owns a gateway.
    fn way(&self, gateway: &GatewayId) -> Option<&Arc<dyn SmsWay>> {
        self.ways.iter().find(|way| way.gateways().contains(gateway))
    }

    /// The gateway for an SMS, and its way: where it is half sent, or the first open one of the
    /// table.
    fn choose(&self, sms: &SmsOut) -> Option<(GatewayId, &Arc<dyn SmsWay>)> {
        let is_open = |gateway: &GatewayId| self.way(gateway).is_some_and(|way| way.is_open(gateway, sms));
        let bound_to = sms.gateway.clone().or_else(|| self.ways.iter().find_map(|way| way.holds(sms)));
        let gateway = match bound_to {
            // A gateway that was taken out of the configuration holds nobody back.
            Some(gateway) if self.way(&gateway).is_some() => Some(gateway).filter(is_open),
            _ => self.table().choose(sms.to, is_open).into_iter().next(),
        }?;
        let way = self.way(&gateway)?;
        Some((gateway, way))
    }
}

impl SmsSender for Routes {
    fn room(&self) -> usize {
        self.ways.iter().map(|way| way.room()).fold(0, usize::saturating_add)
    }

    fn send(&self, sms: SmsOut) -> BoxFuture<'_, Sent> {
        async move {
            match self.choose(&sms) {
                Some((gateway, way)) => way.send(SmsOut { gateway: Some(gateway), ..sms }).await,
                None => Sent::Later {
                    after: NO_WAY,
                    why: "no gateway to this number is up with room to send".to_owned(),
                },
            }
        }
        .boxed()
    }

    fn push_way(&self, sms: &SmsOut) -> Option<PushWay> {
        let (gateway, way) = self.choose(sms)?;
        way.push_way(&SmsOut { gateway: Some(gateway), ..sms.clone() })
    }

    fn push(&self, push: PushOut) -> BoxFuture<'_, Pushed> {
        match self.way(&push.way.gateway) {
            Some(way) => way.push(push),
            None => std::future::ready(Pushed::Refused("its gateway is no more".to_owned())).boxed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::purpose::Purpose;
    use crate::types::{Msisdn, Timestamp, routing::Sources};
    use std::sync::Mutex;

    /// Gateways that are open or not, and what was sent by each.
    #[derive(Default)]
    struct Way {
        gateways: Vec<GatewayId>,
        open: Mutex<Vec<&'static str>>,
        half_sent_at: Option<GatewayId>,
        sent: Mutex<Vec<GatewayId>>,
    }

    impl SmsSender for Way {
        fn send(&self, sms: SmsOut) -> BoxFuture<'_, Sent> {
            let gateway = sms.gateway.expect("a gateway was chosen");
            self.sent.lock().expect("unpoisoned").push(gateway.clone());
            async { Sent::Taken { gateway, ids: vec!["1".to_owned()] } }.boxed()
        }
    }

    impl SmsWay for Way {
        fn gateways(&self) -> Vec<GatewayId> {
            self.gateways.clone()
        }
        fn is_open(&self, gateway: &GatewayId, _: &SmsOut) -> bool {
            self.open.lock().expect("unpoisoned").contains(&&**gateway)
        }
        fn holds(&self, _: &SmsOut) -> Option<GatewayId> {
            self.half_sent_at.clone()
        }
    }

    fn way(gateways: &[&'static str]) -> Way {
        let open = Mutex::new(gateways.to_vec());
        Way { gateways: gateways.iter().map(|name| GatewayId::from(*name)).collect(), open, ..Way::default() }
    }

    fn sms() -> SmsOut {
        SmsOut {
            id: "row 7".to_owned(),
            to: Msisdn::from_e164("254733000001").expect("a number"),
            text: "Habari".to_owned(),
            purpose: Purpose::default(),
            give_up: Timestamp::from_millis(1),
            gateway: None,
            partly: None,
        }
    }

    const TABLE: &str = "[operator.airtel]\ngateways = [\"hub\", \"safari\"]\nprefixes = [\"25473\"]";

    /// SMPP gateways, an HTTP gateway, and the table over both.
    fn rig(smpp: Way, http: Way) -> (Arc<Way>, Arc<Way>, Routes) {
        let (smpp, http) = (Arc::new(smpp), Arc::new(http));
        let ways: Vec<Arc<dyn SmsWay>> = vec![smpp.clone(), http.clone()];
        let routes = Routes::new(ways);
        let known = [&smpp.gateways[..], &http.gateways[..]].concat();
        let sources = Sources { operators: ("routes.toml", TABLE), ported: None };
        routes.set_table(Table::read(sources, &known).expect("sound"));
        (smpp, http, routes)
    }

    fn sent(way: &Way) -> Vec<GatewayId> {
        way.sent.lock().expect("unpoisoned").clone()
    }

    #[tokio::test]
    async fn an_sms_goes_to_whoever_owns_the_gateway_of_the_table() {
        let (smpp, http, routes) = rig(way(&["safari"]), way(&["hub"]));
        assert!(matches!(routes.send(sms()).await, Sent::Taken { .. }));
        assert_eq!((sent(&smpp).len(), sent(&http)), (0, vec!["hub".into()]));
    }

    #[tokio::test]
    async fn a_gateway_without_room_gives_way_to_the_next_even_of_another_kind() {
        let (smpp, http, routes) = rig(way(&["safari"]), way(&["hub"]));
        http.open.lock().expect("unpoisoned").clear();
        routes.send(sms()).await;
        assert_eq!((sent(&smpp), sent(&http).len()), (vec!["safari".into()], 0));
        smpp.open.lock().expect("unpoisoned").clear();
        assert!(matches!(routes.send(sms()).await, Sent::Later { .. }));
    }

    #[tokio::test]
    async fn a_message_that_is_half_sent_waits_for_its_own_gateway() {
        let half_sent_at = Some(GatewayId::from("safari"));
        let (smpp, _, routes) = rig(Way { half_sent_at, ..way(&["safari"]) }, way(&["hub"]));
        routes.send(sms()).await;
        assert_eq!(sent(&smpp), ["safari".into()], "although the table says hub first");
        smpp.open.lock().expect("unpoisoned").clear();
        assert!(matches!(routes.send(sms()).await, Sent::Later { .. }));
    }

    #[tokio::test]
    async fn a_gateway_said_outright_wins_over_the_table_unless_it_is_no_more() {
        let (smpp, http, routes) = rig(way(&["safari"]), way(&["hub"]));
        routes.send(SmsOut { gateway: Some("safari".into()), ..sms() }).await;
        routes.send(SmsOut { gateway: Some("gone".into()), ..sms() }).await;
        assert_eq!((sent(&smpp), sent(&http)), (vec!["safari".into()], vec!["hub".into()]));
    }
}
