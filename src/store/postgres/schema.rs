//! The numbered files of the schema: each is run once, forward only, by whoever comes first.

use super::link::Broken;
use tokio_postgres::Client;

/// Every file, in order; what was released is never changed.
const FILES: [&str; 1] = [include_str!("0001.sql")];
/// Names the lock under which the schema is brought forward: letters of our name.
const LOCK: i64 = 0x0000_536F_6B6F_6E69;

/// Brings the schema forward to this release's.
///
/// # Errors
/// The database's, and when a later release was here.
pub(super) async fn bring_forward(client: &mut Client) -> Result<(), Broken> {
    let work = client.transaction().await?;
    work.execute("SELECT pg_advisory_xact_lock($1)", &[&LOCK]).await?;
    work.batch_execute(
        "CREATE TABLE IF NOT EXISTS schema (number int PRIMARY KEY, at timestamptz NOT NULL DEFAULT now())",
    )
    .await?;
    let newest: Option<i32> = work.query_one("SELECT max(number) FROM schema", &[]).await?.get(0);
    let newest = usize::try_from(newest.unwrap_or_default()).unwrap_or_default();
    if newest > FILES.len() {
        return Err(Broken::Never(format!(
            "its schema is number {newest}, and this release knows up to {}: use the newer release",
            FILES.len()
        )));
    }
    for (number, file) in (1i32..).zip(FILES).skip(newest) {
        work.batch_execute(file).await?;
        work.execute("INSERT INTO schema (number) VALUES ($1)", &[&number]).await?;
        tracing::info!(number, "the schema of the database was brought forward");
    }
    Ok(work.commit().await?)
}
