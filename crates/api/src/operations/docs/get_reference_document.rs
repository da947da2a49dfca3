//! `GET /docs/references/{slug}/document`

use axum::extract::Path;
use axum::response::Response;
use gatewright_portal::reference;
use gatewright_portal::yaml;
use gatewright_types::slug::Slug;
use gatewright_types::text_enum;
use serde::Deserialize;
use utoipa::IntoParams;

use super::reader::{Reader, unreadable};
use crate::error::ApiError;
use crate::extract::Query;

text_enum! {
    /// How a document is written.
    pub enum DocumentFormat {
        /// JSON.
        Json = "JSON",
        /// YAML 1.2.
        Yaml = "YAML",
    }
}

/// How the document is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DocumentQuery {
    /// How it is written; JSON when absent.
    format: Option<DocumentFormat>,
}

/// Get the whole OpenAPI document of an API reference, without credentials.
#[utoipa::path(get, path = "/docs/references/{slug}/document", tag = "Docs", params(("slug" = Slug, Path), DocumentQuery), responses((status = 200, description = "The document", content((serde_json::Value = "application/json"), (String = "application/yaml")))))]
pub(crate) async fn get_reference_document(
    mut reader: Reader,
    Path(slug): Path<String>,
    Query(query): Query<DocumentQuery>,
) -> Result<Response, ApiError> {
    let (mut tx, head) = reader.head(&slug).await?;
    let document = reference::document(&mut tx, &head).await?;
    match query.format.unwrap_or(DocumentFormat::Json) {
        DocumentFormat::Json => Ok(reader.answer("application/json", document)),
        DocumentFormat::Yaml => {
            let yaml = yaml::of_json(&document).map_err(unreadable)?;
            Ok(reader.answer("application/yaml", yaml))
        }
    }
}
