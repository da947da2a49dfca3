//! From what a person filled in to the request that it makes; the browser has the same in `web/lib/request.ts`.
//!
//! The request is written so that every client sends it as it stands: what some of them would escape or resolve by themselves (WHATWG URL,
//! `java.net.URI`, Python's requests) is escaped here or refused. So samples in eight languages and the playground send one and the same.
//!
//! [`build`] is the way in; `style` writes parameters, `body` bodies, `example` what a form starts with.

mod body;
mod encode;
mod example;
mod style;

pub use body::{BodyKind, body_kind, is_json, wire};
pub use encode::strict as encode_strictly;
pub use example::example;

use std::collections::HashSet;

use serde_json::Value;

use crate::model::{Location, Operation, Parameter};
use crate::place::CredentialField;
use crate::values::{Given, HttpBody, HttpRequest, Invalid, Values};

/// How many parameters, form fields or header fields a request may have.
pub const FIELDS_MAX: usize = 256;
/// How long path and query may be together, in bytes.
pub const TARGET_MAX_BYTES: usize = 16 << 10;
/// How long all header fields may be together, in bytes.
pub const HEADERS_MAX_BYTES: usize = 16 << 10;
/// How long a body may be, files included, in bytes.
pub const BODY_MAX_BYTES: usize = 10 << 20;
/// How deep an object may be that is written as `x[a][b]=1`.
pub const NESTING_MAX: usize = 16;

/// Header fields that are not a description's to set: they frame the message, or show who asks.
const RESERVED_HEADERS: [&str; 15] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// The request that values make, or everything that is wrong with them.
pub fn build(operation: &Operation, values: &Values) -> Result<HttpRequest, Vec<Invalid>> {
    build_with(operation, values, &[])
}

/// The same at a place whose gateway takes `credential`: parameters that describe one of its fields are left to it.
pub fn build_with(
    operation: &Operation,
    values: &Values,
    credential: &[CredentialField],
) -> Result<HttpRequest, Vec<Invalid>> {
    let mut wrong = unknown(operation, values);
    let mut draft = Draft {
        path: operation.link.path.clone(),
        ..Draft::default()
    };
    for parameter in &operation.parameters {
        if is_left_out(parameter, credential) {
            continue;
        }
        let field = field_of(parameter.location, &parameter.name);
        let given = values
            .parameters
            .iter()
            .find(|given| is_for(given, parameter))
            .map(|given| &given.value);
        let shape = given.and_then(style::shape);
        let done = match shape {
            Some(shape) => draft.add(parameter, &shape),
            None if parameter.required => Err("is required".to_owned()),
            None => Ok(()),
        };
        wrong.extend(done.err().map(|detail| Invalid { field, detail }));
    }
    let method = operation.link.method.to_uppercase();
    if !encode::is_token(&method) || method == "CONNECT" {
        wrong.push(Invalid {
            field: "method".to_owned(),
            detail: "cannot be sent".to_owned(),
        });
    }
    let (content_type, body) = match body::build(operation, values.body.as_ref()) {
        Ok(made) => made,
        Err(more) => {
            wrong.extend(more);
            (None, HttpBody::None)
        }
    };
    let target = draft.target(&mut wrong, operation, values);
    let headers = draft.headers(&mut wrong, content_type);
    if wrong.is_empty() {
        Ok(HttpRequest {
            method,
            target,
            headers,
            body,
        })
    } else {
        Err(wrong)
    }
}

/// Whether a parameter's field is set by somebody else: by the framing, by the body, or by the gateway's credential.
pub fn is_left_out(parameter: &Parameter, credential: &[CredentialField]) -> bool {
    parameter.location == Location::Header
        && (RESERVED_HEADERS.contains(&parameter.name.to_ascii_lowercase().as_str())
            || credential
                .iter()
                .any(|field| field.name.eq_ignore_ascii_case(&parameter.name)))
}

/// How a parameter is named where something is wrong with it.
pub fn field_of(location: Location, name: &str) -> String {
    format!("{}.{name}", location.as_str().to_lowercase())
}

/// What was given for parameters that are not there, and what was given twice.
fn unknown(operation: &Operation, values: &Values) -> Vec<Invalid> {
    let mut wrong = Vec::new();
    let mut seen = HashSet::new();
    if values.parameters.len() > FIELDS_MAX {
        let detail = format!("has more than {FIELDS_MAX} values");
        return vec![Invalid {
            field: "parameters".to_owned(),
            detail,
        }];
    }
    for given in &values.parameters {
        let field = field_of(given.location, &given.name);
        let known = operation.parameters.iter().any(|parameter| is_for(given, parameter))
            || (given.location == Location::Path && names_in(&operation.link.path).any(|name| name == given.name));
        if !known {
            wrong.push(Invalid {
                field,
                detail: "is no parameter of this operation".to_owned(),
            });
        } else if !seen.insert(field.clone()) {
            wrong.push(Invalid {
                field,
                detail: "is given twice".to_owned(),
            });
        }
    }
    wrong
}

