//! Services that do not mean well, and get the key itself.

use std::net::SocketAddr;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gatewright_testkit::Upstream;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Stage;
use super::connected::{connect, kong, subscribe};
use crate::scene::expect;

/// What is shown of an answer at most.
const SHOWN_MAX: usize = 1024 * 1024;

/// A service that does what the last part of the path says, with the key that it was sent.
async fn service() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    addr
}

async fn serve(mut stream: TcpStream) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        head.push(byte);
    }
    let head = String::from_utf8(head).unwrap();
    let what = head.split([' ', '/']).nth(3).unwrap_or_default().to_owned();
    let key = head
        .lines()
        .find_map(|line| line.strip_prefix("apikey: "))
        .unwrap_or("no key")
        .to_owned();
    // Whoever does not read on has had enough.
    let _ = misbehave(&mut stream, &what, &key).await;
}

async fn misbehave(stream: &mut TcpStream, what: &str, key: &str) -> std::io::Result<()> {
    let whole = |more: &str, body: &str| {
        format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n{more}Content-Length: {}\r\n\r\n{body}",
            body.len()
        )
    };
    match what {
        "endless" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
                .await?;
            loop {
                stream.write_all(&[b'x'; 16 * 1024]).await?;
            }
        }
        "fields" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\n").await?;
            loop {
                stream
                    .write_all(b"X-Field: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n")
                    .await?;
            }
        }
        "breaks" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n\r\nhalf")
                .await
        }
        "moved" => {
            let moved = "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n";
            stream.write_all(moved.as_bytes()).await
        }
        "encoded" => {
            stream
                .write_all(whole("Content-Encoding: br\r\n", key).as_bytes())
                .await
        }
        "no-http" => stream.write_all(format!("{key}\r\n\r\n").as_bytes()).await,
        "echo" => {
            let escaped: String = key.bytes().map(|byte| format!("\\u{byte:04x}")).collect();
            let percent: String = key.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let body = format!(
                "plain {key} base64 {} json \"{escaped}\" url {percent} basic {}",
                STANDARD.encode(key),
                STANDARD.encode(format!("user:{key}"))
            );
            let more = format!(
                "X-Echo: {key}\r\nSet-Cookie: key={key}\r\nWWW-Authenticate: {}\r\n",
                STANDARD.encode(key)
            );
            stream.write_all(whole(&more, &body).as_bytes()).await
        }
        // Cut in the middle of the key, with a rest that is no bytes of it.
        "pieces" => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
            stream.write_all(head.as_bytes()).await?;
            let body = format!("data: before {key} after\n\n");
            for piece in body.as_bytes().chunks(7) {
                stream.write_all(format!("{:x}\r\n", piece.len()).as_bytes()).await?;
                stream.write_all(piece).await?;
                stream.write_all(b"\r\n").await?;
                stream.flush().await?;
            }
            stream.write_all(b"0\r\n\r\n").await
        }
        "drips" => {
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n")
                .await?;
            loop {
                stream.write_all(b"x").await?;
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
        // One event, and then nothing for a long time.
        "live" => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: first\n\n";
            stream.write_all(head.as_bytes()).await?;
            tokio::time::sleep(Duration::from_secs(600)).await;
            Ok(())
        }
        other => stream.write_all(whole("", other).as_bytes()).await,
    }
}

