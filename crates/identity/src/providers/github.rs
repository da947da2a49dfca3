//! GitHub, which speaks OAuth 2.0 and not OpenID Connect: who somebody is, its API says.
//!
//! "Authorizing OAuth apps", <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>, and the
//! REST API's "Get the authenticated user" and "List email addresses for the authenticated user".

use gatewright_egress::Request;
use http::HeaderName;
use http::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::arrival::Somebody;
use super::ask;
use super::fault::{Fault, Part};
use super::known::Asking;
use super::metadata::Metadata;

/// Where it is, unless a company runs its own.
pub(super) const ISSUER: &str = "https://github.com";
/// Its own people, and their mail addresses, to read.
pub(super) const SCOPE: &str = "read:user user:email";
static API_VERSION: (HeaderName, HeaderValue) = (
    HeaderName::from_static("x-github-api-version"),
    HeaderValue::from_static("2022-11-28"),
);

/// Where its things are; it does not say so itself.
pub(super) fn metadata(issuer: &str) -> Metadata {
    Metadata {
        authorization_endpoint: format!("{issuer}/login/oauth/authorize"),
        token_endpoint: format!("{issuer}/login/oauth/access_token"),
        userinfo_endpoint: Some(api(issuer)),
        jwks_uri: None,
        algorithms: Vec::new(),
        basic: false,
        names_itself: false,
    }
}

/// Whether an answer may call itself by this name (RFC 9207): GitHub's own, or that of its OpenID metadata.
pub(super) fn is_issuer(issuer: &str, named: &str) -> bool {
    named
        .strip_prefix(issuer)
        .is_some_and(|rest| rest.is_empty() || rest == "/login/oauth")
}

/// Of github.com and of GitHub Enterprise Cloud with data residency below `api.`, of GitHub Enterprise Server below `/api/v3`.
fn api(issuer: &str) -> String {
    match issuer.split_once("://") {
        Some((scheme, host)) if issuer == ISSUER || host.ends_with(".ghe.com") => format!("{scheme}://api.{host}"),
        _ => format!("{issuer}/api/v3"),
    }
}

#[derive(Deserialize)]
struct User {
    id: i64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Email {
    email: String,
    primary: bool,
    verified: bool,
}

/// Who has this access token. Kept is the number, since a login can be given up and taken by another.
pub(super) async fn who(asking: Asking<'_>, issuer: &str, access_token: &SecretString) -> Result<Somebody, Fault> {
    let api = api(issuer);
    let user: User = get(asking, format!("{api}/user"), access_token).await?;
    // The one on the profile says nothing about whether it was verified.
    let emails: Vec<Email> = get(asking, format!("{api}/user/emails?per_page=100"), access_token).await?;
    let primary = emails.into_iter().find(|one| one.primary && one.verified);
    Ok(Somebody {
        subject: user.id.to_string(),
        email: primary.map(|one| one.email),
        name: user.name.filter(|name| !name.trim().is_empty()).or(Some(user.login)),
    })
}

async fn get<T: for<'de> Deserialize<'de>>(
    asking: Asking<'_>,
    url: String,
    access_token: &SecretString,
) -> Result<T, Fault> {
    let part = Part::UserInfo;
    let request = Request::get(url)
        .secret_field(
            AUTHORIZATION,
            bearer(access_token).ok_or_else(|| part.fault("its access token is none"))?,
        )
        .field(API_VERSION.0.clone(), API_VERSION.1.clone());
    let value: Value = ask::json(asking.client(), asking.policy, part, request).await?;
    serde_json::from_value(value).map_err(|_| part.fault("it lacks something that GitHub's API has"))
}

/// The field that shows an access token (RFC 6750 §2.1).
pub(super) fn bearer(token: &SecretString) -> Option<HeaderValue> {
    HeaderValue::try_from(format!("Bearer {}", token.expose_secret())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_is_where_each_github_has_it() {
        for (issuer, expected) in [
            ("https://github.com", "https://api.github.com"),
            ("https://octocorp.ghe.com", "https://api.octocorp.ghe.com"),
            ("https://git.example.com", "https://git.example.com/api/v3"),
            (
                "https://evil.example/.ghe.com.example",
                "https://evil.example/.ghe.com.example/api/v3",
            ),
        ] {
            assert_eq!(api(issuer), expected);
        }
        assert!(is_issuer(ISSUER, "https://github.com/login/oauth") && is_issuer(ISSUER, ISSUER));
        assert!(!is_issuer(ISSUER, "https://github.com.evil") && !is_issuer(ISSUER, ""));
    }
}
