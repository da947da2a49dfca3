//! Users: who subscriptions belong to.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::arm::{check_match, done, mails, needed, not_here, properties, show, text};
use super::error::Refused;
use super::store::Kind;
use super::{Azure, base_path, list};
use crate::wire::{Request, Response};

const STATES: [&str; 4] = ["active", "blocked", "pending", "deleted"];
/// What a body may say.
const FIELDS: [&str; 9] = [
    "appType",
    "confirmation",
    "email",
    "firstName",
    "identities",
    "lastName",
    "note",
    "password",
    "state",
];

/// Answers a call below `/users`.
pub(super) fn answer(azure: &mut Azure, request: &Request, rest: &[&str], now_ms: i64) -> Result<Response, Refused> {
    let method = &request.method;
    match rest {
        [] if *method == Method::GET => list::answer(azure, request, Kind::User, |_, _| true),
        [id] => match *method {
            Method::GET | Method::HEAD => show(azure, Kind::User, id, StatusCode::OK),
            Method::PUT => put(azure, request, id),
            Method::PATCH => patch(azure, request, id),
            Method::DELETE => delete(azure, request, id, now_ms),
            _ => Err(not_here(method)),
        },
        [id, "subscriptions"] if *method == Method::GET => {
            if azure.store.get(Kind::User, id).is_none() {
                return Err(Refused::absent("User"));
            }
            let owner = json!(format!("/users/{id}"));
            list::answer(azure, request, Kind::Subscription, |_, entity| {
                entity.properties.get("ownerId") == Some(&owner)
            })
        }
        _ => Err(not_here(method)),
    }
}

fn put(azure: &mut Azure, request: &Request, id: &str) -> Result<Response, Refused> {
    check_match(azure, request, Kind::User, id, false)?;
    let mut given = checked(azure, request, id)?;
    for (name, most) in [("email", 254), ("firstName", 100), ("lastName", 100)] {
        needed(text(&given, name, most)?, name)?;
    }
    given.entry("state").or_insert(json!("active"));
    let there = azure.store.get(Kind::User, id).is_some();
    azure.mails += u64::from(mails(request));
    azure.store.put(Kind::User, id, Value::Object(given));
    show(
        azure,
        Kind::User,
        id,
        if there { StatusCode::OK } else { StatusCode::CREATED },
    )
}

fn patch(azure: &mut Azure, request: &Request, id: &str) -> Result<Response, Refused> {
    if azure.store.get(Kind::User, id).is_none() {
        return Err(Refused::absent("User"));
    }
    check_match(azure, request, Kind::User, id, true)?;
    let given = checked(azure, request, id)?;
    azure.store.change(Kind::User, id, &given);
    show(azure, Kind::User, id, StatusCode::OK)
}

fn delete(azure: &mut Azure, request: &Request, id: &str, now_ms: i64) -> Result<Response, Refused> {
    check_match(azure, request, Kind::User, id, true)?;
    if azure.store.get(Kind::User, id).is_none() {
        return Ok(done(false));
    }
    let owner = json!(format!("/users/{id}"));
    let owned = azure.store.all(Kind::Subscription);
    let owned = owned.filter(|(_, entity)| entity.properties.get("ownerId") == Some(&owner));
    let owned: Vec<String> = owned.map(|(id, _)| id.to_owned()).collect();
    let too = request
        .pairs()
        .iter()
        .any(|(name, value)| name == "deleteSubscriptions" && value == "true");
    if !owned.is_empty() && !too {
        // Assumed; not public.
        let message = "User has subscriptions; set deleteSubscriptions to delete them too";
        return Err(Refused::field("userId", message));
    }
    azure.mails += u64::from(mails(request));
    for subscription in owned {
        azure.store.remove(Kind::Subscription, &subscription);
    }
    if azure.options.delete_takes.is_zero() {
        azure.store.remove(Kind::User, id);
        return Ok(done(false));
    }
    let takes = i64::try_from(azure.options.delete_takes.as_millis()).unwrap_or(i64::MAX);
    if !azure.leaving.iter().any(|(leaving, _)| leaving == id) {
        azure.leaving.push((id.to_owned(), now_ms.saturating_add(takes)));
    }
    let host = request.header("host").unwrap_or("management.azure.com");
    let base = base_path(&azure.options);
    let location = format!("http://{host}{base}/operationResults/{id}?api-version=2024-05-01");
    Ok(Response::empty(StatusCode::ACCEPTED).with("location", &location))
}

/// How far a deletion is.
pub(super) fn operation(azure: &Azure, id: &str) -> Response {
    let leaving = azure.leaving.iter().any(|(leaving, _)| leaving == id);
    Response::empty(if leaving {
        StatusCode::ACCEPTED
    } else {
        StatusCode::NO_CONTENT
    })
}

fn checked(azure: &Azure, request: &Request, id: &str) -> Result<Map<String, Value>, Refused> {
    let given = properties(request)?;
    if let Some(unknown) = given.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(Refused::field(unknown, "is not a property of a user"));
    }
    if let Some(state) = text(&given, "state", 20)?
        && !STATES.contains(&state)
    {
        return Err(Refused::field("state", "Invalid user state"));
    }
    if let Some(email) = text(&given, "email", 254)? {
        let mut users = azure.store.all(Kind::User);
        if users.any(|(other, user)| other != id && user.text("email") == Some(email)) {
            // Assumed; not public.
            return Err(Refused::field("email", "User with the same email already exists"));
        }
    }
    Ok(given)
}
