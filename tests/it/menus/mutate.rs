//! Two hundred single faults, planted by a seeded program into the trees of the product. What the
//! checker finds of them is counted by kind; none that touches money, a PIN, the length of a
//! screen or the way out may escape.

use super::Dice;
use sokoni::{
    engine::vocabulary::vocabulary,
    menu::{
        against::compare,
        builtin,
        check::{Checked, Limits, check},
    },
};
use std::collections::BTreeMap;

/// A line of a tree: which file, which line, and the header of the block it stands in.
#[derive(Debug, Clone)]
struct Spot {
    file: usize,
    line: usize,
    head: String,
    text: String,
}

/// The trees, line by line. Overlays are left out: they name the same lines, and so would find
/// faults that the tree alone must show.
struct Menus {
    files: Vec<(String, Vec<String>)>,
}

/// A changed copy of one line; `None` when the fault cannot stand there.
type Plant = fn(&Menus, &Spot, &mut Dice) -> Option<String>;

/// A kind of fault: its name, whether it must never escape, how it is planted.
const KINDS: [(&str, bool, Plant); 14] = [
    ("a PIN passed by", true, bypass),
    ("a way to money without a PIN", true, straight_to_money),
    ("`once` left out", true, once),
    ("a text grown past the screen", true, grown),
    ("no way out of a block", true, dead_end),
    ("a target misspelt", false, misspelt),
    ("a target that is another block", false, moved),
    ("an outcome left out", false, outcome_dropped),
    ("an outcome misspelt", false, outcome_renamed),
    ("a text in one language only", false, language),
    ("digits that differ between languages", false, digits),
    ("a value misspelt", false, value),
    ("a value left out in one language", false, value_dropped),
    ("a key changed", false, key),
];

impl Menus {
    fn of_the_product() -> Self {
        let trees = builtin::sources().into_iter().filter(|(name, _)| name.ends_with(".menu"));
        let lines = |text: String| text.lines().map(str::to_owned).collect();
        Self { files: trees.map(|(name, text)| (name, lines(text))).collect() }
    }

    fn spots(&self) -> Vec<Spot> {
        let mut spots = Vec::new();
        for (file, (_, lines)) in self.files.iter().enumerate() {
            let mut head = String::new();
            for (line, text) in lines.iter().enumerate() {
                let code = text.split(" # ").next().unwrap_or_default();
                if code.trim().is_empty() || code.starts_with('#') {
                    continue;
                }
                if !code.starts_with(' ') {
                    head = code.trim().to_owned();
                }
                spots.push(Spot { file, line, head: head.clone(), text: code.trim_end().to_owned() });
            }
        }
        spots
    }

    /// The files with this line in place of the one at `spot`, as the checker sees them.
    fn checked(&self, spot: Option<(&Spot, &str)>) -> (Checked, Vec<(String, String)>) {
        let sources: Vec<(String, String)> = self
            .files
            .iter()
            .enumerate()
            // A tree is checked beside the messages; the other trees do not change what is found.
            .filter(|(file, (name, _))| {
                spot.is_none_or(|(spot, _)| *file == spot.file || name.contains("messages"))
            })
            .map(|(file, (name, lines))| {
                let mut lines = lines.clone();
                if let Some((spot, line)) = spot.filter(|(spot, _)| spot.file == file) {
                    lines[spot.line] = line.to_owned();
                }
                (name.clone(), lines.join("\n") + "\n")
            })
            .collect();
        (check(&sources, &vocabulary(), &Limits::default()), sources)
    }

    /// The lines of the block in this file whose header begins so.
    fn block(&self, file: usize, begins: &str) -> Vec<&str> {
        let lines = self.files[file].1.iter().map(String::as_str);
        let mut from = lines.skip_while(|line| !line.starts_with(begins));
        let head = from.next();
        head.into_iter().chain(from.take_while(|line| line.starts_with(' '))).collect()
    }

    /// Where the block of this name leads by `then`, when its header begins with `word`.
    fn then_of(&self, spot: &Spot, word: &str, name: &str) -> Option<String> {
        let plain = name.split('(').next().unwrap_or_default();
        let block = self.block(spot.file, &format!("{word} {plain}"));
        let head = block.first()?;
        let exactly = head.split([' ', '(']).nth(1) == Some(plain);
        let then = block.iter().find_map(|line| line.trim().strip_prefix("then"))?;
        exactly.then(|| then.trim().to_owned())
    }

    /// Blocks of this file without parameters, by name.
    fn names(&self, spot: &Spot) -> Vec<String> {
        let words = ["screen ", "pick ", "list ", "ask ", "pin ", "newpin ", "do ", "end "];
        let heads =
            self.files[spot.file].1.iter().filter(|line| words.iter().any(|word| line.starts_with(word)));
        let names = heads.filter_map(|line| line.split(' ').nth(1)).filter(|name| !name.contains('('));
        names.map(str::to_owned).collect()
    }
}

