//! What each operation needs, in one table; judged before anything else of a request is looked at.
//!
//! A new operation gets its line in `table.rs`; without one it is refused to everybody, and a test fails.
//! Which roles have a permission stands in `crates/identity/src/roles.rs`.

mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use axum::extract::MatchedPath;
use chrono::{DateTime, Utc};
use gatewright_identity::model::{Credential, DeveloperRole, DeveloperState, OperatorState, Principal};
use gatewright_identity::roles::{Permission, Permissions, Role, roles_with};
use gatewright_identity::sessions;
use gatewright_types::ProblemCode;
use gatewright_types::ids::OperatorId;
use http::Method;
use http::request::Parts;

use crate::error::ApiError;
use crate::openapi;
use crate::principal::Shown;
use table::{OWN_WORD, RECENT, TABLE};

/// Whom an operation is for.
#[derive(Clone, Copy, Debug)]
pub enum Access {
    /// An operator's, with this permission.
    Needs(Permission),
    /// An operator's: of the one that the path names with the first permission, of any other with the second.
    Own(Permission, Permission),
    /// The installation's.
    Installation,
    /// The installation's, or an operator's with this permission.
    InstallationOr(Permission),
    /// Nobody's: whoever asks is not known yet.
    Public,
    /// The session of any person.
    SignedIn,
    /// The session of a developer who may act for their customer.
    Developer,
    /// The session of a developer who is OWNER of their customer.
    CustomerOwner,
}

/// Whether an operation asks of a session that it is recent.
pub fn needs_recent(operation: &str) -> bool {
    RECENT.contains(&operation)
}

/// What an operation needs.
pub fn of(operation: &str) -> Option<Access> {
    TABLE.iter().find(|(id, _)| *id == operation).map(|(_, access)| *access)
}

/// Every operation with what it needs, in the order of the table.
pub fn all() -> impl Iterator<Item = (&'static str, Access)> {
    TABLE.iter().copied()
}

impl Access {
    /// The permission an operator needs, other than for itself.
    pub const fn permission(self) -> Option<Permission> {
        match self {
            Self::Needs(permission) | Self::Own(_, permission) | Self::InstallationOr(permission) => Some(permission),
            Self::Installation | Self::Public | Self::SignedIn | Self::Developer | Self::CustomerOwner => None,
        }
    }

    /// Whom it is for, as the API description says it to programs.
    pub const fn audience(self) -> &'static str {
        match self {
            Self::Needs(_) | Self::Own(..) | Self::InstallationOr(_) => "OPERATOR",
            Self::Installation => "INSTALLATION",
            Self::Public => "PUBLIC",
            Self::SignedIn => "SIGNED_IN",
            Self::Developer => "DEVELOPER",
            Self::CustomerOwner => "CUSTOMER_OWNER",
        }
    }

    /// Who may, as a sentence.
    pub fn sentence(self) -> String {
        match self {
            Self::Needs(permission) => format!("Roles: {}.", roles(permission)),
            Self::Own(_, permission) => format!("Roles: every operator for itself; {} for others.", roles(permission)),
            Self::Installation => "For an installation's token only.".to_owned(),
            Self::InstallationOr(permission) => format!("Roles: {}; and an installation's token.", roles(permission)),
            Self::Public => "For everybody, at the host of the tenant.".to_owned(),
            Self::SignedIn => "For everybody who has signed in, by their session.".to_owned(),
            Self::Developer => "For developers of a customer, by their session.".to_owned(),
            Self::CustomerOwner => "For developers who are OWNER of their customer, by their session.".to_owned(),
        }
    }
}

/// The roles with a permission, as people list them.
pub fn roles(permission: Permission) -> String {
    let names: Vec<&str> = roles_with(permission).map(Role::as_str).collect();
    names.join(", ")
}

/// The operation behind a method and a path's template.
static OPERATIONS: LazyLock<HashMap<(Method, String), &'static str>> = LazyLock::new(|| {
    let mut found = HashMap::new();
    for (method, path, operation) in openapi::operations(&mut openapi::bare()) {
        let known = all().find(|(id, _)| operation.operation_id.as_deref() == Some(id));
        if let Some((id, _)) = known {
            found.insert((method, path), id);
        }
    }
    found
});

