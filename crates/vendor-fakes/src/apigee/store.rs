//! What is kept of an organization, what of it is somebody else's, and what was deleted and goes on for a while.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use gatewright_types::Rng;
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::Refused;
use super::rows::{App, Attribute, Developer, Key, Product, Proxy};
use super::token::letters;
use crate::stage::{Touch, Touched};

/// Most attributes of a developer, an app or a key.
const ATTRIBUTES_MAX: usize = 18;
/// Letters of a key, and of a secret, that Apigee makes.
const KEY_LETTERS: usize = 48;
const SECRET_LETTERS: usize = 64;

/// An app by its developer's address and its name.
pub(super) type AppId = (String, String);

pub(super) struct Store {
    pub(super) developers: BTreeMap<String, Developer>,
    pub(super) apps: BTreeMap<AppId, App>,
    pub(super) products: BTreeMap<String, Product>,
    pub(super) proxies: BTreeMap<String, Proxy>,
    /// Which app has a consumer key.
    by_key: HashMap<String, AppId>,
    ghosts: Vec<Ghost>,
    /// Things of somebody else, as they were, by kind and id.
    foreign: BTreeMap<(&'static str, String), Value>,
    secrets: Vec<String>,
    rng: Rng,
    linger_ms: i64,
}

/// An app that was deleted and of which not everything is gone.
struct Ghost {
    id: AppId,
    app: App,
    developer: Developer,
    /// It went with its developer, so that its name is taken too.
    with_developer: bool,
    until_ms: i64,
}

impl Store {
    pub(super) fn new(rng: Rng, linger: Duration) -> Self {
        Self {
            developers: BTreeMap::new(),
            apps: BTreeMap::new(),
            products: BTreeMap::new(),
            proxies: BTreeMap::new(),
            by_key: HashMap::new(),
            ghosts: Vec::new(),
            foreign: BTreeMap::new(),
            secrets: Vec::new(),
            rng,
            linger_ms: i64::try_from(linger.as_millis()).unwrap_or(i64::MAX),
        }
    }

    /// Lets what was deleted long enough ago be gone.
    pub(super) fn bury(&mut self, now_ms: i64) {
        self.ghosts.retain(|ghost| now_ms < ghost.until_ms);
    }

    pub(super) fn developer(&self, email: &str) -> Result<&Developer, Refused> {
        let absent = || {
            let message = format!("DeveloperId {email} does not exist in organization");
            Refused::absent("developer.service.DeveloperDoesNotExist", message)
        };
        self.developers.get(email).ok_or_else(absent)
    }

    pub(super) fn app(&self, email: &str, name: &str) -> Result<&App, Refused> {
        self.developer(email)?;
        let absent = || {
            let message = format!("App named {name} does not exist under {email}");
            Refused::absent("developer.service.AppDoesNotExist", message)
        };
        self.apps.get(&(email.to_owned(), name.to_owned())).ok_or_else(absent)
    }

    pub(super) fn app_mut(&mut self, email: &str, name: &str) -> Result<&mut App, Refused> {
        self.app(email, name)?;
        let id = (email.to_owned(), name.to_owned());
        Ok(self.apps.get_mut(&id).expect("it was just there"))
    }

    pub(super) fn key_mut(&mut self, email: &str, name: &str, key: &str) -> Result<&mut Key, Refused> {
        let app = self.app_mut(email, name)?;
        let absent = || {
            // Its own words hold the key, as Google's may.
            let message = format!("Invalid consumer key {key} for Given App");
            Refused::absent("keymanagement.service.InvalidClientIdForGivenApp", message)
        };
        let found = app.keys.iter_mut().find(|one| one.consumer_key == key);
        found.ok_or_else(absent)
    }

    pub(super) fn product(&self, name: &str) -> Result<&Product, Refused> {
        let absent = || {
            let message = format!("ApiProduct [{name}] does not exist for tenant");
            Refused::absent("keymanagement.service.apiproduct_doesnot_exist", message)
        };
        self.products.get(name).ok_or_else(absent)
    }

