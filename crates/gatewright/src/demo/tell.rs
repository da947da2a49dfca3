//! What the demo says when it is ready.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::{Seeded, Vendors};
use crate::process::Process;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    api_url: String,
    gateway_url: &'a str,
    operator_token: &'a str,
    portal_url: String,
    operator_email: &'a str,
    operator_password: &'a str,
    developer_email: &'a str,
    developer_password: &'a str,
    tenant_id: String,
    product_id: String,
    plan_id: String,
    customer_id: String,
    subscription_id: String,
    gateway_id: String,
    key_id: String,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendors: Option<VendorLines<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VendorLines<'a> {
    control_url: &'a str,
    #[serde(flatten)]
    each: BTreeMap<&'a str, VendorLine<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct VendorLine<'a> {
    connection_id: String,
    admin_url: &'a str,
    proxy_url: &'a str,
    /// What the key opens there, and where it is put.
    url: String,
    key_field: &'a str,
}

fn vendor_lines<'a>(vendors: &'a Vendors, seeded: &Seeded) -> VendorLines<'a> {
    let each = vendors.each.iter().map(|(name, stand_in)| {
        let line = VendorLine {
            connection_id: seeded.connected.get(name).map_or_else(String::new, ToString::to_string),
            admin_url: &stand_in.admin,
            proxy_url: &stand_in.proxy,
            url: stand_in.url(),
            key_field: &stand_in.connection.key_field,
        };
        (name.as_str(), line)
    });
    VendorLines {
        control_url: &vendors.control,
        each: each.collect(),
    }
}

/// One line of JSON.
pub(super) fn json(process: &Process, seeded: &Seeded, vendors: Option<&Vendors>) -> anyhow::Result<String> {
    let line = Line {
        api_url: process.api_url(),
        gateway_url: process.gateway_url().unwrap_or_default(),
        operator_token: seeded.operator_token(),
        portal_url: process.portal_url(&seeded.tenant_slug),
        operator_email: seeded.operator.email,
        operator_password: seeded.operator.password(),
        developer_email: seeded.developer.email,
        developer_password: seeded.developer.password(),
        tenant_id: seeded.tenant_id.to_string(),
        product_id: seeded.product_id.to_string(),
        plan_id: seeded.plan_id.to_string(),
        customer_id: seeded.customer_id.to_string(),
        subscription_id: seeded.subscription_id.to_string(),
        gateway_id: seeded.gateway_id.to_string(),
        key_id: seeded.key_id.to_string(),
        key: seeded.key(),
        vendors: vendors.map(|vendors| vendor_lines(vendors, seeded)),
    };
    Ok(serde_json::to_string(&line)? + "\n")
}

/// What to try first.
pub(super) fn text(process: &Process, seeded: &Seeded, vendors: Option<&Vendors>) -> String {
    let (api, gateway) = (process.api_url(), process.gateway_url().unwrap_or_default());
    let (home, key, token) = (process.public_url(), seeded.key(), seeded.operator_token());
    let subscription = seeded.subscription_id;
    let portal = process.portal_url(&seeded.tenant_slug);
    let (operator, developer) = (&seeded.operator, &seeded.developer);
    let (operator, operator_password) = (operator.email, operator.password());
    let (developer, developer_password) = (developer.email, developer.password());
    let others = vendors.map_or_else(String::new, |vendors| others(vendors, seeded, &api));
    format!(
        "
  Gatewright is ready.

  Control plane   {home}
  API             {api}   (described at {api}/openapi.json)
  Gateway         {gateway}

  Portal          {portal}   (mails go to {portal}/mailbox)
    operator      {operator}    {operator_password}
    developer     {developer}   {developer_password}

  The customer Globex has subscribed to the Translation API of Acme. Its key is admitted:

    curl {gateway}/v1/usage/current -H 'X-Api-Key: {key}'

  Without it the same request is refused:

    curl {gateway}/v1/usage/current

  Cancel the subscription, and the key is refused from the answer on:

    curl -X POST {api}/subscriptions/{subscription}/cancel -H 'Authorization: Bearer {token}'

{others}  Key, token and passwords are new at every start and stored nowhere. Ctrl-C ends the demo; its data stays.

"
    )
}

/// What to try with the gateways of other vendors.
fn others(vendors: &Vendors, seeded: &Seeded, api: &str) -> String {
    let (key, token, subscription) = (seeded.key(), seeded.operator_token(), seeded.subscription_id);
    let control = &vendors.control;
    let mut asked = String::new();
    for stand_in in vendors.each.values() {
        let (name, url, field) = (
            &stand_in.connection.name,
            stand_in.url(),
            &stand_in.connection.key_field,
        );
        let _ = writeln!(asked, "    curl {url} -H '{field}: {key}'   # {name}");
    }
    let first = seeded
        .connected
        .get("kong")
        .map_or_else(String::new, ToString::to_string);
    format!(
        "  Stand-ins for five other vendors' gateways are connected. The same key is admitted at each:

{asked}
  Where the subscription stands on each gateway:

    curl {api}/subscriptions/{subscription}/gateways -H 'Authorization: Bearer {token}'

  Take one away, suspend or rotate something, and bring it back with up:true. It heals by itself; after five tries
  in vain nothing but what ends access is sent for five minutes, unless you reset its circuit breaker:

    curl -X POST {control}/kong/listener -d '{{\"name\":\"admin\",\"up\":false}}'
    curl -X POST {api}/connections/{first}/breaker/reset -H 'Authorization: Bearer {token}'

"
    )
}
