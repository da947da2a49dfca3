//! docs/gateways/apigee.md: every block marked `sh` below "Connect it" runs as it stands, in order, in one shell.
//!
//! The blocks before it are Google's own; they make what the stand-in begins with.

use std::fs;

use vendor_fakes::apigee::{Fake, Options, Seed};

use crate::kong_page::run;
use crate::program::home::Home;

const PAGE: &str = include_str!("../../../../docs/gateways/apigee.md");

#[tokio::test]
async fn every_command_of_gatewrights_on_apigees_page_runs() {
    let home = Home::new();
    let apigee = Fake::start(Options {
        seed: Seed::Demo,
        ..Options::default()
    })
    .await
    .unwrap();
    apigee.mark_foreign();
    fs::write(home.path("key.json"), apigee.service_account_key().to_string()).unwrap();
    let gateway = [
        ("APIGEE", apigee.admin_url()),
        ("TOKEN_URL", apigee.token_url()),
        ("ORGANIZATION", apigee.organization().to_owned()),
        ("PROXY", apigee.proxy_url()),
    ];
    run(PAGE, &home, &gateway).await;
    assert!(apigee.touched().is_empty(), "{:?}", apigee.touched());
}
