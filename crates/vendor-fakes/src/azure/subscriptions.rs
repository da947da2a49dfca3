//! Subscriptions: what opens products, with two keys each.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::Azure;
use super::arm::{check_match, done, mails, needed, not_here, properties, show, text};
use super::error::Refused;
use super::list;
use super::store::Kind;
use crate::wire::{Request, Response};

const STATES: [&str; 6] = ["suspended", "active", "expired", "submitted", "rejected", "cancelled"];
/// What names a key may go by.
const KEYS: [&str; 2] = ["primaryKey", "secondaryKey"];
/// What a body may say; more is refused by the vendor's own description.
const FIELDS: [&str; 9] = [
    "allowTracing",
    "displayName",
    "expirationDate",
    "ownerId",
    "primaryKey",
    "scope",
    "secondaryKey",
    "state",
    "stateComment",
];

/// Answers a call below `/subscriptions`.
pub(super) fn answer(azure: &mut Azure, request: &Request, rest: &[&str]) -> Result<Response, Refused> {
    let method = &request.method;
    match rest {
        [] if *method == Method::GET => list::answer(azure, request, Kind::Subscription, |_, _| true),
        [id] => match *method {
            Method::GET | Method::HEAD => show(azure, Kind::Subscription, id, StatusCode::OK),
            Method::PUT => put(azure, request, id),
            Method::PATCH => patch(azure, request, id),
            Method::DELETE => delete(azure, request, id),
            _ => Err(not_here(method)),
        },
        [id, action] if *method == Method::POST => post(azure, id, action),
        _ => Err(not_here(method)),
    }
}

