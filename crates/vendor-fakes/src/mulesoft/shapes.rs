//! Objects as the platform shows them. What has no value is left out, as its descriptions have no nulls there.

use serde_json::{Value, json};

use super::Options;
use super::store::{Api, Application, Contract, Status, Store, Tier};

/// When everything was made.
const THEN: &str = "2026-01-01T00:00:00.000Z";

pub(super) fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(fields) = &mut value {
        fields.retain(|_, value| !value.is_null());
    }
    value
}

/// As a list of Exchange has it: without the pair.
pub(super) fn listed(application: &Application, options: &Options) -> Value {
    without_nulls(json!({
        "masterOrganizationId": options.root_organization,
        "id": application.id,
        "name": application.name,
        "description": application.description,
        "grantTypes": [],
        "redirectUri": [],
        "url": application.url,
    }))
}

/// As the application itself is shown.
pub(super) fn application(application: &Application, options: &Options) -> Value {
    let mut shown = listed(application, options);
    shown["clientId"] = json!(application.client_id);
    shown["clientSecret"] = json!(application.client_secret);
    shown["coreServicesId"] = json!(application.client_id);
    shown["owner"] = json!(application.owner);
    shown
}

pub(super) fn tier(tier: &Tier) -> Value {
    json!({
        "audit": { "created": { "date": THEN }, "updated": {} },
        "id": tier.id,
        "name": tier.name,
        "description": "",
        "limits": [{ "maximumRequests": 1000, "timePeriodInMilliseconds": 60000, "visible": true }],
        "status": if tier.active { "ACTIVE" } else { "DEPRECATED" },
        "autoApprove": tier.auto_approve,
    })
}

fn tier_of(store: &Store, contract: &Contract, id: Option<u64>) -> Option<Value> {
    let api = store.api(contract.api)?;
    api.tiers.iter().find(|tier| Some(tier.id) == id).map(tier)
}

/// As Exchange shows it below its application.
pub(super) fn contract_of_application(store: &Store, contract: &Contract, options: &Options) -> Value {
    without_nulls(json!({
        "id": contract.id,
        "status": contract.status.as_str(),
        "applicationId": contract.application,
        "apiVersionId": contract.api,
        "apiVersion": { "id": contract.api, "organizationId": options.organization, "environmentId": options.environment },
        "tierId": contract.tier,
        "requestedTierId": contract.requested_tier,
        "tier": tier_of(store, contract, contract.tier),
        "requestedTier": tier_of(store, contract, contract.requested_tier),
    }))
}

/// As API Manager shows it below its API instance; `whole`, as after it was made or changed, with the pair.
pub(super) fn contract(store: &Store, contract: &Contract, options: &Options, whole: bool) -> Value {
    let date = |status: Status| (contract.status == status).then_some(THEN);
    let owner = store.applications.get(&contract.application).map(|one| match whole {
        true => application(one, options),
        false => without_nulls(json!({
            "audit": { "created": { "date": THEN }, "updated": {} },
            "id": one.id, "name": one.name, "description": one.description, "coreServicesId": one.client_id,
        })),
    });
    without_nulls(json!({
        "audit": { "created": { "date": THEN }, "updated": {} },
        "masterOrganizationId": options.root_organization,
        "organizationId": options.organization,
        "id": contract.id,
        "status": contract.status.as_str(),
        "approvedDate": date(Status::Approved),
        "rejectedDate": date(Status::Rejected),
        "revokedDate": date(Status::Revoked),
        "applicationId": contract.application,
        "application": owner,
        "tierId": contract.tier,
        "tier": tier_of(store, contract, contract.tier),
        "requestedTierId": contract.requested_tier,
        "requestedTier": tier_of(store, contract, contract.requested_tier),
        "apiId": contract.api,
        "api": { "audit": { "created": {}, "updated": {} }, "id": contract.api },
    }))
}

/// As the list of instances has it, below its asset.
pub(super) fn api(store: &Store, api: &Api, options: &Options) -> Value {
    let active = store
        .contracts
        .values()
        .filter(|contract| contract.api == api.id && contract.status == Status::Approved);
    without_nulls(json!({
        "audit": { "created": { "date": THEN }, "updated": {} },
        "masterOrganizationId": options.root_organization,
        "organizationId": options.organization,
        "id": api.id,
        "groupId": options.organization,
        "assetId": api.asset,
        "assetVersion": "1.0.0",
        "productVersion": "v1",
        "instanceLabel": api.label,
        "deprecated": api.deprecated,
        "environmentId": options.environment,
        "endpointUri": format!("https://api.example.com/{}", api.asset),
        "activeContractsCount": active.count(),
    }))
}
