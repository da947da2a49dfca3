//! YAML 1.2 with the core schema (§10.3), read as what JSON can say; merge keys (`<<`) of YAML 1.1, which people use.

use std::collections::HashMap;

use granit_parser::{Event, Parser, ScalarStyle};

use super::build::Builder;
use super::{Built, Entry, Fault, Id, Kind, Noticed, Tree};
use crate::limits::{DEPTH_MAX, YAML_KEY_MAX_LENGTH};

/// Puts a text's values into the tree; what it returns holds all of them.
pub(super) fn read(tree: &mut Tree, text: &str, noticed: &mut Vec<Noticed>) -> Result<Id, Fault> {
    let mut options = granit_parser::options! {
        simple_key_max_lookahead: YAML_KEY_MAX_LENGTH,
        flow_nesting_limit: DEPTH_MAX + 1,
        block_nesting_limit: DEPTH_MAX + 1,
    };
    options.emit_comments = false;
    let parser = Parser::new_from_str_with_options(text, options);
    let mut reader = Reader {
        builder: Builder::new(tree, noticed),
        open: Vec::new(),
        anchored: HashMap::new(),
        root: None,
    };
    for event in parser {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or_default();
            let is_depth = matches!(error.kind(), granit_parser::ErrorKind::RecursionLimitExceeded);
            if is_depth {
                let message =
                    format!("It is nested deeper than {DEPTH_MAX} levels. Give inner schemas names and refer to them.");
                return Fault {
                    rule: "too-deep",
                    message,
                    at,
                };
            }
            Fault {
                rule: "syntax",
                message: format!("This is no YAML: {}.", error.info()),
                at,
            }
        })?;
        let at = span.start.byte_offset().unwrap_or_default();
        if reader.root.is_some() {
            if matches!(event, Event::DocumentEnd | Event::StreamEnd) {
                continue;
            }
            let message = "There is more than one document in it. Give each one a file of its own.".to_owned();
            return Err(Fault {
                rule: "syntax",
                message,
                at,
            });
        }
        reader.take(event, at)?;
    }
    reader.root.ok_or_else(|| Fault {
        rule: "syntax",
        message: "There is nothing in it.".to_owned(),
        at: 0,
    })
}

struct Reader<'t, 'n> {
    builder: Builder<'t, 'n>,
    /// What is open, with its anchor.
    open: Vec<usize>,
    anchored: HashMap<usize, Built>,
    root: Option<Id>,
}

