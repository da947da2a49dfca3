//! Documents as they were read: every value with its place in the text, small, and without recursion.
//!
//! A value of `serde_json` knows neither its line nor whether a key stood there twice, and 13 megabytes of them take 200.
//! Here all values of all documents of a description lie in one list, so that what is made from one (Swagger 2.0 written
//! anew) still says where it came from, and a reference is a number.

mod build;
mod json;
mod made;
mod text;
mod value;
mod yaml;

use std::collections::HashMap;

use build::Built;
pub(crate) use made::New;
pub(crate) use text::{decode, lines};
pub(crate) use value::write_text;

use crate::model::Severity;

/// A value's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Id(u32);

/// A piece of the heap.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    length: u32,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Null,
    Bool(bool),
    /// As JSON writes it.
    Number(Span),
    Text(Span),
    List(Span),
    Map(Span),
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    kind: Kind,
    /// What holds it; itself at the top.
    parent: Id,
    /// Where it starts in its document's text, in bytes.
    at: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Span,
    value: Id,
}

/// A document that was read.
struct Document {
    /// Where it was got; empty when it was given.
    url: String,
    root: Id,
    /// The number behind its last value.
    end: u32,
}

/// What is wrong with a text, so that nothing more can be read of it.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) rule: &'static str,
    pub(crate) message: String,
    /// In bytes of the text.
    pub(crate) at: usize,
}

/// What was noticed while a text was read.
pub(crate) struct Noticed {
    pub(crate) severity: Severity,
    pub(crate) rule: &'static str,
    pub(crate) message: String,
    pub(crate) id: Id,
}

/// All values of all documents of a description.
#[derive(Default)]
pub(crate) struct Tree {
    slots: Vec<Slot>,
    heap: String,
    items: Vec<Id>,
    entries: Vec<Entry>,
    /// The entries of long maps, sorted by key.
    sorted: HashMap<Id, Vec<u32>>,
    documents: Vec<Document>,
    /// What values were made from others: from the first one on, each from which.
    origins: (u32, Vec<Id>),
}

/// From how many entries on a map is looked up by a sorted list.
const LONG: usize = 16;

impl Tree {
    /// Reads a document and puts it behind what is there.
    pub(crate) fn read(&mut self, text: &str, url: &str, noticed: &mut Vec<Noticed>) -> Result<Id, Fault> {
        let (mark, seen) = (self.mark(), noticed.len());
        let looks_like_json = text.trim_start().starts_with(['{', '[']);
        let read = match if looks_like_json {
            json::read(self, text, noticed)
        } else {
            yaml::read(self, text, noticed)
        } {
            Err(fault) if looks_like_json && fault.rule == "syntax" => {
                self.roll_back(mark);
                noticed.truncate(seen);
                // Comments and commas at the end are YAML, and the first fault is the better one to tell otherwise.
                yaml::read(self, text, noticed).map_err(|_| fault).inspect(|root| {
                    noticed.push(Noticed {
                        severity: Severity::Warning,
                        rule: "no-json",
                        message: "It starts like JSON and is none; it was read as YAML. Other tools may refuse it."
                            .to_owned(),
                        id: *root,
                    });
                })
            }
            other => other,
        };
        match read {
            Ok(root) => self.close(url, root),
            Err(_) => {
                self.roll_back(mark);
                noticed.truncate(seen);
            }
        }
        read
    }

    fn mark(&self) -> [usize; 4] {
        [self.slots.len(), self.items.len(), self.entries.len(), self.heap.len()]
    }

    /// Forgets everything since a mark.
    fn roll_back(&mut self, mark: [usize; 4]) {
        self.slots.truncate(mark[0]);
        self.items.truncate(mark[1]);
        self.entries.truncate(mark[2]);
        self.heap.truncate(mark[3]);
        self.sorted.retain(|id, _| (id.0 as usize) < mark[0]);
    }

    /// Makes everything since the last document one that stands under `root`.
    pub(crate) fn close(&mut self, url: &str, root: Id) {
        self.documents.push(Document {
            url: url.to_owned(),
            root,
            end: self.slots.len() as u32,
        });
    }

