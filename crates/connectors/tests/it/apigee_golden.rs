//! Our calls beside those of Google's own client: the same method, path, query and body, one after the other.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gatewright_connectors::{Connector, Step};
use gatewright_egress::{Body, Client, Options, Request};
use http::Method;
use http::header::{self, HeaderValue};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::apigee_shop::{KEY, ORDERS, PAYMENTS, Shop, drop_key, generated, key, scope};
use crate::papers;
use crate::stand::{read, this_machine};

/// Reads calls of the client's, writes what it would send.
const CLIENT: &str = r#"
import json, sys
from google.auth.credentials import AnonymousCredentials
from googleapiclient.discovery import build

root = build("apigee", "v1", credentials=AnonymousCredentials(), static_discovery=True)
told = []
for method, arguments in json.load(sys.stdin):
    here = root.organizations()
    *collections, verb = method.split(".")
    for one in collections:
        here = getattr(here, one)()
    request = getattr(here, verb)(**arguments)
    told.append({"method": request.method, "uri": request.uri, "body": request.body})
json.dump(told, sys.stdout)
"#;

/// Calls at the end of `calls` that are made in no order.
const LOOKS: usize = 11;

/// Hands every request on and writes it down.
struct Recorder {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Recorder {
    async fn start(upstream: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::<Mutex<Vec<String>>>::default();
        let (written, client) = (Arc::clone(&seen), Client::new(Options::default()));
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let (seen, client, upstream) = (Arc::clone(&written), client.clone(), upstream.clone());
                tokio::spawn(async move {
                    while let Some(text) = read(&mut stream).await {
                        let answer = handed_on(&client, &upstream, &text).await;
                        seen.lock().unwrap().push(text);
                        stream.write_all(&answer).await.unwrap();
                    }
                });
            }
        });
        Self { url, seen }
    }
}

async fn handed_on(client: &Client, upstream: &str, text: &str) -> Vec<u8> {
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut words = head.split(' ');
    let method: Method = words.next().unwrap().parse().unwrap();
    let mut request = Request::new(method, format!("{upstream}{}", words.next().unwrap()));
    for name in [header::AUTHORIZATION, header::CONTENT_TYPE] {
        let field = head.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
        if let Some(value) = field {
            request = request.field(name, HeaderValue::from_str(value).unwrap());
        }
    }
    if !body.is_empty() {
        request = request.body(Body::Whole(body.to_owned().into_bytes().into()));
    }
    let answer = client.send(request, &this_machine()).await.unwrap();
    let mut bytes = format!("HTTP/1.1 {}\r\n", answer.status).into_bytes();
    if answer.status != 204 {
        bytes.extend(
            format!(
                "content-type: application/json\r\ncontent-length: {}\r\n",
                answer.body.len()
            )
            .bytes(),
        );
    }
    bytes.extend(b"\r\n");
    bytes.extend(&answer.body[..]);
    bytes
}

/// A request without what may differ: order in the query, encoding in the path, the random half of a key.
#[derive(Debug, PartialEq)]
struct Plain {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    body: Value,
}

impl Plain {
    fn new(method: &str, uri: &str, body: &str) -> Self {
        let uri = uri.replace("https://apigee.googleapis.com", "");
        let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
        let mut body: Value = serde_json::from_str(body).unwrap_or_default();
        if let Some(secret) = body.get_mut("consumerSecret") {
            *secret = "…".into();
        }
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let pairs = pairs.map(|(name, value)| (name.to_owned(), decoded(value)));
        Self {
            method: method.to_owned(),
            // The client's only name for importing a key.
            path: decoded(path).replace("/keys/create", "/keys"),
            query: pairs.filter(|(name, _)| name != "alt").collect(),
            body,
        }
    }
}

fn decoded(text: &str) -> String {
    text.replace("%40", "@").replace("%3D", "=").replace("%2F", "/")
}

#[tokio::test]
async fn every_call_is_the_one_that_googles_client_makes() {
    let python = papers::project().join("target/python/bin/python3");
    let installed = papers::project().join("target/python/google-api-python-client-2.202.0");
    if !installed.exists() {
        papers::skipped("Google's client is missing; scripts/ensure-google-api-client.sh installs it");
        return;
    }
    let mut shop = Shop::open().await;
    let recorder = Recorder::start(shop.fake.admin_url()).await;
    shop.through(&recorder.url);
    for step in steps() {
        shop.blindly(&step).await;
    }
    let auto = shop.fake.secrets()[4].clone();
    let app = shop.by_hand(Method::GET, &shop.path(""), json!(null)).await;
    let minted = app["credentials"][0]["consumerKey"].as_str().unwrap().to_owned();
    shop.blindly(&Step::DropApplication).await;
    let connection_id = shop.ours.connection_id;
    shop.apigee.scan(&shop.link, connection_id, None).await.unwrap();
    shop.apigee.judge(&shop.link, &[ORDERS.to_owned()]).await.unwrap();
    shop.apigee.verify(&shop.link).await.unwrap();

    let ours: Vec<String> = recorder.seen.lock().unwrap().clone();
    let plain = |request: &String| {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let mut words = head.split(' ');
        Plain::new(words.next().unwrap(), words.next().unwrap(), body)
    };
    let ours: Vec<Plain> = ours.iter().map(plain).collect();
    let theirs = told(&python, &calls(&shop, [&auto, &minted])).await;
    let (in_order, at_once) = theirs.split_at(theirs.len() - LOOKS);
    for (at, (ours, theirs)) in ours.iter().zip(in_order).enumerate() {
        assert_eq!(ours, theirs, "call {at}");
    }
    // What verification looks at, all at once.
    for look in &ours[in_order.len()..] {
        assert!(at_once.contains(look), "Google's client does not send {look:?}");
    }
    for look in at_once {
        assert!(ours[in_order.len()..].contains(look), "{look:?} is not sent");
    }
}

