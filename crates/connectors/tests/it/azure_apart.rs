//! A subscription of its own for each key: what each opens, rotations in its two slots, and whatever goes wrong meanwhile.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use gatewright_connectors::choice::{Choice, Layout};
use gatewright_connectors::model::{Granularity, Inert, Secret};
use gatewright_connectors::{Connector, Fault, FaultKind, Observed, Step};
use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use vendor_fakes::azure::Options;

use crate::azure_shop::{CLIENT_SECRET, KEY, ORDERS, PAYMENTS, Shop, drop_key, scope, subscribed};
use crate::stand::application;
use crate::trial::{Case, Trial, mishaps};

const SECOND: &str = "sk_live_theCustomersSecret0002";
const THIRD: &str = "sk_live_theCustomersSecret0003";

fn per_key() -> Choice {
    Choice {
        layout: Some(Layout::OnePerKey),
        ..Choice::default()
    }
}

/// The service as it is used where products are mapped so.
pub(crate) fn apart(shop: &Shop) -> Arc<dyn Connector> {
    shop.azure.choose(&[per_key()]).unwrap().unwrap()
}

/// The credential of this number, of the key whose first is `first`.
pub(crate) fn own(number: u32, first: u32, secret: &str, product: &str) -> Step {
    Step::Credential {
        number,
        first,
        admitted: true,
        secret: Secret::Provided(SecretString::from(secret)),
        scope: scope(&[product]),
    }
}

pub(crate) fn made_by_azure(number: u32, first: u32, product: &str) -> Step {
    match own(number, first, "", product) {
        Step::Credential { scope, .. } => Step::Credential {
            number,
            first,
            admitted: true,
            secret: Secret::Generated,
            scope,
        },
        other => other,
    }
}

fn inert(step: Step) -> Step {
    match step {
        Step::Credential {
            number,
            first,
            secret,
            scope,
            ..
        } => Step::Credential {
            number,
            first,
            admitted: false,
            secret,
            scope,
        },
        other => other,
    }
}

struct Used {
    shop: Shop,
    azure: Arc<dyn Connector>,
}

impl Used {
    async fn open() -> Self {
        Self::with(Options::default()).await
    }

    async fn with(options: Options) -> Self {
        let shop = Shop::with(options).await;
        let azure = apart(&shop);
        Self { shop, azure }
    }

    async fn observe(&self) -> Observed {
        self.azure.observe(&self.shop.link, &self.shop.ours).await.unwrap()
    }

    async fn apply(&self, step: &Step) -> Result<Option<SecretString>, Fault> {
        let observed = self.observe().await;
        let done = self
            .azure
            .apply(&self.shop.link, &self.shop.ours, step, &observed)
            .await;
        Ok(done?.generated)
    }

    async fn all(&self, steps: &[Step]) {
        for step in steps {
            let done = self.apply(step).await;
            done.unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
        }
    }

    /// What the gateway says to the keys: first and second at orders, both at payments, the third at orders.
    async fn said(&self) -> [u16; 5] {
        let shop = &self.shop;
        [
            shop.call("/orders", KEY).await,
            shop.call("/orders", SECOND).await,
            shop.call("/payments", KEY).await,
            shop.call("/payments", SECOND).await,
            shop.call("/orders", THIRD).await,
        ]
    }

    fn path(&self, first: u32) -> String {
        self.shop.path(&format!("-k{first}"))
    }

    fn is_clean(&self) {
        let touched = self.shop.fake.touched();
        assert!(touched.is_empty(), "{touched:?}");
        let state = self.shop.fake.state();
        assert!(!state.to_string().contains("gwr-"), "{state:#}");
    }
}

/// Each step, and what the gateway then says.
fn life() -> Vec<(Step, [u16; 5])> {
    let both = scope(&[ORDERS, PAYMENTS]);
    vec![
        (Step::Application, [401, 401, 401, 401, 401]),
        (own(1, 1, KEY, ORDERS), [200, 401, 401, 401, 401]),
        (own(2, 2, SECOND, PAYMENTS), [200, 401, 401, 200, 401]),
        (Step::Suspend, [401, 401, 401, 401, 401]),
        // What comes while it is suspended is suspended too: beside a key that is there, and by itself.
        (inert(own(3, 1, THIRD, ORDERS)), [401, 401, 401, 401, 401]),
        (Step::Reactivate(both), [200, 401, 401, 200, 200]),
        // A rotation is in the same subscription, and both open what the key may call from now on.
        (own(3, 1, THIRD, PAYMENTS), [401, 401, 200, 200, 401]),
        (own(3, 1, THIRD, ORDERS), [200, 401, 401, 200, 200]),
        (drop_key(1), [401, 401, 401, 200, 200]),
        (own(2, 2, SECOND, ORDERS), [401, 200, 401, 401, 200]),
        (drop_key(3), [401, 200, 401, 401, 401]),
        (own(4, 4, KEY, PAYMENTS), [401, 200, 200, 401, 401]),
        (Step::DropApplication, [401, 401, 401, 401, 401]),
    ]
}

