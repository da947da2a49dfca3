//! Lists: developers, apps, products, and what is deployed.

use serde_json::{Value, json};

use super::Apigee;
use super::admin::{Asked, nowhere, ok, product_body};
use super::error::Refused;
use super::rows::{App, Developer, word};
use crate::wire::Response;

/// The most that a page has, and what it has where nothing is said.
const PAGE_MAX: usize = 1000;
/// The most of one developer's apps where nothing is said.
const APPS_OF_A_DEVELOPER: usize = 100;

/// `rest` is the path behind the organization.
pub(super) fn answer(apigee: &mut Apigee, rest: &[&str], asked: &Asked<'_>) -> Result<Response, Refused> {
    match (asked.request.method.as_str(), rest) {
        ("GET", ["apps"]) => apps(apigee, asked),
        ("GET", ["apps", id]) => {
            let found = apigee.store.apps.iter().find(|(_, app)| app.id == *id);
            let ((email, _), app) = found.ok_or_else(nowhere)?;
            let mut shown = app.json(apigee.store.developer(email)?);
            shown["developerEmail"] = json!(email);
            Ok(ok(&shown))
        }
        ("GET", ["apiproducts"]) => products(apigee, asked),
        ("POST", ["apiproducts"]) => {
            let product = product_body(asked)?;
            let name = product["name"].as_str().unwrap_or_default().to_owned();
            if apigee.store.products.contains_key(&name) {
                let message = format!("API Product with name {name} already exists");
                return Err(Refused::taken(
                    "keymanagement.service.apiproduct_already_exists",
                    message,
                ));
            }
            let answer = ok(&json!(product));
            apigee.store.products.insert(name, product);
            Ok(answer)
        }
        ("GET", ["apiproducts", name]) => apigee.store.product(name).map(|product| ok(&json!(product))),
        ("PUT", ["apiproducts", name]) => {
            apigee.store.product(name)?;
            let product = product_body(asked)?;
            let answer = ok(&json!(product));
            apigee.store.products.insert((*name).to_owned(), product);
            Ok(answer)
        }
        ("DELETE", ["apiproducts", name]) => {
            let answer = apigee.store.product(name).map(|product| ok(&json!(product)))?;
            apigee.store.products.remove(*name);
            Ok(answer)
        }
        ("GET", ["deployments"]) => {
            let one = |proxy: &super::rows::Proxy| {
                json!({ "apiProxy": proxy.name, "environment": proxy.environment, "revision": "1",
                        "deployStartTime": "1700000000000", "proxyDeploymentType": "EXTENSIBLE" })
            };
            let all: Vec<Value> = apigee.store.proxies.values().map(one).collect();
            Ok(ok(&json!({ "deployments": all })))
        }
        ("GET", ["apis", name, "revisions", "1"]) => {
            let proxy = apigee.store.proxies.get(*name).ok_or_else(nowhere)?;
            Ok(ok(&json!({
                "name": proxy.name, "revision": "1", "basepaths": [proxy.base_path], "policies": proxy.policies,
                "proxies": ["default"], "type": "Application",
            })))
        }
        _ => Err(nowhere()),
    }
}

/// Where a list begins and how long it is: the row of `startKey` comes first again.
fn window(asked: &Asked<'_>, most: usize) -> Result<(String, usize), Refused> {
    let (start, count) = (asked.parameter("startKey"), asked.parameter("count"));
    if start.is_some() && count.is_none() {
        return Err(Refused::invalid("", "startKey must be used in conjunction with count"));
    }
    let count = count.map_or(Ok(most), |count| count.parse());
    let count = count.map_err(|_| Refused::invalid("", "Invalid value at 'count'"))?;
    Ok((start.unwrap_or_default(), count.min(PAGE_MAX)))
}

fn expanded(asked: &Asked<'_>) -> bool {
    asked.parameter("expand").as_deref() == Some("true")
}

