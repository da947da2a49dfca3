//! Names to addresses.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;

/// The addresses of a name, when they are known.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send + 'a>>;

/// Looks names up. Asked once per connection; what it answers is judged and connected to, never asked for again.
pub trait Resolve: Send + Sync + 'static {
    /// The addresses of a name, best first; an empty list or [`io::ErrorKind::NotFound`] when there are none.
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a>;
}

/// What the machine is configured for: `/etc/hosts`, DNS.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, name: &'a str) -> Resolving<'a> {
        Box::pin(async move {
            match tokio::net::lookup_host((name, 0)).await {
                Ok(addresses) => Ok(addresses.map(|address| address.ip()).collect()),
                // The standard library gives getaddrinfo's errors no kind, only its words; EAI_AGAIN may pass by itself.
                Err(error) if error.to_string().contains("Temporary failure") => Err(error),
                Err(error) => Err(io::Error::new(io::ErrorKind::NotFound, error)),
            }
        })
    }
}
