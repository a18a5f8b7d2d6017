//! What a body of several parts holds: the words in it and the pictures, by what they are and not by what
//! they are called.

use crate::photos::develop::is_picture;
use bytes::Bytes;
use mailparse::{DispositionType, ParsedMail, parse_mail};

/// The most parts of a body; an MMS has a handful.
const MOST_PARTS: usize = 256;
/// The most octets of the words in it.
const MOST_WORDS: usize = 4 * 1024;

/// A body, taken apart.
pub(super) struct Parts {
    /// The first part of all: where there is an envelope, that is it.
    pub(super) root: Vec<u8>,
    /// Its words, part by part.
    pub(super) words: String,
    /// Its pictures, in their order, none longer than was asked for.
    pub(super) pictures: Vec<Bytes>,
    /// Fields of a form, by name, as far as they are text.
    pub(super) fields: Vec<(String, String)>,
}

impl Parts {
    /// A body of one part.
    pub(super) fn bare(root: &[u8]) -> Self {
        Self { root: root.to_vec(), words: String::new(), pictures: Vec::new(), fields: Vec::new() }
    }

    /// A field of a form.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, text)| text.as_str())
    }
}

/// Takes a body apart whose content type says how. At most `most` pictures of `longest` octets each are
/// looked at; `None` where it is no such body.
pub(super) fn take_apart(content_type: &str, body: &[u8], most: usize, longest: usize) -> Option<Parts> {
    let is_several =
        content_type.trim_start().get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case("multipart/"));
    if !is_several || content_type.contains(['\r', '\n']) {
        return None;
    }
    // Each part that is found costs memory, however little is in it.
    if body.windows(3).filter(|three| three == b"\n--").take(MOST_PARTS + 1).count() > MOST_PARTS {
        return None;
    }
    let head = format!("Content-Type: {content_type}\r\n\r\n");
    let whole = [head.as_bytes(), body].concat();
    let mail = parse_mail(&whole).ok()?;
    let first = mail.subparts.first()?;
    let mut parts = Parts::bare(&decoded(first)?);
    for part in mail.parts().skip(1).filter(|part| part.subparts.is_empty()) {
        let said = part.get_content_disposition();
        let name = said.params.get("name").filter(|_| said.disposition == DispositionType::FormData);
        let Some(octets) = decoded(part) else { continue };
        if is_picture(&octets) {
            if octets.len() <= longest && parts.pictures.len() < most {
                parts.pictures.push(octets.into());
            }
            continue;
        }
        if octets.len() > MOST_WORDS || part.ctype.mimetype != "text/plain" {
            continue;
        }
        let text = part.get_body().unwrap_or_default();
        match name {
            Some(name) => parts.fields.push((name.clone(), text.trim().to_owned())),
            None if parts.words.len() + text.len() <= MOST_WORDS => {
                parts.words.push_str(&text);
                parts.words.push('\n');
            }
            None => {}
        }
    }
    Some(parts)
}

/// What a part is without what it was wrapped in for the way.
fn decoded(part: &ParsedMail<'_>) -> Option<Vec<u8>> {
    part.get_body_raw().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\nrest";

    fn body(parts: &[&[u8]]) -> Vec<u8> {
        let mut body = Vec::new();
        for part in parts {
            body.extend_from_slice(b"--edge\r\n");
            body.extend_from_slice(part);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(b"--edge--\r\n");
        body
    }

    #[test]
    fn words_and_pictures_are_found_by_what_they_are() {
        let picture = [b"Content-Type: application/octet-stream\r\n\r\n", PNG].concat();
        let liar = b"Content-Type: image/jpeg\r\n\r\n<html>no picture</html>";
        let words = b"Content-Type: text/plain; charset=utf-8\r\n\r\nring 10019";
        let smil = b"Content-Type: application/smil\r\n\r\n<smil>10020</smil>";
        let whole = body(&[b"Content-Type: text/xml\r\n\r\n<x/>", smil, words, liar, &picture]);
        let parts = take_apart("multipart/related; boundary=edge", &whole, 6, 100).expect("parts");
        assert_eq!((parts.root.as_slice(), parts.words.trim()), (&b"<x/>"[..], "ring 10019"));
        assert_eq!(parts.pictures, [PNG]);
        assert!(
            take_apart("multipart/related; boundary=edge", &whole, 6, 8).expect("parts").pictures.is_empty()
        );
    }

    #[test]
    fn what_is_no_body_of_parts_or_has_too_many_is_none() {
        assert!(take_apart("text/xml", b"<x/>", 6, 100).is_none());
        assert!(take_apart("multipart/related", b"--edge\r\n\r\n--edge--", 6, 100).is_none());
        assert!(take_apart("multipart/related; boundary=edge", b"nothing", 6, 100).is_none());
        let many = body(&vec![&b"\r\nx"[..]; 300]);
        assert!(take_apart("multipart/related; boundary=edge", &many, 6, 100).is_none());
        assert!(take_apart("multipart/related; boundary=edge\r\nx: y", &body(&[b"\r\nx"]), 6, 100).is_none());
    }

    #[test]
    fn fields_of_a_form_have_names() {
        let field = b"Content-Disposition: form-data; name=\"msisdn\"\r\n\r\n254700000101";
        let file =
            [b"Content-Disposition: form-data; name=\"image\"; filename=\"../x.png\"\r\n\r\n", PNG].concat();
        let parts = take_apart("Multipart/Form-Data; boundary=\"edge\"", &body(&[field, &file]), 6, 100);
        let parts = parts.expect("parts");
        assert_eq!((parts.field("msisdn"), parts.field("image")), (Some("254700000101"), None));
        assert_eq!(parts.pictures.len(), 1);
    }
}
