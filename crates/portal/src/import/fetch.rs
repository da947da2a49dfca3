//! Documents of other addresses, within what the tenant's outgoing requests may reach.

use std::collections::{BTreeMap, BTreeSet};

use gatewright_database::jobs::{Failure, Running};
use gatewright_egress::{Answer, Client, EgressError, Policy, Request};
use gatewright_spec::compile::{Source, remote_references};
use gatewright_spec::model::Finding;
use http::StatusCode;
use http::header::{
    ACCEPT, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
};
use sha2::{Digest, Sha256};

use super::problem;
use super::progress::Steps;
use crate::limits::{
    DOCUMENT_MAX_BYTES, FETCH_REDIRECTS_MAX, FETCH_TIMEOUT, REMOTE_DEPTH_MAX, REMOTE_DOCUMENT_MAX_BYTES,
    REMOTE_DOCUMENTS_MAX, REMOTE_DOCUMENTS_MAX_BYTES,
};
use crate::model::Step;

/// What is asked for.
const ACCEPTED: &str =
    "application/json, application/yaml, application/openapi+json, application/openapi+yaml;q=0.9, */*;q=0.5";
/// Longest tag or date of an answer that is kept.
const VALIDATOR_MAX_BYTES: usize = 1_024;

/// What is known of a source.
pub(super) struct Known<'a> {
    pub(super) sha256: Option<&'a [u8]>,
    pub(super) etag: Option<&'a str>,
    pub(super) last_modified: Option<&'a str>,
    /// Whether "it has not changed" is an answer.
    pub(super) may_answer: bool,
}

/// A document that was fetched.
pub(super) struct Fetched {
    pub(super) body: Vec<u8>,
    pub(super) sha256: Vec<u8>,
    pub(super) media_type: Option<String>,
    pub(super) etag: Option<String>,
    pub(super) last_modified: Option<String>,
}

/// Fetches a document; none where it is the one that is known.
pub(super) async fn document(
    client: &Client,
    policy: &Policy,
    url: &str,
    known: &Known<'_>,
) -> Result<Option<Fetched>, String> {
    let mut request = request(url, DOCUMENT_MAX_BYTES);
    if known.may_answer {
        for (name, value) in [(IF_NONE_MATCH, known.etag), (IF_MODIFIED_SINCE, known.last_modified)] {
            if let Some(value) = value.and_then(|value| HeaderValue::from_str(value).ok()) {
                request = request.field(name, value);
            }
        }
    }
    let answer = client.send(request, policy).await.map_err(|error| words(&error))?;
    if answer.status == StatusCode::NOT_MODIFIED && known.may_answer {
        return Ok(None);
    }
    let fields = &answer.fields;
    let body = body(&answer)?;
    let sha256 = Sha256::digest(&body).to_vec();
    if known.may_answer && known.sha256 == Some(sha256.as_slice()) {
        return Ok(None);
    }
    Ok(Some(Fetched {
        body,
        sha256,
        media_type: text(fields, &CONTENT_TYPE),
        etag: text(fields, &ETAG),
        last_modified: text(fields, &LAST_MODIFIED),
    }))
}

/// Whose remote documents are wanted.
pub(super) struct Wanted<'a> {
    pub(super) client: &'a Client,
    pub(super) policy: &'a Policy,
    pub(super) source: &'a [u8],
    pub(super) url: Option<&'a str>,
}

/// Fetches every document that a document refers to, and those that they refer to. One that cannot be had is a finding, with
/// which nothing is published: a page with holes helps nobody.
pub(super) async fn remotes(
    wanted: Wanted<'_>,
    running: &Running,
    steps: &mut Steps,
) -> Result<Result<Vec<(String, String)>, Finding>, Failure> {
    steps.enter(running, Step::Parsing, None).await?;
    let mut missing: BTreeSet<String> = references(wanted.source.to_vec(), wanted.url).await?;
    steps.count(wanted.source.len() as u64);
    steps
        .enter(running, Step::Resolving, Some(missing.len() as u64))
        .await?;
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    let mut left = REMOTE_DOCUMENTS_MAX_BYTES;
    for _ in 0..REMOTE_DEPTH_MAX {
        let mut next = BTreeSet::new();
        for url in missing {
            if found.len() >= REMOTE_DOCUMENTS_MAX {
                let message = format!("It refers to more than {REMOTE_DOCUMENTS_MAX} other documents.");
                return Ok(Err(problem("reference-too-many", &message)));
            }
            let limit = REMOTE_DOCUMENT_MAX_BYTES.min(left);
            let got = match one(wanted.client, wanted.policy, &url, limit).await {
                Ok(got) => got,
                Err(why) => {
                    let message = format!("What it refers to cannot be fetched from {}: {why}.", shown(&url));
                    return Ok(Err(problem("reference-not-fetched", &message)));
                }
            };
            left -= got.len();
            next.extend(references(got.clone().into_bytes(), Some(&url)).await?);
            found.insert(url, got);
            steps.count(found.len() as u64);
        }
        next.retain(|url| !found.contains_key(url) && Some(url.as_str()) != wanted.url);
        if next.is_empty() {
            return Ok(Ok(found.into_iter().collect()));
        }
        missing = next;
    }
    let message = format!("Documents refer to documents more than {REMOTE_DEPTH_MAX} times in a row.");
    Ok(Err(problem("reference-too-deep", &message)))
}

/// Reading may take a while, so it happens on a thread for that.
async fn references(bytes: Vec<u8>, url: Option<&str>) -> Result<BTreeSet<String>, Failure> {
    let url = url.map(str::to_owned);
    let reading = move || {
        let source = Source {
            bytes: &bytes,
            url: url.as_deref(),
        };
        remote_references(&source).into_iter().collect()
    };
    tokio::task::spawn_blocking(reading)
        .await
        .map_err(|_| Failure::Retry("reading the document broke off".to_owned()))
}

async fn one(client: &Client, policy: &Policy, url: &str, limit: usize) -> Result<String, String> {
    let answer = client
        .send(request(url, limit), policy)
        .await
        .map_err(|error| words(&error))?;
    String::from_utf8(body(&answer)?).map_err(|_| "it is no text in UTF-8".to_owned())
}

fn request(url: &str, limit: usize) -> Request {
    Request::get(url)
        .field(ACCEPT, HeaderValue::from_static(ACCEPTED))
        .max_redirects(FETCH_REDIRECTS_MAX)
        .max_body_bytes(limit, gatewright_egress::Overflow::Refuse)
        .total_timeout(FETCH_TIMEOUT)
}

fn body(answer: &Answer) -> Result<Vec<u8>, String> {
    if answer.status != StatusCode::OK {
        return Err(format!("it answers {}", answer.status.as_u16()));
    }
    if answer.body.trim_ascii().is_empty() {
        return Err("it is empty".to_owned());
    }
    Ok(answer.body.to_vec())
}

fn text(fields: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = fields.get(name)?.to_str().ok()?;
    (value.len() <= VALIDATOR_MAX_BYTES).then(|| value.to_owned())
}

/// Why there is no answer. Addresses that a name leads to are the installation's affair; no text of an error holds one.
fn words(error: &EgressError) -> String {
    error.to_string()
}

/// An address as it may be shown: user, password and query may be secret.
fn shown(url: &str) -> String {
    let Ok(mut url) = url::Url::parse(url) else {
        return "an address that is none".to_owned();
    };
    // Where there can be none, there is none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    url.into()
}
