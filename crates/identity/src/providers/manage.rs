//! What operators do with providers.

use gatewright_catalog::CatalogError;
use gatewright_catalog::check::Checks;
use gatewright_database::error::broken_unique;
use gatewright_database::{DatabaseError, Page, PageRequest, TenantTx};
use gatewright_egress::Target;
use gatewright_types::ids::IdentityProviderId;
use gatewright_vault::Sealed;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::known::Asking;
use super::metadata::{self, URL_MAX_BYTES};
use super::{CLIENT_SECRET, IdentityProvider, PROVIDERS_PER_TENANT_MAX, ProviderKind, ProviderState, github};
use crate::{IdentityError, store};

/// Longest client id and client secret, in bytes.
pub const CLIENT_MAX_BYTES: usize = 1024;
const GOOGLE: &str = "https://accounts.google.com";

/// What a provider is made from. It has no `Debug`: it holds a secret.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewIdentityProvider {
    /// What it speaks.
    pub kind: ProviderKind,
    /// What people read on its button, unique in the tenant.
    #[schema(min_length = 1, max_length = 200, example = "Globex")]
    pub name: String,
    /// Of OIDC: its issuer, exactly as it writes it. Of GITHUB: where a company runs its own; else absent. Of GOOGLE: absent.
    /// It never changes.
    #[schema(max_length = 2048, example = "https://login.example.com")]
    pub issuer: Option<String>,
    /// What we are to it.
    #[schema(min_length = 1, max_length = 1024)]
    pub client_id: String,
    /// What shows it that we are; kept sealed and never shown.
    #[schema(value_type = String, min_length = 1, max_length = 1024)]
    pub client_secret: SecretString,
    /// Whether somebody unknown may sign up by it, within what the settings of sign-up allow; true when absent.
    #[schema(default = true)]
    pub signs_up: Option<bool>,
}

/// What to change of a provider; what is absent stays.
#[derive(Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct IdentityProviderChange {
    /// What people read on its button.
    #[schema(min_length = 1, max_length = 200)]
    pub name: Option<String>,
    /// What we are to it.
    #[schema(min_length = 1, max_length = 1024)]
    pub client_id: Option<String>,
    /// What shows it that we are.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 1024)]
    pub client_secret: Option<SecretString>,
    /// Whether somebody unknown may sign up by it.
    pub signs_up: Option<bool>,
    /// DISABLED: nobody signs in by it until it is ACTIVE again; whoever is signed in stays so.
    pub state: Option<ProviderState>,
}

/// What a new provider is to be, after it was asked who it is.
pub struct Examined {
    issuer: String,
}

/// Looks at a provider before it is made: whether it is who it is called, and can be spoken to.
pub async fn examine(asking: Asking<'_>, new: &NewIdentityProvider) -> Result<Examined, IdentityError> {
    let invalid = |why: String| IdentityError::from(CatalogError::invalid("/issuer", why));
    let issuer = match (new.kind, &new.issuer) {
        (ProviderKind::Google, None) => GOOGLE.to_owned(),
        (ProviderKind::Google, Some(_)) => return Err(invalid(format!("GOOGLE is always {GOOGLE}: leave it out"))),
        (ProviderKind::GitHub, None) => github::ISSUER.to_owned(),
        (ProviderKind::Oidc, None) => return Err(invalid("OIDC needs one".to_owned())),
        (_, Some(issuer)) => issuer.clone(),
    };
    metadata::judge(&issuer, asking.policy).map_err(invalid)?;
    let is_origin = Target::parse(&issuer, URL_MAX_BYTES).is_ok_and(|target| target.as_str() == format!("{issuer}/"));
    match new.kind {
        ProviderKind::GitHub if !is_origin => {
            return Err(invalid(
                "expected where it is, like https://github.example.com, without a path".to_owned(),
            ));
        }
        // RFC 8414 §2.
        _ if issuer.contains(['?', '#']) => return Err(invalid("an issuer has no query and no fragment".to_owned())),
        ProviderKind::GitHub => {}
        ProviderKind::Google | ProviderKind::Oidc => {
            let discovered = metadata::discover(asking.client(), asking.policy, &issuer).await;
            discovered.map_err(|fault| invalid(fault.to_string()))?;
        }
    }
    Ok(Examined { issuer })
}

/// Makes a provider.
pub async fn create(
    tx: &mut TenantTx,
    new: NewIdentityProvider,
    examined: Examined,
) -> Result<IdentityProvider, IdentityError> {
    let count = store::providers::count(tx).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= PROVIDERS_PER_TENANT_MAX {
        return Err(IdentityError::LimitReached {
            max: PROVIDERS_PER_TENANT_MAX,
            what: "identity providers of the tenant",
        });
    }
    let provider = IdentityProvider {
        id: IdentityProviderId::mint(tx.clock(), tx.rng()),
        kind: new.kind,
        name: new.name,
        issuer: examined.issuer,
        client_id: new.client_id,
        signs_up: new.signs_up.unwrap_or(true),
        state: ProviderState::Active,
        created_at: tx.now(),
        updated_at: tx.now(),
        secret_version: 1,
    };
    check(&provider, Some(&new.client_secret))?;
    let sealed = seal(tx, &provider, &new.client_secret).await?;
    taken(&provider, store::providers::insert(tx, &provider, &sealed).await)?;
    tx.created("identity", "identity_provider.created", provider.id, &provider);
    Ok(provider)
}

