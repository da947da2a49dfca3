//! The rows of one Kong database, with its rules: what is unique, what goes with what, what expires.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Bound;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatewright_types::Rng;
use serde_json::{Value, json};
use uuid::Uuid;

use super::check::{complete_row, is_uuid};
use super::error::Refused;
use super::schema::{Kind, Row, Table};
use crate::stage::{Touch, Touched};

/// A row on whose behalf rows of another table are looked at.
pub(super) type Parent = (Table, String);

/// How a body was written and when it came.
#[derive(Clone, Copy)]
pub(super) struct Now {
    pub(super) ms: i64,
    /// It is a form, where everything is text.
    pub(super) lenient: bool,
}

pub(super) struct Store {
    rows: BTreeMap<Table, BTreeMap<String, Row>>,
    /// What must be unique, as JSON, to the id that has it.
    taken: HashMap<(Table, String), String>,
    /// For a table and a row that its rows name, their ids.
    hanging: HashMap<(Table, Parent), BTreeSet<String>>,
    /// When a credential with a `ttl` ends, in milliseconds since 1970.
    ends_ms: BTreeMap<String, i64>,
    /// Rows of somebody else, as they were.
    foreign: BTreeMap<(Table, String), Row>,
    secrets: Vec<String>,
    rng: Rng,
    /// When services, routes or plugins first changed since the proxy last looked.
    pub(super) config_changed_ms: Option<i64>,
}

impl Store {
    pub(super) fn new(rng: Rng) -> Self {
        Self {
            rows: BTreeMap::new(),
            taken: HashMap::new(),
            hanging: HashMap::new(),
            ends_ms: BTreeMap::new(),
            foreign: BTreeMap::new(),
            secrets: Vec::new(),
            rng,
            config_changed_ms: Some(i64::MIN),
        }
    }

    /// Every row of a table, by id.
    pub(super) fn rows(&self, table: Table) -> impl Iterator<Item = &Row> {
        self.rows.get(&table).into_iter().flat_map(BTreeMap::values)
    }

