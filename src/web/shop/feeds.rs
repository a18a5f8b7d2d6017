//! What machines read of the shop: the map of the site, a day of pieces in each part of it, and the
//! pieces on sale as shopping engines want them (RSS 2.0 with Google's names).
//!
//! Both are written while they are read, a page of pieces at a time, so that their size costs no memory.
//! What breaks on the way breaks the answer off, so that nobody takes half of it for the whole.

use super::meta::{PICTURE, absolute, decimal, picture};
use crate::{
    engine::shopfront::{Browse, Found, PieceView, ShopError, Spot},
    types::{Timestamp, time::NAIROBI},
    web::{error::Refusal, page::Web, tongue::Tongue, upload},
};
use axum::{
    body::{Body, Bytes},
    extract::{Path, State},
    http::header,
    response::{IntoResponse, Response},
};
use futures_util::stream;
use std::{collections::BTreeSet, fmt::Write as _, io, sync::Arc, time::Duration};

/// Pieces read at a time.
const AT_ONCE: usize = 96;
/// How long what machines read is good for.
const KEPT: &str = "public, max-age=3600";
/// The most further pictures of one piece that shopping engines take.
const MOST_PICTURES: usize = 10;

/// The most pages in one part of the map: 50,000 are read of it (sitemaps.org), and each stands there once
/// for each language.
const MOST_PAGES: usize = 50_000 / Tongue::ALL.len();
/// The years of which there may be a map.
const YEARS: std::ops::RangeInclusive<i64> = 1970..=9_999;

