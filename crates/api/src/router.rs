//! What stands around every operation: request ids, problems, one line in the log.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use gatewright_types::ProblemCode;
use gatewright_types::ids::RequestId;
use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use serde_json::json;
use utoipa_axum::router::OpenApiRouter;

use crate::error::{ApiError, Problem};
use crate::principal::admit;
use crate::{ApiState, mailbox, node_protocol, openapi, operations};

static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
static DESCRIPTION: LazyLock<String> = LazyLock::new(openapi::json);

/// The control plane's HTTP service.
pub fn router(state: ApiState) -> Router {
    let (operations, _) = OpenApiRouter::new()
        .nest(openapi::BASE_PATH, operations::router())
        .split_for_parts();
    operations
        .route_layer(from_fn_with_state(state.clone(), admit))
        .route("/api/v1/openapi.json", get(description))
        .route("/api/mailbox", get(mailbox::mails))
        .route("/api/mailbox/{id}", get(mailbox::mail))
        .nest(gatewright_snapshot::protocol::BASE_PATH, node_protocol::router())
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .fallback(|| async { ApiError::not_found("Nothing is here; /api/v1/openapi.json describes the API.") })
        .method_not_allowed_fallback(|| async {
            ApiError::new(
                ProblemCode::MethodNotAllowed,
                "The path answers to the methods in `Allow`.",
            )
        })
        .layer(from_fn_with_state(state.clone(), surround))
        .with_state(state)
}

async fn description() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DESCRIPTION.as_str()).into_response()
}

/// The process runs and answers.
async fn live() -> Response {
    Json(json!({ "status": "UP" })).into_response()
}

/// Requests can be sent here: the database answers, and we are not going away.
async fn ready(State(state): State<ApiState>) -> Result<Response, ApiError> {
    if state.is_draining() {
        return Err(ApiError::new(ProblemCode::Unavailable, "This process is going away."));
    }
    state.database().ping().await?;
    Ok(Json(json!({ "status": "UP", "database": "UP" })).into_response())
}

/// What was answered, for whoever counts; an extension of each response.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The method of the request; one that nobody has heard of is `OTHER`.
    pub method: &'static str,
    /// The template of the route, or `none`.
    pub route: String,
    /// From the request's head to the answer's.
    pub took: Duration,
}

/// A method as a label: a caller may invent any number of them.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

async fn surround(State(state): State<ApiState>, mut request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let request_id = RequestId::mint(state.database().clock(), state.database().rng());
    request.extensions_mut().insert(request_id);
    let method = request.method().clone();
    // The template, not the path: ids and whatever callers invent stay out of the log.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();

    let answering = next.run(request);
    let mut response = if method.is_safe() {
        answering.await
    } else {
        // On a task of its own: a caller that hangs up cancels this future, and between the commit
        // and telling the gateways nothing may be cancelled.
        tokio::spawn(answering).await.unwrap_or_else(|error| {
            tracing::error!(%error, request.id = %request_id, "an operation panicked");
            ApiError::new(
                ProblemCode::Internal,
                "Something went wrong inside Gatewright; the log has more under the request id.",
            )
            .into_response()
        })
    };

    if let Some(problem) = response.extensions_mut().remove::<Arc<Problem>>() {
        problem.write(&mut response, state.problem_pages(), request_id);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id.to_string()) {
        headers.insert(REQUEST_ID.clone(), value);
    }
    // Answers may hold secrets, and all of them change but for those that say so.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    let status = response.status();
    let took = begun.elapsed();
    let took_ms = took.as_millis();
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(request.id = %request_id, %method, route, status = status.as_u16(), took_ms, "request failed");
    } else {
        tracing::debug!(request.id = %request_id, %method, route, status = status.as_u16(), took_ms, "request answered");
    }
    let method = known(&method);
    response.extensions_mut().insert(Answered { method, route, took });
    response
}
