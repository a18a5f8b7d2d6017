//! Optional parameters (SMPP 3.4, 5.3), kept raw: a tag we do not know, or one of an odd length,
//! is carried and never fails its PDU.

use bytes::Bytes;
use rusmpp::tlvs::TlvTag;

/// One optional parameter: tag and value.
pub type Tlv = (u16, Bytes);

/// receipted_message_id: a C-string.
pub const RECEIPTED_MESSAGE_ID: u16 = 0x001E;
/// source_subaddress.
pub const SOURCE_SUBADDRESS: u16 = 0x0202;
/// dest_subaddress.
pub const DEST_SUBADDRESS: u16 = 0x0203;
/// user_message_reference: two octets.
pub const USER_MESSAGE_REFERENCE: u16 = 0x0204;
/// sar_msg_ref_num: two octets, the same in all parts of a long message.
pub const SAR_MSG_REF_NUM: u16 = 0x020C;
/// sar_total_segments: one octet.
pub const SAR_TOTAL_SEGMENTS: u16 = 0x020E;
/// sar_segment_seqnum: one octet, from 1.
pub const SAR_SEGMENT_SEQNUM: u16 = 0x020F;
/// sc_interface_version: one octet.
pub const SC_INTERFACE_VERSION: u16 = 0x0210;
/// network_error_code: type octet and a 16-bit code.
pub const NETWORK_ERROR_CODE: u16 = 0x0423;
/// message_payload: the text when short_message is empty.
pub const MESSAGE_PAYLOAD: u16 = 0x0424;
/// congestion_state: one octet, 0 idle to 100 full (SMPP 5.0, 4.8.4.18).
pub const CONGESTION_STATE: u16 = 0x0428;
/// message_state: one octet.
pub const MESSAGE_STATE: u16 = 0x0427;
/// ussd_service_op: one octet.
pub const USSD_SERVICE_OP: u16 = 0x0501;
/// source_node_id: six octets (SMPP 5.0).
pub const SOURCE_NODE_ID: u16 = 0x060F;
/// its_session_info: session number; sequence number in bits 7..1, end of session in bit 0.
pub const ITS_SESSION_INFO: u16 = 0x1383;
/// ussd_session_id: four octets, of the SMPP+ family of gateways.
pub const USSD_SESSION_ID: u16 = 0x1501;

/// Whether a parameter came with SMPP 5.0 and must not be sent to an older peer. source_node_id is
/// not among them: it is sent only as an echo, to a peer that sent it first.
pub const fn is_new_in_5_0(tag: u16) -> bool {
    matches!(tag, CONGESTION_STATE | 0x0600..=0x0613) && tag != SOURCE_NODE_ID
}

/// The first parameter with this tag; a repeated one is never mixed in.
pub fn get(tlvs: &[Tlv], tag: u16) -> Option<&Bytes> {
    tlvs.iter().find(|(t, _)| *t == tag).map(|(_, value)| value)
}

/// Whether a tag occurs twice: the first counts, but somebody should know.
pub fn repeated(tlvs: &[Tlv]) -> Option<u16> {
    tlvs.iter().enumerate().find(|(at, (tag, _))| tlvs[..*at].iter().any(|(t, _)| t == tag)).map(|(_, t)| t.0)
}

/// A number of one or more octets, high octet first; the low 32 bits of a longer one.
pub fn number(tlvs: &[Tlv], tag: u16) -> Option<u32> {
    let value = get(tlvs, tag).filter(|value| !value.is_empty())?;
    Some(value.iter().fold(0, |sum, octet| (sum << 8) | u32::from(*octet)))
}

/// A text that may or may not end in NUL.
pub fn c_string(tlvs: &[Tlv], tag: u16) -> Option<String> {
    let value = get(tlvs, tag)?;
    Some(value.iter().take_while(|octet| **octet != 0).map(|octet| *octet as char).collect())
}

/// A parameter of one octet.
pub fn octet(tag: u16, value: u8) -> Tlv {
    (tag, Bytes::copy_from_slice(&[value]))
}

/// A parameter's name for a log.
pub fn name(tag: u16) -> String {
    match TlvTag::from(tag) {
        TlvTag::Other(_) => format!("TLV 0x{tag:04X}"),
        known => format!("{known:?} (0x{tag:04X})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_a_repeated_parameter_counts() {
        let tlvs = vec![octet(MESSAGE_STATE, 2), octet(MESSAGE_STATE, 5)];
        assert_eq!(number(&tlvs, MESSAGE_STATE), Some(2));
        assert_eq!(repeated(&tlvs), Some(MESSAGE_STATE));
        assert_eq!(repeated(&tlvs[..1]), None);
    }

    #[test]
    fn odd_lengths_are_read_as_far_as_they_go() {
        let tlvs = vec![
            (USER_MESSAGE_REFERENCE, Bytes::from_static(&[7])),
            (ITS_SESSION_INFO, Bytes::new()),
            (RECEIPTED_MESSAGE_ID, Bytes::from_static(b"A1")),
        ];
        assert_eq!(number(&tlvs, USER_MESSAGE_REFERENCE), Some(7));
        assert_eq!(number(&tlvs, ITS_SESSION_INFO), None);
        assert_eq!(c_string(&tlvs, RECEIPTED_MESSAGE_ID).as_deref(), Some("A1"));
        assert_eq!(name(0x1499), "TLV 0x1499");
    }
}
