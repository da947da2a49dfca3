//! A tenant as code: the real program against a real installation.

mod bad_files;
mod between;
mod round_trip;
pub(crate) mod secure;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use between::Between;
use gatewright_testkit::{TestApp, TestTenant, Upstream, settings};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::scene::expect;

/// Only so that a broken program fails a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(90);

/// How a run ended.
#[derive(Debug)]
struct Ended {
    code: i32,
    stdout: String,
    stderr: String,
}

/// A folder with files, and whom they are for.
struct Desk {
    folder: tempfile::TempDir,
    url: String,
    token: String,
}

impl Desk {
    fn of(who: &TestTenant) -> Self {
        Self::at(&who.api_url, &who.token)
    }

    fn at(url: &str, token: &str) -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            url: url.to_owned(),
            token: token.to_owned(),
        }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    async fn run(&self, arguments: &[&str]) -> Ended {
        self.run_with(arguments, &[]).await
    }

    async fn run_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatewright"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("GATEWRIGHT_URL", &self.url)
            .env("GATEWRIGHT_TOKEN", &self.token)
            .envs(variables.iter().copied());
        let ended = run(command).await;
        let said = format!("{}{}", ended.stdout, ended.stderr);
        assert!(
            self.token.is_empty() || !said.contains(&self.token),
            "no secret is shown: {said}"
        );
        ended
    }

    /// Applies a text without asking.
    async fn apply(&self, text: &str, more: &[&str]) -> Ended {
        self.write("tenant.yaml", text);
        self.run(&[&["apply", "-f", "tenant.yaml", "--yes"], more].concat())
            .await
    }

    /// What applying a text would do, as JSON, with its exit code.
    async fn plan(&self, text: &str, more: &[&str]) -> (i32, Value) {
        self.write("tenant.yaml", text);
        let ended = self
            .run(&[&["apply", "-f", "tenant.yaml", "--plan", "--json"], more].concat())
            .await;
        (
            ended.code,
            serde_json::from_str(&ended.stdout).unwrap_or_else(|_| panic!("{ended:?}")),
        )
    }

    async fn export(&self) -> String {
        let ended = self.run(&["export"]).await;
        assert_eq!(ended.code, 0, "{ended:?}");
        ended.stdout
    }
}

async fn run(mut command: Command) -> Ended {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output())
        .await
        .expect("it ends by itself")
        .unwrap();
    Ended {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn repository() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// `ACTION kind name` of every step.
fn steps(plan: &Value) -> Vec<String> {
    let text = |step: &Value, field: &str| step[field].as_str().unwrap().to_owned();
    let line = |step| format!("{} {} {}", text(step, "action"), text(step, "kind"), text(step, "name"));
    plan["steps"].as_array().unwrap().iter().map(line).collect()
}

/// A product, a plan and a gateway with a service and two routes.
const SHOP: &str = r#"
products:
  shop: { kind: API, name: Shop }
plans:
  basic:
    name: Basic
    price: { amount: "5", currency: EUR }
    billingPeriod: MONTH
    products: [shop]
gateways:
  shop:
    name: Shop
    environment: LIVE
    authType: API_KEY
    services:
      backend: { targetUrl: "http://127.0.0.1:9000" }
    routes:
      GET /items/{id}: { service: backend, access: SECURE, product: shop }
      GET /status: { service: backend, access: PUBLIC }
"#;

#[tokio::test]
async fn the_example_makes_what_the_demo_has_and_again_does_nothing() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let desk = Desk::of(&acme);
    let example = repository().join("examples/acme.yaml");
    let example = example.to_str().unwrap();
    let first = desk.run(&["apply", "-f", example, "--yes"]).await;
    assert_eq!(first.code, 0, "{first:?}");
    assert!(
        first
            .stdout
            .contains("15 to create, 0 to change, 0 to delete, 0 unchanged."),
        "{first:?}"
    );
    for plan in [&["--plan"][..], &["--yes"], &["--plan", "--prune"]] {
        let again = desk.run(&[&["apply", "-f", example], plan].concat()).await;
        assert_eq!(again.code, 0, "{again:?}");
        assert!(again.stdout.contains("Nothing to do: 15 objects"), "{again:?}");
    }
    app.stop().await;

    let database_url = gatewright_testkit::database::create().await;
    let (clock, rng) = (gatewright_types::Clock::System, gatewright_types::Rng::System);
    let started = gatewright::demo::start(&settings(&database_url), clock, rng, false, None, &|_| {}).await;
    let (demo, seeded) = started.unwrap();
    let desk = Desk::at(&demo.api_url(), seeded.operator_token());
    let ended = desk.run(&["apply", "-f", example, "--plan", "--json", "--prune"]).await;
    let plan: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(
        steps(&plan),
        ["CHANGE service acme: translation"],
        "only its address is another"
    );
    assert_eq!(plan["steps"][0]["fields"][0]["field"], "targetUrl");
    demo.stop().await.unwrap();
}

