//! `GET /docs/search`

use axum::response::Response;
use gatewright_portal::limits::{QUERY_MAX, RESULTS_MAX};
use gatewright_portal::search::{self, Found};
use gatewright_types::problem::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::reader::Reader;
use crate::error::ApiError;
use crate::extract::Query;

/// Results when the caller does not say how many.
const RESULTS_DEFAULT: u16 = 20;

/// What is searched for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SearchQuery {
    /// Words; the last may be the beginning of one.
    #[param(max_length = 200)]
    q: String,
    /// Only in the reference with this slug.
    reference: Option<String>,
    /// Most results, 1 to 50; 20 when absent.
    #[param(minimum = 1, maximum = 50, default = 20)]
    limit: Option<u16>,
}

/// What was found.
#[derive(Serialize, ToSchema)]
pub(crate) struct Results {
    /// The best first.
    items: Vec<Found>,
}

/// Search operations, schemas, tags and references.
#[utoipa::path(get, path = "/docs/search", tag = "Docs", params(SearchQuery), responses((status = 200, description = "What fits best", body = Results)))]
pub(crate) async fn search_docs(mut reader: Reader, Query(query): Query<SearchQuery>) -> Result<Response, ApiError> {
    let limit = query.limit.unwrap_or(RESULTS_DEFAULT);
    if query.q.chars().count() > QUERY_MAX {
        let expected = format!("expected at most {QUERY_MAX} characters");
        return Err(ApiError::invalid(vec![FieldError::new("q", expected)]));
    }
    if !(1..=RESULTS_MAX).contains(&i32::from(limit)) {
        let expected = format!("expected 1 to {RESULTS_MAX}");
        return Err(ApiError::invalid(vec![FieldError::new("limit", expected)]));
    }
    let sees = reader.sees().await;
    let mut tx = reader.begin().await?;
    let items = search::search(&mut tx, &query.q, query.reference.as_deref(), sees, limit).await?;
    reader.json(&Results { items })
}
