//! Whatever goes wrong at whichever call of whichever step: what is there afterwards can be told, looking and doing it
//! again makes it right, nothing of others is touched, and no secret is told. For every vendor's connector alike.

use std::collections::BTreeSet;
use std::time::Duration;

use gatewright_connectors::model::fingerprint;
use gatewright_connectors::{Application, Connector, Fault, FaultKind, Link, Observed, Step};
use vendor_fakes::faults::{Door, Fault as Mishap, Rule};
use vendor_fakes::running::Running;

use crate::stand::link;

/// How long a call may take where some never end.
pub(crate) const SHORT: Duration = Duration::from_millis(60);
/// How often a call is tried that nothing hit and that took longer than [`SHORT`]: the machine is busy.
const TRIES_MAX: u32 = 5;

/// What is done before, and the step.
pub(crate) type Case = (Vec<Step>, Step);

/// Everything that can happen to a call.
pub(crate) fn mishaps() -> Vec<Mishap> {
    let mut all = vec![
        Mishap::DropAfter,
        Mishap::DropBefore,
        Mishap::Throttled {
            retry_after_seconds: Some(2),
        },
        Mishap::Throttled {
            retry_after_seconds: None,
        },
        Mishap::Unauthorized,
        Mishap::ConflictOurs,
        Mishap::Truncated,
        Mishap::WrongContentType,
        Mishap::BlackHole,
    ];
    all.extend([500, 503].map(|status| Mishap::Fails { status }));
    all.extend([500, 502, 503, 504].map(|status| Mishap::FailsAfter { status }));
    all
}

/// Hits one call, after so many others.
pub(crate) fn at(call: u32, mishap: &Mishap) -> Rule {
    Rule {
        method: None,
        path: "**".to_owned(),
        door: Door::Admin,
        skip: call,
        times: Some(1),
        probability: None,
        fault: mishap.clone(),
    }
}

/// What holds of a vendor besides what holds of all, after a step that was hit: told is where, how many secrets the stand-in had
/// before, and what is to be there.
pub(crate) type Holds<'a> = &'a (dyn Fn(&str, usize, &Observed) + Sync);

/// A credential: its number, which of our keys it is, whether it is disabled, whether it ends, and its own scope.
type Seen = (Option<u32>, Option<usize>, bool, bool, BTreeSet<String>);
/// What is there, without what differs from one time to the next.
type Essence = ([bool; 4], BTreeSet<String>, Vec<Seen>);

/// A connector before its stand-in.
pub(crate) struct Trial<'a> {
    pub(crate) connector: &'a dyn Connector,
    pub(crate) fake: &'a Running,
    pub(crate) link: &'a Link,
    pub(crate) ours: &'a Application,
    /// What it signs in with, which no error repeats.
    pub(crate) credential: &'a str,
    /// Keys that the steps give, to be known again.
    pub(crate) keys: &'a [&'a str],
    /// More calls than any step makes.
    pub(crate) calls_max: u32,
    /// Whether the credentials themselves can be refused; otherwise what was lent for them is replaced within the step.
    pub(crate) refusable: bool,
    /// How much of the stand-in's time passes before each step.
    pub(crate) later: Duration,
    pub(crate) holds: Holds<'a>,
}

