//! Somebody comes back from a provider: the code is given for its word on who they are, and that is looked up here.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_egress::Request;
use gatewright_types::ids::{IdentityProviderId, PersonId, SessionId};
use http::header::{AUTHORIZATION, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::Value;

use super::errand::{self, Back};
use super::fault::{Fault, Part};
use super::id_token::{self, Claims, Disbelief, Expected};
use super::identities::{self, Arrived};
use super::known::Asking;
use super::metadata::Metadata;
use super::{ProviderKind, ask, github};
use crate::IdentityError;
use crate::visit::Visit;

/// Longest code, `state` or name of an issuer that a provider may send back, in bytes.
pub const ANSWER_PART_MAX_BYTES: usize = 4096;

/// What a provider sent a browser back with (RFC 6749 §4.1.2, RFC 9207).
#[derive(Default)]
pub struct Answer {
    /// What we sent along.
    pub state: String,
    /// What is given for tokens.
    pub code: Option<String>,
    /// Why there is none.
    pub error: Option<String>,
    /// Who says so.
    pub iss: Option<String>,
}

/// What came of it, once `tx` is committed.
pub struct Completed {
    /// Who they are.
    pub arrived: Arrived,
    /// The path to go on to.
    pub return_to: String,
    /// What was done, to be committed.
    pub tx: TenantTx,
}

/// Somebody, as a provider knows them.
#[derive(Debug)]
pub(super) struct Somebody {
    /// What the provider calls them; never given to anybody else.
    pub(super) subject: String,
    /// Their mail address, if the provider has verified it.
    pub(super) email: Option<String>,
    /// Their name.
    pub(super) name: Option<String>,
}

/// Somebody who came back, and whose errand is over whatever becomes of it.
pub struct Arrival {
    back: Back,
    answer: Answer,
}

/// Takes somebody back, by what their browser holds since it was sent, at the address of this provider.
pub async fn take(
    visit: &Visit,
    provider_id: IdentityProviderId,
    browser: &str,
    answer: Answer,
) -> Result<Arrival, IdentityError> {
    let parts = [
        Some(&answer.state),
        answer.code.as_ref(),
        answer.error.as_ref(),
        answer.iss.as_ref(),
    ];
    if parts
        .into_iter()
        .flatten()
        .any(|part| part.len() > ANSWER_PART_MAX_BYTES)
    {
        return Err(IdentityError::CodeInvalid);
    }
    let back = errand::take(visit, provider_id, &answer.state, browser).await?;
    Ok(Arrival { back, answer })
}

impl Arrival {
    /// Whose identity it is to become; only in their own session it does.
    pub const fn links_to(&self) -> Option<PersonId> {
        self.back.person_id
    }

    /// Completes the errand: whoever it is signs in, signs up, or has one more identity. The caller commits.
    ///
    /// `portal_url` is where the tenant is reached, without a slash at the end; `signed_in` whose session came along.
    pub async fn complete(
        self,
        visit: &Visit,
        asking: Asking<'_>,
        portal_url: &str,
        signed_in: Option<(PersonId, SessionId)>,
    ) -> Result<Completed, IdentityError> {
        let Self { back, answer } = self;
        // Linked is to whoever asked for it, in a session of their own.
        let links_to = match back.person_id {
            Some(person_id) => Some(
                signed_in
                    .filter(|(who, _)| *who == person_id)
                    .ok_or(IdentityError::CodeInvalid)?,
            ),
            None => None,
        };
        let now = visit.database.clock().now();
        let metadata = asking.metadata(&back.provider, now).await?;
        let code = judge(&back, &metadata, &answer)?;
        let redirect_uri = errand::redirect_uri(portal_url, back.provider.id);
        let tokens = exchange(asking, &back, &metadata, &code, &redirect_uri).await?;
        let somebody = match back.provider.kind {
            ProviderKind::GitHub => github::who(asking, &back.provider.issuer, &tokens.access_token).await?,
            ProviderKind::Google | ProviderKind::Oidc => who(asking, &back, &metadata, &tokens, now).await?,
        };
        let (arrived, tx) = identities::arrive(visit, &back.provider, somebody, links_to).await?;
        Ok(Completed {
            arrived,
            return_to: back.return_to,
            tx,
        })
    }
}

/// The code of an answer, if the answer is that of the provider that somebody was sent to.
fn judge(back: &Back, metadata: &Metadata, answer: &Answer) -> Result<SecretString, IdentityError> {
    let issuer = &back.provider.issuer;
    let is_its_own = match &answer.iss {
        Some(named) if back.provider.kind == ProviderKind::GitHub => github::is_issuer(issuer, named),
        Some(named) => named == issuer,
        None => !metadata.names_itself,
    };
    if !is_its_own {
        return Err(Part::Answer
            .fault("it is that of another provider, or does not say whose it is")
            .into());
    }
    match (&answer.error, &answer.code) {
        (Some(error), _) if error == "access_denied" => {
            Err(IdentityError::ProviderRefused("you were not let go on there"))
        }
        (Some(error), _) => Err(Part::Answer.fault(format!("it says {}", ask::code(error))).into()),
        (None, Some(code)) => Ok(code.clone().into()),
        (None, None) => Err(Part::Answer.fault("it has neither a code nor an error").into()),
    }
}

struct Tokens {
    access_token: SecretString,
    id_token: Option<SecretString>,
}

/// As they come.
#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    token_type: String,
    id_token: Option<SecretString>,
}

