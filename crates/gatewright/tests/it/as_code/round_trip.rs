//! Whatever a tenant has, its export makes another one the same.

use std::collections::{BTreeMap, BTreeSet};

use gatewright::apply::export::export;
use gatewright::apply::format::RouteKey;
use gatewright::apply::model::{Gateway, Handle, Object, Objects, Plan, Product, Route, Service};
use gatewright::apply::remote::Remote;
use gatewright_catalog::model::{BillingPeriod, Contract, ContractFormat, ProductKind, Quota, QuotaPeriod, RateLimit};
use gatewright_testkit::TestApp;
use gatewright_types::access::{AuthType, Environment, RouteAccess};
use gatewright_types::money::Money;
use gatewright_types::slug::Slug;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::Desk;

/// Of so many cases that proptest would try, one: a tenant takes longer than a value.
const CASES_PER_TENANT: u32 = 64;

fn slug(text: &str) -> Slug {
    text.parse().unwrap()
}

/// Names and descriptions that a careless writer of YAML gets wrong.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zA-Z][ -~]{0,20}[a-z]",
        select(vec![
            "true",
            "Null",
            "12",
            "- a",
            "a: b",
            "#1",
            "'",
            "é – ü",
            "\u{1f600}",
            "{}",
            "*a",
            "&a",
            "@",
            "0x1F",
            "~a"
        ])
        .prop_map(str::to_owned),
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        name(),
        "[a-z:#\n ]{0,30}",
        "[a-z]{1,5}\n[a-z]{1,5}\n"
    ]
}

fn products() -> impl Strategy<Value = Vec<(Product, Option<Contract>)>> {
    let contract = prop_oneof![
        Just(None),
        text().prop_map(|text| Some(Contract {
            format: ContractFormat::OpenApi,
            document: format!(
                "{{\n  \"openapi\": \"3.0.3\",\n\t\"x\": {}\n}}\n",
                serde_json::json!(text)
            ),
        })),
        text().prop_map(|text| Some(Contract {
            format: ContractFormat::GraphQl,
            document: format!("type Query {{ a: Int }}\n# {text}"),
        })),
    ];
    let product = (select(ProductKind::ALL.to_vec()), name(), text(), any::<bool>()).prop_map(
        |(kind, name, description, orchestrated)| Product {
            kind,
            name,
            description,
            orchestrated,
        },
    );
    proptest::collection::vec((product, contract), 1..4)
}

fn plan(products: usize) -> impl Strategy<Value = Plan> {
    let price =
        ((0_i64..100_000_000), 0_u32..=6, select(vec!["EUR", "USD", "JPY"])).prop_map(|(units, scale, currency)| {
            Money {
                amount: rust_decimal::Decimal::new(units, scale),
                currency: currency.parse().unwrap(),
            }
        });
    let quota = ("[a-z_0-9]{1,8}", any::<u64>(), select(QuotaPeriod::ALL.to_vec()))
        .prop_map(|(meter, limit, period)| Quota { meter, limit, period });
    let rate_limit = (1..=u32::MAX, 1_u32..=86_400).prop_map(|(requests, window_seconds)| RateLimit {
        requests,
        window_seconds,
    });
    let limits = (
        proptest::collection::vec(quota, 0..3),
        proptest::collection::vec(rate_limit, 0..3),
    );
    let of = proptest::collection::btree_set(0..products, 1..=products);
    (
        (name(), any::<bool>()),
        text(),
        price,
        select(BillingPeriod::ALL.to_vec()),
        0_u16..=365,
        limits,
        of,
    )
        .prop_map(
            |((name, self_service), description, price, billing_period, trial_days, (quotas, rate_limits), of)| Plan {
                name,
                description,
                self_service,
                price,
                billing_period,
                trial_days,
                quotas,
                rate_limits,
                products: of.into_iter().map(|at| slug(&format!("p{at}"))).collect(),
            },
        )
}

type Parts = (Gateway, BTreeMap<String, Service>, Vec<(usize, Route)>);

