//! What is different between two revisions of a description, and what of it breaks a program that worked before.
//!
//! What is sent may only become wider, what comes back only narrower; a schema's own page is judged as if it went both ways.

mod operation;
mod schema;

use std::borrow::Borrow;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::compile::operation::template;
use crate::limits::{CHANGES_MAX, CHANGES_OF_ONE_MAX};
use crate::model::{NamedSchema, Operation, OperationKind, OperationLink, Overview, Reference};

text_enum! {
    /// What became of something.
    pub enum Difference {
        /// It is new.
        Added = "ADDED",
        /// It is gone.
        Removed = "REMOVED",
        /// It is there, and says something else.
        Changed = "CHANGED",
    }
}

/// What is different between two revisions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    /// Whether anything of it breaks a program that worked before.
    pub breaking: bool,
    /// What is said of the API as a whole.
    pub overview: Vec<Change>,
    /// Operations and webhooks.
    pub operations: Vec<Differing>,
    /// Schemas with a page.
    pub schemas: Vec<Differing>,
    /// How many more operations and schemas there are than `limits::CHANGES_MAX` of each.
    pub left_out: usize,
}

impl Diff {
    /// Whether there is no difference at all.
    pub fn is_empty(&self) -> bool {
        self.overview.is_empty() && self.operations.is_empty() && self.schemas.is_empty()
    }
}

/// An operation or a schema that is different.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Differing {
    /// What became of it.
    pub difference: Difference,
    /// Its part of an address: the old one, if it was removed.
    pub slug: String,
    /// `GET /v1/translate`, or the name of a webhook or a schema.
    pub name: String,
    /// Whether anything of it breaks a program that worked before.
    pub breaking: bool,
    /// What changed in it, the first ones.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// Where, as in `request body › items › price`; empty for the thing itself.
    pub place: String,
    /// What, as in `is required now`.
    pub words: String,
    /// Whether it breaks a program that worked before.
    pub breaking: bool,
}

/// The revision before, whose operations and schemas are taken one at a time and let go of: as a whole it need not be in memory.
pub struct Before<O, S> {
    /// What is said of the API as a whole.
    pub overview: Overview,
    /// Operations and webhooks.
    pub operations: O,
    /// Schemas with a page.
    pub schemas: S,
}

/// Compares two revisions.
pub fn diff<O, S>(before: Before<O, S>, new: &Reference) -> Diff
where
    O: IntoIterator<Item: Borrow<Operation>>,
    S: IntoIterator<Item: Borrow<NamedSchema>>,
{
    let mut diff = Diff {
        overview: overview(&before.overview, &new.overview),
        operations: operations(before.operations, &new.operations),
        schemas: schemas(before.schemas, &new.schemas),
        ..Diff::default()
    };
    diff.breaking = diff.overview.iter().any(|change| change.breaking)
        || diff.operations.iter().chain(&diff.schemas).any(|one| one.breaking);
    for list in [&mut diff.operations, &mut diff.schemas] {
        diff.left_out += list.len().saturating_sub(CHANGES_MAX);
        // What breaks is what somebody has to see.
        list.sort_by_key(|one| !one.breaking);
        list.truncate(CHANGES_MAX);
    }
    diff
}

/// Changes while they are gathered.
#[derive(Default)]
pub(crate) struct Changes(Vec<Change>);

impl Changes {
    pub(crate) fn add(&mut self, place: &str, words: impl Into<String>, breaking: bool) {
        self.0.push(Change {
            place: place.to_owned(),
            words: words.into(),
            breaking,
        });
    }

    /// One difference of them; `None` where there are none.
    fn told(mut self, slug: &str, name: String) -> Option<Differing> {
        if self.0.is_empty() {
            return None;
        }
        let breaking = self.0.iter().any(|change| change.breaking);
        self.0.sort_by_key(|change| !change.breaking);
        if let Some(more) = self.0.len().checked_sub(CHANGES_OF_ONE_MAX).filter(|more| *more > 0) {
            self.0.truncate(CHANGES_OF_ONE_MAX);
            self.add("", format!("and {more} more changes"), false);
        }
        Some(Differing {
            difference: Difference::Changed,
            slug: slug.to_owned(),
            name,
            breaking,
            changes: self.0,
        })
    }
}

fn whole(difference: Difference, slug: &str, name: String, breaking: bool) -> Differing {
    Differing {
        difference,
        slug: slug.to_owned(),
        name,
        breaking,
        changes: Vec::new(),
    }
}

fn name(link: &OperationLink) -> String {
    match link.kind {
        OperationKind::Operation => format!("{} {}", link.method, link.path),
        OperationKind::Webhook => link.path.clone(),
    }
}

/// Which one a thing is: by what makes it the same one, and of several that are the same, its number.
struct Numbers<K>(HashMap<K, usize>);

impl<K: Clone + Eq + Hash> Numbers<K> {
    fn number(&mut self, key: K) -> (K, usize) {
        let count = self.0.entry(key.clone()).or_default();
        *count += 1;
        (key, *count)
    }
}

/// What two lists have in common, in the order of the old one, and what only the old and only the new one has.
struct Paired<'a, T> {
    both: Vec<(&'a T, &'a T)>,
    gone: Vec<&'a T>,
    come: Vec<&'a T>,
}

