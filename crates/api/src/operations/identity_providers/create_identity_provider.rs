//! `POST /identity-providers`

use axum::response::Response;
use gatewright_identity::providers::manage::{self, NewIdentityProvider};
use gatewright_native::nodes::Effects;

use crate::error::ApiError;
use crate::identity_providers::{self, ShownProvider};
use crate::work::Command;

/// Let people sign in by an account that they have elsewhere.
///
/// An OpenID provider is asked at once who it is. `redirectUri` of the answer is then registered there.
#[utoipa::path(post, path = "/identity-providers", tag = "Identity providers", request_body = NewIdentityProvider, responses((status = 201, description = "The provider", body = ShownProvider)))]
pub(crate) async fn create_identity_provider(command: Command<NewIdentityProvider>) -> Result<Response, ApiError> {
    let acting = command.acting().clone();
    let state = acting.state();
    let mut tx = acting.begin().await?;
    let policy = identity_providers::policy(&mut tx, state).await?;
    let portal_url = identity_providers::portal_url(&mut tx, state).await?;
    tx.close().await?;
    let asking = identity_providers::asking(state, &policy);
    let examined = manage::examine(asking, command.body()).await?;
    let (mut work, new) = command.begin().await?;
    let provider = manage::create(work.tx(), new, examined).await?;
    work.created(&ShownProvider::new(provider, &portal_url), Effects::default())
        .await
}
