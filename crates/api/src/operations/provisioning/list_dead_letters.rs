//! `GET /provisioning/dead-letters`

use axum::Json;
use gatewright_database::page::{PAGE_DEFAULT, PAGE_MAX};
use gatewright_orchestration::dead_letters::{self, DeadLetter, Place};
use gatewright_types::ProblemCode;
use gatewright_types::ids::{GatewayId, SubscriptionId};
use gatewright_types::problem::FieldError;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::Query;
use crate::lists::List;
use crate::principal::Operator;

/// Which are wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeadLetterQuery {
    /// Only on this connected gateway.
    connection_id: Option<GatewayId>,
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    limit: Option<u16>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List what does not stand on a connected gateway as desired and waits for a person: FAILED, NEEDS_ROTATION and DRIFTED.
#[utoipa::path(get, path = "/provisioning/dead-letters", tag = "Provisioning", params(DeadLetterQuery), responses((status = 200, description = "A page, newest subscription first", body = List<DeadLetter>)))]
pub(crate) async fn list_dead_letters(
    operator: Operator,
    Query(query): Query<DeadLetterQuery>,
) -> Result<Json<List<DeadLetter>>, ApiError> {
    let limit = query.limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        let error = FieldError::new("limit", format!("expected 1 to {PAGE_MAX}"));
        return Err(ApiError::invalid(vec![error]));
    }
    let after = query.cursor.as_deref().map(place).transpose()?;
    let mut tx = operator.begin().await?;
    let (items, more) = dead_letters::list(&mut tx, query.connection_id, after, limit).await?;
    let last = items.last().filter(|_| more);
    let next_cursor = last.map(|last| cursor((last.subscription_id, last.gateway_id)));
    Ok(Json(List { items, next_cursor }))
}

/// A subscription stands on several gateways: a place in this list takes both ids.
fn cursor((subscription_id, gateway_id): Place) -> String {
    format!("{}{}", subscription_id.uuid().simple(), gateway_id.uuid().simple())
}

fn place(cursor: &str) -> Result<Place, ApiError> {
    let halves = cursor.split_at_checked(32);
    let ids = halves.and_then(|(left, right)| Some((Uuid::try_parse(left).ok()?, Uuid::try_parse(right).ok()?)));
    let (subscription_id, gateway_id) = ids.ok_or_else(|| {
        let detail = "The cursor is none that a list of ours has returned.";
        ApiError::new(ProblemCode::InvalidRequest, detail)
    })?;
    Ok((
        SubscriptionId::from_uuid(subscription_id),
        GatewayId::from_uuid(gateway_id),
    ))
}
