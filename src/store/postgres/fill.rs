//! An empty database is given the rows of another store, all of them or none.

use super::Postgres;
use super::link::Broken;
use crate::store::copy::{Change, Sink};
use crate::store::{Key, StoreError, row};
use futures_util::future::BoxFuture;
use std::collections::BTreeMap;
use tokio_postgres::Client;

/// One transaction.
pub struct Filling {
    client: Client,
}

fn away(why: tokio_postgres::Error) -> StoreError {
    StoreError::Away(Broken::from(why).to_string())
}

impl Postgres {
    /// Begins to fill it; nobody else writes until that is done.
    ///
    /// # Errors
    /// It holds something already, or is away.
    pub async fn fill(&self) -> Result<Filling, StoreError> {
        let opened = self.link.open_to_write().await;
        let client = opened.map_err(|why| StoreError::Away(why.to_string()))?;
        let begin =
            "SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT only_one FROM gate FOR UPDATE";
        client.batch_execute(begin).await.map_err(away)?;
        let rows = client.query("SELECT 1 FROM kv LIMIT 1", &[]).await.map_err(away)?;
        match rows.is_empty() {
            true => Ok(Filling { client }),
            false => Err(StoreError::Malformed(
                "there is a store in this database; name one that has none".to_owned(),
            )),
        }
    }
}

impl Filling {
    async fn write(&self, rows: Vec<Change>) -> Result<(), StoreError> {
        // Of several of one key the last counts; one statement takes a key once.
        let last: BTreeMap<Key, Option<Vec<u8>>> =
            rows.into_iter().map(|(key, found)| (key, found.map(|found| row::encode(&found)))).collect();
        let (mut put, mut values, mut gone) = (Vec::new(), Vec::new(), Vec::new());
        for (key, value) in last {
            match value {
                Some(value) => {
                    put.push(key);
                    values.push(value);
                }
                None => gone.push(key),
            }
        }
        let insert = "INSERT INTO kv SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
                      ON CONFLICT (k) DO UPDATE SET v = excluded.v";
        self.client.execute(insert, &[&put, &values]).await.map_err(away)?;
        if !gone.is_empty() {
            self.client.execute("DELETE FROM kv WHERE k = ANY($1)", &[&gone]).await.map_err(away)?;
        }
        Ok(())
    }

    /// Commits it.
    ///
    /// # Errors
    /// The database is away: look into it whether it was.
    pub async fn done(self) -> Result<(), StoreError> {
        self.client.batch_execute("COMMIT").await.map_err(away)?;
        // What readers will ask is planned by what is there now.
        self.client.batch_execute("ANALYZE kv").await.map_err(away)
    }
}

impl Sink for Filling {
    fn put(&mut self, rows: Vec<Change>) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(self.write(rows))
    }
}
