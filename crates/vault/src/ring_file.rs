//! The file that holds the master keys: private, and old or new as a whole.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::{Ring, VaultError};

/// For its owner alone.
const FILE_MODE: u32 = 0o600;
const DIRECTORY_MODE: u32 = 0o700;
/// Longest file, in bytes.
pub(crate) const RING_FILE_MAX_BYTES: u64 = 64 * 1024;

pub(crate) fn cannot(path: &Path) -> impl FnOnce(io::Error) -> VaultError {
    let path = path.to_owned();
    move |error| VaultError::Io { path, error }
}

/// Reads the file; `None` when there is none.
pub(crate) fn read(path: &Path) -> Result<Option<Ring>, VaultError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(cannot(path)(error)),
    };
    let metadata = file.metadata().map_err(cannot(path))?;
    let place = path.display().to_string();
    let refuse = |what| VaultError::InvalidRing {
        place: place.clone(),
        what,
    };
    if !metadata.is_file() {
        return Err(refuse("it is no file"));
    }
    let mode = metadata.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(VaultError::ReadableByOthers {
            path: path.to_owned(),
            mode,
        });
    }
    if metadata.len() > RING_FILE_MAX_BYTES {
        return Err(refuse("it is longer than 64 KiB"));
    }
    let length = usize::try_from(metadata.len()).unwrap_or(0);
    // One byte more, or reading to the end would let it grow and leave a copy behind.
    let mut text = Zeroizing::new(String::with_capacity(length + 1));
    file.take(RING_FILE_MAX_BYTES)
        .read_to_string(&mut text)
        .map_err(cannot(path))?;
    Ring::parse(&text, &place).map(Some)
}

/// Makes the file unless there is one.
pub(crate) fn create(path: &Path, ring: &Ring) -> Result<(), VaultError> {
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(parent)
            .map_err(cannot(parent))?;
    }
    let new = write_beside(path, ring)?;
    // A link fails where another process was quicker; a rename would take its key away.
    let linked = fs::hard_link(&new, path);
    let _ = fs::remove_file(&new);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(cannot(path)(error)),
        _ => sync_parent(path).map_err(cannot(path)),
    }
}

/// Replaces the file as a whole: after a crash it is the old one or the new one.
pub(crate) fn replace(path: &Path, ring: &Ring) -> Result<(), VaultError> {
    let new = write_beside(path, ring)?;
    fs::rename(&new, path).map_err(cannot(path))?;
    sync_parent(path).map_err(cannot(path))
}

/// Keeps other rotations out until it is dropped.
pub(crate) fn lock(path: &Path) -> Result<File, VaultError> {
    let path = beside(path, ".lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .mode(FILE_MODE)
        .open(&path)
        .map_err(cannot(&path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(VaultError::Locked(path)),
        Err(TryLockError::Error(error)) => Err(cannot(&path)(error)),
    }
}

fn beside(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn write_beside(path: &Path, ring: &Ring) -> Result<PathBuf, VaultError> {
    let new = beside(path, &format!(".new-{}", std::process::id()));
    let write = || {
        let _ = fs::remove_file(&new);
        let mut file = OpenOptions::new()
            .create_new(true)
            .write(true)
            .mode(FILE_MODE)
            .open(&new)?;
        // A data directory that root used once stays usable by its owner.
        let owner = fs::metadata(
            path.parent()
                .filter(|parent| !parent.as_os_str().is_empty())
                .unwrap_or(Path::new(".")),
        )?;
        let own = file.metadata()?;
        if own.uid() == 0 && owner.uid() != 0 {
            fchown(&file, Some(owner.uid()), Some(owner.gid()))?;
        }
        file.write_all(ring.to_text().as_bytes())?;
        file.sync_all()
    };
    write().map_err(cannot(&new))?;
    Ok(new)
}

fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
