//! What pages ask of the API, and the navigation that they remember.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::answers::{About, OneOperation, OneSchema, Whole};
use super::limits::{NAVIGATIONS_MAX, SLUG_MAX};
use crate::client::Problem;
use crate::visit::Visit;

/// The navigation of references by their revision, the one that was used last at the end.
///
/// What a revision says never changes, and only whoever was shown something of it gets its navigation: the API said so.
#[derive(Default)]
pub(crate) struct Navigations(Mutex<VecDeque<(String, Arc<Whole>)>>);

impl Navigations {
    fn find(&self, revision: &str) -> Option<Arc<Whole>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = known.iter().position(|(held, _)| held == revision)?;
        let used = known.remove(at)?;
        let whole = Arc::clone(&used.1);
        known.push_back(used);
        Some(whole)
    }

    fn keep(&self, revision: &str, whole: &Arc<Whole>) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(held, _)| held != revision);
        if known.len() >= NAVIGATIONS_MAX {
            known.pop_front();
        }
        known.push_back((revision.to_owned(), Arc::clone(whole)));
    }
}

/// A part of an address that names something in a reference; what is none names nothing.
pub(crate) fn slug(text: &str) -> Result<&str, Problem> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if !text.is_empty() && text.len() <= SLUG_MAX && text.bytes().all(fits) && !text.starts_with('.') {
        return Ok(text);
    }
    Err(Problem::not_found())
}

/// A reference as a whole.
pub(crate) async fn whole(visit: &Visit, reference: &str) -> Result<Whole, Problem> {
    visit
        .get(&format!("/api/v1/docs/references/{}", slug(reference)?))
        .await
}

/// The page of a reference's first operation, if it has one.
pub(crate) async fn first_operation(visit: &Visit, reference: &str) -> Result<Option<String>, Problem> {
    let whole = whole(visit, reference).await?;
    let first = whole.about.tags.iter().flat_map(|tag| &tag.operations).next();
    Ok(first.map(|first| format!("/docs/{reference}/operations/{}", first.slug)))
}

/// One operation.
pub(crate) async fn operation(visit: &Visit, reference: &str, operation: &str) -> Result<OneOperation, Problem> {
    let (reference, operation) = (slug(reference)?, slug(operation)?);
    let path = format!("/api/v1/docs/references/{reference}/operations/{operation}");
    visit.get(&path).await
}

/// One schema.
pub(crate) async fn schema(visit: &Visit, reference: &str, schema: &str) -> Result<OneSchema, Problem> {
    let (reference, schema) = (slug(reference)?, slug(schema)?);
    visit
        .get(&format!("/api/v1/docs/references/{reference}/schemas/{schema}"))
        .await
}

/// The navigation around something of a reference that the visitor was just shown.
pub(crate) async fn navigation(visit: &Visit, about: &About) -> Result<Arc<Whole>, Problem> {
    let navigations = visit.navigations();
    if let Some(known) = about
        .revision
        .as_deref()
        .and_then(|revision| navigations.find(revision))
    {
        return Ok(known);
    }
    let whole = Arc::new(whole(visit, &about.slug).await?);
    if let Some(revision) = &whole.revision {
        navigations.keep(revision, &whole);
    }
    Ok(whole)
}
