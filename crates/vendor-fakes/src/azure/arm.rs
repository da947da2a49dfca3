//! Azure Resource Manager: which object a path names, and what the method does to it.

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::error::Refused;
use super::store::{Entity, Kind};
use super::{Azure, base_path, list, login, products, subscriptions, throttle, users};
use crate::wire::{Request, Response};

/// How long a caller that was throttled is told to wait, in seconds.
const RETRY_AFTER: &str = "1";

/// Answers one call.
pub(super) fn answer(azure: &mut Azure, request: &Request, now_ms: i64) -> Response {
    if login::is_login(request) {
        return login::answer(azure, request, now_ms);
    }
    let (may, field, left) = azure.throttle.take(&request.method, now_ms);
    if !may && azure.options.throttles {
        azure.throttle.give_back(&request.method);
        return throttle::refusal().with("retry-after", RETRY_AFTER);
    }
    let answer = match login::check(azure, request, now_ms) {
        Some(refused) => refused,
        None => decide(azure, request, now_ms).unwrap_or_else(Response::from),
    };
    answer.with(field, &left.to_string())
}

fn decide(azure: &mut Azure, request: &Request, now_ms: i64) -> Result<Response, Refused> {
    let path = request
        .path
        .strip_prefix(&base_path(&azure.options))
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
        .ok_or_else(|| Refused::nowhere(&request.path))?;
    // Whether a role allows a call is looked at before whether there is anything to be called.
    let asked = format!("{} {}", request.method, azure.about(path).0);
    if azure.options.denies.contains(&asked) {
        let message = format!("The client does not have authorization to perform action '{asked}'.");
        return Err(Refused::new(StatusCode::FORBIDDEN, "AuthorizationFailed", &message));
    }
    if !request.pairs().iter().any(|(name, _)| name == "api-version") {
        let message = "The api-version query parameter (?api-version=) is required for all requests.";
        return Err(Refused::new(
            StatusCode::BAD_REQUEST,
            "MissingApiVersionParameter",
            message,
        ));
    }
    let segments: Vec<String> = path
        .split('/')
        .filter(|s| !s.is_empty())
        .map(crate::wire::decode)
        .collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let method = &request.method;
    match segments.as_slice() {
        [] if *method == Method::GET => Ok(service(azure)),
        ["subscriptions", rest @ ..] => subscriptions::answer(azure, request, rest),
        ["users", ..] if !azure.has_users() => Err(Refused::tier()),
        ["users", rest @ ..] => users::answer(azure, request, rest, now_ms),
        ["products", rest @ ..] => products::answer(azure, request, rest),
        ["apis"] if *method == Method::GET => list::answer(azure, request, Kind::Api, |_, _| true),
        ["apis", id, "products"] if *method == Method::GET => products::of_api(azure, request, id),
        ["apis", id] => products::one(azure, request, Kind::Api, id),
        ["operationResults", id] if *method == Method::GET => Ok(users::operation(azure, id)),
        _ => Err(not_here(method)),
    }
}

/// A method that an object does not have.
pub(super) fn not_here(method: &Method) -> Refused {
    let message = format!("The requested resource does not support http method '{method}'.");
    Refused::new(StatusCode::METHOD_NOT_ALLOWED, "MethodNotAllowed", &message)
}

fn service(azure: &Azure) -> Response {
    let options = &azure.options;
    let body = json!({
        "id": base_path(options),
        "name": options.service_name,
        "type": "Microsoft.ApiManagement/service",
        "location": "West Europe",
        "etag": "AAAAAAAAAAE=",
        "sku": { "name": options.sku, "capacity": 1 },
        "properties": {
            "publisherEmail": "apis@example.com",
            "publisherName": "The shop",
            "provisioningState": "Succeeded",
            "targetProvisioningState": "",
            "platformVersion": "stv2.1",
            "gatewayUrl": format!("https://{}.azure-api.net", options.service_name),
        },
    });
    Response::json(StatusCode::OK, &body)
}

/// An object as a GET shows it.
pub(super) fn shown(azure: &Azure, kind: Kind, id: &str, entity: &Entity) -> Value {
    let base = base_path(&azure.options);
    let mut properties = entity.properties.clone();
    properties.remove("primaryKey");
    properties.remove("secondaryKey");
    for name in ["scope", "ownerId"] {
        // Written short, and read back whole.
        if let Some(Value::String(path)) = properties.get_mut(name) {
            *path = format!("{base}{path}");
        }
    }
    json!({
        "id": format!("{base}/{}/{id}", kind.path()),
        "type": format!("Microsoft.ApiManagement/service/{}", kind.path()),
        "name": id,
        "properties": properties,
    })
}

/// The answer that shows an object.
pub(super) fn show(azure: &Azure, kind: Kind, id: &str, status: StatusCode) -> Result<Response, Refused> {
    let entity = azure.store.get(kind, id).ok_or_else(|| Refused::absent(kind.name()))?;
    let etag = entity.etag();
    Ok(Response::json(status, &shown(azure, kind, id, entity)).with("etag", &etag))
}

/// Whether the object is as `If-Match` says; `needed`: the field has to be there.
pub(super) fn check_match(azure: &Azure, request: &Request, kind: Kind, id: &str, needed: bool) -> Result<(), Refused> {
    let entity = azure.store.get(kind, id);
    match request.header("if-match") {
        None if needed => Err(Refused::precondition()),
        None | Some("*") => Ok(()),
        Some(etag) if entity.is_some_and(|entity| entity.etag() == etag) => Ok(()),
        Some(_) => Err(Refused::precondition()),
    }
}

/// The `properties` of a body.
pub(super) fn properties(request: &Request) -> Result<Map<String, Value>, Refused> {
    let wrong = || {
        let message = "The request content was invalid and could not be deserialized.";
        Refused::new(StatusCode::BAD_REQUEST, "InvalidRequestContent", message)
    };
    let body: Value = serde_json::from_slice(&request.body).map_err(|_| wrong())?;
    body["properties"].as_object().cloned().ok_or_else(wrong)
}

/// Whether a call leaves it to Azure to write to the user, and so lets it.
pub(super) fn mails(request: &Request) -> bool {
    !request
        .pairs()
        .iter()
        .any(|(name, value)| name == "notify" && value.eq_ignore_ascii_case("false"))
}

/// One text of `properties`, which has to have so many letters.
pub(super) fn text<'a>(given: &'a Map<String, Value>, name: &str, most: usize) -> Result<Option<&'a str>, Refused> {
    match given.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if (1..=most).contains(&text.chars().count()) => Ok(Some(text)),
        Some(_) => Err(Refused::field(
            name,
            &format!("'{name}' must be a text of 1 to {most} characters"),
        )),
    }
}

/// What a field that has to be there holds.
pub(super) fn needed<'a>(found: Option<&'a str>, name: &str) -> Result<&'a str, Refused> {
    found.ok_or_else(|| Refused::field(name, &format!("'{name}' is required")))
}

/// An answer that says nothing but that it was done.
pub(super) fn done(was_there: bool) -> Response {
    Response::empty(if was_there {
        StatusCode::OK
    } else {
        StatusCode::NO_CONTENT
    })
}
