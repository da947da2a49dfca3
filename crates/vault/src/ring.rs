//! The master keys that an installation has, as its file holds them.

use std::sync::Arc;

use chrono::{DateTime, SecondsFormat, Utc};
use gatewright_types::text_enum;
use zeroize::Zeroizing;

use crate::{MasterKey, MasterKeyId, VaultError};

/// Most keys of a ring.
pub const RING_KEYS_MAX: usize = 100;
/// Room for one line of the file, in bytes.
const LINE_LENGTH: usize = 128;
/// How the file explains itself.
const HEAD: &str = "# Gatewright's master keys, one per line: id, state (NEXT, ACTIVE, PREVIOUS, RETIRED), when it was made, 64 hexadecimal digits.
# Whoever has this file and the database has every sealed secret: keep it out of the database's backups, and keep a copy.
# Without it, sealed secrets cannot be opened. `gatewright vault rotate` changes it; `gatewright vault status` explains it.
";

text_enum! {
    /// What a master key is used for.
    pub enum MasterKeyState {
        /// About to wrap: every process has to be able to open before one wraps.
        Next = "NEXT",
        /// Wraps new data keys, and opens what it wrapped.
        Active = "ACTIVE",
        /// Being replaced: opens what it wrapped.
        Previous = "PREVIOUS",
        /// Replaced everywhere: may be removed.
        Retired = "RETIRED",
    }
}

/// One key of a ring.
#[derive(Clone)]
pub struct Entry {
    /// The key.
    pub key: Arc<MasterKey>,
    /// What it is used for.
    pub state: MasterKeyState,
    /// When it was made, as far as that is known.
    pub made_at: DateTime<Utc>,
}

/// Master keys, exactly one of them ACTIVE; the newest stands last.
#[derive(Clone)]
pub struct Ring {
    entries: Vec<Entry>,
}

impl Ring {
    /// A ring with one new key.
    pub fn of_one(key: MasterKey, made_at: DateTime<Utc>) -> Self {
        Self {
            entries: vec![Entry {
                key: Arc::new(key),
                state: MasterKeyState::Active,
                made_at,
            }],
        }
    }

    /// Adds a key that only opens.
    #[must_use]
    pub fn with_previous(mut self, key: MasterKey, made_at: DateTime<Utc>) -> Self {
        if self.get(key.id()).is_none() {
            let entry = Entry {
                key: Arc::new(key),
                state: MasterKeyState::Previous,
                made_at,
            };
            self.entries.insert(0, entry);
        }
        self
    }

    /// Every key, the newest last.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The key that wraps.
    pub fn active(&self) -> &Arc<MasterKey> {
        let active = self.entries.iter().find(|entry| entry.state == MasterKeyState::Active);
        &active.expect("a ring has an ACTIVE key").key
    }

    /// The key with this id.
    pub fn get(&self, id: &MasterKeyId) -> Option<&Arc<MasterKey>> {
        self.entries
            .iter()
            .find(|entry| entry.key.id() == id)
            .map(|entry| &entry.key)
    }

    /// Adds a key that is to wrap soon.
    pub fn add_next(&mut self, key: MasterKey, made_at: DateTime<Utc>) {
        self.entries.push(Entry {
            key: Arc::new(key),
            state: MasterKeyState::Next,
            made_at,
        });
    }

    /// The key that is to wrap soon.
    pub fn next(&self) -> Option<&Arc<MasterKey>> {
        let next = self.entries.iter().find(|entry| entry.state == MasterKeyState::Next);
        next.map(|entry| &entry.key)
    }

    /// Makes the one with this id the key that wraps; nothing happens when it is not there.
    pub fn activate(&mut self, id: &MasterKeyId) {
        if self.get(id).is_none() {
            return;
        }
        for entry in &mut self.entries {
            if entry.key.id() == id {
                entry.state = MasterKeyState::Active;
            } else if entry.state == MasterKeyState::Active {
                entry.state = MasterKeyState::Previous;
            }
        }
    }

    /// Whatever was being replaced is replaced.
    pub fn retire(&mut self) {
        for entry in self
            .entries
            .iter_mut()
            .filter(|entry| entry.state == MasterKeyState::Previous)
        {
            entry.state = MasterKeyState::Retired;
        }
    }

    /// Forgets a key that is RETIRED.
    pub fn forget(&mut self, id: &MasterKeyId) {
        self.entries
            .retain(|entry| entry.key.id() != id || entry.state != MasterKeyState::Retired);
    }

    /// Reads the file's text; `place` is how errors name the file.
    pub fn parse(text: &str, place: &str) -> Result<Self, VaultError> {
        let mut entries: Vec<Entry> = Vec::new();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let entry = parse_line(line).map_err(|what| VaultError::InvalidLine {
                place: place.to_owned(),
                line: at + 1,
                what,
            })?;
            entries.push(entry);
        }
        let active = entries
            .iter()
            .filter(|entry| entry.state == MasterKeyState::Active)
            .count();
        let twice =
            (1..entries.len()).any(|at| entries[..at].iter().any(|other| other.key.id() == entries[at].key.id()));
        let what = match (active, twice, entries.len()) {
            (_, true, _) => "a key stands there twice",
            (1, _, ..=RING_KEYS_MAX) => return Ok(Self { entries }),
            (1, ..) => "it has more than 100 keys",
            (0, ..) => "no key is ACTIVE",
            _ => "more than one key is ACTIVE",
        };
        Err(VaultError::InvalidRing {
            place: place.to_owned(),
            what,
        })
    }

    /// The file's text.
    pub(crate) fn to_text(&self) -> Zeroizing<String> {
        // The whole capacity at once: a string that grows leaves copies behind.
        let mut text = Zeroizing::new(String::with_capacity(HEAD.len() + self.entries.len() * LINE_LENGTH));
        text.push_str(HEAD);
        for entry in &self.entries {
            let made_at = entry.made_at.to_rfc3339_opts(SecondsFormat::Secs, true);
            for part in [entry.key.id().as_str(), entry.state.as_str(), &made_at] {
                text.push_str(part);
                text.push(' ');
            }
            text.push_str(&entry.key.to_hex());
            text.push('\n');
        }
        text
    }
}

fn parse_line(line: &str) -> Result<Entry, &'static str> {
    let mut words = line.split_ascii_whitespace();
    let mut word = || words.next().ok_or("expected id, state, time and 64 hexadecimal digits");
    let (id, state, made_at, digits) = (word()?, word()?, word()?, word()?);
    let id: MasterKeyId = id.parse()?;
    let state = state
        .parse()
        .map_err(|_| "the state is NEXT, ACTIVE, PREVIOUS or RETIRED")?;
    let made_at = made_at.parse().map_err(|_| "the time is not RFC 3339")?;
    if words.next().is_some() {
        return Err("there is more than id, state, time and 64 hexadecimal digits");
    }
    let key = MasterKey::from_hex(digits).ok_or("the key is not 64 hexadecimal digits")?;
    if *key.id() != id {
        return Err("the key and its id do not belong together");
    }
    Ok(Entry {
        key: Arc::new(key),
        state,
        made_at,
    })
}
