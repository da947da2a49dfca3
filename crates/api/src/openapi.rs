//! Our own API description.

use http::Method;
use serde_json::Value;
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{
    ContentBuilder, Header, InfoBuilder, License, OpenApi, Ref, RefOr, Required, ResponseBuilder, SecurityRequirement,
};
use utoipa::{PartialSchema, ToSchema};
use utoipa_axum::router::OpenApiRouter;

use crate::error::ProblemDocument;
use crate::work::IDEMPOTENCY_KEY_MAX;
use crate::{ApiState, access, operations};

/// Where every operation lies.
pub const BASE_PATH: &str = "/api/v1";

/// POSTs that take no `Idempotency-Key`: sent twice, they leave the same state, or begin something that is as good as the first.
const WITHOUT_IDEMPOTENCY_KEY: [&str; 4] = ["verify_key", "drain_node", "revoke_node", "link_identity"];

/// The document, with what every operation has in common.
pub fn document() -> OpenApi {
    let mut document = bare();
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
    let mut session = Http::new(HttpAuthScheme::Bearer);
    session.bearer_format = Some("JWT".to_owned());
    session.description = Some(
        "The access token of a session (`POST /sessions` with `delivery: BODY`); a browser has it in a cookie instead. \
         Ask the host of the tenant."
            .to_owned(),
    );
    components.add_security_scheme("session", SecurityScheme::Http(session));
    components
        .schemas
        .insert("Problem".to_owned(), ProblemDocument::schema());
    let mut inner = Vec::new();
    ProblemDocument::schemas(&mut inner);
    components.schemas.extend(inner);

    for (method, _, operation) in operations(&mut document) {
        add_access(operation);
        add_common(&method, operation);
    }
    document
}

/// The document as the operations describe themselves.
pub(crate) fn bare() -> OpenApi {
    let router: OpenApiRouter<ApiState> = OpenApiRouter::new().nest(BASE_PATH, operations::router());
    router.into_openapi()
}

/// Every operation of a document, with its method and the template of its path.
pub(crate) fn operations(document: &mut OpenApi) -> impl Iterator<Item = (Method, String, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        let operations = [
            (Method::GET, item.get.as_mut()),
            (Method::POST, item.post.as_mut()),
            (Method::PUT, item.put.as_mut()),
            (Method::PATCH, item.patch.as_mut()),
            (Method::DELETE, item.delete.as_mut()),
        ];
        operations
            .into_iter()
            .filter_map(move |(method, operation)| Some((method, path.clone(), operation?)))
    })
}

/// Says which permission an operation needs, and who has it.
fn add_access(operation: &mut Operation) {
    let Some(access) = operation.operation_id.as_deref().and_then(access::of) else {
        return;
    };
    if let Some(permission) = access.permission() {
        let extensions = operation.extensions.get_or_insert_default();
        extensions.insert("x-required-permission".to_owned(), permission.as_str().into());
    }
    operation.security = Some(match access {
        access::Access::Public => Vec::new(),
        access::Access::SignedIn | access::Access::Developer | access::Access::CustomerOwner => vec![named("session")],
        access::Access::Installation => vec![named("operator")],
        _ => vec![named("operator"), named("session")],
    });
    let extensions = operation.extensions.get_or_insert_default();
    extensions.insert("x-audience".to_owned(), access.audience().into());
    let mut text = operation.description.take().unwrap_or_default();
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(&access.sentence());
    if operation.operation_id.as_deref().is_some_and(access::needs_recent) {
        text.push_str(" A session has to be recent: 403 `reauthentication-required` otherwise.");
    }
    operation.description = Some(text);
}

/// Changes of what two people can edit: they know `If-Match`, and every other one refuses it.
const CONDITIONAL: [&str; 20] = [
    "add_plan_version",
    "change_api_spec",
    "change_connection",
    "change_customer",
    "change_gateway",
    "change_identity_provider",
    "change_plan",
    "change_product",
    "change_route",
    "change_service",
    "delete_customer",
    "delete_gateway",
    "delete_identity_provider",
    "delete_logo",
    "delete_route",
    "delete_service",
    "put_branding",
    "put_contract",
    "put_logo",
    "put_outgoing_destinations",
];
/// What answers with the entity tag that goes into `If-Match`.
const TAGGED: [&str; 24] = [
    "change_api_spec",
    "change_connection",
    "change_customer",
    "change_gateway",
    "change_identity_provider",
    "change_plan",
    "change_product",
    "change_route",
    "change_service",
    "get_api_spec",
    "get_branding",
    "get_connection",
    "get_contract",
    "get_customer",
    "get_gateway",
    "get_identity_provider",
    "get_outgoing_destinations",
    "get_plan",
    "get_product",
    "get_route",
    "get_service",
    "put_branding",
    "put_logo",
    "put_outgoing_destinations",
];

/// The entity tags of what can be edited.
fn add_tags(operation: &mut Operation) {
    let id = operation.operation_id.clone().unwrap_or_default();
    if CONDITIONAL.contains(&id.as_str()) {
        let parameter = ParameterBuilder::new()
            .name("If-Match")
            .parameter_in(ParameterIn::Header)
            .required(Required::False)
            .description(Some(
                "The `ETag` of the version that the change was made for (of a plan for its versions, of the contract \
                 for a contract). If the object is another by now, nothing is done: 412 `precondition-failed`.",
            ))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
            .build();
        operation.parameters.get_or_insert_default().push(parameter.into());
    }
    if TAGGED.contains(&id.as_str())
        && let Some(RefOr::T(response)) = operation.responses.responses.get_mut("200")
    {
        let mut header = Header::default();
        header.description = Some("The version that is shown, to be sent as `If-Match`.".to_owned());
        response.headers.insert("ETag".to_owned(), header.into());
    }
}

fn named(scheme: &str) -> SecurityRequirement {
    SecurityRequirement::new(scheme, Vec::<String>::new())
}

fn add_common(method: &Method, operation: &mut Operation) {
    add_tags(operation);
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
    // Whoever is not known has no keys of their own.
    let takes_no_key =
        |id: &str| WITHOUT_IDEMPOTENCY_KEY.contains(&id) || matches!(access::of(id), Some(access::Access::Public));
    if *method == Method::POST && !operation.operation_id.as_deref().is_some_and(takes_no_key) {
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

/// Puts the extensions of each object behind its other fields, in the order of their names: the library keeps them in a map
/// that has none.
fn settle(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            let mut extensions: Vec<String> = fields.keys().filter(|name| name.starts_with("x-")).cloned().collect();
            extensions.sort_unstable();
            for name in extensions {
                if let Some(extension) = fields.shift_remove(&name) {
                    fields.insert(name, extension);
                }
            }
            fields.values_mut().for_each(settle);
        }
        Value::Array(items) => items.iter_mut().for_each(settle),
        _ => {}
    }
}

/// The document as it is committed and served.
pub fn json() -> String {
    let mut document = serde_json::to_value(document()).unwrap_or_default();
    settle(&mut document);
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}
