//! What a program is told when something cannot be done: problem details (RFC 9457) that say what to do.

use super::keys::Scope;
use crate::engine::shopfront::ShopError;
use crate::web::shop::piece::Faults;
use axum::{
    Json,
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub(super) const MEDIA: &str = "application/problem+json";
/// What `type` begins with.
const URN: &str = "urn:sokoni:problem:";

/// One field that cannot be taken as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Fault {
    /// The field of the body.
    field: String,
    /// What to do about it.
    detail: String,
}

/// Why something was not done, and what to do (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Problem {
    /// What kind of problem: stable, for programs.
    #[serde(rename = "type")]
    kind: String,
    /// The same in a few words.
    title: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    status: u16,
    /// What was wrong this time, and what to do.
    detail: String,
    /// The fields of the body that are wrong, where it is about fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<Fault>,
    /// Seconds to wait, for the header.
    #[serde(skip)]
    after: Option<u64>,
}

impl Problem {
    pub(super) fn new(
        status: StatusCode, word: &str, title: impl Into<String>, detail: impl Into<String>,
    ) -> Self {
        Self {
            kind: format!("{URN}{word}"),
            title: title.into(),
            status: status.as_u16(),
            detail: detail.into(),
            errors: Vec::new(),
            after: None,
        }
    }

    /// Nothing is there, or nobody may see it.
    pub(super) fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is nothing here",
            "Nothing has this number or id, or it was made with another key. Check the address against \
             GET /api/v1/openapi.json.",
        )
    }

    pub(super) fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "This cannot be done here",
            "The header Allow names the methods of this address.",
        )
    }

    /// A part of the request that cannot be read.
    pub(super) fn bad(what: &str, detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "bad-request",
            format!("The {what} of this request cannot be used"),
            detail,
        )
    }

    /// No key, or none that is good.
    pub(super) fn no_key(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "no-key", "This takes a key of the API", detail)
    }

    /// A key without the scope that this takes.
    pub(super) fn no_scope(scope: Scope) -> Self {
        let word = scope.word();
        Self::new(
            StatusCode::FORBIDDEN,
            "no-scope",
            format!("This key lacks the scope {word}"),
            format!("Ask the operator of the market for a key with the scope {word}."),
        )
    }

    /// Too many calls.
    pub(super) fn too_often(after: u64) -> Self {
        let detail = format!("Wait for {after} seconds, as the header Retry-After says, and call again.");
        let problem = Self::new(StatusCode::TOO_MANY_REQUESTS, "too-often", "Too many calls", detail);
        Self { after: Some(after), ..problem }
    }

    pub(super) fn slow() -> Self {
        let detail = "Nothing came of it in time. Call again; what creates something does so once for each \
                      Idempotency-Key.";
        let problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, "slow", "This took too long", detail);
        Self { after: Some(5), ..problem }
    }

    /// One field of the body, or of the query.
    pub(super) fn field(field: &str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        let fault = Fault { field: field.to_owned(), detail: detail.clone() };
        Self { errors: vec![fault], ..Self::fields(format!("{field}: {detail}.")) }
    }

    fn fields(detail: impl Into<String>) -> Self {
        let title = "Something in the body needs another look";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "fields", title, detail)
    }
}

impl From<ShopError> for Problem {
    fn from(error: ShopError) -> Self {
        let detail = error.to_string();
        let later = |word, title: &str, detail: String| Self {
            after: Some(30),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, word, title, detail)
        };
        match error {
            ShopError::NotFound => Self::not_found(),
            ShopError::Gone => Self::new(
                StatusCode::GONE,
                "gone",
                "This is over",
                "It was sold or settled in the meantime; nothing was taken. Read it again to see how it stands.",
            ),
            ShopError::TooLate(why) => {
                Self::new(StatusCode::CONFLICT, "too-late", "That cannot be done any more", why)
            }
            ShopError::Field { field, why } => Self::field(field, why),
            ShopError::Left(left) => Self::field("quantity", format!("only {left} are left; ask for fewer")),
            ShopError::Pieces { .. } => Self::field(
                "quantity",
                format!(
                    "{detail}; for many there is POST /api/v1/bulk, whose bounds GET /api/v1/quotes/bulk says"
                ),
            ),
            ShopError::TooEarly(day) => Self::field(
                "wanted",
                format!("the work takes time: choose {} or later", super::views::day(day)),
            ),
            ShopError::TooFar(day) => Self::field(
                "wanted",
                format!("that is too far off: choose {} or earlier", super::views::day(day)),
            ),
            ShopError::KeyUsed => Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "key-used",
                "This Idempotency-Key was used with another body",
                "What was made with it stands. Send the same body again to hear the same answer, or this one \
                 with a new key.",
            ),
            ShopError::CardDown => later(
                "card-down",
                "The card processor does not answer",
                "Nothing was taken. Send the same body with the same Idempotency-Key again in a minute."
                    .to_owned(),
            ),
            ShopError::Stopped(why) => {
                later("stopped", "This is not possible for now", format!("{why}. Nothing was taken."))
            }
            ShopError::Fault => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "fault",
                "Something broke on our side",
                "Call again in a minute; what creates something does so once for each Idempotency-Key.",
            ),
        }
    }
}

impl From<Faults> for Problem {
    fn from(faults: Faults) -> Self {
        let fault = |(field, detail): (&'static str, String)| Fault { field: field.to_owned(), detail };
        let errors: Vec<Fault> = faults.fields.into_iter().map(fault).collect();
        let named: Vec<&str> = errors.iter().map(|fault| fault.field.as_str()).collect();
        let detail = faults.whole.unwrap_or_else(|| format!("Look at errors: {}.", named.join(", ")));
        Self { errors, ..Self::fields(detail) }
    }
}

impl From<JsonRejection> for Problem {
    fn from(rejection: JsonRejection) -> Self {
        let (status, detail) = (rejection.status(), rejection.body_text());
        match status {
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Self::new(
                status,
                "media-type",
                "The body is not JSON",
                "Send JSON with the header Content-Type: application/json.",
            ),
            StatusCode::PAYLOAD_TOO_LARGE => Self::new(
                status,
                "too-large",
                "The body is too large",
                "Send less: no body of this API needs more than a few thousand octets.",
            ),
            StatusCode::UNPROCESSABLE_ENTITY => {
                Self::fields(format!("{detail}. GET /api/v1/openapi.json has the schema."))
            }
            _ => Self::bad("body", format!("{detail}.")),
        }
    }
}

impl From<QueryRejection> for Problem {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad("query", format!("{}.", rejection.body_text()))
    }
}

impl From<PathRejection> for Problem {
    fn from(_: PathRejection) -> Self {
        Self::not_found()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let after = self.after;
        let mut response = (status, Json(self)).into_response();
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: HeaderValue| drop(headers.insert(name, value));
        set(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA));
        if let Some(seconds) = after {
            set(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            set(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"api\""));
        }
        response
    }
}