#[tokio::test]
async fn what_was_applied_admits_and_forwards_and_a_change_is_in_force_when_it_is_answered() {
    let app = TestApp::start().await;
    let upstream = Upstream::start().await;
    let acme = app.tenant("acme").await;
    let desk = Desk::of(&acme);
    let shop = SHOP.replace("http://127.0.0.1:9000", &upstream.url());
    assert_eq!(desk.apply(&shop, &[]).await.code, 0);
    assert_eq!(acme.through("shop", "/status", None).await.0, 200);
    assert_eq!(acme.through("shop", "/items/1", None).await.0, 401);

    let closed = shop.replace("access: PUBLIC", "access: SECURE");
    let ended = desk.apply(&closed, &[]).await;
    assert!(ended.stdout.contains("access: \"PUBLIC\" → \"SECURE\""), "{ended:?}");
    assert_eq!(acme.through("shop", "/status", None).await.0, 401);
    app.stop().await;
}

#[tokio::test]
async fn a_plan_says_every_field_and_a_changed_plan_of_the_catalog_gets_a_version() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let desk = Desk::of(&acme);
    let (code, plan) = desk.plan(SHOP, &[]).await;
    assert_eq!((code, plan["applied"].as_bool()), (2, Some(false)));
    assert!(desk.export().await.lines().count() < 3, "a plan changes nothing");
    assert_eq!(
        steps(&plan),
        [
            "CREATE product shop",
            "CREATE plan basic",
            "CREATE gateway shop",
            "CREATE service shop: backend",
            "CREATE route shop: GET /items/{id}",
            "CREATE route shop: GET /status"
        ]
    );
    assert_eq!(desk.apply(SHOP, &[]).await.code, 0);

    // The same amount in other digits is no change; other words of a parameter are one, in place.
    let same = SHOP.replace("amount: \"5\"", "amount: 5.00");
    assert_eq!(desk.plan(&same, &[]).await.0, 0);
    let changed = SHOP
        .replace("amount: \"5\"", "amount: \"6.50\"")
        .replace("name: Basic", "name: Starter")
        .replace("/items/{id}", "/items/{item}")
        .replace(
            "name: Shop }",
            "name: Shop, contract: { format: OPENAPI, document: '{\"openapi\":\"3.1.0\"}' } }",
        );
    let (code, plan) = desk.plan(&changed, &[]).await;
    assert_eq!(code, 2);
    assert_eq!(
        steps(&plan),
        [
            "CREATE contract shop",
            "CHANGE plan basic",
            "ADD_VERSION plan basic",
            "CHANGE route shop: GET /items/{item}"
        ]
    );
    assert_eq!(
        plan["steps"][2]["fields"],
        json!([{ "field": "price", "old": "5 EUR", "new": "6.5 EUR" }])
    );
    let ended = desk.apply(&changed, &["--json"]).await;
    let done: Value = serde_json::from_str(&ended.stdout).unwrap();
    assert_eq!((ended.code, done["applied"].as_bool()), (0, Some(true)), "{ended:?}");
    assert!(
        done["steps"]
            .as_array()
            .unwrap()
            .iter()
            .all(|step| step["state"] == "DONE")
    );
    let plans = acme.get("/plans").await;
    assert_eq!(
        (&plans["items"][0]["name"], &plans["items"][0]["version"]),
        (&json!("Starter"), &json!(2))
    );
    assert_eq!(desk.plan(&changed, &[]).await.0, 0, "and then there is nothing to do");
    app.stop().await;
}

