//! A small tree with every kind of block, built by hand.

use crate::{
    menu::graph::{
        Arg, Asked, Bound, Branch, Call, Choice, Command, Drop, Enum, Graph, Kind, NavKey, Node, NodeId,
        Path, Piece, Resume, Slot, SmsCall, Target, Text, Tries,
    },
    types::{CodeKind, Lang},
};
use std::{collections::BTreeMap, time::Duration};

const ANSWERS: [&str; 5] = ["sell.kind", "sell.price", "pay.amount", "join.name", "order.some"];
const MACHINE: [&str; 9] = ["min", "max", "left", "at", "here", "heard", "miss", "draft", "echo"];

pub(in crate::dialog) fn path(dotted: &str) -> Path {
    let (head, field) = dotted.split_once('.').map_or((dotted, None), |(h, f)| (h, Some(f.to_owned())));
    match dotted {
        _ if ANSWERS.contains(&dotted) => Path::Answer(dotted.into()),
        _ if MACHINE.contains(&dotted) => Path::Machine(dotted.into()),
        _ if head == "me" => Path::Global(dotted.into()),
        _ => Path::Param { name: head.into(), field },
    }
}

/// `English | Kiswahili`, with `{values}`.
pub(in crate::dialog) fn text(both: &str) -> Text {
    let (en, sw) = both.split_once(" | ").unwrap_or((both, both));
    Text { by_lang: vec![pieces(en), pieces(sw)] }
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut out = Vec::new();
    for (at, part) in text.split(['{', '}']).enumerate() {
        match at % 2 {
            0 if part.is_empty() => {}
            0 => out.push(Piece::Literal(part.into())),
            _ => out.push(Piece::Value(path(part))),
        }
    }
    out
}

