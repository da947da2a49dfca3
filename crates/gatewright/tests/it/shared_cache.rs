//! What nodes tell each other through a real Redis, and what they do not believe.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use gatewright::shared_cache::SharedCache;
use gatewright_snapshot::access_change::TOMBSTONE_MS;
use gatewright_snapshot::{AccessChange, Credential};
use gatewright_testkit::manual_clock;
use gatewright_types::access::{Environment, KeyStatus};
use gatewright_types::ids::{KeyId, TenantId};
use gatewright_types::{Clock, CredentialHash, Rng};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustix::process::Signal;
use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::redis::Redis;

const VALID: Duration = Duration::from_secs(30);
/// Only so that a broken program fails a test instead of hanging it.
const PATIENCE: Duration = Duration::from_secs(30);

/// A node, as far as it shares.
struct Node {
    shared: Arc<SharedCache>,
    heard: Arc<Mutex<Vec<AccessChange>>>,
    clock: Clock,
}

impl Node {
    async fn join(redis: &Redis) -> Self {
        Self::join_with(redis, "the installation's").await
    }

    /// A node whose control plane knows this key, and which follows the news from number 5.
    async fn join_with(redis: &Redis, key: &str) -> Self {
        let clock = manual_clock();
        let shared = SharedCache::open(&redis.secret_url(), None, VALID, clock.clone()).unwrap();
        let node = Self::begin(shared, clock, key);
        node.is_connected().await;
        node
    }

    fn begin(shared: SharedCache, clock: Clock, key: &str) -> Self {
        let shared = Arc::new(shared);
        shared.use_key(&key.to_owned().into());
        shared.begin(5);
        let heard = Arc::new(Mutex::new(Vec::new()));
        let hears = Arc::clone(&heard);
        let take = move |changes: Vec<AccessChange>| {
            hears.lock().unwrap().extend(changes);
            std::future::ready(())
        };
        tokio::spawn(Arc::clone(&shared).run(take));
        Self { shared, heard, clock }
    }

    async fn is_connected(&self) {
        until("connected", || async { self.shared.is_connected() }).await;
    }

    async fn learn(&self, change: &AccessChange, age: Duration, position: u64) {
        let answered_at_ms = self.clock.now_ms() - i64::try_from(age.as_millis()).unwrap();
        let record = std::slice::from_ref(change);
        self.shared.learn(record, answered_at_ms, position).await;
    }

    /// The version that is found, and how old it is said to be, in milliseconds.
    async fn find(&self, hash: &CredentialHash) -> Option<(u64, i64)> {
        let asked_at_ms = self.clock.now_ms();
        let found = self.shared.find(&[*hash]).await;
        let found = found.get(hash)?;
        Some((found.credential.version, asked_at_ms - found.answered_at_ms))
    }

    fn refused(&self) -> u64 {
        self.shared.counts().refused.load(Ordering::Relaxed)
    }
}

async fn until<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let begun = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    while !ask().await {
        ticks.tick().await;
        assert!(begun.elapsed() < PATIENCE, "{what}: it does not come to that");
    }
}

fn record(name: &str, version: u64, status: KeyStatus) -> AccessChange {
    AccessChange {
        hash: CredentialHash::of(name.as_bytes()),
        credential: Credential {
            version,
            key_id: KeyId::mint(&Clock::System, &Rng::System),
            tenant_id: TenantId::mint(&Clock::System, &Rng::System),
            environment: Environment::Live,
            status,
            expires_at_ms: None,
            allowed_addresses: None,
            grants: Default::default(),
        },
    }
}