    /// The rows of a table whose id is greater than `after`, by id; under a parent, only its.
    pub(super) fn rows_after<'a>(
        &'a self,
        table: Table,
        parent: Option<&Parent>,
        after: &str,
    ) -> Box<dyn Iterator<Item = &'a Row> + 'a> {
        let after = (Bound::Excluded(after.to_owned()), Bound::Unbounded);
        let rows = self.rows.get(&table);
        match parent {
            None => Box::new(
                rows.into_iter()
                    .flat_map(move |rows| rows.range(after.clone()))
                    .map(|(_, row)| row),
            ),
            Some(parent) => {
                let ids = self.hanging.get(&(table, parent.clone()));
                let ids = ids.into_iter().flat_map(move |ids| ids.range(after.clone()));
                Box::new(ids.filter_map(move |id| rows?.get(id)))
            }
        }
    }

    /// The rows of a table that name this row, by id.
    pub(super) fn rows_of(&self, table: Table, of: Table, id: &str) -> impl Iterator<Item = &Row> {
        self.rows_after(table, Some(&(of, id.to_owned())), "")
    }

    /// The row with this id.
    pub(super) fn by_id(&self, table: Table, id: &str) -> Option<&Row> {
        self.rows.get(&table)?.get(&id.to_ascii_lowercase())
    }

    /// The row that a path's segment names, by id or by the table's own name for it; under `parent`, only one of its.
    pub(super) fn find(&self, table: Table, parent: Option<&Parent>, key: &str) -> Option<&Row> {
        let row = if is_uuid(key) {
            self.by_id(table, key)
        } else if let (Table::Acls, Some((_, consumer))) = (table, parent) {
            self.by_values(table, &json!({ "consumer": { "id": consumer }, "group": key }))
        } else {
            self.by_values(table, &json!({ table.endpoint_key(): key }))
        }?;
        parent.is_none_or(|(of, id)| refers(row, *of, id)).then_some(row)
    }

    /// The credential with this key.
    pub(super) fn find_key(&self, key: &str) -> Option<&Row> {
        self.by_values(Table::KeyAuths, &json!({ "key": key }))
    }

    fn by_values(&self, table: Table, values: &Value) -> Option<&Row> {
        self.by_id(table, self.taken.get(&(table, values.to_string()))?)
    }

    /// A row as Kong shows it: a credential has the seconds that are left to it.
    pub(super) fn show(&self, table: Table, row: &Row, now_ms: i64) -> Value {
        let mut row = row.clone();
        if table == Table::KeyAuths {
            let ends = id_of(&row).and_then(|id| self.ends_ms.get(id));
            // Rounded down after some time has passed: a fresh ttl of 60 reads 59.
            let left = ends.map(|ends| (ends - now_ms - 1) / 1000);
            row.insert("ttl".to_owned(), json!(left));
        }
        Value::Object(row)
    }

    /// Removes what has expired.
    pub(super) fn expire(&mut self, now_ms: i64) {
        let over: Vec<_> = self
            .ends_ms
            .iter()
            .filter(|(_, ends)| **ends <= now_ms)
            .map(|(id, _)| id.clone())
            .collect();
        for id in over {
            self.remove(Table::KeyAuths, &id, now_ms);
        }
    }

    /// Adds a row.
    pub(super) fn insert(&mut self, table: Table, given: Row, now: Now) -> Result<Row, Refused> {
        if let Some(Value::String(id)) = given.get("id")
            && self.by_id(table, id).is_some()
        {
            return Err(Refused::primary_key(id));
        }
        let id = match given.get("id") {
            Some(Value::String(id)) => id.clone(),
            _ => self.new_id(),
        };
        self.write(table, &id, given, None, now)
    }

    /// Makes the row that `key` names what `given` says, and no more than that: what it leaves out is reset.
    /// A row that belongs to somebody else comes to belong to who is named here, as with Kong.
    pub(super) fn upsert(
        &mut self,
        table: Table,
        parent: Option<&Parent>,
        key: &str,
        mut given: Row,
        now: Now,
    ) -> Result<Row, Refused> {
        let id = if is_uuid(key) {
            key.to_ascii_lowercase()
        } else {
            given.insert(table.endpoint_key().to_owned(), json!(key));
            // Only an acl is looked for under its consumer; a key has one owner anyway, who changes.
            let scope = parent.filter(|_| table == Table::Acls);
            let found = self.find(table, scope, key).and_then(id_of).map(str::to_owned);
            let wished = || {
                given
                    .get("id")
                    .and_then(Value::as_str)
                    .filter(|id| self.by_id(table, id).is_none())
            };
            found
                .or_else(|| wished().map(str::to_ascii_lowercase))
                .unwrap_or_else(|| self.new_id())
        };
        let before = self.by_id(table, &id).cloned();
        self.write(table, &id, given, before.as_ref(), now)
    }

    /// Changes what `given` names of a row and leaves the rest; a plugin's configuration is merged.
    pub(super) fn update(&mut self, table: Table, id: &str, given: Row, now: Now) -> Result<Row, Refused> {
        let Some(before) = self.by_id(table, id).cloned() else {
            return Err(Refused::absent("id", id));
        };
        let mut whole = before.clone();
        let ends = self.ends_ms.get(id).copied().filter(|_| !given.contains_key("ttl"));
        for (name, value) in given {
            match (whole.get_mut(&name), value) {
                (Some(Value::Object(old)), Value::Object(new)) if name == "config" => old.extend(new),
                (_, value) => {
                    whole.insert(name, value);
                }
            }
        }
        // A new `ttl` counts from now.
        whole.remove("created_at");
        let row = self.write(table, id, whole, Some(&before), now)?;
        if let Some(ends) = ends {
            self.ends_ms.insert(id.to_owned(), ends);
        }
        Ok(row)
    }

    /// Removes a row and what goes with it, unless it is needed.
    pub(super) fn delete(&mut self, table: Table, id: &str, now_ms: i64) -> Result<(), Refused> {
        if table == Table::Services && self.rows_of(Table::Routes, table, id).next().is_some() {
            return Err(Refused::referenced("routes", "services"));
        }
        for dependent in [Table::Plugins, Table::KeyAuths, Table::Acls] {
            let with: Vec<_> = self
                .rows_of(dependent, table, id)
                .filter_map(id_of)
                .map(str::to_owned)
                .collect();
            for id in with {
                self.remove(dependent, &id, now_ms);
            }
        }
        self.remove(table, id, now_ms);
        Ok(())
    }

    fn remove(&mut self, table: Table, id: &str, now_ms: i64) {
        if let Some(row) = self.rows.get_mut(&table).and_then(|rows| rows.remove(id)) {
            self.release(table, &row);
            self.ends_ms.remove(id);
            self.note(table, now_ms);
        }
    }

    fn write(
        &mut self,
        table: Table,
        id: &str,
        mut given: Row,
        before: Option<&Row>,
        now: Now,
    ) -> Result<Row, Refused> {
        // As Kong's own SQL has it: who sends an old `created_at` has the `ttl` counted from then.
        let since_ms = given
            .get("created_at")
            .and_then(Value::as_i64)
            .map_or(now.ms, |seconds| seconds * 1000);
        let id = id.to_ascii_lowercase();
        given.insert("id".to_owned(), json!(id));
        self.fill_in(table, &mut given, before, now.ms);
        let mut row = complete_row(table, given, now.lenient).map_err(Refused::schema)?;
        self.resolve(table, &mut row)?;
        self.refuse_taken(table, &row)?;
        let ttl = row.remove("ttl").and_then(|ttl| ttl.as_i64()).filter(|ttl| *ttl > 0);
        self.put(table, row.clone(), now.ms);
        match ttl {
            Some(seconds) => self.ends_ms.insert(id, since_ms + seconds * 1000),
            None => self.ends_ms.remove(&id),
        };
        Ok(row)
    }

    /// What Kong itself puts into a row.
    fn fill_in(&mut self, table: Table, row: &mut Row, before: Option<&Row>, now_ms: i64) {
        let now = json!(now_ms.div_euclid(1000));
        let created = before
            .and_then(|row| row.get("created_at"))
            .cloned()
            .unwrap_or_else(|| now.clone());
        let stands = |row: &Row, name: &str| row.get(name).is_some_and(|value| !value.is_null());
        if !stands(row, "created_at") {
            row.insert("created_at".to_owned(), created);
        }
        if table.fields().iter().any(|field| field.name == "updated_at") {
            row.insert("updated_at".to_owned(), now);
        }
        if table == Table::KeyAuths && !stands(row, "key") {
            row.insert("key".to_owned(), json!(self.random_key()));
        }
    }

    /// Checks that what a row names is there, and names it by id.
    fn resolve(&self, table: Table, row: &mut Row) -> Result<(), Refused> {
        for field in table.fields() {
            let (Kind::Ref(of), Some(Value::Object(key))) = (field.kind, row.get(field.name)) else {
                continue;
            };
            let found = key
                .iter()
                .next()
                .and_then(|(name, value)| match (name.as_str(), value) {
                    ("id", Value::String(id)) => self.by_id(of, id),
                    (name, Value::String(key)) if name == of.endpoint_key() => self.find(of, None, key),
                    _ => None,
                });
            let id = found
                .and_then(id_of)
                .ok_or_else(|| Refused::foreign(field.name, key, of.name()))?;
            let id = json!({ "id": id });
            row.insert(field.name.to_owned(), id);
        }
        Ok(())
    }

    fn refuse_taken(&self, table: Table, row: &Row) -> Result<(), Refused> {
        for values in values_of(table, row) {
            let holder = self.taken.get(&(table, Value::Object(values.clone()).to_string()));
            if holder.is_some_and(|holder| Some(holder.as_str()) != id_of(row)) {
                return Err(Refused::unique(values));
            }
        }
        Ok(())
    }

    fn put(&mut self, table: Table, row: Row, now_ms: i64) {
        let Some(id) = id_of(&row).map(str::to_owned) else {
            return;
        };
        let before = self.rows.entry(table).or_default().remove(&id);
        if let Some(before) = &before {
            self.release(table, before);
        }
        for values in values_of(table, &row) {
            self.taken
                .insert((table, Value::Object(values).to_string()), id.clone());
        }
        for parent in named_by(table, &row) {
            self.hanging.entry((table, parent)).or_default().insert(id.clone());
        }
        if let (Table::KeyAuths, Some(Value::String(key))) = (table, row.get("key"))
            && before.and_then(|before| before.get("key").cloned()).as_ref() != row.get("key")
        {
            self.secrets.push(key.clone());
        }
        self.rows.entry(table).or_default().insert(id, row);
        self.note(table, now_ms);
    }

    /// Lets go of what only this row had.
    fn release(&mut self, table: Table, row: &Row) {
        for values in values_of(table, row) {
            self.taken.remove(&(table, Value::Object(values).to_string()));
        }
        for parent in named_by(table, row) {
            let key = (table, parent);
            if let (Some(ids), Some(id)) = (self.hanging.get_mut(&key), id_of(row)) {
                ids.remove(id);
                if ids.is_empty() {
                    self.hanging.remove(&key);
                }
            }
        }
    }

    fn note(&mut self, table: Table, now_ms: i64) {
        if matches!(table, Table::Services | Table::Routes | Table::Plugins) {
            self.config_changed_ms.get_or_insert(now_ms);
        }
    }

    fn new_id(&self) -> String {
        uuid::Builder::from_random_bytes(self.rng.bytes::<16>())
            .into_uuid()
            .to_string()
    }

    /// A key as Kong makes them: 32 letters and digits.
    pub(super) fn random_key(&self) -> String {
        let mut key = String::with_capacity(40);
        while key.len() < 32 {
            let more = URL_SAFE_NO_PAD.encode(self.rng.bytes::<32>());
            key.extend(more.chars().filter(char::is_ascii_alphanumeric));
        }
        key.truncate(32);
        key
    }

    /// An id that the fake's randomness made, for requests.
    pub(super) fn request_id(&self) -> String {
        Uuid::from_bytes(self.rng.bytes::<16>()).simple().to_string()
    }

    /// Calls one row somebody else's.
    pub(super) fn mark_foreign(&mut self, table: Table, id: &str) {
        if let Some(row) = self.by_id(table, id).cloned() {
            self.foreign.insert((table, id.to_owned()), row);
        }
    }

    /// Calls every row somebody else's.
    pub(super) fn mark_all_foreign(&mut self) {
        let all: Vec<_> = Table::ALL
            .into_iter()
            .flat_map(|table| self.rows(table).filter_map(id_of).map(move |id| (table, id.to_owned())))
            .collect();
        for (table, id) in all {
            self.mark_foreign(table, &id);
        }
    }

    /// Foreign rows that did not stay as they were, and rows of others that hang on them.
    pub(super) fn touched(&self) -> Vec<Touched> {
        let of = |table: Table, id: &str, how| Touched {
            kind: table.name().to_owned(),
            id: id.to_owned(),
            how,
        };
        let changed = self
            .foreign
            .iter()
            .filter_map(|((table, id), was)| match self.by_id(*table, id) {
                None => Some(of(*table, id, Touch::Gone)),
                Some(is) if is != was => Some(of(*table, id, Touch::Changed)),
                Some(_) => None,
            });
        let added = Table::ALL.into_iter().flat_map(|table| {
            let ours = self
                .rows(table)
                .filter(move |row| id_of(row).is_none_or(|id| !self.foreign.contains_key(&(table, id.to_owned()))));
            ours.flat_map(move |row| named_by(table, row))
        });
        let added = added.filter(|(table, id)| self.foreign.contains_key(&(*table, id.clone())));
        changed
            .chain(added.map(|(table, id)| of(table, &id, Touch::AddedTo)))
            .collect()
    }

    /// Every key that was ever stored, in the order of arrival.
    pub(super) fn secrets(&self) -> &[String] {
        &self.secrets
    }
}

/// A row's id.
pub(super) fn id_of(row: &Row) -> Option<&str> {
    row.get("id")?.as_str()
}

/// Whether a row names that row.
pub(super) fn refers(row: &Row, of: Table, id: &str) -> bool {
    row.get(of.as_field())
        .and_then(|key| key.get("id"))
        .is_some_and(|found| found == id)
}

/// A row's values that no other row may have.
fn values_of(table: Table, row: &Row) -> Vec<Row> {
    let sets = table.uniques().iter().filter_map(|names| {
        let values: Row = names
            .iter()
            .map(|name| ((*name).to_owned(), row.get(*name).cloned().unwrap_or_default()))
            .collect();
        (names.len() > 1 || !values.values().all(Value::is_null)).then_some(values)
    });
    sets.collect()
}

/// The rows that this row names.
fn named_by(table: Table, row: &Row) -> impl Iterator<Item = Parent> {
    table
        .fields()
        .iter()
        .filter_map(|field| match (field.kind, row.get(field.name)) {
            (Kind::Ref(of), Some(Value::Object(key))) => Some((of, key.get("id")?.as_str()?.to_owned())),
            _ => None,
        })
}
