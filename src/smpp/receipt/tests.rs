use super::*;
use crate::smpp::fixture;
use proptest::prelude::*;
use std::path::Path;

/// The octets that hexadecimal digits spell.
fn octets(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

/// The message that a file of `fixtures/receipt` describes.
fn described(file: &str) -> Message {
    let mut message = Message::default();
    let (head, text) = file.split_once("\n\n").unwrap_or((file, ""));
    let mut ucs2 = false;
    for line in head.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        match words[..] {
            ["pdu", name] => return fixture::message(name),
            ["esm_class", value] => message.esm_class = octets(value)[0],
            ["tlv", tag, value] => {
                let tag = u16::from_str_radix(tag, 16).expect("a tag");
                message.tlvs.push((tag, octets(value).into()));
            }
            ["ucs2"] => ucs2 = true,
            _ => panic!("what is {line:?}?"),
        }
    }
    let text = text.trim_end_matches('\n');
    let short_message: Vec<u8> = match ucs2 {
        true => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        false => text.bytes().collect(),
    };
    message.data_coding = if ucs2 { 0x08 } else { 0x00 };
    message.short_message = short_message.into();
    message
}

/// A reading as the files of `fixtures/receipt` write it.
fn written(reading: &Reading) -> String {
    match reading {
        Reading::Other => "no receipt".to_owned(),
        Reading::Unreadable(why) => format!("unreadable: {why}"),
        Reading::Receipt(Receipt { id, state, error, done }) => {
            let mut line = format!("id={id} state={}", state.name());
            for (name, value) in [("error", error), ("done", done)] {
                line.extend(value.iter().map(|value| format!(" {name}={value}")));
            }
            line
        }
    }
}

fn marked(text: &str) -> Reading {
    let short_message = text.as_bytes().to_vec().into();
    read(&Message { esm_class: RECEIPT, short_message, ..Message::default() })
}

#[test]
fn every_receipt_of_the_folder_is_read_as_the_file_beside_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/receipt");
    let mut count = 0;
    for entry in std::fs::read_dir(&folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|ext| ext != "txt") {
            continue;
        }
        let file = std::fs::read_to_string(&path).expect("a receipt");
        let beside = std::fs::read_to_string(path.with_extension("read")).expect("its reading");
        assert_eq!(written(&read(&described(&file))), beside.trim_end(), "{}", path.display());
        count += 1;
    }
    assert!(count >= 50, "only {count} receipts in {}", folder.display());
}

/// Fields of a receipt, each in a spelling that is met.
fn fields() -> impl Strategy<Value = Vec<String>> {
    let key = |lower: &'static str| {
        let upper: &'static str = lower.to_uppercase().leak();
        prop_oneof![Just(lower), Just(upper)]
    };
    let blank = || prop_oneof![Just(""), Just(" ")];
    let field = move |name: &'static str, value: &'static str| {
        (key(name), blank(), value).prop_map(|(key, blank, value)| format!("{key}:{blank}{value}")).boxed()
    };
    let all = vec![
        field("id", "[0-9a-f]{1,40}"),
        field("sub", "[0-9]{3}"),
        field("dlvrd", "[0-9]{3}"),
        field("submit date", "2[0-9]{9}|2[0-9]{11}"),
        field("done date", "25(0[1-9]|1[0-2])(0[1-9]|1[0-9])(0[0-9]|1[0-9])[0-5][0-9]"),
        field("stat", "DELIVRD|EXPIRED|UNDELIV|REJECTD|ENROUTE|ACKED|BUFFRED|FAILED|SKIPPED|UNDEL"),
        field("err", "[0-9A-F]{1,3}"),
    ];
    all.prop_flat_map(|fields| (Just(fields.clone()), Just(fields).prop_shuffle()))
        .prop_map(|(a, b)| a.into_iter().chain(b).collect::<Vec<String>>())
}

proptest! {
    #[test]
    fn the_order_of_the_fields_is_nobodys_to_rely_on(both in fields()) {
        let (straight, shuffled) = both.split_at(both.len() / 2);
        let straight = marked(&straight.join(" "));
        prop_assert!(matches!(straight, Reading::Receipt(_)));
        prop_assert_eq!(&marked(&shuffled.join(" ")), &straight);
        prop_assert_eq!(&marked(&format!("{} text:id:1 stat:DELETED", shuffled.join("  "))), &straight);
    }

    #[test]
    fn any_octets_are_read_without_panic(
        octets in prop::collection::vec(any::<u8>(), 0..200), esm_class: u8, data_coding: u8,
        tag in prop_oneof![Just(0x001E_u16), Just(0x0423), Just(0x0427)],
        value in prop::collection::vec(any::<u8>(), 0..8),
    ) {
        let tlvs = vec![(tag, value.into())];
        let _ = read(&Message { short_message: octets.into(), esm_class, data_coding, tlvs, ..Message::default() });
    }

    #[test]
    fn any_words_around_the_keys_are_read_without_panic(
        words in prop::collection::vec(prop_oneof![
            Just("id:".to_owned()), Just("stat:".to_owned()), Just("done date:".to_owned()),
            Just("text:".to_owned()), Just("err :".to_owned()), Just(" ".to_owned()), "\\PC{0,12}",
        ], 0..20)
    ) {
        let _ = marked(&words.concat());
    }
}
