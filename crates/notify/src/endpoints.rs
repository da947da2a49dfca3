//! Webhook endpoints: what operators do with them.

use chrono::TimeDelta;
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_egress::{EgressError, Policy, Target};
use gatewright_types::ids::WebhookEndpointId;
use gatewright_types::patch::present;
use secrecy::SecretString;
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use crate::error::Checks;
use crate::events::is_filter;
use crate::model::{DisabledReason, EndpointState, WebhookEndpoint};
use crate::{NotifyError, destinations, mail, secret_box, sign, store};

/// Most endpoints of a tenant.
pub const ENDPOINTS_PER_TENANT_MAX: usize = 20;
/// Longest URL of an endpoint, in bytes.
pub const URL_MAX_BYTES: usize = 2_048;
/// Bytes of a URL's digest that the audit log shows.
const URL_DIGEST_BYTES: usize = 6;
/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 1_000;
/// Most event types an endpoint names.
pub const EVENT_TYPES_MAX: usize = 100;
/// How long the secret before the current one signs along.
pub const SECRET_OVERLAP: TimeDelta = TimeDelta::hours(24);

/// What an endpoint is made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewWebhookEndpoint {
    /// Where it is. Must be https, unless the installation opens the host.
    #[schema(example = "https://example.com/hooks/gatewright")]
    pub url: String,
    /// What it is for.
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// Which events it wants: types like `catalog.product.created`, or `catalog.*`. Absent or empty: all.
    #[schema(max_items = 100)]
    pub event_types: Option<Vec<String>>,
    /// Who gets a mail when it is disabled because it fails.
    pub contact_email: Option<String>,
}

/// What to change of an endpoint; what is absent stays.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WebhookEndpointChange {
    /// Where it is.
    pub url: Option<String>,
    /// What it is for.
    #[schema(max_length = 1000)]
    pub description: Option<String>,
    /// Which events it wants; empty: all.
    #[schema(max_items = 100)]
    pub event_types: Option<Vec<String>>,
    /// Who gets a mail when it is disabled because it fails; null: nobody.
    #[serde(default, deserialize_with = "present")]
    #[schema(value_type = Option<String>)]
    pub contact_email: Option<Option<String>>,
    /// ENABLED also forgets that it has failed; DISABLED gives up what is on its way.
    pub state: Option<EndpointState>,
}

/// An endpoint and its secret, which is shown now and never again.
pub struct WithSecret {
    /// The endpoint.
    pub endpoint: WebhookEndpoint,
    /// The secret.
    pub secret: SecretString,
}

/// Makes an endpoint.
pub async fn create(tx: &mut TenantTx, policy: &Policy, new: NewWebhookEndpoint) -> Result<WithSecret, NotifyError> {
    let count = store::endpoints::count(tx).await?;
    if usize::try_from(count).unwrap_or(usize::MAX) >= ENDPOINTS_PER_TENANT_MAX {
        return Err(NotifyError::LimitReached {
            max: ENDPOINTS_PER_TENANT_MAX,
            what: "webhook endpoints of a tenant",
        });
    }
    let endpoint = WebhookEndpoint {
        id: WebhookEndpointId::mint(tx.clock(), tx.rng()),
        url: new.url,
        description: new.description.unwrap_or_default(),
        event_types: new.event_types.unwrap_or_default(),
        contact_email: new.contact_email,
        state: EndpointState::Enabled,
        disabled_reason: None,
        disabled_at: None,
        failing_since: None,
        created_at: tx.now(),
        updated_at: tx.now(),
        secret_version: 1,
    };
    check(&endpoint, &destinations::policy(tx, policy).await?)?;
    store::endpoints::insert(tx, &endpoint).await?;
    let secret = add_secret(tx, &endpoint).await?;
    let told = detail(&endpoint);
    tx.changed_telling(
        "notify",
        "webhook_endpoint.created",
        endpoint.id,
        told,
        &Value::Null,
        &audited(&endpoint),
    );
    Ok(WithSecret { endpoint, secret })
}

