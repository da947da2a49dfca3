//! What is desired of the applications that a run looks at.

use std::sync::Arc;

use gatewright_catalog::subscriptions;
use gatewright_connectors::Connector;
use gatewright_credentials::look_up;
use gatewright_database::TenantTx;
use gatewright_types::ids::SubscriptionId;

use crate::OrchestrationError;
use crate::choose;
use crate::desired::{self, Facts};
use crate::model::{ApplicationKey, Connection, ProvisioningState, Stage};
use crate::plan::Desired;
use crate::store::applications::Row;
use crate::store::{self, applications, credentials};

/// What one application is to be on a gateway.
pub(super) struct Expected {
    /// The gateway as it is used for this one.
    pub(super) connector: Arc<dyn Connector>,
    pub(super) row: Option<Row>,
    pub(super) key: ApplicationKey,
    pub(super) desired: Desired,
    /// As what a row is made where there is none.
    pub(super) stage: Stage,
    /// Credentials whose secret nobody has any more.
    pub(super) lost: Vec<u32>,
}

impl Expected {
    /// Whether it is being changed just now: what differs is no drift then.
    pub(super) fn is_moving(&self) -> bool {
        self.row
            .as_ref()
            .is_some_and(|row| row.acknowledged_generation < row.generation)
    }

    pub(super) fn generation(&self) -> Option<i64> {
        self.row.as_ref().map(|row| row.generation)
    }
}

/// What each of these is to be on a gateway; those that are no subscriptions of the tenant are left out.
pub(super) async fn expected(
    tx: &mut TenantTx,
    connection: &Connection,
    connector: &Arc<dyn Connector>,
    ids: &[SubscriptionId],
) -> Result<Vec<Expected>, OrchestrationError> {
    let mappings = store::mappings::of_connection(tx, connection.id).await?;
    let mut rows = applications::of_connection(tx, connection.id, ids).await?;
    let mut all = Vec::new();
    let mut standings = subscriptions::standings(tx, ids).await?;
    // Rows are held in the order of their ids.
    standings.sort_by_key(|standing| standing.subscription_id);
    for subscription in standings {
        let id = subscription.subscription_id;
        let row = rows
            .iter()
            .position(|row| row.subscription_id == id)
            .map(|place| rows.swap_remove(place));
        let key = ApplicationKey {
            connection_id: connection.id,
            subscription_id: id,
            customer_id: subscription.customer_id,
        };
        let choices = choose::choices(&mappings, connection.id, &subscription.orchestrated_ids);
        let connector = choose::chosen(Arc::clone(connector), &choices);
        let stage = Stage::of(subscription.state);
        let secrets = look_up::given(tx, id).await?;
        let rotations = store::rotations::of_subscription(tx, id).await?;
        let facts = Facts {
            connection,
            can: connector.capabilities(),
            subscription: &subscription,
            held: row.as_ref().map_or(stage, |row| row.stage) == Stage::Held,
            mappings: &mappings,
            secrets: &secrets,
            rotations: &rotations,
            now: tx.now(),
        };
        let mut its = credentials::of_application(tx, key).await?;
        let mut last_number = row.as_ref().map_or(0, |row| row.last_number);
        desired::number(&facts, &mut its, &mut last_number);
        let (desired, _) = desired::decide(&facts, &mut its);
        let lost = its
            .iter()
            .filter(|one| one.state == ProvisioningState::NeedsRotation)
            .filter_map(|one| u32::try_from(one.number).ok())
            .collect();
        all.push(Expected {
            connector,
            row,
            key,
            desired,
            stage,
            lost,
        });
    }
    Ok(all)
}
