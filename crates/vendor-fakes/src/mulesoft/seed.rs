//! An organization that has sold APIs for a while.
//!
//! Five API instances: `orders` and `translation` ask for a client id, `payments` also for a tier, `reports` for id and secret,
//! `status` for nothing; and two applications. All of it is somebody else's.

use super::store::{Api, Application, BY_HAND, Contract, Policy, Status, Store, Tier};

/// Fills an empty store; every application in it is somebody else's.
pub(super) fn demo(store: &mut Store) {
    let enforcement = |asks_for_secret| Policy {
        asset: "client-id-enforcement".to_owned(),
        asks_for_secret,
        disabled: false,
    };
    let sla = Policy {
        asset: "rate-limiting-sla-based".to_owned(),
        asks_for_secret: false,
        disabled: false,
    };
    for (number, asset, policies) in [
        (1, "orders", vec![enforcement(false)]),
        (2, "payments", vec![sla]),
        (3, "reports", vec![enforcement(true)]),
        // Anybody is admitted here: a mapping to it deserves a warning.
        (4, "status", vec![]),
        (5, "translation", vec![enforcement(false)]),
    ] {
        store.apis.push(Api {
            id: 20_000_000 + number,
            asset: asset.to_owned(),
            label: Some(format!("{asset}-live")),
            deprecated: false,
            manual: asset == "reports",
            policies,
            tiers: tiers(asset),
        });
    }
    for (name, api, tier) in [
        ("legacy-mobile-app", 20_000_001, None),
        ("partner-acme", 20_000_002, Some(301)),
    ] {
        let application = store.add_application(Application {
            id: 0,
            name: name.to_owned(),
            description: Some("made by hand".to_owned()),
            url: None,
            client_id: format!("{name}-id"),
            client_secret: format!("{name}-secret"),
            owner: BY_HAND,
        });
        let id = store.next_id();
        let contract = Contract {
            id,
            application,
            api,
            status: Status::Approved,
            tier,
            requested_tier: None,
        };
        store.contracts.insert(id, contract);
    }
    store.mark_all_foreign();
}

fn tiers(asset: &str) -> Vec<Tier> {
    if asset != "payments" {
        return Vec::new();
    }
    [
        (301, "Gold", true, true),
        (302, "Silver", false, true),
        (303, "Old", true, false),
    ]
    .map(|(id, name, auto_approve, active)| Tier {
        id,
        name: name.to_owned(),
        auto_approve,
        active,
    })
    .to_vec()
}
