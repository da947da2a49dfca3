//! Where a gateway node finds its control plane.

use gatewright_types::Clock;

use super::Finding;
use crate::node;
use crate::role::Role;
use crate::settings::Settings;

const CHECK: &str = "control plane";
/// How far the clocks may be apart, in milliseconds. A Date has whole seconds.
const APART_WARNING_MS: u64 = 2_000;
const APART_PROBLEM_MS: u64 = 10_000;

pub(super) async fn examine(settings: &Settings, findings: &mut Vec<Finding>) {
    if settings.role != Role::Gateway {
        return;
    }
    let planes = match node::control_planes(settings).await {
        Ok(planes) => planes,
        Err(error) => {
            findings.push(Finding::problem(
                CHECK,
                format!("{error:#}"),
                "the node does not start",
                "correct control_url or ca_file",
            ));
            return;
        }
    };
    for (place, said) in planes {
        findings.push(match said {
            Ok(there_ms) => apart(&place, there_ms.abs_diff(Clock::System.now_ms())),
            Err(error) => Finding::problem(
                CHECK,
                format!("{place}: {error:#}"),
                "a new node is not let in; one that was serves only what it knows, and hears of no revocation",
                "see that the control plane runs and this address leads to it; ca_file names authorities of your own",
            ),
        });
        if place.starts_with("http://") && !is_here(&place) {
            findings.push(Finding::warning(
                CHECK,
                format!("{place} is asked without TLS"),
                "whoever sits in between could take the node's token and say who is admitted",
                "put TLS in front of the control plane, and https:// into control_url",
            ));
        }
    }
}

fn apart(place: &str, apart_ms: u64) -> Finding {
    let what = format!(
        "{place} answers, and its clock is {} s apart from this one",
        apart_ms / 1_000
    );
    let (why, repair) = (
        "keys expire by the node's clock, and what nodes share through Redis is dated by it",
        "let chrony or systemd-timesyncd set the clocks of both machines",
    );
    if apart_ms > APART_PROBLEM_MS {
        Finding::problem(CHECK, what, why, repair)
    } else if apart_ms > APART_WARNING_MS {
        Finding::warning(CHECK, what, why, repair)
    } else {
        Finding::ok(CHECK, what)
    }
}

fn is_here(place: &str) -> bool {
    let host = url::Url::parse(place)
        .ok()
        .and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str()))
}
