//! What each operation needs, in one table; judged before anything else of a request is looked at.
//!
//! A new operation gets its line here; without one it is refused to everybody, and a test fails.
//! Which roles have a permission stands in `crates/identity/src/roles.rs`.

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

use Access::{CustomerOwner, Developer, Installation, InstallationOr, Needs, Own, Public, SignedIn};
use Permission as P;

/// Every operation by its id in the OpenAPI document; alphabetical.
const TABLE: &[(&str, Access)] = &[
    ("accept_invitation", Public),
    ("add_key", Needs(P::KeysManage)),
    ("add_own_key", Developer),
    ("add_passkey", SignedIn),
    ("add_plan_version", Needs(P::PlansManage)),
    ("adopt_consumer", Needs(P::GatewaysManage)),
    ("apply_provisioning_run", Needs(P::GatewaysManage)),
    ("begin_invitation_passkey", Public),
    ("begin_passkey_registration", SignedIn),
    ("begin_passkey_sign_in", Public),
    ("begin_provider_sign_in", Public),
    ("begin_reauthentication_passkey", SignedIn),
    ("cancel_job", Needs(P::JobsManage)),
    ("cancel_own_subscription", Developer),
    ("cancel_subscription", Needs(P::SubscriptionsManage)),
    ("change_account", SignedIn),
    ("change_api_spec", Needs(P::ContractsManage)),
    ("change_colleague", CustomerOwner),
    ("change_connection", Needs(P::GatewaysManage)),
    ("change_credential_settings", Needs(P::KeysManage)),
    ("change_customer", Needs(P::CustomersManage)),
    ("change_developer", Needs(P::PeopleManage)),
    ("change_gateway", Needs(P::GatewaysManage)),
    ("change_identity_provider", Needs(P::PeopleManage)),
    ("change_key", Needs(P::KeysManage)),
    ("change_operator", Needs(P::OperatorsManage)),
    ("change_own_customer", CustomerOwner),
    ("change_own_key", Developer),
    ("change_password", SignedIn),
    ("change_plan", Needs(P::PlansManage)),
    ("change_product", Needs(P::ProductsManage)),
    ("change_route", Needs(P::RoutesManage)),
    ("change_service", Needs(P::ServicesManage)),
    ("change_webhook_endpoint", Needs(P::WebhooksManage)),
    ("check_operation_values", Public),
    ("complete_password_reset", Public),
    ("complete_provider_sign_in", Public),
    ("complete_second_factor", Public),
    ("confirm_email_change", Public),
    ("confirm_totp", SignedIn),
    ("create_api_revision", Needs(P::ContractsManage)),
    ("create_api_spec", Needs(P::ContractsManage)),
    ("create_api_sync_secret", Needs(P::ContractsManage)),
    ("create_connection", Needs(P::GatewaysManage)),
    ("create_consumer", Needs(P::ConsumersManage)),
    ("create_customer", Needs(P::CustomersManage)),
    ("create_email_change", SignedIn),
    ("create_enrollment_code", Installation),
    ("create_gateway", Needs(P::GatewaysManage)),
    ("create_identity_provider", Needs(P::PeopleManage)),
    ("create_operator", Needs(P::OperatorsManage)),
    ("create_own_subscription", Developer),
    ("create_password_reset", Public),
    ("create_plan", Needs(P::PlansManage)),
    ("create_product", Needs(P::ProductsManage)),
    ("create_provisioning_run", Needs(P::GatewaysManage)),
    ("create_route", Needs(P::RoutesManage)),
    ("create_service", Needs(P::ServicesManage)),
    ("create_session", Public),
    ("create_sign_up", Public),
    ("create_subscription", Needs(P::SubscriptionsManage)),
    ("create_tenant", Installation),
    ("create_token", Own(P::AccountManage, P::OperatorsManage)),
    ("create_totp", SignedIn),
    ("create_webhook_endpoint", Needs(P::WebhooksManage)),
    ("delete_account", SignedIn),
    ("delete_api_spec", Needs(P::ContractsManage)),
    ("delete_connection", Needs(P::GatewaysManage)),
    ("delete_consumer", Needs(P::ConsumersManage)),
    ("delete_customer", Needs(P::CustomersManage)),
    ("delete_developer", Needs(P::PeopleManage)),
    ("delete_gateway", Needs(P::GatewaysManage)),
    ("delete_identity_provider", Needs(P::PeopleManage)),
    ("delete_logo", Needs(P::PortalManage)),
    ("delete_mapping", Needs(P::GatewaysManage)),
    ("delete_operator", Needs(P::OperatorsManage)),
    ("delete_passkey", SignedIn),
    ("delete_playground_requests", Developer),
    ("delete_route", Needs(P::RoutesManage)),
    ("delete_service", Needs(P::ServicesManage)),
    ("delete_token", Own(P::AccountManage, P::TokensRevoke)),
    ("delete_totp", SignedIn),
    ("delete_webhook_endpoint", Needs(P::WebhooksManage)),
    ("disable_connection", Needs(P::GatewaysManage)),
    ("drain_node", Installation),
    ("enable_connection", Needs(P::GatewaysManage)),
    ("export_account", SignedIn),
    ("export_audit_events", Needs(P::AuditRead)),
    ("export_provisioning_attempts", Needs(P::GatewaysRead)),
    ("get_account", SignedIn),
    ("get_api_revision", Needs(P::ProductsRead)),
    ("get_api_revision_document", Needs(P::ProductsRead)),
    ("get_api_spec", Needs(P::ProductsRead)),
    ("get_branding", Public),
    ("get_capabilities", Needs(P::GatewaysRead)),
    ("get_connection", Needs(P::GatewaysRead)),
    ("get_consumer", Needs(P::ConsumersRead)),
    ("get_contract", Needs(P::ProductsRead)),
    ("get_credential_settings", Needs(P::KeysRead)),
    ("get_customer", Needs(P::CustomersRead)),
    ("get_developer", Needs(P::PeopleRead)),
    ("get_emergency_suspension", Needs(P::SubscriptionsRead)),
    ("get_gateway", Needs(P::GatewaysRead)),
    ("get_identity_provider", Needs(P::PeopleRead)),
    ("get_job", Needs(P::JobsRead)),
    ("get_key", Needs(P::KeysRead)),
    ("get_key_use", Needs(P::KeysRead)),
    ("get_logo", Public),
    ("get_operator", Own(P::AccountRead, P::OperatorsRead)),
    ("get_outgoing_destinations", Needs(P::OutgoingRead)),
    ("get_own_customer", Developer),
    ("get_own_key", Developer),
    ("get_own_key_use", Developer),
    ("get_own_subscription", Developer),
    ("get_people_settings", Needs(P::PeopleRead)),
    ("get_plan", Needs(P::PlansRead)),
    ("get_playground_options", Developer),
    ("get_product", Needs(P::ProductsRead)),
    ("get_provisioning_run", Needs(P::GatewaysRead)),
    ("get_provisioning_statistics", Needs(P::GatewaysRead)),
    ("get_reference", Public),
    ("get_reference_document", Public),
    ("get_reference_operation", Public),
    ("get_reference_schema", Public),
    ("get_route", Needs(P::RoutesRead)),
    ("get_service", Needs(P::ServicesRead)),
    ("get_sign_in_options", Public),
    ("get_subscription", Needs(P::SubscriptionsRead)),
    ("get_tenant", Needs(P::TenantRead)),
    ("get_webhook_delivery", Needs(P::WebhooksRead)),
    ("get_webhook_endpoint", Needs(P::WebhooksRead)),
    ("hand_over", SignedIn),
    ("import_offers", Needs(P::GatewaysManage)),
    ("invite_colleague", CustomerOwner),
    ("invite_operator", Needs(P::OperatorsManage)),
    ("lift_emergency_suspension", Needs(P::SubscriptionsSuspend)),
    ("link_identity", SignedIn),
    ("list_adoptable", Needs(P::GatewaysRead)),
    ("list_api_revisions", Needs(P::ProductsRead)),
    ("list_api_specs", Needs(P::ProductsRead)),
    ("list_audit_events", Needs(P::AuditRead)),
    ("list_breaker_changes", Needs(P::GatewaysRead)),
    ("list_colleague_invitations", CustomerOwner),
    ("list_colleagues", Developer),
    ("list_connections", Needs(P::GatewaysRead)),
    ("list_consumers", Needs(P::ConsumersRead)),
    ("list_customers", Needs(P::CustomersRead)),
    ("list_dead_letters", Needs(P::GatewaysRead)),
    ("list_developers", Needs(P::PeopleRead)),
    ("list_gateways", Needs(P::GatewaysRead)),
    ("list_identities", SignedIn),
    ("list_identity_providers", Needs(P::PeopleRead)),
    ("list_installation_audit_events", Installation),
    ("list_invitations", Needs(P::OperatorsRead)),
    ("list_jobs", Needs(P::JobsRead)),
    ("list_keys", Needs(P::KeysRead)),
    ("list_mappings", Needs(P::GatewaysRead)),
    ("list_nodes", Installation),
    ("list_offers", Needs(P::GatewaysRead)),
    ("list_operators", Needs(P::OperatorsRead)),
    ("list_own_key_gateways", Developer),
    ("list_own_keys", Developer),
    ("list_own_subscriptions", Developer),
    ("list_own_tenants", SignedIn),
    ("list_passkeys", SignedIn),
    ("list_plans", Needs(P::PlansRead)),
    ("list_playground_requests", Developer),
    ("list_portal_plans", Public),
    ("list_portal_products", Public),
    ("list_products", Needs(P::ProductsRead)),
    ("list_provisioning_attempts", Needs(P::GatewaysRead)),
    ("list_provisioning_findings", Needs(P::GatewaysRead)),
    ("list_provisioning_runs", Needs(P::GatewaysRead)),
    ("list_references", Public),
    ("list_routes", Needs(P::RoutesRead)),
    ("list_services", Needs(P::ServicesRead)),
    ("list_sessions", SignedIn),
    ("list_subscription_gateways", Needs(P::SubscriptionsRead)),
    ("list_subscriptions", Needs(P::SubscriptionsRead)),
    ("list_tenants", InstallationOr(P::TenantRead)),
    ("list_tokens", Own(P::AccountRead, P::OperatorsRead)),
    ("list_webhook_deliveries", Needs(P::WebhooksRead)),
    ("list_webhook_endpoints", Needs(P::WebhooksRead)),
    ("look_up_invitation", Public),
    ("move_subscription", Needs(P::SubscriptionsManage)),
    ("put_branding", Needs(P::PortalManage)),
    ("put_contract", Needs(P::ContractsManage)),
    ("put_logo", Needs(P::PortalManage)),
    ("put_mapping", Needs(P::GatewaysManage)),
    ("put_outgoing_destinations", Needs(P::OutgoingManage)),
    ("put_people_settings", Needs(P::PeopleManage)),
    ("reactivate_key", Needs(P::KeysSuspend)),
    ("reactivate_own_key", Developer),
    ("reactivate_subscription", Needs(P::SubscriptionsSuspend)),
    ("reauthenticate", SignedIn),
    ("refresh_session", Public),
    ("remove_colleague", CustomerOwner),
    ("rename_passkey", SignedIn),
    ("replace_recovery_codes", SignedIn),
    ("replay_dead_letters", Needs(P::GatewaysManage)),
    ("replay_failed_deliveries", Needs(P::WebhooksManage)),
    ("replay_job", Needs(P::JobsManage)),
    ("replay_webhook_delivery", Needs(P::WebhooksManage)),
    ("report_secrets", Needs(P::KeysManage)),
    ("reset_breaker", Needs(P::GatewaysManage)),
    ("reveal_gateway_secret", Needs(P::KeysManage)),
    ("reveal_own_gateway_secret", Developer),
    ("revoke_key", Needs(P::KeysManage)),
    ("revoke_node", Installation),
    ("revoke_own_key", Developer),
    ("revoke_session", SignedIn),
    ("roll_back_api_spec", Needs(P::ContractsManage)),
    ("rotate_key", Needs(P::KeysManage)),
    ("rotate_own_key", Developer),
    ("rotate_subscription", Needs(P::KeysManage)),
    ("rotate_webhook_secret", Needs(P::WebhooksManage)),
    ("search_docs", Public),
    ("send_playground_request", Developer),
    ("sign_in_by_hand_over", Public),
    ("sign_in_with_passkey", Public),
    ("sign_out", SignedIn),
    ("sign_out_everywhere", SignedIn),
    ("suspend_customer", Needs(P::SubscriptionsSuspend)),
    ("suspend_key", Needs(P::KeysSuspend)),
    ("suspend_own_key", Developer),
    ("suspend_subscription", Needs(P::SubscriptionsSuspend)),
    ("sync_api_spec", Public),
    ("test_webhook_endpoint", Needs(P::WebhooksManage)),
    ("unlink_identity", SignedIn),
    ("verify_connection", Needs(P::GatewaysManage)),
    ("verify_key", Needs(P::KeysVerify)),
    ("verify_sign_up", Public),
    ("withdraw_colleague_invitation", CustomerOwner),
    ("withdraw_invitation", Needs(P::OperatorsManage)),
];

