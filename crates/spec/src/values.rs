//! What a person filled in for a call, and the request that it makes. The island in the browser has the same shapes.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::Location;

/// What was filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Values {
    /// Parameters with a value; what is absent is not sent.
    #[serde(default)]
    pub parameters: Vec<Given>,
    /// The body.
    #[serde(default)]
    pub body: Option<GivenBody>,
}

/// A parameter's value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Given {
    /// Where it goes.
    #[serde(rename = "in")]
    pub location: Location,
    /// Its name.
    pub name: String,
    /// Text, number, boolean, list or object, as the schema says.
    pub value: Value,
}

/// A body that was filled in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GivenBody {
    /// Which of the operation's media types it is written in.
    pub media_type: String,
    /// The whole body as text; for JSON and whatever else is text.
    #[serde(default)]
    pub text: Option<String>,
    /// The whole body as bytes in base64; for a file that is the body.
    #[serde(default)]
    pub base64: Option<String>,
    /// Fields of a form.
    #[serde(default)]
    pub fields: Vec<GivenField>,
}

/// A field of a form.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GivenField {
    /// Its name.
    pub name: String,
    /// Its value, where it is no file.
    #[serde(default)]
    pub value: Value,
    /// The file.
    #[serde(default)]
    pub file: Option<GivenFile>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GivenFile {
    /// Its name.
    pub name: String,
    /// Its media type.
    pub media_type: String,
    /// Its bytes in base64.
    pub base64: String,
}

/// A request, without a credential.
#[derive(Clone, Debug, PartialEq)]
pub struct HttpRequest {
    /// Its method, in capitals.
    pub method: String,
    /// Path and query behind a place's base URL, starting with a slash.
    pub target: String,
    /// Header fields, in order; `Content-Type` among them where there is a body.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: HttpBody,
}

/// A request's body.
#[derive(Clone, Debug, PartialEq)]
pub enum HttpBody {
    /// There is none.
    None,
    /// Text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
    /// `application/x-www-form-urlencoded`: names and values, not yet encoded.
    Form(Vec<(String, String)>),
    /// `multipart/form-data` (RFC 7578).
    Parts(Vec<Part>),
}

/// A part of `multipart/form-data`.
#[derive(Clone, Debug, PartialEq)]
pub struct Part {
    /// The field's name.
    pub name: String,
    /// The file's name, if it is one.
    pub file_name: Option<String>,
    /// Its media type, if that has to be said.
    pub media_type: Option<String>,
    /// Its content.
    pub content: Vec<u8>,
}

/// A value that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invalid {
    /// Which: `path.id`, `query.limit`, `body`, `body.file`.
    pub field: String,
    /// What is wrong.
    pub detail: String,
}
