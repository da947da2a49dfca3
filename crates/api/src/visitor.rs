//! Somebody at the door: whose door, from where, and whether the page that sent them is one of ours.

use axum::extract::{FromRequest, FromRequestParts, Request};
use gatewright_database::{Actor, Caller, Refused};
use gatewright_identity::IdentityError;
use gatewright_identity::model::{DeveloperState, Seat, SignedIn};
use gatewright_identity::sessions::{self, Device, Tokens};
use gatewright_identity::visit::Visit;
use gatewright_types::ProblemCode;
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use secrecy::ExposeSecret;
use serde::de::DeserializeOwned;

use crate::ApiState;
use crate::cookies::Cookie;
use crate::error::ApiError;
use crate::extract::{self, BODY_MAX_BYTES, Raw};
use crate::portals::Portal;
use crate::principal::{bearer, peer, renew, request_id};

static SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Somebody at the door of a tenant, whom nobody knows yet.
#[derive(Clone)]
pub(crate) struct Visitor {
    /// From where they come, and where everything is kept.
    pub(crate) visit: Visit,
    /// At whose door.
    pub(crate) portal: Portal,
    /// Whether their cookies insist on https.
    pub(crate) secure: bool,
    /// Whether a browser sends this: it has cookies, or says which page it comes from.
    pub(crate) is_browser: bool,
    /// The host they asked, for what binds itself to it.
    pub(crate) host: String,
    pub(crate) state: ApiState,
    headers: HeaderMap,
}

impl Visitor {
    /// One of our cookies.
    pub(crate) fn cookie(&self, cookie: Cookie) -> Option<&str> {
        cookie.read(&self.headers, self.secure)
    }

    /// Notes in the tenant's audit log that somebody was refused who is not known.
    pub(crate) async fn noting_refusal<T>(
        &self,
        action: &str,
        result: Result<T, IdentityError>,
    ) -> Result<T, ApiError> {
        let code = match &result {
            Err(IdentityError::SignInFailed) => ProblemCode::SignInFailed,
            Err(IdentityError::PersonSuspended) => ProblemCode::PersonSuspended,
            Err(IdentityError::CodeInvalid) => ProblemCode::CodeInvalid,
            Err(IdentityError::ProviderFailed(_)) => ProblemCode::ProviderFailed,
            Err(IdentityError::ProviderRefused(_)) => ProblemCode::ProviderRefused,
            _ => return Ok(result?),
        };
        let caller = Caller {
            tenant_id: self.visit.tenant_id,
            actor: Actor::System,
            request_id: self.visit.request_id,
        };
        let refused = Refused {
            action,
            resource_id: "",
            code,
        };
        self.visit
            .database
            .refused(caller, self.visit.origin(), refused)
            .await?;
        Ok(result?)
    }

    /// Whose session the cookies are of, with what is to be set because it was renewed on the way.
    pub(crate) async fn by_cookies(&self) -> Result<Option<(SignedIn, Option<Tokens>)>, ApiError> {
        let (database, tenant_id) = (&self.visit.database, self.visit.tenant_id);
        if let Some(token) = self.cookie(Cookie::Session)
            && let Some(found) = sessions::authenticate(database, tenant_id, token).await?
        {
            return Ok(Some((found, None)));
        }
        let Some(refresh) = self.cookie(Cookie::Refresh) else {
            return Ok(None);
        };
        let tokens = renew(self, refresh).await?;
        let found = sessions::authenticate(database, tenant_id, tokens.access.expose_secret()).await?;
        Ok(found.map(|found| (found, Some(tokens))))
    }

    /// Who is signed in there, for what is for everybody: by `Authorization` if there is one, else by the cookies.
    pub(crate) async fn session(&self) -> Result<Option<(SignedIn, Option<Tokens>)>, ApiError> {
        let Some(token) = bearer(&self.headers) else {
            return self.by_cookies().await;
        };
        let found = sessions::authenticate(&self.visit.database, self.visit.tenant_id, token).await?;
        Ok(found.map(|found| (found, None)))
    }

    /// The place of the developer who is signed in there, if one is, with what is to be set because the session was renewed
    /// on the way. Whoever has a session that has ended is nobody.
    pub(crate) async fn seat(&self) -> Result<(Option<Seat>, Option<Tokens>), ApiError> {
        match self.session().await {
            Ok(None) => Ok((None, None)),
            Ok(Some((signed_in, renewed))) => {
                let seat = signed_in.developer.filter(|seat| seat.state == DeveloperState::Active);
                Ok((seat, renewed))
            }
            Err(error) if error.is(ProblemCode::Unauthenticated) => Ok((None, None)),
            Err(error) => Err(error),
        }
    }

    /// Where this tenant is reached, without a slash at the end.
    pub(crate) fn portal_url(&self) -> String {
        self.state.portals().url(&self.portal.slug)
    }
}

impl FromRequestParts<ApiState> for Visitor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let host = host(parts).to_owned();
        let portal = state.portals().find(state.database(), &host).await?;
        let secure = state.portals().is_secure(&host);
        let user_agent = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok());
        let visit = Visit {
            database: state.database().clone(),
            tenant_id: portal.tenant_id,
            request_id: request_id(parts),
            device: Device {
                user_agent: user_agent.map(str::to_owned),
                address: peer(parts),
            },
            known_as: Cookie::Device.read(&parts.headers, secure).map(str::to_owned),
        };
        let tells = [&SEC_FETCH_SITE, &header::ORIGIN, &header::COOKIE];
        Ok(Self {
            visit,
            portal,
            secure,
            is_browser: tells.iter().any(|name| parts.headers.contains_key(*name)),
            host,
            state: state.clone(),
            headers: parts.headers.clone(),
        })
    }
}

/// Something that somebody at the door asks for.
pub(crate) struct Asked<T> {
    /// Who, as far as is known.
    pub(crate) visitor: Visitor,
    /// What.
    pub(crate) body: T,
}

impl<T: DeserializeOwned + Send> FromRequest<ApiState> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &ApiState) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, state).await?;
        let Raw(bytes) = Raw::<BODY_MAX_BYTES>::from_request(Request::from_parts(parts, body), state).await?;
        Ok(Self {
            visitor,
            body: extract::json(&bytes)?,
        })
    }
}

/// The host that a request names.
pub(crate) fn host(parts: &Parts) -> &str {
    let named = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    named
        .or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))
        .unwrap_or_default()
}

/// Refuses what a page of another site sends. A browser says where a request comes from; what is no browser sends no
/// cookies by itself. With cookies silence is refused as well.
pub(crate) fn require_own_page(parts: &Parts, state: &ApiState, by_cookie: bool) -> Result<(), ApiError> {
    if parts.method.is_safe() {
        return Ok(());
    }
    let site = parts.headers.get(&SEC_FETCH_SITE).map(http::HeaderValue::as_bytes);
    let origin = parts.headers.get(header::ORIGIN).map(http::HeaderValue::as_bytes);
    let own_site = site.map(|site| site == b"same-origin");
    let own_origin = origin.map(|origin| {
        std::str::from_utf8(origin).is_ok_and(|origin| state.portals().is_own_origin(origin, host(parts)))
    });
    let is_own = own_site != Some(false) && own_origin != Some(false);
    let is_silent = own_site.is_none() && own_origin.is_none();
    if is_own && !(by_cookie && is_silent) {
        return Ok(());
    }
    Err(ApiError::new(
        ProblemCode::CrossOrigin,
        "A page of another site may not do this in your name. Scripts send `Authorization: Bearer …` and no cookies.",
    ))
}
