//! Keys: two slots, of which one is free while none is being rotated.
//!
//! Whatever is written to a slot is written together with the display name that says so, and only to the subscription as
//! it was looked at a moment before.

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Azure;
use super::application::subscription_path;
use super::client::{Ask, Found};
use super::names::Names;
use super::observe::{remote_id, side_of};
use super::rows::{Keys, Named, Subscription};
use super::slots::{Holds, Side, Slots};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Applied, Observed, Secret, fingerprint};

/// How often a write is tried whose subscription changed meanwhile; Azure also says so without that being so.
const WRITES_MAX: u32 = 3;
/// What it says then.
const PRECONDITION_FAILED: u16 = 412;

impl Azure {
    /// Sees to it that the credential is there with its secret.
    pub(crate) async fn ensure_credential(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        secret: &Secret,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        match secret {
            Secret::Provided(secret) => {
                let seen = observed.credentials.iter().find(|one| one.number == Some(number));
                if let Some(seen) = seen.filter(|seen| seen.fingerprint == Some(of(secret))) {
                    return Ok(ensured(seen.remote_id.clone()));
                }
                self.give(link, names, number, secret).await
            }
            Secret::Generated => self.generate(link, names, number).await,
        }
    }

    async fn give(&self, link: &Link, names: &Names, number: u32, secret: &SecretString) -> Result<Applied, Fault> {
        let side = again(|| self.give_now(link, names, number, secret)).await?;
        Ok(ensured(remote_id(&names.sid(), side)))
    }

    async fn give_now(&self, link: &Link, names: &Names, number: u32, secret: &SecretString) -> Result<Side, Fault> {
        let (found, slots) = self.slots(link, names).await?.ok_or_else(missing)?;
        let side = match slots.holding(Holds::Number(number)) {
            Some(side) => Some(side),
            None => self.recognized(link, names, slots, secret).await?.or(free(slots)),
        };
        let side = side.ok_or_else(|| full(number))?;
        let slots = slots.with(side, Holds::Number(number));
        self.write(link, names, &found, slots, Some((side, secret))).await?;
        Ok(side)
    }

    /// Azure makes the value while nobody is told of it, then the slot is given its number, then the value is read: done
    /// again at any point, a value that was answered once is answered again.
    async fn generate(&self, link: &Link, names: &Names, number: u32) -> Result<Applied, Fault> {
        let side = again(|| self.generate_now(link, names, number)).await?;
        let value = shown(self.keys(link, names.sid()).await?, side)?;
        Ok(Applied {
            remote_id: Some(remote_id(&names.sid(), side)),
            generated: Some(value),
        })
    }

    async fn generate_now(&self, link: &Link, names: &Names, number: u32) -> Result<Side, Fault> {
        let (_, slots) = self.slots(link, names).await?.ok_or_else(missing)?;
        if let Some(side) = slots.holding(Holds::Number(number)) {
            return Ok(side);
        }
        let side = free(slots).ok_or_else(|| full(number))?;
        let path = format!("/subscriptions/{}/{}", names.sid(), side.regenerate());
        let made = self.caller.post(link, Ask::new("write.regenerateKey", path)).await?;
        made.ok_or_else(missing)?;
        // Making it changed the subscription, and perhaps somebody else did.
        let (found, now) = self.slots(link, names).await?.ok_or_else(missing)?;
        if now != slots {
            return Err(Fault::new(FaultKind::Conflict, "another key was written meanwhile"));
        }
        let slots = slots.with(side, Holds::Number(number));
        self.write(link, names, &found, slots, None).await?;
        Ok(side)
    }

    /// Puts a value that nobody knows where the credential was.
    pub(crate) async fn drop_credential(
        &self,
        link: &Link,
        names: &Names,
        number: Option<u32>,
        id: Option<&str>,
    ) -> Result<Applied, Fault> {
        if number.is_none() && id.is_none() {
            let words = "a credential has neither a number nor an id to drop it by";
            return Err(Fault::new(FaultKind::Invalid, words));
        }
        let side = again(|| self.drop_now(link, names, number, id)).await?;
        Ok(Applied {
            remote_id: side.map(|side| remote_id(&names.sid(), side)),
            generated: None,
        })
    }

