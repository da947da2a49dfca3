//! What a provider says of itself: discovery (OpenID Connect Discovery 1.0 §4, RFC 8414).

use gatewright_egress::{Client, Policy, Request, Target};
use jsonwebtoken::Algorithm;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use serde::Deserialize;
use serde_json::Value;

use super::ask;
use super::fault::{Fault, Part};

/// Longest URL of a provider, in bytes.
pub(super) const URL_MAX_BYTES: usize = 2048;
/// Keys of a provider that are looked at.
const KEYS_MAX: usize = 100;
/// What an ID token may be signed with, as far as a provider says that it does. Nothing symmetric: whoever checks such a
/// signature could have written it.
const ALGORITHMS: [(&str, Algorithm); 4] = [
    ("RS256", Algorithm::RS256),
    ("PS256", Algorithm::PS256),
    ("ES256", Algorithm::ES256),
    ("EdDSA", Algorithm::EdDSA),
];

/// Where things of a provider are, and how it is spoken to.
#[derive(Debug)]
pub(super) struct Metadata {
    /// Where the browser is sent.
    pub(super) authorization_endpoint: String,
    /// Where a code is given for tokens.
    pub(super) token_endpoint: String,
    /// Who somebody is, for whoever has an access token.
    pub(super) userinfo_endpoint: Option<String>,
    /// What it signs with; none where it signs nothing.
    pub(super) jwks_uri: Option<String>,
    /// With which algorithms.
    pub(super) algorithms: Vec<Algorithm>,
    /// Whether our secret goes into the head of a request, not into its body.
    pub(super) basic: bool,
    /// Whether each answer says whose it is (RFC 9207).
    pub(super) names_itself: bool,
}

/// As it comes.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    id_token_signing_alg_values_supported: Option<Vec<String>>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    response_types_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

/// Asks a provider what it says of itself.
pub(super) async fn discover(client: &Client, policy: &Policy, issuer: &str) -> Result<Metadata, Fault> {
    // Only one slash between, as §4.1 says.
    let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let value = ask::json(client, policy, Part::Configuration, Request::get(url)).await?;
    let document: Document = serde_json::from_value(value)
        .map_err(|error| Part::Configuration.fault(format!("it lacks something: {error}")))?;
    read(document, issuer, policy)
}

fn read(document: Document, issuer: &str, policy: &Policy) -> Result<Metadata, Fault> {
    let wrong = |why: String| Part::Configuration.fault(why);
    // RFC 8414 §3.3: identical, or it is somebody else's.
    if document.issuer != issuer {
        let named: String = document.issuer.chars().take(200).collect();
        return Err(wrong(format!("it is that of the issuer {named:?}, not of {issuer:?}")));
    }
    let lacks = |offered: &Option<Vec<String>>, wanted: &str| {
        offered
            .as_ref()
            .is_some_and(|offered| !offered.iter().any(|one| one == wanted))
    };
    if lacks(&document.response_types_supported, "code") {
        return Err(wrong("it knows no response type `code`".to_owned()));
    }
    if lacks(&document.code_challenge_methods_supported, "S256") {
        return Err(wrong("it knows no code challenge `S256` (RFC 7636)".to_owned()));
    }
    let offered = document
        .id_token_signing_alg_values_supported
        .unwrap_or_else(|| vec!["RS256".to_owned()]);
    let algorithms: Vec<Algorithm> = ALGORITHMS
        .iter()
        .filter(|(name, _)| offered.iter().any(|one| one == name))
        .map(|(_, algorithm)| *algorithm)
        .collect();
    if algorithms.is_empty() {
        return Err(wrong("it signs with none of RS256, PS256, ES256, EdDSA".to_owned()));
    }
    // Absent means basic (Discovery §3).
    let basic = !lacks(&document.token_endpoint_auth_methods_supported, "client_secret_basic");
    if !basic && lacks(&document.token_endpoint_auth_methods_supported, "client_secret_post") {
        return Err(wrong(
            "its token endpoint takes a client secret neither by `client_secret_basic` nor by `client_secret_post`"
                .to_owned(),
        ));
    }
    let urls = [
        ("authorization_endpoint", Some(&document.authorization_endpoint)),
        ("token_endpoint", Some(&document.token_endpoint)),
        ("jwks_uri", Some(&document.jwks_uri)),
        ("userinfo_endpoint", document.userinfo_endpoint.as_ref()),
    ];
    for (name, url) in urls {
        if let Some(Err(why)) = url.map(|url| judge(url, policy)) {
            return Err(wrong(format!("{name}: {why}")));
        }
    }
    Ok(Metadata {
        authorization_endpoint: document.authorization_endpoint,
        token_endpoint: document.token_endpoint,
        userinfo_endpoint: document.userinfo_endpoint,
        jwks_uri: Some(document.jwks_uri),
        algorithms,
        basic,
        names_itself: document.authorization_response_iss_parameter_supported,
    })
}

