//! A stand-in that runs, whoever's it is.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::control::{Controlled, Controls};
use crate::faults::{Door, Rule};
use crate::ledger::{Call, Counters};
use crate::server::{Handler, Listening};
use crate::stage::{Stage, Touched};
use crate::told::Told;

impl Controlled {
    /// Listens at `admin` and `proxy`; `base` is the path that a connection is told behind the first, and `told` is asked with
    /// its URL.
    pub async fn start(
        stage: Stage,
        base: &str,
        [admin, proxy]: [SocketAddr; 2],
        told: impl FnOnce(&str) -> Told,
    ) -> io::Result<Self> {
        let stage = Arc::new(stage);
        let admin = Arc::new(Listening::start(admin, door(&stage, Door::Admin)).await?);
        let proxy = Arc::new(Listening::start(proxy, door(&stage, Door::Proxy)).await?);
        Ok(Self {
            stage,
            base: format!("http://{}{base}", admin.addr()),
            told: told(&format!("http://{}", admin.addr())),
            listeners: [("admin", admin), ("proxy", proxy)],
        })
    }
}

/// A vendor's management API, proxy and control, until it is dropped.
pub struct Running {
    stage: Arc<Stage>,
    admin: Arc<Listening>,
    proxy: Arc<Listening>,
    control: Listening,
    told: Told,
}

impl Running {
    /// Gives a vendor a control of its own, on a free port.
    pub async fn start(name: &'static str, controlled: Controlled) -> io::Result<Self> {
        let controls = Controls::default();
        let stage = Arc::clone(&controlled.stage);
        let [(_, admin), (_, proxy)] = controlled.listeners.clone();
        let told = controlled.told.clone();
        controls.add(name, controlled);
        let control = controls.start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
        Ok(Self {
            stage,
            admin,
            proxy,
            control,
            told,
        })
    }

    /// How it is connected and asked.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// The management API's listener.
    pub fn admin_url(&self) -> String {
        format!("http://{}", self.admin.addr())
    }

    /// The proxy's listener.
    pub fn proxy_url(&self) -> String {
        format!("http://{}", self.proxy.addr())
    }

    /// The control's listener; its paths start with `/__control`.
    pub fn control_url(&self) -> String {
        format!("http://{}", self.control.addr())
    }

    /// Lets something go wrong and returns the rule's number.
    ///
    /// # Panics
    /// When the rule makes no sense; the text says why.
    pub fn fail(&self, rule: Rule) -> u64 {
        let added = self.stage.faults().add(rule);
        added.unwrap_or_else(|why| panic!("this rule cannot be kept: {why}"))
    }

    /// Lets nothing go wrong any more.
    pub fn heal(&self) {
        self.stage.faults().clear();
    }

    /// Refuses connections to the management API, and ends those there are, until [`Running::up`].
    pub async fn down(&self) {
        self.admin.down().await;
    }

    /// Listens again, at the same port.
    pub async fn up(&self) -> io::Result<()> {
        self.admin.up().await
    }

    /// Moves the fake's time forward; what has a `ttl` may end.
    pub fn advance(&self, by: Duration) {
        self.stage.advance(by);
    }

    /// The latest calls, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.stage.ledger().calls().cloned().collect()
    }

    /// Everything counted so far.
    pub fn counters(&self) -> Counters {
        self.stage.ledger().counters().clone()
    }

    /// Calls everything that is there now somebody else's.
    pub fn mark_foreign(&self) {
        self.stage.vendor().mark_foreign();
    }

    /// Foreign objects that did not stay as they were.
    pub fn touched(&self) -> Vec<Touched> {
        self.stage.vendor().touched()
    }

    /// Every secret that was ever stored.
    pub fn secrets(&self) -> Vec<String> {
        self.stage.vendor().secrets()
    }

    /// All that is stored.
    pub fn state(&self) -> Value {
        self.stage.vendor().state()
    }

    /// As at the start: state, faults, counters, time.
    pub fn reset(&self) {
        self.stage.reset();
    }
}

fn door(stage: &Arc<Stage>, door: Door) -> Handler {
    let stage = Arc::clone(stage);
    Arc::new(move |request| {
        let stage = Arc::clone(&stage);
        Box::pin(async move { stage.serve(door, request).await })
    })
}
