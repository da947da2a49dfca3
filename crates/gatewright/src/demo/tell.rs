//! What the demo says when it is ready.

use serde::Serialize;

use super::Seeded;
use crate::process::Process;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    api_url: String,
    gateway_url: &'a str,
    operator_token: &'a str,
    tenant_id: String,
    product_id: String,
    plan_id: String,
    customer_id: String,
    subscription_id: String,
    gateway_id: String,
    key_id: String,
    key: &'a str,
}

/// One line of JSON.
pub(super) fn json(process: &Process, seeded: &Seeded) -> anyhow::Result<String> {
    let line = Line {
        api_url: process.api_url(),
        gateway_url: process.gateway_url().unwrap_or_default(),
        operator_token: seeded.operator_token(),
        tenant_id: seeded.tenant_id.to_string(),
        product_id: seeded.product_id.to_string(),
        plan_id: seeded.plan_id.to_string(),
        customer_id: seeded.customer_id.to_string(),
        subscription_id: seeded.subscription_id.to_string(),
        gateway_id: seeded.gateway_id.to_string(),
        key_id: seeded.key_id.to_string(),
        key: seeded.key(),
    };
    Ok(serde_json::to_string(&line)? + "\n")
}

/// What to try first.
pub(super) fn text(process: &Process, seeded: &Seeded) -> String {
    let (api, gateway) = (process.api_url(), process.gateway_url().unwrap_or_default());
    let (home, key, token) = (process.public_url(), seeded.key(), seeded.operator_token());
    let subscription = seeded.subscription_id;
    format!(
        "
  Gatewright is ready.

  Control plane   {home}
  API             {api}   (described at {api}/openapi.json)
  Gateway         {gateway}

  The customer Globex has subscribed to the Translation API of Acme. Its key is admitted:

    curl {gateway}/v1/usage/current -H 'X-Api-Key: {key}'

  Without it the same request is refused:

    curl {gateway}/v1/usage/current

  Cancel the subscription, and the key is refused from the answer on:

    curl -X POST {api}/subscriptions/{subscription}/cancel -H 'Authorization: Bearer {token}'

  Key and token are new at every start and stored nowhere. Ctrl-C ends the demo; its data stays.

"
    )
}
