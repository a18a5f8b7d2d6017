use super::*;
use crate::gsm::alphabet;
use crate::smpp::fixture::message;
use crate::smpp::text;
use bytes::Bytes;

fn preset(name: &str) -> Dialect {
    Dialect::preset(name).expect("a preset")
}

fn step(dialect: &str, file: &str) -> Step {
    let message = message(file);
    assert!(Dialect::is_ussd(&message), "{file}");
    preset(dialect).step(&message).expect("a phone")
}

/// The screen in answer to a worked PDU is the worked answer, but for the text's own sake.
fn answers(dialect: &str, asked: &str, said: &str, last: bool, worked: &str) {
    let screen = preset(dialect).screen(&step(dialect, asked).reply, said, last);
    assert_eq!(screen.message, message(worked), "{asked} -> {worked}");
    assert!(!screen.cut);
}

const MENU: &str = "Karibu Sokoni\n1. Orodhesha bidhaa\n2. Oda zangu\n3. Malipo\n0. Toka";
const BYE: &str = "Huna oda mpya. Asante.";

#[test]
fn its_begins_goes_on_and_ends_as_worked() {
    let begin = step("its", "10-ussd-begin-its.hex");
    assert_eq!(begin.event, UssdEvent::Begin("*483*57#".into()));
    assert_eq!((begin.session.as_slice(), begin.sequence, begin.op), (&[0x2A][..], Some(0), Some(1)));
    let reply = step("its", "14-ussd-reply-its.hex");
    assert_eq!(reply.event, UssdEvent::Reply("2".into()));
    assert_eq!((reply.session.as_slice(), reply.sequence), (&[0x2A][..], Some(1)), "the session stays");
    answers("its", "10-ussd-begin-its.hex", MENU, false, "12-ussd-continue-its.hex");
    answers("its", "14-ussd-reply-its.hex", BYE, true, "15-ussd-end-its.hex");
}

#[test]
fn tata_ends_by_the_bit_alone_and_reads_the_code_from_the_destination() {
    answers("tata", "14-ussd-reply-its.hex", BYE, true, "16-ussd-end-tata.hex");
    assert_eq!(step("tata", "10-ussd-begin-its.hex").event, UssdEvent::Begin("48357".into()));
    assert_eq!(step("tata", "10-ussd-begin-its.hex").session, [0x2A, 0x00]);
}

#[test]
fn an_abort_is_the_end_in_every_dialect() {
    for name in Dialect::PRESETS {
        assert_eq!(step(name, "17-ussd-abort-network.hex").event, UssdEvent::Gone, "{name}");
        assert_eq!(step(name, "33-ussd-notify-confirm.hex").event, UssdEvent::Confirmed, "{name}");
    }
    assert_eq!(step("glo", "39-ussd-hangup-data-sm.hex").event, UssdEvent::Gone);
}

#[test]
fn mica_keys_by_the_message_reference_and_echoes_it() {
    assert_eq!(step("mica", "20-ussd-begin-umr.hex").session, [0x30, 0x39]);
    answers("mica", "20-ussd-begin-umr.hex", MENU, false, "21-ussd-continue-umr.hex");
    answers("mica", "20-ussd-begin-umr.hex", BYE, true, "22-ussd-end-umr.hex");
}

#[test]
fn umr_notify_begins_by_the_code_and_ends_with_a_notify() {
    let begin = step("umr_notify", "20-ussd-begin-umr.hex");
    assert_eq!(begin.event, UssdEvent::Begin("*483*57#".into()));
    let end = preset("umr_notify").screen(&begin.reply, BYE, true);
    assert_eq!(tlv::number(&end.message.tlvs, tlv::USSD_SERVICE_OP), Some(0x03));
    let mut bare = message("20-ussd-begin-umr.hex");
    bare.short_message = Bytes::new();
    bare.tlvs.remove(0);
    assert_eq!(preset("umr_notify").step(&bare).map(|s| s.event), Ok(UssdEvent::Gone));
}

