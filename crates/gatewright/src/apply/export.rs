//! From a tenant to the file that `apply` reads. The same tenant gives the same bytes.

use gatewright_catalog::model::{Contract, ContractFormat};
use gatewright_types::slug::Slug;

use super::model::{Gateway, Handle, Object, Objects, Plan, Product, Route, Service};
use super::remote::Remote;
use super::yaml::{self, Node};

/// The first lines of every file.
const HEAD: &str = "# A tenant of Gatewright. `gatewright apply -f` makes an installation look like this.\n";

/// A file that belongs to a tenant file.
pub struct Beside {
    /// Its name, without a folder.
    pub name: String,
    /// What is in it.
    pub text: String,
}

/// Writes the tenant as YAML; with `beside`, contracts go into files of their own.
pub fn export(remote: &Remote, mut beside: Option<&mut Vec<Beside>>) -> String {
    let objects = &remote.objects;
    let mut products = Vec::new();
    let mut plans = Vec::new();
    let mut gateways = Vec::new();
    for (handle, object) in objects {
        match (handle, object) {
            (Handle::Product(slug), Object::Product(product)) => {
                let contract = match objects.get(&Handle::Contract(slug.clone())) {
                    Some(Object::Contract(contract)) => Some(contract_node(slug, contract, beside.as_deref_mut())),
                    _ => None,
                };
                products.push((slug.to_string(), product_node(product, contract)));
            }
            (Handle::Plan(slug), Object::Plan(plan)) => plans.push((slug.to_string(), plan_node(plan))),
            (Handle::Gateway(slug), Object::Gateway(gateway)) => {
                gateways.push((slug.to_string(), gateway_node(slug, gateway, objects)));
            }
            _ => {}
        }
    }
    let mut fields = vec![field("tenant", text(remote.tenant.as_str()))];
    for (name, entries) in [("products", products), ("plans", plans), ("gateways", gateways)] {
        if !entries.is_empty() {
            fields.push(field(name, Node::Map(entries)));
        }
    }
    format!("{HEAD}{}", yaml::write(&fields))
}

fn field(name: &str, value: Node) -> (String, Node) {
    (name.to_owned(), value)
}

fn text(text: impl Into<String>) -> Node {
    Node::Text(text.into())
}

fn described(fields: &mut Vec<(String, Node)>, name: &str, description: &str) {
    fields.push(field("name", text(name)));
    if !description.is_empty() {
        fields.push(field("description", text(description)));
    }
}

fn product_node(product: &Product, contract: Option<Node>) -> Node {
    let mut fields = vec![field("kind", text(product.kind.as_str()))];
    described(&mut fields, &product.name, &product.description);
    if !product.orchestrated {
        fields.push(field("orchestrated", Node::Boolean(false)));
    }
    fields.extend(contract.map(|contract| field("contract", contract)));
    Node::Map(fields)
}

fn contract_node(slug: &Slug, contract: &Contract, beside: Option<&mut Vec<Beside>>) -> Node {
    let document = match beside {
        None => text(&contract.document),
        Some(beside) => {
            let end = match contract.format {
                ContractFormat::OpenApi => "json",
                ContractFormat::GraphQl => "graphql",
            };
            let name = format!("{slug}.{end}");
            beside.push(Beside {
                name: name.clone(),
                text: contract.document.clone(),
            });
            Node::Map(vec![field("$file", text(name))])
        }
    };
    Node::Map(vec![
        field("format", text(contract.format.as_str())),
        field("document", document),
    ])
}

fn plan_node(plan: &Plan) -> Node {
    let mut fields = Vec::new();
    described(&mut fields, &plan.name, &plan.description);
    if plan.self_service {
        fields.push(field("selfService", Node::Boolean(true)));
    }
    fields.push(field(
        "price",
        Node::Inline(vec![
            ("amount", Node::Quoted(plan.price.amount.to_string())),
            ("currency", text(plan.price.currency.as_str())),
        ]),
    ));
    fields.push(field("billingPeriod", text(plan.billing_period.as_str())));
    if plan.trial_days > 0 {
        fields.push(field("trialDays", Node::Number(plan.trial_days.into())));
    }
    let quotas = plan.quotas.iter().map(|quota| {
        Node::Inline(vec![
            ("meter", text(&quota.meter)),
            ("limit", Node::Number(quota.limit.into())),
            ("period", text(quota.period.as_str())),
        ])
    });
    let rate_limits = plan.rate_limits.iter().map(|limit| {
        Node::Inline(vec![
            ("requests", Node::Number(limit.requests.into())),
            ("windowSeconds", Node::Number(limit.window_seconds.into())),
        ])
    });
    for (name, items) in [
        ("quotas", quotas.collect::<Vec<_>>()),
        ("rateLimits", rate_limits.collect()),
    ] {
        if !items.is_empty() {
            fields.push(field(name, Node::List(items)));
        }
    }
    let products = plan.products.iter().map(|slug| text(slug.as_str()));
    fields.push(field("products", Node::List(products.collect())));
    Node::Map(fields)
}

fn gateway_node(slug: &Slug, gateway: &Gateway, objects: &Objects) -> Node {
    let mut services = Vec::new();
    let mut routes = Vec::new();
    for (handle, object) in objects {
        match (handle, object) {
            (Handle::Service(of, name), Object::Service(service)) if of == slug => {
                services.push((name.clone(), service_node(service)));
            }
            (Handle::Route(of, _), Object::Route(route)) if of == slug => {
                routes.push((route.key.to_string(), route_node(route)));
            }
            _ => {}
        }
    }
    let mut fields = vec![
        field("name", text(&gateway.name)),
        field("environment", text(gateway.environment.as_str())),
        field("authType", text(gateway.auth_type.as_str())),
        field(
            "maxRequestBodyBytes",
            Node::Number(gateway.max_request_body_bytes.into()),
        ),
    ];
    for (name, entries) in [("services", services), ("routes", routes)] {
        if !entries.is_empty() {
            fields.push(field(name, Node::Map(entries)));
        }
    }
    Node::Map(fields)
}

fn service_node(service: &Service) -> Node {
    let mut fields = vec![field("targetUrl", text(&service.target_url))];
    fields.extend(service.ca_pem.as_ref().map(|pem| field("caPem", text(pem))));
    fields.push(field(
        "connectTimeoutMs",
        Node::Number(service.connect_timeout_ms.into()),
    ));
    fields.push(field(
        "responseTimeoutMs",
        Node::Number(service.response_timeout_ms.into()),
    ));
    Node::Map(fields)
}

fn route_node(route: &Route) -> Node {
    let mut fields = vec![field("service", text(&route.service))];
    if route.target_path != route.key.path {
        fields.push(field("targetPath", text(&route.target_path)));
    }
    fields.push(field("access", text(route.access.as_str())));
    fields.extend(
        route
            .product
            .as_ref()
            .map(|product| field("product", text(product.as_str()))),
    );
    Node::Map(fields)
}
