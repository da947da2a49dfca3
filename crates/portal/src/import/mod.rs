//! From a document to what is read: one job per description, one at a time.
//!
//! The job's payload is only which description. What there is to do stands in its rows: the newest revision that is
//! IMPORTING, or a source that somebody asked to look at. So the newest wins, and whoever asks twice is served once.
//!
//! Start with [`Importer`]; `fetch` gets documents, `compile` makes rows of them, `publish` puts them in place.

mod compile;
mod fetch;
mod progress;
mod prose;
mod publish;
mod rows;
mod searched;

use std::time::Duration;

use gatewright_database::TenantTx;
use gatewright_database::jobs::{Failure, Finished, Handler, Job, Registry, Rhythm, Running};
use gatewright_egress::{Client, Policy};
use gatewright_notify::destinations;
use gatewright_spec::model::{Finding, Severity};
use gatewright_types::ids::ApiSpecId;
use serde::{Deserialize, Serialize};

use crate::limits::DUE_EVERY_SECONDS;
use crate::model::{Cause, RevisionState, RevisionSummary, Step};
use crate::specs::{revisions, sync};
use crate::store::revisions::End;
use crate::store::specs::Row;
use crate::{PortalError, store};
use compile::{Compiler, Read};
use fetch::{Fetched, Known};
use progress::Steps;

/// Imports what waits to be imported of a description.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportSpec {
    /// Which.
    pub(crate) spec_id: ApiSpecId,
}

impl Job for ImportSpec {
    const KIND: &'static str = "portal.import_api_spec";
    /// Once more after a crash; a document that brings a process down twice is left alone.
    const ATTEMPTS_MAX: u16 = 3;
    const TIME_LIMIT: Duration = Duration::from_mins(10);
}

/// Does [`ImportSpec`].
pub struct Importer {
    client: Client,
    policy: Policy,
    compiler: Compiler,
}

/// Teaches a worker to import descriptions and to look at their sources.
pub fn register(registry: &mut Registry, client: Client, policy: Policy) {
    let compiler = Compiler::default();
    registry
        .handle(Importer {
            client,
            policy,
            compiler,
        })
        .handle(sync::Clockwork)
        .schedule(
            Rhythm::EverySeconds(DUE_EVERY_SECONDS),
            Duration::from_secs(5),
            sync::MakeDue {},
        );
}

/// What there is to do.
struct Task {
    row: Row,
    /// None: somebody asked to look whether the source has changed.
    revision: Option<RevisionSummary>,
    /// The document, where it is not to be fetched.
    document: Option<store::revisions::Document>,
    published_sha256: Option<Vec<u8>>,
    /// Where the tenant lets its requests go.
    policy: Policy,
}

impl Handler for Importer {
    type Job = ImportSpec;

    async fn run(&self, job: ImportSpec, running: &Running) -> Result<Finished, Failure> {
        let Some(task) = self.take(job.spec_id, running).await? else {
            return running.finish().await;
        };
        if running.attempt() >= i32::from(ImportSpec::ATTEMPTS_MAX)
            && let Some(revision) = &task.revision
        {
            let message =
                "The import was begun and broke off several times: the document may be too much for this machine.";
            let steps = Steps::none(revision.id);
            return reject(running, &task, steps, vec![problem("import-broke-off", message)]).await;
        }
        self.import(task, running).await
    }
}

impl Importer {
    /// Finds out what there is to do, and makes an end of what a newer revision has overtaken.
    async fn take(&self, spec_id: ApiSpecId, running: &Running) -> Result<Option<Task>, Failure> {
        let mut tx = running.database().tenant(running.caller()?).await?;
        let Some(row) = store::specs::hold(&mut tx, spec_id).await? else {
            return Ok(None);
        };
        let mut waiting = store::revisions::importing(&mut tx, spec_id).await?.into_iter();
        let revision = waiting.next();
        let overtaken: Vec<_> = waiting.map(|one| one.id).collect();
        store::revisions::set_state(&mut tx, &overtaken, RevisionState::Superseded).await?;
        let is_asked = row.sync_requested_at.is_some() && row.source_url.is_some();
        let document = match &revision {
            Some(revision) => store::revisions::document(&mut tx, revision.id).await?,
            None => None,
        };
        let published_sha256 = store::revisions::published_sha256(&mut tx, spec_id).await?;
        let policy = destinations::policy(&mut tx, &self.policy)
            .await
            .map_err(|error| failure(error.into()))?;
        tx.commit().await?;
        Ok((revision.is_some() || is_asked).then_some(Task {
            row,
            revision,
            document,
            published_sha256,
            policy,
        }))
    }

