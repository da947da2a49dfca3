//! `POST /secret-scanning/reports`

use axum::response::Response;
use gatewright_credentials::leaks::{Candidate, Finding};
use gatewright_native::nodes::Effects;
use gatewright_orchestration::access;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::lists::Told;
use crate::work::Command;

/// What a scanner has found.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Report {
    /// Up to 100, each as GitHub's secret scanning sends it to a partner.
    #[serde(default)]
    #[schema(min_items = 1, max_items = 100)]
    candidates: Vec<Candidate>,
}

/// What became of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Findings {
    /// In the order of the candidates.
    findings: Vec<Finding>,
}

/// Report strings that look like secrets of ours and were found where they should not be.
///
/// Each is judged by its check digits and by its hash, and forgotten. To a key that leaked happens what the tenant's
/// `leakPolicy` says; the nodes are told before the answer. `ROTATE` takes the leaked secret away and reveals no new
/// one here: the key waits for `POST /keys/{id}/rotate`.
#[utoipa::path(post, path = "/secret-scanning/reports", tag = "Keys", request_body = Report, responses((status = 200, description = "The findings, and how the nodes answered", body = Told<Findings>)))]
pub(crate) async fn report_secrets(command: Command<Report>) -> Result<Response, ApiError> {
    let (mut work, report) = command.begin().await?;
    let (findings, changes) = access::report_leaks(work.tx(), &report.candidates).await?;
    work.done(&Findings { findings }, Effects::access(changes)).await
}
