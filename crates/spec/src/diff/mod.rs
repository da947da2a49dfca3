//! What is different between two revisions of a description, and what of it breaks a program that worked before.
//!
//! What is sent may only become wider, what comes back only narrower; a schema's own page is judged as if it went both ways.

mod operation;
mod schema;

use std::collections::{HashMap, HashSet};

use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::compile::operation::template;
use crate::limits::{CHANGES_MAX, CHANGES_OF_ONE_MAX};
use crate::model::{OperationKind, OperationLink, Overview, Reference};

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

/// Compares two revisions.
pub fn diff(old: &Reference, new: &Reference) -> Diff {
    let mut diff = Diff {
        overview: overview(&old.overview, &new.overview),
        ..Diff::default()
    };
    diff.operations = operations(old, new);
    diff.schemas = schemas(old, new);
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

/// What makes an operation the same one: how it is called, whatever its parameters are named.
fn identity(link: &OperationLink) -> (OperationKind, &str, String) {
    (link.kind, &link.method, template(&link.path))
}

fn operations(old: &Reference, new: &Reference) -> Vec<Differing> {
    let before: HashMap<_, _> = old.operations.iter().map(|one| (identity(&one.link), one)).collect();
    let after: HashSet<_> = new.operations.iter().map(|one| identity(&one.link)).collect();
    let gone = old
        .operations
        .iter()
        .filter(|one| !after.contains(&identity(&one.link)));
    let mut differences: Vec<_> = gone
        .map(|one| whole(Difference::Removed, &one.link.slug, name(&one.link), true))
        .collect();
    for operation in &new.operations {
        match before.get(&identity(&operation.link)) {
            None => {
                differences.push(whole(
                    Difference::Added,
                    &operation.link.slug,
                    name(&operation.link),
                    false,
                ));
            }
            Some(old) => {
                let mut changes = Changes::default();
                self::operation::compare(old, operation, &mut changes);
                differences.extend(changes.told(&operation.link.slug, name(&operation.link)));
            }
        }
    }
    differences
}

fn schemas(old: &Reference, new: &Reference) -> Vec<Differing> {
    let before: HashMap<_, _> = old.schemas.iter().map(|one| (&one.name, one)).collect();
    let after: HashSet<_> = new.schemas.iter().map(|one| &one.name).collect();
    let gone = old.schemas.iter().filter(|one| !after.contains(&one.name));
    // What uses a schema that is gone says so itself.
    let mut differences: Vec<_> = gone
        .map(|one| whole(Difference::Removed, &one.slug, one.name.clone(), false))
        .collect();
    for schema in &new.schemas {
        match before.get(&schema.name) {
            None => differences.push(whole(Difference::Added, &schema.slug, schema.name.clone(), false)),
            Some(old) => {
                let mut changes = Changes::default();
                self::schema::compare(&old.schema, &schema.schema, "", schema::Way::Both, &mut changes);
                differences.extend(changes.told(&schema.slug, schema.name.clone()));
            }
        }
    }
    differences
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
    for scheme in &old.security_schemes {
        match new.security_schemes.iter().find(|other| other.name == scheme.name) {
            // What asked for it says so itself.
            None => changes.add("security", format!("{} is gone", scheme.name), false),
            Some(other)
                if (other.kind, other.location, &other.field) != (scheme.kind, scheme.location, &scheme.field) =>
            {
                changes.add(
                    "security",
                    format!("{}: {} now; it was: {}", scheme.name, other.words, scheme.words),
                    true,
                );
            }
            Some(_) => {}
        }
    }
    changes.0.truncate(CHANGES_OF_ONE_MAX);
    changes.0
}
