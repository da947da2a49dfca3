//! Anypoint's own descriptions of Exchange and API Manager, held between the connector and the stand-in. What neither describes, the
//! token and the older version of Exchange's API among it, goes by them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use gatewright_connectors::{Connector, Step};
use gatewright_egress::{Body, Client, Options as Egress, Request};
use http::header;
use vendor_fakes::server::{Handler, Listening, Outcome};
use vendor_fakes::wire;

use crate::judge::{Prism, anypoint};
use crate::mulesoft_shop::{
    KEY, ORDERS, PAYMENTS_GOLD, PAYMENTS_SILVER, REPORTS, SECOND_KEY, Shop, connected, drop_key, generated, key, scope,
};
use crate::papers;
use crate::stand::this_machine;

const EXCHANGE: &str = "/exchange/api/v2";
const API_MANAGER: &str = "/apimanager/api/v1";

/// Hands each call to the judge of its API, and those that have none to the stand-in itself.
async fn switchboard(places: [(&'static str, String); 2], otherwise: String) -> Listening {
    let client = Client::new(Egress::default());
    let handler: Handler = Arc::new(move |request| {
        let found = places
            .iter()
            .find_map(|(base, to)| Some((to, request.path.strip_prefix(base)?)));
        let (to, path) = found.unwrap_or((&otherwise, &request.path));
        let query = request
            .query
            .as_ref()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let (url, client) = (format!("{to}{path}{query}"), client.clone());
        Box::pin(async move {
            let mut passed = Request::new(request.method.clone(), url);
            for name in [header::AUTHORIZATION, header::CONTENT_TYPE, header::ACCEPT] {
                if let Some(value) = request.headers.get(&name) {
                    passed = passed.field(name, value.clone());
                }
            }
            if !request.body.is_empty() {
                passed = passed.body(Body::Whole(request.body.clone()));
            }
            let answer = client.send(passed, &this_machine()).await.unwrap();
            assert!(
                answer.status != 422 && !String::from_utf8_lossy(&answer.body).contains("VIOLATIONS"),
                "{} {}: {} {}",
                request.method,
                request.path,
                answer.status,
                String::from_utf8_lossy(&answer.body)
            );
            let mut headers = http::HeaderMap::new();
            for name in [header::CONTENT_TYPE, header::DATE] {
                if let Some(value) = answer.fields.get(&name) {
                    headers.insert(name, value.clone());
                }
            }
            Outcome::Answer(wire::Response {
                status: answer.status,
                headers,
                body: answer.body,
            })
        })
    });
    Listening::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), handler)
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_is_one_of_anypoints_descriptions() {
    let (Some(exchange), Some(manager)) = (
        papers::find("vendor/mulesoft/exchange-experience/api.yaml"),
        papers::find("vendor/mulesoft/api-manager/api.yaml"),
    ) else {
        return;
    };
    let mut shop = Shop::open().await;
    let upstream = shop.fake.admin_url();
    let exchange = anypoint(&exchange, "/organizations/{masterOrganizationId}/applications");
    let manager = anypoint(
        &manager,
        "/organizations/{organizationId}/environments/{environmentId}/apis",
    );
    let (exchange, manager) = (
        Prism::with(exchange, &format!("{upstream}{EXCHANGE}"), "").await,
        Prism::with(manager, &format!("{upstream}{API_MANAGER}"), "").await,
    );
    let (Some(exchange), Some(manager)) = (exchange, manager) else {
        return;
    };
    let places = [(EXCHANGE, exchange.base.clone()), (API_MANAGER, manager.base.clone())];
    let between = switchboard(places, upstream).await;
    shop.mule = connected(&format!("http://{}", between.addr()), &shop.options);

    for step in [
        key(1, KEY, &[]),
        key(1, KEY, &[ORDERS, PAYMENTS_SILVER, REPORTS]),
        key(1, KEY, &[ORDERS, PAYMENTS_GOLD]),
        generated(2, &[ORDERS]),
        Step::Suspend,
        Step::Reactivate(scope(&[ORDERS, PAYMENTS_GOLD])),
        drop_key(2),
        key(3, SECOND_KEY, &[ORDERS]),
    ] {
        shop.apply(&step)
            .await
            .unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
    }
    let id = &shop.stored_ours()[0]["id"];
    let path = format!("{}/{id}", shop.applications());
    shop.by_hand(http::Method::PATCH, &path, serde_json::json!({ "name": "renamed" }))
        .await;
    shop.apply(&Step::Application).await.unwrap();
    let observed = shop.observe().await;
    assert_eq!(observed.credentials.len(), 2);
    assert!(shop.read(&observed.credentials[0]).await.is_some());
    let page = shop.mule.scan(&shop.link, shop.ours.connection_id, None).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(shop.mule.adoptable(&shop.link, None).await.unwrap().items.len(), 2);
    assert!(shop.mule.discover(&shop.link, None).await.unwrap().items.len() > 10);
    let scope = [ORDERS.to_owned(), PAYMENTS_GOLD.to_owned()];
    assert!(shop.mule.judge(&shop.link, &scope).await.unwrap().refusals.is_empty());
    shop.apply(&Step::DropApplication).await.unwrap();
    assert!(shop.stored_ours().is_empty());
    let judged = shop.fake.counters().calls;
    assert!(judged > 60, "{judged} calls");
}

/// A judge that never says no is none.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_none_is_refused_by_the_description() {
    let Some(manager) = papers::find("vendor/mulesoft/api-manager/api.yaml") else {
        return;
    };
    let shop = Shop::open().await;
    let manager = anypoint(
        &manager,
        "/organizations/{organizationId}/environments/{environmentId}/apis",
    );
    let upstream = format!("{}{API_MANAGER}", shop.fake.admin_url());
    let Some(prism) = Prism::with(manager, &upstream, "").await else {
        return;
    };
    let path = shop.contracts(ORDERS);
    let url = format!("{}{}", prism.base, path.strip_prefix(API_MANAGER).unwrap());
    let request = Request::post(url)
        .field(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        )
        .field(header::AUTHORIZATION, header::HeaderValue::from_static("Bearer x"))
        .body(Body::Whole(br#"{"applicationId":"one"}"#.to_vec().into()));
    let answer = Client::new(Egress::default())
        .send(request, &this_machine())
        .await
        .unwrap();
    assert_eq!(answer.status, 422);
}
