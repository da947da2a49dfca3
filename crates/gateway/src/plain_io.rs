//! Sockets whose small writes cost less.
//!
//! hyper hands over a head and the beginning of a body as several slices, and `writev` costs the
//! kernel more than `send` does. Up to [`AT_ONCE_MAX`] bytes, copying them together is cheaper.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

/// Most bytes that are copied into one `send`.
const AT_ONCE_MAX: usize = 2048;

/// Writes the slices: with one `send` where they are small, with `writev` where not.
pub(crate) fn write_at_once(
    stream: Pin<&mut TcpStream>,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
) -> Poll<io::Result<usize>> {
    if let [only] = slices {
        return stream.poll_write(cx, only);
    }
    let total: usize = slices.iter().map(|slice| slice.len()).sum();
    if total > AT_ONCE_MAX {
        return stream.poll_write_vectored(cx, slices);
    }
    let mut together = [0; AT_ONCE_MAX];
    let mut length = 0;
    for slice in slices {
        together[length..length + slice.len()].copy_from_slice(slice);
        length += slice.len();
    }
    stream.poll_write(cx, &together[..length])
}
