//! The Admin API: which path means what, and what each method does there.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::check::{complete_row, is_uuid};
use super::error::{Refused, message};
use super::schema::{Row, Table};
use super::store::{Now, Parent, id_of};
use super::{Flavor, Kong, body, info, page};
use crate::wire::{Request, Response};

/// What a path, without its base, stands for.
#[derive(Debug, PartialEq)]
pub(super) enum Target {
    Node,
    Status,
    ControlPlane,
    EnabledPlugins,
    Workspaces,
    Tags,
    Tag(String),
    ValidatePlugin,
    Collection(Table),
    Entity(Table, String),
    Nested(Table, String, Table),
    NestedEntity(Table, String, Table, String),
    /// What a row's field names: `/key-auths/{key}/consumer`.
    Named(Table, String, Table),
}

impl Target {
    /// Finds it; `None` is a path that Kong does not have.
    pub(super) fn find(kong: &Kong, request: &Request) -> Option<Self> {
        let segments = request.segments();
        let all: Vec<&str> = segments.iter().map(String::as_str).collect();
        let rest = match kong.options.flavor {
            Flavor::Konnect => match all.as_slice() {
                ["v2", "control-planes", id] if *id == kong.control_plane() => return Some(Self::ControlPlane),
                ["v2", "control-planes", id, "core-entities", rest @ ..]
                    if *id == kong.control_plane() && !rest.is_empty() =>
                {
                    rest
                }
                _ => return None,
            },
            Flavor::Enterprise => match all.as_slice() {
                ["workspaces"] => return Some(Self::Workspaces),
                [workspace, rest @ ..] if *workspace == kong.options.workspace && !rest.is_empty() => rest,
                whole => whole,
            },
            Flavor::Oss | Flavor::DbLess => all.as_slice(),
        };
        Self::of(rest).filter(|target| kong.options.flavor != Flavor::Konnect || target.in_konnect())
    }

    fn of(segments: &[&str]) -> Option<Self> {
        let text = |text: &str| text.to_owned();
        Some(match segments {
            [] => Self::Node,
            ["status"] => Self::Status,
            ["plugins", "enabled"] => Self::EnabledPlugins,
            ["tags"] => Self::Tags,
            ["tags", tag] => Self::Tag(text(tag)),
            ["schemas", "plugins", "validate"] => Self::ValidatePlugin,
            [table] => Self::Collection(Table::at(table)?),
            [table, key] => Self::Entity(Table::at(table)?, text(key)),
            [table, key, under] => {
                let table = Table::at(table)?;
                match table.under(under) {
                    Some(nested) => Self::Nested(table, text(key), nested),
                    None => Self::Named(table, text(key), named(table, under)?),
                }
            }
            [table, key, under, nested] => {
                let table = Table::at(table)?;
                Self::NestedEntity(table, text(key), table.under(under)?, text(nested))
            }
            _ => return None,
        })
    }

    /// Konnect describes rows by id only, and neither the node, nor tags, nor the check of a configuration.
    fn in_konnect(&self) -> bool {
        match self {
            Self::Collection(_) | Self::EnabledPlugins => true,
            Self::Entity(_, id) | Self::Nested(_, id, _) => is_uuid(id),
            Self::NestedEntity(_, parent, _, id) => is_uuid(parent) && is_uuid(id),
            _ => false,
        }
    }

    /// The path without anything particular, and what calls here contend for: everything below a row is its own.
    pub(super) fn about(&self, path: &str) -> (String, Option<String>) {
        let row = |table: &Table, key: &str| Some(format!("{}/{key}", table.path()));
        match self {
            Self::Entity(table, key) => (format!("/{}/*", table.path()), row(table, key)),
            Self::Nested(of, key, table) => (format!("/{}/*/{}", of.path(), table.below()), row(of, key)),
            Self::NestedEntity(of, key, table, _) => (format!("/{}/*/{}/*", of.path(), table.below()), row(of, key)),
            Self::Named(table, key, of) => (format!("/{}/*/{}", table.path(), of.as_field()), row(table, key)),
            Self::Tag(_) => ("/tags/*".to_owned(), None),
            _ => (path.to_owned(), None),
        }
    }

