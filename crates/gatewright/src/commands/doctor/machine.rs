//! Limits and clock of this machine.

use chrono::Datelike;
use gatewright_types::Clock;
use rustix::process::Resource;

use super::Finding;
use crate::settings::Settings;

/// Connections that a core of the gateway seats; each may need one to a service as well.
const SEATS_PER_CORE: u64 = 16_384;
/// Connections of the control plane, and everything else.
const OTHER_FILES: u64 = 4096 + 512;
/// With fewer than this, requests fail in ordinary use.
const FEW_FILES: u64 = 1024;
/// Years in which this program can run.
const YEARS: std::ops::Range<i32> = 2026..2100;

pub(super) fn examine(settings: &Settings, findings: &mut Vec<Finding>) {
    findings.push(open_files(settings));
    let now = Clock::System.now();
    if !YEARS.contains(&now.year()) {
        findings.push(Finding::problem(
            "clock",
            format!("this machine believes that it is {}", now.format("%Y-%m-%d")),
            "keys and tokens would be expired, or never expire",
            "set the clock and keep it right: `timedatectl set-ntp true`",
        ));
    }
}

/// `serve` raises the soft limit to the hard one.
fn open_files(settings: &Settings) -> Finding {
    const CHECK: &str = "open files";
    let limit = rustix::process::getrlimit(Resource::Nofile).maximum;
    let wanted = settings.cores() as u64 * SEATS_PER_CORE * 2 + u64::from(settings.database_connections) + OTHER_FILES;
    let Some(limit) = limit.filter(|limit| *limit < wanted) else {
        return Finding::ok(CHECK, "the limit is high enough for every connection that is allowed");
    };
    let what = format!("at most {limit} at once, and {wanted} would be needed for every connection that is allowed");
    let why = "beyond the limit new connections wait or fail";
    let repair = format!("LimitNOFILE={wanted} in the unit, or `ulimit -n {wanted}` before the start");
    if limit < FEW_FILES {
        Finding::problem(CHECK, what, why, repair)
    } else {
        Finding::warning(CHECK, what, why, repair)
    }
}
