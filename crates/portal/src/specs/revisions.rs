//! Revisions: asking for one, looking at them, rolling back.

use gatewright_database::jobs::{Lane, NewJob, enqueue};
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::ids::{ApiRevisionId, ApiSpecId, JobId};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::{check_document, hold, shown};
use crate::import::ImportSpec;
use crate::model::{ApiSpec, Cause, Revision, RevisionState, RevisionSummary};
use crate::store::specs::Row;
use crate::{PortalError, store};

/// What a revision is made from.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRevision {
    /// The document, as text in JSON or YAML; absent: it is fetched from the description's `sourceUrl`.
    pub document: Option<String>,
}

/// Which revision to go back to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RollBack {
    /// One whose document is still there.
    pub revision_id: ApiRevisionId,
}

/// Asks for another revision; a job imports it.
pub async fn add(tx: &mut TenantTx, id: ApiSpecId, new: NewRevision) -> Result<ApiSpec, PortalError> {
    let mut row = hold(tx, id).await?;
    if new.document.is_none() && row.source_url.is_none() {
        return Err(PortalError::NoSource);
    }
    let cause = if new.document.is_some() {
        Cause::Upload
    } else {
        Cause::Fetch
    };
    begin(tx, &mut row, cause, new.document.as_deref()).await?;
    shown(tx, row).await
}

/// Publishes an earlier revision's document again, as a new revision. What is fetched later takes its place only when the
/// source has changed since it was last fetched.
pub async fn roll_back(tx: &mut TenantTx, id: ApiSpecId, how: &RollBack) -> Result<ApiSpec, PortalError> {
    let mut row = hold(tx, id).await?;
    let found = store::revisions::find(tx, id, how.revision_id).await?;
    let to = found
        .ok_or_else(|| super::invalid("/revisionId", format!("there is no revision {} of it", how.revision_id)))?;
    let number = to.summary.number;
    let refuse = |why| Err(PortalError::CannotRollBack { number, why });
    match to.summary.state {
        RevisionState::Published => return refuse("is the published one"),
        RevisionState::Superseded if to.has_document => {}
        RevisionState::Superseded => return refuse("is too old: its document is gone"),
        _ => return refuse("was never published"),
    }
    let revision = insert(tx, &mut row, Cause::RollBack, Some(number)).await?;
    if !store::revisions::copy_document(tx, to.summary.id, revision.id).await? {
        return refuse("is too old: its document is gone");
    }
    let detail = json!({ "number": revision.number, "fromNumber": number, "revisionId": revision.id });
    tx.changed_telling(
        "portal",
        "api_spec.rolled_back",
        id,
        detail.clone(),
        &Value::Null,
        &detail,
    );
    shown(tx, row).await
}

/// A page of a description's revisions.
pub async fn list(
    tx: &mut TenantTx,
    id: ApiSpecId,
    request: PageRequest,
) -> Result<Page<RevisionSummary>, PortalError> {
    super::get(tx, id).await?;
    Ok(Page::from_rows(store::revisions::list(tx, id, request).await?, request))
}

/// One revision.
pub async fn get(tx: &mut TenantTx, id: ApiSpecId, revision: ApiRevisionId) -> Result<Revision, PortalError> {
    let found = store::revisions::find(tx, id, revision).await?;
    found.ok_or_else(|| PortalError::not_found("revision", revision))
}

/// A document as somebody wrote it.
pub struct Written {
    /// Its bytes.
    pub source: Vec<u8>,
    /// What it was said to be where it was fetched.
    pub media_type: Option<String>,
}

/// The document of a revision.
pub async fn document(tx: &mut TenantTx, id: ApiSpecId, revision: ApiRevisionId) -> Result<Written, PortalError> {
    get(tx, id, revision).await?;
    let found = store::revisions::document(tx, revision).await?;
    let document = found.ok_or_else(|| PortalError::not_found("document of revision", revision))?;
    Ok(Written {
        source: document.source,
        media_type: document.media_type,
    })
}

/// Notes that a document is to be imported, with the job that does it.
pub(crate) async fn begin(
    tx: &mut TenantTx,
    row: &mut Row,
    cause: Cause,
    document: Option<&str>,
) -> Result<(), PortalError> {
    if let Some(document) = document {
        check_document(document)?;
    }
    let revision = insert(tx, row, cause, None).await?;
    if let Some(document) = document {
        store::revisions::put_document(tx, revision.id, document.as_bytes(), None, &[]).await?;
    }
    let detail = json!({ "number": revision.number, "cause": cause, "revisionId": revision.id });
    tx.changed_telling(
        "portal",
        "api_spec.import_asked",
        row.id,
        detail.clone(),
        &Value::Null,
        &detail,
    );
    Ok(())
}

async fn insert(
    tx: &mut TenantTx,
    row: &mut Row,
    cause: Cause,
    from_number: Option<i32>,
) -> Result<RevisionSummary, PortalError> {
    let job = NewJob::new(ImportSpec { spec_id: row.id }).unique(row.id.to_string());
    let job_id = enqueue(tx, job.in_lane(Lane::Interactive)).await?;
    next(tx, row, (cause, from_number), job_id).await
}

/// The next revision, which a job is to import or is importing already.
pub(crate) async fn next(
    tx: &mut TenantTx,
    row: &mut Row,
    (cause, from_number): (Cause, Option<i32>),
    job_id: JobId,
) -> Result<RevisionSummary, PortalError> {
    row.revisions += 1;
    let revision = RevisionSummary {
        id: ApiRevisionId::mint(tx.clock(), tx.rng()),
        number: row.revisions,
        state: RevisionState::Importing,
        cause,
        from_number,
        job_id: Some(job_id),
        title: String::new(),
        version: String::new(),
        operations: None,
        schemas: None,
        bytes: None,
        findings_total: 0,
        contract_note: None,
        created_at: tx.now(),
        ended_at: None,
    };
    store::revisions::insert(tx, row.id, &revision).await?;
    store::specs::update(tx, row).await?;
    Ok(revision)
}
