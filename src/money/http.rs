//! Requests to providers, as they are written down and as they are sent.

pub(super) use crate::wire::Heard;
use crate::wire::{Question, Wire};
use std::time::Duration;

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
#[error("no requests can be made: {0}")]
pub struct ClientError(String);

/// Writes requests down, and sends them over a [`Wire`].
pub(super) struct Client {
    /// Only ever asked to write; what is sent goes over the wire, which also speaks TLS.
    pen: reqwest::Client,
    wire: Wire,
}

impl Client {
    /// Trusts the authorities that this machine trusts.
    pub(super) fn new(connect: Duration, whole: Duration) -> Result<Self, ClientError> {
        let pen = reqwest::Client::builder().no_proxy().build();
        Ok(Self {
            pen: pen.map_err(|why| ClientError(why.to_string()))?,
            wire: Wire::new(None, connect, whole).map_err(ClientError)?,
        })
    }

    /// A `GET` to be written.
    pub(super) fn get(&self, url: impl reqwest::IntoUrl) -> reqwest::RequestBuilder {
        self.pen.get(url)
    }

    /// A `POST` to be written.
    pub(super) fn post(&self, url: impl reqwest::IntoUrl) -> reqwest::RequestBuilder {
        self.pen.post(url)
    }

    /// Sends and reads the whole answer.
    pub(super) async fn ask(&self, request: reqwest::RequestBuilder) -> Heard {
        let mut request = match request.build() {
            Ok(request) => request,
            Err(why) => return Heard::NotSent(why.without_url().to_string()),
        };
        let body = request.body().and_then(reqwest::Body::as_bytes).map(bytes::Bytes::copy_from_slice);
        let question = Question {
            url: request.url().to_string(),
            method: request.method().clone(),
            headers: std::mem::take(request.headers_mut()),
            body: body.unwrap_or_default(),
        };
        self.wire.ask(question).await
    }
}
