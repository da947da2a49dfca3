//! Connections at rest.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::rc::Rc;
use std::sync::Arc;

use super::resolve::Names;
use super::tls::Trust;
use super::wire::Wire;
use crate::limits::Limits;
use gatewright_snapshot::{Service, ServiceIdentity};
use http::HeaderValue;

/// A connection to a service.
pub(crate) type Connection = Box<Wire>;

/// Longest head whose memory is kept.
const HEAD_KEPT_BYTES: usize = 8 * 1024;

/// One core's connections to services.
pub(crate) struct Upstreams {
    by_identity: RefCell<HashMap<ServiceIdentity, Rc<Upstream>, BuildHasherDefault<AsItIs>>>,
    resting: Rc<Cell<usize>>,
    /// Memory of a head that was sent, for the next one.
    head: Cell<Vec<u8>>,
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
            head: Cell::default(),
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

    /// Empty memory for a head.
    pub(crate) fn blank(&self) -> Vec<u8> {
        self.head.take()
    }

    /// Takes the memory of a head back.
    pub(crate) fn recycle(&self, mut head: Vec<u8>) {
        if head.capacity() <= HEAD_KEPT_BYTES {
            head.clear();
            self.head.set(head);
        }
    }

    /// Closes what has rested too long and forgets services that nobody asks for any more.
    pub(crate) fn prune(&self, limits: &Limits, now_ms: u64) {
        let timeout_ms = u64::try_from(limits.upstream_idle_timeout.as_millis()).unwrap_or(u64::MAX);
        self.by_identity.borrow_mut().retain(|_, upstream| {
            upstream
                .keep_if(|connection, since_ms| connection.is_quiet() && now_ms.saturating_sub(since_ms) < timeout_ms);
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
        while let Some((mut connection, _)) = idle.pop() {
            self.resting.set(self.resting.get() - 1);
            if connection.is_quiet() {
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection after a whole answer, unless the service has gone on talking.
    pub(crate) fn put(&self, connection: Connection) {
        if !connection.buffer.is_empty() {
            return;
        }
        let mut idle = self.idle.borrow_mut();
        if idle.len() < self.max_idle && self.resting.get() < self.max_idle_total {
            idle.push((connection, self.used_at_ms.get()));
            self.resting.set(self.resting.get() + 1);
        }
    }

    fn keep_if(&self, keep: impl Fn(&mut Connection, u64) -> bool) {
        let mut idle = self.idle.borrow_mut();
        let before = idle.len();
        idle.retain_mut(|(connection, since_ms)| keep(connection, *since_ms));
        self.resting.set(self.resting.get() - (before - idle.len()));
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
