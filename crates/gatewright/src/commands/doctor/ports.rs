//! Whether we can listen, or do already.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;

use super::Finding;
use crate::settings::Settings;

const CHECK: &str = "ports";
/// What our processes are called.
const OURS: &str = "gatewright";
/// The state of a listening socket in /proc/net/tcp.
const LISTENING: &str = "0A";

pub(super) fn examine(settings: &Settings, findings: &mut Vec<Finding>) {
    for (name, addr) in settings.listeners() {
        findings.push(one(name, addr));
    }
}

fn one(name: &'static str, addr: SocketAddr) -> Finding {
    let Err(error) = TcpListener::bind(addr) else {
        return Finding::ok(CHECK, format!("{name}: {addr} is free"));
    };
    let what = format!("{name}: cannot listen on {addr}: {error}");
    let why = "Gatewright does not start";
    match error.kind() {
        ErrorKind::AddrInUse => match owner(addr.port()) {
            Some((pid, program)) if program == OURS => {
                Finding::ok(CHECK, format!("{name}: {addr} is served by Gatewright (process {pid})"))
            }
            Some((pid, program)) => Finding::problem(
                CHECK,
                format!("{name}: {addr} is taken by {program} (process {pid})"),
                why,
                format!("stop that program, or set {name} to another port"),
            ),
            None => Finding::problem(
                CHECK,
                format!("{name}: {addr} is taken by a process of another user"),
                why,
                format!("run doctor as root to see which (`ss -ltnp`), or set {name} to another port"),
            ),
        },
        ErrorKind::PermissionDenied => Finding::problem(
            CHECK,
            what,
            "ports below 1024 need a privilege",
            format!("set {name} to a port from 1024 on, or give the unit AmbientCapabilities=CAP_NET_BIND_SERVICE"),
        ),
        ErrorKind::AddrNotAvailable => Finding::problem(
            CHECK,
            what,
            why,
            format!("set {name} to an address of this machine (`ip address`), or to 0.0.0.0"),
        ),
        _ => Finding::problem(CHECK, what, why, format!("set {name} to another address")),
    }
}

/// The process that listens on a port, as far as we may see it.
fn owner(port: u16) -> Option<(u32, String)> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|path| std::fs::read_to_string(path).unwrap_or_default());
    let sockets: Vec<String> = tables
        .iter()
        .flat_map(|table| table.lines())
        .filter_map(|line| listening(line, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut holders = processes.filter_map(|entry| {
        let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
        holds(&entry.path().join("fd"), &sockets).then_some(())?;
        let program = std::fs::read_to_string(entry.path().join("comm")).ok()?;
        Some((pid, program.trim().to_owned()))
    });
    holders.next()
}

/// proc(5): `sl local_address rem_address st tx:rx tr:tm retrnsmt uid timeout inode`.
fn listening(line: &str, port: u16) -> Option<&str> {
    let fields: Vec<&str> = line.split_whitespace().collect();
    let (_, local) = fields.get(1)?.rsplit_once(':')?;
    let matches = u16::from_str_radix(local, 16).ok()? == port && *fields.get(3)? == LISTENING;
    matches.then(|| fields.get(9).copied()).flatten()
}

fn holds(descriptors: &Path, sockets: &[String]) -> bool {
    let Ok(entries) = std::fs::read_dir(descriptors) else {
        return false;
    };
    let mut links = entries
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok());
    links.any(|link| sockets.iter().any(|socket| link.as_os_str() == socket.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listening_socket_is_told_from_a_connection_to_the_same_port() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4242 1";
        assert_eq!(listening(line, 8080), Some("4242"));
        assert_eq!(listening(line, 8081), None);
        assert_eq!(listening(&line.replace(" 0A ", " 01 "), 8080), None);
    }

    #[test]
    fn whoever_holds_a_port_is_named() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (pid, _) = owner(listener.local_addr().unwrap().port()).unwrap();
        assert_eq!(pid, std::process::id());
    }
}
