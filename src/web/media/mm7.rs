//! MM7, the MMSC's side of an MMS (3GPP TS 23.140, 8.7.8): what a `DeliverReq` says, and the answers to it.
//! Of XML only elements and their text are read; a document type, and any entity that XML itself does not
//! name, is refused.

use quick_xml::NsReader;
use quick_xml::events::Event;
use std::fmt::Write;

/// The schema of the release that is answered where none was named.
const SCHEMA: &str = "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/REL-6-MM7-1-4";
/// What every schema of it begins with.
const SCHEMAS: &str = "http://www.3gpp.org/ftp/Specs/archive/23_series/23.140/schema/";
/// Elements in one another; an honest envelope has seven.
const DEEPEST: usize = 16;
/// The most elements; an honest envelope has some dozens, and one more for each recipient.
const MOST: usize = 512;
/// The most octets of an envelope.
const LARGEST: usize = 128 * 1024;
/// The most octets of one element's text.
const LONGEST: usize = 1_024;

/// What an envelope says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Delivery {
    /// The schema it speaks, for the answer.
    pub(super) schema: String,
    /// Its version, for the answer.
    pub(super) version: String,
    /// Names this request; the answer names it, too.
    pub(super) transaction: String,
    /// Names the message.
    pub(super) linked: String,
    /// Whose phone sent it, as it stands there.
    pub(super) sender: String,
    /// What she wrote above it.
    pub(super) subject: String,
}

/// Why an envelope is none, with the status code of MM7 that says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wrong {
    /// The code.
    pub(super) code: u16,
    /// What is wrong, in words.
    pub(super) why: &'static str,
    /// The request it is about, where it could be read.
    pub(super) transaction: String,
}

/// Text that stands at a place of the envelope, from the body or the header on.
fn place<'d>(found: &'d mut Delivery, path: &[String]) -> Option<&'d mut String> {
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["Envelope", "Header", "TransactionID"] => Some(&mut found.transaction),
        ["Envelope", "Body", "DeliverReq", "MM7Version"] => Some(&mut found.version),
        ["Envelope", "Body", "DeliverReq", "LinkedID"] => Some(&mut found.linked),
        ["Envelope", "Body", "DeliverReq", "Subject"] => Some(&mut found.subject),
        // A number. Whoever sent it by mail is nobody here: a mail address may begin like a number.
        ["Envelope", "Body", "DeliverReq", "Sender"]
        | ["Envelope", "Body", "DeliverReq", "Sender", "Number"] => Some(&mut found.sender),
        _ => None,
    }
}

/// Reads an envelope.
pub(super) fn read(root: &[u8]) -> Result<Delivery, Wrong> {
    let mut found = Delivery {
        schema: String::new(),
        version: String::new(),
        transaction: String::new(),
        linked: String::new(),
        sender: String::new(),
        subject: String::new(),
    };
    let asked = take(root, &mut found);
    let wrong = |(code, why)| Wrong { code, why, transaction: found.transaction.trim().to_owned() };
    match asked.map_err(wrong)?.as_str() {
        "DeliverReq" => {}
        // Reports about what we never sent, and whatever else there is.
        _ => return Err(wrong((4003, "only DeliverReq is taken here"))),
    }
    for text in
        [&mut found.version, &mut found.transaction, &mut found.linked, &mut found.sender, &mut found.subject]
    {
        *text = text.trim().to_owned();
    }
    if found.transaction.is_empty() || found.sender.is_empty() {
        let transaction = found.transaction;
        return Err(Wrong { code: 4004, why: "TransactionID or Sender is missing", transaction });
    }
    Ok(found)
}

