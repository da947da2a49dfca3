//! Kong's refusals: number, name, message and fields, as its `errors.lua` has them.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::wire::Response;

/// Why Kong did not do it.
#[derive(Debug)]
pub(super) enum Refused {
    /// 404 with nothing but a message.
    NotFound,
    /// 404 with a request id: what the by-group call of the acl plugin answers.
    NotFoundHere(String),
    /// 405 with nothing but a message.
    Method,
    /// 400: the body is no JSON object.
    Json,
    /// 415, as HTML.
    ContentType,
    /// Any other, with its number.
    Coded {
        status: StatusCode,
        code: u8,
        name: &'static str,
        message: String,
        fields: Option<Value>,
    },
}

impl Refused {
    fn coded(status: StatusCode, code: u8, name: &'static str, message: String, fields: Option<Value>) -> Self {
        Self::Coded {
            status,
            code,
            name,
            message,
            fields,
        }
    }

    /// Code 2: fields that break their schema; `fields` is a tree of texts, `@entity` has those of the whole.
    pub(super) fn schema(fields: Map<String, Value>) -> Self {
        let mut told = Vec::new();
        tell("", &Value::Object(fields.clone()), &mut told);
        let count = match told.len() {
            1 => String::new(),
            more => format!("{more} "),
        };
        let plural = if told.len() == 1 { "" } else { "s" };
        let message = format!("{count}schema violation{plural} ({})", told.join("; "));
        let fields = Some(Value::Object(fields));
        Self::coded(StatusCode::BAD_REQUEST, 2, "schema violation", message, fields)
    }

    /// Code 3: a POST with the id of another row.
    pub(super) fn primary_key(id: &str) -> Self {
        let fields = json!({ "id": id });
        let message = format!("primary key violation on key '{}'", lua(&fields));
        Self::coded(
            StatusCode::BAD_REQUEST,
            3,
            "primary key violation",
            message,
            Some(fields),
        )
    }

    /// Code 4: `field` names `key` of another table, where it is not.
    pub(super) fn foreign(field: &str, key: &Map<String, Value>, table: &str) -> Self {
        let message = format!(
            "the foreign key '{}' does not reference an existing '{table}' entity.",
            lua(&Value::Object(key.clone()))
        );
        let fields = Some(json!({ field: key }));
        Self::coded(StatusCode::BAD_REQUEST, 4, "foreign key violation", message, fields)
    }

    /// Code 4: something of `by` still names the row of `table`.
    pub(super) fn referenced(by: &str, table: &str) -> Self {
        let message = format!("an existing '{by}' entity references this '{table}' entity");
        let fields = Some(json!({ "@referenced_by": by }));
        Self::coded(StatusCode::BAD_REQUEST, 4, "foreign key violation", message, fields)
    }

    /// Code 5: another row has these values.
    pub(super) fn unique(fields: Map<String, Value>) -> Self {
        let fields = Value::Object(fields);
        let message = format!("UNIQUE violation detected on '{}'", lua(&fields));
        Self::coded(
            StatusCode::CONFLICT,
            5,
            "unique constraint violation",
            message,
            Some(fields),
        )
    }

    /// Code 6: a PATCH of what is not there.
    pub(super) fn absent(key: &str, value: &str) -> Self {
        let fields = json!({ key: value });
        let message = format!("could not find the entity with '{}'", lua(&fields));
        Self::coded(StatusCode::NOT_FOUND, 6, "not found", message, Some(fields))
    }

    /// Code 7.
    pub(super) fn offset(offset: &str, why: &str) -> Self {
        let message = format!("'{offset}' is not a valid offset: bad {why} encoding");
        Self::coded(StatusCode::BAD_REQUEST, 7, "invalid offset", message, None)
    }

    /// Code 9.
    pub(super) fn size(message: &str) -> Self {
        Self::coded(StatusCode::BAD_REQUEST, 9, "invalid size", message.to_owned(), None)
    }

    /// Code 11.
    pub(super) fn options(message: &str) -> Self {
        let fields = json!({ "tags": message });
        let message = format!("invalid option (tags: {message})");
        Self::coded(StatusCode::BAD_REQUEST, 11, "invalid options", message, Some(fields))
    }

    /// Code 12: a node without a database was told to write; `by` is the field that named the row, unless its id did.
    pub(super) fn without_database(verb: &str, table: &str, by: Option<&str>) -> Self {
        let by = by.map(|by| format!(" by '{by}'")).unwrap_or_default();
        let message = format!("cannot {verb} '{table}' entities{by} when not using a database");
        Self::coded(
            StatusCode::METHOD_NOT_ALLOWED,
            12,
            "operation unsupported",
            message,
            None,
        )
    }
}

impl From<Refused> for Response {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::NotFound => message(StatusCode::NOT_FOUND, "Not found"),
            Refused::NotFoundHere(request_id) => Self::json(
                StatusCode::NOT_FOUND,
                &json!({ "message": "Not found", "request_id": request_id }),
            ),
            Refused::Method => message(StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Refused::Json => message(StatusCode::BAD_REQUEST, "Cannot parse JSON body"),
            Refused::ContentType => Self::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "text/html; charset=UTF-8", page()),
            Refused::Coded {
                status,
                code,
                name,
                message,
                fields,
            } => {
                let mut body = json!({ "message": message, "name": name, "code": code });
                if let Some(fields) = fields {
                    body["fields"] = fields;
                }
                Self::json(status, &body)
            }
        }
    }
}

/// An answer that has nothing but a message.
pub(super) fn message(status: StatusCode, message: &str) -> Response {
    Response::json(status, &json!({ "message": message }))
}

fn page() -> String {
    let title = "415 Unsupported Media Type";
    format!(
        "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n</body>\r\n</html>\r\n"
    )
}

/// Every text of a tree with the way to it, sorted; those of `@entity` come first and without a way.
fn tell(way: &str, tree: &Value, told: &mut Vec<String>) {
    match tree {
        Value::Object(fields) => {
            let mut names: Vec<_> = fields.keys().collect();
            names.sort_unstable();
            for name in names {
                let next = match (way, name.as_str()) {
                    (_, "@entity") => String::new(),
                    ("", name) => name.to_owned(),
                    (way, name) => format!("{way}.{name}"),
                };
                tell(&next, &fields[name], told);
            }
        }
        Value::Array(items) if way.is_empty() => items.iter().for_each(|item| tell("", item, told)),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate().filter(|(_, item)| !item.is_null()) {
                tell(&format!("{way}.{}", index + 1), item, told);
            }
        }
        text => {
            let text = text.as_str().unwrap_or_default();
            told.push(if way.is_empty() {
                text.to_owned()
            } else {
                format!("{way}: {text}")
            });
        }
    }
}

/// A value as Kong's messages print Lua tables: names sorted, `=` between.
fn lua(value: &Value) -> String {
    match value {
        Value::Object(fields) => {
            let mut names: Vec<_> = fields.keys().collect();
            names.sort_unstable();
            let inner: Vec<_> = names
                .iter()
                .map(|name| format!("{name}={}", lua(&fields[*name])))
                .collect();
            format!("{{{}}}", inner.join(","))
        }
        other => other.to_string(),
    }
}
