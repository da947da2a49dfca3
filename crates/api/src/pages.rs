//! The few pages of the control plane itself: what runs here, and one page per problem code.

use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

use crate::ApiState;
use crate::error::ApiError;

/// No script, no frame, no other origin; the one style sheet stands in the page.
const CONTENT_SECURITY_POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const STYLE: &str = "\
:root{color-scheme:light dark;--ink:light-dark(#1b1f24,#e6e8eb);--soft:light-dark(#59636e,#9aa4af);\
--line:light-dark(#d8dee4,#30363d);--paper:light-dark(#fff,#0e1116)}\
body{font:16px/1.6 system-ui,sans-serif;max-width:44rem;margin:4rem auto;padding:0 1.5rem;color:var(--ink);background:var(--paper)}\
h1{font-size:1.6rem;margin:0 0 .25rem}p{color:var(--soft);margin:.25rem 0 1.5rem}a{color:inherit}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:.6rem 1.5rem;border-top:1px solid var(--line);padding-top:1.5rem}\
dt{color:var(--soft)}dd{margin:0}code,pre{font:14px/1.6 ui-monospace,monospace}\
pre{white-space:pre-wrap;border:1px solid var(--line);border-radius:8px;padding:1rem 1.25rem}";

/// `GET /`: says what runs, and where to go on.
pub(crate) async fn home(State(state): State<ApiState>) -> Response {
    let gateway = state.gateway_url().map_or("none in this process".to_owned(), |url| {
        format!("<a href=\"{url}\">{url}</a>", url = escape(url))
    });
    page(
        "Gatewright",
        &format!(
            "<h1>Gatewright</h1><p>Version {version}. The control plane runs here.</p><dl>\
             <dt>API description</dt><dd><a href=\"/api/v1/openapi.json\">/api/v1/openapi.json</a> (OpenAPI 3.1)</dd>\
             <dt>API</dt><dd><code>/api/v1</code>, with <code>Authorization: Bearer gwo_…</code></dd>\
             <dt>Gateway</dt><dd>{gateway}</dd>\
             <dt>Health</dt><dd><a href=\"/health/live\">/health/live</a> · <a href=\"/health/ready\">/health/ready</a></dd>\
             <dt>Problems</dt><dd><a href=\"/errors\">/errors</a>: a page for every code</dd></dl>",
            version = env!("CARGO_PKG_VERSION"),
        ),
    )
}

/// `GET /errors`: every problem code.
pub(crate) async fn problems() -> Response {
    let items: String = PAGES
        .iter()
        .map(|(code, text)| {
            let title = text.lines().next().unwrap_or_default().trim_start_matches("# ");
            format!(
                "<dt><a href=\"/errors/{code}\"><code>{code}</code></a></dt><dd>{}</dd>",
                escape(title)
            )
        })
        .collect();
    page(
        "Problems",
        &format!("<h1>Problems</h1><p>Every code that an answer can carry.</p><dl>{items}</dl>"),
    )
}

/// `GET /errors/{code}`: one problem code.
pub(crate) async fn problem(Path(code): Path<String>) -> Result<Response, ApiError> {
    let code = code.strip_suffix(".md").unwrap_or(&code);
    let (code, text) = PAGES
        .iter()
        .find(|(known, _)| *known == code)
        .ok_or_else(|| ApiError::not_found("There is no problem with this code; /errors lists them all."))?;
    Ok(page(
        code,
        &format!("<p><a href=\"/errors\">Problems</a></p><pre>{}</pre>", escape(text)),
    ))
}

pub(crate) fn page(title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    );
    let mut response = (StatusCode::OK, Html(html)).into_response();
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(CONTENT_SECURITY_POLICY),
    );
    response
}

pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

macro_rules! pages {
    ($($code:literal),+ $(,)?) => {
        /// The pages of docs/errors, as they were when the program was built.
        const PAGES: &[(&str, &str)] = &[$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md")))),+];
    };
}

pages! {
    "address-not-allowed",
    "ambiguous-request",
    "approval-pending",
    "body-too-large",
    "cannot-honor",
    "code-invalid",
    "conflict",
    "connection-unusable",
    "credential-expired",
    "credential-out-of-scope",
    "credential-revoked",
    "credential-suspended",
    "credential-unknown",
    "cross-origin",
    "customer-suspended",
    "enrollment-code-invalid",
    "forbidden",
    "gateway-refused",
    "gateway-unconfirmed",
    "idempotency-in-flight",
    "idempotency-key-reused",
    "illegal-subscription-move",
    "in-use",
    "internal",
    "invalid-request",
    "job-state-conflict",
    "key-state-conflict",
    "last-owner",
    "limit-reached",
    "lookup-unavailable",
    "method-not-allowed",
    "no-credential",
    "no-gateway",
    "no-route",
    "no-tenant",
    "node-cut-off",
    "node-revoked",
    "not-found",
    "nothing-to-reveal",
    "open-by-default",
    "operator-suspended",
    "person-suspended",
    "precondition-failed",
    "reauthentication-required",
    "request-timed-out",
    "rotation-in-progress",
    "sign-in-failed",
    "sign-up-closed",
    "token-expired",
    "token-revoked",
    "too-many-attempts",
    "unauthenticated",
    "unavailable",
    "unsupported-media-type",
    "upstream-failed",
    "upstream-refused",
    "upstream-timed-out",
    "validation-failed",
    "webhook-endpoint-disabled",
}

#[cfg(test)]
mod tests {
    use super::PAGES;
    use gatewright_types::ProblemCode;

    #[test]
    fn every_code_has_a_page_here() {
        let mut codes: Vec<&str> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
        codes.sort_unstable();
        assert_eq!(PAGES.iter().map(|(code, _)| *code).collect::<Vec<_>>(), codes);
    }
}
