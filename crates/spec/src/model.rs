//! What a description says, compiled for reading: the same whether it was written in OpenAPI 2.0, 3.0, 3.1 or 3.2.

use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::schema::Schema;

/// Text of an author.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Prose {
    /// As it was written, in CommonMark.
    pub markdown: String,
    /// The same as HTML that is safe to show; empty until it was rendered.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub html: String,
}

/// A whole description.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// What it describes in general.
    pub overview: Overview,
    /// Every operation and webhook, in the order of the document.
    pub operations: Vec<Operation>,
    /// Every schema with a name, in the order of the document.
    pub schemas: Vec<NamedSchema>,
}

/// What is said of an API as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    /// Its name.
    pub title: String,
    /// The description's own version, as in `2026-03-01`.
    pub version: String,
    /// The specification it was written in, as in `3.1.0`.
    pub specification: String,
    /// In one line.
    pub summary: String,
    /// In many.
    pub description: Prose,
    /// Under which terms it may be used.
    pub terms_of_service: Option<String>,
    /// Whom to ask.
    pub contact: Option<Contact>,
    /// Under which license it stands.
    pub license: Option<License>,
    /// What more there is to read.
    pub external_docs: Option<ExternalDocs>,
    /// Where it says that it runs.
    pub servers: Vec<Server>,
    /// Ways to show who one is.
    pub security_schemes: Vec<SecurityScheme>,
    /// Groups of operations, in the order of the document; the last one may be made by us for those without a group.
    pub tags: Vec<Tag>,
}

/// Whom to ask.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Contact {
    /// Their name.
    pub name: String,
    /// Their page; http or https.
    pub url: Option<String>,
    /// Their address.
    pub email: Option<String>,
}

/// A license.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct License {
    /// Its name.
    pub name: String,
    /// Its text; http or https.
    pub url: Option<String>,
    /// Its SPDX expression.
    pub identifier: Option<String>,
}

/// What more there is to read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExternalDocs {
    /// Where; http or https.
    pub url: String,
    /// What.
    pub description: Prose,
}

/// A place where an API says that it runs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Server {
    /// Its URL with every variable at its default.
    pub url: String,
    /// What it is for.
    pub description: Prose,
}

text_enum! {
    /// How one shows who one is.
    pub enum SecurityKind {
        /// A key in a header, the query or a cookie.
        ApiKey = "API_KEY",
        /// `Authorization: Basic` (RFC 7617).
        Basic = "BASIC",
        /// `Authorization: Bearer` (RFC 6750).
        Bearer = "BEARER",
        /// Another scheme of `Authorization`.
        Http = "HTTP",
        /// OAuth 2.0.
        OAuth2 = "OAUTH2",
        /// OpenID Connect.
        OpenIdConnect = "OPENID_CONNECT",
        /// A client certificate.
        MutualTls = "MUTUAL_TLS",
    }
}

/// A way to show who one is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecurityScheme {
    /// What the document calls it.
    pub name: String,
    /// Its kind.
    pub kind: SecurityKind,
    /// In plain words what to send, as in "An API key in the header X-Api-Key".
    pub words: String,
    /// What the document says of it.
    pub description: Prose,
    /// Where a key goes.
    pub location: Option<Location>,
    /// The name of the header, query parameter or cookie of a key; the scheme of another `Authorization`.
    pub field: Option<String>,
    /// The flows of OAuth 2.0.
    pub flows: Vec<OAuthFlow>,
    /// Whether it should no longer be used.
    pub deprecated: bool,
}

/// A flow of OAuth 2.0.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OAuthFlow {
    /// Its name in OpenAPI, as in `authorizationCode`.
    pub flow: String,
    /// Where a person agrees.
    pub authorization_url: Option<String>,
    /// Where a token is got.
    pub token_url: Option<String>,
    /// What may be asked for: name and meaning.
    pub scopes: Vec<(String, String)>,
}

/// A group of operations.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tag {
    /// Its part of an address; unique in the description.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// What it is about.
    pub description: Prose,
    /// What more there is to read.
    pub external_docs: Option<ExternalDocs>,
    /// The tag that it belongs to (OpenAPI 3.2, and `x-tagGroups`).
    pub parent: Option<String>,
    /// Its operations.
    pub operations: Vec<OperationLink>,
}

/// An operation as navigation names it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OperationLink {
    /// Its part of an address.
    pub slug: String,
    /// Whether it is called, or calls.
    pub kind: OperationKind,
    /// Its method, in capitals.
    pub method: String,
    /// Its path's template, as in `/v1/translate/{id}`; the name of a webhook.
    pub path: String,
    /// What it does, in a few words; never empty.
    pub title: String,
    /// Whether it should no longer be used.
    pub deprecated: bool,
}

text_enum! {
    /// Who calls.
    pub enum OperationKind {
        /// The customer's program calls the API.
        Operation = "OPERATION",
        /// The API calls the customer's program.
        Webhook = "WEBHOOK",
    }
}

/// One operation, complete: a page needs nothing else.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// How it is named in navigation.
    #[serde(flatten)]
    pub link: OperationLink,
    /// The document's own id of it.
    pub operation_id: Option<String>,
    /// The slugs of its tags.
    pub tags: Vec<String>,
    /// What it does.
    pub description: Prose,
    /// What more there is to read.
    pub external_docs: Option<ExternalDocs>,
    /// Where it runs, if not where the rest does.
    pub servers: Vec<Server>,
    /// What goes into its path, query, header and cookies.
    pub parameters: Vec<Parameter>,
    /// What is sent.
    pub request_body: Option<RequestBody>,
    /// What comes back, by status.
    pub responses: Vec<Answer>,
    /// What the API calls afterwards.
    pub callbacks: Vec<Callback>,
    /// Alternatives of what has to be shown; empty where nothing is asked.
    pub security: Vec<Requirement>,
    /// Whether it may be called without showing anything.
    pub anonymous: bool,
}

