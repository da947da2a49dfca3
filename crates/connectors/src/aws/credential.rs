//! Keys: made with POST, which makes another one each time it is repeated unless the value is ours.
//!
//! A value never changes, so a key with another value than it should have is replaced. A key that AWS makes the value of is
//! looked for by its name before it is made: that alone tells whether an answer was lost.

use std::collections::BTreeSet;

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::AwsApiGateway;
use super::application::{all, is_settled};
use super::client::Ask;
use super::names::{MARK_TAG, Names};
use super::observe::{Held, by_number};
use super::rows::{Identified, Key};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Applied, Observed, Secret, fingerprint};
use crate::wire::segment;

/// A key as it was found or made, before its plans and its switch are put right.
struct There {
    id: String,
    enabled: bool,
    plans: BTreeSet<String>,
    generated: Option<SecretString>,
}

impl AwsApiGateway {
    /// Sees to it that the credential is there with its secret, in these plans and no others. With none it is disabled.
    pub(crate) async fn ensure_credential(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        secret: &Secret,
        scope: &BTreeSet<String>,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let enabled = !scope.is_empty();
        let there = match secret {
            Secret::Provided(secret) => self.provided(link, names, number, (secret, enabled), observed).await?,
            Secret::Generated => self.generated(link, names, number, enabled).await?,
        };
        self.settle(link, &there, scope).await?;
        Ok(Applied {
            remote_id: Some(there.id),
            generated: there.generated,
        })
    }

    async fn provided(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        (secret, enabled): (&SecretString, bool),
        observed: &Observed,
    ) -> Result<There, Fault> {
        let is_it = |print: Option<[u8; 32]>| print == Some(fingerprint(secret.expose_secret().as_bytes()));
        let seen: Vec<_> = observed
            .credentials
            .iter()
            .filter(|one| one.number == Some(number))
            .collect();
        if let Some(one) = seen.iter().find(|one| is_it(one.fingerprint)) {
            return Ok(There {
                id: one.remote_id.clone(),
                enabled: !one.disabled,
                plans: one.scope.clone(),
                generated: None,
            });
        }
        // Twice is once, because values are unique.
        let made = self.create(link, names, number, Some(secret), enabled).await;
        let there = match made {
            Err(fault) if is_taken(&fault) => self.taken(link, names, number, secret, fault).await?,
            made => made?,
        };
        // One with another value would admit whoever has that.
        let others = seen.iter().filter(|one| one.remote_id != there.id);
        self.remove_all(link, others.map(|one| one.remote_id.clone()).collect())
            .await?;
        Ok(there)
    }

    /// The value is somebody's: ours after a lost answer; or it goes by our name, and only its tags were lost.
    async fn taken(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        secret: &SecretString,
        fault: Fault,
    ) -> Result<There, Fault> {
        let has_it = |key: &Key| {
            key.value
                .as_ref()
                .is_some_and(|value| value.expose_secret() == secret.expose_secret())
        };
        let keys = self.keys(link, &names.key(number)).await?;
        // The filter finds what begins so: k1 finds k10 as well.
        let found = keys
            .into_iter()
            .find(|key| names.number_of(key.name()) == Some(number) && has_it(key));
        let foreign = || Fault {
            kind: FaultKind::Foreign,
            words: "key.create: another key of this account, which is not ours, has this value".to_owned(),
            ..fault
        };
        let key = found
            .filter(|key| names.ours(key).is_some() || key.tag(MARK_TAG).is_none())
            .ok_or_else(foreign)?;
        if names.ours(&key).is_none() {
            let arn = format!(
                "arn:{}:apigateway:{}::/apikeys/{}",
                self.partition(),
                self.caller.region(),
                key.id
            );
            let ask = Ask::new("key.tag", Method::PUT, format!("/tags/{}", segment(&arn)));
            self.caller
                .done(link, ask.body(json!({ "tags": names.tags(number) })))
                .await?;
        }
        self.there(link, key, None).await
    }

    async fn generated(&self, link: &Link, names: &Names, number: u32, enabled: bool) -> Result<There, Fault> {
        let mut held = Vec::new();
        for key in self.keys(link, &names.key(number)).await? {
            if names.ours(&key) == Some(number) {
                held.push(self.held(link, key).await?);
            }
        }
        let Some(mut same) = by_number(names, held).0.remove(&number) else {
            return self.create(link, names, number, None, enabled).await;
        };
        let extra = same.split_off(1);
        self.remove_all(link, extra.into_iter().map(|one| one.key.id).collect())
            .await?;
        let Some(Held { key, plans }) = same.pop() else {
            return self.create(link, names, number, None, enabled).await;
        };
        let Some(value) = key.value else {
            return Err(Fault::new(
                FaultKind::Unsupported,
                "AWS made a key and does not show its value",
            ));
        };
        Ok(There {
            id: key.id,
            enabled: key.enabled,
            plans,
            generated: Some(value),
        })
    }

