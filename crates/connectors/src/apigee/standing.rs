//! Suspension, its end, and the scope of all keys at once.

use std::collections::BTreeSet;

use super::Apigee;
use super::client::Ask;
use super::names::Names;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Applied, Observed};

impl Apigee {
    /// Revokes the app: none of its keys is admitted, whatever they are themselves.
    pub(crate) async fn suspend(&self, link: &Link, names: &Names, observed: &Observed) -> Result<Applied, Fault> {
        // Who looked before knows that it is ours.
        if !observed.exists && self.app(link, names).await?.is_none() {
            return Ok(Applied::default());
        }
        let ask = Ask::action("app.revoke", &names.app_path(), "revoke");
        self.caller.gone(link, ask).await?;
        Ok(Applied::default())
    }

    /// Approves the app. Its keys have been put right before; a developer whom somebody made inactive comes back with it.
    pub(crate) async fn reactivate(&self, link: &Link, names: &Names) -> Result<Applied, Fault> {
        let gone = || {
            Fault::new(
                FaultKind::NotFound,
                format!("the developer {} is not there", names.email()),
            )
        };
        let developer = self.developer(link, names).await?.ok_or_else(gone)?;
        if !developer.is_active() {
            let ask = Ask::action("developer.activate", &names.developer_path(), "active");
            self.caller.done(link, ask).await?;
        }
        let app = self.the_app(link, names).await?;
        let ask = Ask::action("app.approve", &names.app_path(), "approve");
        self.caller.done(link, ask).await?;
        Ok(Applied {
            remote_id: Some(app.app_id),
            generated: None,
        })
    }

    /// Gives each of our keys exactly these products.
    pub(crate) async fn set_scope(
        &self,
        link: &Link,
        names: &Names,
        products: &BTreeSet<String>,
    ) -> Result<Applied, Fault> {
        let app = self.the_app(link, names).await?;
        for key in &app.credentials {
            if let Some(number) = names.number_of(key) {
                self.settle(link, names, number, key, products).await?;
            }
        }
        Ok(Applied {
            remote_id: Some(app.app_id),
            generated: None,
        })
    }
}
