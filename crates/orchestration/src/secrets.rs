//! The secrets of an attempt: copies that are kept for it, read back from another gateway, and taken in from one that makes them.
//!
//! A secret is in memory for one attempt and sealed in the database; never anywhere else.

use gatewright_connectors::model::Applied;
use gatewright_connectors::{Application, Fault, FaultKind, Link, Observed};
use gatewright_credentials::sealed;
use gatewright_database::{DatabaseError, TenantTx};
use gatewright_types::ids::TenantId;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use crate::OrchestrationError;
use crate::converge::Prepared;
use crate::engine::Orchestrator;
use crate::model::{Connection, ConnectionState, SecretMode, SecretState};
use crate::plan::{Action, Desired, Standing};
use crate::store::credentials;

/// As what a secret that a gateway made is sealed.
pub(crate) const GENERATED_KIND: &str = "gateway-secret";

impl Orchestrator {
    /// Reads a secret whose copy is erased back from a gateway that has it, in memory, for this one call. That may be the
    /// very gateway: where a scope hangs on a key, the key is written again with another one.
    pub(crate) async fn recover(
        &self,
        tenant_id: TenantId,
        prepared: &Prepared,
        application: &Application,
        number: i32,
    ) -> Result<Option<SecretString>, Fault> {
        match prepared.credentials.iter().find(|row| row.number == number) {
            Some(wanted) => self.read_back(tenant_id, wanted, application).await,
            None => Ok(None),
        }
    }

    /// Reads the secret of a credential back from a gateway that has it: from its own, or from another one where it is the same.
    pub(crate) async fn read_back(
        &self,
        tenant_id: TenantId,
        wanted: &credentials::Row,
        application: &Application,
    ) -> Result<Option<SecretString>, Fault> {
        let away = |_| Fault::new(FaultKind::Transient, "the database is away");
        let mut tx = self.tenant(tenant_id).await.map_err(away)?;
        let rows = credentials::of_subscription(&mut tx, wanted.subscription_id)
            .await
            .map_err(|error| away(DatabaseError::from(error)))?;
        let mut places = Vec::new();
        for row in rows {
            let has_it = row.key_id == wanted.key_id
                && row.secret_version == wanted.secret_version
                && row.confirmed_at.is_some();
            if has_it
                && row.removed_at.is_none()
                && let Ok(Ok((connection, connector))) = self.connector(&mut tx, row.connection_id).await
            {
                places.push((connection, connector, row.number));
            }
        }
        drop(tx);
        places.sort_by_key(|(connection, ..)| connection.id != wanted.connection_id);
        for (connection, connector, number) in places {
            if !connector.capabilities().reads_secret_back || connection.state != ConnectionState::Connected {
                continue;
            }
            let link = self.link(&connection);
            let there = Application {
                connection_id: connection.id,
                ..*application
            };
            let Ok(observed) = connector.observe(&link, &there).await else {
                continue;
            };
            let found = observed
                .credentials
                .iter()
                .find(|found| found.number.map(i64::from) == Some(i64::from(number)));
            let Some(found) = found else { continue };
            if let Ok(Some(secret)) = connector.read_secret(&link, &there, found).await
                && wanted.fingerprint.as_deref()
                    == Some(&gatewright_connectors::model::fingerprint(secret.expose_secret().as_bytes())[..])
            {
                return Ok(Some(secret));
            }
        }
        Ok(None)
    }

