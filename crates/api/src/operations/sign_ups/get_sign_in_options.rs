//! `GET /sign-in-options`

use axum::Json;
use gatewright_identity::providers::{ProviderKind, manage};
use gatewright_identity::settings::{self, SignUpMode};
use gatewright_types::ids::IdentityProviderId;
use gatewright_types::slug::Slug;
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::visitor::Visitor;

/// A tenant as everybody may know it.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantName {
    /// What it is called.
    pub(crate) name: String,
    /// Its short name.
    pub(crate) slug: Slug,
}

/// How somebody can come in here.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInOptions {
    /// Where.
    tenant: TenantName,
    /// Who may sign up.
    sign_up: SignUpMode,
    /// BY_DOMAIN: with a mail address of one of these.
    domains: Vec<String>,
    /// By which accounts elsewhere, by name: `POST /sign-in-providers/{id}/authorizations`.
    providers: Vec<ProviderName>,
}

/// An identity provider as everybody may know it.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProviderName {
    /// Which.
    id: IdentityProviderId,
    /// What it speaks.
    kind: ProviderKind,
    /// What its button says.
    name: String,
}

/// Get how somebody can sign up and sign in at this host.
#[utoipa::path(get, path = "/sign-in-options", tag = "Sign-in", responses((status = 200, description = "The ways in", body = SignInOptions)))]
pub(crate) async fn get_sign_in_options(visitor: Visitor) -> Result<Json<SignInOptions>, ApiError> {
    let mut tx = visitor.visit.begin().await?;
    let settings = settings::get(&mut tx).await?;
    let providers = manage::active(&mut tx).await?;
    Ok(Json(SignInOptions {
        tenant: TenantName {
            name: visitor.portal.name.clone(),
            slug: visitor.portal.slug.clone(),
        },
        sign_up: settings.sign_up,
        domains: if settings.sign_up == SignUpMode::ByDomain {
            settings.domains
        } else {
            Vec::new()
        },
        providers: providers
            .into_iter()
            .map(|one| ProviderName {
                id: one.id,
                kind: one.kind,
                name: one.name,
            })
            .collect(),
    }))
}
