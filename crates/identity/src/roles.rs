//! Who may do what: every permission, and the roles that have it. The one table of it.
//!
//! Which permission an operation needs stands in `crates/api/src/access/table.rs`; `docs/roles.md` is made
//! from both and shows them side by side. Why the roles are cut as they are: decision 0023.
//!
//! * An OWNER has every permission there is, so no line below names it.
//! * Each resource has READ and MANAGE. What cuts access off without giving any (SUSPEND, REVOKE) is a
//!   permission of its own, because in an emergency more people must be able to do it.
//! * What reveals a customer's secret needs MANAGE of keys, subscriptions or API consumers; no READ and no
//!   SUSPEND ever does.

use gatewright_types::text_enum;

/// A text enum whose values can be described to people.
macro_rules! described_enum {
    ($(#[doc = $what:literal])+ $name:ident { $(#[doc = $doc:literal] $variant:ident = $text:literal),+ $(,)? }) => {
        text_enum! {
            $(#[doc = $what])+
            pub enum $name { $(#[doc = $doc] $variant = $text),+ }
        }

        impl $name {
            /// What it is for, in a line.
            pub const fn description(self) -> &'static str {
                match self { $(Self::$variant => $doc.trim_ascii()),+ }
            }
        }
    };
}

/// The permissions, each with the roles beside OWNER that have it.
macro_rules! permissions {
    ($(#[doc = $doc:literal] $variant:ident = $text:literal: $($role:ident)*;)+) => {
        described_enum! {
            /// Something that an operator may be allowed to do.
            Permission { $(#[doc = $doc] $variant = $text),+ }
        }

        impl Permission {
            /// Whether operators of this role have it.
            pub const fn belongs_to(self, role: Role) -> bool {
                match self { $(Self::$variant => matches!(role, Role::Owner $(| Role::$role)*)),+ }
            }
        }
    };
}

described_enum! {
    /// What an operator is there for.
    Role {
        /// Everything in the tenant; the only role that makes and removes owners.
        Owner = "OWNER",
        /// Everything but owners.
        Admin = "ADMIN",
        /// Gateways, services, routes and API consumers; the contracts of products.
        Engineer = "ENGINEER",
        /// Products and plans; sees who buys them.
        Product = "PRODUCT",
        /// Ends and replaces keys and tokens, reads the audit log and everything else.
        Security = "SECURITY",
        /// The contracts of products, and what developers see of them.
        DevRel = "DEVREL",
        /// Sees customers and what they have; suspends, but reveals and replaces no secret.
        Support = "SUPPORT",
        /// Plans, customers and subscriptions.
        Billing = "BILLING",
        /// Reads everything, changes nothing but its own tokens.
        Auditor = "AUDITOR",
    }
}

permissions! {
    /// Make and withdraw one's own tokens, which never allow more than one's role.
    AccountManage = "ACCOUNT_MANAGE": Admin Engineer Product Security DevRel Support Billing Auditor;
    /// See oneself and one's own tokens.
    AccountRead = "ACCOUNT_READ": Admin Engineer Product Security DevRel Support Billing Auditor;
    /// Read and export the audit log.
    AuditRead = "AUDIT_READ": Admin Security Auditor;
    /// Register and delete API consumers of native gateways; reveals their keys.
    ConsumersManage = "CONSUMERS_MANAGE": Admin Engineer;
    /// See API consumers.
    ConsumersRead = "CONSUMERS_READ": Admin Engineer Security Support Auditor;
    /// Replace the contract of a product.
    ContractsManage = "CONTRACTS_MANAGE": Admin Engineer Product DevRel;
    /// Make and change customers.
    CustomersManage = "CUSTOMERS_MANAGE": Admin Billing;
    /// See customers.
    CustomersRead = "CUSTOMERS_READ": Admin Product Security Support Billing Auditor;
    /// Make, change and delete gateways.
    GatewaysManage = "GATEWAYS_MANAGE": Admin Engineer;
    /// See gateways.
    GatewaysRead = "GATEWAYS_READ": Admin Engineer Product Security DevRel Support Auditor;
    /// Cancel jobs and queue those again that were given up.
    JobsManage = "JOBS_MANAGE": Admin Engineer;
    /// See jobs.
    JobsRead = "JOBS_READ": Admin Engineer Security Support Auditor;
    /// Make, change, rotate and revoke keys; reveals their secrets.
    KeysManage = "KEYS_MANAGE": Admin Security;
    /// See keys, never their secrets.
    KeysRead = "KEYS_READ": Admin Engineer Security Support Auditor;
    /// Suspend and reactivate keys.
    KeysSuspend = "KEYS_SUSPEND": Admin Security Support;
    /// Ask whether a key would be admitted.
    KeysVerify = "KEYS_VERIFY": Admin Engineer Security Support;
    /// Make, change and remove operators that have no permission one lacks, and make their tokens.
    OperatorsManage = "OPERATORS_MANAGE": Admin;
    /// See operators and their tokens, never the secrets.
    OperatorsRead = "OPERATORS_READ": Admin Security Auditor;
    /// Decide where outgoing requests of the tenant may go.
    OutgoingManage = "OUTGOING_MANAGE": Admin Security;
    /// See where outgoing requests of the tenant may go.
    OutgoingRead = "OUTGOING_READ": Admin Engineer Security Auditor;
    /// Make, change and remove owners.
    OwnersManage = "OWNERS_MANAGE":;
    /// Let developers in, suspend and remove them; decide how people sign up and where else they can sign in.
    PeopleManage = "PEOPLE_MANAGE": Admin;
    /// See developers, how people sign up and where else they can sign in.
    PeopleRead = "PEOPLE_READ": Admin Product Security DevRel Support Billing Auditor;
    /// Make plans and new versions of them.
    PlansManage = "PLANS_MANAGE": Admin Product Billing;
    /// See plans.
    PlansRead = "PLANS_READ": Admin Engineer Product Security DevRel Support Billing Auditor;
    /// Decide how the portal looks and what it says of the tenant.
    PortalManage = "PORTAL_MANAGE": Admin Product DevRel;
    /// Make and change products.
    ProductsManage = "PRODUCTS_MANAGE": Admin Product;
    /// See products and their contracts.
    ProductsRead = "PRODUCTS_READ": Admin Engineer Product Security DevRel Support Billing Auditor;
    /// Make, change and delete routes.
    RoutesManage = "ROUTES_MANAGE": Admin Engineer;
    /// See routes.
    RoutesRead = "ROUTES_READ": Admin Engineer Product Security DevRel Support Auditor;
    /// Make, change and delete services.
    ServicesManage = "SERVICES_MANAGE": Admin Engineer;
    /// See services.
    ServicesRead = "SERVICES_READ": Admin Engineer Security Support Auditor;
    /// Make, move and cancel subscriptions; making one reveals its first key.
    SubscriptionsManage = "SUBSCRIPTIONS_MANAGE": Admin Billing;
    /// See subscriptions.
    SubscriptionsRead = "SUBSCRIPTIONS_READ": Admin Engineer Product Security Support Billing Auditor;
    /// Suspend and reactivate subscriptions.
    SubscriptionsSuspend = "SUBSCRIPTIONS_SUSPEND": Admin Security Support Billing;
    /// See the tenant itself.
    TenantRead = "TENANT_READ": Admin Engineer Product Security DevRel Support Billing Auditor;
    /// Withdraw anybody's tokens.
    TokensRevoke = "TOKENS_REVOKE": Admin Security;
    /// Make, change and delete webhook endpoints, and send deliveries again; reveals signing secrets.
    WebhooksManage = "WEBHOOKS_MANAGE": Admin Engineer;
    /// See webhook endpoints and what was sent to them, never their secrets.
    WebhooksRead = "WEBHOOKS_READ": Admin Engineer Security Auditor;
}

/// A set of permissions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Permissions(u64);

const _: () = assert!(Permission::ALL.len() <= 64, "a set is 64 bits");

impl Permissions {
    /// What a role allows.
    pub fn of_role(role: Role) -> Self {
        Permission::ALL
            .iter()
            .copied()
            .filter(|permission| permission.belongs_to(role))
            .collect()
    }

    /// Whether this one is in it.
    pub const fn has(self, permission: Permission) -> bool {
        self.0 & (1 << permission as u64) != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What is in it, in the order of declaration.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.has(*permission))
    }

    /// The first that `other` lacks.
    pub fn first_beyond(self, other: Self) -> Option<Permission> {
        Self(self.0 & !other.0).iter().next()
    }
}

impl FromIterator<Permission> for Permissions {
    fn from_iter<I: IntoIterator<Item = Permission>>(permissions: I) -> Self {
        Self(permissions.into_iter().fold(0, |set, one| set | 1 << one as u64))
    }
}

/// The roles that have a permission, in the order of declaration.
pub fn roles_with(permission: Permission) -> impl Iterator<Item = Role> {
    Role::ALL
        .iter()
        .copied()
        .filter(move |role| permission.belongs_to(*role))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(permission: Permission) -> bool {
        !permission.as_str().ends_with("_READ") && permission != Permission::KeysVerify
    }

    #[test]
    fn an_owner_may_everything_and_an_admin_everything_but_owners() {
        let (owner, admin) = (Permissions::of_role(Role::Owner), Permissions::of_role(Role::Admin));
        assert_eq!(owner.iter().count(), Permission::ALL.len());
        let beyond: Vec<_> = owner.iter().filter(|one| !admin.has(*one)).collect();
        assert_eq!(beyond, [Permission::OwnersManage]);
    }

    #[test]
    fn an_auditor_reads_everything_and_changes_nothing_but_its_own_tokens() {
        let auditor = Permissions::of_role(Role::Auditor);
        for permission in Permission::ALL.iter().copied() {
            let expected = permission.as_str().ends_with("_READ") || permission == Permission::AccountManage;
            assert_eq!(auditor.has(permission), expected, "{permission}");
        }
    }

    #[test]
    fn support_suspends_and_changes_nothing_else() {
        let changed: Vec<_> = Permissions::of_role(Role::Support)
            .iter()
            .filter(|one| changes(*one))
            .collect();
        let expected = [
            Permission::AccountManage,
            Permission::KeysSuspend,
            Permission::SubscriptionsSuspend,
        ];
        assert_eq!(changed, expected);
    }

    #[test]
    fn whoever_changes_something_may_see_it() {
        for permission in Permission::ALL.iter().copied().filter(|one| changes(*one)) {
            let (resource, _) = permission.as_str().rsplit_once('_').unwrap();
            // Contracts are part of products, tokens and owners of operators.
            let resource = match resource {
                "CONTRACTS" => "PRODUCTS",
                // How it looks is for everybody to see.
                "PORTAL" => "TENANT",
                "TOKENS" | "OWNERS" => "OPERATORS",
                other => other,
            };
            let read: Permission = format!("{resource}_READ").parse().unwrap();
            for role in roles_with(permission) {
                assert!(read.belongs_to(role), "{role} has {permission} without {read}");
            }
        }
    }

    #[test]
    fn a_set_holds_what_was_put_into_it() {
        let set: Permissions = [Permission::KeysRead, Permission::TokensRevoke].into_iter().collect();
        let held: Vec<_> = set.iter().collect();
        assert_eq!(held, [Permission::KeysRead, Permission::TokensRevoke]);
        assert_eq!(
            set.first_beyond(Permissions::of_role(Role::Support)),
            Some(Permission::TokensRevoke)
        );
        assert_eq!(set.first_beyond(set), None);
        assert_eq!(set.and(Permissions::default()), Permissions::default());
    }
}
