//! What gateway nodes ask the control plane: [`gatewright_snapshot::protocol`] over HTTP.
//!
//! No part of the REST API: it is not described there, asks for a node's token, and changes with the
//! program. A node is let in with a one-time code, then follows one long answer of news.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::{Bytes, BytesMut};
use gatewright_database::{Actor, Caller, INSTALLATION, Origin};
use gatewright_native::nodes::{Connected, Next, Reported, line};
use gatewright_native::{access, uses};
use gatewright_snapshot::protocol::{
    Answers, Enrollment, HEARTBEAT_INTERVAL_MS, KeyUse, News, QUESTIONS_MAX, Questions, REQUEST_MAX_BYTES, Report,
    Told, USE_ADDRESSES_MAX, USES_MAX, Uses,
};
use gatewright_types::ProblemCode;
use gatewright_types::access::NodeState;
use gatewright_types::ids::NodeId;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use tokio::time::{Interval, MissedTickBehavior};

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::{self, Query, Raw};
use crate::principal::{bearer, peer, request_id};
use crate::reveal::Revealing;

/// Everything below `/node/v1`.
pub(crate) fn router() -> Router<ApiState> {
    Router::new()
        .route("/enrollments", post(enroll))
        .route("/snapshot", get(snapshot))
        .route("/news", get(news))
        .route("/lookups", post(look_up))
        .route("/reports", post(report))
        .route("/uses", post(note_uses))
        .route("/shared-cache-key", get(shared_cache_key))
}

/// The node that holds the token of the request; it may be revoked.
struct FromNode {
    id: NodeId,
    token: String,
    state: NodeState,
}

impl FromRequestParts<ApiState> for FromNode {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let unauthenticated = || {
            ApiError::new(
                ProblemCode::Unauthenticated,
                "Send a node's token as `Authorization: Bearer gwn_…`.",
            )
        };
        let token = bearer(&parts.headers).ok_or_else(unauthenticated)?.to_owned();
        let found = state.nodes().authenticate(&token).await?;
        let (id, state) = found.ok_or_else(unauthenticated)?;
        Ok(Self { id, token, state })
    }
}

impl FromNode {
    fn require_right(&self) -> Result<(), ApiError> {
        if self.state == NodeState::Revoked {
            return Err(ApiError::new(
                ProblemCode::NodeRevoked,
                "This node was revoked; enroll it again with a new code.",
            ));
        }
        Ok(())
    }
}

/// A node that was let in, with its token.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Enrolled {
    node_id: NodeId,
    token: Revealing,
}

async fn enroll(State(state): State<ApiState>, request: Request) -> Result<Response, ApiError> {
    let (parts, body) = request.into_parts();
    // Who made the code is not known any more; the row of the code says it.
    let caller = Caller {
        tenant_id: INSTALLATION,
        actor: Actor::System,
        request_id: request_id(&parts),
    };
    let origin = Origin {
        token_id: None,
        session_id: None,
        peer: peer(&parts),
    };
    let Raw(bytes) = Raw::<REQUEST_MAX_BYTES>::from_request(Request::from_parts(parts, body), &state).await?;
    let enrollment: Enrollment = extract::json(&bytes)?;
    let (node_id, token) = state.nodes().enroll((caller, origin), &enrollment).await?;
    let enrolled = Enrolled {
        node_id,
        token: Revealing::new(token),
    };
    Ok((StatusCode::CREATED, Json(enrolled)).into_response())
}

async fn snapshot(State(state): State<ApiState>, node: FromNode, fields: HeaderMap) -> Result<Response, ApiError> {
    node.require_right()?;
    let current = state.nodes().latest_snapshot().await?;
    let etag = HeaderValue::from_str(&current.etag)
        .map_err(|_| ApiError::new(ProblemCode::Internal, "The configuration has no name."))?;
    if fields.get(header::IF_NONE_MATCH) == Some(&etag) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, etag)]).into_response());
    }
    let json = HeaderValue::from_static("application/json");
    let fields = [(header::ETAG, etag), (header::CONTENT_TYPE, json)];
    Ok((fields, current.json.clone()).into_response())
}

async fn look_up(
    State(state): State<ApiState>,
    node: FromNode,
    Raw(bytes): Raw<REQUEST_MAX_BYTES>,
) -> Result<Json<Answers>, ApiError> {
    node.require_right()?;
    let questions: Questions = extract::json(&bytes)?;
    if questions.hashes.len() > QUESTIONS_MAX {
        let detail = format!("At most {QUESTIONS_MAX} credentials are looked up at once.");
        return Err(ApiError::new(ProblemCode::InvalidRequest, detail));
    }
    let _turn = state.look_up_turn().await;
    // Before the query: what it finds is at least as new as this.
    let begun = Instant::now();
    let position = state.nodes().position();
    let records = access::look_up_for_node(state.database(), &questions.hashes).await?;
    Ok(Json(Answers {
        age_ms: millis(begun.elapsed()),
        position: Some(position),
        records,
    }))
}