/// One endpoint.
pub async fn get(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<WebhookEndpoint, NotifyError> {
    let found = store::endpoints::find(tx, id).await?;
    found.ok_or_else(|| NotifyError::not_found("webhook endpoint", id))
}

/// A page of the tenant's endpoints.
pub async fn list(tx: &mut TenantTx, request: PageRequest) -> Result<Page<WebhookEndpoint>, NotifyError> {
    Ok(Page::from_rows(store::endpoints::list(tx, request).await?, request))
}

/// Changes an endpoint.
pub async fn change(
    tx: &mut TenantTx,
    policy: &Policy,
    id: WebhookEndpointId,
    change: WebhookEndpointChange,
) -> Result<WebhookEndpoint, NotifyError> {
    let before = hold(tx, id).await?;
    let mut endpoint = before.clone();
    endpoint.url = change.url.unwrap_or(endpoint.url);
    endpoint.description = change.description.unwrap_or(endpoint.description);
    endpoint.event_types = change.event_types.unwrap_or(endpoint.event_types);
    endpoint.contact_email = change.contact_email.unwrap_or(endpoint.contact_email);
    match change.state {
        Some(EndpointState::Enabled) => {
            endpoint.state = EndpointState::Enabled;
            (endpoint.disabled_reason, endpoint.disabled_at, endpoint.failing_since) = (None, None, None);
        }
        Some(EndpointState::Disabled) if endpoint.state == EndpointState::Enabled => {
            endpoint.state = EndpointState::Disabled;
            (endpoint.disabled_reason, endpoint.disabled_at) = (Some(DisabledReason::Operator), Some(tx.now()));
        }
        _ => {}
    }
    endpoint.updated_at = tx.now();
    check(&endpoint, &destinations::policy(tx, policy).await?)?;
    store::endpoints::update(tx, &endpoint).await?;
    let told = detail(&endpoint);
    tx.changed_telling(
        "notify",
        "webhook_endpoint.changed",
        id,
        told,
        &audited(&before),
        &audited(&endpoint),
    );
    Ok(endpoint)
}

/// Deletes an endpoint with its deliveries; what is on its way is given up.
pub async fn delete(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<(), NotifyError> {
    let endpoint = hold(tx, id).await?;
    store::endpoints::delete(tx, id).await?;
    tx.changed(
        "notify",
        "webhook_endpoint.deleted",
        id,
        &audited(&endpoint),
        &Value::Null,
    );
    Ok(())
}

/// Gives an endpoint a new secret. The old one signs along for [`SECRET_OVERLAP`], or ends at once with `end_overlap`,
/// which also ends an overlap that is under way.
pub async fn rotate_secret(
    tx: &mut TenantTx,
    id: WebhookEndpointId,
    end_overlap: bool,
) -> Result<WithSecret, NotifyError> {
    let mut endpoint = hold(tx, id).await?;
    let now = tx.now();
    let signing = store::endpoints::signing(tx, id, now).await?;
    if let Some(until) = signing
        .iter()
        .find_map(|secret| secret.signs_until)
        .filter(|_| !end_overlap)
    {
        let until = until.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        return Err(NotifyError::RotationInProgress { until });
    }
    let until = if end_overlap { now } else { now + SECRET_OVERLAP };
    store::endpoints::end_secrets(tx, id, until).await?;
    endpoint.secret_version += 1;
    endpoint.updated_at = now;
    store::endpoints::update(tx, &endpoint).await?;
    let secret = add_secret(tx, &endpoint).await?;
    let detail = json!({ "oldSignsUntil": until });
    let old = signing.iter().find_map(|secret| secret.signs_until);
    let before = json!({ "secretVersion": endpoint.secret_version - 1, "oldSignsUntil": old });
    let after = json!({ "secretVersion": endpoint.secret_version, "oldSignsUntil": until });
    tx.changed_telling("notify", "webhook_endpoint.secret_rotated", id, detail, &before, &after);
    Ok(WithSecret { endpoint, secret })
}

/// Disables an endpoint because of what it answered, or did not; tells who is to be told.
pub(crate) async fn disable(
    tx: &mut TenantTx,
    mut endpoint: WebhookEndpoint,
    reason: DisabledReason,
) -> Result<(), NotifyError> {
    if endpoint.state == EndpointState::Disabled {
        return Ok(());
    }
    let before = endpoint.clone();
    endpoint.state = EndpointState::Disabled;
    (endpoint.disabled_reason, endpoint.disabled_at) = (Some(reason), Some(tx.now()));
    endpoint.updated_at = tx.now();
    store::endpoints::update(tx, &endpoint).await?;
    let told = detail(&endpoint);
    tx.changed_telling(
        "notify",
        "webhook_endpoint.disabled",
        endpoint.id,
        told,
        &audited(&before),
        &audited(&endpoint),
    );
    if let Some(recipient) = &endpoint.contact_email {
        let why = match reason {
            DisabledReason::Gone => "it answered 410 Gone",
            _ => "every attempt of the last five days has failed",
        };
        let text = format!(
            "Gatewright sends no more events to the webhook endpoint {} at {}: {why}.\n\n\
             Events that happen meanwhile are not sent later. When the endpoint works again, enable it, and replay the \
             deliveries that failed.",
            endpoint.id,
            host(&endpoint),
        );
        let mail = mail::NewMail {
            recipient: recipient.clone(),
            subject: format!("A webhook endpoint at {} was disabled", host(&endpoint)),
            text,
        };
        mail::enqueue(tx, mail).await?;
    }
    Ok(())
}

pub(crate) async fn hold(tx: &mut TenantTx, id: WebhookEndpointId) -> Result<WebhookEndpoint, NotifyError> {
    let found = store::endpoints::hold(tx, id).await?;
    found.ok_or_else(|| NotifyError::not_found("webhook endpoint", id))
}

async fn add_secret(tx: &mut TenantTx, endpoint: &WebhookEndpoint) -> Result<SecretString, NotifyError> {
    let secret = sign::mint(tx.rng());
    let (id, version) = (endpoint.id, endpoint.secret_version);
    let sealed = secret_box::seal(tx, secret_box::WEBHOOK_SECRET, id.uuid(), version, &secret).await?;
    store::endpoints::insert_secret(tx, id, version, &sealed).await?;
    Ok(secret)
}

/// What is told of an endpoint: not its URL, since its path and query are often a secret.
fn detail(endpoint: &WebhookEndpoint) -> Value {
    json!({
        "host": host(endpoint),
        "eventTypes": endpoint.event_types,
        "state": endpoint.state,
        "disabledReason": endpoint.disabled_reason,
    })
}

/// What the audit log keeps of an endpoint. Path and query of its URL may be all that a receiver asks for, so of them only a
/// digest, by which it shows whether they changed.
fn audited(endpoint: &WebhookEndpoint) -> Value {
    let digest: String = Sha256::digest(&endpoint.url)
        .iter()
        .take(URL_DIGEST_BYTES)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let mut shown = json!(endpoint);
    shown["url"] = Value::from(format!("{}/… (SHA-256 {digest}…)", host(endpoint)));
    shown
}

fn host(endpoint: &WebhookEndpoint) -> String {
    Target::parse(&endpoint.url, URL_MAX_BYTES).map_or_else(|_| String::new(), |target| target.host().to_owned())
}

fn check(endpoint: &WebhookEndpoint, policy: &Policy) -> Result<(), NotifyError> {
    let mut checks = Checks::default();
    // One that is disabled may lead where nothing may go any more: nothing is sent to it.
    if endpoint.state == EndpointState::Enabled
        && let Err(why) = judge(&endpoint.url, policy)
    {
        checks.require(false, "/url", why.to_string());
    }
    let described = endpoint.description.chars().count() <= DESCRIPTION_MAX && !endpoint.description.contains('\0');
    checks.require(
        described,
        "/description",
        format!("expected at most {DESCRIPTION_MAX} characters"),
    );
    checks.require(
        endpoint.event_types.len() <= EVENT_TYPES_MAX,
        "/eventTypes",
        format!("expected at most {EVENT_TYPES_MAX}"),
    );
    for (at, filter) in endpoint
        .event_types
        .iter()
        .enumerate()
        .filter(|(_, filter)| !is_filter(filter))
    {
        let field = format!("/eventTypes/{at}");
        checks.require(
            false,
            &field,
            format!("{filter:?} is no type of event; docs/webhooks.md lists them"),
        );
    }
    if let Some(email) = &endpoint.contact_email {
        let right = mail::is_address(email);
        checks.require(right, "/contactEmail", "expected a mail address like ada@example.com");
    }
    checks.done()
}

/// What can be said without looking the name up; the rest is judged at each attempt.
fn judge(url: &str, policy: &Policy) -> Result<(), EgressError> {
    let target = Target::parse(url, URL_MAX_BYTES)?;
    policy.judge_name(&target).map_err(EgressError::Refused)?;
    match target.address() {
        Some(address) => policy.judge(&target, address).map_err(EgressError::Refused),
        None => Ok(()),
    }
}
