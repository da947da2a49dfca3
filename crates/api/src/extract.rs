//! Reads paths, queries and bodies, with problems that say what is wrong.

use std::str::FromStr;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, Request};
use bytes::Bytes;
use gatewright_types::ProblemCode;
use gatewright_types::problem::FieldError;
use http::header;
use http::request::Parts;
use serde::de::DeserializeOwned;

use crate::ApiState;
use crate::error::ApiError;

/// Longest body of a request, in bytes.
pub const BODY_MAX_BYTES: usize = 1024 * 1024;
/// Longest body that carries a contract, in bytes: its text, and room for escapes.
pub const CONTRACT_BODY_MAX_BYTES: usize = 40 * 1024 * 1024;
/// Longest wait for a whole body.
pub const BODY_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(60);

/// The one id in the path. A text of another form names nothing, so it is 404.
pub struct Id<T>(pub T);

impl<T> FromRequestParts<ApiState> for Id<T>
where
    T: FromStr<Err: std::fmt::Display> + Send,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let text = axum::extract::Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| ApiError::not_found(rejection.body_text()))?;
        text.0.parse().map(Self).map_err(no_such::<T::Err>)
    }
}

/// The two ids in the path, of an object and of a part of it.
pub struct Ids<A, B>(pub A, pub B);

impl<A, B> FromRequestParts<ApiState> for Ids<A, B>
where
    A: FromStr<Err: std::fmt::Display> + Send,
    B: FromStr<Err: std::fmt::Display> + Send,
{
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let texts = axum::extract::Path::<(String, String)>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| ApiError::not_found(rejection.body_text()))?;
        let first = texts.0.0.parse().map_err(no_such::<A::Err>)?;
        let second = texts.0.1.parse().map_err(no_such::<B::Err>)?;
        Ok(Self(first, second))
    }
}

fn no_such<E: std::fmt::Display>(error: E) -> ApiError {
    ApiError::not_found(format!("No such object: {error}."))
}

/// The query, as `T`.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<ApiState> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        match axum::extract::Query::<T>::from_request_parts(parts, state).await {
            Ok(query) => Ok(Self(query.0)),
            Err(rejection) => Err(ApiError::new(ProblemCode::InvalidRequest, rejection.body_text())),
        }
    }
}

/// A body that was read whole, of at most `MAX` bytes.
pub struct Raw<const MAX: usize>(pub Bytes);

impl<const MAX: usize> FromRequest<ApiState> for Raw<MAX> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &ApiState) -> Result<Self, ApiError> {
        let is_json = request
            .headers()
            .get(header::CONTENT_TYPE)
            .is_none_or(|value| is_json(value.as_bytes()));
        let bytes = read(request.into_body(), MAX).await?;
        if !is_json && !bytes.is_empty() {
            return Err(ApiError::new(
                ProblemCode::UnsupportedMediaType,
                "Send the body with the header `Content-Type: application/json` (curl: --json instead of -d).",
            ));
        }
        Ok(Self(bytes))
    }
}

fn is_json(content_type: &[u8]) -> bool {
    let essence = content_type
        .split(|&byte| byte == b';')
        .next()
        .unwrap_or_default()
        .trim_ascii();
    essence.eq_ignore_ascii_case(b"application/json") || essence.to_ascii_lowercase().ends_with(b"+json")
}

async fn read(body: Body, max: usize) -> Result<Bytes, ApiError> {
    match tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, max)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(error)) => {
            let source = std::error::Error::source(&error);
            let too_large = matches!(source, Some(source) if source.is::<http_body_util::LengthLimitError>());
            Err(if too_large {
                ApiError::new(
                    ProblemCode::BodyTooLarge,
                    format!("A body here is at most {max} bytes long."),
                )
            } else {
                ApiError::new(ProblemCode::InvalidRequest, "The body broke off.")
            })
        }
        Err(_) => Err(ApiError::new(
            ProblemCode::RequestTimedOut,
            "The body took too long to arrive.",
        )),
    }
}

/// Reads JSON; an empty body counts as `{}`.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let bytes = if bytes.trim_ascii().is_empty() { b"{}" } else { bytes };
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let pointer = pointer(error.path());
        let inner = error.into_inner();
        match inner.classify() {
            serde_json::error::Category::Data => {
                ApiError::invalid(vec![FieldError::new(pointer, without_position(&inner))])
            }
            // The text of a syntax error quotes nothing of the body.
            _ => ApiError::new(ProblemCode::InvalidRequest, format!("The body is no JSON: {inner}.")),
        }
    })?;
    deserializer
        .end()
        .map_err(|error| ApiError::new(ProblemCode::InvalidRequest, format!("The body is no JSON: {error}.")))?;
    Ok(value)
}

/// The message without "at line 1 column 23", which says nothing about a compact body.
fn without_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}

/// A JSON Pointer (RFC 6901) to the place of an error.
fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let mut pointer = String::new();
    for segment in path {
        match segment {
            Segment::Seq { index } => pointer.push_str(&format!("/{index}")),
            Segment::Map { key } | Segment::Enum { variant: key } => {
                pointer.push('/');
                pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
            }
            Segment::Unknown => {}
        }
    }
    pointer
}
