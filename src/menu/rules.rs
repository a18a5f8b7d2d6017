//! Every rule by its stable name: what it finds, and what to do about it. Tools show these beside
//! the problems of a file; docs/MENU-RULES.md has a row for each.

/// A rule of the checker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its stable name.
    pub code: &'static str,
    /// What it finds.
    pub finds: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

const fn rule(code: &'static str, finds: &'static str, remedy: &'static str) -> Rule {
    Rule { code, finds, remedy }
}

/// The rule of this name.
pub fn find(code: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.code == code)
}

/// All rules, by name.
pub const RULES: &[Rule] = &[
    rule(
        "answer-changed",
        "A question takes other answers than in the live version.",
        "Take the answers that people are used to give, or tell them.",
    ),
    rule(
        "argument-missing",
        "A block, action, query or SMS is not told what it takes.",
        "Give every parameter its value.",
    ),
    rule("argument-twice", "A parameter is given twice.", "Take one away."),
    rule(
        "argument-unknown",
        "More is given than is taken, or under a name that is not known.",
        "Take it away, or write the name as the parameter has it.",
    ),
    rule(
        "block-out-of-place",
        "A block stands in a file of another sort.",
        "Screens stand in a `menu` file, SMS in the file that begins with `messages`.",
    ),
    rule(
        "command-changed",
        "A word by SMS does something else than in the live version.",
        "Keep what people know, and take another word for what is new.",
    ),
    rule(
        "command-gone",
        "A word by SMS that the live version knows is not understood any more.",
        "Keep the word beside the new one.",
    ),
    rule(
        "command-twice",
        "Two commands begin with the same word and nothing tells them apart.",
        "Take another word, or put a word inside one of them.",
    ),
    rule(
        "default-not-last",
        "A value that must be sent stands behind one that may be left out.",
        "Put values with a default last.",
    ),
    rule(
        "dial-changed",
        "The code that people dial is another than in the live version.",
        "Keep the code, or have both served and tell people long before.",
    ),
    rule(
        "digits-differ",
        "Languages have different digits in one text.",
        "Write the same numbers in every language.",
    ),
    rule(
        "do-for-ever",
        "Actions lead to actions and back without showing anything.",
        "Put a screen between them.",
    ),
    rule(
        "empty-range",
        "A range or a text holds nothing.",
        "Write the smaller number first, and a width above 0.",
    ),
    rule(
        "enum-differs",
        "An enum has other words than the domain or another file.",
        "Use the same words; labels may differ.",
    ),
    rule(
        "fault-not-end",
        "The block `fault` is not an `end`.",
        "Make it an `end`: it is shown when nothing else works.",
    ),
    rule(
        "head-missing",
        "A file does not begin with its head.",
        "Begin it with `menu name`, `messages` or `overlay tree language`.",
    ),
    rule(
        "idle-too-long",
        "A key is waited for longer than the dialog, or the operator's session, lasts.",
        "Make `idle` shorter.",
    ),
    rule(
        "key-changed",
        "A key leads elsewhere than in the live version, or nowhere.",
        "Give what is new a free key, and leave the others where they are.",
    ),
    rule(
        "key-twice",
        "Two options that can be seen together have one key.",
        "Give one of them another key, or a `when` that excludes the other.",
    ),
    rule(
        "keys-missing",
        "The keys for back, home and more have no labels in a language.",
        "Write them after `keys`.",
    ),
    rule(
        "labels-missing",
        "A word of an enum is shown whose labels stand nowhere.",
        "Write the enum with its labels.",
    ),
    rule(
        "lang-missing",
        "A text or word is lacking in a language.",
        "Write it in every language, in the order of `langs`.",
    ),
    rule("lang-twice", "A language stands twice.", "Take one away."),
    rule(
        "lang-without-messages",
        "A tree has a language that the messages lack.",
        "Write the messages in it, too.",
    ),
    rule("langs-missing", "A file names no languages.", "Add `langs` and their tags."),
    rule(
        "leads-elsewhere",
        "An answer or outcome leads elsewhere than in the live version.",
        "See that nobody who follows the way by heart is led astray.",
    ),
    rule("limit-out-of-range", "A limit that no screen can have.", "Write 40 to 182 septets."),
    rule("line-missing", "A block lacks a line it needs.", "Add the line."),
    rule("line-twice", "A line or block stands twice.", "Take one away."),
    rule(
        "line-without-block",
        "An indented line stands under no header.",
        "Put it under the header of its block.",
    ),
    rule(
        "many-options",
        "A screen has more options than are easily read (five), or than there are keys (nine).",
        "Ask in two steps, or accept up to nine with `options` under the block.",
    ),
    rule(
        "money-without-pin",
        "Money can be moved without a PIN in the same step.",
        "Let a `pin` lead to the action directly.",
    ),
    rule("name-twice", "Two things have one name.", "Give one of them another name."),
    rule(
        "new-pin-open",
        "A new PIN can be chosen without the old one.",
        "Ask for the old one first, or show the way only to those who have none.",
    ),
    rule("no-blocks", "A tree has nothing to show.", "Add a block to begin with."),
    rule("no-end", "No way from a block comes to an end.", "Let one of its ways lead to an `end`."),
    rule(
        "no-options",
        "The first screen offers nothing.",
        "Add an option: nothing lies behind the first block.",
    ),
    rule(
        "not-askable",
        "Something is asked for that nobody can type.",
        "Ask for kes, int, text, date, phone or code; let people choose the rest.",
    ),
    rule("once-missing", "An action that changes something could run twice.", "Add the line `once`."),
    rule("option-key", "An option has a key other than 1 to 9.", "Put further options on a second screen."),
    rule("outcome-missing", "An outcome of an action has no way on.", "Add a line for it."),
    rule("outcome-twice", "An outcome stands twice.", "Take one away."),
    rule("outcome-unknown", "An action has no such outcome.", "Write an outcome that it has."),
    rule(
        "outside-gsm7",
        "A letter would turn the whole text into UCS-2.",
        "Write another, or say `ucs2` in an overlay.",
    ),
    rule("overlay-absent", "A tree lacks a language that another tree has.", "Write its overlay."),
    rule("overlay-missing", "An overlay lacks blocks or lines of its tree.", "Write each in its language."),
    rule(
        "overlay-of-nothing",
        "There is no tree for an overlay.",
        "Check it beside its tree, or mend the name.",
    ),
    rule(
        "overlay-twice",
        "A tree has a language twice.",
        "Write each language once, in the tree or in one overlay.",
    ),
    rule(
        "overlay-unknown",
        "An overlay has what its tree has not.",
        "Take it away, or write it into the tree first.",
    ),
    rule("pin-used", "A PIN is used as a value.", "Show the amount, not the PIN."),
    rule(
        "range-has-key",
        "An answer that may be given is also a key of the engine's own.",
        "Begin the range at 1; where 98 may mean more, keep the question on one page.",
    ),
    rule("reserved-key", "An option stands on the key for back, home or more.", "Take 1 to 9."),
    rule(
        "screen-removed",
        "A screen of the live version is gone.",
        "Dialogs that stand on it end on their version; see that nothing else names it.",
    ),
    rule("second-catalogue", "There are two files of messages.", "Put all `sms` blocks into one file."),
    rule(
        "second-head",
        "A file has two heads.",
        "One file is one tree, the messages, or one language of one tree.",
    ),
    rule(
        "short-codes-differ",
        "Languages have different short codes in one text.",
        "Write the same code in every language.",
    ),
    rule("sms-too-long", "An SMS can cost more parts than it may.", "Shorten it, or allow more `parts`."),
    rule("syntax", "A line cannot be read.", "Write it as the grammar has it."),
    rule("text-empty", "A text is empty.", "Write it."),
    rule(
        "text-gone",
        "An SMS that Sokoni sends by itself is gone or takes other values.",
        "Put it back as it was; its words may change.",
    ),
    rule(
        "too-long",
        "A screen can be wider than the smallest route allows.",
        "Shorten it in the language that is named.",
    ),
    rule(
        "too-slow",
        "A goal takes longer than the dialog lasts.",
        "Ask for less on the way, or let people go on after a redial.",
    ),
    rule("tree-gone", "A tree of the live version is gone.", "Put its file back."),
    rule(
        "tries-missing",
        "Wrong answers would be asked for ever.",
        "Say how often one may try, and where that leads.",
    ),
    rule(
        "two-pages",
        "Options can be hidden behind the key for more.",
        "Shorten the text until all options stand on one page, or accept it with `pages` under the block.",
    ),
    rule("unknown-action", "The domain has no such action.", "`sokoni menu words` lists the actions."),
    rule(
        "unknown-block",
        "A header begins with a word that is no block.",
        "Write one of the blocks of the grammar.",
    ),
    rule("unknown-enum", "There is no such enum.", "Write it, or mend the name."),
    rule("unknown-key", "A key other than 0, 00 and 98 is given a label.", "Options stand on screens."),
    rule("unknown-lang", "A tag that is no language.", "Write a tag such as en, sw or am."),
    rule("unknown-line", "A block has no such line.", "Write one of its lines."),
    rule("unknown-purpose", "An SMS is about something that is no purpose.", "Write one of the purposes."),
    rule("unknown-query", "The domain has no such rows.", "`sokoni menu words` lists the queries."),
    rule("unknown-sms", "There is no such SMS.", "Write it into the messages, or mend the name."),
    rule("unknown-target", "There is no such block.", "Mend the name, or write the block."),
    rule("unknown-tree", "There is no such tree.", "Mend the name after `else`."),
    rule("unknown-type", "There is no such type.", "Write a type of the grammar, a record or an enum."),
    rule("unknown-value", "Nothing here has this name.", "`sokoni menu words` lists the values."),
    rule("unknown-word", "An enum has no such word.", "Write one of its words."),
    rule("unreachable", "Nothing leads to a block.", "Lead somebody there, or take it away."),
    rule(
        "used-before-asked",
        "An answer is used where some way has not asked for it.",
        "Lead every way through the question.",
    ),
    rule("value-in-label", "A label holds a value.", "Write it out."),
    rule(
        "values-differ",
        "Languages have different values in one text.",
        "Use the same values in every language.",
    ),
    rule(
        "when-not-enum",
        "A condition is about something that is no word of an enum.",
        "Compare a word of an enum.",
    ),
    rule("who-missing", "A tree serves nobody.", "Add `who` and a role."),
    rule(
        "word-means-two-things",
        "A word is a command and something else, in whatever language.",
        "Take another word for the command.",
    ),
    rule("word-twice", "A word stands twice.", "Take one away."),
    rule(
        "wrong-type",
        "A value of one type stands where another is wanted.",
        "Give a value of the type that is wanted.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_in_order_and_each_says_what_it_finds_and_what_to_do() {
        assert!(RULES.is_sorted_by(|a, b| a.code < b.code));
        for rule in RULES {
            assert!(rule.finds.ends_with('.') && rule.remedy.ends_with('.'), "{rule:?}");
        }
        assert_eq!(find("too-long").map(|rule| rule.code), Some("too-long"));
        assert_eq!(find("nothing"), None);
    }
}
