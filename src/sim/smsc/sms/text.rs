//! Octets as the phone shows them, and the parts of a long SMS put together.

use crate::{
    gsm::{alphabet, fit},
    smpp::{
        pdu::{Message, UDHI},
        tlv,
    },
    types::Timestamp,
};
use std::time::Duration;

/// data_coding of the SMSC's default alphabet, here GSM 03.38, one septet an octet.
pub const GSM: u8 = 0x00;
/// data_coding of UCS-2.
pub const UCS2: u8 = 0x08;
/// Octets of an SMS on the air.
const SMS_OCTETS: usize = 140;

/// Whether a data_coding means UCS-2: SMPP's, and the cell-broadcast spelling of it.
const fn is_ucs2(data_coding: u8) -> bool {
    matches!(data_coding, 0x08 | 0x18 | 0x48)
}

/// Octets as text. Latin-1 and ASCII by their numbers; whatever else is unknown as GSM 03.38.
pub fn decode(octets: &[u8], data_coding: u8) -> String {
    if is_ucs2(data_coding) {
        let units: Vec<u16> = octets.as_chunks().0.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
        return String::from_utf16_lossy(&units);
    }
    match data_coding {
        0x01 | 0x03 => octets.iter().map(|octet| char::from(*octet)).collect(),
        _ => alphabet::decode(octets),
    }
}

/// A text as octets and their data_coding.
pub fn encode(text: &str) -> (Vec<u8>, u8) {
    match alphabet::encode(text) {
        Some(septets) => (septets, GSM),
        None => (text.encode_utf16().flat_map(u16::to_be_bytes).collect(), UCS2),
    }
}

/// What of a screen a phone with room for `most` septets receives: the gateway cuts where it must,
/// in the middle of a word if that is where the end is. `true` when something was lost.
pub fn cut_screen(octets: &[u8], data_coding: u8, most: usize) -> (&[u8], bool) {
    let most = if is_ucs2(data_coding) { fit::units_for(most) * 2 } else { most };
    if octets.len() <= most {
        return (octets, false);
    }
    let cut = &octets[..most];
    let cut = match cut {
        [head @ .., alphabet::ESC] if !is_ucs2(data_coding) => head,
        _ => cut,
    };
    (cut, true)
}

/// One part of an SMS, or a whole one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// What ties parts together, how many there are, which one this is (from 1).
    pub place: Option<(u16, u8, u8)>,
    /// What it says.
    pub text: String,
}

/// Reads the part that a `submit_sm` carries; `None` when it does not fit into one SMS, or its
/// header is not whole.
pub fn part(message: &Message) -> Option<Part> {
    let octets = message.text_octets();
    let whole = message.short_message.is_empty();
    let (place, header, body) = if message.esm_class & UDHI != 0 {
        let length = usize::from(*octets.first()?) + 1;
        let header = octets.get(1..length)?;
        (place(header), length, &octets[length..])
    } else {
        (sar(message), 0, octets)
    };
    if !whole && !fits(body.len(), header, message.data_coding) {
        return None;
    }
    if place.is_some_and(|(_, total, number)| number == 0 || number > total) {
        return None;
    }
    Some(Part { place, text: decode(body, message.data_coding) })
}

fn fits(body: usize, header: usize, data_coding: u8) -> bool {
    match data_coding {
        coding if is_ucs2(coding) => header + body <= SMS_OCTETS,
        0x02 | 0x04 => header + body <= SMS_OCTETS,
        _ => (header * 8).div_ceil(7) + body <= fit::SMS_SEPTETS,
    }
}

/// The concatenation element of a user data header, 8-bit (0x00) or 16-bit (0x08) reference; other
/// elements are passed over by their length (TS 23.040, 9.2.3.24).
fn place(mut header: &[u8]) -> Option<(u16, u8, u8)> {
    while let [id, length, rest @ ..] = header {
        let (value, next) = rest.split_at_checked(usize::from(*length))?;
        match (id, value) {
            (0x00, [reference, total, number]) => return Some((u16::from(*reference), *total, *number)),
            (0x08, [high, low, total, number]) => {
                return Some((u16::from_be_bytes([*high, *low]), *total, *number));
            }
            _ => header = next,
        }
    }
    None
}

/// The same from the `sar_*` parameters.
fn sar(message: &Message) -> Option<(u16, u8, u8)> {
    let number = |tag| tlv::number(&message.tlvs, tag);
    Some((
        number(tlv::SAR_MSG_REF_NUM)? as u16,
        number(tlv::SAR_TOTAL_SEGMENTS)? as u8,
        number(tlv::SAR_SEGMENT_SEQNUM)? as u8,
    ))
}

