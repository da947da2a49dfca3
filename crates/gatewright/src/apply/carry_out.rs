//! Does the steps of a plan, one after the other, each only if its object is still what the plan saw.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use gatewright_types::slug::Slug;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::client::{Answer, Client, Refused};
use super::model::{Handle, Object, Objects};
use super::plan::{Step, Verb};
use super::remote::Held;

/// Does the steps. `done` hears of each before the next begins.
///
/// # Errors
///
/// The first step that fails ends it; those before it are done and stay so.
pub async fn carry_out(
    client: &mut Client,
    steps: &[Step],
    wanted: &Objects,
    held: BTreeMap<Handle, Held>,
    mut done: impl FnMut(&Step),
) -> anyhow::Result<()> {
    let mut hand = Hand { client, wanted, held };
    for step in steps {
        hand.step(step).await?;
        done(step);
    }
    Ok(())
}

struct Hand<'a> {
    client: &'a mut Client,
    wanted: &'a Objects,
    held: BTreeMap<Handle, Held>,
}

impl Hand<'_> {
    async fn step(&mut self, step: &Step) -> anyhow::Result<()> {
        let handle = &step.handle;
        let id = self.held.get(handle).map(|held| held.id.clone());
        let tag = match (&id, step.verb) {
            (None, _) | (_, Verb::Create) => None,
            (Some(id), _) => Some(self.unchanged(step, id).await?),
        };
        let (method, path) = self.request(step, id.as_deref())?;
        let body = match step.verb {
            Verb::Delete => None,
            _ => Some(self.body(step)?),
        };
        let mut answer = self.client.send(method, &path, tag.as_deref(), body.as_ref()).await;
        if let Err(error) = &answer
            && let Some(refused) = error.downcast_ref::<Refused>()
            && refused.repeated
            && let Some(found) = self.is_done(step, &path, refused.status, body.as_ref()).await?
        {
            answer = Ok(found);
        }
        let answer = answer.map_err(|error| match error.downcast_ref::<Refused>() {
            Some(refused) if refused.code == "precondition-failed" => changed_meanwhile(step),
            _ => error,
        })?;
        if step.verb == Verb::Delete {
            self.held.remove(handle);
            return Ok(());
        }
        let id = answer.body["id"].as_str().map(str::to_owned);
        match (handle, id) {
            // The answer is the product, which shows when its contract changed.
            (Handle::Contract(slug), Some(id)) => {
                let handle = Handle::Product(slug.clone());
                self.held.insert(handle, Held { id, seen: answer.body });
            }
            (Handle::Contract(_), None) => {}
            (_, id) => {
                let id = id.context("whoever answered is no Gatewright")?;
                self.held.insert(handle.clone(), Held { id, seen: answer.body });
            }
        }
        Ok(())
    }

    /// What there is when an earlier attempt has done a step, and only its answer was lost.
    async fn is_done(
        &mut self,
        step: &Step,
        path: &str,
        status: StatusCode,
        body: Option<&Value>,
    ) -> anyhow::Result<Option<Answer>> {
        match (step.verb, status) {
            (Verb::Delete, StatusCode::NOT_FOUND) => Ok(Some(Answer {
                etag: None,
                body: Value::Null,
            })),
            (Verb::Change, StatusCode::PRECONDITION_FAILED) => {
                let found = self.client.get(path).await?;
                let mut wanted = body.and_then(Value::as_object).into_iter().flatten();
                let is_done = wanted.all(|(name, value)| found.body.get(name) == Some(value));
                Ok(is_done.then_some(found))
            }
            _ => Ok(None),
        }
    }

    /// The tag of an object that is as the plan saw it.
    async fn unchanged(&mut self, step: &Step, id: &str) -> anyhow::Result<String> {
        let answer = self.client.get(&address(&step.handle, id)).await;
        let answer = answer.map_err(|error| match error.downcast_ref::<Refused>() {
            Some(refused) if refused.code == "not-found" => changed_meanwhile(step),
            _ => error,
        })?;
        if answer.body != self.held[&step.handle].seen {
            return Err(changed_meanwhile(step));
        }
        answer
            .etag
            .context("the installation is too old: it does not say `ETag`")
    }

    fn request(&self, step: &Step, id: Option<&str>) -> anyhow::Result<(Method, String)> {
        let known = || id.context("an object that is not there cannot be changed");
        Ok(match (step.verb, &step.handle) {
            (_, Handle::Contract(slug)) => {
                let product = self.id(&Handle::Product(slug.clone()))?;
                (Method::PUT, format!("/products/{product}/contract"))
            }
            (Verb::Create, Handle::Product(_)) => (Method::POST, "/products".to_owned()),
            (Verb::Create, Handle::Plan(_)) => (Method::POST, "/plans".to_owned()),
            (Verb::Create, Handle::Gateway(_)) => (Method::POST, "/gateways".to_owned()),
            (Verb::Create, Handle::Service(gateway, _)) => {
                (Method::POST, format!("/gateways/{}/services", self.gateway(gateway)?))
            }
            (Verb::Create, Handle::Route(gateway, _)) => {
                (Method::POST, format!("/gateways/{}/routes", self.gateway(gateway)?))
            }
            (Verb::AddVersion, handle) => (Method::POST, format!("{}/versions", address(handle, known()?))),
            (Verb::Change, handle) => (Method::PATCH, address(handle, known()?)),
            (Verb::Delete, handle) => (Method::DELETE, address(handle, known()?)),
        })
    }

    fn body(&self, step: &Step) -> anyhow::Result<Value> {
        let object = self.wanted.get(&step.handle).context("a step without an object")?;
        let mut body = self.whole(&step.handle, object)?;
        match (step.verb, object) {
            // Always whole.
            (_, Object::Contract(_)) | (Verb::Create | Verb::Delete, _) => {}
            (Verb::AddVersion, _) => {
                body.retain(|name, _| !matches!(name.as_str(), "name" | "slug" | "description" | "selfService"));
            }
            (Verb::Change, _) => body.retain(|name, _| {
                let name = name.strip_suffix("Id").unwrap_or(name);
                step.fields.iter().any(|field| field.name == name)
            }),
        }
        Ok(Value::Object(body))
    }

    /// An object as the API takes it when it is made.
    fn whole(&self, handle: &Handle, object: &Object) -> anyhow::Result<Map<String, Value>> {
        let mut body = match object {
            Object::Product(product) => {
                json!({
                    "kind": product.kind, "name": product.name, "description": product.description,
                    "orchestrated": product.orchestrated,
                })
            }
            Object::Contract(contract) => json!(contract),
            Object::Plan(plan) => {
                let ids = plan.products.iter().map(|slug| self.id(&Handle::Product(slug.clone())));
                let product_ids = ids.collect::<anyhow::Result<Vec<_>>>()?;
                json!({
                    "name": plan.name, "description": plan.description, "selfService": plan.self_service,
                    "price": plan.price, "billingPeriod": plan.billing_period, "trialDays": plan.trial_days, "quotas": plan.quotas,
                    "rateLimits": plan.rate_limits, "productIds": product_ids,
                })
            }
            Object::Gateway(gateway) => json!({
                "name": gateway.name, "environment": gateway.environment, "authType": gateway.auth_type,
                "maxRequestBodyBytes": gateway.max_request_body_bytes,
            }),
            Object::Service(service) => json!({
                "targetUrl": service.target_url, "caPem": service.ca_pem,
                "connectTimeoutMs": service.connect_timeout_ms, "responseTimeoutMs": service.response_timeout_ms,
            }),
            Object::Route(route) => {
                let Handle::Route(gateway, _) = handle else {
                    bail!("a route without a gateway");
                };
                let product = route
                    .product
                    .as_ref()
                    .map(|slug| self.id(&Handle::Product(slug.clone())))
                    .transpose()?;
                json!({
                    "serviceId": self.id(&Handle::Service(gateway.clone(), route.service.clone()))?,
                    "method": route.key.method, "publicPath": route.key.path, "targetPath": route.target_path,
                    "access": route.access, "productId": product,
                })
            }
        };
        match handle {
            Handle::Product(slug) | Handle::Plan(slug) | Handle::Gateway(slug) => body["slug"] = json!(slug),
            Handle::Service(_, name) => body["name"] = json!(name),
            _ => {}
        }
        match body {
            Value::Object(fields) => Ok(fields),
            _ => bail!("a body is an object"),
        }
    }

    fn id(&self, handle: &Handle) -> anyhow::Result<&str> {
        let held = self.held.get(handle);
        held.map(|held| held.id.as_str())
            .with_context(|| format!("there is no {handle}"))
    }

    fn gateway(&self, slug: &Slug) -> anyhow::Result<&str> {
        self.id(&Handle::Gateway(slug.clone()))
    }
}

fn address(handle: &Handle, id: &str) -> String {
    match handle {
        Handle::Contract(_) => format!("/products/{id}/contract"),
        handle => format!("/{}s/{id}", handle.kind()),
    }
}

fn changed_meanwhile(step: &Step) -> anyhow::Error {
    anyhow::anyhow!(
        "the {} {} was changed by somebody else since the plan was made (precondition-failed); nothing of it was touched",
        step.handle.kind(),
        step.name
    )
}
