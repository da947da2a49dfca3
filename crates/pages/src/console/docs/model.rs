//! What these pages read of the API's answers.

use chrono::{DateTime, Utc};
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Spec {
    pub(super) id: String,
    pub(super) product_id: String,
    pub(super) slug: String,
    pub(super) visibility: String,
    pub(super) source_url: Option<String>,
    pub(super) sync_minutes: Option<i32>,
    pub(super) has_sync_secret: bool,
    pub(super) synced_at: Option<DateTime<Utc>>,
    pub(super) sync_failed_at: Option<DateTime<Utc>>,
    pub(super) sync_failures: i32,
    pub(super) sync_error: Option<String>,
    pub(super) next_sync_at: Option<DateTime<Utc>>,
    pub(super) published: Option<Summary>,
    pub(super) latest: Option<Summary>,
}

impl Spec {
    pub(super) fn is_importing(&self) -> bool {
        self.latest.as_ref().is_some_and(|latest| latest.state == "IMPORTING")
    }

    /// What the document calls itself, once one was published.
    pub(super) fn title(&self) -> &str {
        self.published.as_ref().map_or(&self.slug, |published| &published.title)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Summary {
    pub(super) id: String,
    pub(super) number: i32,
    pub(super) state: String,
    pub(super) cause: String,
    pub(super) from_number: Option<i32>,
    pub(super) title: String,
    pub(super) version: String,
    pub(super) operations: Option<i32>,
    pub(super) findings_total: i32,
    pub(super) contract_note: Option<String>,
    pub(super) created_at: DateTime<Utc>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Revision {
    #[serde(flatten)]
    pub(super) summary: Summary,
    pub(super) steps: Vec<Progress>,
    pub(super) findings: Vec<gatewright_spec::model::Finding>,
    pub(super) diff: Option<gatewright_spec::diff::Diff>,
    pub(super) has_document: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Progress {
    pub(super) step: String,
    pub(super) done: u64,
    pub(super) total: Option<u64>,
    pub(super) ended_at: Option<DateTime<Utc>>,
}