fn is_for(given: &Given, parameter: &Parameter) -> bool {
    given.location == parameter.location && given.name == parameter.name
}

/// The names in a path's template, as in `/v1/{id}`.
pub(crate) fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}').map(|(name, _)| name))
}

#[derive(Default)]
struct Draft {
    path: String,
    filled: Vec<(String, String)>,
    query: Vec<String>,
    cookies: Vec<String>,
    headers: Vec<(String, String)>,
}

impl Draft {
    fn add(&mut self, parameter: &Parameter, shape: &style::Shape) -> Result<(), String> {
        match parameter.location {
            Location::Path => {
                let text = style::path(parameter, shape);
                if text.is_empty() {
                    return Err("may not be empty".to_owned());
                }
                self.filled.push((parameter.name.clone(), text));
            }
            Location::Query => self.query.extend(style::query(parameter, shape)?),
            Location::QueryString => self.query.push(style::query_string(parameter, shape)),
            Location::Cookie => self.cookies.extend(style::cookie(parameter, shape)),
            Location::Header => {
                let value = style::header(parameter, shape).trim_matches([' ', '\t']).to_owned();
                if !encode::is_token(&parameter.name) {
                    return Err("has a name that no header field can have".to_owned());
                }
                if !value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)) {
                    return Err("may have only letters, digits and signs of ASCII".to_owned());
                }
                self.headers.push((parameter.name.clone(), value));
            }
        }
        Ok(())
    }

    /// Path and query; every `{name}` of the template has to be filled.
    fn target(&self, wrong: &mut Vec<Invalid>, operation: &Operation, values: &Values) -> String {
        let mut target = String::new();
        let mut rest = self.path.as_str();
        while let Some((before, name, after)) = rest.split_once('{').and_then(|(before, tail)| {
            let (name, after) = tail.split_once('}')?;
            Some((before, name, after))
        }) {
            target.push_str(&encode::template(before));
            let filled = self
                .filled
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, text)| text.clone());
            // Many documents do not describe what their own path names.
            let bare = || {
                let given = values
                    .parameters
                    .iter()
                    .find(|given| given.location == Location::Path && given.name == name);
                given
                    .and_then(|given| style::text(&given.value))
                    .map(|text| encode::strict(&text))
            };
            match filled.or_else(bare).filter(|text| !text.is_empty()) {
                Some(text) => target.push_str(&text),
                None if operation
                    .parameters
                    .iter()
                    .any(|known| known.location == Location::Path && known.name == name) => {}
                None => wrong.push(Invalid {
                    field: field_of(Location::Path, name),
                    detail: "is required".to_owned(),
                }),
            }
            rest = after;
        }
        target.push_str(&encode::template(rest));
        if !target.starts_with('/') {
            target.insert(0, '/');
        }
        if let Some(field) = dots(&target) {
            wrong.push(Invalid {
                field,
                detail: "may not make a part of the path that is . or ..".to_owned(),
            });
        }
        for query in &self.query {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str(query);
        }
        if target.len() > TARGET_MAX_BYTES {
            wrong.push(Invalid {
                field: "path".to_owned(),
                detail: format!("is longer than {TARGET_MAX_BYTES} bytes with its query"),
            });
        }
        target
    }

    fn headers(&self, wrong: &mut Vec<Invalid>, content_type: Option<String>) -> Vec<(String, String)> {
        let mut headers = self.headers.clone();
        if !self.cookies.is_empty() {
            headers.push(("Cookie".to_owned(), self.cookies.join("; ")));
        }
        headers.extend(content_type.map(|value| ("Content-Type".to_owned(), value)));
        let mut seen = HashSet::new();
        for (name, _) in &headers {
            if !seen.insert(name.to_ascii_lowercase()) {
                wrong.push(Invalid {
                    field: field_of(Location::Header, name),
                    detail: "is given twice".to_owned(),
                });
            }
        }
        let bytes: usize = headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
        if bytes > HEADERS_MAX_BYTES {
            wrong.push(Invalid {
                field: "header".to_owned(),
                detail: format!("is longer than {HEADERS_MAX_BYTES} bytes in all"),
            });
        }
        headers
    }
}

/// `.` and `..` as a part of a path are taken away by clients and gateways, which then ask for something else.
fn dots(target: &str) -> Option<String> {
    let path = target.split('?').next().unwrap_or_default();
    path.split('/')
        .map(|part| part.replace("%2E", ".").replace("%2e", "."))
        .any(|part| part == "." || part == "..")
        .then(|| "path".to_owned())
}

/// Whether a value is one that is not sent.
pub(crate) fn is_nothing(value: &Value) -> bool {
    style::shape(value).is_none()
}
