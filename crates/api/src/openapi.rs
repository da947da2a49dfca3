//! Our own API description.

use utoipa::openapi::path::{HttpMethod, Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, InfoBuilder, License, OpenApi, Ref, Required, ResponseBuilder, SecurityRequirement,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::error::ProblemDocument;
use crate::work::IDEMPOTENCY_KEY_MAX;
use crate::{ApiState, operations};

/// Where every operation lies.
pub const BASE_PATH: &str = "/api/v1";

/// The document, with what every operation has in common.
pub fn document() -> OpenApi {
    let router: OpenApiRouter<ApiState> = OpenApiRouter::new().nest(BASE_PATH, operations::router());
    let mut document = router.into_openapi();
    document.info = InfoBuilder::new()
        .title("Gatewright")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "Products, plans, customers, subscriptions, keys and native gateways. \
             Secrets are shown once, in the answer that makes them. \
             Every error is an RFC 9457 problem whose `code` has a page below `/errors/`.",
        ))
        .license(Some(License::new("Apache-2.0")))
        .build();
    document.servers = None;

    let components = document.components.get_or_insert_default();
    let mut bearer = Http::new(HttpAuthScheme::Bearer);
    bearer.description =
        Some("An operator's token (`gwo_…`); to create tenants, an installation's (`gwi_…`).".to_owned());
    components.add_security_scheme("operator", SecurityScheme::Http(bearer));
    components
        .schemas
        .insert("Problem".to_owned(), ProblemDocument::schema());
    let mut inner = Vec::new();
    ProblemDocument::schemas(&mut inner);
    components.schemas.extend(inner);

    for item in document.paths.paths.values_mut() {
        let operations = [
            (HttpMethod::Get, &mut item.get),
            (HttpMethod::Post, &mut item.post),
            (HttpMethod::Put, &mut item.put),
            (HttpMethod::Patch, &mut item.patch),
            (HttpMethod::Delete, &mut item.delete),
        ];
        for (method, operation) in operations {
            if let Some(operation) = operation {
                add_common(&method, operation);
            }
        }
    }
    document
}

fn add_common(method: &HttpMethod, operation: &mut Operation) {
    operation.security = Some(vec![SecurityRequirement::new("operator", Vec::<String>::new())]);
    let problem = ResponseBuilder::new()
        .description("Refused")
        .content(
            "application/problem+json",
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .build(),
        )
        .build();
    operation
        .responses
        .responses
        .insert("default".to_owned(), problem.into());
    if *method == HttpMethod::Post && operation.operation_id.as_deref() != Some("verify_key") {
        let key = ParameterBuilder::new()
            .name("Idempotency-Key")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "Makes it safe to send the request again: within 24 hours the same key and body give the same answer, \
                 marked `Idempotency-Replayed: true` and without its secret.",
            ))
            .schema(Some(
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .min_length(Some(1))
                    .max_length(Some(IDEMPOTENCY_KEY_MAX)),
            ))
            .build();
        operation.parameters.get_or_insert_default().push(key.into());
    }
}

/// The document as it is committed and served.
pub fn json() -> String {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