#[test]
fn msisdn_needs_no_session_and_a_begin_needs_no_service_type() {
    let begin = step("msisdn", "23-ussd-begin-msisdn.hex");
    assert_eq!(begin.event, UssdEvent::Begin("*4006#".into()));
    assert!(begin.session.is_empty() && begin.sequence.is_none());
    let screen = preset("msisdn").screen(&begin.reply, "Karibu", false).message;
    assert_eq!((screen.service_type.as_str(), screen.data_coding), ("P2", 0x0F));
    assert_eq!(screen.source.addr, "254700999000");
    let mut silent = message("14-ussd-reply-its.hex");
    silent.short_message = Bytes::new();
    assert_eq!(preset("msisdn").step(&silent).map(|s| s.event), Ok(UssdEvent::Gone));
    assert_eq!(preset("its").step(&silent).map(|s| s.event), Ok(UssdEvent::Reply(String::new())));
}

#[test]
fn smppplus_keys_by_its_own_tlv() {
    let begin = step("smppplus", "24-ussd-begin-smppplus.hex");
    assert_eq!(begin.session, [0x00, 0xC0, 0xFF, 0xEE]);
    let screen = preset("smppplus").screen(&begin.reply, "Karibu", false).message;
    assert_eq!(tlv::get(&screen.tlvs, tlv::USSD_SESSION_ID).map(|v| v.to_vec()), Some(begin.session));
}

#[test]
fn glo_speaks_data_sm_both_ways() {
    let begin = step("glo", "38-ussd-begin-data-sm.hex");
    assert_eq!(begin.event, UssdEvent::Begin("*483*57#".into()));
    assert!(preset("glo").screen(&begin.reply, "Karibu", false).as_data);
}

#[test]
fn the_flag_may_be_upside_down() {
    let begin = step("inverted", "10-ussd-begin-its.hex");
    let bit = |last| preset("inverted").screen(&begin.reply, "x", last).message.tlvs[1].1[1] & 1;
    assert_eq!((bit(false), bit(true)), (1, 0));
}

#[test]
fn bad_09_of_two_sessions_the_first_is_meant() {
    let message = message("bad/09-tlv-duplicate.hex");
    let step = preset("its").step(&message).expect("a phone");
    assert_eq!(
        step.session,
        tlv::get(&message.tlvs, tlv::ITS_SESSION_INFO).map(|v| v[..1].to_vec()).expect("there")
    );
}

#[test]
fn bad_10_an_unknown_tlv_does_not_touch_the_dialog() {
    assert!(matches!(step("its", "bad/10-tlv-unknown.hex").event, UssdEvent::Begin(_) | UssdEvent::Reply(_)));
}

#[test]
fn bad_17_a_reply_of_an_unknown_session_can_be_closed() {
    let reply = step("its", "bad/17-reply-unknown-session.hex");
    assert!(matches!(reply.event, UssdEvent::Reply(_)));
    let screen = preset("its").screen(&reply.reply, "Session expired. Dial again.", true).message;
    assert_eq!(tlv::number(&screen.tlvs, tlv::USSD_SERVICE_OP), Some(0x11));
    assert_eq!(screen.tlvs[1].1[1] & 1, 1);
}

#[test]
fn a_screen_outside_gsm7_goes_as_ucs2() {
    let begin = step("its", "10-ussd-begin-its.hex");
    let screen = preset("its").screen(&begin.reply, "Nĩ wega", false).message;
    assert_eq!((screen.data_coding, screen.short_message.len()), (8, 14));
}

#[test]
fn an_amharic_screen_is_its_letters_in_ucs2_under_the_data_coding_that_the_gateway_wants() {
    let text = "ትዕዛዝ 482108\n1 እሠራለሁ\n0 ተመለስ";
    let octets: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let begin = step("its", "10-ussd-begin-its.hex");
    for (coding, overrides) in [(8, toml::Table::new()), (72, toml::toml! { data_coding_ucs2 = 72 })] {
        let dialect = Dialect::with_overrides("its", &overrides).expect("known settings");
        let screen = dialect.screen(&begin.reply, text, false).message;
        assert_eq!(screen.data_coding, coding);
        assert_eq!(&screen.short_message[..], &octets[..]);
    }
}

