//! Everything of ours, and everything that could become ours, a page of apps at a time.
//!
//! A list of apps leaves out what is revoked unless it is asked for it, apps as well as keys: four passes see everything. A
//! cursor is the pass and Apigee's own token, as in `1:…`.

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};
use gatewright_types::ids::GatewayId;
use secrecy::ExposeSecret;

use super::Apigee;
use super::client::{Ask, CALLS_AT_ONCE, path};
use super::names::{Names, is_gatewrights, is_marked};
use super::observe::{observed, opens};
use super::rows::{App, Apps, Developer, Key};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Adoptable, AdoptableKey, AdoptedKey, Observed, Page, Scanned};
use crate::wire::segment;

/// The apps and the keys that a pass sees, by their status.
pub(crate) const PASSES: [(&str, &str); 4] = [
    ("approved", "approved"),
    ("approved", "revoked"),
    ("revoked", "approved"),
    ("revoked", "revoked"),
];
/// Apps on a page: ours cost two calls each, so that a page stays a matter of seconds.
pub(crate) const APPS_PER_PAGE: usize = 200;

impl Apigee {
    /// A page of what carries a connection's mark. It may be empty and not the last.
    pub(crate) async fn scan(
        &self,
        link: &Link,
        connection_id: GatewayId,
        cursor: Option<String>,
    ) -> Result<Page<Scanned>, Fault> {
        let (pass, token) = place(cursor.as_deref())?;
        let (apps, next) = self.apps(link, pass, token, false).await?;
        let ours = apps.into_iter().filter(|app| is_marked(app, connection_id));
        let found = stream::iter(ours).map(|app| self.scanned(link, connection_id, pass, app));
        let found: Vec<Option<Scanned>> = found.buffered(CALLS_AT_ONCE).try_collect().await?;
        Ok(Page {
            items: found.into_iter().flatten().collect(),
            next,
        })
    }

    /// Looks at an app as everybody else looks at it; none: it is gone meanwhile, or was seen in the pass before.
    async fn scanned(
        &self,
        link: &Link,
        connection_id: GatewayId,
        pass: usize,
        app: App,
    ) -> Result<Option<Scanned>, Fault> {
        let Some(names) = Names::found(connection_id, &app, &self.settings.developer_domain) else {
            let observed = Observed {
                exists: true,
                remote_id: Some(app.app_id),
                misnamed: true,
                ..Observed::default()
            };
            return Ok(Some(Scanned {
                subscription_id: None,
                name: app.name,
                observed,
            }));
        };
        // Whether the developer is ours shows in what is observed; one that is not must not end the scan.
        let developer = self
            .caller
            .found(link, Ask::get("developer.get", names.developer_path()));
        let (developer, app): (Option<Developer>, _) = try_join(developer, self.app(link, &names)).await?;
        let (Some(developer), Some(app)) = (developer, app) else {
            return Ok(None);
        };
        let seen_before = PASSES[pass].1 == "revoked" && app.credentials.iter().any(Key::is_approved);
        Ok((!seen_before).then(|| Scanned {
            subscription_id: Some(names.application().subscription_id),
            name: names.app(),
            observed: observed(&names, &developer, &app, link),
        }))
    }

    /// A page of apps that no Gatewright made and whose keys are admitted. It may be empty and not the last.
    pub(crate) async fn adoptable(&self, link: &Link, cursor: Option<String>) -> Result<Page<Adoptable>, Fault> {
        let (pass, token) = place(cursor.as_deref())?;
        let (apps, next) = self.apps(link, pass, token, true).await?;
        let strangers = apps.into_iter().filter(|app| !is_gatewrights(app));
        Ok(Page {
            items: strangers.map(|app| adoptable(app, link.clock().now_ms())).collect(),
            // What is revoked was taken away from somebody: taking it over would give it back.
            next: next.filter(|next| next.starts_with("0:")),
        })
    }

