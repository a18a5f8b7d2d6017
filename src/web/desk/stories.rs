//! A maker's story and photograph: on her page in the books, where those who look after people write down
//! what she told them and agreed to.

use super::{door::Acting, operators, reconcile::part};
use crate::engine::desk::books::PersonPage;
use crate::engine::photos::front::PhotoView;
use crate::engine::shopfront::ShopError;
use crate::engine::story::{Story, StoryWish};
use crate::photos::{Kept, NotKept};
use crate::types::PartyId;
use crate::web::people::DeskRole;
use crate::web::{
    error::Refusal,
    page::{self, Web},
    upload,
};
use askama::Template;
use axum::{
    extract::{Path, State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use std::sync::Arc;

/// Whose work this is.
const ALLOWED: [DeskRole; 2] = [DeskRole::Liaison, DeskRole::Operator];
/// What a form has beside its photograph, at the most, in octets.
pub(in crate::web) const WORDS: usize = 32 * 1024;

/// The form as it was typed.
#[derive(Debug, Default)]
struct Typed {
    en: String,
    fr: String,
    consent: String,
}

#[derive(Template)]
#[template(path = "books_person.html", config = "src/web/askama.toml")]
struct Person<'a> {
    view: &'a PersonPage,
    /// She makes things, and so has a page in the shop.
    makes: bool,
    story: Option<&'a Story>,
    /// Where her photograph is.
    portrait: Option<String>,
    typed: Typed,
    complaint: String,
}

async fn draw(web: &Web, id: &str, typed: Option<Typed>, complaint: String) -> Result<Response, Refusal> {
    let desk = operators(web)?;
    let view = desk.person(id.to_owned()).await?;
    let story = desk.story(view.id).await?;
    let typed = typed.unwrap_or_else(|| {
        let said = |pick: fn(&Story) -> &String| story.as_ref().map(pick).cloned().unwrap_or_default();
        Typed { en: said(|story| &story.en), fr: said(|story| &story.fr), consent: String::new() }
    });
    let photo = story.as_ref().and_then(|story| story.photo.as_ref());
    let portrait = photo.map(|photo| upload::serve::url(photo.name, crate::photos::WIDTHS[0]));
    let makes = view.role == "artisan";
    let page = Person { view: &view, makes, story: story.as_ref(), portrait, typed, complaint };
    Ok(page::html(&page))
}

/// `GET /desk/books/people/{id}`
pub(in crate::web) async fn person(
    State(web): State<Arc<Web>>, Path(id): Path<String>,
) -> Result<Response, Refusal> {
    draw(&web, &id, None, String::new()).await
}

/// `POST /desk/books/people/{id}/story`: her story and photograph from a form. What is wrong is said on the page.
pub(in crate::web) async fn press(
    State(web): State<Arc<Web>>, acting: Acting, Path(id): Path<String>, headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let by = acting.as_any(&ALLOWED)?;
    let body = body.map_err(|_| Refusal::TooLarge)?;
    let whom: PartyId = id.parse().map_err(|_| ShopError::NotFound)?;
    let said = |field: &str| {
        let (octets, _) = part(&headers, &body, field)?;
        Some(String::from_utf8_lossy(octets).into_owned())
    };
    let (Some(en), Some(fr), Some(consent)) = (said("en"), said("fr"), said("consent")) else {
        return Err(Refusal::Garbled);
    };
    let typed = Typed { en, fr, consent };
    let sent = part(&headers, &body, "photo").map(|(octets, _)| octets).filter(|octets| !octets.is_empty());
    let photo = match sent {
        None => None,
        Some(octets) => {
            let studio = &web.photos.as_ref().ok_or(ShopError::NotFound)?.studio;
            match studio.keep(Bytes::copy_from_slice(octets)).await {
                Ok(Kept { name, width, height, tints }) => Some(PhotoView { name, width, height, tints }),
                Err(NotKept::Disk(why)) => {
                    tracing::error!(%why, "ALARM: a photograph cannot be written");
                    return Err(ShopError::Fault.into());
                }
                Err(why) => return refused(&web, &id, typed, format!("The photograph: {why}")).await,
            }
        }
    };
    let wish = StoryWish {
        en: typed.en.clone(),
        fr: typed.fr.clone(),
        consent: typed.consent.clone(),
        photo,
        no_photo: said("no_photo").is_some(),
    };
    match operators(&web)?.tell_story(by, whom, wish).await {
        Ok(()) => Ok(Redirect::to(&format!("/desk/books/people/{id}#story")).into_response()),
        Err(ShopError::Field { field, why }) => {
            let what = match field {
                "en" => "The story in English",
                "fr" => "The story in French",
                _ => "Her consent",
            };
            refused(&web, &id, typed, format!("{what}: {why}.")).await
        }
        Err(why) => Err(why.into()),
    }
}

async fn refused(web: &Web, id: &str, typed: Typed, complaint: String) -> Result<Response, Refusal> {
    let page = draw(web, id, Some(typed), complaint).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}
