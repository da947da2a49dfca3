//! What a real Kong 3.9.3 was asked and answered, asked again.
//!
//! Ids are given where Kong made them up, and time is set to the recording's, so that everything is compared as it stands but for the
//! ids of requests, keys that Kong generated, and what the recording's own upstream added.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use chrono::{DateTime, TimeZone, Utc};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Map, Value, json};
use vendor_fakes::kong::{Fake, Options};

use crate::papers;

/// Pairs that the fake does not claim, and why.
const OUT_OF_SCOPE: &[(std::ops::RangeInclusive<u32>, &str)] = &[
    (40..=40, "the configuration of rate-limiting is stored as given"),
    (111..=119, "basic-auth is not modelled"),
    (121..=130, "jwt is not modelled"),
    (131..=138, "rate-limiting is not modelled"),
    (161..=162, "schemas are not served as documents"),
];
/// How many pairs the recording has.
const PAIRS: usize = 164;
/// What differs from run to run or belongs to the recording's upstream and its addresses.
const VOLATILE: &[&str] = &[
    "request_id",
    "x-kong-request-id",
    "host",
    "connection",
    "x-forwarded-for",
    "x-forwarded-port",
    "x-real-ip",
];
/// The fields of answers that callers may rely on.
const HEADERS: &[&str] = &[
    "content-type",
    "www-authenticate",
    "allow",
    "access-control-allow-origin",
    "access-control-allow-methods",
    "access-control-allow-headers",
    "access-control-allow-credentials",
];

struct Pair {
    number: u32,
    title: String,
    method: Method,
    door: String,
    path: String,
    headers: Map<String, Value>,
    body: Option<String>,
    status: u16,
    answer_headers: Map<String, Value>,
    answer: Answer,
}

enum Answer {
    None,
    Json(Value),
    /// The recording ends before the answer does, or it is no JSON.
    Text(String),
}

fn parse(text: &str) -> Vec<Pair> {
    let code = |line: &str| line.split_once('`').unwrap().1.rsplit_once('`').unwrap().0.to_owned();
    let after = |block: &str, start: &str| block.lines().find(|line| line.starts_with(start)).map(code);
    let headers = |text: Option<String>| {
        text.map_or_else(Map::new, |text| {
            serde_json::from_str(&text).unwrap_or_else(|why| panic!("{text}: {why}"))
        })
    };
    let blocks = text.split("\n### ").skip(1);
    blocks
        .map(|block| {
            let (number, title) = block.lines().next().unwrap().split_once(". ").unwrap();
            let line = code(block.lines().find(|line| line.starts_with('`')).unwrap());
            let (method, url) = line.split_once(" http://").unwrap();
            let (door, path) = url.split_at(url.find('/').unwrap());
            let status_line = block.lines().find(|line| line.starts_with("status: ")).unwrap();
            let status = status_line.split("**").nth(1).unwrap().parse().unwrap();
            let body = block
                .split_once("```json\n")
                .map(|(_, rest)| rest.split_once("\n```").unwrap().0);
            Pair {
                number: number.parse().unwrap(),
                title: title.to_owned(),
                method: method.parse().unwrap(),
                door: door.to_owned(),
                path: path.to_owned(),
                headers: headers(after(block, "request headers: ")),
                body: after(block, "request body: "),
                status,
                answer_headers: headers(Some(code(status_line))),
                answer: body.map_or(Answer::None, |body| match serde_json::from_str(body) {
                    Ok(json) => Answer::Json(json),
                    Err(_) => Answer::Text(body.to_owned()),
                }),
            }
        })
        .collect()
}

/// A fake at the recording's time, and what Kong made up: its values to the fake's.
struct Replay {
    fake: Fake,
    client: reqwest::Client,
    clock: Clock,
    made_up: HashMap<String, String>,
    wrong: Vec<String>,
}

impl Replay {
    async fn start() -> Self {
        let clock = Clock::manual(Utc.timestamp_opt(1_795_305_132, 0).unwrap());
        let options = Options {
            clock: clock.clone(),
            ..Options::default()
        };
        Self {
            fake: Fake::start(options).await.unwrap(),
            client: reqwest::Client::new(),
            clock,
            made_up: HashMap::new(),
            wrong: Vec::new(),
        }
    }

