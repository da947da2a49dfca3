//! What puts values into a tree, one by one, as a text names them.

use super::{Entry, Fault, Id, Kind, LONG, Noticed, Span, Tree};
use crate::limits::{DEPTH_MAX, VALUES_MAX};
use crate::model::Severity;

struct Frame {
    id: Id,
    is_map: bool,
    /// Where its parts start among those that are not put away yet.
    start: usize,
    key: Option<Span>,
    weight: Weight,
}

/// How much a value is when every alias in it is followed.
#[derive(Clone, Copy, Default)]
pub(crate) struct Weight {
    values: usize,
    depth: usize,
}

/// A value that is complete.
#[derive(Clone, Copy)]
pub(crate) struct Built {
    pub(crate) id: Id,
    pub(crate) weight: Weight,
}

/// Builds one document.
pub(super) struct Builder<'t, 'n> {
    pub(super) tree: &'t mut Tree,
    noticed: &'n mut Vec<Noticed>,
    frames: Vec<Frame>,
    parts: Vec<Entry>,
    /// Values of the documents before.
    before: usize,
}

const NO_KEY: Span = Span { start: 0, length: 0 };

impl<'t, 'n> Builder<'t, 'n> {
    pub(super) fn new(tree: &'t mut Tree, noticed: &'n mut Vec<Noticed>) -> Self {
        Self {
            before: tree.slots.len(),
            tree,
            noticed,
            frames: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// Whether the next text is a key.
    pub(super) fn wants_key(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| frame.is_map && frame.key.is_none())
    }

    /// Whether nothing is open.
    pub(super) fn is_done(&self) -> bool {
        self.frames.is_empty()
    }

    pub(super) fn in_map(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.is_map)
    }

    pub(super) fn key(&mut self, key: &str) {
        let key = self.tree.keep(&without_nul(key));
        if let Some(frame) = self.frames.last_mut() {
            frame.key = Some(key);
        }
    }

    pub(super) fn null(&mut self, at: usize) -> Result<Built, Fault> {
        self.scalar(Kind::Null, at)
    }

    pub(super) fn bool(&mut self, value: bool, at: usize) -> Result<Built, Fault> {
        self.scalar(Kind::Bool(value), at)
    }

    /// A number in JSON's spelling.
    pub(super) fn number(&mut self, text: &str, at: usize) -> Result<Built, Fault> {
        let span = self.tree.keep(text);
        self.scalar(Kind::Number(span), at)
    }

    pub(super) fn text(&mut self, text: &str, at: usize) -> Result<Built, Fault> {
        let clean = without_nul(text);
        let span = self.tree.keep(&clean);
        let built = self.scalar(Kind::Text(span), at)?;
        if clean.len() != text.len() {
            self.notice(
                "control-character",
                "A NUL character was replaced; nothing can show or keep it.",
                built.id,
            );
        }
        Ok(built)
    }

    pub(super) fn open(&mut self, is_map: bool, at: usize) -> Result<Id, Fault> {
        if self.frames.len() >= DEPTH_MAX {
            return Err(too_deep(at));
        }
        let id = self.slot(if is_map { Kind::Map(NO_KEY) } else { Kind::List(NO_KEY) }, at)?;
        let weight = Weight { values: 1, depth: 1 };
        self.frames.push(Frame {
            id,
            is_map,
            start: self.parts.len(),
            key: None,
            weight,
        });
        Ok(id)
    }

    /// Ends what was opened last.
    pub(super) fn close(&mut self) -> Result<Built, Fault> {
        let frame = self.frames.pop().expect("only what was opened is closed");
        if frame.is_map {
            let start = self.tree.entries.len() as u32;
            self.tree.entries.extend(self.parts.drain(frame.start..));
            let length = self.tree.entries.len() as u32 - start;
            self.tree.slots[frame.id.0 as usize].kind = Kind::Map(Span { start, length });
            self.mend_duplicates(frame.id);
        } else {
            let start = self.tree.items.len() as u32;
            self.tree
                .items
                .extend(self.parts.drain(frame.start..).map(|entry| entry.value));
            let length = self.tree.items.len() as u32 - start;
            self.tree.slots[frame.id.0 as usize].kind = Kind::List(Span { start, length });
        }
        let built = Built {
            id: frame.id,
            weight: frame.weight,
        };
        self.put(built)?;
        Ok(built)
    }

