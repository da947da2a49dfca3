//! The control plane: the API and what it tells the nodes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use anyhow::Context;
use gatewright_api::ApiState;
use gatewright_api::places::Places;
use gatewright_api::portals::{PortalSettings, Portals, is_loopback};
use gatewright_api::principal::Peer;
use gatewright_api::state::Doors;
use gatewright_database::Database;
use gatewright_identity::passwords::Hasher;
use gatewright_identity::providers::Providers;
use gatewright_native::{Nodes, configuration};
use gatewright_orchestration::Orchestrator;
use gatewright_portal::places::GatewayAddresses;
use gatewright_portal::playground::{self, Playground};
use gatewright_types::address::Cidr;
use gatewright_types::problem::PROBLEM_PAGES;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use url::Url;

use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::telemetry::Telemetry;
use crate::{glue, http, notices};

/// How the control plane is reached from outside, and what follows from that.
pub struct Addresses {
    /// Where it listens.
    pub listens: SocketAddr,
    /// How it is reached from outside.
    pub public_url: String,
    /// What problem codes are appended to.
    pub problem_pages: String,
}

impl Addresses {
    /// As the settings say, for what listens there.
    pub fn of(settings: &Settings, listens: SocketAddr) -> Self {
        let public_url = settings.public_url.clone();
        let public_url = public_url.unwrap_or_else(|| format!("http://{listens}"));
        let problem_pages = format!("{}{PROBLEM_PAGES}", public_url.trim_end_matches('/'));
        Self {
            listens,
            public_url,
            problem_pages,
        }
    }
}

/// Which tenant a host means, as the settings say.
pub fn portals(settings: &Settings, addresses: &Addresses) -> anyhow::Result<Arc<Portals>> {
    let public_url = Url::parse(&addresses.public_url).context("public_url")?;
    let is_here = is_loopback(public_url.host_str().unwrap_or_default());
    let domain = settings
        .portal_domain
        .clone()
        .or_else(|| is_here.then(|| "localhost".to_owned()));
    Ok(Arc::new(Portals::new(PortalSettings {
        domain,
        default_tenant: settings.default_tenant.clone(),
        public_url,
    })))
}

/// What is needed for people.
pub fn doors(settings: &Settings, database: &Database, addresses: &Addresses) -> anyhow::Result<Doors> {
    Ok(Doors {
        portals: portals(settings, addresses)?,
        identity_providers: Providers::new(notices::client(addresses.listens)),
        places: match &settings.places_file {
            Some(file) => Places::open(file).with_context(|| format!("places_file: {}", file.display()))?,
            None => Places::default(),
        },
        hasher: Hasher::new(database.rng(), settings.breached_passwords_file.clone())?,
    })
}

/// How callers reach a gateway, as a URL with nothing but scheme, host and port.
pub fn gateway_address(template: &str) -> anyhow::Result<()> {
    let url = Url::parse(&template.replace("{gateway}", "gateway"))?;
    let is_plain = url.path() == "/" && url.query().is_none() && url.fragment().is_none() && url.username().is_empty();
    let is_http = matches!(url.scheme(), "http" | "https") && url.has_host();
    anyhow::ensure!(
        is_http && is_plain && !template.replace("{gateway}", "").contains(['{', '}']),
        "expected http:// or https:// and a host, as in https://{{gateway}}.api.example.com"
    );
    Ok(())
}

/// What calls gateways for developers.
pub fn playground(
    settings: &Settings,
    nodes: &Arc<Nodes>,
    orchestrator: &Orchestrator,
    addresses: &Addresses,
    gateway_url: Option<&str>,
) -> anyhow::Result<Playground> {
    Ok(Playground::new(
        Arc::clone(nodes),
        orchestrator.clone(),
        playground::Settings {
            policy: notices::policy(settings)?,
            addresses: GatewayAddresses {
                template: settings.gateway_public_url.clone(),
                listens: gateway_url.map(Url::parse).transpose().context("gateway_addr")?,
            },
            own_listeners: vec![addresses.listens],
        },
    ))
}

/// The nodes of this process, with the configuration as the database has it.
pub async fn nodes(settings: &Settings, database: &Database, addresses: &Addresses) -> anyhow::Result<Arc<Nodes>> {
    let configuration = configuration::Settings {
        base_domain: settings.base_domain.clone(),
        problem_pages: addresses.problem_pages.clone(),
        default_gateway: settings.default_gateway.clone(),
    };
    Ok(Arc::new(Nodes::start(database, configuration).await?))
}

/// The control plane, serving.
pub struct ControlPlane {
    state: ApiState,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    following: JoinHandle<()>,
    keeping_vault: JoinHandle<()>,
    noting_uses: JoinHandle<()>,
    sealing_audit: JoinHandle<()>,
}

impl ControlPlane {
    /// Serves the API and the pages.
    pub fn start(
        listener: TcpListener,
        metrics: &Metrics,
        telemetry: Option<&Telemetry>,
        state: ApiState,
        trusted: &[Cidr],
        drain: Arc<AtomicU64>,
    ) -> Self {
        let following = tokio::spawn(Arc::clone(state.nodes()).follow());
        let sealing_audit = tokio::spawn(glue::seal_audit(state.database().clone()));
        let keeping_vault = tokio::spawn(glue::keep_vault(state.database().clone()));
        let noting_uses = tokio::spawn(glue::write_last_uses(state.clone()));
        let (stop, stopped) = watch::channel(false);
        // Inside of the pages, so that what they ask is counted and traced like everybody's.
        let mut api = metrics.count(gatewright_api::router(state.clone()));
        if let Some(telemetry) = telemetry {
            api = telemetry.trace(api);
        }
        let router = gatewright_pages::router(gatewright_pages::About {
            api,
            carry: |from, to| {
                if let Some(peer) = from.get::<Peer>() {
                    to.insert(*peer);
                }
            },
            scheme: state.portals().scheme(),
            gateway_url: state.gateway_url().map(str::to_owned),
            version: env!("CARGO_PKG_VERSION"),
            clock: state.database().clock().clone(),
            rng: state.database().rng().clone(),
        });
        let serving = tokio::spawn(http::serve(listener, router, trusted.into(), stopped, drain));
        Self {
            state,
            stop,
            serving,
            following,
            keeping_vault,
            noting_uses,
            sealing_audit,
        }
    }

    /// What its operations reach.
    pub const fn state(&self) -> &ApiState {
        &self.state
    }

    /// Accepts nothing more and finishes what is under way.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.state.drain();
        self.stop.send_replace(true);
        let served = self.serving.await.context("the control plane");
        self.following.abort();
        for task in [self.keeping_vault, self.noting_uses, self.sealing_audit] {
            task.abort();
        }
        if let Err(error) = self.state.last_uses().write(self.state.database()).await {
            tracing::warn!(%error, "the last uses of tokens could not be written");
        }
        served
    }
}
