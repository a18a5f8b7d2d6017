use super::*;
use crate::menu::{
    report::to_text,
    vocabulary::{Action, Query, Type},
};
use crate::types::CodeKind;

fn word(set: &str) -> Type {
    Type::Enum(set.to_owned())
}

fn record(name: &str) -> Type {
    Type::Record(name.to_owned())
}

fn named(pairs: &[(&str, Type)]) -> Vec<(String, Type)> {
    pairs.iter().map(|(name, ty)| ((*name).to_owned(), ty.clone())).collect()
}

/// What the worked example needs of a domain.
pub(super) fn vocabulary() -> Vocabulary {
    let pieces = Type::Int { min: 1, max: 99 };
    let (order, listing) = (record("order"), record("listing"));
    let mut v = Vocabulary::default();
    for (name, words) in [
        ("order_state", ["offered", "making", "ready"].as_slice()),
        ("listing_state", &["waiting", "on_sale", "paused", "removed"]),
    ] {
        v.enums.insert(name.into(), words.iter().map(|w| (*w).to_owned()).collect());
    }
    let records: [(&str, &[(&str, Type)]); 8] = [
        (
            "listing",
            &[
                ("code", Type::Code(CodeKind::Listing)),
                ("kind", word("kind")),
                ("price", Type::Kes),
                ("ready", pieces.clone()),
                ("sold", Type::Int { min: 0, max: 9999 }),
                ("state", word("listing_state")),
            ],
        ),
        (
            "order",
            &[
                ("code", Type::Code(CodeKind::Order)),
                ("qty", pieces.clone()),
                ("kind", word("kind")),
                ("due", Type::Date),
                ("earn", Type::Kes),
                ("state", word("order_state")),
            ],
        ),
        ("payout", &[("amount", Type::Kes)]),
        ("cashcode", &[("code", Type::Code(CodeKind::Once)), ("amount", Type::Kes), ("until", Type::Time)]),
        ("loan", &[("left", Type::Kes), ("total", Type::Kes), ("share", Type::Int { min: 0, max: 99 })]),
        ("note", &[("from", Type::Text(12)), ("text", Type::Text(100))]),
        (
            "entry",
            &[
                ("date", Type::Date),
                ("sign", Type::Text(1)),
                ("amount", Type::Cents),
                ("what", Type::Text(12)),
            ],
        ),
        ("wallet", &[("free", Type::Cents)]),
    ];
    for (name, fields) in records {
        v.records.insert(name.into(), named(fields).into_iter().collect());
    }
    v.globals = named(&[
        ("me.first", Type::Text(12)),
        ("me.free", Type::Kes),
        ("me.held", Type::Kes),
        ("me.moving", Type::Kes),
        ("me.phone", Type::Phone),
        ("me.mentor", Type::Text(20)),
        ("me.mentor_phone", Type::Phone),
        ("me.pin", word("pin_state")),
        ("help.phone", Type::Phone),
        ("orders.new", Type::Int { min: 0, max: 99 }),
        ("tip.text", Type::Text(140)),
    ])
    .into_iter()
    .collect();
    v.words = vec!["STOP".into(), "START".into()];
    v.enums.insert("pin_state".into(), vec!["none".into(), "set".into()]);
    for (name, item) in [
        ("orders.open", "order"),
        ("ledger.recent", "entry"),
        ("loan.messages", "note"),
        ("listing.mine", "listing"),
    ] {
        v.queries.insert(name.into(), Query { params: Vec::new(), item: item.into() });
    }
    let mut act = |name: &str, params: &[(&str, Type)], outcomes: &[(&str, &[Type])], money, changes| {
        let outcomes = outcomes.iter().map(|(name, brings)| ((*name).to_owned(), brings.to_vec())).collect();
        v.actions.insert(name.into(), Action { params: named(params), outcomes, money, changes });
    };
    let most = Type::Int { min: 1, max: 999 };
    act("account.next_language", &[], &[("ok", &[])], false, false);
    act(
        "listing.create",
        &[("kind", word("kind")), ("stuff", word("stuff")), ("price", Type::Kes), ("ready", pieces.clone())],
        &[("ok", std::slice::from_ref(&listing)), ("full", &[most])],
        false,
        true,
    );
    let taken: &[(&str, &[Type])] = &[("ok", std::slice::from_ref(&order)), ("gone", &[])];
    let qty = [("order", order.clone()), ("qty", pieces.clone())];
    act("order.accept", &qty, taken, false, true);
    act("order.refuse", &qty[..1], &[("ok", &[]), ("gone", &[])], false, true);
    act("order.mark_ready", &qty[..1], taken, false, true);
    act(
        "payout.request",
        &[("amount", Type::Kes)],
        &[
            ("sent", &[record("payout")]),
            ("unknown", &[record("payout")]),
            ("short", &[Type::Kes]),
            ("held", &[Type::Text(40)]),
        ],
        true,
        true,
    );
    act(
        "cash.code",
        &[("amount", Type::Kes)],
        &[("ok", &[record("cashcode")]), ("short", &[Type::Kes]), ("held", &[Type::Text(40)])],
        true,
        true,
    );
    act("loan.mine", &[], &[("ok", &[record("loan")]), ("none", &[])], false, false);
    let ready = [("listing", listing.clone()), ("ready", pieces.clone())];
    act("listing.set_ready", &ready, &[("ok", std::slice::from_ref(&listing))], false, true);
    let stopped: &[(&str, &[Type])] = &[("ok", &[listing]), ("open", &[pieces])];
    act("listing.stop", &ready[..1], stopped, false, true);
    act("support.callback", &[("at", Type::Text(40))], &[("ok", &[])], false, true);
    act("wallet.balance", &[], &[("ok", &[record("wallet")])], false, false);
    v
}

