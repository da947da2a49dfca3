//! Apps: made with a key that nobody asked for, approved and revoked, and given more keys.

use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;

use super::Apigee;
use super::admin::{Asked, nowhere, ok, taken_app};
use super::error::Refused;
use super::lists;
use super::rows::{App, Attribute};
use super::store::few_enough;
use crate::wire::Response;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    #[serde(default)]
    name: String,
    #[serde(default)]
    api_products: Vec<String>,
    #[serde(default)]
    attributes: Vec<Attribute>,
    /// In milliseconds; -1: never. As text or as a number.
    key_expires_in: Option<Value>,
    // What a caller may send back as it was read, and nobody looks at.
    #[serde(rename = "appFamily")]
    _app_family: Option<Value>,
    #[serde(rename = "appId")]
    _app_id: Option<Value>,
    #[serde(rename = "callbackUrl")]
    _callback_url: Option<Value>,
    #[serde(rename = "createdAt")]
    _created_at: Option<Value>,
    #[serde(rename = "credentials")]
    _credentials: Option<Value>,
    #[serde(rename = "developerId")]
    _developer_id: Option<Value>,
    #[serde(rename = "lastModifiedAt")]
    _last_modified_at: Option<Value>,
    #[serde(rename = "scopes")]
    _scopes: Option<Value>,
    #[serde(rename = "status")]
    _status: Option<Value>,
}

pub(super) fn answer(
    apigee: &mut Apigee,
    email: &str,
    name: Option<&str>,
    asked: &Asked<'_>,
) -> Result<Response, Refused> {
    match (asked.request.method.as_str(), name) {
        ("GET", None) => lists::apps_of(apigee, email, asked),
        ("POST", None) => create(apigee, email, asked),
        ("GET", Some(name)) => shown(apigee, email, name),
        ("POST", Some(name)) => match asked.action()?.as_deref() {
            Some(action @ ("approve" | "revoke")) => {
                apigee.store.app_mut(email, name)?.approved = action == "approve";
                Ok(Response::empty(StatusCode::NO_CONTENT))
            }
            Some(_) => Err(Refused::invalid("", "Valid values of action are approve and revoke")),
            None => {
                let given: Body = asked.body()?;
                change(apigee, (email, name), given, true, asked.now_ms)
            }
        },
        ("PUT", Some(name)) => {
            let given: Body = asked.body()?;
            let another_key = !given.api_products.is_empty();
            change(apigee, (email, name), given, another_key, asked.now_ms)
        }
        ("DELETE", Some(name)) => {
            let answer = shown(apigee, email, name)?;
            let id = (email.to_owned(), name.to_owned());
            apigee.store.remove_app(&id, false, asked.now_ms);
            Ok(answer)
        }
        _ => Err(nowhere()),
    }
}

fn shown(apigee: &Apigee, email: &str, name: &str) -> Result<Response, Refused> {
    let app = apigee.store.app(email, name)?;
    Ok(ok(&app.json(apigee.store.developer(email)?)))
}

fn create(apigee: &mut Apigee, email: &str, asked: &Asked<'_>) -> Result<Response, Refused> {
    apigee.store.developer(email)?;
    let given: Body = asked.body()?;
    few_enough(&given.attributes)?;
    if given.name.is_empty() {
        return Err(Refused::invalid("developer.service.InvalidApp", "name is required"));
    }
    let id = (email.to_owned(), given.name.clone());
    if apigee.store.apps.contains_key(&id) || apigee.store.haunted(&id) {
        return Err(taken_app(&given.name));
    }
    let ends_in_ms = milliseconds(given.key_expires_in.as_ref());
    let key = apigee.store.fresh_key(&given.api_products, ends_in_ms, asked.now_ms)?;
    let app = App {
        id: apigee.store.fresh_id(),
        name: given.name.clone(),
        attributes: given.attributes,
        approved: true,
        keys: Vec::new(),
        created_ms: asked.now_ms,
        modified_ms: asked.now_ms,
    };
    apigee.store.add_app(email, app);
    apigee.store.add_key(email, &given.name, key)?;
    shown(apigee, email, &given.name)
}

/// Replaces an app's attributes; with another key, if that is asked for.
fn change(
    apigee: &mut Apigee,
    (email, name): (&str, &str),
    given: Body,
    another_key: bool,
    now_ms: i64,
) -> Result<Response, Refused> {
    apigee.store.app(email, name)?;
    few_enough(&given.attributes)?;
    if another_key {
        let ends_in_ms = milliseconds(given.key_expires_in.as_ref());
        let key = apigee.store.fresh_key(&given.api_products, ends_in_ms, now_ms)?;
        apigee.store.add_key(email, name, key)?;
    }
    let app = apigee.store.app_mut(email, name)?;
    app.attributes = given.attributes;
    app.modified_ms = now_ms;
    shown(apigee, email, name)
}

/// A number of 64 bits as Google writes and reads them; none: never.
pub(super) fn milliseconds(given: Option<&Value>) -> Option<i64> {
    let number = match given? {
        Value::String(text) => text.parse().ok()?,
        other => other.as_i64()?,
    };
    (number >= 0).then_some(number)
}