#[tokio::test]
async fn what_one_node_learned_another_finds_as_old_as_it_is() {
    let Some(redis) = Redis::start().await else { return };
    let (one, two) = (Node::join(&redis).await, Node::join(&redis).await);
    let key = record("key", 7, KeyStatus::Active);
    assert_eq!(two.find(&key.hash).await, None);
    one.learn(&key, Duration::from_secs(5), 5).await;
    let (version, age_ms) = two.find(&key.hash).await.unwrap();
    assert_eq!(version, 7);
    assert!(
        (5_000..15_000).contains(&age_ms),
        "counted from the control plane's answer: {age_ms}"
    );
    let live_ms: i64 = redis.ask(&[b"PTTL", redis.places().await[0].as_bytes()]).await;
    assert!(
        (1..=25_000).contains(&live_ms),
        "in all it is valid for 30 s: {live_ms}"
    );

    // A clock that is behind makes nothing younger: Redis' own counts. One that goes on makes it older.
    let behind = Node::join(&redis).await;
    let Clock::Manual(ms) = &behind.clock else {
        unreachable!()
    };
    ms.fetch_sub(60_000, Ordering::AcqRel);
    assert!((5_000..15_000).contains(&behind.find(&key.hash).await.unwrap().1));
    two.clock.advance(Duration::from_secs(14));
    assert!((19_000..20_000).contains(&two.find(&key.hash).await.unwrap().1));
    two.clock.advance(Duration::from_secs(1));
    assert_eq!(
        two.find(&key.hash).await,
        None,
        "what a core would ask about again is asked about"
    );

    let counts = two.shared.counts();
    assert_eq!(counts.hits.load(Ordering::Relaxed), 2);
    assert_eq!(counts.misses.load(Ordering::Relaxed), 2);
    assert_eq!(two.refused(), 0);
}

#[tokio::test]
async fn a_change_outranks_look_ups_that_were_under_way_for_a_minute() {
    let Some(redis) = Redis::start().await else { return };
    let node = Node::join(&redis).await;
    let before = record("key", 7, KeyStatus::Active);
    let after = record("key", 8, KeyStatus::Revoked);
    node.learn(&before, Duration::ZERO, 5).await;
    node.shared.take_in(&[(6, &after)]).await;
    for late in [&before, &after] {
        node.learn(late, Duration::ZERO, 6).await;
        assert_eq!(node.find(&before.hash).await.unwrap().0, 8);
        let live_ms: i64 = redis.ask(&[b"PTTL", redis.places().await[0].as_bytes()]).await;
        assert!(live_ms > TOMBSTONE_MS - 15_000, "{live_ms}");
    }
    // A look-up that came first does not take its minute from the change.
    let other = record("other", 3, KeyStatus::Revoked);
    node.learn(&other, Duration::ZERO, 6).await;
    redis.ask::<()>(&[b"FLUSHALL"]).await;
    node.learn(&other, Duration::ZERO, 6).await;
    node.shared.take_in(&[(6, &other)]).await;
    let live_ms: i64 = redis.ask(&[b"PTTL", redis.places().await[0].as_bytes()]).await;
    assert!(live_ms > TOMBSTONE_MS - 15_000, "{live_ms}");
}

#[tokio::test]
async fn a_record_that_may_lack_a_change_from_before_this_node_came_is_not_believed() {
    let Some(redis) = Redis::start().await else { return };
    let (old, new) = (Node::join(&redis).await, Node::join(&redis).await);
    let key = record("key", 7, KeyStatus::Active);
    // The change with number 6 was never written: Redis was away. Who came after it cannot know of it.
    old.learn(&key, Duration::ZERO, 5).await;
    new.shared.begin(6);
    assert!(
        old.find(&key.hash).await.is_some(),
        "it has what it was told as a tombstone"
    );
    assert_eq!(new.find(&key.hash).await, None);
    old.learn(&key, Duration::ZERO, 6).await;
    redis.ask::<()>(&[b"FLUSHALL"]).await;
    old.learn(&key, Duration::ZERO, 6).await;
    assert!(new.find(&key.hash).await.is_some());
}

