//! The OpenAPI document, of the code that answers. What every operation has in common - its key, and what it
//! may refuse - is said once, here.

use super::{bulk, catalogue, desk, hooks, keys::Scope, orders, problem, take};
use utoipa::OpenApi;
use utoipa::openapi::{
    Content, HeaderBuilder, ObjectBuilder, OpenApi as Document, Ref, RefOr, Response, ResponseBuilder,
    SchemaFormat, Type,
    header::Header,
    path::{HttpMethod, Operation, Parameter, ParameterBuilder, ParameterIn},
    security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
};

/// What the scheme of keys is called in the document.
const SCHEME: &str = "key";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Sokoni",
        description = "The public API of the market: what is on sale, orders, many pieces at once, and what \
            happens to them. docs/API.md shows how to begin.",
        version = "1",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(problem::Problem)),
    paths(
        super::document_json,
        catalogue::crafts,
        catalogue::materials,
        catalogue::listings,
        catalogue::listing,
        catalogue::maker,
        catalogue::countries,
        catalogue::quote,
        catalogue::many,
        orders::create,
        orders::list,
        orders::show,
        orders::cancel,
        orders::answer,
        bulk::create,
        bulk::show,
        bulk::choose,
        desk::payouts,
        desk::accounts,
        desk::trial_balance,
        desk::people,
        desk::orders,
        hooks::create,
        hooks::list,
        hooks::show,
        hooks::remove,
    ),
    tags(
        (name = "catalogue", description = "What is on sale, who made it, what sending it costs"),
        (name = "orders", description = "Orders of single pieces"),
        (name = "bulk", description = "Many pieces at once"),
        (name = "webhooks", description = "Addresses that are told what happens"),
        (name = "desk", description = "What the market's own operators read"),
    )
)]
struct Described;

/// What an operation needs a key for; none for what everybody may read.
const SCOPES: &[(&str, Scope)] = &[
    ("list_crafts", Scope::CatalogueRead),
    ("list_materials", Scope::CatalogueRead),
    ("list_listings", Scope::CatalogueRead),
    ("get_listing", Scope::CatalogueRead),
    ("get_maker", Scope::CatalogueRead),
    ("list_countries", Scope::CatalogueRead),
    ("quote_order", Scope::CatalogueRead),
    ("quote_bulk", Scope::CatalogueRead),
    ("create_order", Scope::OrdersWrite),
    ("list_orders", Scope::OrdersRead),
    ("get_order", Scope::OrdersRead),
    ("cancel_order", Scope::OrdersWrite),
    ("answer_order", Scope::OrdersWrite),
    ("create_bulk", Scope::BulkWrite),
    ("get_bulk", Scope::OrdersRead),
    ("choose_bulk", Scope::BulkWrite),
    ("list_payouts", Scope::DeskRead),
    ("list_accounts", Scope::DeskRead),
    ("get_trial_balance", Scope::DeskRead),
    ("count_people", Scope::DeskRead),
    ("count_orders", Scope::DeskRead),
    ("create_webhook", Scope::WebhooksWrite),
    ("list_webhooks", Scope::WebhooksWrite),
    ("get_webhook", Scope::WebhooksWrite),
    ("delete_webhook", Scope::WebhooksWrite),
];

/// A refusal that any operation with a key may give.
const ALWAYS: &[(&str, &str)] = &[
    ("400", "Something in the request cannot be read"),
    ("401", "There is no key, or it is not good"),
    ("403", "The key lacks a scope, which the answer names"),
    ("429", "Too many calls: Retry-After says how long to wait"),
    ("503", "Not now: Retry-After says how long to wait"),
];

/// The same of one with a body.
const WITH_BODY: &[(&str, &str)] = &[
    ("413", "The body is too large"),
    ("415", "The body is not JSON"),
    ("422", "The body does not fit the schema, or a field of it cannot be taken"),
];

/// The document.
pub fn document() -> Document {
    let mut document = Described::openapi();
    let bearer = Http::builder()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("A key of `sokoni api keys add`, which begins with sk_"))
        .build();
    document.components.get_or_insert_default().add_security_scheme(SCHEME, SecurityScheme::Http(bearer));
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in [
            (HttpMethod::Get, item.get.as_mut()),
            (HttpMethod::Post, item.post.as_mut()),
            (HttpMethod::Delete, item.delete.as_mut()),
        ] {
            if let Some(operation) = operation {
                complete(operation, &method, path);
            }
        }
    }
    document
}

fn complete(operation: &mut Operation, method: &HttpMethod, path: &str) {
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let Some((_, scope)) = SCOPES.iter().find(|(known, _)| *known == id) else { return };
    let needs = format!("Takes a key with the scope `{}`.", scope.word());
    let said = operation.description.take().map(|said| format!("{said}\n\n{needs}"));
    operation.description = Some(said.unwrap_or(needs));
    operation.security = Some(vec![SecurityRequirement::new::<_, _, String>(SCHEME, [])]);
    let has_body = operation.request_body.is_some();
    if has_body && *method == HttpMethod::Post && !path.contains('{') {
        operation.parameters.get_or_insert_default().push(RefOr::T(once()));
    }
    let mut known = ALWAYS.to_vec();
    if has_body {
        known.extend_from_slice(WITH_BODY);
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in known {
        let response = Response::new(description);
        responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(response));
    }
    for (status, response) in responses.iter_mut().filter(|(status, _)| !status.starts_with('2')) {
        let RefOr::T(response) = response else { continue };
        let description = std::mem::take(&mut response.description);
        let mut said = ResponseBuilder::new()
            .description(description)
            .content(problem::MEDIA, Content::new(Some(Ref::from_schema_name("Problem"))));
        if matches!(status.as_str(), "429" | "503") {
            said = said.header("Retry-After", retry_after());
        }
        *response = said.build();
    }
}

fn retry_after() -> Header {
    let seconds = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    HeaderBuilder::new().schema(Some(seconds)).description(Some("Seconds to wait")).build()
}

/// The header of what creates something.
fn once() -> Parameter {
    let key = ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::Custom("idempotency-key".to_owned())))
        .min_length(Some(*take::KEY_LENGTH.start()))
        .max_length(Some(*take::KEY_LENGTH.end()))
        .pattern(Some("^[A-Za-z0-9_-]{8,64}$"));
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(utoipa::openapi::Required::True)
        .description(Some(
            "New for each thing that is created. The same key with the same body is answered alike and creates \
             nothing more; with another body it is refused. It is remembered for four days at least.",
        ))
        .schema(Some(key))
        .build()
}

/// The document as it is published.
pub fn text() -> String {
    document().to_pretty_json().map(|text| text + "\n").unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_document_is_the_one_of_the_code() {
        let place = concat!(env!("CARGO_MANIFEST_DIR"), "/target/openapi.json");
        let derived = text();
        std::fs::write(place, &derived).expect("written");
        let kept = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/openapi.json"));
        assert!(derived == kept.expect("published"), "cp {place} docs/openapi.json");
    }

    #[test]
    fn every_operation_says_which_scope_it_takes_but_that_of_the_document() {
        let document = serde_json::to_value(document()).expect("JSON");
        let mut without = Vec::new();
        for item in document["paths"].as_object().expect("paths").values() {
            for operation in item.as_object().expect("operations").values() {
                let id = operation["operationId"].as_str().expect("an id").to_owned();
                match operation.get("security") {
                    Some(_) => assert!(operation["responses"]["401"].is_object(), "{id}"),
                    None => without.push(id),
                }
            }
        }
        assert_eq!(without, ["get_document"]);
    }
}
