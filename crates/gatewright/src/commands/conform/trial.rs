//! One application on the gateway: steps, each looked at and done again, and what is needed to take it away.

use std::sync::Arc;
use std::time::Duration;

use gatewright_connectors::model::{Applied, Observed, Scanned};
use gatewright_connectors::{Application, Connector, Fault, FaultKind, Link, Step};
use gatewright_types::ids::{CustomerId, GatewayId, SubscriptionId};
use gatewright_types::{Clock, Rng};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::watch;

use super::probe::Probe;
use super::sheet::{Assumption, Sheet};
use crate::signals::Signals;

/// How often a call is made that the gateway puts off.
const ATTEMPTS: u32 = 5;
/// Longest pause that a gateway may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(30);
/// The pause when it asks for none.
const PAUSE: Duration = Duration::from_secs(1);
/// How often taking everything away is tried.
const CLEAN_UPS: u32 = 5;
/// Most pages of a list that are turned.
const PAGES_MAX: u32 = 1000;

/// Whether we were told to end; steps under way are finished, so that nothing arrives after the cleaning up.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<u32>);

impl Stop {
    /// Told by SIGINT and SIGTERM.
    pub(super) fn listening(mut signals: Signals) -> Self {
        let (told, stop) = watch::channel(0);
        tokio::spawn(async move {
            while !told.is_closed() {
                signals.told().await;
                told.send_modify(|times| *times += 1);
            }
        });
        Self(stop)
    }

