//! What a service has of an application: three looks at once.

use std::collections::BTreeSet;

use futures_util::future::{try_join, try_join3};
use secrecy::{ExposeSecret, SecretString};

use super::Azure;
use super::client::{Ask, Found};
use super::names::{Names, scope_of};
use super::rows::{Keys, Named, Subscription, User};
use super::slots::{Holds, Side, Slots};
use crate::fault::Fault;
use crate::link::Link;
use crate::model::{Application, Observed, ObservedCredential, fingerprint};

impl Azure {
    /// What is there of an application.
    pub(crate) async fn observe(&self, link: &Link, application: &Application) -> Result<Observed, Fault> {
        let names = self.names(link, application).await?;
        if self.is_apart() {
            return self.observe_apart(link, &names).await;
        }
        let sid = names.sid();
        let (subscription, keys, user) = try_join3(
            self.subscription(link, &sid),
            self.keys(link, sid.clone()),
            self.user(link, &names),
        )
        .await?;
        let Some(subscription) = subscription.map(|found| found.object.properties) else {
            return self.observed_without(link, &names, user).await;
        };
        names.check_ours(&subscription)?;
        let mut observed = observed(&names, &sid, &subscription, keys.as_ref());
        if names.has_users() {
            let user = user.map(|found| found.object.properties);
            observed.misnamed |= user.is_none();
            // Its keys open nothing, and would again as soon as somebody lets the user back in.
            observed.unsettled = !observed.suspended && user.is_some_and(|user| !user.is_active());
        }
        Ok(observed)
    }

    /// Before its scope is known, an application is a user with nothing; and what is left when taking it away broke off.
    async fn observed_without(
        &self,
        link: &Link,
        names: &Names,
        user: Option<Found<Named<User>>>,
    ) -> Result<Observed, Fault> {
        let owned = async {
            match &user {
                Some(_) => self.owns_others(link, names).await,
                None => Ok(false),
            }
        };
        // Where its products are not mapped any more, nobody says how its keys were laid out.
        let (apart, owns_others) = try_join(self.apart(link, names), owned).await?;
        if !apart.is_empty() {
            return self.look_into(link, names, apart).await;
        }
        let Some(user) = user else {
            return Ok(Observed::default());
        };
        let exists = names.check_ours_too(&user.object.properties).is_ok() && !owns_others;
        Ok(Observed {
            exists,
            remote_id: exists.then(|| names.sid()),
            // Nobody is admitted, and there is nothing that a suspension could be written to.
            suspended: exists,
            ..Observed::default()
        })
    }

    /// Whether the customer has another subscription here.
    pub(crate) async fn owns_others(&self, link: &Link, names: &Names) -> Result<bool, Fault> {
        let path = format!("/users/{}/subscriptions", names.cid());
        let page = self
            .caller
            .page::<Owned>(link, "read.userSubscriptions", &path, (2, None))
            .await?;
        let owned = page.map(|(page, _)| page.items).unwrap_or_default();
        Ok(owned.iter().any(|one| !names.belongs(&one.name)))
    }

    pub(crate) async fn subscription(
        &self,
        link: &Link,
        sid: &str,
    ) -> Result<Option<Found<Named<Subscription>>>, Fault> {
        self.caller
            .get(link, Ask::new("read.subscription", format!("/subscriptions/{sid}")))
            .await
    }

    pub(crate) async fn user(&self, link: &Link, names: &Names) -> Result<Option<Found<Named<User>>>, Fault> {
        if !names.has_users() {
            return Ok(None);
        }
        self.caller
            .get(link, Ask::new("read.user", format!("/users/{}", names.cid())))
            .await
    }

    /// The two keys; a GET of the subscription never has them.
    pub(crate) async fn keys(&self, link: &Link, sid: String) -> Result<Option<Keys>, Fault> {
        let path = format!("/subscriptions/{sid}/listSecrets");
        let answer = self
            .caller
            .post(link, Ask::new("write.listSecrets", path).secret())
            .await?;
        answer.map(|(answer, told)| told.object(&answer, link)).transpose()
    }

    /// Reads a key again.
    pub(crate) async fn read_secret(
        &self,
        link: &Link,
        application: &Application,
        credential: &ObservedCredential,
    ) -> Result<Option<SecretString>, Fault> {
        let names = Names::of(application, true);
        let Some((sid, _)) = credential
            .remote_id
            .rsplit_once('/')
            .filter(|(sid, _)| names.belongs(sid))
        else {
            return Ok(None);
        };
        let Some(side) = side_of(sid, &credential.remote_id) else {
            return Ok(None);
        };
        let keys = self.keys(link, sid.to_owned()).await?;
        Ok(keys.and_then(|keys| side.of(&keys).cloned()))
    }
}

#[derive(serde::Deserialize)]
struct Owned {
    name: String,
}

/// What a subscription says of an application; `keys` is none where they were not asked for.
pub(crate) fn observed(names: &Names, sid: &str, subscription: &Subscription, keys: Option<&Keys>) -> Observed {
    let slots = names.slots(subscription).unwrap_or(Slots::UNKNOWN);
    let credential = |side: Side| {
        let number = match slots.at(side) {
            Holds::Nothing => return None,
            Holds::Number(number) => Some(number),
            Holds::Unknown => None,
        };
        let secret = keys.and_then(|keys| side.of(keys));
        Some(ObservedCredential {
            number,
            remote_id: remote_id(sid, side),
            fingerprint: secret.map(|secret| fingerprint(secret.expose_secret().as_bytes())),
            disabled: false,
            expires_in_seconds: None,
            scope: BTreeSet::new(),
        })
    };
    let scope = match subscription.state.as_str() {
        "active" | "suspended" => BTreeSet::from([scope_of(&subscription.scope)]),
        // Submitted, rejected, cancelled, expired: it opens nothing, whatever it names.
        _ => BTreeSet::new(),
    };
    Observed {
        exists: true,
        remote_id: Some(sid.to_owned()),
        suspended: subscription.state == "suspended",
        unsettled: false,
        misnamed: !names.are_on(subscription),
        scope,
        credentials: Side::BOTH.into_iter().filter_map(credential).collect(),
    }
}

/// A slot's own id.
pub(crate) fn remote_id(sid: &str, side: Side) -> String {
    format!("{sid}/{}", side.as_str())
}

/// The slot of that id.
pub(crate) fn side_of(sid: &str, remote_id: &str) -> Option<Side> {
    let name = remote_id.strip_prefix(sid)?.strip_prefix('/')?;
    Side::BOTH.into_iter().find(|side| side.as_str() == name)
}
