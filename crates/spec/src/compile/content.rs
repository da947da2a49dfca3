//! Bodies: what is sent and what comes back, in each media type.

use super::examples::{Room, of_content, of_parameter};
use super::generate::Direction;
use super::judge::judge;
use super::parameter::style;
use super::schema::Expander;
use super::words::line;
use crate::limits::PARTS_MAX;
use crate::model::{Content, Encoding, Location, Parameter, RequestBody, Style};
use crate::tree::Node;

/// Whether a media type is JSON or made of it (RFC 6839 §3.1).
pub(crate) fn is_json(essence: &str) -> bool {
    let essence = essence.to_ascii_lowercase();
    let subtype = essence.split_once('/').map_or("", |(_, subtype)| subtype);
    subtype == "json" || subtype.ends_with("+json") || essence == "text/json"
}

/// Which form to take first: JSON, what is like it, forms, and then the rest.
fn rank(media_type: &str) -> u8 {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    match essence {
        "application/json" => 0,
        essence if is_json(essence) => 1,
        "*/*" | "application/*" => 2,
        "application/x-www-form-urlencoded" => 3,
        "multipart/form-data" => 4,
        _ => 5,
    }
}

/// What is sent; by the customer's program, or, as a webhook, by the API.
pub(super) fn request_body<'t>(
    expander: &mut Expander<'_, 't>,
    body: Node<'t>,
    direction: Direction,
    left: u8,
    room: &mut Room,
) -> RequestBody {
    RequestBody {
        required: body.is_true("required"),
        description: room.prose(body, "description"),
        contents: contents(expander, body, direction, left, room),
    }
}

/// The forms of a body.
pub(super) fn contents<'t>(
    expander: &mut Expander<'_, 't>,
    body: Node<'t>,
    direction: Direction,
    left: u8,
    room: &mut Room,
) -> Vec<Content> {
    let mut forms: Vec<_> = body
        .get("content")
        .into_iter()
        .flat_map(Node::entries)
        .take(PARTS_MAX)
        .collect();
    forms.sort_by_key(|(media_type, _)| rank(media_type));
    let mut contents = Vec::new();
    for (media_type, content) in forms {
        let Some(content) = expander.description.resolve(content) else {
            continue;
        };
        contents.push(self::content(expander, media_type, content, direction, left, room));
    }
    contents
}

fn content<'t>(
    expander: &mut Expander<'_, 't>,
    media_type: &str,
    content: Node<'t>,
    direction: Direction,
    left: u8,
    room: &mut Room,
) -> Content {
    let description = expander.description;
    let schema = content.get("schema");
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let is_judged = direction == Direction::Sent && is_json(essence);
    Content {
        media_type: line(media_type),
        schema: schema.map(|schema| expander.schema(schema, left)),
        item_schema: content.get("itemSchema").map(|schema| expander.schema(schema, left)),
        examples: of_content(description, content, media_type, direction, room),
        encodings: content
            .get("encoding")
            .into_iter()
            .flat_map(Node::entries)
            .take(PARTS_MAX)
            .map(encoding)
            .collect(),
        judge: schema
            .filter(|_| is_judged)
            .and_then(|schema| judge(description, schema)),
    }
}

fn encoding((field, encoding): (&str, Node<'_>)) -> Encoding {
    Encoding {
        field: line(field),
        media_type: encoding.get_text("contentType").map(line),
        style: encoding.get_text("style").and_then(style),
        explode: encoding.get("explode").and_then(Node::bool),
    }
}

/// The header fields of an answer.
pub(super) fn headers<'t>(
    expander: &mut Expander<'_, 't>,
    answer: Node<'t>,
    left: u8,
    room: &mut Room,
) -> Vec<Parameter> {
    let mut headers = Vec::new();
    for (name, header) in answer
        .get("headers")
        .into_iter()
        .flat_map(Node::entries)
        .take(PARTS_MAX)
    {
        let Some(header) = expander.description.resolve(header) else {
            continue;
        };
        let content = header.get("content").and_then(|content| content.entries().next());
        let schema = header
            .get("schema")
            .or_else(|| content.and_then(|(_, content)| content.get("schema")));
        headers.push(Parameter {
            name: line(name),
            location: Location::Header,
            required: header.is_true("required"),
            deprecated: header.is_true("deprecated"),
            description: room.prose(header, "description"),
            schema: schema.map(|schema| expander.schema(schema, left)).unwrap_or_default(),
            style: Style::Simple,
            explode: header.is_true("explode"),
            allow_reserved: false,
            media_type: content.map(|(media_type, _)| line(media_type)),
            examples: of_parameter(expander.description, header, schema, false, room),
        });
    }
    headers
}
