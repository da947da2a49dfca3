//! The words of a tenant file, as they stand in YAML.
//!
//! They are the API's own, with one difference: where the API has ids, a file has slugs and names. What is
//! absent has the API's default, so a file says everything about the objects it names.

use std::collections::BTreeMap;
use std::fmt;

use gatewright_catalog::model::{BillingPeriod, ContractFormat, ProductKind, Quota, RateLimit};
use gatewright_types::access::{AuthType, Environment, RouteAccess};
use gatewright_types::money::Money;
use gatewright_types::slug::Slug;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_saphyr::Spanned;
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::openapi::{RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

/// A tenant, or a part of one: what it sells and where it is called.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TenantFile {
    /// The slug of the tenant that the file is for. A token of another one is refused.
    #[schema(value_type = Option<Slug>)]
    pub tenant: Option<Spanned<Slug>>,
    /// Products by slug.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, ProductEntry>)]
    pub products: BTreeMap<Slug, Spanned<ProductEntry>>,
    /// Plans by slug.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, PlanEntry>)]
    pub plans: BTreeMap<Slug, Spanned<PlanEntry>>,
    /// Native gateways by slug.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, GatewayEntry>)]
    pub gateways: BTreeMap<Slug, Spanned<GatewayEntry>>,
}

/// What is sold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProductEntry {
    /// What kind of thing it is. It cannot be changed later.
    pub kind: ProductKind,
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it does.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub description: String,
    /// Whether its keys are given to connected gateways.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub orchestrated: bool,
    /// Its contract. Where it is absent, a contract that is there stays.
    pub contract: Option<ContractEntry>,
}

const fn yes() -> bool {
    true
}

/// A product's contract.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ContractEntry {
    /// What it is written in.
    pub format: ContractFormat,
    /// The whole document: as text, or `$file` with a path relative to this file.
    #[schema(value_type = Text)]
    pub document: Spanned<Text>,
}

/// Price and allowances of a set of products. A change of anything but name, description and selfService adds a version.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanEntry {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 10000)]
    pub description: String,
    /// Whether developers may subscribe to it by themselves, in the portal.
    #[serde(default)]
    pub self_service: bool,
    /// Price of one period.
    pub price: Money,
    /// How often it is billed.
    pub billing_period: BillingPeriod,
    /// Days before the first payment; with any, a subscription begins TRIALING.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 365)]
    pub trial_days: u16,
    /// Allowances of a period.
    #[serde(default)]
    pub quotas: Vec<Quota>,
    /// Limits of rate.
    #[serde(default)]
    pub rate_limits: Vec<RateLimit>,
    /// Slugs of the products that may be called with it.
    #[schema(value_type = Vec<Slug>, min_items = 1)]
    pub products: Vec<Spanned<Slug>>,
}

/// A native gateway.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatewayEntry {
    /// Its name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Which keys it admits. It cannot be changed later.
    pub environment: Environment,
    /// What its SECURE routes ask for. It cannot be changed later.
    pub auth_type: AuthType,
    /// Longest request body, in bytes; 10 MiB when absent.
    #[schema(minimum = 0, maximum = 10737418240_i64, default = 10485760)]
    pub max_request_body_bytes: Option<i64>,
    /// Its upstreams by name.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, ServiceEntry>)]
    pub services: BTreeMap<String, Spanned<ServiceEntry>>,
    /// What it does with a method and a path, by both: `GET /v1/translate/{id}`.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, RouteEntry>)]
    pub routes: BTreeMap<RouteKey, Spanned<RouteEntry>>,
}

/// An upstream.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ServiceEntry {
    /// Where it is: `http://` or `https://`, host, port, base path.
    #[schema(example = "https://api.internal.example.com/v2")]
    pub target_url: String,
    /// Certificate authorities (PEM) that are trusted instead of the system's: as text, or `$file`.
    #[schema(value_type = Option<Text>)]
    pub ca_pem: Option<Spanned<Text>>,
    /// Longest wait for a connection, in milliseconds; 5 s when absent.
    #[schema(minimum = 1, maximum = 3600000, default = 5000)]
    pub connect_timeout_ms: Option<i32>,
    /// Longest wait for an answer, and between two parts of a body, in milliseconds; 60 s when absent.
    #[schema(minimum = 1, maximum = 3600000, default = 60000)]
    pub response_timeout_ms: Option<i32>,
}

