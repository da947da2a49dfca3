//! API Manager's contracts.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::admin::page;
use super::error::{absent, forbidden, invalid, refused};
use super::store::{Contract, Status};
use super::{MuleSoft, shapes};
use crate::wire::{Request, Response};

/// Calls below one API instance.
pub(super) fn answer(mule: &mut MuleSoft, request: &Request, api: u64, rest: &[&str]) -> Response {
    let scopes = mule.options.scopes;
    let reads = request.method == Method::GET;
    match (&request.method, rest) {
        (&Method::GET, []) => list(mule, request, api),
        _ if (reads && !scopes.view_contracts) || (!reads && !scopes.manage_contracts) => forbidden(),
        (&Method::POST, []) => {
            let Ok(given) = serde_json::from_slice::<Value>(&request.body) else {
                return invalid("Request body is not valid JSON");
            };
            let Some(application) = given["applicationId"].as_u64() else {
                return invalid("applicationId is required");
            };
            create(mule, application, api, given["requestedTierId"].as_u64())
        }
        (_, [id]) => {
            let found = id.parse().ok().and_then(|id: u64| mule.store.contracts.get(&id));
            let Some(contract) = found.filter(|contract| contract.api == api).cloned() else {
                return absent("Contract");
            };
            match request.method {
                Method::GET => shown(mule, &contract, StatusCode::OK, false),
                Method::PATCH => change(mule, request, contract),
                Method::DELETE => delete(mule, &contract),
                _ => refused(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            }
        }
        _ => absent("Resource"),
    }
}

fn shown(mule: &MuleSoft, contract: &Contract, status: StatusCode, whole: bool) -> Response {
    Response::json(status, &shapes::contract(&mule.store, contract, &mule.options, whole))
}

fn list(mule: &MuleSoft, request: &Request, api: u64) -> Response {
    let all: Vec<&Contract> = mule
        .store
        .contracts
        .values()
        .filter(|contract| mule.options.scopes.view_contracts && contract.api == api)
        .collect();
    let total = all.len();
    let contracts: Vec<Value> = page(request, all)
        .into_iter()
        .map(|contract| shapes::contract(&mule.store, contract, &mule.options, false))
        .collect();
    Response::json(StatusCode::OK, &json!({ "total": total, "contracts": contracts }))
}

/// The form in which Exchange asks for a contract.
pub(super) fn create_in_exchange(mule: &mut MuleSoft, request: &Request, application: u64) -> Response {
    let given: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let wanted = [
        "acceptedTerms",
        "organizationId",
        "groupId",
        "assetId",
        "version",
        "versionGroup",
    ];
    if let Some(missing) = wanted.into_iter().find(|name| given[name].is_null()) {
        return invalid(&format!("{missing} is required"));
    }
    let Some(api) = given["apiId"].as_str().and_then(|id| id.parse().ok()) else {
        return invalid("apiId is required");
    };
    if mule.store.api(api).is_none() {
        return absent("API");
    }
    create(mule, application, api, given["requestedTierId"].as_u64())
}

fn create(mule: &mut MuleSoft, application: u64, api: u64, tier: Option<u64>) -> Response {
    let store = &mule.store;
    let Some(found) = store.api(api).filter(|_| store.applications.contains_key(&application)) else {
        return absent("Application");
    };
    if found.deprecated {
        return invalid("The API instance is deprecated");
    }
    if store.contracts_of(application).any(|contract| contract.api == api) {
        return refused(
            StatusCode::CONFLICT,
            "A contract between the application and the API already exists",
        );
    }
    let auto = match tier {
        None if !found.tiers.is_empty() => return invalid("requestedTierId is required"),
        None => !found.manual,
        Some(id) => match found.tiers.iter().find(|tier| tier.id == id && tier.active) {
            Some(tier) => tier.auto_approve,
            None => return absent("Tier"),
        },
    };
    let contract = Contract {
        id: mule.store.next_id(),
        application,
        api,
        status: if auto { Status::Approved } else { Status::Pending },
        tier: tier.filter(|_| auto),
        requested_tier: tier.filter(|_| !auto),
    };
    mule.store.contracts.insert(contract.id, contract.clone());
    shown(mule, &contract, StatusCode::CREATED, true)
}

fn change(mule: &mut MuleSoft, request: &Request, mut contract: Contract) -> Response {
    let given: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    if let Some(name) = given["status"].as_str() {
        let Some(next) = Status::ALL.into_iter().find(|status| status.as_str() == name) else {
            return invalid("status is not known");
        };
        if !contract.status.can_become(next) {
            let words = format!("A contract cannot become {name} from {}", contract.status.as_str());
            return invalid(&words);
        }
        contract.status = next;
        if next == Status::Approved {
            contract.tier = contract.requested_tier.take().or(contract.tier);
        }
    }
    if let Some(tier) = given["tierId"].as_u64() {
        let api = mule.store.api(contract.api);
        if !api.is_some_and(|api| api.tiers.iter().any(|one| one.id == tier && one.active)) {
            return absent("Tier");
        }
        contract.tier = Some(tier);
        contract.requested_tier = None;
    }
    mule.store.contracts.insert(contract.id, contract.clone());
    shown(mule, &contract, StatusCode::OK, true)
}

fn delete(mule: &mut MuleSoft, contract: &Contract) -> Response {
    if !matches!(contract.status, Status::Revoked | Status::Rejected) {
        return invalid("A contract must be revoked before it is deleted");
    }
    mule.store.contracts.remove(&contract.id);
    Response::empty(StatusCode::NO_CONTENT)
}
