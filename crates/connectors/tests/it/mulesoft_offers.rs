//! What an Anypoint offers, what can be mapped, what is there already, and what verifying finds.

use std::collections::BTreeSet;

use gatewright_connectors::model::{AdoptedKey, Judgement, OfferedKind, fingerprint};
use gatewright_connectors::mulesoft::{ClientProvider, MuleSoft, Settings};
use gatewright_connectors::{Connector, FaultKind};
use http::Method;
use secrecy::ExposeSecret;
use serde_json::json;
use vendor_fakes::mulesoft::{Options, Scopes};

use crate::mulesoft_shop::{
    KEY, ORDERS, PAYMENTS_GOLD, PAYMENTS_SILVER, REPORTS, SECOND_KEY, STATUS, Shop, credentials, demo, key, scope,
    settings, subscribed,
};
use crate::stand::application;

#[tokio::test]
async fn every_api_instance_is_offered_and_every_tier() {
    let shop = Shop::open().await;
    let page = shop.mule.discover(&shop.link, None).await.unwrap();
    assert!(page.next.is_none());
    let of = |kind| page.items.iter().filter(move |one| one.kind == kind);
    assert_eq!(of(OfferedKind::Service).count(), 5);
    let products: BTreeSet<&str> = of(OfferedKind::Product).map(|one| one.remote_id.as_str()).collect();
    let expected = [ORDERS, PAYMENTS_GOLD, PAYMENTS_SILVER, REPORTS, STATUS, "20000005"];
    assert_eq!(products, BTreeSet::from(expected));
    let silver = page.items.iter().find(|one| one.remote_id == PAYMENTS_SILVER).unwrap();
    assert_eq!(silver.detail, ["contracts are approved by Gatewright"]);
    let status = page.items.iter().find(|one| one.remote_id == STATUS).unwrap();
    assert!(status.warnings[0].contains("admits anybody"), "{status:?}");
    let every = page.items.iter().flat_map(|one| &one.detail);
    assert!(every.into_iter().any(|detail| detail == "policy client-id-enforcement"));
}

async fn judge(shop: &Shop, remote_ids: &[&str]) -> Judgement {
    let scope: Vec<String> = remote_ids.iter().map(|id| (*id).to_owned()).collect();
    shop.mule.judge(&shop.link, &scope).await.unwrap()
}

#[tokio::test]
async fn what_is_open_is_told() {
    let shop = Shop::open().await;
    let judgement = judge(&shop, &[ORDERS, PAYMENTS_GOLD]).await;
    assert_eq!(judgement, Judgement::default());
    let judgement = judge(&shop, &[STATUS]).await;
    assert!(judgement.refusals.is_empty(), "{judgement:?}");
    assert_eq!(judgement.open, ["status v1 status-live (20000004)"]);
    let judgement = judge(&shop, &[REPORTS]).await;
    assert!(judgement.warnings[0].contains("send it twice"), "{judgement:?}");
    let judgement = judge(&shop, &[PAYMENTS_SILVER]).await;
    assert!(judgement.warnings[0].contains("asks for approval"), "{judgement:?}");
}

#[tokio::test]
async fn what_cannot_be_honored_is_refused() {
    let shop = Shop::open().await;
    for (remote_ids, words) in [
        (&[][..], "names no API instance"),
        (&["orders"][..], "neither an API instance's id"),
        (&["20000001:"][..], "neither an API instance's id"),
        (&["020000001"][..], "neither an API instance's id"),
        (&["20009999"][..], "no such API instance"),
        (
            &["20000002"][..],
            "name one of them: 20000002:301 (Gold), 20000002:302 (Silver)",
        ),
        (&["20000002:303"][..], "no active tier 303"),
        (&["20000001:301"][..], "no active tier 301"),
        (&[PAYMENTS_GOLD, PAYMENTS_SILVER][..], "named twice"),
    ] {
        let judgement = judge(&shop, remote_ids).await;
        assert!(judgement.refusals[0].contains(words), "{remote_ids:?}: {judgement:?}");
    }
}

#[tokio::test]
async fn an_application_made_by_hand_is_offered_for_adoption() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let page = shop.mule.adoptable(&shop.link, None).await.unwrap();
    let names: Vec<&str> = page.items.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["legacy-mobile-app", "partner-acme"]);
    assert_eq!(page.items[1].scope, scope(&[PAYMENTS_GOLD]));
    let secret = page.items[0].keys[0]
        .secret
        .as_ref()
        .unwrap()
        .expose_secret()
        .to_owned();
    assert_eq!(secret, "legacy-mobile-app-id:legacy-mobile-app-secret");
}

