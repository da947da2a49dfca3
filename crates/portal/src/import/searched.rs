//! What of a description can be found, and by which words.

use gatewright_spec::model::{NamedSchema, Operation, OperationKind, Overview};

use crate::limits::{EXCERPT_MAX, SEARCHED_MAX_BYTES};
use crate::search::{FoundKind, words_of};
use crate::store::search::Entry;

/// The description itself and its tags.
pub(super) fn overview(reference: &str, overview: &Overview) -> Vec<Entry> {
    let mut entries = vec![Entry {
        kind: FoundKind::Reference,
        title: overview.title.clone(),
        context: overview.version.clone(),
        path: format!("/docs/{reference}"),
        excerpt: excerpt(&overview.summary, &overview.description.markdown),
        exact: vec![overview.title.to_lowercase()],
        words: [
            words_of(&overview.title),
            words_of(&overview.summary),
            body(&overview.description.markdown),
        ],
    }];
    entries.extend(overview.tags.iter().map(|tag| Entry {
        kind: FoundKind::Tag,
        title: tag.name.clone(),
        context: overview.title.clone(),
        path: format!("/docs/{reference}/tags/{}", tag.slug),
        excerpt: excerpt("", &tag.description.markdown),
        exact: vec![tag.name.to_lowercase()],
        words: [words_of(&tag.name), String::new(), body(&tag.description.markdown)],
    }));
    entries
}

/// An operation or webhook.
pub(super) fn operation(reference: &str, overview: &Overview, operation: &Operation) -> Entry {
    let link = &operation.link;
    let id = operation.operation_id.as_deref().unwrap_or_default();
    let called = match link.kind {
        OperationKind::Operation => format!("{} {}", link.method, link.path),
        OperationKind::Webhook => format!("webhook {}", link.path),
    };
    let mut names: Vec<&str> = operation.parameters.iter().map(|one| one.name.as_str()).collect();
    names.truncate(50);
    let mut exact = vec![link.path.to_lowercase(), called.to_lowercase(), id.to_lowercase()];
    exact.retain(|one| !one.is_empty());
    Entry {
        kind: FoundKind::Operation,
        title: link.title.clone(),
        context: format!("{called} · {}", overview.title),
        path: format!("/docs/{reference}/operations/{}", link.slug),
        excerpt: excerpt("", &operation.description.markdown),
        exact,
        words: [
            words_of(&link.title),
            words_of(&format!(
                "{id} {} {} {}",
                link.path,
                link.method,
                operation.tags.join(" ")
            )),
            body(&format!("{} {}", names.join(" "), operation.description.markdown)),
        ],
    }
}

/// A schema with a name.
pub(super) fn schema(reference: &str, overview: &Overview, schema: &NamedSchema) -> Entry {
    let fields: Vec<&str> = schema
        .schema
        .properties
        .iter()
        .map(|one| one.name.as_str())
        .take(200)
        .collect();
    let text = &schema.schema.description.markdown;
    Entry {
        kind: FoundKind::Schema,
        title: schema.name.clone(),
        context: overview.title.clone(),
        path: format!("/docs/{reference}/schemas/{}", schema.slug),
        excerpt: excerpt(&schema.schema.title, text),
        exact: vec![schema.name.to_lowercase()],
        words: [
            words_of(&schema.name),
            words_of(&schema.schema.title),
            body(&format!("{} {text}", fields.join(" "))),
        ],
    }
}

fn body(text: &str) -> String {
    let mut end = text.len().min(SEARCHED_MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    words_of(&text[..end])
}

/// The first words, without what only a renderer understands.
fn excerpt(summary: &str, markdown: &str) -> String {
    let text = if summary.is_empty() { markdown } else { summary };
    let line = text
        .lines()
        .map(str::trim)
        .find(|line| line.chars().any(char::is_alphabetic))
        .unwrap_or_default();
    let mut plain = String::new();
    let mut inside_tag = false;
    for letter in line.chars() {
        match letter {
            '<' => inside_tag = true,
            '>' if inside_tag => inside_tag = false,
            '*' | '`' | '#' | '[' | ']' | '_' => {}
            '\0' => {}
            letter if !inside_tag => plain.push(letter),
            _ => {}
        }
    }
    let plain = plain.trim();
    if plain.chars().count() <= EXCERPT_MAX {
        return plain.to_owned();
    }
    let cut: String = plain.chars().take(EXCERPT_MAX).collect();
    format!("{}…", cut.rsplit_once(' ').map_or(cut.as_str(), |(whole, _)| whole))
}