fn steps() -> Vec<Step> {
    vec![
        Step::Application,
        key(1, KEY, &[]),
        Step::Scope(scope(&[PAYMENTS])),
        Step::Scope(scope(&[])),
        generated(2, &[ORDERS]),
        Step::Suspend,
        Step::Reactivate(scope(&[])),
        drop_key(1),
    ]
}

/// The same in the client's words, written from Google's reference.
fn calls(shop: &Shop, [auto, minted]: [&String; 2]) -> Value {
    let organization = "organizations/acme-prod";
    let bare = |id: String| id.split_once('_').unwrap().1.to_owned();
    let (customer, subscription) = (shop.ours.customer_id, shop.ours.subscription_id);
    let (customer, subscription) = (bare(customer.to_string()), bare(subscription.to_string()));
    let mark = shop.ours.mark();
    let email = format!("{mark}-c-{customer}@gatewright.invalid");
    let developer = format!("{organization}/developers/{email}");
    let app_name = format!("{mark}-s-{subscription}");
    let app = format!("{developer}/apps/{app_name}");
    let own = format!("{app}/keys/{KEY}");
    let pair = |name: &str, value: &str| json!({ "name": name, "value": value });
    let of_developer = json!([pair("gatewright", &mark), pair("gatewright-customer", &customer)]);
    let of_subscription = pair("gatewright-subscription", &subscription);
    let of_app = json!([of_developer[0], of_developer[1], of_subscription]);
    let of_key = |number: &str| json!([of_developer[0], of_subscription, pair("gatewright-credential", number)]);
    let minting = json!([of_app[0], of_app[1], of_app[2], pair("gatewright-minting", "2:")]);
    let get_app = json!(["developers.apps.get", { "name": app }]);
    let get_developer = json!(["developers.get", { "name": developer }]);
    let status = "developers.apps.generateKeyPairOrUpdateDeveloperAppStatus";
    let other = format!("{app}/keys/{minted}");
    let revision =
        |proxy: &str| json!(["apis.revisions.get", { "name": format!("{organization}/apis/{proxy}/revisions/1") }]);
    json!([
        get_developer,
        ["developers.create", { "parent": organization, "body": {
            "email": email, "userName": format!("{mark}-c-{customer}"), "firstName": "Gatewright", "lastName": "Customer",
            "attributes": of_developer } }],
        ["developers.apps.create", { "parent": developer, "body": { "name": app_name, "attributes": of_app } }],
        ["developers.apps.keys.delete", { "name": format!("{app}/keys/{auto}") }],
        ["developers.apps.keys.create.create", { "parent": app, "body": {
            "consumerKey": KEY, "consumerSecret": "…", "attributes": of_key("1") } }],
        get_app,
        ["developers.apps.keys.updateDeveloperAppKey", { "name": own, "body": {
            "attributes": of_key("1"), "apiProducts": [PAYMENTS] } }],
        ["developers.apps.keys.apiproducts.updateDeveloperAppKeyApiProduct",
            { "name": format!("{own}/apiproducts/{PAYMENTS}"), "action": "approve" }],
        get_app,
        ["developers.apps.keys.apiproducts.delete", { "name": format!("{own}/apiproducts/{PAYMENTS}") }],
        get_app,
        [status, { "name": app, "body": { "name": app_name, "attributes": minting } }],
        ["developers.apps.keys.updateDeveloperAppKey", { "name": other, "body": {
            "attributes": of_key("2"), "apiProducts": [ORDERS] } }],
        // Blindly: it is looked at whose it is.
        get_app,
        [status, { "name": app, "action": "revoke" }],
        get_developer,
        get_app,
        [status, { "name": app, "action": "approve" }],
        get_app,
        ["developers.apps.keys.delete", { "name": own }],
        get_app,
        ["developers.apps.keys.delete", { "name": other }],
        ["developers.apps.delete", { "name": app }],
        get_developer,
        ["developers.apps.list", { "parent": developer, "count": "1" }],
        ["developers.delete", { "name": developer }],
        ["apps.list", { "parent": organization, "expand": true, "includeCred": false, "pageSize": 200,
            "status": "approved", "keyStatus": "approved" }],
        ["apiproducts.get", { "name": format!("{organization}/apiproducts/{ORDERS}") }],
        ["deployments.list", { "parent": organization }],
        revision("orders"),
        ["get", { "name": organization }],
        // From here on in any order: `LOOKS`.
        ["apps.list", { "parent": organization, "pageSize": 1 }],
        ["developers.list", { "parent": organization, "count": "1" }],
        ["apiproducts.list", { "parent": organization, "count": "1" }],
        ["apiproducts.list", { "parent": organization, "count": "1000", "expand": true }],
        ["deployments.list", { "parent": organization }],
        ["developers.delete", { "name": format!("{organization}/developers/gwr-nobody@gatewright.invalid") }],
        revision("orders"),
        revision("payments"),
        revision("reports"),
        revision("status"),
        revision("translation"),
    ])
}

/// What the client sends for these calls.
async fn told(python: &std::path::Path, calls: &Value) -> Vec<Plain> {
    let mut client = Command::new(python)
        .args(["-c", CLIENT])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdin = client.stdin.take().unwrap();
    stdin.write_all(calls.to_string().as_bytes()).await.unwrap();
    drop(stdin);
    let ended = tokio::time::timeout(Duration::from_secs(60), client.wait_with_output());
    let ended = ended.await.expect("it ends").unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let told: Vec<Value> = serde_json::from_slice(&ended.stdout).unwrap();
    let plain = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap_or_default();
        Plain::new(text("method"), text("uri"), text("body"))
    };
    told.iter().map(plain).collect()
}
