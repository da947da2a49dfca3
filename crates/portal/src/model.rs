//! API descriptions and their revisions, as the API shows them.

use chrono::{DateTime, Utc};
use gatewright_spec::model::Finding;
use gatewright_types::ids::{ApiRevisionId, ApiSpecId, JobId, ProductId};
use gatewright_types::slug::Slug;
use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

text_enum! {
    /// What a description is written in.
    pub enum SpecFormat {
        /// OpenAPI 3.0, 3.1 or 3.2, as JSON or YAML; Swagger 2.0 is read as well.
        OpenApi3 = "OPENAPI_3",
    }
}

text_enum! {
    /// Who may read a description.
    pub enum Visibility {
        /// Everybody.
        Public = "PUBLIC",
        /// Whoever has signed in; to others there is none.
        SignedIn = "SIGNED_IN",
    }
}

text_enum! {
    /// Where a revision stands.
    pub enum RevisionState {
        /// A job is at it, or will be.
        Importing = "IMPORTING",
        /// It is what is read.
        Published = "PUBLISHED",
        /// Its findings say why it cannot be published. What was published stays.
        Rejected = "REJECTED",
        /// A newer one took its place.
        Superseded = "SUPERSEDED",
        /// Its document is the published one, so that nothing was done.
        Unchanged = "UNCHANGED",
    }
}

text_enum! {
    /// Why there is a revision.
    pub enum Cause {
        /// Somebody uploaded a document.
        Upload = "UPLOAD",
        /// Somebody asked to fetch it.
        Fetch = "FETCH",
        /// Its source was looked at as planned, and had changed.
        Schedule = "SCHEDULE",
        /// A signed request said that its source has changed.
        Webhook = "WEBHOOK",
        /// Somebody rolled back to an earlier one.
        RollBack = "ROLL_BACK",
    }
}

text_enum! {
    /// A step of an import.
    pub enum Step {
        /// Reading it from its source.
        Fetching = "FETCHING",
        /// Reading its text.
        Parsing = "PARSING",
        /// Fetching what it refers to.
        Resolving = "RESOLVING",
        /// Looking for mistakes.
        Linting = "LINTING",
        /// Making pages of it.
        Compiling = "COMPILING",
        /// Putting them in the place of those that are read.
        Publishing = "PUBLISHING",
    }
}

/// How far a step is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    /// Which.
    pub step: Step,
    /// How much is done: bytes, documents, operations, findings or rows.
    pub done: u64,
    /// Of how much; null where that is not known.
    pub total: Option<u64>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended; null where it has not.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A description of an API that developers read.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApiSpec {
    /// Its id.
    pub id: ApiSpecId,
    /// What it describes.
    pub product_id: ProductId,
    /// Its part of an address: `/docs/{slug}`.
    pub slug: Slug,
    /// What it is written in.
    pub spec_format: SpecFormat,
    /// Who may read it.
    pub visibility: Visibility,
    /// Where it is fetched from; null: it is uploaded.
    pub source_url: Option<String>,
    /// How often its source is looked at; null: when somebody asks.
    pub sync_minutes: Option<i32>,
    /// Whether there is a secret with which a program may ask to look at once.
    pub has_sync_secret: bool,
    /// When its source was last looked at with success.
    pub synced_at: Option<DateTime<Utc>>,
    /// When looking at it last failed; null where the last look succeeded.
    pub sync_failed_at: Option<DateTime<Utc>>,
    /// How often in a row.
    pub sync_failures: i32,
    /// Why.
    pub sync_error: Option<String>,
    /// When it is looked at next, at the latest.
    pub next_sync_at: Option<DateTime<Utc>>,
    /// What is read; null before the first revision is published.
    pub published: Option<RevisionSummary>,
    /// The newest revision, which is the published one where nothing came after it.
    pub latest: Option<RevisionSummary>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When somebody last changed it.
    pub updated_at: DateTime<Utc>,
}

/// A revision in a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RevisionSummary {
    /// Its id.
    pub id: ApiRevisionId,
    /// Its number, from 1.
    pub number: i32,
    /// Where it stands.
    pub state: RevisionState,
    /// Why there is one.
    pub cause: Cause,
    /// The number of the one whose document it has, where somebody rolled back.
    pub from_number: Option<i32>,
    /// The job that imports it.
    pub job_id: Option<JobId>,
    /// The document's title; empty until it was read.
    pub title: String,
    /// The document's own version.
    pub version: String,
    /// How many operations and webhooks it has.
    pub operations: Option<i32>,
    /// How many schemas with a name.
    pub schemas: Option<i32>,
    /// How long its document is.
    pub bytes: Option<i64>,
    /// How much was found in it.
    pub findings_total: i32,
    /// Why its document is not the product's contract; null where it is.
    pub contract_note: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was published or refused.
    pub ended_at: Option<DateTime<Utc>>,
}

/// A revision with everything that is known of it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Revision {
    /// What a list shows of it.
    #[serde(flatten)]
    pub summary: RevisionSummary,
    /// How far its import is, in order.
    pub steps: Vec<Progress>,
    /// What was found, errors first; the first ones, where there are more than `findingsTotal` says.
    pub findings: Vec<Finding>,
    /// What changed against the one that was published before; null for the first, and for one that is not published.
    #[schema(value_type = Option<gatewright_spec::diff::Diff>)]
    pub diff: Option<Value>,
    /// Whether its document is still there, so that it can be read and rolled back to.
    pub has_document: bool,
}
