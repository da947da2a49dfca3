//! The program.

use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

#[tokio::test]
async fn it_prints_one_line_with_every_address_serves_the_demo_and_ends_with_its_parent() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_vendor-fakes"))
        .args(["--listen", "127.0.0.1:0", "--json", "--until-stdin-ends"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(Duration::from_secs(20), lines.next_line())
        .await
        .unwrap();
    let told: Value = serde_json::from_str(&line.unwrap().unwrap()).unwrap();
    let kong = &told["vendors"]["kong"];
    let get = async |url: String| reqwest::get(url).await.unwrap().status().as_u16();
    assert_eq!(
        get(format!("{}/services/orders", kong["base"].as_str().unwrap())).await,
        200
    );
    assert_eq!(get(format!("{}/status", kong["proxy"].as_str().unwrap())).await, 200);
    assert_eq!(get(format!("{}/orders", kong["proxy"].as_str().unwrap())).await, 401);
    let azure = &told["vendors"]["azure"];
    let product = format!(
        "{}/products/prod-orders?api-version=2024-05-01",
        azure["base"].as_str().unwrap()
    );
    assert_eq!(get(product).await, 200);
    assert_eq!(get(format!("{}/status", azure["proxy"].as_str().unwrap())).await, 200);
    assert_eq!(get(format!("{}/orders", azure["proxy"].as_str().unwrap())).await, 401);
    let control = told["control"].as_str().unwrap();
    let listed: Value = reqwest::get(control).await.unwrap().json().await.unwrap();
    assert_eq!(&listed["kong"], kong);
    assert_eq!(get(format!("{control}/kong/report")).await, 200);
    drop(child.stdin.take());
    let ended = tokio::time::timeout(Duration::from_secs(20), child.wait())
        .await
        .unwrap();
    assert!(ended.unwrap().success());
}
