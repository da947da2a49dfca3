//! Whether a Kong can be worked with. Everything here reads; the one DELETE names a key that cannot be there.

use futures_util::future::{join_all, join3};
use serde_json::Value;
use uuid::Uuid;

use super::Kong;
use super::client::Ask;
use super::layout::Layout;
use super::rows::Counted;
use super::settings::{Flavor, SuspendBy};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::Report;
use crate::wire::skew;

/// The oldest version that has what we use, tags on keys and groups among it.
const OLDEST: (u32, u32) = (2, 8);
/// Most open doors that are listed one by one.
const DOORS_TOLD_MAX: usize = 50;
/// Most entities of a Konnect control plane, and where we begin to warn.
const KONNECT_CEILINGS: [(&str, &str, usize); 4] = [
    ("consumers", "/consumers", 50_000),
    ("keys", "/key-auths", 50_000),
    ("group memberships", "/acls", 50_000),
    ("plugins", "/plugins", 10_000),
];
const NEAR_PERCENT: usize = 80;
/// What has to be readable, each for its reason.
const READ: [(&str, &str); 4] = [
    ("consumer.list", "/consumers"),
    ("key.list", "/key-auths"),
    ("acl.list", "/acls"),
    ("plugin.list", "/plugins"),
];

impl Kong {
    /// Looks whether we can work with it.
    pub(crate) async fn verify(&self, link: &Link) -> Result<Report, Fault> {
        let mut report = Report::default();
        let path = match self.settings.flavor {
            Flavor::AdminApi => "/",
            Flavor::Konnect => "",
        };
        match self.caller.root(link, "node.get", path).await {
            Ok((answer, node)) => {
                report.clock_skew_seconds = skew(&answer, link);
                match self.settings.flavor {
                    Flavor::AdminApi => self.read_node(&node, &mut report),
                    Flavor::Konnect => read_control_plane(&node, &mut report),
                }
            }
            // A role that may only touch consumers need not see the node; what follows tells whether it will do.
            Err(fault) if fault.kind == FaultKind::Forbidden && self.settings.flavor == Flavor::AdminApi => {
                report
                    .warnings
                    .push(format!("version and plugins could not be looked at: {}", fault.words));
            }
            Err(fault) if tells_of_us(fault.kind) => report.problems.push(fault.words),
            Err(fault) => return Err(fault),
        }
        if !report.problems.is_empty() {
            return Ok(report);
        }
        let (reads, write, layout) = join3(self.may_read(link), self.may_write(link), self.layout(link)).await;
        report.problems.extend(reads?);
        report.problems.extend(write?);
        match layout {
            Ok(layout) => report.warnings.extend(open_doors(&layout)),
            Err(fault) if tells_of_us(fault.kind) => report.problems.push(fault.words),
            Err(fault) => return Err(fault),
        }
        if self.settings.flavor == Flavor::Konnect && report.problems.is_empty() {
            let near = join_all(KONNECT_CEILINGS.map(|ceiling| self.near_ceiling(link, ceiling))).await;
            for near in near {
                report.warnings.extend(near?);
            }
        }
        Ok(report)
    }

    fn read_node(&self, node: &Value, report: &mut Report) {
        let version = node["version"].as_str();
        report.version = version.map(str::to_owned);
        report.edition = Some(edition(node).to_owned());
        let Some(version) = version else {
            report
                .problems
                .push("this does not look like Kong's Admin API: it tells no version".to_owned());
            return;
        };
        if numbers(version) < Some(OLDEST) {
            let (major, minor) = OLDEST;
            report
                .problems
                .push(format!("Kong {version} is too old: {major}.{minor} or later is needed"));
        }
        if node["configuration"]["database"] == "off" {
            let words = "this Kong has no database (database = off), so its Admin API refuses every change; connect the \
                         control plane's Admin API, or Konnect";
            report.problems.push(words.to_owned());
        }
        if node["configuration"]["role"] == "data_plane" {
            report
                .problems
                .push("this is a data plane; connect the control plane's Admin API".to_owned());
        }
        let plugins = &node["plugins"]["available_on_server"];
        for name in self.needed_plugins().filter(|name| !is_there(plugins, name)) {
            report.problems.push(format!(
                "the plugin {name} is not there; add it to Kong's `plugins` setting"
            ));
        }
    }

