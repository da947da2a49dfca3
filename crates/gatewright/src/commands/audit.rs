//! `gatewright audit`: proves that the audit log was not tampered with, and writes it out.

use std::io::Write;

use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};
use gatewright_catalog::model::Tenant;
use gatewright_catalog::tenants;
use gatewright_database::audit::export::{Export, ExportFormat};
use gatewright_database::audit::list::AuditFilter;
use gatewright_database::audit::verify::{Head, verify};
use gatewright_database::page::PAGE_MAX;
use gatewright_database::{Actor, Caller, Database, INSTALLATION, PageRequest, SystemTx, SystemUse};
use gatewright_types::ids::RequestId;
use gatewright_types::slug::Slug;
use gatewright_types::{Clock, Rng};

use super::print;
use crate::postgres;
use crate::settings::Settings;

/// What is to be proven.
#[derive(Args)]
pub struct VerifyArguments {
    /// Only this tenant's log, by its slug; the installation's and every tenant's when absent.
    #[arg(long, group = "one_log")]
    tenant: Option<Slug>,
    /// Only the installation's own log.
    #[arg(long, group = "one_log")]
    installation: bool,
    /// A head that this command printed earlier, `<sequence>:<hash>`: the log must still lead there.
    #[arg(long, requires = "one_log")]
    head: Option<Head>,
}

/// What is to be written out.
#[derive(Args)]
pub struct ExportArguments {
    /// The tenant's slug.
    #[arg(long)]
    tenant: Slug,
    /// How the file is written.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    /// At this time or later, as in 2027-01-31T00:00:00Z.
    #[arg(long)]
    from: Option<DateTime<Utc>>,
    /// Before this time; now when absent.
    #[arg(long)]
    to: Option<DateTime<Utc>>,
}

/// How a file is written.
#[derive(Clone, Copy, ValueEnum)]
enum Format {
    /// RFC 4180, with a line of names.
    Csv,
    /// One JSON object per line.
    Ndjson,
}

/// Recomputes the chains; fails when one does not hold. Works beside a running server.
pub async fn run_verify(settings: &Settings, arguments: &VerifyArguments) -> anyhow::Result<()> {
    let database = open(settings).await?;
    let mut tx = database.system(SystemUse::VerifyAudit).await?;
    let named = |tenant: Tenant| (tenant.slug.to_string(), tenant.id);
    let installation = || ("the installation".to_owned(), INSTALLATION);
    let wanted = match &arguments.tenant {
        Some(slug) => vec![named(find(&mut tx, slug).await?)],
        None if arguments.installation => vec![installation()],
        None => {
            let tenants = every_tenant(&mut tx).await?.into_iter().map(named);
            std::iter::once(installation()).chain(tenants).collect()
        }
    };
    let mut broken = 0;
    for (name, id) in wanted {
        let report = verify(&mut tx, id, arguments.head).await?;
        let sealed = match report.head {
            Some(head) => format!("sealed up to {head}"),
            None => "nothing is sealed".to_owned(),
        };
        let verdict = match &report.fault {
            None => "intact".to_owned(),
            Some(fault) => {
                broken += 1;
                format!("BROKEN: {fault}")
            }
        };
        let waiting = report.waiting;
        print(&format!(
            "{name}: {verdict}; {sealed}; {waiting} rows wait to be sealed\n"
        ))?;
    }
    tx.close().await?;
    if broken > 0 {
        bail!("{broken} audit logs were tampered with");
    }
    Ok(())
}

/// Writes a tenant's audit log to standard output, newest row first, and notes in it that this was done.
pub async fn run_export(settings: &Settings, arguments: &ExportArguments) -> anyhow::Result<()> {
    let database = open(settings).await?;
    let mut tx = database.system(SystemUse::ManageTenants).await?;
    let tenant = find(&mut tx, &arguments.tenant).await?;
    tx.close().await?;
    let caller = Caller {
        tenant_id: tenant.id,
        actor: Actor::Installation,
        request_id: RequestId::mint(database.clock(), database.rng()),
    };
    let filter = AuditFilter {
        from: arguments.from,
        to: arguments.to,
        ..AuditFilter::default()
    };
    let format = match arguments.format {
        Format::Csv => ExportFormat::Csv,
        Format::Ndjson => ExportFormat::Ndjson,
    };
    let mut tx = database.tenant(caller).await?;
    let mut export = Export::begin(&mut tx, filter, format);
    tx.commit().await?;
    let mut out = std::io::stdout().lock();
    loop {
        let mut tx = database.tenant(caller).await?;
        let Some(piece) = export.next(&mut tx).await? else {
            break;
        };
        drop(tx);
        out.write_all(piece.as_bytes())?;
    }
    Ok(out.flush()?)
}

async fn open(settings: &Settings) -> anyhow::Result<Database> {
    let options = postgres::beside(settings).context("start `gatewright serve` first")?;
    Ok(Database::open(options, 2, Clock::System, Rng::System).await?)
}

async fn find(tx: &mut SystemTx, slug: &Slug) -> anyhow::Result<Tenant> {
    tenants::find_by_slug(tx, slug)
        .await?
        .with_context(|| format!("there is no tenant {slug}"))
}

async fn every_tenant(tx: &mut SystemTx) -> anyhow::Result<Vec<Tenant>> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = tenants::list(tx, PageRequest { after, limit: PAGE_MAX }).await?;
        after = page.items.last().map(|tenant| tenant.id.uuid());
        all.extend(page.items);
        if !page.more {
            return Ok(all);
        }
    }
}