    /// One of them.
    pub(crate) async fn stranger(&self, link: &Link, remote_id: &str) -> Result<Option<Adoptable>, Fault> {
        let app = self.app_by_id(link, remote_id).await?;
        let stranger = app.filter(|app| app.is_approved() && !is_gatewrights(app));
        Ok(stranger.map(|app| adoptable(app, link.clock().now_ms())))
    }

    /// Takes away a key under somebody else's app, if it is still the one that was given to us.
    pub(crate) async fn release(&self, link: &Link, key: &AdoptedKey) -> Result<(), Fault> {
        let Some(app) = self.app_by_id(link, &key.consumer_id).await? else {
            return Ok(());
        };
        // Its name there is made from what it is: another secret is another key.
        let Some(found) = app.credentials.iter().find(|one| one.handle() == key.remote_id) else {
            return Ok(());
        };
        if is_gatewrights(&app) || key.fingerprint.is_some_and(|given| given != found.fingerprint()) {
            let words = "the key is not the one that was adopted: whoever changed that has to say what becomes of it";
            return Err(Fault::new(FaultKind::Foreign, words));
        }
        let Some(email) = &app.developer_email else {
            let words = format!("the app {} is not a developer's, but a group's", app.name);
            return Err(Fault::new(FaultKind::Unsupported, words));
        };
        let secret = found.consumer_key.expose_secret();
        let at = path(&["developers", email, "apps", &app.name, "keys", secret]);
        self.caller
            .gone(link, Ask::delete("key.delete", at).secret())
            .await
            .map(drop)
    }

    async fn app_by_id(&self, link: &Link, id: &str) -> Result<Option<App>, Fault> {
        let ask = Ask::get("app.get", path(&["apps", id])).secret();
        self.caller.found(link, ask).await
    }

    async fn apps(
        &self,
        link: &Link,
        pass: usize,
        token: &str,
        with_keys: bool,
    ) -> Result<(Vec<App>, Option<String>), Fault> {
        let (app, key) = PASSES[pass];
        let mut list =
            format!("/apps?expand=true&includeCred={with_keys}&pageSize={APPS_PER_PAGE}&status={app}&keyStatus={key}");
        if !token.is_empty() {
            list = format!("{list}&pageToken={}", segment(token));
        }
        let apps: Apps = self.caller.object(link, Ask::get("app.list", list).secret()).await?;
        let next = match apps.next_page_token.filter(|next| !next.is_empty()) {
            Some(next) if next == token => {
                let words = "the pages of /apps do not end: the same one follows itself";
                return Err(Fault::new(FaultKind::Transient, words));
            }
            Some(next) => Some(format!("{pass}:{next}")),
            None if pass + 1 < PASSES.len() => Some(format!("{}:", pass + 1)),
            None => None,
        };
        Ok((apps.app, next))
    }
}

fn place(cursor: Option<&str>) -> Result<(usize, &str), Fault> {
    let Some(cursor) = cursor else {
        return Ok((0, ""));
    };
    let place = cursor
        .split_once(':')
        .and_then(|(pass, token)| Some((pass.parse().ok()?, token)));
    place
        .filter(|(pass, _)| *pass < PASSES.len())
        .ok_or_else(|| Fault::new(FaultKind::Invalid, "this is not where a page of Apigee's apps begins"))
}

fn adoptable(app: App, now_ms: i64) -> Adoptable {
    let keys: Vec<Key> = app.credentials.into_iter().filter(Key::is_approved).collect();
    let key = |key: &Key| AdoptableKey {
        remote_id: key.handle(),
        secret: Some(key.consumer_key.clone()).filter(|key| !key.expose_secret().is_empty()),
        expires_in_seconds: key.expires_in_seconds(now_ms),
    };
    Adoptable {
        remote_id: app.app_id,
        name: app.name,
        scope: keys.iter().flat_map(opens).collect(),
        keys: keys.iter().map(key).collect(),
    }
}
