//! Samples that are not ours as an oracle: what both can say leads to the same request.

use std::fs;
use std::path::Path;
use std::process::Command;

use gatewright_spec::samples::{Language, render};
use gatewright_spec::values::{HttpBody, HttpRequest};
use serde_json::{Value, json};

use crate::echo::{Arrived, Echo};
use crate::samples_run::{read_form, run, sorted};
use crate::shop;

const KEY: &str = "sk_test_plain";
/// Ours, theirs, and what theirs leave to whoever copies them.
const LANGUAGES: [(Language, &str, &str, &str); 3] = [
    (Language::Curl, "shell", "curl", ""),
    (Language::Node, "node", "fetch", "await "),
    (Language::Python, "python", "requests", "import requests\n"),
];

const SCRIPT: &str = "
import { readFileSync } from 'node:fs';
const { snippetz } = await import(process.argv[1]);
const asked = JSON.parse(readFileSync(0, 'utf8'));
console.log(JSON.stringify(await Promise.all(asked.map(([target, client, request]) => snippetz().print(target, client, request)))));
";

/// What both can say: no field twice, nothing that is not seen, no files.
fn requests() -> Vec<HttpRequest> {
    let request = |method: &str, target: &str, media_type: &str, body: HttpBody| {
        let mut headers = vec![("X-Trace".to_owned(), "it's 100% \"odd\"".to_owned())];
        if !media_type.is_empty() {
            headers.push(("Content-Type".to_owned(), media_type.to_owned()));
        }
        HttpRequest {
            method: method.to_owned(),
            target: target.to_owned(),
            headers,
            body,
        }
    };
    let json = |value: &Value| HttpBody::Text(serde_json::to_string_pretty(value).unwrap());
    let form = [("a", "b c&d=e"), ("quote", "it's \"100%\""), ("letter", "ü😀")];
    let form = form.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    vec![
        request("GET", "/v1/things?q=a%20b%26c&list=1&list=2", "", HttpBody::None),
        request("DELETE", "/v1/things/%C3%BC", "", HttpBody::None),
        request(
            "POST",
            "/v1/translate",
            "application/json",
            json(&json!({ "text": "It's \"fine\" ü😀", "n": [1, 2.5, null, true] })),
        ),
        request(
            "PUT",
            "/v1/things/1",
            "application/json",
            json(&json!({ "a": { "b": [] }, "c": {} })),
        ),
        request(
            "PATCH",
            "/v1/things/1",
            "application/json",
            json(&json!(["x\ny", "\\"])),
        ),
        request(
            "POST",
            "/v1/form",
            "application/x-www-form-urlencoded",
            HttpBody::Form(form),
        ),
    ]
}

/// As HTTP Archives say it (HAR 1.2), which is what snippetz takes.
fn archived(request: &HttpRequest, base_url: &str) -> Value {
    let media_type = request
        .headers
        .iter()
        .find(|(name, _)| name == "Content-Type")
        .map_or("", |(_, value)| value);
    let named = |(name, value): &(String, String)| json!({ "name": name, "value": value });
    let mut headers: Vec<_> = request.headers.iter().map(named).collect();
    headers.push(json!({ "name": "X-Api-Key", "value": KEY }));
    let mut archived = json!({
        "method": request.method,
        "url": format!("{base_url}{}", request.target),
        "headers": headers,
        "queryString": [],
        "cookies": [],
    });
    match &request.body {
        HttpBody::Text(text) => archived["postData"] = json!({ "mimeType": media_type, "text": text }),
        HttpBody::Form(pairs) => {
            archived["postData"] =
                json!({ "mimeType": media_type, "params": pairs.iter().map(named).collect::<Vec<_>>() });
        }
        _ => {}
    }
    archived
}

/// What a server understands of a request.
fn understood(request: &HttpRequest, arrived: &Arrived) -> Value {
    let headers: Vec<_> = request
        .headers
        .iter()
        .map(|(name, _)| json!([name, arrived.header(name)]))
        .collect();
    let text = String::from_utf8_lossy(&arrived.body);
    let body = match &request.body {
        HttpBody::Form(_) => json!(sorted(read_form(&arrived.body))),
        HttpBody::None => json!(text),
        _ => serde_json::from_str(&text).unwrap_or(Value::Null),
    };
    json!({ "method": arrived.method, "target": arrived.target, "headers": headers, "body": body })
}

#[test]
fn samples_send_what_samples_of_others_send() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let module = root.join("target/node/snippetz/node_modules/@scalar/snippetz/dist/index.js");
    if !module.exists() {
        eprintln!("samples are not held to @scalar/snippetz: scripts/ensure-samples.sh was not run");
        return;
    }
    let (echo, requests) = (Echo::start(), requests());
    let each = || {
        LANGUAGES.iter().flat_map(|language| {
            requests
                .iter()
                .enumerate()
                .map(move |(at, request)| (language, at, request))
        })
    };
    let base_url = |whose: &str, language: Language, at: usize| echo.base_url(&format!("{whose}-{language}-{at}"));
    let asked: Vec<_> = each()
        .map(|((language, target, client, _), at, request)| {
            json!([target, client, archived(request, &base_url("theirs", *language, at))])
        })
        .collect();
    let theirs = print(&module, &json!(asked));
    for (number, &(language, _, _, lead)) in LANGUAGES.iter().enumerate() {
        let ours = requests
            .iter()
            .enumerate()
            .map(|(at, request)| render(language, request, &shop::place(&base_url("ours", language, at))));
        let from = number * requests.len();
        let theirs = theirs[from..from + requests.len()]
            .iter()
            .map(|text| format!("{lead}{text}"));
        let samples: Vec<_> = ours.chain(theirs).collect();
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("snippetz-{language}"));
        fs::create_dir_all(&folder).unwrap();
        let said = match run(language, &folder, &samples) {
            Ok(said) => said,
            Err(why) => {
                eprintln!("samples in {} are not run: {why}", language.label());
                continue;
            }
        };
        for (at, request) in requests.iter().enumerate() {
            let [ours, theirs] = ["ours", "theirs"].map(|whose| {
                let arrived = echo.take(&format!("{whose}-{language}-{at}"));
                understood(
                    request,
                    &arrived.unwrap_or_else(|| panic!("{whose} {language} {at} did not arrive: {said}")),
                )
            });
            assert_eq!(ours, theirs, "{language} {at}");
        }
    }
}

fn print(module: &Path, asked: &Value) -> Vec<String> {
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("snippetz.json");
    fs::write(&file, asked.to_string()).unwrap();
    let done = Command::new("node")
        .args(["--input-type=module", "-e", SCRIPT])
        .arg(module.canonicalize().unwrap())
        .stdin(fs::File::open(&file).unwrap())
        .output()
        .unwrap();
    serde_json::from_slice(&done.stdout).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&done.stderr)))
}
