//! `POST /account/tenants/{id}/hand-over`

use axum::response::Response;
use gatewright_identity::tenants;
use gatewright_native::nodes::Effects;
use gatewright_types::ids::TenantId;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Id;
use crate::reveal::Revealing;
use crate::work::{Command, Nothing};

/// Where to go on.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct HandedOver {
    /// An address at the other tenant's host, which works once, for a minute.
    #[schema(value_type = String, example = "https://initech.example.com/hand-over?token=gwm_…")]
    hand_over_url: Revealing,
}

/// Go on at another tenant where one is an operator: the answer's address leads there and signs in.
///
/// Not from a session that an identity provider or another tenant vouched for.
#[utoipa::path(post, path = "/account/tenants/{id}/hand-over", tag = "Account", params(("id" = TenantId, Path)), responses((status = 201, description = "Where to go on", body = HandedOver)))]
pub(crate) async fn hand_over(Id(id): Id<TenantId>, command: Command<Nothing>) -> Result<Response, ApiError> {
    let acting = command.acting().clone();
    let (person_id, session_id) = acting.me()?;
    let state = acting.state();
    let own = (acting.caller.tenant_id, person_id, session_id);
    let (tenant, token) = tenants::hand_over(state.database(), own, id, acting.caller.request_id).await?;
    let url = format!(
        "{}/hand-over?token={}",
        state.portals().url(&tenant.slug),
        token.expose_secret()
    );
    let (mut work, _) = command.begin().await?;
    work.tx().happened(
        "identity",
        "session.handed_over",
        session_id,
        serde_json::json!({ "toTenantId": id }),
    );
    let answered = HandedOver {
        hand_over_url: Revealing::new(SecretString::from(url)),
    };
    work.created(&answered, Effects::default()).await
}
