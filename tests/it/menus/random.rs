//! Sound menus made up at random, walked with random keys: the machine never gives up, no screen
//! outgrows its limit, an end is always near, and the same inputs show the same again.

use super::Dice;
use proptest::prelude::*;
use sokoni::{
    dialog::{
        input::{Ask, Data, Do, Input, PinPurpose, PinVerdict, Step},
        machine::{Env, Machine},
        state::State,
    },
    engine::vocabulary::vocabulary,
    gsm::fit,
    menu::{
        check::{Limits, check},
        graph::{Asked, Choice, Graph, Kind, Node, NodeId, Target},
        report,
        value::{Record, Value},
        vocabulary::{Type, Vocabulary},
    },
    types::{CodeKind, DialogId, Kes, Msisdn, SpokenCode, Timestamp},
};
use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, LazyLock},
};

const MESSAGES: &str = "messages\n  langs en sw\n\nsms later()\n  say   Later. | Baadaye.\n";
const MESSAGES_AM: &str = "overlay messages am\n  ucs2\n\nsms later\n  say   ቆይተው።\n";

/// What the domain offers, made once.
fn domain() -> &'static Vocabulary {
    static DOMAIN: LazyLock<Vocabulary> = LazyLock::new(vocabulary);
    &DOMAIN
}

// ---- made-up menus --------------------------------------------------------------------------

/// A tree being written, with its overlay in a language outside GSM-7.
struct Writer<'d> {
    dice: &'d mut Dice,
    tree: String,
    overlay: String,
    /// Ways that are still open: where they begin in the tree as `<n>`.
    open: usize,
    /// Blocks that any way may lead to, and whether they show something.
    blocks: Vec<(String, bool)>,
}

