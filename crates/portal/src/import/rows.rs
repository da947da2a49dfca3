//! What a compiled description becomes: texts that are answered as they are.

use std::collections::{HashMap, HashSet};

use gatewright_spec::compile::Compiled;
use gatewright_spec::diff::Diff;
use gatewright_spec::model::{Finding, NamedSchema, Operation, OperationLink, Overview, Reference, Tag};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::compile::Read;
use super::prose::Prose;
use super::searched;
use crate::reference::{Around, TagName};
use crate::store::search::Entry;

/// A row that is read by its part of an address.
pub(super) struct Row {
    pub(super) slug: String,
    /// Of an operation: its tag, and what stands before and behind it.
    pub(super) navigation: String,
    pub(super) text: String,
}

/// Everything that is published of a document.
pub(super) struct Made {
    pub(super) read: Read,
    pub(super) sha256: Vec<u8>,
    pub(super) title: String,
    pub(super) version: String,
    pub(super) summary: String,
    pub(super) overview: String,
    pub(super) schema_list: String,
    pub(super) document: String,
    pub(super) operations: Vec<Row>,
    pub(super) schemas: Vec<Row>,
    pub(super) entries: Vec<Entry>,
    pub(super) findings: Vec<Finding>,
    /// What changed against what is published.
    pub(super) diff: Option<Value>,
    /// Whether something that worked before may not any more.
    pub(super) breaking: bool,
}

/// A schema as a list names it.
#[derive(Serialize)]
struct Named<'a> {
    slug: &'a str,
    name: &'a str,
}

/// Makes rows. Each operation is let go of as soon as its row is there, so that both are never in memory as a whole.
pub(super) fn make(compiled: Compiled, read: Read, diff: Option<Diff>, reference_slug: &str) -> Made {
    let Compiled {
        reference,
        document,
        findings,
    } = compiled;
    let Reference {
        mut overview,
        operations,
        schemas,
    } = reference;
    let mut prose = Prose::default();
    prose.overview(&mut overview);
    let mut entries = searched::overview(reference_slug, &overview);
    let mut around = around(&overview);
    let named: Vec<Named<'_>> = schemas
        .iter()
        .map(|one| Named {
            slug: &one.slug,
            name: &one.name,
        })
        .collect();
    let schema_list = text(&named);
    let operations = operations
        .into_iter()
        .map(|mut operation| {
            entries.push(searched::operation(reference_slug, &overview, &operation));
            prose.operation(&mut operation);
            operation_row(&operation, &overview, &mut around)
        })
        .collect();
    let schemas = schemas
        .into_iter()
        .map(|mut schema| {
            entries.push(searched::schema(reference_slug, &overview, &schema));
            prose.named(&mut schema);
            schema_row(&schema)
        })
        .collect();
    Made {
        title: overview.title.clone(),
        version: overview.version.clone(),
        summary: overview.summary.clone(),
        overview: text(&overview),
        schema_list,
        document,
        operations,
        schemas,
        entries,
        findings,
        sha256: Sha256::digest(&read.source).to_vec(),
        read,
        breaking: diff.as_ref().is_some_and(|diff| diff.breaking),
        diff: diff.map(|diff| json!(diff)),
    }
}

/// Each operation's tag and neighbors, in the order in which navigation has them.
fn around(overview: &Overview) -> HashMap<String, Around> {
    let mut seen = HashSet::new();
    let order: Vec<(&Tag, &OperationLink)> = overview
        .tags
        .iter()
        .flat_map(|tag| tag.operations.iter().map(move |link| (tag, link)))
        .filter(|(_, link)| seen.insert(link.slug.as_str()))
        .collect();
    let at = |index: Option<usize>| {
        index
            .and_then(|index| order.get(index))
            .map(|(_, link)| (*link).clone())
    };
    let places = order.iter().enumerate().map(|(index, (tag, link))| {
        let around = Around {
            tag: Some(TagName {
                slug: tag.slug.clone(),
                name: tag.name.clone(),
            }),
            previous: at(index.checked_sub(1)),
            next: at(Some(index + 1)),
            servers: Vec::new(),
        };
        (link.slug.clone(), around)
    });
    places.collect()
}

fn operation_row(operation: &Operation, overview: &Overview, around: &mut HashMap<String, Around>) -> Row {
    let mut around = around.remove(&operation.link.slug).unwrap_or_default();
    let own = !operation.servers.is_empty();
    around
        .servers
        .clone_from(if own { &operation.servers } else { &overview.servers });
    Row {
        slug: operation.link.slug.clone(),
        navigation: text(&around),
        text: text(operation),
    }
}

fn schema_row(schema: &NamedSchema) -> Row {
    Row {
        slug: schema.slug.clone(),
        navigation: String::new(),
        text: text(schema),
    }
}

/// JSON, as it is kept and answered. PostgreSQL's text cannot hold NUL, which JSON writes as an escape anyway.
fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|_| "null".to_owned())
}
