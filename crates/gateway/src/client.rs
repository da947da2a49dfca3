//! One client connection, as everything on its behalf sees it.

use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;

use http::HeaderValue;

use crate::body::RequestBodyFault;
use crate::core::Core;
use crate::vigil::{Phase, Vigil};

/// A client connection.
pub(crate) struct Client {
    /// The core it lives on.
    pub(crate) core: Rc<Core>,
    /// Its deadlines.
    pub(crate) vigil: Rc<Vigil>,
    /// Where it comes from; an IPv4 client of a listener for both families as what it is.
    pub(crate) peer: IpAddr,
    /// The same, as `X-Forwarded-For` has it.
    pub(crate) address: HeaderValue,
    /// Why the body of the request under way ended early.
    pub(crate) body_fault: Cell<Option<RequestBodyFault>>,
    /// Whether the client may still be sending when we hang up.
    pub(crate) lingers: Cell<bool>,
}

impl Client {
    /// A connection that was just accepted; its first head is due.
    pub(crate) fn new(core: Rc<Core>, address: IpAddr) -> Self {
        let vigil = Rc::new(Vigil::new());
        vigil.head.set(core.ticks.after(core.limits.head_timeout));
        core.ticks.watch(Rc::clone(&vigil));
        let peer = address.to_canonical();
        let address = HeaderValue::from_str(&peer.to_string());
        Self {
            core,
            vigil,
            peer,
            address: address.expect("an address is visible ASCII"),
            body_fault: Cell::new(None),
            lingers: Cell::new(false),
        }
    }

    /// A request's head is complete.
    pub(crate) fn begin(&self) {
        self.body_fault.set(None);
        self.vigil.enter(Phase::Serving);
        self.vigil.head.clear();
    }

    /// The answer is written, or nobody wants it any more.
    pub(crate) fn rest(&self) {
        self.vigil.upstream.clear();
        self.vigil.request_body.clear();
        self.vigil.enter(Phase::Idle);
        self.vigil
            .head
            .set(self.core.ticks.after(self.core.limits.idle_timeout));
    }
}