#[tokio::test]
async fn nothing_is_deleted_without_prune_and_nothing_that_is_called_without_saying_so() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let desk = Desk::of(&acme);
    assert_eq!(desk.apply(SHOP, &[]).await.code, 0);
    let plans = acme.get("/plans").await;
    let customer = acme.customer("Globex").await;
    acme.subscribe(&customer, plans["items"][0]["id"].as_str().unwrap())
        .await;
    let cut = SHOP.replace(
        "      GET /items/{id}: { service: backend, access: SECURE, product: shop }\n",
        "",
    );

    let (code, plan) = desk.plan(&cut, &[]).await;
    assert_eq!((code, steps(&plan)), (0, Vec::<String>::new()));
    assert_eq!(
        plan["leftAlone"],
        json!([{ "kind": "route", "name": "shop: GET /items/{id}" }])
    );

    let refused = desk.apply(&cut, &["--prune"]).await;
    assert_eq!(refused.code, 1);
    assert!(
        refused
            .stderr
            .contains("up to 1 subscriptions may call it): say --prune-live"),
        "{refused:?}"
    );
    assert_eq!(desk.plan(SHOP, &[]).await.0, 0, "nothing was touched");
    let ended = desk.apply(&cut, &["--prune", "--prune-live"]).await;
    assert!(
        ended.code == 0 && ended.stdout.contains("done: - route shop: GET /items/{id}"),
        "{ended:?}"
    );

    // A gateway goes with all of it, but not while it has API consumers; products and plans stay.
    let gateway = acme.get("/gateways").await["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let (consumer, _) = acme.consumer(&gateway, "Reporting").await;
    let refused = desk.apply("tenant: acme", &["--prune", "--prune-live"]).await;
    assert!(
        refused.code == 1 && refused.stderr.contains("gateway shop has 1 API consumers"),
        "{refused:?}"
    );
    expect(&acme, 204, Method::DELETE, &format!("/consumers/{consumer}"), None).await;
    let ended = desk.apply("tenant: acme", &["--prune", "--prune-live"]).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stdout.contains("(with its 1 services and 1 routes)"), "{ended:?}");
    assert!(
        ended.stdout.contains("left alone: product shop, plan basic"),
        "{ended:?}"
    );
    assert_eq!(acme.get("/gateways").await["items"], json!([]));
    app.stop().await;
}

#[tokio::test]
async fn a_run_that_fails_says_how_far_it_came_and_the_next_one_goes_on() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    // A gateway's slug is a host, so another tenant can have it.
    let rival = app.tenant("rival").await;
    let gateway = rival.gateway("shop").await;
    let desk = Desk::of(&acme);
    let failed = desk.apply(SHOP, &[]).await;
    assert_eq!(failed.code, 1);
    assert!(
        failed
            .stderr
            .starts_with("gatewright: 2 steps are done, 4 are not, running it again goes on; + gateway shop: "),
        "{failed:?}"
    );
    assert!(
        failed.stderr.contains("(409 conflict, req_") && failed.stderr.lines().count() == 1,
        "{failed:?}"
    );
    let ended = desk.apply(SHOP, &["--json"]).await;
    let said: Value = serde_json::from_str(&ended.stdout).unwrap();
    let states: Vec<&str> = said["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["state"].as_str().unwrap())
        .collect();
    assert_eq!(
        (ended.code, states),
        (1, vec!["FAILED", "PENDING", "PENDING", "PENDING"]),
        "{said}"
    );
    assert!(said["error"].as_str().unwrap().contains("conflict"), "{said}");

    expect(&rival, 204, Method::DELETE, &format!("/gateways/{gateway}"), None).await;
    assert_eq!(desk.plan(SHOP, &[]).await.1["unchanged"], 2);
    assert_eq!(desk.apply(SHOP, &[]).await.code, 0);
    assert_eq!(desk.plan(SHOP, &[]).await.0, 0);
    app.stop().await;
}

