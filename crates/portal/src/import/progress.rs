//! How far an import is, for whoever watches it: written into the revision's row while it runs.

use gatewright_database::TenantTx;
use gatewright_database::jobs::{Failure, Running};
use gatewright_types::ids::ApiRevisionId;

use crate::model::{Progress, Step};
use crate::store;

/// The steps so far.
#[derive(Clone)]
pub(crate) struct Steps {
    /// None while nobody has a revision to look at.
    revision_id: Option<ApiRevisionId>,
    steps: Vec<Progress>,
}

impl Steps {
    /// Of a revision; an earlier attempt's are forgotten.
    pub(crate) async fn begin(running: &Running, revision_id: ApiRevisionId) -> Result<Self, Failure> {
        let steps = Self::none(revision_id);
        steps.write(running).await?;
        Ok(steps)
    }

    /// None yet.
    pub(crate) const fn none(revision_id: ApiRevisionId) -> Self {
        Self {
            revision_id: Some(revision_id),
            steps: Vec::new(),
        }
    }

    /// Of a look at a source that may come to nothing.
    pub(crate) const fn unknown() -> Self {
        Self {
            revision_id: None,
            steps: Vec::new(),
        }
    }

    /// The same, now that there is a revision.
    #[must_use]
    pub(crate) fn of(self, revision_id: ApiRevisionId) -> Self {
        Self {
            revision_id: Some(revision_id),
            ..self
        }
    }

    /// Ends the step that it is at and enters the next.
    pub(crate) async fn enter(&mut self, running: &Running, step: Step, total: Option<u64>) -> Result<(), Failure> {
        if running.is_cancelled() {
            return Err(Failure::Cancelled);
        }
        let now = running.database().clock().now();
        self.end_at(now);
        self.steps.push(Progress {
            step,
            done: 0,
            total,
            started_at: now,
            ended_at: None,
        });
        self.write(running).await
    }

    /// Says how much of the step is done; written with the next step.
    pub(crate) fn count(&mut self, done: u64) {
        if let Some(last) = self.steps.last_mut() {
            last.done = done;
        }
    }

    /// Ends the last one.
    pub(crate) fn end(&mut self, tx: &TenantTx) {
        self.end_at(tx.now());
    }

    fn end_at(&mut self, now: chrono::DateTime<chrono::Utc>) {
        if let Some(last) = self.steps.last_mut() {
            last.ended_at.get_or_insert(now.max(last.started_at));
        }
    }

    /// All of them, in order.
    pub(crate) fn all(&self) -> &[Progress] {
        &self.steps
    }

    /// Writes them where they are read.
    pub(crate) async fn write(&self, running: &Running) -> Result<(), Failure> {
        let Some(revision_id) = self.revision_id else {
            return Ok(());
        };
        let mut tx = running.database().tenant(running.caller()?).await?;
        store::revisions::set_steps(&mut tx, revision_id, &self.steps).await?;
        Ok(tx.commit().await?)
    }
}
