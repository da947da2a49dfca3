//! Operators: who may act for a tenant.
//!
//! Whoever makes, changes or removes one must have every permission that it had and gets, so nobody rises
//! by way of another. There is always an owner that can act.

use gatewright_catalog::check::Checks;
use gatewright_database::error::broken_unique;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::ids::{OperatorId, PersonId};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::{Granter, Operator, OperatorState};
use crate::roles::{Permissions, Role};
use crate::{IdentityError, store};

/// Most operators of a tenant.
pub const OPERATORS_PER_TENANT_MAX: usize = 1000;

/// What an operator is made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOperator {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Its mail address, unique in the tenant.
    #[schema(max_length = 254, example = "ada@example.com")]
    pub email: String,
    /// What it is there for.
    pub role: Role,
}

/// What to change of an operator; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OperatorChange {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// Its mail address.
    #[schema(max_length = 254)]
    pub email: Option<String>,
    /// What it is there for; takes effect with its next request.
    pub role: Option<Role>,
    /// SUSPENDED: none of its tokens works until it is ACTIVE again.
    pub state: Option<OperatorState>,
}

/// Makes an operator; it acts through tokens.
pub async fn create(tx: &mut TenantTx, by: Granter, new: NewOperator) -> Result<Operator, IdentityError> {
    require_all_of(new.role, by)?;
    let count = store::operators::count(tx).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= OPERATORS_PER_TENANT_MAX {
        return Err(IdentityError::LimitReached {
            max: OPERATORS_PER_TENANT_MAX,
            what: "operators of the tenant",
        });
    }
    let operator = Operator {
        id: OperatorId::mint(tx.clock(), tx.rng()),
        name: new.name,
        email: Some(new.email),
        role: new.role,
        state: OperatorState::Active,
        created_at: tx.now(),
        updated_at: tx.now(),
    };
    check(&operator)?;
    taken(&operator, store::operators::insert(tx, &operator).await)?;
    tx.created("identity", "operator.created", operator.id, &operator);
    Ok(operator)
}

/// One operator.
pub async fn get(tx: &mut TenantTx, id: OperatorId) -> Result<Operator, IdentityError> {
    store::operators::find(tx, id)
        .await?
        .ok_or_else(|| IdentityError::not_found("operator", id))
}

/// A page of operators.
pub async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Page<Operator>, IdentityError> {
    Ok(Page::from_rows(store::operators::list(tx, request).await?, request))
}

/// Changes an operator.
pub async fn change(
    tx: &mut TenantTx,
    by: Granter,
    id: OperatorId,
    change: OperatorChange,
) -> Result<Operator, IdentityError> {
    let before = hold(tx, id).await?;
    require_all_of(before.role, by)?;
    let mut operator = before.clone();
    operator.name = change.name.unwrap_or(operator.name);
    operator.email = change.email.or(operator.email);
    operator.role = change.role.unwrap_or(operator.role);
    operator.state = change.state.unwrap_or(operator.state);
    operator.updated_at = tx.now();
    require_all_of(operator.role, by)?;
    check(&operator)?;
    if can_act_as_owner(&before) && !can_act_as_owner(&operator) {
        require_other_owner(tx, id).await?;
    }
    taken(&operator, store::operators::update(tx, &operator).await)?;
    tx.changed("identity", "operator.changed", id, &before, &operator);
    Ok(operator)
}

/// Removes an operator with its tokens; what it did stays in the audit log.
pub async fn delete(tx: &mut TenantTx, by: Granter, id: OperatorId) -> Result<(), IdentityError> {
    let operator = hold(tx, id).await?;
    require_all_of(operator.role, by)?;
    if can_act_as_owner(&operator) {
        require_other_owner(tx, id).await?;
    }
    store::operators::delete(tx, id).await?;
    tx.changed("identity", "operator.deleted", id, &operator, &Value::Null);
    Ok(())
}

/// Makes a person the one who signs in as this operator. Whoever calls has seen to it that they are the same one.
pub async fn set_person(tx: &mut TenantTx, id: OperatorId, person_id: PersonId) -> Result<(), IdentityError> {
    get(tx, id).await?;
    match store::operators::set_person(tx, id, person_id).await {
        Err(error) if broken_unique(&error).is_some() => Err(IdentityError::AlreadyOperator),
        other => Ok(other?),
    }
}

/// Removes an operator who leaves.
pub(crate) async fn leave(tx: &mut TenantTx, id: OperatorId) -> Result<(), IdentityError> {
    let operator = hold(tx, id).await?;
    if can_act_as_owner(&operator) {
        require_other_owner(tx, id).await?;
    }
    store::operators::delete(tx, id).await?;
    tx.changed("identity", "operator.deleted", id, &operator, &Value::Null);
    Ok(())
}

async fn hold(tx: &mut TenantTx, id: OperatorId) -> Result<Operator, IdentityError> {
    store::operators::lock(tx, id).await?;
    get(tx, id).await
}

/// Fails unless `by` has everything that the role has.
pub(crate) fn require_all_of(role: Role, by: Granter) -> Result<(), IdentityError> {
    match Permissions::of_role(role).first_beyond(by.permissions) {
        None => Ok(()),
        Some(permission) => Err(IdentityError::Beyond(permission)),
    }
}

fn can_act_as_owner(operator: &Operator) -> bool {
    operator.role == Role::Owner && operator.state == OperatorState::Active
}

async fn require_other_owner(tx: &mut TenantTx, id: OperatorId) -> Result<(), IdentityError> {
    if store::operators::other_owner_exists(tx, id).await? {
        Ok(())
    } else {
        Err(IdentityError::LastOwner)
    }
}

fn taken(operator: &Operator, result: Result<(), sqlx::Error>) -> Result<(), IdentityError> {
    match result {
        Err(error) if broken_unique(&error) == Some("operators_email") => {
            Err(IdentityError::EmailTaken(operator.email.clone().unwrap_or_default()))
        }
        other => Ok(other?),
    }
}

fn check(operator: &Operator) -> Result<(), IdentityError> {
    let mut checks = Checks::default();
    checks.name("/name", &operator.name);
    if let Some(email) = &operator.email {
        checks.email("/email", email);
    }
    Ok(checks.done()?)
}