#[test]
fn a_packed_gateway_gets_the_worked_octets() {
    let worked = message("36-ussd-continue-packed.hex");
    let said = text::read(&worked.short_message, 0x0F, Charset::GsmPacked).text;
    let overrides = toml::toml! { charset = "gsm_packed" data_coding = 15 };
    let packed = Dialect::with_overrides("its", &overrides).expect("known settings");
    let screen = packed.screen(&step("its", "10-ussd-begin-its.hex").reply, &said, false);
    assert_eq!(screen.message, worked);
}

#[test]
fn a_payload_gateway_gets_the_worked_octets() {
    let worked = message("37-ussd-continue-payload.hex");
    let said = alphabet::decode(worked.text_octets());
    let overrides = toml::toml! { payload = true most_septets = 182 };
    let dialect = Dialect::with_overrides("its", &overrides).expect("known settings");
    let screen = dialect.screen(&step("its", "10-ussd-begin-its.hex").reply, &said, false);
    assert_eq!(screen.message, worked);
}

#[test]
fn a_screen_that_is_too_long_is_cut_by_us_and_says_so() {
    let begin = step("its", "10-ussd-begin-its.hex");
    let screen = preset("its").screen(&begin.reply, &"neno ".repeat(60), false);
    assert!(screen.cut);
    assert!(screen.message.short_message.len() <= 160);
}

#[test]
fn every_preset_can_be_written_and_overridden_and_a_typo_is_refused() {
    for name in Dialect::PRESETS {
        assert_eq!(Dialect::with_overrides(name, &toml::Table::new()), Dialect::preset(name), "{name}");
    }
    let ops = toml::toml! { end_op = 0x17 session = "msisdn" };
    let changed = Dialect::with_overrides("sixdee", &ops).expect("known settings");
    assert_eq!((changed.end_op, changed.session), (0x17, SessionKey::Msisdn));
    let typo = Dialect::with_overrides("its", &toml::toml! { endop = 3 }).expect_err("a typo");
    assert!(typo.to_string().contains("end_op"), "{typo}");
    assert!(Dialect::preset("huawei").expect_err("unknown").to_string().contains("msisdn"));
}

#[test]
fn senders_without_a_number_are_no_subscribers() {
    let mut message = message("10-ussd-begin-its.hex");
    message.source = Address::new(5, 0, "SOKONI");
    assert_eq!(preset("its").step(&message), Err(NoSubscriber));
    message.source = Address::new(2, 1, "0712345678");
    assert!(preset("its").step(&message).is_ok());
    assert!(!Dialect::is_ussd(&super::super::fixture::message("51-sms-mo.hex")));
}

#[test]
fn a_push_that_asks_and_one_that_tells_are_the_worked_octets() {
    let phone = Msisdn::from_e164("254700000123").expect("a number");
    let push = |dialect: &str, said: &str, asks| preset(dialect).push("48357", phone, said, asks);
    let asks = push("its", "Oda mpya #1042: pete 12. Jibu 1 Kubali 2 Kataa", true).expect("its can");
    assert_eq!(asks.message, message("30-ussd-push-request.hex"));
    let tells = push("its", "Malipo KES 4,350 yametumwa kwa M-Pesa.", false).expect("its can");
    assert_eq!(tells.message, message("32-ussd-push-notify.hex"));
    let mica = push("mica", "Habari", true).expect("mica can").message;
    assert_eq!(mica.tlvs, [tlv::octet(tlv::USSD_SERVICE_OP, 2)], "no session of a kind it does not know");
    assert!(push("glo", "Habari", true).expect("glo can").as_data);
    let none = Dialect::with_overrides("its", &toml::toml! { push_op = "none" }).expect("a setting");
    assert_eq!(none.push("48357", phone, "Habari", true), None);
}

