//! The management API: keys, usage plans, their keys, and what of REST APIs is read here.

use std::collections::{BTreeMap, BTreeSet};

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::error::Refused;
use super::store::{Api, Key, Plan};
use super::{Aws, sign};
use crate::stage::Place;
use crate::wire::{Request, Response};

/// Who shows this field sits at AWS's console: another login, and no signature.
const CONSOLE: &str = "x-console";
/// Objects on a page unless the caller says otherwise, and the most.
const PAGE: usize = 25;
const PAGE_MAX: usize = 500;

/// The name that AWS gives an operation, for its rates.
fn operation(method: &Method, segments: &[&str]) -> &'static str {
    match (method.as_str(), segments) {
        ("GET", ["account"]) => "GetAccount",
        ("POST", ["apikeys"]) => "CreateApiKey",
        ("GET", ["apikeys"]) => "GetApiKeys",
        ("GET", ["apikeys", _]) => "GetApiKey",
        ("PATCH", ["apikeys", _]) => "UpdateApiKey",
        ("DELETE", ["apikeys", _]) => "DeleteApiKey",
        ("POST", ["usageplans"]) => "CreateUsagePlan",
        ("GET", ["usageplans"]) => "GetUsagePlans",
        ("GET", ["usageplans", _]) => "GetUsagePlan",
        ("PATCH", ["usageplans", _]) => "UpdateUsagePlan",
        ("DELETE", ["usageplans", _]) => "DeleteUsagePlan",
        ("POST", ["usageplans", _, "keys"]) => "CreateUsagePlanKey",
        ("GET", ["usageplans", _, "keys"]) => "GetUsagePlanKeys",
        ("GET", ["usageplans", _, "keys", _]) => "GetUsagePlanKey",
        ("DELETE", ["usageplans", _, "keys", _]) => "DeleteUsagePlanKey",
        ("GET", ["restapis"]) => "GetRestApis",
        ("GET", ["restapis", _]) => "GetRestApi",
        ("GET", ["restapis", _, "stages"]) => "GetStages",
        ("GET", ["restapis", _, "stages", _]) => "GetStage",
        ("GET", ["restapis", _, "deployments", _]) => "GetDeployment",
        ("PUT", ["tags", _]) => "TagResource",
        ("DELETE", ["tags", _]) => "UntagResource",
        _ => "",
    }
}

/// Answers one request to the management API, or to the token service beside it.
pub(super) fn answer(aws: &mut Aws, request: &Request, now_ms: i64) -> Response {
    if request.path == "/" {
        return sign::token_service(aws, request, now_ms);
    }
    match managed(aws, request, now_ms) {
        Ok(answer) => answer,
        Err(refused) => refused.into(),
    }
}

fn managed(aws: &mut Aws, request: &Request, now_ms: i64) -> Result<Response, Refused> {
    if request.header(CONSOLE).is_none() {
        sign::check(aws, request, "apigateway", now_ms)?;
    }
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let operation = operation(&request.method, &segments);
    if operation.is_empty() {
        return Err(Refused::forbidden(
            "AccessDeniedException",
            "Unable to determine service/operation name to be authorized",
        ));
    }
    if aws.options.denied.contains(operation) {
        let message = format!(
            "User is not authorized to perform: apigateway:{} on this resource",
            request.method
        );
        return Err(Refused::forbidden("AccessDeniedException", message));
    }
    if !aws.throttle.admits(operation, now_ms) && aws.options.throttles {
        return Err(Refused::throttled());
    }
    if segments[0] == "restapis" {
        return read_api(aws, request, operation, &segments);
    }
    if segments[0] == "tags" {
        return tags(aws, request, segments[1]);
    }
    if segments[0] == "usageplans" {
        return plan(aws, request, operation, &segments);
    }
    key(aws, request, operation, &segments, now_ms)
}

fn body(request: &Request) -> Result<Value, Refused> {
    serde_json::from_slice(&request.body).map_err(|_| Refused::bad("Invalid request body"))
}

