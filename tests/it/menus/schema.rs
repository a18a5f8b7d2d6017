//! The published schema of `sokoni menu json`, held against what the command prints by a validator
//! of others' making: jsonschema, from PyPI.

use super::Dice;
use crate::support::program::Program;
use serde_json::{Value, json};
use sokoni::{
    cli::menu::json::{JsonArgs, run},
    menu::{builtin, syntax},
};
use std::path::Path;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn validator() -> Program {
    let schema = root().join("docs/menu.schema.json");
    Program::python("validate.py", &[schema.to_str().expect("UTF-8")])
}

/// What the validator has against a document.
async fn faults(validator: &mut Program, document: &Value) -> Vec<Value> {
    validator.tell(&document.to_string()).await;
    validator.says().await["faults"].as_array().expect("a list").clone()
}

/// What `sokoni menu json` prints of this.
fn printed(path: &str) -> Value {
    let mut out = Vec::new();
    let args = JsonArgs { paths: vec![root().join(path)], schema: false };
    run(&args, &mut out).expect("printed");
    serde_json::from_slice(&out).expect("JSON")
}

#[tokio::test]
async fn every_shipped_tree_is_printed_as_the_schema_says() {
    let mut validator = validator();
    let whole = printed("menus");
    let files = whole.as_object().expect("files by their names");
    assert_eq!(files.len(), builtin::sources().len());
    for (name, file) in files {
        let found = faults(&mut validator, &json!({ name: file })).await;
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
    // What no shipped tree writes, and files with faults.
    let rare = "menu a\n  who artisan\n\ntext SELL|UZA {n:int -3..{me.free} = 1} NOW|SASA\n  do x(a: 3, b)\n\n\
                screen home(c: code once, k: kes, t: time, p: phone, d: date)\n  1 x -> y(-4) when a.b = c\n";
    let (file, _) = syntax::parse("", rare);
    assert_eq!(file.blocks.len(), 3);
    assert!(faults(&mut validator, &json!({ "rare": file })).await.is_empty());
    for folder in ["fixtures/menus", "fixtures/menus/overlay", "fixtures/menus-bad"] {
        let found = faults(&mut validator, &printed(folder)).await;
        assert!(found.is_empty(), "{folder}: {found:#?}");
    }
}

/// The places in a document where a value stands, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| {
            places(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(nth, value)| places(value, &format!("{at}/{nth}"), found));
        }
        _ => {}
    }
}

/// One thing that the schema must not let pass; `None` when it cannot stand there.
fn broken(value: &mut Value, dice: &mut Dice) -> Option<&'static str> {
    let truth = value.is_boolean();
    match (value.as_object_mut(), dice.below(3)) {
        (Some(members), 0) => {
            let name = members.keys().next_back()?.clone();
            members.remove(&name).map(|_| "a member left out")
        }
        (Some(members), 1) => {
            members.insert("news".into(), json!(1));
            Some("a member nobody knows")
        }
        _ if truth => None,
        _ => {
            *value = json!(true);
            Some("a value of another type")
        }
    }
}

#[tokio::test]
async fn a_document_with_one_thing_broken_is_refused() {
    let mut validator = validator();
    let (file, _) = syntax::parse("", include_str!("../../../fixtures/menus/overlay/small.menu"));
    let sound = json!({ "small.menu": file });
    assert!(faults(&mut validator, &sound).await.is_empty());
    let mut all = Vec::new();
    places(&sound["small.menu"], "/small.menu", &mut all);
    let mut dice = Dice::new(4);
    let mut refused = 0;
    while refused < 120 {
        let place = dice.pick(&all).clone();
        let mut document = sound.clone();
        let value = document.pointer_mut(&place).expect("it stands there");
        let Some(what) = broken(value, &mut dice) else { continue };
        assert!(!faults(&mut validator, &document).await.is_empty(), "{what} at {place}");
        refused += 1;
    }
}