/// Where a line leads, and what stands before and behind that.
fn target(spot: &Spot) -> Option<(&str, &str, &str)> {
    let at = match (spot.text.find("-> "), spot.text.trim_start().strip_prefix("then")) {
        (Some(arrow), _) => arrow + 3,
        (None, Some(rest)) => spot.text.len() - rest.trim_start().len(),
        (None, None) => return None,
    };
    let (before, rest) = spot.text.split_at(at);
    let end = rest.find(" when").unwrap_or(rest.len());
    let (to, behind) = rest.split_at(end);
    (to.trim_end() != "resume").then_some((before, to.trim_end(), behind))
}

/// The two texts of a line, and what stands before and behind them. Only texts with words.
fn texts(spot: &Spot) -> Option<(&str, &str, &str, &str)> {
    let text = spot.text.as_str();
    let bar = text.find(" | ")?;
    let word = text.trim_start().find(' ')? + text.len() - text.trim_start().len();
    let start = word + (text[word..].len() - text[word..].trim_start().len());
    let end = text.find("->").map_or(text.len(), |arrow| text[..arrow].trim_end().len());
    let is_text = !spot.head.starts_with("menu ") && start < bar && bar < end;
    is_text.then(|| (&text[..start], &text[start..bar], &text[bar + 3..end], &text[end..]))
}

fn in_do(spot: &Spot) -> bool {
    spot.head.starts_with("do ") && spot.text.starts_with(' ') && spot.text.contains("->")
}

fn bypass(menus: &Menus, spot: &Spot, _: &mut Dice) -> Option<String> {
    let (before, to, behind) = target(spot)?;
    let past = menus.then_of(spot, "pin", to)?;
    Some(format!("{before}{past}{behind}"))
}

fn straight_to_money(menus: &Menus, spot: &Spot, _: &mut Dice) -> Option<String> {
    let (before, to, behind) = target(spot)?;
    let money = menus.files[spot.file].1.iter().find(|line| line.contains("= payout.request("))?;
    let name = money.split(' ').nth(1)?;
    let own = menus.then_of(spot, "pin", spot.head.split(' ').nth(1)?);
    (to != name && own.is_none() && !spot.head.starts_with("resume"))
        .then(|| format!("{before}{name}{behind}"))
}

fn once(_: &Menus, spot: &Spot, _: &mut Dice) -> Option<String> {
    (spot.text.trim() == "once").then(String::new)
}

fn grown(_: &Menus, spot: &Spot, dice: &mut Dice) -> Option<String> {
    let shown = ["screen ", "pick ", "list ", "ask ", "pin ", "newpin ", "end "];
    let says =
        spot.text.trim_start().starts_with("say ") && shown.iter().any(|word| spot.head.starts_with(word));
    let (before, en, sw, behind) = texts(spot).filter(|_| says)?;
    let more = " and more".repeat(20);
    Some(match dice.below(2) {
        0 => format!("{before}{en}{more} | {sw}{behind}"),
        _ => format!("{before}{en} | {sw}{more}{behind}"),
    })
}

/// Where a block leads nowhere but to itself. Only where one line is all that leads on.
fn dead_end(menus: &Menus, spot: &Spot, _: &mut Dice) -> Option<String> {
    let (before, _, behind) = target(spot)?;
    let mut words = spot.head.split(' ');
    let (word, rest) = (words.next()?, spot.head.split_once(' ')?.1);
    let name = rest.split([' ', '(']).next()?;
    let ways = menus.block(spot.file, &format!("{word} {name}"));
    let leading =
        ways.iter().filter(|line| line.contains("->") || line.trim_start().starts_with("then")).count();
    let params: Vec<&str> = match rest.strip_prefix(name).and_then(|rest| rest.strip_prefix('(')) {
        Some(params) => {
            params.split(')').next()?.split(',').filter_map(|p| p.trim().split(':').next()).collect()
        }
        None => Vec::new(),
    };
    let back = if params.is_empty() { name.to_owned() } else { format!("{name}({})", params.join(", ")) };
    (leading == 1 && ["screen", "pick", "do"].contains(&word)).then(|| format!("{before}{back}{behind}"))
}

fn misspelt(_: &Menus, spot: &Spot, dice: &mut Dice) -> Option<String> {
    let (before, to, behind) = target(spot)?;
    let name = to.split('(').next()?;
    let at = dice.below(name.len());
    let wrong: String = name.chars().enumerate().filter(|(n, _)| *n != at).map(|(_, c)| c).collect();
    Some(format!("{before}{}{behind}", to.replacen(name, &wrong, 1)))
}

fn moved(menus: &Menus, spot: &Spot, dice: &mut Dice) -> Option<String> {
    let (before, to, behind) = target(spot)?;
    let names = menus.names(spot);
    let other = dice.pick(&names);
    (other != to).then(|| format!("{before}{other}{behind}"))
}