fn key(aws: &mut Aws, request: &Request, operation: &str, segments: &[&str], now_ms: i64) -> Result<Response, Refused> {
    let id = segments.get(1).copied().unwrap_or_default();
    let with_value = |name: &str| asked(request, name).as_deref() == Some("true");
    match operation {
        "GetAccount" => {
            let features: &[&str] = if aws.options.usage_plans { &["UsagePlans"] } else { &[] };
            ok(
                &json!({ "throttleSettings": { "burstLimit": 5000, "rateLimit": 10000.0 },
                "features": features, "apiKeyVersion": "4" }),
            )
        }
        "CreateApiKey" => {
            let key = aws.store.create_key(&body(request)?, now_ms)?;
            Ok(Response::json(StatusCode::CREATED, &key.shown(true)))
        }
        "GetApiKeys" => {
            let prefix = asked(request, "name").unwrap_or_default();
            let found: Vec<&Key> = aws
                .store
                .keys
                .iter()
                .filter(|key| key.name.starts_with(&prefix))
                .collect();
            page(
                request,
                &found,
                |key| &key.id,
                |key| key.shown(with_value("includeValues")),
            )
        }
        "GetApiKey" => ok(&aws.store.key(id)?.shown(with_value("includeValue"))),
        "UpdateApiKey" => {
            let given = body(request)?;
            let key = aws.store.key_mut(id)?;
            for change in given["patchOperations"]
                .as_array()
                .ok_or_else(|| Refused::bad("Invalid patch"))?
            {
                match (change["op"].as_str(), change["path"].as_str(), change["value"].as_str()) {
                    (Some("replace"), Some("/enabled"), Some("true")) => key.enabled = true,
                    (Some("replace"), Some("/enabled"), Some("false")) => key.enabled = false,
                    (Some("replace"), Some("/name"), Some(name)) => name.clone_into(&mut key.name),
                    (Some("replace"), Some("/description"), Some(text)) => text.clone_into(&mut key.description),
                    _ => return Err(Refused::bad("Invalid patch path or value")),
                }
            }
            key.updated_ms = now_ms;
            ok(&key.shown(false))
        }
        _ => {
            aws.store.delete_key(id)?;
            Ok(Response::empty(StatusCode::ACCEPTED))
        }
    }
}

/// Tags of a key, by its ARN.
fn tags(aws: &mut Aws, request: &Request, arn: &str) -> Result<Response, Refused> {
    let begin = format!("arn:aws:apigateway:{}::/apikeys/", aws.options.region);
    let id = arn
        .strip_prefix(&begin)
        .ok_or_else(|| Refused::bad("Invalid ARN specified in the request"))?;
    let key = aws.store.key_mut(id)?;
    if request.method == Method::DELETE {
        let gone: Vec<String> = request
            .pairs()
            .into_iter()
            .filter(|(name, _)| name == "tagKeys")
            .map(|(_, tag)| tag)
            .collect();
        key.tags.retain(|name, _| !gone.contains(name));
    } else {
        let given: BTreeMap<String, String> =
            serde_json::from_value(body(request)?["tags"].clone()).map_err(|_| Refused::bad("Invalid tags"))?;
        key.tags.extend(given);
    }
    Ok(Response::empty(StatusCode::NO_CONTENT))
}

fn plan(aws: &mut Aws, request: &Request, operation: &str, segments: &[&str]) -> Result<Response, Refused> {
    let store = &mut aws.store;
    let id = segments.get(1).copied().unwrap_or_default();
    let key_id = segments.get(3).copied().unwrap_or_default();
    match operation {
        "CreateUsagePlan" => {
            let given = body(request)?;
            let stages = given["apiStages"].as_array().cloned().unwrap_or_default();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let plan = Plan {
                id: store.random(6),
                name: text(&given["name"]),
                stages: stages
                    .iter()
                    .map(|one| (text(&one["apiId"]), text(&one["stage"])))
                    .collect::<BTreeSet<_>>(),
                throttle: None,
                quota: None,
            };
            store.plans.push(plan.clone());
            Ok(Response::json(StatusCode::CREATED, &plan.shown()))
        }
        "GetUsagePlans" => {
            let found: Vec<&Plan> = match asked(request, "keyId") {
                Some(key) => store.plans_of(&key).collect(),
                None => store.plans.iter().collect(),
            };
            page(request, &found, |plan| &plan.id, Plan::shown)
        }
        "GetUsagePlan" => ok(&store.plan(id)?.shown()),
        "UpdateUsagePlan" => Err(Refused::bad("the stand-in's plans do not change")),
        "DeleteUsagePlan" => {
            store.plan(id)?;
            store.plans.retain(|plan| plan.id != id);
            store.members.retain(|(plan, _)| plan != id);
            Ok(Response::empty(StatusCode::ACCEPTED))
        }
        "CreateUsagePlanKey" => {
            let given = body(request)?;
            if given["keyType"] != "API_KEY" {
                return Err(Refused::bad("Invalid keyType"));
            }
            let key = store.join(id, given["keyId"].as_str().unwrap_or_default())?;
            let shown = json!({ "id": key.id, "type": "API_KEY", "name": key.name });
            Ok(Response::json(StatusCode::CREATED, &shown))
        }
        "GetUsagePlanKeys" => {
            store.plan(id)?;
            let in_it = |key: &&Key| store.members.contains(&(id.to_owned(), key.id.clone()));
            let found: Vec<&Key> = store.keys.iter().filter(in_it).collect();
            let shown = |key: &Key| json!({ "id": key.id, "type": "API_KEY", "name": key.name, "value": key.value });
            page(request, &found, |key| &key.id, shown)
        }
        "GetUsagePlanKey" => {
            store.plan(id)?;
            if !store.members.contains(&(id.to_owned(), key_id.to_owned())) {
                return Err(Refused::absent("API Key"));
            }
            let key = store.key(key_id)?;
            ok(&json!({ "id": key.id, "type": "API_KEY", "name": key.name }))
        }
        _ => {
            store.leave(id, key_id)?;
            Ok(Response::empty(StatusCode::ACCEPTED))
        }
    }
}

