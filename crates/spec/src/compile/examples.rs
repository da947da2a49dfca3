//! Examples: the document's own where it has some, and else one made from the schema.

use serde_json::Value;

use super::generate::{Direction, generate};
use super::words::{beginning, line, line_of, prose};
use crate::description::Description;
use crate::limits::{
    EXAMPLE_BYTES, EXAMPLE_REST_BYTES, EXAMPLES_BYTES, EXAMPLES_MAX, NAME_MAX_BYTES, OPERATION_PROSE_BYTES,
    REQUEST_EXAMPLE_BYTES,
};
use crate::model::{Example, Prose};
use crate::tree::Node;

/// What may still be taken by an operation's examples and by its texts.
pub(super) struct Room {
    examples: usize,
    prose: usize,
}

impl Room {
    pub(super) fn new() -> Self {
        Self {
            examples: EXAMPLES_BYTES,
            prose: OPERATION_PROSE_BYTES,
        }
    }

    /// What a part of the operation says of itself; its beginning where there is no room for more.
    pub(super) fn prose(&mut self, node: Node<'_>, key: &str) -> Prose {
        let Some(text) = node.get_text(key) else {
            return Prose::default();
        };
        let part = beginning(text, self.prose.max(NAME_MAX_BYTES));
        self.prose = self.prose.saturating_sub(part.len());
        let mut prose = prose(part);
        if part.len() < text.len() {
            prose.markdown.push('…');
        }
        prose
    }

    /// A value, or its beginning where there is no room for more.
    fn take(&mut self, node: Node<'_>, most: usize) -> (Value, bool) {
        let most = if self.examples == 0 { EXAMPLE_REST_BYTES } else { most };
        let (bytes, _) = node.extent(most);
        let (value, cut) = if bytes <= most {
            (node.to_value(), false)
        } else {
            let text = match node.text() {
                Some(text) => beginning(text, most).to_owned(),
                None => beginning(&node.beginning(most), most).to_owned(),
            };
            (Value::String(text), true)
        };
        self.examples = self.examples.saturating_sub(bytes.min(most));
        (value, cut)
    }
}

/// Examples of a body. `direction` says whether it is sent.
pub(super) fn of_content<'t>(
    description: &Description<'t>,
    content: Node<'t>,
    media_type: &str,
    direction: Direction,
    room: &mut Room,
) -> Vec<Example> {
    let most = if direction == Direction::Sent {
        REQUEST_EXAMPLE_BYTES
    } else {
        EXAMPLE_BYTES
    };
    let mut examples = own(description, content, most, room);
    let Some(schema) = content.get("schema") else {
        return examples;
    };
    if examples.is_empty() {
        examples = of_schema(description, schema, most, room);
    }
    if examples.is_empty() && can_generate(media_type) {
        examples.extend(generate(description, schema, direction).map(made));
    }
    examples
}

/// Examples of a parameter or a header field.
pub(super) fn of_parameter<'t>(
    description: &Description<'t>,
    parameter: Node<'t>,
    schema: Option<Node<'t>>,
    is_required: bool,
    room: &mut Room,
) -> Vec<Example> {
    let mut examples = own(description, parameter, EXAMPLE_BYTES, room);
    let content = parameter.get("content").and_then(|content| content.entries().next());
    if let Some((_, content)) = content.filter(|_| examples.is_empty()) {
        examples = own(description, content, EXAMPLE_BYTES, room);
    }
    let Some(schema) = schema else { return examples };
    if examples.is_empty() {
        examples = of_schema(description, schema, EXAMPLE_BYTES, room);
    }
    if examples.is_empty() && is_required {
        examples.extend(generate(description, schema, Direction::Sent).map(made));
    }
    examples
}

/// An example of a schema's own page.
pub(super) fn of_page<'t>(description: &Description<'t>, schema: Node<'t>) -> Option<Example> {
    let mut room = Room::new();
    let own = of_schema(description, schema, EXAMPLE_BYTES, &mut room)
        .into_iter()
        .next();
    own.or_else(|| generate(description, schema, Direction::Received).map(made))
}

fn made(value: Value) -> Example {
    Example {
        name: String::new(),
        summary: String::new(),
        description: Default::default(),
        value,
        generated: true,
        cut: false,
    }
}

/// `example` and `examples` beside a schema.
fn own<'t>(description: &Description<'t>, node: Node<'t>, most: usize, room: &mut Room) -> Vec<Example> {
    let mut examples = Vec::new();
    if let Some(example) = node.get("example").or_else(|| node.get("x-example")) {
        let (value, cut) = room.take(example, most);
        examples.push(Example {
            value,
            cut,
            generated: false,
            ..made(Value::Null)
        });
    }
    let named = node.get("examples");
    for (name, example) in named.into_iter().flat_map(Node::entries).take(EXAMPLES_MAX) {
        let Some(example) = description.resolve(example) else {
            continue;
        };
        // OpenAPI 3.2 tells the value from how it is written.
        let value = ["value", "dataValue", "serializedValue"]
            .iter()
            .find_map(|key| example.get(key));
        let Some(value) = value else { continue };
        let (value, cut) = room.take(value, most);
        examples.push(Example {
            name: line(name),
            summary: line_of(example, "summary"),
            description: room.prose(example, "description"),
            value,
            generated: false,
            cut,
        });
    }
    // Not of the standard, and met: a list of values.
    for example in named.into_iter().flat_map(Node::items).take(EXAMPLES_MAX) {
        let (value, cut) = room.take(example, most);
        examples.push(Example {
            value,
            cut,
            generated: false,
            ..made(Value::Null)
        });
    }
    examples
}

/// The examples that a schema has for itself.
fn of_schema<'t>(description: &Description<'t>, schema: Node<'t>, most: usize, room: &mut Room) -> Vec<Example> {
    let Some(schema) = description.resolve(schema) else {
        return Vec::new();
    };
    let list = schema
        .get("examples")
        .into_iter()
        .flat_map(Node::items)
        .take(EXAMPLES_MAX);
    let values = schema
        .get("example")
        .or_else(|| schema.get("x-example"))
        .into_iter()
        .chain(list);
    values
        .map(|example| {
            let (value, cut) = room.take(example, most);
            Example {
                value,
                cut,
                generated: false,
                ..made(Value::Null)
            }
        })
        .collect()
}

/// Whether what is written in a media type is, or is made from, JSON.
fn can_generate(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    super::content::is_json(essence)
        || matches!(
            essence,
            "application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain" | "*/*"
        )
}