/// Long messages of which some parts have come.
#[derive(Debug, Default)]
pub struct Parts(Vec<Unfinished>);

#[derive(Debug)]
struct Unfinished {
    key: (String, u16, u8),
    since: Timestamp,
    texts: Vec<Option<String>>,
}

impl Parts {
    /// Unfinished messages are forgotten after a day, as on a phone.
    const KEPT: Duration = Duration::from_secs(86_400);

    /// Adds a part from `source`; the whole text and its count of parts once it is complete.
    pub fn add(&mut self, source: &str, part: Part, now: Timestamp) -> Option<(String, u8)> {
        let Some((reference, total, number)) = part.place else { return Some((part.text, 1)) };
        self.0.retain(|message| now.since(message.since) < Self::KEPT);
        let key = (source.to_owned(), reference, total);
        let at = self.0.iter().position(|message| message.key == key).unwrap_or_else(|| {
            self.0.push(Unfinished { key, since: now, texts: vec![None; usize::from(total)] });
            self.0.len() - 1
        });
        *self.0[at].texts.get_mut(usize::from(number) - 1)? = Some(part.text);
        let whole = self.0[at].texts.iter().cloned().collect::<Option<String>>()?;
        self.0.swap_remove(at);
        Some((whole, total))
    }
}

/// Whether a phone lets one type so much into a dialog.
pub fn fits_ussd(text: &str) -> bool {
    fit::fits(text, fit::USSD_SEPTETS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn udh(header: &[u8], text: &str) -> Message {
        let mut octets = header.to_vec();
        octets.extend(encode(text).0);
        Message { esm_class: UDHI, short_message: Bytes::from(octets), ..Message::default() }
    }

    #[test]
    fn parts_in_any_order_and_repeated_make_one_message() {
        let mut parts = Parts::default();
        let now = Timestamp::from_millis(0);
        let read = |n, text| part(&udh(&[5, 0, 3, 7, 3, n], text)).expect("a part");
        assert_eq!(parts.add("SOKONI", read(3, "mwisho"), now), None);
        assert_eq!(parts.add("SOKONI", read(1, "mwanzo "), now), None);
        assert_eq!(parts.add("SOKONI", read(1, "mwanzo "), now), None);
        assert_eq!(parts.add("OTHER", read(2, "of another "), now), None);
        let whole = parts.add("SOKONI", read(2, "kati "), now);
        assert_eq!(whole, Some(("mwanzo kati mwisho".into(), 3)));
        assert_eq!(parts.0.len(), 1);
    }

    #[test]
    fn a_sixteen_bit_reference_stands_behind_other_elements() {
        let read = part(&udh(&[9, 0x24, 1, 1, 0x08, 4, 0x12, 0x34, 2, 1], "a")).expect("a part");
        assert_eq!(read.place, Some((0x1234, 2, 1)));
    }

    #[test]
    fn what_no_phone_could_receive_is_refused() {
        let long = Message { short_message: Bytes::from(vec![b'a'; 161]), ..Message::default() };
        assert_eq!(part(&long), None);
        assert!(part(&udh(&[5, 0, 3, 7, 2, 1], &"a".repeat(153))).is_some());
        assert_eq!(part(&udh(&[5, 0, 3, 7, 2, 1], &"a".repeat(154))), None);
        assert_eq!(part(&udh(&[5, 0, 3, 7, 2, 3], "part 3 of 2")), None);
        assert_eq!(part(&udh(&[64, 0, 3], "")), None);
        let payload = Message {
            tlvs: vec![(tlv::MESSAGE_PAYLOAD, Bytes::from(vec![b'a'; 400]))],
            ..Message::default()
        };
        assert_eq!(part(&payload).map(|p| p.text.len()), Some(400));
    }

    #[test]
    fn a_screen_is_cut_at_its_last_septet_and_never_keeps_half_an_escape() {
        let octets = [vec![b'a'; 181], vec![alphabet::ESC, 0x65]].concat();
        assert_eq!(cut_screen(&octets, GSM, 182), (&octets[..181], true));
        assert_eq!(cut_screen(&octets[..181], GSM, 182), (&octets[..181], false));
        let wide = vec![0; 200];
        assert_eq!(cut_screen(&wide, UCS2, 182).0.len(), 160);
    }
}
