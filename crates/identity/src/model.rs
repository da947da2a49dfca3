//! Who somebody is.

use chrono::{DateTime, Utc};
use gatewright_types::ids::{
    CustomerId, DeveloperId, InvitationId, OperatorId, PersonId, SessionId, TenantId, TokenId,
};
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

text_enum! {
    /// Whether a person may sign in.
    pub enum PersonState {
        /// They may.
        Active = "ACTIVE",
        /// They may not, and none of their sessions works.
        Suspended = "SUSPENDED",
    }
}

/// Somebody who signs in, at one tenant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Person {
    /// Its id.
    pub id: PersonId,
    /// Their mail address, unique in the tenant.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// Their name.
    pub name: String,
    /// Whether there is a password to sign in with.
    pub has_password: bool,
    /// Whether they may sign in.
    pub state: PersonState,
    /// When they were made.
    pub created_at: DateTime<Utc>,
}

text_enum! {
    /// What a developer may do for the customer.
    pub enum DeveloperRole {
        /// Everything, and invite and remove colleagues.
        Owner = "OWNER",
        /// Everything but that.
        Member = "MEMBER",
    }
}

text_enum! {
    /// Whether a developer may act.
    pub enum DeveloperState {
        /// Signed up where somebody lets people in, and nobody has yet.
        Pending = "PENDING",
        /// They may.
        Active = "ACTIVE",
        /// They may not, until they are active again.
        Suspended = "SUSPENDED",
    }
}

/// A person who works for a customer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Developer {
    /// Its id.
    pub id: DeveloperId,
    /// Who.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// Their mail address.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// For whom.
    pub customer_id: CustomerId,
    /// What that customer is called.
    pub customer_name: String,
    /// What they may do there.
    pub role: DeveloperRole,
    /// Whether they may act.
    pub state: DeveloperState,
    /// When they came.
    pub created_at: DateTime<Utc>,
    /// When they were last changed.
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// What somebody is invited to be.
    pub enum InvitationKind {
        /// An operator of the tenant.
        Operator = "OPERATOR",
        /// A developer of a customer.
        Developer = "DEVELOPER",
    }
}

/// An invitation; never what the mail carries.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// To whom it was mailed.
    #[schema(example = "ada@example.com")]
    pub email: String,
    /// What to be.
    pub kind: InvitationKind,
    /// In which role: an operator's, or a developer's.
    #[schema(example = "MEMBER")]
    pub role: String,
    /// Whose developer; null of an operator.
    pub customer_id: Option<CustomerId>,
    /// Which operator; null of a developer.
    pub operator_id: Option<OperatorId>,
    /// Who invited, by name.
    pub invited_by: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it leads nowhere.
    pub expires_at: DateTime<Utc>,
    /// When it was accepted.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was withdrawn.
    pub revoked_at: Option<DateTime<Utc>>,
}

text_enum! {
    /// How somebody showed who they are.
    pub enum Method {
        /// A password.
        Password = "PASSWORD",
        /// A code of an authenticator.
        Totp = "TOTP",
        /// A recovery code.
        RecoveryCode = "RECOVERY_CODE",
        /// A passkey.
        Passkey = "PASSKEY",
        /// An identity provider.
        Provider = "PROVIDER",
        /// A link in a mail.
        Mail = "MAIL",
        /// A session at another tenant.
        HandOver = "HAND_OVER",
    }
}

/// Somebody signed in on one device; never its tokens.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// How they showed who they are.
    pub methods: Vec<Method>,
    /// Browser and system, as far as they say.
    #[schema(example = "Firefox on Linux")]
    pub device: String,
    /// From where they last came.
    #[schema(example = "192.0.2.7")]
    pub address: Option<String>,
    /// Where that is, as far as a file of the installation says.
    #[schema(example = "Berlin, Germany")]
    pub place: Option<String>,
    /// Whether it is the one that asks.
    pub current: bool,
    /// When they signed in.
    pub created_at: DateTime<Utc>,
    /// When they last showed who they are.
    pub authenticated_at: DateTime<Utc>,
    /// When they were last there, to a few minutes.
    pub last_seen_at: DateTime<Utc>,
    /// From when on they have to sign in again.
    pub expires_at: DateTime<Utc>,
}

/// What a request shows of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credential {
    /// A token of the operator.
    Token(TokenId),
    /// A session of the person.
    Session(SessionId),
}

/// A developer who acts for their customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat {
    /// Who.
    pub developer_id: DeveloperId,
    /// For whom.
    pub customer_id: CustomerId,
    /// What they may do there.
    pub role: DeveloperRole,
    /// Whether they may act.
    pub state: DeveloperState,
}

/// A person with a session, before it is known in which capacity they ask for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Where.
    pub tenant_id: TenantId,
    /// Who.
    pub person_id: PersonId,
    /// By which session.
    pub session_id: SessionId,
    /// When they last showed who they are.
    pub authenticated_at: DateTime<Utc>,
    /// Whether they showed it here themselves, by a password, a passkey or a mail; else only an identity provider or another
    /// tenant vouched for them. A code does not count: whoever came in by the word of another could have set up the app.
    pub themselves: bool,
    /// As an operator, with whether it may act.
    pub operator: Option<(OperatorId, Role, OperatorState)>,
    /// As a developer.
    pub developer: Option<Seat>,
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
        /// What it showed.
        credential: Credential,
        /// What this allows: the role's permissions, within a token's scopes.
        permissions: Permissions,
        /// Whether it follows the role, having no scopes.
        unscoped: bool,
    },
    /// A developer of a customer.
    Developer {
        /// Where.
        tenant_id: TenantId,
        /// As whom.
        seat: Seat,
        /// By which session.
        session_id: SessionId,
    },
    /// A person in their own matters.
    Person {
        /// Where.
        tenant_id: TenantId,
        /// Who.
        person_id: PersonId,
        /// By which session.
        session_id: SessionId,
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
