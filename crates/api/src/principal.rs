//! Who a request comes from.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use gatewright_database::{Actor, Caller, DatabaseError, INSTALLATION, Origin, Refused, TenantTx};
use gatewright_identity::IdentityError;
use gatewright_identity::authenticate::authenticate;
use gatewright_identity::model::{Credential, Granter, Principal, Seat, SignedIn};
use gatewright_identity::roles::Permissions;
use gatewright_identity::sessions::{self, Renewed, Tokens};
use gatewright_identity::throttle::{self, Limit};
use gatewright_types::ProblemCode;
use gatewright_types::ids::{PersonId, RequestId, SessionId};
use http::request::Parts;
use http::{HeaderMap, header};

use crate::cookies::{Cookie, clear_session, set_tokens};
use crate::error::{ApiError, Problem, refusal_code};
use crate::unfinished::Unfinished;
use crate::visitor::{Visitor, host, require_own_page};
use crate::{ApiState, access};

/// Whoever asks, in the capacity in which the operation is for them.
pub struct Authenticated(pub Principal);

impl FromRequestParts<ApiState> for Authenticated {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, ApiError> {
        parts
            .extensions
            .get::<Principal>()
            .map(|principal| Self(*principal))
            .ok_or_else(unauthenticated)
    }
}

/// What a request shows of whoever sends it.
pub(crate) enum Shown {
    /// A token of an operator or of the installation.
    Token(Principal),
    /// A session.
    Session(SignedIn),
}

fn unauthenticated() -> ApiError {
    ApiError::new(
        ProblemCode::Unauthenticated,
        "Sign in, or send an operator's token as `Authorization: Bearer gwo_…`.",
    )
}

/// Finds out who sends a request: by `Authorization` if there is one, else by the cookies of a session, with what is to be set
/// because it was renewed on the way.
async fn identify(parts: &mut Parts, state: &ApiState) -> Result<(Shown, Option<Tokens>), ApiError> {
    if let Some(token) = bearer(&parts.headers) {
        let token = token.to_owned();
        // A JWT has dots, a token of ours has none.
        let shown = if token.contains('.') {
            by_access_token(parts, state, &token).await?
        } else {
            by_token(parts, state, &token).await?
        };
        return Ok((shown, None));
    }
    if !brings_session(parts, state) {
        return Err(unauthenticated());
    }
    require_own_page(parts, state, true)?;
    let visitor = Visitor::from_request_parts(parts, state).await?;
    let (signed_in, tokens) = visitor.by_cookies().await?.ok_or_else(unauthenticated)?;
    Ok((Shown::Session(signed_in), tokens))
}

/// Whether the cookies of a session came along.
fn brings_session(parts: &Parts, state: &ApiState) -> bool {
    let secure = state.portals().is_secure(host(parts));
    let cookies = [Cookie::Session, Cookie::Refresh];
    cookies
        .iter()
        .any(|cookie| cookie.read(&parts.headers, secure).is_some())
}

/// Renews a session; one whose token was shown before ends.
pub(crate) async fn renew(visitor: &Visitor, token: &str) -> Result<Tokens, ApiError> {
    let visit = &visitor.visit;
    let mut tx = visit.begin().await?;
    let renewed = sessions::refresh(&mut tx, visit.vault()?, token).await?;
    tx.commit().await?;
    match renewed {
        Renewed::Going(tokens) => Ok(tokens),
        Renewed::Unknown => Err(unauthenticated()),
        Renewed::Reused => Err(ApiError::new(
            ProblemCode::Unauthenticated,
            "What renews this session was used before, so somebody may have a copy: it was ended. Sign in again.",
        )),
    }
}

async fn by_access_token(parts: &Parts, state: &ApiState, token: &str) -> Result<Shown, ApiError> {
    let portal = state.portals().find(state.database(), host(parts)).await?;
    let found = sessions::authenticate(state.database(), portal.tenant_id, token).await?;
    let found = found.ok_or_else(|| {
        ApiError::new(
            ProblemCode::Unauthenticated,
            "The session has ended, or is another tenant's. Renew it with `POST /api/v1/sessions/refresh`, or sign in.",
        )
    })?;
    Ok(Shown::Session(found))
}

