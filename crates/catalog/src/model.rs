//! The catalog's objects, as the API shows them.

use chrono::{DateTime, Utc};
use gatewright_types::ids::{CustomerId, PlanId, ProductId, SubscriptionId, TenantId};
use gatewright_types::money::Money;
use gatewright_types::slug::Slug;
use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::SubscriptionState;

/// A company that sells APIs.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name.
    pub name: String,
    /// Its short name, unique in the installation.
    pub slug: Slug,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

text_enum! {
    /// What kind of thing a product is.
    pub enum ProductKind {
        /// Called by programs.
        Api = "API",
        /// Called by agents.
        AgenticApi = "AGENTIC_API",
        /// An agent itself.
        AiAgent = "AI_AGENT",
        /// Tools behind the Model Context Protocol.
        McpServer = "MCP_SERVER",
    }
}

text_enum! {
    /// What a product's contract is written in.
    pub enum ContractFormat {
        /// OpenAPI 3.0 or 3.1, as JSON.
        OpenApi = "OPENAPI",
        /// GraphQL's schema definition language.
        GraphQl = "GRAPHQL",
    }
}

/// What is sold.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Product {
    /// Its id.
    pub id: ProductId,
    /// What kind of thing it is.
    pub kind: ProductKind,
    /// Its name.
    pub name: String,
    /// Its short name, unique in the tenant.
    pub slug: Slug,
    /// What it does.
    pub description: String,
    /// Whether its keys are given to connected gateways.
    pub orchestrated: bool,
    /// What its contract is written in; null while it has none.
    pub contract_format: Option<ContractFormat>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A product's contract.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contract {
    /// What it is written in.
    pub format: ContractFormat,
    /// The whole document, as text.
    pub document: String,
}

text_enum! {
    /// How often a plan is billed.
    pub enum BillingPeriod {
        /// Every calendar month.
        Month = "MONTH",
        /// Every year.
        Year = "YEAR",
    }
}

/// How much of something is allowed in a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quota {
    /// What is counted, as in `requests`.
    pub meter: String,
    /// How much.
    #[schema(minimum = 0)]
    pub limit: u64,
    /// In what time.
    pub period: QuotaPeriod,
}

text_enum! {
    /// The time a quota is counted in.
    pub enum QuotaPeriod {
        /// A calendar day, UTC.
        Day = "DAY",
        /// A calendar month, UTC.
        Month = "MONTH",
    }
}

/// How many requests are allowed in a moving window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    /// How many requests.
    #[schema(minimum = 1)]
    pub requests: u32,
    /// In how many seconds.
    #[schema(minimum = 1, maximum = 86400)]
    pub window_seconds: u32,
}

/// What a plan's version says. It never changes once made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanTerms {
    /// Price of one period.
    pub price: Money,
    /// How often it is billed.
    pub billing_period: BillingPeriod,
    /// Days before the first payment; with any, a subscription begins TRIALING.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 365)]
    pub trial_days: u16,
    /// Allowances of a period. Kept with the version; not yet enforced by the gateway.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// Limits of rate. Kept with the version; not yet enforced by the gateway.
    #[serde(default)]
    pub rate_limits: Vec<RateLimit>,
    /// What may be called with it.
    pub product_ids: Vec<ProductId>,
}

/// Price and allowances of a set of products.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Its name.
    pub name: String,
    /// Its short name, unique in the tenant.
    pub slug: Slug,
    /// What it is for.
    pub description: String,
    /// Whether developers may subscribe to it by themselves.
    pub self_service: bool,
    /// The version that new subscriptions get.
    pub version: i32,
    /// What that version says.
    #[serde(flatten)]
    pub terms: PlanTerms,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed or got a version.
    pub updated_at: DateTime<Utc>,
}

/// An organization that buys.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// Its id.
    pub id: CustomerId,
    /// Its name.
    pub name: String,
    /// Where to write to.
    pub email: Option<String>,
    /// Since when it is suspended as a whole, so that nothing of it is usable; null: it is not.
    pub suspended_at: Option<DateTime<Utc>>,
    /// Why.
    pub suspension_reason: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

text_enum! {
    /// Whether somebody made it, or a native gateway did for its API consumers.
    pub enum PlanKind {
        /// For customers.
        Catalog = "CATALOG",
        /// Built in: of one native gateway.
        Gateway = "GATEWAY",
    }
}

text_enum! {
    /// Who a customer is.
    pub enum CustomerKind {
        /// An organization.
        Organization = "ORGANIZATION",
        /// Stands behind one API consumer of a native gateway.
        ApiConsumer = "API_CONSUMER",
    }
}

/// A customer's subscription to one version of a plan.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Who bought.
    pub customer_id: CustomerId,
    /// Which plan.
    pub plan_id: PlanId,
    /// Which version of it, for good.
    pub plan_version: i32,
    /// Where it stands.
    pub state: SubscriptionState,
    /// Where it stood before it was suspended.
    pub suspended_from: Option<SubscriptionState>,
    /// When its trial ends, if it began with one.
    pub trial_ends_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last moved.
    pub updated_at: DateTime<Utc>,
}