    fn needed_plugins(&self) -> impl Iterator<Item = &'static str> {
        let stop = (self.settings.suspend_by == SuspendBy::AclAndPlugin).then_some("request-termination");
        ["key-auth", "acl"].into_iter().chain(stop)
    }

    async fn may_read(&self, link: &Link) -> Result<Vec<String>, Fault> {
        let looks = READ.map(|(operation, path)| async move {
            let ask = Ask::new(operation, path).secret();
            (path, self.caller.page::<Counted>(link, ask, (1, ""), None).await)
        });
        let mut problems = Vec::new();
        for (path, look) in join_all(looks).await {
            match look {
                Ok(Some(_)) => {}
                Ok(None) => problems.push(format!(
                    "there is no {path} here; is the address, or the workspace, right?"
                )),
                Err(fault) if tells_of_us(fault.kind) => {
                    problems.push(format!("{path} cannot be read: {}", fault.words));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(problems)
    }

    /// Asks to delete what is certainly not there: the answer is the right to, and nothing else happens.
    async fn may_write(&self, link: &Link) -> Result<Option<String>, Fault> {
        let nobody = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"gatewright: nobody's");
        let ask = Ask::new("key.delete", format!("/consumers/{nobody}/key-auth/{nobody}"));
        match self.caller.delete(link, ask).await {
            Ok(_) => Ok(None),
            Err(fault) if tells_of_us(fault.kind) => Ok(Some(format!("nothing can be changed: {}", fault.words))),
            Err(fault) => Err(fault),
        }
    }

    async fn near_ceiling(
        &self,
        link: &Link,
        (name, path, ceiling): (&'static str, &'static str, usize),
    ) -> Result<Option<String>, Fault> {
        // Twice as many, so that a ceiling that Kong has raised is no error.
        let all: Option<Vec<Counted>> = self.caller.all(link, "count", path, 2 * ceiling).await?;
        let count = all.map_or(0, |all| all.len());
        let near = count * 100 >= ceiling * NEAR_PERCENT;
        Ok(near.then(|| format!("{count} {name} of the {ceiling} that Konnect allows a control plane")))
    }
}

/// Whether it is about the settings or the credentials, and so belongs into a report.
const fn tells_of_us(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Unauthenticated
            | FaultKind::Forbidden
            | FaultKind::NotFound
            | FaultKind::Invalid
            | FaultKind::Unsupported
            | FaultKind::QuotaExhausted
    )
}

fn read_control_plane(plane: &Value, report: &mut Report) {
    report.edition = Some("konnect".to_owned());
    match plane["config"]["cluster_type"].as_str() {
        Some("CLUSTER_TYPE_K8S_INGRESS_CONTROLLER") => {
            report
                .problems
                .push("this control plane is written by a Kubernetes ingress controller only".to_owned());
        }
        Some("CLUSTER_TYPE_CONTROL_PLANE_GROUP") => {
            let words = "this is a group of control planes, which has nothing of its own; connect one of its members";
            report.problems.push(words.to_owned());
        }
        _ if plane["id"].is_string() => {}
        _ => report
            .problems
            .push("this does not look like a control plane of Konnect: it has no id".to_owned()),
    }
}

fn edition(node: &Value) -> &str {
    let enterprise = node["version"]
        .as_str()
        .is_some_and(|version| version.contains("enterprise"));
    node["edition"]
        .as_str()
        .unwrap_or(if enterprise { "enterprise" } else { "community" })
}

fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.').map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

/// Kong 3 has an object of plugins, Kong 2 one of `true`s.
fn is_there(plugins: &Value, name: &str) -> bool {
    plugins.get(name).is_some_and(|plugin| plugin != false)
}

fn open_doors(layout: &Layout) -> Vec<String> {
    let open: Vec<_> = layout.doors().filter_map(|door| Some((door, door.open()?))).collect();
    let told = open
        .iter()
        .take(DOORS_TOLD_MAX)
        .map(|(door, open)| format!("{}: {}", door.name(), open.words()));
    let more = open.len().saturating_sub(DOORS_TOLD_MAX);
    let more = (more > 0).then(|| format!("and {more} more routes that are open; see what this gateway offers"));
    told.chain(more).collect()
}
