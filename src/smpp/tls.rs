//! TLS to an SMSC (rustls): whom we trust, who we say we are, and the stream a session runs over.

use super::settings::Smsc;
use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// How connections to one SMSC are encrypted.
pub(super) struct Tls {
    connector: TlsConnector,
    server: ServerName<'static>,
}

/// The name in the peer's certificate: the one that is set, or the host of the address.
pub(super) fn server_name(settings: &Smsc) -> Result<ServerName<'static>, String> {
    let host = settings.address.rsplit_once(':').map_or(settings.address.as_str(), |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let name = settings.server_name.as_deref().unwrap_or(host);
    ServerName::try_from(name.to_owned())
        .map_err(|_| format!("server_name {name:?} is no host; write the name in the SMSC's certificate"))
}

fn pem<T>(key: &str, path: &Path, read: impl Fn(&Path) -> Result<T, String>) -> Result<T, String> {
    read(path).map_err(|why| format!("{key} {}: {why}; give a PEM file", path.display()))
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).map_err(|why| why.to_string())?.collect();
    match all {
        Ok(all) if all.is_empty() => Err("it holds no certificate".to_owned()),
        Ok(all) => Ok(all),
        Err(why) => Err(why.to_string()),
    }
}

/// Those of `ca_file`, or else those this machine trusts.
fn roots(settings: &Smsc) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = &settings.ca_file {
        for certificate in pem("ca_file", path, certificates)? {
            let bad = |why| format!("ca_file {}: {why}", path.display());
            roots.add(certificate).map_err(bad)?;
        }
        return Ok(roots);
    }
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err("this machine trusts no authority; name the SMSC's in ca_file".to_owned());
    }
    Ok(roots)
}

impl Tls {
    /// Reads the files of the settings anew, so that a renewed certificate counts at the next bind;
    /// `None` where TLS is off.
    ///
    /// # Errors
    /// Which setting cannot be used, and the remedy.
    pub fn of(settings: &Smsc) -> Result<Option<Self>, String> {
        if !settings.tls {
            return Ok(None);
        }
        let server = server_name(settings)?;
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|why| why.to_string())?
            .with_root_certificates(roots(settings)?);
        let config = match (&settings.client_cert_file, &settings.client_key_file) {
            (Some(chain), Some(key)) => {
                let read = |path: &Path| PrivateKeyDer::from_pem_file(path).map_err(|why| why.to_string());
                let key = pem("client_key_file", key, read)?;
                config
                    .with_client_auth_cert(pem("client_cert_file", chain, certificates)?, key)
                    .map_err(|why| format!("client_cert_file and client_key_file: {why}"))?
            }
            _ => config.with_no_client_auth(),
        };
        Ok(Some(Self { connector: TlsConnector::from(Arc::new(config)), server }))
    }

    /// The handshake over a connection that is open; what breaks the stream later is written into
    /// `broken`.
    ///
    /// # Errors
    /// Why the peer is not trusted, or does not trust us.
    pub async fn connect<S>(&self, stream: S, broken: &Broken) -> Result<Encrypted<S>, String>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let stream =
            self.connector.connect(self.server.clone(), stream).await.map_err(|why| explain(&why))?;
        Ok(Encrypted { stream, behind: false, broken: broken.clone() })
    }
}

/// What rustls says, with a remedy where it is ours.
fn explain(why: &io::Error) -> String {
    let why = why.to_string();
    let remedy = if why.contains("UnknownIssuer") || why.contains("BadSignature") {
        "; name the SMSC's authority in ca_file"
    } else if why.contains("NotValidForName") || why.contains("not valid for name") {
        "; set server_name to the name in its certificate"
    } else if why.contains("CertificateRequired") || why.contains("HandshakeFailure") {
        "; the SMSC may want client_cert_file and client_key_file"
    } else {
        ""
    };
    format!("TLS: {why}{remedy}")
}

/// Why an encrypted stream broke, for whoever reports it.
#[derive(Debug, Clone, Default)]
pub(super) struct Broken(Arc<Mutex<Option<String>>>);

impl Broken {
    /// The reason, if there was one.
    pub fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn note<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        // A peer that goes without a TLS good-bye just went.
        if let Poll::Ready(Err(why)) = &polled
            && why.kind() == io::ErrorKind::InvalidData
        {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(explain(why));
        }
        polled
    }
}

/// An encrypted stream that needs no flushing: what could not be written yet is driven out by
/// whoever reads or writes next, as the loop of a session always does.
#[derive(Debug)]
pub(super) struct Encrypted<S> {
    stream: TlsStream<S>,
    /// Octets were accepted that may not have left yet.
    behind: bool,
    broken: Broken,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Encrypted<S> {
    fn drive(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if self.behind
            && let Poll::Ready(done) = Pin::new(&mut self.stream).poll_flush(cx)
        {
            done?;
            self.behind = false;
        }
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Encrypted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.drive(cx)?;
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.broken.note(read)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Encrypted<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, octets))?;
        self.behind = true;
        self.drive(cx)?;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests;