/// What can be said of a URL without looking its name up; the rest is judged by each request.
pub(super) fn judge(url: &str, policy: &Policy) -> Result<(), String> {
    let target = Target::parse(url, URL_MAX_BYTES).map_err(|error| error.to_string())?;
    policy.judge_name(&target).map_err(|refusal| refusal.to_string())?;
    match target.address() {
        Some(address) => policy.judge(&target, address).map_err(|refusal| refusal.to_string()),
        None => Ok(()),
    }
}

/// Asks a provider for the keys that it signs with (RFC 7517 §5). One that cannot be read is none: the others count.
pub(super) async fn keys(client: &Client, policy: &Policy, url: &str) -> Result<Vec<Jwk>, Fault> {
    let value = ask::json(client, policy, Part::Keys, Request::get(url)).await?;
    let Value::Array(keys) = &value["keys"] else {
        return Err(Part::Keys.fault("there are none"));
    };
    let signs = |key: &Jwk| key.common.public_key_use != Some(PublicKeyUse::Encryption);
    let read = keys.iter().take(KEYS_MAX).filter_map(|key| Jwk::deserialize(key).ok());
    Ok(read.filter(signs).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(change: impl Fn(&mut Value)) -> Result<Metadata, String> {
        let mut value = json!({
            "issuer": "https://op.example",
            "authorization_endpoint": "https://op.example/auth",
            "token_endpoint": "https://op.example/token",
            "jwks_uri": "https://op.example/jwks",
            "id_token_signing_alg_values_supported": ["none", "HS256", "RS256", "ES256"],
        });
        change(&mut value);
        let document = serde_json::from_value(value).map_err(|error| error.to_string())?;
        read(document, "https://op.example", &Policy::default()).map_err(|fault| fault.to_string())
    }

    #[test]
    fn only_what_cannot_be_written_by_whoever_checks_it_is_accepted() {
        assert_eq!(
            document(|_| ()).unwrap().algorithms,
            [Algorithm::RS256, Algorithm::ES256]
        );
        let symmetric = document(|it| it["id_token_signing_alg_values_supported"] = json!(["none", "HS256", "HS512"]));
        assert!(symmetric.unwrap_err().contains("it signs with none of"));
        let silent = document(|it| it["id_token_signing_alg_values_supported"] = Value::Null).unwrap();
        assert_eq!(silent.algorithms, [Algorithm::RS256]);
    }

    #[test]
    fn another_issuer_is_another_provider_however_alike() {
        for other in [
            "https://op.example/",
            "https://OP.example",
            "https://op.example:443",
            "http://op.example",
            "",
        ] {
            let refused = document(|it| it["issuer"] = json!(other)).unwrap_err();
            assert!(refused.contains("it is that of the issuer"), "{other}: {refused}");
        }
    }

    #[test]
    fn the_secret_goes_where_the_provider_takes_it() {
        let methods = |methods: Value| document(|it| it["token_endpoint_auth_methods_supported"] = methods.clone());
        assert!(methods(Value::Null).unwrap().basic);
        assert!(
            methods(json!(["client_secret_post", "client_secret_basic"]))
                .unwrap()
                .basic
        );
        assert!(!methods(json!(["client_secret_post"])).unwrap().basic);
        assert!(
            methods(json!(["private_key_jwt", "none"]))
                .unwrap_err()
                .contains("neither by")
        );
    }

    #[test]
    fn what_a_provider_names_is_judged_like_the_provider() {
        for url in [
            "http://op.example/x",
            "https://user@op.example/x",
            "https://169.254.169.254/x",
            "https://10.0.0.1/",
            "javascript:alert(1)",
        ] {
            for field in [
                "authorization_endpoint",
                "token_endpoint",
                "jwks_uri",
                "userinfo_endpoint",
            ] {
                let refused = document(|it| it[field] = json!(url)).unwrap_err();
                assert!(refused.contains(field), "{field} {url}: {refused}");
            }
        }
    }
}
