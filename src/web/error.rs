//! The one mapping from a refusal to HTTP, as a page or as JSON.

use super::{page, tongue::Reader};
use crate::engine::shopfront::ShopError;
use askama::Template;
use axum::{
    Json,
    extract::rejection::FormRejection,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

/// A refusal, whoever refuses: the engine or this house's own door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// What the engine answers.
    Shop(ShopError),
    /// The path is there, but not for this method.
    Method,
    /// A post that came from another site's page.
    OtherSite,
    /// A form that is not one, or is cut off.
    Garbled,
    /// More octets than a form may have.
    TooLarge,
    /// The desk, without its key.
    NoKey,
    /// An invitation to the desk that is none, was taken up, or is too old.
    NotInvited,
    /// The desk, asked for again and again by somebody who is not let in.
    TooOften,
    /// Something at the desk that is for others: the role it takes.
    NotYours(&'static str),
    /// As many live pages as we serve are open.
    Busy,
}

impl From<ShopError> for Refusal {
    fn from(error: ShopError) -> Self {
        Self::Shop(error)
    }
}

impl From<FormRejection> for Refusal {
    fn from(rejection: FormRejection) -> Self {
        match rejection.status() {
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            _ => Self::Garbled,
        }
    }
}

/// What a refusal looks like from outside.
pub(super) struct Outside {
    /// The status line.
    pub(super) status: StatusCode,
    /// A stable word for programs.
    pub(super) code: &'static str,
    /// A heading for people.
    pub(super) title: &'static str,
    /// What to do next.
    pub(super) advice: String,
}

impl Refusal {
    /// The one table.
    pub(super) fn outside(&self) -> Outside {
        let (status, code, title, advice) = match self {
            Self::Shop(ShopError::NotFound) => (
                StatusCode::NOT_FOUND,
                "not_found",
                "There is nothing here",
                "Check the address. A private link works only when it is whole.",
            ),
            Self::Shop(ShopError::Gone) => (
                StatusCode::GONE,
                "gone",
                "This piece has just been sold",
                "Nothing was taken from your card. The maker may have another one.",
            ),
            Self::Shop(ShopError::Field { .. }) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "field",
                "Something in the form needs another look",
                "See the fields below.",
            ),
            Self::Shop(
                ShopError::Left(_) | ShopError::Pieces { .. } | ShopError::TooEarly(_) | ShopError::TooFar(_),
            ) => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "field",
                "Something in the form needs another look",
                "See the fields below.",
            ),
            Self::Shop(ShopError::TooLate(_)) => {
                (StatusCode::CONFLICT, "too_late", "That cannot be done any more", "")
            }
            Self::Shop(ShopError::KeyUsed) => (
                StatusCode::CONFLICT,
                "key_used",
                "This form was sent already, with other answers",
                "That order stands. If you want this one as well, press the button again.",
            ),
            Self::Shop(ShopError::CardDown) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "card_down",
                "The card processor does not answer",
                "Nothing was taken. Please try again in a minute.",
            ),
            Self::Shop(ShopError::Stopped(_)) => {
                (StatusCode::SERVICE_UNAVAILABLE, "stopped", "This is not possible for now", "")
            }
            Self::Shop(ShopError::Fault) => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "fault",
                "Something broke on our side",
                "Nothing was taken. Please try again in a minute.",
            ),
            Self::Method => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method",
                "That cannot be done here",
                "Go back and use the form of the page.",
            ),
            Self::OtherSite => (
                StatusCode::FORBIDDEN,
                "other_site",
                "This form came from another site",
                "Open the shop itself and order there. Nothing was taken.",
            ),
            Self::Garbled => (
                StatusCode::BAD_REQUEST,
                "garbled",
                "The form arrived damaged",
                "Go back and send it again. Nothing was taken.",
            ),
            Self::TooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                "That is more than a form may hold",
                "Shorten the address and send it again. Nothing was taken.",
            ),
            Self::NoKey => (
                StatusCode::UNAUTHORIZED,
                "no_key",
                "The desk needs its key",
                "Enter the key of the desk, or send it as a bearer token.",
            ),
            Self::NotInvited => (
                StatusCode::GONE,
                "not_invited",
                "This invitation is not good any more",
                "It is good once, for a few days. Ask whoever runs the service for another one.",
            ),
            Self::TooOften => (
                StatusCode::TOO_MANY_REQUESTS,
                "too_often",
                "The desk was asked for too often from here",
                "Wait a minute, then sign in.",
            ),
            Self::NotYours(_) => {
                (StatusCode::FORBIDDEN, "not_yours", "This is for somebody else at the desk", "")
            }
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Too many people are watching",
                "The page shows the newest state whenever it is loaded again.",
            ),
        };
        let advice = match self {
            Self::Shop(error @ (ShopError::Field { .. } | ShopError::TooLate(_))) => error.to_string(),
            Self::Shop(ShopError::Stopped(why)) => format!("{why}. Nothing was taken."),
            Self::NotYours(role) => format!("It takes the role of {role}. Nothing was changed."),
            _ => advice.to_owned(),
        };
        Outside { status, code, title, advice }
    }

    /// Adds what the status asks for beside the body.
    fn headed(&self, status: StatusCode, mut response: Response) -> Response {
        *response.status_mut() = status;
        let headers = response.headers_mut();
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            }
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"desk\""));
            }
            _ => {}
        }
        response
    }
}

#[derive(Template)]
#[template(path = "error.html", config = "src/web/askama.toml")]
struct ErrorPage<'a> {
    t: &'a Reader,
    code: &'a str,
    title: &'a str,
    advice: &'a str,
}

impl Refusal {
    /// The same in the language of whoever reads it.
    fn outside_for(&self, t: &Reader) -> Outside {
        let mut outside = self.outside();
        if let Some((title, advice)) = t.refusal(outside.code) {
            outside.title = title;
            outside.advice = match self {
                Self::Shop(ShopError::TooLate(why)) => t.too_late(why).to_owned(),
                _ => advice.to_owned(),
            };
        }
        outside
    }

    /// The page that says so, for whoever reads it.
    pub(super) fn respond(&self, t: &Reader) -> Response {
        let Outside { status, code, title, advice } = self.outside_for(t);
        let body = page::html(&ErrorPage { t, code, title, advice: &advice });
        let mut response = self.headed(status, body);
        // Whoever knows the reader's language says it again in that.
        response.extensions_mut().insert(self.clone());
        response
    }

    /// What stands beside a form that could not be carried out.
    pub(super) fn whole(&self, t: &Reader) -> (StatusCode, String) {
        let outside = self.outside_for(t);
        (outside.status, format!("{}. {}", outside.title, outside.advice))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        self.respond(&Reader::default())
    }
}

/// The same refusal for a program: `{"error": {"code", "message"}}`.
#[derive(Debug)]
pub(super) struct JsonRefusal(pub(super) Refusal);

impl<R: Into<Refusal>> From<R> for JsonRefusal {
    fn from(refusal: R) -> Self {
        Self(refusal.into())
    }
}

impl IntoResponse for JsonRefusal {
    fn into_response(self) -> Response {
        let Outside { status, code, title, advice } = self.0.outside();
        // Pages have their headings; a program shows the sentence alone.
        let message = match self.0 {
            Refusal::Shop(ShopError::NotFound) => "nothing here has that name or number".to_owned(),
            Refusal::Shop(ShopError::Field { .. }) => advice,
            _ if advice.is_empty() => title.to_owned(),
            _ => format!("{title}. {advice}"),
        };
        let body = Json(serde_json::json!({ "error": { "code": code, "message": message } }));
        self.0.headed(status, body.into_response())
    }
}
