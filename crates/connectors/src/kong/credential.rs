//! Keys: made with POST, which neither moves another consumer's row nor makes a new key for one that is there; changed
//! with PUT only after they were seen under our consumer, and never without their key and what is left of their time.

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::Kong;
use super::client::{Ask, is_taken};
use super::names::Names;
use super::rows::Key;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Applied, Observed, ObservedCredential, Secret, fingerprint};
use crate::wire::segment;

impl Kong {
    /// Sees to it that the credential is there with its secret.
    pub(crate) async fn ensure_credential(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        secret: &Secret,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let seen = seen(observed, number);
        match (secret, seen) {
            (Secret::Provided(secret), Some(row)) if row.fingerprint == Some(of(secret)) => Ok(ensured(&row.remote_id)),
            (Secret::Provided(secret), Some(row)) => {
                self.put_key(link, names, number, secret, row.expires_in_seconds)
                    .await?;
                Ok(ensured(&row.remote_id))
            }
            (Secret::Provided(secret), None) => self.give(link, names, number, secret).await,
            (Secret::Generated, Some(_)) => match self.found(link, names, number).await? {
                Some(row) => generated(row),
                None => self.generate(link, names, number).await,
            },
            (Secret::Generated, None) => self.generate(link, names, number).await,
        }
    }

    async fn give(&self, link: &Link, names: &Names, number: u32, secret: &SecretString) -> Result<Applied, Fault> {
        let body = json!({
            "id": names.credential_id(number),
            "key": secret.expose_secret(),
            "tags": names.credential_tags(number),
        });
        let row = match self.post_key(link, names, &body).await {
            Err(fault) if is_taken(&fault) => {
                // Ours after a lost answer; or the id, or the key, is another consumer's, and stays there.
                let row = self.found(link, names, number).await?.ok_or(fault)?;
                if row.key.as_ref().map(of) != Some(of(secret)) {
                    self.put_key(link, names, number, secret, row.expires_in_seconds())
                        .await?;
                }
                row
            }
            made => made?,
        };
        self.check_id(link, names, number, &row).await?;
        Ok(ensured(&row.id))
    }

    async fn generate(&self, link: &Link, names: &Names, number: u32) -> Result<Applied, Fault> {
        let body = json!({ "id": names.credential_id(number), "tags": names.credential_tags(number) });
        let row = match self.post_key(link, names, &body).await {
            Err(fault) if is_taken(&fault) => self.found(link, names, number).await?.ok_or(fault)?,
            made => made?,
        };
        self.check_id(link, names, number, &row).await?;
        generated(row)
    }

    /// Lets the credential end by itself, unless it does so sooner.
    pub(crate) async fn expire_credential(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        after_seconds: u32,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        // Kong knows no `ttl` of 0.
        let after_seconds = after_seconds.max(1);
        let soon_enough = |left: Option<u32>| left.is_some_and(|left| left <= after_seconds);
        if let Some(row) = seen(observed, number).filter(|row| soon_enough(row.expires_in_seconds)) {
            return Ok(ensured(&row.remote_id));
        }
        let Some(row) = self.found(link, names, number).await? else {
            return Ok(Applied::default());
        };
        if !soon_enough(row.expires_in_seconds()) {
            let Some(key) = &row.key else {
                let words =
                    "Kong does not show the key, and would make a new one if it were told of its end without it";
                return Err(Fault::new(FaultKind::Unsupported, words));
            };
            self.put_key(link, names, number, key, Some(after_seconds)).await?;
        }
        Ok(ensured(&row.id))
    }

    /// Takes a key away, by the id that follows from its number, or by the one that was seen.
    pub(crate) async fn drop_credential(
        &self,
        link: &Link,
        names: &Names,
        number: Option<u32>,
        remote_id: Option<&str>,
    ) -> Result<Applied, Fault> {
        let id = match (number, remote_id) {
            (Some(number), _) => names.credential_id(number),
            (None, Some(id)) => id.to_owned(),
            (None, None) => {
                return Err(Fault::new(
                    FaultKind::Invalid,
                    "a credential has neither a number nor an id to drop it by",
                ));
            }
        };
        let path = format!("/consumers/{}/key-auth/{}", names.consumer_id(), segment(&id));
        self.caller.delete(link, Ask::new("key.delete", path)).await?;
        Ok(Applied {
            remote_id: Some(id),
            generated: None,
        })
    }

    /// Takes a key away again that was made with another id than ours: nobody would know whose it is.
    async fn check_id(&self, link: &Link, names: &Names, number: u32, row: &Key) -> Result<(), Fault> {
        let id = names.credential_id(number);
        if row.id == id {
            return Ok(());
        }
        self.drop_credential(link, names, None, Some(&row.id)).await?;
        let words = format!(
            "the key {} was made where {id} was asked for, and was taken away again",
            row.id
        );
        Err(Fault::new(FaultKind::Unsupported, words))
    }

    /// Our credential of this number, under our consumer and nowhere else.
    async fn found(&self, link: &Link, names: &Names, number: u32) -> Result<Option<Key>, Fault> {
        self.key(link, &names.consumer_id(), &names.credential_id(number)).await
    }

    async fn post_key(&self, link: &Link, names: &Names, body: &Value) -> Result<Key, Fault> {
        let ask = Ask::new("key.post", format!("/consumers/{}/key-auth", names.consumer_id()));
        self.caller.post(link, ask.secret(), body).await
    }

    /// Changes a key that was seen under our consumer.
    async fn put_key(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        secret: &SecretString,
        ttl: Option<u32>,
    ) -> Result<(), Fault> {
        let mut body = json!({ "key": secret.expose_secret(), "tags": names.credential_tags(number) });
        if let Some(ttl) = ttl {
            body["ttl"] = ttl.max(1).into();
        }
        let path = format!(
            "/consumers/{}/key-auth/{}",
            names.consumer_id(),
            names.credential_id(number)
        );
        let put: Result<Key, Fault> = self.caller.put(link, Ask::new("key.put", path).secret(), &body).await;
        match put {
            Err(fault) if is_taken(&fault) => {
                let row = self.found(link, names, number).await?;
                let is_so =
                    |row: Key| row.key.as_ref().map(of) == Some(of(secret)) && row.ttl.is_some() == ttl.is_some();
                if row.is_some_and(is_so) { Ok(()) } else { Err(fault) }
            }
            put => put.map(|_| ()),
        }
    }
}

fn seen(observed: &Observed, number: u32) -> Option<&ObservedCredential> {
    observed.credentials.iter().find(|one| one.number == Some(number))
}

fn of(secret: &SecretString) -> [u8; 32] {
    fingerprint(secret.expose_secret().as_bytes())
}

fn ensured(id: &str) -> Applied {
    Applied {
        remote_id: Some(id.to_owned()),
        generated: None,
    }
}

fn generated(row: Key) -> Result<Applied, Fault> {
    let Some(secret) = row.key else {
        return Err(Fault::new(
            FaultKind::Unsupported,
            "Kong made a key and does not show it",
        ));
    };
    Ok(Applied {
        remote_id: Some(row.id),
        generated: Some(secret),
    })
}
