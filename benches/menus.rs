//! Menus as they are read, checked and previewed: those of the product, and a tree of a thousand screens.

use crate::thousand;
use divan::{Bencher, black_box};
use sokoni::{
    engine::{
        preview::{Checkup, Ground, Lead, Look},
        vocabulary::vocabulary,
    },
    menu::{
        builtin,
        check::{Limits, check},
        syntax,
    },
};

type Sources = Vec<(String, String)>;

/// The tree of a thousand screens, in two languages and in three, and the product's own menus.
const SETS: [&str; 3] = ["thousand", "thousand_and_overlay", "product"];

fn set(name: &str) -> Sources {
    let mut sources = match name {
        "thousand" => vec![thousand::tree()],
        "thousand_and_overlay" => vec![thousand::tree(), thousand::overlay()],
        _ => builtin::sources(),
    };
    sources.sort_by_key(|(name, _)| name.ends_with("artisan.menu"));
    sources
}

#[divan::bench(args = SETS)]
fn parse(bencher: Bencher, name: &str) {
    let sources = set(name);
    bencher.bench_local(|| {
        for (name, text) in &sources {
            black_box(syntax::parse(name, text));
        }
    });
}

#[divan::bench(name = "check", args = SETS)]
fn check_all(bencher: Bencher, name: &str) {
    let (sources, vocabulary) = (set(name), vocabulary());
    let checked = check(&sources, &vocabulary, &Limits::default());
    assert!(checked.is_sound(), "{:?}", checked.problems);
    bencher.bench_local(|| check(&sources, &vocabulary, &Limits::default()));
}

/// The last file of a set changes at every round, as under the hand of somebody who writes.
fn edits(name: &str) -> impl FnMut() -> Sources + use<> {
    let mut sources = set(name);
    let (written, mut count) = (sources[sources.len() - 1].1.clone(), 0);
    move || {
        count += 1;
        if let Some((_, text)) = sources.last_mut() {
            *text = format!("{written}# {count}\n");
        }
        sources.clone()
    }
}

#[divan::bench(args = SETS)]
fn check_after_an_edit(bencher: Bencher, name: &str) {
    let mut checkup = Checkup::of(set(name), &Limits::default());
    bencher.with_inputs(edits(name)).bench_local_values(|sources| {
        checkup = checkup.again(sources);
    });
}

#[divan::bench(args = SETS)]
fn phones_after_an_edit(bencher: Bencher, name: &str) {
    let mut checkup = Checkup::of(set(name), &Limits::default());
    let (file, ground) = (set(name)[0].0.clone(), Ground::default());
    let look = Look { file, line: None, path: vec!["1".to_owned(); 3], lead: Lead::default() };
    bencher.with_inputs(edits(name)).bench_local_values(|sources| {
        checkup = checkup.again(sources);
        checkup.look(&look, &ground)
    });
}
