//! What goes into a path, a query, a header and cookies.

use super::examples::{Room, of_parameter};
use super::schema::Expander;
use super::words::line;
use crate::description::Description;
use crate::limits::PARAMETERS_MAX;
use crate::model::{Location, Parameter, Style};
use crate::tree::Node;

/// Where a parameter says that it goes.
pub(crate) fn location(parameter: Node<'_>) -> Option<Location> {
    Some(match parameter.get_text("in")? {
        "path" => Location::Path,
        "query" => Location::Query,
        "querystring" => Location::QueryString,
        "header" => Location::Header,
        "cookie" => Location::Cookie,
        _ => return None,
    })
}

/// How a list or an object is written, by its name in OpenAPI.
pub(super) fn style(name: &str) -> Option<Style> {
    Some(match name {
        "simple" => Style::Simple,
        "label" => Style::Label,
        "matrix" => Style::Matrix,
        "form" | "cookie" => Style::Form,
        "spaceDelimited" => Style::SpaceDelimited,
        "pipeDelimited" => Style::PipeDelimited,
        "deepObject" => Style::DeepObject,
        _ => return None,
    })
}

/// Header fields that are said elsewhere; as parameters they are to be ignored (OpenAPI 3.1 §4.8.12.1).
pub(crate) fn is_said_elsewhere(location: Location, name: &str) -> bool {
    let names = ["accept", "content-type", "authorization"];
    location == Location::Header && names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The parameters of an operation, its path's among them; its own ones go before.
pub(crate) fn parameters_of<'t>(
    description: &Description<'t>,
    path: Node<'t>,
    operation: Node<'t>,
) -> Vec<(Location, &'t str, Node<'t>)> {
    let mut found: Vec<(Location, &str, Node<'_>)> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for holder in [path, operation] {
        for parameter in holder
            .get("parameters")
            .into_iter()
            .flat_map(Node::items)
            .take(PARAMETERS_MAX)
        {
            let Some(parameter) = description.resolve(parameter) else {
                continue;
            };
            let (Some(location), Some(name)) = (location(parameter), parameter.get_text("name")) else {
                continue;
            };
            if is_said_elsewhere(location, name) {
                continue;
            }
            match known.get(&(location, name)) {
                Some(at) => found[*at] = (location, name, parameter),
                None => {
                    known.insert((location, name), found.len());
                    found.push((location, name, parameter));
                }
            }
        }
    }
    found.truncate(PARAMETERS_MAX);
    found
}

/// What a parameter may be.
pub(super) fn schema_of(parameter: Node<'_>) -> Option<Node<'_>> {
    parameter
        .get("schema")
        .or_else(|| parameter.get("content")?.entries().next()?.1.get("schema"))
}

/// A parameter as it is read.
pub(super) fn parameter<'t>(
    expander: &mut Expander<'_, 't>,
    (location, name, node): (Location, &str, Node<'t>),
    left: u8,
    room: &mut Room,
) -> Parameter {
    let default = match location {
        Location::Path | Location::Header => Style::Simple,
        Location::Query | Location::QueryString | Location::Cookie => Style::Form,
    };
    let style = node.get_text("style").and_then(style).unwrap_or(default);
    let media_type = node
        .get("content")
        .and_then(|content| content.entries().next())
        .map(|(media_type, _)| line(media_type));
    let schema = schema_of(node);
    let required = location == Location::Path || node.is_true("required");
    Parameter {
        name: line(name),
        location,
        required,
        deprecated: node.is_true("deprecated"),
        description: room.prose(node, "description"),
        schema: schema.map(|schema| expander.schema(schema, left)).unwrap_or_default(),
        style,
        explode: node.get("explode").and_then(Node::bool).unwrap_or(style == Style::Form),
        allow_reserved: node.is_true("allowReserved"),
        media_type,
        examples: of_parameter(expander.description, node, schema, required, room),
    }
}
