//! Being woken by another process that uses the same database.

use sqlx::postgres::{PgListener, PgPoolOptions};

use crate::{Database, DatabaseError};

/// A connection of its own that waits for notifications.
pub struct Listener(PgListener);

/// One notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Where it was sent to.
    pub channel: String,
    /// What was said.
    pub payload: String,
}

impl Database {
    /// Listens on these channels, over one more connection than the pool has.
    pub async fn listen_apart(&self, channels: &[&str]) -> Result<Listener, DatabaseError> {
        let options = self.connect_options();
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_lazy_with(options);
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.listen_all(channels.iter().copied()).await?;
        Ok(Listener(listener))
    }
}

impl Listener {
    /// The next notification; `None` when the connection was lost and made anew, so that some may be missing.
    pub async fn next(&mut self) -> Result<Option<Notification>, DatabaseError> {
        let notification = self.0.try_recv().await?;
        Ok(notification.map(|one| Notification {
            channel: one.channel().to_owned(),
            payload: one.payload().to_owned(),
        }))
    }
}