#[tokio::test]
async fn nobody_is_admitted_by_what_others_wrote_into_redis() {
    let Some(redis) = Redis::start().await else { return };
    let node = Node::join(&redis).await;
    let (ours, other) = (
        record("ours", 7, KeyStatus::Active),
        record("other", 7, KeyStatus::Active),
    );
    node.learn(&other, Duration::ZERO, 5).await;
    let at_other = redis.places().await.remove(0);
    let text: Vec<u8> = redis.ask(&[b"GET", at_other.as_bytes()]).await;
    redis.ask::<()>(&[b"FLUSHALL"]).await;
    node.learn(&ours, Duration::ZERO, 5).await;
    let place = redis.places().await.remove(0);
    let good: Vec<u8> = redis.ask(&[b"GET", place.as_bytes()]).await;

    let mut changed = good.clone();
    let at = changed.windows(6).position(|six| six == b"ACTIVE").unwrap();
    changed[at] = b'a';
    let mut higher = changed.clone();
    higher[..20].copy_from_slice(b"99999999999999999999");
    let huge = vec![b'x'; 1024 * 1024];
    let poisons: [&[u8]; 7] = [b"", b"nonsense", b"1 2 3", &text, &changed, &higher, &huge];
    for poison in poisons {
        redis
            .ask::<()>(&[b"SET", place.as_bytes(), poison, b"PX", b"60000"])
            .await;
        assert_eq!(
            node.find(&ours.hash).await,
            None,
            "{}",
            String::from_utf8_lossy(&poison[..poison.len().min(99)])
        );
    }
    assert_eq!(node.refused(), 6, "one was too long to be looked at");
    redis.ask::<()>(&[b"DEL", place.as_bytes()]).await;
    redis.ask::<i64>(&[b"LPUSH", place.as_bytes(), b"another type"]).await;
    assert_eq!(node.find(&ours.hash).await, None);
    // And what cannot be read is written over.
    node.learn(&ours, Duration::ZERO, 5).await;
    assert!(node.find(&ours.hash).await.is_some());

    // What was true once, put back with a new date: its own is sealed.
    node.clock.advance(Duration::from_secs(21));
    let born_ms: i64 = std::str::from_utf8(&good[21..34]).unwrap().parse().unwrap();
    let mut replayed = good.clone();
    replayed[21..34].copy_from_slice((born_ms + 21_000).to_string().as_bytes());
    redis.ask::<()>(&[b"SET", place.as_bytes(), &replayed]).await;
    assert_eq!(node.find(&ours.hash).await, None);

    // Another installation in the same Redis neither reads nor disturbs.
    let stranger = Node::join_with(&redis, "another installation's").await;
    assert_eq!(stranger.find(&ours.hash).await, None);
    let channel = place.rsplit_once(':').unwrap().0.to_owned() + ":access";
    redis.ask::<i64>(&[b"PUBLISH", channel.as_bytes(), b"nonsense"]).await;
    redis.ask::<i64>(&[b"PUBLISH", channel.as_bytes(), &higher[35..]]).await;
    until("refused", || async { node.refused() == 8 }).await;
    assert!(node.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_change_is_called_out_once_and_an_old_call_is_not_heard() {
    let Some(redis) = Redis::start().await else { return };
    let (one, two, three) = (
        Node::join(&redis).await,
        Node::join(&redis).await,
        Node::join(&redis).await,
    );
    let (first, second) = (
        record("first", 8, KeyStatus::Revoked),
        record("second", 9, KeyStatus::Revoked),
    );
    three.clock.advance(Duration::from_secs(6));
    for node in [&one, &two] {
        node.shared.take_in(&[(6, &first)]).await;
    }
    let place = redis.places().await.remove(0);
    let text: Vec<u8> = redis.ask(&[b"GET", place.as_bytes()]).await;
    let sealed = text.splitn(3, |byte| *byte == b' ').nth(2).unwrap();
    let channel = place.rsplit_once(':').unwrap().0.to_owned() + ":access";
    redis.ask::<i64>(&[b"PUBLISH", channel.as_bytes(), sealed]).await;
    one.shared.take_in(&[(7, &second)]).await;
    let heard = |node: &Node| node.heard.lock().unwrap().clone();
    until("heard", || async { heard(&two).contains(&second) }).await;
    assert_eq!(
        heard(&two),
        [first.clone(), first, second],
        "once by each who called, in order"
    );
    assert!(heard(&three).is_empty(), "its clock says that they are old");
}

#[tokio::test]
async fn redis_away_or_slow_costs_little_and_comes_back() {
    let Some(mut redis) = Redis::start().await else { return };
    let node = Node::join(&redis).await;
    let key = record("key", 7, KeyStatus::Active);
    node.learn(&key, Duration::ZERO, 5).await;

    redis.signal(Signal::STOP);
    let begun = Instant::now();
    for _ in 0..100 {
        assert_eq!(node.find(&key.hash).await, None);
        node.shared
            .take_in(&[(6, &record("other", 8, KeyStatus::Revoked))])
            .await;
    }
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "only the first one waits: {:?}",
        begun.elapsed()
    );
    redis.signal(Signal::CONT);
    until("found again", || async { node.find(&key.hash).await.is_some() }).await;

    redis.kill().await;
    until("noticed", || async {
        node.find(&key.hash).await;
        !node.shared.is_connected()
    })
    .await;
    redis.start_again().await;
    node.is_connected().await;
    until("learned again", || async {
        node.learn(&key, Duration::ZERO, 5).await;
        node.find(&key.hash).await.is_some()
    })
    .await;
    assert!(node.shared.counts().errors.load(Ordering::Relaxed) > 0);
}

fn open(url: &str, ca_file: Option<&std::path::Path>) -> anyhow::Result<SharedCache> {
    SharedCache::open(&SecretString::from(url), ca_file, VALID, Clock::System)
}

#[tokio::test]
async fn no_error_holds_the_password_and_a_wrong_address_is_refused() {
    for wrong in [
        "",
        "redis",
        "http://user:hunter2@host",
        "redis://user:hunter2@",
        "rediss://x:hunter2@host/#insecure",
    ] {
        let error = open(wrong, None)
            .err()
            .map(|error| format!("{error:#}"))
            .unwrap_or_default();
        assert!(error.starts_with("redis_url: "), "{wrong}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    // An old server repeats what it does not understand.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut buffer = [0; 4096];
            while stream.read(&mut buffer).await.is_ok_and(|count| count > 0) {
                let echo = b"-ERR unknown command `HELLO`, with args beginning with: `3` `AUTH` `user` `hunter2`\r\n";
                let _ = stream.write_all(echo).await;
            }
        }
    });
    let shared = open(&format!("redis://user:hunter2@{addr}"), None).unwrap();
    let error = format!("{:#}", shared.probe().await.unwrap_err());
    assert!(!error.contains("hunter2"), "{error}");
    assert_eq!(shared.place().0, addr.to_string());
}

