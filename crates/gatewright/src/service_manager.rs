//! Tells systemd how far we are (sd_notify(3)): a line of text to a socket that it names.

use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};

/// Names the socket; absent where no service manager waits for us.
const VARIABLE: &str = "NOTIFY_SOCKET";

/// How far we are.
#[derive(Clone, Copy, Debug)]
pub enum State {
    /// Requests are served.
    Ready,
    /// Settings are read again; [`State::Ready`] follows.
    Reloading,
    /// What is under way is finished.
    Stopping,
}

/// Tells the service manager, if there is one that wants to know.
pub fn tell(state: State) {
    let Some(address) = std::env::var_os(VARIABLE) else {
        return;
    };
    let message = match state {
        State::Ready => "READY=1\nSTATUS=serving\n".to_owned(),
        State::Reloading => format!("RELOADING=1\nMONOTONIC_USEC={}\n", monotonic_us()),
        State::Stopping => "STOPPING=1\nSTATUS=finishing what is under way\n".to_owned(),
    };
    if let Err(error) = send(address.as_bytes(), message.as_bytes()) {
        tracing::warn!(%error, "systemd could not be told; it may take this process for one that hangs");
    }
}

fn send(address: &[u8], message: &[u8]) -> std::io::Result<()> {
    let address = match address.strip_prefix(b"@") {
        Some(name) => SocketAddr::from_abstract_name(name)?,
        None => SocketAddr::from_pathname(std::ffi::OsStr::from_bytes(address))?,
    };
    let socket = UnixDatagram::unbound()?;
    // It is a datagram: it is taken as a whole or not, and never waited for.
    socket.set_nonblocking(true)?;
    socket.send_to_addr(message, &address).map(drop)
}

/// CLOCK_MONOTONIC, which systemd compares with its own.
fn monotonic_us() -> i64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec * 1_000_000 + now.tv_nsec / 1000
}