#[tokio::test]
async fn each_key_opens_its_product_and_no_other() {
    for sku in ["Developer", "Consumption"] {
        let used = Used::with(Options {
            sku: sku.to_owned(),
            ..Options::default()
        })
        .await;
        for (step, expected) in life() {
            for _ in 0..2 {
                used.all(std::slice::from_ref(&step)).await;
                assert_eq!(used.said().await, expected, "{step:?}");
            }
        }
        used.is_clean();
    }
}

#[tokio::test]
async fn what_was_done_is_what_is_observed() {
    let used = Used::open().await;
    let can = used.azure.capabilities();
    assert!(!can.has_applications && can.needs_scope && can.inert == Inert::Disabled);
    assert_eq!(
        (can.scope_granularity, can.scope_max),
        (Granularity::Credential, Some(1))
    );
    assert!(!used.observe().await.exists);
    used.all(&[
        own(1, 1, KEY, ORDERS),
        own(2, 2, SECOND, PAYMENTS),
        own(3, 1, THIRD, ORDERS),
    ])
    .await;
    let observed = used.observe().await;
    assert!(!observed.suspended && !observed.unsettled && !observed.misnamed && observed.scope.is_empty());
    let name = used.shop.ours.name();
    let seen: Vec<_> = observed
        .credentials
        .iter()
        .map(|one| (one.number, one.remote_id.clone(), one.scope.clone()))
        .collect();
    let wanted = [
        (Some(1), format!("{name}-k1/primary"), scope(&[ORDERS])),
        (Some(3), format!("{name}-k1/secondary"), scope(&[ORDERS])),
        (Some(2), format!("{name}-k2/primary"), scope(&[PAYMENTS])),
    ];
    assert_eq!(seen, wanted);
    for (credential, secret) in observed.credentials.iter().zip([KEY, THIRD, SECOND]) {
        let read = used
            .azure
            .read_secret(&used.shop.link, &used.shop.ours, credential)
            .await;
        assert_eq!(read.unwrap().unwrap().expose_secret(), secret);
    }
    // One of the two is suspended there by hand: neither can be relied on.
    used.shop
        .by_hand(Method::PATCH, &used.path(2), json!({ "state": "suspended" }))
        .await;
    let observed = used.observe().await;
    assert!(observed.unsettled && !observed.suspended, "{observed:?}");
    used.all(&[Step::Reactivate(scope(&[ORDERS, PAYMENTS]))]).await;
    assert!(!used.observe().await.unsettled);
    used.all(&[Step::Suspend]).await;
    let observed = used.observe().await;
    assert!(observed.suspended && !observed.unsettled && observed.credentials.len() == 3);
    // The whole of it, seen by somebody who does not know how it was laid out, and taken away.
    let seen = used.shop.observe().await;
    assert!(seen.exists && seen.suspended && seen.credentials.len() == 3, "{seen:?}");
    used.shop.apply(&Step::DropApplication).await.unwrap();
    assert!(!used.observe().await.exists);
    used.is_clean();
}

#[tokio::test]
async fn a_third_secret_of_a_key_waits_and_one_of_another_key_does_not() {
    let used = Used::open().await;
    used.all(&[own(1, 1, KEY, ORDERS), own(2, 1, SECOND, ORDERS)]).await;
    let fault = used.apply(&own(3, 1, THIRD, ORDERS)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Conflict, "{fault}");
    used.all(&[own(3, 3, THIRD, ORDERS)]).await;
    assert_eq!(used.said().await, [200, 200, 401, 401, 200]);
}

