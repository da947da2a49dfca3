//! docs/incidents.md: every block marked `sh` runs as it stands, in order, in one shell, against a connected gateway that is in trouble.

use std::fmt::Write as _;
use std::fs;

use serde_json::json;
use vendor_fakes::faults::{Fault, Rule};

use crate::operating::blocks;
use crate::orchestration::scene::Scene;
use crate::program::home::Home;

const PAGE: &str = include_str!("../../../../docs/incidents.md");

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_incidents_page_runs() {
    let scene = Scene::with(json!({})).await;
    let (_, made) = scene.subscribe().await;
    let subscription = made["id"].as_str().unwrap();
    scene.until(subscription, "ACTIVE").await;
    // Another one is refused, and waits for a person.
    scene.kong.fail(Rule::every(Fault::Unauthorized));
    let (_, dead) = scene.subscribe().await;
    scene.until(dead["id"].as_str().unwrap(), "FAILED").await;
    scene.kong.heal();

    let blocks = blocks(PAGE);
    assert!(blocks.len() >= 10, "{} blocks", blocks.len());
    let mut script = "set -eu -o pipefail\n".to_owned();
    for (line, block) in &blocks {
        writeln!(script, "echo '== docs/incidents.md:{line}'\n{block}").unwrap();
    }
    script.push_str("echo '== all of it'\n");
    let home = Home::new();
    fs::write(home.path("page.sh"), script).unwrap();
    let variables = [
        ("PATH", std::env::var("PATH").unwrap()),
        ("API", scene.app.process.api_url()),
        ("TOKEN", scene.tenant.token.clone()),
        ("CONNECTION", scene.connection_id.clone()),
        ("SUBSCRIPTION", subscription.to_owned()),
        ("KEY_ID", made["apiKey"]["id"].as_str().unwrap().to_owned()),
    ];
    let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let ended = home.shell("page.sh", &variables).await;
    let told = format!("{}\n{}", ended.stdout, ended.stderr);
    assert!(
        ended.status.success() && ended.stdout.ends_with("== all of it\n"),
        "{told}"
    );
    // They said what there was to say, and did what they promise.
    for said in ["UNAUTHENTICATED", "FAILED", "\"replayed\": 1", "REVOKED"] {
        assert!(ended.stdout.contains(said), "{said}: {told}");
    }
    assert_ne!(scene.ask(made["apiKey"]["secret"].as_str().unwrap()).await, 200);
    scene.until(dead["id"].as_str().unwrap(), "ACTIVE").await;
    scene.app.stop().await;
}
