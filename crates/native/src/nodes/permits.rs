//! Signing permits, and telling the nodes what verifies them.
//!
//! The key is derived from the active master key, so it is kept nowhere and changes with it (decision 0057). The first permit that is
//! signed with a key announces it: the public half becomes part of the configuration.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use gatewright_database::SystemUse;
use gatewright_snapshot::config::PermitKey;
use gatewright_snapshot::permit::{self, Claims};
use gatewright_snapshot::protocol::News;
use gatewright_types::Rng;
use gatewright_vault::SigningKey;
use secrecy::SecretString;

use super::Nodes;
use crate::{NativeError, store};

/// What the key is derived from a master key for.
const PURPOSE: &str = "permits/1";
/// How long it is believed that this process's key is the one that nodes know.
const ANNOUNCED_BELIEVED: Duration = Duration::from_mins(5);
/// How long a key verifies after another one took its place: longer than it is believed, and a permit lives.
const SUPERSEDED_VERIFIES: TimeDelta = TimeDelta::minutes(10);

/// The key that was announced last by this process, and when that was found to be so.
#[derive(Default)]
pub(super) struct Announced(Mutex<Option<(Vec<u8>, Instant)>>);

impl Announced {
    fn is(&self, public: &[u8]) -> bool {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is = |(key, at): &(Vec<u8>, Instant)| key == public && at.elapsed() < ANNOUNCED_BELIEVED;
        held.as_ref().is_some_and(is)
    }

    fn set(&self, public: &[u8]) {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *held = Some((public.to_vec(), Instant::now()));
    }
}

/// The call that a permit is for.
pub struct PermittedCall {
    /// The gateway.
    pub gateway_id: gatewright_types::ids::GatewayId,
    /// The credential.
    pub hash: gatewright_types::CredentialHash,
    /// The request's method, in capitals.
    pub method: String,
    /// Its path and query, byte for byte.
    pub target: String,
    /// Who asked for it.
    pub address: std::net::IpAddr,
}

impl Nodes {
    /// A permit as a value of `Authorization`. None for a process without master keys.
    ///
    /// The caller has made sure that whoever asks may use the key: a node does not ask again.
    pub async fn permit(&self, call: PermittedCall) -> Result<Option<SecretString>, NativeError> {
        let Some(vault) = self.database.vault() else {
            return Ok(None);
        };
        let key = vault.keyring().active().signing_key(PURPOSE);
        if !self.announced.is(key.public()) {
            self.announce(&key).await?;
        }
        let now = self.database.clock().now().timestamp();
        let claims = Claims {
            aud: call.gateway_id,
            sub: call.hash,
            htm: call.method,
            htu: call.target,
            adr: call.address,
            iat: now,
            exp: now + permit::VALID_SECONDS,
            jti: random_id(self.database.rng()),
        };
        let id = PermitKey::new(key.public(), None).id;
        let token = permit::write(&claims, &id, |message| key.sign(message));
        Ok(Some(format!("{}{token}", permit::SCHEME).into()))
    }

    /// Makes sure that every node has the key, or will have it; waits for live ones as any news does.
    async fn announce(&self, key: &SigningKey) -> Result<(), NativeError> {
        let mut tx = self.database.system(SystemUse::TellNodes).await?;
        let now = self.database.clock().now();
        if store::permit_keys::is_current(&mut tx, key.public()).await? {
            tx.close().await?;
        } else {
            store::permit_keys::announce(&mut tx, key.public(), now, now + SUPERSEDED_VERIFIES).await?;
            let news = vec![News::Configuration { seq: 0 }];
            let written = store::news::insert(&mut tx, now, &news).await?;
            tx.commit().await?;
            self.tell(written, news, None).await;
        }
        self.announced.set(key.public());
        Ok(())
    }
}

fn random_id(rng: &Rng) -> String {
    format!("{:032x}", u128::from_be_bytes(rng.bytes()))
}