#[test]
fn a_dialog_that_we_opened_ends_with_a_notify() {
    let reply = step("its", "31-ussd-push-reply.hex");
    assert_eq!((&reply.event, reply.session.as_slice()), (&UssdEvent::Reply("1".into()), &[0x7C][..]));
    let last = |name: &str| {
        let to = ReplyTo { kind: Kind::Pushed, ..step(name, "31-ussd-push-reply.hex").reply };
        let screen = preset(name).screen(&to, "Asante", true).message;
        tlv::number(&screen.tlvs, tlv::USSD_SERVICE_OP)
    };
    assert_eq!((last("its"), last("smppplus"), last("glo")), (Some(0x03), Some(0x83), Some(0x83)));
}

#[test]
fn a_dialog_of_the_data_variant_ends_with_its_own_operation() {
    let mut begin = message("24-ussd-begin-smppplus.hex");
    begin.tlvs[0] = tlv::octet(tlv::USSD_SERVICE_OP, 0);
    let step = preset("smppplus").step(&begin).expect("a phone");
    assert_eq!((&step.event, step.reply.kind), (&UssdEvent::Begin("*483*57#".into()), Kind::Data));
    let last = preset("smppplus").screen(&step.reply, BYE, true).message;
    assert_eq!(tlv::number(&last.tlvs, tlv::USSD_SERVICE_OP), Some(0x10));
}

#[test]
fn we_end_a_dialog_without_a_screen_where_that_is_known() {
    let reply = step("its", "14-ussd-reply-its.hex").reply;
    let released = |name: &str| preset(name).release(&reply).map(|screen| screen.message);
    assert_eq!(released("smppplus"), Some(message("18-ussd-release-by-app.hex")));
    let op = released("glo").and_then(|message| tlv::number(&message.tlvs, tlv::USSD_SERVICE_OP));
    assert_eq!((op, released("its")), (Some(0x44), None));
}

#[test]
fn a_step_that_is_not_well_is_over() {
    let mut reply = message("14-ussd-reply-its.hex");
    let node = (tlv::SOURCE_NODE_ID, Bytes::from_static(b"node07"));
    reply.tlvs.push(node.clone());
    reply.tlvs.push((tlv::NETWORK_ERROR_CODE, Bytes::from_static(&[0, 0, 0])));
    let step = preset("push_only").step(&reply).expect("a phone");
    assert_eq!(step.event, UssdEvent::Reply("2".into()));
    assert!(preset("push_only").screen(&step.reply, "x", false).message.tlvs.contains(&node), "returned");
    reply.tlvs.pop();
    reply.tlvs.push((tlv::NETWORK_ERROR_CODE, Bytes::from_static(&[3, 0, 1])));
    assert_eq!(preset("push_only").step(&reply).map(|step| step.event), Ok(UssdEvent::Gone));
    assert_eq!(preset("its").step(&reply).map(|step| step.event), Ok(UssdEvent::Reply("2".into())));
}

#[test]
fn shortcuts_are_read_from_either_field() {
    let mut begin = message("10-ussd-begin-its.hex");
    begin.short_message = Bytes::from_static(b"*483*57*1*2#");
    let code = |name: &str, begin: &Message| preset(name).step(begin).expect("a phone").event;
    let wanted = UssdEvent::Begin("*483*57*1*2#".into());
    assert_eq!((code("its", &begin), code("auto", &begin)), (wanted.clone(), wanted.clone()));
    (begin.short_message, begin.dest.addr) = (Bytes::new(), "*483*57*1*2#".into());
    for name in ["its", "tata", "auto"] {
        assert_eq!(code(name, &begin), wanted, "{name}");
    }
    begin.short_message = Bytes::from_static(b"48357");
    assert_eq!((code("tata", &begin), code("auto", &begin)), (wanted.clone(), wanted));
}

#[test]
fn text_may_be_packed_one_way_only() {
    let overrides = toml::toml! { charset_in = "gsm_packed" };
    let dialect = Dialect::with_overrides("its", &overrides).expect("known settings");
    let mut reply = message("14-ussd-reply-its.hex");
    reply.short_message = text::write("Pete ya shaba", Charset::GsmPacked).expect("GSM").into();
    let step = dialect.step(&reply).expect("a phone");
    assert_eq!(step.event, UssdEvent::Reply("Pete ya shaba".into()));
    assert_eq!(dialect.screen(&step.reply, "Sawa", false).message.short_message, b"Sawa"[..]);
}
