//! Consumers that a gateway had before us become subscriptions of ours.
//!
//! A preview shows them with the plans that would let them call the same. Adopting one makes the subscription and its keys,
//! with what could be read of the secrets; then the engine puts our key in the place of the old one, one after the other
//! (`takeover`): a value is unique on a gateway, so the old one goes first, and its copy is kept sealed before that. What could
//! not be read stays as it is until the key was rotated. The old consumer stays, without keys.

pub(crate) mod takeover;

use std::collections::BTreeSet;

use gatewright_catalog::customers::{self, NewCustomer};
use gatewright_catalog::model::Subscription;
use gatewright_catalog::subscriptions;
use gatewright_connectors::model::{Adoptable, AdoptableKey, AdoptedKey, fingerprint};
use gatewright_connectors::{Connector, FaultKind};
use gatewright_credentials::issue::{self, ADOPTED_MIN_CHARS, NewKey};
use gatewright_credentials::model::{ApiKey, NewBinding};
use gatewright_credentials::settings;
use gatewright_database::TenantTx;
use gatewright_types::ids::{CustomerId, GatewayId, PlanId, SubscriptionId};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::engine::Orchestrator;
use crate::model::{ApplicationKey, Connection, ConnectionState, SecretMode, Urgency};
use crate::store::adoptions::{self, Adoption};
use crate::{OrchestrationError, access, connections, honor, store};

/// Most keys of a consumer that is adopted.
pub const KEYS_MAX: usize = issue::KEYS_PER_SUBSCRIPTION_MAX;
/// Longest name of a key that is made, in characters.
const NAME_MAX_CHARS: usize = 200;

/// A consumer that could become a subscription.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Candidate {
    /// The gateway's own id of it.
    pub remote_id: String,
    /// Its name there.
    pub name: String,
    /// What it may call there.
    pub scope: BTreeSet<String>,
    /// Its keys.
    pub keys: Vec<CandidateKey>,
    /// Plans that would let it call exactly the same there.
    pub plans: Vec<PlanOnSale>,
    /// What it was adopted as; null while it was not.
    pub subscription_id: Option<SubscriptionId>,
}

/// A key of such a consumer; never its secret.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CandidateKey {
    /// The gateway's own id of it.
    pub remote_id: String,
    /// Whether its secret can be taken over. Otherwise the key needs a rotation, and the old one is valid until then.
    pub taken_over: bool,
    /// In how many seconds it ends by itself.
    pub expires_in_seconds: Option<u32>,
}

/// A plan, as a name for people.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanOnSale {
    /// Its id.
    pub plan_id: PlanId,
    /// Its name.
    pub name: String,
}

/// What an operator says about a consumer.
pub struct Wanted {
    /// Which plan it gets.
    pub plan_id: PlanId,
    /// Whose it is.
    pub customer: Whose,
    /// It may gain or lose what it may call.
    pub accept_scope_change: bool,
}

/// A customer who is there, or is to be.
pub enum Whose {
    /// There.
    Existing(CustomerId),
    /// To be made.
    New(NewCustomer),
}

/// What a consumer became.
pub struct Adopted {
    /// The subscription.
    pub subscription: Subscription,
    /// Its keys.
    pub keys: Vec<(String, ApiKey)>,
}

/// Consumers as an operator sees them: what each was adopted as, and the plans that fit.
pub async fn preview(
    tx: &mut TenantTx,
    connection: &Connection,
    found: Vec<Adoptable>,
) -> Result<Vec<Candidate>, OrchestrationError> {
    let ids: Vec<String> = found.iter().map(|one| one.remote_id.clone()).collect();
    let known = adoptions::known(tx, connection.id, &ids).await?;
    let plans = adoptions::plans(tx, connection.id).await?;
    let candidates = found.into_iter().map(|one| {
        let fits = |scope: &[String]| scope.iter().collect::<BTreeSet<_>>() == one.scope.iter().collect();
        let plans = plans.iter().filter(|(_, _, scope)| fits(scope));
        let plans = plans.map(|(plan_id, name, _)| PlanOnSale {
            plan_id: *plan_id,
            name: name.clone(),
        });
        Candidate {
            plans: plans.collect(),
            subscription_id: known.iter().find(|(id, _)| *id == one.remote_id).map(|(_, id)| *id),
            keys: one.keys.iter().map(candidate_key).collect(),
            remote_id: one.remote_id,
            name: one.name,
            scope: one.scope,
        }
    });
    Ok(candidates.collect())
}

