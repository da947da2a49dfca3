//! `GET /subscriptions`

use axum::Json;
use gatewright_catalog::SubscriptionState;
use gatewright_catalog::model::Subscription;
use gatewright_catalog::subscriptions::{self, SubscriptionFilter};
use gatewright_types::ids::CustomerId;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::{List, page_request};
use crate::principal::Operator;

/// Which subscriptions are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SubscriptionQuery {
    /// Only this customer's.
    customer_id: Option<CustomerId>,
    /// Only those in this state.
    state: Option<SubscriptionState>,
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List subscriptions.
#[utoipa::path(get, path = "/subscriptions", tag = "Subscriptions", params(SubscriptionQuery), responses((status = 200, description = "A page, newest first", body = List<Subscription>)))]
pub(crate) async fn list_subscriptions(
    operator: Operator,
    Query(query): Query<SubscriptionQuery>,
) -> Result<Json<List<Subscription>>, ApiError> {
    let request = page_request(query.limit, query.cursor.as_deref())?;
    let filter = SubscriptionFilter {
        customer_id: query.customer_id,
        state: query.state,
    };
    let mut tx = operator.begin().await?;
    Ok(Json(List::new(
        subscriptions::list(&mut tx, filter, request).await?,
        |item| item.id.uuid(),
    )))
}
