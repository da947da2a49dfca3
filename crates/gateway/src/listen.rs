//! Listening sockets: one per core, and nobody else on the port.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use crate::limits::BACKLOG;

/// Binds one listener per core; all of them share one port.
///
/// SO_REUSEPORT lets anybody of the same user join the group, also a second instance that would
/// silently take half of the connections. So the port is bound once without it, which fails when
/// anybody listens there; only then is the group made.
pub(crate) fn bind(addr: SocketAddr, cores: usize) -> io::Result<Vec<TcpListener>> {
    let alone = socket(addr, false)?;
    if cores == 1 {
        alone.listen(BACKLOG)?;
        return Ok(vec![alone.into()]);
    }
    let taken: SocketAddr = alone
        .local_addr()?
        .as_socket()
        .ok_or_else(|| io::Error::other("the socket has no internet address"))?;
    drop(alone);
    let group: Vec<Socket> = (0..cores).map(|_| socket(taken, true)).collect::<io::Result<_>>()?;
    group
        .into_iter()
        .map(|socket| {
            socket.listen(BACKLOG)?;
            Ok(socket.into())
        })
        .collect()
}

fn socket(addr: SocketAddr, shared: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    // Else connections in TIME_WAIT would keep a restarted gateway from its port.
    socket.set_reuse_address(true)?;
    if shared {
        socket.set_reuse_port(true)?;
    }
    socket.set_nonblocking(true)?;
    // Accepted connections inherit it: one system call less for each.
    socket.set_tcp_nodelay(true)?;
    socket.bind(&addr.into())?;
    Ok(socket)
}
