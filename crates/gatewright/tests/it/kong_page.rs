//! docs/gateways/kong.md: every block marked `sh` below "Connect it" runs as it stands, in order, in one shell.
//!
//! The blocks before it are Kong's own; they make what the stand-in begins with.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::symlink;

use rustix::process::Signal;
use vendor_fakes::kong::{Fake, Options, Seed};

use crate::operating::blocks;
use crate::program::home::Home;
use crate::scene::text;

const PAGE: &str = include_str!("../../../../docs/gateways/kong.md");

#[tokio::test]
async fn every_command_of_gatewrights_on_kongs_page_runs() {
    let home = Home::new();
    let kong = Fake::start(Options {
        seed: Seed::Demo,
        ..Options::default()
    })
    .await
    .unwrap();
    let gateway = [("KONG", kong.admin_url()), ("PROXY", kong.proxy_url())];
    let told = run(PAGE, &home, &gateway).await;
    assert!(told.contains("\n[\"ACTIVE\",[{\"id\":\"key_"), "{told}");
}

/// Runs what a gateway's page has between "Connect it" and "What to expect", beside a demo; what it printed. The demo's product
/// is connected there, and its key is admitted at the end.
pub(crate) async fn run(page: &str, home: &Home, gateway: &[(&str, String)]) -> String {
    let (_, page) = page.split_once("\n## Connect it\n").unwrap();
    let (page, _) = page.split_once("\n## What to expect\n").unwrap();
    let blocks = blocks(page);
    assert!(blocks.len() >= 3, "{} blocks", blocks.len());
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
    let ours = [
        ("PATH", path),
        ("API", text(&demo, "apiUrl")),
        ("TOKEN", text(&demo, "operatorToken")),
        ("PRODUCT", text(&demo, "productId")),
        ("PLAN", text(&demo, "planId")),
        ("CUSTOMER", text(&demo, "customerId")),
    ];
    let variables = ours.iter().chain(gateway);
    let variables: Vec<(&str, &str)> = variables.map(|(name, value)| (*name, value.as_str())).collect();
    let ended = home.shell("page.sh", &variables).await;
    assert!(
        ended.status.success()
            && ended.stdout.contains("\n200\n")
            && ended.stdout.contains("CONNECTED\tACTIVE")
            && ended.stdout.ends_with("\n== all of it\n"),
        "{}\n{}\n{}",
        ended.stdout,
        ended.stderr,
        running.log()
    );
    assert_eq!(running.end(Signal::TERM).await, Some(0));
    ended.stdout
}
