//! What an account has in a region: keys, usage plans, who is in which, and APIs with their deployed stages.

use std::collections::{BTreeMap, BTreeSet};

use gatewright_types::Rng;
use serde_json::{Map, Value, json};

use super::error::Refused;
use crate::stage::{Touch, Touched};

/// Most usage plans that one key is in.
const PLANS_OF_A_KEY_MAX: usize = 10;
/// Shortest and longest value of a key.
const VALUE_CHARS: std::ops::RangeInclusive<usize> = 20..=128;
/// Most tags.
const TAGS_MAX: usize = 50;

#[derive(Clone)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: String,
    pub(super) value: String,
    pub(super) enabled: bool,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) created_ms: i64,
    pub(super) updated_ms: i64,
}

impl Key {
    pub(super) fn shown(&self, with_value: bool) -> Value {
        let mut shown = json!({
            "id": self.id, "name": self.name, "enabled": self.enabled, "stageKeys": [],
            "createdDate": self.created_ms / 1000, "lastUpdatedDate": self.updated_ms / 1000,
        });
        if !self.description.is_empty() {
            shown["description"] = self.description.as_str().into();
        }
        if !self.tags.is_empty() {
            shown["tags"] = json!(self.tags);
        }
        if with_value {
            shown["value"] = self.value.as_str().into();
        }
        shown
    }
}

#[derive(Clone)]
pub(super) struct Plan {
    pub(super) id: String,
    pub(super) name: String,
    /// The API's id and the stage's name.
    pub(super) stages: BTreeSet<(String, String)>,
    pub(super) throttle: Option<(f64, u32)>,
    pub(super) quota: Option<(u32, String)>,
}

impl Plan {
    pub(super) fn shown(&self) -> Value {
        let stages: Vec<_> = self
            .stages
            .iter()
            .map(|(api, stage)| json!({ "apiId": api, "stage": stage }))
            .collect();
        let mut shown = json!({ "id": self.id, "name": self.name, "apiStages": stages });
        if let Some((rate, burst)) = self.throttle {
            shown["throttle"] = json!({ "rateLimit": rate, "burstLimit": burst });
        }
        if let Some((limit, period)) = &self.quota {
            shown["quota"] = json!({ "limit": limit, "offset": 0, "period": period });
        }
        shown
    }
}

/// A method of a deployed API.
#[derive(Clone)]
pub(super) struct Method {
    pub(super) path: String,
    pub(super) method: String,
    pub(super) authorization: String,
    pub(super) needs_key: bool,
}

#[derive(Clone)]
pub(super) struct Api {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) key_source: String,
    /// Stages with their deployments.
    pub(super) stages: BTreeMap<String, String>,
    /// Deployments with what they froze.
    pub(super) deployments: BTreeMap<String, Vec<Method>>,
}

impl Api {
    pub(super) fn shown(&self) -> Value {
        json!({ "id": self.id, "name": self.name, "apiKeySource": self.key_source, "createdDate": 1_700_000_000,
            "endpointConfiguration": { "types": ["REGIONAL"] } })
    }

    pub(super) fn stage(&self, name: &str) -> Option<Value> {
        let deployment = self.stages.get(name)?;
        Some(json!({ "stageName": name, "deploymentId": deployment, "createdDate": 1_700_000_000 }))
    }

    /// `apiSummary`, by path and method.
    pub(super) fn summary(&self, deployment: &str) -> Option<Value> {
        let mut summary: Map<String, Value> = Map::new();
        for method in self.deployments.get(deployment)? {
            let shown = json!({ "authorizationType": method.authorization, "apiKeyRequired": method.needs_key });
            summary.entry(&method.path).or_insert_with(|| json!({}))[&method.method] = shown;
        }
        Some(summary.into())
    }
}

pub(super) struct Store {
    pub(super) keys: Vec<Key>,
    pub(super) plans: Vec<Plan>,
    /// A plan's id, a key's id.
    pub(super) members: BTreeSet<(String, String)>,
    pub(super) apis: Vec<Api>,
    /// Objects of somebody else, as they were.
    foreign: BTreeMap<(&'static str, String), Value>,
    pub(super) secrets: Vec<String>,
    rng: Rng,
    pub(super) keys_max: usize,
    pub(super) alphanumeric_values: bool,
}

impl Store {
    pub(super) fn new(rng: Rng, keys_max: usize, alphanumeric_values: bool) -> Self {
        Self {
            keys: Vec::new(),
            plans: Vec::new(),
            members: BTreeSet::new(),
            apis: Vec::new(),
            foreign: BTreeMap::new(),
            secrets: Vec::new(),
            rng,
            keys_max,
            alphanumeric_values,
        }
    }

    /// Letters and digits, as AWS makes ids of 10 and values of 40.
    pub(super) fn random(&self, length: usize) -> String {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let mut bytes = vec![0; length];
        self.rng.fill(&mut bytes);
        let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
        bytes.iter().map(letter).collect()
    }

    pub(super) fn key(&self, id: &str) -> Result<&Key, Refused> {
        self.keys
            .iter()
            .find(|key| key.id == id)
            .ok_or_else(|| Refused::absent("API Key"))
    }

    pub(super) fn key_mut(&mut self, id: &str) -> Result<&mut Key, Refused> {
        let found = self.keys.iter_mut().find(|key| key.id == id);
        found.ok_or_else(|| Refused::absent("API Key"))
    }

    pub(super) fn plan(&self, id: &str) -> Result<&Plan, Refused> {
        self.plans
            .iter()
            .find(|plan| plan.id == id)
            .ok_or_else(|| Refused::absent("Usage Plan"))
    }

