use super::*;
use crate::menu::tree::{Field, Head, Line, NodeHead, Piece, Slot, Ty};
use proptest::prelude::*;

const ARTISAN: &str = include_str!("../../../fixtures/menus/artisan.menu");

fn good(source: &str) -> File {
    let (file, problems) = parse("a.menu", source);
    assert!(problems.is_empty(), "{problems:#?}");
    file
}

#[test]
fn the_worked_example_is_read_whole() {
    let file = good(ARTISAN);
    let mut count = std::collections::BTreeMap::new();
    for block in &file.blocks {
        *count.entry(block.word()).or_insert(0) += 1;
    }
    let expected = [
        ("ask", 6),
        ("do", 12),
        ("drop", 1),
        ("end", 18),
        ("enum", 2),
        ("list", 4),
        ("menu", 1),
        ("pick", 2),
        ("pin", 2),
        ("resume", 1),
        ("screen", 8),
        ("text", 4),
    ];
    assert_eq!(count.into_iter().collect::<Vec<_>>(), expected);
}

#[test]
fn a_short_code_is_no_comment_and_a_comment_is() {
    assert_eq!(without_comment("  dial *483*57#   # the code"), "  dial *483*57#   ");
    assert_eq!(without_comment("  dial *483*57#"), "  dial *483*57#");
    assert_eq!(without_comment("#"), "");
    let file = good("menu a\n  dial *483*57#   # here\n");
    assert_eq!(file.blocks[0].lines[0].it, Line::Dial("*483*57#".into()));
}

#[test]
fn a_text_is_cut_into_pieces_for_each_language() {
    let file = good("end x\n  say Hi {me.first}! | Habari {me.first}\n");
    let say = file.blocks[0].text(Field::Say).expect("say");
    assert_eq!(say.by_lang.len(), 2);
    let pieces = &say.by_lang[0].it;
    assert_eq!(pieces[0], Piece::Literal("Hi ".into()));
    assert!(matches!(&pieces[1], Piece::Value(name) if name.it == "me.first"));
    assert_eq!(pieces[2], Piece::Literal("!".into()));
}

#[test]
fn an_option_has_a_key_a_label_a_target_and_a_condition() {
    let file = good("screen x\n  1  Yes (-> now) | Ndiyo -> order.yes(o, 3)   when o.state = offered\n");
    let Line::Choice { key, to, when } = &file.blocks[0].lines[0].it else { panic!("an option") };
    assert_eq!(key.key.it, "1");
    assert_eq!(key.label.by_lang[0].it, [Piece::Literal("Yes (-> now)".into())]);
    assert_eq!((to.name.it.as_str(), to.args.len()), ("order.yes", 2));
    let (path, word) = when.as_ref().expect("when");
    assert_eq!((path.it.as_str(), word.it.as_str()), ("o.state", "offered"));
}

#[test]
fn a_command_has_words_values_defaults_and_words_inside() {
    let file = good("text QC {p:order} PASS|SAWA {n:int 1..99 = 1}\n  do x.y(p: p)\n  ok sms z()\n");
    let Head::Text { words, slots } = &file.blocks[0].head else { panic!("a text") };
    assert_eq!(words[0].it, "QC");
    assert!(matches!(&slots[1].it, Slot::Words(words) if words.len() == 2));
    assert!(matches!(&slots[2].it, Slot::Value { default: Some(1), ty, .. } if matches!(ty.it, Ty::Int(..))));
}

#[test]
fn headers_of_lists_and_questions_are_read() {
    let file = good("list a(o: order) = q.r(x: o) as m\nask b : int 1..{o.qty}\nnewpin c\n");
    let kinds: Vec<_> = file.blocks.iter().map(Block::word).collect();
    assert_eq!(kinds, ["list", "ask", "newpin"]);
    let Head::Node { kind: NodeHead::List { query, var }, params, .. } = &file.blocks[0].head else {
        panic!("a list")
    };
    assert_eq!((query.name.it.as_str(), var.it.as_str(), params.len()), ("q.r", "m", 1));
}

#[test]
fn one_run_reports_every_fault() {
    let source = "screan home\n  say Hi\nscreen a\n  sya Hi\n  1 Go\n  say {me.first\nask b : int 1-9\n  \
                  tries many -> a\n  say ok\nend c extra\n";
    let (file, problems) = parse("a.menu", source);
    let found: Vec<_> = problems.iter().map(|p| (p.code, p.span.line(source))).collect();
    assert_eq!(
        found,
        [
            ("unknown-block", 1),
            ("unknown-line", 4),
            ("syntax", 5),
            ("syntax", 6),
            ("syntax", 7),
            ("syntax", 8),
            ("syntax", 10),
        ]
    );
    assert_eq!(file.blocks.len(), 1, "only `screen a` has a readable header");
    assert!(problems[1].help.contains("say"), "{}", problems[1].help);
}

#[test]
fn a_line_before_any_header_is_reported() {
    assert_eq!(parse("a.menu", "  say Hi\n").1[0].code, "line-without-block");
}

fn spans_lie_inside(source: &str) {
    let (_, problems) = parse("x.menu", source);
    for problem in problems {
        let Span { start, end } = problem.span;
        assert!(start <= end && end <= source.len(), "{problem:?}");
        assert!(source.is_char_boundary(start) && source.is_char_boundary(end), "{problem:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_reported_inside_the_file(source in "\\PC{0,200}") {
        spans_lie_inside(&source);
    }

    #[test]
    fn menu_like_text_is_read_or_reported_inside_the_file(
        lines in prop::collection::vec(
            "(menu|screen|ask|list|do|text|enum| {2}(say|1|then|tries|ok|keys|sms|do|bad))[ a-z0-9A-Z|{}():.,=>#é-]{0,40}",
            0..20,
        ),
    ) {
        spans_lie_inside(&lines.join("\n"));
    }

    #[test]
    fn a_mutated_good_file_is_read_or_reported_inside_the_file(
        at in 0usize..ARTISAN.len(), cut in 0usize..12, put in "[ a-z{}|>\n#é]{0,3}",
    ) {
        let mut source = ARTISAN.to_owned();
        let end = (at + cut).min(source.len());
        if source.is_char_boundary(at) && source.is_char_boundary(end) {
            source.replace_range(at..end, &put);
        }
        spans_lie_inside(&source);
    }
}