impl Writer<'_> {
    fn words(&mut self, letters: &str, most: usize) -> String {
        let letters: Vec<char> = letters.chars().collect();
        let count = self.dice.below(most) + 1;
        let text: String = (0..count)
            .map(|at| match at % 6 {
                5 if at + 1 < count => ' ',
                _ => *self.dice.pick(&letters),
            })
            .collect();
        text
    }

    /// A text in both languages, and in the overlay's; each with the value.
    fn text(&mut self, most: usize, value: &str) -> (String, String) {
        let (en, sw) = (self.words("abcdeghortuw", most), self.words("aeiouklmnst", most));
        let am = self.words("ሀለመሰረቀበተነአከወዘየደገጠ", (most / 4).max(3));
        (format!("{en}{value} | {sw}{value}"), format!("{am}{value}"))
    }

    fn line(&mut self, word: &str, most: usize, value: &str, behind: &str) {
        let (own, further) = self.text(most, value);
        self.tree += &format!("  {word} {own}{behind}\n");
        self.overlay += &format!("  {word} {further}\n");
    }

    fn head(&mut self, word: &str, name: &str, behind: &str) {
        self.tree += &format!("\n{word} {name}{behind}\n");
        self.overlay += &format!("\n{word} {name}\n");
    }

    /// A way that leads somewhere later.
    fn way(&mut self) -> String {
        self.open += 1;
        format!("<{}>", self.open - 1)
    }

    /// A block of a random sort, called `name`.
    fn block(&mut self, name: &str) {
        let value = *self.dice.pick(&["", "", " {me.first}", " {me.free}"]);
        let mut shows = true;
        match self.dice.below(8) {
            0..3 => {
                self.head("screen", name, "");
                self.line("say", 40, value, "");
                // Any but the first may be a screen that is only read.
                let fewest = usize::from(self.blocks.is_empty());
                for key in 1..=self.dice.below(6).max(fewest) {
                    let to = self.way();
                    self.line(&key.to_string(), 11, "", &format!(" -> {to}"));
                }
            }
            3 => {
                self.head("pick", name, " : kind");
                self.line("say", 30, value, "");
                let to = self.way();
                self.tree += &format!("  then {to}\n");
            }
            4 => {
                let asked = *self.dice.pick(&["int 1..99", "kes 50..20000", "text 12", "phone", "date"]);
                self.head("ask", name, &format!(" : {asked}"));
                self.line("say", 30, value, "");
                self.line("bad", 24, "", "");
                self.tree += &format!("  tries 3 -> bye\n  then {name}.said\n");
                // Only this way leads there, so that its answer is always known.
                self.head("screen", &format!("{name}.said"), "");
                self.line("say", 16, &format!(" {{{name}}}"), "");
                let to = self.way();
                self.line("1", 8, "", &format!(" -> {to}"));
            }
            5 => {
                self.head("list", name, " = orders.open() as o");
                self.line("say", 24, "", "");
                self.line("item", 6, " {o.code} {o.qty} {o.kind}", "");
                self.line("none", 30, "", "");
                self.tree += &format!("  then {name}.one(o)\n");
                self.head("screen", &format!("{name}.one"), "");
                self.tree = self.tree.trim_end().to_owned() + "(o: order)\n";
                self.line("say", 16, " {o.code} {o.due}", "");
                let to = self.way();
                self.line("1", 8, "", &format!(" -> {to}"));
            }
            6 => {
                self.head("ask", name, " : kes 50..{me.free}");
                self.line("say", 30, value, "");
                self.line("bad", 24, "", "");
                self.tree += &format!("  tries 2 -> bye\n  then {name}.pin\n");
                self.head("pin", &format!("{name}.pin"), "");
                self.line("say", 20, &format!(" {{{name}}}"), "");
                self.line("bad", 20, " {left}", "");
                self.tree += &format!("  tries 3 -> bye\n  then {name}.go\n");
                self.tree += &format!("\ndo {name}.go = payout.request(amount: {name})\n  once\n");
                let request = &domain().actions["payout.request"];
                for (outcome, _) in &request.outcomes {
                    self.tree += &format!("  {outcome} -> bye\n");
                }
                if !request.outcomes.iter().any(|(outcome, _)| outcome == "fault") {
                    self.tree += "  fault -> fault\n";
                }
            }
            _ => {
                shows = false;
                let (ok, bad) = (self.way(), self.way());
                self.tree += &format!(
                    "\ndo {name} = support.callback(at: here)\n  once\n  ok -> {ok}!\n  fault -> {bad}!\n"
                );
            }
        }
        self.blocks.push((name.to_owned(), shows));
    }
}

/// A tree of about so many blocks, and its overlay.
pub(super) fn made_up(seed: u64, size: usize) -> Vec<(String, String)> {
    let mut dice = Dice::new(seed);
    let tree = "menu made\n  who artisan\n  langs en sw\n  limit 160\n  idle 1m\n  dialog 9h\n\nenum kind\n"
        .to_owned();
    let overlay = "overlay made am\n  ucs2\n  keys 0 ተመለስ, 00 መነሻ, 98 ቀጣይ\n\nenum kind\n".to_owned();
    let mut writer = Writer { dice: &mut dice, tree, overlay, open: 0, blocks: Vec::new() };
    for (word, en, sw, am) in [("ring", "Ring", "Pete", "ቀለበት"), ("other", "Other", "Nyingine", "ሌላ")]
    {
        writer.tree += &format!("  {word} {en} | {sw}\n");
        writer.overlay += &format!("  {word} {am}\n");
    }
    for at in 0..size {
        let before = writer.open;
        let name = if at == 0 { "home".to_owned() } else { format!("b{at}") };
        writer.block(&name);
        // The block before must lead here: one of the ways that were open is its own.
        if at > 0 && before > 0 {
            let ways: Vec<usize> =
                (0..before).filter(|way| writer.tree.contains(&format!("<{way}>"))).collect();
            match ways.is_empty() {
                true => break,
                false => {
                    let way = *writer.dice.pick(&ways);
                    writer.tree =
                        writer.tree.replace(&format!("<{way}>!"), &name).replace(&format!("<{way}>"), &name);
                }
            }
        } else if at > 0 {
            break;
        }
    }
    // What is still open leads back to something that shows, or to the end.
    for way in 0..writer.open {
        let shown: Vec<String> =
            writer.blocks.iter().filter(|(_, shows)| *shows).map(|(name, _)| name.clone()).collect();
        let to = if shown.is_empty() || writer.dice.below(2) == 0 {
            "bye".to_owned()
        } else {
            writer.dice.pick(&shown).clone()
        };
        writer.tree = writer.tree.replace(&format!("<{way}>!"), &to).replace(&format!("<{way}>"), &to);
    }
    writer.head("end", "bye", "");
    writer.line("say", 30, "", "");
    writer.head("end", "fault", "");
    writer.line("say", 30, "", "");
    let files = [("made.menu", writer.tree), ("made.am", writer.overlay)];
    let shared = [("messages.menu", MESSAGES.to_owned()), ("messages.am", MESSAGES_AM.to_owned())];
    files.into_iter().chain(shared).map(|(name, text)| (name.to_owned(), text)).collect()
}

