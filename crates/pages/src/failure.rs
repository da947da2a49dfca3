//! Why a page is not shown as asked.

use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};

use crate::client::Problem;

/// Left in a response for [`crate::visit`], which knows what page was asked for and how it is to look.
#[derive(Debug)]
pub(crate) struct Failure(Problem);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(Arc::new(self.0));
        response
    }
}
