//! The cookies of a session. No page's script can read any of them, and none leaves its host.

use chrono::TimeDelta;
use gatewright_identity::sessions::{ACCESS_TOKEN_LIFE, SESSION_LIFE, Tokens};
use gatewright_identity::sign_in::{DEVICE_LIFE, PENDING_LIFE};
use http::{HeaderMap, HeaderValue, header};
use secrecy::{ExposeSecret, SecretString};

/// One of our cookies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// The session's access token.
    Session,
    /// What renews it.
    Refresh,
    /// The first factor was right, and the second is owed.
    Pending,
    /// What the browser is known by.
    Device,
    /// What binds something that was begun to this browser.
    Begun,
}

/// How long something that was begun may take.
const BEGUN_LIFE: TimeDelta = TimeDelta::hours(24);
/// What the name begins with where only https brings it back (RFC 6265bis §4.1.3.2).
const HOST_PREFIX: &str = "__Host-";

impl Cookie {
    const fn name(self) -> &'static str {
        match self {
            Self::Session => "gatewright_session",
            Self::Refresh => "gatewright_refresh",
            Self::Pending => "gatewright_pending",
            Self::Device => "gatewright_device",
            Self::Begun => "gatewright_begun",
        }
    }

    const fn life(self) -> TimeDelta {
        match self {
            Self::Session => ACCESS_TOKEN_LIFE,
            Self::Refresh => SESSION_LIFE,
            Self::Pending => PENDING_LIFE,
            Self::Device => DEVICE_LIFE,
            Self::Begun => BEGUN_LIFE,
        }
    }

    /// Its value in a request. Over https only the one that nobody but this host can have set.
    pub(crate) fn read(self, headers: &HeaderMap, secure: bool) -> Option<&str> {
        let prefix = if secure { HOST_PREFIX } else { "" };
        let lines = headers.get_all(header::COOKIE).iter();
        let mut pairs = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'));
        pairs.find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name.strip_prefix(prefix)? == self.name() && !value.is_empty()).then_some(value)
        })
    }

    /// The field that sets it.
    pub(crate) fn set(self, value: &SecretString, secure: bool) -> Option<HeaderValue> {
        let line = self.line(value.expose_secret(), self.life().num_seconds(), secure);
        let mut field = HeaderValue::try_from(line).ok()?;
        field.set_sensitive(true);
        Some(field)
    }

    /// The field that takes it away.
    pub(crate) fn clear(self, secure: bool) -> Option<HeaderValue> {
        HeaderValue::try_from(self.line("", 0, secure)).ok()
    }

    fn line(self, value: &str, max_age_seconds: i64, secure: bool) -> String {
        let (prefix, attribute) = if secure { (HOST_PREFIX, "; Secure") } else { ("", "") };
        let name = self.name();
        format!("{prefix}{name}={value}; Path=/; Max-Age={max_age_seconds}; HttpOnly; SameSite=Lax{attribute}")
    }
}

/// Sets what a session needs from now on.
pub(crate) fn set_tokens(headers: &mut HeaderMap, tokens: &Tokens, secure: bool) {
    let refresh = tokens
        .refresh
        .as_ref()
        .and_then(|token| Cookie::Refresh.set(token, secure));
    for field in Cookie::Session.set(&tokens.access, secure).into_iter().chain(refresh) {
        headers.append(header::SET_COOKIE, field);
    }
}

/// Takes away what a session needed.
pub(crate) fn clear_session(headers: &mut HeaderMap, secure: bool) {
    for cookie in [Cookie::Session, Cookie::Refresh, Cookie::Pending] {
        if let Some(field) = cookie.clear(secure) {
            headers.append(header::SET_COOKIE, field);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_https_a_cookie_that_another_host_may_have_set_is_none() {
        let mut headers = HeaderMap::new();
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("a=b; gatewright_session=planted"),
        );
        headers.append(
            header::COOKIE,
            HeaderValue::from_static("__Host-gatewright_session=ours; __Host-gatewright_refresh="),
        );
        assert_eq!(Cookie::Session.read(&headers, true), Some("ours"));
        assert_eq!(Cookie::Session.read(&headers, false), Some("planted"));
        assert_eq!(Cookie::Refresh.read(&headers, true), None);
    }

    #[test]
    fn a_cookie_is_of_one_host_and_for_no_script() {
        let field = Cookie::Refresh.set(&"gwr_x".to_owned().into(), true).unwrap();
        assert_eq!(
            field.to_str().unwrap(),
            "__Host-gatewright_refresh=gwr_x; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure"
        );
        assert!(field.is_sensitive());
        let cleared = Cookie::Session.clear(false).unwrap();
        assert_eq!(
            cleared.to_str().unwrap(),
            "gatewright_session=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
    }
}
