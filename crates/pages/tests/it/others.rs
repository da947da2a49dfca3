//! Pages of descriptions that others wrote: all of them can be shown, and each is small.

use std::time::Instant;

use axum::body::Body;
use http::Request;

use crate::fake_api::pages;
use crate::published::{document, publish};
use crate::visitor::send;

const DOCUMENTS: [&str; 3] = [
    "@octokit/openapi/generated/api.github.com.json",
    "@blockfrost/openapi/openapi.yaml",
    "@readme/oas-examples/3.1/json/train-travel.json",
];
/// The largest page, compressed.
const PAGE_MAX_BYTES: usize = 25 * 1024;
/// How many pages of a large description are looked at.
const LOOKED_AT: usize = 150;

#[tokio::test]
async fn every_operation_and_schema_of_others_descriptions_has_a_page_of_at_most_25_kilobytes() {
    for name in DOCUMENTS {
        let Some(published) = document(name).and_then(|bytes| publish(&bytes)) else {
            eprintln!("{name} is not there: scripts/ensure-openapi-samples.sh");
            continue;
        };
        let known = published.clone();
        let (pages, _) = pages(move |line, _| known.answer(line).map(|answer| (200, answer, vec![])));
        let operations = published
            .operations
            .iter()
            .map(|link| format!("operations/{}", link.slug));
        let every: Vec<String> = operations
            .chain(published.schemas.iter().map(|slug| format!("schemas/{slug}")))
            .collect();
        let (mut sizes, mut times) = (Vec::new(), Vec::new());
        for path in every.iter().step_by(every.len().div_ceil(LOOKED_AT)) {
            let request = Request::get(format!("/docs/others/{path}")).header("accept-encoding", "gzip");
            let begun = Instant::now();
            let page = send(&pages, request.body(Body::empty()).unwrap()).await;
            times.push(begun.elapsed().as_micros());
            assert_eq!(page.status, 200, "{name}: {path}");
            assert!(
                page.length <= PAGE_MAX_BYTES,
                "{name}: {path} takes {} bytes",
                page.length
            );
            sizes.push(page.length);
        }
        sizes.sort_unstable();
        times.sort_unstable();
        eprintln!(
            "{name}: {} of {} pages, at most {} bytes; half in {} µs, all but one in a hundred in {} µs",
            sizes.len(),
            every.len(),
            sizes[sizes.len() - 1],
            times[times.len() / 2],
            times[times.len() * 99 / 100]
        );
    }
}
