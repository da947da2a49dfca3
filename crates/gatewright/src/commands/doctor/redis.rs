//! The Redis that nodes share, where one is set: nothing breaks without it.

use gatewright_types::Clock;

use super::Finding;
use crate::settings::Settings;

const CHECK: &str = "redis";

pub(super) async fn examine(settings: &Settings, findings: &mut Vec<Finding>) {
    if !settings.role.serves_gateways() {
        return;
    }
    // The settings were found right before.
    let Ok(Some(shared)) = settings.shared_cache(&Clock::System) else {
        return;
    };
    let (place, is_open) = shared.place();
    findings.push(match shared.probe().await {
        Ok(()) => Finding::ok(CHECK, format!("{place} answers and runs what nodes need")),
        Err(error) => Finding::warning(
            CHECK,
            format!("{place}: {error:#}"),
            "nodes go on without it, and each asks the control plane about every key",
            "start Redis 6.2 or newer there, or correct redis_url; its user needs EVALSHA, SCRIPT, SUBSCRIBE and PUBLISH",
        ),
    });
    if is_open {
        findings.push(Finding::warning(
            CHECK,
            format!("redis_url leads to {place} without TLS"),
            "a password crosses the network in clear text, and whoever has it can slow every node down",
            "use rediss://, with ca_file for a certificate of your own",
        ));
    }
}
