//! What a template is given: every text already as its language writes it.

use serde_json::{Value, json};

use super::literal::{block, in_double_quotes, is_hidden, line, printf};
use super::{INLINE_MAX_BYTES, Language};
use crate::place::{CredentialField, Place};
use crate::request::{encode_strictly, is_json};
use crate::values::{HttpBody, HttpRequest, Part};

pub(super) fn of(language: Language, request: &HttpRequest, place: &Place) -> Value {
    let is_content_type = |name: &str| name.eq_ignore_ascii_case("content-type");
    let is_secret = |name: &str| {
        place
            .credential
            .iter()
            .any(|field| field.name.eq_ignore_ascii_case(name))
    };
    let media_type = request
        .headers
        .iter()
        .find(|(name, _)| is_content_type(name))
        .map_or("", |(_, value)| value);
    let has_parts = matches!(request.body, HttpBody::Parts(_));

    let secrets: Vec<_> = place.credential.iter().map(|field| secret(language, field)).collect();
    let kept = |(name, _): &&(String, String)| !is_content_type(name) && !is_secret(name);
    let headers: Vec<_> = request
        .headers
        .iter()
        .filter(kept)
        .map(|(name, value)| header(language, name, value))
        .collect();
    let content_type = request
        .headers
        .iter()
        .find(|(name, _)| is_content_type(name) && !has_parts);
    let content_type = content_type.map(|(name, value)| header(language, name, value));

    let body = body(language, &request.body, media_type);
    let method = request.method.as_str();
    let has_fields = !secrets.is_empty() || !headers.is_empty() || content_type.is_some();
    let has_body = request.body != HttpBody::None;
    let mut view = json!({
        "method": line(language, method),
        "request": (method != "GET" && method != "HEAD").then_some(method),
        "head": method == "HEAD",
        "verb": verb(language, method),
        "url": line(language, &format!("{}{}", place.base_url, request.target)),
        "hasSecrets": !secrets.is_empty(),
        "secrets": secrets,
        "headers": headers,
        "contentType": content_type,
        "fields": has_fields,
        "lines": has_fields || has_parts,
        "options": has_fields || has_body || method != "GET",
        "body": has_body,
    });
    let reads = !body["file"].is_null() || any(&body["parts"], "file");
    let facts = json!({
        "reads": reads,
        "opens": reads || !place.credential.is_empty(),
        "strings": !body["text"].is_null() || !body["form"].is_null(),
        "encodes": match language {
            Language::CSharp => !body["text"].is_null() || any(&body["parts"], "text"),
            _ => !body["form"].is_null() || has_parts,
        },
        "stringio": body["parts"].as_array().into_iter().flatten().any(|part| part["typed"] == true),
        "hasForm": !body["form"].is_null(),
        "hasParts": has_parts,
    });
    for more in [body, facts] {
        if let (Value::Object(view), Value::Object(more)) = (&mut view, more) {
            view.extend(more);
        }
    }
    view
}

fn any(items: &Value, field: &str) -> bool {
    items
        .as_array()
        .into_iter()
        .flatten()
        .any(|item| !item[field].is_null())
}

/// A method that a language's library has a word of its own for.
fn verb(language: Language, method: &str) -> Value {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"].contains(&method)
        || (method == "TRACE" && language == Language::Ruby);
    if !known {
        return Value::Null;
    }
    let lower = method.to_ascii_lowercase();
    json!({ "title": format!("{}{}", &method[..1], &lower[1..]), "lower": lower })
}

fn header(language: Language, name: &str, value: &str) -> Value {
    // curl takes away a field that has nothing behind its colon, and sends an empty one for a semicolon.
    let both = if value.is_empty() {
        format!("{name};")
    } else {
        format!("{name}: {value}")
    };
    json!({ "name": line(language, name), "value": line(language, value), "line": line(language, &both) })
}