fn gateway(products: usize) -> impl Strategy<Value = Parts> {
    let gateway =
        (name(), select(Environment::ALL.to_vec()), 0_i64..10_737_418_240).prop_map(|(name, environment, max)| {
            Gateway {
                name,
                environment,
                auth_type: AuthType::ApiKey,
                max_request_body_bytes: max,
            }
        });
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    let service = (any::<bool>(), 1..=3_600_000, 1..=3_600_000).prop_map(move |(tls, connect, response)| Service {
        target_url: if tls {
            "https://a.example:8443/v1"
        } else {
            "http://[::1]:9000"
        }
        .to_owned(),
        ca_pem: tls.then(|| pem.clone()),
        connect_timeout_ms: connect,
        response_timeout_ms: response,
    });
    let services = proptest::collection::btree_map(name(), service, 1..3);
    let path = select(vec![
        "/a",
        "/a/{id}",
        "/a/{id}/b/{other}",
        "/files/{*rest}",
        "/v1/x-y_z.json",
        "/",
    ]);
    let product = proptest::option::of(0..products);
    let route = (
        0_usize..4,
        path,
        select(vec!["GET", "POST", "ANY", "PURGE"]),
        any::<bool>(),
        select(RouteAccess::ALL.to_vec()),
        product,
    )
        .prop_map(|(service, path, method, same, access, product)| {
            let target = if same { path.to_owned() } else { "/other".to_owned() };
            let route = Route {
                key: RouteKey {
                    path: path.to_owned(),
                    method: method.to_owned(),
                },
                service: String::new(),
                target_path: target,
                access,
                product: product.map(|at| slug(&format!("p{at}"))),
            };
            (service, route)
        });
    (gateway, services, proptest::collection::vec(route, 0..8))
}

/// A tenant whose gateways have slugs of their own, as an installation wants.
fn tenant(case: u32) -> impl Strategy<Value = Objects> {
    products().prop_flat_map(move |products| {
        let count = products.len();
        let plans = proptest::collection::vec(plan(count), 0..4);
        let gateways = proptest::collection::vec(gateway(count), 0..3);
        (Just(products), plans, gateways)
            .prop_map(move |(products, plans, gateways)| assemble(case, products, plans, gateways))
    })
}

fn assemble(case: u32, products: Vec<(Product, Option<Contract>)>, plans: Vec<Plan>, gateways: Vec<Parts>) -> Objects {
    let mut objects = Objects::new();
    for (at, (product, contract)) in products.into_iter().enumerate() {
        let slug = slug(&format!("p{at}"));
        objects.extend(contract.map(|contract| (Handle::Contract(slug.clone()), Object::Contract(contract))));
        objects.insert(Handle::Product(slug), Object::Product(product));
    }
    for (at, plan) in plans.into_iter().enumerate() {
        objects.insert(Handle::Plan(slug(&format!("plan{at}"))), Object::Plan(plan));
    }
    for (at, (gateway, services, routes)) in gateways.into_iter().enumerate() {
        let slug = slug(&format!("g{case}-{at}"));
        let names: Vec<String> = services.keys().cloned().collect();
        for (service, mut route) in routes {
            route.service = names[service % names.len()].clone();
            objects.insert(Handle::Route(slug.clone(), route.key.identity()), Object::Route(route));
        }
        for (name, service) in services {
            objects.insert(Handle::Service(slug.clone(), name), Object::Service(service));
        }
        objects.insert(Handle::Gateway(slug), Object::Gateway(gateway));
    }
    objects
}

#[tokio::test]
async fn what_is_exported_makes_an_empty_tenant_the_same_to_the_byte() {
    let app = TestApp::start().await;
    let mut runner = TestRunner::deterministic();
    let mut kinds = BTreeSet::new();
    let cases = (ProptestConfig::default().cases / CASES_PER_TENANT).max(4);
    for case in 0..cases {
        let objects = tenant(case).new_tree(&mut runner).unwrap().current();
        kinds.extend(objects.keys().map(Handle::kind));
        let name = format!("tenant{case}");
        let remote = Remote {
            tenant: slug(&name),
            objects,
            held: BTreeMap::new(),
        };
        let written = export(&remote, None);
        let desk = Desk::of(&app.tenant(&name).await);
        let ended = desk.apply(&written, &[]).await;
        assert_eq!(ended.code, 0, "{ended:?}\n{written}");
        let exported = desk.export().await;
        assert_eq!(exported, written, "the same bytes");
        let again = desk.apply(&exported, &["--prune", "--prune-live"]).await;
        assert!(again.stdout.contains("Nothing to do"), "{again:?}");

        // The same with contracts in files of their own.
        let ended = desk.run(&["export", "--directory", "there"]).await;
        assert_eq!(ended.code, 0, "{ended:?}");
        let again = desk.run(&["apply", "-f", "there", "--plan"]).await;
        assert!(again.code == 0 && again.stdout.contains("Nothing to do"), "{again:?}");
    }
    assert_eq!(kinds.len(), 6, "every kind was there: {kinds:?}");
    app.stop().await;
}
