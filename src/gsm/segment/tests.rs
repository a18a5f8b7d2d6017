use super::*;
use proptest::prelude::*;

/// The text as a phone reads it: parts in order, each by itself.
fn read_back(message: &Message, style: &Style) -> String {
    let read = |part: &Part| match (message.coding, style.charset) {
        (Coding::Ucs2, _) => {
            let units: Vec<u16> =
                part.body.as_chunks().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
            String::from_utf16(&units).expect("no part ends inside a pair")
        }
        (_, Charset::Gsm) => alphabet::decode(&part.body),
        (_, Charset::GsmPacked) => alphabet::decode(&septets::unpack_behind(part.header.len(), &part.body)),
        (_, Charset::Latin1) => part.body.iter().map(|octet| *octet as char).collect(),
        (_, Charset::Utf8) => String::from_utf8(part.body.clone()).expect("no part ends inside a character"),
    };
    message.parts.iter().map(read).collect()
}

fn style(way: Way) -> Style {
    Style { way, ..Style::default() }
}

const WAYS: [Way; 4] = [Way::Udh8, Way::Udh16, Way::Sar, Way::Payload];
const CHARSETS: [Charset; 4] = [Charset::Gsm, Charset::GsmPacked, Charset::Latin1, Charset::Utf8];

#[test]
fn the_limits_are_160_and_153_septets_70_and_67_units() {
    for (text, count) in [
        ("a".repeat(160), 1),
        ("a".repeat(161), 2),
        ("a".repeat(306), 2),
        ("a".repeat(307), 3),
        ("ĩ".repeat(70), 1),
        ("ĩ".repeat(71), 2),
        ("ĩ".repeat(134), 2),
        ("ĩ".repeat(135), 3),
    ] {
        assert_eq!(parts(&text), count, "{} characters", text.chars().count());
    }
}

#[test]
fn a_longer_header_leaves_152_septets_and_66_units() {
    for (text, count) in
        [("a".repeat(304), 2), ("a".repeat(305), 3), ("ĩ".repeat(132), 2), ("ĩ".repeat(133), 3)]
    {
        assert_eq!(parts_in(&text, &style(Way::Udh16)), count, "{} characters", text.chars().count());
    }
}

/// The octets of a worked PDU from its short_message on.
fn worked(file: &str, from: usize) -> Vec<u8> {
    let hex: Vec<u8> = file.trim().bytes().collect();
    let octet = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).expect("ASCII"), 16).expect("hex");
    hex.chunks(2).map(octet).skip(from).collect()
}

const LONG: &str = "Habari Wanjiku. Oda zako za wiki hii: 1042 pete 12, 1043 mkufu 3, 1047 bangili 20, 1051 hereni \
    8. Tafadhali leta bidhaa Kariakor kabla ya Ijumaa saa tisa. Wakala Otieno atakagua ubora kisha malipo \
    yatumwe kwa simu yako. Jibu KUBALI au KATAA na namba ya oda.";

#[test]
fn each_way_writes_the_worked_octets() {
    let one = worked(include_str!("../../../fixtures/pdu/52-sms-concat8-part1.hex"), 51);
    let two = worked(include_str!("../../../fixtures/pdu/53-sms-concat8-part2.hex"), 51);
    let udh8 = segment(LONG, 0x12A7, &style(Way::Udh8)).expect("short enough");
    assert_eq!(udh8.parts.iter().map(Part::octets).collect::<Vec<_>>(), [one, two]);

    let wide = worked(include_str!("../../../fixtures/pdu/54-sms-concat16-part1.hex"), 51);
    let udh16 = segment(LONG, 0x1234, &style(Way::Udh16)).expect("short enough");
    assert_eq!(udh16.parts[0].octets(), wide);

    let first = worked(include_str!("../../../fixtures/pdu/55-sms-sar-part1.hex"), 51);
    let sar = segment(LONG, 0x1234, &style(Way::Sar)).expect("short enough");
    assert_eq!(sar.parts[0].octets(), first[..153]);
    assert_eq!(sar.parts[0].sar, Some(Sar { reference: 0x1234, total: 2, number: 1 }));

    let whole = worked(include_str!("../../../fixtures/pdu/56-sms-payload.hex"), 55);
    let payload = segment(LONG, 0x1234, &style(Way::Payload)).expect("short enough");
    assert_eq!(payload.parts.len(), 1);
    assert!(payload.parts[0].payload && payload.parts[0].header.is_empty());
    assert_eq!((payload.parts[0].octets(), payload.paid), (whole, 2));
}

