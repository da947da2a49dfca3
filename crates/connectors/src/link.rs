//! The way to one gateway: every call waits its turn, is timed and is written down.

use std::any::Any;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use gatewright_egress::{Answer, Client, Policy, Request};
use gatewright_types::Clock;

use crate::fault::Fault;

/// Longest call, from waiting for a connection to the answer's end, unless a link says otherwise.
pub const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer, in bytes.
pub const ANSWER_MAX_BYTES: usize = 8 * 1024 * 1024;

/// What a call was, for whoever counts.
#[derive(Clone, Copy, Debug)]
pub struct CallRecord {
    /// What it was for, as in `consumer.put`.
    pub operation: &'static str,
    /// How long it took.
    pub duration: Duration,
    /// The answer's status, where there was one.
    pub status: Option<u16>,
}

/// A call's turn: it lasts until this is dropped.
#[derive(Default)]
pub struct Turn(#[expect(dead_code, reason = "held, and never looked at")] Option<Box<dyn Any + Send>>);

impl Turn {
    /// A turn that keeps something from others as long as it lasts.
    pub fn holding(what: impl Any + Send) -> Self {
        Self(Some(Box::new(what)))
    }
}

/// Lets calls through one by one, as fast as the gateway's rate allows and not while its breaker is open.
pub trait Gate: Send + Sync + 'static {
    /// Waits for this call's turn, or says [`Fault`] of kind `Parked` when that is too far off.
    fn pass<'a>(&'a self, operation: &'static str) -> Pin<Box<dyn Future<Output = Result<Turn, Fault>> + Send + 'a>>;

    /// Takes note of a call that was made.
    fn made(&self, record: CallRecord);
}

/// What a connector sends with.
pub struct Link {
    client: Client,
    policy: Policy,
    gate: Box<dyn Gate>,
    clock: Clock,
    call_timeout: Duration,
}

impl Link {
    /// A way to a gateway.
    pub fn new(client: Client, policy: Policy, gate: impl Gate) -> Self {
        Self {
            client,
            policy,
            gate: Box::new(gate),
            clock: Clock::System,
            call_timeout: CALL_TIMEOUT,
        }
    }

    /// Tells time by another clock than the machine's.
    #[must_use]
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Gives each call another time than [`CALL_TIMEOUT`].
    #[must_use]
    pub fn with_call_timeout(mut self, longest: Duration) -> Self {
        self.call_timeout = longest;
        self
    }

    /// What time it is, for comparing with what a gateway says.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Makes one call. An answer of any status is an answer; redirects are not followed.
    pub async fn send(&self, operation: &'static str, request: Request) -> Result<Answer, Fault> {
        let _turn = self.gate.pass(operation).await?;
        let request = request
            .max_redirects(0)
            .max_body_bytes(ANSWER_MAX_BYTES, gatewright_egress::Overflow::Refuse)
            .total_timeout(self.call_timeout);
        let begun = std::time::Instant::now();
        let result = self.client.send(request, &self.policy).await;
        let status = result.as_ref().ok().map(|answer| answer.status.as_u16());
        self.gate.made(CallRecord {
            operation,
            duration: begun.elapsed(),
            status,
        });
        Ok(result?)
    }
}
