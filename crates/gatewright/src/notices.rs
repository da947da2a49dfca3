//! Telling others: what the settings say about webhooks and mails, and who does it.

use std::net::SocketAddr;

use anyhow::Context;
use gatewright_api::state::Notices;
use gatewright_database::Database;
use gatewright_database::jobs::Registry;
use gatewright_egress::{Client, Opened, Options, Policy};
use gatewright_notify::mail::Mailer;
use gatewright_orchestration::Orchestrator;

use crate::settings::Settings;

/// What outgoing requests may reach.
pub fn policy(settings: &Settings) -> anyhow::Result<Policy> {
    let places = |name: &'static str, lines: &[String]| {
        let places = lines.iter().map(|line| {
            let place = line.parse::<Opened>();
            place.with_context(|| format!("{name}: {line:?}"))
        });
        places.collect::<anyhow::Result<_>>()
    };
    Ok(Policy {
        opened: places("egress_allow", &settings.egress_allow)?,
        delegated: places("egress_delegate", &settings.egress_delegate)?,
        ..Policy::default()
    })
}

/// Where mails go.
pub fn mailer(settings: &Settings) -> anyhow::Result<Mailer> {
    match (&settings.smtp_url, &settings.mail_from) {
        (Some(url), Some(from)) => Ok(Mailer::smtp(url, from)?),
        (Some(_), None) => anyhow::bail!("mail_from: needed beside smtp_url"),
        _ if settings.mailbox => Ok(Mailer::Mailbox),
        _ => Ok(Mailer::None),
    }
}

/// The same as the API needs it.
pub fn for_api(settings: &Settings) -> anyhow::Result<Notices> {
    Ok(Notices {
        egress_policy: policy(settings)?,
        shows_mailbox: settings.mailbox,
    })
}

/// What sends outgoing requests. The control plane's own address is never asked, whatever is opened.
pub fn client(own_addr: SocketAddr) -> Client {
    Client::new(Options {
        own_listeners: vec![own_addr],
        ..Options::default()
    })
}

/// What talks to other vendors' gateways.
pub fn orchestrator(settings: &Settings, database: &Database, own_addr: SocketAddr) -> anyhow::Result<Orchestrator> {
    let client = client(own_addr);
    let factory = Box::new(gatewright_connectors::make);
    Ok(Orchestrator::new(database.clone(), client, policy(settings)?, factory))
}

/// Teaches a worker to tell others.
pub fn register(registry: &mut Registry, settings: &Settings, own_addr: SocketAddr) -> anyhow::Result<()> {
    let client = client(own_addr);
    gatewright_notify::register(registry, client, policy(settings)?, mailer(settings)?);
    Ok(())
}
