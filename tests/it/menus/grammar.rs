//! The grammar for editors, run by the engine that VS Code runs it with (vscode-textmate, from npm).

use crate::support::program::Program;
use serde_json::Value;
use sokoni::menu::builtin;
use std::path::Path;

/// A text as an editor colours it: the tokens of each line, blanks left out, with their scopes.
struct Coloured(Vec<Vec<(String, String)>>);

impl Coloured {
    async fn by(engine: &mut Program, text: &str) -> Self {
        engine.tell(&Value::from(text).to_string()).await;
        let lines: Vec<Vec<(String, String)>> =
            serde_json::from_value(engine.says().await["lines"].take()).expect("tokens");
        let tokens = |line: Vec<(String, String)>| {
            let tokens = line.into_iter().map(|(token, scopes)| (token.trim().to_owned(), scopes));
            tokens.filter(|(token, _)| !token.is_empty()).collect()
        };
        Self(lines.into_iter().map(tokens).collect())
    }

    /// The tokens of the first line that begins with these, each with the end of its scopes.
    fn line(&self, begins: &[&str]) -> Vec<(&str, &str)> {
        let has = |line: &&Vec<(String, String)>| {
            line.len() >= begins.len() && line.iter().zip(begins).all(|((token, _), begin)| token == begin)
        };
        let line = self.0.iter().find(has).unwrap_or_else(|| panic!("no line {begins:?}"));
        line.iter()
            .map(|(token, scopes)| {
                let scope = scopes.rsplit(' ').next().unwrap_or_default();
                (token.as_str(), scope.trim_end_matches(".sokoni-menu"))
            })
            .collect()
    }

    /// What the grammar calls wrong: line and token.
    fn invalid(&self) -> Vec<(usize, &str)> {
        let wrong = (1..).zip(&self.0).flat_map(|(at, line)| line.iter().map(move |token| (at, token)));
        wrong
            .filter(|(_, (_, s))| s.contains("invalid"))
            .map(|(at, (token, _))| (at, token.as_str()))
            .collect()
    }
}

fn engine() -> Program {
    let grammar = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editors/sokoni-menu.tmLanguage.json");
    Program::node("grammar.cjs", &[grammar.to_str().expect("UTF-8")])
}

#[tokio::test]
async fn every_line_of_the_shipped_files_is_coloured_and_none_is_called_wrong() {
    let mut engine = engine();
    for (name, text) in builtin::sources() {
        let coloured = Coloured::by(&mut engine, &text).await;
        assert_eq!(coloured.invalid(), [], "{name}");
        let signs = |token: &str| token.chars().all(|c| "(),: ".contains(c));
        let plain: Vec<&String> = coloured
            .0
            .iter()
            .flatten()
            .filter(|(token, scopes)| scopes.is_empty() && !signs(token))
            .map(|(token, _)| token)
            .collect();
        assert!(plain.is_empty(), "{name}: {plain:?}");
    }
}

