//! Sending somebody to a provider, and taking them back (RFC 6749 §4.1, RFC 7636, RFC 9700).
//!
//! What they come back with counts only where `state` is known, was not used, is minutes old, and is shown by the browser
//! that was sent, at the address that belongs to the provider it was sent to. Each provider has an address of its own, so an
//! answer of one that comes back as if it were another's is not taken (mix-up, RFC 9700 §4.4).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use gatewright_catalog::CatalogError;
use gatewright_types::CredentialHash;
use gatewright_types::ids::{IdentityProviderId, PersonId, SessionId};
use gatewright_vault::{BROWSER_TOKEN_PREFIX, mint_person_token};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use super::fault::Part;
use super::known::Asking;
use super::{IdentityProvider, ProviderKind, ProviderState, github, manage};
use crate::throttle::BEGUN_BY_ADDRESS;
use crate::visit::Visit;
use crate::{IdentityError, store};

/// How long somebody may be away.
pub const ERRAND_LIFE: TimeDelta = TimeDelta::minutes(10);
/// Longest path to go on to afterwards, in bytes.
pub const RETURN_TO_MAX_BYTES: usize = 2048;
/// What the sealed half of an errand is sealed as.
const SEALED: &str = "provider-errand";
/// What is asked for of an OpenID provider.
const SCOPE: &str = "openid email profile";

/// What somebody is sent to a provider for.
pub struct Wish {
    /// To which.
    pub provider_id: IdentityProviderId,
    /// Where the tenant is reached, without a slash at the end.
    pub portal_url: String,
    /// The path to go on to afterwards; none: `/`.
    pub return_to: Option<String>,
    /// Whose identity it is to become, asked for in which session; none: whoever it is signs in.
    pub links_to: Option<(PersonId, SessionId)>,
}

/// Somebody on their way.
pub struct Begun {
    /// Where their browser goes.
    pub authorization_url: String,
    /// What their browser holds meanwhile.
    pub browser: SecretString,
}

/// The half of an errand that nobody reads.
#[derive(Serialize, Deserialize)]
struct Secrets {
    nonce: String,
    verifier: String,
}

/// Sends somebody to a provider.
pub async fn begin(visit: &Visit, asking: Asking<'_>, wish: Wish) -> Result<Begun, IdentityError> {
    let return_to = wish.return_to.unwrap_or_else(|| "/".to_owned());
    if !is_own_path(&return_to) {
        let wrong = CatalogError::invalid("/returnTo", "expected a path of this site, beginning with one slash");
        return Err(wrong.into());
    }
    visit.count(&[(BEGUN_BY_ADDRESS, &visit.address())]).await?;
    let mut tx = visit.begin().await?;
    let provider = manage::get(&mut tx, wish.provider_id).await?;
    let now = tx.now();
    tx.close().await?;
    if provider.state != ProviderState::Active {
        return Err(IdentityError::not_found("identity provider", provider.id));
    }
    let metadata = asking.metadata(&provider, now).await?;

    let person_id = wish.links_to.map(|(person_id, _)| person_id);
    let mut tx = match wish.links_to {
        Some(who) => visit.begin_in(who).await?,
        None => visit.begin().await?,
    };
    let [state, nonce, verifier] = [(); 3].map(|()| URL_SAFE_NO_PAD.encode(tx.rng().bytes::<32>()));
    let browser = mint_person_token(BROWSER_TOKEN_PREFIX, tx.rng());
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
    let redirect_uri = redirect_uri(&wish.portal_url, provider.id);
    let mut url = Url::parse(&metadata.authorization_endpoint)
        .map_err(|_| Part::Configuration.fault("its authorization_endpoint is no URL"))?;
    url.set_fragment(None);
    url.query_pairs_mut()
        .append_pair("response_type", "code")
        .append_pair("client_id", &provider.client_id)
        .append_pair("redirect_uri", &redirect_uri)
        .append_pair("scope", scope(&provider))
        .append_pair("state", &state)
        .append_pair("code_challenge", &challenge)
        .append_pair("code_challenge_method", "S256");
    if provider.kind != ProviderKind::GitHub {
        url.query_pairs_mut().append_pair("nonce", &nonce);
    }
    let hash = CredentialHash::of(state.as_bytes());
    let secrets = SecretString::from(json!(Secrets { nonce, verifier }).to_string());
    let sealed = tx.seal(SEALED, sealed_id(&hash), 0, &secrets).await?;
    let row = store::errands::New {
        provider_id: provider.id,
        browser_hash: &browser.hash,
        sealed: sealed.as_bytes(),
        return_to: &return_to,
        person_id,
        expires_at: tx.now() + ERRAND_LIFE,
    };
    store::errands::insert(&mut tx, &hash, &row).await?;
    tx.happened(
        "identity",
        "provider_sign_in.created",
        provider.id,
        json!({ "personId": person_id }),
    );
    tx.commit().await?;
    Ok(Begun {
        authorization_url: url.into(),
        browser: browser.secret,
    })
}

