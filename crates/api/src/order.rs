//! One mutation of the installation, which belongs to no tenant: what [`crate::work`] is for operators.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::Response;
use gatewright_database::idempotency::{self, Scope};
use gatewright_database::{Caller, SystemTx, SystemUse};
use gatewright_types::ProblemCode;
use gatewright_types::ids::TenantId;
use http::StatusCode;
use serde::Serialize;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::{BODY_MAX_BYTES, Raw};
use crate::principal::Installation;
use crate::reveal::hide;
use crate::unfinished::{Held, Unfinished};
use crate::work::{in_flight, judge, respond, scope};

/// An order of whoever runs the installation: who, what, and under which `Idempotency-Key`.
pub(crate) struct Order {
    /// What was sent.
    pub(crate) body: Bytes,
    by: Installation,
    kept_under: Option<Scope>,
    unfinished: Unfinished,
    state: ApiState,
}

impl FromRequest<ApiState> for Order {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let by = Installation::from_request_parts(&mut parts, state).await?;
        // Of no tenant in particular: what is made may be one, and its answer is kept with it.
        let mut kept_under = scope(&parts, None, Uuid::nil())?;
        let unfinished = parts.extensions.get::<Unfinished>().cloned().unwrap_or_default();
        let Raw(body) = Raw::<BODY_MAX_BYTES>::from_request(Request::from_parts(parts, body), state).await?;
        if let Some(kept_under) = &mut kept_under {
            kept_under.fingerprint = Sha256::digest(&body).into();
        }
        Ok(Self {
            body,
            by,
            kept_under,
            unfinished,
            state: state.clone(),
        })
    }
}

impl Order {
    /// Begins the transaction. Fails with the earlier answer when there is one.
    pub(crate) async fn begin(self, purpose: SystemUse) -> Result<Deed, ApiError> {
        let database = self.state.database();
        let mut tx = Held::new(database.system(purpose).await?, self.unfinished);
        tx.came_from(self.by.origin);
        if let Some(kept_under) = &self.kept_under {
            judge(idempotency::claim(&mut tx, kept_under, database.clock().now()).await?)?;
        }
        Ok(Deed {
            tx,
            caller: self.by.caller,
            kept_under: self.kept_under,
            state: self.state,
        })
    }
}

/// An order that is being carried out; dropped unfinished, it leaves nothing behind when its request is answered.
pub(crate) struct Deed {
    /// The transaction of the use case.
    pub(crate) tx: Held<SystemTx>,
    /// Whoever runs the installation.
    pub(crate) caller: Caller,
    kept_under: Option<Scope>,
    state: ApiState,
}

impl Deed {
    /// Keeps the answer with the rows of `tenant_id`, commits, and answers 201 with what was made.
    pub(crate) async fn created(mut self, tenant_id: TenantId, body: &impl Serialize) -> Result<Response, ApiError> {
        let body = serde_json::to_value(body)
            .map_err(|_| ApiError::new(ProblemCode::Internal, "The answer cannot be written."))?;
        if let Some(kept_under) = &self.kept_under {
            let mut kept = body.clone();
            hide(&mut kept);
            let (status, now) = (StatusCode::CREATED.as_u16(), self.state.database().clock().now());
            if !idempotency::keep(&mut self.tx, tenant_id, kept_under, now, status, &kept).await? {
                return Err(in_flight());
            }
        }
        self.tx.release().commit().await?;
        Ok(respond(StatusCode::CREATED, &body))
    }
}
