//! The menus of the product, compiled in: what runs when nobody names a folder of others.

/// Name and text of each file.
const SOURCES: [(&str, &str); 6] = [
    ("menus/join.menu", include_str!("../../menus/join.menu")),
    ("menus/artisan.menu", include_str!("../../menus/artisan.menu")),
    ("menus/agent.menu", include_str!("../../menus/agent.menu")),
    ("menus/mentor.menu", include_str!("../../menus/mentor.menu")),
    ("menus/rider.menu", include_str!("../../menus/rider.menu")),
    ("menus/messages.menu", include_str!("../../menus/messages.menu")),
];

/// Name and text of each file, as [`crate::menu::check::compile`] takes them.
pub fn sources() -> Vec<(String, String)> {
    SOURCES.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
}
