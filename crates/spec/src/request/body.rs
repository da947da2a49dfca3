//! Bodies: text, bytes, forms and parts, as the media type says.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::encode::{Coding, is_media_type, strict};
use super::{BODY_MAX_BYTES, FIELDS_MAX, style};
use crate::model::{Content, Encoding, Operation, Style};
use crate::values::{GivenBody, GivenField, GivenFile, HttpBody, HttpRequest, Invalid, Part};

/// What kind of body a media type has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyKind {
    /// JSON.
    Json,
    /// Other text.
    Text,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `multipart/form-data`
    Parts,
    /// Anything else.
    Bytes,
}

/// What kind of body a media type has.
pub fn body_kind(media_type: &str) -> BodyKind {
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    let text = [
        "xml",
        "yaml",
        "x-yaml",
        "javascript",
        "graphql",
        "x-ndjson",
        "ndjson",
        "jsonl",
        "sql",
        "toml",
    ];
    match essence.split_once('/') {
        _ if is_json(&essence) => BodyKind::Json,
        Some(("application", "x-www-form-urlencoded")) => BodyKind::Form,
        Some(("multipart", "form-data")) => BodyKind::Parts,
        Some(("text", _)) => BodyKind::Text,
        Some((_, subtype)) if text.contains(&subtype) || subtype.ends_with("+xml") || subtype.ends_with("+yaml") => {
            BodyKind::Text
        }
        _ => BodyKind::Bytes,
    }
}

/// Whether a media type is JSON (RFC 6839 §3.1).
pub fn is_json(media_type: &str) -> bool {
    let essence = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    essence.ends_with("+json") || essence.ends_with("/json")
}

/// A body and its `Content-Type`.
type Made = (Option<String>, HttpBody);

pub(super) fn build(operation: &Operation, given: Option<&GivenBody>) -> Result<Made, Vec<Invalid>> {
    let one = |detail: &str| {
        Err(vec![Invalid {
            field: "body".to_owned(),
            detail: detail.to_owned(),
        }])
    };
    let Some(described) = &operation.request_body else {
        return if given.is_some() {
            one("is not expected by this operation")
        } else {
            Ok((None, HttpBody::None))
        };
    };
    let has_none = takes_none(&operation.link.method);
    let Some(given) = given else {
        return if described.required && !has_none {
            one("is required")
        } else {
            Ok((None, HttpBody::None))
        };
    };
    if has_none {
        return one("cannot be sent with this method");
    }
    let Some(content) = described
        .contents
        .iter()
        .find(|content| content.media_type == given.media_type)
    else {
        return one("is of a media type that this operation does not take");
    };
    let kind = body_kind(&content.media_type);
    let body = match (kind, &given.text, &given.base64) {
        (BodyKind::Parts, None, None) => HttpBody::Parts(parts(content, &given.fields)?),
        (BodyKind::Form, None, None) => HttpBody::Form(form(content, &given.fields)?),
        (BodyKind::Parts, ..) => return one("is made of fields"),
        _ if !given.fields.is_empty() => return one("is not made of fields"),
        (_, Some(_), Some(_)) => return one("is either text or bytes"),
        (_, Some(text), None) if text.is_empty() && described.required => return one("is required"),
        (_, Some(text), None) => HttpBody::Text(text.clone()),
        (_, None, Some(base64)) => match STANDARD.decode(base64) {
            Ok(bytes) => HttpBody::Bytes(bytes),
            Err(_) => return one("is not base64"),
        },
        (_, None, None) if described.required => return one("is required"),
        (_, None, None) => return Ok((None, HttpBody::None)),
    };
    if size(&body) > BODY_MAX_BYTES {
        return one(&format!("is longer than {BODY_MAX_BYTES} bytes"));
    }
    Ok((Some(content_type(&content.media_type, kind)), body))
}

/// Whether no client sends a body with a method: for these, content has no meaning (RFC 9110 §9.3), and `fetch` refuses it.
pub(super) fn takes_none(method: &str) -> bool {
    ["GET", "HEAD", "TRACE"]
        .iter()
        .any(|none| method.eq_ignore_ascii_case(none))
}

