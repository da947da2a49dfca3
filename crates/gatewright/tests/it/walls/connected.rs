//! Gateways of another vendor, connected: one that works and one in trouble, so that every table about them has a row.

use gatewright_testkit::{Subscribed, TestApp, TestTenant, database};
use gatewright_types::ids::{GatewayId, ProvisioningRunId, SubscriptionId};
use gatewright_types::{Clock, Rng};
use serde_json::{Value, json};
use vendor_fakes::kong::{Fake, Options, Seed};

use crate::orchestration::scene::{connect, map};

/// A consumer that the fake had before us.
pub(super) const OLD_CONSUMER: &str = "00000050-0000-4000-8000-000000000001";

/// A tenant's connected gateways.
pub(super) struct Connected {
    kong: Fake,
    /// It does what it is asked, and makes its own secrets.
    pub(super) id: String,
    /// It does not answer: its circuit breaker is open, and what it was to have was given up.
    pub(super) broken: String,
    /// A plan of what would be done there.
    pub(super) run: String,
    /// What a consumer gets that is adopted from the one that does not answer.
    pub(super) adopts: String,
}

impl Connected {
    /// Connects both; the one that works is mapped to a product.
    pub(super) async fn to(who: &TestTenant, product: &str) -> Self {
        let options = Options {
            seed: Seed::Demo,
            ..Options::default()
        };
        let kong = Fake::start(options).await.unwrap();
        let id = connect(who, &kong, "kong", json!({ "secretMode": "GATEWAY_GENERATED" })).await;
        map(who, &id, product).await;
        let broken = connect(who, &kong, "broken", json!({})).await;
        let adopted = who.product("Adopted").await;
        map(who, &broken, &adopted).await;
        let adopts = who.plan("Adopted", &[&adopted]).await;
        let run = ProvisioningRunId::mint(&Clock::System, &Rng::System).to_string();
        Self {
            kong,
            id,
            broken,
            run,
            adopts,
        }
    }

    /// Brings a subscription to the one that works, and gives it up on the other.
    pub(super) async fn provision(&self, app: &TestApp, subscribed: &Subscribed) {
        app.process.orchestrator().tick().await.unwrap();
        let mut owner = database::connect(&app.database_url).await;
        let connection = self.broken.parse::<GatewayId>().unwrap().uuid();
        let subscription = subscribed.subscription_id.parse::<SubscriptionId>().unwrap().uuid();
        sqlx::query(
            "INSERT INTO provisioning_runs SELECT tenant_id, $2, 'SYNC', 'LOOKED', ARRAY[id], NULL, false, NULL, NULL, NULL, 1, NULL, now(), now()
             FROM connections WHERE id = $1",
        )
        .bind(connection)
        .bind(self.run.parse::<ProvisioningRunId>().unwrap().uuid())
        .execute(&mut owner)
        .await
        .unwrap();
        for sql in [
            "UPDATE connection_health SET breaker = 'OPEN', failures = 5, retry_at = now() + interval '1 day', last_error = 'no answer'
             WHERE connection_id = $1 AND $2 IS NOT NULL",
            "INSERT INTO breaker_changes SELECT tenant_id, gen_random_uuid(), id, 'CLOSED', 'OPEN', 'no answer', now()
             FROM connections WHERE id = $1 AND $2 IS NOT NULL",
            "INSERT INTO imported_offers SELECT tenant_id, id, 'PRODUCT', 'orders', 'Orders', '{}', '[]', now()
             FROM connections WHERE id = $1 AND $2 IS NOT NULL",
            "INSERT INTO applications (tenant_id, connection_id, subscription_id, customer_id, stage, state, generation, acknowledged_generation,
               urgency, attempts, last_error, last_fault, failing_since, last_number, created_at, updated_at)
             SELECT tenant_id, $1, id, customer_id, 'LIVE', 'FAILED', 1, 0, 2, 1, 'refused', 'INVALID', now(), 0, now(), now()
             FROM subscriptions WHERE id = $2",
            "INSERT INTO provisioning_attempts (tenant_id, id, connection_id, subscription_id, operation, outcome, fault, message, status,
               attempt, duration_ms, attempted_at)
             SELECT tenant_id, gen_random_uuid(), $1, id, 'APPLICATION', 'FAILED', 'INVALID', 'refused', 400, 1, 12.5, now()
             FROM subscriptions WHERE id = $2",
            "INSERT INTO provisioning_hours SELECT tenant_id, id, '2026-01-01T00:00:00Z', 'SUSPEND', 30, 1, 0
             FROM connections WHERE id = $1 AND $2 IS NOT NULL",
            "INSERT INTO provisioning_rollups SELECT tenant_id, id, '2026-01-01T01:00:00Z'
             FROM connections WHERE id = $1 AND $2 IS NOT NULL",
            "INSERT INTO adoptions SELECT tenant_id, $1, 'partner', 'partner', id, now() FROM subscriptions WHERE id = $2",
            "INSERT INTO adopted_keys SELECT tenant_id, $1, key_id, subscription_id, 'partner', 'partner-key', NULL, now()
             FROM key_subscription_bindings WHERE subscription_id = $2",
            "INSERT INTO call_turns SELECT tenant_id, 'account', '', now() FROM connections WHERE id = $1 AND $2 IS NOT NULL",
            "INSERT INTO activations SELECT tenant_id, id, 'PRIMARY_FIRST', now() + interval '1 day', now()
             FROM subscriptions WHERE id = $2 AND $1 IS NOT NULL",
            "INSERT INTO rotations SELECT c.tenant_id, c.key_id, c.secret_version, 300, now(), now()
             FROM application_credentials AS c WHERE c.subscription_id = $2 AND $1 IS NOT NULL ON CONFLICT DO NOTHING",
            "INSERT INTO provisioning_findings SELECT tenant_id, gen_random_uuid(), id, connection_ids[1], $2, NULL, 'MISSING',
               '{ENSURE_APPLICATION}', 'it is desired and not there', NULL, now()
             FROM provisioning_runs WHERE connection_ids = ARRAY[$1]",
        ] {
            sqlx::query(sql).bind(connection).bind(subscription).execute(&mut owner).await.unwrap();
        }
    }

    /// What a connection is made from.
    pub(super) fn another(&self) -> Value {
        json!({
            "vendor": "KONG", "name": "another", "environment": "LIVE", "credentials": {},
            "settings": { "flavor": "ADMIN_API", "url": self.kong.admin_url() },
        })
    }
}
