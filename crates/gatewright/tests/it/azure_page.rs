//! docs/gateways/azure.md: every block marked `sh` below "Connect it" runs as it stands, in order, in one shell; and nothing that
//! is secret is in the log of the program that did it.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;

use rustix::process::Signal;
use vendor_fakes::azure::{Fake, Options, Seed};

use crate::operating::blocks;
use crate::program::home::Home;
use crate::scene::text;

const PAGE: &str = include_str!("../../../../docs/gateways/azure.md");
const CLIENT_ID: &str = "0a20c11e-0000-4000-8000-000000000001";
const CLIENT_SECRET: &str = "qfr8Q~theOperatorsOwnSecret";

#[tokio::test]
async fn every_command_of_gatewrights_on_azures_page_runs_and_no_secret_is_logged() {
    let (_, page) = PAGE.split_once("\n## Connect it\n").unwrap();
    let (page, _) = page.split_once("\n## What to expect\n").unwrap();
    let blocks = blocks(page);
    assert!(blocks.len() >= 5, "{} blocks", blocks.len());
    let home = Home::new();
    let azure = Fake::start(Options {
        seed: Seed::Demo,
        client: Some((CLIENT_ID.to_owned(), CLIENT_SECRET.to_owned())),
        ..Options::default()
    })
    .await
    .unwrap();
    let (running, demo) = home.demo(&[]).await;
    let bin = home.path("bin");
    fs::create_dir(&bin).unwrap();
    symlink(env!("CARGO_BIN_EXE_gatewright"), bin.join("gatewright")).unwrap();
    let mut script = "set -eu -o pipefail\n".to_owned();
    for (line, block) in &blocks {
        writeln!(script, "echo '== line {line} of the section' >&2\n{block}").unwrap();
    }
    script.push_str("echo '== all of it'\n");
    fs::write(home.path("page.sh"), script).unwrap();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let options = azure.options();
    let ended = home
        .shell(
            "page.sh",
            &[
                ("PATH", &path),
                ("AZ_SUBSCRIPTION", &options.subscription_id.to_string()),
                ("RESOURCE_GROUP", &options.resource_group),
                ("SERVICE", &options.service_name),
                ("TENANT", &options.tenant_id.to_string()),
                ("CLIENT_ID", CLIENT_ID),
                ("CLIENT_SECRET", CLIENT_SECRET),
                ("ARM", &azure.admin_url()),
                ("LOGIN", &azure.admin_url()),
                ("PROXY", &azure.proxy_url()),
                ("API", &text(&demo, "apiUrl")),
                ("TOKEN", &text(&demo, "operatorToken")),
                ("PRODUCT", &text(&demo, "productId")),
                ("PLAN", &text(&demo, "planId")),
                ("CUSTOMER", &text(&demo, "customerId")),
            ],
        )
        .await;
    assert!(
        ended.status.success() && ended.stdout.contains("\n200\n") && ended.stdout.ends_with("\n== all of it\n"),
        "{}\n{}\n{}",
        ended.stdout,
        ended.stderr,
        running.log()
    );
    let log = running.log();
    assert!(
        log.contains("write.subscription"),
        "every call is logged, as the settings of the test say: {log}"
    );
    for secret in azure.secrets().iter().map(String::as_str).chain([CLIENT_SECRET]) {
        assert!(!log.contains(secret), "a secret is in the log");
    }
    assert_eq!(running.end(Signal::TERM).await, Some(0));
}
