//! Finds the PostgreSQL that is installed on this machine.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use super::error::EmbeddedError;

/// The oldest major version that Gatewright runs on.
pub const OLDEST_MAJOR: u32 = 14;

/// How long `postgres --version` may take.
const VERSION_LIMIT: Duration = Duration::from_secs(10);

/// Where distributions put each major version: parent directory, what an entry starts with, and the
/// directory of programs below the entry.
const VERSIONED_PLACES: [(&str, &str, &str); 8] = [
    ("/usr/lib/postgresql", "", "bin"),         // Debian, Ubuntu
    ("/usr", "pgsql-", "bin"),                  // the PostgreSQL project's own RPMs
    ("/usr/lib", "postgresql", "bin"),          // SUSE, Gentoo (postgresql15, postgresql-15)
    ("/usr/libexec", "postgresql", ""),         // Alpine
    ("/opt/homebrew/opt", "postgresql", "bin"), // Homebrew on Apple silicon
    ("/usr/local/opt", "postgresql", "bin"),    // Homebrew on Intel
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ("/usr/local", "pgsql", "bin"), // built from source
];

/// The programs of one installed PostgreSQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// The major version: 15 for 15.4.
    pub major: u32,
    /// Holds `postgres`, `initdb`, `pg_dump` and the rest.
    pub bin_dir: PathBuf,
}

/// Every PostgreSQL on this machine, the newest first; among equals, the one of the system's packages.
///
/// An unreadable place or a broken program is no error: it is not an installation.
pub async fn installations() -> Vec<Installation> {
    among(places().into_iter()).await
}

/// Every `pg_dump` with its `pg_restore` on this machine, the newest first; a server beside them is not needed.
pub async fn clients() -> Vec<Installation> {
    with_programs(places().into_iter(), ["pg_dump", "pg_restore"]).await
}

fn places() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    VERSIONED_PLACES
        .iter()
        .flat_map(|(parent, prefix, below)| entries(Path::new(parent), prefix, below))
        .chain(std::env::split_paths(&path))
        .collect()
}

/// The installations among directories of programs, the newest first.
pub(super) async fn among(candidates: impl Iterator<Item = PathBuf>) -> Vec<Installation> {
    with_programs(candidates, ["postgres", "initdb"]).await
}

/// The directories that have both programs; the first says which version it is.
async fn with_programs(candidates: impl Iterator<Item = PathBuf>, [first, second]: [&str; 2]) -> Vec<Installation> {
    let mut found: Vec<Installation> = Vec::new();
    let mut seen = Vec::new();
    for directory in candidates {
        // A relative entry of PATH means another directory once we have changed ours.
        if !directory.is_absolute() {
            continue;
        }
        // PATH often leads to the same programs again, through links.
        let Ok(real) = fs::canonicalize(directory.join(first)) else {
            continue;
        };
        if seen.contains(&real) || !directory.join(second).exists() {
            continue;
        }
        if let Ok(major) = major_of(&real).await {
            found.push(Installation {
                major,
                bin_dir: directory,
            });
        }
        seen.push(real);
    }
    found.sort_by_key(|installation| std::cmp::Reverse(installation.major));
    found
}

/// The newest of these, or why none will do.
pub(super) fn newest(installed: &[Installation]) -> Result<&Installation, EmbeddedError> {
    let newest = installed.first().ok_or(EmbeddedError::NotInstalled)?;
    if newest.major < OLDEST_MAJOR {
        return Err(EmbeddedError::TooOld {
            newest: newest.major,
            bin_dir: newest.bin_dir.clone(),
        });
    }
    Ok(newest)
}

fn entries(parent: &Path, prefix: &str, below: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    let named = |entry: &fs::DirEntry| entry.file_name().to_str().is_some_and(|name| name.starts_with(prefix));
    entries
        .flatten()
        .filter(named)
        .map(|entry| entry.path().join(below))
        .collect()
}

/// What `postgres --version` says: `postgres (PostgreSQL) 15.17 (Debian 15.17-0+deb12u1)`, `… 18beta1`.
async fn major_of(program: &Path) -> io::Result<u32> {
    let run = tokio::process::Command::new(program)
        .arg("--version")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(VERSION_LIMIT, run).await??;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_major(&text).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no version"))
}

fn parse_major(text: &str) -> Option<u32> {
    let version = text.split_once(" (PostgreSQL) ")?.1;
    let digits = version.len() - version.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_major_version_is_read_from_what_every_distribution_prints() {
        assert_eq!(
            parse_major("postgres (PostgreSQL) 15.17 (Debian 15.17-0+deb12u1)\n"),
            Some(15)
        );
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("postgres (PostgreSQL) devel\n"), None);
        assert_eq!(parse_major("something else 15"), None);
    }

    #[test]
    fn an_old_or_missing_installation_says_what_to_do() {
        let missing = newest(&[]).unwrap_err().to_string();
        assert!(
            missing.contains("apt-get install postgresql") && missing.contains("GATEWRIGHT_DATABASE_URL"),
            "{missing}"
        );
        let old = [Installation {
            major: 13,
            bin_dir: "/usr/lib/postgresql/13/bin".into(),
        }];
        let error = newest(&old).unwrap_err().to_string();
        assert!(error.contains("is 13") && error.contains("needs 14"), "{error}");
    }

    #[tokio::test]
    async fn the_newest_is_first_and_links_to_it_count_once() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let scratch = tempfile::tempdir().unwrap();
        for major in [14, 16, 15] {
            let bin = scratch.path().join(format!("{major}/bin"));
            fs::create_dir_all(&bin).unwrap();
            for program in ["postgres", "initdb"] {
                let script = format!("#!/bin/sh\necho '{program} (PostgreSQL) {major}.2'\n");
                fs::write(bin.join(program), script).unwrap();
                fs::set_permissions(bin.join(program), fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        symlink(scratch.path().join("16/bin"), scratch.path().join("link")).unwrap();
        let candidates = ["14/bin", "15/bin", "16/bin", "link", "absent"].map(|name| scratch.path().join(name));
        let majors: Vec<u32> = among(candidates.into_iter())
            .await
            .iter()
            .map(|found| found.major)
            .collect();
        assert_eq!(majors, [16, 15, 14]);
    }
}