const ARTISAN: &str = include_str!("../../../fixtures/menus/artisan.menu");
const MESSAGES: &str = include_str!("../../../fixtures/menus/messages.menu");

fn with_messages(name: &str, text: &str) -> [(String, String); 2] {
    [(name.to_owned(), text.to_owned()), ("messages.menu".to_owned(), MESSAGES.to_owned())]
}

fn route(limit: u16) -> Limits {
    Limits { routes: vec![("test".to_owned(), limit)], ..Limits::default() }
}

#[test]
fn the_worked_example_is_sound() {
    let sources = with_messages("artisan.menu", ARTISAN);
    let checked = check(&sources, &vocabulary(), &Limits::default());
    assert!(checked.problems.is_empty(), "{}", to_text(&checked.problems, &sources, false));
    let graph = &checked.graphs[0];
    assert_eq!(graph.nodes.len(), 52);
    assert_eq!(graph.node(graph.home).name, "home");
    assert_eq!(checked.catalogue.messages.len(), 12);
}

/// Problems of a file beside the messages of the worked example.
fn faults_of(name: &str, text: &str) -> (Vec<Problem>, Vec<(String, String)>) {
    let sources = with_messages(name, text).to_vec();
    (check(&sources, &vocabulary(), &Limits::default()).problems, sources)
}

/// A faulty menu: a file, checked beside the messages of the worked example, or a folder of files
/// that are checked together. It is called by the code it is there for; what follows a dot tells
/// it from another.
struct Bad {
    name: String,
    sources: Vec<(String, String)>,
    report: std::path::PathBuf,
}

impl Bad {
    fn of(path: &std::path::Path) -> Self {
        let read = |path: &std::path::Path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read_to_string(path).expect("read"))
        };
        let sources = if path.is_dir() {
            entries(path).iter().map(|path| read(path)).collect()
        } else {
            let (name, text) = read(path);
            let alone = text.contains("\nmessages\n");
            if alone { vec![(name, text)] } else { with_messages(&name, &text).to_vec() }
        };
        let name = read_name(path);
        Self { sources, report: path.with_file_name(format!("{name}.txt")), name }
    }

    /// The code it is there for.
    fn code(&self) -> &str {
        self.name.split('.').next().unwrap_or_default()
    }

    fn problems(&self) -> Vec<Problem> {
        // One that ends so is sound by itself and not on its route.
        let idle = self.name.ends_with(".route").then_some(std::time::Duration::from_secs(20));
        let mut vocabulary = vocabulary();
        if self.name.ends_with(".draft") {
            let fields = named(&[("kind", word("kind")), ("price", Type::Kes)]);
            vocabulary.records.insert("draft".into(), fields.into_iter().collect());
        }
        check(&self.sources, &vocabulary, &Limits { idle, ..Limits::default() }).problems
    }
}

