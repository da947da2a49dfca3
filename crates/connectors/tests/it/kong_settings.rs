//! What an operator says is judged field by field.

use gatewright_connectors::kong::{Credentials, Flavor, Kong, Settings};
use secrecy::SecretString;
use serde_json::json;

use crate::stand::{TOKEN, settings};

fn wrong(settings: Settings, credentials: serde_json::Value) -> Vec<String> {
    let credentials: Credentials = serde_json::from_value(credentials).unwrap();
    let refused = Kong::new(settings, &credentials).err().unwrap_or_default();
    refused.into_iter().map(|error| error.field).collect()
}

#[test]
fn a_plain_admin_api_needs_no_credentials() {
    assert!(wrong(settings("http://127.0.0.1:8001/"), json!({})).is_empty());
    let workspace = Settings {
        workspace: Some("team-a".into()),
        ..settings("https://kong.internal:8444/admin")
    };
    assert!(wrong(workspace, json!({ "headers": { "Kong-Admin-Token": "secret" } })).is_empty());
}

#[test]
fn konnect_needs_its_control_plane_and_a_token() {
    let konnect = || Settings {
        flavor: Flavor::Konnect,
        control_plane_id: Some("9524ec7d-36d9-465d-a8c5-83a3c9390458".into()),
        ..settings("https://eu.api.konghq.com")
    };
    assert!(wrong(konnect(), json!({ "bearer": TOKEN })).is_empty());
    assert_eq!(wrong(konnect(), json!({})), ["/credentials/bearer"]);
    let mut other = konnect();
    other.control_plane_id = Some("mine".into());
    other.workspace = Some("default".into());
    other.url = "https://eu.api.konghq.com/v2".into();
    assert_eq!(
        wrong(other, json!({ "bearer": TOKEN })),
        ["/settings/url", "/settings/workspace", "/settings/controlPlaneId"]
    );
}

#[test]
fn each_mistake_is_named_at_its_field() {
    for (url, field) in [
        ("kong:8001", "/settings/url"),
        ("https://me:secret@kong.internal", "/settings/url"),
        ("https://kong.internal/?a=b", "/settings/url"),
    ] {
        assert_eq!(wrong(settings(url), json!({})), [field], "{url}");
    }
    let mut other = settings("https://kong.internal");
    other.ca_pem = Some("no PEM".into());
    other.workspace = Some("a/b".into());
    other.control_plane_id = Some("x".into());
    assert_eq!(
        wrong(other, json!({})),
        ["/settings/controlPlaneId", "/settings/workspace", "/settings/caPem"]
    );
    let twice = json!({ "bearer": TOKEN, "basic": { "username": "a", "password": "b" } });
    assert_eq!(wrong(settings("https://kong.internal"), twice), ["/credentials"]);
    let fields = json!({ "headers": { "Host": "a", "X-Good": "b\n", "no name": "c", "X-Empty": "" } });
    assert_eq!(
        wrong(settings("https://kong.internal"), fields),
        [
            "/credentials/headers/Host",
            "/credentials/headers/X-Empty",
            "/credentials/headers/X-Good",
            "/credentials/headers/no name"
        ]
    );
}

#[test]
fn unknown_fields_are_refused_and_secrets_are_not_shown() {
    assert!(serde_json::from_value::<Credentials>(json!({ "token": TOKEN })).is_err());
    let unknown = json!({ "flavor": "ADMIN_API", "url": "https://a", "password": "x" });
    assert!(serde_json::from_value::<Settings>(unknown).is_err());
    let credentials: Credentials = serde_json::from_value(json!({
        "bearer": TOKEN, "headers": { "X-Key": "hidden-1" }, "basic": { "username": "a", "password": "hidden-2" }
    }))
    .unwrap();
    let shown = format!("{credentials:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains("hidden"), "{shown}");
}

#[test]
fn what_cannot_be_read_is_named_and_no_word_of_the_credentials_is_repeated() {
    let good = json!({ "flavor": "ADMIN_API", "url": "https://kong.internal" });
    let read = |settings: &serde_json::Value, credentials: &str| {
        let read = Kong::read(settings, &SecretString::from(credentials));
        read.err().unwrap_or_default()
    };
    assert_eq!(read(&good, "{}"), []);
    for (settings, credentials, fields) in [
        (
            json!({ "flavor": "KONG", "url": "https://a" }),
            "{}",
            vec!["/settings/flavor"],
        ),
        (json!({ "flavor": "ADMIN_API" }), "{}", vec!["/settings"]),
        (good.clone(), r#"{"basic":"hidden"}"#, vec!["/credentials/basic"]),
        (good.clone(), r#"{"bearer":77777777}"#, vec!["/credentials/bearer"]),
        (
            good.clone(),
            r#"{"headers":{"a/b":["hidden"]}}"#,
            vec!["/credentials/headers/a~1b"],
        ),
        (json!([]), "hidden", vec!["/settings", "/credentials"]),
    ] {
        let wrong = read(&settings, credentials);
        assert_eq!(
            wrong.iter().map(|error| error.field.as_str()).collect::<Vec<_>>(),
            fields,
            "{wrong:?}"
        );
        let shown = format!("{wrong:?}");
        assert!(!shown.contains("hidden") && !shown.contains("7777"), "{shown}");
    }
}
