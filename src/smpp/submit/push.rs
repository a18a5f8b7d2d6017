//! The way out for pushes: a screen for a phone that dialled nothing.

use super::super::link::{Gateway, Part, PartSent, lock};
use super::super::pool::Pool;
use super::super::settings::Push;
use crate::engine::port::{PushOut, PushWay, Pushed};
use crate::types::Purpose;
use std::time::Duration;
use tokio::sync::oneshot;

/// A push that did not leave within this gives way to its SMS.
const TURN: Duration = Duration::from_secs(10);

impl Gateway {
    /// How phones are reached by a push here, if they are.
    pub fn push_way(&self) -> Option<PushWay> {
        let dialect = lock(&self.dialogs).habits().dialect().clone();
        let asks = match self.settings.push {
            Push::Off => return None,
            Push::Notify => false,
            Push::Ask => true,
        };
        Some(PushWay {
            gateway: self.id.clone(),
            asks,
            septets: u16::try_from(dialect.page_septets.min(dialect.most_septets)).ok(),
            wait: Duration::from_secs(self.settings.push_wait_seconds),
        })
    }
}

impl Pool {
    /// Sends a push by its gateway.
    pub(in super::super) async fn submit_push(&self, push: PushOut) -> Pushed {
        let refused = |why: &str| Pushed::Refused(why.to_owned());
        let PushOut { to, text, way } = push;
        let Some((gateway, line)) = self.line_for(Some(&way.gateway), 1) else {
            return refused("the SMSC bind was lost or filled up meanwhile");
        };
        // The gateway names the dialog, so the first answer is known by her number alone.
        let dialect = {
            let mut dialogs = lock(&gateway.dialogs);
            dialogs.pushed(to, way.asks, gateway.now());
            dialogs.habits().dialect().clone()
        };
        let from = gateway.settings.sender(Purpose::Order).addr;
        let Some(screen) = dialect.push(&from, to, &text, way.asks) else {
            return refused("the dialect takes no such push");
        };
        let (done, answer) = oneshot::channel();
        let give_up = gateway.now().after(TURN);
        if !line.send(Part { message: screen.message, as_data: screen.as_data, give_up, done }) {
            return refused("the SMSC bind was lost or filled up meanwhile");
        }
        match answer.await {
            Ok(PartSent::Taken(_)) => Pushed::Taken,
            Ok(PartSent::Unsent(why) | PartSent::Refused(_, why)) => Pushed::Refused(why),
            Ok(PartSent::Unanswered) | Err(_) => Pushed::Unknown,
        }
    }
}
