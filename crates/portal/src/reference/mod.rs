//! What is published, as it is read: rows that were made when it was published, and are answered as they are.

use chrono::{DateTime, Utc};
use gatewright_database::TenantTx;
use gatewright_spec::model::{OperationLink, Server};
use gatewright_spec::place::Place;
use gatewright_types::ids::{ApiRevisionId, ProductId};
use gatewright_types::slug::Slug;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::Visibility;
pub use crate::store::reference::Head;
use crate::{PortalError, Sees, store};

/// A description in the list of all that can be read.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceSummary {
    /// Its part of an address.
    pub slug: Slug,
    /// Its title.
    pub title: String,
    /// Its own version.
    pub version: String,
    /// In one line.
    pub summary: String,
    /// What it describes.
    pub product_id: ProductId,
    /// What that is called.
    pub product_name: String,
    /// How many operations and webhooks it has.
    pub operations: i32,
    /// Who may read it.
    pub visibility: Visibility,
    /// The revision that is read.
    pub revision: ApiRevisionId,
    /// When it was published.
    pub updated_at: DateTime<Utc>,
}

impl From<Head> for ReferenceSummary {
    fn from(head: Head) -> Self {
        Self {
            slug: head.slug,
            title: head.title,
            version: head.version,
            summary: head.summary,
            product_id: head.product_id,
            product_name: head.product_name,
            operations: head.operations,
            visibility: head.visibility,
            revision: head.revision_id,
            updated_at: head.published_at,
        }
    }
}

/// Every description that can be read, by title.
pub async fn list(tx: &mut TenantTx, sees: Sees) -> Result<Vec<ReferenceSummary>, PortalError> {
    let heads = store::reference::heads(tx, sees == Sees::SignedIn).await?;
    Ok(heads.into_iter().map(ReferenceSummary::from).collect())
}

/// What every answer says of the description that it is of.
pub async fn head(tx: &mut TenantTx, slug: &str, sees: Sees) -> Result<Head, PortalError> {
    let found = store::reference::head(tx, slug, sees == Sees::SignedIn).await?;
    found.ok_or_else(|| PortalError::not_found("reference", slug))
}

/// Parts of a description as JSON.
pub struct Overview {
    /// What the description is in general; an object.
    pub overview: String,
    /// Its schemas; a list.
    pub schemas: String,
}

/// What a description is in general.
pub async fn overview(tx: &mut TenantTx, head: &Head) -> Result<Overview, PortalError> {
    let found = store::reference::overview(tx, head.spec_id).await?;
    let found = found.ok_or_else(|| PortalError::not_found("reference", &head.slug))?;
    Ok(Overview {
        overview: found.overview,
        schemas: found.schemas,
    })
}

/// The whole description as OpenAPI in JSON, without credentials.
pub async fn document(tx: &mut TenantTx, head: &Head) -> Result<String, PortalError> {
    let found = store::reference::document(tx, head.spec_id).await?;
    found.ok_or_else(|| PortalError::not_found("reference", &head.slug))
}

/// A group of operations as one of them names it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct TagName {
    /// Its part of an address.
    pub slug: String,
    /// Its name.
    pub name: String,
}

/// What stands around an operation.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Around {
    /// The group it stands in.
    pub tag: Option<TagName>,
    /// What stands before it.
    pub previous: Option<OperationLink>,
    /// What stands behind it.
    pub next: Option<OperationLink>,
    /// Where the description says that it runs.
    #[serde(default)]
    pub servers: Vec<Server>,
}

impl Around {
    /// Places that only the description names: where there is no gateway that we know of.
    pub fn places(&self) -> Vec<Place> {
        let place = |server: &Server| Place {
            gateway_id: None,
            name: match server.description.markdown.lines().next() {
                Some(line) if !line.trim().is_empty() => line.trim().to_owned(),
                _ => server.url.clone(),
            },
            kind: None,
            environment: None,
            base_url: server.url.trim_end_matches('/').to_owned(),
            credential: Vec::new(),
        };
        self.servers.iter().map(place).collect()
    }
}

/// An operation as JSON.
pub struct Operation {
    navigation: String,
    /// The operation; an object.
    pub operation: String,
}

/// One operation or webhook.
pub async fn operation(tx: &mut TenantTx, head: &Head, slug: &str) -> Result<Operation, PortalError> {
    let found = store::reference::operation(tx, head.spec_id, slug).await?;
    let found = found.ok_or_else(|| PortalError::not_found("operation", slug))?;
    Ok(Operation {
        navigation: found.navigation,
        operation: found.operation,
    })
}

impl Operation {
    /// The operation itself; none where an earlier release wrote it in a way that this one does not read.
    pub fn read(&self) -> Option<gatewright_spec::model::Operation> {
        serde_json::from_str(&self.operation).ok()
    }

    /// What stands around it; nothing where an earlier release wrote it in a way that this one does not read.
    pub fn around(&self) -> Around {
        serde_json::from_str(&self.navigation).unwrap_or_default()
    }
}

/// One schema, as JSON.
pub async fn schema(tx: &mut TenantTx, head: &Head, slug: &str) -> Result<String, PortalError> {
    let found = store::reference::schema(tx, head.spec_id, slug).await?;
    found.ok_or_else(|| PortalError::not_found("schema", slug))
}
