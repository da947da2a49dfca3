//! Mails: to a real mail server, and in the mailbox of a demo.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use gatewright_testkit::{TestApp, database, working_settings};
use gatewright_types::Clock;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// Says its port, then every mail as a line of JSON: envelope, headers as a mail program reads them, parts.
const SERVER: &str = r#"
import asyncio, email, email.policy, json, socket
from aiosmtpd.smtp import SMTP

class Handler:
    refused = 0
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        if "later" in mail["subject"] and Handler.refused == 0:
            Handler.refused += 1
            return "451 later"
        parts = {part.get_content_type(): part.get_content() for part in mail.walk() if not part.is_multipart()}
        fields = [[name.lower(), str(value)] for name, value in mail.items()]
        print(json.dumps({"to": envelope.rcpt_tos, "from": envelope.mail_from, "fields": fields, "parts": parts}), flush=True)
        return "250 kept"

async def main():
    server = await asyncio.get_running_loop().create_server(lambda: SMTP(Handler()), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()

asyncio.run(main())
"#;

/// A mail server from PyPI's aiosmtpd; none where `make ensure` could not install it.
async fn server() -> Option<(Child, Lines<BufReader<ChildStdout>>, u16)> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python3");
    if !python.exists() {
        crate::program::home::skipped(&format!(
            "{} is missing; scripts/ensure-aiosmtpd.sh makes it",
            python.display()
        ));
        return None;
    }
    let mut child = Command::new(python)
        .args(["-c", SERVER])
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let port = lines.next_line().await.unwrap().unwrap().parse().unwrap();
    Some((child, lines, port))
}

#[tokio::test]
async fn a_mail_server_gets_text_and_html_and_no_header_of_anybody_elses() {
    let Some((_child, mut mails, port)) = server().await else {
        return;
    };
    let url = database::create().await;
    let mut settings = working_settings(&url);
    settings.mailbox = false;
    settings.smtp_url = Some(format!("smtp://127.0.0.1:{port}").into());
    settings.mail_from = Some("Gatewright <gatewright@example.com>".to_owned());
    let app = TestApp::start_as(settings, Clock::System).await;
    let acme = app.tenant("acme").await;
    let text = "Schöne Grüße!\nSee https://example.com/?a=1&b=2.\n\n.\nBcc: eve@example.com";
    // The first answer is 451: it is tried again.
    app.mail(&acme, "ada@example.com", "Grüße <later>: Bcc: eve@example.com", text)
        .await;
    let line = tokio::time::timeout(Duration::from_secs(20), mails.next_line())
        .await
        .unwrap();
    let mail: Value = serde_json::from_str(&line.unwrap().unwrap()).unwrap();
    assert_eq!(mail["to"], serde_json::json!(["ada@example.com"]));
    assert_eq!(mail["from"], "gatewright@example.com");
    let fields: Vec<(&str, &str)> = mail["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one[0].as_str().unwrap(), one[1].as_str().unwrap()))
        .collect();
    let of = |name: &str| -> Vec<&str> {
        fields
            .iter()
            .filter(|(field, _)| *field == name)
            .map(|(_, value)| *value)
            .collect()
    };
    assert_eq!(of("subject"), ["Grüße <later>: Bcc: eve@example.com"]);
    assert_eq!(
        (of("to"), of("bcc").len(), of("cc").len(), of("date").len()),
        (vec!["ada@example.com"], 0, 0, 1)
    );
    assert!(of("message-id")[0].starts_with("<mai_"), "{fields:?}");
    let plain = mail["parts"]["text/plain"].as_str().unwrap().replace("\r\n", "\n");
    assert_eq!(plain.trim_end(), text);
    let html = mail["parts"]["text/html"].as_str().unwrap();
    assert!(
        html.contains("<a href=\"https://example.com/?a=1&amp;b=2\">") && html.contains("Schöne Grüße!<br>"),
        "{html}"
    );
    // What was sent is not kept.
    let mut connection = database::connect(&app.database_url).await;
    let mut erased = false;
    for _ in 0..500 {
        erased = sqlx::query_scalar("SELECT sealed IS NULL AND sent_at IS NOT NULL FROM mails")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        if erased {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(erased);
    app.stop().await;
}

#[tokio::test]
async fn the_mailbox_shows_mails_as_text_and_lets_nothing_in_them_run() {
    let app = TestApp::start_working(Clock::System).await;
    let acme = app.tenant("acme").await;
    let id = app
        .mail(
            &acme,
            "ada@example.com",
            "<script>alert(1)</script>",
            "\"><script>alert(2)</script>",
        )
        .await;
    let home = app.process.api_url().replace("/api/v1", "");
    let get = async |path: &str, host: &str| {
        let request = app.client.get(format!("{home}{path}")).header("host", host);
        request.send().await.unwrap()
    };
    let mut shown = String::new();
    for _ in 0..500 {
        shown = get("/mailbox", "localhost").await.text().await.unwrap();
        if shown.contains(&id) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        shown.contains(&id) && shown.contains("&lt;script&gt;") && !shown.contains("<script>"),
        "{shown}"
    );
    let one = get(&format!("/mailbox/{id}"), "127.0.0.1").await;
    assert!(
        one.headers()["content-security-policy"]
            .to_str()
            .unwrap()
            .contains("default-src 'none'")
    );
    let one = one.text().await.unwrap();
    assert!(one.contains("alert(2)") && !one.contains("<script>"), "{one}");
    assert_eq!(
        get("/mailbox", "evil.example").await.status(),
        404,
        "a page elsewhere whose name leads here"
    );
    assert_eq!(get("/mailbox/mai_none", "localhost").await.status(), 404);
    assert_eq!(get("/api/mailbox", "evil.example").await.status(), 404);
    let read: serde_json::Value = get(&format!("/api/mailbox/{id}"), "acme.localhost")
        .await
        .json()
        .await
        .unwrap();
    assert!(read["text"].as_str().unwrap().contains("\"><script>alert(2)"), "{read}");
    app.stop().await;
}

#[tokio::test]
async fn there_is_no_mailbox_unless_it_is_set() {
    let url = database::create().await;
    let mut settings = working_settings(&url);
    settings.mailbox = false;
    let app = TestApp::start_as(settings, Clock::System).await;
    let home = app.process.api_url().replace("/api/v1", "");
    let answer = app.client.get(format!("{home}/mailbox")).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    app.stop().await;
}