fn outcome_dropped(_: &Menus, spot: &Spot, _: &mut Dice) -> Option<String> {
    in_do(spot).then(String::new)
}

fn outcome_renamed(_: &Menus, spot: &Spot, _: &mut Dice) -> Option<String> {
    in_do(spot).then(|| format!("  x{}", spot.text.trim_start()))
}

fn language(_: &Menus, spot: &Spot, dice: &mut Dice) -> Option<String> {
    let (before, en, sw, behind) = texts(spot)?;
    // A text of values alone reads the same in both: with one left out, nothing is missing.
    (en.trim() != sw.trim()).then(|| format!("{before}{}{behind}", if dice.below(2) == 0 { en } else { sw }))
}

fn digits(_: &Menus, spot: &Spot, dice: &mut Dice) -> Option<String> {
    let (before, en, sw, behind) = texts(spot)?;
    let n = dice.below(9) + 1;
    Some(format!("{before}{en} | {sw} {n}{behind}"))
}

fn value(_: &Menus, spot: &Spot, _: &mut Dice) -> Option<String> {
    let (before, en, sw, behind) = texts(spot)?;
    let wrong = sw.replacen('}', "s}", 1);
    (wrong != sw).then(|| format!("{before}{en} | {wrong}{behind}"))
}

fn value_dropped(_: &Menus, spot: &Spot, _: &mut Dice) -> Option<String> {
    let (before, en, sw, behind) = texts(spot)?;
    let (open, close) = (sw.find('{')?, sw.find('}')?);
    Some(format!("{before}{en} | {}it{}{behind}", &sw[..open], &sw[close + 1..]))
}

fn key(_: &Menus, spot: &Spot, dice: &mut Dice) -> Option<String> {
    let text = spot.text.trim_start();
    let is_option = (spot.head.starts_with("screen ") || spot.head == "resume") && text.contains("->");
    let digit = text.chars().next().filter(|c| c.is_ascii_digit() && is_option)?;
    let other = char::from(b'0' + dice.below(10) as u8);
    (other != digit).then(|| format!("  {other}{}", &text[1..]))
}

#[test]
fn of_two_hundred_planted_faults_none_that_touches_money_a_pin_a_screens_length_or_the_way_out_escapes() {
    let (menus, mut dice) = (Menus::of_the_product(), Dice::new(2026));
    let (live, _) = menus.checked(None);
    assert!(live.is_sound(), "the menus themselves are sound");
    let spots = menus.spots();
    let (mut counts, mut escaped) = (BTreeMap::<usize, (usize, usize, usize)>::new(), Vec::new());
    let mut unseen = Vec::new();
    for nth in 0..200 {
        let at = nth % KINDS.len();
        let (name, never, plant) = KINDS[at];
        let (spot, line) = (0..100_000)
            .find_map(|_| {
                let spot = dice.pick(&spots);
                plant(&menus, spot, &mut dice).map(|line| (spot, line))
            })
            .unwrap_or_else(|| panic!("nowhere to plant {name}"));
        let (checked, sources) = menus.checked(Some((spot, &line)));
        let caught = !checked.is_sound();
        // Another sound menu: whoever compares it with the one that serves is told.
        let told = !caught && !compare(&live.graphs, &checked.graphs, &sources, None).is_empty();
        let count = counts.entry(at).or_default();
        *count = (count.0 + 1, count.1 + usize::from(caught), count.2 + usize::from(told));
        if !caught && !told {
            unseen.push(format!(
                "{name}: {}:{}\n  -{}\n  +{line}",
                menus.files[spot.file].0,
                spot.line + 1,
                spot.text
            ));
        }
        if !caught {
            let place = format!("{}:{}", menus.files[spot.file].0, spot.line + 1);
            escaped.push((never, format!("{name}: {place}\n  -{}\n  +{line}", spot.text)));
        }
    }
    println!("alone, and against the menus that serve:");
    for (at, (planted, caught, told)) in &counts {
        println!("{caught:>3} {:>3} of {planted:>2}  {}", caught + told, KINDS[*at].0);
    }
    let caught: usize = counts.values().map(|(_, caught, _)| caught).sum();
    let told: usize = counts.values().map(|(.., told)| told).sum();
    println!("{caught:>3} {:>3} of 200\n\nNot caught alone:", caught + told);
    escaped.iter().for_each(|(_, what)| println!("{what}"));
    assert!(unseen.is_empty(), "not even against the menus that serve: {unseen:#?}");
    let grave: Vec<_> = escaped.iter().filter(|(never, _)| *never).collect();
    assert!(grave.is_empty(), "{grave:#?}");
    // Only what is another sound menu may pass: a target or a key that was free to be chosen so.
    let others =
        escaped.iter().filter(|(_, what)| !what.starts_with("a target that") && !what.starts_with("a key"));
    assert_eq!(others.count(), 0, "{escaped:#?}");
}