fn read_name(path: &std::path::Path) -> String {
    let name = path.file_name().expect("a name").to_string_lossy().into_owned();
    name.trim_end_matches(".menu").to_owned()
}

fn entries(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn bad_menus() -> Vec<Bad> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/menus-bad");
    let paths = entries(&folder);
    paths
        .iter()
        .filter(|path| path.extension().is_none_or(|is| is != "txt"))
        .map(|path| Bad::of(path))
        .collect()
}

/// Faulty menus that are there for more than one rule, or for one that has another name.
const OTHERS: [&str; 2] = ["many-faults", "pin-spent"];

#[test]
fn every_faulty_menu_is_refused_with_the_report_beside_it() {
    let mut differing = Vec::new();
    for bad in bad_menus() {
        let problems = bad.problems();
        let codes: Vec<_> = problems.iter().map(|problem| problem.code).collect();
        assert!(
            codes.contains(&bad.code()) || OTHERS.contains(&bad.code()),
            "{} reports {codes:?}",
            bad.name
        );
        let report = to_text(&problems, &bad.sources, false);
        if std::env::var_os("SOKONI_WRITE_REPORTS").is_some() {
            std::fs::write(&bad.report, &report).expect("written");
        }
        if std::fs::read_to_string(&bad.report).ok().as_deref() != Some(report.as_str()) {
            differing.push(format!("{}:\n{report}", bad.name));
        }
    }
    assert!(
        differing.is_empty(),
        "reports differ from the files beside (SOKONI_WRITE_REPORTS=1 writes them anew):\n{}",
        differing.join("\n")
    );
}

#[test]
fn every_rule_has_a_faulty_menu_of_its_own() {
    let src = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/menu");
    let mut codes = std::collections::BTreeSet::new();
    for folder in ["check", "syntax"] {
        for path in entries(&src.join(folder)).iter().filter(|path| !path.ends_with("tests.rs")) {
            let text = std::fs::read_to_string(path).expect("read");
            // Codes are the only string literals of small letters with hyphens between them.
            let literals = text.split('"').skip(1).step_by(2);
            let word = |part: &str| {
                !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            };
            codes
                .extend(literals.filter(|it| it.contains('-') && it.split('-').all(word)).map(str::to_owned));
        }
    }
    assert!(codes.len() > 60, "{codes:?}");
    let bad: std::collections::BTreeSet<String> =
        bad_menus().iter().map(|bad| bad.code().to_owned()).collect();
    let without: Vec<_> = codes.difference(&bad).collect();
    assert!(without.is_empty(), "no file of fixtures/menus-bad is called {without:?}");
}

#[test]
fn an_overlay_is_a_further_language_of_its_tree_and_of_the_messages() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/menus/overlay");
    let sources: Vec<_> = entries(&folder)
        .iter()
        .map(|path| (read_name(path), std::fs::read_to_string(path).expect("read")))
        .collect();
    let checked = check(&sources, &vocabulary(), &Limits::default());
    assert!(checked.problems.is_empty(), "{}", to_text(&checked.problems, &sources, false));
    let am = "am".parse().expect("a language");
    let graph = &checked.graphs[0];
    assert_eq!((graph.langs.len(), graph.lang_index(am)), (3, 2));
    let faces = crate::menu::face::faces(graph, graph.home, &vocabulary(), 2);
    assert_eq!(faces[0].text, "እንኳን ደህና መጡ WWWWWWWWWWWW\n1 ዓይነት ይምረጡ\n2 ይደውሉልን");
    let said = checked.catalogue.render("later", &[], am).expect("there").expect("whole");
    assert_eq!(said, "እባክዎ ቆይተው ይሞክሩ።");
    let without: Vec<_> = sources.iter().filter(|(name, _)| name != "small.am").cloned().collect();
    let alone = check(&without, &vocabulary(), &Limits::default());
    assert_ne!(alone.graphs[0].hash, graph.hash, "another version, so dialogs finish on theirs");
}

