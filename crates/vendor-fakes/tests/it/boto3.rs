//! AWS's own client, PyPI's boto3, against the fake account; and the account's own rules.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::process::Command;
use vendor_fakes::aws::{ACCESS_KEY_ID, Fake, Options, Role, SECRET_ACCESS_KEY, Seed};

use crate::papers;

const ROLE: &str = "arn:aws:iam::123456789012:role/gatewright";

/// Ends with an exception where boto3 finds something other than it expects. It signs, and checks what it parses.
const CLIENT: &str = r#"
import sys, urllib.error, urllib.request
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

url, proxy, key_id, secret, role = sys.argv[1:6]
once = Config(retries={"total_max_attempts": 1})

def client(service="apigateway", **lent):
    keys = lent or {"aws_access_key_id": key_id, "aws_secret_access_key": secret}
    return boto3.client(service, region_name="eu-central-1", endpoint_url=url, config=once, **keys)

def refused(code, status, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == status, error
    else:
        raise AssertionError("nothing was refused")

def knock(path, key):
    try:
        return urllib.request.urlopen(urllib.request.Request(proxy + path, headers={"x-api-key": key})).status
    except urllib.error.HTTPError as error:
        return error.code

lent = client("sts").assume_role(RoleArn=role, RoleSessionName="boto3", ExternalId="tenant 7")["Credentials"]
assert lent["Expiration"].year >= 2026
refused("AccessDenied", 403, client("sts").assume_role, RoleArn=role, RoleSessionName="boto3", ExternalId="other")
api = client(aws_access_key_id=lent["AccessKeyId"], aws_secret_access_key=lent["SecretAccessKey"],
             aws_session_token=lent["SessionToken"])
for api in (api, client()):
    assert api.get_account()["features"] == ["UsagePlans"]
    value = "sk_live_" + "b" * 40
    key = api.create_api_key(name="boto", value=value, enabled=True, tags={"gwr": "x", "sub": "sub_1"})
    assert key["value"] == value and key["enabled"] is True and key["tags"]["gwr"] == "x" and key["createdDate"].year >= 2026
    refused("ConflictException", 409, api.create_api_key, name="other", value=value)
    refused("BadRequestException", 400, api.create_api_key, name="short", value="short")
    twin = api.create_api_key(name="boto", enabled=False)
    assert len(twin["value"]) == 40, "names may repeat"
    named = api.get_api_keys(nameQuery="bot", includeValues=True)["items"]
    assert [one["id"] for one in named] == [key["id"], twin["id"]]
    assert "value" not in api.get_api_key(apiKey=key["id"])
    assert api.get_api_key(apiKey=key["id"], includeValue=True)["value"] == value

    member = api.create_usage_plan_key(usagePlanId="plan01", keyId=key["id"], keyType="API_KEY")
    assert member["type"] == "API_KEY" and member["name"] == "boto"
    refused("ConflictException", 409, api.create_usage_plan_key, usagePlanId="plan01", keyId=key["id"], keyType="API_KEY")
    refused("NotFoundException", 404, api.create_usage_plan_key, usagePlanId="none", keyId=key["id"], keyType="API_KEY")
    assert [plan["id"] for plan in api.get_usage_plans(keyId=key["id"])["items"]] == ["plan01"]
    assert api.get_usage_plan_key(usagePlanId="plan01", keyId=key["id"])["id"] == key["id"]
    assert key["id"] in [one["id"] for one in api.get_usage_plan_keys(usagePlanId="plan01")["items"]]
    assert knock("/orders", value) == 200 and knock("/payments", value) == 403 and knock("/orders", "no") == 403
    assert knock("/status", "") == 200 and knock("/nowhere", value) == 403
    off = [{"op": "replace", "path": "/enabled", "value": "false"}]
    assert api.update_api_key(apiKey=key["id"], patchOperations=off)["enabled"] is False
    assert knock("/orders", value) == 403
    refused("BadRequestException", 400, api.update_api_key, apiKey=key["id"],
            patchOperations=[{"op": "replace", "path": "/value", "value": "other" * 10}])

    arn = "arn:aws:apigateway:eu-central-1::/apikeys/" + key["id"]
    api.tag_resource(resourceArn=arn, tags={"cred": "1"})
    api.untag_resource(resourceArn=arn, tagKeys=["gwr"])
    assert api.get_api_key(apiKey=key["id"])["tags"] == {"sub": "sub_1", "cred": "1"}

    api.delete_usage_plan_key(usagePlanId="plan01", keyId=key["id"])
    refused("NotFoundException", 404, api.delete_usage_plan_key, usagePlanId="plan01", keyId=key["id"])
    for one in (key, twin):
        api.delete_api_key(apiKey=one["id"])
        refused("NotFoundException", 404, api.delete_api_key, apiKey=one["id"])

    orders = next(one for one in api.get_rest_apis()["items"] if one["name"] == "orders")
    (stage,) = api.get_stages(restApiId=orders["id"])["item"]
    deployed = api.get_deployment(restApiId=orders["id"], deploymentId=stage["deploymentId"], embed=["apisummary"])
    assert deployed["apiSummary"]["/"]["ANY"]["apiKeyRequired"] is True

made = [api.create_api_key(name=f"page-{number:03}", enabled=False)["id"] for number in range(60)]
pages = list(api.get_paginator("get_api_keys").paginate(nameQuery="page-", PaginationConfig={"PageSize": 25}))
assert [len(page["items"]) for page in pages] == [25, 25, 10]
assert [key["id"] for page in pages for key in page["items"]] == made

wrong = boto3.client("apigateway", region_name="eu-central-1", endpoint_url=url, config=once,
                     aws_access_key_id=key_id, aws_secret_access_key="wrong")
refused("InvalidSignatureException", 403, wrong.get_account)
refused("UnrecognizedClientException", 403, client(aws_access_key_id="AKIAUNKNOWN", aws_secret_access_key="x").get_account)
"#;

#[tokio::test]
async fn aws_s_own_client_makes_finds_and_removes_what_it_wants() {
    let folder = papers::project().join("target/python-aws");
    if !folder.join("boto3-1.44.5-moto-5.2.5").exists() {
        papers::skipped("boto3 is missing; scripts/ensure-aws-judges.sh installs it");
        return;
    }
    let fake = Fake::start(Options {
        seed: Seed::Demo,
        role: Some(Role {
            arn: ROLE.to_owned(),
            external_id: Some("tenant 7".to_owned()),
        }),
        ..Options::default()
    })
    .await
    .unwrap();
    let mut client = Command::new(folder.join("bin/python3"));
    let (url, proxy) = (fake.admin_url(), fake.proxy_url());
    client
        .args(["-c", CLIENT, &url, &proxy, ACCESS_KEY_ID, SECRET_ACCESS_KEY, ROLE])
        .kill_on_drop(true);
    let ended = tokio::time::timeout(Duration::from_secs(60), client.output())
        .await
        .expect("it ends")
        .unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    assert_eq!(fake.touched(), []);
    assert!(fake.counters().calls > 100);
}

async fn create(fake: &Fake, count: usize) -> Vec<u16> {
    let client = reqwest::Client::new();
    let mut statuses = Vec::new();
    for number in 0..count {
        let request = client
            .post(format!("{}/apikeys", fake.admin_url()))
            .header("x-console", "yes");
        let answer = request
            .json(&json!({ "name": format!("k{number}") }))
            .send()
            .await
            .unwrap();
        statuses.push(answer.status().as_u16());
    }
    statuses
}

/// A clock that stands still has all calls come at once.
fn at_once(throttles: bool) -> Options {
    let now = chrono::DateTime::from_timestamp_millis(1_795_305_600_000).unwrap();
    Options {
        clock: gatewright_types::Clock::manual(now),
        throttles,
        ..Options::default()
    }
}

#[tokio::test]
async fn calls_beyond_the_documented_rates_are_counted_and_refused_where_that_is_wanted() {
    let fake = Fake::start(at_once(false)).await.unwrap();
    assert_eq!(create(&fake, 7).await, [201; 7]);
    let rates = &fake.state()["rates"];
    assert_eq!(rates["CreateApiKey"], json!({ "calls": 7, "over": 2, "most": 7 }));
    assert_eq!(rates["*"]["over"], 0, "40 at once are a burst");
    create(&fake, 40).await;
    assert_eq!(fake.state()["rates"]["*"]["over"], 7);

    let fake = Fake::start(at_once(true)).await.unwrap();
    assert_eq!(create(&fake, 7).await, [201, 201, 201, 201, 201, 429, 429]);
    fake.advance(Duration::from_secs(1));
    assert_eq!(create(&fake, 1).await, [201]);
    let keys: Value = fake.state()["apikeys"].clone();
    assert_eq!(keys.as_array().unwrap().len(), 6);
}
