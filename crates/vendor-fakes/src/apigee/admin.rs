//! The management API: which call it is, and the developers; apps and keys have files of their own.

use http::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::error::Refused;
use super::rows::{App, Attribute, Developer, Product};
use super::store::few_enough;
use super::{Apigee, apps, keys, lists};
use crate::wire::{Request, Response, decode};

/// A call with what it may look at.
pub(super) struct Asked<'a> {
    pub(super) request: &'a Request,
    pub(super) now_ms: i64,
}

impl Asked<'_> {
    /// A parameter of the query.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let found = self.request.pairs().into_iter().find(|(given, _)| given == name);
        found.map(|(_, value)| value)
    }

    /// The body; a field that Google does not know is refused, and named.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(&self.request.body).map_err(|error| {
            let why = error.to_string();
            let why = why.split(", expected").next().unwrap_or_default();
            Refused::invalid("", format!("Invalid JSON payload received. {why}"))
        })
    }

    /// The action that is asked for; it comes without a body and says so.
    pub(super) fn action(&self) -> Result<Option<String>, Refused> {
        let Some(action) = self.parameter("action") else {
            return Ok(None);
        };
        let octets = self.request.header("content-type") == Some("application/octet-stream");
        if octets && self.request.body.is_empty() {
            return Ok(Some(action));
        }
        let message = "An action has no body, and its Content-Type is application/octet-stream";
        Err(Refused::invalid("", message))
    }
}

pub(super) fn answer(apigee: &mut Apigee, request: &Request, now_ms: i64) -> Result<Response, Refused> {
    if !apigee.tokens.let_in(request, now_ms) {
        return Err(Refused::unauthenticated());
    }
    let segments = request.segments();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["v1", "organizations", organization, rest @ ..] = segments.as_slice() else {
        return Err(nowhere());
    };
    if *organization != apigee.options.organization {
        return Err(Refused::forbidden(organization));
    }
    let asked = Asked { request, now_ms };
    match rest {
        [] if request.method == Method::GET => Ok(ok(&organization_of(apigee))),
        ["developers"] | ["developers", _] => developers(apigee, rest.get(1).copied(), &asked),
        ["developers", email, "apps", rest @ ..] => match rest {
            [] | [_] => apps::answer(apigee, email, rest.first().copied(), &asked),
            [app, rest @ ..] => keys::answer(apigee, (email, app), rest, &asked),
        },
        ["apps" | "apiproducts" | "deployments" | "apis", ..] => lists::answer(apigee, rest, &asked),
        _ => Err(nowhere()),
    }
}

pub(super) fn nowhere() -> Refused {
    Refused::absent("", "Method not found.")
}

pub(super) fn ok(body: &Value) -> Response {
    Response::json(StatusCode::OK, body)
}

