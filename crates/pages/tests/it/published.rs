//! A description as it is once it is published, compiled from a document that somebody wrote.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use gatewright_spec::compile::{RemoteDocuments, Source, compile};
use gatewright_spec::model::{OperationLink, Reference};
use serde_json::{Value, json};

const AT: &str = "2026-11-20T09:30:00.000Z";

/// What the API answers of one description.
#[derive(Clone)]
pub(crate) struct Published {
    pub(crate) operations: Vec<OperationLink>,
    pub(crate) schemas: Vec<String>,
    answers: Arc<HashMap<String, Value>>,
}

/// A document below `target/openapi-samples`; nothing where `scripts/ensure-openapi-samples.sh` could not fetch them.
pub(crate) fn document(path: &str) -> Option<Vec<u8>> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/openapi-samples/node_modules");
    fs::read(root.join(path)).ok()
}

/// Compiles a document, and answers as the API does. The HTML of prose is left out: it is the author's text that is shown.
pub(crate) fn publish(bytes: &[u8]) -> Option<Published> {
    let source = Source { bytes, url: None };
    let compiled = compile(&source, &RemoteDocuments::default()).ok()?;
    let Reference {
        overview,
        operations,
        schemas,
    } = compiled.reference;
    let named = json!({ "slug": "others", "title": overview.title, "version": overview.version, "productId": "prd_1", "productName": "Others", "revision": "rev_others", "updatedAt": AT });
    let mut whole = json!(overview);
    for (name, value) in named.as_object()? {
        whole[name] = value.clone();
    }
    whole["schemas"] = schemas
        .iter()
        .map(|schema| json!({ "slug": schema.slug, "name": schema.name }))
        .collect();
    let mut answers = HashMap::from([("references/others".to_owned(), whole)]);
    for schema in &schemas {
        let answer = json!({ "reference": named, "schema": schema });
        answers.insert(format!("references/others/schemas/{}", schema.slug), answer);
    }
    let links: Vec<OperationLink> = operations.iter().map(|operation| operation.link.clone()).collect();
    let place = json!({ "gatewayId": "gtw_1", "name": "Gateway", "kind": "NATIVE", "environment": "LIVE", "baseUrl": "https://api.acme.example",
        "credential": [{ "name": "Authorization", "prefix": "Bearer ", "variable": "API_KEY" }] });
    for (at, operation) in operations.iter().enumerate() {
        let tag = operation
            .tags
            .first()
            .and_then(|slug| overview.tags.iter().find(|tag| tag.slug == *slug));
        let answer = json!({
            "reference": named, "operation": operation, "places": [place],
            "tag": tag.map(|tag| json!({ "slug": tag.slug, "name": tag.name })),
            "previous": at.checked_sub(1).map(|at| &links[at]), "next": links.get(at + 1),
        });
        answers.insert(format!("references/others/operations/{}", operation.link.slug), answer);
    }
    Some(Published {
        operations: links,
        schemas: schemas.into_iter().map(|schema| schema.slug).collect(),
        answers: Arc::new(answers),
    })
}

impl Published {
    /// What the API answers to a line that asks of it.
    pub(crate) fn answer(&self, line: &str) -> Option<Value> {
        self.answers.get(line.strip_prefix("GET /api/v1/docs/")?).cloned()
    }
}