/// What is said of a body: a range like `image/*` cannot be sent.
fn content_type(media_type: &str, kind: BodyKind) -> String {
    match kind {
        BodyKind::Parts => "multipart/form-data".to_owned(),
        _ if is_media_type(media_type) && !media_type.contains('*') => media_type.to_owned(),
        BodyKind::Text => "text/plain".to_owned(),
        _ => "application/octet-stream".to_owned(),
    }
}

fn size(body: &HttpBody) -> usize {
    match body {
        HttpBody::None => 0,
        HttpBody::Text(text) => text.len(),
        HttpBody::Bytes(bytes) => bytes.len(),
        HttpBody::Form(pairs) => pairs.iter().map(|(name, value)| name.len() + value.len() + 2).sum(),
        HttpBody::Parts(parts) => parts.iter().map(|part| part.content.len() + part.name.len()).sum(),
    }
}

fn form(content: &Content, fields: &[GivenField]) -> Result<Vec<(String, String)>, Vec<Invalid>> {
    let mut wrong = missing(content, fields);
    let mut pairs = Vec::new();
    for field in fields {
        if field.file.is_some() {
            wrong.push(invalid(field, "cannot be a file in this kind of form"));
        }
        let Some(shape) = style::shape(&field.value) else {
            continue;
        };
        let encoding = encoding_of(content, &field.name);
        let styled = encoding.filter(|encoding| encoding.style.is_some() || encoding.explode.is_some());
        let made = match (&shape, styled) {
            (style::Shape::Fields(_, value), None) => Ok(vec![(field.name.clone(), crate::ecmascript::compact(value))]),
            (shape, styled) => {
                let style = styled.and_then(|encoding| encoding.style).unwrap_or(Style::Form);
                let explode = styled
                    .and_then(|encoding| encoding.explode)
                    .unwrap_or(style == Style::Form);
                style::pairs(&field.name, style, explode, shape, Coding::None)
            }
        };
        match made {
            Ok(made) => pairs.extend(made),
            Err(detail) => wrong.push(invalid(field, &detail)),
        }
    }
    if wrong.is_empty() { Ok(pairs) } else { Err(wrong) }
}

fn parts(content: &Content, fields: &[GivenField]) -> Result<Vec<Part>, Vec<Invalid>> {
    let mut wrong = missing(content, fields);
    let mut parts = Vec::new();
    for field in fields {
        match parts_of(content, field) {
            Ok(made) => parts.extend(made),
            Err(detail) => wrong.push(invalid(field, &detail)),
        }
    }
    if wrong.is_empty() { Ok(parts) } else { Err(wrong) }
}

fn parts_of(content: &Content, field: &GivenField) -> Result<Vec<Part>, String> {
    // Programs write quotes in a name in different ways, of which servers understand one (RFC 7578 §5.1); curl ends a name at `=`.
    if field.name.is_empty() || field.name.contains(['"', '\\', '=']) || field.name.contains(char::is_control) {
        return Err("has a name that no part can have".to_owned());
    }
    let media_type = encoding_of(content, &field.name)
        .and_then(|encoding| encoding.media_type.as_deref())
        .and_then(|types| {
            types
                .split(',')
                .map(str::trim)
                .find(|one| is_media_type(one) && !one.contains('*'))
        });
    if let Some(file) = &field.file {
        return Ok(vec![file_part(&field.name, file, media_type)?]);
    }
    let part = |text: &str, media_type: Option<&str>| {
        if text.contains('\0') {
            return Err("may not have the character U+0000".to_owned());
        }
        let media_type = media_type.map(str::to_owned);
        Ok(Part {
            name: field.name.clone(),
            file_name: None,
            media_type,
            content: text.as_bytes().to_vec(),
        })
    };
    match style::shape(&field.value) {
        None => Ok(Vec::new()),
        Some(style::Shape::Text(text)) => Ok(vec![part(&text, media_type)?]),
        Some(style::Shape::List(_, value)) if media_type.is_some_and(is_json) => {
            Ok(vec![part(&crate::ecmascript::compact(&value), media_type)?])
        }
        Some(style::Shape::List(texts, _)) => texts.iter().map(|text| part(text, media_type)).collect(),
        Some(style::Shape::Fields(_, value)) => Ok(vec![part(
            &crate::ecmascript::compact(&value),
            media_type.or(Some("application/json")),
        )?]),
    }
}