/// The tree, when it is sound; one that has no end on some way, say, is none.
fn sound(seed: u64, size: usize) -> Option<Graph> {
    let sources = made_up(seed, size);
    let mut checked = check(&sources, domain(), &Limits::default());
    let usual = ["unreachable", "no-end"];
    let strange: Vec<_> = checked
        .problems
        .iter()
        .filter(|problem| problem.severity == report::Severity::Error && !usual.contains(&problem.code))
        .cloned()
        .collect();
    assert!(strange.is_empty(), "{}\n{}", report::to_text(&strange, &sources, false), sources[0].1);
    checked.is_sound().then(|| Arc::unwrap_or_clone(checked.graphs.remove(0)))
}

#[test]
fn most_trees_that_are_made_up_are_sound() {
    let sound = (0..60).filter(|seed| sound(*seed, 4 + *seed as usize % 20).is_some()).count();
    println!("{sound} of 60");
    assert!(sound > 30, "{sound} of 60");
}

// ---- a phone that remembers what it was fed ---------------------------------------------------

struct Phone<'g> {
    graph: &'g Graph,
    env: Env,
    state: State,
    rows: Vec<Record>,
    dice: Dice,
    /// Everything that was fed, and the screen or wish that came.
    tape: Vec<(Input, Step)>,
}

impl<'g> Phone<'g> {
    fn new(graph: &'g Graph, env: Env, rows: usize, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let rows = (0..rows).map(|nth| order(nth, &mut dice, graph)).collect();
        Self {
            graph,
            env,
            state: State::new(DialogId::derived("random"), graph),
            rows,
            dice,
            tape: Vec::new(),
        }
    }

    /// Another phone at the same place.
    fn fork(&self) -> Self {
        let (dice, tape) = (Dice::new(1), Vec::new());
        Self { state: self.state.clone(), rows: self.rows.clone(), dice, tape, ..*self }
    }

    /// Feeds an input until a screen comes; whether it was the last. `wish` chooses outcomes.
    fn feed(&mut self, input: Input, wish: &mut dyn FnMut(&mut Dice, &Do) -> String) -> (String, bool) {
        let mut input = input;
        loop {
            let mut machine = Machine::new(self.graph, self.state.clone());
            let step = machine.step(self.env, input.clone());
            self.state = machine.into_state();
            self.tape.push((input, step.clone()));
            input = match step {
                Step::Show(text) => return (text, false),
                Step::End(text, _) => return (text, true),
                Step::Ask(ask) => Input::Data(self.data(ask)),
                Step::Pin { typed, purpose } => Input::Pin(match (typed.expose(), purpose) {
                    ("4271", _) | (_, PinPurpose::Choose) => PinVerdict::Right,
                    _ => PinVerdict::Wrong { left: 2 },
                }),
                Step::Do(made) => {
                    let name = wish(&mut self.dice, &made);
                    let brings = domain().actions[&made.name]
                        .outcomes
                        .iter()
                        .find(|(known, _)| *known == name)
                        .cloned();
                    let args = brings.map(|(_, types)| types).unwrap_or_default();
                    Input::Outcome {
                        name,
                        args: args.iter().map(|ty| value(ty, &mut self.dice, self.graph)).collect(),
                    }
                }
            };
        }
    }

