//! A client of Anypoint that is not ours: PyPI's anypoint-sdk.

use std::time::Duration;

use tokio::process::Command;
use vendor_fakes::mulesoft::{Fake, Options, Seed};

use crate::papers;

/// Ends with an exception where anypoint-sdk finds something other than it expects.
const CLIENT: &str = r#"
import sys
from anypoint_sdk import AnypointClient
from anypoint_sdk._http import HttpError

url, client_id, client_secret, root, org, env = sys.argv[1:]

def refused(call, status):
    try:
        call()
    except HttpError as error:
        assert error.status == status, (error.status, error.body)
    else:
        raise AssertionError("nothing was refused")

refused(lambda: AnypointClient.from_client_credentials(client_id, "wrong", base_url=url), 401)
with AnypointClient.from_client_credentials(client_id, client_secret, base_url=url) as anypoint:
    assert {one["id"] for one in anypoint.organizations.list_accessible()} == {root, org}
    environments = anypoint.environments.list(org)
    assert [(one["id"], one["name"]) for one in environments] == [(env, "Production")], environments

    apis = anypoint.apis.list_instances(org, env, page_size=2)
    assert sorted(one["assetId"] for one in apis) == ["orders", "payments", "reports", "status", "translation"]
    orders, payments, reports = 20000001, 20000002, 20000003
    assert [one["activeContractsCount"] for one in apis if one["id"] == orders] == [1]
    assert anypoint.apis.get_instance(org, env, orders)["id"] == orders
    tiers = anypoint.tiers.list_api_tiers(org, env, payments)
    assert [(one["name"], one["autoApprove"], one["status"]) for one in tiers] == [
        ("Gold", True, "ACTIVE"), ("Silver", False, "ACTIVE"), ("Old", True, "DEPRECATED")], tiers
    policies = anypoint.policies.list_api_policies(org, env, orders)
    assert [one["template"]["assetId"] for one in policies] == ["client-id-enforcement"], policies

    made = anypoint.applications.create(root, "by the SDK", description="somebody else's client")
    assert made["clientId"] and made["clientSecret"]
    refused(lambda: anypoint.applications.create(root, "by the SDK"), 409)
    contract = anypoint.contracts.create_contract(org, env, orders, made["id"])
    assert contract["status"] == "APPROVED" and contract["apiId"] == orders, contract
    refused(lambda: anypoint.contracts.create_contract(org, env, orders, made["id"]), 409)
    # Approval is asked for where the instance says so.
    assert anypoint.contracts.create_contract(org, env, reports, made["id"])["status"] == "PENDING"
    tiered = anypoint.contracts.create_contract(
        root, env, payments, made["id"], tier_id=301, asset_id="payments", asset_version="1.0.0")
    assert tiered["status"] == "APPROVED", tiered
    listed = [one for one in anypoint.contracts.list_api_contracts(org, env, payments) if one["applicationId"] == made["id"]]
    assert [(one["status"], one["tierName"], one["applicationName"]) for one in listed] == [
        ("APPROVED", "Gold", "by the SDK")], listed

    refused(lambda: anypoint.contracts.delete_contract(org, env, orders, contract["id"]), 400)
    assert anypoint.contracts.revoke_contract(org, env, orders, contract["id"])["status"] == "REVOKED"
    anypoint.contracts.delete_contract(org, env, orders, contract["id"])
    refused(lambda: anypoint.contracts.delete_contract(org, env, orders, contract["id"]), 404)

    # Pages: more than one, and nothing twice.
    for number in range(30):
        anypoint.applications.create(root, f"page-{number:02}")
    paged = anypoint.applications.list(root, page_size=10)
    names = [one["name"] for one in paged]
    assert len(names) == len(set(names)) == 33, names
    assert [one["clientSecret"] for one in paged if one["id"] == made["id"]] == [made["clientSecret"]]
    anypoint.applications.update(root, made["id"], "renamed", description="still somebody else's")
    anypoint.contracts.revoke_contract(org, env, payments, tiered["id"])
    anypoint.applications.delete(root, made["id"])
    refused(lambda: anypoint.applications.delete(root, made["id"]), 404)
"#;

#[tokio::test]
async fn a_client_of_anypoint_makes_finds_and_removes_what_it_wants() {
    let home = papers::project().join("target/anypoint");
    let installed = std::fs::read_dir(&home)
        .is_ok_and(|mut found| found.any(|entry| entry.unwrap().file_name().to_string_lossy().starts_with("sdk-")));
    if !installed {
        papers::skipped("anypoint-sdk is missing; scripts/ensure-anypoint-sdk.sh installs it");
        return;
    }
    let options = Options {
        seed: Seed::Demo,
        ..Options::default()
    };
    let fake = Fake::start(options.clone()).await.unwrap();
    let ids = [options.root_organization, options.organization, options.environment];
    let mut client = Command::new(home.join("bin/python3"));
    client
        .args([
            "-c",
            CLIENT,
            &fake.admin_url(),
            &options.client_id,
            &options.client_secret,
        ])
        .args(ids.map(|id| id.to_string()))
        .kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(60), client.output())
        .await
        .expect("it ends")
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(fake.touched(), []);
    assert!(fake.counters().calls > 50);
}
