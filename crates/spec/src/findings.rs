//! What was found in a description, gathered with its place and told at the end.

use std::collections::HashMap;

use crate::limits::{FINDING_TEXT_MAX_BYTES, FINDINGS_MAX, FINDINGS_OF_A_RULE_MAX};
use crate::model::{Finding, Severity};
use crate::tree::{Id, Noticed, Tree, lines};

/// What was found so far.
#[derive(Default)]
pub(crate) struct Findings {
    found: Vec<Noticed>,
    of_rule: HashMap<&'static str, usize>,
    has_error: bool,
}

impl Findings {
    /// Something that keeps the description from being published.
    pub(crate) fn error(&mut self, rule: &'static str, id: Id, message: impl Into<String>) {
        self.add(Severity::Error, rule, id, message.into());
    }

    /// Something that will not work as meant.
    pub(crate) fn warning(&mut self, rule: &'static str, id: Id, message: impl Into<String>) {
        self.add(Severity::Warning, rule, id, message.into());
    }

    /// Something that could be better.
    pub(crate) fn hint(&mut self, rule: &'static str, id: Id, message: impl Into<String>) {
        self.add(Severity::Hint, rule, id, message.into());
    }

    pub(crate) fn add(&mut self, severity: Severity, rule: &'static str, id: Id, message: String) {
        self.has_error |= severity == Severity::Error;
        let count = self.of_rule.entry(rule).or_default();
        *count += 1;
        if *count <= FINDINGS_OF_A_RULE_MAX {
            let message = shortened(message);
            self.found.push(Noticed {
                severity,
                rule,
                message,
                id,
            });
        }
    }

    pub(crate) fn has_error(&self) -> bool {
        self.has_error
    }

    /// All of it, by what matters most and then by place. `texts` are those that the documents were read from.
    pub(crate) fn told(mut self, tree: &Tree, texts: &[&str]) -> Vec<Finding> {
        let total: usize = self.of_rule.values().sum();
        for found in &mut self.found {
            found.id = tree.origin(found.id);
        }
        self.found
            .sort_by_key(|found| (found.severity, tree.document(found.id), tree.at(found.id)));
        self.found.truncate(FINDINGS_MAX);
        let mut places: Vec<(usize, usize)> = self
            .found
            .iter()
            .map(|found| (tree.document(found.id), tree.at(found.id)))
            .collect();
        places.sort_unstable();
        places.dedup();
        let mut known = HashMap::new();
        for (document, text) in texts.iter().enumerate() {
            let at: Vec<usize> = places
                .iter()
                .filter(|place| place.0 == document)
                .map(|place| place.1)
                .collect();
            known.extend(
                at.iter()
                    .zip(lines(text, &at))
                    .map(|(at, line)| ((document, *at), line)),
            );
        }
        let mut told: Vec<Finding> = self
            .found
            .iter()
            .map(|found| {
                let document = tree.document(found.id);
                let line = known.get(&(document, tree.at(found.id)));
                // A pointer into another document says which.
                let url = if document == 0 || document >= texts.len() {
                    ""
                } else {
                    tree.top(document).0
                };
                let hash = if url.is_empty() { "" } else { "#" };
                Finding {
                    severity: found.severity,
                    rule: found.rule.to_owned(),
                    message: found.message.clone(),
                    pointer: shortened(format!("{url}{hash}{}", tree.pointer(found.id))),
                    line: line.map(|place| place.0),
                    column: line.map(|place| place.1),
                }
            })
            .collect();
        if total > told.len() {
            let message = format!("{} more findings are not listed; mend these first.", total - told.len());
            told.push(plain(Severity::Hint, "findings-cut", message));
        }
        told
    }
}

/// A message or a pointer quotes the document, which may be long.
fn shortened(mut text: String) -> String {
    if text.len() > FINDING_TEXT_MAX_BYTES {
        text.truncate(text.floor_char_boundary(FINDING_TEXT_MAX_BYTES));
        text.push('…');
    }
    text
}

/// A finding without a place.
pub(crate) fn plain(severity: Severity, rule: &str, message: String) -> Finding {
    let rule = rule.to_owned();
    Finding {
        severity,
        rule,
        message: shortened(message),
        pointer: String::new(),
        line: None,
        column: None,
    }
}
