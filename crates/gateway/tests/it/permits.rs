//! Leave to make one call without the key.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use gatewright_snapshot::config::PermitKey;
use gatewright_snapshot::permit::{self, Claims};
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::GatewayId;
use gatewright_types::{Clock, Rng};

use crate::client::Answer;
use crate::upstream::{Reply, Upstream};
use crate::world::{Setup, World, credential, hash, ids, key};

struct Signer(Ed25519KeyPair);

impl Signer {
    fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }

    fn key(&self, until_ms: Option<i64>) -> PermitKey {
        PermitKey::new(self.0.public_key().as_ref(), until_ms)
    }

    /// The field with a permit.
    fn field(&self, claims: &Claims) -> String {
        format!("Authorization: Gatewright-Permit {}\r\n", self.token(claims))
    }

    fn token(&self, claims: &Claims) -> String {
        permit::write(claims, &self.key(None).id, |message| {
            self.0.sign(message).as_ref().to_vec()
        })
    }
}

fn start(upstream: &Upstream, keys: Vec<PermitKey>) -> World {
    let mut setup = Setup::new(&upstream.url());
    setup.config.permit_keys = keys;
    setup.start()
}

/// A permit for `GET /v1/items/42?a=b` with the key that the control plane knows.
fn claims(world: &World) -> Claims {
    let now = world.clock.now_ms() / 1_000;
    Claims {
        aud: ids().gateway,
        sub: hash(&world.key),
        htm: "GET".to_owned(),
        htu: "/v1/items/42?a=b".to_owned(),
        adr: "203.0.113.7".parse().unwrap(),
        iat: now,
        exp: now + 60,
        jti: "one".to_owned(),
    }
}

const CALL: &str = "/v1/items/42?a=b";

/// The status, and the problem if there is one.
fn said(answer: &Answer) -> (u16, String) {
    let is_problem = answer.status >= 400;
    (answer.status, if is_problem { answer.code() } else { String::new() })
}

#[tokio::test]
async fn a_permit_stands_for_the_key_and_goes_no_further() {
    let mut upstream = Upstream::start(|_| Reply::ok("hello")).await;
    let signer = Signer::new(1);
    let world = start(&upstream, vec![signer.key(None)]);
    let fields = format!("{}X-Gatewright-Source: ME\r\n", signer.field(&claims(&world)));
    let answer = world.get_with(CALL, &fields).await;
    assert_eq!((answer.status, answer.text()), (200, "hello"));
    let seen = upstream.seen().await;
    assert_eq!(seen.field("authorization"), None);
    assert_eq!(seen.field("x-gatewright-source"), Some("PLAYGROUND"));
    assert_eq!(seen.field("x-gatewright-key-id"), Some(ids().key.to_string().as_str()));
    // And who sends a key is no playground, whatever they say.
    let fields = format!("X-Api-Key: {}\r\n{fields}", world.key);
    assert_eq!(world.get_with(CALL, &fields).await.status, 200);
    let seen = upstream.seen().await;
    assert_eq!(seen.field("authorization"), None);
    assert_eq!(seen.field("x-gatewright-source"), None);
}

#[tokio::test]
async fn a_permit_is_stripped_on_a_public_route() {
    let mut upstream = Upstream::start(|_| Reply::ok("")).await;
    let world = start(&upstream, Vec::new());
    let answer = world
        .get_with("/open/a", "Authorization: gatewright-permit a.b.c\r\n")
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(upstream.seen().await.field("authorization"), None);
}

#[tokio::test]
async fn a_permit_lives_for_a_minute_and_for_one_call_on_one_gateway() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let signer = Signer::new(1);
    let world = start(&upstream, vec![signer.key(None)]);
    let right = claims(&world);
    let ask = async |claims: Claims, path: &str| {
        let answer = world.get_with(path, &signer.field(&claims)).await;
        said(&answer)
    };
    let unknown = || (401, "credential-unknown".to_owned());
    let another = GatewayId::mint(&Clock::System, &Rng::System);
    let wrong = [
        Claims {
            aud: another,
            ..right.clone()
        },
        Claims {
            htm: "POST".to_owned(),
            ..right.clone()
        },
        Claims {
            htu: "/v1/items/42".to_owned(),
            ..right.clone()
        },
        Claims {
            exp: right.iat + 61,
            ..right.clone()
        },
        Claims {
            iat: right.iat + 61,
            exp: right.exp + 61,
            ..right.clone()
        },
        Claims {
            sub: hash(&key("nobody")),
            ..right.clone()
        },
    ];
    for claims in wrong {
        assert_eq!(ask(claims.clone(), CALL).await, unknown(), "{claims:?}");
    }
    assert_eq!(ask(right.clone(), "/v1/items/43?a=b").await, unknown());
    assert_eq!(ask(right.clone(), CALL).await.0, 200);
    world.clock.advance(std::time::Duration::from_secs(59));
    assert_eq!(ask(right.clone(), CALL).await.0, 200);
    world.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(ask(right, CALL).await, (401, "credential-expired".to_owned()));
}

