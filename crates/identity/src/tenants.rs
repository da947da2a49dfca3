//! Going from one tenant to another, for whoever works for several.
//!
//! A person of one tenant and a person of another are the same one if both have the same mail address and a mail of ours
//! reached both: never because an identity provider of one tenant says so, or whoever runs that provider could walk into
//! every other tenant.

use gatewright_catalog::model::Tenant;
use gatewright_database::{Actor, Caller, Database, SystemUse};
use gatewright_types::ids::{PersonId, RequestId, SessionId, TenantId};
use secrecy::SecretString;

use crate::mail_tokens::{self, Purpose};
use crate::model::Method;
use crate::sessions;
use crate::{IdentityError, people, store};

/// Most tenants that are listed.
pub const TENANTS_MAX: i64 = 100;

/// The tenants where this person is an operator as well, this one among them.
pub async fn list(database: &Database, tenant_id: TenantId, person_id: PersonId) -> Result<Vec<Tenant>, IdentityError> {
    let mut tx = database.system(SystemUse::FindOwnTenants).await?;
    let found = store::people::own_tenants(&mut tx, tenant_id, person_id, TENANTS_MAX).await?;
    tx.close().await?;
    Ok(found.into_iter().map(|(tenant, _)| tenant).collect())
}

/// What leads to a session at another tenant, for a minute.
pub async fn hand_over(
    database: &Database,
    (tenant_id, person_id, session_id): (TenantId, PersonId, SessionId),
    to: TenantId,
    request_id: RequestId,
) -> Result<(Tenant, SecretString), IdentityError> {
    let mut tx = sessions::look(database, tenant_id).await?;
    let own = sessions::list(&mut tx, person_id, session_id).await?;
    tx.close().await?;
    let methods = own
        .into_iter()
        .find(|session| session.current)
        .map(|session| session.methods);
    // What another says of somebody is good for its own tenant alone, and one errand leads to no second.
    let vouched = [Method::Provider, Method::HandOver];
    if methods.is_none_or(|methods| methods.iter().any(|method| vouched.contains(method))) {
        return Err(IdentityError::NotVouchedFor);
    }
    let mut tx = database.system(SystemUse::FindOwnTenants).await?;
    let found = store::people::own_tenants(&mut tx, tenant_id, person_id, TENANTS_MAX).await?;
    tx.close().await?;
    let found = found.into_iter().find(|(tenant, _)| tenant.id == to && to != tenant_id);
    let (tenant, there) = found.ok_or_else(|| IdentityError::not_found("tenant", to))?;
    let caller = Caller {
        tenant_id: to,
        actor: Actor::Person(there),
        request_id,
    };
    let mut tx = database.tenant(caller).await?;
    people::get(&mut tx, there).await?;
    let token = mail_tokens::mint(&mut tx, there, Purpose::HandOver, None).await?;
    tx.happened(
        "identity",
        "session.handed_over",
        there,
        serde_json::json!({ "fromTenantId": tenant_id }),
    );
    tx.commit().await?;
    Ok((tenant, token))
}
