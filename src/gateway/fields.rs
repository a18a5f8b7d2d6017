//! What a request says, by the names of its fields: from its query, a form, or JSON.

use serde_json::Value;
use std::borrow::Cow;

/// The fields of a request, or of one entry of a list in it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Fields {
    pairs: Vec<(String, String)>,
    json: Option<Value>,
}

/// Why a request cannot be read: one sentence for whoever sent it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Not JSON, though it says so.
    #[error("the body is not JSON")]
    NotJson,
    /// A type that is none of ours.
    #[error("send the fields as a query, as application/x-www-form-urlencoded, or as application/json")]
    Kind,
}

impl Fields {
    /// Reads a request. A body without a type is JSON when it begins like it, else a form.
    ///
    /// # Errors
    /// Says what is wrong with the body.
    pub fn read(query: &str, content_type: Option<&str>, body: &[u8]) -> Result<Self, Unreadable> {
        let kind = content_type.and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        let kind = kind.to_ascii_lowercase();
        let begins = body.iter().find(|octet| !octet.is_ascii_whitespace());
        let is_json = kind == "application/json"
            || kind.ends_with("+json")
            || kind.is_empty() && matches!(begins, Some(b'{' | b'['));
        let is_form = matches!(kind.as_str(), "" | "application/x-www-form-urlencoded");
        let mut fields = Self::default();
        if is_json && begins.is_some() {
            fields.json = Some(serde_json::from_slice(body).map_err(|_| Unreadable::NotJson)?);
        } else if is_form {
            fields.pairs.extend(form_urlencoded::parse(body).into_owned());
        } else if begins.is_some() {
            return Err(Unreadable::Kind);
        }
        fields.pairs.extend(form_urlencoded::parse(query.as_bytes()).into_owned());
        Ok(fields)
    }

    /// A field by its name; in JSON also by a pointer (RFC 6901) such as `/message/text`. The first
    /// of several counts. Numbers and truths are given as JSON writes them.
    pub fn get(&self, name: &str) -> Option<Cow<'_, str>> {
        let in_json = self
            .json
            .as_ref()
            .and_then(|json| if name.starts_with('/') { json.pointer(name) } else { json.get(name) });
        if let Some(value) = in_json {
            return written(value);
        }
        let pair = self.pairs.iter().find(|(known, _)| known == name);
        pair.map(|(_, value)| Cow::Borrowed(value.as_str()))
    }

    /// The entries of the list at a JSON pointer, each with its own fields; what is not inside the
    /// list is not seen in them.
    pub fn list(&self, pointer: &str) -> Vec<Self> {
        let entries = self.json.as_ref().and_then(|json| json.pointer(pointer)).and_then(Value::as_array);
        let entry = |value: &Value| Self { pairs: Vec::new(), json: Some(value.clone()) };
        entries.into_iter().flatten().map(entry).collect()
    }
}

/// A value of JSON as text; lists, objects and `null` have none.
pub(super) fn written(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) => Some(Cow::Borrowed(text)),
        Value::Number(_) | Value::Bool(_) => Some(Cow::Owned(value.to_string())),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(query: &str, kind: &str, body: &str) -> Result<Fields, Unreadable> {
        Fields::read(query, Some(kind).filter(|kind| !kind.is_empty()), body.as_bytes())
    }

    #[test]
    fn a_form_a_query_and_json_say_the_same() {
        let form = read("", "application/x-www-form-urlencoded", "from=%2B254700000101&text=a+%26+b");
        let query = read("from=%2B254700000101&text=a%20%26%20b", "", "");
        let json = read("", "application/json", r#"{"from": "+254700000101", "text": "a & b"}"#);
        for fields in [form, query, json] {
            let fields = fields.expect("readable");
            assert_eq!(fields.get("from").as_deref(), Some("+254700000101"));
            assert_eq!(fields.get("text").as_deref(), Some("a & b"));
            assert_eq!(fields.get("id"), None);
        }
    }

    #[test]
    fn json_is_reached_into_and_listed() {
        let fields = read("", "", r#" {"results": [{"to": {"n": 7}}, {"to": null}], "more": true}"#);
        let fields = fields.expect("readable");
        assert_eq!(fields.get("/results/0/to/n").as_deref(), Some("7"));
        assert_eq!(fields.get("more").as_deref(), Some("true"));
        let entries = fields.list("/results");
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0].get("/to/n").as_deref(), Some("7"));
        assert_eq!((entries[1].get("to"), entries[1].get("more")), (None, None));
        assert!(fields.list("/nothing").is_empty());
    }

    #[test]
    fn what_cannot_be_read_is_said_in_a_sentence() {
        assert_eq!(read("", "application/json", "from=1"), Err(Unreadable::NotJson));
        assert_eq!(read("", "multipart/form-data; boundary=x", "--x"), Err(Unreadable::Kind));
        assert_eq!(
            read("a=1", "text/xml", "").map(|f| f.get("a").map(Cow::into_owned)),
            Ok(Some("1".into()))
        );
    }

    proptest! {
        #[test]
        fn octets_of_any_kind_are_read_or_refused(
            query in "\\PC{0,60}", kind in 0..4usize, body in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let kinds = ["", "application/json", "application/x-www-form-urlencoded", "text/plain"];
            if let Ok(fields) = Fields::read(&query, Some(kinds[kind]), &body) {
                let _ = (fields.get("text"), fields.get("/a/0"), fields.list("/a"), fields.list(""));
            }
        }
    }
}
