//! Requests read as inputs, and screens written as answers. Pure: no request is waited for here.

use super::fields::Fields;
use super::settings::Inward;
use super::shape::{AnswerShape, EndShape, ReceiptShape, Signs, SmsShape, UssdShape};
use super::template::Escape;
use crate::engine::port::{Account, GatewayId, Heard, Mark, ReceiptIn, SmsIn, UssdEvent, UssdIn, UssdOut};
use crate::types::receipt::{IdBase, ReceiptState};
use crate::types::{Msisdn, Timestamp};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

/// What is wrong with a request, in a sentence for whoever sent it.
pub(super) type Wrong = String;

/// From where and when.
pub(super) struct Origin<'a> {
    pub gateway: &'a GatewayId,
    pub at: Timestamp,
}

fn need<'f>(fields: &'f Fields, name: &str) -> Result<std::borrow::Cow<'f, str>, Wrong> {
    let value = fields.get(name).filter(|value| !value.trim().is_empty());
    value.ok_or_else(|| format!("the field {name} is missing or empty"))
}

fn phone(fields: &Fields, name: &str) -> Result<Msisdn, Wrong> {
    let text = need(fields, name)?;
    // A plus sign that nobody escaped has become a blank.
    Msisdn::from_e164(text.trim()).map_err(|_| format!("the field {name} is no number such as +254700000101"))
}

fn optional<'f>(fields: &'f Fields, name: Option<&String>) -> Option<std::borrow::Cow<'f, str>> {
    name.and_then(|name| fields.get(name))
}

/// Whether a request bears one of the signs.
fn bears(fields: &Fields, signs: &Signs) -> bool {
    signs.iter().any(|(name, values)| {
        fields.get(name).is_some_and(|value| match values.as_slice() {
            [] => !value.is_empty(),
            values => values.iter().any(|known| *known == value),
        })
    })
}

/// A hash of what names an input; fields do not run into each other.
fn mark(kind: &str, parts: &[&str]) -> Mark {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    [kind.as_bytes(), &hash.finalize()[..16]].concat()
}

/// A step of a dialog.
pub(super) fn step(
    inward: &Inward, shape: &UssdShape, fields: &Fields, origin: &Origin<'_>,
) -> Result<UssdIn, Wrong> {
    let (service_code, septets) = (inward.service_code.as_deref(), Some(inward.septets));
    let session = need(fields, &shape.session)?;
    let msisdn = phone(fields, &shape.phone)?;
    let mut named = optional(fields, shape.request.as_ref()).map(std::borrow::Cow::into_owned);
    let event = if bears(fields, &shape.over) {
        UssdEvent::Gone
    } else {
        let code = optional(fields, shape.code.as_ref()).unwrap_or_default();
        let code = service_code.unwrap_or(code.trim());
        if code.is_empty() {
            let name = shape.code.as_deref().unwrap_or("of the service code");
            return Err(format!("the field {name} is missing or empty"));
        }
        let text = fields.get(&shape.input).unwrap_or_default().into_owned();
        let heard = Heard { code: code.to_owned(), text, separator: shape.accumulated.chars().next() };
        // All that was typed so far names the step as well as a number would.
        if named.is_none() && heard.separator.is_some() {
            named = Some(format!("typed {}", heard.text));
        }
        match (shape.begins.is_empty(), heard.separator) {
            (false, None) if bears(fields, &shape.begins) => UssdEvent::Begin(heard.dialled()),
            (false, None) => UssdEvent::Reply(heard.text),
            _ => UssdEvent::Heard(heard),
        }
    };
    Ok(UssdIn {
        gateway: origin.gateway.clone(),
        msisdn,
        session: session.as_bytes().to_vec(),
        sequence: None,
        event,
        mark: named.map(|request| mark("ussd ", &[origin.gateway, &session, &request])),
        septets,
        at: origin.at,
    })
}

/// What a dialog came to.
pub(super) fn account(shape: &EndShape, fields: &Fields, origin: &Origin<'_>) -> Result<UssdIn, Wrong> {
    let session = need(fields, &shape.session)?;
    let status = optional(fields, shape.status.as_ref()).unwrap_or_default();
    let number = |name: Option<&String>| {
        optional(fields, name).and_then(|text| text.trim().split('.').next()?.parse::<u64>().ok())
    };
    let short = |text: &str| text.trim().chars().take(40).collect::<String>();
    let account = Account {
        shown: shape.shown.iter().any(|word| word.eq_ignore_ascii_case(status.trim())),
        status: short(&status),
        cost: short(&optional(fields, shape.cost.as_ref()).unwrap_or_default()),
        millis: number(shape.millis.as_ref()),
        hops: number(shape.hops.as_ref()).and_then(|hops| hops.try_into().ok()),
    };
    Ok(UssdIn {
        gateway: origin.gateway.clone(),
        msisdn: phone(fields, &shape.phone)?,
        session: session.as_bytes().to_vec(),
        sequence: None,
        event: UssdEvent::Ended(account),
        mark: None,
        septets: None,
        at: origin.at,
    })
}

