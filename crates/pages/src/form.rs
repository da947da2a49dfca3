//! What a form sends.

use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use http::header;
use url::form_urlencoded;

use crate::client::Problem;
use crate::failure::Failure;

/// Longest form, in bytes.
const FORM_MAX_BYTES: usize = 32 * 1024;
/// Most fields of a form.
const FIELDS_MAX: usize = 100;
/// Longest wait for a form.
const FORM_TIMEOUT: Duration = Duration::from_secs(20);

/// The fields of a form or of a query, in the order in which they came.
#[derive(Default)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads `application/x-www-form-urlencoded`; what is beyond the limit of fields is left out.
    pub(crate) fn read(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().take(FIELDS_MAX).collect())
    }

    /// Fields that were read in another way.
    pub(crate) const fn of(fields: Vec<(String, String)>) -> Self {
        Self(fields)
    }

    /// The field as it was sent; empty where it is absent.
    pub(crate) fn raw(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map_or("", |(_, value)| value)
    }

    /// The field without spaces around it; for everything but passwords.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// The field without spaces around it, if anything is left.
    pub(crate) fn given(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Every value of a field that may be there several times.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .iter()
            .filter(move |(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The local path to go on to.
    pub(crate) fn return_to(&self) -> Option<&str> {
        crate::return_to::local(self.raw("returnTo"))
    }
}

impl<S: Sync> FromRequest<S> for Form {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let is_form = content_type
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"));
        let body = tokio::time::timeout(FORM_TIMEOUT, to_bytes(request.into_body(), FORM_MAX_BYTES)).await;
        match body {
            Ok(Ok(bytes)) if bytes.is_empty() || is_form => Ok(Self::read(&bytes)),
            Ok(Ok(_)) => Err(Problem::of(415, "unsupported-media-type", "This page takes forms only.").into()),
            Ok(Err(_)) => Err(Problem::of(413, "body-too-large", "The form is too long.").into()),
            Err(_) => Err(Problem::of(408, "request-timed-out", "The form took too long to arrive.").into()),
        }
    }
}
