//! What a page says of itself to machines: its one address in each language, Open Graph, and structured
//! data as schema.org names it.

use crate::{
    engine::shopfront::{MakerView, PieceView},
    types::Usd,
    web::{
        page::{Piece, Web},
        tongue::{Reader, Tongue},
        upload,
    },
};
use serde_json::{Value, json};
use std::borrow::Borrow;

/// The width of pictures that others show beside a link to us.
pub(super) const PICTURE: u32 = 1_280;

/// What a page says of itself.
pub(in crate::web) struct Meta {
    site: String,
    /// Path and query that name the page, without a language.
    path: String,
    /// Its title.
    pub(in crate::web) title: String,
    /// One sentence about it.
    pub(in crate::web) about: String,
    /// `website`, `product` or `profile`.
    pub(in crate::web) kind: &'static str,
    /// The address of a picture.
    pub(in crate::web) image: Option<String>,
    /// Further properties.
    pub(in crate::web) more: Vec<(&'static str, String)>,
    /// Blocks of JSON-LD. They stand in the page as data, which no browser runs, so the content policy
    /// lets them be; nothing in them can end the element that they stand in.
    pub(in crate::web) data: Vec<String>,
    /// Engines are not to keep it.
    pub(in crate::web) hidden: bool,
}

/// JSON that may stand in a `script` element.
fn block(value: &Value) -> String {
    value.to_string().replace('<', "\\u003c")
}

/// A price as machines write it: `18.50`.
pub(super) fn decimal(price: Usd) -> String {
    format!("{}.{:02}", price.cents() / 100, price.cents() % 100)
}

/// An address of the shop with its scheme and host.
pub(super) fn absolute(site: &str, path: &str) -> String {
    format!("{site}{path}")
}

/// The address of a picture of the piece in the largest size; the emblem stands for none.
pub(super) fn picture(site: &str, piece: &PieceView) -> Option<String> {
    piece.photos.first().map(|photo| absolute(site, &upload::serve::url(photo.name, PICTURE)))
}

impl Meta {
    /// A page of the shop.
    pub(super) fn new(web: &Web, path: String, title: String, about: String) -> Self {
        let site = web.settings.public_url.clone();
        let (more, data) = (Vec::new(), Vec::new());
        Self { site, path, title, about, kind: "website", image: None, more, data, hidden: false }
    }

    /// The page in a language.
    pub(in crate::web) fn url(&self, tongue: impl Borrow<Tongue>) -> String {
        let join = if self.path.contains('?') { '&' } else { '?' };
        format!("{}{}{join}lang={}", self.site, self.path, tongue.borrow().letters())
    }

    /// The page in the language of whoever asks.
    pub(in crate::web) fn plain_url(&self) -> String {
        absolute(&self.site, &self.path)
    }

    /// The way to the page, from the home page on.
    fn crumbs(&self, way: &[(String, String)]) -> String {
        let item = |(at, (name, path)): (usize, &(String, String))| json!({ "@type": "ListItem", "position": at + 1, "name": name, "item": absolute(&self.site, path) });
        let items: Vec<Value> = way.iter().enumerate().map(item).collect();
        block(
            &json!({ "@context": "https://schema.org", "@type": "BreadcrumbList", "itemListElement": items }),
        )
    }

    /// The home page, with how it is searched.
    pub(super) fn home(mut self) -> Self {
        let site = &self.site;
        self.data.push(block(&json!({
            "@context": "https://schema.org",
            "@type": "WebSite",
            "name": "Sokoni",
            "url": format!("{site}/"),
            "potentialAction": {
                "@type": "SearchAction",
                "target": { "@type": "EntryPoint", "urlTemplate": format!("{site}/?q={{q}}") },
                "query-input": "required name=q",
            },
        })));
        self
    }

    /// The page of a piece.
    pub(super) fn of_piece(web: &Web, t: &Reader, piece: &Piece<'_>) -> Self {
        let view = piece.view;
        let gets = t.kes(&view.maker_gets);
        let title = t.piece_by(&piece.title, &view.maker);
        let about = t.piece_about(&piece.title, &view.maker, &view.place, gets);
        let mut meta = Self::new(web, format!("/piece/{}", view.code), title, about);
        meta.kind = "product";
        let site = &meta.site;
        let images: Vec<String> = view
            .photos
            .iter()
            .map(|photo| absolute(site, &upload::serve::url(photo.name, PICTURE)))
            .collect();
        let described = match super::piece::said(view, t.tongue) {
            Some((_, words)) => format!("{} {words}", meta.about),
            None => meta.about.clone(),
        };
        let stock = if view.ready > 0 { "InStock" } else { "OutOfStock" };
        let product = json!({
            "@context": "https://schema.org",
            "@type": "Product",
            "name": piece.title,
            "description": described,
            "sku": view.code,
            "image": images,
            "category": t.kind(&view.kind),
            "material": t.stuff(&view.stuff),
            "countryOfOrigin": "KE",
            "brand": { "@type": "Brand", "name": view.maker },
            "offers": {
                "@type": "Offer",
                "url": meta.plain_url(),
                "priceCurrency": "USD",
                "price": decimal(view.price),
                "availability": format!("https://schema.org/{stock}"),
                "itemCondition": "https://schema.org/NewCondition",
                "seller": { "@type": "Organization", "name": "Sokoni" },
            },
        });
        let way = [
            ("Sokoni".to_owned(), "/".to_owned()),
            (t.kinds(&view.kind), format!("/craft/{}", view.kind)),
            (piece.title.clone(), format!("/piece/{}", view.code)),
        ];
        meta.data = vec![block(&product), meta.crumbs(&way)];
        meta.more =
            vec![("product:price:amount", decimal(view.price)), ("product:price:currency", "USD".to_owned())];
        meta.image = images.into_iter().next();
        meta
    }

    /// The page of a maker.
    pub(super) fn of_maker(web: &Web, t: &Reader, maker: &MakerView, about: String) -> Self {
        let path = format!("/maker/{}", maker.page);
        let mut meta = Self::new(web, path, t.maker_title(&maker.name, &maker.place), about);
        meta.kind = "profile";
        let address =
            json!({ "@type": "PostalAddress", "addressLocality": maker.place, "addressCountry": "KE" });
        meta.data = vec![block(&json!({
            "@context": "https://schema.org",
            "@type": "ProfilePage",
            "url": meta.plain_url(),
            "mainEntity": { "@type": "Person", "name": maker.name, "address": address },
        }))];
        meta
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_structured_data_can_end_the_element_it_stands_in() {
        let hostile = json!({ "name": "</script><script>alert(1)</script><!--" });
        let written = block(&hostile);
        assert!(!written.contains('<'), "{written}");
        assert_eq!(serde_json::from_str::<Value>(&written).expect("still JSON"), hostile);
    }

    #[test]
    fn a_price_is_written_for_machines() {
        assert_eq!(
            (decimal(Usd::minor(1_850)), decimal(Usd::major(1_250))),
            ("18.50".into(), "1250.00".into())
        );
    }
}
