//! API consumers: registered directly on one gateway.

use gatewright_catalog::model::CustomerKind;
use gatewright_catalog::{SubscriptionState, customers, subscriptions};
use gatewright_credentials::issue::{self, NewKey, Revealed};
use gatewright_credentials::model::NewBinding;
use gatewright_credentials::{AccessChange, end};
use gatewright_database::{Page, PageRequest, TenantTx};
use gatewright_types::address::Cidr;
use gatewright_types::ids::{ConsumerId, GatewayId};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::model::{Consumer, ConsumerKind};
use crate::{NativeError, gateways, store};

/// What an API consumer is made from.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewConsumer {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is; APP when absent.
    pub kind: Option<ConsumerKind>,
    /// From where its key may be used: 1 to 64 addresses or ranges; null for anywhere.
    pub allowed_addresses: Option<Vec<Cidr>>,
}

/// Makes an API consumer with a key for every route of the gateway.
pub async fn create(
    tx: &mut TenantTx,
    gateway_id: GatewayId,
    new: NewConsumer,
) -> Result<(Consumer, Revealed), NativeError> {
    // Held, so that the gateway cannot be deleted meanwhile.
    let gateway = gateways::lock(tx, gateway_id).await?;
    let customer = customers::NewCustomer {
        name: new.name.clone(),
        email: None,
    };
    let customer = customers::create_of_kind(tx, CustomerKind::ApiConsumer, customer).await?;
    let subscribed = subscriptions::create_implicit(tx, customer.id, gateway.plan_id).await?;
    let consumer = Consumer {
        id: ConsumerId::mint(tx.clock(), tx.rng()),
        gateway_id,
        kind: new.kind.unwrap_or(ConsumerKind::App),
        name: new.name,
        customer_id: customer.id,
        subscription_id: subscribed.subscription.id,
        created_at: tx.now(),
    };
    store::consumers::insert(tx, &consumer).await?;
    let binding = NewBinding {
        subscription_id: consumer.subscription_id,
        consumer: Some((gateway_id, consumer.id)),
    };
    let mut key = NewKey::plain(consumer.name.clone(), gateway.environment);
    key.allowed_addresses = new.allowed_addresses;
    let revealed = issue::issue(tx, binding, &[], key).await?;
    tx.created("native", "consumer.created", consumer.id, &consumer);
    Ok((consumer, revealed))
}

/// One API consumer.
pub async fn get(tx: &mut TenantTx, id: ConsumerId) -> Result<Consumer, NativeError> {
    store::consumers::find(tx, id)
        .await?
        .ok_or_else(|| NativeError::not_found("consumer", id))
}

/// A page of a gateway's API consumers.
pub async fn list(
    tx: &mut TenantTx,
    gateway_id: GatewayId,
    request: PageRequest,
) -> Result<Page<Consumer>, NativeError> {
    gateways::get(tx, gateway_id).await?;
    Ok(Page::from_rows(
        store::consumers::list(tx, gateway_id, request).await?,
        request,
    ))
}

/// Deletes an API consumer: its subscription is cancelled, its keys are revoked.
pub async fn delete(tx: &mut TenantTx, id: ConsumerId) -> Result<Vec<AccessChange>, NativeError> {
    let consumer = get(tx, id).await?;
    let subscription = subscriptions::lock(tx, consumer.subscription_id).await?;
    let mut changes = Vec::new();
    if !subscription.state.is_final() {
        subscriptions::move_to(tx, subscription, SubscriptionState::Cancelled).await?;
        changes = end::end_subscription(tx, consumer.subscription_id).await?;
    }
    store::consumers::delete(tx, id).await?;
    tx.changed("native", "consumer.deleted", id, &consumer, &Value::Null);
    Ok(changes)
}
