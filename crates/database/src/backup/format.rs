//! The file: a line with the manifest, what `pg_dump --format=custom` wrote, a line with the checksum.
//!
//! ```text
//! gatewright-backup {"format":1,…}⏎
//! PGDMP…
//! ⏎gatewright-backup-end <SHA-256 of all before this line's first ⏎, hexadecimal>⏎
//! ```
//!
//! It is written front to back, so that it can go through a pipe, and it can be brought back without
//! Gatewright: `tail -n +2 FILE | pg_restore …`.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};

use super::error::BackupError;

/// What a backup begins with.
const MAGIC: &str = "gatewright-backup ";
/// What its last line begins with.
const END: &str = "\ngatewright-backup-end ";
/// The last line's length: the words, 64 hexadecimal digits, a line feed.
const END_BYTES: usize = END.len() + 64 + 1;
/// Longest manifest, in bytes.
const MANIFEST_MAX_BYTES: u64 = 4096;
/// How much is read or written at once, in bytes.
pub(super) const CHUNK_BYTES: usize = 256 * 1024;
/// The format that is written here.
const FORMAT: u32 = 1;

/// What a backup says about itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// The form of the file.
    pub format: u32,
    /// The Gatewright that made it.
    pub version: String,
    /// The number of the newest migration in it.
    pub migration_level: i64,
    /// The moment that it shows.
    pub created_at: DateTime<Utc>,
    /// The major version of the server that it came from.
    pub server_major: u32,
    /// The major version of the `pg_dump` that wrote it.
    pub dump_major: u32,
    /// What is not in it and has to be kept elsewhere.
    pub without: Vec<String>,
}

impl Manifest {
    pub(super) fn new(version: &str, level: i64, created_at: DateTime<Utc>, server: u32, dump: u32) -> Self {
        Self {
            format: FORMAT,
            version: version.to_owned(),
            migration_level: level,
            created_at,
            server_major: server,
            dump_major: dump,
            without: vec!["master.key".to_owned()],
        }
    }

    pub(super) fn line(&self) -> String {
        let json = serde_json::to_string(self).expect("a manifest is plain text and numbers");
        format!("{MAGIC}{json}\n")
    }
}

/// The last line.
pub(super) fn end(hash: Sha256) -> String {
    format!("{END}{}\n", hexadecimal(&hash.finalize()))
}

/// A backup that was read to its end and found whole.
pub struct Verified {
    /// What it says about itself.
    pub manifest: Manifest,
    /// Where the dump begins, in bytes.
    pub(super) start: u64,
    /// How long it is, in bytes.
    pub(super) length: u64,
}

/// Reads a backup to its end and compares its checksum.
pub async fn verify(path: &Path) -> Result<Verified, BackupError> {
    let cannot = |source| BackupError::File {
        action: "read",
        path: path.to_path_buf(),
        source,
    };
    let not_ours = || BackupError::NotABackup {
        path: path.to_path_buf(),
    };
    let damaged = |reason| BackupError::Damaged {
        path: path.to_path_buf(),
        reason,
    };
    let file = File::open(path).await.map_err(cannot)?;
    let size = file.metadata().await.map_err(cannot)?.len();
    let mut reader = BufReader::with_capacity(CHUNK_BYTES, file);

    let mut line = Vec::new();
    let mut head = (&mut reader).take(MANIFEST_MAX_BYTES);
    head.read_until(b'\n', &mut line).await.map_err(cannot)?;
    let json = line.strip_prefix(MAGIC.as_bytes()).ok_or_else(not_ours)?;
    let manifest: Manifest = serde_json::from_slice(json).map_err(|_| damaged("its first line"))?;
    if manifest.format > FORMAT {
        return Err(BackupError::TooNew {
            version: manifest.version,
            level: manifest.migration_level,
            known: crate::newest_level(),
        });
    }

    let start = line.len() as u64;
    let length = size
        .checked_sub(start + END_BYTES as u64)
        .ok_or_else(|| damaged("it is cut off"))?;
    let mut hash = Sha256::new();
    hash.update(&line);
    let mut left = length;
    let mut chunk = vec![0; CHUNK_BYTES];
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(CHUNK_BYTES);
        let read = reader.read(&mut chunk[..most]).await.map_err(cannot)?;
        if read == 0 {
            return Err(damaged("it is cut off"));
        }
        hash.update(&chunk[..read]);
        left -= read as u64;
    }
    let mut last = Vec::new();
    reader.read_to_end(&mut last).await.map_err(cannot)?;
    if !last.starts_with(END.as_bytes()) {
        return Err(damaged("it is cut off"));
    }
    if last != end(hash).as_bytes() {
        return Err(damaged("its checksum is another"));
    }
    Ok(Verified {
        manifest,
        start,
        length,
    })
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_backup_with_any_byte_changed_or_missing_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("backup");
        let manifest = Manifest::new("1.2.3", 4, DateTime::UNIX_EPOCH, 15, 15);
        let mut whole = manifest.line().into_bytes();
        whole.extend_from_slice(b"PGDMP and\nso on\n");
        let mut hash = Sha256::new();
        hash.update(&whole);
        whole.extend_from_slice(end(hash).as_bytes());
        std::fs::write(&path, &whole).unwrap();
        let verified = verify(&path).await.unwrap();
        assert_eq!((verified.manifest, verified.length), (manifest, 16));

        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 0x11;
            std::fs::write(&path, &changed).unwrap();
            assert!(verify(&path).await.is_err(), "byte {at} changed");
            std::fs::write(&path, &whole[..at]).unwrap();
            assert!(verify(&path).await.is_err(), "cut off at {at}");
        }
        std::fs::write(&path, [&whole[..], b"x"].concat()).unwrap();
        assert!(verify(&path).await.is_err(), "something behind it");
    }
}