    /// Before a suspended key's secret is taken from a gateway that cannot suspend it: keeps a copy for when it comes back.
    /// A failure only means that the key needs a rotation then.
    pub(crate) async fn remember(
        &self,
        tenant_id: TenantId,
        link: &Link,
        application: &Application,
        prepared: &Prepared,
        observed: &Observed,
        number: u32,
    ) {
        let row = prepared
            .credentials
            .iter()
            .find(|row| i64::from(row.number) == i64::from(number));
        let found = observed.credentials.iter().find(|found| found.number == Some(number));
        let (Some(row), Some(found)) = (row, found) else { return };
        let provided = prepared.connection.secret_mode == SecretMode::PlatformProvided;
        if !provided
            || !prepared.suspended.contains(&row.key_id)
            || !prepared.connector.capabilities().reads_secret_back
        {
            return;
        }
        let Ok(Some(secret)) = prepared.connector.read_secret(link, application, found).await else {
            return;
        };
        let keep = async {
            let mut tx = self.tenant(tenant_id).await?;
            sealed::keep(&mut tx, row.key_id, row.secret_version, &secret).await?;
            tx.commit().await?;
            Ok::<(), OrchestrationError>(())
        };
        if let Err(error) = keep.await {
            tracing::warn!(%error, "the copy of a suspended key's secret could not be kept");
        }
    }

    /// Keeps a secret that a gateway made before anything else happens.
    pub(crate) async fn take_in(
        &self,
        tenant_id: TenantId,
        prepared: &mut Prepared,
        action: &Action,
        applied: Applied,
    ) -> Result<(), Fault> {
        if let Some(remote_id) = &applied.remote_id
            && matches!(action, Action::Application)
        {
            prepared.row.remote_id = Some(remote_id.clone());
        }
        let (Action::Credential { number, .. }, Some(secret)) = (action, applied.generated) else {
            return Ok(());
        };
        let fingerprint = gatewright_connectors::model::fingerprint(secret.expose_secret().as_bytes());
        let Some(row) = prepared
            .credentials
            .iter_mut()
            .find(|row| i64::from(row.number) == i64::from(*number))
        else {
            return Ok(());
        };
        // The same as before, as when only its scope has changed: it was revealed, or waits for that, and is not again.
        if row.fingerprint.as_deref() == Some(&fingerprint[..]) {
            return Ok(());
        }
        let keep = async {
            let mut tx = self.tenant(tenant_id).await?;
            let id = sealing_id(row);
            let sealed = tx.seal(GENERATED_KIND, id, row.number.cast_unsigned(), &secret).await?;
            // Known from here on, and not before: a secret that is not kept is asked for again.
            row.fingerprint = Some(fingerprint.to_vec());
            row.secret = Some(SecretState::Ready);
            row.generated = Some(sealed.as_bytes().to_vec());
            credentials::update(&mut tx, row).await?;
            tx.commit().await?;
            Ok::<(), OrchestrationError>(())
        };
        if let Some(wanted) = prepared
            .desired
            .credentials
            .iter_mut()
            .find(|wanted| wanted.number == *number)
        {
            wanted.fingerprint = Some(fingerprint);
        }
        keep.await.map_err(|error| {
            tracing::warn!(%error, "the secret that a gateway made could not be kept");
            Fault::new(
                FaultKind::Transient,
                "the secret that the gateway made could not be kept",
            )
        })
    }
}

/// What a generated secret is sealed for: the key, on this gateway.
pub(crate) fn sealing_id(row: &credentials::Row) -> Uuid {
    let name = format!("{}|{}", row.connection_id, row.subscription_id);
    Uuid::new_v5(&row.key_id.uuid(), name.as_bytes())
}

/// Opens the copies of secrets that were not confirmed here yet.
pub(crate) async fn copies(
    tx: &mut TenantTx,
    connection: &Connection,
    desired: &Desired,
    rows: &[credentials::Row],
) -> Result<Vec<(i32, SecretString)>, OrchestrationError> {
    let mut copies = Vec::new();
    if connection.secret_mode == SecretMode::GatewayGenerated || desired.standing == Standing::Absent {
        return Ok(copies);
    }
    for row in rows {
        let wanted = desired
            .credentials
            .iter()
            .any(|wanted| i64::from(wanted.number) == i64::from(row.number) && !wanted.superseded);
        if wanted && let Some(secret) = sealed::open(tx, row.key_id, row.secret_version).await? {
            copies.push((row.number, secret));
        }
    }
    Ok(copies)
}