fn file_part(name: &str, file: &GivenFile, described: Option<&str>) -> Result<Part, String> {
    let content = STANDARD.decode(&file.base64).map_err(|_| "is not base64".to_owned())?;
    let own = Some(file.media_type.as_str()).filter(|own| is_media_type(own) && !own.contains('*'));
    let media_type = own.or(described).unwrap_or("application/octet-stream").to_owned();
    Ok(Part {
        name: name.to_owned(),
        file_name: Some(plain_name(&file.name)),
        media_type: Some(media_type),
        content,
    })
}

/// A file's name without what is a path, or what programs write in different ways.
fn plain_name(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| {
            if letter.is_control() || "\"'\\/:*?<>|%$`".contains(letter) {
                '_'
            } else {
                letter
            }
        })
        .collect();
    if plain.trim_matches('.').is_empty() {
        "file".to_owned()
    } else {
        plain
    }
}

/// Fields that have to be there.
fn missing(content: &Content, fields: &[GivenField]) -> Vec<Invalid> {
    if fields.len() > FIELDS_MAX {
        return vec![Invalid {
            field: "body".to_owned(),
            detail: format!("has more than {FIELDS_MAX} fields"),
        }];
    }
    let has = |name: &str| {
        fields
            .iter()
            .any(|field| field.name == name && (field.file.is_some() || !super::is_nothing(&field.value)))
    };
    let properties = content.schema.iter().flat_map(|schema| &schema.properties);
    properties
        .filter(|property| property.required && !property.pattern && !property.schema.read_only && !has(&property.name))
        .map(|property| Invalid {
            field: format!("body.{}", property.name),
            detail: "is required".to_owned(),
        })
        .collect()
}

fn encoding_of<'a>(content: &'a Content, field: &str) -> Option<&'a Encoding> {
    content.encodings.iter().find(|encoding| encoding.field == field)
}

fn invalid(field: &GivenField, detail: &str) -> Invalid {
    Invalid {
        field: format!("body.{}", field.name),
        detail: detail.to_owned(),
    }
}

/// Header fields and body as they go over the wire; `boundary` parts what is multipart and must not come in it.
pub fn wire(request: &HttpRequest, boundary: &str) -> (Vec<(String, String)>, Vec<u8>) {
    let mut headers = request.headers.clone();
    let body = match &request.body {
        HttpBody::None => Vec::new(),
        HttpBody::Text(text) => text.clone().into_bytes(),
        HttpBody::Bytes(bytes) => bytes.clone(),
        HttpBody::Form(pairs) => {
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| format!("{}={}", strict(name), strict(value)))
                .collect();
            pairs.join("&").into_bytes()
        }
        HttpBody::Parts(parts) => {
            for (name, value) in &mut headers {
                if name.eq_ignore_ascii_case("content-type") {
                    *value = format!("multipart/form-data; boundary={boundary}");
                }
            }
            multipart(parts, boundary)
        }
    };
    (headers, body)
}

/// `multipart/form-data` (RFC 7578 §4).
fn multipart(parts: &[Part], boundary: &str) -> Vec<u8> {
    let mut body = Vec::new();
    for part in parts {
        body.extend_from_slice(
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"", part.name).as_bytes(),
        );
        if let Some(name) = &part.file_name {
            body.extend_from_slice(format!("; filename=\"{name}\"").as_bytes());
        }
        if let Some(media_type) = &part.media_type {
            body.extend_from_slice(format!("\r\nContent-Type: {media_type}").as_bytes());
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(&part.content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    body
}
