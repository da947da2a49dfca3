//! Who is admitted where.

use std::net::{IpAddr, Ipv4Addr};

use gatewright_snapshot::{Credential, Grant, Head, Scope, Snapshot, admit, match_route};
use gatewright_types::access::{Environment, KeyStatus};
use gatewright_types::address::AddressList;
use gatewright_types::ids::{ConsumerId, CustomerId, GatewayId, KeyId, ProductId, SubscriptionId};
use gatewright_types::{Clock, ProblemCode, Rng};
use http::{HeaderMap, HeaderValue, Method, Uri, Version, header};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use crate::setup::{config, gateway, route};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

struct World {
    snapshot: Snapshot,
    gateway: GatewayId,
    product: ProductId,
    credential: Credential,
}

fn world() -> World {
    let product = ProductId::mint(&Clock::System, &Rng::System);
    let mut sold = route("GET", "/sold", "/");
    sold.product_id = Some(product);
    let acme = gateway("acme", vec![sold, route("GET", "/own", "/")]);
    let credential = Credential {
        version: 1,
        key_id: KeyId::mint(&Clock::System, &Rng::System),
        tenant_id: acme.tenant_id,
        environment: Environment::Live,
        status: KeyStatus::Active,
        expires_at_ms: None,
        allowed_addresses: None,
        grants: [].into_iter().collect(),
    };
    World {
        gateway: acme.id,
        product,
        credential,
        snapshot: Snapshot::compile(config(vec![acme])).unwrap(),
    }
}

fn grant(scope: Scope, admitted: bool) -> Grant {
    Grant {
        subscription_id: SubscriptionId::mint(&Clock::System, &Rng::System),
        customer_id: CustomerId::mint(&Clock::System, &Rng::System),
        admitted,
        scope,
    }
}

/// Admits on a path; `Ok` is the number of the grant.
fn judge(world: &World, path: &str, credential: &Credential, now_ms: i64) -> Result<usize, ProblemCode> {
    let headers = HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("acme.gw.test"))]);
    let (method, uri) = (Method::GET, path.parse::<Uri>().unwrap());
    let head = Head {
        method: &method,
        uri: &uri,
        version: Version::HTTP_11,
        headers: &headers,
    };
    let matched = match_route(&world.snapshot, &head).unwrap();
    admit(&matched, credential, PEER, now_ms)
        .map(|admitted| admitted.grant_at)
        .map_err(|refusal| refusal.code)
}

#[test]
fn a_product_covers_its_routes_and_a_gateway_all_of_its_own() {
    let world = world();
    let consumer_id = ConsumerId::mint(&Clock::System, &Rng::System);
    let elsewhere = GatewayId::mint(&Clock::System, &Rng::System);
    let with = |scope: Scope| Credential {
        grants: [grant(scope, true)].into_iter().collect(),
        ..world.credential.clone()
    };
    let out = Err(ProblemCode::CredentialOutOfScope);
    let sold = with(Scope::Products([world.product].into()));
    assert_eq!(
        (judge(&world, "/sold", &sold, 0), judge(&world, "/own", &sold, 0)),
        (Ok(0), out)
    );
    let own = with(Scope::Gateway {
        gateway_id: world.gateway,
        consumer_id,
    });
    assert_eq!(
        (judge(&world, "/sold", &own, 0), judge(&world, "/own", &own, 0)),
        (Ok(0), Ok(0))
    );
    let other = with(Scope::Gateway {
        gateway_id: elsewhere,
        consumer_id,
    });
    assert_eq!(
        (judge(&world, "/sold", &other, 0), judge(&world, "/own", &other, 0)),
        (out, out)
    );
}

#[test]
fn one_admitted_grant_among_others_is_enough() {
    let world = world();
    let product = || Scope::Products([world.product].into());
    let nothing = || Scope::Products([].into_iter().collect());
    let with = |grants: &[Grant]| Credential {
        grants: grants.iter().cloned().collect(),
        ..world.credential.clone()
    };
    let mixed = with(&[grant(nothing(), true), grant(product(), false), grant(product(), true)]);
    assert_eq!(judge(&world, "/sold", &mixed, 0), Ok(2));
    let suspended = with(&[grant(nothing(), true), grant(product(), false)]);
    assert_eq!(
        judge(&world, "/sold", &suspended, 0),
        Err(ProblemCode::CredentialSuspended)
    );
}

#[test]
fn a_key_with_a_list_of_addresses_is_admitted_from_those_only() {
    let world = world();
    let with = |ranges: &[&str]| Credential {
        allowed_addresses: Some(Box::new(AddressList::new(
            ranges.iter().map(|range| range.parse().unwrap()).collect(),
        ))),
        grants: [grant(Scope::Products([world.product].into()), true)]
            .into_iter()
            .collect(),
        ..world.credential.clone()
    };
    for ranges in [
        &["192.0.2.7"][..],
        &["10.0.0.0/8", "192.0.2.0/24"],
        &["::ffff:192.0.2.0/120"],
        &["0.0.0.0/0"],
    ] {
        assert_eq!(judge(&world, "/sold", &with(ranges), 0), Ok(0), "{ranges:?}");
    }
    for ranges in [&["192.0.2.6"][..], &["::/0"], &["2001:db8::/32", "10.0.0.0/8"]] {
        assert_eq!(
            judge(&world, "/sold", &with(ranges), 0),
            Err(ProblemCode::AddressNotAllowed),
            "{ranges:?}"
        );
    }
    let mut revoked = with(&["10.0.0.0/8"]);
    revoked.status = KeyStatus::Revoked;
    assert_eq!(judge(&world, "/sold", &revoked, 0), Err(ProblemCode::CredentialRevoked));
}

fn status() -> impl Strategy<Value = KeyStatus> {
    prop_oneof![
        Just(KeyStatus::Active),
        Just(KeyStatus::Suspended),
        Just(KeyStatus::Revoked)
    ]
}

proptest! {
    #[test]
    fn revoked_beats_expired_beats_suspended_beats_scope(
        status in status(),
        expires_at_ms in prop_oneof![Just(None), (-5i64..5).prop_map(Some)],
        is_live in any::<bool>(),
        is_ours in any::<bool>(),
        covers in any::<bool>(),
        admitted in any::<bool>(),
    ) {
        let world = world();
        let mut credential = world.credential.clone();
        credential.status = status;
        credential.expires_at_ms = expires_at_ms;
        credential.environment = if is_live { Environment::Live } else { Environment::Test };
        let products = if covers { vec![world.product] } else { vec![] };
        credential.grants = [grant(Scope::Products(products.into()), admitted)].into_iter().collect();
        if !is_ours {
            credential.tenant_id = gateway("x", vec![]).tenant_id;
        }
        let expected = if !is_ours {
            Err(ProblemCode::CredentialUnknown)
        } else if status == KeyStatus::Revoked {
            Err(ProblemCode::CredentialRevoked)
        } else if expires_at_ms.is_some_and(|at| at <= 0) {
            Err(ProblemCode::CredentialExpired)
        } else if status == KeyStatus::Suspended {
            Err(ProblemCode::CredentialSuspended)
        } else if !is_live || !covers {
            Err(ProblemCode::CredentialOutOfScope)
        } else if !admitted {
            Err(ProblemCode::CredentialSuspended)
        } else {
            Ok(0)
        };
        prop_assert_eq!(judge(&world, "/sold", &credential, 0), expected);
        prop_assert!(judge(&world, "/own", &credential, 0).is_err());
    }
}
