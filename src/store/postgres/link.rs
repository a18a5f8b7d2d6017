//! Connections to the database: how they are made, and what their errors mean.

use super::Settings;
use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use std::future::poll_fn;
use std::str::FromStr;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_postgres::config::{SslMode, TargetSessionAttrs};
use tokio_postgres::error::SqlState;
use tokio_postgres::{AsyncMessage, Client, Config, Connection, NoTls, Notification};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_rustls::rustls::ClientConfig;

/// How a connection is made anew where the settings say nothing.
const CONNECT: Duration = Duration::from_secs(5);

/// What is wrong with a connection, or with what was asked over it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Broken {
    /// It may go well the next time: the database is away, restarts, stands by, is full or busy.
    Again(String),
    /// It never will.
    Never(String),
}

impl From<tokio_postgres::Error> for Broken {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(told) = error.as_db_error() else { return Self::Again(in_words(&error)) };
        let why = format!("{} ({})", told.message(), told.code().code());
        match told.code() {
            code if never(code) => Self::Never(why),
            _ => Self::Again(why),
        }
    }
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Again(why) | Self::Never(why) => f.write_str(why),
        }
    }
}

/// An error and what caused it: the outer one alone says little.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(one) = cause {
        words = format!("{words}: {one}");
        cause = one.source();
    }
    words
}

/// Errors that no waiting mends, by their class (PostgreSQL, appendix A): who we are, what we may, and what
/// the schema is.
fn never(code: &SqlState) -> bool {
    let code = code.code();
    ["28", "42", "3D", "3F"].iter().any(|class| code.starts_with(class)) || code == "0A000"
}

/// Drives a new connection until it ends.
fn driven<S, T>(
    made: Result<(Client, Connection<S, T>), tokio_postgres::Error>,
    ear: Option<mpsc::UnboundedSender<Notification>>,
) -> Result<Client, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (client, mut connection) = made?;
    tokio::spawn(async move {
        while let Some(message) = poll_fn(|cx| connection.poll_message(cx)).await {
            match message {
                Ok(AsyncMessage::Notification(note)) => {
                    // Nobody who listens is no fault.
                    let _ = ear.as_ref().map(|ear| ear.send(note));
                }
                Ok(AsyncMessage::Notice(notice)) => tracing::debug!(%notice, "the database"),
                Ok(_) => {}
                Err(why) => {
                    tracing::warn!(why = in_words(&why), "a connection to the database ended");
                    return;
                }
            }
        }
    });
    Ok(client)
}

/// What connections are made from.
#[derive(Clone)]
pub(super) struct Link {
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

impl Link {
    /// Reads the settings.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn new(settings: &Settings, secret: Option<&str>) -> Result<Self, String> {
        let mut config = Config::from_str(&settings.url)
            .map_err(|why| format!("[store.postgres] url: {}", in_words(&why)))?;
        if let Some(secret) = secret {
            config.password(secret);
        }
        if config.get_password().is_some() && secret.is_none() {
            return Err("[store.postgres] url: name the password's file in password_file".to_owned());
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("sokoni");
        }
        // A standby takes no writes: with several hosts the one that does is looked for.
        config.target_session_attrs(TargetSessionAttrs::ReadWrite);
        let patience = Duration::from_secs(settings.statement_seconds.into());
        // A host that vanished says nothing: either end finds out by itself.
        config.keepalives_idle(patience).keepalives_interval(CONNECT).keepalives_retries(2);
        config.tcp_user_timeout(patience * 2);
        let (millis, seconds) = (patience.as_millis(), patience.as_secs());
        let options = config.get_options().unwrap_or_default();
        config.options(format!(
            "{options} -c statement_timeout={millis} -c lock_timeout={millis} \
             -c idle_in_transaction_session_timeout={millis} -c synchronous_commit={} \
             -c tcp_user_timeout={} -c tcp_keepalives_idle={seconds} -c tcp_keepalives_interval=5 \
             -c tcp_keepalives_count=2",
            settings.synchronous_commit,
            millis * 2
        ));
        // Whoever names authorities means no connection without them.
        if settings.ca_file.is_some() && config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Require);
        }
        let tls = match (config.get_ssl_mode(), settings.tls.clone()) {
            (SslMode::Disable, _) => None,
            (_, Some(tls)) => Some(MakeRustlsConnect::new(ClientConfig::clone(&tls))),
            (SslMode::Require, None) => {
                return Err(
                    "[store.postgres] url: sslmode=require, and no authorities are at hand".to_owned()
                );
            }
            (_, None) => None,
        };
        Ok(Self { config, tls })
    }

    /// A connection that writes: no statement of it is stopped by the database, which would call a commit
    /// done that waits for a standby.
    pub(super) async fn open_to_write(&self) -> Result<Client, Broken> {
        let client = self.open().await?;
        client.batch_execute("SET statement_timeout = 0").await?;
        Ok(client)
    }

    /// A connection of its own.
    pub(super) async fn open(&self) -> Result<Client, Broken> {
        self.open_hearing(None).await
    }

    /// The same; what the database has to say unasked goes to `ear`, which closes with the connection.
    pub(super) async fn open_hearing(
        &self, ear: Option<mpsc::UnboundedSender<Notification>>,
    ) -> Result<Client, Broken> {
        let opened = async {
            match &self.tls {
                Some(tls) => driven(self.config.connect(tls.clone()).await, ear),
                None => driven(self.config.connect(NoTls).await, ear),
            }
        };
        // Each host of the list may take as long as a connection does, and as long again to greet.
        let hosts = u32::try_from(self.config.get_hosts().len()).unwrap_or(1).max(1);
        tokio::time::timeout(CONNECT * 2 * hosts, opened)
            .await
            .map_err(|_| Broken::Again("the database does not greet".to_owned()))?
    }

    /// Connections for readers.
    pub(super) fn pool(&self, most: usize, wait: Duration) -> Result<Pool, String> {
        let recycled = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = match &self.tls {
            Some(tls) => Manager::from_config(self.config.clone(), tls.clone(), recycled),
            None => Manager::from_config(self.config.clone(), NoTls, recycled),
        };
        Pool::builder(manager)
            .max_size(most)
            .wait_timeout(Some(wait))
            .create_timeout(Some(wait))
            .recycle_timeout(Some(wait))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|why| why.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waiting_mends_and_what_it_does_not_are_told_apart() {
        for code in ["57P01", "57P03", "25006", "53100", "53300", "40001", "40P01", "55P03", "57014"] {
            assert!(!never(&SqlState::from_code(code)), "{code}");
        }
        for code in ["28P01", "42501", "42P01", "3D000"] {
            assert!(never(&SqlState::from_code(code)), "{code}");
        }
    }

    #[test]
    fn a_password_stands_in_a_file_and_a_mistyped_url_is_told_of() {
        let settings = |url: &str| Settings { url: url.to_owned(), ..Settings::default() };
        let why = |url| Link::new(&settings(url), None).err().unwrap_or_default();
        assert!(why("host=db user=sokoni password=hush").contains("password_file"));
        assert!(why("host=db sslmode=require").contains("authorities"));
        assert!(why("host=db prot=5432").contains("url"));
        assert_eq!(why("host=db,db2 user=sokoni dbname=sokoni"), "");
    }
}
