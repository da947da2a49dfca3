//! Passwords: which are good enough, and Argon2id.
//!
//! A password that everybody tries first is refused, by a list that is part of the program and, where the installation has
//! one, by a file of breached passwords; nothing is asked of anybody else. Hashing takes a core and 19 MiB for a moment, so
//! only few are hashed at once and few wait ([`Hasher`]).

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use gatewright_catalog::check::Checks;
use gatewright_types::Rng;
use secrecy::{ExposeSecret, SecretString};
use sha1::{Digest, Sha1};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::IdentityError;

/// Fewest characters of a password (NIST SP 800-63B §3.1.1.2 asks for 8 at least).
pub const PASSWORD_MIN_CHARS: usize = 10;
/// Longest password, in bytes: enough for any sentence, too short to keep a core busy.
pub const PASSWORD_MAX_BYTES: usize = 256;
/// Passwords that are hashed at once.
pub const HASHING_MAX: usize = 2;
/// Most that wait for their turn; whoever comes then is asked to come back.
pub const HASHING_WAITING_MAX: usize = 64;
/// Longest wait for a turn.
pub const HASHING_WAIT_MAX: Duration = Duration::from_secs(10);
/// Argon2id as OWASP's Password Storage Cheat Sheet has it: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Shortest part of a name or a mail address that a password may not hold.
const OWN_PART_MIN_CHARS: usize = 5;

/// What many people have chosen, in lower case, one in a line, in order (what is long enough of the 20,000 most usual of those that were made
/// public, as Django has them).
const COMMON: &str = include_str!("common-passwords.txt");

/// Hashes and verifies passwords, few at a time. Cloning is cheap; clones share the turns.
#[derive(Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    seats: Arc<Semaphore>,
    /// The hash of nobody's password: whoever is unknown costs as much time as whoever is known.
    nobody: Arc<str>,
    breached: Option<Arc<PathBuf>>,
}

impl Hasher {
    /// One that also refuses what the file holds: SHA-1 in 40 hexadecimal digits at the beginning of each line, in order, as
    /// the downloader of Have I Been Pwned writes it.
    pub fn new(rng: &Rng, breached: Option<PathBuf>) -> Result<Self, IdentityError> {
        Ok(Self {
            turns: Arc::new(Semaphore::new(HASHING_MAX)),
            seats: Arc::new(Semaphore::new(HASHING_MAX + HASHING_WAITING_MAX)),
            nobody: hash(rng, "nobody has this password")?.into(),
            breached: breached.map(Arc::new),
        })
    }

    /// Hashes a password.
    pub async fn hash(&self, rng: &Rng, password: &SecretString) -> Result<String, IdentityError> {
        let (rng, password) = (rng.clone(), password.clone());
        self.turn(move || hash(&rng, password.expose_secret())).await?
    }

    /// Whether this is the password behind a hash. Without a hash it is not, after the same time.
    pub async fn verify(&self, known: Option<&str>, password: &SecretString) -> Result<bool, IdentityError> {
        let password = password.clone();
        let hash: Arc<str> = known.map_or_else(|| Arc::clone(&self.nobody), Arc::from);
        let right = self
            .turn(move || {
                PasswordHash::new(&hash).is_ok_and(|hash| {
                    argon2().is_ok_and(|argon2| {
                        argon2
                            .verify_password(password.expose_secret().as_bytes(), &hash)
                            .is_ok()
                    })
                })
            })
            .await?;
        Ok(right && known.is_some())
    }

    /// Notes what is wrong with a password that somebody wants, whose name and mail address these are.
    pub async fn check(&self, checks: &mut Checks, field: &str, password: &SecretString, own: &[&str]) {
        let text = password.expose_secret();
        let length = text.chars().count() >= PASSWORD_MIN_CHARS && text.len() <= PASSWORD_MAX_BYTES;
        checks.require(
            length,
            field,
            format!("expected at least {PASSWORD_MIN_CHARS} characters, and at most {PASSWORD_MAX_BYTES} bytes"),
        );
        if !length {
            return;
        }
        let lower = text.to_lowercase();
        if is_common(&lower) || is_monotonous(text) {
            checks.require(false, field, "this is one of the passwords that are tried first");
        } else if own.iter().any(|own| holds_part_of(&lower, own)) {
            checks.require(false, field, "leave your name and your mail address out of it");
        } else if self.is_breached(password).await {
            checks.require(false, field, "this password stands in a list of breached ones");
        }
    }

    async fn is_breached(&self, password: &SecretString) -> bool {
        let Some(path) = self.breached.clone() else {
            return false;
        };
        let digest = hex(&Sha1::digest(password.expose_secret().as_bytes()));
        let searching = tokio::task::spawn_blocking(move || search(&path, &digest));
        match searching.await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => {
                tracing::error!(%error, "the file of breached passwords cannot be read");
                false
            }
            Err(_) => false,
        }
    }

    /// Runs what takes a core for a moment, when it is its turn.
    async fn turn<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, IdentityError> {
        let _seat = self.seats.try_acquire().map_err(|_| IdentityError::Busy)?;
        let turn = timeout(HASHING_WAIT_MAX, Arc::clone(&self.turns).acquire_owned());
        let turn = turn
            .await
            .map_err(|_| IdentityError::Busy)?
            .map_err(|_| IdentityError::Busy)?;
        let done = tokio::task::spawn_blocking(move || {
            // Given back by the work itself: whoever waits for it may hang up, and the core is still taken.
            let _turn = turn;
            work()
        });
        done.await.map_err(|_| IdentityError::Busy)
    }
}

