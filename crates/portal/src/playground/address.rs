//! Where a call goes, and that nothing of what was filled in leads elsewhere.

use std::str::FromStr;

use gatewright_egress::{Opened, Policy, Target};

use super::PlaygroundError;
use super::send::invalid;

/// Longest URL, in bytes.
const URL_MAX_BYTES: usize = 8 * 1024;

/// The URL of a call. What follows from values stays below the base: a URL that is read differently from how it was written is refused.
pub(super) fn url_of(base_url: &str, target: &str) -> Result<String, PlaygroundError> {
    let elsewhere = || {
        invalid(
            "/values/parameters",
            "with these values the URL would lead somewhere else",
        )
    };
    let base = Target::parse(base_url, URL_MAX_BYTES).map_err(|error| invalid("/gatewayId", error.to_string()))?;
    let base = base.as_str().trim_end_matches('/');
    let url = format!("{base}{target}");
    if !target.starts_with('/') || url.len() > URL_MAX_BYTES {
        return Err(elsewhere());
    }
    match Target::parse(&url, URL_MAX_BYTES) {
        Ok(read) if read.as_str() == url => Ok(url),
        _ => Err(elsewhere()),
    }
}

/// Path and query of a URL that was read.
pub(super) fn target_of(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    url[authority..].find('/').map_or("/", |at| &url[authority + at..])
}

/// What may be reached: the one gateway. It is the installation's own, so it may be any address, and plain http.
pub(super) fn policy_of(url: &str) -> Result<Policy, PlaygroundError> {
    let target = Target::parse(url, URL_MAX_BYTES).map_err(|error| invalid("/gatewayId", error.to_string()))?;
    let opened = Opened::from_str(target.host()).map_err(|error| invalid("/gatewayId", error.to_string()))?;
    Ok(Policy {
        opened: vec![opened],
        ports: Some(vec![target.port()..=target.port()]),
        ..Policy::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_value_leads_elsewhere() {
        let base = "http://acme.localhost:8000/base";
        assert_eq!(
            url_of(base, "/v1/items/a%2Fb?q=1").unwrap(),
            format!("{base}/v1/items/a%2Fb?q=1")
        );
        assert_eq!(target_of(&url_of(base, "/v1?q=/").unwrap()), "/base/v1?q=/");
        for target in [
            "/../admin",
            "/v1/items/..",
            "/v1/%2e%2e/admin",
            "/v1/./a",
            "@evil.test/",
            ".evil.test/",
            ":80@evil.test/",
            "http://evil.test/",
            "/v1\\..\\..\\admin",
            "/v1 HTTP/1.1\r\nHost: evil.test",
            "/v1/a\tb",
            "/v1#fragment",
        ] {
            assert!(url_of(base, target).is_err(), "{target}");
        }
        // Below the base, whatever it looks like.
        assert_eq!(url_of(base, "//evil.test/").unwrap(), format!("{base}//evil.test/"));
    }
}
