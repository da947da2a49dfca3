//! Bodies as Kong takes them: JSON, or a form with `[]` for lists and dots for what lies deeper.

use http::Method;
use serde_json::{Value, json};

use super::error::Refused;
use super::schema::Row;
use crate::wire::Request;

/// The body's object, and whether it was a form.
pub(super) fn read(request: &Request) -> Result<(Row, bool), Refused> {
    let content_type = match request.header("content-type") {
        // Only a call without any body may leave it out.
        None if request.body.is_empty() => return Ok((Row::new(), false)),
        None => return Err(Refused::ContentType),
        Some(content_type) => content_type
            .split(';')
            .next()
            .unwrap_or_default()
            .trim()
            .to_ascii_lowercase(),
    };
    match content_type.as_str() {
        "application/json" if request.body.is_empty() && request.method != Method::POST => Ok((Row::new(), false)),
        "application/json" => match serde_json::from_slice(&request.body) {
            Ok(Value::Object(given)) => Ok((given, false)),
            _ => Err(Refused::Json),
        },
        "application/x-www-form-urlencoded" => Ok((form(&request.body), true)),
        _ => Err(Refused::ContentType),
    }
}

fn form(body: &[u8]) -> Row {
    let mut given = Row::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        let (list, name) = match name.strip_suffix("[]") {
            Some(name) => (true, name.to_owned()),
            None => (false, name.into_owned()),
        };
        let ways: Vec<&str> = name.split('.').collect();
        place(&mut given, &ways, list, json!(value));
    }
    given
}

fn place(here: &mut Row, ways: &[&str], list: bool, value: Value) {
    match ways {
        [] => {}
        [last] => match here.get_mut(*last) {
            Some(Value::Array(items)) if list => items.push(value),
            _ => {
                let value = if list { json!([value]) } else { value };
                here.insert((*last).to_owned(), value);
            }
        },
        [way, rest @ ..] => {
            let deeper = here.entry(*way).or_insert_with(|| json!({}));
            if let Value::Object(deeper) = deeper {
                place(deeper, rest, list, value);
            }
        }
    }
}

/// A service's `url`, in place of its protocol, host, port and path.
pub(super) fn split_url(given: &mut Row) -> Result<(), Refused> {
    let Some(url) = given.get("url") else {
        return Ok(());
    };
    let text = url.as_str().unwrap_or_default();
    let parsed = url::Url::parse(text).ok();
    let Some((parsed, host)) = parsed.and_then(|url| Some((url.clone(), url.host_str()?.to_owned()))) else {
        return Err(Refused::schema(Row::from_iter([(
            "url".to_owned(),
            json!("missing host in url"),
        )])));
    };
    let port = parsed.port_or_known_default().unwrap_or(80);
    // `http://host` has no path for Kong, where a URL has `/`.
    let path = text
        .split_once("://")
        .and_then(|(_, rest)| rest.find('/'))
        .map(|_| parsed.path());
    given.insert("path".to_owned(), json!(path));
    given.insert("protocol".to_owned(), json!(parsed.scheme()));
    given.insert("host".to_owned(), json!(host));
    given.insert("port".to_owned(), json!(port));
    given.remove("url");
    Ok(())
}
