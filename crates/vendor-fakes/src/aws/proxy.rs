//! Where requests arrive: a custom domain with a base path for each API, which leads to its stage `prod`.
//!
//! A method that asks for a key wants one that is enabled and in a usage plan of the stage. What is wrong is not told apart.

use http::StatusCode;
use serde_json::json;

use super::Aws;
use super::store::{Api, Method};
use crate::wire::{Request, Response};

const STAGE: &str = "prod";

/// Answers one request to a customer's service.
pub(super) fn answer(aws: &Aws, request: &Request) -> Response {
    let refuse = |status, kind, message: &str| {
        Response::json(status, &json!({ "message": message })).with("x-amzn-errortype", kind)
    };
    let segments = request.segments();
    let found = segments.split_first().and_then(|(base, rest)| {
        let api = aws.store.apis.iter().find(|api| api.name == *base)?;
        Some((api, method(api, request.method.as_str(), rest)?))
    });
    let Some((api, method)) = found else {
        let kind = "MissingAuthenticationTokenException";
        return refuse(StatusCode::FORBIDDEN, kind, "Missing Authentication Token");
    };
    let forbidden = || refuse(StatusCode::FORBIDDEN, "ForbiddenException", "Forbidden");
    if method.authorization != "NONE" {
        return forbidden();
    }
    if !method.needs_key {
        return echo(api, None);
    }
    let given = request.header("x-api-key").unwrap_or_default();
    let key = aws.store.keys.iter().find(|key| key.value == given && key.enabled);
    let stage = (api.id.clone(), STAGE.to_owned());
    match key {
        Some(key) if aws.store.plans_of(&key.id).any(|plan| plan.stages.contains(&stage)) => echo(api, Some(&key.id)),
        _ => forbidden(),
    }
}

/// The method that a request comes to: a path that is said in full before one that takes any rest.
fn method<'a>(api: &'a Api, verb: &str, rest: &[String]) -> Option<&'a Method> {
    let methods = api.deployments.get(api.stages.get(STAGE)?)?;
    let path = format!("/{}", rest.join("/"));
    let fits = |method: &&Method| method.path == path || (method.path == "/{proxy+}" && path != "/");
    let fitting = || methods.iter().filter(fits);
    let exact = fitting().find(|method| method.method == verb);
    exact.or_else(|| fitting().find(|method| method.method == "ANY"))
}

/// In place of the service.
fn echo(api: &Api, key_id: Option<&str>) -> Response {
    Response::json(StatusCode::OK, &json!({ "service": api.name, "apiKeyId": key_id }))
}
