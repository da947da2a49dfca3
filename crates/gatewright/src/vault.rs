//! The master keys of this installation: found, made at the first start, rotated, shown.
//!
//! They are in the file `master.key` of the data directory, or in the environment. The database knows
//! their names and which of them wraps ([`gatewright_database::master_keys`]).

use std::fmt::Write;
use std::sync::Arc;

use anyhow::{Context, bail, ensure};
use gatewright_database::master_keys::{self, Registered};
use gatewright_database::{Database, SystemUse, Vault};
use gatewright_vault::keyring::{MASTER_KEY_FILE, MASTER_KEY_VARIABLE, PREVIOUS_MASTER_KEY_VARIABLE, Rotating};
use gatewright_vault::ring::RING_KEYS_MAX;
use gatewright_vault::{Keyring, MasterKey, MasterKeyState, Ring};

use crate::process::Progress;
use crate::settings::Settings;

/// How often a rotation looks for data keys that were wrapped meanwhile.
const REWRAP_ROUNDS_MAX: usize = 100;

/// The master keys that the settings name; none where there is no file yet.
fn load(settings: &Settings) -> anyhow::Result<Option<Keyring>> {
    match &settings.master_key {
        Some(active) => Ok(Some(Keyring::from_environment(
            active,
            settings.master_key_previous.as_ref(),
        )?)),
        None if settings.master_key_previous.is_some() => {
            bail!("{PREVIOUS_MASTER_KEY_VARIABLE} is set and {MASTER_KEY_VARIABLE} is not")
        }
        None => Ok(Keyring::from_file(&settings.data_dir.join(MASTER_KEY_FILE))?),
    }
}

/// Opens the vault, with a new master key where there has never been one.
///
/// Fails when a data key of the database needs a master key that is not there.
pub async fn open(settings: &Settings, database: &Database, progress: &Progress) -> anyhow::Result<Arc<Vault>> {
    let path = settings.data_dir.join(MASTER_KEY_FILE);
    let mut tx = database.system(SystemUse::ManageMasterKeys).await?;
    master_keys::lock(&mut tx).await?;
    let registered = master_keys::list(&mut tx).await?;
    let found = load(settings)?;
    let place = found
        .as_ref()
        .map_or_else(|| path.display().to_string(), Keyring::place);
    for needed in registered.iter().filter(|one| one.data_keys > 0) {
        ensure!(
            found.as_ref().is_some_and(|keyring| keyring.find(&needed.id).is_ok()),
            "the database's data keys need the master key {}, which is not in {place}; bring that key, or the backup that belongs to this one",
            needed.id
        );
    }
    let keyring = match found {
        Some(keyring) => keyring,
        None => {
            let keyring = Keyring::create_file(&path, database.rng(), database.clock().now())?;
            progress(&format!(
                "made the master key {} in {}: keep a copy of that file, apart from the database's backups",
                keyring.active().id(),
                path.display()
            ));
            keyring
        }
    };
    let follows = active(&registered).filter(|one| keyring.find(&one.id).is_ok());
    // A file says itself which key wraps. A database that was restored from before a rotation does not know that one.
    let knows_ours = !keyring.is_file() || registered.iter().any(|one| one.id == *keyring.active().id());
    match follows {
        Some(one) if knows_ours => keyring.prefer(&one.id),
        _ => {
            master_keys::activate(&mut tx, keyring.active().id(), database.clock().now()).await?;
            master_keys::retire(&mut tx).await?;
        }
    }
    let registered = master_keys::list(&mut tx).await?;
    tx.commit().await?;
    if is_unfinished(&registered, &keyring) {
        tracing::warn!("a rotation of the master key is not finished: run `gatewright vault rotate`");
    }
    Ok(Arc::new(Vault::new(keyring)))
}

fn active(registered: &[Registered]) -> Option<&Registered> {
    registered.iter().find(|one| one.state == MasterKeyState::Active)
}