fn pair<'a, T, K: Clone + Eq + Hash>(old: &'a [T], new: &'a [T], key: impl Fn(&T) -> K) -> Paired<'a, T> {
    let mut both = Vec::new();
    let (gone, come) = compare(old, new, key, |old: &&'a T, new| both.push((*old, new)));
    Paired { both, gone, come }
}

/// Hands what both lists have to `both`; returns what only the old and only the new one has.
fn compare<'n, B: Borrow<T>, T: 'n, K: Clone + Eq + Hash>(
    old: impl IntoIterator<Item = B>,
    new: impl IntoIterator<Item = &'n T>,
    key: impl Fn(&T) -> K,
    mut both: impl FnMut(&B, &'n T),
) -> (Vec<B>, Vec<&'n T>) {
    let mut numbers = Numbers(HashMap::new());
    let new: Vec<_> = new.into_iter().map(|one| (numbers.number(key(one)), one)).collect();
    let places: HashMap<_, &'n T> = new.iter().map(|(key, one)| (key, *one)).collect();
    let (mut met, mut gone) = (HashSet::new(), Vec::new());
    let mut numbers = Numbers(HashMap::new());
    for one in old {
        let key = numbers.number(key(one.borrow()));
        match places.get(&key) {
            Some(new) => {
                both(&one, new);
                met.insert(key);
            }
            None => gone.push(one),
        }
    }
    let come = new.iter().filter(|(key, _)| !met.contains(key)).map(|(_, one)| *one);
    (gone, come.collect())
}

fn operations<B: Borrow<Operation>>(old: impl IntoIterator<Item = B>, new: &[Operation]) -> Vec<Differing> {
    let mut changed = Vec::new();
    let mut both = |old: &B, new: &Operation| {
        let mut changes = Changes::default();
        operation::compare(old.borrow(), new, &mut changes);
        changed.extend(changes.told(&new.link.slug, name(&new.link)));
    };
    let as_written = |one: &Operation| (one.link.kind, one.link.method.clone(), one.link.path.clone());
    let (gone, come) = compare(old, new, as_written, &mut both);
    // Another name of a parameter in the path makes no other operation.
    let as_called = |one: &Operation| (one.link.kind, one.link.method.clone(), template(&one.link.path));
    let (gone, come) = compare(gone, come, as_called, &mut both);
    let told = |difference, link: &OperationLink| {
        let breaks = difference == Difference::Removed;
        whole(difference, &link.slug, name(link), breaks)
    };
    let gone = gone.iter().map(|one| told(Difference::Removed, &one.borrow().link));
    let come = come.into_iter().map(|one| told(Difference::Added, &one.link));
    gone.chain(come).chain(changed).collect()
}

fn schemas<B: Borrow<NamedSchema>>(old: impl IntoIterator<Item = B>, new: &[NamedSchema]) -> Vec<Differing> {
    let mut changed = Vec::new();
    let both = |old: &B, new: &NamedSchema| {
        let mut changes = Changes::default();
        schema::compare(&old.borrow().schema, &new.schema, "", schema::Way::Both, &mut changes);
        changed.extend(changes.told(&new.slug, new.name.clone()));
    };
    let (gone, come) = compare(old, new, |one: &NamedSchema| one.name.clone(), both);
    // What uses a schema that is gone says so itself.
    let told = |difference, one: &NamedSchema| whole(difference, &one.slug, one.name.clone(), false);
    let gone = gone.iter().map(|one| told(Difference::Removed, one.borrow()));
    let come = come.into_iter().map(|one| told(Difference::Added, one));
    gone.chain(come).chain(changed).collect()
}

fn overview(old: &Overview, new: &Overview) -> Vec<Change> {
    let mut changes = Changes::default();
    if old.title != new.title {
        changes.add(
            "title",
            format!("is {:?} now; it was {:?}", new.title, old.title),
            false,
        );
    }
    if old.version != new.version {
        changes.add(
            "version",
            format!("is {} now; it was {}", new.version, old.version),
            false,
        );
    }
    if old.description != new.description || old.summary != new.summary {
        changes.add("description", "is another", false);
    }
    for server in &old.servers {
        if !new.servers.iter().any(|other| other.url == server.url) {
            changes.add("servers", format!("{} is gone", server.url), true);
        }
    }
    for server in &new.servers {
        if !old.servers.iter().any(|other| other.url == server.url) {
            changes.add("servers", format!("{} is new", server.url), false);
        }
    }
    let schemes = pair(&old.security_schemes, &new.security_schemes, |scheme| {
        scheme.name.clone()
    });
    for scheme in schemes.gone {
        // What asked for it says so itself.
        changes.add("security", format!("{} is gone", scheme.name), false);
    }
    for (old, new) in schemes.both {
        if (new.kind, new.location, &new.field) != (old.kind, old.location, &old.field) {
            changes.add(
                "security",
                format!("{}: {} now; it was: {}", old.name, new.words, old.words),
                true,
            );
        }
    }
    changes.0.truncate(CHANGES_OF_ONE_MAX);
    changes.0
}