    async fn import(&self, mut task: Task, running: &Running) -> Result<Finished, Failure> {
        let mut steps = match &task.revision {
            Some(revision) => Steps::begin(running, revision.id).await?,
            None => Steps::unknown(),
        };
        let kept = task.document.take();
        let (source, media_type, remotes) = match kept {
            Some(document) => (document.source, document.media_type, Some(document.remotes.0)),
            None => match self.look(&mut task, running, &mut steps).await? {
                Looked::Document(fetched) => (fetched.body, fetched.media_type, None),
                Looked::Done(finished) => return Ok(finished),
            },
        };
        let Some(revision) = task.revision.clone() else {
            return Err(Failure::Fatal("a document without a revision".to_owned()));
        };
        let remotes = match remotes {
            // What is rolled back to refers to what it referred to then.
            Some(remotes) if revision.cause == Cause::RollBack => remotes,
            _ => {
                let url = task
                    .row
                    .source_url
                    .as_deref()
                    .filter(|_| revision.cause != Cause::Upload);
                let wanted = fetch::Wanted {
                    client: &self.client,
                    policy: &task.policy,
                    source: &source,
                    url,
                };
                match fetch::remotes(wanted, running, &mut steps).await? {
                    Ok(remotes) => remotes,
                    Err(finding) => return reject(running, &task, steps, vec![finding]).await,
                }
            }
        };
        let read = Read {
            source,
            url: task.row.source_url.clone().filter(|_| revision.cause != Cause::Upload),
            media_type,
            remotes,
        };
        let made = self.compiler.compile(read, &task.row, running, &mut steps).await?;
        match made {
            Ok(made) => publish::publish(running, &task.row, &revision, made, steps).await,
            Err(findings) => reject(running, &task, steps, findings).await,
        }
    }

    /// Fetches the source, and says at once if there is nothing new.
    async fn look(&self, task: &mut Task, running: &Running, steps: &mut Steps) -> Result<Looked, Failure> {
        let Some(url) = task.row.source_url.clone() else {
            let finding = problem(
                "no-document",
                "There is neither a document nor an address to fetch it from.",
            );
            return Ok(Looked::Done(reject(running, task, steps.clone(), vec![finding]).await?));
        };
        steps.enter(running, Step::Fetching, None).await?;
        // What was fetched last may be asked for by its tag only where nothing else is published.
        let known = Known {
            sha256: task.row.fetched_sha256.as_deref(),
            etag: task.row.fetched_etag.as_deref(),
            last_modified: task.row.fetched_last_modified.as_deref(),
            may_answer: task.revision.is_none() || task.row.fetched_sha256 == task.published_sha256,
        };
        let fetched = match fetch::document(&self.client, &task.policy, &url, &known).await {
            Ok(Some(fetched)) => fetched,
            Ok(None) => return Ok(Looked::Done(unchanged(running, task, steps.clone()).await?)),
            Err(why) => return Ok(Looked::Done(failed(running, task, steps.clone(), &why).await?)),
        };
        steps.count(fetched.body.len() as u64);
        if task.revision.is_none() {
            let mut tx = running.database().tenant(running.caller()?).await?;
            let mut row = crate::specs::hold(&mut tx, task.row.id).await.map_err(failure)?;
            let cause = sync::cause(&row);
            let made = revisions::next(&mut tx, &mut row, (cause, None), running.id())
                .await
                .map_err(failure)?;
            tx.commit().await?;
            *steps = steps.clone().of(made.id);
            task.revision = Some(made);
        }
        task.row.fetched_sha256 = Some(fetched.sha256.clone());
        task.row.fetched_etag.clone_from(&fetched.etag);
        task.row.fetched_last_modified.clone_from(&fetched.last_modified);
        Ok(Looked::Document(fetched))
    }
}

/// What came of looking at a source.
enum Looked {
    Document(Fetched),
    Done(Finished),
}

