//! Putting a revision in the place of the one that is read, by one commit.

use gatewright_catalog::model::{Contract, ContractFormat};
use gatewright_catalog::products;
use gatewright_database::TenantTx;
use gatewright_database::jobs::{Failure, Finished, Running};
use gatewright_spec::model::{Finding, Severity};
use gatewright_types::ids::ApiSpecId;
use serde_json::json;

use super::progress::Steps;
use super::rows::{Made, Row};
use super::{failure, looked};
use crate::limits::{BATCH_BYTES, DOCUMENTS_KEPT, FINDINGS_MAX, REVISIONS_KEPT};
use crate::model::{Cause, RevisionState, RevisionSummary, Step};
use crate::store::reference::{NewReference, Rows};
use crate::store::revisions::End;
use crate::store::search::Entry;
use crate::{PortalError, store};

/// Publishes what was made of a document, unless a newer revision was asked for meanwhile.
pub(super) async fn publish(
    running: &Running,
    known: &store::specs::Row,
    revision: &RevisionSummary,
    made: Made,
    mut steps: Steps,
) -> Result<Finished, Failure> {
    let rows = made.operations.len() + made.schemas.len();
    steps.enter(running, Step::Publishing, Some(rows as u64)).await?;
    let mut finishing = running.finish_in_tenant().await?;
    let Some(mut row) = store::specs::hold(&mut finishing, known.id).await? else {
        return finishing.commit().await;
    };
    if row.revisions != revision.number {
        store::revisions::set_state(&mut finishing, &[revision.id], RevisionState::Superseded).await?;
        return finishing.commit().await;
    }
    if matches!(revision.cause, Cause::Fetch | Cause::Schedule | Cause::Webhook) {
        row.fetched_sha256.clone_from(&known.fetched_sha256);
        row.fetched_etag.clone_from(&known.fetched_etag);
        row.fetched_last_modified.clone_from(&known.fetched_last_modified);
        looked(&mut finishing, &mut row);
    }
    store::specs::update(&mut finishing, &row).await?;
    replace(&mut finishing, known.id, revision, &made).await?;
    steps.count(rows as u64);
    steps.end(&finishing);
    let contract_note = put_contract(&mut finishing, &row, &made.document)
        .await
        .map_err(failure)?;
    store::revisions::supersede_published(&mut finishing, known.id).await?;
    end(&mut finishing, revision, &made, &steps, contract_note.as_deref()).await?;
    let (source, media_type) = (&made.read.source, made.read.media_type.as_deref());
    store::revisions::put_document(&mut finishing, revision.id, source, media_type, &made.read.remotes).await?;
    store::revisions::prune(&mut finishing, known.id, DOCUMENTS_KEPT, REVISIONS_KEPT).await?;
    let detail = json!({
        "slug": row.slug,
        "productId": row.product_id,
        "number": revision.number,
        "revisionId": revision.id,
        "cause": revision.cause,
        "title": made.title,
        "version": made.version,
        "operations": made.operations.len(),
        "breaking": made.breaking,
    });
    finishing.happened("portal", "api_spec.published", known.id, detail);
    finishing.commit().await
}

async fn end(
    tx: &mut TenantTx,
    revision: &RevisionSummary,
    made: &Made,
    steps: &Steps,
    contract_note: Option<&str>,
) -> Result<(), sqlx::Error> {
    let (findings, total) = kept(made.findings.clone());
    let count = |of: usize| i32::try_from(of).ok();
    let end = End {
        state: RevisionState::Published,
        steps: steps.all(),
        findings: &findings,
        findings_total: total,
        diff: made.diff.clone(),
        title: &made.title,
        version: &made.version,
        operations: count(made.operations.len()),
        schemas: count(made.schemas.len()),
        bytes: i64::try_from(made.read.source.len()).ok(),
        sha256: Some(&made.sha256),
        contract_note,
    };
    store::revisions::end(tx, revision.id, &end).await
}

