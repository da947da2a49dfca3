//! Everything of ours, and everything that could become ours, a page of consumers at a time.

use futures_util::future::{try_join, try_join3};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use gatewright_types::ids::GatewayId;
use secrecy::ExposeSecret;

use super::Kong;
use super::client::{Ask, CALLS_AT_ONCE};
use super::names::{Names, is_gatewrights};
use super::rows::{Consumer, Key};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Adoptable, AdoptableKey, AdoptedKey, Page, Scanned, fingerprint, mark};
use crate::wire::segment;

/// Consumers on a page: each costs some calls, so that a page stays a matter of seconds.
pub(crate) const CONSUMERS_PER_PAGE: u32 = 100;

impl Kong {
    /// A page of what carries a connection's mark.
    pub(crate) async fn scan(
        &self,
        link: &Link,
        connection_id: GatewayId,
        cursor: Option<String>,
    ) -> Result<Page<Scanned>, Fault> {
        let filter = format!("&tags={}", segment(&mark(connection_id)));
        let page = self.consumers(link, &filter, cursor).await?;
        let found = stream::iter(page.items).map(|consumer| self.scanned(link, connection_id, consumer));
        Ok(Page {
            items: found.buffered(CALLS_AT_ONCE).try_collect().await?,
            next: page.next,
        })
    }

    async fn scanned(&self, link: &Link, connection_id: GatewayId, consumer: Consumer) -> Result<Scanned, Fault> {
        let names = Names::found(connection_id, &consumer);
        let suspension = async {
            match &names {
                Some(names) => self.suspension(link, names).await,
                None => Ok(None),
            }
        };
        let (keys, memberships, suspension) = try_join3(
            self.keys(link, &consumer.id),
            self.memberships(link, &consumer.id),
            suspension,
        )
        .await?;
        Ok(Scanned {
            subscription_id: names.as_ref().map(Names::subscription_id),
            observed: self.observed(&consumer, names.as_ref(), keys, memberships, suspension),
            name: consumer.username.unwrap_or(consumer.id),
        })
    }

    /// A page of consumers that no Gatewright made. It may be empty and not the last.
    pub(crate) async fn adoptable(&self, link: &Link, cursor: Option<String>) -> Result<Page<Adoptable>, Fault> {
        let page = self.consumers(link, "", cursor).await?;
        let strangers = page.items.into_iter().filter(|consumer| !is_gatewrights(consumer));
        let found = stream::iter(strangers).map(|consumer| self.with_keys(link, consumer));
        Ok(Page {
            items: found.buffered(CALLS_AT_ONCE).try_collect().await?,
            next: page.next,
        })
    }

    /// One of them.
    pub(crate) async fn stranger(&self, link: &Link, remote_id: &str) -> Result<Option<Adoptable>, Fault> {
        match self.consumer(link, remote_id).await? {
            Some(consumer) if !is_gatewrights(&consumer) => Ok(Some(self.with_keys(link, consumer).await?)),
            _ => Ok(None),
        }
    }

    /// Takes away a key under somebody else's consumer, if it is still the one that was given to us.
    pub(crate) async fn release(&self, link: &Link, key: &AdoptedKey) -> Result<(), Fault> {
        let Some(found) = self.key(link, &key.consumer_id, &key.remote_id).await? else {
            return Ok(());
        };
        let secret = found
            .key
            .as_ref()
            .map(|secret| fingerprint(secret.expose_secret().as_bytes()));
        if key.fingerprint.is_some() && key.fingerprint != secret {
            let words = "the key was changed since it was adopted: whoever did that has to say what becomes of it";
            return Err(Fault::new(FaultKind::Foreign, words));
        }
        let path = format!(
            "/consumers/{}/key-auth/{}",
            segment(&key.consumer_id),
            segment(&key.remote_id)
        );
        self.caller.delete(link, Ask::new("key.delete", path)).await.map(drop)
    }

    async fn with_keys(&self, link: &Link, consumer: Consumer) -> Result<Adoptable, Fault> {
        let (keys, memberships) = try_join(self.keys(link, &consumer.id), self.memberships(link, &consumer.id)).await?;
        Ok(Adoptable {
            name: consumer
                .username
                .or(consumer.custom_id)
                .unwrap_or_else(|| consumer.id.clone()),
            remote_id: consumer.id,
            scope: memberships.into_iter().map(|row| row.group).collect(),
            keys: keys.into_iter().map(adoptable_key).collect(),
        })
    }

    async fn consumers(&self, link: &Link, filter: &str, cursor: Option<String>) -> Result<Page<Consumer>, Fault> {
        let ask = Ask::new("consumer.list", "/consumers");
        let page = self
            .caller
            .page(link, ask, (CONSUMERS_PER_PAGE, filter), cursor.as_deref())
            .await?;
        Ok(page.unwrap_or(Page {
            items: Vec::new(),
            next: None,
        }))
    }
}

fn adoptable_key(key: Key) -> AdoptableKey {
    AdoptableKey {
        expires_in_seconds: key.expires_in_seconds(),
        remote_id: key.id,
        secret: key.key,
    }
}