/// Gives a code for tokens (RFC 6749 §4.1.3).
async fn exchange(
    asking: Asking<'_>,
    back: &Back,
    metadata: &Metadata,
    code: &SecretString,
    redirect_uri: &str,
) -> Result<Tokens, Fault> {
    let part = Part::TokenEndpoint;
    let (client_id, secret) = (back.provider.client_id.as_str(), back.client_secret.expose_secret());
    let mut fields = vec![
        ("grant_type", "authorization_code"),
        ("code", code.expose_secret()),
        ("redirect_uri", redirect_uri),
        ("code_verifier", back.verifier.expose_secret()),
    ];
    let request = if metadata.basic {
        ask::form(&metadata.token_endpoint, &fields).secret_field(AUTHORIZATION, basic(client_id, secret))
    } else {
        fields.extend([("client_id", client_id), ("client_secret", secret)]);
        ask::form(&metadata.token_endpoint, &fields)
    };
    let value = ask::json(asking.client(), asking.policy, part, request).await?;
    // GitHub answers an error with 200.
    if let Some(error) = value["error"].as_str() {
        return Err(part.fault(format!("it answered {}", ask::code(error))));
    }
    let answer: TokenAnswer = serde_json::from_value(value).map_err(|_| part.fault("it answered no tokens"))?;
    if !answer.token_type.eq_ignore_ascii_case("bearer") {
        return Err(part.fault("its access token is no bearer token"));
    }
    Ok(Tokens {
        access_token: answer.access_token,
        id_token: answer.id_token,
    })
}

/// RFC 6749 §2.3.1: both halves are written as in a form before they are put together.
fn basic(client_id: &str, secret: &str) -> HeaderValue {
    let encode = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let pair = STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret)));
    HeaderValue::try_from(format!("Basic {pair}")).expect("base64 is visible ASCII")
}

/// Who an OpenID provider says it is.
async fn who(
    asking: Asking<'_>,
    back: &Back,
    metadata: &Metadata,
    tokens: &Tokens,
    now: DateTime<Utc>,
) -> Result<Somebody, Fault> {
    let token = tokens
        .id_token
        .as_ref()
        .ok_or_else(|| Part::IdToken.fault("there is none"))?;
    let claims = believed(asking, back, metadata, (token, &tokens.access_token), now).await?;
    let mut somebody = Somebody {
        email: verified(claims.email, claims.email_verified.as_ref()),
        subject: claims.sub,
        name: claims.name,
    };
    if somebody.email.is_none()
        && let Some(url) = &metadata.userinfo_endpoint
    {
        ask_for_more(asking, url, &tokens.access_token, &mut somebody).await?;
    }
    Ok(somebody)
}

