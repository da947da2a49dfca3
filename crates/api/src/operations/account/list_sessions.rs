//! `GET /account/sessions`

use axum::Json;
use gatewright_identity::model::Session;
use gatewright_identity::sessions;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::principal::Acting;

/// All sessions of a person.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sessions {
    /// The one used last first; at most 100.
    items: Vec<Session>,
}

/// List where one is signed in: device, address and place, since when and until when.
#[utoipa::path(get, path = "/account/sessions", tag = "Account", responses((status = 200, description = "All of them", body = Sessions)))]
pub(crate) async fn list_sessions(acting: Acting) -> Result<Json<Sessions>, ApiError> {
    let (person_id, session_id) = acting.me()?;
    let mut tx = acting.begin().await?;
    let mut items = sessions::list(&mut tx, person_id, session_id).await?;
    for session in &mut items {
        session.place = session
            .address
            .as_deref()
            .and_then(|address| acting.state().places().find(address));
    }
    Ok(Json(Sessions { items }))
}
