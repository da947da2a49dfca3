//! Files and directories that only one user can read.
//!
//! When we are root, a new file goes to whoever owns the directory it is made in, so that a data
//! directory that is used by root once stays usable by its owner.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, chown, fchown};
use std::path::{Path, PathBuf};

use super::account::{self, Account};
use super::error::{EmbeddedError, cannot};

/// A file for its owner alone.
const PRIVATE_FILE_MODE: u32 = 0o600;
/// A directory for its owner alone.
pub(super) const PRIVATE_DIR_MODE: u32 = 0o700;

/// Opens (or creates) a private file and makes it private if it was not. Links are not followed.
pub(super) fn open_private(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    let no_follow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
    let existed = path.symlink_metadata().is_ok();
    let file = options
        .create(true)
        .mode(PRIVATE_FILE_MODE)
        .custom_flags(no_follow)
        .open(path)?;
    if file.metadata()?.mode() & 0o777 != PRIVATE_FILE_MODE {
        file.set_permissions(Permissions::from_mode(PRIVATE_FILE_MODE))?;
    }
    if !existed && account::is_root() {
        let parent = fs::metadata(path.parent().unwrap_or(Path::new(".")))?;
        fchown(&file, Some(parent.uid()), Some(parent.gid()))?;
    }
    Ok(file)
}

/// Replaces a private file as a whole: after a crash it is the old one or the new one.
pub(super) fn replace_private(path: &Path, content: &[u8]) -> Result<(), EmbeddedError> {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let write = || {
        let mut file = open_private(&new, OpenOptions::new().write(true).truncate(true))?;
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        sync_parent(path)
    };
    write().map_err(cannot("write", path))
}

/// Makes what was renamed into a directory survive a loss of power.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |parent| File::open(parent)?.sync_all())
}

/// Makes sure of a directory with this mode whatever the umask; a new one is given to `owner`.
pub(super) fn ensure_dir(path: &Path, mode: u32, owner: Option<Account>) -> io::Result<()> {
    match DirBuilder::new().mode(PRIVATE_DIR_MODE).create(path) {
        Ok(()) => {
            if let Some(owner) = owner.filter(|_| account::is_root()) {
                chown(path, Some(owner.uid), Some(owner.gid))?;
            }
            fs::set_permissions(path, Permissions::from_mode(mode))
        }
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(error) => Err(error),
    }
}

/// Removes a directory with all that is in it, or nothing if it is not there.
pub(super) fn remove_dir_if_present(path: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", path)(error)),
        _ => Ok(()),
    }
}

/// Removes a file, or nothing if it is not there.
pub(super) fn remove_file_if_present(path: &Path) -> Result<(), EmbeddedError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot("remove", path)(error)),
        _ => Ok(()),
    }
}

/// How many bytes a directory's files take.
pub(super) fn size(directory: &Path) -> io::Result<u64> {
    let mut bytes = 0;
    let mut folders = vec![directory.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                folders.push(entry.path());
            } else {
                bytes += metadata.blocks() * 512;
            }
        }
    }
    Ok(bytes)
}