pub(super) fn developers(apigee: &Apigee, asked: &Asked<'_>) -> Result<Response, Refused> {
    let (start, count) = window(asked, PAGE_MAX)?;
    if expanded(asked) && asked.parameter("count").is_some() {
        return Err(Refused::invalid("", "expand is not valid if you use count or startKey"));
    }
    let from = apigee.store.developers.range(start..).take(count);
    let all: Vec<Value> = from
        .map(|(email, developer)| match expanded(asked) {
            true => developer.json(&apigee.options.organization, &[]),
            false => json!({ "email": email }),
        })
        .collect();
    Ok(ok(&json!({ "developer": all })))
}

pub(super) fn apps_of(apigee: &Apigee, email: &str, asked: &Asked<'_>) -> Result<Response, Refused> {
    let developer = apigee.store.developer(email)?;
    let (start, count) = window(asked, APPS_OF_A_DEVELOPER)?;
    let all: Vec<Value> = apigee
        .store
        .apps_of(email)
        .filter(|app| app.name >= start)
        .take(count)
        .map(|app| match expanded(asked) {
            true => app.json(developer),
            false => json!({ "name": app.name }),
        })
        .collect();
    Ok(ok(&json!({ "app": all })))
}

fn products(apigee: &Apigee, asked: &Asked<'_>) -> Result<Response, Refused> {
    let (start, count) = window(asked, PAGE_MAX)?;
    let from = apigee.store.products.range(start..).take(count);
    let all: Vec<Value> = from
        .map(|(name, product)| match expanded(asked) {
            true => json!(product),
            false => json!({ "name": name }),
        })
        .collect();
    Ok(ok(&json!({ "apiProduct": all })))
}

/// Every app of the organization, by its id. Who does not ask for what is revoked is not shown it.
fn apps(apigee: &Apigee, asked: &Asked<'_>) -> Result<Response, Refused> {
    let status = |name: &str| asked.parameter(name).unwrap_or_else(|| "approved".to_owned());
    let (status, key_status) = (status("status"), status("keyStatus"));
    let filter = asked.parameter("filter");
    let fits = |email: &str, app: &App| {
        let keys = app.keys.iter();
        let keys_fit = match (key_status.as_str(), app.keys.is_empty()) {
            (wanted, true) => wanted == "approved",
            (wanted, false) => keys.clone().any(|key| word(key.approved) == wanted),
        };
        let filtered = match filter.as_deref().and_then(|filter| filter.split_once('=')) {
            None => true,
            Some(("consumerKey", wanted)) => keys.clone().any(|key| key.consumer_key == wanted),
            Some(("developerEmail", wanted)) => email == wanted,
            Some(("appName", wanted)) => app.name == wanted,
            Some(_) => false,
        };
        word(app.approved) == status && keys_fit && filtered
    };
    let mut found: Vec<(&Developer, &App)> = apigee
        .store
        .apps
        .iter()
        .filter(|((email, _), app)| fits(email, app))
        .filter_map(|((email, _), app)| Some((apigee.store.developers.get(email)?, app)))
        .collect();
    found.sort_by(|one, other| one.1.id.cmp(&other.1.id));
    let total = found.len();
    let size = asked.parameter("pageSize").map_or(Ok(PAGE_MAX), |size| size.parse());
    let size: usize = size.map_err(|_| Refused::invalid("", "Invalid value at 'page_size'"))?;
    let after = asked.parameter("pageToken").unwrap_or_default();
    let mut page: Vec<_> = found.into_iter().filter(|(_, app)| app.id > after).collect();
    let more = page.len() > size.clamp(1, PAGE_MAX);
    page.truncate(size.clamp(1, PAGE_MAX));
    let with_keys = asked.parameter("includeCred").as_deref() == Some("true");
    let shown: Vec<Value> = page
        .iter()
        .map(|(developer, app)| {
            if !expanded(asked) {
                return json!({ "appId": app.id });
            }
            let mut shown = if with_keys {
                app.json(developer)
            } else {
                app.outline(developer)
            };
            shown["developerEmail"] = json!(developer.email);
            shown
        })
        .collect();
    let mut answer = json!({ "app": shown, "totalSize": total });
    if let Some((_, last)) = page.last().filter(|_| more) {
        answer["nextPageToken"] = json!(last.id);
    }
    Ok(ok(&answer))
}
