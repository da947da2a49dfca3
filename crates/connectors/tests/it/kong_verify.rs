//! What stands in the way is said before anything is made.

use std::time::Duration;

use gatewright_connectors::Connector;
use gatewright_connectors::kong::{Flavor, Settings};
use serde_json::{Value, json as value};

use crate::stand::{Said, application, json, kong, link, settings, with};

fn node(change: impl Fn(&mut Value)) -> String {
    let mut node = value!({
        "version": "3.9.3", "edition": "community",
        "configuration": { "database": "postgres", "role": "traditional" },
        "plugins": { "available_on_server": { "key-auth": {}, "acl": {}, "request-termination": {} } },
    });
    change(&mut node);
    with("200 OK", "date: Sun, 22 Nov 2026 00:01:30 GMT\r\n", &node.to_string())
}

/// A Kong with this node; everything else is empty, or refused with `refusal` where the request begins so.
async fn said(node: String, refusal: (&'static str, &'static str)) -> Said {
    Said::start(move |request| match request {
        request if request.starts_with(refusal.0) => json(refusal.1, r#"{"message":"Forbidden"}"#),
        request if request.starts_with("GET / ") => node.clone(),
        request if request.starts_with("DELETE") => json("404 Not Found", r#"{"message":"Not found"}"#),
        _ => json("200 OK", r#"{"data":[],"next":null}"#),
    })
    .await
}

async fn problems(node: String, refusal: (&'static str, &'static str)) -> Vec<String> {
    let said = said(node, refusal).await;
    let (link, _) = link(Duration::from_secs(10));
    kong(settings(&said.url)).verify(&link).await.unwrap().problems
}

const NONE: (&str, &str) = ("NOTHING", "");

#[tokio::test]
async fn a_good_node_has_no_problem_and_a_clock() {
    let said = said(node(|_| {}), NONE).await;
    let (link, _) = link(Duration::from_secs(10));
    let report = kong(settings(&said.url)).verify(&link).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(report.version.as_deref(), Some("3.9.3"));
    assert_eq!(report.clock_skew_seconds, Some(90));
    let writes = said
        .seen()
        .into_iter()
        .filter(|request| !request.starts_with("GET"))
        .collect::<Vec<_>>();
    assert_eq!(writes.len(), 1, "it only asks to delete nobody's key: {writes:?}");
    assert!(!writes[0].contains(&application(1).id_of("consumer").to_string()));
}

#[tokio::test]
async fn what_stands_in_the_way_is_named() {
    for (node, refusal, word) in [
        (
            node(|node| node["configuration"]["database"] = "off".into()),
            NONE,
            "database = off",
        ),
        (
            node(|node| node["configuration"]["role"] = "data_plane".into()),
            NONE,
            "data plane",
        ),
        (node(|node| node["version"] = "2.1.4".into()), NONE, "too old"),
        (
            node(|node| node["version"] = Value::Null),
            NONE,
            "does not look like Kong",
        ),
        (
            node(|node| {
                node["plugins"]["available_on_server"]
                    .as_object_mut()
                    .unwrap()
                    .remove("acl");
            }),
            NONE,
            "plugin acl",
        ),
        (node(|_| {}), ("GET / ", "401 Unauthorized"), "401"),
        (
            node(|_| {}),
            ("GET /key-auths", "403 Forbidden"),
            "/key-auths cannot be read",
        ),
        (node(|_| {}), ("DELETE", "403 Forbidden"), "nothing can be changed"),
    ] {
        let problems = problems(node, refusal).await;
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(word), "{problems:?}");
    }
}

#[tokio::test]
async fn a_role_that_does_not_see_the_node_may_do() {
    let said = said(node(|_| {}), ("GET / ", "403 Forbidden")).await;
    let (link, _) = link(Duration::from_secs(10));
    let report = kong(settings(&said.url)).verify(&link).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(report.warnings[0].contains("403"), "{report:?}");
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_is_no_report() {
    let said = said(node(|_| {}), ("GET / ", "503 Service Unavailable")).await;
    let (link, _) = link(Duration::from_secs(10));
    assert!(kong(settings(&said.url)).verify(&link).await.is_err());
}

#[tokio::test]
async fn a_control_plane_near_its_ceiling_is_told_before_it_is_full() {
    let said = Said::start(|request| {
        let path = request.split(' ').nth(1).unwrap();
        match path {
            path if path.ends_with("458") => json("200 OK", r#"{"id":"9524ec7d","config":{}}"#),
            path if path.contains("/plugins?size=1000") => {
                let page = path
                    .rsplit_once("offset=")
                    .map_or(1, |(_, page)| page.parse::<u32>().unwrap());
                let next = if page < 8 {
                    value!(format!("{}", page + 1))
                } else {
                    Value::Null
                };
                let plugins = vec![value!({ "name": "cors" }); 1000];
                json("200 OK", &value!({ "data": plugins, "offset": next }).to_string())
            }
            _ if request.starts_with("DELETE") => json("404 Not Found", r#"{"code":5,"message":"Not found"}"#),
            _ => json("200 OK", r#"{"data":[],"next":null}"#),
        }
    })
    .await;
    let (link, _) = link(Duration::from_secs(10));
    let konnect = Settings {
        flavor: Flavor::Konnect,
        control_plane_id: Some("9524ec7d-36d9-465d-a8c5-83a3c9390458".into()),
        ..settings(&said.url)
    };
    let report = kong(konnect).verify(&link).await.unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(
        report.warnings,
        ["8000 plugins of the 10000 that Konnect allows a control plane"]
    );
}
