//! A client of Azure API Management that is not ours: Microsoft's own, PyPI's azure-mgmt-apimanagement.

use std::time::Duration;

use tokio::process::Command;
use vendor_fakes::azure::{Fake, Options, Seed};

use crate::papers;

/// Ends with an exception where Microsoft's client finds something other than it expects.
const CLIENT: &str = r#"
import sys
from azure.core.exceptions import HttpResponseError, ResourceModifiedError, ResourceNotFoundError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.apimanagement import ApiManagementClient
from azure.mgmt.apimanagement import models as m

url, azure, group, service = sys.argv[1:]

class Nobody:
    def get_token(self, *scopes, **kwargs):
        raise AssertionError("nobody is asked")

client = ApiManagementClient(Nobody(), azure, base_url=url, authentication_policy=SansIOHTTPPolicy())
at = (group, service)

def refused(status, code, call, *arguments, **more):
    try:
        call(*arguments, **more)
    except HttpResponseError as error:
        assert (error.status_code, error.error.code if error.error else None) == (status, code), str(error)
        return error
    raise AssertionError("nothing was refused")

found = client.api_management_service.get(*at)
assert (found.provisioning_state, found.sku.name) == ("Succeeded", "Developer"), found

user = client.user.create_or_update(*at, "sdk", m.UserCreateParameters(
    email="sdk@example.com", first_name="S", last_name="DK"), notify=False)
assert (user.name, user.state, user.email) == ("sdk", "active", "sdk@example.com")
error = refused(400, "ValidationError", client.user.create_or_update, *at, "sdk2", m.UserCreateParameters(
    email="sdk@example.com", first_name="S", last_name="DK"))
assert error.error.details[0].target == "email", error
refused(404, "ResourceNotFound", client.user.get, *at, "nobody")

parameters = dict(scope="/products/prod-orders", display_name="one", owner_id="/users/sdk")
one = client.subscription.create_or_update(*at, "one", m.SubscriptionCreateParameters(**parameters), notify=False)
assert (one.state, one.primary_key, one.secondary_key) == ("submitted", None, None), "it has to be made active"
assert one.scope.endswith("/service/" + service + "/products/prod-orders") and one.owner_id.endswith("/users/sdk")
keys = client.subscription.list_secrets(*at, "one")
assert len(keys.primary_key) == 32 and keys.primary_key != keys.secondary_key
again = client.subscription.create_or_update(*at, "one", m.SubscriptionCreateParameters(state="active", **parameters))
assert client.subscription.list_secrets(*at, "one").primary_key == keys.primary_key and again.state == "active"

etag = client.subscription.get(*at, "one", cls=lambda response, *_: response.http_response.headers["etag"])
change = m.SubscriptionUpdateParameters(primary_key="own-key-of-the-sdk", display_name="uno")
changed = client.subscription.update(*at, "one", etag, change)
assert changed.display_name == "uno" and changed.primary_key is None
refused(412, "PreconditionFailed", client.subscription.update, *at, "one", etag, change)
assert client.subscription.list_secrets(*at, "one").primary_key == "own-key-of-the-sdk"
error = refused(400, "ValidationError", client.subscription.create_or_update, *at, "two",
    m.SubscriptionCreateParameters(primary_key="own-key-of-the-sdk", **parameters))
assert error.error.details[0].target == "primaryKey", error
client.subscription.regenerate_primary_key(*at, "one")
assert len(client.subscription.list_secrets(*at, "one").primary_key) == 32
suspended = client.subscription.update(*at, "one", "*", m.SubscriptionUpdateParameters(state="suspended"), notify=False)
assert suspended.state == "suspended"

for number in range(250):
    client.subscription.create_or_update(*at, f"page-{number}", m.SubscriptionCreateParameters(
        scope="/products/prod-orders", display_name="page", state="active"))
paged = list(client.subscription.list(*at, filter="startswith(name,'page-')", top=100))
assert len({one.name for one in paged}) == len(paged) == 250, len(paged)
assert [one.name for one in client.user_subscription.list(*at, "sdk")] == ["one"]

products = {product.name: product for product in client.product.list_by_service(*at)}
assert products["prod-orders"].state == "published" and products["prod-orders"].subscription_required
assert products["prod-reports"].subscription_required is False
assert [api.name for api in client.product_api.list_by_product(*at, "prod-all")] == ["orders", "payments", "translation"]
apis = {api.name: api for api in client.api.list_by_service(*at)}
assert apis["orders"].path == "orders" and apis["status"].subscription_required is False
assert [product.name for product in client.api_product.list_by_apis(*at, "translation")] == ["prod-all", "prod-translation"]

refused(400, "ValidationError", client.user.begin_delete, *at, "sdk", "*")
client.subscription.delete(*at, "one", "*")
refused(404, "ResourceNotFound", client.subscription.get, *at, "one")
client.subscription.delete(*at, "one", "*")
client.user.begin_delete(*at, "sdk", "*", notify=False, polling_interval=0.05).result()
refused(404, "ResourceNotFound", client.user.get, *at, "sdk")
"#;

#[tokio::test]
async fn microsofts_own_client_makes_finds_and_removes_what_it_wants() {
    let python = papers::project().join("target/azure/bin/python3");
    if !python.exists() || !papers::project().join("target/azure/sdk-5.0.0").exists() {
        papers::skipped("azure-mgmt-apimanagement is missing; scripts/ensure-azure-sdk.sh installs it");
        return;
    }
    let options = Options {
        seed: Seed::Demo,
        delete_takes: Duration::from_millis(200),
        ..Options::default()
    };
    let fake = Fake::start(options.clone()).await.unwrap();
    let mut client = Command::new(python);
    let azure = options.subscription_id.to_string();
    client
        .args([
            "-c",
            CLIENT,
            &fake.admin_url(),
            &azure,
            &options.resource_group,
            &options.service_name,
        ])
        .kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(60), client.output())
        .await
        .expect("it ends")
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(fake.touched(), []);
    assert!(fake.counters().calls > 250);
}
