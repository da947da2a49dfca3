//! Where requests arrive: routes, key-auth, acl, request-termination, and an echo in place of the service.
//!
//! The order of plugins is that of their priorities: key-auth (1250), acl (950), request-termination (2).

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::Kong;
use super::schema::{Row, Table};
use super::store::{id_of, refers};
use crate::wire::{Request, Response};

/// Services, routes and plugins as the proxy knows them.
#[derive(Default)]
pub(super) struct Router {
    services: Vec<Row>,
    routes: Vec<Row>,
    plugins: Vec<Row>,
}

/// Who is let through, and what the service hears of them.
#[derive(Default)]
struct Caller {
    consumer: Option<Row>,
    credential: Option<String>,
    groups: Option<String>,
    anonymous: bool,
    /// Names under which the key came, to be hidden.
    hidden: Vec<String>,
}

/// Answers one request to a customer's service.
pub(super) fn answer(kong: &mut Kong, request: &Request, now_ms: i64) -> Response {
    kong.store.expire(now_ms);
    rebuild(kong, now_ms);
    let request_id = kong.store.request_id();
    let answer = match admit(kong, request) {
        Ok(echo) => echo.with("via", "1.1 kong/3.9.3"),
        Err(Stop::Message(status, message)) => {
            Response::json(status, &json!({ "message": message, "request_id": request_id }))
        }
        Err(Stop::NoKey(message, challenge)) => Response::json(
            StatusCode::UNAUTHORIZED,
            &json!({ "message": message, "request_id": request_id }),
        )
        .with("www-authenticate", &challenge),
        Err(Stop::Answer(answer)) => *answer,
    };
    answer
        .with("x-kong-request-id", &request_id)
        .with("server", kong.options.flavor.server())
}

