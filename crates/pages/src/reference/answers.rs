//! What pages read of the API's answers.

use chrono::{DateTime, Utc};
use gatewright_spec::model::{NamedSchema, Operation, OperationLink, Overview, Tag};
use gatewright_spec::place::Place;
use serde::Deserialize;

/// A reference in a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(crate) struct Listed {
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) summary: String,
    pub(crate) product_name: String,
    pub(crate) operations: u32,
    pub(crate) updated_at: Option<DateTime<Utc>>,
}

/// A reference as its operations and schemas name it.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct About {
    pub(crate) slug: String,
    pub(crate) title: String,
    pub(crate) version: String,
    /// Which of its revisions is shown; another one, another navigation.
    pub(crate) revision: Option<String>,
    pub(crate) updated_at: Option<DateTime<Utc>>,
}

/// A reference as a whole.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Whole {
    #[serde(flatten)]
    pub(crate) about: Overview,
    pub(crate) slug: String,
    pub(crate) product_name: String,
    pub(crate) schemas: Vec<SchemaLink>,
    pub(crate) revision: Option<String>,
    pub(crate) updated_at: Option<DateTime<Utc>>,
}

impl Whole {
    pub(crate) fn tag(&self, slug: &str) -> Option<&Tag> {
        self.about.tags.iter().find(|tag| tag.slug == slug)
    }

    pub(crate) fn operations(&self) -> usize {
        self.about.tags.iter().map(|tag| tag.operations.len()).sum()
    }

    pub(crate) fn named(&self) -> About {
        About {
            slug: self.slug.clone(),
            title: self.about.title.clone(),
            version: self.about.version.clone(),
            revision: self.revision.clone(),
            updated_at: self.updated_at,
        }
    }
}

/// A schema in a list.
#[derive(Deserialize)]
pub(crate) struct SchemaLink {
    pub(crate) slug: String,
    pub(crate) name: String,
}

/// A tag as one of its operations names it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct TagLink {
    pub(crate) slug: String,
    pub(crate) name: String,
}

/// One operation.
#[derive(Deserialize)]
pub(crate) struct OneOperation {
    pub(crate) reference: About,
    pub(crate) operation: Operation,
    #[serde(default)]
    pub(crate) tag: Option<TagLink>,
    #[serde(default)]
    pub(crate) previous: Option<OperationLink>,
    #[serde(default)]
    pub(crate) next: Option<OperationLink>,
    #[serde(default)]
    pub(crate) places: Vec<Place>,
}

/// One schema.
#[derive(Deserialize)]
pub(crate) struct OneSchema {
    pub(crate) reference: About,
    pub(crate) schema: NamedSchema,
}

/// Something found.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) context: String,
    pub(crate) path: String,
    pub(crate) excerpt: String,
}

impl Found {
    /// The method that the context of an operation begins with, and the rest of it.
    pub(crate) fn called(&self) -> (&str, &str) {
        match self.context.split_once(' ') {
            Some((method, rest))
                if self.kind == "OPERATION" && method.bytes().all(|byte| byte.is_ascii_uppercase()) =>
            {
                (method, rest)
            }
            _ => ("", &self.context),
        }
    }
}