    async fn there(&self, link: &Link, key: Key, generated: Option<SecretString>) -> Result<There, Fault> {
        Ok(There {
            plans: self.plans_of(link, &key.id).await?,
            enabled: key.enabled,
            id: key.id,
            generated,
        })
    }

    async fn create(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        secret: Option<&SecretString>,
        enabled: bool,
    ) -> Result<There, Fault> {
        let mut body = json!({
            "name": names.key(number),
            "description": "Made by Gatewright; its tags say for whom.",
            "enabled": enabled,
            "tags": names.tags(number),
        });
        let mut ask = Ask::new("key.create", Method::POST, "/apikeys").secret();
        if let Some(secret) = secret {
            body["value"] = secret.expose_secret().into();
            ask = ask.repeatable();
        }
        let key: Key = self.caller.object(link, ask.body(body)).await?;
        let generated = if secret.is_some() { None } else { key.value };
        Ok(There {
            id: key.id,
            enabled: key.enabled,
            plans: BTreeSet::new(),
            generated,
        })
    }

    /// Out of plans first, then into others, and only then the switch: it opens all of its scope at once, or nothing.
    async fn settle(&self, link: &Link, there: &There, scope: &BTreeSet<String>) -> Result<(), Fault> {
        if scope.is_empty() {
            return match there.enabled {
                true => self.enable(link, &there.id, false).await,
                false => Ok(()),
            };
        }
        self.leave(link, &there.id, there.plans.difference(scope)).await?;
        let joining = scope
            .difference(&there.plans)
            .map(|plan| self.join(link, plan, &there.id));
        all(joining.collect()).await?;
        if there.enabled {
            return Ok(());
        }
        self.enable(link, &there.id, true).await
    }

    /// Puts a key into a plan. AWS refuses the second time in the words in which it refuses two plans of one stage.
    async fn join(&self, link: &Link, plan: &str, key_id: &str) -> Result<(), Fault> {
        let path = format!("/usageplans/{}/keys", segment(plan));
        let ask = Ask::new("plan.join", Method::POST, path.clone()).repeatable();
        let ask = ask.body(json!({ "keyId": key_id, "keyType": "API_KEY" }));
        let joined: Result<Identified, Fault> = self.caller.object(link, ask).await;
        match joined {
            Err(fault) if is_taken(&fault) => {
                let look = Ask::get("plan.key", format!("{path}/{}", segment(key_id)));
                let there: Option<Identified> = self.caller.find(link, look).await?;
                if there.is_some() {
                    return Ok(());
                }
                let words = format!("{}; is the key in another plan of one of {plan}'s stages?", fault.words);
                Err(Fault {
                    words,
                    kind: FaultKind::Invalid,
                    ..fault
                })
            }
            joined => joined.map(|_| ()),
        }
    }

    /// Takes a key out of plans.
    pub(crate) async fn leave(
        &self,
        link: &Link,
        key_id: &str,
        plans: impl Iterator<Item = &String>,
    ) -> Result<(), Fault> {
        let leaving = plans.map(|plan| {
            let path = format!("/usageplans/{}/keys/{}", segment(plan), segment(key_id));
            self.caller.done(link, Ask::new("plan.leave", Method::DELETE, path))
        });
        all(leaving.collect()).await
    }

    /// Deletes a key by its number, with every other that a lost answer left of it; or one that was seen, by its id.
    pub(crate) async fn drop_credential(
        &self,
        link: &Link,
        names: &Names,
        number: Option<u32>,
        remote_id: Option<&str>,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let seen = observed
            .credentials
            .iter()
            .find(|one| number.is_some() && one.number == number);
        let ids = match (number, remote_id) {
            (Some(_), _) if is_settled(observed) && seen.is_some() => {
                seen.into_iter().map(|one| one.remote_id.clone()).collect()
            }
            (Some(number), _) => {
                let keys = self.keys(link, &names.key(number)).await?.into_iter();
                let of_it = keys.filter(|key| names.ours(key) == Some(number));
                of_it.map(|key| key.id).collect()
            }
            (None, Some(id)) => match self.key(link, id).await? {
                None => Vec::new(),
                Some(key) if key.name().starts_with(&names.prefix()) => vec![key.id],
                Some(key) => {
                    let words = format!(
                        "the key {} does not go by our application's name, so it is not touched",
                        key.id
                    );
                    return Err(Fault::new(FaultKind::Foreign, words));
                }
            },
            (None, None) => {
                let words = "a credential has neither a number nor an id to drop it by";
                return Err(Fault::new(FaultKind::Invalid, words));
            }
        };
        self.remove_all(link, ids).await?;
        Ok(Applied {
            remote_id: remote_id.map(str::to_owned),
            generated: None,
        })
    }
}

/// Whether a fault is the one with which AWS says that something is there already.
fn is_taken(fault: &Fault) -> bool {
    fault.kind == FaultKind::Conflict && fault.status.is_some()
}
