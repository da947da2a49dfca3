//! `PUT /people-settings`

use axum::response::Response;
use gatewright_identity::settings::{self, NewPeopleSettings, PeopleSettings};
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::work::Command;

/// Decide how people sign up. It counts for whoever confirms their mail address from now on.
#[utoipa::path(put, path = "/people-settings", tag = "People", request_body = NewPeopleSettings, responses((status = 200, description = "The settings", body = PeopleSettings)))]
pub(crate) async fn put_people_settings(command: Command<NewPeopleSettings>) -> Result<Response, ApiError> {
    let (mut work, new) = command.begin().await?;
    let settings = settings::put(work.tx(), new).await?;
    work.done(&settings, Effects::default()).await
}
