//! Where the cluster of a data directory lies, and the file that says so.
//!
//! The data directory holds `postgres.json`, the *pointer*. It names the cluster's home: `postgres`
//! in the data directory itself or, when we are root, `/var/lib/gatewright/<id>`, because the
//! unprivileged user that PostgreSQL then runs as could not enter a data directory below a home of
//! mode 0700. In the home lie the cluster (`data`), its log and, where the path is short enough, its
//! socket.
//!
//! The pointer is written before the cluster is created, without `majorVersion`, and completed
//! afterwards: a crash in between leaves no cluster that nobody knows of, and a cluster that is
//! missing later is noticed instead of being replaced by an empty one.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gatewright_types::Rng;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::account::{self, Account};
use super::connection::{ConnectInfo, SOCKET_FILE};
use super::error::{EmbeddedError, cannot};
use super::files::{self, PRIVATE_DIR_MODE};

/// The pointer's name in the data directory.
const POINTER_FILE: &str = "postgres.json";
/// Where the homes of clusters lie when we are root.
const ROOT_CLUSTERS_DIR: &str = "/var/lib/gatewright";
/// What the directory of a cluster is called that an upgrade has left; its major version follows.
const KEPT_PREFIX: &str = "data.";
/// The home's name in the data directory when we are not.
const HOME_IN_DATA_DIR: &str = "postgres";
/// Where sockets go whose home has too long a path. Short on every system, unlike `TMPDIR`.
const SHORT_DIR: &str = "/tmp";
/// Longest path of a socket, in bytes: `sun_path` is 108 with its final zero on Linux, 104 on macOS and BSD.
const SOCKET_PATH_LIMIT: usize = 103;
/// Others may pass through a directory of root's, and not list it.
const PASSAGE_MODE: u32 = 0o711;
/// Only root and the group of the user that runs PostgreSQL pass through the home.
const ROOT_HOME_MODE: u32 = 0o710;
/// Bytes of the id, which names directories.
const ID_BYTES: usize = 8;
/// Random bytes of the password.
const PASSWORD_BYTES: usize = 24;

/// The cluster that belongs to a data directory, whether it exists already or not.
pub(super) struct Cluster {
    data_dir: PathBuf,
    id: String,
    home: PathBuf,
    password: SecretString,
    /// `None` until the cluster is complete.
    major: Option<u32>,
    /// The names of the cluster's own directory and of its socket's, in the home.
    names: Names,
}

/// What an upgrade has two of.
#[derive(Clone, Copy)]
struct Names {
    data: &'static str,
    socket: &'static str,
    /// What the socket's directory is called below [`SHORT_DIR`].
    short: &'static str,
}

/// The cluster that is served.
const SERVED: Names = Names {
    data: "data",
    socket: "socket",
    short: "gw",
};
/// The one that an upgrade makes beside it.
const UPGRADED: Names = Names {
    data: "data.upgrade",
    socket: "socket.upgrade",
    short: "gwu",
};

/// `postgres.json`.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pointer<'a> {
    id: String,
    /// Relative to the data directory when it lies inside, so that the data directory can be moved.
    home: PathBuf,
    #[serde(default)]
    major_version: Option<u32>,
    #[serde(borrow)]
    password: std::borrow::Cow<'a, str>,
}

