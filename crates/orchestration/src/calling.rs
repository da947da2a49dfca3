//! Calling a product on a connected gateway in a developer's place: where it is, who has a key there, and the key.
//!
//! The raw key is in memory for one call. It comes from its sealed copy or, where that is erased, from a gateway that shows it.

use gatewright_connectors::Application;
use gatewright_credentials::sealed;
use gatewright_database::{PageRequest, TenantTx};
use gatewright_types::ids::{GatewayId, KeyId, ProductId, SubscriptionId};
use gatewright_vault::Sealed;
use secrecy::SecretString;

use crate::OrchestrationError;
use crate::connections::{self, CONNECTIONS_MAX};
use crate::engine::Orchestrator;
use crate::model::{Connection, ConnectionState, ProductMapping, SecretMode};
use crate::secrets::{GENERATED_KIND, sealing_id};
use crate::store::{self, credentials};

/// A connected gateway where a product can be called.
#[derive(Clone, Debug)]
pub struct Callable {
    /// The gateway.
    pub connection: Connection,
    /// What stands for the product there.
    pub mapping: ProductMapping,
}

/// A key that a connected gateway has read back, and admits as far as the key's own state goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// On which gateway.
    pub connection_id: GatewayId,
    /// Which key.
    pub key_id: KeyId,
    /// Which of the key's secrets.
    pub secret_version: i32,
}

/// Connected gateways where somebody said how callers reach the product; those that are being disconnected are none.
pub async fn of_product(tx: &mut TenantTx, id: ProductId) -> Result<Vec<Callable>, OrchestrationError> {
    let mut mappings = store::mappings::of_products(tx, &[id]).await?;
    mappings.retain(|mapping| mapping.public_url.is_some());
    if mappings.is_empty() {
        return Ok(Vec::new());
    }
    let all = PageRequest {
        after: None,
        limit: u16::try_from(CONNECTIONS_MAX).unwrap_or(u16::MAX),
    };
    let connections = store::connections::list(tx, all).await?;
    let callable = mappings.into_iter().filter_map(|mapping| {
        let connection = connections.iter().find(|one| one.id == mapping.gateway_id)?.clone();
        (connection.state != ConnectionState::Disconnecting).then_some(Callable { connection, mapping })
    });
    Ok(callable.collect())
}

/// Where these keys are.
pub async fn held(tx: &mut TenantTx, keys: &[KeyId]) -> Result<Vec<Held>, OrchestrationError> {
    Ok(credentials::held(tx, keys).await?)
}

/// A key on a connected gateway, found; its secret may have to be read back.
pub struct Found {
    row: credentials::Row,
    application: Application,
    opened: Option<SecretString>,
}

impl Orchestrator {
    /// Looks for a key's current secret on a connected gateway. None: the gateway does not have it.
    pub async fn find_secret(
        &self,
        tx: &mut TenantTx,
        connection_id: GatewayId,
        subscription_ids: &[SubscriptionId],
        (key_id, secret_version): (KeyId, i32),
    ) -> Result<Option<Found>, OrchestrationError> {
        let connection = connections::get(tx, connection_id).await?;
        let found = credentials::find(tx, connection_id, subscription_ids, (key_id, secret_version)).await?;
        let Some((row, customer_id)) = found else {
            return Ok(None);
        };
        let opened = match (connection.secret_mode, &row.generated) {
            (SecretMode::PlatformProvided, _) => sealed::open(tx, key_id, secret_version).await?,
            (SecretMode::GatewayGenerated, None) => None,
            (SecretMode::GatewayGenerated, Some(bytes)) => {
                let sealed = Sealed::from_bytes(bytes.clone()).map_err(gatewright_database::DatabaseError::from)?;
                let number = row.number.cast_unsigned();
                Some(tx.open(GENERATED_KIND, sealing_id(&row), number, &sealed).await?)
            }
        };
        let application = Application {
            connection_id,
            customer_id,
            subscription_id: row.subscription_id,
        };
        Ok(Some(Found {
            row,
            application,
            opened,
        }))
    }

    /// The secret itself; calls a gateway where no copy is kept, so no transaction may be open. None: nobody knows it any more.
    pub async fn secret(
        &self,
        tenant_id: gatewright_types::ids::TenantId,
        found: Found,
    ) -> Result<Option<SecretString>, OrchestrationError> {
        if found.opened.is_some() {
            return Ok(found.opened);
        }
        // What cannot be asked now is not known now.
        let read = self.read_back(tenant_id, &found.row, &found.application).await;
        Ok(read.unwrap_or_default())
    }
}
