//! Where native gateways are.

use std::net::{IpAddr, Ipv4Addr};

use gatewright_egress::resolve::Resolving;
use gatewright_egress::{Resolve, SystemResolver};

/// Knows the hosts of the gateway of this process, which need no entry in any name service; asks the system for all others.
pub(super) struct GatewayResolver {
    base_domain: String,
    here: Option<IpAddr>,
}

impl GatewayResolver {
    pub(super) fn new(base_domain: String, here: Option<IpAddr>) -> Self {
        // Whoever listens everywhere listens on this machine's own address, too.
        let here = here.map(|ip| {
            if ip.is_unspecified() {
                Ipv4Addr::LOCALHOST.into()
            } else {
                ip
            }
        });
        Self { base_domain, here }
    }

    fn known(&self, name: &str) -> Option<IpAddr> {
        let is_of = |domain: &str| {
            name.strip_suffix(domain)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        };
        match self.here {
            Some(here) if is_of(&self.base_domain) => Some(here),
            // RFC 6761 §6.3: such names always mean this machine.
            _ => is_of("localhost").then_some(Ipv4Addr::LOCALHOST.into()),
        }
    }
}

impl Resolve for GatewayResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        match self.known(name) {
            Some(address) => Box::pin(std::future::ready(Ok(vec![address]))),
            None => SystemResolver.resolve(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_our_gateways_are_here_and_no_others() {
        let here: IpAddr = "192.0.2.7".parse().unwrap();
        let resolver = GatewayResolver::new("gw.test".to_owned(), Some(here));
        assert_eq!(resolver.known("acme.gw.test"), Some(here));
        assert_eq!(resolver.known("gw.test"), Some(here));
        assert_eq!(resolver.known("notgw.test"), None);
        assert_eq!(resolver.known("acme.localhost"), Some(Ipv4Addr::LOCALHOST.into()));
        let elsewhere = GatewayResolver::new("gw.test".to_owned(), None);
        assert_eq!(elsewhere.known("acme.gw.test"), None);
    }
}