/// The entries of a request: one, or those of its list.
pub(super) fn entries(list: Option<&String>, fields: Fields) -> Vec<Fields> {
    match list {
        Some(pointer) => fields.list(pointer),
        None => vec![fields],
    }
}

/// An SMS from a phone.
pub(super) fn sms(shape: &SmsShape, fields: &Fields, origin: &Origin<'_>) -> Result<SmsIn, Wrong> {
    let from = phone(fields, &shape.from)?;
    let to = fields.get(&shape.to).unwrap_or_default().trim().to_owned();
    let text = fields.get(&shape.text).ok_or_else(|| format!("the field {} is missing", shape.text))?;
    let id = optional(fields, shape.id.as_ref()).filter(|id| !id.is_empty());
    Ok(SmsIn {
        gateway: origin.gateway.clone(),
        from,
        name: id.map(|id| mark("sms id ", &[origin.gateway, &id])),
        // What is said twice within a minute is one wish, as it is over SMPP, whatever its names.
        mark: mark("sms ", &[origin.gateway, &from.to_string(), &to, &text]),
        to,
        text: text.into_owned(),
        at: origin.at,
    })
}

/// A report about an SMS of ours.
pub(super) fn receipt(
    shape: &ReceiptShape, fields: &Fields, origin: &Origin<'_>,
) -> Result<ReceiptIn, Wrong> {
    let id = need(fields, &shape.id)?.into_owned();
    let word = need(fields, &shape.state)?;
    let table = [
        (&shape.delivered, ReceiptState::Delivered),
        (&shape.failed, ReceiptState::Undeliverable),
        (&shape.rejected, ReceiptState::Rejected),
        (&shape.expired, ReceiptState::Expired),
        (&shape.waiting, ReceiptState::Enroute),
    ];
    let is_it = |words: &Vec<String>| words.iter().any(|known| known.eq_ignore_ascii_case(word.trim()));
    let state = table.iter().find(|(words, _)| is_it(words)).map(|(_, state)| *state);
    let to = optional(fields, shape.phone.as_ref()).and_then(|to| Msisdn::from_e164(to.trim()).ok());
    let error = optional(fields, shape.reason.as_ref()).filter(|why| !why.trim().is_empty());
    Ok(ReceiptIn {
        gateway: origin.gateway.clone(),
        message_id: id,
        base: IdBase::Same,
        phones: to.into_iter().collect(),
        state: state.unwrap_or(ReceiptState::Unknown),
        error: error.map(|why| why.trim().chars().take(60).collect()),
        done: None,
        at: origin.at,
    })
}

/// The answer to a step: always a success, since a gateway shows an error of ours as its own.
pub(super) fn answer(
    shape: &AnswerShape, fields: &Fields, ussd: &UssdShape, sorry: &str, out: UssdOut,
) -> Response {
    let (go_on, mut text) = match out {
        UssdOut::Ask(text) => (true, text),
        UssdOut::End(text) => (false, text),
        UssdOut::Nothing => (false, sorry.to_owned()),
    };
    for (from, to) in &shape.replace {
        text = text.replace(*from, to);
    }
    let session = fields.get(&ussd.session).unwrap_or_default();
    let phone = fields.get(&ussd.phone).unwrap_or_default();
    let values = [("text", text.as_str()), ("session", &session), ("phone", &phone)];
    let (template, headers) =
        if go_on { (&shape.go_on, &shape.go_on_headers) } else { (&shape.end, &shape.end_headers) };
    let body = template.fill(Escape::of(&shape.content_type), &values);
    let mut response = (StatusCode::OK, body).into_response();
    let named = headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    for (name, value) in named.chain([(header::CONTENT_TYPE.as_str(), shape.content_type.as_str())]) {
        // Both were proven when the settings were read.
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// What acknowledges the end of a dialog.
pub(super) fn farewell(shape: &AnswerShape, fields: &Fields, ussd: &UssdShape) -> String {
    let session = fields.get(&ussd.session).unwrap_or_default();
    shape.over.fill(Escape::of(&shape.content_type), &[("session", &session)])
}