text_enum! {
    /// Where a parameter goes.
    pub enum Location {
        /// Into the path.
        Path = "PATH",
        /// Into the query.
        Query = "QUERY",
        /// The whole query (OpenAPI 3.2).
        QueryString = "QUERYSTRING",
        /// Into a header field.
        Header = "HEADER",
        /// Into a cookie.
        Cookie = "COOKIE",
    }
}

text_enum! {
    /// How a list or an object is written into a parameter (OpenAPI 3.1 §4.8.12.2, RFC 6570).
    pub enum Style {
        /// `a,b` in a path or header.
        Simple = "SIMPLE",
        /// `.a.b`
        Label = "LABEL",
        /// `;x=a;x=b`
        Matrix = "MATRIX",
        /// `x=a&x=b`
        Form = "FORM",
        /// `x=a%20b`
        SpaceDelimited = "SPACE_DELIMITED",
        /// `x=a|b`
        PipeDelimited = "PIPE_DELIMITED",
        /// `x[a]=1`
        DeepObject = "DEEP_OBJECT",
    }
}

/// Something that goes into a path, a query, a header or a cookie.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Where it goes.
    pub location: Location,
    /// Whether it has to be there.
    pub required: bool,
    /// Whether it should no longer be used.
    pub deprecated: bool,
    /// What it means.
    pub description: Prose,
    /// What it may be.
    pub schema: Schema,
    /// How a list or an object is written.
    pub style: Style,
    /// Whether each part of a list or an object is written by itself.
    pub explode: bool,
    /// Whether reserved characters stay as they are.
    pub allow_reserved: bool,
    /// The media type it is written in, where that is said instead of a style.
    pub media_type: Option<String>,
    /// Examples.
    pub examples: Vec<Example>,
}

/// An example.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Example {
    /// Its name; empty where there is only one.
    pub name: String,
    /// In one line.
    pub summary: String,
    /// What it shows.
    pub description: Prose,
    /// The value; text where it is written in no JSON.
    pub value: Value,
    /// Whether we made it from the schema, and the document has none.
    pub generated: bool,
    /// Whether it was too long and what is kept is its beginning, as text.
    pub cut: bool,
}

/// What is sent.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequestBody {
    /// Whether it has to be there.
    pub required: bool,
    /// What it is.
    pub description: Prose,
    /// The forms it may have, the one to take first at the beginning.
    pub contents: Vec<Content>,
}

/// A body in one media type.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The media type, as in `application/json`.
    pub media_type: String,
    /// What it may be.
    pub schema: Option<Schema>,
    /// What each part of a stream may be (OpenAPI 3.2 `itemSchema`).
    pub item_schema: Option<Schema>,
    /// Examples; one made from the schema where the document has none and one can be made.
    pub examples: Vec<Example>,
    /// How fields of a form are written.
    pub encodings: Vec<Encoding>,
    /// A JSON Schema (2020-12) that stands alone and judges a body to be sent; null for answers, for what is no JSON, and where it would be
    /// longer than `limits::JUDGE_MAX_BYTES`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Value>,
}

/// How a field of a form is written.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Encoding {
    /// The field.
    pub field: String,
    /// Its media type.
    pub media_type: Option<String>,
    /// How a list or an object is written.
    pub style: Option<Style>,
    /// Whether each part is written by itself.
    pub explode: Option<bool>,
}

/// What comes back.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The status: `200`, `4XX` or `default`.
    pub status: String,
    /// What it means.
    pub description: Prose,
    /// Its header fields.
    pub headers: Vec<Parameter>,
    /// The forms it may have.
    pub contents: Vec<Content>,
    /// What can be called next with it.
    pub links: Vec<Link>,
}

/// What can be called next.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Link {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: Prose,
    /// The slug of the operation, if it is in this description.
    pub operation: Option<String>,
    /// What it is called with: parameter and runtime expression or constant.
    pub parameters: Vec<(String, String)>,
}

/// What an API calls after an operation.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Callback {
    /// Its name.
    pub name: String,
    /// Where to, as a runtime expression.
    pub expression: String,
    /// What is called.
    #[schema(no_recursion)]
    pub operation: Box<Operation>,
}

/// What has to be shown together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Requirement {
    /// Each way that has to be used.
    pub schemes: Vec<RequiredScheme>,
}

/// A way that has to be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequiredScheme {
    /// Its name in the document.
    pub name: String,
    /// Its kind.
    pub kind: SecurityKind,
    /// In plain words.
    pub words: String,
    /// What may have to be asked for.
    pub scopes: Vec<String>,
}

/// A schema with a name and a page.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NamedSchema {
    /// Its part of an address; unique in the description.
    pub slug: String,
    /// Its name in the document.
    pub name: String,
    /// What it says.
    pub schema: Schema,
    /// An example.
    pub example: Option<Example>,
    /// The operations that use it directly; at most `limits::USES_MAX`.
    pub used_by: Vec<OperationLink>,
}

text_enum! {
    /// How much something found matters.
    pub enum Severity {
        /// The description cannot be published.
        Error = "ERROR",
        /// It can, and something of it will not work as meant.
        Warning = "WARNING",
        /// It could be better.
        Hint = "HINT",
    }
}

/// Something found in a description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// How much it matters.
    pub severity: Severity,
    /// Which rule found it, as in `path-parameter-missing`.
    pub rule: String,
    /// What is wrong and what to do.
    pub message: String,
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column, from 1.
    pub column: Option<u32>,
}