impl Trial<'_> {
    /// Every step, with every mishap at every call.
    pub(crate) async fn every_step(&self, cases: Vec<Case>, mishaps: &[Mishap]) {
        for (before, step) in cases {
            self.prepare(&before).await;
            self.apply(&step).await.unwrap();
            let wanted = self.observe().await;
            for mishap in mishaps {
                self.every_call(&before, &step, mishap, &wanted).await;
            }
        }
    }

    async fn every_call(&self, before: &[Step], step: &Step, mishap: &Mishap, wanted: &Observed) {
        let (mut call, mut tries) = (0, 0);
        while call < self.calls_max {
            let place = format!("{} {mishap:?} at call {call}", step.operation());
            self.prepare(before).await;
            let observed = self.observe().await;
            let (earlier, had) = (self.fake.counters().calls, self.fake.secrets().len());
            self.fake.fail(at(call, mishap));
            let (short, _) = link(SHORT);
            let its = if *mishap == Mishap::BlackHole {
                &short
            } else {
                self.link
            };
            let done = self.connector.apply(its, self.ours, step, &observed).await;
            let was_hit = self.fake.counters().calls - earlier > u64::from(call);
            self.fake.heal();
            match done {
                Ok(_) if !was_hit => return,
                Err(_) if !was_hit && *mishap == Mishap::BlackHole && tries < TRIES_MAX => {
                    tries += 1;
                    continue;
                }
                Err(told) if !was_hit => panic!("{place}, which it did not come to: {told}"),
                Err(told) => self.judge(&told, &place),
                Ok(_) => {}
            }
            // Repeated as it was, as a worker does that did not look; and repeated after looking.
            if call % 2 == 0 {
                let again = self.connector.apply(self.link, self.ours, step, &observed).await;
                again.unwrap_or_else(|fault| panic!("{place}, again: {fault}"));
            }
            let again = self.apply(step).await;
            again.unwrap_or_else(|fault| panic!("{place}, after looking: {fault}"));
            // As a plan has it that finds something misnamed.
            if self.observe().await.misnamed && !wanted.misnamed {
                self.apply(&Step::Application).await.unwrap();
            }
            assert_eq!(self.essence(&self.observe().await), self.essence(wanted), "{place}");
            assert!(self.fake.touched().is_empty(), "{place}: {:?}", self.fake.touched());
            (self.holds)(&place, had, wanted);
            call += 1;
            tries = 0;
        }
        panic!("{} makes more calls than {}", step.operation(), self.calls_max);
    }

    /// An error says what to do next, and no secret.
    pub(crate) fn judge(&self, told: &Fault, place: &str) {
        let shown = format!("{told} {told:?}");
        let secrets = self.fake.secrets();
        let mut secrets = secrets.iter().map(String::as_str).chain([self.credential]);
        assert!(!secrets.any(|secret| shown.contains(secret)), "{place}: {shown}");
        let may_pass = told.kind.may_pass() || (self.refusable && told.kind == FaultKind::Unauthenticated);
        assert!(may_pass, "{place}: {:?} {told}", told.kind);
    }

    /// As at the start, and these steps done without a look.
    async fn prepare(&self, before: &[Step]) {
        self.fake.reset();
        for step in before {
            let done = self
                .connector
                .apply(self.link, self.ours, step, &Observed::default())
                .await;
            done.unwrap_or_else(|fault| panic!("{}: {fault}", step.operation()));
        }
        self.fake.advance(self.later);
    }

    async fn observe(&self) -> Observed {
        self.connector.observe(self.link, self.ours).await.unwrap()
    }

    /// Looks, then does one step.
    async fn apply(&self, step: &Step) -> Result<(), Fault> {
        let observed = self.observe().await;
        let done = self.connector.apply(self.link, self.ours, step, &observed).await;
        done.map(drop)
    }

    /// What is there, without what differs from one time to the next: ids, and secrets that the gateway makes.
    fn essence(&self, observed: &Observed) -> Essence {
        let known: Vec<_> = self.keys.iter().map(|key| fingerprint(key.as_bytes())).collect();
        let mut credentials: Vec<Seen> = observed
            .credentials
            .iter()
            .map(|one| {
                let which = known.iter().position(|known| one.fingerprint.as_ref() == Some(known));
                let ends = one.expires_in_seconds.is_some();
                (one.number, which, one.disabled, ends, one.scope.clone())
            })
            .collect();
        credentials.sort_unstable();
        let state = [
            observed.exists,
            observed.suspended,
            observed.unsettled,
            observed.misnamed,
        ];
        (state, observed.scope.clone(), credentials)
    }
}