/// Text as it stands in XML.
fn xml(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

fn answer(kind: &'static str, body: impl Into<Body>) -> Response {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, KEPT)], body.into()).into_response()
}

/// `GET /robots.txt`
pub(crate) async fn robots(State(web): State<Arc<Web>>) -> Response {
    let away = ["/checkout", "/many", "/cart", "/order/", "/purchase/", "/bulk/", "/upload", "/desk"];
    let mut text = "User-agent: *\n".to_owned();
    away.iter().for_each(|path| {
        let _ = writeln!(text, "Disallow: {path}");
    });
    let _ = write!(text, "\nSitemap: {}\n", absolute(&web.settings.public_url, "/sitemap.xml"));
    answer("text/plain; charset=utf-8", text)
}

/// How long a day is; there is no summer time in Nairobi.
const DAY: Duration = Duration::from_secs(86_400);

/// The moment the day of another begins in Nairobi.
fn day_of(at: Timestamp) -> Option<Timestamp> {
    let (year, month, day) = at.civil(NAIROBI);
    Timestamp::of_day(year, month, day, NAIROBI)
}

/// The day that the name of a part says, from its first moment to that of the next: `2026-11-03`.
fn named(part: &str) -> Option<(Timestamp, Timestamp)> {
    let mut parts = part.splitn(3, '-').map(|part| part.parse::<u32>().ok());
    let (year, month, day) = (i64::from(parts.next()??), parts.next()??, parts.next()??);
    let from = YEARS.contains(&year).then(|| Timestamp::of_day(year, month, day, NAIROBI))??;
    Some((from, from.after(DAY)))
}

/// `GET /sitemap.xml`: the parts of the map.
pub(crate) async fn sitemap(State(web): State<Arc<Web>>) -> Result<Response, Refusal> {
    let site = xml(&web.settings.public_url);
    let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                    <sitemapindex xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">\n"
        .to_owned();
    let _ = writeln!(text, "<sitemap><loc>{site}/sitemap/shop.xml</loc></sitemap>");
    let now = web.clock.now();
    let mut day = web.front.aisles().await?.oldest.and_then(day_of);
    while let Some(at) = day.filter(|day| *day <= now) {
        let (year, month, of_month) = at.civil(NAIROBI);
        let part = format!("{year:04}-{month:02}-{of_month:02}");
        let _ = writeln!(text, "<sitemap><loc>{site}/sitemap/{part}.xml</loc></sitemap>");
        day = Some(at.after(DAY));
    }
    text.push_str("</sitemapindex>\n");
    Ok(answer("application/xml; charset=utf-8", text))
}

const URLSET: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
                      <urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" \
                      xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n";

/// One page of the map by its address in each language, which is how the page itself names them.
fn place(text: &mut String, site: &str, path: &str) {
    let here = xml(&absolute(site, path));
    for tongue in Tongue::ALL {
        let _ = write!(text, "<url><loc>{here}?lang={}</loc>", tongue.letters());
        for other in Tongue::ALL.map(Tongue::letters) {
            let _ = write!(
                text,
                "<xhtml:link rel=\"alternate\" hreflang=\"{other}\" href=\"{here}?lang={other}\"/>"
            );
        }
        let _ =
            writeln!(text, "<xhtml:link rel=\"alternate\" hreflang=\"x-default\" href=\"{here}\"/></url>");
    }
}

/// `GET /sitemap/{part}`: the pages of the shop, or the pieces of a day with their makers.
pub(crate) async fn part(State(web): State<Arc<Web>>, Path(part): Path<String>) -> Result<Response, Refusal> {
    let name = part.strip_suffix(".xml").ok_or(ShopError::NotFound)?;
    if name == "shop" {
        return pages(&web).await;
    }
    let (from, to) = named(name).ok_or(ShopError::NotFound)?;
    let before = Spot { since: to, number: 0 };
    let (mut makers, mut pages) = (BTreeSet::new(), 0);
    let draw = move |text: &mut String, web: &Web, piece: &PieceView| {
        let site = &web.settings.public_url;
        let maker = makers.insert(piece.maker_page.clone()).then(|| format!("/maker/{}", piece.maker_page));
        for path in std::iter::once(format!("/piece/{}", piece.code)).chain(maker) {
            pages += 1;
            if pages <= MOST_PAGES {
                place(text, site, &path);
            } else if pages == MOST_PAGES + 1 {
                tracing::warn!(MOST_PAGES, "more pieces came on one day than its part of the map can hold");
            }
        }
    };
    let body = written(web, URLSET.to_owned(), Some(before), from, "</urlset>\n", draw);
    Ok(answer("application/xml; charset=utf-8", body))
}

async fn pages(web: &Web) -> Result<Response, Refusal> {
    let aisles = web.front.aisles().await?;
    let site = &web.settings.public_url;
    let mut text = URLSET.to_owned();
    place(&mut text, site, "/");
    aisles.kinds.iter().for_each(|kind| place(&mut text, site, &format!("/craft/{kind}")));
    aisles.stuffs.iter().for_each(|stuff| place(&mut text, site, &format!("/material/{stuff}")));
    text.push_str("</urlset>\n");
    Ok(answer("application/xml; charset=utf-8", text))
}

/// `GET /feed/{file}`: everything on sale in one language, `en.xml` or `fr.xml`.
pub(crate) async fn products(
    State(web): State<Arc<Web>>, Path(file): Path<String>,
) -> Result<Response, Refusal> {
    let named = |tongue: &Tongue| file.strip_suffix(".xml") == Some(tongue.letters());
    let t = Tongue::ALL.into_iter().find(named).ok_or(ShopError::NotFound)?;
    let site = xml(&web.settings.public_url);
    let head = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <rss version=\"2.0\" xmlns:g=\"http://base.google.com/ns/1.0\">\n<channel>\n\
         <title>Sokoni</title>\n<link>{site}/?lang={}</link>\n<description>{}</description>\n",
        t.letters(),
        xml(t.site_about()),
    );
    let draw = move |text: &mut String, web: &Web, piece: &PieceView| item(text, web, t, piece);
    let oldest = Timestamp::from_millis(i64::MIN);
    let body = written(web, head, None, oldest, "</channel>\n</rss>\n", draw);
    Ok(answer("application/rss+xml; charset=utf-8", body))
}