    /// A value.
    pub(crate) fn node(&self, id: Id) -> Node<'_> {
        Node { tree: self, id }
    }

    /// The number of a value's document.
    pub(crate) fn document(&self, id: Id) -> usize {
        self.documents.partition_point(|document| document.end <= id.0)
    }

    /// Where a document was got, and what stands at its top.
    pub(crate) fn top(&self, document: usize) -> (&str, Id) {
        let document = &self.documents[document];
        (&document.url, document.root)
    }

    /// The document that was got from a URL.
    pub(crate) fn by_url(&self, url: &str) -> Option<usize> {
        self.documents
            .iter()
            .position(|document| document.url == url && !url.is_empty())
    }

    /// Every value that was read, in the order of the texts.
    pub(crate) fn ids(&self) -> impl Iterator<Item = Id> + use<> {
        (0..self.slots.len() as u32).map(Id)
    }

    /// Where a value starts in its document's text, in bytes.
    pub(crate) fn at(&self, id: Id) -> usize {
        self.slots[id.0 as usize].at as usize
    }

    /// What a value was made from; itself, if it was read.
    pub(crate) fn origin(&self, id: Id) -> Id {
        let made =
            id.0.checked_sub(self.origins.0)
                .and_then(|at| self.origins.1.get(at as usize));
        made.copied().unwrap_or(id)
    }

    /// What holds a value.
    pub(crate) fn parent(&self, id: Id) -> Option<Id> {
        let parent = self.slots[id.0 as usize].parent;
        (parent != id).then_some(parent)
    }

    /// Replaces a text.
    pub(crate) fn set_text(&mut self, id: Id, text: &str) {
        let span = self.keep(text);
        self.slots[id.0 as usize].kind = Kind::Text(span);
    }

    /// Takes entries out of a map.
    pub(crate) fn remove(&mut self, id: Id, is_unwanted: impl Fn(&str) -> bool) {
        let Kind::Map(span) = self.slots[id.0 as usize].kind else {
            return;
        };
        let all = span.start as usize..(span.start + span.length) as usize;
        let kept: Vec<Entry> = self.entries[all.clone()]
            .iter()
            .copied()
            .filter(|entry| !is_unwanted(self.text(entry.key)))
            .collect();
        self.entries[all.start..all.start + kept.len()].copy_from_slice(&kept);
        let length = kept.len() as u32;
        self.slots[id.0 as usize].kind = Kind::Map(Span {
            start: span.start,
            length,
        });
        if self.sorted.remove(&id).is_some() {
            self.sort(id);
        }
    }

    /// A JSON Pointer (RFC 6901) to a value.
    pub(crate) fn pointer(&self, id: Id) -> String {
        let mut steps = Vec::new();
        let mut id = id;
        while let Some(parent) = self.parent(id) {
            let step = match self.slots[parent.0 as usize].kind {
                Kind::List(span) => self
                    .list(span)
                    .iter()
                    .position(|item| *item == id)
                    .map(|at| at.to_string()),
                Kind::Map(span) => {
                    let entry = self.map(span).iter().find(|entry| entry.value == id);
                    entry.map(|entry| self.text(entry.key).replace('~', "~0").replace('/', "~1"))
                }
                _ => None,
            };
            steps.extend(step);
            id = parent;
        }
        steps.iter().rev().flat_map(|step| ["/", step]).collect()
    }

    fn keep(&mut self, text: &str) -> Span {
        let start = self.heap.len() as u32;
        self.heap.push_str(text);
        Span {
            start,
            length: text.len() as u32,
        }
    }

    fn text(&self, span: Span) -> &str {
        &self.heap[span.start as usize..(span.start + span.length) as usize]
    }

    fn list(&self, span: Span) -> &[Id] {
        &self.items[span.start as usize..(span.start + span.length) as usize]
    }

    fn map(&self, span: Span) -> &[Entry] {
        &self.entries[span.start as usize..(span.start + span.length) as usize]
    }

    fn sort(&mut self, id: Id) {
        let Kind::Map(span) = self.slots[id.0 as usize].kind else {
            return;
        };
        let mut order: Vec<u32> = (span.start..span.start + span.length).collect();
        order.sort_by_key(|at| (self.text(self.entries[*at as usize].key), *at));
        self.sorted.insert(id, order);
    }
}

/// A value, with everything that it lies in.
#[derive(Clone, Copy)]
pub(crate) struct Node<'t> {
    tree: &'t Tree,
    pub(crate) id: Id,
}