/// Reads the ID token; where its key is unknown, once more with the provider's newest keys.
async fn believed(
    asking: Asking<'_>,
    back: &Back,
    metadata: &Metadata,
    (id_token, access_token): (&SecretString, &SecretString),
    now: DateTime<Utc>,
) -> Result<Claims, Fault> {
    let url = metadata
        .jwks_uri
        .as_deref()
        .ok_or_else(|| Part::Keys.fault("it has none"))?;
    let expected = Expected {
        issuer: &back.provider.issuer,
        client_id: &back.provider.client_id,
        nonce: &back.nonce,
        access_token: access_token.expose_secret(),
        algorithms: &metadata.algorithms,
        now,
    };
    let id = back.provider.id;
    let keys = asking.keys(id, url, now).await?;
    let mut read = id_token::read(id_token.expose_secret(), &keys, &expected);
    if matches!(read, Err(Disbelief::UnknownKey))
        && let Some(newer) = asking.keys_again(id, url, now).await?
    {
        read = id_token::read(id_token.expose_secret(), &newer, &expected);
    }
    read.map_err(|disbelief| match disbelief {
        Disbelief::UnknownKey => Part::IdToken.fault("it is signed with a key that the provider does not show"),
        Disbelief::Wrong(why) => Part::IdToken.fault(why),
    })
}

/// Asks for what the ID token does not say (OpenID Connect Core §5.3).
async fn ask_for_more(
    asking: Asking<'_>,
    url: &str,
    access_token: &SecretString,
    somebody: &mut Somebody,
) -> Result<(), Fault> {
    let part = Part::UserInfo;
    let field = github::bearer(access_token).ok_or_else(|| part.fault("the access token cannot be sent"))?;
    let request = Request::get(url).secret_field(AUTHORIZATION, field);
    let value = ask::json(asking.client(), asking.policy, part, request).await?;
    // §5.3.2: whoever else it is about, it is not them.
    if value["sub"].as_str() != Some(somebody.subject.as_str()) {
        return Err(part.fault("it is about somebody else"));
    }
    let text = |name: &str| value[name].as_str().map(str::to_owned);
    somebody.email = verified(text("email"), value.get("email_verified"));
    somebody.name = somebody.name.take().or_else(|| text("name"));
    Ok(())
}

/// A mail address that the provider says it has verified. Some providers write the claim as a string (Apple, Amazon Cognito).
fn verified(email: Option<String>, claim: Option<&Value>) -> Option<String> {
    let is_verified = match claim {
        Some(Value::Bool(is_verified)) => *is_verified,
        Some(Value::String(text)) => text == "true",
        _ => false,
    };
    email.filter(|_| is_verified)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_provider_verified_is_a_mail_address() {
        let email = || Some("ada@example.com".to_owned());
        assert_eq!(verified(email(), Some(&json!(true))), email());
        assert_eq!(verified(email(), Some(&json!("true"))), email());
        for other in [
            json!(false),
            json!("false"),
            json!("TRUE"),
            json!(1),
            json!(null),
            json!(["true"]),
        ] {
            assert_eq!(verified(email(), Some(&other)), None, "{other}");
        }
        assert_eq!(verified(email(), None), None);
    }

    #[test]
    fn both_halves_of_basic_are_written_as_in_a_form() {
        // RFC 6749 §2.3.1 and appendix B.
        let field = basic("a:b", "p+ß &%");
        let expected = STANDARD.encode("a%3Ab:p%2B%C3%9F+%26%25");
        assert_eq!(field.to_str().unwrap(), format!("Basic {expected}"));
    }
}