/// The operation that a request is for.
pub(crate) fn operation(parts: &Parts) -> Option<&'static str> {
    // A GET answers to HEAD as well (RFC 9110 §9.3.2).
    let method = if parts.method == Method::HEAD {
        Method::GET
    } else {
        parts.method.clone()
    };
    let path = parts.extensions.get::<MatchedPath>()?.as_str().to_owned();
    OPERATIONS.get(&(method, path)).copied()
}

/// Somebody who may not, to be noted with what they are refused.
pub(crate) struct Refused {
    /// Who, as far as it matters here.
    pub(crate) principal: Principal,
    /// Why.
    pub(crate) code: ProblemCode,
    /// The same in words.
    pub(crate) error: ApiError,
}

/// Whether anybody may ask.
pub(crate) fn is_public(operation: Option<&str>) -> bool {
    matches!(operation.and_then(of), Some(Access::Public))
}

/// In which capacity somebody asks; refuses whoever may not do what is asked.
pub(crate) fn judge(
    parts: &Parts,
    operation: Option<&str>,
    shown: &Shown,
    now: DateTime<Utc>,
) -> Result<Principal, Refused> {
    let principal = capacity(parts, operation, shown)?;
    let refused = |code, error| Refused { principal, code, error };
    if let Principal::Operator {
        operator_id,
        role,
        permissions,
        ..
    } = principal
        && let Some(needed) = needed(parts, operation, operator_id)
    {
        require(needed, role, permissions).map_err(|error| refused(ProblemCode::Forbidden, error))?;
    }
    if let Shown::Session(signed_in) = shown
        && operation.is_some_and(|id| RECENT.contains(&id))
        && signed_in.authenticated_at <= now - sessions::RECENT
    {
        let code = ProblemCode::ReauthenticationRequired;
        let detail = format!(
            "This needs that you showed who you are in the last {} minutes: `POST /api/v1/account/reauthentications`.",
            sessions::RECENT.num_minutes()
        );
        return Err(refused(code, ApiError::new(code, detail)));
    }
    if let Shown::Session(signed_in) = shown
        && !signed_in.themselves
        && operation.is_some_and(|id| OWN_WORD.contains(&id))
    {
        let code = ProblemCode::ReauthenticationRequired;
        let detail = "Only an identity provider or another tenant vouched for this session. Show here who you are: with \
                      your password, or choose one by mail: `POST /api/v1/password-resets`.";
        return Err(refused(code, ApiError::new(code, detail)));
    }
    Ok(principal)
}

/// As whom somebody asks for this operation.
fn capacity(parts: &Parts, operation: Option<&str>, shown: &Shown) -> Result<Principal, Refused> {
    let own = match shown {
        Shown::Token(principal) => *principal,
        Shown::Session(signed_in) => Principal::Person {
            tenant_id: signed_in.tenant_id,
            person_id: signed_in.person_id,
            session_id: signed_in.session_id,
        },
    };
    let refuse = |code: ProblemCode, detail: &str| Refused {
        principal: own,
        code,
        error: ApiError::new(code, detail),
    };
    let forbidden = |detail: &str| Err(refuse(ProblemCode::Forbidden, detail));
    let Some(access) = operation.and_then(of) else {
        tracing::error!(method = %parts.method, "an operation stands in no table and is refused to everybody");
        return forbidden("Nobody may do this.");
    };
    match (access, shown) {
        (Access::Installation | Access::InstallationOr(_), Shown::Token(Principal::Installation)) => Ok(own),
        (_, Shown::Token(Principal::Installation)) => {
            forbidden("An installation's token sees nothing inside of a tenant; use an operator's token.")
        }
        (Access::Installation, _) => {
            forbidden("Only an installation's token may do this; `gatewright bootstrap` makes one.")
        }
        (Access::SignedIn | Access::Developer | Access::CustomerOwner, Shown::Token(_)) => {
            forbidden("This is for somebody who has signed in, not for an operator's token.")
        }
        (_, Shown::Token(_)) | (Access::SignedIn | Access::Public, Shown::Session(_)) => Ok(own),
        (Access::Developer | Access::CustomerOwner, Shown::Session(signed_in)) => {
            let Some(seat) = signed_in.developer else {
                return forbidden("This is for developers of a customer.");
            };
            match (seat.state, access, seat.role) {
                (DeveloperState::Pending, ..) => Err(refuse(
                    ProblemCode::ApprovalPending,
                    "You have signed up; somebody has to let you in, and you will get a mail.",
                )),
                (DeveloperState::Suspended, ..) => Err(refuse(
                    ProblemCode::PersonSuspended,
                    "You are suspended as a developer here.",
                )),
                (_, Access::CustomerOwner, DeveloperRole::Member) => {
                    forbidden("This is for an OWNER of your customer; they can make you one.")
                }
                _ => Ok(Principal::Developer {
                    tenant_id: signed_in.tenant_id,
                    seat,
                    session_id: signed_in.session_id,
                }),
            }
        }
        (Access::Needs(_) | Access::Own(..) | Access::InstallationOr(_), Shown::Session(signed_in)) => {
            match signed_in.operator {
                Some((operator_id, role, OperatorState::Active)) => Ok(Principal::Operator {
                    tenant_id: signed_in.tenant_id,
                    operator_id,
                    role,
                    credential: Credential::Session(signed_in.session_id),
                    permissions: Permissions::of_role(role),
                    unscoped: true,
                }),
                Some(_) => Err(refuse(ProblemCode::OperatorSuspended, "The operator is suspended.")),
                None => forbidden("This is for operators of the tenant."),
            }
        }
    }
}