    async fn call(&mut self, pair: &Pair) {
        self.at_the_time_of(pair);
        let base = if pair.door == "proxy" {
            self.fake.proxy_url()
        } else {
            self.fake.admin_url()
        };
        let url = format!("{base}{}", self.ours(&pair.path));
        let mut request = self.client.request(pair.method.clone(), url);
        let mut typed = false;
        for (name, value) in &pair.headers {
            typed |= name.eq_ignore_ascii_case("content-type");
            request = request.header(name, self.ours(value.as_str().unwrap()));
        }
        if let Some(body) = &pair.body {
            assert!(typed, "pair {} sends a body without saying what it is", pair.number);
            request = request.body(self.ours(&with_id(pair, body)));
        }
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let headers = answer.headers().clone();
        let body = answer.text().await.unwrap();
        let mut differs = Vec::new();
        if status != pair.status {
            differs.push(format!("status {status}, recorded {}", pair.status));
        }
        for name in HEADERS {
            let recorded = pair.answer_headers.get(*name).and_then(Value::as_str);
            let found = headers.get(*name).and_then(|value| value.to_str().ok());
            if recorded.is_some() && recorded != found {
                differs.push(format!("{name}: {found:?}, recorded {recorded:?}"));
            }
        }
        match &pair.answer {
            Answer::None if body.is_empty() => {}
            Answer::None => differs.push(format!("body {body}, recorded none")),
            Answer::Json(recorded) => match serde_json::from_str(&body) {
                Ok(found) => self.compare("", recorded, &found, &mut differs),
                Err(_) => differs.push(format!("body {body} is no JSON")),
            },
            Answer::Text(recorded) => compare_cut(recorded, &body, &mut differs),
        }
        for what in differs {
            self.wrong.push(format!("{}. {}: {what}", pair.number, pair.title));
        }
    }

    /// Moves time to when the recording wrote what it answers.
    fn at_the_time_of(&self, pair: &Pair) {
        let (Answer::Json(answer), false) = (&pair.answer, pair.method == Method::GET) else {
            return;
        };
        let times = ["created_at", "updated_at"]
            .into_iter()
            .filter_map(|name| answer[name].as_i64());
        let now: DateTime<Utc> = self.clock.now();
        let ahead = times.max().unwrap_or(0) - now.timestamp();
        self.clock
            .advance(Duration::from_secs(u64::try_from(ahead).unwrap_or(0)));
    }

    /// A text of the recording with the keys that the fake made up in place of Kong's.
    fn ours(&self, text: &str) -> String {
        self.made_up
            .iter()
            .fold(text.to_owned(), |text, (theirs, ours)| text.replace(theirs, ours))
    }

    fn compare(&mut self, way: &str, recorded: &Value, found: &Value, differs: &mut Vec<String>) {
        match (recorded, found) {
            (Value::Object(recorded), Value::Object(found)) => {
                for (name, value) in recorded.iter().filter(|(name, _)| !VOLATILE.contains(&name.as_str())) {
                    let nothing = Value::String("(absent)".to_owned());
                    self.compare(
                        &format!("{way}.{name}"),
                        value,
                        found.get(name).unwrap_or(&nothing),
                        differs,
                    );
                }
                for name in found.keys().filter(|name| !recorded.contains_key(*name)) {
                    differs.push(format!("{way}.{name} was not recorded"));
                }
            }
            (Value::Array(recorded), Value::Array(found)) if recorded.len() == found.len() => {
                for (index, (recorded, found)) in recorded.iter().zip(found).enumerate() {
                    self.compare(&format!("{way}.{index}"), recorded, found, differs);
                }
            }
            (Value::String(theirs), Value::String(ours)) if generated(theirs) && generated(ours) => {
                let known = self.made_up.entry(theirs.clone()).or_insert_with(|| ours.clone());
                if known != ours {
                    differs.push(format!("{way}: {ours}, where {theirs} was {known} before"));
                }
            }
            (recorded, found) if recorded == found => {}
            (recorded, found) => differs.push(format!("{way}: {found}, recorded {recorded}")),
        }
    }

