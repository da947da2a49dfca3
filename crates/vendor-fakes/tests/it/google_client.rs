//! A client of Apigee that is not ours: Google's own, which signs in with the service account's key.

use std::time::Duration;

use serde_json::json;
use tokio::process::Command;
use vendor_fakes::apigee::{Fake, Options, Seed};

use crate::papers;

/// Ends with an exception where the client finds something other than it expects.
const CLIENT: &str = r#"
import json, sys
from google.oauth2 import service_account
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

url, token_url, key = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
scopes = ["https://www.googleapis.com/auth/cloud-platform"]
credentials = service_account.Credentials.from_service_account_info({**key, "token_uri": token_url}, scopes=scopes)
root = build("apigee", "v1", credentials=credentials, static_discovery=True, client_options={"api_endpoint": url})
organizations = root.organizations()
developers, products = organizations.developers(), organizations.apiproducts()
apps = developers.apps()
keys = apps.keys()

def refused(request, status):
    try:
        request.execute()
    except HttpError as error:
        assert error.status_code == status, error
        return error
    raise AssertionError("nothing was refused")

def act(request):
    # What Apigee's reference says of actions, and the client does not do by itself.
    request.headers["content-type"] = "application/octet-stream"
    request.body = None
    return request.execute()

org = "organizations/acme-prod"
assert organizations.get(name=org).execute()["state"] == "ACTIVE"
body = {"email": "sdk@example.com", "firstName": "S", "lastName": "D", "userName": "sdk"}
developer = developers.create(parent=org, body=body).execute()
assert developer["status"] == "active" and developer["developerId"]
error = refused(developers.create(parent=org, body=body), 409)
assert "already exists" in str(error), error
D = f"{org}/developers/sdk@example.com"
app = apps.create(parent=D, body={"name": "sdk-app"}).execute()
(auto,) = app["credentials"]
assert auto["status"] == "approved" and "apiProducts" not in auto or auto["apiProducts"] == []
A = f"{D}/apps/sdk-app"
imported = {"consumerKey": "sdk-key_1", "consumerSecret": "sdk-secret"}
keys.create().create(parent=A, body=imported).execute()
error = refused(keys.create().create(parent=A, body=imported), 409)
assert "ConsumerKeyAlreadyExists" in error.content.decode() and "ABORTED" in error.content.decode()
refused(keys.create().create(parent=A, body={**imported, "consumerKey": "not/allowed"}), 400)
K = f"{A}/keys/sdk-key_1"
attributes = [{"name": "n", "value": "1"}]
key = keys.updateDeveloperAppKey(name=K, body={"apiProducts": ["prod-orders", "prod-payments"], "attributes": attributes}).execute()
assert {one["apiproduct"]: one["status"] for one in key["apiProducts"]} == {"prod-orders": "approved", "prod-payments": "pending"}
key = keys.updateDeveloperAppKey(name=K, body={"apiProducts": ["prod-orders"]}).execute()
assert key["attributes"] == [] and len(key["apiProducts"]) == 2
act(keys.apiproducts().updateDeveloperAppKeyApiProduct(name=f"{K}/apiproducts/prod-payments", action="approve"))
assert all(one["status"] == "approved" for one in keys.get(name=K).execute()["apiProducts"])
refused(apps.generateKeyPairOrUpdateDeveloperAppStatus(name=A, action="revoke", body={}), 400)
act(apps.generateKeyPairOrUpdateDeveloperAppStatus(name=A, action="revoke"))
listed = organizations.apps().list(parent=org, expand=True, includeCred=True).execute()["app"]
assert "sdk-app" not in [one["name"] for one in listed]
listed = organizations.apps().list(parent=org, expand=True, includeCred=True, status="revoked").execute()["app"]
assert [one["name"] for one in listed] == ["sdk-app"] and listed[0]["developerEmail"] == "sdk@example.com"
act(apps.generateKeyPairOrUpdateDeveloperAppStatus(name=A, action="approve"))
more = apps.generateKeyPairOrUpdateDeveloperAppStatus(name=A, body={"name": "sdk-app", "apiProducts": ["prod-orders"]}).execute()
assert len(more["credentials"]) == 3
for number in range(25):
    products.create(parent=org, body={"name": f"page-{number:02}", "proxies": ["orders"]}).execute()
names, start = [], None
while True:
    page = [one["name"] for one in products.list(parent=org, count="10", startKey=start).execute()["apiProduct"]]
    names += page[1:] if start else page
    if len(page) < 10:
        break
    start = page[-1]
assert len(set(names)) == len(names) == 31, names
keys.delete(name=K).execute()
refused(keys.get(name=K), 404)
act(developers.setDeveloperStatus(name=D, action="inactive"))
assert developers.get(name=D).execute()["status"] == "inactive"
apps.delete(name=A).execute()
developers.delete(name=D).execute()
refused(developers.get(name=D), 404)
refused(organizations.get(name="organizations/nobodys"), 403)
"#;

#[tokio::test]
async fn somebody_elses_client_signs_in_makes_finds_and_removes_what_it_wants() {
    let python = papers::project().join("target/python/bin/python3");
    let installed = papers::project().join("target/python/google-api-python-client-2.202.0");
    if !installed.exists() {
        papers::skipped("Google's client is missing; scripts/ensure-google-api-client.sh installs it");
        return;
    }
    let fake = Fake::start(Options {
        seed: Seed::Demo,
        ..Options::default()
    })
    .await
    .unwrap();
    let key = fake.service_account_key();
    let mut client = Command::new(python);
    client
        .args([
            "-c",
            CLIENT,
            &fake.admin_url(),
            &fake.token_url(),
            &json!(key).to_string(),
        ])
        .kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(60), client.output())
        .await
        .expect("it ends")
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(fake.touched(), []);
    assert!(fake.counters().calls > 50);
}
