//! When a key under an old consumer goes.

use chrono::{DateTime, Utc};
use gatewright_connectors::model::AdoptedKey;
use gatewright_connectors::{Fault, FaultKind, Link};
use gatewright_database::DatabaseError;
use gatewright_types::access::KeyStatus;
use gatewright_types::ids::{KeyId, TenantId};

use crate::converge::{Prepared, Progress};
use crate::desired::Facts;
use crate::engine::Orchestrator;
use crate::model::ConnectionState;
use crate::plan::{Desired, Standing};
use crate::store::{self, credentials};

/// As what the provisioning audit shows it.
const OPERATION: &str = "RELEASE_ADOPTED";
/// The version of a key's secret that was adopted.
const ADOPTED_VERSION: i32 = 1;

/// A key that is still under its old consumer.
#[derive(Clone, Debug)]
pub(crate) struct Takeover {
    pub(crate) key_id: KeyId,
    pub(crate) key: AdoptedKey,
    pub(crate) when: When,
}

/// When it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum When {
    /// Before anything else: nobody may use it any more.
    Now,
    /// Just before ours is made in its place, as the credential of this number.
    ForOurs(u32),
    /// Not yet.
    Later,
}

/// When a key goes, and when that has to be looked at again. `old_valid_until` is the end of its rotation's overlap.
pub(crate) fn decide(
    key_id: KeyId,
    key: &AdoptedKey,
    facts: &Facts<'_>,
    desired: &Desired,
    rows: &[credentials::Row],
    old_valid_until: Option<DateTime<Utc>>,
) -> (When, Option<DateTime<Utc>>) {
    // What we made there is taken away; that is not ours yet.
    if facts.connection.state == ConnectionState::Disconnecting {
        return (When::Later, None);
    }
    let ends = matches!(desired.standing, Standing::Absent | Standing::Suspended);
    let secret = facts.secrets.iter().find(|secret| secret.key_id == key_id);
    let Some(secret) = secret.filter(|secret| !ends && secret.status == KeyStatus::Active) else {
        return (When::Now, None);
    };
    if secret.secret_version == ADOPTED_VERSION && secret.expires_at.is_some_and(|at| at <= facts.now) {
        return (When::Now, None);
    }
    if key.fingerprint.is_some() {
        let is_its = |row: &&credentials::Row| row.key_id == key_id && row.secret_version == ADOPTED_VERSION;
        let row = rows.iter().find(is_its);
        let number = row.and_then(|row| u32::try_from(row.number).ok());
        let wanted = desired.credentials.iter().find(|wanted| Some(wanted.number) == number);
        return match wanted {
            None => (When::Now, None),
            // It was rotated before ours took its place: it is the old one of the overlap.
            Some(wanted) if wanted.superseded => (When::Later, None),
            Some(wanted) => (When::ForOurs(wanted.number), None),
        };
    }
    // Nobody but its customer knows it: it is valid until the overlap of its first rotation has ended, which may be at once.
    match old_valid_until {
        _ if secret.secret_version == ADOPTED_VERSION => (When::Later, None),
        Some(at) if at > facts.now => (When::Later, Some(at)),
        _ => (When::Now, None),
    }
}

impl Orchestrator {
    /// Takes a key away from its old consumer and notes that.
    pub(crate) async fn release(
        &self,
        tenant_id: TenantId,
        link: &Link,
        prepared: &Prepared,
        takeover: &Takeover,
        progress: &mut Progress,
    ) -> Result<(), Fault> {
        let begun = self.begin();
        let result = prepared.connector.release(link, &takeover.key).await;
        let number = match takeover.when {
            When::ForOurs(number) => i32::try_from(number).ok(),
            When::Now | When::Later => None,
        };
        let attempt = self.attempt(OPERATION, number, prepared, begun, result.as_ref().err());
        progress.attempts.push(attempt);
        result?;
        let noted = async {
            let mut tx = self.tenant(tenant_id).await?;
            let now = tx.now();
            let application = prepared.row.key();
            store::adoptions::released(&mut tx, application, takeover.key_id, now).await?;
            tx.commit().await
        };
        noted
            .await
            .map_err(|_: DatabaseError| Fault::new(FaultKind::Transient, "the database is away"))
    }
}
