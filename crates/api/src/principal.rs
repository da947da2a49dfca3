//! Who a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use gatewright_database::{Actor, Caller, Database, INSTALLATION, Origin, Refused, TenantTx};
use gatewright_identity::IdentityError;
use gatewright_identity::authenticate::authenticate;
use gatewright_identity::model::{Granter, Principal};
use gatewright_types::ProblemCode;
use gatewright_types::ids::RequestId;
use http::header;
use http::request::Parts;

use crate::error::{ApiError, Problem, refusal_code};
use crate::unfinished::Unfinished;
use crate::{ApiState, access};

/// Whoever holds the token of the request.
pub struct Authenticated(pub Principal);

impl FromRequestParts<ApiState> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        if let Some(principal) = parts.extensions.get::<Principal>() {
            return Ok(Self(*principal));
        }
        let unauthenticated = || {
            ApiError::new(
                ProblemCode::Unauthenticated,
                "Send an operator's token as `Authorization: Bearer gwo_…`.",
            )
        };
        let token = bearer(parts).ok_or_else(unauthenticated)?.to_owned();
        match authenticate(state.database(), &token).await {
            Ok(Some(principal)) => Ok(Self(principal)),
            Ok(None) => Err(unauthenticated()),
            Err(IdentityError::Refused { principal, why }) => {
                // Whoever holds what was withdrawn shows in the audit log when it tries to change something.
                note_refusal(parts, state, &principal, refusal_code(why)).await;
                Err(IdentityError::Refused { principal, why }.into())
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    // RFC 9110 §11.1: the scheme is case-insensitive.
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Asks for a token that allows the operation, before anything else of the request is looked at.
pub(crate) async fn require_token(
    State(state): State<ApiState>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let Authenticated(principal) = Authenticated::from_request_parts(&mut parts, &state).await?;
    if let Principal::Operator {
        tenant_id, token_id, ..
    } = principal
    {
        let now = state.database().clock().now();
        state.last_uses().note(tenant_id, token_id, now, peer(&parts));
    }
    if let Err(error) = access::judge(&parts, &principal) {
        note_refusal(&parts, &state, &principal, ProblemCode::Forbidden).await;
        return Err(error);
    }
    parts.extensions.insert(principal);
    let unfinished = Unfinished::default();
    parts.extensions.insert(unfinished.clone());
    let known = parts.clone();
    let response = next.run(Request::from_parts(parts, body)).await;
    unfinished.roll_back().await;
    // Some things are forbidden only when it is known what is to be done to what.
    let problem = response.extensions().get::<Arc<Problem>>();
    if problem.is_some_and(|problem| problem.code == ProblemCode::Forbidden) {
        note_refusal(&known, &state, &principal, ProblemCode::Forbidden).await;
    }
    Ok(response)
}

/// Longest id in a path that a refusal is noted with; whatever is longer names nothing.
const NOTED_ID_MAX: usize = 40;

/// Notes in the audit log of whoever asked that a change was refused.
async fn note_refusal(parts: &Parts, state: &ApiState, principal: &Principal, code: ProblemCode) {
    if parts.method.is_safe() {
        return;
    }
    let (caller, origin) = behind(parts, principal);
    let refused = Refused {
        action: access::operation(parts).unwrap_or("unknown"),
        resource_id: named_in(parts.uri.path()),
        code,
    };
    if let Err(error) = state.database().refused(caller, origin, refused).await {
        tracing::error!(%error, request.id = %caller.request_id, "a refusal could not be written into the audit log");
    }
}

/// The last id in a path; empty where there is none. What a caller invents is not written down.
fn named_in(path: &str) -> &str {
    let is_id = |segment: &&str| {
        segment.len() <= NOTED_ID_MAX
            && segment.contains('_')
            && segment
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
    };
    path.rsplit('/').find(is_id).unwrap_or_default()
}

/// The other end of the connection, put into a request by whoever accepted it.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// The other end of the connection, an IPv4 address never as IPv6.
pub(crate) fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<Peer>().map(|peer| peer.0.to_canonical())
}

/// For whom and by which way a request works.
fn behind(parts: &Parts, principal: &Principal) -> (Caller, Origin) {
    let (tenant_id, actor, token_id) = match *principal {
        Principal::Operator {
            tenant_id,
            operator_id,
            token_id,
            ..
        } => (tenant_id, Actor::Operator(operator_id), Some(token_id)),
        Principal::Installation => (INSTALLATION, Actor::Installation, None),
    };
    let caller = Caller {
        tenant_id,
        actor,
        request_id: request_id(parts),
    };
    let peer = peer(parts);
    (caller, Origin { token_id, peer })
}

/// An operator of a tenant, on whose behalf the request works.
#[derive(Clone)]
pub struct Operator {
    pub(crate) caller: Caller,
    pub(crate) origin: Origin,
    granter: Granter,
    state: ApiState,
}

impl Operator {
    /// Begins a transaction for the operator's tenant.
    pub async fn begin(&self) -> Result<TenantTx, ApiError> {
        Ok(self.state.database().tenant_from(self.caller, self.origin).await?)
    }

    /// What it may give to others at most.
    pub(crate) const fn granter(&self) -> Granter {
        self.granter
    }

    /// The database, for what needs more than one transaction.
    pub(crate) fn database(&self) -> &Database {
        self.state.database()
    }

    /// A gateway as the API shows it.
    pub(crate) fn hosted(&self, gateway: gatewright_native::model::Gateway) -> crate::lists::Hosted {
        crate::lists::Hosted::new(gateway, self.state.nodes().base_domain())
    }
}

impl FromRequestParts<ApiState> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let Authenticated(principal) = Authenticated::from_request_parts(parts, state).await?;
        let Principal::Operator {
            permissions, unscoped, ..
        } = principal
        else {
            return Err(wrong_kind());
        };
        let (caller, origin) = behind(parts, &principal);
        Ok(Self {
            caller,
            origin,
            granter: Granter { permissions, unscoped },
            state: state.clone(),
        })
    }
}

fn wrong_kind() -> ApiError {
    ApiError::new(
        ProblemCode::Forbidden,
        "An installation's token creates and lists tenants; inside of one, use an operator's token.",
    )
}

/// Whoever runs the installation, on whose behalf the request works.
pub struct Installation {
    pub(crate) caller: Caller,
    pub(crate) origin: Origin,
}

impl FromRequestParts<ApiState> for Installation {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let Authenticated(principal) = Authenticated::from_request_parts(parts, state).await?;
        match principal {
            Principal::Installation => {
                let (caller, origin) = behind(parts, &principal);
                Ok(Self { caller, origin })
            }
            Principal::Operator { .. } => Err(ApiError::new(
                ProblemCode::Forbidden,
                "Only an installation's token may do this; `gatewright bootstrap` makes one.",
            )),
        }
    }
}

/// The id that the router gave the request.
pub(crate) fn request_id(parts: &Parts) -> RequestId {
    parts
        .extensions
        .get::<RequestId>()
        .copied()
        .unwrap_or_else(|| RequestId::from_uuid(uuid::Uuid::nil()))
}
