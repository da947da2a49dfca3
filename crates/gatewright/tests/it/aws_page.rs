//! docs/gateways/aws.md: every block marked `sh` below "Connect it" runs as it stands, in order, in one shell.
//!
//! The blocks before it are AWS's own policies; they are for whoever makes the identity.

use vendor_fakes::aws::{ACCESS_KEY_ID, Fake, Options, SECRET_ACCESS_KEY, Seed};

use crate::kong_page::run;
use crate::program::home::Home;

const PAGE: &str = include_str!("../../../../docs/gateways/aws.md");

#[tokio::test]
async fn every_command_of_gatewrights_on_awss_page_runs() {
    let home = Home::new();
    let aws = Fake::start(Options {
        seed: Seed::Demo,
        ..Options::default()
    })
    .await
    .unwrap();
    aws.mark_foreign();
    let gateway = [
        ("AWS_REGION", Options::default().region),
        ("AWS_ACCESS_KEY_ID", ACCESS_KEY_ID.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", SECRET_ACCESS_KEY.to_owned()),
        ("AWS_ENDPOINT_URL_API_GATEWAY", aws.admin_url()),
        ("AWS_ENDPOINT_URL_STS", aws.admin_url()),
        ("USAGE_PLAN", "plan01".to_owned()),
        ("STAGE", aws.proxy_url()),
    ];
    run(PAGE, &home, &gateway).await;
    assert!(aws.touched().is_empty(), "{:?}", aws.touched());
}