    fn methods(&self, flavor: Flavor) -> &'static [Method] {
        const READ: &[Method] = &[Method::GET, Method::HEAD, Method::OPTIONS];
        const COLLECTION: &[Method] = &[Method::GET, Method::HEAD, Method::OPTIONS, Method::POST];
        const ENTITY: &[Method] = &[
            Method::DELETE,
            Method::GET,
            Method::HEAD,
            Method::OPTIONS,
            Method::PATCH,
            Method::PUT,
        ];
        const KONNECT: &[Method] = &[Method::DELETE, Method::GET, Method::HEAD, Method::OPTIONS, Method::PUT];
        let konnect = flavor == Flavor::Konnect;
        match self {
            Self::Collection(Table::KeyAuths | Table::Acls) | Self::Entity(Table::KeyAuths | Table::Acls, _)
                if konnect =>
            {
                READ
            }
            Self::Collection(_) | Self::Nested(..) => COLLECTION,
            Self::Entity(..) | Self::NestedEntity(..) if konnect => KONNECT,
            Self::Entity(..) | Self::NestedEntity(..) => ENTITY,
            Self::ValidatePlugin => &[Method::OPTIONS, Method::POST],
            _ => READ,
        }
    }
}

fn named(table: Table, field: &str) -> Option<Table> {
    let tables = [Table::Services, Table::Routes, Table::Consumers];
    let of = tables.into_iter().find(|of| of.as_field() == field)?;
    table.fields().iter().any(|one| one.name == field).then_some(of)
}

/// Answers one call of the Admin API.
pub(super) fn answer(kong: &mut Kong, request: &Request, now_ms: i64) -> Response {
    kong.store.expire(now_ms);
    let answer = if kong.lets_in(request) {
        decide(kong, request, now_ms).unwrap_or_else(Response::from)
    } else {
        kong.unauthorized()
    };
    answer
        .with("access-control-allow-origin", "*")
        .with("access-control-allow-credentials", "true")
        .with("x-kong-admin-latency", "0")
        .with("server", kong.options.flavor.server())
}

fn decide(kong: &mut Kong, request: &Request, now_ms: i64) -> Result<Response, Refused> {
    let target = Target::find(kong, request).ok_or(Refused::NotFound)?;
    let methods = target.methods(kong.options.flavor);
    if !methods.contains(&request.method) {
        return Err(Refused::Method);
    }
    if request.method == Method::OPTIONS {
        let allow: Vec<_> = methods.iter().map(Method::as_str).collect();
        let allow = allow.join(", ");
        return Ok(Response::empty(StatusCode::NO_CONTENT)
            .with("allow", &allow)
            .with("access-control-allow-methods", &allow)
            .with("access-control-allow-headers", "Content-Type"));
    }
    if matches!(request.method, Method::GET | Method::HEAD) {
        return read(kong, request, &target, now_ms);
    }
    let (given, lenient) = match request.method {
        Method::DELETE => (Row::new(), false),
        _ => body::read(request)?,
    };
    if target == Target::ValidatePlugin {
        return validate(given, lenient);
    }
    write(kong, request, &target, given, Now { ms: now_ms, lenient })
}

fn read(kong: &Kong, request: &Request, target: &Target, now_ms: i64) -> Result<Response, Refused> {
    let ok = |body: &Value| Ok(Response::json(StatusCode::OK, body));
    let (table, parent, key) = match target {
        Target::Node => return ok(&info::node(kong)),
        Target::Status => return ok(&info::status(kong)),
        Target::ControlPlane => return ok(&info::control_plane(kong)),
        Target::EnabledPlugins => return ok(&info::enabled_plugins()),
        Target::Workspaces => return ok(&info::workspaces(kong)),
        Target::Tags => return ok(&info::tags(kong, None)),
        Target::Tag(tag) => return ok(&info::tags(kong, Some(tag))),
        Target::ValidatePlugin => return Err(Refused::Method),
        Target::Collection(table) => return ok(&page::list(kong, *table, None, request, now_ms)?),
        Target::Nested(of, key, table) => {
            let parent = parent(kong, *of, key)?;
            return ok(&page::list(kong, *table, Some((&parent, key)), request, now_ms)?);
        }
        Target::Named(table, key, of) => {
            let row = kong.store.find(*table, None, key).ok_or(Refused::NotFound)?;
            let id = row
                .get(of.as_field())
                .and_then(|key| key.get("id"))
                .and_then(Value::as_str);
            let id = id.ok_or(Refused::NotFound)?.to_owned();
            (*of, None, id)
        }
        Target::Entity(table, key) => (*table, None, key.clone()),
        Target::NestedEntity(of, of_key, table, key) => (*table, Some(parent(kong, *of, of_key)?), key.clone()),
    };
    let row = kong.store.find(table, parent.as_ref(), &key).ok_or(Refused::NotFound)?;
    ok(&kong.store.show(table, row, now_ms))
}

