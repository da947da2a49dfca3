//! One mutation: from the request to its answer.
//!
//! 1. who asks, and the body ([`Command`]);
//! 2. the transaction, and whether this `Idempotency-Key` was answered before ([`Command::begin`]);
//! 3. the use case, in the handler;
//! 4. the answer is kept, everything is committed, the gateways are told (`Work::finish`).

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::response::Response;
use gatewright_credentials::AccessChange;
use gatewright_database::idempotency::{self, Claim, Scope};
use gatewright_database::{Actor, TenantTx};
use gatewright_identity::model::Granter;
use gatewright_identity::{developers, operators, people};
use gatewright_native::nodes::Effects;
use gatewright_orchestration::Orchestrator;
use gatewright_types::ProblemCode;
use gatewright_types::ids::TenantId;
use http::request::Parts;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::ApiState;
use crate::error::ApiError;
use crate::extract::{self, BODY_MAX_BYTES, Raw};
use crate::precondition::{self, Editable, IfMatch};
use crate::principal::Acting;
use crate::reveal::hide;
use crate::unfinished::{Held, Unfinished};

/// Longest `Idempotency-Key`.
pub const IDEMPOTENCY_KEY_MAX: usize = 255;

static IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
static IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// Somebody's order: who, what, and under which `Idempotency-Key`.
pub struct Command<T, const MAX: usize = BODY_MAX_BYTES> {
    acting: Acting,
    state: ApiState,
    idempotency: Option<Scope>,
    if_match: Option<IfMatch>,
    unfinished: Unfinished,
    body: T,
}

/// For an order without a body.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl<T: DeserializeOwned + Send, const MAX: usize> FromRequest<ApiState> for Command<T, MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let acting = Acting::from_request_parts(&mut parts, state).await?;
        let caller = &acting.caller;
        let actor_id = caller.actor.id().unwrap_or_default();
        let mut idempotency = scope(&parts, Some(caller.tenant_id), actor_id)?;
        let if_match = IfMatch::read(&parts.headers)?;
        let unfinished = parts.extensions.get::<Unfinished>().cloned().unwrap_or_default();
        let Raw(bytes) = Raw::<MAX>::from_request(Request::from_parts(parts, body), state).await?;
        if let Some(scope) = &mut idempotency {
            scope.fingerprint = Sha256::digest(&bytes).into();
        }
        Ok(Self {
            acting,
            state: state.clone(),
            idempotency,
            if_match,
            unfinished,
            body: extract::json(&bytes)?,
        })
    }
}

/// What the request's `Idempotency-Key` belongs to; the fingerprint is added when the body is there.
///
/// Only POST takes one: the other methods are idempotent by themselves.
pub(crate) fn scope(parts: &Parts, tenant_id: Option<TenantId>, actor_id: Uuid) -> Result<Option<Scope>, ApiError> {
    let Some(value) = parts
        .headers
        .get(&IDEMPOTENCY_KEY)
        .filter(|_| parts.method == http::Method::POST)
    else {
        return Ok(None);
    };
    let key = value
        .to_str()
        .ok()
        .filter(|key| (1..=IDEMPOTENCY_KEY_MAX).contains(&key.len()))
        .ok_or_else(|| {
            let detail = format!("An Idempotency-Key is 1 to {IDEMPOTENCY_KEY_MAX} visible ASCII characters.");
            ApiError::new(ProblemCode::InvalidRequest, detail)
        })?;
    let path = parts
        .extensions
        .get::<axum::extract::OriginalUri>()
        .map_or(parts.uri.path(), |uri| uri.0.path());
    Ok(Some(Scope {
        tenant_id,
        actor_id,
        route: format!("{} {path}", parts.method),
        key: key.to_owned(),
        fingerprint: [0; 32],
    }))
}

/// What a claim means for the request.
pub(crate) fn judge(claim: Claim) -> Result<(), ApiError> {
    match claim {
        Claim::New => Ok(()),
        Claim::Replay { status, body } => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
            let mut response = respond(status, &body);
            response
                .headers_mut()
                .insert(IDEMPOTENCY_REPLAYED.clone(), HeaderValue::from_static("true"));
            Err(ApiError::Replay(Box::new(response)))
        }
        Claim::Reused => Err(ApiError::new(
            ProblemCode::IdempotencyKeyReused,
            "Another body was sent with this Idempotency-Key. Use a new key for a new request.",
        )),
        Claim::InFlight => Err(in_flight()),
    }
}

