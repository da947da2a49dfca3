//! Names of services to addresses.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use crate::limits::RESOLVED_NAMES;

/// The addresses that one core has seen lately.
pub(crate) struct Names {
    known: RefCell<HashMap<String, Answer>>,
    valid: Duration,
}

struct Answer {
    addresses: Rc<[IpAddr]>,
    until_ms: u64,
}

impl Names {
    /// Believes an answer for `valid`.
    pub(crate) fn new(valid: Duration) -> Self {
        Self {
            known: RefCell::default(),
            valid,
        }
    }

    /// The addresses of a host, which may be an address itself.
    pub(crate) async fn resolve(&self, host: &str, now_ms: u64) -> io::Result<Rc<[IpAddr]>> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(Rc::from([address]));
        }
        if let Some(answer) = self.known.borrow().get(host).filter(|answer| now_ms < answer.until_ms) {
            return Ok(Rc::clone(&answer.addresses));
        }
        let addresses: Rc<[IpAddr]> = tokio::net::lookup_host((host, 0))
            .await?
            .map(|address: SocketAddr| address.ip())
            .collect();
        let mut known = self.known.borrow_mut();
        if known.len() >= RESOLVED_NAMES {
            known.retain(|_, answer| now_ms < answer.until_ms);
        }
        if known.len() < RESOLVED_NAMES {
            let until_ms = now_ms.saturating_add(u64::try_from(self.valid.as_millis()).unwrap_or(u64::MAX));
            known.insert(
                host.to_owned(),
                Answer {
                    addresses: Rc::clone(&addresses),
                    until_ms,
                },
            );
        }
        Ok(addresses)
    }
}
