//! The user and the subscription: making them, and taking them away.

use futures_util::future::try_join;
use serde_json::json;

use super::Azure;
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
            Step::Application => self.ensure_application(link, &names).await,
            Step::Scope(products) => self.set_scope(link, &names, products, observed).await,
            Step::Suspend => self.suspend(link, &names, observed).await,
            Step::Reactivate(products) => self.reactivate(link, &names, products).await,
            Step::Credential { number, secret, .. } => {
                self.ensure_credential(link, &names, *number, secret, observed).await
            }
            // Azure ends nothing by itself: `expirationDate` is for the record only.
            Step::Expire { .. } => Ok(Applied::default()),
            Step::DropCredential { number, remote_id } => {
                self.drop_credential(link, &names, *number, remote_id.as_deref()).await
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
        if let Some(Found { object, etag }) = found
            && !names.are_on(&object.properties)
        {
            // Whose keys are where is not known any more: nobody's access is taken for that.
            let slots = names.slots(&object.properties).unwrap_or(Slots::UNKNOWN);
            let mut named = json!({ "displayName": names.display(&slots) });
            if names.has_users() {
                named["ownerId"] = names.owner().into();
            }
            let ask = Ask::new("write.subscription", subscription_path(&sid));
            self.caller.patch(link, ask.body(&named).if_match(&etag)).await?;
        }
        Ok(applied(names))
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

    /// The subscription first, and its keys with it; then the user, unless the customer has another subscription here.
    async fn drop_application(&self, link: &Link, names: &Names) -> Result<Applied, Fault> {
        let sid = names.sid();
        if self.ours(link, names).await?.is_some() {
            let ask = Ask::new("delete.subscription", format!("/subscriptions/{sid}"));
            self.caller.delete(link, ask.if_match("*")).await?;
        }
        let Some(user) = self.user(link, names).await? else {
            return Ok(Applied::default());
        };
        if names.check_ours_too(&user.object.properties).is_err() || self.owns_others(link, names).await? {
            return Ok(Applied::default());
        }
        // Not with `deleteSubscriptions`: one that was made this very moment is not ours to delete.
        let ask = Ask::new("delete.user", format!("/users/{}?notify=false", names.cid()));
        match self.caller.delete(link, ask.if_match("*")).await {
            Err(fault) if fault.kind == FaultKind::Invalid && self.owns_others(link, names).await? => {}
            deleted => {
                deleted?;
            }
        }
        Ok(Applied::default())
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
