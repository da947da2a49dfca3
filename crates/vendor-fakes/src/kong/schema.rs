//! What Kong's entities are made of.

use serde_json::{Map, Value, json};

/// An object as Kong stores and shows it.
pub(super) type Row = Map<String, Value>;

/// The tables there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Table {
    Services,
    Routes,
    Consumers,
    Plugins,
    KeyAuths,
    Acls,
}

impl Table {
    pub(super) const ALL: [Self; 6] = [
        Self::Services,
        Self::Routes,
        Self::Consumers,
        Self::Plugins,
        Self::KeyAuths,
        Self::Acls,
    ];

    /// Its name in messages and in `/tags`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::KeyAuths => "keyauth_credentials",
            other => other.path(),
        }
    }

    /// Its collection, at the top of the Admin API.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Services => "services",
            Self::Routes => "routes",
            Self::Consumers => "consumers",
            Self::Plugins => "plugins",
            Self::KeyAuths => "key-auths",
            Self::Acls => "acls",
        }
    }

    /// Its collection, under another table's row.
    pub(super) fn below(self) -> &'static str {
        match self {
            Self::KeyAuths => "key-auth",
            other => other.path(),
        }
    }

    /// The table of a collection at the top.
    pub(super) fn at(path: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.path() == path)
    }

    /// The table of a collection under a row of this one.
    pub(super) fn under(self, path: &str) -> Option<Self> {
        match (self, path) {
            (Self::Services, "routes") => Some(Self::Routes),
            (Self::Services | Self::Routes | Self::Consumers, "plugins") => Some(Self::Plugins),
            (Self::Consumers, "key-auth") => Some(Self::KeyAuths),
            (Self::Consumers, "acls") => Some(Self::Acls),
            _ => None,
        }
    }

    /// The field by which another table's rows name one of this.
    pub(super) fn as_field(self) -> &'static str {
        match self {
            Self::Services => "service",
            Self::Routes => "route",
            Self::Consumers => "consumer",
            Self::Plugins | Self::KeyAuths | Self::Acls => "",
        }
    }

    /// The field that a path may have in place of the id.
    pub(super) fn endpoint_key(self) -> &'static str {
        match self {
            Self::Services | Self::Routes => "name",
            Self::Consumers => "username",
            Self::Plugins => "instance_name",
            Self::KeyAuths => "key",
            Self::Acls => "group",
        }
    }

    /// Sets of fields of which no two rows have the same values.
    pub(super) fn uniques(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Services | Self::Routes => &[&["name"]],
            Self::Consumers => &[&["username"], &["custom_id"]],
            Self::Plugins => &[&["instance_name"], &["consumer", "name", "route", "service"]],
            Self::KeyAuths => &[&["key"]],
            Self::Acls => &[&["consumer", "group"]],
        }
    }

    pub(super) fn fields(self) -> &'static [Field] {
        match self {
            Self::Services => SERVICES,
            Self::Routes => ROUTES,
            Self::Consumers => CONSUMERS,
            Self::Plugins => PLUGINS,
            Self::KeyAuths => KEY_AUTHS,
            Self::Acls => ACLS,
        }
    }
}

/// What a value must be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Uuid,
    Text,
    /// Of what Kong allows in names.
    Name,
    /// Starts with a slash.
    Path,
    OneOf(&'static [&'static str]),
    Int(i64, i64),
    Bool,
    /// Of texts, each once.
    Set,
    SetOf(&'static [&'static str]),
    Tags,
    /// Of texts.
    List,
    /// Of paths.
    Paths,
    /// Of a row there.
    Ref(Table),
    /// A plugin's configuration, or anything else that is an object.
    Record,
    /// Whatever it is.
    Any,
}

/// A field's value where none was given.
#[derive(Clone, Copy, Debug)]
pub(super) enum Initial {
    Null,
    Int(i64),
    Bool(bool),
    Text(&'static str),
    Texts(&'static [&'static str]),
    Empty,
}

/// One field of an entity or of a plugin's configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) required: bool,
    pub(super) initial: Initial,
}

/// A field that may be null and is, unless given.
pub(super) const fn maybe(name: &'static str, kind: Kind) -> Field {
    Field {
        name,
        kind,
        required: false,
        initial: Initial::Null,
    }
}

/// A field that must not be null.
pub(super) const fn must(name: &'static str, kind: Kind, initial: Initial) -> Field {
    Field {
        name,
        kind,
        required: true,
        initial,
    }
}

const TIME: Kind = Kind::Int(0, i64::MAX);
const TIMEOUT: Kind = Kind::Int(1, 2_147_483_646);
const PROTOCOLS: &[&str] = &["grpc", "grpcs", "http", "https", "tcp", "tls", "tls_passthrough", "udp"];
const PLUGIN_PROTOCOLS: &[&str] = &["grpc", "grpcs", "http", "https"];

