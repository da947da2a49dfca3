//! The user and the subscription: making them, and taking them away.

use futures_util::future::try_join;
use serde_json::json;

use super::Azure;
use super::apart::Wanted;
use super::client::{Ask, Found};
use super::names::Names;
use super::rows::{Named, Subscription, User};
use super::slots::Slots;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Application, Applied, Observed, Step};

impl Azure {
    /// Does one step.
    pub(crate) async fn apply(
        &self,
        link: &Link,
        application: &Application,
        step: &Step,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let names = self.names(link, application).await?;
        match step {
            Step::Application if self.is_apart() => self.name_apart(link, &names).await,
            Step::Application => self.ensure_application(link, &names).await,
            Step::Scope(products) => self.set_scope(link, &names, products, observed).await,
            Step::Suspend => self.suspend(link, &names, observed).await,
            Step::Reactivate(products) => self.reactivate(link, &names, products).await,
            Step::Credential {
                number,
                first,
                admitted,
                secret,
                scope,
            } if self.is_apart() => {
                let wanted = Wanted {
                    number: *number,
                    secret,
                    scope,
                    admitted: *admitted,
                };
                self.ensure_apart(link, &names.at(*first), wanted, observed).await
            }
            Step::Credential { number, secret, .. } => {
                self.ensure_credential(link, &names, *number, secret, observed).await
            }
            // Azure ends nothing by itself: `expirationDate` is for the record only.
            Step::Expire { .. } => Ok(Applied::default()),
            Step::DropCredential { number, remote_id } => {
                let remote_id = remote_id.as_deref();
                let names = self.holder(link, &names, *number, remote_id).await?;
                self.drop_credential(link, &names, *number, remote_id).await
            }
            Step::DropApplication => self.drop_application(link, &names).await,
        }
    }

    /// The user, and the names of a subscription that is there. One that is not is made with its scope, which it must have.
    async fn ensure_application(&self, link: &Link, names: &Names) -> Result<Applied, Fault> {
        let sid = names.sid();
        let (user, found) = try_join(self.user(link, names), self.subscription(link, &sid)).await?;
        if let Some(found) = &found {
            names.check_ours(&found.object.properties)?;
        }
        self.ensure_user(link, names, user).await?;
        if let Some(found) = found.filter(|found| !names.are_on(&found.object.properties)) {
            self.put_names_right(link, names, &found).await?;
        }
        Ok(applied(names))
    }

    /// Names a subscription and its owner again.
    pub(crate) async fn put_names_right(
        &self,
        link: &Link,
        names: &Names,
        found: &Found<Named<Subscription>>,
    ) -> Result<(), Fault> {
        // Whose keys are where may not be known any more: nobody's access is taken for that.
        let slots = names.slots(&found.object.properties).unwrap_or(Slots::UNKNOWN);
        let mut named = json!({ "displayName": names.display(&slots) });
        if names.has_users() {
            named["ownerId"] = names.owner().into();
        }
        let ask = Ask::new("write.subscription", subscription_path(&names.sid()));
        self.caller.patch(link, ask.body(&named).if_match(&found.etag)).await?;
        Ok(())
    }

    /// Sees to it that the user is there and not locked out. Nobody is written to.
    pub(crate) async fn ensure_user(
        &self,
        link: &Link,
        names: &Names,
        found: Option<Found<Named<User>>>,
    ) -> Result<(), Fault> {
        if !names.has_users() {
            return Ok(());
        }
        let path = format!("/users/{}?notify=false", names.cid());
        let Some(found) = found else {
            let user = json!({
                "email": names.email(),
                "firstName": "Gatewright",
                "lastName": names.cid(),
                "note": names.note(),
                "state": "active",
            });
            return self.caller.put(link, Ask::new("write.user", path).body(&user)).await;
        };
        let user = &found.object.properties;
        names.check_ours_too(user)?;
        if !user.is_active() {
            let path = format!("/users/{}", names.cid());
            let ask = Ask::new("write.user", path).body(&json!({ "state": "active" }));
            self.caller.patch(link, ask.if_match("*")).await?;
        }
        Ok(())
    }

    /// Makes the subscription, with two keys that nobody knows.
    pub(crate) async fn make_subscription(&self, link: &Link, names: &Names, product: &str) -> Result<(), Fault> {
        let mut subscription = json!({
            "scope": format!("/products/{product}"),
            "displayName": names.display(&Slots::EMPTY),
            // Left out, it would be `submitted` and open nothing.
            "state": "active",
            "primaryKey": self.nobodys_key(),
            "secondaryKey": self.nobodys_key(),
            "allowTracing": false,
        });
        if names.has_users() {
            subscription["ownerId"] = names.owner().into();
        }
        let ask = Ask::new("write.subscription", subscription_path(&names.sid()));
        self.caller.put(link, ask.body(&subscription).secret()).await
    }

    /// The subscription, if it is ours.
    pub(crate) async fn ours(&self, link: &Link, names: &Names) -> Result<Option<Found<Named<Subscription>>>, Fault> {
        let found = self.subscription(link, &names.sid()).await?;
        if let Some(found) = &found {
            names.check_ours(&found.object.properties)?;
        }
        Ok(found)
    }

    /// The subscription first, and its keys with it, or those of single keys; then the user.
    async fn drop_application(&self, link: &Link, names: &Names) -> Result<Applied, Fault> {
        if self.ours(link, names).await?.is_some() {
            self.delete_subscription(link, names, "*").await?;
        } else {
            for (names, _) in self.apart(link, names).await? {
                self.delete_subscription(link, &names, "*").await?;
            }
        }
        self.drop_user(link, names).await?;
        Ok(Applied::default())
    }

    /// The user, unless the customer has another subscription here.
    pub(crate) async fn drop_user(&self, link: &Link, names: &Names) -> Result<(), Fault> {
        let Some(user) = self.user(link, names).await? else {
            return Ok(());
        };
        if names.check_ours_too(&user.object.properties).is_err() || self.owns_others(link, names).await? {
            return Ok(());
        }
        // Not with `deleteSubscriptions`: one that was made this very moment is not ours to delete.
        let ask = Ask::new("delete.user", format!("/users/{}?notify=false", names.cid()));
        match self.caller.delete(link, ask.if_match("*")).await {
            Err(fault) if fault.kind == FaultKind::Invalid && self.owns_others(link, names).await? => {}
            deleted => {
                deleted?;
            }
        }
        Ok(())
    }
}

/// Where changes of a subscription go: nobody is written to about them.
pub(crate) fn subscription_path(sid: &str) -> String {
    format!("/subscriptions/{sid}?notify=false")
}

pub(crate) fn applied(names: &Names) -> Applied {
    Applied {
        remote_id: Some(names.sid()),
        generated: None,
    }
}
