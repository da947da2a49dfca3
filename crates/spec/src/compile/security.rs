//! Who may call, in plain words.

use super::words::{line, line_of, prose_of, web_url};
use crate::description::Description;
use crate::limits::{SECURITY_MAX, WORDS_MAX};
use crate::model::{Location, OAuthFlow, RequiredScheme, Requirement, SecurityKind, SecurityScheme};
use crate::tree::Node;

/// Every way to show who one is.
pub(super) fn schemes(description: &Description<'_>) -> Vec<SecurityScheme> {
    let schemes = description
        .component("securitySchemes")
        .into_iter()
        .flat_map(Node::entries)
        .take(SECURITY_MAX);
    schemes
        .filter_map(|(name, scheme)| self::scheme(description, name, scheme))
        .collect()
}

fn scheme<'t>(description: &Description<'t>, name: &str, scheme: Node<'t>) -> Option<SecurityScheme> {
    let scheme = description.resolve(scheme)?;
    let base = description.tree.top(description.tree.document(scheme.id)).0;
    let http = line_of(scheme, "scheme");
    let (mut location, mut field) = (None, None);
    let (kind, words) = match scheme.get_text("type")? {
        "apiKey" => {
            let key = line_of(scheme, "name");
            let (place, words) = match scheme.get_text("in")? {
                "header" => (Location::Header, format!("An API key in the header {key}")),
                "query" => (Location::Query, format!("An API key as the query parameter {key}")),
                "cookie" => (Location::Cookie, format!("An API key in the cookie {key}")),
                _ => return None,
            };
            location = Some(place);
            field = Some(key);
            (SecurityKind::ApiKey, words)
        }
        "http" if http.eq_ignore_ascii_case("basic") => (
            SecurityKind::Basic,
            "A user name and a password (HTTP Basic)".to_owned(),
        ),
        "http" if http.eq_ignore_ascii_case("bearer") => {
            let format = line_of(scheme, "bearerFormat");
            let format = if format.is_empty() {
                format
            } else {
                format!(" ({format})")
            };
            (
                SecurityKind::Bearer,
                format!("A bearer token{format} in the header Authorization"),
            )
        }
        "http" => {
            let words = format!("A credential of the scheme {http} in the header Authorization");
            field = Some(http);
            (SecurityKind::Http, words)
        }
        "oauth2" => (
            SecurityKind::OAuth2,
            "An access token got by OAuth 2.0, in the header Authorization".to_owned(),
        ),
        "openIdConnect" => (
            SecurityKind::OpenIdConnect,
            "An access token got by OpenID Connect, in the header Authorization".to_owned(),
        ),
        "mutualTLS" => (SecurityKind::MutualTls, "A client certificate (mutual TLS)".to_owned()),
        _ => return None,
    };
    let flows = scheme.get("flows").into_iter().flat_map(Node::entries).take(8);
    Some(SecurityScheme {
        name: line(name),
        kind,
        words,
        description: prose_of(scheme, "description"),
        location,
        field,
        flows: flows.map(|(name, flow)| self::flow(base, name, flow)).collect(),
        deprecated: scheme.is_true("deprecated"),
    })
}

fn flow(base: &str, name: &str, flow: Node<'_>) -> OAuthFlow {
    let url = |key| flow.get_text(key).and_then(|url| web_url(base, url));
    let scopes = flow
        .get("scopes")
        .into_iter()
        .flat_map(Node::entries)
        .take(SECURITY_MAX);
    OAuthFlow {
        flow: line(name),
        authorization_url: url("authorizationUrl").or_else(|| url("deviceAuthorizationUrl")),
        token_url: url("tokenUrl"),
        scopes: scopes
            .map(|(name, meaning)| (line(name), meaning.words().map(line).unwrap_or_default()))
            .collect(),
    }
}

/// What an operation asks for, and whether it may be called without.
pub(super) fn requirements(
    description: &Description<'_>,
    schemes: &[SecurityScheme],
    operation: Node<'_>,
) -> (Vec<Requirement>, bool) {
    let security = operation.get("security").or_else(|| description.root.get("security"));
    let (mut requirements, mut anonymous) = (Vec::new(), security.is_none_or(|security| security.len() == 0));
    for requirement in security.into_iter().flat_map(Node::items).take(SECURITY_MAX) {
        if requirement.len() == 0 {
            anonymous = true;
            continue;
        }
        let required = requirement.entries().take(WORDS_MAX);
        let required: Vec<RequiredScheme> = required
            .filter_map(|(name, scopes)| {
                let scheme = schemes.iter().find(|scheme| scheme.name == name)?;
                Some(RequiredScheme {
                    name: scheme.name.clone(),
                    kind: scheme.kind,
                    words: scheme.words.clone(),
                    scopes: scopes
                        .items()
                        .filter_map(Node::text)
                        .take(WORDS_MAX)
                        .map(line)
                        .collect(),
                })
            })
            .collect();
        if !required.is_empty() {
            requirements.push(Requirement { schemes: required });
        }
    }
    (requirements, anonymous)
}
