//! Values made from others: a document written anew, each value with the place of what it was made from.

use super::{Entry, Id, Kind, Span, Tree};
use crate::limits::VALUES_MAX;

/// A value to be made.
pub(crate) enum New {
    /// As it is, with everything in it.
    Copy(Id),
    /// Itself, put elsewhere; only for what was made.
    Taken(Id),
    Text(&'static str),
    Owned(String),
    Bool(bool),
    List(Vec<New>),
    Map(Vec<(String, New)>),
}

impl Tree {
    /// From here on values are made, until [`Tree::close`].
    pub(crate) fn start_making(&mut self) {
        self.origins = (self.slots.len() as u32, Vec::new());
    }

    /// Makes a value; `origin` is what it is told to come from.
    pub(crate) fn make(&mut self, new: New, origin: Id, parent: Option<Id>) -> Id {
        match new {
            New::Copy(id) => self.copy(id, parent),
            New::Taken(id) => id,
            New::Text(text) => self.made_text(text, origin, parent),
            New::Owned(text) => self.made_text(&text, origin, parent),
            New::Bool(value) => self.made(Kind::Bool(value), origin, parent),
            New::List(parts) => {
                let id = self.made(Kind::Null, origin, parent);
                let parts: Vec<Id> = parts
                    .into_iter()
                    .map(|part| self.make(part, origin, Some(id)))
                    .collect();
                self.set_list(id, &parts);
                id
            }
            New::Map(parts) => {
                let id = self.made(Kind::Null, origin, parent);
                let parts: Vec<Entry> = parts
                    .into_iter()
                    .map(|(key, part)| {
                        let from = match &part {
                            New::Copy(id) => *id,
                            _ => origin,
                        };
                        Entry {
                            key: self.keep(&key),
                            value: self.make(part, from, Some(id)),
                        }
                    })
                    .collect();
                self.set_map(id, &parts);
                id
            }
        }
    }

    /// Gives a map that was made other fields.
    pub(crate) fn remake(&mut self, id: Id, fields: Vec<(String, New)>) {
        let parts: Vec<Entry> = fields
            .into_iter()
            .map(|(key, part)| Entry {
                key: self.keep(&key),
                value: self.make(part, id, Some(id)),
            })
            .collect();
        self.set_map(id, &parts);
    }

    fn made(&mut self, kind: Kind, origin: Id, parent: Option<Id>) -> Id {
        let id = Id(self.slots.len() as u32);
        let origin = self.origin(origin);
        let at = self.slots[origin.0 as usize].at;
        self.slots.push(super::Slot {
            kind,
            parent: parent.unwrap_or(id),
            at,
        });
        self.origins.1.push(origin);
        id
    }

    fn made_text(&mut self, text: &str, origin: Id, parent: Option<Id>) -> Id {
        let span = self.keep(text);
        self.made(Kind::Text(span), origin, parent)
    }

    /// Whether no more values are made; what is missing then is null.
    pub(crate) fn is_full(&self) -> bool {
        self.slots.len() >= VALUES_MAX
    }

    /// What is copied is no deeper than a document, so this ends soon; its texts stay where they are.
    fn copy(&mut self, from: Id, parent: Option<Id>) -> Id {
        let kind = if self.is_full() {
            Kind::Null
        } else {
            self.slots[from.0 as usize].kind
        };
        let id = self.made(kind, from, parent);
        match kind {
            Kind::List(span) => {
                let parts = self.list(span).to_vec();
                let parts: Vec<Id> = parts.into_iter().map(|part| self.copy(part, Some(id))).collect();
                self.set_list(id, &parts);
            }
            Kind::Map(span) => {
                let parts = self.map(span).to_vec();
                let parts: Vec<Entry> = parts
                    .into_iter()
                    .map(|part| Entry {
                        key: part.key,
                        value: self.copy(part.value, Some(id)),
                    })
                    .collect();
                self.set_map(id, &parts);
            }
            _ => {}
        }
        id
    }

    fn set_list(&mut self, id: Id, parts: &[Id]) {
        let start = self.items.len() as u32;
        self.items.extend_from_slice(parts);
        self.slots[id.0 as usize].kind = Kind::List(Span {
            start,
            length: parts.len() as u32,
        });
    }

    pub(super) fn set_map(&mut self, id: Id, parts: &[Entry]) {
        let start = self.entries.len() as u32;
        self.entries.extend_from_slice(parts);
        self.slots[id.0 as usize].kind = Kind::Map(Span {
            start,
            length: parts.len() as u32,
        });
        self.sorted.remove(&id);
        if parts.len() >= super::LONG {
            self.sort(id);
        }
    }
}
