//! What stands beside an operation: how it is called, where it can be tried, what comes back.

use gatewright_spec::model::{Answer, Example, Operation, OperationKind, Prose};
use gatewright_spec::place::Place;
use gatewright_spec::request;
use gatewright_spec::samples::{self, Language};
use gatewright_spec::schema::Schema;
use gatewright_spec::values::HttpRequest;
use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};

use super::code;
use crate::assets;
use crate::icons::icon;
use crate::reference::frame::block;
use crate::reference::limits::{PLAYGROUND_MAX_BYTES, SIDE_ANSWERS_MAX};
use crate::reference::words::status_color;
use crate::visit::Visit;

/// Texts of which one is shown, chosen without a script.
pub(crate) struct Tab<'a> {
    pub(crate) value: &'a str,
    pub(crate) label: String,
    pub(crate) color: &'static str,
    pub(crate) content: Markup,
}

/// A card with tabs; `copied` is what its copy button copies.
pub(crate) fn tabs(name: &str, title: &str, tabs: &[Tab<'_>], chosen: &str) -> Markup {
    let chosen = tabs
        .iter()
        .find(|tab| tab.value == chosen)
        .or(tabs.first())
        .map_or("", |tab| tab.value);
    html! {
        div.code-card {
            fieldset {
                legend { (title) }
                @for (at, tab) in tabs.iter().enumerate() {
                    input type="radio" id={ (name) "-" (at) } name=(name) value=(tab.value) checked[tab.value == chosen];
                    label for={ (name) "-" (at) } { @if !tab.color.is_empty() { span class={ "dot " (tab.color) } {} } (tab.label) }
                }
                button.copy type="button" hidden data-copy-open aria-label={ "Copy: " (title) } { (icon("copy")) }
            }
            @for tab in tabs { div.tab data-language=(tab.value) { (tab.content) } }
        }
    }
}

/// The cookie with the language that the reader chose last.
const LANGUAGE: &str = "language";

/// How it is called, in every language; the one that the reader chose last stands open.
pub(crate) fn samples(visit: &Visit, operation: &Operation, places: &[Place]) -> Markup {
    let Some((request, place)) = example_request(operation, places) else {
        return html! {};
    };
    let texts = Language::ALL
        .iter()
        .map(|language| (language, samples::render(*language, &request, &place)));
    let shown: Vec<Tab<'_>> = texts
        .map(|(language, text)| Tab {
            value: language.as_str(),
            label: language.label().to_owned(),
            color: "",
            content: html! { pre tabindex="0" { code { (code::sample(*language, &text)) } } },
        })
        .collect();
    let chosen = visit.cookie(LANGUAGE).unwrap_or_default();
    html! { code-tabs data-samples { (tabs("samples", "Request", &shown, &chosen)) } }
}

/// A call with curl.
pub(crate) fn request_sample(operation: &Operation, places: &[Place]) -> Option<String> {
    let (request, place) = example_request(operation, places)?;
    Some(samples::render(Language::Curl, &request, &place))
}

/// What a first call sends, and where to; none where no call can be made of what the description says.
fn example_request(operation: &Operation, places: &[Place]) -> Option<(HttpRequest, Place)> {
    if operation.link.kind == OperationKind::Webhook {
        return None;
    }
    let place = places.first().cloned().unwrap_or_else(|| nowhere(operation));
    let values = request::example(operation);
    let request = request::build_with(operation, &values, &place.credential).ok()?;
    Some((request, place))
}

/// Where an operation is called of which nobody says where it runs.
fn nowhere(operation: &Operation) -> Place {
    let server = operation
        .servers
        .first()
        .map(|server| server.url.trim_end_matches('/').to_owned());
    Place {
        gateway_id: None,
        name: String::new(),
        kind: None,
        environment: None,
        base_url: server.unwrap_or_else(|| "https://api.example.com".to_owned()),
        credential: Vec::new(),
    }
}

/// What comes back, by status.
pub(crate) fn answers(answers: &[Answer]) -> Markup {
    let with_example = answers.iter().filter_map(|answer| Some((answer, first(answer)?)));
    let shown: Vec<Tab<'_>> = with_example
        .take(SIDE_ANSWERS_MAX)
        .map(|(answer, example)| Tab {
            value: &answer.status,
            label: answer.status.clone(),
            color: status_color(&answer.status),
            content: code::example(example),
        })
        .collect();
    let chosen = shown
        .iter()
        .find(|tab| tab.value.starts_with('2'))
        .map_or("", |tab| tab.value);
    html! { @if !shown.is_empty() { (tabs("answer", "Response", &shown, chosen)) } }
}

fn first(answer: &Answer) -> Option<&Example> {
    answer.contents.iter().find_map(|content| content.examples.first())
}

/// Where the playground starts, with what it has to know. Absent where that would be too much for a page.
pub(crate) fn playground(
    reference: &str,
    operation: &Operation,
    places: &[Place],
    signed_in: bool,
    sign_in: &str,
) -> Markup {
    let data = json!({
        "reference": reference, "operation": compact(operation), "places": places,
        "signedIn": signed_in, "signInPath": sign_in,
    });
    let data = block(&data);
    html! {
        @if data.len() <= PLAYGROUND_MAX_BYTES {
            api-playground { script.playground-data type="application/json" { (PreEscaped(data)) } }
            @if let Some(address) = assets::address("playground.js") { script type="module" src=(address) {} }
        }
    }
}

/// An operation as far as a form needs it: what comes back and every author's HTML are left out.
fn compact(operation: &Operation) -> Value {
    let mut operation = operation.clone();
    operation.responses.clear();
    operation.callbacks.clear();
    operation.description = Prose::default();
    operation.external_docs = None;
    for parameter in &mut operation.parameters {
        plain(&mut parameter.description);
        bare(&mut parameter.schema);
    }
    for content in operation.request_body.iter_mut().flat_map(|body| &mut body.contents) {
        content.judge = None;
        content.schema.iter_mut().for_each(bare);
        content.item_schema.iter_mut().for_each(bare);
    }
    serde_json::to_value(operation).unwrap_or_default()
}

fn plain(prose: &mut Prose) {
    prose.html.clear();
    prose.markdown = crate::reference::words::shortened(prose.markdown.lines().next().unwrap_or_default(), 160);
}

fn bare(schema: &mut Schema) {
    plain(&mut schema.description);
    schema.external_docs = None;
    let properties = schema.properties.iter_mut().map(|property| &mut property.schema);
    let lists = [
        &mut schema.one_of,
        &mut schema.any_of,
        &mut schema.all_of,
        &mut schema.prefix_items,
    ];
    properties.chain(lists.into_iter().flatten()).for_each(bare);
    schema.items.as_deref_mut().into_iter().for_each(bare);
    schema.not = None;
    if let Some(additional) = &mut schema.additional {
        additional.schema.as_deref_mut().into_iter().for_each(bare);
    }
}
