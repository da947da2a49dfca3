//! Somebody who reads: perhaps signed in, and then they may read more.

use axum::body::Body;
use axum::extract::FromRequestParts;
use axum::response::Response;
use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_identity::sessions::Tokens;
use gatewright_portal::reference::{self, Head};
use gatewright_portal::{PortalError, Sees};
use gatewright_spec::model::Operation;
use gatewright_types::ProblemCode;
use gatewright_types::ids::{ApiRevisionId, ProductId};
use gatewright_types::slug::Slug;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::ApiState;
use crate::cookies::{Cookie, set_tokens};
use crate::error::ApiError;
use crate::precondition;
use crate::principal::bearer;
use crate::visitor::Visitor;

/// Somebody who reads.
pub(crate) struct Reader {
    visitor: Visitor,
    headers: HeaderMap,
    /// What is to be set because their session was renewed on the way.
    tokens: Option<Tokens>,
}

/// Which description an answer is of.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReferenceHead {
    /// Its part of an address.
    pub(crate) slug: Slug,
    /// Its title.
    pub(crate) title: String,
    /// Its own version.
    pub(crate) version: String,
    /// What it describes.
    pub(crate) product_id: ProductId,
    /// What that is called.
    pub(crate) product_name: String,
    /// The revision that is read.
    pub(crate) revision: ApiRevisionId,
    /// When it was published.
    pub(crate) updated_at: DateTime<Utc>,
}

impl From<Head> for ReferenceHead {
    fn from(head: Head) -> Self {
        Self {
            slug: head.slug,
            title: head.title,
            version: head.version,
            product_id: head.product_id,
            product_name: head.product_name,
            revision: head.revision_id,
            updated_at: head.published_at,
        }
    }
}

impl FromRequestParts<ApiState> for Reader {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        Ok(Self {
            visitor: Visitor::from_request_parts(parts, state).await?,
            headers: parts.headers.clone(),
            tokens: None,
        })
    }
}

impl Reader {
    /// What every operation can reach.
    pub(crate) const fn state(&self) -> &ApiState {
        &self.visitor.state
    }

    /// A transaction of the tenant at whose door they are.
    pub(crate) async fn begin(&self) -> Result<TenantTx, ApiError> {
        Ok(self.visitor.visit.begin().await?)
    }

    /// What they may read. Whose session has ended reads what everybody may: no reason to refuse.
    pub(crate) async fn sees(&mut self) -> Sees {
        let brings = [Cookie::Session, Cookie::Refresh];
        let brings_session = brings.iter().any(|cookie| self.visitor.cookie(*cookie).is_some());
        if !brings_session && bearer(&self.headers).is_none() {
            return Sees::Public;
        }
        match self.visitor.session().await {
            Ok(Some((_, tokens))) => {
                self.tokens = tokens;
                Sees::SignedIn
            }
            _ => Sees::Public,
        }
    }

    /// A description that they may read. Only where there is none for everybody is it found out who they are.
    pub(crate) async fn head(&mut self, slug: &str) -> Result<(TenantTx, Head), ApiError> {
        let mut tx = self.begin().await?;
        match reference::head(&mut tx, slug, Sees::Public).await {
            Err(PortalError::NotFound { .. }) => {}
            found => return Ok((tx, found?)),
        }
        tx.close().await?;
        let sees = self.sees().await;
        let mut tx = self.begin().await?;
        let head = reference::head(&mut tx, slug, sees).await?;
        Ok((tx, head))
    }

    /// The answer, with its entity tag; without a body where they have it already (RFC 9110 §13.1.2).
    pub(crate) fn answer(self, media_type: &'static str, body: impl Into<Vec<u8>>) -> Response {
        let body = body.into();
        let tag = precondition::tag(&body);
        let known = self
            .headers
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .any(|value| knows(value, &tag));
        let mut response = Response::new(Body::empty());
        if known {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            *response.body_mut() = Body::from(body);
            let media_type = HeaderValue::from_static(media_type);
            response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        }
        precondition::set(response.headers_mut(), &tag);
        if let Some(tokens) = &self.tokens {
            set_tokens(response.headers_mut(), tokens, self.visitor.secure);
        }
        response
    }

    /// The same as JSON.
    pub(crate) fn json(self, body: &impl Serialize) -> Result<Response, ApiError> {
        let body = serde_json::to_vec(body)
            .map_err(|_| ApiError::new(ProblemCode::Internal, "The answer cannot be written."))?;
        Ok(self.answer("application/json", body))
    }
}

/// Whether a field of `If-None-Match` names the tag; weakly compared, as RFC 9110 says.
fn knows(field: &HeaderValue, tag: &str) -> bool {
    let Ok(text) = field.to_str() else { return false };
    text.split(',')
        .map(str::trim)
        .any(|one| one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag)
}

/// One operation, read.
pub(crate) async fn read_operation(tx: &mut TenantTx, head: &Head, slug: &str) -> Result<Operation, ApiError> {
    let kept = reference::operation(tx, head, slug).await?;
    serde_json::from_str(&kept.operation).map_err(unreadable)
}

/// JSON that was written when the description was published.
pub(crate) fn raw(text: String) -> Result<Box<RawValue>, ApiError> {
    RawValue::from_string(text).map_err(unreadable)
}

/// What is kept cannot be read: our fault.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
pub(crate) fn unreadable(error: serde_json::Error) -> ApiError {
    tracing::error!(%error, "what was published cannot be read");
    ApiError::new(
        ProblemCode::Internal,
        "What was published cannot be read; publish it again.",
    )
}
