//! Whether a credential that was found is admitted.

use std::net::IpAddr;

use gatewright_types::ProblemCode;
use gatewright_types::access::{Environment, KeyStatus};
use gatewright_types::ids::{ConsumerId, GatewayId, KeyId, ProductId, TenantId};

use crate::credential::{Credential, Grant, Scope};
use crate::{Match, Refusal};

/// On whose behalf a request goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admitted<'c> {
    /// The key.
    pub key_id: KeyId,
    /// The grant that covers the route.
    pub grant: &'c Grant,
    /// Its place among the credential's grants.
    pub grant_at: usize,
    /// The API consumer, when the grant is one's.
    pub consumer_id: Option<ConsumerId>,
}

/// Where a credential is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Whose gateway or service it is.
    pub tenant_id: TenantId,
    /// Which keys work there.
    pub environment: Environment,
    /// The native gateway, if it is one.
    pub gateway_id: Option<GatewayId>,
    /// The product that is called; a route may belong to none.
    pub product_id: Option<ProductId>,
    /// Where the caller's connection comes from; none where nobody knows, and then it does not count.
    pub peer: Option<IpAddr>,
}

/// Judges a credential's record for a route, a caller's address and a time; see [`admit_at`].
///
/// # Errors
///
/// Those of [`admit_at`].
pub fn admit<'c>(
    matched: &Match<'_, '_>,
    credential: &'c Credential,
    peer: IpAddr,
    now_ms: i64,
) -> Result<Admitted<'c>, Refusal> {
    let place = Place {
        tenant_id: matched.gateway.tenant_id,
        environment: matched.gateway.environment,
        gateway_id: Some(matched.gateway.id),
        product_id: matched.route.product_id,
        peer: Some(peer),
    };
    admit_at(&place, credential, now_ms)
}

/// Judges a credential's record at a place and time.
///
/// # Errors
///
/// In this order: `credential-unknown` (another tenant's), `credential-revoked`,
/// `credential-expired`, `credential-suspended` (the key), `credential-out-of-scope` (another
/// environment), `address-not-allowed`, then per grant: `credential-out-of-scope` when none covers the route, and
/// `credential-suspended` when none that covers it is admitted.
pub fn admit_at<'c>(place: &Place, credential: &'c Credential, now_ms: i64) -> Result<Admitted<'c>, Refusal> {
    let refuse = |code, detail: &'static str| Err(Refusal::new(code, detail));
    if credential.tenant_id != place.tenant_id {
        // Whether the key exists elsewhere is nobody's business here.
        return refuse(ProblemCode::CredentialUnknown, "Nobody holds this key here.");
    }
    if credential.status == KeyStatus::Revoked {
        return refuse(
            ProblemCode::CredentialRevoked,
            "This key was revoked; it will not work again.",
        );
    }
    if credential
        .expires_at_ms
        .is_some_and(|expires_at_ms| now_ms >= expires_at_ms)
    {
        return refuse(
            ProblemCode::CredentialExpired,
            "This key, or this secret of it, has expired.",
        );
    }
    if credential.status == KeyStatus::Suspended {
        return refuse(ProblemCode::CredentialSuspended, "This key is suspended.");
    }
    if credential.environment != place.environment {
        return refuse(
            ProblemCode::CredentialOutOfScope,
            "This key is for the other environment: test keys work on test gateways, live keys on live ones.",
        );
    }
    if let (Some(list), Some(peer)) = (&credential.allowed_addresses, place.peer)
        && !list.allows(peer)
    {
        return refuse(
            ProblemCode::AddressNotAllowed,
            "This key may not be used from this address.",
        );
    }
    let mut any_covers = false;
    for (grant_at, grant) in credential.grants.iter().enumerate() {
        let Some(consumer_id) = covers(&grant.scope, place) else {
            continue;
        };
        if grant.admitted {
            return Ok(Admitted {
                key_id: credential.key_id,
                grant,
                grant_at,
                consumer_id,
            });
        }
        any_covers = true;
    }
    if any_covers {
        return refuse(
            ProblemCode::CredentialSuspended,
            "The subscription behind this key does not admit calls right now.",
        );
    }
    refuse(
        ProblemCode::CredentialOutOfScope,
        "This key works, but not for this route.",
    )
}

/// Whether a scope covers a place and, inside, for which API consumer.
fn covers(scope: &Scope, place: &Place) -> Option<Option<ConsumerId>> {
    match scope {
        Scope::Products(products) => place
            .product_id
            .is_some_and(|product| products.contains(&product))
            .then_some(None),
        Scope::Gateway {
            gateway_id,
            consumer_id,
        } => (Some(*gateway_id) == place.gateway_id).then_some(Some(*consumer_id)),
    }
}
