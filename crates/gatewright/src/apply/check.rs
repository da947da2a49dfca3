//! What an installation would refuse, said before anything is sent: the API's own rules for single objects.

use gatewright_catalog::CatalogError;
use gatewright_catalog::check::Checks;
use gatewright_catalog::{plans, products};
use gatewright_native::{gateways, routes, services};

use super::model::{Handle, Object};

/// Fails with one line that names every field that is not acceptable.
pub fn check(handle: &Handle, object: &Object) -> anyhow::Result<()> {
    let mut checks = Checks::default();
    let result = match object {
        Object::Contract(contract) => products::check_contract(contract),
        Object::Product(product) => {
            checks.name("/name", &product.name);
            checks.description("/description", &product.description);
            checks.done()
        }
        Object::Plan(plan) => {
            checks.name("/name", &plan.name);
            checks.description("/description", &plan.description);
            plans::check_limits(
                &mut checks,
                plan.price,
                plan.trial_days,
                &plan.quotas,
                &plan.rate_limits,
            );
            let max = plans::PLAN_PRODUCTS_MAX;
            checks.require(
                plan.products.len() <= max,
                "/products",
                format!("expected at most {max}"),
            );
            checks.done()
        }
        Object::Gateway(gateway) => {
            gateways::check_fields(&mut checks, &gateway.name, gateway.max_request_body_bytes);
            checks.done()
        }
        Object::Service(service) => {
            let timeouts = [service.connect_timeout_ms, service.response_timeout_ms];
            let name = match handle {
                Handle::Service(_, name) => name,
                _ => "",
            };
            services::check_fields(
                &mut checks,
                name,
                &service.target_url,
                service.ca_pem.as_deref(),
                timeouts,
            );
            checks.done()
        }
        Object::Route(route) => {
            routes::check_fields(&mut checks, &route.key.method, &route.key.path, &route.target_path);
            checks.done()
        }
    };
    let handle = format!("{} {}", handle.kind(), handle.name(Some(object)));
    match result {
        Ok(()) => Ok(()),
        Err(CatalogError::Invalid(errors)) => {
            let errors = errors
                .iter()
                .map(|error| format!("{}: {}", error.field.trim_start_matches('/'), error.detail));
            anyhow::bail!("{handle}: {}", errors.collect::<Vec<_>>().join("; "))
        }
        Err(error) => anyhow::bail!("{handle}: {error}"),
    }
}
