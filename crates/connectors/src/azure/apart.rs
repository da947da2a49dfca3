//! A subscription of its own for each key ([`crate::choice::Layout::OnePerKey`]): it is called by the key's first number and
//! opens the one product that the key is narrowed to. Its two slots are for that key's rotations.
//!
//! It is made with its key and goes with it, in one write each, so there is none without a key of ours. What touches one user
//! at the same time Azure refuses, so they are written one after the other.

use std::collections::BTreeSet;

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Azure;
use super::application::{applied, subscription_path};
use super::client::{Ask, CALLS_AT_ONCE};
use super::credential::shown;
use super::names::{Names, scope_of};
use super::observe::{observed, remote_id};
use super::rows::{Keys, Named, Subscription};
use super::scope::one;
use super::slots::{Holds, Side, Slots};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Applied, Observed, ObservedCredential, Secret};
use crate::wire::segment;

/// Most subscriptions of one application that are read.
const APART_MAX: usize = 1_000;

/// A key as it is wanted in a subscription of its own.
pub(crate) struct Wanted<'a> {
    pub(crate) number: u32,
    pub(crate) secret: &'a Secret,
    pub(crate) scope: &'a BTreeSet<String>,
    /// Otherwise its subscription is suspended.
    pub(crate) admitted: bool,
}

/// A subscription of one key, with its names.
pub(crate) type Own = (Names, Subscription);

impl Azure {
    /// Those of an application, in the order of their keys.
    pub(crate) async fn apart(&self, link: &Link, names: &Names) -> Result<Vec<Own>, Fault> {
        let filter = segment(&format!("startswith(name,'{}')", names.apart_prefix()));
        let path = format!("/subscriptions?%24filter={filter}");
        let all = self
            .caller
            .all::<Named<Subscription>>(link, "read.subscriptions", &path, APART_MAX);
        let mut own: Vec<Own> = Vec::new();
        for found in all.await?.into_iter().flatten() {
            let Some(first) = names.first_of(&found.name) else {
                continue;
            };
            let names = names.at(first);
            names.check_ours(&found.properties)?;
            own.push((names, found.properties));
        }
        own.sort_unstable_by_key(|(names, _)| names.first());
        Ok(own)
    }

    /// What is there of an application whose keys have a subscription each.
    pub(crate) async fn observe_apart(&self, link: &Link, names: &Names) -> Result<Observed, Fault> {
        let (own, user) = try_join(self.apart(link, names), self.user(link, names)).await?;
        let user = user.map(|found| found.object.properties);
        if own.is_empty() {
            // What is left of it where taking its last key away broke off.
            let left = match &user {
                Some(user) => names.check_ours_too(user).is_ok() && !self.owns_others(link, names).await?,
                None => false,
            };
            return Ok(Observed {
                exists: left,
                remote_id: left.then(|| names.sid()),
                ..Observed::default()
            });
        }
        let mut observed = self.look_into(link, names, own).await?;
        if names.has_users() {
            observed.misnamed |= user.is_none();
            observed.unsettled |= !observed.suspended && user.is_some_and(|user| !user.is_active());
        }
        Ok(observed)
    }