fn secret(language: Language, field: &CredentialField) -> Value {
    let CredentialField { name, prefix, variable } = field;
    let read = match language {
        Language::Curl => format!("${variable}"),
        Language::Node => format!("process.env.{variable}"),
        Language::Python => format!("os.environ[\"{variable}\"]"),
        Language::Java => format!("System.getenv(\"{variable}\")"),
        Language::Go => format!("os.Getenv(\"{variable}\")"),
        Language::Ruby => format!("ENV.fetch(\"{variable}\")"),
        Language::Php => format!("getenv('{variable}')"),
        Language::CSharp => format!("Environment.GetEnvironmentVariable(\"{variable}\")"),
    };
    let value = match language {
        _ if prefix.is_empty() => read.clone(),
        Language::Node => format!(
            "`{}${{{read}}}`",
            prefix.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${")
        ),
        Language::Go => format!("{}+{read}", line(language, prefix)),
        _ => format!("{} + {read}", line(language, prefix)),
    };
    let both = format!("{name}: {prefix}");
    let whole = match language {
        Language::Curl => format!("\"{}{read}\"", in_double_quotes(&both)),
        _ => format!("{} . {read}", line(language, &both)),
    };
    json!({ "name": line(language, name), "value": value, "line": whole })
}

/// `text`, `pipe`, `file`, `form`, `parts` or nothing.
fn body(language: Language, body: &HttpBody, media_type: &str) -> Value {
    match body {
        HttpBody::None => json!({}),
        HttpBody::Bytes(_) => file(language, media_type),
        HttpBody::Text(text) if text.len() > INLINE_MAX_BYTES => file(language, media_type),
        HttpBody::Text(text) if language == Language::Curl && text.contains('\0') => json!({ "pipe": printf(text) }),
        HttpBody::Text(text) => json!({ "text": block(language, text) }),
        HttpBody::Form(pairs) => {
            let last = pairs.len().saturating_sub(1);
            let field = |(at, (name, value)): (usize, &(String, String))| {
                json!({
                    "name": line(language, name),
                    "value": line(language, value),
                    "pair": form_option(name, value),
                    "last": at == last,
                })
            };
            // A form without fields is an empty text.
            if pairs.is_empty() {
                return json!({ "text": line(language, "") });
            }
            json!({ "form": pairs.iter().enumerate().map(field).collect::<Vec<_>>() })
        }
        HttpBody::Parts(parts) => {
            let made: Vec<_> = parts.iter().map(|part| part_of(language, part)).collect();
            let groups = groups(&made);
            json!({ "parts": made, "grouped": groups.is_some(), "byHand": groups.is_none(), "groups": groups })
        }
    }
}

/// Parts by name, as PHP's extension takes them; none where a name comes again with a file, which it does not.
fn groups(parts: &[Value]) -> Option<Vec<Value>> {
    let mut groups: Vec<Vec<&Value>> = Vec::new();
    for part in parts {
        match groups.iter_mut().find(|group| group[0]["name"] == part["name"]) {
            Some(group) => group.push(part),
            None => groups.push(vec![part]),
        }
    }
    let made = groups.into_iter().map(|group| {
        let name = &group[0]["name"];
        let texts: Vec<_> = group
            .iter()
            .filter(|part| part["plain"] == true)
            .map(|part| &part["text"])
            .collect();
        match group[..] {
            [one] => Some(json!({ "name": name, "one": one })),
            _ if texts.len() == group.len() => Some(json!({ "name": name, "many": true, "texts": texts })),
            _ => None,
        }
    });
    made.collect()
}

fn file(language: Language, media_type: &str) -> Value {
    let name = format!("body.{}", extension(media_type));
    json!({ "file": line(language, &if language == Language::Curl { format!("@{name}") } else { name }) })
}

/// What a file of a media type is often called.
fn extension(media_type: &str) -> &str {
    let subtype = media_type
        .split(';')
        .next()
        .unwrap_or_default()
        .split('/')
        .nth(1)
        .unwrap_or_default();
    match subtype {
        _ if is_json(media_type) => "json",
        "plain" => "txt",
        short if (2..=5).contains(&short.len()) && short.bytes().all(|byte| byte.is_ascii_lowercase()) => short,
        _ => "bin",
    }
}

fn form_option(name: &str, value: &str) -> String {
    if value.chars().any(is_hidden) {
        return format!("--data '{}={}'", encode_strictly(name), encode_strictly(value));
    }
    format!(
        "--data-urlencode {}",
        line(Language::Curl, &format!("{}={value}", encode_strictly(name)))
    )
}

fn part_of(language: Language, part: &Part) -> Value {
    let text = part.file_name.is_none().then(|| String::from_utf8_lossy(&part.content));
    let named = part
        .file_name
        .as_ref()
        .map_or_else(String::new, |name| format!("; filename=\"{name}\""));
    json!({
        "name": line(language, &part.name),
        "plain": text.is_some() && part.media_type.is_none(),
        "typed": text.is_some() && part.media_type.is_some(),
        "text": text.as_ref().map(|text| block(language, text)),
        "file": part.file_name.as_ref().map(|name| line(language, name)),
        "mediaType": part.media_type.as_ref().map(|media_type| line(language, media_type)),
        "disposition": line(language, &format!("form-data; name=\"{}\"{named}", part.name)),
        "pair": part_option(part, text.as_deref().unwrap_or_default()),
    })
}

fn part_option(part: &Part, text: &str) -> String {
    let kind = part
        .media_type
        .as_ref()
        .map_or_else(String::new, |media_type| format!(";type={media_type}"));
    let name = &part.name;
    match &part.file_name {
        Some(file) => format!("--form {}", line(Language::Curl, &format!("{name}=@\"{file}\"{kind}"))),
        None if kind.is_empty() => format!("--form-string {}", line(Language::Curl, &format!("{name}={text}"))),
        None => {
            let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("--form {}", line(Language::Curl, &format!("{name}=\"{quoted}\"{kind}")))
        }
    }
}
