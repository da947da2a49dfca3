//! Who a request comes from.

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use gatewright_database::{Actor, Caller, TenantTx};
use gatewright_identity::authenticate::authenticate;
use gatewright_identity::model::Principal;
use gatewright_types::ProblemCode;
use gatewright_types::ids::RequestId;
use http::header;
use http::request::Parts;

use crate::error::ApiError;
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
        let token = bearer(parts).ok_or_else(unauthenticated)?;
        authenticate(state.database(), token)
            .await?
            .map(Self)
            .ok_or_else(unauthenticated)
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
    access::judge(&parts, &principal)?;
    parts.extensions.insert(principal);
    Ok(next.run(Request::from_parts(parts, body)).await)
}

/// An operator of a tenant, on whose behalf the request works.
#[derive(Clone)]
pub struct Operator {
    pub(crate) caller: Caller,
    state: ApiState,
}

impl Operator {
    /// Begins a transaction for the operator's tenant.
    pub async fn begin(&self) -> Result<TenantTx, ApiError> {
        Ok(self.state.database().tenant(self.caller).await?)
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
            tenant_id, operator_id, ..
        } = principal
        else {
            return Err(ApiError::new(
                ProblemCode::Forbidden,
                "An installation's token is for tenants and nodes as such; inside of a tenant, use an operator's token.",
            ));
        };
        let caller = Caller {
            tenant_id,
            actor: Actor::Operator(operator_id),
            request_id: request_id(parts),
        };
        Ok(Self {
            caller,
            state: state.clone(),
        })
    }
}

/// Whoever runs the installation.
pub struct Installation;

impl FromRequestParts<ApiState> for Installation {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        match Authenticated::from_request_parts(parts, state).await?.0 {
            Principal::Installation => Ok(Self),
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