#[test]
fn one_run_finds_faults_of_many_sorts() {
    let text = include_str!("../../../fixtures/menus-bad/many-faults.menu");
    let codes: std::collections::BTreeSet<_> =
        faults_of("many-faults.menu", text).0.iter().map(|problem| problem.code).collect();
    for code in [
        "digits-differ",
        "key-twice",
        "lang-missing",
        "money-without-pin",
        "once-missing",
        "outcome-missing",
        "outcome-unknown",
        "outside-gsm7",
        "reserved-key",
        "short-codes-differ",
        "too-long",
        "tries-missing",
        "unknown-block",
        "unknown-target",
        "unknown-value",
        "unreachable",
        "values-differ",
    ] {
        assert!(codes.contains(code), "{code} in {codes:?}");
    }
}

/// The worked example with one piece of it changed: the codes it is refused with, by line.
fn planted(from: &str, to: &str) -> Vec<(&'static str, usize)> {
    let text = ARTISAN.replacen(from, to, 1);
    assert_ne!(text, ARTISAN, "`{from}` stands in the worked example");
    let (problems, _) = faults_of("artisan.menu", &text);
    problems.iter().map(|problem| (problem.code, problem.span.line(&text))).collect()
}

#[test]
fn a_fault_planted_in_the_worked_example_is_found_on_its_line() {
    let line = |needle: &str| ARTISAN[..ARTISAN.find(needle).expect("there")].matches('\n').count() + 1;
    let send = line("do pay.send");
    for (from, to, code, at) in [
        ("  gone          -> order.gone\n", "", "outcome-missing", line("do order.yes")),
        ("-> sell.kind\n  2", "-> sell.kin\n  2", "unknown-target", line("-> sell.kind")),
        ("tuma TAYARI {a.code}", "tuma TAYARI", "values-differ", line("tuma TAYARI {a.code}")),
        (
            "No orders yet. We will SMS you. | Hakuna oda bado. Tutakutumia SMS.",
            "No orders yet.",
            "lang-missing",
            line("No orders yet"),
        ),
        ("  then  pay.pin\n", "  then  pay.send\n", "money-without-pin", send),
        (
            "listing.create(kind: sell.kind, ",
            "listing.make(kind: sell.kind, ",
            "unknown-action",
            line("do sell.save"),
        ),
        ("{pay.amount} to {me.phone}", "{pay.amout} to {me.phone}", "unknown-value", line("PIN to send")),
        ("  gone      sms order_gone(o)\n", "", "outcome-missing", line("text YES")),
        ("Yes, save | Ndiyo", "Yes, save… | Ndiyo", "outside-gsm7", line("Yes, save")),
    ] {
        let found = planted(from, to);
        assert!(found.contains(&(code, at)), "{code} on line {at} in {found:?}");
    }
}

#[test]
fn the_smallest_route_is_the_one_that_counts() {
    let sources = with_messages("artisan.menu", ARTISAN);
    let long = |limits: &Limits| {
        let problems = check(&sources, &vocabulary(), limits).problems;
        problems.iter().filter(|problem| problem.code == "too-long").count()
    };
    assert_eq!(long(&route(182)), 0);
    assert_eq!(long(&route(160)), 1);
    assert!(long(&route(140)) > 1);
    let both = Limits { routes: vec![("wide".into(), 182), ("narrow".into(), 140)], ..Limits::default() };
    assert_eq!(long(&both), long(&route(140)));
}

#[test]
fn two_commands_may_share_a_first_word_when_one_goes_on_with_words_where_the_other_ends() {
    let command = |more: &str| {
        format!(
            "\ntext GONE {{o:order}}{more}\n  do    order.mark_ready(order: o)\n  ok(a) sms \
             rider_coming(a)\n  gone  sms order_gone(o)\n  fault sms try_later()\n"
        )
    };
    let apart = format!("{ARTISAN}{}{}", command(""), command(" {number:text 30}"));
    assert_eq!(faults_of("artisan.menu", &apart).0, []);
    for more in [" {number:int 1..9}", " {number:text 30} {more:text 30}", " {number:int 1..9 = 1}"] {
        let alike = format!(
            "{ARTISAN}{}{}",
            command(if more.contains("more") { " {number:text 30}" } else { "" }),
            command(more)
        );
        let codes: Vec<_> = faults_of("artisan.menu", &alike).0.iter().map(|problem| problem.code).collect();
        assert!(codes.contains(&"command-twice"), "{more}: {codes:?}");
    }
}

