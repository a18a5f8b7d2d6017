//! The rows as they stood at one moment, however long one looks: nothing can be written.

use super::link::Broken;
use super::{Span, ordered, pair, question};
use crate::store::batch::{Batch, Committed, Row};
use crate::store::{Key, Store, StoreError};
use futures_util::future::BoxFuture;
use tokio_postgres::Client;
use tokio_postgres::types::ToSql;

/// A look at the store that does not move.
#[derive(Debug)]
pub struct Snapshot {
    client: Client,
    position: u64,
}

impl Snapshot {
    pub(super) async fn new(client: Client) -> Result<Self, StoreError> {
        let away = |why: tokio_postgres::Error| StoreError::Away(Broken::from(why).to_string());
        // A look at everything takes longer than anything that somebody waits for.
        let begin = "SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; \
                     BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
        client.batch_execute(begin).await.map_err(away)?;
        let mut snapshot = Self { client, position: 0 };
        snapshot.position = crate::store::journal::head(&snapshot).await?.position;
        Ok(snapshot)
    }

    /// Octets of its tables and their indexes.
    ///
    /// # Errors
    /// The database is away.
    pub async fn size_on_disk(&self) -> Result<u64, StoreError> {
        let rows = self.asked("SELECT pg_total_relation_size('kv')", &[]).await?;
        Ok(rows.first().map_or(0, |row| u64::try_from(row.get::<_, i64>(0)).unwrap_or(0)))
    }

    async fn asked(
        &self, question: &str, about: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let asked = self.client.query(question, about).await;
        asked.map_err(|why| StoreError::Away(Broken::from(why).to_string()))
    }
}

impl Store for Snapshot {
    fn read(&self, keys: Vec<Key>) -> BoxFuture<'_, Result<Vec<Option<Row>>, StoreError>> {
        Box::pin(async move { ordered(&keys, &self.asked(question::ROWS, &[&keys]).await?) })
    }

    fn scan(
        &self, prefix: Key, from: Option<Key>, limit: usize, back: bool,
    ) -> BoxFuture<'_, Result<Vec<(Key, Row)>, StoreError>> {
        Box::pin(async move {
            let Some(span) = Span::of(&prefix, from.as_deref(), limit, back) else { return Ok(Vec::new()) };
            let (question, about) = span.question(back);
            self.asked(question, &about).await?.iter().map(pair).collect()
        })
    }

    fn commit(&self, _: Batch) -> BoxFuture<'_, Result<Committed, StoreError>> {
        Box::pin(async {
            Err(StoreError::Malformed(
                "this is a look at the store as it stood: nothing is written".to_owned(),
            ))
        })
    }

    fn position(&self) -> u64 {
        self.position
    }
}
