//! Compiling, where it disturbs nobody: on a thread for that, and few at once, since it takes memory.

use std::cell::Cell;
use std::sync::Arc;

use gatewright_database::jobs::{Failure, Running};
use gatewright_spec::compile::{Compiled, RemoteDocuments, Source, compile};
use gatewright_spec::diff::{Before, Diff, diff};
use gatewright_spec::model::{Finding, NamedSchema, Operation, Overview, Reference};
use serde::de::DeserializeOwned;
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
            let diff = before.and_then(|before| before.diff(&compiled.reference));
            rows::make(compiled, read, diff, slug.as_str())
        })
        .await?;
        drop(turn);
        steps.count(operations);
        Ok(Ok(made))
    }
}

/// What is published, as it is kept.
struct Published {
    overview: String,
    operations: Vec<String>,
    schemas: Vec<String>,
}

impl Published {
    /// What changed; none where an earlier release wrote something in a way that this one does not read.
    fn diff(self, new: &Reference) -> Option<Diff> {
        let readable = Cell::new(true);
        let mut overview: Overview = read(&self.overview, &readable)?;
        Prose::forgetting().overview(&mut overview);
        // Each is read, compared and let go of.
        let operations = self.operations.into_iter().map_while(|text| {
            let mut operation: Operation = read(&text, &readable)?;
            Prose::forgetting().operation(&mut operation);
            Some(operation)
        });
        let schemas = self.schemas.into_iter().map_while(|text| {
            let mut schema: NamedSchema = read(&text, &readable)?;
            Prose::forgetting().named(&mut schema);
            Some(schema)
        });
        let before = Before {
            overview,
            operations,
            schemas,
        };
        let diff = diff(before, new);
        readable.get().then_some(diff)
    }
}

/// What a row says; notes when that cannot be read.
fn read<T: DeserializeOwned>(text: &str, readable: &Cell<bool>) -> Option<T> {
    let read = serde_json::from_str(text).ok();
    readable.set(readable.get() && read.is_some());
    read
}

async fn before(row: &Row, running: &Running) -> Result<Option<Published>, Failure> {
    let mut tx = running.database().tenant(running.caller()?).await?;
    let Some(overview) = store::reference::overview(&mut tx, row.id).await? else {
        return Ok(None);
    };
    let (operations, schemas) = store::reference::all(&mut tx, row.id).await?;
    Ok(Some(Published {
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