fn argon2() -> Result<Argon2<'static>, IdentityError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| IdentityError::Hashing)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(rng: &Rng, password: &str) -> Result<String, IdentityError> {
    let salt = rng.bytes::<16>();
    let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt);
    Ok(hash.map_err(|_| IdentityError::Hashing)?.to_string())
}

fn is_common(lower: &str) -> bool {
    // The file is in order, and so are its lines.
    let lines = COMMON.as_bytes();
    let (mut low, mut high) = (0, lines.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let begin = lines[..middle]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let end = lines[begin..]
            .iter()
            .position(|byte| *byte == b'\n')
            .map_or(lines.len(), |at| begin + at);
        match lines[begin..end].cmp(lower.as_bytes()) {
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Less => low = end + 1,
            std::cmp::Ordering::Greater => high = begin,
        }
    }
    false
}

/// One or two characters over and over, or a run like 12345678910.
fn is_monotonous(text: &str) -> bool {
    let distinct: std::collections::HashSet<char> = text.chars().collect();
    let characters: Vec<u32> = text.chars().map(u32::from).collect();
    let runs = characters.windows(2).filter(|pair| pair[1] == pair[0] + 1).count();
    distinct.len() <= 2 || runs + 3 >= characters.len()
}

/// Whether a password holds a word of a name or of a mail address.
fn holds_part_of(lower: &str, own: &str) -> bool {
    own.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|part| part.chars().count() >= OWN_PART_MIN_CHARS)
        .any(|part| lower.contains(part))
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// Longest line of the file that is read, in bytes.
const LINE_MAX_BYTES: u64 = 128;

/// Looks for a line that begins with `digest`, in a file whose lines are in order.
fn search(path: &PathBuf, digest: &str) -> std::io::Result<bool> {
    let mut file = BufReader::new(File::open(path)?);
    let (mut low, mut high) = (0, file.seek(SeekFrom::End(0))?);
    while low < high {
        let middle = low + (high - low) / 2;
        // The line that begins at or after the middle.
        let begin = if middle == 0 {
            file.seek(SeekFrom::Start(0))?
        } else {
            file.seek(SeekFrom::Start(middle - 1))?;
            let mut rest = Vec::new();
            let skipped = file.by_ref().take(LINE_MAX_BYTES).read_until(b'\n', &mut rest)?;
            middle - 1 + skipped as u64
        };
        let mut line = Vec::new();
        file.by_ref().take(LINE_MAX_BYTES).read_until(b'\n', &mut line)?;
        let known = line.get(..digest.len()).unwrap_or(&line).to_ascii_uppercase();
        match known.as_slice().cmp(digest.as_bytes()) {
            _ if line.is_empty() || begin >= high => high = middle,
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => low = begin + line.len() as u64,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn every_common_password_is_found_and_nothing_else() {
        let lines: Vec<&str> = COMMON.lines().collect();
        assert!(lines.is_sorted() && lines.len() > 1000, "{}", lines.len());
        assert!(lines.iter().all(|line| is_common(line)));
        for other in [
            "",
            "correct horse battery staple",
            "zzzzzzzzzzzzzzzzzz",
            "0",
            "qwertyuiop~",
        ] {
            assert!(!is_common(other), "{other}");
        }
    }

    #[test]
    fn a_breached_password_is_found_in_a_file_in_order() {
        let mut digests: Vec<String> = (0..1000).map(|n| hex(&Sha1::digest(format!("password{n}")))).collect();
        digests.sort_unstable();
        let mut file = tempfile::NamedTempFile::new().unwrap();
        for (n, digest) in digests.iter().enumerate() {
            writeln!(file, "{digest}:{n}").unwrap();
        }
        let path = file.path().to_owned();
        for digest in &digests {
            assert!(search(&path, digest).unwrap(), "{digest}");
        }
        for n in 0..200 {
            assert!(!search(&path, &hex(&Sha1::digest(format!("another{n}")))).unwrap());
        }
    }

    #[tokio::test]
    async fn a_hash_is_of_its_password_alone() {
        let rng = Rng::seeded(1);
        let hasher = Hasher::new(&rng, None).unwrap();
        let (right, wrong) = ("a good password".to_owned().into(), "another one".to_owned().into());
        let known = hasher.hash(&rng, &right).await.unwrap();
        assert!(known.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{known}");
        assert!(hasher.verify(Some(&known), &right).await.unwrap());
        assert!(!hasher.verify(Some(&known), &wrong).await.unwrap());
        assert!(!hasher.verify(None, &right).await.unwrap());
        assert_ne!(
            hasher.hash(&rng, &right).await.unwrap(),
            known,
            "each has a salt of its own"
        );
    }

    #[tokio::test]
    async fn what_is_tried_first_is_refused() {
        let hasher = Hasher::new(&Rng::seeded(1), None).unwrap();
        let judge = async |password: &str| {
            let mut checks = Checks::default();
            let own = ["ada.lovelace@example.com", "Ada Lovelace"];
            hasher
                .check(&mut checks, "/password", &password.to_owned().into(), &own)
                .await;
            checks.done().is_ok()
        };
        for wrong in [
            "",
            "short",
            "Qwertyuiop",
            "aaaaaaaaaaaa",
            "abababababab",
            "12345678910",
            "my-lovelace-2026",
            &"x".repeat(257),
        ] {
            assert!(!judge(wrong).await, "{wrong}");
        }
        for right in ["correct horse battery", "Zq8-vv81-kTTx", "пароль из слов"] {
            assert!(judge(right).await, "{right}");
        }
    }
}
