//! What an operator says is judged field by field.

use gatewright_connectors::azure::Azure;
use gatewright_connectors::make;
use gatewright_connectors::model::Vendor;
use secrecy::SecretString;
use serde_json::{Value, json};

const SECRET: &str = "qfr8Q~hunter2";

fn sound() -> Value {
    json!({
        "subscriptionId": "0a200000-0000-4000-8000-000000000001",
        "resourceGroup": "shop_(1)",
        "serviceName": "shop-apim",
        "tenantId": "contoso.onmicrosoft.com",
    })
}

fn wrong(settings: &Value, credentials: &Value) -> Vec<String> {
    let refused = Azure::read(settings, &SecretString::from(credentials.to_string()));
    let refused = refused.err().unwrap_or_default();
    assert!(!format!("{refused:?}").contains(SECRET), "{refused:?}");
    refused.into_iter().map(|error| error.field).collect()
}

fn credentials() -> Value {
    json!({ "clientId": "0a20c11e-0000-4000-8000-000000000001", "clientSecret": SECRET })
}

#[test]
fn the_clouds_own_addresses_need_not_be_said() {
    assert!(wrong(&sound(), &credentials()).is_empty());
    for cloud in ["PUBLIC", "US_GOVERNMENT", "CHINA"] {
        let mut settings = sound();
        settings["cloud"] = json!(cloud);
        settings["url"] = json!("https://arm.internal/");
        settings["loginUrl"] = json!("https://login.internal");
        assert!(wrong(&settings, &credentials()).is_empty(), "{cloud}");
    }
    let connector = make(
        Vendor::AzureApiManagement,
        &sound(),
        &SecretString::from(credentials().to_string()),
    );
    let connector = connector.unwrap();
    let can = connector.capabilities();
    assert_eq!((can.scope_max, can.credentials_max), (Some(1), Some(2)));
    let rates: Vec<_> = can
        .call_rates
        .iter()
        .map(|rate| (rate.operations, rate.calls, rate.seconds))
        .collect();
    assert_eq!(rates, [("read.", 25, 1), ("write.", 10, 1), ("delete.", 10, 1)]);
    let key = can.rate_key.as_deref().unwrap();
    assert!(
        key.contains("0a200000-0000-4000-8000-000000000001") && !key.contains(SECRET),
        "{key}"
    );
}

#[test]
fn each_mistake_is_named_at_its_field() {
    for (field, value) in [
        ("subscriptionId", json!("mine")),
        ("subscriptionId", json!(7)),
        ("resourceGroup", json!("a/b")),
        ("resourceGroup", json!("ends.")),
        ("resourceGroup", json!("")),
        ("serviceName", json!("1shop")),
        ("serviceName", json!("shop-")),
        ("serviceName", json!("shop/../x")),
        ("tenantId", json!("common")),
        ("tenantId", json!("a/b")),
        ("tenantId", json!("")),
        ("cloud", json!("MARS")),
        ("url", json!("https://arm.internal?x=1")),
        ("url", json!("nonsense")),
        ("loginUrl", json!("ftp://login.internal")),
    ] {
        let mut settings = sound();
        settings[field] = value.clone();
        assert_eq!(
            wrong(&settings, &credentials()),
            [format!("/settings/{field}")],
            "{value}"
        );
    }
    let mut unknown = sound();
    unknown["productKeys"] = json!("PER_PRODUCT");
    assert_eq!(wrong(&unknown, &credentials()).len(), 1);
}

#[test]
fn credentials_are_judged_and_never_repeated() {
    for (credentials, field) in [
        (
            json!({ "clientId": "x", "clientSecret": "" }),
            "/credentials/clientSecret",
        ),
        (
            json!({ "clientId": "", "clientSecret": SECRET }),
            "/credentials/clientId",
        ),
        (
            json!({ "clientId": "x", "clientSecret": [SECRET] }),
            "/credentials/clientSecret",
        ),
        (json!({ "clientId": "x", "password": SECRET }), "/credentials/password"),
    ] {
        assert_eq!(wrong(&sound(), &credentials), [field]);
    }
    assert_eq!(wrong(&sound(), &json!(SECRET)), ["/credentials"]);
}
