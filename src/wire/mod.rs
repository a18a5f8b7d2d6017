//! One HTTP request and what came of it, told apart by what it proves. HTTP/1.1 over TCP, or over TLS
//! (rustls); no redirects, no proxy, a connection for each request, so that none dies in the drawer and
//! makes a doubt.
//!
//! [`address`] tells who really asks us; [`signature`] proves it.
//!
//! May import nothing of ours.

pub mod address;
pub mod signature;

use axum::http::{HeaderMap, Method, Request, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// No honest answer is longer, in octets.
const LONGEST: usize = 64 * 1024;

/// What came of a request.
#[derive(Debug)]
pub enum Heard {
    /// A whole answer.
    Answer {
        /// HTTP status.
        status: u16,
        /// When it says to come back, by `Retry-After`.
        after: Option<Duration>,
        /// Its body.
        body: Vec<u8>,
    },
    /// The request never left.
    NotSent(String),
    /// It left, or may have, and no whole answer came back.
    Nothing(String),
}

/// What is asked.
pub struct Question {
    /// `http` or `https`.
    pub url: String,
    /// The method.
    pub method: Method,
    /// Headers beside `Host` and `Connection`.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
}

/// Whom a wire leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// Anybody: those whom the configuration names.
    Anybody,
    /// Only addresses of the public network, whatever a name leads to: those whom strangers name.
    Public {
        /// This machine, too.
        loopback: bool,
    },
}

impl Reach {
    fn holds(self, address: IpAddr) -> bool {
        match self {
            Self::Anybody => true,
            Self::Public { loopback } => {
                address::is_public(address) || loopback && address.to_canonical().is_loopback()
            }
        }
    }

    /// Opens a connection to the host, by what its name says now.
    async fn open(self, host: &str, port: u16) -> Result<TcpStream, String> {
        let found = tokio::net::lookup_host((host, port)).await.map_err(|why| why.to_string())?;
        let may: Vec<SocketAddr> = found.filter(|address| self.holds(address.ip())).collect();
        if may.is_empty() {
            return Err(format!("{host} leads to no address that may be called"));
        }
        TcpStream::connect(&may[..]).await.map_err(|why| why.to_string())
    }
}

/// Asks.
pub struct Wire {
    reach: Reach,
    tls: TlsConnector,
    connect: Duration,
    whole: Duration,
}

/// The authorities of `ca_file`, or else those this machine trusts.
fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca_file else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(roots);
    };
    let wrong = |why: &dyn std::fmt::Display| format!("ca_file {}: {why}; give a PEM file", path.display());
    for certificate in CertificateDer::pem_file_iter(path).map_err(|why| wrong(&why))? {
        roots.add(certificate.map_err(|why| wrong(&why))?).map_err(|why| wrong(&why))?;
    }
    if roots.is_empty() { Err(wrong(&"it holds no certificate")) } else { Ok(roots) }
}

/// TLS to whom the authorities of `ca_file`, or else those this machine trusts, vouch for.
///
/// # Errors
/// Authorities that cannot be read.
pub fn trusting(ca_file: Option<&Path>) -> Result<ClientConfig, String> {
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|why| why.to_string())?;
    Ok(config.with_root_certificates(roots(ca_file)?).with_no_client_auth())
}

impl Wire {
    /// Makes ready; `connect` is the time from the first octet to a connection that is open, TLS and
    /// all, `whole` that from the beginning to the end of an answer.
    ///
    /// # Errors
    /// Authorities that cannot be read.
    pub fn new(ca_file: Option<&Path>, connect: Duration, whole: Duration) -> Result<Self, String> {
        let tls = TlsConnector::from(Arc::new(trusting(ca_file)?));
        Ok(Self { reach: Reach::Anybody, tls, connect, whole })
    }

    /// The same, leading there only.
    #[must_use]
    pub fn reaching(self, reach: Reach) -> Self {
        Self { reach, ..self }
    }

    /// Sends and reads the whole answer.
    pub async fn ask(&self, question: Question) -> Heard {
        let Ok(uri) = question.url.parse::<Uri>() else {
            return Heard::NotSent("the url cannot be read".to_owned());
        };
        let Some(host) = uri.host() else { return Heard::NotSent("the url names no host".to_owned()) };
        let request = match request(&uri, host, question) {
            Ok(request) => request,
            Err(why) => return Heard::NotSent(why.to_string()),
        };
        let is_tls = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let opened = async {
            let stream = self.reach.open(host, port).await?;
            stream.set_nodelay(true).map_err(|why| why.to_string())?;
            if !is_tls {
                return Ok((Some(stream), None));
            }
            let name = ServerName::try_from(host.to_owned()).map_err(|why| why.to_string())?;
            let stream = self.tls.connect(name, stream).await.map_err(|why| format!("TLS: {why}"))?;
            Ok::<_, String>((None, Some(stream)))
        };
        let talk = async {
            match tokio::time::timeout(self.connect, opened).await {
                Ok(Ok((Some(plain), _))) => exchange(plain, request).await,
                Ok(Ok((_, Some(tls)))) => exchange(tls, request).await,
                Ok(Ok((None, None))) => Heard::NotSent("no connection".to_owned()),
                Ok(Err(why)) => Heard::NotSent(why),
                Err(_) => Heard::NotSent("no connection in time".to_owned()),
            }
        };
        tokio::time::timeout(self.whole, talk)
            .await
            .unwrap_or_else(|_| Heard::Nothing("no answer in time".to_owned()))
    }
}

/// Notes on the span of a request how it was answered, and says so where that is listened for.
pub fn answered<B>(response: &axum::http::Response<B>, took: Duration, span: &tracing::Span) {
    span.record("status", response.status().as_u16());
    tracing::debug!(status = response.status().as_u16(), latency = ?took, "answered");
}

fn request(uri: &Uri, host: &str, question: Question) -> axum::http::Result<Request<Full<Bytes>>> {
    let Question { method, headers, body, .. } = question;
    let authority = uri.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let mut request = Request::builder().method(method).uri(path).body(Full::new(body))?;
    *request.headers_mut() = headers;
    request.headers_mut().insert(header::HOST, authority.parse()?);
    request.headers_mut().insert(header::CONNECTION, header::HeaderValue::from_static("close"));
    Ok(request)
}

async fn exchange<S>(stream: S, request: Request<Full<Bytes>>) -> Heard
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = match hyper::client::conn::http1::handshake(TokioIo::new(stream)).await {
        Ok(open) => open,
        Err(why) => return Heard::NotSent(why.to_string()),
    };
    // Ends with the answer, or when nobody waits for it any more.
    tokio::spawn(connection);
    let response = match sender.send_request(request).await {
        Ok(response) => response,
        Err(why) => return Heard::Nothing(why.to_string()),
    };
    let status = response.status().as_u16();
    let after =
        response.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    let mut frames = response.into_body();
    let mut body = Vec::new();
    while let Some(frame) = frames.frame().await {
        let frame = match frame {
            Ok(frame) => frame,
            Err(why) => return Heard::Nothing(format!("status {status}, then {why}")),
        };
        let Ok(data) = frame.into_data() else { continue };
        if body.len() + data.len() > LONGEST {
            return Heard::Nothing(format!("status {status} with an endless answer"));
        }
        body.extend_from_slice(&data);
    }
    Heard::Answer { status, after: after.map(Duration::from_secs), body }
}
