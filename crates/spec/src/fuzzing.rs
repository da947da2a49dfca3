//! What must hold for any bytes: the body of the fuzz target in `fuzz/`, which a test replays.

use serde_json::Value;

use crate::compile::{RemoteDocuments, Source, compile, remote_references};
use crate::diff::{Before, diff};
use crate::limits::FINDINGS_MAX;
use crate::model::Severity;
use crate::tree::Tree;

/// An API description.
pub fn description(data: &[u8]) {
    same_as_serde_json(data);
    let source = Source {
        bytes: data,
        url: Some("https://example.com/api.json"),
    };
    remote_references(&source);
    let remote = RemoteDocuments::default();
    let made = match compile(&source, &remote) {
        Ok(made) => made,
        Err(findings) => {
            let has_error = findings.iter().any(|finding| finding.severity == Severity::Error);
            assert!(
                has_error && findings.len() <= FINDINGS_MAX + 1,
                "what is refused has a reason"
            );
            return;
        }
    };
    // Whoever reads it gives up at 128 levels.
    let written = serde_json::to_string(&made.reference).expect("it can be written");
    let read: Value = serde_json::from_str(&written).expect("what we write, we read");
    no_script(&read);
    let _: Value = serde_json::from_str(&made.document).expect("the download is JSON");
    let again = Source {
        bytes: made.document.as_bytes(),
        url: source.url,
    };
    let again = compile(&again, &remote).expect("what we publish can be published");
    let slugs = |reference: &crate::model::Reference| -> Vec<String> {
        reference
            .operations
            .iter()
            .map(|operation| operation.link.slug.clone())
            .collect()
    };
    assert_eq!(
        slugs(&made.reference),
        slugs(&again.reference),
        "the download describes the same"
    );
    assert!(
        {
            let same = &made.reference;
            let before = Before {
                overview: same.overview.clone(),
                operations: &same.operations,
                schemas: &same.schemas,
            };
            diff(before, same).is_empty()
        },
        "nothing differs from itself"
    );
}

/// JSON that both readers take is the same to both.
fn same_as_serde_json(data: &[u8]) {
    let (Ok(text), Ok(expected)) = (std::str::from_utf8(data), serde_json::from_slice::<Value>(data)) else {
        return;
    };
    let mut tree = Tree::default();
    let Ok(root) = tree.read(text, "", &mut Vec::new()) else {
        return;
    };
    if !text.contains("\\u0000") {
        assert_eq!(tree.node(root).to_value(), expected, "two readers agree on {text}");
    }
}

/// No address that is followed is a script.
fn no_script(value: &Value) {
    match value {
        Value::Array(items) => items.iter().for_each(no_script),
        Value::Object(map) => {
            for (key, value) in map {
                if let ("url" | "tokenUrl" | "authorizationUrl" | "termsOfService", Some(url)) =
                    (key.as_str(), value.as_str())
                {
                    let is_web = ["http://", "https://", "/"].iter().any(|start| url.starts_with(start));
                    assert!(is_web || is_example(map), "{url}");
                }
                // What an author gives as an example is shown, and not followed.
                if !matches!(key.as_str(), "value" | "default" | "examples" | "allowed" | "judge") {
                    no_script(value);
                }
            }
        }
        _ => {}
    }
}

/// Whether a map is no part of the model: one of ours with an address has a description or a flow beside it.
fn is_example(map: &serde_json::Map<String, Value>) -> bool {
    !["description", "flow", "title", "email", "identifier"]
        .iter()
        .any(|key| map.contains_key(*key))
}

#[cfg(test)]
#[path = "../../../fuzz/replay.rs"]
mod replay;

#[cfg(test)]
mod tests {
    use super::replay::replay;
    use super::*;

    #[test]
    fn the_corpus_reaches_what_is_judged() {
        let folder = format!("{}/../../fuzz/corpus/description", env!("CARGO_MANIFEST_DIR"));
        let files = std::fs::read_dir(folder).unwrap();
        let published = files.filter(|file| {
            let bytes = std::fs::read(file.as_ref().unwrap().path()).unwrap();
            let source = Source {
                bytes: &bytes,
                url: None,
            };
            compile(&source, &RemoteDocuments::default()).is_ok()
        });
        assert!(published.count() >= 8);
    }

    #[test]
    fn a_description_is_published_or_refused_with_a_reason() {
        replay("description", description);
    }
}
