use super::*;
use proptest::prelude::*;

const OPERATORS: &str = r#"
others = ["safari", "world"]

[operator.safaricom]
gateways = ["safari", "hub"]
prefixes = ["25470", "25471"]

[operator.airtel]
gateways = ["hub"]
prefixes = ["254710", "25473"]
"#;

const PORTED: &str =
    "msisdn,operator\n# moved in May, as told\n254701000001, airtel\n254730000001,safaricom\n";

fn known() -> Vec<Gateway> {
    ["safari", "hub", "world"].map(Gateway::from).to_vec()
}

fn read(operators: &str, ported: &str) -> Result<Table, RoutingError> {
    let sources = Sources { operators: ("routes.toml", operators), ported: Some(("ported.csv", ported)) };
    Table::read(sources, &known())
}

fn phone(digits: &str) -> Msisdn {
    Msisdn::from_e164(digits).expect("a number")
}

fn names(gateways: &[Gateway]) -> Vec<&str> {
    gateways.iter().map(|gateway| &**gateway).collect()
}

#[test]
fn the_longest_beginning_names_the_operator() {
    let table = read(OPERATORS, PORTED).expect("sound");
    assert_eq!(table.operator(phone("254712000000")), Some("safaricom"));
    assert_eq!(table.operator(phone("254710000000")), Some("airtel"), "longer than 25471");
    assert_eq!(table.operator(phone("255710000000")), None);
    assert_eq!(names(table.gateways(phone("255710000000"))), ["safari", "world"]);
    assert_eq!(table.sizes(), (2, 4, 2));
}

#[test]
fn a_ported_number_goes_by_its_new_operator() {
    let table = read(OPERATORS, PORTED).expect("sound");
    assert_eq!(names(table.gateways(phone("254701000001"))), ["hub"]);
    assert_eq!(names(table.gateways(phone("254701000002"))), ["safari", "hub"]);
    assert_eq!(table.operator(phone("254730000001")), Some("safaricom"));
}

#[test]
fn a_gateway_that_is_down_gives_way_to_the_next() {
    let table = read(OPERATORS, PORTED).expect("sound");
    let phone = phone("254712000000");
    assert_eq!(names(&table.choose(phone, |gateway| &**gateway != "safari")), ["hub"]);
    assert!(table.choose(phone, |_| false).is_empty());
}

#[test]
fn without_a_file_every_gateway_serves_in_its_order() {
    let table = Table::everywhere(known());
    assert_eq!(names(&table.choose(phone("254712000000"), |_| true)), ["safari", "hub", "world"]);
    let sources = Sources { operators: ("routes.toml", ""), ported: None };
    assert_eq!(Table::read(sources, &known()).expect("empty is sound"), table);
}

#[test]
fn every_mistake_is_told_with_file_line_and_remedy() {
    for (from, to, says) in [
        (
            "\"hub\"]\nprefixes = [\"254710",
            "\"hubb\"]\nprefixes = [\"254710",
            "routes.toml, line 9: no gateway is called \"hubb\"; write one of: safari, hub, world",
        ),
        ("\"25473\"", "\"0733\"", "routes.toml, line 10: \"0733\" does not begin a number"),
        ("\"25473\"", "\"25471\"", "routes.toml, line 6: 25471 stands at airtel already"),
        ("[\"hub\"]", "[]", "routes.toml, line 9: airtel has no gateway"),
        ("[\"hub\"]", "[\"hub\", \"hub\"]", "routes.toml, line 9: \"hub\" stands here twice"),
        ("prefixes = [\"25470\"", "prefix = [\"25470\"", "routes.toml, line 6: unknown field `prefix`"),
        ("others =", "others", "routes.toml, line 2: "),
    ] {
        let error = read(&OPERATORS.replace(from, to), PORTED).expect_err(says).to_string();
        assert!(error.starts_with(says), "{error}");
    }
    for (from, to, says) in [
        ("msisdn,", "number,", "ported.csv, line 1: the first line names the columns"),
        ("254701000001", "0701000001", "ported.csv, line 3: \"0701000001\" is not an international number"),
        (
            ",safaricom",
            ",safricom",
            "ported.csv, line 4: no operator is called \"safricom\"; write one of: airtel, safaricom",
        ),
        (",safaricom", "", "ported.csv, line 4: this is not a number and an operator"),
        ("254730000001", "254701000001", "ported.csv, line 4: this number stands on line 3 already"),
    ] {
        let error = read(OPERATORS, &PORTED.replace(from, to)).expect_err(says).to_string();
        assert!(error.starts_with(says), "{error}");
    }
}

proptest! {
    #[test]
    fn the_choice_is_the_operators_order_less_what_is_down(
        prefixes in proptest::collection::btree_map("[1-9][0-9]{0,5}", 0usize..3, 0..12),
        lists in proptest::collection::vec(proptest::sample::subsequence(vec![0usize, 1, 2], 1..=3).prop_shuffle(), 3),
        ported in proptest::option::of(0usize..3),
        up in proptest::array::uniform3(any::<bool>()),
        digits in "[1-9][0-9]{9,11}",
    ) {
        let known = known();
        let mut text = String::from("others = []\n");
        for (at, list) in lists.iter().enumerate() {
            let gateways: Vec<&str> = list.iter().map(|at| &*known[*at]).collect();
            let begins: Vec<&String> = prefixes.iter().filter(|(_, of)| **of == at).map(|(p, _)| p).collect();
            text += &format!("[operator.o{at}]\ngateways = {gateways:?}\nprefixes = {begins:?}\n");
        }
        let moved = ported.map_or(String::new(), |to| format!("{digits},o{to}\n"));
        let table = read(&text, &format!("msisdn,operator\n{moved}")).expect("sound");
        let phone = phone(&digits);
        // The same by looking at every beginning in turn.
        let fits = prefixes.iter().filter(|(prefix, _)| digits.starts_with(prefix.as_str()));
        let operator = ported.or(fits.max_by_key(|(prefix, _)| prefix.len()).map(|(_, of)| *of));
        let expected: Vec<usize> = operator.map_or(Vec::new(), |of| lists[of].clone());
        let is_up = |gateway: &Gateway| known.iter().position(|known| known == gateway).is_some_and(|at| up[at]);
        let expected: Vec<&str> = expected.into_iter().filter(|at| up[*at]).map(|at| &*known[at]).collect();
        let chosen = table.choose(phone, is_up);
        prop_assert_eq!(names(&chosen), expected);
        prop_assert_eq!(table.choose(phone, is_up), chosen, "the same every time");
    }
}