    /// A value that is there already, once more.
    pub(super) fn again(&mut self, built: Built, at: usize) -> Result<(), Fault> {
        if self.frames.len() + built.weight.depth > DEPTH_MAX {
            return Err(too_deep(at));
        }
        self.put(built)
    }

    pub(super) fn notice(&mut self, rule: &'static str, message: &str, id: Id) {
        let message = message.to_owned();
        self.noticed.push(Noticed {
            severity: Severity::Warning,
            rule,
            message,
            id,
        });
    }

    fn scalar(&mut self, kind: Kind, at: usize) -> Result<Built, Fault> {
        let id = self.slot(kind, at)?;
        let built = Built {
            id,
            weight: Weight { values: 1, depth: 0 },
        };
        self.put(built)?;
        Ok(built)
    }

    fn slot(&mut self, kind: Kind, at: usize) -> Result<Id, Fault> {
        let id = Id(self.tree.slots.len() as u32);
        if id.0 as usize >= VALUES_MAX {
            return Err(too_many(at));
        }
        let parent = self.frames.last().map_or(id, |frame| frame.id);
        self.tree.slots.push(super::Slot {
            kind,
            parent,
            at: at as u32,
        });
        Ok(id)
    }

    fn put(&mut self, built: Built) -> Result<(), Fault> {
        let Some(frame) = self.frames.last_mut() else {
            return Ok(());
        };
        frame.weight.values = frame.weight.values.saturating_add(built.weight.values);
        frame.weight.depth = frame.weight.depth.max(built.weight.depth + 1);
        if self.before + frame.weight.values > VALUES_MAX {
            return Err(too_many(self.tree.at(built.id)));
        }
        let key = frame.key.take().unwrap_or(NO_KEY);
        self.parts.push(Entry { key, value: built.id });
        Ok(())
    }

    /// The last of several entries with one key stays, as everywhere where JSON is read.
    fn mend_duplicates(&mut self, id: Id) {
        let Kind::Map(span) = self.tree.slots[id.0 as usize].kind else {
            return;
        };
        let all = self.tree.map(span);
        let mut doubles = Vec::new();
        if all.len() < LONG {
            for (at, entry) in all.iter().enumerate() {
                let key = self.tree.text(entry.key);
                if all[at + 1..].iter().any(|other| self.tree.text(other.key) == key) {
                    doubles.push(span.start + at as u32);
                }
            }
        } else {
            self.tree.sort(id);
            let key_at = |at: u32| self.tree.text(self.tree.entries[at as usize].key);
            let order = &self.tree.sorted[&id];
            doubles.extend(
                order
                    .windows(2)
                    .filter(|pair| key_at(pair[0]) == key_at(pair[1]))
                    .map(|pair| pair[0]),
            );
        }
        if doubles.is_empty() {
            return;
        }
        doubles.sort_unstable();
        for at in &doubles {
            let entry = self.tree.entries[*at as usize];
            let message = format!(
                "The key {:?} stands here more than once; only the last counts. Remove the others.",
                self.tree.text(entry.key)
            );
            self.noticed.push(Noticed {
                severity: Severity::Warning,
                rule: "duplicate-key",
                message,
                id: entry.value,
            });
        }
        let kept: Vec<Entry> = (span.start..span.start + span.length)
            .filter(|at| doubles.binary_search(at).is_err())
            .map(|at| self.tree.entries[at as usize])
            .collect();
        self.replace_entries(id, &kept);
    }

    /// Gives a map other entries.
    pub(super) fn replace_entries(&mut self, id: Id, kept: &[Entry]) {
        self.tree.set_map(id, kept);
    }
}

fn without_nul(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}").into()
    } else {
        text.into()
    }
}

fn too_deep(at: usize) -> Fault {
    let message = format!("It is nested deeper than {DEPTH_MAX} levels. Give inner schemas names and refer to them.");
    Fault {
        rule: "too-deep",
        message,
        at,
    }
}

fn too_many(at: usize) -> Fault {
    let message =
        format!("There are more than {VALUES_MAX} values, aliases followed. Describe parts of the API by themselves.");
    Fault {
        rule: "too-large",
        message,
        at,
    }
}
