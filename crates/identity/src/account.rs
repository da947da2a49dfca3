//! One's own account: what there is of it, and leaving.

use gatewright_catalog::model::Customer;
use gatewright_catalog::{customers, subscriptions};
use gatewright_database::TenantTx;
use gatewright_types::ids::{DeveloperId, OperatorId, PersonId, SessionId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{Developer, DeveloperRole, DeveloperState, Method, Operator, Person};
use crate::providers::{Identity, identities};
use crate::roles::Role;
use crate::sessions::{self, Ending};
use crate::sign_in::Factor;
use crate::{IdentityError, developers, operators, people, store};

/// What a person is here.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// Who.
    pub person: Person,
    /// As an operator of the tenant.
    pub operator: Option<OwnOperator>,
    /// As a developer of a customer.
    pub developer: Option<OwnDeveloper>,
    /// What is asked for after the password.
    pub second_factors: SecondFactors,
    /// The session that asks.
    pub session: OwnSession,
}

/// What somebody is as an operator.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnOperator {
    /// Which.
    pub id: OperatorId,
    /// What for.
    pub role: Role,
}

/// What somebody is as a developer.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnDeveloper {
    /// Which.
    pub id: DeveloperId,
    /// What they may do for the customer.
    pub role: DeveloperRole,
    /// Whether they may act.
    pub state: DeveloperState,
    /// For whom.
    pub customer: OwnCustomer,
}

/// A developer's customer, by name.
#[derive(Debug, Serialize, ToSchema)]
pub struct OwnCustomer {
    /// Which.
    pub id: gatewright_types::ids::CustomerId,
    /// What it is called.
    pub name: String,
}

/// What is asked for after the password.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SecondFactors {
    /// Whether there is an authenticator.
    pub totp: bool,
    /// How many passkeys there are.
    pub passkeys: i64,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
}

/// The session that asks.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnSession {
    /// Which.
    pub id: SessionId,
    /// How they showed who they are.
    pub methods: Vec<Method>,
    /// When they last did.
    pub authenticated_at: chrono::DateTime<chrono::Utc>,
}

/// What a person is here.
pub async fn get(tx: &mut TenantTx, person_id: PersonId, session_id: SessionId) -> Result<Account, IdentityError> {
    let person = people::get(tx, person_id).await?;
    let session = sessions::list(tx, person_id, session_id).await?;
    let session = session.into_iter().find(|session| session.current);
    let session = session.ok_or_else(|| IdentityError::not_found("session", session_id))?;
    let operator = own_operator(tx, person_id).await?;
    let developer = match own_developer(tx, person_id).await? {
        Some(developer) => Some(OwnDeveloper {
            id: developer.id,
            role: developer.role,
            state: developer.state,
            customer: OwnCustomer {
                id: developer.customer_id,
                name: customers::get(tx, developer.customer_id).await?.name,
            },
        }),
        None => None,
    };
    Ok(Account {
        person,
        operator: operator.map(|operator| OwnOperator {
            id: operator.id,
            role: operator.role,
        }),
        developer,
        second_factors: store::second_factors::count(tx, person_id).await?,
        session: OwnSession {
            id: session.id,
            methods: session.methods,
            authenticated_at: session.authenticated_at,
        },
    })
}

async fn own_operator(tx: &mut TenantTx, person_id: PersonId) -> Result<Option<Operator>, IdentityError> {
    match store::operators::of_person(tx, person_id).await? {
        Some(id) => Ok(Some(operators::get(tx, id).await?)),
        None => Ok(None),
    }
}

async fn own_developer(tx: &mut TenantTx, person_id: PersonId) -> Result<Option<Developer>, IdentityError> {
    match store::developers::of_person(tx, person_id).await? {
        Some(id) => Ok(Some(developers::get(tx, id).await?)),
        None => Ok(None),
    }
}

/// Everything that is kept of a person.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountExport {
    /// Who.
    pub person: Person,
    /// As an operator of the tenant.
    pub operator: Option<Operator>,
    /// As a developer of a customer.
    pub developer: Option<Developer>,
    /// The developer's customer.
    pub customer: Option<Customer>,
    /// What is asked for after the password; no secret of it.
    pub second_factors: Vec<Factor>,
    /// Who they are at identity providers.
    pub identities: Vec<Identity>,
    /// Where they are signed in.
    pub sessions: Vec<crate::model::Session>,
    /// What they did here, as the audit log has it, newest first.
    pub deeds: Vec<Deed>,
    /// Whether there are more deeds than these.
    pub has_more_deeds: bool,
}

/// Something that somebody did.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deed {
    /// When.
    pub occurred_at: chrono::DateTime<chrono::Utc>,
    /// What, as in `session.created`.
    pub action: String,
    /// To what.
    pub resource_id: String,
    /// From where.
    pub peer_address: Option<String>,
}

/// Most deeds of an export.
pub const DEEDS_MAX: i64 = 10_000;

/// Everything that is kept of a person; noted in the audit log.
pub async fn export(
    tx: &mut TenantTx,
    person_id: PersonId,
    session_id: SessionId,
) -> Result<AccountExport, IdentityError> {
    let operator = own_operator(tx, person_id).await?;
    let developer = own_developer(tx, person_id).await?;
    let customer = match &developer {
        Some(developer) => Some(customers::get(tx, developer.customer_id).await?),
        None => None,
    };
    let actors: Vec<uuid::Uuid> = [
        Some(person_id.uuid()),
        operator.as_ref().map(|operator| operator.id.uuid()),
        developer.as_ref().map(|developer| developer.id.uuid()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let mut deeds = store::people::deeds(tx, &actors, DEEDS_MAX + 1).await?;
    let has_more_deeds = i64::try_from(deeds.len()).unwrap_or(i64::MAX) > DEEDS_MAX;
    deeds.truncate(usize::try_from(DEEDS_MAX).unwrap_or(usize::MAX));
    tx.happened("identity", "person.exported", person_id, serde_json::json!({}));
    Ok(AccountExport {
        person: people::get(tx, person_id).await?,
        identities: identities::list(tx, person_id).await?,
        operator,
        developer,
        customer,
        second_factors: store::second_factors::of(tx, person_id).await?,
        sessions: sessions::list(tx, person_id, session_id).await?,
        deeds,
        has_more_deeds,
    })
}

/// Removes a person with everything that they are here.
///
/// Not the last owner of a tenant, nor the last owner of a customer that has other developers or something running: that
/// would leave others without anybody.
pub async fn delete(tx: &mut TenantTx, person_id: PersonId) -> Result<(), IdentityError> {
    people::get(tx, person_id).await?;
    if let Some(developer) = own_developer(tx, person_id).await? {
        let others = developers::has_others(tx, &developer).await?;
        if !others && subscriptions::has_running(tx, developer.customer_id).await? {
            return Err(IdentityError::CustomerRunning);
        }
        // Alone, there is nobody whom it would leave behind.
        developers::remove(tx, developer.id, !others).await?;
    }
    if let Some(operator) = own_operator(tx, person_id).await? {
        operators::leave(tx, operator.id).await?;
    }
    sessions::revoke_all(tx, person_id, None, Ending::PersonDeleted).await?;
    people::delete(tx, person_id).await
}
