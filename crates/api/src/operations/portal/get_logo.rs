//! `GET /portal/branding/logo`

use axum::body::Body;
use axum::response::Response;
use gatewright_catalog::branding;
use http::{HeaderValue, header};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::visitor::Visitor;

/// A drawing that is opened as a page is one without scripts, and reaches nothing.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox");
/// What is under its version never changes.
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// What is under no version may change any time.
const BRIEF: HeaderValue = HeaderValue::from_static("public, max-age=60");

/// Which logo is meant.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogoQuery {
    /// `logo.version` of the branding: an answer to it may be kept for ever.
    v: Option<String>,
}

/// Get the tenant's logo.
#[utoipa::path(get, path = "/portal/branding/logo", tag = "Portal", params(LogoQuery), responses((status = 200, description = "The image", content_type = "image/*")))]
pub(crate) async fn get_logo(visitor: Visitor, Query(query): Query<LogoQuery>) -> Result<Response, ApiError> {
    let mut tx = visitor.visit.begin().await?;
    let branding = branding::get(&mut tx).await?;
    let logo = branding::logo(&mut tx).await?;
    let is_version = query.v.is_some() && query.v == branding.logo.map(|logo| logo.version);
    let mut response = Response::new(Body::from(logo.bytes));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(logo.media_type.as_str()));
    headers.insert(header::CONTENT_SECURITY_POLICY, SANDBOX);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, if is_version { IMMUTABLE } else { BRIEF });
    Ok(response)
}
