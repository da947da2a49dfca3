//! What comes back.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::header::HeaderMap;
use http::{Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use crate::client::{Deadline, Inner};
use crate::connection::Connection;
use crate::error::{EgressError, Phase};
use crate::request::{Overflow, Request};
use crate::target::Target;
use crate::timings::Timings;
use crate::trust::Trust;

/// An answer, complete.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub fields: HeaderMap,
    /// Its body, as it came over the wire.
    pub body: Bytes,
    /// Whether the body was longer, and what is kept is its beginning.
    pub cut: bool,
    /// Who answered: the URL after all redirects.
    pub url: String,
    /// The address that was connected to.
    pub peer: SocketAddr,
    /// How many redirects were followed.
    pub redirects: usize,
    /// Where the time went.
    pub timings: Timings,
}

/// An answer whose body is still coming.
pub struct Streamed {
    /// Its status.
    pub status: StatusCode,
    /// Its header fields.
    pub fields: HeaderMap,
    /// Who answers: the URL after all redirects.
    pub url: String,
    /// The address that was connected to.
    pub peer: SocketAddr,
    /// How many redirects were followed.
    pub redirects: usize,
    client: Arc<Inner>,
    incoming: Incoming,
    /// Given back when the body has ended; gone afterwards.
    connection: Option<(Connection, Target, Trust)>,
    timings: Timings,
    deadline: Deadline,
    head_at: Instant,
    limit: usize,
    left: usize,
    overflow: Overflow,
    cut: bool,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Streamed {
    pub(crate) fn new(
        client: Arc<Inner>,
        response: Response<Incoming>,
        connection: Connection,
        (target, trust): (Target, Trust),
        request: &Request,
        (timings, deadline, redirects): (Timings, Deadline, usize),
        turn: Option<OwnedSemaphorePermit>,
    ) -> Self {
        let limit = request.max_body_bytes.unwrap_or(client.limits.max_body_bytes);
        let (head, incoming) = response.into_parts();
        Self {
            status: head.status,
            fields: head.headers,
            url: target.as_str().to_owned(),
            peer: connection.peer,
            redirects,
            client,
            incoming,
            connection: Some((connection, target, trust)),
            timings,
            deadline,
            head_at: Instant::now(),
            limit,
            left: limit,
            overflow: request.overflow,
            cut: false,
            _turn: turn,
        }
    }

    /// The next piece of the body; none at its end, or where it was cut.
    ///
    /// # Errors
    ///
    /// Why it does not come, or that it is longer than the limit.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, EgressError> {
        let announced = self.incoming.size_hint().lower();
        if self.overflow == Overflow::Refuse && announced > self.left as u64 {
            self.connection = None;
            return Err(EgressError::BodyTooLarge(self.limit));
        }
        while self.connection.is_some() {
            let pause = self.client.limits.pause_timeout;
            let frame = self
                .deadline
                .within(Phase::Transfer, pause, self.incoming.frame())
                .await?;
            let Some(frame) = frame else {
                if let Some((connection, target, trust)) = self.connection.take() {
                    self.client.pool.put(connection, target, trust);
                }
                break;
            };
            let frame = frame.map_err(|error| self.client.explain(&error))?;
            let Ok(mut data) = frame.into_data() else { continue };
            if data.len() <= self.left {
                self.left -= data.len();
                return Ok(Some(data));
            }
            self.connection = None;
            if self.overflow == Overflow::Refuse {
                return Err(EgressError::BodyTooLarge(self.limit));
            }
            self.cut = true;
            data.truncate(self.left);
            self.left = 0;
            return Ok(Some(data));
        }
        Ok(None)
    }

    /// Reads the rest of the body.
    ///
    /// # Errors
    ///
    /// As for [`Streamed::chunk`].
    pub async fn collect(mut self) -> Result<Answer, EgressError> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend_from_slice(&chunk);
        }
        let mut timings = self.timings;
        timings.transfer = self.head_at.elapsed();
        timings.total = self.deadline.begun.elapsed();
        Ok(Answer {
            status: self.status,
            fields: self.fields,
            body: body.freeze(),
            cut: self.cut,
            url: self.url,
            peer: self.peer,
            redirects: self.redirects,
            timings,
        })
    }

    /// Where the time went so far; complete once [`Streamed::chunk`] returned none.
    pub fn timings(&self) -> Timings {
        Timings {
            transfer: self.head_at.elapsed(),
            total: self.deadline.begun.elapsed(),
            ..self.timings
        }
    }
}