enum Stop {
    Message(StatusCode, &'static str),
    NoKey(&'static str, String),
    Answer(Box<Response>),
}

/// A node looks for changed services, routes and plugins from time to time.
fn rebuild(kong: &mut Kong, now_ms: i64) {
    let patience = i64::try_from(kong.options.rebuild.as_millis()).unwrap_or(i64::MAX);
    let due = |since: &i64| now_ms.saturating_sub(*since) >= patience;
    if kong.store.config_changed_ms.filter(due).is_none() {
        return;
    }
    kong.store.config_changed_ms = None;
    let enabled = |row: &&Row| row.get("enabled") != Some(&json!(false));
    kong.router = Router {
        services: kong.store.rows(Table::Services).filter(enabled).cloned().collect(),
        routes: kong.store.rows(Table::Routes).cloned().collect(),
        plugins: kong.store.rows(Table::Plugins).filter(enabled).cloned().collect(),
    };
}

fn admit(kong: &Kong, request: &Request) -> Result<Response, Stop> {
    let unknown = Stop::Message(StatusCode::NOT_FOUND, "no Route matched with those values");
    let Some((route, service, prefix)) = kong.router.find(request) else {
        return Err(unknown);
    };
    let mut caller = Caller::default();
    if let Some(config) = kong.router.plugin("key-auth", route, service, None) {
        authenticate(kong, config, request, &mut caller)?;
    }
    let consumer = caller.consumer.as_ref().and_then(id_of).map(str::to_owned);
    if let Some(config) = kong.router.plugin("acl", route, service, consumer.as_deref()) {
        authorize(kong, config, &mut caller)?;
    }
    if let Some(config) = kong
        .router
        .plugin("request-termination", route, service, consumer.as_deref())
    {
        terminate(config, request)?;
    }
    Ok(echo(request, route, service, &prefix, &caller))
}

impl Router {
    /// The route for a request with its service and the part of the path that it matched: most conditions first, then the longest path.
    fn find(&self, request: &Request) -> Option<(&Row, &Row, String)> {
        let mut best: Option<(usize, usize, &Row, &Row, String)> = None;
        for route in &self.routes {
            let Some((conditions, prefix)) = fits(route, request) else {
                continue;
            };
            let service = self
                .services
                .iter()
                .find(|service| id_of(service).is_some_and(|id| refers(route, Table::Services, id)));
            let Some(service) = service else {
                continue;
            };
            if best
                .as_ref()
                .is_none_or(|(most, longest, ..)| (conditions, prefix.len()) > (*most, *longest))
            {
                best = Some((conditions, prefix.len(), route, service, prefix));
            }
        }
        best.map(|(_, _, route, service, prefix)| (route, service, prefix))
    }

    /// The configuration that applies: the most particular of those with this name.
    /// The order is Kong's: consumer before route before service before all.
    fn plugin(&self, name: &str, route: &Row, service: &Row, consumer: Option<&str>) -> Option<&Row> {
        let rank = |plugin: &&Row| {
            let mut rank = 0;
            for (weight, table, id) in [
                (4, Table::Consumers, consumer),
                (2, Table::Routes, id_of(route)),
                (1, Table::Services, id_of(service)),
            ] {
                match plugin.get(table.as_field()) {
                    None | Some(Value::Null) => {}
                    Some(_) if id.is_some_and(|id| refers(plugin, table, id)) => rank += weight,
                    Some(_) => return None,
                }
            }
            Some(rank)
        };
        let named = self
            .plugins
            .iter()
            .filter(|plugin| plugin.get("name") == Some(&json!(name)));
        let best = named.filter(|plugin| rank(plugin).is_some()).max_by_key(rank)?;
        best.get("config").and_then(Value::as_object)
    }
}

/// How many conditions of a route a request meets, all of them, and the path that it matched.
fn fits(route: &Row, request: &Request) -> Option<(usize, String)> {
    let list = |name: &str| {
        route
            .get(name)
            .and_then(Value::as_array)
            .filter(|items| !items.is_empty())
    };
    let mut conditions = 0;
    let mut prefix = String::new();
    if let Some(methods) = list("methods") {
        methods.iter().find(|method| *method == request.method.as_str())?;
        conditions += 1;
    }
    if let Some(hosts) = list("hosts") {
        let host = request.header("host")?.split(':').next()?;
        hosts
            .iter()
            .filter_map(Value::as_str)
            .find(|wanted| host_fits(wanted, host))?;
        conditions += 1;
    }
    if let Some(headers) = route.get("headers").and_then(Value::as_object) {
        for (name, values) in headers {
            let value = request.header(name)?;
            values.as_array()?.iter().find(|wanted| *wanted == value)?;
        }
        conditions += usize::from(!headers.is_empty());
    }
    if let Some(paths) = list("paths") {
        let starts = paths
            .iter()
            .filter_map(Value::as_str)
            .filter(|path| request.path.starts_with(path));
        prefix = starts.max_by_key(|path| path.len())?.to_owned();
        conditions += 1;
    }
    (conditions > 0).then_some((conditions, prefix))
}

/// One `*` at either end, as Kong has it.
fn host_fits(wanted: &str, host: &str) -> bool {
    match (wanted.strip_prefix('*'), wanted.strip_suffix('*')) {
        (Some(end), _) => host.ends_with(end),
        (_, Some(start)) => host.starts_with(start),
        _ => wanted.eq_ignore_ascii_case(host),
    }
}

fn authenticate(kong: &Kong, config: &Row, request: &Request, caller: &mut Caller) -> Result<(), Stop> {
    let yes = |name: &str| config.get(name) == Some(&json!(true));
    if request.method == Method::OPTIONS && !yes("run_on_preflight") {
        return Ok(());
    }
    let names = config.get("key_names").and_then(Value::as_array);
    let names: Vec<&str> = names.into_iter().flatten().filter_map(Value::as_str).collect();
    let queried = request.pairs();
    let key = names.iter().find_map(|name| {
        let header = request.header(name).filter(|_| yes("key_in_header")).map(str::to_owned);
        let query = || {
            queried
                .iter()
                .find(|(given, _)| given == name)
                .map(|(_, value)| value.clone())
        };
        header.or_else(|| query().filter(|_| yes("key_in_query")))
    });
    let challenge = match config.get("realm").and_then(Value::as_str) {
        Some(realm) => format!("Key realm=\"{realm}\""),
        None => "Key".to_owned(),
    };
    let credential = match key.filter(|key| !key.is_empty()) {
        None => Err("No API key found in request"),
        Some(key) => kong.store.find_key(&key).ok_or("Unauthorized"),
    };
    let named = |key: &str| kong.store.find(Table::Consumers, None, key).cloned();
    match (credential, config.get("anonymous").and_then(Value::as_str)) {
        (Ok(credential), _) => {
            let consumer = credential
                .get("consumer")
                .and_then(|key| key.get("id"))
                .and_then(Value::as_str);
            caller.consumer = consumer.and_then(named);
            caller.credential = id_of(credential).map(str::to_owned);
            if yes("hide_credentials") {
                caller.hidden = names.iter().map(|name| (*name).to_owned()).collect();
            }
        }
        (Err(_), Some(anonymous)) => {
            caller.consumer = named(anonymous);
            caller.anonymous = true;
        }
        (Err(why), None) => return Err(Stop::NoKey(why, challenge)),
    }
    Ok(())
}

fn authorize(kong: &Kong, config: &Row, caller: &mut Caller) -> Result<(), Stop> {
    let Some(consumer) = caller.consumer.as_ref().and_then(id_of) else {
        return Err(Stop::Message(StatusCode::UNAUTHORIZED, "Unauthorized"));
    };
    let acls = kong.store.rows_of(Table::Acls, Table::Consumers, consumer);
    let groups: Vec<&str> = acls.filter_map(|acl| acl.get("group")?.as_str()).collect();
    let named = |list: &str| {
        let list = config
            .get(list)
            .and_then(Value::as_array)
            .filter(|items| !items.is_empty());
        list.map(|items| items.iter().any(|item| groups.iter().any(|group| item == group)))
    };
    let admitted = match (named("deny"), named("allow")) {
        (Some(denied), _) => !denied,
        (None, allowed) => allowed.unwrap_or(false),
    };
    if !admitted {
        return Err(Stop::Message(StatusCode::FORBIDDEN, "You cannot consume this service"));
    }
    if config.get("hide_groups_header") != Some(&json!(true)) {
        caller.groups = Some(groups.join(", "));
    }
    Ok(())
}

fn terminate(config: &Row, request: &Request) -> Result<(), Stop> {
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    if let Some(trigger) = text("trigger") {
        let queried = request.pairs().iter().any(|(name, _)| name == trigger);
        if !queried && request.header(trigger).is_none() {
            return Ok(());
        }
    }
    let status = config
        .get("status_code")
        .and_then(Value::as_u64)
        .and_then(|code| u16::try_from(code).ok());
    let status = status
        .and_then(|code| StatusCode::from_u16(code).ok())
        .unwrap_or(StatusCode::SERVICE_UNAVAILABLE);
    let usual = match status.as_u16() {
        401 => Some("Unauthorized"),
        404 => Some("Not found"),
        405 => Some("Method not allowed"),
        500 => Some("An unexpected error occurred"),
        502 => Some("Bad Gateway"),
        503 => Some("Service unavailable"),
        _ => None,
    };
    let answer = match (text("body"), text("message").or(usual)) {
        (Some(body), _) => {
            let content_type = text("content_type").unwrap_or("application/json; charset=utf-8");
            Response::text(status, content_type, body.to_owned())
        }
        (None, Some(message)) => Response::json(status, &json!({ "message": message })),
        (None, None) => Response::empty(status),
    };
    Err(Stop::Answer(Box::new(answer)))
}

/// What the service heard, in place of a service.
fn echo(request: &Request, route: &Row, service: &Row, prefix: &str, caller: &Caller) -> Response {
    let header = |name: &str| {
        request
            .header(name)
            .filter(|_| !caller.hidden.iter().any(|one| one.eq_ignore_ascii_case(name)))
    };
    let of = |name: &str| caller.consumer.as_ref().and_then(|row| row.get(name)?.as_str());
    let heard: Map<String, Value> = [
        ("uri", Some(uri(request, route, service, prefix, caller))),
        ("method", Some(request.method.to_string())),
        ("host", service.get("host").and_then(Value::as_str).map(str::to_owned)),
        (
            "x-forwarded-host",
            request
                .header("host")
                .and_then(|host| host.split(':').next())
                .map(str::to_owned),
        ),
        ("x-forwarded-path", Some(request.path.clone())),
        ("x-forwarded-prefix", Some(prefix.to_owned())),
        ("x-forwarded-proto", Some("http".to_owned())),
        ("apikey", header("apikey").map(str::to_owned)),
        ("authorization", header("authorization").map(str::to_owned)),
        ("x-consumer-id", of("id").map(str::to_owned)),
        ("x-consumer-custom-id", of("custom_id").map(str::to_owned)),
        ("x-consumer-username", of("username").map(str::to_owned)),
        ("x-consumer-groups", caller.groups.clone()),
        ("x-credential-identifier", caller.credential.clone()),
        ("x-anonymous-consumer", caller.anonymous.then(|| "true".to_owned())),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), json!(value.unwrap_or_default())))
    .collect();
    Response::text(StatusCode::OK, "application/json", Value::Object(heard).to_string())
}

fn uri(request: &Request, route: &Row, service: &Row, prefix: &str, caller: &Caller) -> String {
    let strip = route.get("strip_path") != Some(&json!(false));
    let rest = if strip {
        request.path.strip_prefix(prefix).unwrap_or_default()
    } else {
        &request.path
    };
    let base = service.get("path").and_then(Value::as_str).unwrap_or("/");
    let path = match rest.trim_start_matches('/') {
        "" => base.to_owned(),
        rest => format!("{}/{rest}", base.trim_end_matches('/')),
    };
    let Some(query) = &request.query else {
        return path;
    };
    // As recorded: hiding the only parameter leaves its question mark.
    let kept = query.split('&').filter(|pair| {
        let name = pair.split('=').next().unwrap_or_default();
        !caller.hidden.iter().any(|hidden| hidden == name)
    });
    format!("{path}?{}", kept.collect::<Vec<_>>().join("&"))
}
