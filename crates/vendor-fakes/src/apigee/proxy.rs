//! The runtime: finds the proxy by its base path and asks for a key as VerifyAPIKey does.

use std::collections::HashMap;

use http::StatusCode;
use serde_json::{Value, json};

use super::Apigee;
use super::rows::{Product, Proxy};
use crate::wire::{Request, Response};

/// Remembered findings; more are not remembered.
const CACHE_MAX: usize = 100_000;

/// What was found about a key at a proxy, and until when that is believed.
#[derive(Default)]
pub(super) struct Cache(HashMap<(String, String), (i64, Finding)>);

/// Who calls; or why they may not, as a status, Apigee's code and its words.
type Finding = Result<String, (StatusCode, &'static str, &'static str)>;

pub(super) fn answer(apigee: &mut Apigee, request: &Request, now_ms: i64) -> Response {
    let proxies = apigee.store.proxies.values();
    let here = proxies.filter(|proxy| request.path.starts_with(&proxy.base_path));
    let Some(proxy) = here.max_by_key(|proxy| proxy.base_path.len()).cloned() else {
        let why = "Unable to identify proxy for host: default and url";
        return fault(
            StatusCode::NOT_FOUND,
            "messaging.adaptors.http.flow.ApplicationNotFound",
            why,
        );
    };
    if !proxy.verifies {
        return Response::json(StatusCode::OK, &json!({ "proxy": proxy.name }));
    }
    let queried = || {
        request
            .pairs()
            .into_iter()
            .find(|(name, _)| name == "apikey")
            .map(|(_, value)| value)
    };
    let Some(key) = request.header("x-apikey").map(str::to_owned).or_else(queried) else {
        let why = "Failed to resolve API Key variable request.header.x-apikey";
        return fault(StatusCode::UNAUTHORIZED, "steps.oauth.v2.FailedToResolveAPIKey", why);
    };
    match found(apigee, &proxy, &key, now_ms) {
        Ok(app) => Response::json(
            StatusCode::OK,
            &json!({ "proxy": proxy.name, "developer.app.name": app }),
        ),
        Err((status, code, why)) => fault(status, code, why),
    }
}

fn found(apigee: &mut Apigee, proxy: &Proxy, key: &str, now_ms: i64) -> Finding {
    let place = (proxy.name.clone(), key.to_owned());
    if let Some((until_ms, finding)) = apigee.seen.0.get(&place)
        && now_ms < *until_ms
    {
        return finding.clone();
    }
    let finding = verify(apigee, proxy, key, now_ms);
    let believed_ms = i64::try_from(apigee.options.cache.as_millis()).unwrap_or(i64::MAX);
    if believed_ms > 0 && apigee.seen.0.len() < CACHE_MAX {
        apigee
            .seen
            .0
            .insert(place, (now_ms.saturating_add(believed_ms), finding.clone()));
    }
    finding
}

fn verify(apigee: &Apigee, proxy: &Proxy, key: &str, now_ms: i64) -> Finding {
    let no = |code, why| Err((StatusCode::UNAUTHORIZED, code, why));
    let Some((developer, app, key)) = apigee.store.owner(key) else {
        return no("oauth.v2.InvalidApiKey", "Invalid ApiKey");
    };
    if !developer.active {
        return no(
            "keymanagement.service.DeveloperStatusNotActive",
            "Developer Status is not Active",
        );
    }
    if !app.approved {
        return no(
            "keymanagement.service.invalid_client-app_not_approved",
            "App is not approved",
        );
    }
    if !key.approved || key.expires_ms.is_some_and(|ends_ms| ends_ms <= now_ms) {
        return no("oauth.v2.ApiKeyNotApproved", "Invalid ApiKey");
    }
    if key.products.is_empty() {
        let code = "keymanagement.service.consumer_key_missing_api_product_association";
        return Err((
            StatusCode::BAD_REQUEST,
            code,
            "The app credential is missing the API product association",
        ));
    }
    let attached = key.products.iter().filter(|one| one.status == "approved");
    let mut products = attached.filter_map(|one| apigee.store.products.get(&one.apiproduct));
    if products.any(|product| opens(product, proxy)) {
        return Ok(app.name.clone());
    }
    no(
        "oauth.v2.InvalidApiKeyForGivenResource",
        "Invalid ApiKey for given resource",
    )
}

/// A product without proxies opens all of them; one without environments, in all of them.
fn opens(product: &Product, proxy: &Proxy) -> bool {
    let texts = |name: &str| {
        product
            .get(name)
            .and_then(Value::as_array)
            .filter(|all| !all.is_empty())
    };
    let here = texts("environments").is_none_or(|all| all.iter().any(|one| *one == proxy.environment));
    let configs = product
        .get("operationGroup")
        .and_then(|group| group["operationConfigs"].as_array());
    let named = |all: &Vec<Value>| all.iter().any(|one| *one == proxy.name);
    let in_operations = |all: &Vec<Value>| all.iter().any(|one| one["apiSource"] == proxy.name);
    here && match (texts("proxies"), configs) {
        (None, None) => true,
        (proxies, configs) => proxies.is_some_and(named) || configs.is_some_and(in_operations),
    }
}

fn fault(status: StatusCode, code: &str, words: &str) -> Response {
    let body = json!({ "fault": { "faultstring": words, "detail": { "errorcode": code } } });
    Response::json(status, &body)
}
