//! The menus of the product, compiled in: what runs when nobody names a folder of others.

/// Name and text of each file.
const SOURCES: [(&str, &str); 16] = [
    ("menus/join.menu", include_str!("../../menus/join.menu")),
    ("menus/join.am", include_str!("../../menus/join.am")),
    ("menus/artisan.menu", include_str!("../../menus/artisan.menu")),
    ("menus/artisan.am", include_str!("../../menus/artisan.am")),
    ("menus/agent.menu", include_str!("../../menus/agent.menu")),
    ("menus/agent.am", include_str!("../../menus/agent.am")),
    ("menus/mentor.menu", include_str!("../../menus/mentor.menu")),
    ("menus/mentor.am", include_str!("../../menus/mentor.am")),
    ("menus/rider.menu", include_str!("../../menus/rider.menu")),
    ("menus/rider.am", include_str!("../../menus/rider.am")),
    ("menus/helper.menu", include_str!("../../menus/helper.menu")),
    ("menus/helper.am", include_str!("../../menus/helper.am")),
    ("menus/liaison.menu", include_str!("../../menus/liaison.menu")),
    ("menus/liaison.am", include_str!("../../menus/liaison.am")),
    ("menus/messages.menu", include_str!("../../menus/messages.menu")),
    ("menus/messages.am", include_str!("../../menus/messages.am")),
];

/// Name and text of each file, as [`crate::menu::check::compile`] takes them.
pub fn sources() -> Vec<(String, String)> {
    SOURCES.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The blocks of a file, by their headers; comments and blank lines left out.
    fn blocks(name: &str) -> BTreeMap<&'static str, Vec<&'static str>> {
        let (_, source) = SOURCES.iter().find(|(known, _)| *known == name).expect("a menu of the product");
        let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut header = "";
        for line in source.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#')) {
            if line.starts_with(' ') {
                found.entry(header).or_default().push(line.trim());
            } else {
                header = line;
            }
        }
        found
    }

    #[test]
    fn an_artisan_who_is_a_mentor_has_the_very_screens_of_a_mentor() {
        let (artisan, mentor) = (blocks("menus/artisan.menu"), blocks("menus/mentor.menu"));
        let hers = ["mentees", "mentee.", "invite.", "share"];
        let shared = mentor.iter().filter(|(header, _)| {
            header.split(' ').nth(1).is_some_and(|name| hers.iter().any(|hers| name.starts_with(hers)))
        });
        let mut compared = 0;
        for (header, lines) in shared {
            assert_eq!(artisan.get(header), Some(lines), "{header}");
            compared += 1;
        }
        assert!(compared > 15, "{compared}");
    }
}