#[derive(Default)]
struct Names(Vec<&'static str>);

impl Names {
    fn to(&self, target: &str) -> Target {
        if target == "resume" {
            return Target::Resume;
        }
        let (name, args) = target.split_once('(').unwrap_or((target, ")"));
        let at = self.0.iter().position(|n| *n == name).expect("a block of the test tree");
        let args = args.trim_end_matches(')').split(',').filter(|a| !a.is_empty());
        Target::Node { node: NodeId(at as u16), args: args.map(|a| Arg::Path(path(a))).collect() }
    }

    fn choices(&self, lines: &[(u8, &str, &str)]) -> Vec<Choice> {
        lines
            .iter()
            .map(|(key, label, to)| Choice { key: *key, label: text(label), to: self.to(to), when: None })
            .collect()
    }

    fn screen(&self, say: &str, lines: &[(u8, &str, &str)]) -> Kind {
        Kind::Screen { say: text(say), choices: self.choices(lines) }
    }

    fn ask(&self, say: &str, bad: &str, asked: Asked, then: &str) -> Kind {
        let tries = Tries { most: 3, to: self.to("help.call") };
        Kind::Ask { say: text(say), asked, bad: text(bad), tries, then: self.to(then) }
    }

    fn act(&self, name: &str, args: &[(&str, &str)], once: bool, branches: &[(&str, &[&str], &str)]) -> Kind {
        let branches = branches.iter().map(|(outcome, binds, to)| Branch {
            outcome: (*outcome).into(),
            binds: binds.iter().map(|b| (*b).into()).collect(),
            to: self.to(to),
        });
        Kind::Do { call: call(name, args), once, branches: branches.collect() }
    }
}

fn call(name: &str, args: &[(&str, &str)]) -> Call {
    let args = args.iter().map(|(n, p)| ((*n).into(), Arg::Path(path(p)))).collect();
    Call { name: name.into(), args }
}

fn sms(name: &str, args: &[&str]) -> SmsCall {
    SmsCall { name: name.into(), args: args.iter().map(|a| Arg::Path(path(a))).collect() }
}

fn end(say: &str) -> Kind {
    Kind::End { say: text(say), sms: None }
}

fn set(words: &[(&str, &str)]) -> Enum {
    Enum { words: words.iter().map(|(w, l)| ((*w).into(), text(l))).collect() }
}

const PARAMS: [(&str, &str); 5] =
    [("order.show", "o"), ("order.some", "o"), ("order.part", "o"), ("sell.done", "l"), ("order.done", "a")];

pub(in crate::dialog) fn tree() -> Graph {
    let names = Names(vec![
        "home",
        "lang.flip",
        "sell.kind",
        "sell.price",
        "sell.check",
        "sell.save",
        "sell.done",
        "orders",
        "order.show",
        "order.yes",
        "order.some",
        "order.part",
        "order.done",
        "pay.amount",
        "pay.pin",
        "pay.send",
        "pay.sent",
        "pin.locked",
        "pin.new",
        "pin.changed",
        "join.name",
        "help.call",
        "help.calling",
        "loop",
        "fault",
    ]);
    let nodes = names
        .0
        .iter()
        .map(|name| Node {
            name: (*name).into(),
            params: PARAMS
                .iter()
                .filter(|(n, _)| n == name)
                .map(|(_, p)| ((*p).into(), crate::menu::vocabulary::Type::Record("order".into())))
                .collect(),
            kind: kind(&names, name),
            line: 1,
        })
        .collect();
    let id = |name: &str| NodeId(names.0.iter().position(|n| *n == name).expect("a block") as u16);
    let key = |key: &str, label: &str| NavKey { key: key.into(), label: text(label) };
    Graph {
        name: "test".into(),
        hash: "0".into(),
        dial: Some("*483*57#".into()),
        who: "artisan".into(),
        otherwise: None,
        langs: vec![Lang::EN, Lang::SW],
        limit: 182,
        idle: Duration::from_secs(40),
        dialog: Duration::from_secs(150),
        resume_within: Duration::from_secs(1200),
        back: key("0", "Back | Rudi"),
        home_key: key("00", "Home | Mwanzo"),
        more: key("98", "More | Zaidi"),
        home: id("home"),
        enums: BTreeMap::from([
            (
                "kind".into(),
                set(&[
                    ("necklace", "Necklace | Mkufu"),
                    ("bracelet", "Bracelet | Bangili"),
                    ("ring", "Ring | Pete"),
                ]),
            ),
            ("stuff".into(), set(&[("brass", "Brass | Shaba"), ("bone", "Horn or bone | Pembe au mfupa")])),
            (
                "reason".into(),
                set(&[
                    ("broken", "Broken | Imevunjika"),
                    ("rough", "Rough finish | Haijalainishwa"),
                    ("size", "Wrong size | Ukubwa si sahihi"),
                ]),
            ),
        ]),
        resume: Some(Resume {
            say: text("You stopped at: {at} | Uliishia hapa: {at}"),
            choices: names
                .choices(&[(1, "Go on | Endelea", "resume"), (2, "Start again | Anza upya", "home")]),
            never: vec![id("pay.pin"), id("pin.new")],
        }),
        drops: vec![Drop {
            at: vec![id("sell.price"), id("sell.check")],
            after: Duration::from_secs(60),
            sms: sms("draft_kept", &["draft"]),
        }],
        commands: commands(),
        fault: Some(id("fault")),
        nodes,
    }
}

fn kind(n: &Names, name: &str) -> Kind {
    let fixed = |a, b| (Bound::Fixed(a), Bound::Fixed(b));
    match name {
        "home" => n.screen(
            "Hello {me.first}. You have KSh {me.free} | Habari {me.first}. Una KSh {me.free}",
            &[
                (1, "Sell a piece | Uza bidhaa", "sell.kind"),
                (2, "Orders | Oda", "orders"),
                (3, "Send money | Tuma pesa", "pay.amount"),
                (4, "New PIN | PIN mpya", "pin.new"),
                (5, "Kiswahili | English", "lang.flip"),
                (6, "Name | Jina", "join.name"),
                (7, "Call me | Nipigieni", "help.call"),
                (8, "Loop | Mzunguko", "loop"),
            ],
        ),
        "lang.flip" => n.act("account.next_language", &[], false, &[("ok", &[], "home")]),
        "sell.kind" => Kind::Pick {
            say: text("What have you made? | Umetengeneza nini?"),
            set: "kind".into(),
            then: n.to("sell.price"),
        },
        "sell.price" => {
            let (a, b) = fixed(50, 20_000);
            let bad = "Whole shillings only, {min} to {max}. | Shilingi kamili tu, {min} hadi {max}.";
            n.ask("Your price for one, KSh | Bei yako ya moja, KSh", bad, Asked::Kes(a, b), "sell.check")
        }
        "sell.check" => n.screen(
            "{sell.kind}, KSh {sell.price} each. Right? | {sell.kind}, KSh {sell.price} kila moja. Ni sawa?",
            &[
                (1, "Yes, save | Ndiyo, hifadhi", "sell.save"),
                (2, "Change the price | Badilisha bei", "sell.price"),
                (3, "Start again | Anza upya", "sell.kind"),
            ],
        ),
        "sell.save" => n.act(
            "listing.create",
            &[("kind", "sell.kind"), ("price", "sell.price")],
            true,
            &[("ok", &["l"], "sell.done(l)"), ("fault", &[], "fault")],
        ),
        "sell.done" => Kind::End {
            say: text("Saved, number {l.code}. | Imehifadhiwa, nambari {l.code}."),
            sms: Some(sms("listing_saved", &["l"])),
        },
        "orders" => Kind::List {
            say: text("Your orders | Oda zako"),
            query: call("orders.open", &[]),
            var: "o".into(),
            item: text("{o.code} {o.qty} pieces | {o.code} vipande {o.qty}"),
            none: text("No orders yet. | Hakuna oda bado."),
            then: Some(n.to("order.show(o)")),
        },
        "order.show" => Kind::Screen {
            say: text("{o.code}: {o.qty} pieces | {o.code}: vipande {o.qty}"),
            choices: vec![
                Choice {
                    key: 1,
                    label: text("I can make all | Nitatengeneza zote"),
                    to: n.to("order.yes"),
                    when: Some((path("o.state"), "offered".into())),
                },
                Choice {
                    key: 2,
                    label: text("Some | Kadhaa"),
                    to: n.to("order.some(o)"),
                    when: Some((path("o.state"), "offered".into())),
                },
                Choice {
                    key: 4,
                    label: text("They are ready | Ziko tayari"),
                    to: n.to("order.yes"),
                    when: Some((path("o.state"), "making".into())),
                },
            ],
        },
        "order.yes" => n.act("order.accept", &[], true, &[("ok", &["a"], "order.done(a)")]),
        "order.some" => {
            let asked = Asked::Int(Bound::Fixed(1), Bound::Value(path("o.qty")));
            n.ask("How many of {o.qty}? | Ngapi kati ya {o.qty}?", "{min} to {max}.", asked, "order.part(o)")
        }
        "order.part" => {
            let branches: [(&str, &[&str], &str); 1] = [("ok", &["a"], "order.show(a)")];
            n.act("order.accept", &[("order", "o"), ("qty", "order.some")], true, &branches)
        }
        "order.done" => end("Yours: {a.code} | Ni yako: {a.code}"),
        "pay.amount" => {
            let asked = Asked::Kes(Bound::Fixed(50), Bound::Value(path("me.free")));
            n.ask("How much? You have KSh {me.free} | Kiasi gani?", "{min} to {max}.", asked, "pay.pin")
        }
        "pay.pin" => Kind::Pin {
            say: text("PIN to send KSh {pay.amount} | PIN kutuma KSh {pay.amount}"),
            bad: text("Wrong PIN. {left} tries left. | PIN si sahihi. Majaribio {left}."),
            tries: Tries { most: 3, to: n.to("pin.locked") },
            then: n.to("pay.send"),
        },
        "pay.send" => n.act("payout.request", &[("amount", "pay.amount")], true, &[("ok", &[], "pay.sent")]),
        "pay.sent" => end("KSh {pay.amount} is on its way. | KSh {pay.amount} inatumwa."),
        "pin.locked" => end("Your PIN is locked. | PIN yako imefungwa."),
        "pin.new" => Kind::NewPin {
            say: text("Choose a PIN | Chagua PIN"),
            again: text("The same PIN once more | PIN hiyo hiyo tena"),
            bad: text("That is too easy. | Hiyo ni rahisi."),
            differ: text("They are not the same. | Hazifanani."),
            tries: Tries { most: 3, to: n.to("help.call") },
            then: n.to("pin.changed"),
        },
        "pin.changed" => end("Your PIN is changed. | PIN yako imebadilishwa."),
        "join.name" => n.ask("Your two names | Majina yako", "Letters only.", Asked::Text(20), "home"),
        "help.call" => n.act("support.callback", &[("at", "here")], true, &[("ok", &[], "help.calling")]),
        "help.calling" => end("We will call you today. | Tutakupigia leo."),
        "loop" => n.act("loop", &[], false, &[("ok", &[], "loop")]),
        _ => end("Something broke on our side. | Kuna hitilafu kwetu."),
    }
}

fn slot(name: &str, asked: Asked, default: Option<i64>) -> Slot {
    Slot::Value { name: name.into(), asked, default }
}

fn words(both: &[&str]) -> Vec<String> {
    both.iter().map(|w| (*w).to_owned()).collect()
}

fn commands() -> Vec<Command> {
    let kes = || Asked::Kes(Bound::Fixed(50), Bound::Fixed(20_000));
    let int = || Asked::Int(Bound::Fixed(1), Bound::Fixed(99));
    let set = |name: &str| Asked::Enum(name.into());
    let order = || slot("o", Asked::Record { ty: "order".into(), code: CodeKind::Order }, None);
    let listing = || slot("l", Asked::Record { ty: "listing".into(), code: CodeKind::Listing }, None);
    let command = |first: &[&str], slots, call, replies, half| Command {
        words: words(first),
        slots,
        call,
        replies,
        half,
        line: 1,
    };
    let reply = |outcome: &str, binds: &[&str], message: SmsCall| (outcome.into(), words(binds), message);
    let half = |name| Some(sms(name, &["heard", "miss"]));
    vec![
        command(
            &["SELL", "UZA"],
            vec![
                slot("kind", set("kind"), None),
                slot("stuff", set("stuff"), None),
                slot("price", kes(), None),
                slot("ready", int(), Some(1)),
            ],
            call(
                "listing.create",
                &[("kind", "kind"), ("stuff", "stuff"), ("price", "price"), ("ready", "ready")],
            ),
            vec![
                reply("ok", &["l"], sms("listing_saved", &["l"])),
                reply("fault", &[], sms("try_later", &[])),
            ],
            half("sell_example"),
        ),
        command(
            &["YES", "NDIYO"],
            vec![order()],
            call("order.accept", &[("order", "o"), ("qty", "o.qty")]),
            vec![
                reply("ok", &["a"], sms("order_taken", &["a"])),
                reply("gone", &[], sms("order_gone", &["o"])),
            ],
            None,
        ),
        command(
            &["YES", "NDIYO"],
            vec![listing()],
            call("mentor.agree", &[("listing", "l")]),
            vec![reply("ok", &[], sms("agreed", &["l"]))],
            None,
        ),
        command(
            &["QC"],
            vec![order(), Slot::Word(words(&["PASS", "ZIMEFAULU"])), slot("n", int(), None)],
            call("parcel.pass", &[("order", "o"), ("pass", "n")]),
            vec![reply("ok", &["q"], sms("parcel_checked", &["q"]))],
            half("qc_example"),
        ),
        command(
            &["QC"],
            vec![
                order(),
                Slot::Word(words(&["FAIL", "HAZIKUFAULU"])),
                slot("n", int(), None),
                slot("why", set("reason"), None),
            ],
            call("parcel.fail", &[("order", "o"), ("fail", "n"), ("why", "why")]),
            vec![reply("ok", &["q"], sms("parcel_checked", &["q"]))],
            half("qc_example"),
        ),
        command(
            &["BALANCE", "SALIO"],
            vec![],
            call("wallet.balance", &[]),
            vec![reply("ok", &["w"], sms("balance", &["w"]))],
            None,
        ),
    ]
}