fn put(azure: &mut Azure, request: &Request, id: &str) -> Result<Response, Refused> {
    check_match(azure, request, Kind::Subscription, id, false)?;
    let mut given = checked(azure, request, id)?;
    needed(text(&given, "displayName", 100)?, "displayName")?;
    needed(text(&given, "scope", 2048)?, "scope")?;
    let there = azure.store.get(Kind::Subscription, id).cloned();
    for name in KEYS {
        // Assumed: a PUT that names no keys leaves those that are there.
        let kept = there.as_ref().and_then(|entity| entity.text(name)).map(str::to_owned);
        let fresh = kept.unwrap_or_else(|| azure.random_key());
        given.entry(name).or_insert(json!(fresh));
    }
    given.entry("state").or_insert(json!("submitted"));
    given.entry("allowTracing").or_insert(json!(false));
    limited(azure, id, &given)?;
    azure.mails += u64::from(mails(request));
    azure.store.put(Kind::Subscription, id, Value::Object(given));
    let status = if there.is_some() {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    show(azure, Kind::Subscription, id, status)
}

fn patch(azure: &mut Azure, request: &Request, id: &str) -> Result<Response, Refused> {
    if azure.store.get(Kind::Subscription, id).is_none() {
        return Err(Refused::absent("Subscription"));
    }
    check_match(azure, request, Kind::Subscription, id, true)?;
    let given = checked(azure, request, id)?;
    azure.mails += u64::from(given.contains_key("state") && mails(request));
    azure.store.change(Kind::Subscription, id, &given);
    show(azure, Kind::Subscription, id, StatusCode::OK)
}

fn delete(azure: &mut Azure, request: &Request, id: &str) -> Result<Response, Refused> {
    check_match(azure, request, Kind::Subscription, id, true)?;
    Ok(done(azure.store.remove(Kind::Subscription, id)))
}

fn post(azure: &mut Azure, id: &str, action: &str) -> Result<Response, Refused> {
    let entity = azure.store.get(Kind::Subscription, id);
    let entity = entity.ok_or_else(|| Refused::absent("Subscription"))?;
    let key = match action {
        "listSecrets" => {
            let body = json!({
                "primaryKey": entity.properties.get("primaryKey"),
                "secondaryKey": entity.properties.get("secondaryKey"),
            });
            let etag = entity.etag();
            return Ok(Response::json(StatusCode::OK, &body).with("etag", &etag));
        }
        "regeneratePrimaryKey" => "primaryKey",
        "regenerateSecondaryKey" => "secondaryKey",
        _ => return Err(not_here(&Method::POST)),
    };
    let fresh = azure.random_key();
    let change = Map::from_iter([(key.to_owned(), json!(fresh))]);
    azure.store.change(Kind::Subscription, id, &change);
    Ok(Response::empty(StatusCode::NO_CONTENT))
}

/// A body whose fields can be kept, with short paths.
fn checked(azure: &Azure, request: &Request, id: &str) -> Result<Map<String, Value>, Refused> {
    let mut given = properties(request)?;
    if let Some(unknown) = given.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(Refused::field(unknown, "is not a property of a subscription"));
    }
    text(&given, "displayName", 100)?;
    if let Some(state) = text(&given, "state", 20)?
        && !STATES.contains(&state)
    {
        return Err(Refused::field("state", "Invalid subscription state"));
    }
    for name in KEYS {
        let Some(key) = text(&given, name, 256)? else {
            continue;
        };
        let theirs = azure.store.by_key(key).is_some_and(|(owner, _)| owner != id);
        let other = azure.store.get(Kind::Subscription, id).and_then(|entity| {
            let other = if name == KEYS[0] { KEYS[1] } else { KEYS[0] };
            given.get(other).and_then(Value::as_str).or_else(|| entity.text(other))
        });
        if theirs || other == Some(key) {
            // Assumed; not public.
            return Err(Refused::field(name, "A subscription with the same key already exists"));
        }
    }
    if let Some(scope) = text(&given, "scope", 2048)? {
        let scope = short(scope);
        let known = match scope.trim_start_matches('/').split_once('/') {
            None => scope == "/apis",
            Some(("products", id)) => azure.store.get(Kind::Product, id).is_some(),
            Some(("apis", id)) => azure.store.get(Kind::Api, id).is_some(),
            Some(_) => false,
        };
        if !known {
            let message = "Subscription scope should be one of '/apis', '/apis/{apiId}', '/products/{productId}'";
            return Err(Refused::field("scope", message));
        }
        given.insert("scope".to_owned(), json!(scope));
    }
    if let Some(owner) = text(&given, "ownerId", 2048)? {
        let owner = short(owner);
        let user = owner.trim_start_matches("/users/").to_owned();
        if !azure.has_users() {
            return Err(Refused::tier());
        }
        if azure.store.get(Kind::User, &user).is_none() {
            return Err(Refused::field("ownerId", "User does not exist"));
        }
        given.insert("ownerId".to_owned(), json!(owner));
    }
    Ok(given)
}

/// A path below the service, given short or whole.
fn short(path: &str) -> String {
    let found = path.to_ascii_lowercase().find("/microsoft.apimanagement/service/");
    let Some(at) = found else {
        return path.to_owned();
    };
    let below = path[at..].splitn(5, '/').nth(4).unwrap_or_default();
    format!("/{below}")
}

/// Refuses one subscription more of a user than a product allows. The answer is assumed; it is not public.
fn limited(azure: &Azure, id: &str, given: &Map<String, Value>) -> Result<(), Refused> {
    let product = given
        .get("scope")
        .and_then(Value::as_str)
        .and_then(|scope| scope.strip_prefix("/products/"));
    let limit = product
        .and_then(|product| azure.store.get(Kind::Product, product))
        .and_then(|product| product.properties.get("subscriptionsLimit")?.as_u64());
    let (Some(limit), Some(owner)) = (limit, given.get("ownerId")) else {
        return Ok(());
    };
    let others = azure.store.all(Kind::Subscription).filter(|(other, entity)| {
        *other != id
            && entity.properties.get("ownerId") == Some(owner)
            && entity.properties.get("scope") == given.get("scope")
    });
    if others.count() as u64 >= limit {
        return Err(Refused::field("scope", "Subscriptions limit reached for same user"));
    }
    Ok(())
}
