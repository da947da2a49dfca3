//! A credential is a client application: made with our pair, or with one of Anypoint's. A pair is never changed; another one is
//! another application.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::MuleSoft;
use super::client::{Ask, is_taken};
use super::contracts::{Wanted, wanted};
use super::names::Names;
use super::rows::Application as Row;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Applied, Observed, Secret, fingerprint};

/// What was ensured: the client application, whether it was only just made, and its pair where Anypoint made it.
struct Ensured {
    id: u64,
    fresh: bool,
    generated: Option<SecretString>,
}

impl MuleSoft {
    /// Sees to it that the credential is there with its secret and may call exactly these.
    pub(crate) async fn ensure_credential(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        secret: &Secret,
        scope: &BTreeSet<String>,
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let wanted = wanted(scope)?;
        let seen = observed.credentials.iter().find(|one| one.number == Some(number));
        let seen = seen.and_then(|one| Some((one.remote_id.parse::<u64>().ok()?, one.fingerprint)));
        let ensured = match (secret, seen) {
            // Where Anypoint does not show it, it is what it was made with.
            (Secret::Provided(secret), Some((id, found))) if found.is_none_or(|found| found == of(secret)) => Ensured {
                id,
                fresh: false,
                generated: None,
            },
            (Secret::Provided(_), Some((id, _))) => {
                self.withdraw(link, id).await?;
                self.make(link, names, number, secret, &wanted).await?
            }
            (Secret::Generated, Some((id, _))) => match self.application(link, id).await? {
                Some(row) => Ensured {
                    id,
                    fresh: false,
                    generated: Some(told(&row)?),
                },
                None => self.make(link, names, number, secret, &wanted).await?,
            },
            (_, None) => self.make(link, names, number, secret, &wanted).await?,
        };
        if ensured.fresh {
            self.give_scope(link, ensured.id, &wanted).await?;
        } else {
            self.set_scope(link, ensured.id, &wanted).await?;
        }
        Ok(Applied {
            remote_id: Some(ensured.id.to_string()),
            generated: ensured.generated,
        })
    }

    /// Makes the client application, or finds that a lost attempt has made it.
    async fn make(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        secret: &Secret,
        wanted: &Wanted,
    ) -> Result<Ensured, Fault> {
        let (row, fresh) = match self.post(link, names, number, secret, wanted).await {
            Err(fault) if is_taken(&fault) => {
                // Ours after a lost answer; or the name, or the client id, is somebody else's, and stays there.
                let ours = self.ours(link, names).await?;
                let one = ours.iter().find(|one| one.number == number).ok_or(fault)?;
                let row = self.application(link, one.id).await?.ok_or_else(|| {
                    Fault::new(FaultKind::NotFound, "the client application was taken away meanwhile")
                })?;
                (row, false)
            }
            made => (made?, true),
        };
        let id = row.id;
        let generated = match secret {
            Secret::Generated => Some(told(&row)?),
            Secret::Provided(secret) => {
                self.check_pair(link, row, secret, fresh).await?;
                None
            }
        };
        Ok(Ensured { id, fresh, generated })
    }

    async fn post(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        secret: &Secret,
        wanted: &Wanted,
    ) -> Result<Row, Fault> {
        let mut body = json!({
            "name": names.credential_name(number),
            "description": names.description(number),
            "grantTypes": [],
            "redirectUri": [],
            "apiEndpoints": false,
        });
        // The later version of Exchange's API makes every pair itself.
        let version = match secret {
            Secret::Provided(secret) => {
                let (id, secret) = pair(secret);
                body["clientId"] = id.into();
                body["clientSecret"] = secret.into();
                "v1"
            }
            Secret::Generated => "v2",
        };
        // Which client provider makes it hangs on an API instance; some organizations insist on one.
        let instance = match wanted.keys().next() {
            Some(api) => Some(*api),
            None => self.instance(link).await?,
        };
        let instance = instance.map(|api| format!("?apiInstanceId={api}")).unwrap_or_default();
        let path = format!("{}{instance}", self.caller.applications(version));
        let ask = Ask::new("application.create", path).secret();
        self.caller.post(link, ask, &body).await
    }

    /// Takes a client application away again that has another pair than ours: its customer would not be admitted.
    async fn check_pair(&self, link: &Link, row: Row, secret: &SecretString, fresh: bool) -> Result<(), Fault> {
        let (id, _) = pair(secret);
        let row = match row.has_client_id(id) {
            // The answer need not have it.
            None => self.application(link, row.id).await?.unwrap_or(row),
            Some(_) => row,
        };
        if row.has_client_id(id) != Some(false) {
            return Ok(());
        }
        self.withdraw(link, row.id).await?;
        let words = "Anypoint made a client id of its own where ours was asked for, and it was taken away again; \
                     connect it so that the gateway makes the secrets";
        Err(match fresh {
            true => Fault::new(FaultKind::Unsupported, words),
            false => Fault::new(
                FaultKind::Conflict,
                "a client application of ours had another client id than ours, and was taken away",
            ),
        })
    }
}

/// The client id and the secret that a key is: a key of ours is both, one that was adopted has both with a colon between.
fn pair(secret: &SecretString) -> (&str, &str) {
    let whole = secret.expose_secret();
    whole.split_once(':').unwrap_or((whole, whole))
}

fn of(secret: &SecretString) -> [u8; 32] {
    fingerprint(secret.expose_secret().as_bytes())
}

fn told(row: &Row) -> Result<SecretString, Fault> {
    row.told().ok_or_else(|| {
        Fault::new(
            FaultKind::Unsupported,
            "Anypoint made a client application and does not show its secret",
        )
    })
}
