//! Judges a key for somebody else's gateway or middleware, as a native one would.

use std::net::IpAddr;

use chrono::{DateTime, TimeZone, Utc};
use gatewright_credentials::look_up;
use gatewright_database::TenantTx;
use gatewright_snapshot::{Credential, Place, Scope, admit_at};
use gatewright_types::access::Environment;
use gatewright_types::credential::{CREDENTIAL_MAX_LENGTH, KeyShape, client_id_shape, client_secret_shape, key_shape};
use gatewright_types::ids::{ConsumerId, CustomerId, GatewayId, KeyId, ProductId, SubscriptionId, TenantId};
use gatewright_types::{CredentialHash, ProblemCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::NativeError;

/// What is to be called with the key; what is absent is not asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted {
    /// Which keys work there.
    pub environment: Option<Environment>,
    /// The native gateway, if it is one.
    pub gateway_id: Option<GatewayId>,
    /// The product.
    pub product_id: Option<ProductId>,
    /// Where the caller's connection comes from.
    pub address: Option<IpAddr>,
}

/// What a caller showed.
#[derive(Clone, Copy)]
pub enum Shown<'s> {
    /// A key.
    Key(&'s str),
    /// A client id and a client secret.
    Pair(&'s str, &'s str),
}

/// Whether a key is admitted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Verdict {
    /// Whether it is.
    pub valid: bool,
    /// When it is not: the problem's code, as a gateway would answer.
    #[schema(value_type = Option<String>, example = "credential-revoked")]
    pub code: Option<&'static str>,
    /// When it is not: the same in a sentence.
    pub detail: Option<String>,
    /// When it is: the key.
    pub key_id: Option<KeyId>,
    /// When it is: whose subscription admits it.
    pub customer_id: Option<CustomerId>,
    /// When it is: the subscription.
    pub subscription_id: Option<SubscriptionId>,
    /// When it is one's: the API consumer.
    pub consumer_id: Option<ConsumerId>,
    /// When it is: from when on it is refused.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Verdict {
    fn refused(code: ProblemCode, detail: String) -> Self {
        Self {
            valid: false,
            code: Some(code.as_str()),
            detail: Some(detail),
            key_id: None,
            customer_id: None,
            subscription_id: None,
            consumer_id: None,
            expires_at: None,
        }
    }
}

/// Judges a credential of the tenant: a look-up by hash, and its live bindings.
pub async fn verify(tx: &mut TenantTx, shown: Shown<'_>, wanted: &Wanted) -> Result<Verdict, NativeError> {
    let unknown = || {
        Verdict::refused(
            ProblemCode::CredentialUnknown,
            "Nobody holds this credential here.".to_owned(),
        )
    };
    let Some(hash) = look_at(tx, shown).await? else {
        return Ok(unknown());
    };
    let found = look_up::by_hash(tx, &[hash]).await?;
    let Some(record) = found.first() else {
        return Ok(unknown());
    };
    let place = place(tx.tenant_id(), wanted, &record.credential);
    Ok(match admit_at(&place, &record.credential, tx.clock().now_ms()) {
        Err(refusal) => Verdict::refused(refusal.code, refusal.detail.into_owned()),
        Ok(admitted) => Verdict {
            valid: true,
            code: None,
            detail: None,
            key_id: Some(admitted.key_id),
            customer_id: Some(admitted.grant.customer_id),
            subscription_id: Some(admitted.grant.subscription_id),
            consumer_id: admitted.consumer_id,
            expires_at: record
                .credential
                .expires_at_ms
                .and_then(|at| Utc.timestamp_millis_opt(at).single()),
        },
    })
}

/// What is to be looked up; none for what cannot be one of ours, and for a secret of another client id.
async fn look_at(tx: &mut TenantTx, shown: Shown<'_>) -> Result<Option<CredentialHash>, NativeError> {
    match shown {
        Shown::Key(key) => {
            let right = key.len() <= CREDENTIAL_MAX_LENGTH && key_shape(key.as_bytes()) == KeyShape::Intact;
            Ok(right.then(|| CredentialHash::of(key.as_bytes())))
        }
        Shown::Pair(client_id, secret) => {
            if client_id_shape(client_id.as_bytes()) != KeyShape::Intact
                || client_secret_shape(secret.as_bytes()) != KeyShape::Intact
            {
                return Ok(None);
            }
            let hash = CredentialHash::of(secret.as_bytes());
            let is_pair = look_up::is_pair(tx, client_id, &hash).await?;
            Ok(is_pair.then_some(hash))
        }
    }
}

/// The place that is asked about; where neither gateway nor product is named, one that the key covers.
fn place(tenant_id: TenantId, wanted: &Wanted, credential: &Credential) -> Place {
    let (mut gateway_id, mut product_id) = (wanted.gateway_id, wanted.product_id);
    if gateway_id.is_none() && product_id.is_none() {
        let best = credential
            .grants
            .iter()
            .find(|grant| grant.admitted)
            .or(credential.grants.first());
        match best.map(|grant| &grant.scope) {
            Some(Scope::Products(products)) => product_id = products.first().copied(),
            Some(Scope::Gateway { gateway_id: only, .. }) => gateway_id = Some(*only),
            None => {}
        }
    }
    Place {
        tenant_id,
        environment: wanted.environment.unwrap_or(credential.environment),
        gateway_id,
        product_id,
        peer: wanted.address,
    }
}