#[tokio::test]
async fn an_installation_that_goes_away_in_between_is_no_harm() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let between = Between::start_until(&acme, 3).await;
    let failed = Desk::at(&between.url, &acme.token).apply(SHOP, &[]).await;
    assert_eq!(failed.code, 1);
    assert!(failed.stderr.contains("3 steps are done, 3 are not"), "{failed:?}");
    assert!(failed.stderr.contains("given up after 5 attempts"), "{failed:?}");
    let desk = Desk::of(&acme);
    assert_eq!(desk.apply(SHOP, &[]).await.code, 0);
    assert_eq!(desk.plan(SHOP, &[]).await.1["unchanged"], 6);
    app.stop().await;
}

#[tokio::test]
async fn lost_answers_and_a_busy_installation_make_nothing_twice() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    for lose in [between::busy_first, between::lose_first_answer] {
        let between = Between::start(&acme, lose).await;
        let desk = Desk::at(&between.url, &acme.token);
        let shop = SHOP.replace("shop", &format!("shop{}", between.port()));
        let shop = shop.replace("basic", &format!("basic{}", between.port()));
        let ended = desk.apply(&shop, &[]).await;
        assert_eq!(ended.code, 0, "{ended:?}");
        assert!(between.disturbed() > 5, "{}", between.disturbed());
        assert_eq!(desk.plan(&shop, &[]).await.0, 0);
        // Changes and deletions, too: what an earlier attempt did is not taken for somebody else's.
        let changed = shop
            .replace("name: Basic", "name: Other")
            .replace("amount: \"5\"", "amount: \"6\"")
            .replace(":9000", ":9001")
            .replace("      GET /status: { service: backend, access: PUBLIC }\n", "");
        let ended = desk.apply(&changed, &["--prune"]).await;
        assert_eq!(ended.code, 0, "{ended:?}");
        assert_eq!(desk.plan(&changed, &["--prune"]).await.0, 0);
    }
    let plans = acme.get("/plans").await;
    let versions: Vec<&Value> = plans["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|plan| &plan["version"])
        .collect();
    assert_eq!(versions, [2, 2], "one version more, not two");
    assert_eq!(acme.get("/products").await["items"].as_array().unwrap().len(), 2);
    app.stop().await;
}

#[tokio::test]
async fn what_somebody_else_changed_since_the_plan_is_never_overwritten() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let desk = Desk::of(&acme);
    assert_eq!(desk.apply(SHOP, &[]).await.code, 0);
    let renamed = SHOP.replace("shop: { kind: API, name: Shop }", "shop: { kind: API, name: Mine }");
    let product = acme.get("/products").await["items"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    // Once before the object is read again, once between that and the change.
    for (moment, name) in [(Method::GET, "Theirs"), (Method::PATCH, "Theirs again")] {
        let between = Between::start_with_rival(&acme, moment.clone(), &product, name).await;
        let desk = Desk::at(&between.url, &acme.token);
        let ended = desk.apply(&renamed, &[]).await;
        assert_eq!(ended.code, 1, "{moment}: {ended:?}");
        assert!(
            ended.stderr.contains("was changed by somebody else"),
            "{moment}: {ended:?}"
        );
        assert_eq!(
            acme.get(&format!("/products/{product}")).await["name"],
            name,
            "{moment}"
        );
    }
    assert_eq!(desk.apply(&renamed, &[]).await.code, 0, "a new plan knows it");
    app.stop().await;
}