#[tokio::test]
async fn one_value_for_two_products_is_refused_by_azure_and_opens_the_first_only() {
    let used = Used::open().await;
    used.all(&[own(1, 1, KEY, ORDERS)]).await;
    let fault = used.apply(&own(2, 2, KEY, PAYMENTS)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    assert!(!format!("{fault:?}").contains(KEY), "{fault:?}");
    assert_eq!(used.said().await, [200, 401, 401, 401, 401]);
}

#[tokio::test]
async fn a_secret_that_azure_made_is_answered_again_and_follows_its_key_to_another_product() {
    let used = Used::open().await;
    let first = used.apply(&made_by_azure(1, 1, ORDERS)).await.unwrap().unwrap();
    let second = used.apply(&made_by_azure(2, 1, ORDERS)).await.unwrap().unwrap();
    for (number, secret) in [(1, &first), (2, &second)] {
        let again = used.apply(&made_by_azure(number, 1, PAYMENTS)).await.unwrap().unwrap();
        assert_eq!(again.expose_secret(), secret.expose_secret());
        assert_eq!(used.shop.call("/payments", secret.expose_secret()).await, 200);
        assert_eq!(used.shop.call("/orders", secret.expose_secret()).await, 401);
    }
}

#[tokio::test]
async fn what_somebody_changed_is_seen_and_put_right() {
    let used = Used::open().await;
    used.all(&[own(1, 1, KEY, ORDERS), own(2, 2, SECOND, PAYMENTS)]).await;
    let scope_of = async |number: u32| {
        let observed = used.observe().await;
        let one = observed.credentials.into_iter().find(|one| one.number == Some(number));
        one.map(|one| one.scope)
    };
    used.shop
        .by_hand(Method::PATCH, &used.path(1), json!({ "scope": "/products/prod-all" }))
        .await;
    assert_eq!(scope_of(1).await, Some(scope(&["prod-all"])));
    for state in ["submitted", "cancelled"] {
        used.shop
            .by_hand(Method::PATCH, &used.path(1), json!({ "state": state }))
            .await;
        assert_eq!(scope_of(1).await, Some(BTreeSet::new()), "{state} opens nothing");
        used.all(&[own(1, 1, KEY, ORDERS)]).await;
        assert_eq!(used.said().await, [200, 401, 401, 200, 401], "{state}");
    }
    used.shop.by_hand(Method::DELETE, &used.path(2), Value::Null).await;
    assert_eq!(scope_of(2).await, None);
    used.all(&[own(2, 2, SECOND, PAYMENTS)]).await;
    let other = json!({ "ownerId": "/users/partner-acme", "displayName": "the team's" });
    // Named by nobody's words and another's: then nothing says that it is ours.
    used.shop.by_hand(Method::PATCH, &used.path(2), other).await;
    let fault = used.azure.observe(&used.shop.link, &used.shop.ours).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Foreign, "{fault}");
    let ours = json!({ "ownerId": format!("/users/{}", used.shop.ours.consumer_name()) });
    used.shop.by_hand(Method::PATCH, &used.path(2), ours).await;
    assert!(used.observe().await.misnamed);
    used.all(&[Step::Application, own(2, 2, SECOND, PAYMENTS)]).await;
    assert!(!used.observe().await.misnamed);
    assert_eq!(used.said().await, [200, 401, 401, 200, 401]);
    used.shop
        .by_hand(Method::PATCH, &used.shop.user(), json!({ "state": "blocked" }))
        .await;
    assert!(used.observe().await.unsettled);
    used.all(&[Step::Reactivate(scope(&[ORDERS, PAYMENTS]))]).await;
    assert_eq!(used.said().await, [200, 401, 401, 200, 401]);
}

#[tokio::test]
async fn a_subscription_with_a_keys_name_that_is_not_ours_stays() {
    let used = Used::open().await;
    let theirs = json!({ "scope": "/products/prod-payments", "displayName": "theirs", "state": "active" });
    used.shop.by_hand(Method::PUT, &used.path(1), theirs).await;
    used.shop.fake.mark_foreign();
    for step in [
        Step::Application,
        own(1, 1, KEY, ORDERS),
        drop_key(1),
        Step::Suspend,
        Step::Reactivate(scope(&[ORDERS])),
        Step::DropApplication,
    ] {
        let done = used
            .azure
            .apply(&used.shop.link, &used.shop.ours, &step, &Observed::default())
            .await;
        let fault = done.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Foreign, "{}: {fault}", step.operation());
        assert!(used.shop.fake.touched().is_empty(), "{}", step.operation());
    }
}