#[tokio::test]
async fn an_application_that_was_adopted_is_ours_with_the_same_pair() {
    let shop = Shop::open().await;
    let found = shop.mule.adoptable(&shop.link, None).await.unwrap().items.remove(0);
    let (id, secret) = ("legacy-mobile-app-id", "legacy-mobile-app-secret");
    let told = format!("{id}:{secret}");
    let again = shop.mule.stranger(&shop.link, &found.remote_id).await.unwrap().unwrap();
    assert_eq!((&again.name, &again.scope), (&found.name, &found.scope));
    let mut adopted = AdoptedKey {
        consumer_id: found.remote_id.clone(),
        remote_id: found.keys[0].remote_id.clone(),
        fingerprint: Some([0; 32]),
    };
    // It has another secret than when it was given.
    let fault = shop.mule.release(&shop.link, &adopted).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    shop.nothing_foreign_was_touched("changed since");
    adopted.fingerprint = Some(fingerprint(told.as_bytes()));
    for _ in 0..2 {
        shop.mule.release(&shop.link, &adopted).await.unwrap();
    }
    assert_eq!(shop.call("/orders", id, None).await, 401);
    shop.apply(&key(1, &told, &[ORDERS])).await.unwrap();
    assert_eq!(shop.call("/orders", id, Some(secret)).await, 200);
    assert_eq!(shop.observe().await.credentials[0].fingerprint, adopted.fingerprint);
    shop.apply(&key(1, &told, &[ORDERS, REPORTS])).await.unwrap();
    assert_eq!(shop.call("/reports", id, Some(secret)).await, 200);
    // What is ours is nobody else's to be given to us.
    adopted.remote_id = shop.stored_ours()[0]["id"].to_string();
    let fault = shop.mule.release(&shop.link, &adopted).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(
        shop.mule
            .stranger(&shop.link, &adopted.remote_id)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_scan_finds_everything_of_ours_once_over_many_pages() {
    let shop = Shop::with(Options {
        applications_max: 10_000,
        ..demo()
    })
    .await;
    // 1250 subscriptions with two keys each, so that pages end in the middle of one.
    let path = format!("{}?apiInstanceId={ORDERS}", shop.applications());
    shop.by_hand(
        Method::POST,
        &path,
        json!({ "name": "zzz", "description": "a stranger" }),
    )
    .await;
    for number in 1..=1250_u128 {
        let name = application(number).name();
        for one in 1..=2 {
            let name = format!("{name}-k{one}");
            let body = json!({ "name": name, "description": format!("{name} cust-x") });
            shop.fake_made(&path, body).await;
        }
    }
    let (mut found, mut cursor, mut pages) = (BTreeSet::new(), None, 0);
    loop {
        let page = shop
            .mule
            .scan(&shop.link, shop.ours.connection_id, cursor)
            .await
            .unwrap();
        pages += 1;
        for one in page.items {
            assert_eq!(one.observed.credentials.len(), 2, "{}", one.name);
            assert!(found.insert(one.subscription_id.unwrap()), "{} twice", one.name);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(found.len(), 1250);
    assert!(pages >= 25, "{pages}");
}

#[tokio::test]
async fn what_was_renamed_is_scanned_with_the_rest_and_what_lost_its_words_by_its_name() {
    let shop = Shop::open().await;
    shop.apply_all(&[key(1, KEY, &[ORDERS]), key(2, SECOND_KEY, &[ORDERS])])
        .await;
    let id = shop.stored_ours()[1]["id"].clone();
    let path = format!("{}/{id}", shop.applications());
    let renamed = json!({ "name": "Acme production" });
    shop.by_hand(Method::PATCH, &path, renamed).await;
    let mark = shop.ours.mark();
    for name in [format!("{mark}-a"), format!("{mark}-b")] {
        let path = format!("{}?apiInstanceId={ORDERS}", shop.applications());
        shop.by_hand(Method::POST, &path, json!({ "name": name })).await;
    }
    let page = shop.mule.scan(&shop.link, shop.ours.connection_id, None).await.unwrap();
    let found = page.items.iter().map(|one| (one.subscription_id, one.name.as_str()));
    let (ours, a, b) = (shop.ours.name(), format!("{mark}-a"), format!("{mark}-b"));
    let expected = [(Some(shop.ours.subscription_id), ours.as_str()), (None, &a), (None, &b)];
    assert_eq!(found.collect::<BTreeSet<_>>(), BTreeSet::from(expected));
    let ours = page.items.iter().find(|one| one.subscription_id.is_some()).unwrap();
    assert_eq!(ours.observed, shop.observe().await);
}

#[tokio::test]
async fn a_subscription_of_another_connection_is_not_scanned() {
    let shop = Shop::open().await;
    shop.apply_all(&subscribed()).await;
    let other = gatewright_types::ids::GatewayId::from_uuid(uuid_of(8));
    let page = shop.mule.scan(&shop.link, other, None).await.unwrap();
    assert!(page.items.is_empty());
    let page = shop.mule.scan(&shop.link, shop.ours.connection_id, None).await.unwrap();
    assert_eq!(page.items.len(), 1);
    assert_eq!(page.items[0].subscription_id, Some(shop.ours.subscription_id));
    assert_eq!(page.items[0].observed, shop.observe().await);
}

fn uuid_of(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}

#[tokio::test]
async fn a_sound_anypoint_is_verified_and_nothing_is_changed() {
    let shop = Shop::open().await;
    let before = shop.fake.state();
    let report = shop.mule.verify(&shop.link).await.unwrap();
    assert!(report.problems.is_empty(), "{report:?}");
    assert_eq!(report.edition.as_deref(), Some("Anypoint Platform"));
    assert!(
        report.warnings.iter().any(|words| words.contains("status v1")),
        "{report:?}"
    );
    assert_eq!(shop.fake.state()["applications"], before["applications"]);
    assert_eq!(shop.fake.state()["contracts"], before["contracts"]);
}

#[tokio::test]
async fn every_missing_scope_is_a_problem_by_its_name() {
    let all = Scopes::default();
    for (scopes, words) in [
        (
            Scopes {
                view_applications: false,
                ..all
            },
            "View Client Applications",
        ),
        (
            Scopes {
                manage_applications: false,
                ..all
            },
            "Manage Client Applications",
        ),
        (
            Scopes {
                view_contracts: false,
                ..all
            },
            "View Contracts",
        ),
        (
            Scopes {
                manage_contracts: false,
                ..all
            },
            "Manage Contracts",
        ),
        (
            Scopes {
                view_apis: false,
                ..all
            },
            "View APIs Configuration",
        ),
    ] {
        let shop = Shop::with(Options { scopes, ..demo() }).await;
        let mule = if scopes.view_contracts {
            None
        } else {
            Some(key(1, KEY, &[ORDERS]))
        };
        if let Some(step) = mule {
            shop.blindly(&step).await;
        }
        let report = shop.mule.verify(&shop.link).await.unwrap();
        assert!(
            report.problems.iter().any(|one| one.contains(words)),
            "{words}: {report:?}"
        );
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_address_or_the_secret_is_a_problem() {
    let shop = Shop::open().await;
    let url = shop.fake.admin_url();
    let nobody = uuid_of(9).to_string();
    let right = || settings(&url, &shop.options);
    let wrong_secret = Options {
        client_secret: "wrong".to_owned(),
        ..shop.options.clone()
    };
    for (settings, options) in [
        (right(), &wrong_secret),
        (
            Settings {
                environment_id: nobody.clone(),
                ..right()
            },
            &shop.options,
        ),
        (
            Settings {
                organization_id: nobody.clone(),
                ..right()
            },
            &shop.options,
        ),
        (
            Settings {
                root_organization_id: nobody.clone(),
                ..right()
            },
            &shop.options,
        ),
    ] {
        let mule = MuleSoft::new(settings, &credentials(options)).unwrap();
        let report = mule.verify(&shop.link).await.unwrap();
        assert!(!report.problems.is_empty(), "{report:?}");
        assert!(!format!("{report:?}").contains(&options.client_secret) || options.client_secret == "wrong");
    }
    let provider = Settings {
        client_provider: ClientProvider::Oidc,
        ..right()
    };
    let report = MuleSoft::new(provider, &credentials(&shop.options)).unwrap();
    let report = report.verify(&shop.link).await.unwrap();
    assert!(report.warnings[0].contains("OpenID Connect"), "{report:?}");
}

#[tokio::test]
async fn the_ceiling_is_warned_of_before_it_is_hit() {
    let shop = Shop::open().await;
    let path = format!("{}?apiInstanceId={ORDERS}", shop.applications());
    let mut made = 0;
    for (count, warned) in [(399, false), (400, true)] {
        while made < count {
            made += 1;
            shop.fake_made(&path, json!({ "name": format!("gwr-x-s-y-k{made}") }))
                .await;
        }
        let report = shop.mule.verify(&shop.link).await.unwrap();
        let near = report
            .warnings
            .iter()
            .any(|words| words.starts_with("400 client applications of the 500"));
        assert_eq!(near, warned, "{report:?}");
    }
}

#[tokio::test]
async fn no_secret_is_told() {
    let shop = Shop::open().await;
    shop.apply_all(&[key(1, KEY, &[ORDERS, PAYMENTS_GOLD])]).await;
    let observed = shop.observe().await;
    shop.apply(&gatewright_connectors::Step::Suspend).await.unwrap();
    shop.mule.verify(&shop.link).await.unwrap();
    let shown = format!("{observed:?}");
    assert!(!shown.contains(KEY), "{shown}");
    // Nor is one in an address, where it would be logged on the way.
    shop.mule.scan(&shop.link, shop.ours.connection_id, None).await.unwrap();
    shop.apply(&gatewright_connectors::Step::DropApplication).await.unwrap();
    assert_eq!(shop.fake.state()["leaks"], json!([]));
    assert!(shop.fake.secrets().contains(&KEY.to_owned()));
}
