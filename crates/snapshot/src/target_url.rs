//! A service's address: `http://host[:port][/base/path]`.

use crate::path;

/// Why a text is no target URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetUrlError {
    /// Not `http://` or `https://`.
    #[error("a target URL starts with http:// or https://")]
    Scheme,
    /// A user or password.
    #[error("a target URL holds no user or password")]
    User,
    /// A query or fragment.
    #[error("a target URL has no query and no fragment")]
    Query,
    /// The host.
    #[error("{0:?} is no host name, IPv4 address or IPv6 address in brackets")]
    Host(String),
    /// The port.
    #[error("{0:?} is no port from 1 to 65535")]
    Port(String),
    /// The base path.
    #[error("base path: {0}")]
    Path(#[from] path::PathFault),
}

/// A target URL in its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetUrl {
    /// Whether the connection is TLS.
    pub is_https: bool,
    /// Host name or address, in lower case and without brackets.
    pub host: String,
    /// The port, also when it is the scheme's own.
    pub port: u16,
    /// What goes into the `Host` field: host, and port when it is not the scheme's own.
    pub authority: String,
    /// Empty, or `/base/path` without a trailing slash.
    pub base_path: String,
}

impl TargetUrl {
    /// Reads a target URL.
    ///
    /// # Errors
    ///
    /// [`TargetUrlError`] says which part is wrong.
    pub fn parse(text: &str) -> Result<Self, TargetUrlError> {
        let (scheme, rest) = text.split_once("://").ok_or(TargetUrlError::Scheme)?;
        let is_https = match scheme.to_ascii_lowercase().as_str() {
            "http" => false,
            "https" => true,
            _ => return Err(TargetUrlError::Scheme),
        };
        if rest.contains(['?', '#']) {
            return Err(TargetUrlError::Query);
        }
        let (authority, base_path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(TargetUrlError::User);
        }
        let (bracketed, host, port) = split_authority(authority)?;
        let own_port = if is_https { 443 } else { 80 };
        let port = match port {
            None => own_port,
            Some(digits) => parse_port(digits)?,
        };
        let shown = if bracketed { format!("[{host}]") } else { host.clone() };
        let authority = if port == own_port {
            shown
        } else {
            format!("{shown}:{port}")
        };
        let base_path = match base_path.trim_end_matches('/') {
            "" => String::new(),
            path => path::normalize(path)?.into_owned(),
        };
        Ok(Self {
            is_https,
            host,
            port,
            authority,
            base_path,
        })
    }
}

fn split_authority(authority: &str) -> Result<(bool, String, Option<&str>), TargetUrlError> {
    let bad_host = || TargetUrlError::Host(authority.to_owned());
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, rest) = rest.split_once(']').ok_or_else(bad_host)?;
        let address: std::net::Ipv6Addr = host.parse().map_err(|_| bad_host())?;
        let port = match rest {
            "" => None,
            rest => Some(rest.strip_prefix(':').ok_or_else(bad_host)?),
        };
        return Ok((true, address.to_string(), port));
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    let well_formed = (1..=253).contains(&host.len())
        && host.bytes().all(known)
        && host
            .trim_end_matches('.')
            .split('.')
            .all(|label| (1..=63).contains(&label.len()));
    if !well_formed {
        return Err(bad_host());
    }
    Ok((false, host.to_ascii_lowercase(), port))
}

fn parse_port(digits: &str) -> Result<u16, TargetUrlError> {
    let bad_port = || TargetUrlError::Port(digits.to_owned());
    // `u16::from_str` also takes a plus sign.
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(bad_port());
    }
    digits.parse().ok().filter(|&port| port != 0).ok_or_else(bad_port)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::proptest;

    #[test]
    fn a_target_url_comes_apart() {
        let url = TargetUrl::parse("https://API.Example.com/v2/").unwrap();
        assert_eq!(
            (url.is_https, url.host.as_str(), url.port),
            (true, "api.example.com", 443)
        );
        assert_eq!(
            (url.authority.as_str(), url.base_path.as_str()),
            ("api.example.com", "/v2")
        );
        let url = TargetUrl::parse("http://[::1]:8080").unwrap();
        assert_eq!(
            (url.host.as_str(), url.port, url.authority.as_str()),
            ("::1", 8080, "[::1]:8080")
        );
        assert_eq!(url.base_path, "");
        assert_eq!(TargetUrl::parse("http://127.0.0.1:80/").unwrap().authority, "127.0.0.1");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, words) in [
            ("ftp://a", "starts with http"),
            ("//a", "starts with http"),
            ("http://user:pw@a", "no user"),
            ("http://a/b?c", "no query"),
            ("http://a#b", "no query"),
            ("http://", "is no host"),
            ("http:///x", "is no host"),
            ("http://a..b", "is no host"),
            ("http://a b", "is no host"),
            ("http://[::1", "is no host"),
            ("http://[::g]", "is no host"),
            ("http://a:0", "is no port"),
            ("http://a:+80", "is no port"),
            ("http://a:65536", "is no port"),
            ("http://a:", "is no port"),
            ("http://a/../b", "base path: the path holds a dot segment"),
            ("http://a//b", "base path"),
        ] {
            let error = TargetUrl::parse(text).unwrap_err().to_string();
            assert!(error.contains(words), "{text}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(https?://)?[a-z0-9.:@/?#\\[\\]%-]{0,30}") {
            let _ = TargetUrl::parse(&text);
        }
    }
}
