//! Several control planes and gateway nodes of their own: real processes, killed and revoked under load.

pub(crate) mod fleet;
mod load;
mod shared;
mod tells;

use std::net::SocketAddr;
use std::os::unix::net::UnixDatagram;

use gatewright_testkit::Wire;
use reqwest::Method;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::scene::{PATH, text};
use fleet::{Fleet, PATIENCE, Running, eventually, free_addr, root};
use load::{Load, answers};

/// What a node says to a key on one gateway.
async fn verdict(node: SocketAddr, slug: &str, key: &str) -> (u16, String) {
    let answer = Wire::connect(node).await.get(slug, PATH, &[("x-api-key", key)]).await;
    (answer.status, answer.code())
}

async fn admitted(node: SocketAddr, slug: &str, key: &str) {
    eventually("admitted", || verdict(node, slug, key), |said| said.0 == 200).await;
}

/// A key's form is right, and nobody holds it.
fn invented() -> String {
    let body = format!("sk_live_{:0>34}", "invented");
    let check = gatewright_types::credential::check_digits(body.as_bytes());
    format!("{body}{}", std::str::from_utf8(&check).unwrap())
}

fn acknowledged(answer: &Value, count: usize) {
    let nodes = answer["nodes"].as_array().unwrap();
    assert_eq!(nodes.len(), count, "{answer}");
    assert!(nodes.iter().all(|node| node["acknowledgedMs"].is_number()), "{answer}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_through_either_control_plane_holds_on_every_node_once_it_is_answered() {
    let (fleet, first) = Fleet::start().await;
    let second = fleet.control(free_addr()).await;
    let one = fleet.node("one", &[&first, &second]).await;
    let two = fleet.node("two", &[&second, &first]).await;
    let nodes = [&first, &second, &one, &two].map(Running::gateway_addr);
    for control in [&first, &second] {
        let subscribed = fleet.subscribe(control).await;
        for node in nodes {
            admitted(node, "acme", &subscribed.key).await;
        }
        let load = Load::begin(&nodes, "acme", &subscribed.key);
        eventually("under way", || async { load.count(0, 200, "") }, |count| *count > 50).await;
        let revoke = format!("/keys/{}/revoke", subscribed.key_id);
        let answer = fleet.at(control).post(&revoke, json!({})).await;
        load.next_phase();
        acknowledged(&answer, 4);
        eventually(
            "refused",
            || async { load.count(1, 401, "credential-revoked") },
            |count| *count > 50,
        )
        .await;
        let counts = load.end().await;
        assert_eq!(answers(&counts, 1), [(401, "credential-revoked")], "{counts:?}");
        for (_, status, code) in counts.keys() {
            assert!(
                matches!((status, code.as_str()), (200, "") | (401, "credential-revoked")),
                "{counts:?}"
            );
        }
        // Every node tells how often it admitted the key.
        let admitted: u64 = counts
            .iter()
            .filter(|((_, status, _), _)| *status == 200)
            .map(|(_, count)| *count as u64)
            .sum();
        let path = format!("/keys/{}/use", subscribed.key_id);
        let told = || async {
            fleet.at(&first).get(&path).await["lastDay"]["requests"]
                .as_u64()
                .unwrap_or(0)
        };
        eventually("told", told, |told| *told >= admitted).await;
    }
    // What is routed reaches everybody before it is answered as well.
    let gateway = fleet.at(&second).gateway("late").await;
    let service = fleet
        .at(&second)
        .service(&gateway, "translation", &fleet.upstream.url())
        .await;
    fleet.at(&first).public_route(&gateway, &service, "GET", "/late").await;
    for node in nodes {
        assert_eq!(Wire::connect(node).await.get("late", "/late", &[]).await.status, 200);
    }
    for name in ["one", "two"] {
        let listed = fleet.listed(&second, name).await;
        assert_eq!(
            (&listed["state"], &listed["inProcess"]),
            (&json!("ACTIVE"), &json!(false)),
            "{listed}"
        );
    }
    assert_eq!(fleet.listed(&first, "in-process").await["inProcess"], true);
    for running in [one, two, second, first] {
        assert_eq!(running.end(Signal::TERM).await, Some(0));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_control_plane_a_node_does_under_load_what_each_gateway_says() {
    cut_off_under_load("3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes a minute: `make soak` runs it"]
async fn without_its_control_plane_a_node_does_so_with_the_times_that_are_shipped() {
    cut_off_under_load("30").await;
}

async fn cut_off_under_load(record_valid_seconds: &'static str) {
    let (fleet, control) = Fleet::start_with(record_valid_seconds).await;
    let addr: SocketAddr = root(&control.api_url()).trim_start_matches("http://").parse().unwrap();
    let node = fleet.node("edge", &[&control]).await;
    let edge = node.gateway_addr();
    let subscribed = fleet.subscribe(&control).await;
    let ended = fleet.subscribe(&control).await;
    for slug in ["acme", "strict"] {
        admitted(edge, slug, &subscribed.key).await;
        admitted(edge, slug, &ended.key).await;
    }
    let revoke = format!("/keys/{}/revoke", ended.key_id);
    acknowledged(&fleet.at(&control).post(&revoke, json!({})).await, 2);

    let serving = Load::begin(&[edge], "acme", &subscribed.key);
    let refusing = Load::begin(&[edge], "strict", &subscribed.key);
    let count = |load: &Load, status, code: &str| load.count(0, status, code);
    eventually("under way", || async { count(&serving, 200, "") }, |count| *count > 50).await;
    assert_eq!(control.end(Signal::KILL).await, None);
    // As long without a word as a record is valid.
    eventually(
        "cut off",
        || async { count(&refusing, 503, "node-cut-off") },
        |count| *count > 50,
    )
    .await;
    let so_far = count(&serving, 200, "");
    eventually(
        "still serving",
        || async { count(&serving, 200, "") },
        |count| *count > so_far + 500,
    )
    .await;
    let counts = serving.end().await;
    assert_eq!(answers(&counts, 0), [(200, "")], "not one request failed: {counts:?}");
    let counts = refusing.end().await;
    for answer in answers(&counts, 0) {
        assert!(
            matches!(answer, (200, "") | (503, "lookup-unavailable" | "node-cut-off")),
            "{counts:?}"
        );
    }
    assert_eq!(
        verdict(edge, "acme", &ended.key).await,
        (401, "credential-revoked".to_owned())
    );
    assert_eq!(
        verdict(edge, "acme", &invented()).await,
        (503, "lookup-unavailable".to_owned())
    );
    assert_eq!(
        verdict(edge, "strict", &invented()).await,
        (503, "node-cut-off".to_owned())
    );
    assert_eq!(Wire::connect(edge).await.get("strict", "/open", &[]).await.status, 200);

    let control = fleet.control(addr).await;
    eventually(
        "back",
        || verdict(edge, "strict", &subscribed.key),
        |said| said.0 == 200,
    )
    .await;
    assert_eq!(
        verdict(edge, "acme", &invented()).await,
        (401, "credential-unknown".to_owned())
    );
    let edge_id = text(&fleet.listed(&control, "edge").await, "id");
    let revoke = async |key_id: &str| {
        let answer = fleet
            .at(&control)
            .post(&format!("/keys/{key_id}/revoke"), json!({}))
            .await;
        let nodes = answer["nodes"].as_array().unwrap().clone();
        let its = nodes.into_iter().find(|node| node["nodeId"] == edge_id.as_str());
        its.unwrap()["acknowledgedMs"].is_number()
    };
    // A second or so after it can be reached again, the node follows the news again.
    let other = || async { revoke(&fleet.subscribe(&control).await.key_id).await };
    eventually("acknowledged", other, |acknowledged| *acknowledged).await;
    assert!(revoke(&subscribed.key_id).await);
    assert_eq!(
        verdict(edge, "acme", &subscribed.key).await,
        (401, "credential-revoked".to_owned())
    );
    assert_eq!(node.end(Signal::TERM).await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_starts_while_the_control_plane_is_away_serves_from_disk_and_admits_nobody_it_knows_to_be_revoked()
{
    let (fleet, control) = Fleet::start().await;
    let addr: SocketAddr = root(&control.api_url()).trim_start_matches("http://").parse().unwrap();
    let url = root(&control.api_url());
    let node = fleet.node("edge", &[&control]).await;
    let (kept, ended) = (fleet.subscribe(&control).await, fleet.subscribe(&control).await);
    for key in [&kept.key, &ended.key] {
        admitted(node.gateway_addr(), "acme", key).await;
    }
    // Both are on disk as admitted; then one is revoked and the node killed right after it said so.
    let knowledge = fleet.data_dir("edge").join("node/knowledge");
    let hash = |key: &str| {
        let hash = gatewright_types::CredentialHash::of(key.as_bytes());
        serde_json::to_string(&hash).unwrap()
    };
    let (first, second) = (hash(&kept.key), hash(&ended.key));
    let read = || async { std::fs::read_to_string(&knowledge).unwrap_or_default() };
    eventually("on disk", read, |text| text.contains(&first) && text.contains(&second)).await;
    let revoke = format!("/keys/{}/revoke", ended.key_id);
    acknowledged(&fleet.at(&control).post(&revoke, json!({})).await, 2);
    assert_eq!(node.end(Signal::KILL).await, None);
    assert_eq!(control.end(Signal::KILL).await, None);

    let node = fleet.start_node("edge", &url, None).await;
    let edge = node.gateway_addr();
    assert_eq!(verdict(edge, "acme", &kept.key).await, (200, String::new()));
    assert_eq!(
        verdict(edge, "acme", &ended.key).await,
        (401, "credential-revoked".to_owned())
    );
    assert_eq!(
        verdict(edge, "acme", &invented()).await,
        (503, "lookup-unavailable".to_owned())
    );
    // As soon as what was known is three seconds old.
    let strict = || verdict(edge, "strict", &kept.key);
    eventually("cut off", strict, |said| *said == (503, "node-cut-off".to_owned())).await;
    for key in [&kept.key, &ended.key] {
        for entry in std::fs::read_dir(fleet.data_dir("edge").join("node")).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            assert!(
                !bytes.windows(key.len()).any(|window| window == key.as_bytes()),
                "no secret is on disk"
            );
        }
    }
    // Revoked while the node cannot hear of it, then it is back.
    let control = fleet.control(addr).await;
    eventually("back", || verdict(edge, "strict", &kept.key), |said| said.0 == 200).await;
    assert_eq!(
        verdict(edge, "acme", &ended.key).await,
        (401, "credential-revoked".to_owned())
    );
    assert_eq!(node.end(Signal::TERM).await, Some(0));

    // Damage is noticed, and the node starts without what it knew.
    let mut bytes = std::fs::read(&knowledge).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&knowledge, &bytes).unwrap();
    assert_eq!(control.end(Signal::KILL).await, None);
    let mut node = fleet.start_node("edge", &url, None).await;
    node.line_with("what the node knew is refused").await;
    let said = verdict(node.gateway_addr(), "acme", &kept.key).await;
    assert_eq!(said, (503, "lookup-unavailable".to_owned()));
    assert_eq!(node.end(Signal::TERM).await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_lets_one_node_in_and_a_revoked_node_admits_nobody_at_once_and_stays_out() {
    let (fleet, control) = Fleet::start().await;
    let url = root(&control.api_url());
    let code = fleet.code(&control, "edge").await;
    let mut node = fleet.start_node("edge", &url, Some(&code)).await;
    let edge = node.gateway_addr();

    let twice = fleet.node_command("copy", &url, Some(&code)).output().await.unwrap();
    assert!(!twice.status.success());
    let said = String::from_utf8(twice.stderr).unwrap();
    assert!(
        said.contains("enrollment-code-invalid") && !said.contains(&code),
        "{said}"
    );
    let without = fleet.node_command("bare", &url, None).output().await.unwrap();
    assert!(String::from_utf8(without.stderr).unwrap().contains("enrollment_code"));

    let identity = fleet.data_dir("edge").join("node/identity.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&identity).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    let kept: Value = serde_json::from_slice(&std::fs::read(&identity).unwrap()).unwrap();
    let token = text(&kept, "token");
    for (table, row) in gatewright_testkit::database::dump(&fleet.database_url).await {
        assert!(!row.contains(&token) && !row.contains(&code), "{table} holds a secret");
    }

    let subscribed = fleet.subscribe(&control).await;
    admitted(edge, "acme", &subscribed.key).await;
    let up_to_date = |node: &Value| (&node["snapshotLag"], &node["accessLag"]) == (&json!(0), &json!(0));
    let listed = eventually("up to date", || fleet.listed(&control, "edge"), up_to_date).await;
    assert_eq!(listed["addr"], edge.to_string());
    let id = text(&listed, "id");
    let in_process = text(&fleet.listed(&control, "in-process").await, "id");
    let installation = fleet.as_installation(&control);
    let (status, refused) = installation
        .call(Method::POST, &format!("/nodes/{in_process}/revoke"), None)
        .await;
    assert_eq!((status.as_u16(), &refused["code"]), (409, &json!("in-use")));

    let load = Load::begin(&[edge], "acme", &subscribed.key);
    eventually("under way", || async { load.count(0, 200, "") }, |count| *count > 50).await;
    let revoked = installation.post(&format!("/nodes/{id}/revoke"), json!({})).await;
    load.next_phase();
    assert!(revoked["acknowledgedMs"].is_number(), "{revoked}");
    assert_eq!(revoked["state"], "REVOKED");
    eventually(
        "refused",
        || async { load.count(1, 503, "node-cut-off") },
        |count| *count > 50,
    )
    .await;
    let counts = load.end().await;
    assert_eq!(answers(&counts, 1), [(503, "node-cut-off")], "{counts:?}");
    assert_eq!(Wire::connect(edge).await.get("acme", "/open", &[]).await.status, 200);
    node.line_with("this node was revoked").await;
    assert!(!fleet.data_dir("edge").join("node/knowledge").exists());
    let client = reqwest::Client::new();
    for (method, path) in [
        (Method::GET, "snapshot"),
        (Method::GET, "news"),
        (Method::POST, "lookups"),
    ] {
        let refused = client
            .request(method, format!("{url}/node/v1/{path}"))
            .bearer_auth(&token)
            .json(&json!({ "hashes": [] }));
        let refused = refused.send().await.unwrap();
        assert_eq!(refused.status(), 403, "{path}");
        assert_eq!(refused.json::<Value>().await.unwrap()["code"], "node-revoked");
    }
    // Nobody waits for it any more.
    let revoke = format!("/keys/{}/revoke", subscribed.key_id);
    acknowledged(&fleet.at(&control).post(&revoke, json!({})).await, 1);
    assert_eq!(node.end(Signal::TERM).await, Some(0));
    let again = fleet.node_command("edge", &url, None).output().await.unwrap();
    assert!(!again.status.success());
    let said = String::from_utf8(again.stderr).unwrap();
    assert!(said.lines().last().unwrap().contains("was revoked"), "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drained_node_finishes_and_ends_and_serves_again_when_it_is_started() {
    let (fleet, control) = Fleet::start().await;
    let url = root(&control.api_url());
    let mut node = fleet.node("edge", &[&control]).await;
    let subscribed = fleet.subscribe(&control).await;
    admitted(node.gateway_addr(), "acme", &subscribed.key).await;
    let id = text(&fleet.listed(&control, "edge").await, "id");
    let drained = fleet
        .as_installation(&control)
        .post(&format!("/nodes/{id}/drain"), json!({}))
        .await;
    assert_eq!(drained["state"], "DRAINING", "{drained}");
    assert_eq!(node.ended().await, Some(0), "{}", node.log());
    let node = fleet.start_node("edge", &url, None).await;
    admitted(node.gateway_addr(), "acme", &subscribed.key).await;
    assert_eq!(fleet.listed(&control, "edge").await["state"], "ACTIVE");
    assert_eq!(node.end(Signal::TERM).await, Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_obeys_a_service_manager_and_shows_its_figures_like_every_process() {
    let (fleet, control) = Fleet::start().await;
    let (code, metrics) = (fleet.code(&control, "edge").await, free_addr());
    let path = fleet.data_dir("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let told = || {
        let mut message = [0; 256];
        let length = socket.recv(&mut message).unwrap();
        String::from_utf8_lossy(&message[..length])
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    let mut command = fleet.node_command("edge", &root(&control.api_url()), Some(&code));
    command
        .env("NOTIFY_SOCKET", &path)
        .env("GATEWRIGHT_METRICS_ADDR", metrics.to_string());
    let mut node = Running::start(command).await;
    assert_eq!(told(), "READY=1");
    let key = fleet.subscribe(&control).await.key;
    admitted(node.gateway_addr(), "acme", &key).await;
    let ready = reqwest::get(node.health_url()).await.unwrap();
    assert_eq!(ready.status(), 200);
    let figures = reqwest::get(format!("http://{metrics}/metrics")).await.unwrap();
    let figures = figures.text().await.unwrap();
    let counted = |line: &str| line.contains("gateway=\"acme\"") && line.contains("2xx") && !line.ends_with(" 0");
    assert!(figures.lines().any(counted), "{figures}");
    node.signal(Signal::HUP);
    assert_eq!([told(), told()], ["RELOADING=1", "READY=1"]);
    node.line_with("settings reloaded").await;
    node.signal(Signal::TERM);
    assert_eq!(told(), "STOPPING=1");
    assert_eq!(node.ended().await, Some(0), "{}", node.log());
}