#[tokio::test]
async fn a_user_that_is_left_alone_goes_with_the_suspension_or_the_end_and_a_customers_other_keeps_it() {
    let used = Used::open().await;
    for end in [Step::Suspend, Step::DropApplication] {
        used.all(&[own(1, 1, KEY, ORDERS), drop_key(1)]).await;
        let observed = used.observe().await;
        assert!(
            observed.exists && !observed.suspended && observed.credentials.is_empty(),
            "{observed:?}"
        );
        used.all(&[end]).await;
        assert!(!used.observe().await.exists);
        used.is_clean();
    }
    // The customer's other subscription has the other layout.
    let mut other = application(2);
    other.customer_id = used.shop.ours.customer_id;
    for step in subscribed() {
        let none = Observed::default();
        used.shop
            .azure
            .apply(&used.shop.link, &other, &step, &none)
            .await
            .unwrap();
    }
    used.all(&[own(1, 1, SECOND, PAYMENTS), Step::DropApplication]).await;
    assert_eq!(used.shop.call("/orders", KEY).await, 200);
    assert!(used.shop.is_there(&used.shop.user()).await);
}

#[tokio::test]
async fn layouts_of_one_subscription_agree_or_are_refused() {
    let shop = Shop::open().await;
    let common = Choice {
        layout: Some(Layout::OnePerSubscription),
        ..Choice::default()
    };
    assert!(shop.azure.choose(&[]).unwrap().is_none());
    assert!(shop.azure.choose(&[Choice::default(), common]).unwrap().is_none());
    assert!(shop.azure.choose(&[per_key(), per_key()]).unwrap().is_some());
    let why = shop.azure.choose(&[per_key(), Choice::default()]).err().unwrap();
    assert!(why.contains("both layouts"), "{why}");
}

#[tokio::test]
async fn a_scan_tells_an_application_once_and_whole_wherever_pages_end() {
    let used = Used::open().await;
    // More than a page of them, with three keys each.
    for number in 1..=40 {
        let ours = application(number);
        for key in 1..=3 {
            let secret = format!("sk_live_theCustomersSecret-{number}-{key}");
            let step = own(key, key, &secret, if key == 1 { ORDERS } else { PAYMENTS });
            let done = used
                .azure
                .apply(&used.shop.link, &ours, &step, &Observed::default())
                .await;
            done.unwrap();
        }
    }
    let (mut found, mut cursor, mut pages) = (Vec::new(), None, 0);
    loop {
        let page = used
            .shop
            .azure
            .scan(&used.shop.link, used.shop.ours.connection_id, cursor)
            .await;
        let page = page.unwrap();
        found.extend(page.items);
        pages += 1;
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let ids: BTreeSet<_> = found.iter().filter_map(|one| one.subscription_id).collect();
    assert_eq!((found.len(), ids.len(), pages), (40, 40, 2));
    for one in &found {
        let numbers: Vec<_> = one.observed.credentials.iter().map(|one| one.number).collect();
        assert_eq!(numbers, [Some(1), Some(2), Some(3)], "{}", one.name);
    }
}

/// Steps, and what has to be done before each.
fn steps() -> Vec<Case> {
    let two = || vec![own(1, 1, KEY, ORDERS), own(2, 2, SECOND, PAYMENTS)];
    let with = |more: &[Step]| two().into_iter().chain(more.iter().cloned()).collect::<Vec<_>>();
    vec![
        (vec![], own(1, 1, KEY, ORDERS)),
        (vec![], inert(own(1, 1, KEY, ORDERS))),
        (vec![], made_by_azure(1, 1, ORDERS)),
        (two(), own(3, 1, THIRD, PAYMENTS)),
        (two(), made_by_azure(3, 1, ORDERS)),
        (two(), Step::Suspend),
        (with(&[Step::Suspend]), Step::Reactivate(scope(&[ORDERS, PAYMENTS]))),
        (with(&[own(3, 1, THIRD, ORDERS)]), drop_key(1)),
        (two(), drop_key(2)),
        (two(), Step::DropApplication),
    ]
}

#[tokio::test]
async fn every_step_survives_every_fault_at_every_call() {
    let used = Used::open().await;
    let holds = |place: &str, _: usize, _: &Observed| assert_eq!(used.shop.fake.state()["mails"], 0, "{place}");
    let trial = Trial {
        connector: &*used.azure,
        fake: &used.shop.fake,
        link: &used.shop.link,
        ours: &used.shop.ours,
        credential: CLIENT_SECRET,
        keys: &[KEY, SECOND, THIRD],
        calls_max: 20,
        refusable: true,
        later: Duration::ZERO,
        holds: &holds,
    };
    trial.every_step(steps(), &mishaps()).await;
}
