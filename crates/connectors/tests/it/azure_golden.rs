//! Every request of the connector beside the one that Microsoft's own client makes for the same.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::{Connector, Step};
use http::Method;
use serde_json::{Value, json};
use tokio::process::Command;
use vendor_fakes::azure::{Fake, Options, Seed};

use crate::azure_apart::{apart, made_by_azure, own};
use crate::azure_shop::{KEY, ORDERS, PAYMENTS, Shop, drop_key, generated, scope, subscribed};
use crate::papers;

/// The same as the life below, in Microsoft's words. Ours are the names and what is in them; how they are sent is theirs.
const CLIENT: &str = r#"
import json, sys
from azure.core.exceptions import HttpResponseError
from azure.core.pipeline.policies import SansIOHTTPPolicy
from azure.mgmt.apimanagement import ApiManagementClient
from azure.mgmt.apimanagement import models as m

url, azure, group, service, words = sys.argv[1:]
words = json.loads(words)
sid, cid, mark = words["sid"], words["cid"], words["mark"]

class Nobody:
    def get_token(self, *scopes, **kwargs):
        raise AssertionError("nobody is asked")

client = ApiManagementClient(Nobody(), azure, base_url=url, authentication_policy=SansIOHTTPPolicy())
at, nobodys, etag = (group, service), "0" * 64, '"AAAAAAAA00000000"'

def slots(primary, secondary):
    return f"{mark} {words['subscription']} primary={primary} secondary={secondary}"

def tried(call, *arguments, **more):
    try:
        found = call(*arguments, **more)
        if hasattr(found, "by_page"):
            next(found.by_page(), None)
    except HttpResponseError:
        pass

def change(if_match="*", sid=sid, **what):
    tried(client.subscription.update, *at, sid, if_match, m.SubscriptionUpdateParameters(**what), notify=False)

tried(client.api_management_service.get, *at)
for name in ("subscription.get", "subscription.list_secrets"):
    group_, call = name.split(".")
    tried(getattr(getattr(client, group_), call), *at, sid)
tried(client.user.get, *at, cid)
tried(client.user.create_or_update, *at, cid, m.UserCreateParameters(
    email=cid + "@gatewright.invalid", first_name="Gatewright", last_name=cid, state="active", note=words["note"]), notify=False)
tried(client.user_subscription.list, *at, cid, top=2)
tried(client.subscription.create_or_update, *at, sid, m.SubscriptionCreateParameters(
    owner_id="/users/" + cid, scope="/products/prod-orders", display_name=slots("-", "-"), state="active",
    primary_key=nobodys, secondary_key=nobodys, allow_tracing=False), notify=False)
change(etag, display_name=slots(1, "-"), primary_key=words["key"])
change(scope="/products/prod-payments", state="active")
change(state="suspended")
change(scope="/products/prod-orders", state="active")
tried(client.subscription.regenerate_secondary_key, *at, sid)
change(etag, display_name=slots(1, 2))
change(etag, display_name=slots("-", 2), primary_key=nobodys)
change(etag, display_name=slots("?", "?"), owner_id="/users/" + cid)
tried(client.user.update, *at, cid, "*", m.UserUpdateParameters(state="active"))
tried(client.subscription.list, *at, filter=f"startswith(name,'{mark}-')", top=100)
tried(client.subscription.list, *at, top=25)
for stranger in ("legacy-mobile-app", "partner-acme"):
    tried(client.subscription.list_secrets, *at, stranger)
tried(client.product.list_by_service, *at, top=25)
for product in words["products"]:
    tried(client.product_api.list_by_product, *at, product, top=100)
tried(client.api.list_by_service, *at, top=100)
tried(client.product.get, *at, "prod-orders")
tried(client.api_product.list_by_apis, *at, "orders", top=100)
tried(client.subscription.delete, *at, sid, "*")
tried(client.user.begin_delete, *at, cid, "*", notify=False, polling=False)
# Where the subscription is not there, and where each key has one of its own.
tried(client.subscription.list, *at, filter=f"startswith(name,'{sid}-k')", top=100)
for number, product, value in ((1, "orders", words["key"]), (2, "payments", None)):
    own = f"{sid}-k{number}"
    tried(client.subscription.get, *at, own)
    tried(client.subscription.create_or_update, *at, own, m.SubscriptionCreateParameters(
        owner_id="/users/" + cid, scope="/products/prod-" + product, display_name=slots(number, "-"), state="active",
        primary_key=value, secondary_key=nobodys, allow_tracing=False), notify=False)
    tried(client.subscription.list_secrets, *at, own)
    change(sid=own, state="suspended")
    change(sid=own, state="active")
    tried(client.subscription.delete, *at, own, "*")
change(sid=sid + "-k1", scope="/products/prod-payments")
"#;

/// Every request, without what is random or counts.
fn heard(fake: &Fake) -> BTreeSet<String> {
    let state = fake.state();
    let all = state["heard"].as_array().unwrap().iter();
    let all = all.filter(|one| !one["path"].as_str().unwrap().ends_with("/token"));
    all.map(|one| normal(one).to_string()).collect()
}