fn write(kong: &mut Kong, request: &Request, target: &Target, mut given: Row, now: Now) -> Result<Response, Refused> {
    let (table, parent, key) = match target {
        Target::Collection(table) => (*table, None, None),
        Target::Entity(table, key) => (*table, None, Some(key.as_str())),
        Target::Nested(of, of_key, table) => (*table, Some(parent(kong, *of, of_key)?), None),
        Target::NestedEntity(of, of_key, table, key) => (*table, Some(parent(kong, *of, of_key)?), Some(key.as_str())),
        _ => return Err(Refused::Method),
    };
    if let Some((of, id)) = &parent
        && request.method != Method::DELETE
    {
        given.insert(of.as_field().to_owned(), json!({ "id": id }));
    }
    if table == Table::Services {
        body::split_url(&mut given)?;
    }
    if kong.options.flavor == Flavor::DbLess {
        return Err(read_only(request, table, key, given, now));
    }
    let (status, row) = match (&request.method, key) {
        (&Method::POST, _) => (StatusCode::CREATED, kong.store.insert(table, given, now)?),
        (&Method::PUT, Some(key)) => (
            StatusCode::OK,
            kong.store.upsert(table, parent.as_ref(), key, given, now)?,
        ),
        (&Method::PATCH, Some(key)) => (StatusCode::OK, change(kong, table, parent.as_ref(), key, given, now)?),
        (&Method::DELETE, Some(key)) => return delete(kong, table, parent.as_ref(), key, now.ms),
        _ => return Err(Refused::Method),
    };
    Ok(Response::json(status, &kong.store.show(table, &row, now.ms)))
}

/// Why a node without a database does not do it. It looks at the body first, as Kong does.
fn read_only(request: &Request, table: Table, key: Option<&str>, given: Row, now: Now) -> Refused {
    let verb = match request.method {
        Method::POST => "create",
        Method::PUT => "create or update",
        Method::PATCH => "update",
        _ => "remove",
    };
    let by = key.filter(|key| !is_uuid(key)).map(|_| table.endpoint_key());
    let whole = matches!(request.method, Method::POST | Method::PUT);
    let mut given = given;
    if let (Some(key), Some(by)) = (key, by) {
        given.insert(by.to_owned(), json!(key));
    }
    match complete_row(table, given, now.lenient) {
        Err(wrong) if whole => Refused::schema(wrong),
        _ => Refused::without_database(verb, table.name(), by.filter(|_| request.method != Method::DELETE)),
    }
}

fn change(
    kong: &mut Kong,
    table: Table,
    parent: Option<&Parent>,
    key: &str,
    given: Row,
    now: Now,
) -> Result<Row, Refused> {
    let found = kong.store.find(table, parent, key).and_then(id_of).map(str::to_owned);
    match (found, parent) {
        (Some(id), _) => kong.store.update(table, &id, given, now),
        (None, Some(_)) => Err(Refused::NotFound),
        (None, None) if is_uuid(key) => Err(Refused::absent("id", key)),
        (None, None) => Err(Refused::absent(table.endpoint_key(), key)),
    }
}

fn delete(kong: &mut Kong, table: Table, parent: Option<&Parent>, key: &str, now_ms: i64) -> Result<Response, Refused> {
    let found = kong.store.find(table, parent, key).and_then(id_of).map(str::to_owned);
    match (found, parent) {
        (Some(id), _) => kong.store.delete(table, &id, now_ms)?,
        // At the top, what is gone already is as good as deleted.
        (None, None) => {}
        // Konnect's description: "or the resource didn't exist".
        (None, Some(_)) if kong.options.flavor == Flavor::Konnect => {}
        (None, Some(_)) if table == Table::Acls => return Err(Refused::NotFoundHere(kong.store.request_id())),
        (None, Some(_)) => return Err(Refused::NotFound),
    }
    Ok(Response::empty(StatusCode::NO_CONTENT))
}

fn parent(kong: &Kong, table: Table, key: &str) -> Result<Parent, Refused> {
    let row = kong.store.find(table, None, key).ok_or(Refused::NotFound)?;
    Ok((table, id_of(row).ok_or(Refused::NotFound)?.to_owned()))
}

fn validate(given: Row, lenient: bool) -> Result<Response, Refused> {
    complete_row(Table::Plugins, given, lenient).map_err(Refused::schema)?;
    Ok(message(StatusCode::OK, "schema validation successful"))
}