/// The findings that are kept, what matters most first, and how many there were.
pub(super) fn kept(mut findings: Vec<Finding>) -> (Vec<Finding>, i32) {
    let total = i32::try_from(findings.len()).unwrap_or(i32::MAX);
    findings.sort_by_key(|finding| match finding.severity {
        Severity::Error => 0,
        Severity::Warning => 1,
        Severity::Hint => 2,
    });
    findings.truncate(FINDINGS_MAX);
    (findings, total)
}

async fn replace(
    tx: &mut TenantTx,
    spec_id: ApiSpecId,
    revision: &RevisionSummary,
    made: &Made,
) -> Result<(), sqlx::Error> {
    let new = NewReference {
        revision_id: revision.id,
        title: &made.title,
        version: &made.version,
        summary: &made.summary,
        operations: i32::try_from(made.operations.len()).unwrap_or(i32::MAX),
        overview: &made.overview,
        schemas: &made.schema_list,
        document: &made.document,
    };
    store::reference::replace(tx, spec_id, &new).await?;
    for batch in batches(&made.operations, |row| row.text.len()) {
        store::reference::add_operations(tx, spec_id, &columns(&made.operations, batch)).await?;
    }
    for batch in batches(&made.schemas, |row| row.text.len()) {
        store::reference::add_schemas(tx, spec_id, &columns(&made.schemas, batch)).await?;
    }
    let size = |entry: &Entry| entry.words.iter().map(String::len).sum::<usize>() + 200;
    for batch in batches(&made.entries, size) {
        let from = i32::try_from(batch.start).unwrap_or(i32::MAX);
        store::search::add(tx, spec_id, from, &made.entries[batch]).await?;
    }
    Ok(())
}

/// Parts of a list that are small enough for one statement each.
fn batches<T>(items: &[T], size: impl Fn(&T) -> usize) -> Vec<std::ops::Range<usize>> {
    let mut batches = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (at, item) in items.iter().enumerate() {
        bytes += size(item);
        if bytes > BATCH_BYTES && at > start {
            batches.push(start..at);
            (start, bytes) = (at, size(item));
        }
    }
    if start < items.len() {
        batches.push(start..items.len());
    }
    batches
}

fn columns(rows: &[Row], batch: std::ops::Range<usize>) -> Rows {
    let from = batch.start;
    let part = &rows[batch];
    Rows {
        positions: (from..from + part.len())
            .map(|at| i32::try_from(at).unwrap_or(i32::MAX))
            .collect(),
        slugs: part.iter().map(|row| row.slug.clone()).collect(),
        navigations: part.iter().map(|row| row.navigation.clone()).collect(),
        texts: part.iter().map(|row| row.text.clone()).collect(),
    }
}

/// Makes the document the product's contract, or says why it is not.
async fn put_contract(
    tx: &mut TenantTx,
    row: &store::specs::Row,
    document: &str,
) -> Result<Option<String>, PortalError> {
    let first = store::specs::first_of_product(tx, row.product_id).await?;
    if first.is_some_and(|first| first != row.id) {
        return Ok(Some("The product's contract is its first API description.".to_owned()));
    }
    let contract = Contract {
        format: ContractFormat::OpenApi,
        document: document.to_owned(),
    };
    if let Err(gatewright_catalog::CatalogError::Invalid(errors)) = products::check_contract(&contract) {
        let why: Vec<&str> = errors.iter().map(|error| error.detail.as_ref()).collect();
        return Ok(Some(format!(
            "It cannot be the product's contract: {}.",
            why.join("; ")
        )));
    }
    products::put_contract(tx, row.product_id, &contract).await?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_hold_everything_once_and_are_small_where_they_can_be() {
        let size = |item: &usize| *item;
        assert!(batches(&[], size).is_empty());
        assert_eq!(batches(&[1, 2, 3], size), vec![0..3]);
        let large = BATCH_BYTES + 1;
        assert_eq!(batches(&[large, large, 1], size), vec![0..1, 1..2, 2..3]);
        assert_eq!(batches(&[BATCH_BYTES / 2; 5], size), vec![0..2, 2..4, 4..5]);
    }
}