    pub(super) fn api(&self, id: &str) -> Result<&Api, Refused> {
        let api = self.apis.iter().find(|api| api.id == id);
        api.ok_or_else(|| Refused::absent("API"))
    }

    /// Makes a key. Names may repeat, values may not.
    pub(super) fn create_key(&mut self, given: &Value, now_ms: i64) -> Result<Key, Refused> {
        let text = |name: &str| given[name].as_str().unwrap_or_default().to_owned();
        let tags: BTreeMap<String, String> =
            serde_json::from_value(given.get("tags").cloned().unwrap_or_else(|| json!({})))
                .map_err(|_| Refused::bad("Invalid tags"))?;
        let allowed = |text: &String| {
            text.len() <= 256
                && text
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "+-=._:/ ".contains(c))
        };
        if tags.len() > TAGS_MAX || !tags.iter().all(|(name, value)| allowed(name) && allowed(value)) {
            return Err(Refused::bad("Invalid tags"));
        }
        let value = match given
            .get("value")
            .and_then(Value::as_str)
            .filter(|value| !value.is_empty())
        {
            Some(value) => self.checked(value)?,
            None => self.random(40),
        };
        if self.keys.len() >= self.keys_max {
            return Err(Refused::limit(
                "Maximum number of API keys for this account has been reached.",
            ));
        }
        let key = Key {
            id: self.random(10),
            name: text("name"),
            description: text("description"),
            enabled: given["enabled"].as_bool().unwrap_or(false),
            value,
            tags,
            created_ms: now_ms,
            updated_ms: now_ms,
        };
        self.secrets.push(key.value.clone());
        self.keys.push(key.clone());
        Ok(key)
    }

    fn checked(&self, value: &str) -> Result<String, Refused> {
        if value.chars().count() < *VALUE_CHARS.start() {
            return Err(Refused::bad("API Key value should be at least 20 characters"));
        }
        if value.chars().count() > *VALUE_CHARS.end() {
            return Err(Refused::bad("API Key value should be at most 128 characters"));
        }
        if self.alphanumeric_values && !value.chars().all(|letter| letter.is_ascii_alphanumeric()) {
            return Err(Refused::bad("API Key value should be alphanumeric"));
        }
        if self.keys.iter().any(|key| key.value == value) {
            return Err(Refused::conflict("API Key already exists"));
        }
        Ok(value.to_owned())
    }

    pub(super) fn delete_key(&mut self, id: &str) -> Result<(), Refused> {
        self.key(id)?;
        self.keys.retain(|key| key.id != id);
        self.members.retain(|(_, key)| key != id);
        Ok(())
    }

    pub(super) fn plans_of(&self, key: &str) -> impl Iterator<Item = &Plan> {
        let in_it = move |plan: &&Plan| self.members.contains(&(plan.id.clone(), key.to_owned()));
        self.plans.iter().filter(in_it)
    }

    /// Puts a key into a plan: not twice, and not into two plans of one stage.
    pub(super) fn join(&mut self, plan_id: &str, key_id: &str) -> Result<Key, Refused> {
        let plan = self.plan(plan_id)?.clone();
        let key = self.key(key_id)?.clone();
        if self.members.contains(&(plan.id.clone(), key.id.clone())) {
            return Err(Refused::conflict(format!(
                "Usage Plan {plan_id} already has the API Key {key_id}"
            )));
        }
        if self
            .plans_of(key_id)
            .any(|other| !other.stages.is_disjoint(&plan.stages))
        {
            return Err(Refused::conflict(
                "API Key is already associated with another Usage Plan of the same API Stage",
            ));
        }
        if self.plans_of(key_id).count() >= PLANS_OF_A_KEY_MAX {
            return Err(Refused::limit("API Key is in the maximum number of Usage Plans"));
        }
        self.members.insert((plan.id, key.id.clone()));
        Ok(key)
    }

    pub(super) fn leave(&mut self, plan_id: &str, key_id: &str) -> Result<(), Refused> {
        self.plan(plan_id)?;
        if self.members.remove(&(plan_id.to_owned(), key_id.to_owned())) {
            Ok(())
        } else {
            Err(Refused::absent("API Key"))
        }
    }

    /// Every object that can be somebody else's, as it is: a key with the plans that it is in.
    fn objects(&self) -> BTreeMap<(&'static str, String), Value> {
        let keys = self.keys.iter().map(|key| {
            let plans: Vec<_> = self.plans_of(&key.id).map(|plan| plan.id.clone()).collect();
            (("apikeys", key.id.clone()), json!([key.shown(true), plans]))
        });
        let plans = self
            .plans
            .iter()
            .map(|plan| (("usageplans", plan.id.clone()), plan.shown()));
        let apis = self.apis.iter().map(|api| (("restapis", api.id.clone()), api.shown()));
        keys.chain(plans).chain(apis).collect()
    }

    pub(super) fn mark_all_foreign(&mut self) {
        self.foreign = self.objects();
    }

    pub(super) fn mark_foreign(&mut self, key_id: &str) {
        let place = ("apikeys", key_id.to_owned());
        if let Some(shown) = self.objects().remove(&place) {
            self.foreign.insert(place, shown);
        }
    }

    pub(super) fn touched(&self) -> Vec<Touched> {
        let now = self.objects();
        let differs = |(place, was): (&(&'static str, String), &Value)| {
            let how = match now.get(place) {
                None => Touch::Gone,
                Some(is) if is != was => Touch::Changed,
                Some(_) => return None,
            };
            Some(Touched {
                kind: place.0.to_owned(),
                id: place.1.clone(),
                how,
            })
        };
        self.foreign.iter().filter_map(differs).collect()
    }
}