fn is_unfinished(registered: &[Registered], keyring: &Keyring) -> bool {
    let Some(active) = active(registered) else { return false };
    let ring = keyring.ring();
    let wraps_another = registered.iter().any(|one| one.data_keys > 0 && one.id != active.id);
    let is_ahead = ring.get(&active.id).is_some() && ring.active().id() != &active.id;
    // In the environment, the previous key may stay after a rotation.
    let is_between = |state| matches!(state, MasterKeyState::Next | MasterKeyState::Previous);
    let is_marked = keyring.is_file() && ring.entries().iter().any(|entry| is_between(entry.state));
    wraps_another || is_ahead || is_marked
}

/// Takes over which master key wraps, for a ring from the environment; to be called now and then.
pub async fn follow(database: &Database) -> Result<(), gatewright_database::DatabaseError> {
    let Some(vault) = database.vault().filter(|vault| !vault.keyring().is_file()) else {
        return Ok(());
    };
    let mut tx = database.system(SystemUse::ManageMasterKeys).await?;
    let registered = master_keys::list(&mut tx).await?;
    tx.close().await?;
    if let Some(active) = active(&registered) {
        vault.keyring().prefer(&active.id);
    }
    Ok(())
}

async fn registered(database: &Database) -> anyhow::Result<Vec<Registered>> {
    let mut tx = database.system(SystemUse::ManageMasterKeys).await?;
    let registered = master_keys::list(&mut tx).await?;
    tx.close().await?;
    Ok(registered)
}

fn required(settings: &Settings) -> anyhow::Result<Keyring> {
    let path = settings.data_dir.join(MASTER_KEY_FILE);
    load(settings)?.with_context(|| {
        format!(
            "{}: there is no master key yet; `gatewright serve` makes one",
            path.display()
        )
    })
}

/// Puts a new master key in the place of the present one while other processes work; returns what to tell.
///
/// Interrupted anywhere, it goes on where it was when it is run again.
pub async fn rotate(settings: &Settings, database: &Database) -> anyhow::Result<String> {
    let keyring = required(settings)?;
    let known = registered(database).await?;
    for needed in known.iter().filter(|one| one.data_keys > 0) {
        keyring.find(&needed.id)?;
    }
    let right = keyring.rotating()?;
    let new = match &right {
        Some(right) => next(&keyring, right, database)?,
        None => {
            let ring = keyring.ring();
            let is_new = active(&known).is_some_and(|one| one.id != *ring.active().id());
            ensure!(
                is_new || is_unfinished(&known, &keyring),
                "the master key comes from the environment: for every process, set {MASTER_KEY_VARIABLE} to a new one \
                 (`openssl rand -hex 32`) and {PREVIOUS_MASTER_KEY_VARIABLE} to the present one, restart them one after \
                 the other, then run `gatewright vault rotate` again with the same two"
            );
            Arc::clone(ring.active())
        }
    };
    // First the database: whoever wraps with a key that it does not know is refused.
    let mut tx = database.system(SystemUse::ManageMasterKeys).await?;
    master_keys::lock(&mut tx).await?;
    master_keys::activate(&mut tx, new.id(), database.clock().now()).await?;
    tx.commit().await?;
    if let Some(right) = &right {
        right.change(|ring| ring.activate(new.id()))?;
    }
    let count = rewrap_all(database, &keyring).await?;
    let next = match &right {
        Some(right) => {
            right.change(Ring::retire)?;
            format!(
                "The old ones stay in {} as RETIRED, for backups of the database from before; \
                 `gatewright vault rotate --prune` removes them.",
                keyring.place()
            )
        }
        None => format!(
            "Now remove {PREVIOUS_MASTER_KEY_VARIABLE} from every process, after its next restart it is not needed."
        ),
    };
    Ok(format!(
        "{} is the master key now; {count} data keys were wrapped anew.\n{next}\n",
        new.id()
    ))
}

/// The key that is to wrap: a new one, unless a rotation was interrupted that had one.
fn next(keyring: &Keyring, right: &Rotating<'_>, database: &Database) -> anyhow::Result<Arc<MasterKey>> {
    let ring = keyring.ring();
    if let Some(next) = ring.next() {
        return Ok(Arc::clone(next));
    }
    if ring
        .entries()
        .iter()
        .any(|entry| entry.state == MasterKeyState::Previous)
    {
        return Ok(Arc::clone(ring.active()));
    }
    ensure!(
        ring.entries().len() < RING_KEYS_MAX,
        "{}: it has {RING_KEYS_MAX} keys; run `gatewright vault rotate --prune` first",
        keyring.place()
    );
    let (new, now) = (MasterKey::mint(database.rng()), database.clock().now());
    let ring = right.change(|ring| ring.add_next(new, now))?;
    ring.next()
        .map(Arc::clone)
        .context("the new master key is not in the ring")
}

