//! Exchange's client applications.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::admin::page;
use super::error::{absent, forbidden, invalid, refused};
use super::store::{Application, OURSELVES, Status};
use super::{ClientProvider, MuleSoft, contracts, shapes};
use crate::wire::{Request, Response};

/// Longest name of an application; assumed.
const NAME_MAX: usize = 255;

/// `version` is v1, where a pair can be brought along, v2, or the older repository's.
pub(super) fn answer(mule: &mut MuleSoft, request: &Request, version: &str, rest: &[&str]) -> Response {
    let Some((id, rest)) = rest.split_first() else {
        return match request.method {
            Method::GET => list(mule, request, version),
            Method::POST => create(mule, request, version),
            _ => refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
        };
    };
    let scopes = mule.options.scopes;
    let reads = request.method == Method::GET;
    if (reads && !scopes.view_applications) || (!reads && !scopes.manage_applications) {
        return forbidden();
    }
    let Some(id) = id
        .parse::<u64>()
        .ok()
        .filter(|id| mule.store.applications.contains_key(id))
    else {
        return absent("Application");
    };
    match (&request.method, rest) {
        (&Method::GET, []) => {
            let shown = shapes::application(&mule.store.applications[&id], &mule.options);
            Response::json(StatusCode::OK, &shown)
        }
        (&Method::PATCH | &Method::PUT, []) => update(mule, request, id),
        (&Method::DELETE, []) => delete(mule, id),
        (&Method::GET, ["contracts"]) if !scopes.view_contracts => Response::json(StatusCode::OK, &json!([])),
        (&Method::GET, ["contracts"]) => {
            let shown = mule.store.contracts_of(id);
            let shown = shown.map(|one| shapes::contract_of_application(&mule.store, one, &mule.options));
            Response::json(StatusCode::OK, &shown.collect())
        }
        (&Method::POST, ["contracts"]) => contracts::create_in_exchange(mule, request, id),
        (&Method::POST, ["secret", "reset"]) => {
            let secret = mule.store.hex();
            mule.store.secrets.push(secret.clone());
            if let Some(application) = mule.store.applications.get_mut(&id) {
                application.client_secret.clone_from(&secret);
            }
            Response::json(StatusCode::CREATED, &json!({ "clientSecret": secret }))
        }
        _ => refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
    }
}

fn list(mule: &MuleSoft, request: &Request, version: &str) -> Response {
    let pairs = request.pairs();
    let asked = |name: &str| {
        pairs
            .iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.as_str())
    };
    let query = asked("query").unwrap_or_default().to_lowercase();
    let literal = asked("literalMatch") == Some("true");
    // Without it, what others made is not seen.
    let all = asked("targetAdminSite") == Some("true");
    let matches = |application: &Application| {
        let text = format!(
            "{} {}",
            application.name,
            application.description.as_deref().unwrap_or_default()
        )
        .to_lowercase();
        // Where it is not meant literally, every word of it finds something.
        match literal {
            true => text.contains(&query),
            false => query.is_empty() || query.split('-').any(|word| text.contains(word)),
        }
    };
    let mut found: Vec<&Application> = mule
        .store
        .applications
        .values()
        .filter(|application| mule.options.scopes.view_applications && (all || application.owner == OURSELVES))
        .filter(|application| matches(application))
        .collect();
    if asked("sort") == Some("name") {
        found.sort_by(|one, other| one.name.cmp(&other.name));
    }
    let total = found.len();
    let shown = page(request, found).into_iter();
    if version == "repository" {
        let shown: Vec<Value> = shown.map(|one| shapes::application(one, &mule.options)).collect();
        return Response::json(StatusCode::OK, &json!({ "applications": shown, "total": total }));
    }
    let shown: Vec<Value> = shown.map(|one| shapes::listed(one, &mule.options)).collect();
    Response::json(StatusCode::OK, &json!(shown))
}

fn create(mule: &mut MuleSoft, request: &Request, version: &str) -> Response {
    if !mule.options.scopes.manage_applications {
        return forbidden();
    }
    let Ok(given) = serde_json::from_slice::<Value>(&request.body) else {
        return invalid("Request body is not valid JSON");
    };
    let name = given["name"].as_str().unwrap_or_default();
    if name.is_empty() || name.len() > NAME_MAX {
        return invalid("name is required");
    }
    if version != "repository" && !mule.store.apis.is_empty() {
        let instance = request.pairs().into_iter().find(|(given, _)| given == "apiInstanceId");
        match instance.and_then(|(_, id)| id.parse().ok()) {
            None => return invalid("A target apiInstanceId or groupInstanceId is required"),
            Some(id) if mule.store.api(id).is_none() => return absent("API instance"),
            Some(_) => {}
        }
    }
    let (client_id, client_secret) = match (&given["clientId"], &given["clientSecret"]) {
        (Value::Null, Value::Null) => (mule.store.hex(), mule.store.hex()),
        (Value::String(id), Value::String(secret)) if version == "v1" => {
            if mule.options.client_provider == ClientProvider::Oidc {
                return invalid("The client provider does not allow to define the client's credentials");
            }
            let plain =
                |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~".contains(c));
            if !plain(id) || !plain(secret) {
                return invalid("clientId has characters that are not allowed");
            }
            (id.clone(), secret.clone())
        }
        // The later version makes them itself, whatever it is told.
        _ => (mule.store.hex(), mule.store.hex()),
    };
    let applications = &mule.store.applications;
    if applications.values().any(|application| application.name == name) {
        return refused(StatusCode::CONFLICT, "There is already an application with that name");
    }
    if applications
        .values()
        .any(|application| application.client_id == client_id)
    {
        return refused(StatusCode::CONFLICT, &format!("Client id {client_id} already exists"));
    }
    if applications.values().filter(|one| one.owner == OURSELVES).count() >= mule.options.applications_max {
        return invalid("The maximum number of applications has been reached");
    }
    let text = |name: &str| given[name].as_str().map(str::to_owned);
    let id = mule.store.add_application(Application {
        id: 0,
        name: name.to_owned(),
        description: text("description"),
        url: text("url"),
        client_id,
        client_secret,
        owner: OURSELVES,
    });
    let shown = shapes::application(&mule.store.applications[&id], &mule.options);
    Response::json(StatusCode::CREATED, &shown)
}

fn update(mule: &mut MuleSoft, request: &Request, id: u64) -> Response {
    let Ok(given) = serde_json::from_slice::<Value>(&request.body) else {
        return invalid("Request body is not valid JSON");
    };
    let name = given["name"].as_str();
    let taken = |application: &Application| application.id != id && Some(application.name.as_str()) == name;
    if mule.store.applications.values().any(taken) {
        return refused(StatusCode::CONFLICT, "There is already an application with that name");
    }
    let Some(application) = mule.store.applications.get_mut(&id) else {
        return absent("Application");
    };
    if let Some(name) = name {
        name.clone_into(&mut application.name);
    }
    if let Some(description) = given["description"].as_str() {
        application.description = Some(description.to_owned());
    }
    let shown = shapes::application(&mule.store.applications[&id], &mule.options);
    Response::json(StatusCode::OK, &shown)
}

fn delete(mule: &mut MuleSoft, id: u64) -> Response {
    if mule
        .store
        .contracts_of(id)
        .any(|contract| contract.status == Status::Approved)
    {
        return refused(StatusCode::CONFLICT, "The application has approved contracts");
    }
    mule.store.contracts.retain(|_, contract| contract.application != id);
    mule.store.applications.remove(&id);
    Response::empty(StatusCode::NO_CONTENT)
}
