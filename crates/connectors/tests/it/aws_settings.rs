//! What an operator may say, and which field is wrong.

use gatewright_connectors::make;
use gatewright_connectors::model::Vendor;
use secrecy::SecretString;
use serde_json::{Value, json};

fn wrong(settings: &Value, credentials: &Value) -> Vec<String> {
    let credentials = SecretString::from(credentials.to_string());
    match make(Vendor::AwsApiGateway, settings, &credentials) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|error| error.field).collect(),
    }
}

fn good() -> (Value, Value) {
    let settings = json!({ "region": "eu-central-1", "assumeRole": {
        "roleArn": "arn:aws:iam::123456789012:role/path/gatewright", "externalId": "tenant:7", "sessionName": "gateway@example" } });
    let credentials = json!({ "accessKeyId": "AKIARZPUZDIKCWNSD7RT", "secretAccessKey": "aSecret/With+Signs" });
    (settings, credentials)
}

#[test]
fn a_region_and_an_access_key_are_enough() {
    let (settings, credentials) = good();
    assert_eq!(wrong(&settings, &credentials), [""; 0]);
    for region in ["us-east-1", "cn-north-1", "us-gov-west-1", "ap-southeast-7"] {
        assert_eq!(wrong(&json!({ "region": region }), &credentials), [""; 0], "{region}");
    }
    let vpc = json!({ "region": "eu-central-1", "url": "https://vpce-1.apigateway.eu-central-1.vpce.amazonaws.com/" });
    assert_eq!(wrong(&vpc, &credentials), [""; 0]);
}

#[test]
fn every_field_is_looked_at() {
    let (settings, credentials) = good();
    for (pointer, value, field) in [
        ("/region", json!("Frankfurt"), "/settings/region"),
        ("/region", json!("eu-central-1.evil.example/"), "/settings/region"),
        ("/url", json!("apigateway"), "/settings/url"),
        ("/url", json!("https://example.com/path"), "/settings/url"),
        ("/stsUrl", json!("https://user:pw@example.com"), "/settings/stsUrl"),
        (
            "/assumeRole/roleArn",
            json!("gatewright"),
            "/settings/assumeRole/roleArn",
        ),
        (
            "/assumeRole/roleArn",
            json!("arn:aws:iam::123456789012:user/me"),
            "/settings/assumeRole/roleArn",
        ),
        ("/assumeRole/externalId", json!("x"), "/settings/assumeRole/externalId"),
        (
            "/assumeRole/sessionName",
            json!("with spaces"),
            "/settings/assumeRole/sessionName",
        ),
    ] {
        let mut settings = settings.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        settings.pointer_mut(parent).unwrap()[name] = value.clone();
        assert_eq!(wrong(&settings, &credentials), [field], "{pointer} {value}");
    }
    for (name, value, field) in [
        ("accessKeyId", json!("short"), "/credentials/accessKeyId"),
        ("secretAccessKey", json!(""), "/credentials/secretAccessKey"),
        ("secretAccessKey", json!("with space"), "/credentials/secretAccessKey"),
        ("sessionToken", json!("with\nline"), "/credentials/sessionToken"),
        (
            "accessKeyId",
            json!("ASIARZPUZDIKCWNSD7RT"),
            "/credentials/sessionToken",
        ),
        ("unknown", json!("secret-thing"), "/credentials"),
    ] {
        let mut credentials = credentials.clone();
        credentials[name] = value;
        assert_eq!(wrong(&settings, &credentials), [field], "{name}");
    }
    assert_eq!(wrong(&json!({}), &credentials), ["/settings"]);
}

#[test]
fn no_word_of_the_credentials_is_repeated() {
    let (settings, _) = good();
    for credentials in [
        r#"{"accessKeyId":"hunter2secret"}"#,
        r#"{"accessKeyId":5,"secretAccessKey":"hunter2secret"}"#,
        "hunter2secret",
    ] {
        let errors = make(Vendor::AwsApiGateway, &settings, &SecretString::from(credentials))
            .err()
            .unwrap();
        assert!(!format!("{errors:?}").contains("hunter2"), "{errors:?}");
    }
}
