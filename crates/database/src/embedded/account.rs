//! Which user PostgreSQL runs as.
//!
//! PostgreSQL refuses to run as root. When we are root it runs as `postgres`, the user that its
//! packages create for exactly this, or as `nobody` where there is none. Once a cluster exists, its
//! owner decides, so that a user that appears later changes nothing.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::error::{EmbeddedError, cannot};

/// Who PostgreSQL may run as when we are root, the best first.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// The user that runs PostgreSQL and owns its files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) uid: u32,
    pub(super) gid: u32,
}

/// Whether we are root, and so must run PostgreSQL as someone else.
pub(super) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

impl Account {
    /// The user for a cluster that does not exist yet.
    pub(super) fn for_new_cluster() -> Result<Self, EmbeddedError> {
        if !is_root() {
            return Ok(Self::ours());
        }
        let path = Path::new("/etc/passwd");
        let passwd = fs::read_to_string(path).map_err(cannot("read", path))?;
        ACCOUNTS
            .iter()
            .find_map(|name| in_passwd(&passwd, name))
            .ok_or(EmbeddedError::NoAccount)
    }

    /// The user for a cluster that exists: its owner, if we can be that user.
    pub(super) fn of_cluster(directory: &Path) -> Result<Self, EmbeddedError> {
        let metadata = fs::metadata(directory).map_err(cannot("look at", directory))?;
        let owner = Self {
            uid: metadata.uid(),
            gid: metadata.gid(),
        };
        let ours = Self::ours();
        if is_root() && owner.uid == 0 {
            let wanted = Self::for_new_cluster()?;
            return Err(EmbeddedError::WrongOwner {
                path: directory.to_path_buf(),
                owner: 0,
                uid: wanted.uid,
            });
        }
        if !is_root() && owner.uid != ours.uid {
            return Err(EmbeddedError::WrongOwner {
                path: directory.to_path_buf(),
                owner: owner.uid,
                uid: ours.uid,
            });
        }
        Ok(owner)
    }

    fn ours() -> Self {
        Self {
            uid: rustix::process::geteuid().as_raw(),
            gid: rustix::process::getegid().as_raw(),
        }
    }
}

/// A line is `name:password:uid:gid:…` (passwd(5)); root by another name will not do.
fn in_passwd(passwd: &str, name: &str) -> Option<Account> {
    let fields = passwd
        .lines()
        .map(|line| line.split(':').collect::<Vec<_>>())
        .find(|fields| fields[0] == name)?;
    let account = Account {
        uid: fields.get(2)?.parse().ok()?,
        gid: fields.get(3)?.parse().ok()?,
    };
    (account.uid != 0).then_some(account)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name_and_is_never_root() {
        let passwd =
            "root:x:0:0::/root:/bin/sh\npostgres2:x:7:7::/:/bin/sh\npostgres:x:101:104::/:/bin/sh\ntoor:x:0:0\nbad\n";
        assert_eq!(in_passwd(passwd, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(in_passwd(passwd, "toor"), None);
        assert_eq!(in_passwd(passwd, "bad"), None);
        assert_eq!(in_passwd(passwd, "nobody"), None);
    }
}
