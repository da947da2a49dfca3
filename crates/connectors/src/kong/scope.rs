//! The consumer's groups, and the suspension that takes them away.

use std::collections::BTreeSet;

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::Kong;
use super::client::{Ask, CALLS_AT_ONCE, is_missing, is_taken};
use super::names::Names;
use super::rows::{Membership, Plugin};
use super::settings::{Flavor, SuspendBy};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Applied, Observed};
use crate::wire::segment;

/// What a suspended caller reads.
const SUSPENDED: &str = "subscription suspended";

impl Kong {
    /// Gives the consumer exactly these groups.
    pub(crate) async fn set_scope(
        &self,
        link: &Link,
        names: &Names,
        groups: &BTreeSet<String>,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let extra = observed.scope.difference(groups).cloned().collect();
        let adding = groups
            .difference(&observed.scope)
            .map(|group| self.join_group(link, names, group))
            .collect();
        let (removed, added) = join(self.leave_groups(link, names, extra), all(adding)).await;
        removed.and(added)?;
        Ok(applied(names))
    }

    /// Takes the groups away, which acts at once, and meanwhile puts the plugin there, which acts at Kong's next rebuild.
    ///
    /// Neither waits for the other to succeed.
    pub(crate) async fn suspend(&self, link: &Link, names: &Names, observed: &Observed) -> Result<Applied, Fault> {
        let leaving = async {
            if observed.exists {
                self.leave_groups(link, names, observed.scope.clone()).await
            } else {
                self.leave_rows(link, names, |_| true).await
            }
        };
        let stopping = async {
            match self.settings.suspend_by {
                SuspendBy::AclAndPlugin => self.stop(link, names).await,
                SuspendBy::Acl => Ok(()),
            }
        };
        let (left, stopped) = join(leaving, stopping).await;
        left.and(stopped)?;
        Ok(applied(names))
    }

    /// Takes the plugin away, and then gives the groups back: nobody is admitted before both are done.
    pub(crate) async fn reactivate(
        &self,
        link: &Link,
        names: &Names,
        groups: &BTreeSet<String>,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        self.caller
            .delete(link, Ask::new("plugin.delete", suspension_path(names)))
            .await?;
        self.set_scope(link, names, groups, observed).await
    }

    /// POST and not PUT: Konnect knows groups by id only, and a PUT by id would move another consumer's row here.
    async fn join_group(&self, link: &Link, names: &Names, group: &str) -> Result<(), Fault> {
        let id = names.consumer_id();
        let ask = Ask::new("acl.post", format!("/consumers/{id}/acls"));
        let body = json!({ "group": group, "tags": names.tags() });
        let made: Result<Membership, Fault> = self.caller.post(link, ask, &body).await;
        match made {
            Err(fault) if is_taken(&fault) => {
                let rows = self.memberships(link, &id).await?;
                if rows.iter().any(|row| row.group == group) {
                    Ok(())
                } else {
                    Err(fault)
                }
            }
            made => made.map(|_| ()),
        }
    }

    /// Takes groups away by name where Kong knows them by name, and by their rows where it does not.
    async fn leave_groups(&self, link: &Link, names: &Names, groups: BTreeSet<String>) -> Result<(), Fault> {
        if groups.is_empty() {
            return Ok(());
        }
        if self.settings.flavor == Flavor::AdminApi {
            let gone = all(groups.iter().map(|group| self.leave(link, names, group)).collect()).await?;
            if gone.into_iter().all(|there| there) {
                return Ok(());
            }
            // Gone already, or a name that Kong takes for an id: the rows tell.
        }
        self.leave_rows(link, names, |group| groups.contains(group)).await
    }

    /// Takes away the rows of the groups that `which` picks, as they are now.
    async fn leave_rows(&self, link: &Link, names: &Names, which: impl Fn(&str) -> bool) -> Result<(), Fault> {
        let rows = self.memberships(link, &names.consumer_id()).await?;
        let rows = rows.iter().filter(|row| which(&row.group));
        all(rows.map(|row| self.leave(link, names, &row.id)).collect()).await?;
        Ok(())
    }

    /// Takes one membership away, by its id or its group's name; whether there was one.
    async fn leave(&self, link: &Link, names: &Names, id: &str) -> Result<bool, Fault> {
        let path = format!("/consumers/{}/acls/{}", names.consumer_id(), segment(id));
        self.caller.delete(link, Ask::new("acl.delete", path)).await
    }

    /// Puts the plugin that refuses every call of the consumer.
    async fn stop(&self, link: &Link, names: &Names) -> Result<(), Fault> {
        let elsewhere = format!("/plugins/{}", names.suspension_id());
        let there: Option<Plugin> = self.caller.get(link, Ask::new("plugin.get", elsewhere)).await?;
        if let Some(plugin) = there {
            // A PUT would move it.
            if plugin
                .consumer
                .is_none_or(|consumer| consumer.id != names.consumer_id())
            {
                let words = format!("the plugin {} does not stand on our consumer", names.suspension_id());
                return Err(Fault::new(FaultKind::Foreign, words));
            }
        }
        let body = json!({
            "name": "request-termination",
            "enabled": true,
            "config": { "status_code": 403, "message": SUSPENDED },
            "tags": names.tags(),
        });
        let ask = Ask::new("plugin.put", suspension_path(names));
        let put: Result<Value, Fault> = self.caller.put(link, ask, &body).await;
        match put {
            // Without a consumer nobody is admitted.
            Err(fault) if is_missing(&fault) => Ok(()),
            Err(fault) if is_taken(&fault) => {
                let ours = self.suspension(link, names).await?;
                if ours.is_some_and(|plugin| plugin.enabled) {
                    Ok(())
                } else {
                    Err(fault)
                }
            }
            put => put.map(|_| ()),
        }
    }
}

fn suspension_path(names: &Names) -> String {
    format!("/consumers/{}/plugins/{}", names.consumer_id(), names.suspension_id())
}

fn applied(names: &Names) -> Applied {
    Applied {
        remote_id: Some(names.consumer_id()),
        generated: None,
    }
}

/// Makes calls, some at once: all of them are tried, and the first fault is told.
async fn all<T>(calls: Vec<impl Future<Output = Result<T, Fault>>>) -> Result<Vec<T>, Fault> {
    let done: Vec<Result<T, Fault>> = stream::iter(calls).buffer_unordered(CALLS_AT_ONCE).collect().await;
    done.into_iter().collect()
}
