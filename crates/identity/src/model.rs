//! Who somebody is.

use chrono::{DateTime, Utc};
use gatewright_types::ids::{OperatorId, TenantId, TokenId};
use gatewright_types::text_enum;
use serde::Serialize;
use utoipa::ToSchema;

use crate::roles::{Permission, Permissions, Role};

text_enum! {
    /// Whether an operator may act.
    pub enum OperatorState {
        /// It may.
        Active = "ACTIVE",
        /// None of its tokens works until it is active again.
        Suspended = "SUSPENDED",
    }
}

/// A person, or a script, of a tenant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operator {
    /// Its id.
    pub id: OperatorId,
    /// Its name.
    pub name: String,
    /// Its mail address, unique in the tenant; null only of an owner that came with the tenant.
    #[schema(example = "ada@example.com")]
    pub email: Option<String>,
    /// What it is there for.
    pub role: Role,
    /// Whether it may act.
    pub state: OperatorState,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// An operator's token; never the token itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Token {
    /// Its id.
    pub id: TokenId,
    /// Whose.
    pub operator_id: OperatorId,
    /// A name for people.
    pub name: String,
    /// What it is narrowed to; null: whatever the operator's role allows.
    pub scopes: Option<Vec<Permission>>,
    /// Its last four characters.
    #[schema(example = "x7Qa")]
    pub last_four: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is refused; null: never, only of what came with a tenant or from the command line.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was withdrawn.
    pub revoked_at: Option<DateTime<Utc>>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// From where it was last used.
    #[schema(example = "192.0.2.7")]
    pub last_used_address: Option<String>,
}

/// Who a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A person or script of a tenant.
    Operator {
        /// Whose.
        tenant_id: TenantId,
        /// Who.
        operator_id: OperatorId,
        /// What for.
        role: Role,
        /// The token it showed.
        token_id: TokenId,
        /// What this token allows: the role's permissions, within the token's scopes.
        permissions: Permissions,
        /// Whether the token follows the role, having no scopes.
        unscoped: bool,
    },
    /// Whoever runs the installation.
    Installation,
}

/// An operator that gives something to another, and what it may give at most.
#[derive(Clone, Copy, Debug)]
pub struct Granter {
    /// What its token allows.
    pub permissions: Permissions,
    /// Whether that follows its role.
    pub unscoped: bool,
}
