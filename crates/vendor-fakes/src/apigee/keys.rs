//! An app's keys: imported, given products, approved and revoked.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::Apigee;
use super::admin::{Asked, nowhere, ok};
use super::apps::milliseconds;
use super::error::Refused;
use super::rows::{Attribute, Key};
use super::store::few_enough;
use crate::wire::Response;

/// Longest key, and longest secret, in bytes.
const VALUE_MAX_BYTES: usize = 2048;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Body {
    #[serde(default)]
    consumer_key: String,
    #[serde(default)]
    consumer_secret: String,
    #[serde(default)]
    api_products: Vec<Value>,
    #[serde(default)]
    attributes: Vec<Attribute>,
    expires_in_seconds: Option<Value>,
    // What a caller may send back as it was read, and nobody looks at.
    #[serde(rename = "expiresAt")]
    _expires_at: Option<Value>,
    #[serde(rename = "issuedAt")]
    _issued_at: Option<Value>,
    #[serde(rename = "scopes")]
    _scopes: Option<Value>,
    #[serde(rename = "status")]
    _status: Option<Value>,
}

/// `rest` is what comes behind the app: `keys` and more.
pub(super) fn answer(
    apigee: &mut Apigee,
    (email, app): (&str, &str),
    rest: &[&str],
    asked: &Asked<'_>,
) -> Result<Response, Refused> {
    let store = &mut apigee.store;
    match (asked.request.method.as_str(), rest) {
        ("POST", ["keys"] | ["keys", "create"]) => {
            let key = import(asked)?;
            store.add_key(email, app, key).map(|key| ok(&key.json()))
        }
        ("GET", ["keys", key]) => store.key_mut(email, app, key).map(|key| ok(&key.json())),
        ("POST", ["keys", key]) => change(apigee, (email, app, key), asked),
        // Only an app's scopes are changed this way, which nothing here looks at.
        ("PUT", ["keys", key]) => {
            asked.body::<Body>()?;
            store.key_mut(email, app, key).map(|key| ok(&key.json()))
        }
        ("DELETE", ["keys", key]) => store.remove_key(email, app, key).map(|key| ok(&key.json())),
        (_, ["keys", key, "apiproducts", product]) => {
            let key = store.key_mut(email, app, key)?;
            let Some(at) = key.products.iter().position(|one| one.apiproduct == *product) else {
                let message = format!("ApiProduct {product} is not associated with the consumer key");
                return Err(Refused::absent(
                    "keymanagement.service.apiproduct_not_associated",
                    message,
                ));
            };
            if asked.request.method == Method::DELETE {
                key.products.remove(at);
                return Ok(ok(&key.json()));
            }
            key.products[at].status = match asked.action()?.as_deref() {
                Some("approve") => "approved",
                Some("revoke") => "revoked",
                _ => return Err(Refused::invalid("", "Valid values of action are approve and revoke")),
            };
            Ok(Response::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(nowhere()),
    }
}

fn import(asked: &Asked<'_>) -> Result<Key, Refused> {
    let given: Body = asked.body()?;
    few_enough(&given.attributes)?;
    for value in [&given.consumer_key, &given.consumer_secret] {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if value.is_empty() || value.len() > VALUE_MAX_BYTES || !value.bytes().all(plain) {
            let message = "consumerKey and consumerSecret have letters, digits, underscores and hyphens, 2048 at most";
            return Err(Refused::invalid("keymanagement.service.InvalidConsumerKey", message));
        }
    }
    if !given.api_products.is_empty() {
        let message = "apiProducts must not be specified while creating a consumer key";
        return Err(Refused::invalid("keymanagement.service.InvalidRequest", message));
    }
    Ok(Key {
        consumer_key: given.consumer_key,
        consumer_secret: given.consumer_secret,
        // Whatever `status` says.
        approved: true,
        products: Vec::new(),
        attributes: given.attributes,
        issued_ms: asked.now_ms,
        expires_ms: milliseconds(given.expires_in_seconds.as_ref()).map(|seconds| asked.now_ms + seconds * 1000),
    })
}

/// Adds products and replaces attributes; or approves, or revokes.
fn change(apigee: &mut Apigee, (email, app, key): (&str, &str, &str), asked: &Asked<'_>) -> Result<Response, Refused> {
    if let Some(action) = asked.action()? {
        let key = apigee.store.key_mut(email, app, key)?;
        key.approved = match action.as_str() {
            "approve" => true,
            "revoke" => false,
            _ => return Err(Refused::invalid("", "Valid values of action are approve and revoke")),
        };
        return Ok(ok(&key.json()));
    }
    let given: Body = asked.body()?;
    few_enough(&given.attributes)?;
    let mut products = Vec::new();
    for product in &given.api_products {
        let Some(name) = product.as_str() else {
            return Err(Refused::invalid("", "Invalid value at 'api_products' (TYPE_STRING)"));
        };
        products.push((name.to_owned(), apigee.store.product(name)?.clone()));
    }
    let key = apigee.store.key_mut(email, app, key)?;
    key.attributes = given.attributes;
    for (name, product) in &products {
        key.attach(name, product);
    }
    Ok(ok(&key.json()))
}