    fn data(&mut self, ask: Ask) -> Data {
        let mut globals = BTreeMap::new();
        for name in ask.globals {
            let ty = domain().globals.get(&name).cloned();
            if let Some(ty) = ty {
                globals.insert(name, value(&ty, &mut self.dice, self.graph));
            }
        }
        Data { globals, rows: ask.query.map(|_| self.rows.clone()), found: None }
    }
}

fn value(ty: &Type, dice: &mut Dice, graph: &Graph) -> Value {
    match ty {
        Type::Kes | Type::Cents => Value::Kes(Kes::major(dice.below(9_999_999) as i64)),
        Type::Int { min, max } => {
            Value::Int(min + dice.below((max - min).unsigned_abs() as usize + 1) as i64)
        }
        Type::Text(width) => {
            let letters = if dice.below(4) == 0 { "Wanjikũ Mwĩthaga" } else { "Achieng Otieno" };
            Value::text(letters.chars().take(usize::from(*width)).collect::<String>())
        }
        Type::Date => Value::Date(Timestamp::from_millis(1_798_745_400_000)),
        Type::Time => Value::Time(Timestamp::from_millis(1_798_745_400_000)),
        Type::Phone => Value::Phone(Msisdn::from_e164("254712345678").expect("a number")),
        Type::Code(kind) => Value::Code(SpokenCode::nth(*kind, dice.below(9999) as u64)),
        Type::Enum(set) => {
            let words = graph.enums.get(set).map(|set| &set.words);
            let word = words.map_or_else(String::new, |words| dice.pick(words).0.clone());
            Value::word(set, &word)
        }
        Type::Record(name) => {
            let fields = domain().records[name].clone();
            let fields = fields.iter().filter(|(_, ty)| !matches!(ty, Type::Record(_)));
            let mut record = Record::new(name, "1", []);
            record.fields.extend(fields.map(|(name, ty)| (name.clone(), value(ty, dice, graph))));
            Value::Record(record)
        }
    }
}

fn order(nth: usize, dice: &mut Dice, graph: &Graph) -> Record {
    let Value::Record(mut record) = value(&Type::Record("order".into()), dice, graph) else { unreachable!() };
    let code = SpokenCode::nth(CodeKind::Order, nth as u64);
    record.key = code.to_string();
    record.fields.insert("code".into(), Value::Code(code));
    record
}

// ---- the way out ------------------------------------------------------------------------------

/// Where a block leads somebody who answers rightly while nothing breaks.
fn leads(node: &Node) -> Vec<NodeId> {
    match &node.kind {
        Kind::Ask { .. } | Kind::Pin { .. } | Kind::NewPin { .. } => node.leads_to()[..1].to_vec(),
        Kind::Do { branches, .. } => {
            let well = branches.iter().zip(node.leads_to()).filter(|(branch, _)| branch.outcome != "fault");
            well.map(|(_, to)| to).collect()
        }
        _ => node.leads_to(),
    }
}

/// How many blocks lie between each block and the nearest end.
fn far(graph: &Graph) -> Vec<usize> {
    let mut far = vec![usize::MAX; graph.nodes.len()];
    let ends = (0..far.len()).filter(|at| graph.nodes[*at].is_last());
    let mut queue: VecDeque<usize> = ends.collect();
    queue.iter().for_each(|at| far[*at] = 0);
    while let Some(at) = queue.pop_front() {
        for before in 0..far.len() {
            let leads = leads(&graph.nodes[before]).contains(&NodeId(at as u16));
            if leads && far[before] == usize::MAX {
                far[before] = far[at] + 1;
                queue.push_back(before);
            }
        }
    }
    far
}

