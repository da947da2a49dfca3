//! Where requests arrive: APIs by their path, subscription keys, and an echo in place of the backend.

use http::StatusCode;
use serde_json::{Value, json};

use super::Azure;
use super::products::APIS;
use super::store::{Entity, Kind};
use crate::wire::{Request, Response};

/// Where a key is looked for unless an API says otherwise.
const HEADER: &str = "Ocp-Apim-Subscription-Key";
const QUERY: &str = "subscription-key";

/// Answers one request to a customer's API.
pub(super) fn answer(azure: &Azure, request: &Request) -> Response {
    let Some((api_id, api)) = api_at(azure, &request.path) else {
        return refused(StatusCode::NOT_FOUND, "Resource not found");
    };
    let names = &api.properties.get("subscriptionKeyParameterNames");
    let name = |part: &str, default: &'static str| {
        let given = names.and_then(|names| names.get(part)?.as_str());
        given.unwrap_or(default).to_owned()
    };
    let in_query = request
        .pairs()
        .into_iter()
        .find(|(found, _)| *found == name("query", QUERY));
    let key = request
        .header(&name("header", HEADER).to_ascii_lowercase())
        .map(str::to_owned);
    let key = key.or(in_query.map(|(_, value)| value));
    if !asks_for_key(azure, api_id, api) {
        return echo(request, api_id, None);
    }
    let Some(key) = key else {
        let message = "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.";
        return refused(StatusCode::UNAUTHORIZED, message);
    };
    match azure
        .store
        .by_key(&key)
        .filter(|(_, subscription)| opens(azure, subscription, api_id))
    {
        Some((id, _)) => echo(request, api_id, Some(id)),
        None => refused(
            StatusCode::UNAUTHORIZED,
            "Access denied due to invalid subscription key. Make sure to provide a valid key for an active subscription.",
        ),
    }
}

/// The API whose path is the longest that fits.
fn api_at<'a>(azure: &'a Azure, path: &str) -> Option<(&'a str, &'a Entity)> {
    let path = path.trim_start_matches('/');
    let fits = |api: &Entity| {
        let own = api.text("path").unwrap_or_default().trim_matches('/');
        path.strip_prefix(own)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            .then_some(own.len())
    };
    let found = azure
        .store
        .all(Kind::Api)
        .filter_map(|(id, api)| Some((fits(api)?, id, api)));
    found.max_by_key(|(length, ..)| *length).map(|(_, id, api)| (id, api))
}

/// Without a key an API is open whose own switch is off, or that is in a published product whose switch is off.
fn asks_for_key(azure: &Azure, api_id: &str, api: &Entity) -> bool {
    let off = |entity: &Entity| entity.properties.get("subscriptionRequired") == Some(&json!(false));
    let mut open = azure.store.all(Kind::Product);
    let open = open.any(|(_, product)| off(product) && is_published(product) && holds(product, api_id));
    !off(api) && !open
}

fn opens(azure: &Azure, subscription: &Entity, api_id: &str) -> bool {
    let blocked = subscription.text("ownerId").is_some_and(|owner| {
        let user = azure.store.get(Kind::User, owner.trim_start_matches("/users/"));
        user.and_then(|user| user.text("state")) == Some("blocked")
    });
    if subscription.text("state") != Some("active") || blocked {
        return false;
    }
    let scope = subscription.text("scope").unwrap_or_default();
    match scope.trim_start_matches('/').split_once('/') {
        None => matches!(scope, "/" | "/apis"),
        Some(("products", id)) => {
            let product = azure.store.get(Kind::Product, id);
            product.is_some_and(|product| is_published(product) && holds(product, api_id))
        }
        Some(("apis", id)) => id == api_id,
        Some(_) => false,
    }
}

fn is_published(product: &Entity) -> bool {
    product.text("state") == Some("published")
}

fn holds(product: &Entity, api_id: &str) -> bool {
    let apis = product.properties.get(APIS).and_then(Value::as_array);
    apis.is_some_and(|apis| apis.contains(&json!(api_id)))
}

fn echo(request: &Request, api_id: &str, subscription: Option<&str>) -> Response {
    let body = json!({
        "api": api_id, "method": request.method.as_str(), "path": request.path, "subscription": subscription,
    });
    Response::json(StatusCode::OK, &body)
}

fn refused(status: StatusCode, message: &str) -> Response {
    let answer = Response::json(status, &json!({ "statusCode": status.as_u16(), "message": message }));
    if status == StatusCode::UNAUTHORIZED {
        let challenge = format!("AzureApiManagementKey realm=\"https://shop\",name=\"{HEADER}\",type=\"header\"");
        return answer.with("www-authenticate", &challenge);
    }
    answer
}
