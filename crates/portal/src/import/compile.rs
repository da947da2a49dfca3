//! Compiling, where it disturbs nobody: on a thread for that, and few at once, since it takes memory.

use std::sync::Arc;

use gatewright_database::jobs::{Failure, Running};
use gatewright_spec::compile::{Compiled, RemoteDocuments, Source, compile};
use gatewright_spec::diff::diff;
use gatewright_spec::model::{Finding, Reference};
use tokio::sync::Semaphore;

use super::progress::Steps;
use super::prose::Prose;
use super::rows::{self, Made};
use crate::limits::{COMPILE_AT_ONCE, COMPILE_TURN_TIMEOUT};
use crate::model::Step;
use crate::store;
use crate::store::specs::Row;

/// A document and what it refers to.
pub(super) struct Read {
    pub(super) source: Vec<u8>,
    pub(super) url: Option<String>,
    pub(super) media_type: Option<String>,
    pub(super) remotes: Vec<(String, String)>,
}

/// Compiles documents, so many at once.
pub(super) struct Compiler {
    turns: Arc<Semaphore>,
}

impl Default for Compiler {
    fn default() -> Self {
        Self {
            turns: Arc::new(Semaphore::new(COMPILE_AT_ONCE)),
        }
    }
}

impl Compiler {
    /// Makes rows of a document, or says why that cannot be.
    pub(super) async fn compile(
        &self,
        read: Read,
        row: &Row,
        running: &Running,
        steps: &mut Steps,
    ) -> Result<Result<Made, Vec<Finding>>, Failure> {
        let turn = tokio::time::timeout(COMPILE_TURN_TIMEOUT, Arc::clone(&self.turns).acquire_owned());
        let Ok(Ok(turn)) = turn.await else {
            return Err(Failure::Retry("other documents are being compiled".to_owned()));
        };
        steps.enter(running, Step::Linting, None).await?;
        let (compiled, read) = blocking(move || (compiled(&read), read)).await?;
        let compiled = match compiled {
            Ok(compiled) => compiled,
            Err(findings) => {
                steps.count(findings.len() as u64);
                return Ok(Err(findings));
            }
        };
        steps.count(compiled.findings.len() as u64);
        let operations = compiled.reference.operations.len() as u64;
        steps.enter(running, Step::Compiling, Some(operations)).await?;
        let slug = row.slug.clone();
        let before = before(row, running).await?;
        let made = blocking(move || {
            let diff = before
                .and_then(Before::reference)
                .map(|before| diff(&before, &compiled.reference));
            rows::make(compiled, read, diff, slug.as_str())
        })
        .await?;
        drop(turn);
        steps.count(operations);
        Ok(Ok(made))
    }
}

/// What is published, as it is kept.
struct Before {
    overview: String,
    operations: Vec<String>,
    schemas: Vec<String>,
}

impl Before {
    /// The same to be compared with; none where an earlier release wrote it in a way that this one does not read.
    fn reference(self) -> Option<Reference> {
        let operations = self.operations.into_iter().map(|one| serde_json::from_str(&one));
        let schemas = self.schemas.into_iter().map(|one| serde_json::from_str(&one));
        let mut reference = Reference {
            overview: serde_json::from_str(&self.overview).ok()?,
            operations: operations.collect::<Result<_, _>>().ok()?,
            schemas: schemas.collect::<Result<_, _>>().ok()?,
        };
        Prose::forgetting().reference(&mut reference);
        Some(reference)
    }
}

async fn before(row: &Row, running: &Running) -> Result<Option<Before>, Failure> {
    let mut tx = running.database().tenant(running.caller()?).await?;
    let Some(overview) = store::reference::overview(&mut tx, row.id).await? else {
        return Ok(None);
    };
    let (operations, schemas) = store::reference::all(&mut tx, row.id).await?;
    Ok(Some(Before {
        overview: overview.overview,
        operations,
        schemas,
    }))
}

fn compiled(read: &Read) -> Result<Compiled, Vec<Finding>> {
    let source = Source {
        bytes: &read.source,
        url: read.url.as_deref(),
    };
    let remotes = read
        .remotes
        .iter()
        .map(|(url, text)| (url.clone(), text.clone().into_bytes()));
    compile(&source, &RemoteDocuments(remotes.collect()))
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|_| Failure::Retry("compiling the document broke off".to_owned()))
}