#[tokio::test]
async fn what_nobody_of_ours_signed_is_refused() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let (signer, stranger, former) = (Signer::new(1), Signer::new(2), Signer::new(3));
    let until_ms = Clock::manual(chrono::DateTime::from_timestamp(1_700_000_000, 0).unwrap()).now_ms();
    let world = start(&upstream, vec![signer.key(None), former.key(Some(until_ms))]);
    let right = signer.token(&claims(&world));
    let (signed, signature) = right.rsplit_once('.').unwrap();
    let (header, body) = signed.split_once('.').unwrap();
    let other = signer.token(&Claims {
        sub: hash(&key("other")),
        ..claims(&world)
    });
    let other_body = other.split('.').nth(1).unwrap();
    // The stranger's signature under our key's name.
    let forged = permit::write(&claims(&world), &signer.key(None).id, |message| {
        stranger.0.sign(message).as_ref().to_vec()
    });
    let tokens = [
        format!("{header}.{other_body}.{signature}"),
        format!("{signed}."),
        signed.to_owned(),
        // {"alg":"none","typ":"gatewright-permit+jwt","kid":""}
        format!("eyJhbGciOiJub25lIiwidHlwIjoiZ2F0ZXdyaWdodC1wZXJtaXQrand0Iiwia2lkIjoiIn0.{body}."),
        forged,
        stranger.token(&claims(&world)),
        former.token(&claims(&world)),
        world.key.clone(),
        "x".repeat(20_000),
        String::new(),
    ];
    for token in tokens {
        let answer = world
            .get_with(CALL, &format!("Authorization: Gatewright-Permit {token}\r\n"))
            .await;
        assert_eq!(answer.status, 401, "{token}");
        assert!(!answer.text().contains(&world.key));
    }
    let answer = world
        .get_with(CALL, &format!("Authorization: Gatewright-Permit {right}\r\n"))
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn the_key_behind_a_permit_is_judged_as_if_it_had_been_sent() {
    let upstream = Upstream::start(|_| Reply::ok("")).await;
    let signer = Signer::new(1);
    let world = start(&upstream, vec![signer.key(None)]);
    let numbered = std::cell::Cell::new(0);
    let refused = async |change: &dyn Fn(&mut gatewright_snapshot::Credential)| {
        numbered.set(numbered.get() + 1);
        let name = key(&numbered.get().to_string());
        let mut changed = credential();
        change(&mut changed);
        world.desk.know(&name, changed);
        let claims = Claims {
            sub: hash(&name),
            ..claims(&world)
        };
        said(&world.get_with(CALL, &signer.field(&claims)).await).1
    };
    assert_eq!(refused(&|c| c.status = KeyStatus::Revoked).await, "credential-revoked");
    assert_eq!(
        refused(&|c| c.status = KeyStatus::Suspended).await,
        "credential-suspended"
    );
    let other = |c: &mut gatewright_snapshot::Credential| {
        c.environment = gatewright_types::access::Environment::Test;
    };
    assert_eq!(refused(&other).await, "credential-out-of-scope");
    assert_eq!(refused(&|c| c.grants.clear()).await, "credential-out-of-scope");
    // The address is the developer's, and not that of the control plane, which is 127.0.0.1 here.
    let from = |text: &'static str| {
        move |c: &mut gatewright_snapshot::Credential| {
            c.allowed_addresses = Some(Box::new(gatewright_types::address::AddressList::new(vec![
                text.parse().unwrap(),
            ])));
        }
    };
    assert_eq!(refused(&from("127.0.0.1")).await, "address-not-allowed");
    assert_eq!(refused(&from("203.0.113.0/24")).await, "");
}
