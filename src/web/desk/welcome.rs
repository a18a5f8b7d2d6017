//! Taking up an invitation to the desk: a password of her own, and an authenticator.

use super::door::{From, knocked, known_here};
use crate::{
    engine::desk::door::{No, Offer},
    engine::shopfront::ShopError,
    web::{
        error::Refusal,
        page::{self, Web},
        wording,
    },
};
use askama::Template;
use axum::{
    Form,
    extract::{
        Query, State,
        rejection::{FormRejection, QueryRejection},
    },
    http::StatusCode,
    response::Response,
};
use qrcodegen::{QrCode, QrCodeEcc};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::sync::Arc;
use zeroize::Zeroizing;

/// What she was sent.
#[derive(Deserialize)]
pub(in crate::web) struct Invited {
    invitation: SecretString,
}

/// What she chose.
#[derive(Deserialize)]
pub(in crate::web) struct Chosen {
    invitation: SecretString,
    showing: String,
    password: SecretString,
    again: SecretString,
    code: SecretString,
}

#[derive(Template)]
#[template(path = "desk_welcome.html", config = "src/web/askama.toml")]
struct Welcome<'a> {
    name: &'a str,
    invitation: &'a str,
    offer: &'a Offer,
    /// What a camera reads: the side in modules, and the dark ones as one path.
    picture: (i32, String),
    complaint: Option<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "desk_welcomed.html", config = "src/web/askama.toml")]
struct Welcomed<'a> {
    name: &'a str,
    codes: &'a [String],
}

/// A path over the dark modules of a QR code (ISO/IEC 18004), with the four light ones around them.
fn picture(uri: &str) -> (i32, String) {
    let Ok(code) = QrCode::encode_text(uri, QrCodeEcc::Medium) else { return (0, String::new()) };
    let dark = |(x, y): (i32, i32)| code.get_module(x, y).then(|| format!("M{},{}h1v1h-1z", x + 4, y + 4));
    let modules = (0..code.size()).flat_map(|y| (0..code.size()).map(move |x| (x, y)));
    (code.size() + 8, modules.filter_map(dark).collect())
}

impl Welcome<'_> {
    fn says(&self, field: &str) -> Option<&str> {
        self.complaint.as_ref().filter(|(of, _)| *of == field).map(|(_, why)| why.as_str())
    }
}

/// Whose invitation it is; one that nobody has is as old as one that was taken up.
async fn invited(
    web: &Web, invitation: &SecretString, showing: Option<&str>,
) -> Result<(crate::engine::desk::door::Member, Offer), Refusal> {
    let member = web.people.by_invitation(invitation.expose_secret()).map(|person| person.member());
    let member = member.ok_or(Refusal::NotInvited)?;
    match web.door.offer(&member, showing).await {
        Ok(offer) => Ok((member, offer)),
        Err(No::Fault) => Err(ShopError::Fault.into()),
        Err(_) => Err(Refusal::NotInvited),
    }
}

fn drawn(
    name: &str, invitation: &SecretString, offer: &Offer, complaint: Option<(&'static str, String)>,
) -> Response {
    let (wrong, picture) = (complaint.is_some(), picture(&offer.uri));
    let invitation = invitation.expose_secret();
    let mut page = page::html(&Welcome { name, invitation, offer, picture, complaint });
    if wrong {
        *page.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    page
}

/// `GET /desk/welcome?invitation=`
pub(in crate::web) async fn show(
    State(web): State<Arc<Web>>, From(from): From, given: Result<Query<Invited>, QueryRejection>,
) -> Result<Response, Refusal> {
    knocked(&web, &from).await?;
    let Ok(Query(Invited { invitation })) = given else { return Err(Refusal::NotInvited) };
    let (member, offer) = invited(&web, &invitation, None).await?;
    Ok(drawn(&member.name, &invitation, &offer, None))
}

/// `POST /desk/welcome`
pub(in crate::web) async fn take_up(
    State(web): State<Arc<Web>>, From(from): From, form: Result<Form<Chosen>, FormRejection>,
) -> Result<Response, Refusal> {
    knocked(&web, &from).await?;
    let Form(Chosen { invitation, showing, password, again, code }) = form?;
    let (member, offer) = invited(&web, &invitation, Some(&showing)).await?;
    let complain = |field, why: String| Ok(drawn(&member.name, &invitation, &offer, Some((field, why))));
    if password.expose_secret() != again.expose_secret() {
        return complain("again", "this is not what stands above it".to_owned());
    }
    let password = Zeroizing::new(password.expose_secret().to_owned());
    match web.door.enrol(&member, &showing, password, code.expose_secret(), &from).await {
        Ok(codes) => {
            let page = page::html(&Welcomed { name: &member.name, codes: &codes });
            Ok(known_here(&web, &member, &from, page))
        }
        Err(No::Field(field, why)) => complain(field, why),
        Err(No::Wait(wait)) => complain("code", format!("too many tries; again in {}", wording::wait(wait))),
        Err(No::Gone | No::Wrong) => Err(Refusal::NotInvited),
        Err(No::Fault) => Err(ShopError::Fault.into()),
    }
}