/// Ends a look that found nothing new.
async fn unchanged(running: &Running, task: &Task, mut steps: Steps) -> Result<Finished, Failure> {
    let mut finishing = running.finish_in_tenant().await?;
    let Some(mut row) = store::specs::hold(&mut finishing, task.row.id).await? else {
        return finishing.commit().await;
    };
    looked(&mut finishing, &mut row);
    store::specs::update(&mut finishing, &row).await?;
    if let Some(revision) = &task.revision {
        steps.end(&finishing);
        let end = End {
            state: RevisionState::Unchanged,
            ..nothing(&steps, &[])
        };
        store::revisions::end(&mut finishing, revision.id, &end).await?;
    }
    finishing.commit().await
}

/// Ends a look that failed: the age of what is published is told, and it is tried again, later each time.
async fn failed(running: &Running, task: &Task, mut steps: Steps, why: &str) -> Result<Finished, Failure> {
    let mut finishing = running.finish_in_tenant().await?;
    let Some(mut row) = store::specs::hold(&mut finishing, task.row.id).await? else {
        return finishing.commit().await;
    };
    row.sync_requested_at = None;
    row.sync_failed_at = Some(finishing.now());
    row.sync_failures = row.sync_failures.saturating_add(1);
    row.sync_error = Some(why.to_owned());
    row.next_sync_at = sync::next(&row, finishing.now(), finishing.rng());
    store::specs::update(&mut finishing, &row).await?;
    let detail = serde_json::json!({ "error": why, "failures": row.sync_failures });
    if row.sync_failures == 1 {
        finishing.happened("portal", "api_spec.sync_failed", row.id, detail);
    }
    if let Some(revision) = &task.revision {
        steps.end(&finishing);
        let findings = [problem(
            "fetch-failed",
            &format!("The document cannot be fetched: {why}."),
        )];
        let end = nothing(&steps, &findings);
        store::revisions::end(&mut finishing, revision.id, &end).await?;
    }
    finishing.commit().await
}

/// Ends an import whose document cannot be published. What is published stays.
async fn reject(running: &Running, task: &Task, mut steps: Steps, findings: Vec<Finding>) -> Result<Finished, Failure> {
    let mut finishing = running.finish_in_tenant().await?;
    let (Some(mut row), Some(revision)) = (
        store::specs::hold(&mut finishing, task.row.id).await?,
        task.revision.as_ref(),
    ) else {
        return finishing.commit().await;
    };
    if matches!(revision.cause, Cause::Fetch | Cause::Schedule | Cause::Webhook) && task.row.fetched_sha256.is_some() {
        row.fetched_sha256.clone_from(&task.row.fetched_sha256);
        row.fetched_etag.clone_from(&task.row.fetched_etag);
        row.fetched_last_modified.clone_from(&task.row.fetched_last_modified);
        looked(&mut finishing, &mut row);
    }
    store::specs::update(&mut finishing, &row).await?;
    steps.end(&finishing);
    let (findings, total) = publish::kept(findings);
    let end = End {
        findings_total: total,
        ..nothing(&steps, &findings)
    };
    store::revisions::end(&mut finishing, revision.id, &end).await?;
    let detail = serde_json::json!({ "number": revision.number, "revisionId": revision.id, "findings": total });
    finishing.happened("portal", "api_spec.rejected", row.id, detail);
    finishing.commit().await
}

/// Notes that a source was looked at with success.
fn looked(tx: &mut TenantTx, row: &mut Row) {
    row.sync_requested_at = None;
    row.synced_at = Some(tx.now());
    (row.sync_failed_at, row.sync_failures, row.sync_error) = (None, 0, None);
    row.next_sync_at = sync::next(row, tx.now(), tx.rng());
}

/// A revision's end of which nothing more is known.
fn nothing<'a>(steps: &'a Steps, findings: &'a [Finding]) -> End<'a> {
    End {
        state: RevisionState::Rejected,
        steps: steps.all(),
        findings,
        findings_total: i32::try_from(findings.len()).unwrap_or(i32::MAX),
        diff: None,
        title: "",
        version: "",
        operations: None,
        schemas: None,
        bytes: None,
        sha256: None,
        contract_note: None,
    }
}

/// A finding of ours about the import itself.
fn problem(rule: &str, message: &str) -> Finding {
    Finding {
        severity: Severity::Error,
        rule: rule.to_owned(),
        message: message.to_owned(),
        pointer: String::new(),
        line: None,
        column: None,
    }
}

/// What goes wrong here is the database's fault, or passes.
fn failure(error: PortalError) -> Failure {
    match error {
        PortalError::Database(error) => Failure::Database(error),
        other => Failure::Retry(other.to_string()),
    }
}