    /// The same of subscriptions that were listed, with their keys.
    pub(crate) async fn look_into(&self, link: &Link, names: &Names, own: Vec<Own>) -> Result<Observed, Fault> {
        let keys = own.iter().map(|(names, _)| self.keys(link, names.sid()));
        let keys: Vec<Option<Keys>> = stream::iter(keys.collect::<Vec<_>>())
            .buffered(CALLS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(together(names, &own, &keys))
    }

    /// Sees to it that a key has its subscription, which opens what the key may call, and is in it.
    pub(crate) async fn ensure_apart(
        &self,
        link: &Link,
        names: &Names,
        wanted: Wanted<'_>,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let product = one(wanted.scope)?;
        let (user, found) = try_join(self.user(link, names), self.ours(link, names)).await?;
        let Some(found) = found else {
            let Some(product) = product else {
                // Without anything to open there is no subscription, and nobody admitted.
                return Ok(applied(names));
            };
            self.ensure_user(link, names, user).await?;
            return self.make_apart(link, names, &wanted, product).await;
        };
        let is = &found.object.properties;
        let state = if wanted.admitted && product.is_some() {
            "active"
        } else {
            "suspended"
        };
        let mut change = json!({});
        if let Some(product) = product.filter(|product| scope_of(&is.scope) != *product) {
            change["scope"] = format!("/products/{product}").into();
        }
        if is.state != state {
            change["state"] = state.into();
        }
        if change.as_object().is_some_and(|change| !change.is_empty()) {
            self.change(link, names, &change).await?;
        }
        self.ensure_credential(link, names, wanted.number, wanted.secret, observed)
            .await
    }

    /// The subscription together with its key: left out, Azure makes the value.
    async fn make_apart(
        &self,
        link: &Link,
        names: &Names,
        wanted: &Wanted<'_>,
        product: &str,
    ) -> Result<Applied, Fault> {
        let slots = Slots::EMPTY.with(Side::Primary, Holds::Number(wanted.number));
        let mut subscription = json!({
            "scope": format!("/products/{product}"),
            "displayName": names.display(&slots),
            "state": if wanted.admitted { "active" } else { "suspended" },
            "secondaryKey": self.nobodys_key(),
            "allowTracing": false,
        });
        if let Secret::Provided(secret) = wanted.secret {
            subscription["primaryKey"] = secret.expose_secret().into();
        }
        if names.has_users() {
            subscription["ownerId"] = names.owner().into();
        }
        let ask = Ask::new("write.subscription", subscription_path(&names.sid()));
        self.caller.put(link, ask.body(&subscription).secret()).await?;
        let generated = match wanted.secret {
            Secret::Provided(_) => None,
            Secret::Generated => Some(shown(self.keys(link, names.sid()).await?, Side::Primary)?),
        };
        Ok(Applied {
            remote_id: Some(remote_id(&names.sid(), Side::Primary)),
            generated,
        })
    }

    /// Puts the names of those right that go by others.
    pub(crate) async fn name_apart(&self, link: &Link, names: &Names) -> Result<Applied, Fault> {
        let (user, own) = try_join(self.user(link, names), self.apart(link, names)).await?;
        if !own.is_empty() {
            self.ensure_user(link, names, user).await?;
        }
        for (names, subscription) in &own {
            if !names.are_on(subscription)
                && let Some(found) = self.ours(link, names).await?
            {
                self.put_names_right(link, names, &found).await?;
            }
        }
        Ok(applied(names))
    }

    /// Suspends all of them; one without a key of ours goes, and where there is none, the user that is left.
    pub(crate) async fn suspend_apart(&self, link: &Link, names: &Names) -> Result<(), Fault> {
        let mut failed = None;
        let mut left = false;
        for (names, subscription) in self.apart(link, names).await? {
            let done = if is_empty(&names, &subscription) {
                self.delete_subscription(link, &names, "*").await
            } else {
                left = true;
                self.change(link, &names, &json!({ "state": "suspended" })).await
            };
            // As many as possible, at once.
            if let Err(fault) = done {
                failed.get_or_insert(fault);
            }
        }
        match failed {
            Some(fault) => Err(fault),
            None if left => Ok(()),
            None => self.drop_user(link, names).await,
        }
    }

    /// Lets the user in again, and then the keys that are for one of these products.
    pub(crate) async fn reactivate_apart(
        &self,
        link: &Link,
        names: &Names,
        products: &BTreeSet<String>,
    ) -> Result<(), Fault> {
        let (user, own) = try_join(self.user(link, names), self.apart(link, names)).await?;
        if !own.is_empty() {
            self.ensure_user(link, names, user).await?;
        }
        for (names, subscription) in &own {
            let opens = products.contains(&scope_of(&subscription.scope));
            if opens && subscription.state != "active" && !is_empty(names, subscription) {
                self.change(link, names, &json!({ "state": "active" })).await?;
            }
        }
        Ok(())
    }

    /// The names of the subscription that a credential is in: by the id that was seen, else by its number.
    pub(crate) async fn holder(
        &self,
        link: &Link,
        names: &Names,
        number: Option<u32>,
        remote_id: Option<&str>,
    ) -> Result<Names, Fault> {
        let seen = remote_id.and_then(|id| id.rsplit_once('/'));
        if let Some(first) = seen.and_then(|(sid, _)| names.first_of(sid)) {
            return Ok(names.at(first));
        }
        let Some(number) = number.filter(|_| self.is_apart() && remote_id.is_none()) else {
            return Ok(*names);
        };
        let holds = |(names, subscription): &Own| {
            let slots = names.slots(subscription)?;
            slots.holding(Holds::Number(number))
        };
        let own = self.apart(link, names).await?;
        Ok(own.iter().find(|own| holds(own).is_some()).map_or(*names, |own| own.0))
    }

    /// Takes a subscription away, if it is as it was seen.
    pub(crate) async fn delete_subscription(&self, link: &Link, names: &Names, etag: &str) -> Result<(), Fault> {
        let ask = Ask::new("delete.subscription", format!("/subscriptions/{}", names.sid()));
        self.caller.delete(link, ask.if_match(etag)).await.map(drop)
    }

    /// Why what an application has in common is not to be set here.
    pub(crate) fn no_common_scope() -> Fault {
        let words = "each key opens what its own subscription is for, and nothing is opened by all together";
        Fault::new(FaultKind::Unsupported, words)
    }

    /// Changes a subscription however it is by now: none of this depends on what it was. Gone is gone.
    pub(crate) async fn change(&self, link: &Link, names: &Names, properties: &Value) -> Result<(), Fault> {
        let ask = Ask::new("write.subscription", subscription_path(&names.sid()));
        self.caller.patch(link, ask.body(properties).if_match("*")).await?;
        Ok(())
    }
}

/// Several subscriptions as one application; `keys` is empty where they were not asked for.
pub(crate) fn together(names: &Names, own: &[Own], keys: &[Option<Keys>]) -> Observed {
    let mut whole = Observed {
        exists: true,
        remote_id: Some(names.application_name()),
        ..Observed::default()
    };
    let (mut suspended, mut working) = (false, false);
    for (place, (names, subscription)) in own.iter().enumerate() {
        let keys = keys.get(place).and_then(Option::as_ref);
        let one = observed(names, &names.sid(), subscription, keys);
        whole.misnamed |= one.misnamed;
        if one.credentials.is_empty() {
            continue;
        }
        suspended |= one.suspended;
        working |= !one.suspended;
        let scope = one.scope;
        whole
            .credentials
            .extend(one.credentials.into_iter().map(|credential| ObservedCredential {
                scope: scope.clone(),
                ..credential
            }));
    }
    whole.suspended = suspended && !working;
    whole.unsettled = suspended && working;
    whole
}

/// Whether both its values are known to nobody.
fn is_empty(names: &Names, subscription: &Subscription) -> bool {
    names.slots(subscription) == Some(Slots::EMPTY)
}
