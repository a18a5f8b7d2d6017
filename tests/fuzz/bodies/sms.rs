//! Long SMS: parts as they come from phones, and our own texts as they go out and come back.

use super::{take, take_one};
use bytes::Bytes;
use sokoni::gsm::alphabet;
use sokoni::gsm::assemble::{Assembly, KEPT, MOST_PARTS, Piece, Taken, join};
use sokoni::gsm::charset::Charset;
use sokoni::gsm::read::is_default;
use sokoni::gsm::segment::{AIR_OCTETS, Coding, MOST_PART_OCTETS, Style, Way, parts_in, segment};
use sokoni::gsm::septets;
use sokoni::smpp::concat::{Content, Shape, shape};
use sokoni::smpp::pdu::{Message, UDHI};
use sokoni::smpp::tlv;
use sokoni::types::Timestamp;

const CHARSETS: [Charset; 4] = [Charset::Gsm, Charset::GsmPacked, Charset::Latin1, Charset::Utf8];
const WAYS: [Way; 4] = [Way::Udh8, Way::Udh16, Way::Sar, Way::Payload];

pub fn any_octets(mut octets: &[u8]) {
    let flags = take_one(&mut octets);
    let charset = CHARSETS[usize::from(flags >> 1 & 3)];
    if flags & 1 == 0 {
        parts_of_a_phone(octets, charset, flags & 8 != 0);
    } else {
        let style = Style {
            way: WAYS[usize::from(flags >> 3 & 3)],
            charset,
            max_part_octets: usize::from(take_one(&mut octets)),
            plain_letters: flags & 0x20 != 0,
            national: flags & 0x40 != 0,
        };
        a_text_of_ours_comes_back(&String::from_utf8_lossy(octets), &style);
    }
}

/// Parts, each with its length, data_coding and the seconds since the one before.
fn parts_of_a_phone(mut octets: &[u8], charset: Charset, stripped: bool) {
    let (mut held, mut now) = (Assembly::default(), Timestamp::default());
    while !octets.is_empty() {
        let length = usize::from(take_one(&mut octets));
        let (data_coding, wait) = (take_one(&mut octets), take_one(&mut octets));
        now = now.after(std::time::Duration::from_secs(u64::from(wait) * 1000));
        let text = Bytes::copy_from_slice(take(&mut octets, length));
        let message = Message { esm_class: UDHI, data_coding, short_message: text, ..Message::default() };
        match shape(&message, stripped) {
            Shape::Impossible => {}
            Shape::Single(content) => {
                assert_eq!(content.header + content.octets.len(), message.short_message.len());
                let _ = join([&piece(charset, data_coding, content)]);
            }
            Shape::Part(place, content) => {
                assert!(place.number >= 1 && place.number <= place.total && place.total <= MOST_PARTS);
                let piece = piece(charset, data_coding, content);
                let (taken, lost) = held.take("48357", place, piece.clone(), now);
                assert!(lost.iter().all(|lost| lost.pieces.len() < usize::from(lost.total)));
                assert!(lost.iter().all(|lost| lost.text().contains("[...]")));
                if let Taken::Whole(pieces) = taken {
                    assert_eq!(pieces.len(), usize::from(place.total));
                    assert_eq!(pieces[usize::from(place.number) - 1], piece);
                }
                assert_eq!(held.take("48357", place, piece, now), (Taken::Known, Vec::new()), "a repeat");
            }
        }
        assert!(held.waiting() <= 4);
    }
    held.expire(now.after(KEPT));
    assert!(held.is_empty());
}

/// A part as the link keeps it.
fn piece(charset: Charset, data_coding: u8, content: Content<'_>) -> Piece {
    let Content { header, tables, octets } = content;
    let packed = charset == Charset::GsmPacked && is_default(data_coding);
    let (charset, octets) = match packed {
        true => (Charset::Gsm, septets::unpack_behind(header, octets)),
        false => (charset, octets.to_vec()),
    };
    Piece { charset, data_coding, tables, octets }
}

fn a_text_of_ours_comes_back(text: &str, style: &Style) {
    let Ok(sent) = segment(text, 0xABCD, style) else {
        return assert!(parts_in(text, style) > 255);
    };
    assert_eq!(sent.paid, parts_in(text, style));
    // From a phone nobody waits for so many parts; a phone waits for them all.
    if sent.parts.len() > usize::from(MOST_PARTS) {
        return assert!(
            sent.parts.iter().all(|part| part.payload || part.octets().len() <= MOST_PART_OCTETS)
        );
    }
    let data_coding = if sent.coding == Coding::Ucs2 { 8 } else { 0 };
    let pieces: Vec<Piece> = (1usize..)
        .zip(&sent.parts)
        .map(|(number, part)| {
            let octets = part.octets();
            assert!(part.payload || octets.len() <= MOST_PART_OCTETS, "{} octets", octets.len());
            let mut message = Message { data_coding, ..Message::default() };
            message.esm_class = if part.header.is_empty() { 0 } else { UDHI };
            if let Some(sar) = part.sar {
                message.tlvs.push((tlv::SAR_MSG_REF_NUM, sar.reference.to_be_bytes().to_vec().into()));
                message.tlvs.push(tlv::octet(tlv::SAR_TOTAL_SEGMENTS, sar.total));
                message.tlvs.push(tlv::octet(tlv::SAR_SEGMENT_SEQNUM, sar.number));
            }
            match part.payload {
                true => message.tlvs.push((tlv::MESSAGE_PAYLOAD, octets.into())),
                false => message.short_message = octets.into(),
            }
            match shape(&message, false) {
                Shape::Single(content) => {
                    assert_eq!(sent.parts.len(), 1);
                    piece(style.charset, data_coding, content)
                }
                Shape::Part(place, content) => {
                    assert_eq!(
                        (usize::from(place.number), usize::from(place.total)),
                        (number, sent.parts.len())
                    );
                    piece(style.charset, data_coding, content)
                }
                Shape::Impossible => panic!("we send no part that cannot be"),
            }
        })
        .collect();
    let read = join(&pieces).text;
    let packed = style.charset == Charset::GsmPacked && sent.coding == Coding::Gsm7;
    // Behind the last `@` of a full packed SMS there is no room for what tells it from filling.
    let full = |part: &sokoni::gsm::segment::Part| part.octets().len() == AIR_OCTETS;
    if packed && text.contains('@') && sent.parts.iter().any(full) {
        return;
    }
    // Of two CRs at the end of a packed text, where filling could stand, one may be taken for it.
    let seen = |text: &str| if packed { text.replace('\r', "") } else { text.to_owned() };
    let simple = alphabet::simplify(text);
    let said = [text.to_owned(), alphabet::plain_letters(&simple), simple.into_owned()];
    assert!(said.iter().any(|said| seen(said) == seen(&read)), "{said:?} came back as {read:?} by {style:?}");
}
