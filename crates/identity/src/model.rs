//! Who somebody is.

use gatewright_types::ids::{OperatorId, TenantId};
use gatewright_types::text_enum;

text_enum! {
    /// What an operator may do.
    pub enum Role {
        /// Everything in the tenant.
        Owner = "OWNER",
    }
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
    },
    /// Whoever runs the installation.
    Installation,
}
