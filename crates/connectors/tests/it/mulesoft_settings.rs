//! Settings and credentials: every mistake at its field, and no secret in the words.

use gatewright_connectors::choice::{Choice, Layout, Rotation};
use gatewright_connectors::make;
use gatewright_connectors::model::{Overlap, Vendor};
use secrecy::SecretString;
use serde_json::{Value, json};

const ID: &str = "0a000000-0000-4000-8000-000000000001";
const SECRET: &str = "theConnectedAppsSecret";

fn made(
    settings: &Value,
    credentials: &Value,
) -> Result<std::sync::Arc<dyn gatewright_connectors::Connector>, Vec<String>> {
    let mut all = json!({ "rootOrganizationId": ID, "organizationId": ID, "environmentId": ID });
    for (name, value) in settings.as_object().unwrap() {
        all[name] = value.clone();
    }
    let credentials = SecretString::from(credentials.to_string());
    make(Vendor::MuleSoft, &all, &credentials).map_err(|errors| {
        let shown = format!("{errors:?}");
        assert!(!shown.contains(SECRET), "{shown}");
        errors.into_iter().map(|error| error.field).collect()
    })
}

fn right() -> Value {
    json!({ "clientId": "abc", "clientSecret": SECRET })
}

#[test]
fn every_mistake_is_told_at_its_field() {
    for (settings, field) in [
        (json!({ "rootOrganizationId": "acme" }), "/settings/rootOrganizationId"),
        (json!({ "organizationId": "acme" }), "/settings/organizationId"),
        (json!({ "environmentId": "" }), "/settings/environmentId"),
        (json!({ "region": "eu-1/../x" }), "/settings/region"),
        (json!({ "region": "" }), "/settings/region"),
        (json!({ "url": "ftp://x" }), "/settings/url"),
        (json!({ "url": "https://anypoint.example.com/base" }), "/settings/url"),
        (json!({ "url": "https://anypoint.example.com?x=1" }), "/settings/url"),
        (json!({ "rotation": "COPY" }), "/settings"),
        (json!({ "unknown": 1 }), "/settings"),
    ] {
        assert_eq!(made(&settings, &right()).err().unwrap(), [field], "{settings}");
    }
    for (credentials, field) in [
        (json!({ "clientId": "abc" }), "/credentials"),
        (
            json!({ "clientId": "", "clientSecret": SECRET }),
            "/credentials/clientId",
        ),
        (
            json!({ "clientId": "abc", "clientSecret": "" }),
            "/credentials/clientSecret",
        ),
        (
            json!({ "clientId": "abc", "clientSecret": "x".repeat(2000) }),
            "/credentials/clientSecret",
        ),
        (json!({ "clientId": 5, "clientSecret": SECRET }), "/credentials"),
    ] {
        assert_eq!(made(&json!({}), &credentials).err().unwrap(), [field]);
    }
}

#[test]
fn what_it_can_do_follows_from_its_settings() {
    for region in ["US", "EU", "GOV", "ca1"] {
        made(&json!({ "region": region }), &right()).unwrap_or_else(|fields| panic!("{region}: {fields:?}"));
    }
    let can = |settings: Value| {
        made(&settings, &right())
            .unwrap_or_else(|fields| panic!("{fields:?}"))
            .capabilities()
            .clone()
    };
    let clone = can(json!({}));
    assert!(clone.accepts_secret && clone.overlap == Overlap::Cloned && clone.overlap_doubles_quota);
    let cut = can(json!({ "rotation": "CUT" }));
    assert!(cut.overlap == Overlap::None && !cut.overlap_doubles_quota);
    assert!(!can(json!({ "clientProvider": "OIDC" })).accepts_secret);
    assert!(can(json!({ "clientProvider": "PING_FEDERATE" })).accepts_secret);
}

#[test]
fn the_stricter_of_what_mappings_chose_counts() {
    let overlap = |connected: &str, chosen: &[Option<Rotation>]| {
        let made = made(&json!({ "rotation": connected }), &right()).unwrap_or_else(|fields| panic!("{fields:?}"));
        let choices: Vec<Choice> = chosen
            .iter()
            .map(|rotation| Choice {
                rotation: *rotation,
                ..Choice::default()
            })
            .collect();
        let used = made.choose(&choices).unwrap();
        used.map_or(made.capabilities().overlap, |used| used.capabilities().overlap)
    };
    let (clone, cut) = (Some(Rotation::Clone), Some(Rotation::Cut));
    assert_eq!(overlap("CLONE", &[]), Overlap::Cloned);
    assert_eq!(overlap("CUT", &[]), Overlap::None);
    assert_eq!(overlap("CLONE", &[None, cut]), Overlap::None);
    assert_eq!(
        overlap("CUT", &[None, clone]),
        Overlap::None,
        "one is as it was connected"
    );
    assert_eq!(overlap("CUT", &[clone, clone]), Overlap::Cloned);
    let layout = Choice {
        layout: Some(Layout::OnePerKey),
        ..Choice::default()
    };
    assert!(made(&json!({}), &right()).ok().unwrap().choose(&[layout]).is_err());
}