async fn by_token(parts: &Parts, state: &ApiState, token: &str) -> Result<Shown, ApiError> {
    match authenticate(state.database(), token).await {
        Ok(Some(principal)) => Ok(Shown::Token(principal)),
        Ok(None) => Err(unauthenticated()),
        Err(IdentityError::Refused { principal, why }) => {
            // Whoever holds what was withdrawn shows in the audit log when it tries to change something.
            note_refusal(parts, state, &principal, refusal_code(why)).await;
            Err(IdentityError::Refused { principal, why }.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The token of `Authorization: Bearer …`.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    // RFC 9110 §11.1: the scheme is case-insensitive.
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token.trim())
}

/// Asks who it is and whether they may, before anything else of the request is looked at.
pub(crate) async fn admit(State(state): State<ApiState>, request: Request, next: Next) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let operation = access::operation(&parts);
    if access::is_public(operation) {
        require_own_page(&parts, &state, false)?;
        return Ok(go_on(parts, body, next).await);
    }
    let secure = state.portals().is_secure(host(&parts));
    let (shown, tokens) = match identify(&mut parts, &state).await {
        Ok(known) => known,
        Err(error) => {
            let mut response = error.into_response();
            // Only where they came along: a form on another site comes without them (SameSite), and must not sign anybody out.
            let by_cookies = bearer(&parts.headers).is_none() && brings_session(&parts, &state);
            if response.status() == http::StatusCode::UNAUTHORIZED && by_cookies {
                clear_session(response.headers_mut(), secure);
            }
            return Ok(response);
        }
    };
    let mut response = known(state, (parts, operation), body, next, &shown)
        .await
        .unwrap_or_else(IntoResponse::into_response);
    // Whatever became of the request: the old ones are used up. What it sets itself comes last and holds.
    if let Some(tokens) = tokens {
        let own: Vec<_> = response.headers().get_all(header::SET_COOKIE).iter().cloned().collect();
        response.headers_mut().remove(header::SET_COOKIE);
        set_tokens(response.headers_mut(), &tokens, secure);
        for field in own {
            response.headers_mut().append(header::SET_COOKIE, field);
        }
    }
    Ok(response)
}

/// Goes on with a request of somebody who is known, if the operation is for them.
async fn known(
    state: ApiState,
    (mut parts, operation): (Parts, Option<&'static str>),
    body: axum::body::Body,
    next: Next,
    shown: &Shown,
) -> Result<Response, ApiError> {
    let principal = match access::judge(&parts, operation, shown, state.database().clock().now()) {
        Ok(principal) => principal,
        Err(refused) => {
            note_refusal(&parts, &state, &refused.principal, refused.code).await;
            return Err(refused.error);
        }
    };
    if let Principal::Operator {
        tenant_id,
        credential: Credential::Token(token_id),
        ..
    } = principal
    {
        let now = state.database().clock().now();
        state.last_uses().note(tenant_id, token_id, now, peer(&parts));
    }
    parts.extensions.insert(principal);
    let noted = parts.clone();
    let response = go_on(parts, body, next).await;
    // Some things are forbidden only when it is known what is to be done to what.
    let problem = response.extensions().get::<Arc<Problem>>();
    if problem.is_some_and(|problem| problem.code == ProblemCode::Forbidden) {
        note_refusal(&noted, &state, &principal, ProblemCode::Forbidden).await;
    }
    Ok(response)
}

async fn go_on(mut parts: Parts, body: axum::body::Body, next: Next) -> Response {
    let unfinished = Unfinished::default();
    parts.extensions.insert(unfinished.clone());
    let response = next.run(Request::from_parts(parts, body)).await;
    unfinished.roll_back().await;
    response
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
    let (tenant_id, actor, token_id, session_id) = match *principal {
        Principal::Operator {
            tenant_id,
            operator_id,
            credential: Credential::Token(id),
            ..
        } => (tenant_id, Actor::Operator(operator_id), Some(id), None),
        Principal::Operator {
            tenant_id,
            operator_id,
            credential: Credential::Session(id),
            ..
        } => (tenant_id, Actor::Operator(operator_id), None, Some(id)),
        Principal::Developer {
            tenant_id,
            seat,
            session_id,
        } => (tenant_id, Actor::Developer(seat.developer_id), None, Some(session_id)),
        Principal::Person {
            tenant_id,
            person_id,
            session_id,
        } => (tenant_id, Actor::Person(person_id), None, Some(session_id)),
        Principal::Installation => (INSTALLATION, Actor::Installation, None, None),
    };
    let caller = Caller {
        tenant_id,
        actor,
        request_id: request_id(parts),
    };
    let peer = peer(parts);
    let origin = Origin {
        token_id,
        session_id,
        peer,
    };
    (caller, origin)
}

/// Somebody inside a tenant, on whose behalf the request works: an operator, a developer, or a person in their own matters.
/// Which of them an operation is for, [`access`] has judged.
#[derive(Clone)]
pub struct Acting {
    pub(crate) caller: Caller,
    pub(crate) origin: Origin,
    principal: Principal,
    state: ApiState,
}

impl Acting {
    /// Begins a transaction for their tenant.
    pub async fn begin(&self) -> Result<TenantTx, ApiError> {
        Ok(self.state.database().tenant_from(self.caller, self.origin).await?)
    }

    /// Counts one try; committed, whatever becomes of the request.
    pub(crate) async fn count(&self, limit: Limit, who: &str) -> Result<(), ApiError> {
        let mut tx = self.begin().await?;
        let counted = throttle::count(&mut tx, limit, who).await;
        tx.commit().await?;
        Ok(counted?)
    }

    /// What they may give to others at most; nothing, unless they are an operator.
    pub(crate) fn granter(&self) -> Granter {
        match self.principal {
            Principal::Operator {
                permissions, unscoped, ..
            } => Granter { permissions, unscoped },
            _ => Granter {
                permissions: Permissions::default(),
                unscoped: false,
            },
        }
    }

    /// The developer's place at their customer.
    pub(crate) fn seat(&self) -> Result<Seat, ApiError> {
        match self.principal {
            Principal::Developer { seat, .. } => Ok(seat),
            _ => Err(unauthenticated()),
        }
    }

    /// The person and the session.
    pub(crate) fn me(&self) -> Result<(PersonId, SessionId), ApiError> {
        match self.principal {
            Principal::Person {
                person_id, session_id, ..
            } => Ok((person_id, session_id)),
            _ => Err(unauthenticated()),
        }
    }

    /// What every operation can reach.
    pub(crate) const fn state(&self) -> &ApiState {
        &self.state
    }
}

impl FromRequestParts<ApiState> for Acting {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let Authenticated(principal) = Authenticated::from_request_parts(parts, state).await?;
        if principal == Principal::Installation {
            return Err(wrong_kind());
        }
        let (caller, origin) = behind(parts, &principal);
        Ok(Self {
            caller,
            origin,
            principal,
            state: state.clone(),
        })
    }
}

/// An operator of a tenant, on whose behalf the request works.
#[derive(Clone)]
pub struct Operator(Acting);

impl Operator {
    /// Begins a transaction for the operator's tenant.
    pub async fn begin(&self) -> Result<TenantTx, ApiError> {
        self.0.begin().await
    }

    /// The same with the database's own error, for what is read while it is answered.
    pub(crate) async fn begin_quietly(&self) -> Result<TenantTx, DatabaseError> {
        self.0.state.database().tenant_from(self.0.caller, self.0.origin).await
    }

    /// What every operation can reach.
    pub(crate) const fn state(&self) -> &ApiState {
        self.0.state()
    }

    /// A gateway as the API shows it.
    pub(crate) fn hosted(&self, gateway: gatewright_native::model::Gateway) -> crate::lists::Hosted {
        crate::lists::Hosted::new(gateway, self.0.state.nodes().base_domain())
    }
}

impl FromRequestParts<ApiState> for Operator {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let acting = Acting::from_request_parts(parts, state).await?;
        match acting.principal {
            Principal::Operator { .. } => Ok(Self(acting)),
            _ => Err(wrong_kind()),
        }
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
            _ => Err(ApiError::new(
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
