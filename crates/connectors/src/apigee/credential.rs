//! Keys: imported without products, which open nothing; then given what they may call.

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::Apigee;
use super::answers::is_taken;
use super::client::{Ask, path};
use super::names::{Names, merged};
use super::rows::{App, Key};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Applied, Observed, Secret, fingerprint};

impl Apigee {
    /// Sees to it that the credential is there with its secret, and opens these products.
    pub(crate) async fn ensure_credential(
        &self,
        link: &Link,
        names: &Names,
        (number, secret, products): (u32, &Secret, &BTreeSet<String>),
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        match secret {
            Secret::Provided(secret) => self.give(link, names, (number, secret, products), observed).await,
            Secret::Generated => self.generate(link, names, number, products).await,
        }
    }

    async fn give(
        &self,
        link: &Link,
        names: &Names,
        (number, secret, products): (u32, &SecretString, &BTreeSet<String>),
        observed: &Observed,
    ) -> Result<Applied, Fault> {
        let seen = observed.credentials.iter().any(|one| one.number == Some(number));
        let imported = match seen {
            true => None,
            false => match self.import(link, names, number, secret).await {
                Err(fault) if is_taken(&fault) => None,
                imported => Some(imported?),
            },
        };
        if let Some(key) = imported {
            return self.settle(link, names, number, &key, products).await;
        }
        let app = self.the_app(link, names).await?;
        let wanted = fingerprint(secret.expose_secret().as_bytes());
        let applied = match app.credentials.iter().find(|key| key.fingerprint() == wanted) {
            Some(key) => self.settle(link, names, number, key, products).await?,
            None => match self.import(link, names, number, secret).await {
                Err(fault) if is_taken(&fault) => return Err(self.whose(link, secret.expose_secret()).await?),
                key => self.settle(link, names, number, &key?, products).await?,
            },
        };
        // What had the number before has another secret, and goes after its successor is there.
        for key in &app.credentials {
            if names.number_of(key) == Some(number) && key.fingerprint() != wanted {
                self.delete_key(link, names, key).await?;
            }
        }
        Ok(applied)
    }

    async fn import(&self, link: &Link, names: &Names, number: u32, secret: &SecretString) -> Result<Key, Fault> {
        let body = json!({
            "consumerKey": secret.expose_secret(),
            "consumerSecret": names.consumer_secret(number, &self.rng).expose_secret(),
            "attributes": names.key_attributes(number),
        });
        let ask = Ask::post("key.post", format!("{}/keys", names.app_path()), body);
        self.caller.object(link, ask.secret()).await
    }

    /// A key of Apigee's making. It makes one each time it is asked, so what a lost answer made is looked for first.
    async fn generate(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        products: &BTreeSet<String>,
    ) -> Result<Applied, Fault> {
        let app = self.the_app(link, names).await?;
        let numbered = app.credentials.iter().find(|key| names.number_of(key) == Some(number));
        if let Some(key) = numbered.or_else(|| names.minted(&app, number)) {
            return self.hand_out(link, names, number, key, products).await;
        }
        let app = self.mint(link, names, number, &app).await?;
        let Some(key) = names.minted(&app, number) else {
            let words = "Apigee was told to make a key, and its answer shows none";
            return Err(Fault::new(FaultKind::UnknownOutcome, words));
        };
        self.hand_out(link, names, number, key, products).await
    }

    async fn mint(&self, link: &Link, names: &Names, number: u32, app: &App) -> Result<App, Fault> {
        let mut ours = names.app_attributes();
        ours.push(names.minting(app, number));
        // It replaces the app's attributes, in the same step in which it makes the key.
        let body = json!({ "name": names.app(), "attributes": merged(&app.attributes, ours) });
        let ask = Ask::post("key.generate", names.app_path(), body).secret().once();
        self.caller.object(link, ask).await
    }

    async fn hand_out(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        key: &Key,
        products: &BTreeSet<String>,
    ) -> Result<Applied, Fault> {
        let applied = self.settle(link, names, number, key, products).await?;
        Ok(Applied {
            generated: Some(key.consumer_key.clone()),
            ..applied
        })
    }

    /// Gives a key under our app its number and exactly these products: what is too much goes first.
    pub(crate) async fn settle(
        &self,
        link: &Link,
        names: &Names,
        number: u32,
        key: &Key,
        products: &BTreeSet<String>,
    ) -> Result<Applied, Fault> {
        let at = names.key_path(&key.consumer_key);
        for extra in key.api_products.iter().filter(|one| !products.contains(&one.name)) {
            let product = format!("{at}{}", path(&["apiproducts", &extra.name]));
            self.caller
                .gone(link, Ask::delete("key.detach", product).secret())
                .await?;
        }
        let there: BTreeSet<&str> = key.api_products.iter().map(|one| one.name.as_str()).collect();
        let missing: Vec<&String> = products.iter().filter(|one| !there.contains(one.as_str())).collect();
        let written: Option<Key> = if missing.is_empty() && names.are_on_key(key, number) {
            None
        } else {
            let mut body = json!({ "attributes": names.key_attributes(number) });
            if !missing.is_empty() {
                body["apiProducts"] = json!(missing);
            }
            Some(
                self.caller
                    .object(link, Ask::post("key.attach", at.clone(), body).secret())
                    .await?,
            )
        };
        let now = written.as_ref().unwrap_or(key);
        let opened: BTreeSet<&str> = now.opens().collect();
        for waiting in products.iter().filter(|one| !opened.contains(one.as_str())) {
            let product = format!("{at}{}", path(&["apiproducts", waiting]));
            let ask = Ask::action("key.approveProduct", &product, "approve");
            self.caller.done(link, ask.secret()).await?;
        }
        if !key.is_approved() {
            let ask = Ask::action("key.approve", &at, "approve");
            self.caller.done(link, ask.secret()).await?;
        }
        Ok(Applied {
            remote_id: Some(key.handle()),
            generated: None,
        })
    }

    /// Takes a key away: ours by its number, somebody else's only when it is named.
    pub(crate) async fn drop_credential(
        &self,
        link: &Link,
        names: &Names,
        number: Option<u32>,
        remote_id: Option<&str>,
    ) -> Result<Applied, Fault> {
        let Some(app) = self.app(link, names).await? else {
            return Ok(Applied::default());
        };
        for key in &app.credentials {
            let found = match (number, names.number_of(key)) {
                (Some(wanted), Some(number)) => wanted == number,
                // Without a number of its own it is meant only where it is named.
                _ => remote_id == Some(key.handle().as_str()),
            };
            if found {
                self.delete_key(link, names, key).await?;
            }
        }
        Ok(Applied {
            remote_id: remote_id.map(str::to_owned),
            generated: None,
        })
    }
}
