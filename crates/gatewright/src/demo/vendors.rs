//! `demo --with-vendors`: other vendors' gateways, as stand-ins in a process of their own, connected before anything is
//! subscribed to.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context;
use gatewright_connectors::model::Vendor;
use gatewright_database::{Actor, Caller, Database, TenantTx};
use gatewright_orchestration::model::{GatewayKind, SecretMode, SubscriptionGateway};
use gatewright_orchestration::{Orchestrator, connections, mappings, view};
use gatewright_types::Environment;
use gatewright_types::ids::{GatewayId, ProductId, RequestId, SubscriptionId, TenantId};
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use super::seed::ALL;

/// The program that stands in for the vendors; it lies beside this one.
const PROGRAM: &str = "vendor-fakes";
/// Longest wait for it.
const START_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest line that it says where it listens with, in bytes.
const LINE_MAX_BYTES: usize = 64 * 1024;
/// The service of theirs that stands for the demo's product.
const SERVICE: &str = "translation";
/// How often it is looked how far the gateways are.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// The stand-ins, running; they end when this is dropped, or with this process however it ends.
pub struct Vendors {
    _child: Child,
    /// Where they are controlled.
    pub control: String,
    /// Each of them, by the name under which it is controlled.
    pub each: BTreeMap<String, StandIn>,
}

/// One vendor's.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandIn {
    /// Its management API.
    pub admin: String,
    /// Its proxy.
    pub proxy: String,
    /// How it is connected and asked.
    pub connection: Told,
}

/// What a connection to it is told.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Told {
    vendor: Vendor,
    /// Its name for people.
    pub name: String,
    settings: Value,
    credentials: Value,
    scopes: BTreeMap<String, String>,
    /// The header field in which its proxy looks for a key.
    pub key_field: String,
    path_prefix: String,
}

impl StandIn {
    /// Something at its proxy that the demo's key opens.
    pub fn url(&self) -> String {
        format!("{}/v1/usage/current", self.public_url())
    }

    /// Where the demo's product is reached there.
    fn public_url(&self) -> String {
        format!("{}{}{SERVICE}", self.proxy, self.connection.path_prefix)
    }
}

#[derive(Deserialize)]
struct Line {
    control: String,
    vendors: BTreeMap<String, StandIn>,
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
        each: line.vendors,
    })
}

/// Connects each of them, or says where it is now if it was connected at an earlier start, and maps the product.
pub(super) async fn connect(
    engine: &Orchestrator,
    database: &Database,
    tenant_id: TenantId,
    product_id: ProductId,
    vendors: &Vendors,
) -> anyhow::Result<BTreeMap<String, GatewayId>> {
    let mut ids = BTreeMap::new();
    for (name, stand_in) in &vendors.each {
        let id = connect_one(engine, database, tenant_id, product_id, stand_in).await;
        ids.insert(name.clone(), id.with_context(|| format!("connecting {name}"))?);
    }
    Ok(ids)
}

async fn connect_one(
    engine: &Orchestrator,
    database: &Database,
    tenant_id: TenantId,
    product_id: ProductId,
    stand_in: &StandIn,
) -> anyhow::Result<GatewayId> {
    let told = &stand_in.connection;
    let credentials = SecretString::from(told.credentials.to_string());
    let mode = SecretMode::PlatformProvided;
    let examined = connections::examine(engine, told.vendor, &told.settings, &credentials, mode).await?;
    let mut tx = begin(database, tenant_id).await?;
    let known = connections::list(&mut tx, ALL).await?.items;
    let id = if let Some(before) = known.into_iter().find(|one| one.name == told.name) {
        let change = connections::ConnectionChange {
            settings: Some(told.settings.clone()),
            credentials: Some(credentials),
            ..connections::ConnectionChange::default()
        };
        connections::change(&mut tx, before, change, Some(&examined)).await?.id
    } else {
        let new = connections::NewConnection {
            vendor: told.vendor,
            name: told.name.clone(),
            environment: Environment::Live,
            primary: false,
            secret_mode: mode,
            settings: told.settings.clone(),
            credentials,
            calls_per_second: None,
            drift_policy: gatewright_orchestration::model::DriftPolicy::Report,
        };
        connections::connect(&mut tx, new, &examined).await?.id
    };
    // It is another stand-in than last time: what is known of it is of no use.
    connections::reset_breaker(&mut tx, id).await?;
    tx.commit().await?;
    let mut tx = begin(database, tenant_id).await?;
    let (connection, connector) = connections::with_connector(engine, &mut tx, id).await?;
    tx.close().await?;
    let scope = told.scopes.get(SERVICE).context("it offers no such service")?;
    let wanted = mappings::Wanted {
        scope: vec![scope.clone()],
        public_url: Some(stand_in.public_url()),
        // Of a pair nothing can be chosen.
        credential_header: (told.vendor != Vendor::MuleSoft).then(|| told.key_field.clone()),
        ..mappings::Wanted::default()
    };
    let judged = mappings::judge(engine, &connection, &connector, wanted).await?;
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
    // Also what is suspended there on purpose is as it should be.
    let is_there = |one: &&SubscriptionGateway| {
        one.kind == GatewayKind::Native || (one.acknowledged_at.is_some() && one.failing_since.is_none())
    };
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
            let head = format!(
                "the subscription is as it should be on {} of {} gateways",
                now.there, now.of
            );
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