impl<'t> Node<'t> {
    fn kind(self) -> Kind {
        self.tree.slots[self.id.0 as usize].kind
    }

    /// Its text, if it is one.
    pub(crate) fn text(self) -> Option<&'t str> {
        match self.kind() {
            Kind::Text(span) => Some(self.tree.text(span)),
            _ => None,
        }
    }

    /// Its text, or the text of its number: versions and statuses are written either way.
    pub(crate) fn words(self) -> Option<&'t str> {
        match self.kind() {
            Kind::Text(span) | Kind::Number(span) => Some(self.tree.text(span)),
            Kind::Bool(value) => Some(if value { "true" } else { "false" }),
            _ => None,
        }
    }

    /// Its number as it is written, if it is one.
    pub(crate) fn number(self) -> Option<&'t str> {
        match self.kind() {
            Kind::Number(span) => Some(self.tree.text(span)),
            _ => None,
        }
    }

    pub(crate) fn bool(self) -> Option<bool> {
        match self.kind() {
            Kind::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub(crate) fn is_null(self) -> bool {
        matches!(self.kind(), Kind::Null)
    }

    pub(crate) fn is_map(self) -> bool {
        matches!(self.kind(), Kind::Map(_))
    }

    pub(crate) fn is_list(self) -> bool {
        matches!(self.kind(), Kind::List(_))
    }

    /// What it is, for a message.
    pub(crate) fn kind_name(self) -> &'static str {
        match self.kind() {
            Kind::Null => "null",
            Kind::Bool(_) => "a boolean",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "an object",
        }
    }

    /// How many parts it has.
    pub(crate) fn len(self) -> usize {
        match self.kind() {
            Kind::List(span) | Kind::Map(span) => span.length as usize,
            _ => 0,
        }
    }

    /// Its parts, if it is a list.
    pub(crate) fn items(self) -> impl DoubleEndedIterator<Item = Self> + use<'t> {
        let items = match self.kind() {
            Kind::List(span) => self.tree.list(span),
            _ => &[],
        };
        items.iter().map(move |id| Self {
            tree: self.tree,
            id: *id,
        })
    }

    /// Its entries, if it is a map.
    pub(crate) fn entries(self) -> impl DoubleEndedIterator<Item = (&'t str, Self)> + use<'t> {
        let entries = match self.kind() {
            Kind::Map(span) => self.tree.map(span),
            _ => &[],
        };
        let tree = self.tree;
        entries
            .iter()
            .map(move |entry| (tree.text(entry.key), Self { tree, id: entry.value }))
    }

    /// What a map has under a key.
    pub(crate) fn get(self, key: &str) -> Option<Self> {
        let Kind::Map(span) = self.kind() else { return None };
        let tree = self.tree;
        let entry = if (span.length as usize) < LONG {
            tree.map(span).iter().find(|entry| tree.text(entry.key) == key)?
        } else {
            let order = tree.sorted.get(&self.id)?;
            let key_at = |at: &u32| tree.text(tree.entries[*at as usize].key);
            let found = order.binary_search_by(|at| key_at(at).cmp(key)).ok()?;
            &tree.entries[order[found] as usize]
        };
        Some(Self { tree, id: entry.value })
    }

    /// The text that a map has under a key.
    pub(crate) fn get_text(self, key: &str) -> Option<&'t str> {
        self.get(key)?.text()
    }

    /// Whether a map has `true` under a key.
    pub(crate) fn is_true(self, key: &str) -> bool {
        self.get(key).and_then(Node::bool).unwrap_or(false)
    }

    /// What a pointer leads to, without its `#`; percent-encoding is undone.
    pub(crate) fn follow(self, pointer: &str) -> Option<Self> {
        let mut node = self;
        for step in pointer.split('/').skip(1) {
            let step = percent_decoded(step);
            let step = step.replace("~1", "/").replace("~0", "~");
            node = if node.is_list() {
                node.items().nth(step.parse().ok()?)?
            } else {
                node.get(&step)?
            };
        }
        Some(node)
    }
}

/// Percent-encoding undone where it is one.
pub(crate) fn percent_decoded(text: &str) -> String {
    if !text.contains('%') {
        return text.to_owned();
    }
    let (mut bytes, mut rest) = (Vec::with_capacity(text.len()), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match byte.filter(|_| *first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
