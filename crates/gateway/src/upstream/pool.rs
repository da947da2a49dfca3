//! Connections at rest.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use gatewright_snapshot::{Service, ServiceIdentity};
use http::HeaderValue;
use hyper::client::conn::http1::SendRequest;

use super::resolve::Names;
use super::tls::Trust;
use crate::body::RequestBody;
use crate::limits::Limits;

/// A connection to a service, as hyper hands it out.
pub(crate) type Connection = SendRequest<RequestBody>;

/// One core's connections to services.
pub(crate) struct Upstreams {
    by_identity: RefCell<HashMap<ServiceIdentity, Rc<Upstream>, BuildHasherDefault<AsItIs>>>,
    resting: Rc<Cell<usize>>,
    pub(crate) names: Names,
    pub(crate) trust: Arc<Trust>,
}

/// One core's connections to one service.
pub(crate) struct Upstream {
    /// The `Host` field; this core's own copy, so that cores do not fight over a reference count.
    pub(crate) host: HeaderValue,
    idle: RefCell<Vec<(Connection, u64)>>,
    resting: Rc<Cell<usize>>,
    max_idle: usize,
    max_idle_total: usize,
    /// When the core last had a request for it, in its ticks.
    used_at_ms: Cell<u64>,
}

impl Upstreams {
    /// None yet.
    pub(crate) fn new(limits: &Limits, trust: Arc<Trust>) -> Self {
        Self {
            by_identity: RefCell::default(),
            resting: Rc::default(),
            names: Names::new(limits.dns_valid),
            trust,
        }
    }

    /// The connections to a service.
    pub(crate) fn of(&self, service: &Service, limits: &Limits, now_ms: u64) -> Rc<Upstream> {
        let mut by_identity = self.by_identity.borrow_mut();
        let upstream = by_identity.entry(service.identity).or_insert_with(|| {
            Rc::new(Upstream {
                host: HeaderValue::from_bytes(service.host.as_bytes()).expect("it was one already"),
                idle: RefCell::default(),
                resting: Rc::clone(&self.resting),
                max_idle: limits.max_idle_per_service,
                max_idle_total: limits.max_idle_upstream,
                used_at_ms: Cell::new(now_ms),
            })
        });
        upstream.used_at_ms.set(now_ms);
        Rc::clone(upstream)
    }

    /// Closes what has rested too long and forgets services that nobody asks for any more.
    pub(crate) fn prune(&self, limits: &Limits, now_ms: u64) {
        let timeout_ms = u64::try_from(limits.upstream_idle_timeout.as_millis()).unwrap_or(u64::MAX);
        self.by_identity.borrow_mut().retain(|_, upstream| {
            upstream.keep_if(|connection, since_ms| {
                !connection.is_closed() && now_ms.saturating_sub(since_ms) < timeout_ms
            });
            Rc::strong_count(upstream) > 1 || now_ms.saturating_sub(upstream.used_at_ms.get()) < timeout_ms
        });
    }

    /// Closes everything that rests.
    pub(crate) fn close_all(&self) {
        for upstream in self.by_identity.borrow().values() {
            upstream.keep_if(|_, _| false);
        }
    }
}

impl Upstream {
    /// The connection that rested last, if one is left that the service has not closed.
    pub(crate) fn take(&self) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        while let Some((connection, _)) = idle.pop() {
            self.resting.set(self.resting.get() - 1);
            if connection.is_ready() {
                return Some(connection);
            }
        }
        None
    }

    fn put(&self, connection: Connection) {
        let mut idle = self.idle.borrow_mut();
        if idle.len() < self.max_idle && self.resting.get() < self.max_idle_total {
            idle.push((connection, self.used_at_ms.get()));
            self.resting.set(self.resting.get() + 1);
        }
    }

    fn keep_if(&self, keep: impl Fn(&Connection, u64) -> bool) {
        let mut idle = self.idle.borrow_mut();
        let before = idle.len();
        idle.retain(|(connection, since_ms)| keep(connection, *since_ms));
        self.resting.set(self.resting.get() - (before - idle.len()));
    }
}

/// A connection in use. It rests again when it is dropped after a whole answer, and is closed when it
/// is dropped in the middle of one.
pub(crate) struct Lease {
    connection: Option<Connection>,
    upstream: Rc<Upstream>,
}

impl Lease {
    /// Puts a connection to use.
    pub(crate) fn new(connection: Connection, upstream: &Rc<Upstream>) -> Self {
        Self {
            connection: Some(connection),
            upstream: Rc::clone(upstream),
        }
    }

    /// The connection.
    pub(crate) fn connection(&mut self) -> Option<&mut Connection> {
        self.connection.as_mut()
    }

    /// Ends the lease if the whole answer has arrived.
    pub(crate) fn give_back_if_ready(self) -> Option<Self> {
        let is_ready = self.connection.as_ref().is_some_and(Connection::is_ready);
        (!is_ready).then_some(self)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // hyper is ready again once it has read the whole answer and written the whole request.
        if let Some(connection) = self.connection.take().filter(Connection::is_ready) {
            self.upstream.put(connection);
        }
    }
}

/// A hasher for what is evenly spread already.
#[derive(Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    fn write_usize(&mut self, _: usize) {
        // The length that comes before the bytes of an array says nothing.
    }

    fn finish(&self) -> u64 {
        self.0
    }
}
