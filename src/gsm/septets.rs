//! Septets packed eight into seven octets (3GPP TS 23.038, 6.1.2.1 and, for USSD, 6.1.2.3.1).

const CR: u8 = 0x0D;
const AT: u8 = 0x00;
/// What one SMS carries (3GPP TS 23.040, 9.2.3.16).
const SMS_OCTETS: usize = 140;
const SMS_SEPTETS: usize = SMS_OCTETS * 8 / 7;

/// Septets as a USSD string packs them: the first one in the low bits.
///
/// Seven spare bits at the end would read as `@`, so they hold a CR; a text that ends in CR or in `@`
/// on an octet boundary gets one more CR, so that its own end is not taken for filling.
pub fn pack(septets: &[u8]) -> Vec<u8> {
    let filled = match septets {
        all if all.len() % 8 == 7 => Some(CR),
        [.., CR | AT] if septets.len().is_multiple_of(8) => Some(CR),
        _ => None,
    };
    let mut octets = Vec::with_capacity((septets.len() * 7).div_ceil(8) + 1);
    let (mut bits, mut held) = (0u16, 0u32);
    for septet in septets.iter().copied().chain(filled) {
        bits |= u16::from(septet & 0x7F) << held;
        held += 7;
        if held >= 8 {
            octets.push(bits as u8);
            bits >>= 8;
            held -= 8;
        }
    }
    if held > 0 {
        octets.push(bits as u8);
    }
    octets
}

/// Octets of a USSD string as septets, without the filling that [`pack`] adds, nor the `@` that a
/// sender leaves who fills with zero bits.
pub fn unpack(octets: &[u8]) -> Vec<u8> {
    let mut septets = Vec::with_capacity(octets.len() * 8 / 7);
    let (mut bits, mut held) = (0u16, 0u32);
    for octet in octets {
        bits |= u16::from(*octet) << held;
        held += 8;
        while held >= 7 {
            septets.push((bits & 0x7F) as u8);
            bits >>= 7;
            held -= 7;
        }
    }
    let filling = match septets.as_slice() {
        [.., CR | AT] if septets.len().is_multiple_of(8) => true,
        [.., CR | AT, CR] if septets.len() % 8 == 1 => true,
        _ => false,
    };
    if filling {
        septets.pop();
    }
    septets
}

/// Septets of an SMS behind a user data header of so many octets: the text begins on a septet
/// boundary, and the bits up to it are filling (3GPP TS 23.040, 9.2.3.24). A full SMS has no room
/// for a CR behind its last `@`: that one may be taken for filling.
pub fn pack_behind(header: usize, septets: &[u8]) -> Vec<u8> {
    let ahead = (header * 8).div_ceil(7);
    let whole = [&vec![0; ahead], septets].concat();
    let mut octets = pack(&whole);
    if whole.len() == SMS_SEPTETS {
        octets.truncate(SMS_OCTETS);
    }
    octets.split_off(header)
}

/// The septets of a text that stands behind a user data header of so many octets.
pub fn unpack_behind(header: usize, octets: &[u8]) -> Vec<u8> {
    let ahead = (header * 8).div_ceil(7);
    let whole = [&vec![0; header], octets].concat();
    let mut septets = unpack(&whole);
    septets.split_off(ahead.min(septets.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_full_ussd_string_is_182_septets_in_160_octets() {
        for (septets, octets) in [(0, 0), (1, 1), (7, 7), (8, 7), (13, 12), (160, 140), (182, 160)] {
            assert_eq!(pack(&vec![b'a'; septets]).len(), octets, "{septets} septets");
        }
    }

    #[test]
    fn known_octets_unpack_to_their_text() {
        // "hellohello", the usual worked example of the packing.
        let octets = [0xE8, 0x32, 0x9B, 0xFD, 0x46, 0x97, 0xD9, 0xEC, 0x37];
        assert_eq!(unpack(&octets), b"hellohello");
        assert_eq!(pack(b"hellohello"), octets);
    }

    #[test]
    fn seven_spare_bits_hold_a_carriage_return() {
        let octets = pack(b"1234567");
        assert_eq!(octets.len(), 7);
        assert_eq!(octets[6] >> 1, CR);
        assert_eq!(unpack(&octets), b"1234567");
    }

    #[test]
    fn a_text_that_ends_in_cr_on_the_boundary_keeps_it() {
        assert_eq!(pack(b"1234567\r").len(), 8);
        assert_eq!(unpack(&pack(b"1234567\r")), b"1234567\r");
    }

    #[test]
    fn a_text_that_ends_in_at_on_the_boundary_keeps_it_unless_the_sms_is_full() {
        assert_eq!(unpack(&pack(b"1234567\0")), b"1234567\0");
        assert_eq!(unpack(&[0; 7]), [0; 7], "a sender that fills with zero bits");
        let full = [[b'a'; 152].as_slice(), &[AT]].concat();
        assert_eq!(pack_behind(6, &full).len(), SMS_OCTETS - 6);
    }

    proptest! {
        #[test]
        fn unpacking_gives_back_what_was_packed(septets in proptest::collection::vec(0u8..0x80, 0..200)) {
            // A last CR where filling could stand cannot be told from filling.
            let filled = septets.ends_with(&[CR, CR]) || septets.ends_with(&[AT, CR]);
            prop_assume!(!(septets.len() % 8 == 1 && filled));
            prop_assert_eq!(unpack(&pack(&septets)), septets);
        }

        #[test]
        fn a_text_behind_a_header_is_the_same_text(septets in proptest::collection::vec(1u8..0x0D, 0..160), header in 0usize..20) {
            prop_assert_eq!(unpack_behind(header, &pack_behind(header, &septets)), septets);
        }

        #[test]
        fn any_octets_unpack(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(unpack(&octets).iter().all(|septet| *septet < 0x80));
        }
    }
}
