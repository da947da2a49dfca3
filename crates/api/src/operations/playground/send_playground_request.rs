//! `POST /portal/playground/requests`

use axum::Json;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use futures_util::stream;
use gatewright_identity::throttle::PLAYGROUND_BY_DEVELOPER;
use gatewright_portal::playground::answering::Answering;
use gatewright_portal::playground::limits::REQUEST_MAX_BYTES;
use gatewright_portal::playground::model::PlaygroundRun;
use gatewright_portal::playground::send::{Call, Sent};
use gatewright_portal::playground::{Piece, PlaygroundError};
use gatewright_spec::values::Values;
use gatewright_types::ids::{GatewayId, KeyId};
use http::{HeaderMap, HeaderValue, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::work::Command;

const EVENT_STREAM: &str = "text/event-stream";

/// What is to be called. There is no URL and no secret in it.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct NewPlaygroundRequest {
    /// The description's slug.
    reference: String,
    /// The operation's slug.
    operation: String,
    /// What was filled in.
    #[serde(default)]
    values: Values,
    /// With which key of one's customer; null: with none.
    #[serde(default)]
    key_id: Option<KeyId>,
    /// On which gateway.
    gateway_id: GatewayId,
}

/// Call an operation of a product on a gateway, with one of one's customer's keys, whose secret nobody sees.
///
/// A call that fails is an answer, too: its run says why. With `Accept: text/event-stream` the answer comes as it arrives: the events
/// `head`, `end` and `failed` carry the run as far as it is, `chunk` a piece of the body as `{"text": …}` or `{"base64": …}`.
#[utoipa::path(post, path = "/portal/playground/requests", tag = "Portal", request_body = NewPlaygroundRequest, responses((status = 200, description = "The call and what came of it", content((PlaygroundRun = "application/json"), (String = "text/event-stream")))))]
pub(crate) async fn send_playground_request(
    headers: HeaderMap,
    command: Command<NewPlaygroundRequest, REQUEST_MAX_BYTES>,
) -> Result<Response, ApiError> {
    let (acting, new) = command.into_parts();
    let who = super::who(&acting)?;
    acting
        .count(PLAYGROUND_BY_DEVELOPER, &who.developer_id.to_string())
        .await?;
    let playground = acting.state().playground().clone();
    let mut tx = acting.begin().await?;
    let (head, operation) = super::operation(&mut tx, &new.reference, &new.operation).await?;
    let call = Call {
        who,
        reference: new.reference,
        product_id: head.product_id,
        operation,
        values: new.values,
        key_id: new.key_id,
        gateway_id: new.gateway_id,
    };
    let prepared = playground.prepare(&mut tx, call).await?;
    tx.close().await?;
    let armed = Box::pin(playground.arm(prepared)).await?;
    let mut tx = acting.begin().await?;
    armed.note(&mut tx).await?;
    tx.commit().await?;
    let sent = Box::pin(playground.dispatch(armed)).await?;
    let streams = headers
        .get_all(header::ACCEPT)
        .iter()
        .any(|value| value.to_str().is_ok_and(|value| value.contains(EVENT_STREAM)));
    Ok(match (sent, streams) {
        (Sent::Failed(run), false) => Json(run).into_response(),
        (Sent::Answering(answering), false) => Json(Box::pin(answering.collect()).await?).into_response(),
        (Sent::Failed(run), true) => events(Body::from(event("failed", &run))),
        (Sent::Answering(answering), true) => {
            answering.note_head().await?;
            let first = event("head", answering.run());
            let pieces = stream::unfold(Some((Some(first), answering)), |state| async move {
                let (first, answering) = state?;
                match first {
                    Some(first) => Some((Ok::<_, PlaygroundError>(first), Some((None, answering)))),
                    None => Some(next(answering).await),
                }
            });
            events(Body::from_stream(pieces))
        }
    })
}

type Next = (
    Result<String, PlaygroundError>,
    Option<(Option<String>, Box<Answering>)>,
);

/// The next event, and what comes after it.
async fn next(mut answering: Box<Answering>) -> Next {
    match Box::pin(answering.next()).await {
        Some(Piece::Text(text)) => (Ok(event("chunk", &json!({ "text": text }))), Some((None, answering))),
        Some(Piece::Bytes(bytes)) => {
            let chunk = json!({ "base64": BASE64.encode(bytes) });
            (Ok(event("chunk", &chunk)), Some((None, answering)))
        }
        None => match Box::pin(answering.finish()).await {
            Ok(run) => {
                let name = if run.failure.is_some() { "failed" } else { "end" };
                (Ok(event(name, &run)), None)
            }
            Err(error) => {
                tracing::error!(%error, "what came of a call from the portal is not kept");
                (Err(error), None)
            }
        },
    }
}

/// One event (WHATWG HTML §9.2.6); JSON has no line breaks of its own.
fn event(name: &str, data: &impl Serialize) -> String {
    let data = serde_json::to_string(data).unwrap_or_default();
    format!("event: {name}\ndata: {data}\n\n")
}

fn events(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(EVENT_STREAM));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that gather answers (nginx) let this one through.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}