#[tokio::test]
async fn what_the_api_cannot_do_is_refused_before_anything_is_done() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let desk = Desk::of(&acme);
    assert_eq!(desk.apply(SHOP, &[]).await.code, 0);
    for (text, expected) in [
        (
            SHOP.replace("kind: API", "kind: MCP_SERVER"),
            "tenant.yaml:3:9: product shop: kind cannot be changed from \"API\" to \"MCP_SERVER\"",
        ),
        (
            SHOP.replace("environment: LIVE", "environment: TEST"),
            "tenant.yaml:12:5: gateway shop: environment cannot be changed",
        ),
        (
            SHOP.replace("products: [shop]", "products: [shop, other]"),
            "tenant.yaml:9:22: there is no product other, in the files or in the installation",
        ),
    ] {
        let ended = desk.apply(&text, &[]).await;
        assert!(
            ended.code == 1 && ended.stderr.contains(expected),
            "{expected}: {ended:?}"
        );
    }
    assert_eq!(desk.plan(SHOP, &[]).await.0, 0, "nothing was touched");

    // Parts of a tenant may stand in several files; an object in one.
    desk.write("a.yml", "products:\n  one: { kind: API, name: One }\n");
    desk.write("b.yaml", "plans:\n  two: { name: Two, price: { amount: 1, currency: EUR }, billingPeriod: YEAR, products: [one, shop] }\n");
    let ended = desk.run(&["apply", "-f", ".", "--plan"]).await;
    assert!(ended.code == 2 && ended.stdout.contains("2 to create"), "{ended:?}");
    desk.write("b.yaml", "products:\n  one: { kind: API, name: One }\n");
    let ended = desk.run(&["apply", "-f", "a.yml", "-f", "b.yaml", "--plan"]).await;
    assert!(
        ended
            .stderr
            .contains("b.yaml:2:8: product one stands at a.yml:2:8 already"),
        "{ended:?}"
    );
    app.stop().await;
}

#[tokio::test]
async fn whoever_may_not_is_told_what_to_do() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let rival = app.tenant("rival").await;
    let cases = [
        (Desk::at(&acme.api_url, ""), "no token: name a file with --token-file"),
        (Desk::at(&acme.api_url, "gwo_nobody"), "`gatewright token <tenant>`"),
        (
            Desk::at(&acme.api_url, &app.installation_token().await),
            "is no operator's of one tenant",
        ),
        (
            Desk::of(&rival),
            "tenant.yaml:2:9: the file is for the tenant acme, the token is one of rival",
        ),
        (Desk::at("ftp://x", "gwo_x"), "starts with http:// or https://"),
        (
            Desk::at("http://user:geheim@127.0.0.1", "gwo_x"),
            "holds no user, password or query",
        ),
    ];
    for (desk, expected) in cases {
        let ended = desk.apply(&format!("\ntenant: acme{SHOP}"), &[]).await;
        assert_eq!((ended.code, ended.stderr.lines().count()), (1, 1), "{ended:?}");
        assert!(
            ended.stderr.contains(expected) && !ended.stderr.contains("geheim"),
            "{expected}: {ended:?}"
        );
        assert_eq!(ended.stdout, "");
    }
    let desk = Desk::of(&acme);
    desk.write("tenant.yaml", SHOP);
    let ended = desk.run(&["apply", "-f", "tenant.yaml"]).await;
    assert!(
        ended.code == 1 && ended.stderr.contains("say --yes to apply, or --plan to look"),
        "{ended:?}"
    );
    // From a file, and over what the environment says.
    let file = desk.write("token", &format!("{}\n", acme.token));
    let other = Desk::at(&acme.api_url, "gwo_nobody");
    let ended = other.run(&["export", "--token-file", file.to_str().unwrap()]).await;
    assert!(ended.code == 0 && ended.stdout.contains("tenant: acme\n"), "{ended:?}");
    app.stop().await;
}

#[tokio::test]
async fn the_commands_of_the_guide_run_as_they_stand_there() {
    let app = TestApp::start().await;
    let acme = app.tenant("acme").await;
    let guide = std::fs::read_to_string(repository().join("docs/as-code.md")).unwrap();
    let blocks: Vec<&str> = guide
        .split("```sh\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert!(blocks.len() >= 3, "{}", blocks.len());
    let folder = tempfile::tempdir().unwrap();
    for part in ["examples", "crates/gatewright/demo"] {
        let target = folder.path().join(part);
        std::fs::create_dir_all(target.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(repository().join(part).canonicalize().unwrap(), target).unwrap();
    }
    std::fs::write(folder.path().join("token"), &acme.token).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_gatewright")).parent().unwrap().display();
    let mut command = Command::new("sh");
    command
        .args(["-eu", "-c", &blocks.concat()])
        .current_dir(folder.path())
        .env_clear()
        .env("PATH", format!("{program}:/usr/bin:/bin"))
        .env("API", acme.api_url.trim_end_matches("/api/v1"));
    let ended = run(command).await;
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.stdout.contains("15 to create") && ended.stdout.contains("Nothing to do"),
        "{ended:?}"
    );
    app.stop().await;
}