#[test]
fn a_short_text_looks_the_same_in_every_way() {
    for way in WAYS {
        let message = segment("Sawa", 7, &style(way)).expect("short enough");
        assert_eq!(message.parts, [Part { body: b"Sawa".to_vec(), ..Part::default() }]);
    }
}

#[test]
fn an_smsc_that_counts_to_140_octets_gets_no_longer_part() {
    let narrow = Style { max_part_octets: 140, ..Style::default() };
    let message = segment(&"a".repeat(150), 7, &narrow).expect("short enough");
    assert_eq!(message.parts.iter().map(|p| p.octets().len()).collect::<Vec<_>>(), [140, 22]);
    let packed = Style { charset: Charset::GsmPacked, ..narrow };
    assert_eq!(parts_in(&"a".repeat(160), &packed), 1, "packed, 160 septets are 140 octets");
}

#[test]
fn packed_text_begins_on_a_septet_behind_its_header() {
    let packed = Style { charset: Charset::GsmPacked, ..Style::default() };
    let message = segment(&"a".repeat(200), 7, &packed).expect("short enough");
    assert_eq!(message.parts[0].octets().len(), AIR_OCTETS);
    // Six octets are 48 bits; one bit of filling makes seven septets of them.
    assert_eq!(message.parts[0].body[0], b'a' << 1);
}

#[test]
fn an_escape_pair_stays_in_one_part() {
    let text = format!("{}€{}", "a".repeat(152), "b".repeat(20));
    let message = segment(&text, 1, &Style::default()).expect("short enough");
    assert_eq!(message.parts[0].body.len(), 152);
    assert_eq!(read_back(&message, &Style::default()), text);
}

#[test]
fn latin1_is_measured_as_the_air_measures_and_takes_nothing_the_air_lacks() {
    let latin1 = Style { charset: Charset::Latin1, ..Style::default() };
    assert_eq!(parts_in(&"{".repeat(80), &latin1), 1);
    assert_eq!(parts_in(&"{".repeat(81), &latin1), 2, "a brace is two septets on the air");
    for (text, coding) in
        [("@é{", Coding::Gsm7), ("á", Coding::Ucs2), ("€", Coding::Ucs2), ("Ω", Coding::Ucs2)]
    {
        assert_eq!(segment(text, 0, &latin1).map(|m| m.coding), Ok(coding), "{text}");
    }
    assert_eq!(segment("@", 0, &latin1).expect("short").parts[0].body, b"@");
}

#[test]
fn a_curly_apostrophe_does_not_make_it_ucs2() {
    let coding = |text| segment(text, 0, &Style::default()).map(|m| m.coding);
    assert_eq!(coding("ng\u{2019}ombe"), Ok(Coding::Gsm7));
    assert_eq!(coding("nĩ"), Ok(Coding::Ucs2));
}

#[test]
fn letters_of_kikuyu_lose_their_marks_only_where_that_is_wanted() {
    let text = "Nĩ wega mũno";
    let plain = Style { plain_letters: true, ..Style::default() };
    let message = segment(text, 0, &plain).expect("short enough");
    assert_eq!((message.coding, read_back(&message, &plain)), (Coding::Gsm7, "Ni wega muno".to_owned()));
    assert_eq!(segment(text, 0, &Style::default()).map(|m| m.coding), Ok(Coding::Ucs2));
    assert_eq!(
        segment("дом", 0, &plain).map(|m| m.coding),
        Ok(Coding::Ucs2),
        "what has no plain letter stays"
    );
}