/// What nodes seal with what they share.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SharedCacheKey {
    key: Revealing,
}

async fn shared_cache_key(State(state): State<ApiState>, node: FromNode) -> Result<Response, ApiError> {
    node.require_right()?;
    let key = state.nodes().shared_cache_key();
    let key = key.ok_or_else(|| ApiError::not_found("This control plane has no master key."))?;
    let told = SharedCacheKey {
        key: Revealing::new(key),
    };
    Ok(Json(told).into_response())
}

/// Also a revoked node may say that it knows.
async fn report(
    State(state): State<ApiState>,
    node: FromNode,
    Raw(bytes): Raw<REQUEST_MAX_BYTES>,
) -> Result<Json<Told>, ApiError> {
    let report: Report = extract::json(&bytes)?;
    state.nodes().report(
        node.id,
        Reported {
            position: report.position,
            snapshot_version: report.snapshot_version,
            version: report.version,
            addr: report.addr,
        },
    );
    node.require_right()?;
    let nodes = state.nodes();
    // In this order: what is counted later may be more, and never older than the age says.
    let age = nodes.age();
    Ok(Json(Told {
        position: nodes.position(),
        age_ms: millis(age),
        now_ms: state.database().clock().now_ms(),
    }))
}

async fn note_uses(
    State(state): State<ApiState>,
    node: FromNode,
    Raw(bytes): Raw<REQUEST_MAX_BYTES>,
) -> Result<StatusCode, ApiError> {
    node.require_right()?;
    let told: Uses = extract::json(&bytes)?;
    let is_too_much = |one: &KeyUse| one.addresses.len() > USE_ADDRESSES_MAX;
    if told.uses.len() > USES_MAX || told.uses.iter().any(is_too_much) {
        let detail =
            format!("At most {USES_MAX} keys with at most {USE_ADDRESSES_MAX} addresses each are told at once.");
        return Err(ApiError::new(ProblemCode::InvalidRequest, detail));
    }
    uses::note(state.database(), &told.uses).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewsQuery {
    /// The number of the last news that the node has; none when it knows nothing.
    after: Option<u64>,
    /// Whether the node's process has just started.
    starting: Option<bool>,
}

async fn news(
    State(state): State<ApiState>,
    node: FromNode,
    Query(query): Query<NewsQuery>,
) -> Result<Response, ApiError> {
    node.require_right()?;
    let nodes = Arc::clone(state.nodes());
    let stands = nodes.arrived(node.id, query.starting == Some(true)).await?;
    let stands = stands.ok_or_else(|| ApiError::not_found("The node is gone."))?;
    // Connected before the position is read: whoever commits from now on waits for this node.
    let connected = nodes.connect(node.id, Some(&node.token));
    let position = query.after.unwrap_or_else(|| nodes.position());
    let start = News::Start {
        position,
        reset: false,
        state: stands,
    };
    let mut beats = tokio::time::interval(Duration::from_millis(HEARTBEAT_INTERVAL_MS));
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stream = Stream {
        api: state,
        connected,
        position,
        lines: VecDeque::from([line(&start)]),
        beats,
        has_ended: false,
    };
    let chunks = futures_util::stream::unfold(stream, |mut stream| async move {
        let chunk = stream.chunk().await?;
        Some((Ok::<Bytes, Infallible>(chunk), stream))
    });
    let ndjson = HeaderValue::from_static("application/x-ndjson");
    Ok(([(header::CONTENT_TYPE, ndjson)], Body::from_stream(chunks)).into_response())
}

/// One node's way through the news. Nothing is gathered for it: a slow node reads older news later.
struct Stream {
    api: ApiState,
    connected: Connected,
    position: u64,
    lines: VecDeque<Bytes>,
    beats: Interval,
    has_ended: bool,
}

impl Stream {
    /// What is to be written next; none at the end.
    async fn chunk(&mut self) -> Option<Bytes> {
        if let Some(line) = self.lines.pop_front() {
            return Some(line);
        }
        if self.has_ended {
            return None;
        }
        let nodes = self.api.nodes();
        tokio::select! {
            // In this order: the end of our process must not wait behind news, nor news behind a heartbeat.
            biased;
            () = nodes.closed() => None,
            _ = self.beats.tick() => {
                if self.connected.is_silent() {
                    return None;
                }
                Some(line(&News::Heartbeat { position: nodes.position() }))
            }
            next = nodes.next(self.position) => match next {
                Ok(Next::Items(items)) => {
                    let mut chunk = BytesMut::new();
                    for item in items {
                        self.position = item.news.seq();
                        chunk.extend_from_slice(&item.line());
                        self.has_ended |= matches!(&item.news, News::Node { node_id, state: NodeState::Revoked, .. }
                            if *node_id == self.connected.id());
                    }
                    Some(chunk.freeze())
                }
                Ok(Next::Missed(position)) => {
                    self.position = position;
                    Some(line(&News::Start { position, reset: true, state: NodeState::Active }))
                }
                // The node comes back when we have our database back.
                Err(_) => None,
            },
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
