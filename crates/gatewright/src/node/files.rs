//! Files that are whole or refused: written beside, synced, renamed; checked by SHA-256 when read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use sha2::{Digest, Sha256};

/// What the last line of a sealed file begins with.
const SEAL: &[u8] = b"\nsha256 ";
/// Length of that line: the hash in hexadecimal, and its end.
const SEAL_LENGTH: usize = SEAL.len() + 64 + 1;

/// Makes the folder, for its user only, and holds it for this process.
pub(super) fn lock(folder: &Path) -> anyhow::Result<File> {
    let shown = || folder.display().to_string();
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(shown)?;
    let file = private(&folder.join("lock")).with_context(shown)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => bail!("{}: in use by another node", folder.display()),
        Err(fs::TryLockError::Error(error)) => Err(error).with_context(shown),
    }
}

/// A file that only its user reads, empty or as it was.
pub(super) fn private(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

/// Puts a file in the place of another, whole or not at all.
pub(super) fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = path.with_extension("new");
    // One that a killed run left behind.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = private(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_folder(path)
}

/// What is in a file's folder survives a loss of power from here on.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// The same, with a seal by which damage is noticed.
pub(super) fn write_sealed(path: &Path, mut content: Vec<u8>) -> io::Result<()> {
    let seal = seal(&content);
    content.extend_from_slice(&seal);
    write_private(path, &content)
}

/// The content of a sealed file; none where there is no file, an error where it is damaged or too long.
pub(super) fn read_sealed(path: &Path, max: u64) -> anyhow::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    file.take(max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max {
        bail!("it is longer than {max} bytes");
    }
    let Some(length) = bytes.len().checked_sub(SEAL_LENGTH) else {
        bail!("it is damaged: it has no seal");
    };
    let found = bytes.split_off(length);
    if found != seal(&bytes) {
        bail!("it is damaged: its seal does not fit");
    }
    Ok(Some(bytes))
}

fn seal(content: &[u8]) -> Vec<u8> {
    let mut seal = SEAL.to_vec();
    for byte in Sha256::digest(content) {
        seal.extend_from_slice(format!("{byte:02x}").as_bytes());
    }
    seal.push(b'\n');
    seal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_file_is_whole_or_refused() {
        let folder = std::env::temp_dir().join(format!("gatewright-sealed-{}", std::process::id()));
        let _lock = lock(&folder).unwrap();
        assert!(lock(&folder).is_err(), "one process at a time");
        let path = folder.join("state");
        assert!(read_sealed(&path, 100).unwrap().is_none());
        write_sealed(&path, b"what is known".to_vec()).unwrap();
        assert_eq!(read_sealed(&path, 1000).unwrap().unwrap(), b"what is known");
        assert!(read_sealed(&path, 20).is_err(), "it is bounded");
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[at] ^= 1;
            fs::write(&path, &damaged).unwrap();
            assert!(read_sealed(&path, 1000).is_err(), "byte {at}");
            fs::write(&path, &whole[..at]).unwrap();
            assert!(read_sealed(&path, 1000).is_err(), "cut at {at}");
        }
        fs::remove_dir_all(&folder).unwrap();
    }
}
