//! A tenant's operator, in domain verbs over the REST API.

use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// Gives each colleague a mail address of its own.
static COLLEAGUES: AtomicUsize = AtomicUsize::new(1);

/// Sends a request and returns status and JSON body (null when there is none).
pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let bytes = response.bytes().await.unwrap();
    let body = if bytes.is_empty() {
        Value::Null
    } else {
        serde_json::from_slice(&bytes).unwrap()
    };
    (status, body)
}

/// An operator of one tenant.
#[derive(Clone)]
pub struct TestTenant {
    /// The tenant.
    pub id: String,
    /// Its owner's token.
    pub token: String,
    /// Up to and including `/api/v1`.
    pub api_url: String,
    /// Where the gateway is.
    pub gateway_url: String,
    /// The client.
    pub client: reqwest::Client,
}

/// A subscription with its key.
#[derive(Clone, Debug)]
pub struct Subscribed {
    /// The subscription.
    pub subscription_id: String,
    /// The key.
    pub key_id: String,
    /// Its secret.
    pub key: String,
}

impl Subscribed {
    fn from(body: &Value, subscription_id: &str) -> Self {
        Self {
            subscription_id: body[subscription_id].as_str().unwrap().to_owned(),
            key_id: body["apiKey"]["id"].as_str().unwrap().to_owned(),
            key: body["apiKey"]["secret"].as_str().unwrap().to_owned(),
        }
    }
}

impl TestTenant {
    /// A request to the API, as this operator.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.client
            .request(method, format!("{}{path}", self.api_url))
            .bearer_auth(&self.token)
    }

    /// Sends a request and returns status and JSON body (null when there is none).
    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, Value) {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        answer(request).await
    }

    /// POSTs and expects success.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, Some(body)).await;
        assert!(status.is_success(), "POST {path}: {status} {answer}");
        answer
    }

    /// GETs and expects success.
    pub async fn get(&self, path: &str) -> Value {
        let (status, answer) = self.call(Method::GET, path, None).await;
        assert!(status.is_success(), "GET {path}: {status} {answer}");
        answer
    }

    /// POSTs and returns the new object's id.
    pub async fn create(&self, path: &str, body: Value) -> String {
        self.post(path, body).await["id"].as_str().unwrap().to_owned()
    }

    /// A colleague of this role, with a token that follows it; the operator's id and who holds the token.
    pub async fn colleague(&self, role: &str) -> (String, Self) {
        let number = COLLEAGUES.fetch_add(1, Ordering::Relaxed);
        let email = format!("{}{number}@example.com", role.to_lowercase());
        let body = json!({ "name": role, "email": email, "role": role });
        let id = self.create("/operators", body).await;
        let token = self.token_of(&id, json!({ "name": "test" })).await;
        (id, Self { token, ..self.clone() })
    }

    /// A token of an operator.
    pub async fn token_of(&self, operator_id: &str, body: Value) -> String {
        let made = self.post(&format!("/operators/{operator_id}/tokens"), body).await;
        made["secret"].as_str().unwrap().to_owned()
    }

    /// A product.
    pub async fn product(&self, name: &str) -> String {
        self.create("/products", json!({ "kind": "API", "name": name })).await
    }

    /// A plan of these products.
    pub async fn plan(&self, name: &str, product_ids: &[&str]) -> String {
        self.plan_with_trial(name, product_ids, 0).await
    }

    /// A plan that begins with a trial.
    pub async fn plan_with_trial(&self, name: &str, product_ids: &[&str], trial_days: u16) -> String {
        let price = json!({ "amount": "49.00", "currency": "EUR" });
        let body = json!({ "name": name, "price": price, "billingPeriod": "MONTH", "trialDays": trial_days, "productIds": product_ids });
        self.create("/plans", body).await
    }

    /// A customer.
    pub async fn customer(&self, name: &str) -> String {
        self.create("/customers", json!({ "name": name })).await
    }

    /// A subscription with its key.
    pub async fn subscribe(&self, customer_id: &str, plan_id: &str) -> Subscribed {
        let body = json!({ "customerId": customer_id, "planId": plan_id });
        Subscribed::from(&self.post("/subscriptions", body).await, "id")
    }

    /// A native gateway for LIVE keys.
    pub async fn gateway(&self, slug: &str) -> String {
        self.gateway_in(slug, "LIVE").await
    }

    /// A native gateway for the keys of one environment.
    pub async fn gateway_in(&self, slug: &str, environment: &str) -> String {
        let body = json!({ "name": slug, "slug": slug, "environment": environment, "authType": "API_KEY" });
        self.create("/gateways", body).await
    }

    /// A service of a gateway.
    pub async fn service(&self, gateway_id: &str, name: &str, target_url: &str) -> String {
        self.create(
            &format!("/gateways/{gateway_id}/services"),
            json!({ "name": name, "targetUrl": target_url }),
        )
        .await
    }

    /// A SECURE route of a product, to the same path.
    pub async fn secure_route(
        &self,
        gateway_id: &str,
        service_id: &str,
        method: &str,
        path: &str,
        product_id: Option<&str>,
    ) -> String {
        let body = json!({ "serviceId": service_id, "method": method, "publicPath": path, "access": "SECURE", "productId": product_id });
        self.create(&format!("/gateways/{gateway_id}/routes"), body).await
    }

    /// A PUBLIC route, to the same path.
    pub async fn public_route(&self, gateway_id: &str, service_id: &str, method: &str, path: &str) -> String {
        let body = json!({ "serviceId": service_id, "method": method, "publicPath": path, "access": "PUBLIC" });
        self.create(&format!("/gateways/{gateway_id}/routes"), body).await
    }

    /// An API consumer of a gateway, with its key; the subscription is the implicit one.
    pub async fn consumer(&self, gateway_id: &str, name: &str) -> (String, Subscribed) {
        let body = self
            .post(&format!("/gateways/{gateway_id}/consumers"), json!({ "name": name }))
            .await;
        (
            body["id"].as_str().unwrap().to_owned(),
            Subscribed::from(&body, "subscriptionId"),
        )
    }

    /// A webhook endpoint that wants these types of events; its id and its secret.
    pub async fn webhook_endpoint(&self, url: &str, event_types: &[&str]) -> (String, String) {
        let body = json!({ "url": url, "eventTypes": event_types });
        let made = self.post("/webhook-endpoints", body).await;
        let text = |field: &str| made[field].as_str().unwrap().to_owned();
        (text("id"), text("secret"))
    }

    /// A delivery as soon as it is in this state; waits at most ten seconds.
    pub async fn delivery_in(&self, id: &str, state: &str) -> Value {
        let mut delivery = Value::Null;
        for _ in 0..500 {
            delivery = self.get(&format!("/webhook-deliveries/{id}")).await;
            if delivery["state"] == state {
                return delivery;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("not {state}: {delivery}");
    }

    /// GETs `path` of the gateway with this slug, with or without a key; returns status and problem code.
    pub async fn through(&self, slug: &str, path: &str, key: Option<&str>) -> (StatusCode, String) {
        let mut request = self
            .client
            .get(format!("{}{path}", self.gateway_url))
            .header("host", format!("{slug}.localhost"));
        if let Some(key) = key {
            request = request.header("x-api-key", key);
        }
        let response = request.send().await.unwrap();
        let status = response.status();
        let body: Value = response.json().await.unwrap_or_default();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    }
}