fn normal(one: &Value) -> Value {
    let mut one = one.clone();
    let mut query: Vec<Value> = one["query"].as_array().unwrap().clone();
    query.sort_by_key(Value::to_string);
    one["query"] = Value::Array(query);
    if one["ifMatch"].as_str().is_some_and(|etag| etag != "*") {
        one["ifMatch"] = json!("an ETag");
    }
    let Some(properties) = one["body"].get_mut("properties").and_then(Value::as_object_mut) else {
        return one;
    };
    let nobodys = |text: &str| text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut sorted: Vec<_> = std::mem::take(properties).into_iter().collect();
    sorted.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, value) in sorted {
        let known = !value.as_str().is_some_and(nobodys);
        properties.insert(
            name,
            if known {
                value
            } else {
                json!("a value that nobody knows")
            },
        );
    }
    one
}

async fn our_life(shop: &Shop) {
    shop.apply_all(&subscribed()).await;
    let reactivate = Step::Reactivate(scope(&[ORDERS]));
    shop.apply_all(&[
        Step::Scope(scope(&[PAYMENTS])),
        Step::Suspend,
        reactivate,
        generated(2),
        drop_key(1),
    ])
    .await;
    shop.azure
        .scan(&shop.link, shop.ours.connection_id, None)
        .await
        .unwrap();
    shop.azure.adoptable(&shop.link, None).await.unwrap();
    shop.azure.discover(&shop.link, None).await.unwrap();
    shop.azure.discover(&shop.link, Some("apis".to_owned())).await.unwrap();
    shop.azure.judge(&shop.link, &[ORDERS.to_owned()]).await.unwrap();
}

async fn apart_life(shop: &Shop) {
    let azure = apart(shop);
    for step in [
        own(1, 1, KEY, ORDERS),
        made_by_azure(2, 2, PAYMENTS),
        own(1, 1, KEY, PAYMENTS),
        Step::Suspend,
        Step::Reactivate(scope(&[PAYMENTS])),
        Step::DropApplication,
    ] {
        let observed = azure.observe(&shop.link, &shop.ours).await.unwrap();
        azure.apply(&shop.link, &shop.ours, &step, &observed).await.unwrap();
    }
}

#[tokio::test]
async fn every_request_is_the_one_that_microsofts_own_client_makes() {
    let python = papers::project().join("target/azure/bin/python3");
    if !papers::project().join("target/azure/sdk-5.0.0").exists() {
        papers::skipped("azure-mgmt-apimanagement is missing; scripts/ensure-azure-sdk.sh installs it");
        return;
    }
    let records = Options {
        records: true,
        ..Options::default()
    };
    let shop = Shop::with(records.clone()).await;
    our_life(&shop).await;
    let by_hand = heard(&shop.fake).len();
    assert!(by_hand > 20, "{by_hand}");
    let ours = {
        // What was done by hand is nobody's to compare: a second life ends what the first began.
        let mut ours = heard(&shop.fake);
        shop.by_hand(Method::PATCH, &shop.path(""), json!({ "displayName": "the team's" }))
            .await;
        let changed = heard(&shop.fake);
        shop.apply(&Step::Application).await.unwrap();
        ours.extend(heard(&shop.fake).difference(&changed).cloned());
        shop.by_hand(Method::PATCH, &shop.user(), json!({ "state": "blocked" }))
            .await;
        let changed = heard(&shop.fake);
        shop.apply(&Step::Reactivate(scope(&[ORDERS]))).await.unwrap();
        shop.apply(&Step::DropApplication).await.unwrap();
        apart_life(&shop).await;
        ours.extend(heard(&shop.fake).difference(&changed).cloned());
        ours
    };
    let theirs = Fake::start(Options {
        seed: Seed::Demo,
        ..records
    })
    .await
    .unwrap();
    let options = theirs.options();
    let products: Vec<_> = shop.fake.state()["products"]
        .as_array()
        .unwrap()
        .iter()
        .map(|product| product["name"].clone())
        .collect();
    let words = json!({
        "sid": shop.ours.name(), "cid": shop.ours.consumer_name(), "mark": shop.ours.mark(),
        "subscription": shop.ours.subscription_id, "key": KEY, "products": products,
        "note": format!("{} of {}", shop.ours.customer_id, shop.ours.mark()),
    });
    let mut client = Command::new(python);
    let azure = options.subscription_id.to_string();
    client
        .args(["-c", CLIENT, &theirs.admin_url(), &azure])
        .args([&options.resource_group, &options.service_name, &words.to_string()])
        .kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(60), client.output())
        .await
        .expect("it ends")
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let theirs = heard(&theirs);
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        one.difference(other).cloned().collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        ours,
        theirs,
        "only ours:\n{}\nonly theirs:\n{}",
        only(&ours, &theirs),
        only(&theirs, &ours)
    );
}

#[tokio::test]
async fn the_comparison_sees_a_field_more_or_less() {
    let one = json!({ "method": "PATCH", "path": "/x", "query": [["b", "1"], ["a", "2"]], "ifMatch": "\"A\"", "body": { "properties": { "primaryKey": "0".repeat(64) } } });
    let mut same = one.clone();
    same["query"] = json!([["a", "2"], ["b", "1"]]);
    same["body"]["properties"]["primaryKey"] = json!("f".repeat(64));
    assert_eq!(normal(&one), normal(&same));
    let mut other = one.clone();
    other["body"]["properties"]["state"] = json!("active");
    assert_ne!(normal(&one), normal(&other));
    other = one.clone();
    other["ifMatch"] = json!("*");
    assert_ne!(normal(&one), normal(&other));
}
