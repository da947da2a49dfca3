//! `gatewright token <tenant>`: a new token for a tenant's owner.

use anyhow::Context;
use gatewright_database::{Actor, Caller, Database, SystemUse};
use gatewright_types::ids::RequestId;
use gatewright_types::slug::Slug;
use gatewright_types::{Clock, Rng};
use secrecy::ExposeSecret;

use super::{LAST_FOUR, print};
use crate::postgres;
use crate::settings::Settings;

/// Makes a token for the owner of `tenant` beside a running server and prints it; earlier ones end.
pub async fn run(settings: &Settings, tenant: &Slug) -> anyhow::Result<()> {
    let options = postgres::beside(settings).context("start `gatewright serve` first")?;
    let database = Database::open(options, 2, Clock::System, Rng::System).await?;
    let (clock, rng) = (database.clock(), database.rng());
    let mut tx = database.system(SystemUse::ManageTenants).await?;
    let found = gatewright_catalog::tenants::find_by_slug(&mut tx, tenant).await?;
    let tenant_id = found.with_context(|| format!("there is no tenant {tenant}"))?.id;
    let owner = gatewright_identity::tokens::replace_owner_tokens(&mut tx, clock, rng, tenant_id).await?;
    let owner = owner.with_context(|| format!("the tenant {tenant} has no owner"))?;
    let caller = Caller {
        tenant_id,
        actor: Actor::Installation,
        request_id: RequestId::mint(clock, rng),
    };
    let secret = owner.token.expose_secret();
    let detail = serde_json::json!({ "lastFour": &secret[secret.len() - LAST_FOUR..] });
    tx.happened(
        &database,
        &caller,
        "identity",
        "operator.token_replaced",
        owner.operator_id,
        &detail,
    )
    .await?;
    tx.commit().await?;
    print(&format!("{secret}\n"))
}