/// A piece as a shopping engine reads it. One without a picture would be refused there.
fn item(text: &mut String, web: &Web, t: Tongue, piece: &PieceView) {
    let site = &web.settings.public_url;
    let Some(image) = picture(site, piece) else { return };
    text.push_str("<item>\n");
    let mut say = |name: &str, value: &str| {
        let _ = writeln!(text, "<g:{name}>{}</g:{name}>", xml(value));
    };
    let title = t.piece(&piece.kind, &piece.stuff);
    let about = t.piece_about(&title, &piece.maker, &piece.place, t.kes(&piece.maker_gets));
    say("id", &piece.code);
    say("title", &t.piece_by(&title, &piece.maker));
    say("description", &about);
    say("link", &absolute(site, &format!("/piece/{}?lang={}", piece.code, t.letters())));
    say("image_link", &image);
    for photo in piece.photos.iter().skip(1).take(MOST_PICTURES) {
        say("additional_image_link", &absolute(site, &upload::serve::url(photo.name, PICTURE)));
    }
    say("availability", "in_stock");
    say("price", &format!("{} USD", decimal(piece.price)));
    say("condition", "new");
    say("brand", &piece.maker);
    say("identifier_exists", "no");
    say("product_type", &t.kinds(&piece.kind));
    say("material", &t.stuff(&piece.stuff));
    for (country, _) in web.front.countries() {
        if let Some(cost) = web.front.shipping(&country, &piece.kind) {
            let _ = writeln!(
                text,
                "<g:shipping><g:country>{}</g:country><g:price>{} USD</g:price></g:shipping>",
                xml(&country),
                decimal(cost)
            );
        }
    }
    text.push_str("</item>\n");
}

/// Where a text that is written while it is read stands.
struct Writing<D> {
    web: Arc<Web>,
    draw: D,
    /// What comes before the pieces.
    head: Option<String>,
    before: Option<Spot>,
    oldest: Timestamp,
    tail: &'static str,
    ended: bool,
}

impl<D: FnMut(&mut String, &Web, &PieceView)> Writing<D> {
    async fn next(&mut self) -> Result<String, ShopError> {
        let mut text = self.head.take().unwrap_or_default();
        // Held while a page is read and not while somebody takes it, however slowly.
        let permit = self.web.feeds.clone().acquire_owned().await.map_err(|_| ShopError::Fault)?;
        let wish = Browse { before: self.before, limit: AT_ONCE, ..Browse::default() };
        let Found { pieces, further } = self.web.front.browse(wish).await?;
        drop(permit);
        for piece in &pieces {
            if piece.since < self.oldest {
                self.ended = true;
                break;
            }
            (self.draw)(&mut text, &self.web, piece);
        }
        self.before = further;
        self.ended |= further.is_none();
        if self.ended {
            text.push_str(self.tail);
        }
        Ok(text)
    }
}

/// A body with all pieces behind a spot that are not older than that.
fn written<D>(
    web: Arc<Web>, head: String, before: Option<Spot>, oldest: Timestamp, tail: &'static str, draw: D,
) -> Body
where
    D: FnMut(&mut String, &Web, &PieceView) + Send + 'static,
{
    let writing = Writing { web, draw, head: Some(head), before, oldest, tail, ended: false };
    let chunks = stream::unfold(writing, async |mut writing| {
        if writing.ended {
            return None;
        }
        let chunk = match writing.next().await {
            Ok(text) => Ok(Bytes::from(text)),
            Err(why) => {
                tracing::warn!(%why, "a feed broke off");
                writing.ended = true;
                Err(io::Error::other("the shop could not be read"))
            }
        };
        Some((chunk, writing))
    });
    Body::from_stream(chunks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_xml_cannot_be_markup() {
        assert_eq!(xml("<a href=\"x\">&\u{7}"), "&lt;a href=&quot;x&quot;&gt;&amp; ");
    }

    #[test]
    fn a_part_of_the_map_is_a_day_and_no_year_is_too_far_to_be_refused() {
        let (from, to) = named("2026-12-31").expect("a day");
        assert_eq!((from.civil(NAIROBI), to.civil(NAIROBI)), ((2026, 12, 31), (2027, 1, 1)));
        assert_eq!(day_of(to.after(Duration::from_secs(3_600))), Some(to));
        let far = format!("{}-12-31", i64::MAX);
        for no in ["", "2026-11", "2026-13-01", "2026-02-30", "1-2-3-4", "soon-1-1", "99999-01-01", &far] {
            assert_eq!(named(no), None, "{no}");
        }
    }
}
