//! One Gatewright per data directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

use super::error::{EmbeddedError, cannot};
use super::files;

/// The lock file's name in the data directory.
const LOCK_FILE: &str = "postgres.lock";

/// The lock on a data directory, from when it is taken until it is dropped or the process ends.
///
/// It is flock(2) on a file that is never removed; the file's content only names the holder. The
/// descriptor is closed on exec, so the PostgreSQL that outlives us does not keep the lock.
#[derive(Debug)]
pub(super) struct DataDirLock {
    _file: File,
}

impl DataDirLock {
    /// The process that has the lock, without leaving a trace; 0 if it has not written itself down yet.
    pub(super) fn holder(data_dir: &Path) -> Option<u32> {
        let path = data_dir.join(LOCK_FILE);
        let file = File::open(&path).ok()?;
        match file.try_lock_shared() {
            Err(TryLockError::WouldBlock) => {
                let text = fs::read_to_string(&path).unwrap_or_default();
                Some(text.trim().parse().unwrap_or(0))
            }
            _ => None,
        }
    }

    /// Takes the lock at once or says who has it.
    pub(super) fn take(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let path = data_dir.join(LOCK_FILE);
        let mut file = files::open_private(&path, OpenOptions::new().write(true).truncate(false))
            .map_err(cannot("open", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let pid = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
                return Err(EmbeddedError::DataDirInUse {
                    data_dir: data_dir.to_path_buf(),
                    pid,
                });
            }
            Err(TryLockError::Error(error)) => return Err(cannot("lock", &path)(error)),
        }
        file.set_len(0)
            .and_then(|()| writeln!(file, "{}", std::process::id()))
            .map_err(cannot("write", &path))?;
        Ok(Self { _file: file })
    }
}