/// Walks through an envelope; the name of what its body asks for.
fn take(root: &[u8], found: &mut Delivery) -> Result<String, (u16, &'static str)> {
    const NO_XML: (u16, &str) = (4004, "the first part is no SOAP envelope that we can read");
    if root.len() > LARGEST {
        return Err((4004, "the envelope is too long"));
    }
    let text = std::str::from_utf8(root).map_err(|_| (4004, "the envelope is not UTF-8"))?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    let (mut path, mut asked, mut elements): (Vec<String>, String, usize) = (Vec::new(), String::new(), 0);
    loop {
        let event = reader.read_event().map_err(|_| NO_XML)?;
        let piece = match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                let name = tag.local_name().as_ref().to_owned();
                path.push(name.clone());
                if path.len() > DEEPEST {
                    return Err(NO_XML);
                }
                elements += 1;
                if elements > MOST {
                    return Err((4004, "the envelope has too many elements"));
                }
                if path.len() == 3 && path[..2] == ["Envelope", "Body"] {
                    if !asked.is_empty() {
                        return Err(NO_XML);
                    }
                    asked = name;
                    found.schema = schema_of(&reader, tag.name());
                }
                if matches!(event, Event::Empty(_)) {
                    path.pop();
                }
                continue;
            }
            Event::End(_) => {
                path.pop();
                continue;
            }
            Event::Text(text) => text.xml10_content().into_owned(),
            Event::CData(text) => text.xml10_content().into_owned(),
            Event::GeneralRef(named) => {
                referred(named).ok_or((4004, "the envelope names an entity"))?.to_string()
            }
            Event::DocType(_) => return Err((4004, "the envelope has a document type")),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
        };
        if let Some(text) = place(found, &path) {
            text.push_str(&piece);
            if text.len() > LONGEST {
                return Err((4004, "an element is too long"));
            }
        }
    }
    if path.is_empty() && !asked.is_empty() { Ok(asked) } else { Err(NO_XML) }
}

/// The letter that a reference stands for: those of XML itself, and by number.
fn referred(named: &quick_xml::events::BytesRef<'_>) -> Option<char> {
    if let Some(letter) = named.resolve_char_ref().ok()? {
        return Some(letter);
    }
    match &**named {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// The schema of an element, if it is one of MM7.
fn schema_of(reader: &NsReader<&[u8]>, name: quick_xml::name::QName<'_>) -> String {
    let (bound, _) = reader.resolver().resolve_element(name);
    let bound = match bound {
        quick_xml::name::ResolveResult::Bound(namespace) => namespace.as_ref().to_owned(),
        _ => String::new(),
    };
    if bound.starts_with(SCHEMAS) && bound.len() <= 128 { bound } else { SCHEMA.to_owned() }
}

/// Text as XML has it.
fn escaped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).fold(String::new(), |mut safe, c| {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            c => safe.push(c),
        }
        safe
    })
}

/// An envelope round a body.
fn envelope(schema: &str, transaction: &str, body: &str) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    text.push_str("<env:Envelope xmlns:env=\"http://schemas.xmlsoap.org/soap/envelope/\"><env:Header>");
    if !transaction.is_empty() {
        let _ = write!(
            text,
            "<mm7:TransactionID xmlns:mm7=\"{}\" env:mustUnderstand=\"1\">{}</mm7:TransactionID>",
            escaped(schema),
            escaped(transaction)
        );
    }
    let _ = writeln!(text, "</env:Header><env:Body>{body}</env:Body></env:Envelope>");
    text
}

/// The status of an answer.
fn status(version: &str, code: u16, words: &str) -> String {
    let version = if version.is_empty() { "6.8.0" } else { version };
    format!(
        "<MM7Version>{}</MM7Version><Status><StatusCode>{code}</StatusCode><StatusText>{}</StatusText></Status>",
        escaped(version),
        escaped(words)
    )
}

/// The answer to a message that was read: 1000 when it is ours now, another code when it never will be.
pub(super) fn delivered(to: &Delivery, code: u16, words: &str) -> String {
    let body = format!(
        "<DeliverRsp xmlns=\"{}\">{}</DeliverRsp>",
        escaped(&to.schema),
        status(&to.version, code, words)
    );
    envelope(&to.schema, &to.transaction, &body)
}