/// The block where the dialog stands.
fn standing(graph: &Graph, state: &State) -> NodeId {
    graph.find(state.block(graph)).expect("a block of its tree")
}

/// The key that leads nearest to an end from where the dialog stands.
fn way_out(graph: &Graph, state: &State, far: &[usize]) -> String {
    let after = |to: &Target| match to {
        Target::Node { node, .. } => far[usize::from(node.0)],
        Target::Resume => usize::MAX,
    };
    let nearest = |choices: &[Choice]| choices.iter().min_by_key(|choice| after(&choice.to)).map(|c| c.key);
    match &graph.node(standing(graph, state)).kind {
        Kind::Screen { choices, .. } => nearest(choices).map_or_else(String::new, |key| key.to_string()),
        Kind::Pick { .. } | Kind::List { .. } => "1".to_owned(),
        Kind::Pin { .. } | Kind::NewPin { .. } => "4271".to_owned(),
        Kind::Ask { asked: Asked::Phone, .. } => "0712345678".to_owned(),
        Kind::Ask { asked: Asked::Date, .. } => "31/12".to_owned(),
        Kind::Ask { asked: Asked::Text(_), .. } => "Achieng".to_owned(),
        Kind::Ask { .. } => "50".to_owned(),
        Kind::Do { .. } | Kind::End { .. } => String::new(),
    }
}

fn keys() -> impl Strategy<Value = String> {
    prop_oneof![
        14 => "[0-9]",
        2 => Just("98".to_owned()),
        1 => Just("00".to_owned()),
        2 => Just("850".to_owned()),
        2 => Just("4271".to_owned()),
        1 => Just("0712345678".to_owned()),
        1 => "\\PC{0,12}",
    ]
}

