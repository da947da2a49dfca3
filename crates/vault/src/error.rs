//! Why a secret cannot be sealed or opened. None of it quotes a secret.

use std::path::PathBuf;

use crate::MasterKeyId;

/// Everything that can be wrong with master keys, data keys and sealed secrets.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// What was sealed has changed since, or belongs to something else, or to another key.
    #[error("the sealed secret is damaged or belongs elsewhere")]
    Damaged,
    /// A data key is wrapped by a master key that is not there.
    #[error("the master key {id} is needed and not in {place}")]
    UnknownMasterKey {
        /// Which one.
        id: MasterKeyId,
        /// Where it was looked for.
        place: String,
    },
    /// A master key is not 64 hexadecimal digits.
    #[error(
        "{place}: a master key is 64 hexadecimal digits, as `openssl rand -hex 32` prints them, and not all the same"
    )]
    InvalidMasterKey {
        /// Where it stands.
        place: String,
    },
    /// A line of the file cannot be understood.
    #[error("{place}, line {line}: {what}")]
    InvalidLine {
        /// The file.
        place: String,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        what: &'static str,
    },
    /// The file as a whole is not acceptable.
    #[error("{place}: {what}")]
    InvalidRing {
        /// The file.
        place: String,
        /// What is wrong.
        what: &'static str,
    },
    /// Others can read the file.
    #[error("{}: its mode is {mode:04o}, so others can read the master key; run: chmod 600 {}", path.display(), path.display())]
    ReadableByOthers {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another `gatewright vault rotate` is under way.
    #[error("{}: another rotation of the master key is under way", .0.display())]
    Locked(PathBuf),
    /// A file cannot be read or written.
    #[error("{}: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
}
