//! The data directory, what lies in it, and the room around it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use gatewright_database::embedded;
use rustix::fs::Access;

use super::Finding;
use crate::settings::Settings;

const CHECK: &str = "data directory";
const KEY: &str = "master key";
const DISK: &str = "disk";
/// The file with the keys that seal secrets.
const MASTER_KEY: &str = "master.key";
/// Stands for the file where it is set.
const MASTER_KEY_VARIABLE: &str = "GATEWRIGHT_MASTER_KEY";
/// Everybody but the owner.
const OTHERS: u32 = 0o077;
/// Below these, something should be done soon: bytes, and percent of inodes.
const LITTLE_BYTES: u64 = 2 << 30;
const LITTLE_INODES_PERCENT: u64 = 5;
/// Below this PostgreSQL may stop at any moment, in bytes.
const ALMOST_NOTHING_BYTES: u64 = 256 << 20;

pub(super) fn examine(settings: &Settings, findings: &mut Vec<Finding>) {
    let path = &settings.data_dir;
    match fs::metadata(path) {
        Ok(metadata) => {
            findings.push(rights(path, &metadata));
            if settings.role.has_database() {
                findings.push(master_key(path));
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            findings.push(Finding::ok(
                CHECK,
                format!("{} is made at the first start", path.display()),
            ));
        }
        Err(error) => findings.push(Finding::problem(
            CHECK,
            format!("{}: {error}", path.display()),
            "Gatewright does not start",
            "run doctor as the user that runs Gatewright, or set data_dir to a directory of that user's",
        )),
    }
    for place in places(path) {
        findings.extend(room(&place));
    }
}

fn rights(path: &Path, metadata: &fs::Metadata) -> Finding {
    let shown = path.display();
    let us = rustix::process::geteuid().as_raw();
    if !metadata.is_dir() {
        return Finding::problem(
            CHECK,
            format!("{shown} is not a directory"),
            "Gatewright does not start",
            "set data_dir to a directory",
        );
    }
    if metadata.mode() & OTHERS != 0 {
        return Finding::problem(
            CHECK,
            format!(
                "{shown} can be entered by other users (mode {:o})",
                metadata.mode() & 0o777
            ),
            "the password of the database and the master key lie in it",
            format!("chmod 0700 {shown}"),
        );
    }
    if us != 0 && metadata.uid() != us {
        return Finding::problem(
            CHECK,
            format!("{shown} belongs to user {} and not to user {us}", metadata.uid()),
            "Gatewright could not write there",
            format!("run Gatewright as user {}, or `chown -R {us} {shown}`", metadata.uid()),
        );
    }
    if rustix::fs::access(path, Access::WRITE_OK).is_err() {
        return Finding::problem(
            CHECK,
            format!("{shown} cannot be written"),
            "Gatewright does not start",
            "mount it read-write, or set data_dir to another directory",
        );
    }
    let held = embedded::inspect(path).ok().flatten().and_then(|found| found.held_by);
    Finding::ok(
        CHECK,
        match held {
            Some(pid) => format!("{shown} is private, and in use by process {pid}"),
            None => format!("{shown} is private, and no process uses it"),
        },
    )
}

/// Whether it is there and private; what is in it is not looked at.
fn master_key(data_dir: &Path) -> Finding {
    let path = data_dir.join(MASTER_KEY);
    let shown = path.display();
    if std::env::var_os(MASTER_KEY_VARIABLE).is_some() {
        return Finding::ok(KEY, format!("comes from {MASTER_KEY_VARIABLE}"));
    }
    let Ok(metadata) = fs::symlink_metadata(&path) else {
        return Finding::warning(
            KEY,
            format!("{shown} does not exist"),
            "secrets that were sealed with it cannot be opened; it is no loss if nothing was ever sealed",
            format!("put it back from where you keep a copy (mode 0600), or set {MASTER_KEY_VARIABLE}"),
        );
    };
    if !metadata.is_file() || metadata.mode() & OTHERS != 0 {
        return Finding::problem(
            KEY,
            format!(
                "{shown} is not a file for its owner alone (mode {:o})",
                metadata.mode() & 0o777
            ),
            "with it and the database every sealed secret can be opened",
            format!("chmod 0600 {shown}"),
        );
    }
    Finding::ok(
        KEY,
        format!("{shown} is there and private; keep a copy of it elsewhere"),
    )
}

/// Where things are written: the data directory (or what will hold it) and the cluster.
fn places(data_dir: &Path) -> Vec<PathBuf> {
    let mut folder = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_path_buf());
    while !folder.exists() && folder.pop() {}
    let cluster = embedded::inspect(data_dir)
        .ok()
        .flatten()
        .and_then(|found| found.cluster);
    let mut places = vec![folder];
    places.extend(cluster.map(|cluster| cluster.directory));
    // One line per file system.
    let device = |path: &PathBuf| fs::metadata(path).map(|metadata| metadata.dev()).ok();
    places.dedup_by_key(|path| device(path));
    places
}

fn room(path: &Path) -> Option<Finding> {
    let room = rustix::fs::statvfs(path).ok()?;
    let free = room.f_bavail * room.f_frsize;
    let shown = path.display();
    let inodes = match room.f_files {
        0 => 100, // the file system has no fixed number
        all => room.f_favail * 100 / all,
    };
    let what = format!("{} MiB and {inodes} % of the inodes are free at {shown}", free >> 20);
    let repair = format!(
        "make room: `du -x {shown} | sort -n | tail`; `gatewright database upgrade --prune` removes old clusters"
    );
    Some(if free < ALMOST_NOTHING_BYTES || inodes == 0 {
        Finding::problem(
            DISK,
            what,
            "PostgreSQL stops when it cannot write, and nothing can be changed any more",
            repair,
        )
    } else if free < LITTLE_BYTES || inodes < LITTLE_INODES_PERCENT {
        Finding::warning(DISK, what, "PostgreSQL stops when it cannot write", repair)
    } else {
        Finding::ok(DISK, what)
    })
}
