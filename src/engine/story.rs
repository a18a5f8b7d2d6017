//! A maker's story and photograph: written down at the desk as she told it, shown on her page and with her
//! pieces. They stand in a row of their own, which nothing of the journal holds: it is gone when she wants it
//! gone, and with her names.

use super::Engine;
use super::desk::Who;
use super::photos::front::PhotoView;
use super::shop::fault;
use super::shopfront::ShopError;
use super::turn::TRIES;
use super::work::{Fault, Work};
use crate::market::listing::Photo;
use crate::market::party::{Party, Role};
use crate::market::story;
pub use crate::market::story::Story;
use crate::menu::value::Value;
use crate::store::batch::Expect;
use crate::store::{Key, codec, keys};
use crate::types::{PartyId, PhotoName};
use futures_util::future::BoxFuture;
use serde::Deserialize;

/// A maker's story as the shop shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoryView {
    /// In English, a line for each paragraph; empty where there is only a photograph.
    pub en: String,
    /// In French; empty where nobody has written it.
    pub fr: String,
    /// Her photograph.
    pub photo: Option<PhotoView>,
}

impl From<&Story> for StoryView {
    fn from(story: &Story) -> Self {
        let photo = story.photo.as_ref().map(PhotoView::from);
        Self { en: story.en.clone(), fr: story.fr.clone(), photo }
    }
}

/// What the desk wants of a story.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct StoryWish {
    /// In English; with no text and no photograph it is taken down.
    pub en: String,
    /// In French.
    #[serde(default)]
    pub fr: String,
    /// How and when she agreed.
    #[serde(default)]
    pub consent: String,
    /// A new photograph, whose files are kept already.
    #[serde(default)]
    pub photo: Option<PhotoView>,
    /// No photograph any more.
    #[serde(default)]
    pub no_photo: bool,
}

/// What the desk calls.
pub trait StoryDesk: Send + Sync + 'static {
    /// A maker's story, with how she agreed to it.
    fn story(&self, of: PartyId) -> BoxFuture<'_, Result<Option<Story>, ShopError>>;
    /// Shows it, changes it, or takes it down.
    fn tell_story(&self, by: Who, of: PartyId, wish: StoryWish) -> BoxFuture<'_, Result<(), ShopError>>;
}

fn place(of: PartyId) -> Key {
    keys::index("story", &[], of.as_bytes())
}

fn portrait(name: PhotoName, of: PartyId) -> Key {
    keys::index("portrait", &[name.as_bytes()], of.as_bytes())
}

/// Whoever's portrait has this name.
pub(super) fn portraits(name: PhotoName) -> Key {
    keys::index_prefix("portrait", &[name.as_bytes()])
}

fn unfit(field: &'static str, why: story::Unfit) -> ShopError {
    ShopError::Field { field, why: why.to_string() }
}

impl Engine {
    /// A maker's story, if she has one, and what a change of it rests on.
    async fn story_row(&self, of: PartyId) -> Result<(Option<Story>, Expect), Fault> {
        let key = place(of);
        let row = self.store.read(vec![key.clone()]).await?.into_iter().next().flatten();
        let expect = row.as_ref().map_or(Expect::Absent, |row| Expect::At(row.version));
        let story = row.map(|row| codec::decode_row::<Story>(&key, &row)).transpose()?;
        Ok((story, expect))
    }

    /// A maker's story, if she has one.
    pub(super) async fn story_of(&self, of: PartyId) -> Result<Option<Story>, Fault> {
        Ok(self.story_row(of).await?.0)
    }

    async fn story_turn(
        &self, work: &mut Work<'_>, by: &Who, of: PartyId, wish: &StoryWish,
    ) -> Result<Result<(), ShopError>, Fault> {
        // Whoever is forgotten in this moment gets no story any more: her row is expected as it is.
        let her = work.get::<Party>(of).await?;
        let her = her.filter(|her| her.role == Role::Artisan && !her.is_erased());
        let Some(her) = her else { return Ok(Err(ShopError::NotFound)) };
        let (before, expect) = self.story_row(of).await?;
        let text = |typed: &str| match typed.trim() {
            "" => Ok(String::new()),
            said => story::fit(said, &her.name),
        };
        let (en, fr) = match (text(&wish.en), text(&wish.fr)) {
            (Ok(en), Ok(fr)) => (en, fr),
            (Err(why), _) => return Ok(Err(unfit("en", why))),
            (_, Err(why)) => return Ok(Err(unfit("fr", why))),
        };
        if en.is_empty() && !fr.is_empty() {
            return Ok(Err(unfit("en", story::Unfit::Long)));
        }
        let had = before.as_ref().and_then(|story| story.photo.clone());
        let given = wish.photo.clone().map(|PhotoView { name, width, height, tints }| Photo {
            name,
            width,
            height,
            tints,
        });
        let photo = given.or_else(|| had.clone().filter(|_| !wish.no_photo));
        if had.as_ref().map(|photo| photo.name) != photo.as_ref().map(|photo| photo.name) {
            if let Some(had) = &had {
                work.extra().delete(portrait(had.name, of), Expect::Any);
            }
            if let Some(photo) = &photo {
                work.extra().put(portrait(photo.name, of), Expect::Any, codec::encode(&()));
            }
        }
        if en.is_empty() && photo.is_none() {
            if before.is_some() {
                work.extra().delete(place(of), expect);
            }
            return Ok(Ok(()));
        }
        let consent = match story::agreed(&wish.consent) {
            Ok(consent) => consent,
            Err(why) => return Ok(Err(unfit("consent", why))),
        };
        // The same form once more: nothing is changed, and she was told of it.
        let same = |had: &Story| had.en == en && had.fr == fr && had.photo == photo;
        if before.as_ref().is_some_and(|had| same(had) && had.consent == consent) {
            return Ok(Ok(()));
        }
        let is_new = !before.as_ref().is_some_and(same);
        let (by, at) = (by.name().to_owned(), work.now);
        let story = Story { en, fr, photo, consent, by, at };
        work.extra().put(place(of), expect, codec::encode(&story));
        if is_new {
            let page = format!("{}/maker/{}", self.house.public_url, super::browse::page_of(of));
            let help = Value::Phone(self.house.help_phone);
            self.tell(work, &her, "story_shown", vec![Value::text(page), help])?;
        }
        Ok(Ok(()))
    }

    async fn tell_story_as(
        &self, by: &Who, of: PartyId, wish: &StoryWish,
    ) -> Result<Result<(), ShopError>, Fault> {
        for _ in 0..TRIES {
            let mut work = self.work(self.clock.now())?;
            if let Err(why) = self.story_turn(&mut work, by, of, wish).await? {
                return Ok(Err(why));
            }
            match self.commit(work, by.did(format!("tells the story of {of}")), None).await {
                Err(conflict) if conflict.is_conflict() => {}
                other => return other.map(|_| Ok(())),
            }
        }
        Err(Fault::Broken(format!("the story of {of} never found a quiet moment")))
    }
}

impl StoryDesk for Engine {
    fn story(&self, of: PartyId) -> BoxFuture<'_, Result<Option<Story>, ShopError>> {
        Box::pin(async move { self.story_of(of).await.map_err(|e| fault(&e)) })
    }

    fn tell_story(&self, by: Who, of: PartyId, wish: StoryWish) -> BoxFuture<'_, Result<(), ShopError>> {
        Box::pin(async move { self.tell_story_as(&by, of, &wish).await.map_err(|e| fault(&e))? })
    }
}