impl Cluster {
    /// Reads the pointer of a data directory, if it has one.
    pub(super) fn read(data_dir: &Path) -> Result<Option<Self>, EmbeddedError> {
        let path = data_dir.join(POINTER_FILE);
        if !path.try_exists().map_err(cannot("look at", &path))? {
            return Ok(None);
        }
        let text = SecretString::from(fs::read_to_string(&path).map_err(cannot("read", &path))?);
        // Only the place of the mistake: serde's own words would quote the content.
        let pointer: Pointer<'_> = serde_json::from_str(text.expose_secret()).map_err(|error| {
            let reason = format!("line {}, column {}", error.line(), error.column());
            EmbeddedError::PointerDamaged {
                path: path.clone(),
                reason,
            }
        })?;
        if !is_name(&pointer.id) {
            return Err(EmbeddedError::PointerDamaged {
                path,
                reason: "the id is not hexadecimal".to_owned(),
            });
        }
        Ok(Some(Self {
            data_dir: data_dir.to_path_buf(),
            home: data_dir.join(&pointer.home),
            id: pointer.id,
            password: SecretString::from(pointer.password.into_owned()),
            major: pointer.major_version,
            names: SERVED,
        }))
    }

    /// Chooses a place and a password for a new cluster and writes the pointer.
    pub(super) fn plan(data_dir: &Path, rng: &Rng) -> Result<Self, EmbeddedError> {
        let id = hexadecimal(&rng.bytes::<ID_BYTES>());
        let home = if account::is_root() {
            Path::new(ROOT_CLUSTERS_DIR).join(&id)
        } else {
            data_dir.join(HOME_IN_DATA_DIR)
        };
        let password = SecretString::from(hexadecimal(&rng.bytes::<PASSWORD_BYTES>()));
        let cluster = Self {
            data_dir: data_dir.to_path_buf(),
            id,
            home,
            password,
            major: None,
            names: SERVED,
        };
        cluster.write()?;
        Ok(cluster)
    }

    /// Notes in the pointer that the cluster is complete.
    pub(super) fn complete(&mut self, major: u32) -> Result<(), EmbeddedError> {
        if self.major == Some(major) {
            return Ok(());
        }
        self.major = Some(major);
        self.write()
    }

    fn write(&self) -> Result<(), EmbeddedError> {
        let pointer = Pointer {
            id: self.id.clone(),
            home: self
                .home
                .strip_prefix(&self.data_dir)
                .unwrap_or(&self.home)
                .to_path_buf(),
            major_version: self.major,
            password: self.password.expose_secret().into(),
        };
        let text = serde_json::to_string_pretty(&pointer).expect("a pointer has only text keys and UTF-8 paths");
        let text = SecretString::from(text);
        files::replace_private(&self.pointer(), text.expose_secret().as_bytes())
    }

    /// The file in the data directory that points here.
    pub(super) fn pointer(&self) -> PathBuf {
        self.data_dir.join(POINTER_FILE)
    }

    /// The cluster itself, PostgreSQL's data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.home.join(self.names.data)
    }

    /// The cluster that an upgrade makes: same home, same password, its own directory and socket.
    pub(super) fn upgraded(&self) -> Self {
        Self {
            data_dir: self.data_dir.clone(),
            id: self.id.clone(),
            home: self.home.clone(),
            password: self.password.clone(),
            major: None,
            names: UPGRADED,
        }
    }

    /// Where the cluster of an older major version is kept after an upgrade.
    pub(super) fn kept(&self, major: u32) -> PathBuf {
        self.home.join(format!("{KEPT_PREFIX}{major}"))
    }

    /// The clusters that upgrades have left, with their major versions.
    pub(super) fn all_kept(&self) -> Result<Vec<(u32, PathBuf)>, EmbeddedError> {
        let entries = fs::read_dir(&self.home).map_err(cannot("list", &self.home))?;
        let kept = entries.flatten().filter_map(|entry| {
            let name = entry.file_name();
            let major = name.to_str()?.strip_prefix(KEPT_PREFIX)?.parse().ok()?;
            Some((major, entry.path()))
        });
        let mut kept: Vec<_> = kept.collect();
        kept.sort();
        Ok(kept)
    }

    /// Whether an upgrade ended between its two last steps: the old cluster is aside, the new one complete and
    /// not in its place yet.
    pub(super) fn is_between(&self) -> Result<bool, EmbeddedError> {
        let exists = |path: PathBuf| path.try_exists().map_err(cannot("look at", &path));
        Ok(!exists(self.data())? && exists(self.upgraded().data().join("PG_VERSION"))? && !self.all_kept()?.is_empty())
    }

    /// Where the cluster is made before it gets its name.
    pub(super) fn unfinished(&self) -> PathBuf {
        self.home.join("data.new")
    }

    /// Where the password lies while initdb reads it.
    pub(super) fn password_file(&self) -> PathBuf {
        self.home.join("password.new")
    }

    /// What the server writes to its standard error.
    pub(super) fn log(&self) -> PathBuf {
        self.home.join("postgresql.log")
    }

    /// The password of the superuser.
    pub(super) fn password(&self) -> &SecretString {
        &self.password
    }

    /// Whether the cluster was complete once. If so and it is gone, that is an error.
    pub(super) fn is_complete(&self) -> Result<bool, EmbeddedError> {
        let path = self.data().join("PG_VERSION");
        let exists = path.try_exists().map_err(cannot("look at", &path))?;
        if !exists && self.major.is_some() {
            if self.is_between()? {
                return Err(EmbeddedError::UpgradeInterrupted { directory: self.data() });
            }
            return Err(EmbeddedError::ClusterMissing {
                directory: self.data(),
                pointer: self.pointer(),
            });
        }
        Ok(exists)
    }

    /// The major version that created the cluster, as PostgreSQL itself noted it.
    pub(super) fn major(&self) -> Result<u32, EmbeddedError> {
        let path = self.data().join("PG_VERSION");
        let text = fs::read_to_string(&path).map_err(cannot("read", &path))?;
        let damaged = || EmbeddedError::PointerDamaged {
            path: path.clone(),
            reason: "no major version".to_owned(),
        };
        text.trim().parse().map_err(|_| damaged())
    }

    /// Makes the home and what leads to it.
    pub(super) fn ensure_home(&self, account: Account) -> Result<(), EmbeddedError> {
        if account::is_root() && self.home.starts_with(ROOT_CLUSTERS_DIR) {
            let clusters = Path::new(ROOT_CLUSTERS_DIR);
            files::ensure_dir(clusters, PASSAGE_MODE, None).map_err(cannot("create", clusters))?;
            // Its owner could put links in our way.
            let owner = fs::metadata(clusters).map_err(cannot("look at", clusters))?.uid();
            if owner != 0 {
                return Err(EmbeddedError::WrongOwner {
                    path: clusters.to_path_buf(),
                    owner,
                    uid: 0,
                });
            }
            let owner = Account {
                uid: 0,
                gid: account.gid,
            };
            return files::ensure_dir(&self.home, ROOT_HOME_MODE, Some(owner)).map_err(cannot("create", &self.home));
        }
        files::ensure_dir(&self.home, PRIVATE_DIR_MODE, Some(account)).map_err(cannot("create", &self.home))
    }

    /// Makes the socket's directory, or refuses one that someone else made.
    pub(super) fn ensure_socket_dir(&self, account: Account) -> Result<PathBuf, EmbeddedError> {
        let path = self.socket_dir();
        files::ensure_dir(&path, PRIVATE_DIR_MODE, Some(account)).map_err(cannot("create", &path))?;
        let metadata = path.symlink_metadata().map_err(cannot("look at", &path))?;
        let private = metadata.is_dir() && metadata.uid() == account.uid && metadata.mode() & 0o077 == 0;
        if private {
            Ok(path)
        } else {
            Err(EmbeddedError::SocketDirTaken { path, uid: account.uid })
        }
    }

    fn socket_dir(&self) -> PathBuf {
        let at_home = self.home.join(self.names.socket);
        let length = at_home.as_os_str().as_bytes().len() + 1 + SOCKET_FILE.len();
        // sqlx can only connect to a path that is UTF-8.
        if length <= SOCKET_PATH_LIMIT && at_home.to_str().is_some() {
            at_home
        } else {
            Path::new(SHORT_DIR).join(format!("{}-{}", self.names.short, self.id))
        }
    }

    /// How to connect to this cluster's server.
    pub(super) fn connect_info(&self) -> ConnectInfo {
        ConnectInfo::new(self.socket_dir(), self.password.clone())
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

fn is_name(id: &str) -> bool {
    id.len() == ID_BYTES * 2 && id.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(home: &str) -> Cluster {
        let password = SecretString::from("secret");
        Cluster {
            data_dir: "/d".into(),
            id: "0011223344556677".into(),
            home: home.into(),
            password,
            major: None,
            names: SERVED,
        }
    }

    #[test]
    fn a_socket_lies_at_home_unless_its_path_is_too_long_for_the_kernel() {
        assert_eq!(
            cluster("/home/ann/data/postgres").socket_dir(),
            Path::new("/home/ann/data/postgres/socket")
        );
        let longest = format!(
            "/{}",
            "a".repeat(SOCKET_PATH_LIMIT - "/".len() - "/socket/".len() - SOCKET_FILE.len())
        );
        assert_eq!(cluster(&longest).socket_dir(), Path::new(&longest).join("socket"));
        assert_eq!(
            cluster(&format!("{longest}a")).socket_dir(),
            Path::new("/tmp/gw-0011223344556677")
        );
    }

    #[test]
    fn a_data_directory_can_be_moved_and_its_pointer_is_private() {
        let scratch = tempfile::tempdir().unwrap();
        let (before, after) = (scratch.path().join("before"), scratch.path().join("after"));
        fs::create_dir(&before).unwrap();
        let mut planned = cluster(before.join("postgres").to_str().unwrap());
        planned.data_dir.clone_from(&before);
        planned.complete(15).unwrap();
        let mode = planned.pointer().metadata().unwrap().mode();
        assert_eq!(mode & 0o777, 0o600);

        fs::rename(&before, &after).unwrap();
        let read = Cluster::read(&after).unwrap().unwrap();
        assert_eq!(read.home, after.join("postgres"));
        assert_eq!((read.major, read.password.expose_secret()), (Some(15), "secret"));
    }

    #[test]
    fn a_damaged_pointer_is_refused_without_quoting_it() {
        let scratch = tempfile::tempdir().unwrap();
        for text in [
            r#"{"id":"0011223344556677","home":"postgres","password":987654321}"#,
            "",
            r#"{"id":"../../etc","home":"x","password":"987654321"}"#,
        ] {
            fs::write(scratch.path().join(POINTER_FILE), text).unwrap();
            let error = Cluster::read(scratch.path()).err().unwrap().to_string();
            assert!(error.contains("is damaged") && !error.contains("987654321"), "{error}");
        }
    }

    #[test]
    fn a_cluster_that_was_complete_and_is_gone_is_not_replaced() {
        let mut gone = cluster("/nonexistent/postgres");
        assert!(!gone.is_complete().unwrap());
        gone.major = Some(15);
        assert!(matches!(gone.is_complete(), Err(EmbeddedError::ClusterMissing { .. })));
    }
}
