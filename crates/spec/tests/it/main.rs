//! What descriptions, requests and samples promise.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "helpers of tests are tests, too"
)]

mod diff;
mod echo;
mod hostile;
mod mustache_cases;
mod others;
mod reading;
mod request_bodies;
mod request_styles;
mod rules;
mod samples_run;
mod shop;
mod snippetz;
mod twin;
mod versions;

use gatewright_spec::compile::{Compiled, RemoteDocuments, Source, compile};
use gatewright_spec::model::{Finding, Operation};

/// Compiles a text that was got nowhere and refers to nothing.
fn compiled(text: impl AsRef<[u8]>) -> Result<Compiled, Vec<Finding>> {
    let source = Source {
        bytes: text.as_ref(),
        url: None,
    };
    compile(&source, &RemoteDocuments::default())
}

/// An operation by its slug.
fn operation<'a>(compiled: &'a Compiled, slug: &str) -> &'a Operation {
    let mut operations = compiled.reference.operations.iter();
    let found = operations.find(|operation| operation.link.slug == slug);
    found.unwrap_or_else(|| panic!("there is no {slug}"))
}