/// The answer to what could not be read, or not now: a fault, with the error of MM7 in it.
pub(super) fn fault(transaction: &str, code: u16, words: &str) -> String {
    let whose = if (3000..4000).contains(&code) || code == 4006 { "Server" } else { "Client" };
    let body = format!(
        "<env:Fault><faultcode>env:{whose}</faultcode><faultstring>{}</faultstring><detail><VASPErrorRsp xmlns=\"{SCHEMA}\">{}</VASPErrorRsp></detail></env:Fault>",
        escaped(words),
        status("", code, words)
    );
    envelope(SCHEMA, transaction, &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(body: &str) -> String {
        format!(
            "<?xml version=\"1.0\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\"><s:Header><m:TransactionID xmlns:m=\"{SCHEMAS}REL-5-MM7-1-2\" s:mustUnderstand=\"1\"> t&amp;1 </m:TransactionID></s:Header><s:Body>{body}</s:Body></s:Envelope>"
        )
    }

    fn deliver(inside: &str) -> String {
        asked(&format!(
            "<DeliverReq xmlns=\"{SCHEMAS}REL-5-MM7-1-2\"><MM7Version>5.3.0</MM7Version>{inside}</DeliverReq>"
        ))
    }

    #[test]
    fn who_sends_by_mail_is_nobody_however_the_address_begins() {
        let mail = "+254700000101/x@evil.example";
        let text = deliver(&format!("<Sender><RFC2822Address>{mail}</RFC2822Address></Sender>"));
        assert_eq!(read(text.as_bytes()).err().map(|wrong| wrong.code), Some(4004));
    }

    #[test]
    fn an_envelope_says_who_what_and_which() {
        let text = deliver(
            "<LinkedID>l1</LinkedID><Sender><Number>+254700000101</Number></Sender><Recipients><To><Number>48357</Number></To></Recipients><Subject>Ring &#49;0019</Subject>",
        );
        let read = read(text.as_bytes()).expect("an envelope");
        assert_eq!((read.transaction.as_str(), read.linked.as_str()), ("t&1", "l1"));
        assert_eq!((read.sender.as_str(), read.subject.as_str()), ("+254700000101", "Ring 10019"));
        let answer = delivered(&read, 1000, "Success");
        assert!(
            answer.contains("REL-5-MM7-1-2") && answer.contains(">t&amp;1</mm7:TransactionID>"),
            "{answer}"
        );
        assert!(
            answer.contains("<MM7Version>5.3.0</MM7Version><Status><StatusCode>1000</StatusCode>"),
            "{answer}"
        );
    }

    #[test]
    fn what_is_no_envelope_or_brings_entities_is_refused() {
        let code = |text: &str| read(text.as_bytes()).expect_err("refused").code;
        assert_eq!(code(""), 4004);
        assert_eq!(code("<Envelope><Body><DeliverReq>"), 4004);
        assert_eq!(code(&deliver("<Subject>x</Subject>")), 4004, "no sender");
        assert_eq!(code(&asked("<SubmitRsp/>")), 4003);
        assert_eq!(code(&asked("<DeliverReq/><DeliverReq/>")), 4004);
        assert_eq!(code(&deliver("<Sender>&phone;</Sender>")), 4004);
        let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\">]>".to_owned()
            + &deliver("<Sender>&b;</Sender>");
        assert_eq!(code(&bomb), 4004);
        assert_eq!(code(&deliver(&format!("<Sender>{}</Sender>", "1".repeat(2_000)))), 4004);
        assert_eq!(code(&deliver(&format!("{}{}", "<a>".repeat(40), "</a>".repeat(40)))), 4004);
        let sender = "<Sender><Number>+254700000101</Number></Sender>";
        let to = |count: usize| deliver(&format!("{sender}{}", "<To/>".repeat(count)));
        assert!(read(to(400).as_bytes()).is_ok());
        assert_eq!(code(&to(600)), 4004, "more elements than anybody has");
        assert_eq!(code(&deliver(&format!("{sender}<!--{}-->", "x".repeat(LARGEST)))), 4004);
        let wrong = read(asked("<SubmitRsp/>").as_bytes()).expect_err("refused");
        assert!(fault(&wrong.transaction, wrong.code, wrong.why).contains("<StatusCode>4003</StatusCode>"));
    }

    #[test]
    fn nothing_that_came_ends_an_element_of_the_answer() {
        let hostile = Delivery {
            schema: SCHEMA.to_owned(),
            version: "</MM7Version><x>".to_owned(),
            transaction: "\"><script>".to_owned(),
            linked: String::new(),
            sender: "1".to_owned(),
            subject: String::new(),
        };
        let answer = delivered(&hostile, 1000, "Success");
        assert!(!answer.contains("<script") && !answer.contains("<x>"), "{answer}");
    }
}