proptest! {
    // Each case writes a tree, checks it and walks it.
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_sound_menu_is_walked_to_its_end_by_whatever_is_typed_and_replays_to_the_octet(
        seed: u64, size in 1usize..24, rows in 0usize..20, lang in 0usize..3,
        typed in proptest::collection::vec(keys(), 0..40),
    ) {
        let Some(graph) = sound(seed, size) else { return Ok(()) };
        let env = Env { lang: graph.langs[lang], limit: usize::from(graph.limit), now: Timestamp::from_millis(1_000) };
        let mut phone = Phone::new(&graph, env, rows, seed);
        let mut any = |dice: &mut Dice, wish: &Do| {
            let outcomes = &domain().actions[&wish.name].outcomes;
            let fault = outcomes.is_empty() || dice.below(8) == 0;
            if fault { "fault".to_owned() } else { dice.pick(outcomes).0.clone() }
        };
        let mut last = phone.feed(Input::Begin { typed: Vec::new() }, &mut any);
        for key in typed {
            prop_assert!(fit::fits(&last.0, env.limit), "{:?}", last.0);
            let input = if last.1 { Input::Begin { typed: Vec::new() } } else { Input::Key(key) };
            last = phone.feed(input, &mut any);
        }
        let far = far(&graph);
        let mut steps = 0;
        while !last.1 && !graph.node(standing(&graph, &phone.state)).is_only_read() {
            prop_assert!(fit::fits(&last.0, env.limit), "{:?}", last.0);
            prop_assert!(steps < 3 * graph.nodes.len() + 40, "no end after {steps} keys, at {:?}", last.0);
            let list = matches!(graph.node(standing(&graph, &phone.state)).kind, Kind::List { .. });
            let key = match phone.rows.is_empty() && list {
                // An empty list is left by the way one came.
                true => { phone.rows.push(order(1, &mut Dice::new(seed), &graph)); "00".to_owned() }
                false => way_out(&graph, &phone.state, &far),
            };
            last = phone.feed(Input::Key(key), &mut any);
            steps += 1;
        }
        prop_assert!(fit::fits(&last.0, env.limit), "{:?}", last.0);

        // Inputs and outcomes once more, into a new machine: the same screens, the same state.
        let mut state = State::new(DialogId::derived("random"), &graph);
        for (input, step) in &phone.tape {
            let mut machine = Machine::new(&graph, state);
            prop_assert_eq!(&machine.step(env, input.clone()), step);
            state = machine.into_state();
        }
        prop_assert_eq!(state.to_json(), phone.state.to_json());
    }

    #[test]
    fn every_row_of_a_long_list_is_shown_once_and_chosen_by_its_key_also_in_ucs2(
        quantities in proptest::collection::vec(1i64..1_000_000_000_000, 1..40), lang in 0usize..3, limit in 100usize..=182,
    ) {
        let graph = orders();
        // Where a row must be cut to fit at all, there is no row to compare.
        let limit = if lang == 2 { limit.max(160) } else { limit };
        let env = Env { lang: graph.langs[lang], limit, now: Timestamp::from_millis(1_000) };
        let mut phone = Phone::new(&graph, env, quantities.len(), 7);
        for (row, quantity) in phone.rows.iter_mut().zip(&quantities) {
            row.fields.insert("qty".into(), Value::Int(*quantity));
        }
        let mut none = |_: &mut Dice, _: &Do| "fault".to_owned();
        let mut screen = phone.feed(Input::Begin { typed: Vec::new() }, &mut none).0;
        let mut seen = 0;
        loop {
            prop_assert!(fit::fits(&screen, limit), "{:?}", screen);
            let mut key = 0;
            for line in screen.lines() {
                let Some(row) = phone.rows.get(seen).cloned() else { break };
                let Some((typed, rest)) = line.split_once(' ').filter(|(_, rest)| rest.starts_with(&row.key)) else {
                    continue;
                };
                key += 1;
                prop_assert_eq!(typed, key.to_string());
                let kind = graph.words().show(&row.fields["kind"], env.lang);
                prop_assert_eq!(rest, format!("{} {} {kind}", row.key, quantities[seen]), "whole, no word cut");
                let mut other = phone.fork();
                let chosen = other.feed(Input::Key(typed.to_owned()), &mut none).0;
                prop_assert!(chosen.starts_with(&row.key), "{:?} for {:?}", chosen, rest);
                seen += 1;
            }
            prop_assert!(key > 0, "a page without a row: {:?}", screen);
            if !screen.lines().any(|line| line.starts_with("98 ")) {
                break;
            }
            screen = phone.feed(Input::Key("98".into()), &mut none).0;
        }
        prop_assert_eq!(seen, quantities.len(), "every row, and every row once");
    }
}

/// A list of orders in three languages, and the screen behind a row.
fn orders() -> Graph {
    let tree = "menu made\n  who artisan\n  langs en sw\n  limit 182\n\nenum kind\n  ring Ring | Pete\n  bead Beads [2] | Shanga [2]\n\n\
                list home = orders.open() as o\n  say Orders | Oda\n  item {o.code} {o.qty} {o.kind}\n  none None | Hakuna\n  then one(o)\n\n\
                screen one(o: order)\n  say {o.code} {o.qty}\n  1 Bye | Kwaheri -> bye\n\nend bye\n  say Bye | Kwaheri\n";
    let overlay = "overlay made am\n  ucs2\n  keys 0 ተመለስ, 00 መነሻ, 98 ቀጣይ\n\nenum kind\n  ring ቀለበት\n  bead ዶቃ [2]\n\n\
                   list home\n  say ትዕዛዞች\n  none የለም\n\nscreen one\n  1 ደህና ሁን\n\nend bye\n  say ደህና ሁን\n";
    let files = [("made.menu", tree), ("made.am", overlay), ("m.menu", MESSAGES), ("m.am", MESSAGES_AM)];
    let sources: Vec<(String, String)> =
        files.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    let mut checked = check(&sources, domain(), &Limits::default());
    // A quantity of thirteen digits is wider than any order; the pages must hold it all the same.
    assert!(checked.is_sound(), "{}", report::to_text(&checked.problems, &sources, false));
    Arc::unwrap_or_clone(checked.graphs.remove(0))
}