pub(crate) fn in_flight() -> ApiError {
    ApiError::new(
        ProblemCode::IdempotencyInFlight,
        "A request with this Idempotency-Key is still under way.",
    )
}

impl<T, const MAX: usize> Command<T, MAX> {
    /// Begins the transaction. Fails with the earlier answer when there is one.
    pub async fn begin(self) -> Result<(Work, T), ApiError> {
        let mut tx = Held::new(self.acting.begin().await?, self.unfinished);
        if let Some(scope) = &self.idempotency {
            let now = tx.now();
            judge(idempotency::claim(&mut tx, scope, now).await?)?;
        }
        Ok((
            Work {
                tx,
                acting: self.acting,
                state: self.state,
                idempotency: self.idempotency,
                if_match: self.if_match,
                continued: false,
            },
            self.body,
        ))
    }

    /// Who ordered what, for what is not one transaction.
    pub(crate) fn into_parts(self) -> (Acting, T) {
        (self.acting, self.body)
    }

    /// What talks to other vendors' gateways, for what has to be asked there before the transaction begins.
    pub(crate) fn orchestrator(&self) -> Orchestrator {
        self.state.orchestrator().clone()
    }

    /// A transaction that only reads, for the same.
    pub(crate) async fn look(&self) -> Result<TenantTx, ApiError> {
        self.acting.begin().await
    }

    /// Who ordered it.
    pub(crate) const fn acting(&self) -> &Acting {
        &self.acting
    }

    /// What was ordered.
    pub(crate) const fn body(&self) -> &T {
        &self.body
    }
}

/// A mutation under way; dropped unfinished, it leaves nothing behind when its request is answered.
pub struct Work {
    tx: Held,
    acting: Acting,
    state: ApiState,
    idempotency: Option<Scope>,
    if_match: Option<IfMatch>,
    /// Whether the request was [interrupted](Work::interrupt).
    continued: bool,
}

/// A mutation between its two transactions.
pub(crate) struct Interrupted {
    acting: Acting,
    state: ApiState,
    idempotency: Option<Scope>,
}

impl Interrupted {
    /// Goes on in another transaction.
    pub(crate) async fn resume(self) -> Result<Work, ApiError> {
        Ok(Work {
            tx: Held::new(self.acting.begin().await?, Unfinished::default()),
            acting: self.acting,
            state: self.state,
            idempotency: self.idempotency,
            if_match: None,
            continued: true,
        })
    }

    /// Commits what undoes the first transaction, and tells the nodes.
    pub(crate) async fn undo(self, tx: TenantTx, access: Vec<AccessChange>) -> Result<(), ApiError> {
        self.state.nodes().commit(tx, Effects::access(access)).await?;
        Ok(())
    }
}

impl Work {
    /// Commits what was done so far, because others have to do something before the request can be answered. Until then
    /// the same `Idempotency-Key` is under way; `pending` is by what it is found should nothing come of it.
    pub(crate) async fn interrupt(mut self, pending: &Value) -> Result<Interrupted, ApiError> {
        if let Some(scope) = &self.idempotency {
            let (tenant_id, now) = (self.tx.tenant_id(), self.tx.now());
            let status = idempotency::PENDING_STATUS;
            if !idempotency::keep(&mut self.tx, tenant_id, scope, now, status, pending).await? {
                return Err(in_flight());
            }
        }
        self.tx.release().commit().await?;
        Ok(Interrupted {
            acting: self.acting,
            state: self.state,
            idempotency: self.idempotency,
        })
    }

    /// The transaction of the use case.
    pub fn tx(&mut self) -> &mut TenantTx {
        &mut self.tx
    }

    /// Whether the request was made for one version of its object; then the handler holds the object and
    /// asks for that version, or nothing is done.
    pub fn is_conditional(&self) -> bool {
        self.if_match.is_some()
    }

    /// Fails when the object is another than the one that the request was made for.
    pub(crate) fn require(&mut self, current: &impl Editable) -> Result<(), ApiError> {
        self.if_match
            .take()
            .map_or(Ok(()), |expected| expected.require(current))
    }

