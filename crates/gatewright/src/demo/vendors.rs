//! `demo --with-vendors`: other vendors' gateways, as stand-ins in a process of their own, connected before anything is
//! subscribed to.

use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use gatewright_connectors::model::Vendor;
use gatewright_database::{Actor, Caller, Database, TenantTx};
use gatewright_orchestration::model::{GatewayKind, ProvisioningState, SecretMode, SubscriptionGateway};
use gatewright_orchestration::{Orchestrator, connections, mappings, view};
use gatewright_types::Environment;
use gatewright_types::ids::{GatewayId, ProductId, RequestId, SubscriptionId, TenantId};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::seed::ALL;

/// The program that stands in for the vendors; it lies beside this one.
const PROGRAM: &str = "vendor-fakes";
/// Longest wait for it.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest line that it says where it listens with, in bytes.
const LINE_MAX_BYTES: usize = 64 * 1024;
/// How the demo's Kong is called.
const NAME: &str = "Kong";
/// The group that its service `translation` asks for.
const GROUP: &str = "prod-translation";
/// How often it is looked how far the gateways are.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The stand-ins, running; they end when this is dropped, or with this process however it ends.
pub struct Vendors {
    _child: Child,
    /// Where they are controlled.
    pub control: String,
    /// Kong's Admin API.
    pub kong_admin: String,
    /// Kong's proxy.
    pub kong_proxy: String,
}

#[derive(Deserialize)]
struct Line {
    control: String,
    vendors: Addresses,
}

#[derive(Deserialize)]
struct Addresses {
    kong: Kong,
}

#[derive(Deserialize)]
struct Kong {
    admin: String,
    proxy: String,
}

/// Starts the stand-ins.
pub(super) async fn start() -> anyhow::Result<Vendors> {
    let program = std::env::current_exe()?.with_file_name(PROGRAM);
    let mut child = Command::new(&program)
        .args(["--json", "--until-stdin-ends"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("{}: `make run ARGS=--with-vendors` builds it", program.display()))?;
    let out = child.stdout.take().context("its output")?;
    let mut text = String::new();
    let mut lines = BufReader::new(tokio::io::AsyncReadExt::take(out, LINE_MAX_BYTES as u64));
    let read = tokio::time::timeout(START_TIMEOUT, lines.read_line(&mut text)).await;
    read.with_context(|| format!("{PROGRAM} did not start within {} s", START_TIMEOUT.as_secs()))??;
    let line: Line = serde_json::from_str(&text).with_context(|| format!("{PROGRAM} did not say where it listens"))?;
    Ok(Vendors {
        _child: child,
        control: line.control,
        kong_admin: line.vendors.kong.admin,
        kong_proxy: line.vendors.kong.proxy,
    })
}

/// Connects the Kong, or says where it is now if it was connected at an earlier start, and maps the product.
pub(super) async fn connect(
    engine: &Orchestrator,
    database: &Database,
    tenant_id: TenantId,
    product_id: ProductId,
    vendors: &Vendors,
) -> anyhow::Result<GatewayId> {
    let settings = json!({ "flavor": "ADMIN_API", "url": vendors.kong_admin });
    let credentials = SecretString::from("{}");
    let mode = SecretMode::PlatformProvided;
    let examined = connections::examine(engine, Vendor::Kong, &settings, &credentials, mode).await?;
    let mut tx = begin(database, tenant_id).await?;
    let known = connections::list(&mut tx, ALL).await?.items;
    let id = if let Some(before) = known.into_iter().find(|one| one.name == NAME) {
        let change = connections::ConnectionChange {
            settings: Some(settings),
            ..connections::ConnectionChange::default()
        };
        connections::change(&mut tx, before, change, Some(&examined)).await?.id
    } else {
        let new = connections::NewConnection {
            vendor: Vendor::Kong,
            name: NAME.to_owned(),
            environment: Environment::Live,
            primary: false,
            secret_mode: mode,
            settings,
            credentials,
            calls_per_second: None,
            drift_policy: gatewright_orchestration::model::DriftPolicy::Report,
        };
        connections::connect(&mut tx, new, &examined).await?.id
    };
    // It is another Kong than last time: what is known of it is of no use.
    connections::reset_breaker(&mut tx, id).await?;
    tx.commit().await?;
    let mut tx = begin(database, tenant_id).await?;
    let (connection, connector) = connections::with_connector(engine, &mut tx, id).await?;
    tx.close().await?;
    let judged = mappings::judge(engine, &connection, &*connector, vec![GROUP.to_owned()]).await?;
    let mut tx = begin(database, tenant_id).await?;
    mappings::put(&mut tx, id, product_id, judged, Vec::new()).await?;
    tx.commit().await?;
    Ok(id)
}

async fn begin(database: &Database, tenant_id: TenantId) -> anyhow::Result<TenantTx> {
    let request_id = RequestId::mint(database.clock(), database.rng());
    let (actor, caller_id) = (Actor::System, tenant_id);
    let caller = Caller {
        tenant_id: caller_id,
        actor,
        request_id,
    };
    Ok(database.tenant(caller).await?)
}

/// On how many of its gateways a subscription is as it should be, and what keeps it from the others.
struct Standing {
    there: usize,
    of: usize,
    waits: Option<(String, String)>,
}

async fn look(database: &Database, tenant_id: TenantId, id: SubscriptionId) -> anyhow::Result<Standing> {
    let mut tx = begin(database, tenant_id).await?;
    let all = view::gateways(&mut tx, id).await?;
    tx.close().await?;
    let is_there =
        |one: &&SubscriptionGateway| one.kind == GatewayKind::Native || one.state == ProvisioningState::Active;
    let waits = all.iter().find(|one| !is_there(one)).map(|one| {
        let since = one
            .failing_since
            .map(|since| (database.clock().now() - since).num_seconds());
        let age = since.map_or_else(String::new, |seconds| format!(" for {seconds} s"));
        let why = one
            .last_error
            .as_ref()
            .map_or_else(String::new, |why| format!(": {why}"));
        (format!("{} is {}", one.gateway_name, one.state), format!("{age}{why}"))
    });
    Ok(Standing {
        there: all.iter().filter(is_there).count(),
        of: all.len(),
        waits,
    })
}

/// Says on how many gateways the demo's subscription is, whenever that changes; for a person at the terminal.
pub(super) async fn watch(database: Database, tenant_id: TenantId, id: SubscriptionId, progress: impl Fn(&str) + Send) {
    let mut said = String::new();
    loop {
        if let Ok(now) = look(&database, tenant_id, id).await {
            let head = format!("the subscription is on {} of {} gateways", now.there, now.of);
            let (what, how) = now.waits.unwrap_or_default();
            let line = if what.is_empty() {
                head
            } else {
                format!("{head}; {what}")
            };
            if line != said {
                progress(&format!("{line}{how}"));
                said = line;
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
