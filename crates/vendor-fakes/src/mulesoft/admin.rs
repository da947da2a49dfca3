//! The platform's API: which call it is, and whether the connected app may make it.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::error::{absent, refused};
use super::store::{Api, Store};
use super::{MuleSoft, accounts, applications, contracts, shapes};
use crate::wire::{Request, Response};

/// Objects on a page, unless the call says otherwise.
const PAGE: usize = 100;
/// Most objects on a page, as both descriptions say.
const PAGE_MAX: usize = 250;

/// Answers one call.
pub(super) fn answer(mule: &mut MuleSoft, request: &Request, now_ms: i64) -> Response {
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    if segments == ["accounts", "api", "v2", "oauth2", "token"] && request.method == Method::POST {
        return accounts::token(mule, request, now_ms);
    }
    if !accounts::lets_in(mule, request, now_ms) {
        return refused(StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    let root = mule.options.root_organization.to_string();
    let (organization, environment) = (
        mule.options.organization.to_string(),
        mule.options.environment.to_string(),
    );
    match (&request.method, &segments[..]) {
        (&Method::GET, ["accounts", "api", "me"]) => accounts::me(mule),
        (&Method::GET, ["accounts", "api", "organizations", id, "environments"]) => accounts::environments(mule, id),
        (
            _,
            [
                "exchange",
                "api",
                version @ ("v1" | "v2"),
                "organizations",
                id,
                "applications",
                rest @ ..,
            ],
        ) if *id == root => applications::answer(mule, request, version, rest),
        // What Exchange's API grew out of: anypoint-sdk still uses it.
        (
            _,
            [
                "apiplatform",
                "repository",
                "v2",
                "organizations",
                id,
                "applications",
                rest @ ..,
            ],
        ) if *id == root => applications::answer(mule, request, "repository", rest),
        (
            _,
            [
                "apimanager",
                "api",
                "v1",
                "organizations",
                org,
                "environments",
                env,
                "apis",
                rest @ ..,
            ],
        ) if *org == organization && *env == environment => apis(mule, request, rest),
        _ => absent("Resource"),
    }
}

fn apis(mule: &mut MuleSoft, request: &Request, rest: &[&str]) -> Response {
    let Some((id, rest)) = rest.split_first() else {
        return list_apis(mule, request);
    };
    let Some(api) = id.parse().ok().and_then(|id| mule.store.api(id)).cloned() else {
        return absent("API");
    };
    if let ["contracts", rest @ ..] = rest {
        return contracts::answer(mule, request, api.id, rest);
    }
    if !mule.options.scopes.view_apis {
        return super::error::forbidden();
    }
    match (&request.method, rest) {
        (&Method::GET, []) => Response::json(StatusCode::OK, &shapes::api(&mule.store, &api, &mule.options)),
        (&Method::GET, ["tiers"]) => {
            let active = request.pairs().contains(&("active".to_owned(), "true".to_owned()));
            let tiers: Vec<Value> = api
                .tiers
                .iter()
                .filter(|tier| tier.active || !active)
                .map(shapes::tier)
                .collect();
            let total = tiers.len();
            let body = json!({ "total": total, "tiers": page(request, tiers) });
            Response::json(StatusCode::OK, &body)
        }
        (&Method::GET, ["policies"]) => policies(&api, request),
        _ => refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
    }
}

/// Without `fullInfo=false`, the active ones with their templates, in an object; with it all of them, in a list.
fn policies(api: &Api, request: &Request) -> Response {
    let full = !request.pairs().contains(&("fullInfo".to_owned(), "false".to_owned()));
    let shown = api
        .policies
        .iter()
        .zip(1..)
        .filter(|(policy, _)| !full || !policy.disabled);
    let shown = shown.map(|(policy, number)| {
        let configuration = match policy.asks_for_secret {
            true => json!({
                "credentialsOriginHasHttpBasicAuthenticationHeader": "customExpression",
                "clientIdExpression": "#[attributes.headers['client_id']]",
                "clientSecretExpression": "#[attributes.headers['client_secret']]",
            }),
            false => json!({
                "credentialsOriginHasHttpBasicAuthenticationHeader": "customExpression",
                "clientIdExpression": "#[attributes.headers['client_id']]",
            }),
        };
        let id = api.id * 10 + number;
        if full {
            json!({
                "policyId": id, "policyTemplateId": id.to_string(), "order": number, "type": "system",
                "implementationAsset": { "assetId": format!("{}-mule", policy.asset) },
                "template": { "groupId": "68ef9520-24e9-4cf2-b2f5-620025690913", "assetId": policy.asset, "assetVersion": "1.3.2" },
                "configuration": configuration,
            })
        } else {
            json!({
                "id": id, "policyTemplateId": id.to_string(), "order": number, "disabled": policy.disabled,
                "groupId": "68ef9520-24e9-4cf2-b2f5-620025690913", "assetId": policy.asset, "assetVersion": "1.3.2",
                "configurationData": configuration, "apiId": api.id,
            })
        }
    });
    let shown: Vec<Value> = shown.collect();
    let body = if full {
        json!({ "policies": shown })
    } else {
        json!(shown)
    };
    Response::json(StatusCode::OK, &body)
}

/// Instances below their assets; pages count assets.
fn list_apis(mule: &MuleSoft, request: &Request) -> Response {
    if request.method != Method::GET {
        return refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed");
    }
    let Store { apis, .. } = &mule.store;
    let mut assets: Vec<&str> = apis.iter().map(|api| api.asset.as_str()).collect();
    assets.sort_unstable();
    assets.dedup();
    if !mule.options.scopes.view_apis {
        assets.clear();
    }
    let total = assets.len();
    let assets = page(request, assets).into_iter().zip(1..).map(|(asset, id)| {
        let apis: Vec<Value> = apis
            .iter()
            .filter(|api| api.asset == asset)
            .map(|api| shapes::api(&mule.store, api, &mule.options))
            .collect();
        json!({ "id": id, "name": asset, "groupId": mule.options.organization, "assetId": asset, "totalApis": apis.len(), "apis": apis })
    });
    let body = json!({ "total": total, "assets": assets.collect::<Vec<_>>() });
    Response::json(StatusCode::OK, &body)
}

/// The page of a list that a call asks for.
pub(super) fn page<T>(request: &Request, all: Vec<T>) -> Vec<T> {
    let number = |name: &str| {
        let found = request.pairs().into_iter().find(|(given, _)| given == name);
        found.and_then(|(_, value)| value.parse::<usize>().ok())
    };
    let limit = number("limit").unwrap_or(PAGE).min(PAGE_MAX);
    all.into_iter()
        .skip(number("offset").unwrap_or(0))
        .take(limit)
        .collect()
}

/// The path without anything particular, and which application it is about.
pub(super) fn about(segments: &[String]) -> (String, Option<String>) {
    let particular = |segment: &String| segment.parse::<u64>().is_ok() || segment.len() == 36;
    let template = segments.iter().map(|segment| {
        if particular(segment) {
            "/*".to_owned()
        } else {
            format!("/{segment}")
        }
    });
    let place = segments.iter().position(|segment| segment == "applications");
    let entity = place.and_then(|place| segments.get(place + 1)).cloned();
    (template.collect(), entity)
}
