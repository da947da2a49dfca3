//! Gateways, services and routes: in force when the answer arrives, and never at the cost of another.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use gatewright_testkit::{TestApp, Wire, database, settings};
use gatewright_types::Clock;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::scene::{PATH, Scene, ok, refusal};

/// Kept-alive connections, enough of them that every core has some.
struct Wires(Vec<Wire>);

impl Wires {
    async fn connect(scene: &Scene) -> Self {
        let mut wires = Vec::new();
        for _ in 0..12 {
            wires.push(Wire::connect(scene.app.gateway_addr()).await);
        }
        Self(wires)
    }

    /// What every core says to a request without a key.
    async fn get(&mut self, slug: &str, path: &str) -> (u16, String) {
        let mut said = Vec::new();
        for wire in &mut self.0 {
            let answer = wire.get(slug, path, &[]).await;
            said.push((answer.status, answer.code()));
        }
        assert!(said.iter().all(|one| *one == said[0]), "the cores agree: {said:?}");
        said.swap_remove(0)
    }
}

#[tokio::test]
async fn a_route_is_in_force_changed_and_gone_when_the_answer_arrives() {
    let scene = Scene::set().await;
    let mut wires = Wires::connect(&scene).await;
    let no_route = refusal(404, "no-route");
    for round in 0..10 {
        let (path, moved) = (format!("/round/{round}"), format!("/moved/{round}"));
        assert_eq!(wires.get("acme", &path).await, no_route);
        let route = scene
            .acme
            .public_route(&scene.gateway, &scene.service, "GET", &path)
            .await;
        assert_eq!(wires.get("acme", &path).await, ok());
        let route = format!("/routes/{route}");
        scene
            .expect(200, Method::PATCH, &route, Some(json!({ "access": "SECURE" })))
            .await;
        assert_eq!(wires.get("acme", &path).await, refusal(401, "no-credential"));
        let change = json!({ "access": "PUBLIC", "publicPath": moved });
        scene.expect(200, Method::PATCH, &route, Some(change)).await;
        assert_eq!(
            (wires.get("acme", &path).await, wires.get("acme", &moved).await),
            (no_route.clone(), ok())
        );
        assert_eq!(
            scene.upstream.seen().pop().unwrap().uri.path(),
            path,
            "the target path stayed"
        );
        scene.expect(204, Method::DELETE, &route, None).await;
        assert_eq!(wires.get("acme", &moved).await, no_route);
    }
    scene.app.stop().await;
}

