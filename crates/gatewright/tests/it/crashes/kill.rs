//! Ends that nobody is told of.

use std::fs;

use gatewright_types::Rng;
use rustix::process::{Pid, Signal, kill_process};

use crate::program::home::{Home, Running};

/// Who is killed.
#[derive(Clone, Copy, Debug)]
pub(super) enum Victims {
    /// The program alone, as `kill -9` does; its PostgreSQL is left running.
    Program,
    /// With its PostgreSQL, process by process, as when a container goes away.
    Everything,
    /// With PostgreSQL's first process alone, as when memory is short; the others end by themselves.
    ProgramAndPostmaster,
}

impl Victims {
    pub(super) fn choose(rng: &Rng) -> Self {
        match u8::from_le_bytes(rng.bytes()) % 4 {
            0 | 1 => Self::Program,
            2 => Self::Everything,
            _ => Self::ProgramAndPostmaster,
        }
    }
}

pub(super) async fn kill(running: Running, home: &Home, victims: Victims) {
    let postmaster = home.postgres_pid().filter(|pid| is_ours(*pid, home));
    let mut pids = Vec::new();
    if let (Some(postmaster), Victims::Everything | Victims::ProgramAndPostmaster) = (postmaster, victims) {
        pids.push(postmaster);
        if matches!(victims, Victims::Everything) {
            pids.extend(children(postmaster));
        }
    }
    for pid in pids {
        // It may have ended by itself by now.
        let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
    }
    assert_eq!(running.end(Signal::KILL).await, None);
}

/// Whether a noted process is still our PostgreSQL: one that starts finds what the last one noted.
fn is_ours(pid: i32, home: &Home) -> bool {
    let cluster = home.cluster_home().unwrap();
    let command_line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&command_line).contains(cluster.to_str().unwrap())
}

fn children(parent: i32) -> Vec<i32> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // proc_pid_stat(5): pid, name in parentheses, state, parent.
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, after)| after);
        if after_name
            .split_whitespace()
            .nth(1)
            .and_then(|parent| parent.parse().ok())
            == Some(parent)
        {
            found.push(pid);
        }
    }
    found
}