#[test]
fn two_commands_may_share_a_first_word_when_a_word_inside_tells_them_apart() {
    let command = |inside: &str| {
        format!(
            "\ntext QC {{o:order}} {inside} {{n:int 1..9}}\n  do    order.mark_ready(order: o)\n  ok(a) sms \
             rider_coming(a)\n  gone  sms order_gone(o)\n  fault sms try_later()\n"
        )
    };
    let apart = format!("{ARTISAN}{}{}", command("PASS|SAWA"), command("FAIL|MBAYA"));
    assert_eq!(faults_of("artisan.menu", &apart).0, []);
    let alike = format!("{ARTISAN}{}{}", command("PASS|SAWA"), command("FAIL|SAWA"));
    let codes: Vec<_> = faults_of("artisan.menu", &alike).0.iter().map(|problem| problem.code).collect();
    assert_eq!(codes, ["command-twice"]);
}

#[test]
fn files_that_lie_side_by_side_must_agree() {
    let one = "menu one\n  who artisan else nobody\n  langs en\nenum c\n  red Red\nend home\n  say Hello\n";
    let two = "menu one\n  who agent\n  langs en\nenum c\n  blue Blue\nend home\n  say Hello\n";
    let sources: Vec<(String, String)> = [
        ("one.menu", one),
        ("two.menu", two),
        ("m", "messages\n  langs en\n"),
        ("n", "messages\n  langs en\n"),
    ]
    .map(|(name, text)| (name.to_owned(), text.to_owned()))
    .to_vec();
    let problems = check(&sources, &vocabulary(), &Limits::default()).problems;
    let found: Vec<_> = problems.iter().map(|problem| (problem.file.as_str(), problem.code)).collect();
    assert_eq!(
        found,
        [
            ("one.menu", "unknown-tree"),
            ("two.menu", "name-twice"),
            ("two.menu", "enum-differs"),
            ("n", "second-catalogue"),
        ]
    );
}

#[test]
fn a_tree_of_a_thousand_screens_is_checked() {
    let mut text = String::from("menu big\n  who artisan\n  langs en sw\n  dialog 9h\n  idle 1h\n");
    for at in 0..1000 {
        let next = if at == 999 { "bye".to_owned() } else { format!("s{}", at + 1) };
        text += &format!(
            "screen s{at}\n  say Hello {{me.first}} | Habari {{me.first}}\n  1 On | Endelea -> {next}\n"
        );
    }
    text += "end bye\n  say Bye | Kwaheri\n";
    assert_eq!(faults_of("big.menu", &text).0, []);
}

#[test]
fn a_change_of_shared_labels_is_a_new_version_of_every_tree_that_shows_them() {
    let hash_with = |messages: &str| {
        let sources =
            [("artisan.menu".to_owned(), ARTISAN.to_owned()), ("m".to_owned(), messages.to_owned())];
        compile(&sources, &vocabulary(), &Limits::default()).expect("sound").0[0].hash.clone()
    };
    assert_ne!(hash_with(MESSAGES), hash_with(&MESSAGES.replace("to check |", "unchecked |")));
    assert_eq!(hash_with(MESSAGES), hash_with(MESSAGES));
}

mod random {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn a_mutated_file_is_checked_or_reported_inside_the_file(
            at in 0usize..ARTISAN.len(), cut in 0usize..40, put in "[ a-z0-9{}|>.:=()\n#é-]{0,6}",
        ) {
            let mut text = ARTISAN.to_owned();
            let end = (at + cut).min(text.len());
            if text.is_char_boundary(at) && text.is_char_boundary(end) {
                text.replace_range(at..end, &put);
            }
            for problem in faults_of("artisan.menu", &text).0 {
                let source = if problem.file == "artisan.menu" { text.as_str() } else { MESSAGES };
                prop_assert!(problem.span.start <= problem.span.end && problem.span.end <= source.len());
                prop_assert!(!problem.sentence.is_empty());
            }
        }

        #[test]
        fn lines_in_any_order_are_checked_or_reported(order in prop::collection::vec(0usize..321, 0..60)) {
            let lines: Vec<&str> = ARTISAN.lines().collect();
            let text: String = order.iter().map(|at| format!("{}\n", lines[*at])).collect();
            for problem in faults_of("artisan.menu", &text).0 {
                prop_assert!(problem.span.start <= problem.span.end);
            }
        }
    }
}