    /// Whose a consumer key is: with what is left of deleted apps.
    pub(super) fn owner(&self, key: &str) -> Option<(&Developer, &App, &Key)> {
        let of = |app: &'_ App| app.keys.iter().position(|one| one.consumer_key == key);
        if let Some(id) = self.by_key.get(key) {
            let (app, developer) = (self.apps.get(id)?, self.developers.get(&id.0)?);
            return Some((developer, app, &app.keys[of(app)?]));
        }
        self.ghosts
            .iter()
            .find_map(|ghost| Some((&ghost.developer, &ghost.app, &ghost.app.keys[of(&ghost.app)?])))
    }

    /// Whether the name of an app is still in use although the app is gone.
    pub(super) fn haunted(&self, id: &AppId) -> bool {
        self.ghosts.iter().any(|ghost| ghost.with_developer && ghost.id == *id)
    }

    pub(super) fn add_app(&mut self, email: &str, app: App) {
        self.apps.insert((email.to_owned(), app.name.clone()), app);
    }

    /// Puts a key under an app.
    pub(super) fn add_key(&mut self, email: &str, name: &str, key: Key) -> Result<&Key, Refused> {
        self.app(email, name)?;
        if self.owner(&key.consumer_key).is_some() {
            return Err(Refused::taken(
                "keymanagement.service.ConsumerKeyAlreadyExists",
                "ConsumerKey already exists",
            ));
        }
        self.secrets
            .extend([key.consumer_key.clone(), key.consumer_secret.clone()]);
        self.by_key
            .insert(key.consumer_key.clone(), (email.to_owned(), name.to_owned()));
        let app = self.app_mut(email, name)?;
        app.keys.push(key);
        Ok(app.keys.last().expect("it was just pushed"))
    }

    /// A key as Apigee makes them.
    pub(super) fn fresh_key(&self, products: &[String], ends_in_ms: Option<i64>, now_ms: i64) -> Result<Key, Refused> {
        let mut key = Key {
            consumer_key: letters(&self.rng, KEY_LETTERS),
            consumer_secret: letters(&self.rng, SECRET_LETTERS),
            approved: true,
            products: Vec::new(),
            attributes: Vec::new(),
            issued_ms: now_ms,
            expires_ms: ends_in_ms.map(|left| now_ms + left),
        };
        for name in products {
            key.attach(name, self.product(name)?);
        }
        Ok(key)
    }

    pub(super) fn remove_key(&mut self, email: &str, name: &str, key: &str) -> Result<Key, Refused> {
        self.key_mut(email, name, key)?;
        self.by_key.remove(key);
        let keys = &mut self.app_mut(email, name)?.keys;
        let at = keys.iter().position(|one| one.consumer_key == key);
        Ok(keys.remove(at.expect("it was just there")))
    }

    /// Takes an app away; its keys go on for a while.
    pub(super) fn remove_app(&mut self, id: &AppId, with_developer: bool, now_ms: i64) -> Option<App> {
        let developer = self.developers.get(&id.0)?.clone();
        let app = self.apps.remove(id)?;
        for key in &app.keys {
            self.by_key.remove(&key.consumer_key);
        }
        self.ghosts.push(Ghost {
            id: id.clone(),
            app: app.clone(),
            developer,
            with_developer,
            until_ms: now_ms.saturating_add(self.linger_ms),
        });
        self.bury(now_ms);
        Some(app)
    }

    pub(super) fn apps_of<'a>(&'a self, email: &'a str) -> impl Iterator<Item = &'a App> {
        let from = (email.to_owned(), String::new());
        self.apps
            .range(from..)
            .take_while(move |((of, _), _)| of == email)
            .map(|(_, app)| app)
    }

    pub(super) fn fresh_id(&self) -> String {
        uuid::Builder::from_random_bytes(self.rng.bytes())
            .into_uuid()
            .to_string()
    }

