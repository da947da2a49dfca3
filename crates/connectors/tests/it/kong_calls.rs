//! The calls as they go over the wire: which, in which order, with what in them.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::kong::{Flavor, Settings, SuspendBy};
use gatewright_connectors::model::{Secret, mark};
use gatewright_connectors::{Connector, FaultKind, Observed, Step};
use secrecy::SecretString;

use crate::stand::{Said, TOKEN, application, json, kong, link, settings};

const LONG: Duration = Duration::from_secs(10);

/// Answers like a Kong where nothing is and every change succeeds.
fn empty(request: &str) -> String {
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let path = head.split(' ').nth(1).unwrap();
    let last = path.rsplit('/').next().unwrap();
    match head.split(' ').next().unwrap() {
        "GET" => json("404 Not Found", r#"{"message":"Not found"}"#),
        "DELETE" => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
        _ => {
            let mut row: serde_json::Value = serde_json::from_str(body).unwrap();
            if row.get("id").is_none() {
                row["id"] = last.into();
            }
            json("200 OK", &row.to_string())
        }
    }
}

fn scope(groups: &[&str]) -> BTreeSet<String> {
    groups.iter().map(|group| (*group).to_owned()).collect()
}

#[tokio::test]
async fn a_fresh_application_costs_no_call_too_many() {
    let said = Said::start(empty).await;
    let (link, calls) = link(LONG);
    let (kong, ours) = (kong(settings(&said.url)), application(1));
    let observed = kong.observe(&link, &ours).await.unwrap();
    assert_eq!(observed, Observed::default());
    calls.take();
    let secret = Secret::Provided(SecretString::from("sk_live_1"));
    for (step, expected) in [
        (Step::Application, vec!["consumer.put"]),
        (Step::Scope(scope(&["prod-a", "prod-b"])), vec!["acl.post", "acl.post"]),
        (
            Step::Credential {
                number: 1,
                first: 1,
                admitted: true,
                secret,
                scope: BTreeSet::new(),
            },
            vec!["key.post"],
        ),
    ] {
        kong.apply(&link, &ours, &step, &observed).await.unwrap();
        assert_eq!(calls.take(), expected, "{}", step.operation());
    }
}

#[tokio::test]
async fn every_object_has_our_names_and_tags() {
    let said = Said::start(empty).await;
    let (link, _) = link(LONG);
    let (kong, ours) = (kong(settings(&said.url)), application(1));
    let steps = [
        Step::Application,
        Step::Scope(scope(&["prod-a"])),
        Step::Credential {
            number: 3,
            first: 3,
            admitted: true,
            secret: Secret::Generated,
            scope: BTreeSet::new(),
        },
        Step::Suspend,
    ];
    for step in &steps[..2] {
        kong.apply(&link, &ours, step, &Observed::default()).await.unwrap();
    }
    // This server makes no key: that is said, and not hidden.
    assert!(kong.apply(&link, &ours, &steps[2], &Observed::default()).await.is_err());
    kong.apply(&link, &ours, &steps[3], &Observed::default()).await.unwrap();
    let bodies: Vec<serde_json::Value> = said
        .seen()
        .iter()
        .filter_map(|request| serde_json::from_str(request.split_once("\r\n\r\n")?.1).ok())
        .collect();
    assert_eq!(bodies.len(), 4);
    let bare = |id: String| id.split_once('_').unwrap().1.to_owned();
    for body in &bodies {
        let tags: Vec<_> = body["tags"]
            .as_array()
            .unwrap()
            .iter()
            .map(|tag| tag.as_str().unwrap())
            .collect();
        assert_eq!(tags[0], mark(ours.connection_id));
        assert_eq!(tags[1], format!("cust-{}", bare(ours.customer_id.to_string())));
        assert_eq!(tags[2], format!("sub-{}", bare(ours.subscription_id.to_string())));
        assert!(tags.iter().all(|tag| !tag.contains([',', '/'])), "{tags:?}");
    }
    assert_eq!(bodies[0]["username"], ours.name());
    assert_eq!(bodies[0]["custom_id"], ours.subscription_id.to_string());
    assert_eq!(bodies[1]["group"], "prod-a");
    assert_eq!(bodies[2]["id"], ours.id_of("cred|3").to_string());
    assert_eq!(bodies[2]["tags"][3], "cred-3");
    assert!(bodies[2].get("key").is_none());
    assert_eq!(bodies[3]["name"], "request-termination");
    assert_eq!(bodies[3]["enabled"], true);
}

#[tokio::test]
async fn a_workspace_and_a_control_plane_are_part_of_every_path() {
    let said = Said::start(empty).await;
    let (link, _) = link(LONG);
    let workspace = Settings {
        workspace: Some("team-a".into()),
        ..settings(&said.url)
    };
    let konnect = Settings {
        flavor: Flavor::Konnect,
        control_plane_id: Some("9524ec7d-36d9-465d-a8c5-83a3c9390458".into()),
        ..settings(&said.url)
    };
    for (settings, base) in [
        (workspace, "/team-a"),
        (
            konnect,
            "/v2/control-planes/9524ec7d-36d9-465d-a8c5-83a3c9390458/core-entities",
        ),
    ] {
        let kong = kong(settings);
        let before = said.seen().len();
        kong.apply(&link, &application(1), &Step::Application, &Observed::default())
            .await
            .unwrap();
        let request = said.seen().swap_remove(before);
        assert!(request.starts_with(&format!("PUT {base}/consumers/")), "{request}");
        assert!(request.contains(&format!("authorization: Bearer {TOKEN}")), "{request}");
    }
}

#[tokio::test]
async fn suspended_by_groups_alone_no_plugin_is_made() {
    let said = Said::start(empty).await;
    let (link, calls) = link(LONG);
    let kong = kong(Settings {
        suspend_by: SuspendBy::Acl,
        ..settings(&said.url)
    });
    let observed = Observed {
        exists: true,
        scope: scope(&["prod-a", "prod b/c"]),
        ..Observed::default()
    };
    kong.apply(&link, &application(1), &Step::Suspend, &observed)
        .await
        .unwrap();
    assert_eq!(calls.take(), ["acl.delete", "acl.delete"]);
    assert!(
        said.seen()
            .iter()
            .any(|request| request.contains("/acls/prod%20b%2Fc ")),
        "names are encoded"
    );
}

#[tokio::test]
async fn a_key_that_was_made_with_another_id_is_taken_away_again() {
    let said = Said::start(|request| match request {
        request if request.starts_with("POST") => json("201 Created", r#"{"id":"of-its-own","key":"k"}"#),
        request => empty(request),
    })
    .await;
    let (link, calls) = link(LONG);
    let step = Step::Credential {
        number: 1,
        first: 1,
        admitted: true,
        secret: Secret::Generated,
        scope: BTreeSet::new(),
    };
    let fault = kong(settings(&said.url))
        .apply(&link, &application(1), &step, &Observed::default())
        .await;
    assert_eq!(fault.unwrap_err().kind, FaultKind::Unsupported);
    assert_eq!(calls.take(), ["key.post", "key.delete"]);
    assert!(said.seen()[1].contains("/key-auth/of-its-own "), "{:?}", said.seen());
}
