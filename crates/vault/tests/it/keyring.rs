//! Where master keys come from, and what is refused.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use chrono::{DateTime, Utc};
use gatewright_types::Rng;
use gatewright_vault::{Keyring, MasterKey, MasterKeyState, Ring, VaultError};
use proptest::prelude::{prop_assert, proptest};
use secrecy::SecretString;

fn now() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

fn scratch() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data/master.key");
    (folder, path)
}

fn hex(of: u8) -> SecretString {
    SecretString::from(format!("{of:02x}{}", "17".repeat(31)))
}

#[test]
fn a_new_file_is_private_and_explains_itself_and_a_second_process_finds_the_same_key() {
    let (_folder, path) = scratch();
    assert!(Keyring::from_file(&path).unwrap().is_none());
    let first = Keyring::create_file(&path, &Rng::System, now()).unwrap();
    let second = Keyring::create_file(&path, &Rng::System, now()).unwrap();
    assert_eq!(first.active().id(), second.active().id(), "the file is not replaced");
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    assert!(
        text.starts_with("# Gatewright's master keys, one per line: id, state"),
        "{text}"
    );
    assert!(text.contains(&format!("{} ACTIVE ", first.active().id())));
    let files: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().collect();
    assert_eq!(files.len(), 1, "nothing else is left: {files:?}");
}

#[test]
fn a_file_that_others_can_read_is_refused_with_the_command_that_repairs_it() {
    let (_folder, path) = scratch();
    Keyring::create_file(&path, &Rng::System, now()).unwrap();
    for mode in [0o640, 0o604, 0o644, 0o660, 0o601] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let Err(error) = Keyring::from_file(&path) else {
            panic!("{mode:o} is accepted")
        };
        let said = error.to_string();
        assert!(
            said.contains("chmod 600") && said.contains(path.to_str().unwrap()),
            "{said}"
        );
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
    assert!(Keyring::from_file(&path).unwrap().is_some());
}

#[test]
fn a_damaged_file_is_refused_by_line_and_never_quoted() {
    let (_folder, path) = scratch();
    Keyring::create_file(&path, &Rng::System, now()).unwrap();
    let good = fs::read_to_string(&path).unwrap();
    let line = good.lines().last().unwrap().to_owned();
    let digits = line.split(' ').next_back().unwrap().to_owned();
    let flipped = if digits.starts_with('0') { "1" } else { "0" };
    for (text, expected) in [
        (String::new(), "no key is ACTIVE"),
        (good.replace("ACTIVE 19", "RETIRED 19"), "no key is ACTIVE"),
        (format!("{good}{line}\n"), "twice"),
        (good.replace(&digits, &digits[1..]), "line 4: the key is not 64"),
        (
            good.replace(&digits, &format!("{flipped}{}", &digits[1..])),
            "line 4: the key and its id",
        ),
        (good.replace(&digits, &"0".repeat(64)), "line 4: the key is not 64"),
        (good.replace(&line, &format!("{line} more")), "line 4: there is more"),
        (good.replace("ACTIVE 19", "IDLE 19"), "line 4: the state"),
        (good.replace("mk_", "key_"), "line 4: a master key's id"),
        (good.replace(" 1970-", " soon-"), "line 4: the time"),
        (format!("{good}#{}", "x".repeat(64 * 1024)), "longer than 64 KiB"),
    ] {
        fs::write(&path, text).unwrap();
        let Err(error) = Keyring::from_file(&path) else {
            panic!("{expected}: accepted")
        };
        let said = error.to_string();
        assert!(said.contains(expected) && !said.contains('\n'), "{said}");
        assert!(!said.contains(&digits[8..40]), "it quotes the key");
    }
}

proptest! {
    #[test]
    fn no_text_makes_a_ring_panic_or_speak(text in "[ -~\n]{0,200}") {
        if let Err(error) = Ring::parse(&text, "master.key") {
            prop_assert!(!error.to_string().contains('\n'));
        }
    }
}

#[test]
fn a_key_from_the_environment_is_64_digits_or_refused_by_the_variables_name() {
    let ring = Keyring::from_environment(&hex(1), Some(&hex(2))).unwrap();
    assert_eq!(
        *ring.active().id(),
        *MasterKey::from_hex(secrecy::ExposeSecret::expose_secret(&hex(1)))
            .unwrap()
            .id()
    );
    let previous = MasterKey::from_hex(secrecy::ExposeSecret::expose_secret(&hex(2))).unwrap();
    assert_eq!(ring.find(previous.id()).unwrap().id(), previous.id());
    for wrong in [
        String::new(),
        "ab".repeat(31),
        "ab".repeat(33),
        "zz".repeat(32),
        "00".repeat(32),
    ] {
        let wrong = SecretString::from(wrong);
        let refused = |result: Result<Keyring, VaultError>| result.err().map(|error| error.to_string()).unwrap();
        let said = refused(Keyring::from_environment(&wrong, None));
        assert!(
            said.starts_with("GATEWRIGHT_MASTER_KEY:") && said.contains("openssl rand -hex 32"),
            "{said}"
        );
        let said = refused(Keyring::from_environment(&hex(1), Some(&wrong)));
        assert!(said.starts_with("GATEWRIGHT_MASTER_KEY_PREVIOUS:"), "{said}");
    }
}

#[test]
fn a_running_process_follows_the_file_through_a_rotation() {
    let (_folder, path) = scratch();
    let running = Keyring::create_file(&path, &Rng::System, now()).unwrap();
    let old = running.active();
    let rotating = Keyring::from_file(&path).unwrap().unwrap();
    let right = rotating.rotating().unwrap().unwrap();
    let again = Keyring::from_file(&path).unwrap().unwrap();
    assert!(matches!(again.rotating(), Err(VaultError::Locked(_))), "one at a time");

    let next = right
        .change(|ring| ring.add_next(MasterKey::mint(&Rng::System), now()))
        .unwrap();
    let new = next.next().unwrap().id().clone();
    assert_eq!(running.active().id(), old.id(), "the next one only opens");
    assert_eq!(running.find(&new).unwrap().id(), &new, "an unknown id makes it look");
    right.change(|ring| ring.activate(&new)).unwrap();
    assert_eq!(running.active().id(), &new);
    assert_eq!(
        running.find(old.id()).unwrap().id(),
        old.id(),
        "the old one still opens"
    );
    right.change(Ring::retire).unwrap();
    let states: Vec<_> = running.ring().entries().iter().map(|entry| entry.state).collect();
    assert_eq!(states, [MasterKeyState::Retired, MasterKeyState::Active]);
    right.change(|ring| ring.forget(&new)).unwrap();
    assert_eq!(running.active().id(), &new, "only a retired one is forgotten");
    right.change(|ring| ring.forget(old.id())).unwrap();
    assert_eq!(running.ring().entries().len(), 1);
    let error = running.find(old.id()).err().unwrap().to_string();
    assert!(
        error.contains(old.id().as_str()) && error.contains(path.to_str().unwrap()),
        "{error}"
    );
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    drop(right);
    assert!(again.rotating().unwrap().is_some());
}

#[test]
fn a_file_that_breaks_while_it_is_used_takes_nothing_away() {
    let (_folder, path) = scratch();
    let running = Keyring::create_file(&path, &Rng::System, now()).unwrap();
    let id = running.active().id().clone();
    fs::write(&path, "nonsense").unwrap();
    assert_eq!(running.active().id(), &id);
    fs::remove_file(&path).unwrap();
    assert_eq!(running.active().id(), &id);
}
