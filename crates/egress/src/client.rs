//! The client: one request, its hops, its deadline.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Response, StatusCode};
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};

use crate::answer::{Answer, Streamed};
use crate::connection::Connection;
use crate::dial::dial;
use crate::error::{EgressError, Phase};
use crate::limits::Limits;
use crate::policy::Policy;
use crate::pool::Pool;
use crate::redirect;
use crate::request::{Body, Request};
use crate::resolve::{Resolve, SystemResolver};
use crate::target::Target;
use crate::timings::Timings;
use crate::trust::Trust;

/// What a client is made of.
pub struct Options {
    /// How much of everything is allowed.
    pub limits: Limits,
    /// Who looks names up.
    pub resolver: Arc<dyn Resolve>,
    /// Whom it trusts, unless a request says otherwise.
    pub trust: Trust,
    /// Where this process listens; never asked, whatever a policy opens.
    pub own_listeners: Vec<SocketAddr>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            limits: Limits::default(),
            resolver: Arc::new(SystemResolver),
            trust: Trust::system(),
            own_listeners: Vec::new(),
        }
    }
}

/// Sends requests. Cloning is cheap; clones share connections and limits.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) limits: Limits,
    pub(crate) resolver: Arc<dyn Resolve>,
    pub(crate) own_listeners: Vec<SocketAddr>,
    pub(crate) lookups: Semaphore,
    pub(crate) pool: Pool,
    trust: Trust,
    turns: Arc<Semaphore>,
}

/// When everything has to be over.
#[derive(Clone, Copy)]
pub(crate) struct Deadline {
    pub(crate) begun: Instant,
    total: Duration,
}

impl Deadline {
    /// Waits for `future`, at most `limit` and at most until the end of all.
    pub(crate) async fn within<F: Future>(
        self,
        phase: Phase,
        limit: Duration,
        future: F,
    ) -> Result<F::Output, EgressError> {
        let (own, all) = (Instant::now() + limit, self.begun + self.total);
        let after = if own < all { limit } else { self.total };
        let result = timeout_at(own.min(all), future).await;
        result.map_err(|_| EgressError::TimedOut { phase, after })
    }
}

impl Client {
    /// A client with no connections yet.
    pub fn new(options: Options) -> Self {
        let limits = options.limits;
        let inner = Inner {
            lookups: Semaphore::new(limits.max_lookups),
            pool: Pool::new(limits.max_resting, limits.rest_timeout),
            turns: Arc::new(Semaphore::new(limits.max_in_flight)),
            resolver: options.resolver,
            own_listeners: options.own_listeners,
            trust: options.trust,
            limits,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Its limits.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// Sends a request and reads the whole answer.
    ///
    /// An HTTP error status is an answer, not an error.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub async fn send(&self, request: Request, policy: &Policy) -> Result<Answer, EgressError> {
        // On the heap: it is large, and it is part of every caller's future.
        let streamed = Box::pin(self.stream(request, policy)).await?;
        Box::pin(streamed.collect()).await
    }

    /// Sends a request and returns when the answer's head is there.
    ///
    /// # Errors
    ///
    /// Why there is no answer.
    pub async fn stream(&self, mut request: Request, policy: &Policy) -> Result<Streamed, EgressError> {
        let limits = &self.inner.limits;
        request.check()?;
        let mut target = Target::parse(&request.url, limits.max_url_bytes)?;
        let deadline = Deadline {
            begun: Instant::now(),
            total: request.total_timeout.unwrap_or(limits.total_timeout),
        };
        let turn = Arc::clone(&self.inner.turns).acquire_owned();
        // Never closed, so `ok` loses nothing.
        let turn = deadline.within(Phase::Turn, deadline.total, turn).await?.ok();
        let trust = request.trust.clone().unwrap_or_else(|| self.inner.trust.clone());
        let most = request
            .max_redirects
            .unwrap_or(limits.max_redirects)
            .min(limits.max_redirects);
        let mut redirects = 0;
        loop {
            let stream_sent = matches!(request.body, Body::Stream(_));
            let exchanged = self
                .inner
                .exchange(&mut request, &target, policy, &trust, deadline)
                .await?;
            let (response, connection, timings) = exchanged;
            let next = match most {
                0 => None,
                _ => redirect::next(&target, response.status(), response.headers(), limits.max_url_bytes)?,
            };
            let Some(next) = next else {
                return Ok(Streamed::new(
                    Arc::clone(&self.inner),
                    response,
                    connection,
                    (target, trust),
                    &request,
                    (timings, deadline, redirects),
                    turn,
                ));
            };
            redirects += 1;
            if redirects > most {
                return Err(EgressError::TooManyRedirects(most));
            }
            redirect::follow(&mut request, response.status(), &target, &next, stream_sent)?;
            target = next;
        }
    }
}

type Exchanged = (Response<Incoming>, Connection, Timings);

impl Inner {
    /// One hop.
    async fn exchange(
        &self,
        request: &mut Request,
        target: &Target,
        policy: &Policy,
        trust: &Trust,
        deadline: Deadline,
    ) -> Result<Exchanged, EgressError> {
        policy.judge_name(target).map_err(EgressError::Refused)?;
        let may_rest = request.repeatable && !matches!(request.body, Body::Stream(_));
        if may_rest && let Some(connection) = self.pool.take(target, trust, policy) {
            let timings = Timings {
                reused: true,
                ..Timings::default()
            };
            match self.ask(request, target, connection, timings, deadline).await {
                // It died while it rested; the request may be sent twice.
                Err(EgressError::BrokenOff) => {}
                result => return result,
            }
        }
        let mut timings = Timings::default();
        let connection = Box::pin(dial(self, target, policy, trust, deadline, &mut timings)).await?;
        self.ask(request, target, connection, timings, deadline).await
    }

    async fn ask(
        &self,
        request: &mut Request,
        target: &Target,
        mut connection: Connection,
        mut timings: Timings,
        deadline: Deadline,
    ) -> Result<Exchanged, EgressError> {
        let hop = request.hop(target)?;
        let begun = Instant::now();
        let limit = request.first_byte_timeout.unwrap_or(self.limits.first_byte_timeout);
        let asking = async {
            connection.sender.ready().await?;
            connection.sender.send_request(hop).await
        };
        let response = deadline.within(Phase::FirstByte, limit, asking).await?;
        let response = response.map_err(|error| self.explain(&error))?;
        timings.first_byte = begun.elapsed();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            return Err(EgressError::NotHttp);
        }
        Ok((response, connection, timings))
    }

    /// What an error of the connection means.
    pub(crate) fn explain(&self, error: &hyper::Error) -> EgressError {
        if error.is_parse_too_large() {
            EgressError::HeadTooLarge {
                max_bytes: self.limits.max_head_bytes,
                max_fields: self.limits.max_fields,
            }
        } else if error.is_parse() {
            EgressError::NotHttp
        } else if error.is_user() {
            EgressError::InvalidRequest("its body could not be read")
        } else {
            EgressError::BrokenOff
        }
    }
}