#[tokio::test]
async fn tls_is_believed_by_the_authorities_of_the_file_and_by_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["ours", "theirs"] {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        std::fs::write(path(&format!("{name}.pem")), ca.pem()).unwrap();
        if name == "ours" {
            let key = KeyPair::generate().unwrap();
            let server = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            std::fs::write(path("server.pem"), server.signed_by(&key, &ca).unwrap().pem()).unwrap();
            std::fs::write(path("server.key"), key.serialize_pem()).unwrap();
        }
    }
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
        .to_string();
    let text = |name: &str| path(name).display().to_string();
    let arguments = [
        "--tls-port",
        &port,
        "--tls-cert-file",
        &text("server.pem"),
        "--tls-key-file",
        &text("server.key"),
        "--tls-ca-cert-file",
        &text("ours.pem"),
        "--tls-auth-clients",
        "no",
        "--bind",
        "127.0.0.1",
    ];
    let Some(_redis) = Redis::start_with(&arguments).await else {
        return;
    };
    let url = format!("rediss://localhost:{port}");
    open(&url, Some(&path("ours.pem"))).unwrap().probe().await.unwrap();
    assert!(open(&url, Some(&path("theirs.pem"))).unwrap().probe().await.is_err());
    assert!(open(&url, Some(&path("none.pem"))).is_err());
}