/// What a gateway does with one method and path.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RouteEntry {
    /// Name of the service that it goes to, of the same gateway.
    #[schema(value_type = String)]
    pub service: Spanned<String>,
    /// Template of the path that the service gets; the public one when absent.
    pub target_path: Option<String>,
    /// Whether a credential is needed.
    pub access: RouteAccess,
    /// Slug of the product it belongs to; without one, only API consumers of the gateway reach it when it is SECURE.
    #[schema(value_type = Option<Slug>)]
    pub product: Option<Spanned<Slug>>,
}

/// `GET /v1/translate/{id}`: what a route answers to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RouteKey {
    /// Template of the path that callers use.
    pub path: String,
    /// An HTTP method in capitals, or `ANY`.
    pub method: String,
}

impl RouteKey {
    /// The same for all routes that match the same requests: names of parameters do not count.
    pub fn identity(&self) -> Self {
        let shape = |segment: &str| match segment.strip_prefix('{') {
            Some(rest) if rest.starts_with('*') => "{*}".to_owned(),
            Some(_) => "{}".to_owned(),
            None => segment.to_owned(),
        };
        Self {
            path: self.path.split('/').map(shape).collect::<Vec<_>>().join("/"),
            method: self.method.clone(),
        }
    }
}

impl fmt::Display for RouteKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

impl<'de> Deserialize<'de> for RouteKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.split_once(' ') {
            Some((method, path)) if !method.is_empty() && path.starts_with('/') => Ok(Self {
                path: path.to_owned(),
                method: method.to_owned(),
            }),
            _ => Err(de::Error::custom(format!(
                "{text:?} is no route: expected a method, a space and a path, as in `GET /v1/translate/{{id}}`"
            ))),
        }
    }
}

/// A long text: itself, or the file that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Text {
    /// The text itself.
    Inline(String),
    /// A path, relative to the file that names it.
    File(String),
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or `$file: <path>`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
                Ok(Text::Inline(text.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Text, A::Error> {
                let mut path = None;
                while let Some(key) = map.next_key::<String>()? {
                    if key != "$file" {
                        return Err(de::Error::unknown_field(&key, &["$file"]));
                    }
                    path = Some(map.next_value::<String>()?);
                }
                path.map(Text::File).ok_or_else(|| de::Error::missing_field("$file"))
            }
        }
        deserializer.deserialize_any(Reader)
    }
}

impl PartialSchema for Text {
    fn schema() -> RefOr<Schema> {
        let file = ObjectBuilder::new()
            .property(
                "$file",
                ObjectBuilder::new()
                    .schema_type(Type::String)
                    .format(Some(SchemaFormat::Custom("uri-reference".to_owned())))
                    .description(Some("A path, relative to this file.")),
            )
            .required("$file")
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)));
        OneOfBuilder::new()
            .description(Some("A long text: itself, or the file that holds it."))
            .item(ObjectBuilder::new().schema_type(Type::String))
            .item(file)
            .into()
    }
}

impl ToSchema for Text {}

/// The JSON Schema (2020-12) of a tenant file, for editors and other checks.
pub fn json_schema() -> anyhow::Result<String> {
    let mut found = Vec::new();
    TenantFile::schemas(&mut found);
    let mut definitions = serde_json::Map::new();
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    for (name, schema) in found {
        definitions.insert(name, serde_json::to_value(schema)?);
    }
    let mut root = serde_json::to_value(TenantFile::schema())?;
    let head = serde_json::json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A tenant of Gatewright as code: gatewright apply, gatewright export",
    });
    let (mut document, Some(fields)) = (head, root.as_object_mut()) else {
        anyhow::bail!("the schema of a tenant file is no object");
    };
    for (name, value) in std::mem::take(fields) {
        document[name] = value;
    }
    document["$defs"] = definitions.into();
    let text = serde_json::to_string_pretty(&document)?;
    // utoipa writes for OpenAPI, whose schemas are JSON Schema at another place.
    Ok(text.replace("#/components/schemas/", "#/$defs/") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_that_match_the_same_requests_have_one_identity() {
        let identity = |path: &str| {
            RouteKey {
                path: path.to_owned(),
                method: "GET".to_owned(),
            }
            .identity()
            .path
        };
        assert_eq!(identity("/v1/{id}/x/{*rest}"), identity("/v1/{key}/x/{*all}"));
        assert_ne!(identity("/v1/{id}"), identity("/v1/id"));
        assert_ne!(identity("/v1/{*id}"), identity("/v1/{id}"));
    }
}
