//! Who somebody is.

use gatewright_types::ids::{OperatorId, TenantId};

use crate::roles::{Permissions, Role};

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
        /// What this token allows: the role's permissions, within the token's scopes.
        permissions: Permissions,
    },
    /// Whoever runs the installation.
    Installation,
}
