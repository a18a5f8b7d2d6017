//! Letters to shoppers on their way: by SMTP (RFC 5321) to the house's mail server, or as files into a folder
//! where there is none, as `sokoni demo` has it. lettre speaks SMTP and writes the messages; what a letter
//! says is worded elsewhere and comes in as a function.
//!
//! May import `engine`'s port of letters and `types`.

use crate::engine::letters::{Letter, MailOut, Posted};
use futures_util::future::BoxFuture;
use lettre::message::{Mailbox, header::ContentType};
use lettre::transport::smtp::authentication::Credentials;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long the mail server may be silent.
const PATIENCE: Duration = Duration::from_secs(20);

/// `[mail]`: how letters to shoppers leave. Without `smtp` and `folder` none does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Whom letters are from: `Sokoni <orders@sokoni.example>`.
    pub from: String,
    /// The mail server: `smtps://mail.example:465`, or `smtp://mail.example:587?tls=required`.
    pub smtp: Option<String>,
    /// Who we are there, if it asks.
    pub user: Option<String>,
    /// Where the password is.
    pub password_file: Option<PathBuf>,
    /// Letters are written into this folder instead, as files that any mail program opens.
    pub folder: Option<PathBuf>,
}

/// The words of a letter: what stands above it, and what it says.
pub type Words = fn(&Letter) -> (String, String);

/// Takes letters to where they go.
pub struct Postman {
    from: Mailbox,
    words: Words,
    way: Way,
}

enum Way {
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>),
    Folder(PathBuf),
}

impl Settings {
    /// Somebody who takes letters; `None` where none are sent.
    ///
    /// # Errors
    /// What is wrong with the settings, and what to write instead.
    pub fn postman(&self, words: Words) -> Result<Option<Postman>, String> {
        let way = match (&self.smtp, &self.folder) {
            (None, None) if *self == Self::default() => return Ok(None),
            (Some(url), None) => Way::Smtp(Box::new(self.server(url)?)),
            (None, Some(folder)) => {
                std::fs::create_dir_all(folder)
                    .map_err(|why| format!("folder {}: {why}", folder.display()))?;
                Way::Folder(folder.clone())
            }
            (None, None) => return Err("say where letters go: smtp, or folder".to_owned()),
            (Some(_), Some(_)) => return Err("letters go by smtp or into folder, not both".to_owned()),
        };
        let from = self.from.parse().map_err(|why| {
            format!("from {:?}: {why}; write such as Sokoni <orders@sokoni.example>", self.from)
        })?;
        Ok(Some(Postman { from, words, way }))
    }

    fn server(&self, url: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
        let wrong = |why: String| format!("smtp {url:?}: {why}; write such as smtps://mail.example:465");
        let parsed = url::Url::parse(url).map_err(|why| wrong(why.to_string()))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(wrong("who we are stands in user and password_file".to_owned()));
        }
        let is_near = match parsed.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            // In schemes that browsers do not know, an address is a name.
            Some(url::Host::Domain(name)) => {
                name == "localhost" || name.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback())
            }
            None => return Err(wrong("it names no host".to_owned())),
        };
        let required = parsed.query_pairs().any(|(key, value)| key == "tls" && value == "required");
        if parsed.scheme() != "smtps" && !required && !is_near {
            return Err(wrong("letters and a password would go in the clear; add ?tls=required".to_owned()));
        }
        let server =
            AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|why| wrong(why.to_string()))?;
        let server = server.timeout(Some(PATIENCE));
        let server = match (&self.user, &self.password_file) {
            (None, None) => server,
            (Some(user), Some(file)) => server.credentials(Credentials::new(user.clone(), password(file)?)),
            _ => return Err("user and password_file stand together".to_owned()),
        };
        Ok(server.build())
    }
}

fn password(file: &Path) -> Result<String, String> {
    let text = std::fs::read_to_string(file);
    let text = SecretString::from(text.map_err(|why| format!("password_file {}: {why}", file.display()))?);
    Ok(text.expose_secret().trim().to_owned())
}

impl Postman {
    fn message(&self, letter: &Letter) -> Result<Message, String> {
        let (subject, body) = (self.words)(letter);
        let to = letter.to.parse().map_err(|_| "that is no address")?;
        let domain = self.from.email.domain();
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(Some(letter.name.clone()), to))
            .subject(subject)
            .message_id(Some(format!("<{}@{domain}>", letter.id)))
            .header(ContentType::TEXT_PLAIN)
            .body(body)
            .map_err(|why| why.to_string())
    }

    async fn takes(&self, letter: Letter) -> Posted {
        let message = match self.message(&letter) {
            Ok(message) => message,
            Err(why) => return Posted::Never(why),
        };
        match &self.way {
            Way::Smtp(server) => match server.send(message).await {
                Ok(_) => Posted::Taken,
                // The words of a mail server may repeat the address.
                Err(why) if why.is_permanent() => Posted::Never(said(&why)),
                Err(why) => Posted::Later(said(&why)),
            },
            Way::Folder(folder) => {
                let file = folder.join(format!("{}.eml", letter.id));
                match tokio::fs::write(file, message.formatted()).await {
                    Ok(()) => Posted::Taken,
                    Err(why) => Posted::Later(why.to_string()),
                }
            }
        }
    }
}

/// What went wrong, without words that may name the address.
fn said(why: &lettre::transport::smtp::Error) -> String {
    match why.status() {
        Some(code) => format!("the mail server said {code}"),
        None if why.is_timeout() => "the mail server is silent".to_owned(),
        None if why.is_tls() => format!("no TLS with the mail server: {why}"),
        None => format!("the mail server cannot be reached: {why}"),
    }
}

impl MailOut for Postman {
    fn post(&self, letter: Letter) -> BoxFuture<'_, Posted> {
        Box::pin(self.takes(letter))
    }
}

#[cfg(test)]
mod tests;