fn candidate_key(key: &AdoptableKey) -> CandidateKey {
    CandidateKey {
        remote_id: key.remote_id.clone(),
        taken_over: is_usable(key),
        expires_in_seconds: key.expires_in_seconds,
    }
}

/// A short one could be guessed from its hash.
fn is_usable(key: &AdoptableKey) -> bool {
    let secret = key.secret.as_ref();
    secret.is_some_and(|secret| secret.expose_secret().chars().count() >= ADOPTED_MIN_CHARS)
}

/// One consumer as the gateway has it; calls it, so no transaction may be open.
pub async fn look(
    engine: &Orchestrator,
    connection: &Connection,
    connector: &dyn Connector,
    remote_id: &str,
) -> Result<Adoptable, OrchestrationError> {
    let found = connector.stranger(&engine.link(connection), remote_id).await;
    let found = found.map_err(|fault| OrchestrationError::Gateway {
        gateway: connection.id,
        fault,
    })?;
    found.ok_or_else(|| OrchestrationError::not_found("consumer to adopt", remote_id))
}

/// Makes a consumer that was looked at a subscription.
pub async fn adopt(
    engine: &Orchestrator,
    tx: &mut TenantTx,
    id: GatewayId,
    found: Adoptable,
    wanted: Wanted,
) -> Result<Adopted, OrchestrationError> {
    let connection = connections::lock(tx, id).await?;
    let (_, connector) = connections::with_connector(engine, tx, id).await?;
    require(&connection, &*connector, &found)?;
    let customer_id = match wanted.customer {
        Whose::Existing(id) => id,
        Whose::New(new) => customers::create(tx, new).await?.id,
    };
    let subscribed = subscriptions::create(tx, customer_id, wanted.plan_id, true).await?;
    let subscription = subscribed.subscription;
    let standings = subscriptions::standings(tx, &[subscription.id]).await?;
    let sold = standings.first().map(|standing| standing.orchestrated_ids.clone());
    let mappings = store::mappings::of_products(tx, &sold.unwrap_or_default()).await?;
    let scope: BTreeSet<String> = mappings
        .into_iter()
        .filter(|mapping| mapping.gateway_id == id)
        .flat_map(|mapping| mapping.scope)
        .collect();
    compare(&connection, &scope, &found.scope, wanted.accept_scope_change)?;
    let adoption = Adoption {
        connection_id: id,
        remote_id: &found.remote_id,
        name: &found.name,
        subscription_id: subscription.id,
    };
    if !adoptions::insert(tx, &adoption).await? {
        return Err(OrchestrationError::AdoptedBefore(found.name));
    }
    let copies = settings::copies(tx).await?;
    let application = ApplicationKey {
        connection_id: id,
        subscription_id: subscription.id,
        customer_id,
    };
    let mut keys = Vec::new();
    for key in &found.keys {
        let binding = NewBinding {
            subscription_id: subscription.id,
            consumer: None,
        };
        let secret = key.secret.clone().filter(|_| is_usable(key));
        let new = NewKey {
            expires_at: key
                .expires_in_seconds
                .map(|seconds| tx.now() + chrono::TimeDelta::seconds(i64::from(seconds))),
            ..NewKey::plain(key_name(&found.name), connection.environment)
        };
        let adopted = AdoptedKey {
            consumer_id: found.remote_id.clone(),
            remote_id: key.remote_id.clone(),
            fingerprint: secret
                .as_ref()
                .map(|secret| fingerprint(secret.expose_secret().as_bytes())),
        };
        let made = issue::adopt(tx, binding, new, secret, copies).await?;
        keys.push((made, adopted));
    }
    for standing in &standings {
        honor::require(engine, tx, standing, &honor::Wanted::adopted(connection.environment)).await?;
    }
    access::touch_standing(tx, &standings, Urgency::Interactive).await?;
    for (made, adopted) in &keys {
        adoptions::insert_key(tx, application, made.id, adopted).await?;
    }
    let keys: Vec<(String, ApiKey)> = keys
        .into_iter()
        .map(|(made, adopted)| (adopted.remote_id, made))
        .collect();
    let after = json!({
        "connectionId": id, "remoteId": found.remote_id, "name": found.name, "customerId": customer_id,
        "scope": found.scope, "keyIds": keys.iter().map(|(_, key)| key.id).collect::<Vec<_>>(),
    });
    tx.created("orchestration", "consumer.adopted", subscription.id, &after);
    Ok(Adopted { subscription, keys })
}