    pub(super) fn secrets(&self) -> &[String] {
        &self.secrets
    }

    pub(super) fn state(&self, organization: &str) -> Value {
        let apps: Vec<Value> = self
            .apps
            .iter()
            .filter_map(|((email, _), app)| Some(app.json(self.developers.get(email)?)))
            .collect();
        let developers: Vec<Value> = self
            .developers
            .values()
            .map(|one| {
                one.json(
                    organization,
                    &self
                        .apps_of(&one.email)
                        .map(|app| app.name.as_str())
                        .collect::<Vec<_>>(),
                )
            })
            .collect();
        json!({ "developers": developers, "apps": apps, "products": self.products.values().collect::<Vec<_>>() })
    }
}

/// What is somebody else's.
impl Store {
    /// Everything there is, as far as somebody could change it, by kind and id.
    fn shown(&self) -> BTreeMap<(&'static str, String), Value> {
        let mut all = BTreeMap::new();
        for (email, developer) in &self.developers {
            let shown = json!([developer.names, developer.attributes, developer.active]);
            all.insert(("developers", email.clone()), shown);
        }
        for ((email, name), app) in &self.apps {
            all.insert(
                ("apps", format!("{email}/{name}")),
                json!([app.attributes, app.approved]),
            );
            for key in &app.keys {
                all.insert(("keys", key.consumer_key.clone()), key.json());
            }
        }
        for (name, product) in &self.products {
            all.insert(("apiproducts", name.clone()), json!(product));
        }
        all
    }

    pub(super) fn mark_all_foreign(&mut self) {
        self.foreign = self.shown();
    }

    pub(super) fn mark_app_foreign(&mut self, email: &str, name: &str) {
        let shown = self.shown();
        let app = ("apps", format!("{email}/{name}"));
        let keys = self
            .apps_of(email)
            .filter(|app| app.name == name)
            .flat_map(|app| &app.keys);
        let keys: Vec<_> = keys.map(|key| ("keys", key.consumer_key.clone())).collect();
        let ids = keys.into_iter().chain([app, ("developers", email.to_owned())]);
        for id in ids {
            if let Some(value) = shown.get(&id) {
                self.foreign.insert(id, value.clone());
            }
        }
    }

    pub(super) fn touched(&self) -> Vec<Touched> {
        let now = self.shown();
        let told = |(kind, id): &(&'static str, String), how| Touched {
            kind: (*kind).to_owned(),
            id: id.clone(),
            how,
        };
        let mut touched = Vec::new();
        for (id, before) in &self.foreign {
            match now.get(id) {
                None => touched.push(told(id, Touch::Gone)),
                Some(after) if after != before => touched.push(told(id, Touch::Changed)),
                Some(_) => {}
            }
        }
        let theirs = |kind, id: &str| self.foreign.contains_key(&(kind, id.to_owned()));
        for ((email, name), app) in &self.apps {
            let id = format!("{email}/{name}");
            if theirs("developers", email) && !theirs("apps", &id) {
                touched.push(told(&("developers", email.clone()), Touch::AddedTo));
            }
            if theirs("apps", &id) && app.keys.iter().any(|key| !theirs("keys", &key.consumer_key)) {
                touched.push(told(&("apps", id), Touch::AddedTo));
            }
        }
        touched
    }
}

/// Refuses more attributes than Apigee keeps.
pub(super) fn few_enough(attributes: &[Attribute]) -> Result<(), Refused> {
    if attributes.len() <= ATTRIBUTES_MAX {
        return Ok(());
    }
    let message = format!("The number of attributes exceeds the limit of {ATTRIBUTES_MAX}");
    Err(Refused::invalid(
        "keymanagement.service.attributes_limit_exceeded",
        message,
    ))
}

/// An id that never changes, for what is there from the start.
pub(super) fn fixed_id(number: u128) -> String {
    Uuid::from_u128(0x0c0f_fee0_0000_4000_8000_0000_0000_0000 | number).to_string()
}