#[tokio::test]
async fn services_and_gateways_are_in_force_when_the_answer_arrives() {
    let scene = Scene::set().await;
    let mut wires = Wires::connect(&scene).await;
    let second = gatewright_testkit::Upstream::start().await;
    scene
        .acme
        .public_route(&scene.gateway, &scene.service, "GET", "/status")
        .await;
    assert_eq!(wires.get("acme", "/status").await, ok());
    let before = scene.upstream.seen().len();
    let change = json!({ "targetUrl": second.url() });
    scene
        .expect(
            200,
            Method::PATCH,
            &format!("/services/{}", scene.service),
            Some(change),
        )
        .await;
    assert_eq!(wires.get("acme", "/status").await, ok());
    assert_eq!(
        (scene.upstream.seen().len(), second.seen().len()),
        (before, 12),
        "all went to the new target"
    );

    assert_eq!(wires.get("other", "/status").await, refusal(404, "no-gateway"));
    let other = scene.acme.gateway("other").await;
    assert_eq!(wires.get("other", "/status").await, refusal(404, "no-route"));
    scene
        .expect(204, Method::DELETE, &format!("/gateways/{other}"), None)
        .await;
    assert_eq!(wires.get("other", "/status").await, refusal(404, "no-gateway"));
    scene.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_hundred_changes_cost_no_request_of_another_route() {
    let scene = Scene::set().await;
    scene
        .acme
        .public_route(&scene.gateway, &scene.service, "GET", "/steady")
        .await;
    let changing = scene
        .acme
        .public_route(&scene.gateway, &scene.service, "GET", "/changing")
        .await;
    let done = Arc::new(AtomicBool::new(false));
    let mut clients = JoinSet::new();
    for _ in 0..8 {
        let (addr, done) = (scene.app.gateway_addr(), Arc::clone(&done));
        clients.spawn(async move {
            let mut wire = Wire::connect(addr).await;
            let mut count = 0;
            while !done.load(Ordering::Acquire) {
                let answer = wire.get("acme", "/steady", &[]).await;
                assert_eq!((answer.status, answer.body.as_slice()), (200, &br#"{"ok":true}"#[..]));
                count += 1;
            }
            count
        });
    }
    for number in 0..100 {
        let path = json!({ "publicPath": format!("/changing/{number}") });
        scene
            .expect(200, Method::PATCH, &format!("/routes/{changing}"), Some(path))
            .await;
        let added = scene
            .acme
            .public_route(&scene.gateway, &scene.service, "GET", &format!("/new/{number}"))
            .await;
        scene
            .expect(204, Method::DELETE, &format!("/routes/{added}"), None)
            .await;
    }
    done.store(true, Ordering::Release);
    let counts = clients.join_all().await;
    assert!(
        counts.iter().all(|count| *count > 10),
        "all were busy meanwhile: {counts:?}"
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn changes_at_the_same_time_are_all_in_force_when_answered() {
    let scene = Scene::set().await;
    let mut requests = JoinSet::new();
    for number in 0..24 {
        let (acme, gateway, service) = (scene.acme.clone(), scene.gateway.clone(), scene.service.clone());
        requests.spawn(async move {
            let path = format!("/at-once/{number}");
            acme.public_route(&gateway, &service, "GET", &path).await;
            acme.through("acme", &path, None).await.0
        });
    }
    assert!(requests.join_all().await.iter().all(|status| *status == 200));
    scene.app.stop().await;
}

#[tokio::test]
async fn routes_that_match_the_same_requests_conflict() {
    let scene = Scene::set().await;
    let routes = format!("/gateways/{}/routes", scene.gateway);
    let route = |method: &str, path: &str| json!({ "serviceId": scene.service, "method": method, "publicPath": path, "access": "PUBLIC" });
    scene.acme.post(&routes, route("GET", "/files/{id}")).await;
    for same in ["/files/{id}", "/files/{name}"] {
        assert_eq!(
            scene.refused(409, &routes, route("GET", same)).await,
            "conflict",
            "{same}"
        );
    }
    for other in [
        ("POST", "/files/{id}"),
        ("GET", "/files/new"),
        ("GET", "/files/{id}/parts"),
    ] {
        scene.acme.post(&routes, route(other.0, other.1)).await;
    }
    let moved = scene.acme.create(&routes, route("GET", "/elsewhere")).await;
    let problem = scene
        .expect(
            409,
            Method::PATCH,
            &format!("/routes/{moved}"),
            Some(json!({ "publicPath": "/files/{x}" })),
        )
        .await;
    assert_eq!(problem["code"], "conflict");
    assert_eq!(
        scene.acme.through("acme", "/elsewhere", None).await.0,
        200,
        "a refused change changes nothing"
    );
    for (bad, pointer) in [
        ("no-slash", "/publicPath"),
        ("/a/{id}x", "/publicPath"),
        ("/a/{*rest}/b", "/publicPath"),
    ] {
        let problem = scene.expect(422, Method::POST, &routes, Some(route("GET", bad))).await;
        assert_eq!(problem["errors"][0]["field"], pointer, "{bad}: {problem}");
    }
    let mut target = route("GET", "/a/{id}");
    target["targetPath"] = json!("/b/{other}");
    let problem = scene.expect(422, Method::POST, &routes, Some(target)).await;
    assert_eq!(problem["errors"][0]["field"], "/targetPath", "{problem}");
    scene.app.stop().await;
}

#[tokio::test]
async fn a_route_goes_only_to_a_service_of_its_own_gateway() {
    let scene = Scene::set().await;
    let other = scene.acme.gateway("other").await;
    let foreign = scene.acme.service(&other, "translation", &scene.upstream.url()).await;
    let body = json!({ "serviceId": foreign, "method": "GET", "publicPath": "/x", "access": "PUBLIC" });
    let path = format!("/gateways/{}/routes", scene.gateway);
    let problem = scene.expect(422, Method::POST, &path, Some(body)).await;
    assert_eq!(problem["errors"][0]["field"], "/serviceId");
    let route = scene
        .acme
        .public_route(&scene.gateway, &scene.service, "GET", "/x")
        .await;
    let change = json!({ "serviceId": foreign });
    let problem = scene
        .expect(422, Method::PATCH, &format!("/routes/{route}"), Some(change))
        .await;
    assert_eq!(problem["errors"][0]["field"], "/serviceId");
    scene.app.stop().await;
}

/// Status of a GET with this Host.
async fn with_host(app: &TestApp, host: &str, path: &str) -> u16 {
    let url = format!("{}{path}", app.process.gateway_url().unwrap());
    app.client
        .get(url)
        .header("host", host)
        .send()
        .await
        .unwrap()
        .status()
        .as_u16()
}

#[tokio::test]
async fn a_host_names_its_gateway_and_a_bare_address_the_oldest() {
    let scene = Scene::set().await;
    let rival = scene.app.tenant("rival").await;
    let gateway = rival.gateway("rival").await;
    let service = rival.service(&gateway, "translation", &scene.upstream.url()).await;
    rival.public_route(&gateway, &service, "GET", "/rivals").await;
    scene
        .acme
        .public_route(&scene.gateway, &scene.service, "GET", "/acmes")
        .await;
    let addr = scene.app.gateway_addr().to_string();
    let ours = [
        "acme.localhost",
        "ACME.localhost:8000",
        "localhost",
        "127.0.0.1",
        "[::1]:8000",
        addr.as_str(),
    ];
    for host in ours {
        assert_eq!(with_host(&scene.app, host, "/acmes").await, 200, "{host}");
        assert_eq!(with_host(&scene.app, host, "/rivals").await, 404, "{host}");
    }
    assert_eq!(with_host(&scene.app, "rival.localhost", "/rivals").await, 200);
    assert_eq!(with_host(&scene.app, "rival.localhost", "/acmes").await, 404);
    for host in ["nobody.localhost", "acme.example.com", "a.acme.localhost"] {
        assert_eq!(with_host(&scene.app, host, "/acmes").await, 404, "{host}");
    }
    // Slugs are hosts, so they are unique in the installation.
    let taken = json!({ "name": "x", "slug": "acme", "environment": "LIVE", "authType": "API_KEY" });
    let (status, problem) = rival.call(Method::POST, "/gateways", Some(taken)).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("conflict")));
    assert_eq!(
        scene.acme.get(&format!("/gateways/{}", scene.gateway)).await["host"],
        "acme.localhost"
    );
    scene.app.stop().await;
}

#[tokio::test]
async fn the_default_gateway_and_the_base_domain_can_be_set() {
    let mut settings = settings(&database::create().await);
    settings.default_gateway = Some("second".parse().unwrap());
    settings.base_domain = "example.com".to_owned();
    let scene = Scene::set_in(TestApp::start_as(settings, Clock::System).await).await;
    let second = scene.acme.gateway("second").await;
    let service = scene.acme.service(&second, "translation", &scene.upstream.url()).await;
    scene.acme.public_route(&second, &service, "GET", "/seconds").await;
    for host in ["second.example.com", "example.com", "127.0.0.1"] {
        assert_eq!(with_host(&scene.app, host, "/seconds").await, 200, "{host}");
    }
    assert_eq!(with_host(&scene.app, "second.localhost", "/seconds").await, 404);
    assert_eq!(with_host(&scene.app, "acme.example.com", PATH).await, 401);
    scene.app.stop().await;
}

#[tokio::test]
async fn what_others_still_need_is_not_deleted() {
    let scene = Scene::set().await;
    let (gateway, service) = (
        format!("/gateways/{}", scene.gateway),
        format!("/services/{}", scene.service),
    );
    let refused = async |path: &str| -> Value { scene.expect(409, Method::DELETE, path, None).await["code"].clone() };
    assert_eq!(refused(&service).await, "in-use");
    let (consumer, _) = scene.acme.consumer(&scene.gateway, "Reporting").await;
    assert_eq!(refused(&gateway).await, "in-use");
    let routes = scene.acme.get(&format!("{gateway}/routes")).await;
    let route = routes["items"][0]["id"].as_str().unwrap().to_owned();
    scene
        .expect(204, Method::DELETE, &format!("/routes/{route}"), None)
        .await;
    scene.expect(204, Method::DELETE, &service, None).await;
    scene
        .expect(204, Method::DELETE, &format!("/consumers/{consumer}"), None)
        .await;
    scene
        .acme
        .service(&scene.gateway, "left behind", "http://127.0.0.1:1")
        .await;
    scene.expect(204, Method::DELETE, &gateway, None).await;
    scene.expect(404, Method::GET, &gateway, None).await;
    scene.app.stop().await;
}