/// Wraps until nothing is left, also of what transactions did meanwhile that had begun before.
async fn rewrap_all(database: &Database, keyring: &Keyring) -> anyhow::Result<u64> {
    let mut count = 0;
    for _ in 0..REWRAP_ROUNDS_MAX {
        count += master_keys::rewrap(database, keyring).await?;
        let mut tx = database.system(SystemUse::ManageMasterKeys).await?;
        master_keys::retire(&mut tx).await?;
        tx.commit().await?;
        let left = registered(database).await?;
        if left
            .iter()
            .all(|one| one.data_keys == 0 || one.state == MasterKeyState::Active)
        {
            return Ok(count);
        }
    }
    bail!(
        "data keys are still being wrapped by another master key: is a process running that does not have the new one?"
    )
}

/// Removes the master keys that are RETIRED; returns what to tell.
pub async fn prune(settings: &Settings, database: &Database) -> anyhow::Result<String> {
    let keyring = required(settings)?;
    let Some(right) = keyring.rotating()? else {
        bail!("the master key comes from the environment: remove {PREVIOUS_MASTER_KEY_VARIABLE} there");
    };
    let known = registered(database).await?;
    let is_active = active(&known).is_some_and(|one| one.id == *keyring.active().id());
    ensure!(
        is_active,
        "a rotation is not finished: run `gatewright vault rotate` first"
    );
    master_keys::rewrap(database, &keyring).await?;
    // The database first: while a data key refers to a master key, it cannot be forgotten there.
    let mut tx = database.system(SystemUse::ManageMasterKeys).await?;
    master_keys::forget_retired(&mut tx).await?;
    let left = master_keys::list(&mut tx).await?;
    tx.commit().await?;
    let before = keyring.ring();
    let gone: Vec<_> = before
        .entries()
        .iter()
        .filter(|entry| entry.state == MasterKeyState::Retired && !left.iter().any(|one| one.id == *entry.key.id()))
        .map(|entry| entry.key.id().clone())
        .collect();
    right.change(|ring| gone.iter().for_each(|id| ring.forget(id)))?;
    let names: Vec<String> = gone.iter().map(ToString::to_string).collect();
    Ok(if names.is_empty() {
        "No master key is RETIRED.\n".to_owned()
    } else {
        format!(
            "Removed {}. Backups of the database from before the rotation cannot be opened any more.\n",
            names.join(", ")
        )
    })
}

/// What there is, for people.
pub async fn status(settings: &Settings, database: &Database) -> anyhow::Result<String> {
    let keyring = required(settings)?;
    let (known, ring) = (registered(database).await?, keyring.ring());
    let mut text = format!("Master keys, from {}:\n", keyring.place());
    let mut line = |id: &str, state: &str, data_keys: i64, note: &str| {
        let _ = writeln!(text, "  {id}  {state:<8}  wraps {data_keys} data keys{note}");
    };
    for one in &known {
        let note = match ring.get(&one.id) {
            Some(_) => "",
            None if one.data_keys > 0 => "  MISSING: they cannot be opened",
            None => "  not here, not needed",
        };
        line(one.id.as_str(), one.state.as_str(), one.data_keys, note);
    }
    for entry in ring.entries() {
        if !known.iter().any(|one| one.id == *entry.key.id()) {
            line(
                entry.key.id().as_str(),
                entry.state.as_str(),
                0,
                "  not used by this database",
            );
        }
    }
    let missing = known.iter().any(|one| one.data_keys > 0 && ring.get(&one.id).is_none());
    if is_unfinished(&known, &keyring) {
        text.push_str("A rotation is not finished: run `gatewright vault rotate`.\n");
    }
    ensure!(!missing, "{text}a master key that is needed is missing");
    Ok(text)
}
