//! Settings that are understood one by one and do not fit together.

use std::net::SocketAddr;

use secrecy::ExposeSecret;

use super::Finding;
use crate::logging;
use crate::role::Role;
use crate::settings::Settings;

const CHECK: &str = "settings";

pub(super) fn examine(settings: &Settings, findings: &mut Vec<Finding>) {
    let before = findings.len();
    if let Err(error) = logging::filter(settings) {
        findings.push(Finding::problem(
            CHECK,
            format!("log: {error:#}"),
            "Gatewright does not start",
            "set log as in \"info\" or \"info,gatewright_api=debug\"",
        ));
    }
    let mut listeners = settings.listeners();
    listeners.extend(settings.metrics_addr.map(|addr| ("metrics_addr", addr)));
    for (at, (name, addr)) in listeners.iter().enumerate() {
        if let Some((other, _)) = listeners[..at].iter().find(|(_, other)| same_place(*addr, *other)) {
            findings.push(Finding::problem(
                CHECK,
                format!("{other} and {name} are both on port {}", addr.port()),
                "two listeners cannot share a port",
                format!("set {name} to another port"),
            ));
        }
    }
    let https = settings
        .public_url
        .as_ref()
        .is_some_and(|url| url.starts_with("https://"));
    for (name, addr) in settings
        .listeners()
        .into_iter()
        .filter(|(name, _)| *name != "health_addr")
    {
        if !addr.ip().is_loopback() && !https {
            findings.push(Finding::warning(
                CHECK,
                format!("{name} = {addr} is reached from other machines, and nothing says that TLS is in front"),
                "tokens and API keys would cross the network in clear text",
                format!("put a proxy that ends TLS in front, set public_url to its https:// address, and {name} to 127.0.0.1:{} if the proxy runs here", addr.port()),
            ));
        }
    }
    // A node is told the domain by its control plane.
    let names_domain = settings.role == Role::All;
    if names_domain && settings.base_domain == "localhost" && !settings.gateway_addr.ip().is_loopback() {
        findings.push(Finding::warning(
            CHECK,
            "base_domain is localhost, and the gateway is reached from other machines",
            "gateways answer to <slug>.localhost, which other machines do not find",
            "set base_domain to a domain with a DNS wildcard that leads here",
        ));
    }
    if let Some(url) = &settings.database_url
        && let Ok(options) = url.expose_secret().parse::<sqlx::postgres::PgConnectOptions>()
    {
        use sqlx::postgres::PgSslMode;
        let elsewhere =
            options.get_socket().is_none() && !["localhost", "127.0.0.1", "::1"].contains(&options.get_host());
        let open = matches!(
            options.get_ssl_mode(),
            PgSslMode::Disable | PgSslMode::Allow | PgSslMode::Prefer
        );
        if elsewhere && open {
            findings.push(Finding::warning(
                CHECK,
                format!(
                    "database_url leads to {} and does not insist on TLS",
                    options.get_host()
                ),
                "whoever sits in between could read and change everything",
                "add ?sslmode=verify-full to database_url",
            ));
        }
    }
    if findings.len() == before {
        findings.push(Finding::ok(CHECK, "understood, and they fit together"));
    }
}

fn same_place(one: SocketAddr, other: SocketAddr) -> bool {
    let overlap = one.ip() == other.ip() || one.ip().is_unspecified() || other.ip().is_unspecified();
    one.port() != 0 && one.port() == other.port() && overlap
}