fn read_api(aws: &Aws, request: &Request, operation: &str, segments: &[&str]) -> Result<Response, Refused> {
    if operation == "GetRestApis" {
        let all: Vec<&Api> = aws.store.apis.iter().collect();
        return page(request, &all, |api| &api.id, Api::shown);
    }
    let api = aws.store.api(segments[1])?;
    let named = segments.get(3).copied().unwrap_or_default();
    match operation {
        "GetRestApi" => ok(&api.shown()),
        "GetStages" => ok(&json!({ "item": api.stages.keys().filter_map(|name| api.stage(name)).collect::<Vec<_>>() })),
        "GetStage" => ok(&api.stage(named).ok_or_else(|| Refused::absent("stage"))?),
        _ => {
            let summary = api.summary(named).ok_or_else(|| Refused::absent("Deployment"))?;
            let mut shown = json!({ "id": named, "createdDate": 1_700_000_000 });
            if asked(request, "embed").as_deref() == Some("apisummary") {
                shown["apiSummary"] = summary;
            }
            ok(&shown)
        }
    }
}

/// A page of what is there, from behind the object that `position` names.
fn page<T>(
    request: &Request,
    all: &[&T],
    id: impl Fn(&T) -> &str,
    shown: impl Fn(&T) -> Value,
) -> Result<Response, Refused> {
    let limit = match asked(request, "limit").map(|limit| limit.parse::<usize>()) {
        None => PAGE,
        Some(Ok(limit)) if (1..=PAGE_MAX).contains(&limit) => limit,
        Some(_) => return Err(Refused::bad("Invalid limit")),
    };
    let begin = match asked(request, "position") {
        None => 0,
        Some(position) => {
            let found = all.iter().position(|one| id(one) == position);
            found.ok_or_else(|| Refused::bad("Invalid position"))? + 1
        }
    };
    let end = (begin + limit).min(all.len());
    let items: Vec<Value> = all[begin..end].iter().map(|one| shown(one)).collect();
    let mut body = json!({ "item": items });
    if end < all.len() && end > begin {
        body["position"] = id(all[end - 1]).into();
    }
    ok(&body)
}

fn ok(body: &Value) -> Result<Response, Refused> {
    Ok(Response::json(StatusCode::OK, body))
}

fn asked(request: &Request, name: &str) -> Option<String> {
    request
        .pairs()
        .into_iter()
        .find(|(one, _)| one == name)
        .map(|(_, value)| value)
}

/// What a call is about: a key by its id, whatever is done to it.
pub(super) fn place(request: &Request) -> Place {
    let segments = request.segments();
    let entity = match segments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["apikeys", id] | ["usageplans", _, "keys", id] => Some(format!("apikeys/{id}")),
        _ => None,
    };
    let whole = segments.iter().enumerate().map(|(place, segment)| match place % 2 {
        0 => segment.as_str(),
        _ => "*",
    });
    Place {
        path: request.path.clone(),
        template: format!("/{}", whole.collect::<Vec<_>>().join("/")),
        entity,
    }
}
