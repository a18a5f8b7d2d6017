use super::*;
use crate::menu::builtin;
use proptest::prelude::*;
use serde_json::Value;

/// What a parser reads, but for the places.
fn meaning(source: &str) -> Value {
    let (file, _) = syntax::parse("", source);
    let mut value = serde_json::to_value(file).expect("JSON");
    forget_places(&mut value);
    value
}

fn forget_places(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.remove("at");
            members.values_mut().for_each(forget_places);
        }
        Value::Array(items) => items.iter_mut().for_each(forget_places),
        _ => {}
    }
}

fn without_blanks(source: &str) -> String {
    source.chars().filter(|c| !c.is_whitespace()).collect()
}

/// Laid out, after it was seen that nothing but blanks changed, and that twice is once.
fn laid(source: &str) -> Laid {
    let laid = layout(source);
    assert_eq!(without_blanks(&laid.text), without_blanks(source), "{source:?}");
    assert_eq!(meaning(&laid.text), meaning(source), "{source:?}\n{}", laid.text);
    assert_eq!(layout(&laid.text).text, laid.text, "{source:?}");
    laid
}

#[test]
fn a_tree_is_laid_out_in_columns() {
    let source = "\n\n# the tree\nmenu  small   # hers\n dial *483*57#\n\twho artisan   else  join # others\n\
        enum kind\n  ring Ring|Pete\n  necklaces_long Necklaces | Mikufu\n\
        screen home ( o : order,n:int  1..9 )\n say Hello  there|Habari\n\n\n 1 One|Moja->kind.one(o ,3) when o.state=offered # yes\n\
        # 2 Two | Mbili -> two\n 11 Three | Tatu   -> fault\n # the end of home\n# ---- asked\n\n\nask a:kes 50..{me.free}\n\n say ?\n bad !\n tries 3->fault\n then   home\n\
        do d(o: order)=order.accept( order :o )\n once\n ok( a )->home(a, 1)\n fault -> fault\n\
        text SELL | UZA  {kind : kind}{ready:int 1..99=1}\n do listing.create(kind:kind,ready: ready)\n ok(l) sms saved(l)   \n half   sms  half(heard)\n\
        end fault\n say Bye | Kwaheri\n# that is all\n\n";
    let wanted = "\
# the tree
menu small                                   # hers
  dial    *483*57#
  who     artisan else join                  # others

enum kind
  ring            Ring | Pete
  necklaces_long  Necklaces | Mikufu

screen home(o: order, n: int 1..9)
  say   Hello  there | Habari

  1     One | Moja                                     -> kind.one(o, 3)  when o.state = offered  # yes
  # 2 Two | Mbili -> two
  11    Three | Tatu                                   -> fault
  # the end of home

# ---- asked

ask a : kes 50..{me.free}
  say   ?
  bad   !
  tries 3   -> fault
  then  home

do d(o: order) = order.accept(order: o)
  once
  ok(a)         -> home(a, 1)
  fault         -> fault

text SELL|UZA {kind:kind} {ready:int 1..99 = 1}
  do    listing.create(kind: kind, ready: ready)
  ok(l)     sms saved(l)
  half      sms half(heard)

end fault
  say   Bye | Kwaheri

# that is all
";
    assert_eq!(laid(source).text, wanted);
}

#[test]
fn what_a_parser_cannot_read_stands_as_it_did() {
    let source = "menu  a\n   dial 5 5\n who artisan\nscren   home\n    say   x\nend b\n say {\n  say #| x\n";
    let laid = laid(source);
    assert_eq!(laid.left, [2, 4, 5, 7, 8]);
    assert_eq!(
        laid.text,
        "menu a\n   dial 5 5\n  who     artisan\n\nscren   home\n    say   x\n\nend b\n say {\n  say #| x\n"
    );
}

#[test]
fn a_file_that_is_no_menu_is_not_touched() {
    let page = "Title\n=====\n\n\n* a point\n* another   \n";
    assert_eq!(layout(page).text, page);
    assert_eq!(layout("").text, "");
    assert_eq!(laid("\n\n# only a remark  \n\n").text, "# only a remark\n");
}

#[test]
fn the_menus_of_the_product_are_laid_out() {
    for (name, text) in builtin::sources() {
        let laid = laid(&text);
        assert!(laid.left.is_empty(), "{name}: {:?}", laid.left);
        assert_eq!(laid.text, text, "sokoni menu fmt menus");
    }
}

/// Every file under this folder.
fn files(folder: &std::path::Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => files(&path, found),
            false => found.push(path),
        }
    }
}

#[test]
fn every_menu_of_the_fixtures_keeps_its_meaning_faults_and_all() {
    let mut found = Vec::new();
    for folder in ["menus", "menus-bad"] {
        let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
        files(&fixtures.join(folder), &mut found);
    }
    found.retain(|path| path.extension().is_some_and(|extension| extension != "txt"));
    assert!(found.len() > 60, "{}", found.len());
    for path in found {
        let text = std::fs::read_to_string(&path).expect("read");
        let faults = |text: &str| syntax::parse("", text).1.len();
        assert_eq!(faults(&laid(&text).text), faults(&text), "{}", path.display());
    }
}

/// Lines and pieces of lines that menus are made of, and some that they are not.
fn lines() -> impl Strategy<Value = String> {
    let pieces = [
        "menu",
        "messages",
        "overlay a am",
        "enum",
        "screen",
        "ask",
        "do",
        "text",
        "end",
        "pick",
        "list",
        "sms",
        "say",
        "bad",
        "then",
        "tries",
        "once",
        "keys",
        "dial",
        "half",
        "when",
        "as",
        "words",
        "resume",
        "1",
        "98",
        "3",
        "home",
        "o.state",
        "a",
        "b_c",
        "SELL",
        "{me.free}",
        "50..",
        "1..9",
        "->",
        "=",
        ":",
        "(",
        ")",
        ",",
        "|",
        "{",
        "}",
        "*483*57#",
        "#",
        "# ",
        " ",
        "  ",
        "\t",
        "\u{a0}",
        "\r",
        "é",
        "ዕ",
    ];
    let piece = proptest::sample::select(pieces.to_vec());
    proptest::collection::vec(piece, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn whatever_is_written_only_its_blanks_change(lines in proptest::collection::vec(lines(), 0..12)) {
        laid(&format!("{}\n", lines.join("\n")));
    }

    #[test]
    fn a_line_of_any_sort_under_any_header_keeps_its_meaning(
        head in "(menu a|messages|enum e|screen s|ask a : int 1\\.\\.9|do d = x\\(\\)|text SELL|end e|list l = q as o|resume|drop a|sms m|newpin p|pick p : e)",
        word in "(say|bad|then|tries 3|once|ok|ok\\(a\\)|half|sms|1|keys 0|dial|who|langs|item|never|after|parts|do|kind)",
        rest in "[ \t]{0,2}([a-z(){}|#,:=. -]|->|sms|when){0,20}",
    ) {
        laid(&format!("{head}\n {word}{rest}\n"));
    }
}
