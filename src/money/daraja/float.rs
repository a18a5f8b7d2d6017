//! What Safaricom says is left to pay from: asked for now and then, and told beside results.

use super::DarajaRail;
use crate::money::proof::Fault;
use crate::money::rail::Rail;
use crate::types::PayoutId;
use secrecy::ExposeSecret;
use serde_json::json;
use std::time::Duration;

/// Stands for a payout in what is asked about none.
pub(super) const NOTHING: PayoutId = PayoutId::from_bytes([0; 16]);

impl DarajaRail {
    /// Holds payouts while the float is below its floor, and lets them go on above it.
    pub(super) fn float_is(&self, cents: i64) {
        let settings = &self.config.settings;
        let floor = i64::from(settings.float_floor_shillings) * 100;
        if cents < floor {
            // Until the balance is told again, and some more where that fails once or twice.
            let heard_again = Duration::from_secs(u64::from(settings.balance_minutes) * 60 * 3);
            let why = format!("{} shillings are left", cents / 100);
            self.link().hold_for(Fault::Float, heard_again, &why);
        } else if floor > 0 {
            self.link().release(Fault::Float);
        }
    }

    /// Asks for the balance now and then; it comes by itself. Never ends.
    pub(super) async fn watch_float(&self) {
        let settings = &self.config.settings;
        let every = Duration::from_secs(u64::from(settings.balance_minutes) * 60);
        if every.is_zero() {
            return std::future::pending().await;
        }
        let body = json!({
            "Initiator": settings.initiator,
            "SecurityCredential": self.config.credential.expose_secret(),
            "CommandID": "AccountBalance",
            "PartyA": settings.short_code,
            "IdentifierType": "4",
            "ResultURL": format!("{}/{}", self.address("float", NOTHING), self.tag(NOTHING)),
            "QueueTimeOutURL": self.address("unasked", NOTHING),
            "Remarks": "Sokoni float",
        });
        loop {
            if self.link().held() != Some(Fault::Credential) {
                let heard = self.question("/mpesa/accountbalance/v1/query", &body).await;
                self.link().note(&heard, false);
            }
            tokio::time::sleep(every).await;
        }
    }
}
