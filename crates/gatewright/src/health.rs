//! What a process without an API answers: whether it lives, and whether it is ready.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::Context;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use gatewright_database::Database;
use gatewright_gateway::Standing;
use hyper::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::http;

/// `/health/live` and `/health/ready`, and nothing else.
pub struct Health {
    answers: Answers,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
}

/// What readiness depends on.
#[derive(Clone)]
pub enum Watched {
    /// A worker's database.
    Database(Database),
    /// A gateway node, which serves from what it knows while its control plane is away.
    Node(Arc<dyn Fn() -> Standing + Send + Sync>),
}

#[derive(Clone)]
struct Answers {
    watched: Watched,
    draining: Arc<AtomicBool>,
}

impl Health {
    /// Serves them.
    pub fn start(listener: TcpListener, watched: Watched, drain: Arc<AtomicU64>) -> Self {
        let answers = Answers {
            watched,
            draining: Arc::default(),
        };
        let router = Router::new()
            .route("/health/live", get(|| async { Json(json!({ "status": "UP" })) }))
            .route("/health/ready", get(ready))
            .with_state(answers.clone());
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(http::serve(listener, router, [].into(), stopped, drain));
        Self { answers, stop, serving }
    }

    /// From now on it is not ready.
    pub fn drain(&self) {
        self.answers.draining.store(true, Ordering::Release);
    }

    /// Ends.
    pub async fn stop(self) -> anyhow::Result<()> {
        self.stop.send_replace(true);
        self.serving.await.context("the health checks")
    }
}

async fn ready(State(answers): State<Answers>) -> Response {
    let away = |why: &str| (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "status": why }))).into_response();
    if answers.draining.load(Ordering::Acquire) {
        return away("DRAINING");
    }
    let database = match answers.watched {
        Watched::Database(database) => database,
        Watched::Node(standing) => {
            return match standing() {
                Standing::Heard => Json(json!({ "status": "UP", "controlPlane": "UP" })).into_response(),
                Standing::CutOff => Json(json!({ "status": "UP", "controlPlane": "AWAY" })).into_response(),
                Standing::Revoked => away("REVOKED"),
            };
        }
    };
    match database.ping().await {
        Ok(()) => Json(json!({ "status": "UP", "database": "UP" })).into_response(),
        Err(error) => {
            tracing::warn!(%error, "not ready: the database does not answer");
            away("DOWN")
        }
    }
}