impl Reader<'_, '_> {
    fn take(&mut self, event: Event<'_>, at: usize) -> Result<(), Fault> {
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let is_plain =
                    style == ScalarStyle::Plain && tag.as_ref().is_none_or(|tag| tag.core_suffix() != Some("str"));
                if self.builder.wants_key() {
                    self.builder.key(&text);
                    if anchor != 0 {
                        let message = "An anchor at a key is not understood. Write the key out.".to_owned();
                        return Err(Fault {
                            rule: "syntax",
                            message,
                            at,
                        });
                    }
                    return Ok(());
                }
                let built = if is_plain {
                    self.plain(&text, at)?
                } else {
                    self.builder.text(&text, at)?
                };
                self.done(built, anchor);
            }
            Event::MappingStart(_, anchor, _) | Event::SequenceStart(_, anchor, _) if self.builder.wants_key() => {
                let _ = anchor;
                let message = "A key has to be a text; this one is a list or an object.".to_owned();
                return Err(Fault {
                    rule: "syntax",
                    message,
                    at,
                });
            }
            Event::MappingStart(_, anchor, _) => {
                self.builder.open(true, at)?;
                self.open.push(anchor);
            }
            Event::SequenceStart(_, anchor, _) => {
                self.builder.open(false, at)?;
                self.open.push(anchor);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                let built = self.builder.close()?;
                self.merge(built.id)?;
                let anchor = self.open.pop().unwrap_or_default();
                self.done(built, anchor);
            }
            Event::Alias(anchor) => self.alias(anchor, at)?,
            _ => {}
        }
        Ok(())
    }

    fn done(&mut self, built: Built, anchor: usize) {
        if anchor != 0 {
            self.anchored.insert(anchor, built);
        }
        if self.builder.is_done() {
            self.root = Some(built.id);
        }
    }

    fn alias(&mut self, anchor: usize, at: usize) -> Result<(), Fault> {
        let Some(built) = self.anchored.get(&anchor).copied() else {
            let message = "An alias stands inside of what it names, which would never end.".to_owned();
            return Err(Fault {
                rule: "syntax",
                message,
                at,
            });
        };
        if self.builder.wants_key() {
            let Some(text) = self.builder.tree.node(built.id).words().map(str::to_owned) else {
                let message = "A key has to be a text; this alias names something else.".to_owned();
                return Err(Fault {
                    rule: "syntax",
                    message,
                    at,
                });
            };
            self.builder.key(&text);
            return Ok(());
        }
        self.builder.again(built, at)
    }

    /// A scalar without quotes.
    fn plain(&mut self, text: &str, at: usize) -> Result<Built, Fault> {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => self.builder.null(at),
            "true" | "True" | "TRUE" => self.builder.bool(true, at),
            "false" | "False" | "FALSE" => self.builder.bool(false, at),
            _ => match number(text) {
                Some(number) => self.builder.number(&number, at),
                None => self.builder.text(text, at),
            },
        }
    }

    /// Puts into a map what it takes over from others (`<<: *base`); its own entries go before.
    fn merge(&mut self, id: Id) -> Result<(), Fault> {
        let tree = &mut self.builder.tree;
        let Kind::Map(span) = tree.slots[id.0 as usize].kind else {
            return Ok(());
        };
        let own = tree.map(span).to_vec();
        let Some(merge) = own.iter().find(|entry| tree.text(entry.key) == "<<").copied() else {
            return Ok(());
        };
        let from = match tree.slots[merge.value.0 as usize].kind {
            Kind::Map(_) => vec![merge.value],
            Kind::List(span) => tree.list(span).to_vec(),
            _ => return Ok(()),
        };
        let mut entries: Vec<Entry> = own.into_iter().filter(|entry| tree.text(entry.key) != "<<").collect();
        let mut known: std::collections::HashSet<String> =
            entries.iter().map(|entry| tree.text(entry.key).to_owned()).collect();
        for other in from {
            let Kind::Map(span) = tree.slots[other.0 as usize].kind else {
                continue;
            };
            for entry in tree.map(span) {
                if known.insert(tree.text(entry.key).to_owned()) {
                    entries.push(*entry);
                }
            }
        }
        if tree.entries.len() + entries.len() > crate::limits::VALUES_MAX {
            let message = "Merge keys make it too large.".to_owned();
            return Err(Fault {
                rule: "too-large",
                message,
                at: self.builder.tree.at(id),
            });
        }
        self.builder.replace_entries(id, &entries);
        Ok(())
    }
}

/// A plain scalar as JSON writes the number that it is.
fn number(text: &str) -> Option<String> {
    let first = text.bytes().next()?;
    if !matches!(first, b'0'..=b'9' | b'-' | b'+' | b'.') {
        return None;
    }
    if let Some(digits) = text.strip_prefix("0x") {
        return u64::from_str_radix(digits, 16)
            .ok()
            .filter(|_| !digits.starts_with('+'))
            .map(|value| value.to_string());
    }
    if let Some(digits) = text.strip_prefix("0o") {
        return u64::from_str_radix(digits, 8)
            .ok()
            .filter(|_| !digits.starts_with('+'))
            .map(|value| value.to_string());
    }
    let (sign, rest) = match first {
        b'-' => ("-", &text[1..]),
        b'+' => ("", &text[1..]),
        _ => ("", text),
    };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], Some(&rest[at + 1..])),
        None => (rest, None),
    };
    let (whole, part) = mantissa
        .split_once('.')
        .map_or((mantissa, None), |(whole, part)| (whole, Some(part)));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !part.is_none_or(digits) || (whole.is_empty() && part.is_none_or(str::is_empty)) {
        return None;
    }
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let mut number = format!("{sign}{whole}");
    if let Some(part) = part.filter(|part| !part.is_empty()) {
        number.push('.');
        number.push_str(part);
    }
    if let Some(exponent) = exponent {
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if unsigned.is_empty() || !digits(unsigned) {
            return None;
        }
        number.push('e');
        number.push_str(exponent);
    }
    Some(number)
}