    /// What was done between the pairs and not recorded.
    async fn unrecorded(&mut self, before: u32) {
        let key = |id: &str, key: &str| {
            (
                format!("consumers/alice/key-auth/{id}"),
                json!({ "key": key, "tags": ["managed"] }),
            )
        };
        let page = |id: &str, number: u32, tag: &str| {
            (
                format!("consumers/{id}"),
                json!({ "username": format!("page-{number}"), "tags": ["page", tag] }),
            )
        };
        let calls = match before {
            84 => vec![key("fe841ce6-95bd-4f3e-8a14-b81e9c728200", "alice-key-0001")],
            139 => vec![
                page("bfc06132-e7f3-4ba9-9eac-8e39e7505fa1", 0, "even"),
                page("8a917f9b-7a90-41e7-aee0-0a4e6eae8a6b", 1, "odd"),
                page("624d8cde-da61-41e2-8c59-b375498df2d4", 2, "even"),
                page("d3d462c2-4563-4f1b-a4ba-edc305a0631d", 3, "odd"),
                // Its id was not recorded; only that it comes after the others.
                page("eeeeeeee-0000-4000-8000-000000000004", 4, "even"),
            ],
            _ => return,
        };
        if before == 139 {
            let ahead = 1_795_305_163 - self.clock.now().timestamp();
            self.clock.advance(Duration::from_secs(ahead.try_into().unwrap()));
        }
        for (path, body) in calls {
            let url = format!("{}/{path}", self.fake.admin_url());
            let answer = self.client.put(url).json(&body).send().await.unwrap();
            assert_eq!(answer.status(), 200);
        }
    }
}

/// A key that Kong made up: 32 letters and digits.
fn generated(text: &str) -> bool {
    text.len() == 32 && text.chars().all(|c| c.is_ascii_alphanumeric())
}

/// The body, with the id that Kong chose, where it had the choice.
fn with_id(pair: &Pair, body: &str) -> String {
    let Answer::Json(answer) = &pair.answer else {
        return body.to_owned();
    };
    let last = pair.path.rsplit('/').next().unwrap();
    let chosen = pair.status == 201 || (pair.method == Method::PUT && pair.status == 200 && last.len() != 36);
    let (Some(id), true) = (answer["id"].as_str(), chosen) else {
        return body.to_owned();
    };
    match serde_json::from_str(body) {
        Ok(Value::Object(mut given)) => {
            given.entry("id").or_insert(json!(id));
            Value::Object(given).to_string()
        }
        _ => format!("{body}&id={id}"),
    }
}

/// Of an answer that was recorded in part: the text of a page, or the names of what an object has.
fn compare_cut(recorded: &str, found: &str, differs: &mut Vec<String>) {
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    if recorded.starts_with('<') {
        if words(recorded) != words(found) {
            differs.push(format!("page {found}"));
        }
        return;
    }
    let names: BTreeMap<&str, ()> = recorded
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix(": {")?.strip_suffix('"'))
        .map(|name| (name, ()))
        .collect();
    assert!(!names.is_empty());
    // Those of the shared memory zones are the node's own affair.
    for name in names
        .keys()
        .filter(|name| !name.starts_with("kong_") && !name.starts_with("prometheus_"))
    {
        if !found.contains(&format!("\"{name}\":")) {
            differs.push(format!("{name} is missing"));
        }
    }
}

#[tokio::test]
async fn the_fake_answers_what_a_real_kong_answered() {
    let Some(file) = papers::find("kong-transcript.md") else {
        return;
    };
    let pairs = parse(&std::fs::read_to_string(file).unwrap());
    assert_eq!(pairs.len(), PAIRS, "the recording has other pairs than this test knows");
    let excused = |number: u32| OUT_OF_SCOPE.iter().find(|(numbers, _)| numbers.contains(&number));
    let mut replay = Replay::start().await;
    let mut replayed = 0;
    for pair in &pairs {
        replay.unrecorded(pair.number).await;
        match excused(pair.number) {
            Some((_, why)) => println!("{:>3}. {} is left out: {why}", pair.number, pair.title),
            None => {
                replay.call(pair).await;
                replayed += 1;
            }
        }
    }
    assert!(replay.wrong.is_empty(), "{}", replay.wrong.join("\n"));
    let excused = OUT_OF_SCOPE
        .iter()
        .map(|(numbers, _)| numbers.clone().count())
        .sum::<usize>();
    assert_eq!(replayed + excused, PAIRS);
}