fn key_name(consumer: &str) -> String {
    consumer
        .chars()
        .filter(|letter| !letter.is_control())
        .take(NAME_MAX_CHARS)
        .collect()
}

fn require(connection: &Connection, connector: &dyn Connector, found: &Adoptable) -> Result<(), OrchestrationError> {
    let mut reasons = Vec::new();
    if connection.state != ConnectionState::Connected {
        reasons.push(format!("the connection is {}", connection.state));
    }
    if !connector.capabilities().takes_over {
        reasons.push("keys of others cannot be taken over from it".to_owned());
    }
    if connection.secret_mode != SecretMode::PlatformProvided {
        reasons.push("its secrets are made by itself, so one that is there cannot be kept".to_owned());
    }
    if found.keys.is_empty() {
        reasons.push("the consumer has no keys".to_owned());
    }
    if found.keys.len() > KEYS_MAX {
        reasons.push(format!("the consumer has more than {KEYS_MAX} keys"));
    }
    refuse(connection, reasons)
}

/// What a customer may call changes only where the operator said so.
fn compare(
    connection: &Connection,
    planned: &BTreeSet<String>,
    had: &BTreeSet<String>,
    accepted: bool,
) -> Result<(), OrchestrationError> {
    let mut reasons = Vec::new();
    if planned.is_empty() {
        reasons.push("nothing of the plan is mapped there".to_owned());
    } else if !accepted {
        let gained: Vec<&str> = planned.difference(had).map(String::as_str).collect();
        let lost: Vec<&str> = had.difference(planned).map(String::as_str).collect();
        if !gained.is_empty() {
            reasons.push(format!("the plan lets the consumer call more: {}", gained.join(", ")));
        }
        if !lost.is_empty() {
            reasons.push(format!("the plan lets the consumer call less: {}", lost.join(", ")));
        }
        if !reasons.is_empty() {
            reasons.push("send \"acceptScopeChange\": true if that is meant".to_owned());
        }
    }
    refuse(connection, reasons)
}

fn refuse(connection: &Connection, reasons: Vec<String>) -> Result<(), OrchestrationError> {
    if reasons.is_empty() {
        return Ok(());
    }
    let gateway = connection.name.clone();
    Err(OrchestrationError::CannotHonor { gateway, reasons })
}

/// A page of consumers that are not ours; calls the gateway, so no transaction may be open.
pub async fn list(
    engine: &Orchestrator,
    connection: &Connection,
    connector: &dyn Connector,
    cursor: Option<String>,
) -> Result<gatewright_connectors::model::Page<Adoptable>, OrchestrationError> {
    let goes_on = cursor.is_some();
    let page = connector.adoptable(&engine.link(connection), cursor).await;
    page.map_err(|fault| match fault.kind {
        FaultKind::Invalid if goes_on => {
            gatewright_catalog::CatalogError::invalid("/cursor", "the gateway knows no such page").into()
        }
        _ => OrchestrationError::Gateway {
            gateway: connection.id,
            fault,
        },
    })
}
