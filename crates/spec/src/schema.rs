//! What a value may be, as a person reads it: JSON Schema 2020-12 and OpenAPI 3.0's dialect in one form.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::{ExternalDocs, Prose};

/// What a value may be.
///
/// References are followed where they are used, to a limit of depth and of size; beyond it, and where a schema comes back
/// to itself, [`Schema::cut`] is set and [`Schema::slug`] says on which page it goes on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Schema {
    /// Its name, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Its page's part of an address, where it has a name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Whether it goes on, on its own page.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    /// JSON types it may have, without `null`; empty where anything goes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Whether it may be null.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub nullable: bool,
    /// Its format, as in `date-time`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// What it means.
    #[serde(skip_serializing_if = "is_empty")]
    pub description: Prose,
    /// Whether it should no longer be used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    /// Whether only answers have it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only: bool,
    /// Whether only requests have it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub write_only: bool,
    /// What is taken where it is absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// All it may be; one for `const`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed: Vec<Value>,
    /// Examples, the first ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Value>,
    /// Further limits, each as a person says it, as in `at least 1 character` or `matches ^a+$`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// Fields of an object.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub properties: Vec<Property>,
    /// What fields of other names may be; absent where nothing is said of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub additional: Option<Additional>,
    /// Parts of a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub items: Option<Box<Schema>>,
    /// The first parts of a list, one by one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub prefix_items: Vec<Schema>,
    /// Exactly one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub one_of: Vec<Schema>,
    /// At least one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub any_of: Vec<Schema>,
    /// All of these; what could be merged into the fields above is not here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub all_of: Vec<Schema>,
    /// Not this.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub not: Option<Box<Schema>>,
    /// Which field says which alternative it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discriminator: Option<Discriminator>,
    /// What more there is to read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub external_docs: Option<ExternalDocs>,
}

fn is_empty(prose: &Prose) -> bool {
    prose.markdown.is_empty()
}

/// A field of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Property {
    /// Its name; a pattern's text where [`Property::pattern`] is set.
    pub name: String,
    /// Whether it has to be there.
    pub required: bool,
    /// Whether every field whose name matches is meant.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pattern: bool,
    /// What it may be.
    #[schema(no_recursion)]
    pub schema: Schema,
}

/// What fields of other names may be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Additional {
    /// Whether there may be any.
    pub allowed: bool,
    /// What each may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(no_recursion)]
    pub schema: Option<Box<Schema>>,
}

/// Which field says which alternative it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Discriminator {
    /// The field.
    pub field: String,
    /// Its values, each with the name of the schema.
    pub mapping: Vec<(String, String)>,
}