const SERVICES: &[Field] = &[
    maybe("id", Kind::Uuid),
    maybe("created_at", TIME),
    maybe("updated_at", TIME),
    maybe("name", Kind::Name),
    maybe_or("retries", Kind::Int(0, 32767), Initial::Int(5)),
    must("protocol", Kind::OneOf(PROTOCOLS), Initial::Text("http")),
    must("host", Kind::Text, Initial::Null),
    must("port", Kind::Int(0, 65535), Initial::Int(80)),
    maybe("path", Kind::Path),
    maybe_or("connect_timeout", TIMEOUT, Initial::Int(60000)),
    maybe_or("write_timeout", TIMEOUT, Initial::Int(60000)),
    maybe_or("read_timeout", TIMEOUT, Initial::Int(60000)),
    maybe("tags", Kind::Tags),
    maybe("client_certificate", Kind::Any),
    maybe("tls_verify", Kind::Bool),
    maybe("tls_verify_depth", Kind::Int(0, 64)),
    maybe("ca_certificates", Kind::List),
    must("enabled", Kind::Bool, Initial::Bool(true)),
];

const ROUTES: &[Field] = &[
    maybe("id", Kind::Uuid),
    maybe("created_at", TIME),
    maybe("updated_at", TIME),
    maybe("name", Kind::Name),
    must("protocols", Kind::SetOf(PROTOCOLS), Initial::Texts(&["http", "https"])),
    must("https_redirect_status_code", Kind::Int(100, 599), Initial::Int(426)),
    must("strip_path", Kind::Bool, Initial::Bool(true)),
    must("preserve_host", Kind::Bool, Initial::Bool(false)),
    must("request_buffering", Kind::Bool, Initial::Bool(true)),
    must("response_buffering", Kind::Bool, Initial::Bool(true)),
    maybe("tags", Kind::Tags),
    maybe("service", Kind::Ref(Table::Services)),
    maybe("snis", Kind::Set),
    maybe("sources", Kind::Any),
    maybe("destinations", Kind::Any),
    maybe("methods", Kind::Set),
    maybe("hosts", Kind::List),
    maybe("paths", Kind::Paths),
    maybe("headers", Kind::Record),
    maybe_or("regex_priority", Kind::Int(i64::MIN, i64::MAX), Initial::Int(0)),
    maybe_or("path_handling", Kind::OneOf(&["v0", "v1"]), Initial::Text("v0")),
];

const CONSUMERS: &[Field] = &[
    maybe("id", Kind::Uuid),
    maybe("created_at", TIME),
    maybe("updated_at", TIME),
    maybe("username", Kind::Text),
    maybe("custom_id", Kind::Text),
    maybe("tags", Kind::Tags),
];

const PLUGINS: &[Field] = &[
    maybe("id", Kind::Uuid),
    must("name", Kind::Text, Initial::Null),
    maybe("instance_name", Kind::Name),
    maybe("created_at", TIME),
    maybe("updated_at", TIME),
    maybe("route", Kind::Ref(Table::Routes)),
    maybe("service", Kind::Ref(Table::Services)),
    maybe("consumer", Kind::Ref(Table::Consumers)),
    must("config", Kind::Record, Initial::Empty),
    must(
        "protocols",
        Kind::SetOf(PLUGIN_PROTOCOLS),
        Initial::Texts(PLUGIN_PROTOCOLS),
    ),
    must("enabled", Kind::Bool, Initial::Bool(true)),
    maybe("tags", Kind::Tags),
];

const KEY_AUTHS: &[Field] = &[
    maybe("id", Kind::Uuid),
    maybe("created_at", TIME),
    must("consumer", Kind::Ref(Table::Consumers), Initial::Null),
    maybe("key", Kind::Text),
    maybe("tags", Kind::Tags),
    // Seconds; a hundred million is the most Kong takes.
    maybe("ttl", Kind::Int(0, 100_000_000)),
];

const ACLS: &[Field] = &[
    maybe("id", Kind::Uuid),
    maybe("created_at", TIME),
    must("consumer", Kind::Ref(Table::Consumers), Initial::Null),
    must("group", Kind::Text, Initial::Null),
    maybe("tags", Kind::Tags),
];

/// A field that may be null and has a value where none is given.
pub(super) const fn maybe_or(name: &'static str, kind: Kind, initial: Initial) -> Field {
    Field {
        name,
        kind,
        required: false,
        initial,
    }
}

impl Initial {
    pub(super) fn value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Int(value) => json!(value),
            Self::Bool(value) => json!(value),
            Self::Text(value) => json!(value),
            Self::Texts(values) => json!(values),
            Self::Empty => json!({}),
        }
    }
}