/// Somebody who came back, with what only we know of their errand.
pub(super) struct Back {
    pub(super) provider: IdentityProvider,
    pub(super) client_secret: SecretString,
    pub(super) nonce: String,
    pub(super) verifier: SecretString,
    pub(super) return_to: String,
    pub(super) person_id: Option<PersonId>,
}

/// Takes somebody back; the errand is over from now on, whatever becomes of it.
pub(super) async fn take(
    visit: &Visit,
    provider_id: IdentityProviderId,
    state: &str,
    browser: &str,
) -> Result<Back, IdentityError> {
    let mut tx = visit.begin().await?;
    let hash = CredentialHash::of(state.as_bytes());
    let browser = CredentialHash::of(browser.as_bytes());
    let taken = store::errands::take(&mut tx, &hash, provider_id, &browser).await?;
    let taken = taken.ok_or(IdentityError::CodeInvalid)?;
    let provider = manage::get(&mut tx, provider_id).await?;
    let client_secret = manage::client_secret(&mut tx, &provider).await?;
    let sealed =
        gatewright_vault::Sealed::from_bytes(taken.sealed).map_err(gatewright_database::DatabaseError::from)?;
    let secrets = tx.open(SEALED, sealed_id(&hash), 0, &sealed).await?;
    tx.commit().await?;
    let secrets: Secrets = serde_json::from_str(secrets.expose_secret()).map_err(|_| IdentityError::CodeInvalid)?;
    if provider.state != ProviderState::Active {
        return Err(IdentityError::not_found("identity provider", provider.id));
    }
    Ok(Back {
        provider,
        client_secret,
        nonce: secrets.nonce,
        verifier: secrets.verifier.into(),
        return_to: taken.return_to,
        person_id: taken.person_id,
    })
}

/// Where a provider sends people back to: an address of its own.
pub fn redirect_uri(portal_url: &str, id: IdentityProviderId) -> String {
    format!("{portal_url}/sign-in/callback/{id}")
}

const fn scope(provider: &IdentityProvider) -> &'static str {
    match provider.kind {
        ProviderKind::GitHub => github::SCOPE,
        ProviderKind::Google | ProviderKind::Oidc => SCOPE,
    }
}

/// An errand has no id of its own but `state`.
fn sealed_id(state: &CredentialHash) -> Uuid {
    let mut id = [0; 16];
    id.copy_from_slice(&state.as_bytes()[..16]);
    Uuid::from_bytes(id)
}

/// Whether a text is a path of whatever host it is put behind, however a browser reads it: no `//evil`, no `/\evil`, and
/// nothing that a browser drops before it reads (WHATWG URL, "basic URL parser").
pub fn is_own_path(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() <= RETURN_TO_MAX_BYTES
        && bytes.first() == Some(&b'/')
        && bytes.get(1) != Some(&b'/')
        && bytes.iter().all(|byte| byte.is_ascii_graphic() && *byte != b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_to_another_site() {
        let base = Url::parse("https://acme.example.com/sign-in").unwrap();
        for own in [
            "/",
            "/console?x=1#y",
            "/%2F%2Fevil.example",
            "/a//b",
            "/@evil.example",
            "/.//evil.example",
        ] {
            assert!(is_own_path(own), "{own}");
            assert_eq!(base.join(own).unwrap().origin(), base.origin(), "{own}");
        }
        for other in [
            "",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "https://evil.example",
            "https:evil",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "evil",
            "@evil.example",
            "/é",
            "/a b",
        ] {
            assert!(!is_own_path(other), "{other:?}");
        }
        assert!(!is_own_path(&format!("/{}", "a".repeat(RETURN_TO_MAX_BYTES))));
    }
}
