//! What a node tells about itself, and whom it believes to be its control plane.

use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::process::Command;

use super::admitted;
use super::fleet::{Fleet, PATIENCE, Running, eventually, free_addr};
use crate::as_code::secure::{acceptor, authority, terminate};
use crate::scene::PATH;
use crate::traces::collector;
use gatewright_testkit::Wire;

async fn ready(node: &Running) -> Value {
    let answer = reqwest::get(node.health_url()).await.unwrap();
    let status = answer.status().as_u16();
    let mut said: Value = answer.json().await.unwrap();
    said["code"] = json!(status);
    said
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_says_when_it_is_cut_off_and_when_it_is_not_any_more() {
    let (mut fleet, first) = Fleet::start().await;
    let (endpoint, mut told) = collector().await;
    fleet.tell("GATEWRIGHT_OTLP_ENDPOINT", endpoint);
    fleet.tell("GATEWRIGHT_TRACE_PERCENT", "0".to_owned());
    let addr = free_addr();
    let second = fleet.control(addr).await;
    let node = fleet.node("edge", &[&second]).await;
    let up = json!({ "status": "UP", "controlPlane": "UP", "code": 200 });
    eventually("heard", || ready(&node), |said| *said == up).await;

    // The part that it had in a caller's trace is collected under its name.
    let key = fleet.subscribe(&second).await.key;
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let fields = [("x-api-key", key.as_str()), ("traceparent", traceparent)];
    let answer = Wire::connect(node.gateway_addr())
        .await
        .get("acme", PATH, &fields)
        .await;
    assert_eq!(answer.status, 200);
    let id = fleet.listed(&second, "edge").await["id"].as_str().unwrap().to_owned();
    let collected = async {
        loop {
            let sent = format!("{:?}", told.recv().await.unwrap());
            if sent.contains(&id) {
                return sent;
            }
        }
    };
    let sent = tokio::time::timeout(PATIENCE, collected).await.unwrap();
    assert!(sent.contains("GET /v1/usage") && !sent.contains(&key), "{sent}");

    assert_eq!(second.end(Signal::KILL).await, None);
    let away = json!({ "status": "UP", "controlPlane": "AWAY", "code": 200 });
    eventually("cut off", || ready(&node), |said| *said == away).await;
    let second = fleet.control(addr).await;
    eventually("back", || ready(&node), |said| *said == up).await;
    let path = format!("/nodes/{id}/revoke");
    fleet.as_installation(&first).post(&path, json!({})).await;
    let revoked = json!({ "status": "REVOKED", "code": 503 });
    eventually("revoked", || ready(&node), |said| *said == revoked).await;
    for running in [node, second, first] {
        assert_eq!(running.end(Signal::TERM).await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_believes_a_control_plane_by_the_authorities_of_its_file_and_by_no_other() {
    let (fleet, control) = Fleet::start().await;
    let (ours, others) = (authority(), authority());
    let api = control.api_url();
    let api = api.trim_start_matches("http://").trim_end_matches("/api/v1").to_owned();
    let url = format!("https://localhost:{}", terminate(acceptor(&ours), api).await);
    let files = [("ours", ours.pem()), ("others", others.pem())].map(|(name, pem)| {
        let path = fleet.data_dir(&format!("{name}.pem"));
        std::fs::write(&path, pem).unwrap();
        path
    });
    let code = fleet.code(&control, "edge").await;
    let with = |file: &std::path::Path| -> Command {
        let mut command = fleet.node_command("edge", &url, Some(&code));
        command.env("GATEWRIGHT_CA_FILE", file);
        command
    };
    let refused = with(&files[1]).output().await.unwrap();
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(!refused.status.success() && said.contains("certificate"), "{said}");
    let node = Running::start(with(&files[0])).await;
    let key = fleet.subscribe(&control).await.key;
    admitted(node.gateway_addr(), "acme", &key).await;

    let doctor = async |file: &std::path::Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatewright"));
        command
            .args(["doctor", "--json"])
            .current_dir(fleet.data_dir(""))
            .env_clear();
        command
            .env("GATEWRIGHT_ROLE", "gateway")
            .env("GATEWRIGHT_HEALTH_ADDR", "127.0.0.1:0");
        command
            .env("GATEWRIGHT_GATEWAY_ADDR", "127.0.0.1:0")
            .env("GATEWRIGHT_CONTROL_URL", &url);
        let output = command.env("GATEWRIGHT_CA_FILE", file).output().await.unwrap();
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = said["findings"].as_array().unwrap();
        findings
            .iter()
            .find(|one| one["check"] == "control plane")
            .unwrap()
            .clone()
    };
    let fine = doctor(&files[0]).await;
    assert!(
        fine["what"].as_str().unwrap().contains("its clock is 0 s apart"),
        "{fine}"
    );
    assert_eq!(fine["level"], "OK");
    assert_eq!(doctor(&files[1]).await["level"], "PROBLEM");
    for running in [node, control] {
        assert_eq!(running.end(Signal::TERM).await, Some(0));
    }
}