    async fn drop_now(
        &self,
        link: &Link,
        names: &Names,
        number: Option<u32>,
        id: Option<&str>,
    ) -> Result<Option<Side>, Fault> {
        let Some((found, slots)) = self.slots(link, names).await? else {
            return Ok(None);
        };
        let named = || id.and_then(|id| side_of(&names.sid(), id));
        let side = match number {
            Some(number) => slots.holding(Holds::Number(number)),
            // Only what nobody has claimed since.
            None => named().filter(|side| slots.at(*side) == Holds::Unknown),
        };
        if let Some(side) = side {
            let nobodys = SecretString::from(self.nobodys_key());
            let slots = slots.with(side, Holds::Nothing);
            if names.first().is_some() && slots == Slots::EMPTY {
                // It was there for this key.
                self.delete_subscription(link, names, &found.etag).await?;
                return Ok(Some(side));
            }
            self.write(link, names, &found, slots, Some((side, &nobodys))).await?;
        }
        Ok(side)
    }

    /// The subscription as it is now, and which of our keys are where; none: there is no subscription.
    async fn slots(&self, link: &Link, names: &Names) -> Result<Option<(Found<Named<Subscription>>, Slots)>, Fault> {
        let found = self.ours(link, names).await?;
        Ok(found.map(|found| {
            let slots = names.slots(&found.object.properties).unwrap_or(Slots::UNKNOWN);
            (found, slots)
        }))
    }

    /// Says which keys are where, and at the same time puts one there.
    async fn write(
        &self,
        link: &Link,
        names: &Names,
        found: &Found<Named<Subscription>>,
        slots: Slots,
        key: Option<(Side, &SecretString)>,
    ) -> Result<(), Fault> {
        let mut change = json!({ "displayName": names.display(&slots) });
        if let Some((side, secret)) = key {
            change[side.property()] = secret.expose_secret().into();
        }
        let ask = Ask::new("write.subscription", subscription_path(&names.sid())).secret();
        let there = self.caller.patch(link, ask.body(&change).if_match(&found.etag)).await?;
        there.then_some(()).ok_or_else(missing)
    }

    /// Where a key of ours already is whose number was lost with the display name.
    async fn recognized(
        &self,
        link: &Link,
        names: &Names,
        slots: Slots,
        secret: &SecretString,
    ) -> Result<Option<Side>, Fault> {
        if slots.holding(Holds::Unknown).is_none() {
            return Ok(None);
        }
        let Some(keys) = self.keys(link, names.sid()).await? else {
            return Ok(None);
        };
        let has_it = |side: &Side| side.of(&keys).is_some_and(|key| of(key) == of(secret));
        let mut unknown = Side::BOTH.into_iter().filter(|side| slots.at(*side) == Holds::Unknown);
        Ok(unknown.find(has_it))
    }
}

/// Looks and writes again where the subscription was changed between the two.
async fn again<T, F: Future<Output = Result<T, Fault>>>(write: impl Fn() -> F) -> Result<T, Fault> {
    let mut tried = 1;
    loop {
        match write().await {
            Err(fault) if fault.status == Some(PRECONDITION_FAILED) && tried < WRITES_MAX => tried += 1,
            written => return written,
        }
    }
}

/// Where a key can be put: a slot with nothing in it, else one of which nobody knows what it holds.
fn free(slots: Slots) -> Option<Side> {
    slots.holding(Holds::Nothing).or(slots.holding(Holds::Unknown))
}

/// A value that Azure made.
pub(crate) fn shown(keys: Option<Keys>, side: Side) -> Result<SecretString, Fault> {
    let value = keys.and_then(|keys| side.of(&keys).cloned());
    value.ok_or_else(|| Fault::new(FaultKind::Unsupported, "Azure made a key and does not show it"))
}

fn full(number: u32) -> Fault {
    let words = format!(
        "key {number} has no room: Azure has two for a subscription, and both are in use until an old one ends"
    );
    Fault::new(FaultKind::Conflict, words)
}

fn missing() -> Fault {
    Fault::new(FaultKind::NotFound, "the subscription is not there")
}

fn of(secret: &SecretString) -> [u8; 32] {
    fingerprint(secret.expose_secret().as_bytes())
}

fn ensured(id: String) -> Applied {
    Applied {
        remote_id: Some(id),
        generated: None,
    }
}
