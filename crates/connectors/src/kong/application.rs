//! The consumer: making it, and taking it away with all that is under it.

use serde_json::json;

use super::Kong;
use super::client::{Ask, is_taken};
use super::names::Names;
use super::rows::Consumer;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Application, Applied, Observed, Step};

impl Kong {
    /// Does one step.
    pub(crate) async fn apply(
        &self,
        link: &Link,
        application: &Application,
        step: &Step,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let names = Names::of(application);
        match step {
            Step::Application => self.ensure_application(link, &names).await,
            Step::Scope(groups) => self.set_scope(link, &names, groups, observed).await,
            Step::Suspend => self.suspend(link, &names, observed).await,
            Step::Reactivate(groups) => self.reactivate(link, &names, groups, observed).await,
            Step::Credential { number, secret, .. } => {
                self.ensure_credential(link, &names, *number, secret, observed).await
            }
            Step::Expire { number, after_seconds } => {
                self.expire_credential(link, &names, *number, *after_seconds, observed)
                    .await
            }
            Step::DropCredential { number, remote_id } => {
                self.drop_credential(link, &names, *number, remote_id.as_deref()).await
            }
            Step::DropApplication => self.drop_application(link, &names).await,
        }
    }

    async fn ensure_application(&self, link: &Link, names: &Names) -> Result<Applied, Fault> {
        let id = names.consumer_id();
        let body = json!({ "username": names.username(), "custom_id": names.custom_id(), "tags": names.tags() });
        let ask = Ask::new("consumer.put", format!("/consumers/{id}"));
        let consumer: Consumer = match self.caller.put(link, ask, &body).await {
            Err(fault) if is_taken(&fault) => match self.consumer(link, &id).await? {
                Some(consumer) => {
                    names.check_ours(&consumer)?;
                    if names.are_on(&consumer) {
                        consumer
                    } else {
                        return Err(fault);
                    }
                }
                None => return Err(fault),
            },
            done => done?,
        };
        if consumer.id != id {
            let words = format!("the consumer {} was made where {id} was asked for", consumer.id);
            return Err(Fault::new(FaultKind::Unsupported, words));
        }
        Ok(Applied {
            remote_id: Some(id),
            generated: None,
        })
    }

    /// Kong deletes a consumer with all its keys and groups, whoever's it is: look first, every time.
    async fn drop_application(&self, link: &Link, names: &Names) -> Result<Applied, Fault> {
        let id = names.consumer_id();
        if let Some(consumer) = self.consumer(link, &id).await? {
            names.check_ours(&consumer)?;
            let ask = Ask::new("consumer.delete", format!("/consumers/{id}"));
            self.caller.delete(link, ask).await?;
        }
        Ok(Applied::default())
    }
}
