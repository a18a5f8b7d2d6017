//! Texts with holes, written so that what fills a hole cannot break out of it.

use serde::Deserialize;

/// How what fills a hole is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// As it is: plain text.
    Plain,
    /// `application/x-www-form-urlencoded`, in a body or a query.
    Form,
    /// A JSON string with its quotes.
    Json,
    /// The text of an XML or HTML element, or of an attribute in quotes.
    Markup,
}

impl Escape {
    /// The right one for a content type.
    pub fn of(content_type: &str) -> Self {
        let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        match kind.as_str() {
            "application/x-www-form-urlencoded" => Self::Form,
            json if json == "application/json" || json.ends_with("+json") => Self::Json,
            "text/xml" | "application/xml" | "text/html" => Self::Markup,
            xml if xml.ends_with("+xml") => Self::Markup,
            _ => Self::Plain,
        }
    }

    fn write(self, value: &str, into: &mut String) {
        match self {
            Self::Plain => into.push_str(value),
            Self::Form => into.extend(form_urlencoded::byte_serialize(value.as_bytes())),
            Self::Json => into.push_str(&serde_json::Value::from(value).to_string()),
            Self::Markup => value.chars().for_each(|letter| match letter {
                '&' => into.push_str("&amp;"),
                '<' => into.push_str("&lt;"),
                '>' => into.push_str("&gt;"),
                '"' => into.push_str("&quot;"),
                '\'' => into.push_str("&#39;"),
                letter => into.push(letter),
            }),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Words(String),
    Hole(String),
}

/// A text with holes such as `{text}`. Braces round anything but small letters and `_` are words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(from = "String")]
pub struct Template(Vec<Part>);

impl From<String> for Template {
    fn from(text: String) -> Self {
        let mut parts = Vec::new();
        let mut words = String::new();
        let mut rest = text.as_str();
        while let Some(open) = rest.find('{') {
            let (before, from) = rest.split_at(open);
            words.push_str(before);
            let name = from[1..].find('}').map(|close| &from[1..=close]).filter(|name| is_name(name));
            match name {
                Some(name) => {
                    if !words.is_empty() {
                        parts.push(Part::Words(std::mem::take(&mut words)));
                    }
                    parts.push(Part::Hole(name.to_owned()));
                    rest = &from[name.len() + 2..];
                }
                None => {
                    words.push('{');
                    rest = &from[1..];
                }
            }
        }
        words.push_str(rest);
        if !words.is_empty() {
            parts.push(Part::Words(words));
        }
        Self(parts)
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

impl Template {
    /// The first hole that is none of these.
    pub fn unknown(&self, known: &[&str]) -> Option<&str> {
        self.0.iter().find_map(|part| match part {
            Part::Hole(name) if !known.contains(&name.as_str()) => Some(name.as_str()),
            _ => None,
        })
    }

    /// The text with its holes filled; a hole without a value stays empty.
    pub fn fill(&self, escape: Escape, values: &[(&str, &str)]) -> String {
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Words(words) => text.push_str(words),
                Part::Hole(name) => {
                    let value = values.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value);
                    escape.write(value, &mut text);
                }
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn template(text: &str) -> Template {
        Template::from(text.to_owned())
    }

    #[test]
    fn holes_are_filled_and_other_braces_are_words() {
        let filled = template("{a}{ }{}{\"x\": {text}}{").fill(Escape::Plain, &[("a", "1"), ("text", "{a}")]);
        assert_eq!(filled, "1{ }{}{\"x\": {a}}{");
        assert_eq!(template("CON {text}").fill(Escape::Plain, &[]), "CON ");
        assert_eq!(template("{to} {key}").unknown(&["to"]), Some("key"));
        assert_eq!(template("{To}").unknown(&[]), None);
    }

    #[test]
    fn the_escape_follows_the_content_type() {
        assert_eq!(Escape::of("application/json; charset=utf-8"), Escape::Json);
        assert_eq!(Escape::of("Application/X-WWW-form-urlencoded"), Escape::Form);
        assert_eq!(Escape::of("text/plain"), Escape::Plain);
        for markup in ["text/xml; charset=utf-8", "application/xml", "application/soap+xml", "text/html"] {
            assert_eq!(Escape::of(markup), Escape::Markup, "{markup}");
        }
    }

    #[test]
    fn what_fills_a_hole_of_xml_opens_and_closes_nothing() {
        let body = template("<sms to=\"{to}\">{text}</sms>");
        let body = body.fill(Escape::Markup, &[("to", "\"1\" x='"), ("text", "A & B</sms><b>")]);
        let expected = "<sms to=\"&quot;1&quot; x=&#39;\">A &amp; B&lt;/sms&gt;&lt;b&gt;</sms>";
        assert_eq!(body, expected);
    }

    proptest! {
        #[test]
        fn what_fills_a_hole_of_a_form_is_read_back_whole(value in "\\PC*\n?[&=+%#]?\\PC*") {
            let body = template("a=1&message={text}&b=2").fill(Escape::Form, &[("text", &value)]);
            let pairs: Vec<_> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
            prop_assert_eq!(pairs.len(), 3);
            prop_assert_eq!(&pairs[1], &("message".to_owned(), value));
        }

        #[test]
        fn what_fills_a_hole_of_json_is_read_back_whole(value in "\\PC*[\"\\\\\n]?\\PC*") {
            let body = template(r#"{"sms": {"text": {text}, "to": [{to}]}}"#);
            let body = body.fill(Escape::Json, &[("text", &value), ("to", "254700000101")]);
            let read: serde_json::Value = serde_json::from_str(&body).expect("JSON");
            prop_assert_eq!(read["sms"]["text"].as_str(), Some(value.as_str()));
            prop_assert_eq!(read["sms"]["to"][0].as_str(), Some("254700000101"));
        }
    }
}
