//! What is refused before it is in force, and in which words.

use gatewright_snapshot::{Snapshot, judge_gateway};
use gatewright_types::Environment;

use crate::setup::{config, gateway, route};

#[test]
fn a_wrong_gateway_is_named_with_what_is_wrong() {
    let good = gateway(
        "acme",
        vec![
            route("GET", "/a/{x}", "/{x}"),
            route("POST", "/a/{y}", "/"),
            route("ANY", "/a/{z}", "/"),
        ],
    );
    assert_eq!(judge_gateway(&good), Ok(()));
    let with = |change: &dyn Fn(&mut gatewright_snapshot::config::GatewayConfig)| {
        let mut changed = good.clone();
        change(&mut changed);
        let fault = judge_gateway(&changed).unwrap_err().to_string();
        let whole = Snapshot::compile(config(vec![changed.clone()]))
            .unwrap_err()
            .to_string();
        assert_eq!(whole, format!("gateway {}: {fault}", changed.id));
        fault
    };
    let (id, service) = (good.routes[0].id, good.services[0].id);
    for (fault, expected) in [
        (with(&|g| g.routes[1].id = id), format!("route {id} stands there twice")),
        (
            with(&|g| g.services.push(g.services[0].clone())),
            format!("service {service} stands there twice"),
        ),
        (
            with(&|g| g.services[0].target_url = "x".into()),
            format!("service {service}: a target URL starts with"),
        ),
        (
            with(&|g| g.services[0].ca_pem = Some("x".into())),
            format!("service {service}: certificate authorities"),
        ),
        (
            with(&|g| g.services[0].connect_timeout_ms = 0),
            format!("service {service}: time-outs"),
        ),
        (
            with(&|g| g.routes[0].method = "get".into()),
            format!("route {id}: \"get\" is no HTTP method"),
        ),
        (
            with(&|g| g.routes[0].method = "CONNECT".into()),
            format!("route {id}: \"CONNECT\" is no HTTP method"),
        ),
        (
            with(&|g| g.routes[0].public_path = "a".into()),
            format!("route {id}: publicPath: a path starts"),
        ),
        (
            with(&|g| g.routes[0].target_path = "/{q}".into()),
            format!("route {id}: targetPath: the target uses {{q}}"),
        ),
        (
            with(&|g| g.services.clear()),
            format!("route {id}: there is no service {service}"),
        ),
        (
            with(&|g| g.routes[1].method = "GET".into()),
            "match the same requests: GET /a/{y}".to_owned(),
        ),
    ] {
        assert!(fault.contains(&expected), "{fault} / {expected}");
    }
}

#[test]
fn two_gateways_cannot_answer_to_one_host() {
    let (mut first, mut second) = (gateway("acme", vec![]), gateway("acme", vec![]));
    let error = Snapshot::compile(config(vec![first.clone(), second.clone()]))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!("gateways {} and {} have the same slug \"acme\"", first.id, second.id)
    );
    (first.default, second.default, second.slug) = (true, true, "other".parse().unwrap());
    let error = Snapshot::compile(config(vec![first.clone(), second.clone()]))
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        format!("gateways {} and {} are both the default", first.id, second.id)
    );
    second.default = false;
    second.environment = Environment::Test;
    let mut wrong = config(vec![first, second]);
    assert_eq!(Snapshot::compile(wrong.clone()).unwrap().gateways().len(), 2);
    wrong.base_domain = "a b".to_owned();
    assert!(
        Snapshot::compile(wrong)
            .unwrap_err()
            .to_string()
            .contains("no host name")
    );
}
