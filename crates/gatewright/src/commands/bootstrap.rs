//! `gatewright bootstrap`: a token that makes tenants.

use anyhow::Context;
use gatewright_database::{Actor, Caller, Database, INSTALLATION, SystemUse};
use gatewright_types::ids::RequestId;
use gatewright_types::{Clock, Rng};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::{LAST_FOUR, print};
use crate::postgres;
use crate::settings::Settings;

/// Makes an installation's token beside a running server and prints it; earlier ones end.
pub async fn run(settings: &Settings) -> anyhow::Result<()> {
    let options = postgres::beside(settings).context("start `gatewright serve` first")?;
    let database = Database::open(options, 2, Clock::System, Rng::System).await?;
    let mut tx = database.system(SystemUse::ManageTenants).await?;
    let token =
        gatewright_identity::tokens::replace_installation_token(&mut tx, database.clock(), database.rng()).await?;
    let caller = Caller {
        tenant_id: INSTALLATION,
        actor: Actor::Installation,
        request_id: RequestId::mint(database.clock(), database.rng()),
    };
    let secret = token.expose_secret();
    let made = json!({ "lastFour": &secret[secret.len() - LAST_FOUR..] });
    let action = "installation_token.replaced";
    tx.installation_changed(&database, &caller, action, "", &Value::Null, &made)
        .await?;
    tx.commit().await?;
    print(&format!("{secret}\n"))
}
