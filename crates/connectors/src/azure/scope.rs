//! The one product that a subscription opens, and its suspension: each is one write.

use std::collections::BTreeSet;

use futures_util::future::try_join;
use serde_json::json;

use super::Azure;
use super::application::applied;
use super::names::{Names, scope_of};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Applied, Observed, ObservedCredential};

/// Why several products are refused, and what to do about it.
pub(crate) const ONE_PRODUCT: &str = "a subscription of Azure API Management opens one product, and one key opens one \
                                      subscription; make a product there that has the APIs of all, and map that, or map each product of ours to one of them with \
                                      layout ONE_PER_KEY";

impl Azure {
    /// Lets the subscription open exactly this; without any, nothing.
    pub(crate) async fn set_scope(
        &self,
        link: &Link,
        names: &Names,
        products: &BTreeSet<String>,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        if self.is_apart() {
            return Err(Self::no_common_scope());
        }
        if observed.remote_id.is_some() && !products.is_empty() && observed.scope == *products {
            return Ok(applied(names));
        }
        let found = self.ours(link, names).await?.map(|found| found.object.properties);
        match (one(products)?, found) {
            (None, None) => {}
            // A subscription always names something. Cancelled it opens nothing, and is not taken for suspended.
            (None, Some(_)) => self.change(link, names, &json!({ "state": "cancelled" })).await?,
            (Some(product), None) => self.make_subscription(link, names, product).await?,
            (Some(product), Some(found)) => {
                let mut change = json!({ "scope": format!("/products/{product}") });
                // What is suspended stays so.
                if found.state != "suspended" {
                    change["state"] = "active".into();
                }
                if scope_of(&found.scope) != product || (found.state != "active" && found.state != "suspended") {
                    self.change(link, names, &change).await?;
                }
            }
        }
        Ok(applied(names))
    }

    /// One write, without looking first where we have looked already.
    pub(crate) async fn suspend(&self, link: &Link, names: &Names, observed: &Observed) -> Result<Applied, Fault> {
        let apart = |one: &ObservedCredential| {
            let sid = one.remote_id.rsplit_once('/').map(|(sid, _)| sid);
            sid.is_some_and(|sid| names.first_of(sid).is_some())
        };
        if self.is_apart() || observed.credentials.iter().any(apart) {
            self.suspend_apart(link, names).await?;
        } else if observed.exists || self.ours(link, names).await?.is_some() {
            self.change(link, names, &json!({ "state": "suspended" })).await?;
        }
        Ok(applied(names))
    }

    /// Lets the user in again, and then the keys, with the scope in the same write.
    pub(crate) async fn reactivate(
        &self,
        link: &Link,
        names: &Names,
        products: &BTreeSet<String>,
    ) -> Result<Applied, Fault> {
        if self.is_apart() {
            self.reactivate_apart(link, names, products).await?;
            return Ok(applied(names));
        }
        let Some(product) = one(products)? else {
            return Err(Fault::new(FaultKind::Unsupported, "there is no product to open again"));
        };
        let (user, found) = try_join(self.user(link, names), self.ours(link, names)).await?;
        self.ensure_user(link, names, user).await?;
        match found {
            Some(_) => {
                let change = json!({ "scope": format!("/products/{product}"), "state": "active" });
                self.change(link, names, &change).await?;
            }
            None => self.make_subscription(link, names, product).await?,
        }
        Ok(applied(names))
    }
}

/// The only product, if there is one.
pub(crate) fn one(products: &BTreeSet<String>) -> Result<Option<&str>, Fault> {
    match products.len() {
        0 | 1 => Ok(products.first().map(String::as_str)),
        _ => Err(Fault::new(FaultKind::Unsupported, ONE_PRODUCT)),
    }
}
