//! Users, subscriptions, products and APIs, with their ETags, and which of them are somebody else's.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::stage::{Touch, Touched};

/// What kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    User,
    Subscription,
    Product,
    Api,
}

impl Kind {
    const ALL: [Self; 4] = [Self::User, Self::Subscription, Self::Product, Self::Api];

    /// Its segment in paths.
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::User => "users",
            Self::Subscription => "subscriptions",
            Self::Product => "products",
            Self::Api => "apis",
        }
    }

    /// As the messages call it.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::User => "User",
            Self::Subscription => "Subscription",
            Self::Product => "Product",
            Self::Api => "API",
        }
    }
}

/// One object: its properties, and which change of the service was its latest.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entity {
    pub(super) properties: Map<String, Value>,
    version: u64,
}

impl Entity {
    pub(super) fn etag(&self) -> String {
        format!("\"AAAAAAAA{:08X}\"", self.version)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.properties.get(name)?.as_str()
    }
}

type Key = (Kind, String);

/// Everything of one service.
#[derive(Default)]
pub(super) struct Store {
    entities: BTreeMap<Key, Entity>,
    foreign: BTreeMap<Key, Entity>,
    secrets: Vec<String>,
    changes: u64,
}

impl Store {
    pub(super) fn get(&self, kind: Kind, id: &str) -> Option<&Entity> {
        self.entities.get(&(kind, id.to_owned()))
    }

    /// All of a kind, by id.
    pub(super) fn all(&self, kind: Kind) -> impl Iterator<Item = (&str, &Entity)> {
        self.entities
            .range((kind, String::new())..)
            .take_while(move |((one, _), _)| *one == kind)
            .map(|((_, id), entity)| (id.as_str(), entity))
    }

    /// Puts an object there, whole.
    pub(super) fn put(&mut self, kind: Kind, id: &str, properties: Value) {
        let Value::Object(properties) = properties else {
            return;
        };
        for name in ["primaryKey", "secondaryKey"] {
            if let Some(key) = properties.get(name).and_then(Value::as_str)
                && !self.secrets.iter().any(|known| known == key)
            {
                self.secrets.push(key.to_owned());
            }
        }
        self.changes += 1;
        let version = self.changes;
        self.entities
            .insert((kind, id.to_owned()), Entity { properties, version });
    }

    /// Changes some properties; a null takes one away. Nothing happens to what is not there.
    pub(super) fn change(&mut self, kind: Kind, id: &str, with: &Map<String, Value>) {
        let Some(entity) = self.get(kind, id) else {
            return;
        };
        let mut properties = entity.properties.clone();
        for (name, value) in with {
            if value.is_null() {
                properties.remove(name);
            } else {
                properties.insert(name.clone(), value.clone());
            }
        }
        self.put(kind, id, Value::Object(properties));
    }

    pub(super) fn remove(&mut self, kind: Kind, id: &str) -> bool {
        self.entities.remove(&(kind, id.to_owned())).is_some()
    }

    /// The subscription that a key belongs to.
    pub(super) fn by_key(&self, key: &str) -> Option<(&str, &Entity)> {
        self.all(Kind::Subscription).find(|(_, entity)| {
            ["primaryKey", "secondaryKey"]
                .iter()
                .any(|name| entity.text(name) == Some(key))
        })
    }

    /// The user that a subscription belongs to.
    pub(super) fn owner_of(&self, subscription: &str) -> Option<String> {
        let owner = self.get(Kind::Subscription, subscription)?.text("ownerId")?;
        Some(owner.trim_start_matches("/users/").to_owned())
    }

    pub(super) fn secrets(&self) -> &[String] {
        &self.secrets
    }

    pub(super) fn mark_foreign(&mut self, kind: Kind, id: &str) {
        if let Some(entity) = self.get(kind, id).cloned() {
            self.foreign.insert((kind, id.to_owned()), entity);
        }
    }

    pub(super) fn mark_all_foreign(&mut self) {
        self.foreign = self.entities.clone();
    }

    /// Foreign objects that did not stay as they were, and foreign users that were given a subscription.
    pub(super) fn touched(&self) -> Vec<Touched> {
        let of = |(kind, id): &Key, how| Touched {
            kind: kind.path().to_owned(),
            id: id.clone(),
            how,
        };
        let changed = self
            .foreign
            .iter()
            .filter_map(|(key, was)| match self.entities.get(key) {
                None => Some(of(key, Touch::Gone)),
                Some(is) if is != was => Some(of(key, Touch::Changed)),
                Some(_) => None,
            });
        let added = self.all(Kind::Subscription).filter_map(|(id, _)| {
            let ours = !self.foreign.contains_key(&(Kind::Subscription, id.to_owned()));
            let owner = (Kind::User, self.owner_of(id).filter(|_| ours)?);
            self.foreign.contains_key(&owner).then(|| of(&owner, Touch::AddedTo))
        });
        changed.chain(added).collect()
    }

    pub(super) fn state(&self) -> Value {
        let lists = Kind::ALL.into_iter().map(|kind| {
            let all = self
                .all(kind)
                .map(|(id, entity)| json!({ "name": id, "properties": entity.properties }));
            (kind.path().to_owned(), Value::Array(all.collect()))
        });
        Value::Object(lists.collect())
    }
}