/// The permission that an operator needs for this operation.
fn needed(parts: &Parts, operation: Option<&str>, operator_id: OperatorId) -> Option<Permission> {
    match operation.and_then(of)? {
        Access::Own(own, _) if is_about(parts, operator_id) => Some(own),
        Access::Own(_, needed) | Access::Needs(needed) | Access::InstallationOr(needed) => Some(needed),
        Access::Installation | Access::Public | Access::SignedIn | Access::Developer | Access::CustomerOwner => None,
    }
}

/// Refuses an operator that lacks a permission, and says which.
pub(crate) fn require(needed: Permission, role: Role, permissions: Permissions) -> Result<(), ApiError> {
    if permissions.has(needed) {
        return Ok(());
    }
    let lacks = if needed.belongs_to(role) {
        "the scopes of your token do not include it".to_owned()
    } else {
        format!("your role {role} does not have it; {} may", roles(needed))
    };
    Err(ApiError::missing(
        needed,
        format!("This needs the permission {needed}: {lacks}."),
    ))
}

/// Whether the path is `…/operators/{id}…` with this operator's id.
fn is_about(parts: &Parts, id: OperatorId) -> bool {
    let mut segments = parts.uri.path().split('/');
    segments.any(|segment| segment == "operators") && segments.next().and_then(|text| text.parse().ok()) == Some(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_operation_stands_in_the_table_once_and_nothing_else_does() {
        let described: BTreeSet<String> = openapi::operations(&mut openapi::bare())
            .filter_map(|(_, _, operation)| operation.operation_id.clone())
            .collect();
        let ids: Vec<String> = all().map(|(id, _)| id.to_owned()).collect();
        let table: BTreeSet<String> = ids.iter().cloned().collect();
        assert_eq!(
            described, table,
            "crates/api/src/access/table.rs has a line for every operation"
        );
        assert!(ids.is_sorted(), "the table is alphabetical");
        assert_eq!(ids.len(), table.len(), "each has one line");
        assert_eq!(OPERATIONS.len(), table.len(), "each is found by its method and path");
        assert!(
            OWN_WORD.is_sorted() && OWN_WORD.iter().all(|id| table.contains(*id)),
            "{OWN_WORD:?}"
        );
        assert!(
            RECENT.is_sorted() && RECENT.iter().all(|id| table.contains(*id)),
            "{RECENT:?}"
        );
    }

    #[test]
    fn no_read_needs_a_permission_to_change_something() {
        for (method, _, operation) in openapi::operations(&mut openapi::bare()) {
            let permission = operation
                .operation_id
                .as_deref()
                .and_then(of)
                .and_then(Access::permission);
            if let Some(permission) = permission {
                let reads = permission.as_str().ends_with("_READ") || permission == Permission::KeysVerify;
                let asks = method == Method::GET || operation.operation_id.as_deref() == Some("verify_key");
                assert_eq!(reads, asks, "{:?} needs {permission}", operation.operation_id);
            }
        }
    }
}