#[tokio::test]
async fn a_hostile_service_meets_limits_and_gets_no_secret_out() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let kong = kong().await;
    let settings = json!({ "secretRetention": "WHILE_ACTIVE" });
    expect(&stage.acme, 200, Method::PATCH, "/credential-settings", Some(settings)).await;
    let addr = service().await;
    let id = connect(&stage, &kong, &format!("http://{addr}")).await;
    let subscribed = subscribe(&stage).await;
    let call = |what: &str| {
        let values = json!({ "parameters": [{ "in": "PATH", "name": "what", "value": what }] });
        let mut call = stage.call("hostile", &values);
        (call["gatewayId"], call["keyId"]) = (json!(id), json!(subscribed.key_id));
        call
    };
    let endless = stage.send(call("endless")).await;
    let answer = &endless["answer"];
    assert_eq!(
        (answer["cut"].as_bool(), answer["body"].as_str().unwrap().len()),
        (Some(true), SHOWN_MAX)
    );
    let failure = async |what: &str| {
        let run = stage.send(call(what)).await;
        assert!(!run.to_string().contains(&subscribed.key[..20]), "{what}: {run:#}");
        (run["failure"]["code"].as_str().unwrap_or_default().to_owned(), run)
    };
    assert_eq!(failure("fields").await.0, "upstream-failed");
    assert_eq!(failure("no-http").await.0, "upstream-failed");
    let (code, broken) = failure("breaks").await;
    assert_eq!(
        (code.as_str(), broken["answer"]["body"].as_str()),
        ("upstream-failed", Some("half")),
        "{broken:#}"
    );
    let moved = stage.send(call("moved")).await;
    assert_eq!(moved["answer"]["status"], 302, "nobody follows: {moved:#}");
    let encoded = stage.send(call("encoded")).await;
    assert_eq!(
        (&encoded["answer"]["body"], encoded["answer"]["note"].is_string()),
        (&Value::Null, true),
        "{encoded:#}"
    );
    let echo = stage.send(call("echo")).await;
    let answer = &echo["answer"];
    assert_eq!(answer["stripped"], true);
    let body = answer["body"].as_str().unwrap();
    assert!(body.starts_with("plain ••• base64 •••"), "{body}");
    for secret in [
        subscribed.key.clone(),
        STANDARD.encode(&subscribed.key),
        "73\\u006b".to_owned(),
        "%73%6B".to_owned(),
    ] {
        assert!(!echo.to_string().contains(&secret), "{echo:#}");
    }
    let headers = answer["headers"].to_string();
    assert!(
        headers.contains("[\"x-echo\",\"•••\"]") && !headers.contains("set-cookie"),
        "{headers}"
    );
    let pieces = stage.send(call("pieces")).await;
    assert_eq!(pieces["answer"]["body"], "data: before ••• after\n\n");
    stage.assert_nowhere(&subscribed.key).await;
    stage.app.stop().await;
}

#[tokio::test]
async fn a_service_that_drips_is_not_waited_for_without_end() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let kong = kong().await;
    let id = connect(&stage, &kong, &format!("http://{}", service().await)).await;
    let values = json!({ "parameters": [{ "in": "PATH", "name": "what", "value": "drips" }] });
    let mut call = stage.call("hostile", &values);
    (call["gatewayId"], call["keyId"]) = (json!(id), Value::Null);
    let run = stage.send(call).await;
    assert_eq!(run["failure"]["code"], "upstream-timed-out", "{run:#}");
    assert_eq!(run["answer"]["cut"], true, "{run:#}");
    assert!(
        run["answer"]["body"].as_str().unwrap().starts_with("xx"),
        "what came is shown: {run:#}"
    );
    stage.app.stop().await;
}

#[tokio::test]
async fn a_stream_of_events_is_shown_while_it_comes() {
    let upstream = Upstream::start().await;
    let stage = Stage::before(&upstream.url()).await;
    let kong = kong().await;
    let addr = service().await;
    let id = connect(&stage, &kong, &format!("http://{addr}")).await;
    let send = async |what: &str| {
        let values = json!({ "parameters": [{ "in": "PATH", "name": "what", "value": what }] });
        let mut call = stage.call("hostile", &values);
        (call["gatewayId"], call["keyId"]) = (json!(id), Value::Null);
        let request = stage.ada.request(Method::POST, "/portal/playground/requests");
        let response = request
            .header("accept", "text/event-stream")
            .json(&call)
            .send()
            .await
            .unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        response
    };
    let mut live = send("live").await;
    let mut text = String::new();
    while !text.contains("event: chunk") {
        let next = tokio::time::timeout(Duration::from_secs(20), live.chunk()).await;
        text.push_str(std::str::from_utf8(&next.expect("while it comes").unwrap().unwrap()).unwrap());
    }
    assert!(text.starts_with("event: head\ndata: {"), "{text}");
    assert!(text.contains(r#"data: {"text":"data: first\n\n"}"#), "{text}");
    // Whoever has seen enough hangs up; what was answered is kept all the same.
    drop(live);
    let kept = stage.ada.get("/portal/playground/requests").await;
    assert_eq!(kept["items"][0]["answer"]["status"], 200, "{kept:#}");
    let whole = send("plain").await.text().await.unwrap();
    let events: Vec<&str> = whole.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    assert_eq!(events, ["head", "chunk", "end"], "{whole}");
    let failed = send("fields").await.text().await.unwrap();
    assert!(failed.starts_with("event: failed\ndata: {"), "{failed}");
    stage.app.stop().await;
}