/// Operations that reveal, rotate or delete: of a session they ask that its person showed who they are not long ago.
/// Alphabetical.
const RECENT: &[&str] = &[
    "begin_passkey_registration",
    "change_identity_provider",
    "change_password",
    "create_api_sync_secret",
    "create_email_change",
    "create_token",
    "create_totp",
    "delete_account",
    "delete_api_spec",
    "delete_connection",
    "delete_consumer",
    "delete_customer",
    "delete_developer",
    "delete_gateway",
    "delete_identity_provider",
    "delete_operator",
    "delete_passkey",
    "delete_route",
    "delete_service",
    "delete_token",
    "delete_totp",
    "delete_webhook_endpoint",
    "export_account",
    "hand_over",
    "link_identity",
    "remove_colleague",
    "replace_recovery_codes",
    "reveal_gateway_secret",
    "reveal_own_gateway_secret",
    "revoke_key",
    "revoke_own_key",
    "rotate_key",
    "rotate_own_key",
    "rotate_subscription",
    "rotate_webhook_secret",
    "unlink_identity",
];

/// Operations that make a way to sign in which is good beyond this tenant (`identity/src/tenants.rs`): whoever runs one
/// tenant's identity provider must not be able to make one for somebody. Alphabetical.
const OWN_WORD: &[&str] = &["add_passkey", "begin_passkey_registration", "change_password"];

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
            "crates/api/src/access.rs has a line for every operation"
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
                let reads = permission.as_str().ends_with("_READ") || permission == P::KeysVerify;
                let asks = method == Method::GET || operation.operation_id.as_deref() == Some("verify_key");
                assert_eq!(reads, asks, "{:?} needs {permission}", operation.operation_id);
            }
        }
    }
}