    /// What the operator may give to others at most.
    pub(crate) fn granter(&self) -> Granter {
        self.acting.granter()
    }

    /// Who ordered it.
    pub(crate) const fn acting(&self) -> &Acting {
        &self.acting
    }

    /// What talks to other vendors' gateways.
    pub(crate) fn orchestrator(&self) -> Orchestrator {
        self.state.orchestrator().clone()
    }

    /// A gateway as the API shows it.
    pub(crate) fn hosted(&self, gateway: gatewright_native::model::Gateway) -> crate::lists::Hosted {
        crate::lists::Hosted::new(gateway, self.state.nodes().base_domain())
    }

    /// Answers 201 with what was made.
    pub async fn created(self, body: &impl Serialize, effects: Effects) -> Result<Response, ApiError> {
        self.finish(StatusCode::CREATED, body, effects).await
    }

    /// Answers 200.
    pub async fn done(self, body: &impl Serialize, effects: Effects) -> Result<Response, ApiError> {
        self.finish(StatusCode::OK, body, effects).await
    }

    /// Answers 202: something follows.
    pub(crate) async fn accepted(self, body: &impl Serialize, effects: Effects) -> Result<Response, ApiError> {
        self.finish(StatusCode::ACCEPTED, body, effects).await
    }

    /// By which name whoever ordered it is known to others.
    pub(crate) async fn own_name(&mut self) -> Result<String, ApiError> {
        Ok(match self.tx.caller().actor {
            Actor::Operator(id) => operators::get(&mut self.tx, id).await?.name,
            Actor::Developer(id) => developers::get(&mut self.tx, id).await?.name,
            Actor::Person(id) => people::get(&mut self.tx, id).await?.name,
            Actor::Installation | Actor::System => "Gatewright".to_owned(),
        })
    }

    /// Answers 200 with what `GET` answers from now on, and its entity tag.
    pub(crate) async fn edited(self, body: &impl Editable, effects: Effects) -> Result<Response, ApiError> {
        let mut response = self.finish(StatusCode::OK, body, effects).await?;
        if let Ok(version) = body.version() {
            precondition::set(response.headers_mut(), &precondition::tag(&version));
        }
        Ok(response)
    }

    /// Answers 204.
    pub async fn deleted(self, effects: Effects) -> Result<Response, ApiError> {
        self.finish(StatusCode::NO_CONTENT, &Value::Null, effects).await
    }

    /// Keeps the answer, commits, tells the gateways, answers.
    async fn finish(
        mut self,
        status: StatusCode,
        body: &impl Serialize,
        effects: Effects,
    ) -> Result<Response, ApiError> {
        // Ignored, it would let a caller believe that nobody's change is overwritten.
        if self.if_match.is_some() {
            return Err(ApiError::new(
                ProblemCode::InvalidRequest,
                "This operation does not know `If-Match`.",
            ));
        }
        let mut body = serde_json::to_value(body).map_err(|error| {
            tracing::error!(%error, "an answer cannot be written as JSON");
            ApiError::new(ProblemCode::Internal, "The answer cannot be written.")
        })?;
        if let Some(scope) = &self.idempotency {
            let mut kept = body.clone();
            hide(&mut kept);
            let (tenant_id, now) = (self.tx.tenant_id(), self.tx.now());
            let is_kept = if self.continued {
                idempotency::settle(&mut self.tx, tenant_id, scope, status.as_u16(), &kept).await?
            } else {
                idempotency::keep(&mut self.tx, tenant_id, scope, now, status.as_u16(), &kept).await?
            };
            if !is_kept {
                return Err(in_flight());
            }
        }
        let told = !effects.access.is_empty();
        let nodes = self.state.nodes().commit(self.tx.release(), effects).await?;
        if told && let Value::Object(fields) = &mut body {
            fields.insert("nodes".to_owned(), json!(nodes));
        }
        Ok(respond(status, &body))
    }
}

/// An answer as JSON; without a body where the status has none.
pub(crate) fn respond(status: StatusCode, body: &Value) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    if status != StatusCode::NO_CONTENT {
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *response.body_mut() = Body::from(body.to_string());
    }
    response
}