/// One provider.
pub async fn get(tx: &mut TenantTx, id: IdentityProviderId) -> Result<IdentityProvider, IdentityError> {
    let found = store::providers::find(tx, id).await?;
    found.ok_or_else(|| IdentityError::not_found("identity provider", id))
}

/// The same, held until the end of the transaction.
pub async fn hold(tx: &mut TenantTx, id: IdentityProviderId) -> Result<IdentityProvider, IdentityError> {
    store::providers::lock(tx, id).await?;
    get(tx, id).await
}

/// A page of the tenant's providers.
pub async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Page<IdentityProvider>, IdentityError> {
    Ok(Page::from_rows(store::providers::list(tx, request).await?, request))
}

/// Those by which people sign in, by name.
pub async fn active(tx: &mut TenantTx) -> Result<Vec<IdentityProvider>, IdentityError> {
    Ok(store::providers::active(tx).await?)
}

/// Changes a provider.
pub async fn change(
    tx: &mut TenantTx,
    id: IdentityProviderId,
    change: IdentityProviderChange,
) -> Result<IdentityProvider, IdentityError> {
    let before = hold(tx, id).await?;
    let mut provider = before.clone();
    provider.name = change.name.unwrap_or(provider.name);
    provider.client_id = change.client_id.unwrap_or(provider.client_id);
    provider.signs_up = change.signs_up.unwrap_or(provider.signs_up);
    provider.state = change.state.unwrap_or(provider.state);
    provider.updated_at = tx.now();
    check(&provider, change.client_secret.as_ref())?;
    let sealed = match &change.client_secret {
        Some(secret) => {
            provider.secret_version += 1;
            Some(seal(tx, &provider, secret).await?)
        }
        None => None,
    };
    taken(
        &provider,
        store::providers::update(tx, &provider, sealed.as_deref()).await,
    )?;
    let detail = json!({ "clientSecretReplaced": sealed.is_some() });
    tx.changed_telling("identity", "identity_provider.changed", id, detail, &before, &provider);
    Ok(provider)
}

/// Deletes a provider with everybody's identities there; whoever had no other way to sign in asks for a password by mail.
pub async fn delete(tx: &mut TenantTx, id: IdentityProviderId) -> Result<(), IdentityError> {
    let provider = hold(tx, id).await?;
    store::providers::delete(tx, id).await?;
    tx.changed("identity", "identity_provider.deleted", id, &provider, &Value::Null);
    Ok(())
}

/// What shows a provider that we are its client.
pub(super) async fn client_secret(
    tx: &mut TenantTx,
    provider: &IdentityProvider,
) -> Result<SecretString, IdentityError> {
    let sealed = store::providers::sealed_secret(tx, provider.id).await?;
    let sealed = Sealed::from_bytes(sealed.unwrap_or_default()).map_err(DatabaseError::from)?;
    let version = provider.secret_version.cast_unsigned();
    Ok(tx.open(CLIENT_SECRET, provider.id.uuid(), version, &sealed).await?)
}

async fn seal(tx: &mut TenantTx, provider: &IdentityProvider, secret: &SecretString) -> Result<Vec<u8>, IdentityError> {
    let version = provider.secret_version.cast_unsigned();
    let sealed = tx.seal(CLIENT_SECRET, provider.id.uuid(), version, secret).await?;
    Ok(sealed.as_bytes().to_vec())
}

fn check(provider: &IdentityProvider, secret: Option<&SecretString>) -> Result<(), IdentityError> {
    let mut checks = Checks::default();
    checks.name("/name", &provider.name);
    let is_client = |text: &str| (1..=CLIENT_MAX_BYTES).contains(&text.len()) && !text.chars().any(char::is_control);
    let expected = format!("expected 1 to {CLIENT_MAX_BYTES} characters");
    checks.require(is_client(&provider.client_id), "/clientId", expected.as_str());
    let right = secret.is_none_or(|secret| is_client(secret.expose_secret()));
    checks.require(right, "/clientSecret", expected);
    Ok(checks.done()?)
}

fn taken(provider: &IdentityProvider, result: Result<(), sqlx::Error>) -> Result<(), IdentityError> {
    match result {
        Err(error) if broken_unique(&error) == Some("identity_providers_name") => {
            Err(IdentityError::ProviderNameTaken(provider.name.clone()))
        }
        other => Ok(other?),
    }
}