    pub(super) fn is_told(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Returns when told a second time.
    async fn insisted(&mut self) {
        if self.0.wait_for(|times| *times > 1).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Nothing more can be checked; why is on the sheet.
pub(super) struct Halt;

/// What a step done three times came to.
pub(super) struct Done {
    /// What the first came to.
    pub(super) first: Applied,
    /// What was there after the first.
    pub(super) seen: Observed,
}

/// What is tried, and on what.
pub(super) struct Trial {
    pub(super) connector: Arc<dyn Connector>,
    pub(super) link: Link,
    pub(super) application: Application,
    pub(super) sheet: Sheet,
    probe: Option<Probe>,
    stop: Stop,
    began: bool,
}

impl Trial {
    /// With a connection, a customer and a subscription that exist nowhere else.
    pub(super) fn new(
        connector: Arc<dyn Connector>,
        link: Link,
        probe: Option<Probe>,
        stop: Stop,
        (clock, rng): (&Clock, &Rng),
    ) -> Self {
        Self {
            connector,
            link,
            application: Application {
                connection_id: GatewayId::mint(clock, rng),
                customer_id: CustomerId::mint(clock, rng),
                subscription_id: SubscriptionId::mint(clock, rng),
            },
            sheet: Sheet::default(),
            probe,
            stop,
            began: false,
        }
    }

    pub(super) fn into_sheet(self) -> Sheet {
        self.sheet
    }

    /// Ends here when told to.
    pub(super) fn go_on(&mut self) -> Result<(), Halt> {
        if self.stop.is_told() {
            self.sheet.end("it was told to end before");
            return Err(Halt);
        }
        Ok(())
    }

    /// What the gateway has; a fault is held against `assumption`.
    pub(super) async fn observe(&mut self, assumption: Assumption) -> Result<Observed, Halt> {
        self.go_on()?;
        let (connector, link, application) = (Arc::clone(&self.connector), &self.link, &self.application);
        let observed = patiently(|| connector.observe(link, application)).await;
        observed.map_err(|fault| self.halt(assumption, "looking", &fault))
    }

    /// Everything with our mark; a fault is held against `assumption`.
    pub(super) async fn scan(&mut self, assumption: Assumption) -> Result<Vec<Scanned>, Halt> {
        self.go_on()?;
        let found = scanned(&*self.connector, &self.link, self.application.connection_id).await;
        found.map_err(|fault| self.halt(assumption, "looking for the mark", &fault))
    }

    /// Does a step, looks, does it again as after a lost answer and again as when nothing is known to be amiss, and looks
    /// whether that changed anything.
    pub(super) async fn thrice(&mut self, assumption: Assumption, step: &Step) -> Result<Done, Halt> {
        let before = self.observe(assumption).await?;
        let first = self.once(assumption, step, &before).await?;
        let seen = self.observe(assumption).await?;
        for known in [&before, &seen] {
            let again = self.once(Assumption::Repeatable, step, known).await?;
            if secret(&again) != secret(&first) && first.generated.is_some() {
                let words = format!("{} again: another secret was answered", step.operation());
                self.sheet.failed(Assumption::Repeatable, words);
            }
            let after = self.observe(Assumption::Repeatable).await?;
            if comparable(&after) != comparable(&seen) {
                let words = format!("{} again: it was different afterwards", step.operation());
                self.sheet.failed(Assumption::Repeatable, words);
            }
        }
        Ok(Done { first, seen })
    }

    /// Does a step, once.
    pub(super) async fn once(
        &mut self,
        assumption: Assumption,
        step: &Step,
        observed: &Observed,
    ) -> Result<Applied, Halt> {
        self.go_on()?;
        self.began = true;
        let (connector, link, application) = (Arc::clone(&self.connector), &self.link, &self.application);
        let applied = patiently(|| connector.apply(link, application, step, observed)).await;
        applied.map_err(|fault| self.halt(assumption, step.operation(), &fault))
    }

    /// A fault that nothing can follow.
    pub(super) fn halt(&mut self, assumption: Assumption, what: &str, fault: &Fault) -> Halt {
        let class = fault.kind.as_str();
        self.sheet
            .failed(assumption, format!("{what}: {class}: {}", fault.words));
        self.sheet.end(format!("{assumption} ended it"));
        Halt
    }

    /// Whether the proxy admits each of these, or refuses it, in time.
    pub(super) async fn ask(
        &mut self,
        assumption: Assumption,
        calls: &[(&str, Option<&SecretString>, bool)],
    ) -> Result<(), Halt> {
        self.go_on()?;
        let Some(probe) = &self.probe else { return Ok(()) };
        let propagation = Duration::from_secs(self.connector.capabilities().propagation_seconds.into());
        let mut longest = Duration::ZERO;
        for (name, key, admitted) in calls {
            match probe.until(*key, *admitted, propagation, &self.stop).await {
                Ok(took) => longest = longest.max(took),
                Err(why) => {
                    self.sheet.failed(assumption, format!("{name}: {why}"));
                    return self.go_on();
                }
            }
        }
        self.sheet
            .held(assumption, format!("within {} ms", longest.as_millis()));
        Ok(())
    }

    pub(super) const fn has_probe(&self) -> bool {
        self.probe.is_some()
    }

    /// Takes everything away, also what was found by the mark alone; what may be left.
    pub(super) async fn clean_up(&mut self) -> Vec<String> {
        if !self.began {
            return Vec::new();
        }
        let mut stop = self.stop.clone();
        tokio::select! {
            left = self.taken_away() => left,
            () = stop.insisted() => vec![format!("{}: told to end before it was looked for", self.names())],
        }
    }

    async fn taken_away(&self) -> Vec<String> {
        let mut left = Vec::new();
        for attempt in 0..CLEAN_UPS {
            if attempt > 0 {
                tokio::time::sleep(PAUSE).await;
            }
            match self.take_away().await {
                Ok(()) => return Vec::new(),
                Err(why) => left = vec![format!("{}: {why}", self.names())],
            }
        }
        left
    }

    async fn take_away(&self) -> Result<(), String> {
        let (connector, link) = (&*self.connector, &self.link);
        let application = &self.application;
        let words = |fault: Fault| fault.words;
        let observed = connector.observe(link, application).await.map_err(words)?;
        let dropped = connector
            .apply(link, application, &Step::DropApplication, &observed)
            .await;
        dropped.map_err(words)?;
        if connector.observe(link, application).await.map_err(words)?.exists {
            return Err("it is still there".to_owned());
        }
        let found = scanned(connector, link, application.connection_id)
            .await
            .map_err(words)?;
        match found.first() {
            None => Ok(()),
            Some(one) => Err(format!("{} still carries the mark", one.name)),
        }
    }

    /// How to find it there.
    fn names(&self) -> String {
        format!("{} (mark {})", self.application.name(), self.application.mark())
    }
}

/// Without what time alone changes.
fn comparable(observed: &Observed) -> Observed {
    let mut observed = observed.clone();
    for credential in &mut observed.credentials {
        credential.expires_in_seconds = credential.expires_in_seconds.map(|_| 0);
    }
    observed
        .credentials
        .sort_by(|one, other| one.remote_id.cmp(&other.remote_id));
    observed
}

fn secret(applied: &Applied) -> Option<&str> {
    applied.generated.as_ref().map(ExposeSecret::expose_secret)
}

async fn scanned(connector: &dyn Connector, link: &Link, connection_id: GatewayId) -> Result<Vec<Scanned>, Fault> {
    let (mut found, mut cursor) = (Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let page = patiently(|| connector.scan(link, connection_id, cursor.clone())).await?;
        found.extend(page.items);
        cursor = page.next;
        if cursor.is_none() {
            return Ok(found);
        }
    }
    Err(Fault::new(FaultKind::Invalid, format!("more than {PAGES_MAX} pages")))
}

/// Makes a call again while the gateway asks for patience.
pub(super) async fn patiently<T, F: Future<Output = Result<T, Fault>>>(call: impl Fn() -> F) -> Result<T, Fault> {
    let mut attempt = 1;
    loop {
        let fault = match call().await {
            Ok(done) => return Ok(done),
            Err(fault) => fault,
        };
        let pause = match fault.kind {
            FaultKind::Throttled(pause) => pause.unwrap_or(PAUSE * attempt),
            FaultKind::Conflict => PAUSE,
            _ => return Err(fault),
        };
        if attempt >= ATTEMPTS || pause > PAUSE_MAX {
            return Err(fault);
        }
        tokio::time::sleep(pause).await;
        attempt += 1;
    }
}
