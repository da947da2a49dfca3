//! What these pages read of the API's answers.

use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::client::Problem;
use crate::model::Items;
use crate::visit::Visit;

/// Longest page of a list.
const PAGE: usize = 100;
/// Most pages of a list that are read for one page of ours.
const PAGES_MAX: usize = 5;

/// All of a list, up to a limit; what is beyond it is left out and said so.
pub(crate) async fn all<T: for<'de> Deserialize<'de>>(visit: &Visit, path: &str) -> Result<(Vec<T>, bool), Problem> {
    let (mut items, mut cursor) = (Vec::new(), None::<String>);
    for _ in 0..PAGES_MAX {
        let mark = if path.contains('?') { '&' } else { '?' };
        let address = match &cursor {
            None => format!("{path}{mark}limit={PAGE}"),
            Some(cursor) => format!("{path}{mark}limit={PAGE}&cursor={cursor}"),
        };
        let page: Items<T> = visit.get(&address).await?;
        items.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok((items, false));
        }
    }
    Ok((items, true))
}

#[derive(Clone, Deserialize)]
pub(crate) struct Product {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) slug: String,
    #[serde(default)]
    pub(crate) description: String,
}

/// Those of them that a plan covers.
pub(crate) fn covered<'p>(products: &'p [Product], of_plan: &[String]) -> Vec<&'p Product> {
    products.iter().filter(|one| of_plan.contains(&one.id)).collect()
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plan {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) description: String,
    pub(crate) price: Money,
    pub(crate) billing_period: String,
    #[serde(default)]
    pub(crate) trial_days: u32,
    #[serde(default)]
    pub(crate) quotas: Vec<Quota>,
    #[serde(default)]
    pub(crate) rate_limits: Vec<RateLimit>,
    #[serde(default)]
    pub(crate) product_ids: Vec<String>,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Money {
    pub(crate) amount: String,
    pub(crate) currency: String,
}

#[derive(Clone, Deserialize)]
pub(crate) struct Quota {
    pub(crate) meter: String,
    pub(crate) limit: u64,
    pub(crate) period: String,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RateLimit {
    pub(crate) requests: u64,
    pub(crate) window_seconds: u64,
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscription {
    pub(crate) id: String,
    pub(crate) plan_id: String,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) trial_ends_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) ended_at: Option<DateTime<Utc>>,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) plan: Plan,
}

impl Subscription {
    /// Whether it is over for good.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state.as_str(), "EXPIRED" | "CANCELLED")
    }
}

#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) environment: String,
    pub(crate) status: String,
    pub(crate) prefix: String,
    pub(crate) last_four: String,
    #[serde(default)]
    pub(crate) product_ids: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) allowed_addresses: Option<Vec<String>>,
    #[serde(default)]
    pub(crate) expires_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) secret_withdrawn_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) old_secret_valid_until: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) subscription_ids: Vec<String>,
    pub(crate) created_at: DateTime<Utc>,
    #[serde(default)]
    pub(crate) revoked_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) gateways: Option<GatewayCount>,
}

/// On how many gateways a key works, of those that have it or should.
#[derive(Clone, Copy, Deserialize)]
pub(crate) struct GatewayCount {
    pub(crate) active: usize,
    pub(crate) total: usize,
}

impl GatewayCount {
    pub(crate) fn words(self) -> String {
        let what = if self.total == 1 { "gateway" } else { "gateways" };
        format!("{} of {} {what}", self.active, self.total)
    }
}

impl Key {
    /// The key as it may be shown at any time.
    pub(crate) fn shown(&self) -> String {
        format!("{}…{}", self.prefix, self.last_four)
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.status == "REVOKED"
    }
}

/// A key with its secret, which only the answer that made it has.
#[derive(Deserialize)]
pub(crate) struct MadeKey {
    #[serde(flatten)]
    pub(crate) key: Key,
    #[serde(default)]
    pub(crate) secret: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Subscribed {
    pub(crate) api_key: MadeKey,
}

/// A key on one gateway.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyGateway {
    pub(crate) gateway_id: String,
    pub(crate) gateway_name: String,
    pub(crate) kind: String,
    pub(crate) state: String,
    #[serde(default)]
    pub(crate) secret: Option<String>,
    #[serde(default)]
    pub(crate) confirmed_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) failing_since: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) old_secret_ends_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) example: Option<Example>,
}

/// A request that a key is admitted with.
#[derive(Clone, Deserialize)]
pub(crate) struct Example {
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) header: String,
}

/// What a key was used for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Use {
    #[serde(default)]
    pub(crate) last_used_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) last_day: Count,
    #[serde(default)]
    pub(crate) last_week: Count,
}

#[derive(Default, Deserialize)]
pub(crate) struct Count {
    #[serde(default)]
    pub(crate) requests: u64,
    #[serde(default)]
    pub(crate) addresses: u64,
}

/// A description of a product, where one is published.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(crate) struct Reference {
    pub(crate) slug: String,
    pub(crate) product_id: String,
    pub(crate) operations: u64,
}

/// What is published; nothing where the API knows no references.
pub(crate) async fn references(visit: &Visit) -> Result<Vec<Reference>, Problem> {
    match visit.get::<Items<Reference>>("/api/v1/docs/references").await {
        Ok(list) => Ok(list.items),
        Err(problem) if problem.status == 404 => Ok(Vec::new()),
        Err(problem) => Err(problem),
    }
}