#[test]
fn a_table_is_named_where_it_keeps_a_text_out_of_ucs2() {
    let national = Style { national: true, ..Style::default() };
    let text = format!("Así más {}", "a".repeat(135));
    let message = segment(&text, 7, &national).expect("short enough");
    assert_eq!((message.coding, message.parts.len()), (Coding::Gsm7, 1));
    assert_eq!(message.parts[0].header, [3, 0x24, 1, 2]);
    let long = segment(&text.repeat(2), 7, &national).expect("short enough");
    assert_eq!(long.parts[1].header, [8, 0, 3, 7, 2, 2, 0x24, 1, 2]);
    assert!(long.parts.iter().all(|part| (part.header.len() * 8).div_ceil(7) + part.body.len() <= 160));
    assert_eq!(segment("Así", 7, &Style { way: Way::Sar, ..national }).map(|m| m.coding), Ok(Coding::Ucs2));
    assert!(segment("Asi", 7, &national).expect("short").parts[0].header.is_empty(), "none is needed");
}

#[test]
fn typography_is_mended_only_where_it_makes_the_text_no_longer() {
    let dots = "…".repeat(70);
    assert_eq!(segment(&dots, 0, &Style::default()).map(|m| (m.coding, m.paid)), Ok((Coding::Ucs2, 1)));
    assert_eq!(
        segment("ĩ…", 0, &Style::default()).expect("short").parts[0].body.len(),
        4,
        "UCS-2 has it all"
    );
}

#[test]
fn a_text_of_more_than_255_parts_is_refused() {
    assert_eq!(segment(&"a".repeat(153 * 255 + 1), 0, &Style::default()), Err(TooLong(256)));
}

proptest! {
    #[test]
    fn parts_join_to_the_whole_in_every_way_and_charset(
        text in "[a-z€^éĩ\u{1F600} ]{0,400}", way in 0usize..4, charset in 0usize..4, most in 20usize..254,
    ) {
        let style = Style { way: WAYS[way], charset: CHARSETS[charset], max_part_octets: most, ..Style::default() };
        let message = segment(&text, 0x0109, &style).expect("short enough");
        prop_assert_eq!(read_back(&message, &style), text.clone());
        prop_assert_eq!(message.paid, parts_in(&text, &style));
        let total = message.parts.len();
        for (part, number) in message.parts.iter().zip(1..) {
            prop_assert!(part.payload || part.octets().len() <= most);
            prop_assert!(!part.payload || (total == 1 && style.way == Way::Payload));
            let place = match part.header.as_slice() {
                [] => part.sar.map(|sar| (sar.total, sar.number)),
                &[5, 0, 3, 9, total, number] | &[6, 8, 4, 1, 9, total, number] => Some((total, number)),
                other => panic!("{other:?}"),
            };
            prop_assert_eq!(place, (total > 1).then_some((total as u8, number)));
        }
    }

    #[test]
    fn every_liberty_makes_a_text_shorter_or_leaves_it(text in "[a-zĩñçáóğş’…– €0-9]{0,300}") {
        let strict = parts(&text);
        let ucs2 = text.encode_utf16().count();
        let most = if ucs2 <= 70 { 1 } else { ucs2.div_ceil(66) };
        prop_assert!(strict <= most);
        for (plain_letters, national) in [(true, false), (false, true), (true, true)] {
            let free = Style { plain_letters, national, ..Style::default() };
            prop_assert!(parts_in(&text, &free) <= strict);
        }
    }

    #[test]
    fn no_part_is_longer_than_the_air_allows(text in "[a-z€^éĩ ]{150,400}", way in 0usize..3) {
        let style = style(WAYS[way]);
        let message = segment(&text, 1, &style).expect("short enough");
        let header = if message.parts.len() == 1 { 0 } else { [6, 7, 6][way] };
        for part in &message.parts {
            let octets = match message.coding {
                Coding::Ucs2 => part.body.len(),
                Coding::Gsm7 => (part.body.len() * 7).div_ceil(8),
            };
            prop_assert!(header + octets <= AIR_OCTETS);
        }
    }
}
