//! Where to go on after a sign-in: decided here and nowhere else.

use url::form_urlencoded;

/// Longest path that is gone on to; longer ones are forgotten.
const MAX_BYTES: usize = 1024;

/// The text if it is a path of this host and can be read in no other way, else nothing.
///
/// Browsers take `\` for `/` and leave out tabs and line ends (WHATWG URL §4.4), proxies decode `%2f` and `%5c`, and a
/// second `/` at the beginning starts a host. None of these is needed to name a page of ours, so all are refused.
pub(crate) fn local(text: &str) -> Option<&str> {
    if text.len() > MAX_BYTES || !text.starts_with('/') || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        return None;
    }
    let path = text.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    let two_readings = ["//", "%2f", "%5c", "%0", "%1"];
    if text.contains('\\') || two_readings.iter().any(|part| path.contains(part)) {
        return None;
    }
    Some(text)
}

/// A page of ours that goes on to another afterwards.
pub(crate) fn with(page: &str, return_to: Option<&str>) -> String {
    match return_to {
        Some(path) => format!("{page}{}returnTo={}", separator(page), encoded(path)),
        None => page.to_owned(),
    }
}

fn separator(page: &str) -> char {
    if page.contains('?') { '&' } else { '?' }
}

/// As a value in a query.
pub(crate) fn encoded(text: &str) -> String {
    form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use url::Url;

    use super::local;

    #[test]
    fn a_path_of_ours_is_gone_on_to() {
        for path in [
            "/",
            "/account",
            "/account/security?tab=1&returnTo=/a",
            "/console/people#open",
            "/a?q=%2f%2fb",
        ] {
            assert_eq!(local(path), Some(path));
        }
    }

    #[test]
    fn nothing_that_a_browser_or_a_proxy_could_read_as_another_host_is_gone_on_to() {
        for evil in [
            "",
            "account",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/%5cevil.example",
            "/%5Cevil.example",
            "/%2f/evil.example",
            "/%2F%2Fevil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "/ /evil.example",
            "/%09/evil.example",
            "/%0d%0aLocation:%20//evil.example",
            "https:evil.example",
            "https://evil.example",
            "HTTP://evil.example/",
            "//acme.localhost@evil.example",
            "/@evil.example\\",
            "/..//evil.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "/\u{ff0f}evil.example",
            "/\u{0}/evil.example",
        ] {
            assert_eq!(local(evil), None, "{evil:?}");
        }
        assert_eq!(local(&format!("/{}", "a".repeat(2000))), None);
    }

    proptest! {
        #[test]
        fn what_is_gone_on_to_stays_on_the_host(text in r"(/|\\|%2f|%5C|%09|\t|\n|\.|@|:|\?|#|evil\.example|https|javascript| |[a-z%0-9é]){0,12}") {
            let base = Url::parse("https://acme.example.com/sign-in?returnTo=x").unwrap();
            if let Some(path) = local(&text) {
                let joined = base.join(path).unwrap();
                prop_assert_eq!(joined.origin(), base.origin());
                prop_assert!(joined.username().is_empty() && joined.password().is_none());
                // What a proxy makes of it by decoding once more stays here as well.
                let decoded = path.replace("%2f", "/").replace("%2F", "/").replace("%5c", "\\").replace("%5C", "\\");
                if !path.contains(['?', '#']) {
                    prop_assert_eq!(base.join(&decoded).unwrap().origin(), base.origin());
                }
            }
        }

        #[test]
        fn any_text_is_read_without_a_panic(text in any::<String>()) {
            let base = Url::parse("https://acme.example.com/").unwrap();
            if let Some(path) = local(&text) {
                prop_assert_eq!(base.join(path).unwrap().origin(), base.origin());
            }
        }
    }
}