#[tokio::test]
async fn what_matters_in_a_tree_is_told_apart() {
    let tree = "menu artisan\n  dial    *483*57#   # the code\n  who     artisan else join\n  idle    40s\n\n\
        screen order.show(o: order)\n  say   {o.code} by {o.due} | Kabla ya {o.due} # yes\n# about 2\n\
        \x20 2     Go (-> on) | Endelea -> order.yes(o, 3)  when o.state = offered  # a -> b\n\n\
        ask n : int 1..{o.qty}\n  tries 3   -> help\n\ndo d = a.b(qty: n)\n  once\n  ok(l) -> e(l)\n\n\
        text SELL|UZA {ready:int 1..99 = 1}\n  ok(l)     sms saved(l)\n";
    let coloured = Coloured::by(&mut engine(), tree).await;
    assert_eq!(coloured.invalid(), []);
    let block = "keyword.control.block";
    let word = "keyword.other.line";
    assert_eq!(coloured.line(&["menu"]), [("menu", block), ("artisan", "entity.name.function.block")]);
    let dial = coloured.line(&["dial"]);
    assert_eq!(dial[..2], [("dial", word), ("*483*57#", "constant.other.dial")]);
    assert_eq!(dial[3], ("the code", "comment.line.number-sign"));
    assert_eq!(coloured.line(&["who"])[2], ("else", "keyword.control.else"));
    assert_eq!(coloured.line(&["idle"])[1], ("40s", "constant.numeric.time"));
    let head = coloured.line(&["screen"]);
    assert_eq!(
        (head[1].0, head[3], head[5]),
        ("order.show", ("o", "variable.parameter"), ("order", "entity.name.type"))
    );
    let say = coloured.line(&["say"]);
    assert_eq!((say[2], say[4]), (("o.code", "variable.other.value"), ("by", "string.unquoted")));
    assert!(say.contains(&("|", "keyword.operator.language")), "{say:?}");
    assert_eq!(coloured.line(&["#", "about 2"])[1].1, "comment.line.number-sign");
    let option = coloured.line(&["2"]);
    let wanted = [
        ("2", "constant.numeric.option"),
        ("Endelea", "string.unquoted"),
        ("->", "keyword.operator.arrow"),
        ("order.yes", "entity.name.function.target"),
        ("3", "constant.numeric"),
        ("when", "keyword.control.when"),
        ("o.state", "variable.other.value"),
        ("offered", "constant.other.word"),
        ("a -> b", "comment.line.number-sign"),
    ];
    for token in wanted {
        assert!(option.contains(&token), "{token:?} in {option:?}");
    }
    assert_eq!(
        option.iter().filter(|(_, scope)| *scope == "keyword.operator.arrow").count(),
        1,
        "{option:?}"
    );
    let ask = coloured.line(&["ask"]);
    assert!(
        ask.contains(&("int", "storage.type")) && ask.contains(&("o.qty", "variable.other.value")),
        "{ask:?}"
    );
    assert_eq!(coloured.line(&["tries"])[3], ("help", "entity.name.function.target"));
    assert!(coloured.line(&["do"]).contains(&("a.b", "support.function.action")));
    assert_eq!(coloured.line(&["once"]), [("once", word)]);
    let outcomes =
        [coloured.line(&["ok", "(", "l", ")", "->"]), coloured.line(&["ok", "(", "l", ")", "sms"])];
    assert!(outcomes.iter().all(|outcome| outcome[0].1 == "support.constant.outcome"), "{outcomes:?}");
    assert_eq!(outcomes[1][5], ("saved", "support.function.message"));
    let command = coloured.line(&["text"]);
    assert_eq!(
        command[..3],
        [("text", block), ("SELL", "constant.other.word"), ("|", "keyword.operator.language")]
    );
    assert!(command.contains(&("ready", "variable.parameter")), "{command:?}");
}

#[tokio::test]
async fn what_matters_in_an_overlay_is_told_apart_and_what_is_wrong_is_shown() {
    let mut engine = engine();
    let overlay = "# artisan.menu in Amharic\noverlay artisan am\n  ucs2\n  keys    0 ተመለስ, 00 መነሻ\n\n\
        screen home\n  say   {me.first}፦ KSh {me.free}\n  1     ዕቃ ሽጥ\n\nwords\n  SELL  ሽጥ\n";
    let coloured = Coloured::by(&mut engine, overlay).await;
    assert_eq!(coloured.invalid(), []);
    assert_eq!(coloured.line(&["overlay"])[2], ("am", "constant.other.language"));
    assert_eq!(coloured.line(&["ucs2"]), [("ucs2", "keyword.other.line")]);
    assert_eq!(coloured.line(&["keys"])[4], ("00", "constant.numeric.option"));
    assert_eq!(coloured.line(&["say"])[2], ("me.first", "variable.other.value"));
    assert_eq!(coloured.line(&["1"])[..2], [("1", "constant.numeric.option"), ("ዕቃ", "string.unquoted")]);
    assert_eq!(coloured.line(&["SELL"]), [("SELL", "constant.other.word"), ("ሽጥ", "string.unquoted")]);

    let wrong = "menu a\n  dail *1#\nscren home\n  say {\n#no remark\nend b\n  say { | }x\n";
    let coloured = Coloured::by(&mut engine, wrong).await;
    let found: Vec<(usize, &str)> = coloured.invalid();
    assert_eq!(found, [(2, "dail"), (3, "scren"), (4, "say"), (5, "#no"), (7, "{"), (7, "}")]);
}

#[test]
fn what_vs_code_reads_of_the_folder_names_files_that_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/editors");
    let read = |name: &str| -> Value {
        let text = std::fs::read_to_string(folder.join(name)).unwrap_or_else(|why| panic!("{name}: {why}"));
        serde_json::from_str(&text).unwrap_or_else(|why| panic!("{name}: {why}"))
    };
    let package = read("package.json");
    let [language, grammar] = ["languages", "grammars"].map(|what| package["contributes"][what][0].clone());
    assert_eq!(language["id"], grammar["language"]);
    let named = |value: &Value| value.as_str().expect("a path").trim_start_matches("./").to_owned();
    assert_eq!(read(&named(&grammar["path"]))["scopeName"], grammar["scopeName"]);
    assert_eq!(read(&named(&language["configuration"]))["comments"]["lineComment"], "#");
    assert_eq!(read(&named(&grammar["path"]))["firstLineMatch"], language["firstLine"]);
}