fn organization_of(apigee: &Apigee) -> Value {
    json!({
        "name": apigee.options.organization, "displayName": "Acme", "projectId": "acme-project", "runtimeType": "CLOUD",
        "state": "ACTIVE", "environments": ["prod"], "billingType": "PAYG", "subscriptionType": "PAID",
        "analyticsRegion": "europe-west1", "createdAt": "1700000000000", "lastModifiedAt": "1700000000000",
        "addonsConfig": { "monetizationConfig": { "enabled": false } },
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct DeveloperBody {
    email: String,
    #[serde(default)]
    first_name: String,
    #[serde(default)]
    last_name: String,
    #[serde(default)]
    user_name: String,
    #[serde(default)]
    attributes: Vec<Attribute>,
    // What a caller may send back as it was read, and nobody looks at.
    #[serde(rename = "accessType")]
    _access_type: Option<Value>,
    #[serde(rename = "appFamily")]
    _app_family: Option<Value>,
    #[serde(rename = "apps")]
    _apps: Option<Value>,
    #[serde(rename = "companies")]
    _companies: Option<Value>,
    #[serde(rename = "createdAt")]
    _created_at: Option<Value>,
    #[serde(rename = "developerId")]
    _developer_id: Option<Value>,
    #[serde(rename = "lastModifiedAt")]
    _last_modified_at: Option<Value>,
    #[serde(rename = "organizationName")]
    _organization_name: Option<Value>,
    #[serde(rename = "status")]
    _status: Option<Value>,
}

fn developers(apigee: &mut Apigee, email: Option<&str>, asked: &Asked<'_>) -> Result<Response, Refused> {
    match (asked.request.method.as_str(), email) {
        ("GET", None) => lists::developers(apigee, asked),
        ("POST", None) => create(apigee, asked),
        ("GET", Some(email)) => shown(apigee, email),
        ("PUT", Some(email)) => update(apigee, email, asked),
        ("POST", Some(email)) => {
            apigee.store.developer(email)?;
            let active = match asked.action()?.as_deref() {
                Some("active") => true,
                Some("inactive") => false,
                _ => return Err(Refused::invalid("", "Valid values of action are active and inactive")),
            };
            if let Some(developer) = apigee.store.developers.get_mut(email) {
                developer.active = active;
            }
            Ok(Response::empty(StatusCode::NO_CONTENT))
        }
        ("DELETE", Some(email)) => {
            let answer = shown(apigee, email)?;
            let names: Vec<String> = apigee.store.apps_of(email).map(|app| app.name.clone()).collect();
            for name in names {
                apigee.store.remove_app(&(email.to_owned(), name), true, asked.now_ms);
            }
            apigee.store.developers.remove(email);
            Ok(answer)
        }
        _ => Err(nowhere()),
    }
}

fn shown(apigee: &Apigee, email: &str) -> Result<Response, Refused> {
    let developer = apigee.store.developer(email)?;
    let apps: Vec<&str> = apigee
        .store
        .apps_of(email)
        .map(|app| app.name.as_str())
        .take(100)
        .collect();
    Ok(ok(&developer.json(&apigee.options.organization, &apps)))
}

fn create(apigee: &mut Apigee, asked: &Asked<'_>) -> Result<Response, Refused> {
    let given: DeveloperBody = asked.body()?;
    few_enough(&given.attributes)?;
    let sound = given.email.contains('@') && given.email == given.email.to_lowercase();
    if !sound || [&given.first_name, &given.last_name, &given.user_name].contains(&&String::new()) {
        let message = "email (lower case), firstName, lastName and userName are required";
        return Err(Refused::invalid("developer.service.InvalidDeveloper", message));
    }
    if apigee.store.developers.contains_key(&given.email) {
        return Err(taken_developer(&given.email));
    }
    let developer = Developer {
        id: apigee.store.fresh_id(),
        names: [given.first_name, given.last_name, given.user_name],
        attributes: given.attributes,
        active: true,
        created_ms: asked.now_ms,
        modified_ms: asked.now_ms,
        email: given.email,
    };
    let email = developer.email.clone();
    apigee.store.developers.insert(email.clone(), developer);
    shown(apigee, &email)
}

fn update(apigee: &mut Apigee, email: &str, asked: &Asked<'_>) -> Result<Response, Refused> {
    apigee.store.developer(email)?;
    let given: DeveloperBody = asked.body()?;
    few_enough(&given.attributes)?;
    if given.email != email {
        return Err(Refused::invalid(
            "developer.service.InvalidDeveloper",
            "email cannot be changed",
        ));
    }
    if let Some(developer) = apigee.store.developers.get_mut(email) {
        developer.names = [given.first_name, given.last_name, given.user_name];
        developer.attributes = given.attributes;
        developer.modified_ms = asked.now_ms;
    }
    shown(apigee, email)
}

fn taken_developer(email: &str) -> Refused {
    let message = format!("Developer with email {email} already exists");
    Refused::taken("developer.service.DeveloperAlreadyExists", message)
}

pub(super) fn taken_app(name: &str) -> Refused {
    let message = format!("App with name {name} already exists");
    Refused::taken("keymanagement.service.app_already_exists", message)
}

/// What a call would conflict about, had it been done before.
pub(super) fn taken_by(apigee: &Apigee, request: &Request) -> Refused {
    let path = request.path.strip_prefix(&apigee.base()).unwrap_or_default();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    match segments.as_slice() {
        _ if request.method != Method::POST => {
            Refused::taken("", "The operation was aborted because of a concurrent change.")
        }
        ["developers"] => taken_developer("somebody"),
        ["developers", _, "apps"] => taken_app("one"),
        ["developers", _, "apps", _, "keys"] | ["developers", _, "apps", _, "keys", "create"] => Refused::taken(
            "keymanagement.service.ConsumerKeyAlreadyExists",
            "ConsumerKey already exists",
        ),
        _ => Refused::taken("", "The operation was aborted because of a concurrent change."),
    }
}

/// Lets somebody else take the name or the key that a call is about to take.
pub(super) fn plant(apigee: &mut Apigee, request: &Request, now_ms: i64) {
    let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let path = request.path.strip_prefix(&apigee.base()).unwrap_or_default().to_owned();
    let segments: Vec<String> = path.split('/').filter(|one| !one.is_empty()).map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let store = &mut apigee.store;
    let mut developer = |email: &str| {
        let email = email.to_owned();
        let one = Developer {
            id: store.fresh_id(),
            names: ["Some", "Body", "somebody"].map(str::to_owned),
            attributes: Vec::new(),
            active: true,
            created_ms: now_ms,
            modified_ms: now_ms,
            email: email.clone(),
        };
        store.developers.entry(email).or_insert(one);
    };
    let (email, app, key) = match segments.as_slice() {
        ["developers"] => (text("email"), None, None),
        ["developers", email, "apps"] => ((*email).to_owned(), Some(text("name")), None),
        ["developers", _, "apps", _, "keys", ..] => {
            let app = Some("somebodys-app".to_owned());
            ("somebody@example.com".to_owned(), app, Some(text("consumerKey")))
        }
        _ => return,
    };
    developer(&email);
    if let Some(name) = app {
        let one = App {
            id: store.fresh_id(),
            name: name.clone(),
            attributes: Vec::new(),
            approved: true,
            keys: Vec::new(),
            created_ms: now_ms,
            modified_ms: now_ms,
        };
        store.add_app(&email, one);
        if let (Some(value), Ok(mut fresh)) = (key, store.fresh_key(&[], None, now_ms)) {
            fresh.consumer_key = value;
            // Where somebody has it already it is taken all the same.
            let _ = store.add_key(&email, &name, fresh);
        }
        store.mark_app_foreign(&email, &name);
        return;
    }
    store.mark_app_foreign(&email, "");
}

/// A path's template, and the developer whose things a change is about.
pub(super) fn about(path: &str, method: &Method) -> (String, Option<String>) {
    let mut template = String::new();
    let mut developer = None;
    for (at, segment) in path.split('/').filter(|one| !one.is_empty()).enumerate() {
        let collection = at % 2 == 0 || segment == "create";
        template.push('/');
        template.push_str(if collection { segment } else { "*" });
        if at == 1 && path.starts_with("/developers/") {
            developer = Some(decode(segment));
        }
    }
    (template, developer.filter(|_| *method != Method::GET))
}

/// A product as somebody gives it.
pub(super) fn product_body(asked: &Asked<'_>) -> Result<Product, Refused> {
    let product: Product = asked.body()?;
    if product.get("name").is_some_and(Value::is_string) {
        return Ok(product);
    }
    Err(Refused::invalid("", "name is required"))
}
