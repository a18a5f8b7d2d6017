//! The API under requests that nobody would write: schemathesis, from PyPI, makes them of the OpenAPI document,
//! right ones and wrong ones, and holds every answer against it.

use super::{on_sale, open_stall};
use crate::support::partner::order;
use crate::support::program::python;
use serde_json::{Value, json};
use std::time::Duration;

/// What is held against each answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,negative_data_rejection,\
                      missing_required_header,unsupported_method,allow_header_conformance,ignored_auth";
/// How long it may take on a busy machine.
const LONGEST: Duration = Duration::from_secs(240);
const ALL: &[&str] =
    &["catalogue:read", "orders:write", "orders:read", "bulk:write", "desk:read", "webhooks:write"];

/// The document, narrowed to what there is: numbers that nobody has are refused soon, and behind them the rest
/// would never be reached.
fn narrowed(document: &mut Value, there: &[(&str, Value)]) {
    match document {
        Value::Object(fields) => {
            let name = fields.get("name").and_then(Value::as_str).map(str::to_owned);
            for (word, values) in there {
                let is_field = fields.get("properties").and_then(|all| all.get(word)).is_some();
                let place = match is_field {
                    true => fields.get_mut("properties").and_then(|all| all.get_mut(word)),
                    false if name.as_deref() == Some(word) => fields.get_mut("schema"),
                    false => None,
                };
                // Answers have such fields, too, and hold more.
                if let Some(place) = place.filter(|place| place["type"] == "string") {
                    *place = json!({ "type": "string", "enum": values });
                }
            }
            fields.values_mut().for_each(|value| narrowed(value, there));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| narrowed(value, there)),
        _ => {}
    }
}

#[tokio::test]
async fn whatever_is_asked_is_answered_as_the_document_says() {
    let (village, maker, kiosk, listing) = open_stall(850, 9).await;
    on_sale(&maker, &kiosk, 900, 1).await;
    let partner = village.partner("Schemathesis", ALL);
    let begun = partner.posts("/api/v1/orders", Some("order-0001"), &order(&listing, 1)).await;
    let mut document = partner.gets("/api/v1/openapi.json").await;
    let operations: usize = document["paths"]
        .as_object()
        .expect("paths")
        .values()
        .filter_map(Value::as_object)
        .map(serde_json::Map::len)
        .sum();
    for (path, item) in document["paths"].as_object_mut().expect("paths") {
        let id = match path.starts_with("/api/v1/orders") {
            true => begun.body["id"].clone(),
            false => {
                partner.gets(&format!("/api/v1/listings/{listing}")).await["listing"]["maker"]["id"].clone()
            }
        };
        narrowed(
            item,
            &[
                ("id", json!([id])),
                ("code", json!([listing])),
                ("listing", json!([listing])),
                ("country", json!(["DE"])),
            ],
        );
    }
    for wish in ["NewOrder", "NewBulk"] {
        let wish = &mut document["components"]["schemas"][wish];
        narrowed(wish, &[("listing", json!([listing])), ("country", json!(["DE", "US"]))]);
    }
    // Nobody is called who knows nothing of it.
    let wish = &mut document["components"]["schemas"]["NewWebhook"];
    narrowed(wish, &[("url", json!(["http://127.0.0.1:9/told"]))]);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("openapi.json");
    std::fs::write(&file, document.to_string()).expect("written");
    let mut run = tokio::process::Command::new(python());
    run.args(["-m", "schemathesis.cli", "run"])
        .arg(&file)
        .args(["--url", &village.url])
        .args(["--header", &format!("Authorization: Bearer {}", partner.key), "--checks", CHECKS])
        .args(["--mode", "all", "--phases", "examples,coverage,fuzzing,stateful", "--seed", "1"])
        .args(["--max-examples", "100", "--generation-database", "none", "--request-timeout", "30"])
        .args(["--suppress-health-check", "all", "--warnings", "off", "--no-color"])
        .current_dir(folder.path())
        .kill_on_drop(true);
    let ended = tokio::time::timeout(LONGEST, run.output()).await.expect("it ends").expect("it runs");
    let said = String::from_utf8_lossy(&ended.stdout);
    assert!(ended.status.success(), "{said}\n{}", String::from_utf8_lossy(&ended.stderr));
    assert!(said.contains(&format!("Tested: {operations}\n")), "{said}");
    assert!(village.shopper().left(&listing).await < 8, "it came as far as to order something");
    village.closes().await;
}
