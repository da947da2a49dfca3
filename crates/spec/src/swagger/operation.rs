//! Operations of Swagger 2.0: a body and a form are parameters there.

use super::{Fields, Old, copy};
use crate::tree::{New, Node};

/// What belongs to a parameter or a header itself; everything else is its schema.
const OWN: [&str; 8] = [
    "name",
    "in",
    "description",
    "required",
    "allowEmptyValue",
    "collectionFormat",
    "deprecated",
    "schema",
];

impl<'t> Old<'t> {
    pub(super) fn path(&self, item: Node<'t>) -> New {
        let shared: Vec<Node<'t>> = item.get("parameters").into_iter().flat_map(Node::items).collect();
        let mut fields = Vec::new();
        copy(item, &["$ref"], &mut fields);
        let plain = shared.iter().filter(|parameter| !is_body(self.resolved(**parameter)));
        let plain: Vec<New> = plain.map(|parameter| converted(*parameter)).collect();
        if !plain.is_empty() {
            fields.push(("parameters".to_owned(), New::List(plain)));
        }
        for (key, value) in item.entries() {
            match key {
                "get" | "put" | "post" | "delete" | "options" | "head" | "patch" if value.is_map() => {
                    fields.push((key.to_owned(), self.operation(value, &shared)));
                }
                "$ref" | "parameters" => {}
                _ => fields.push((key.to_owned(), New::Copy(value.id))),
            }
        }
        New::Map(fields)
    }

    /// A parameter that a reference to `#/parameters` names; all others are themselves.
    fn resolved(&self, parameter: Node<'t>) -> Node<'t> {
        let named = parameter
            .get_text("$ref")
            .and_then(|reference| reference.strip_prefix('#'));
        named.and_then(|pointer| self.root.follow(pointer)).unwrap_or(parameter)
    }

    fn operation(&self, operation: Node<'t>, shared: &[Node<'t>]) -> New {
        let mut fields = Vec::new();
        let own: Vec<Node<'t>> = operation.get("parameters").into_iter().flat_map(Node::items).collect();
        for (key, value) in operation.entries() {
            match key {
                "parameters" => {
                    let plain = own.iter().filter(|parameter| !is_body(self.resolved(**parameter)));
                    fields.push((
                        key.to_owned(),
                        New::List(plain.map(|parameter| converted(*parameter)).collect()),
                    ));
                }
                "responses" => {
                    let produces = media_types(Some(operation), self.root, "produces");
                    let responses = value
                        .entries()
                        .map(|(status, answer)| (status.to_owned(), response(answer, &produces)));
                    fields.push((key.to_owned(), New::Map(responses.collect())));
                }
                "consumes" | "produces" | "schemes" => {}
                _ => fields.push((key.to_owned(), New::Copy(value.id))),
            }
        }
        let bodies: Vec<Node<'t>> = own
            .iter()
            .chain(shared)
            .map(|parameter| self.resolved(*parameter))
            .filter(|one| is_body(*one))
            .collect();
        fields.extend(
            self.request_body(operation, &bodies)
                .map(|body| ("requestBody".to_owned(), body)),
        );
        New::Map(fields)
    }

    fn request_body(&self, operation: Node<'t>, bodies: &[Node<'t>]) -> Option<New> {
        let consumes = media_types(Some(operation), self.root, "consumes");
        if let Some(body) = bodies.iter().find(|parameter| parameter.get_text("in") == Some("body")) {
            let mut fields = Vec::new();
            copy(*body, &["description", "required"], &mut fields);
            let content = consumes.iter().map(|media_type| {
                let mut content = Vec::new();
                copy(*body, &["schema"], &mut content);
                if let Some(example) = body.get("x-example") {
                    content.push(("example".to_owned(), New::Copy(example.id)));
                }
                ((*media_type).to_owned(), New::Map(content))
            });
            fields.push(("content".to_owned(), New::Map(content.collect())));
            return Some(New::Map(fields));
        }
        let mut form: Vec<Node<'t>> = Vec::new();
        for field in bodies {
            let name = field.get_text("name");
            if name.is_some() && !form.iter().any(|known| known.get_text("name") == name) {
                form.push(*field);
            }
        }
        if form.is_empty() {
            return None;
        }
        let is_form =
            |media_type: &str| matches!(media_type, "application/x-www-form-urlencoded" | "multipart/form-data");
        let has_file = form.iter().any(|field| field.get_text("type") == Some("file"));
        let mut kinds: Vec<&str> = consumes.into_iter().filter(|media_type| is_form(media_type)).collect();
        if has_file {
            kinds = vec!["multipart/form-data"];
        } else if kinds.is_empty() {
            kinds.push("application/x-www-form-urlencoded");
        }
        let required = form.iter().any(|field| field.is_true("required"));
        let content = kinds.into_iter().map(|media_type| {
            let schema = ("schema".to_owned(), form_schema(&form));
            (media_type.to_owned(), New::Map(vec![schema]))
        });
        let fields = vec![
            ("required".to_owned(), New::Bool(required)),
            ("content".to_owned(), New::Map(content.collect())),
        ];
        Some(New::Map(fields))
    }
}

fn form_schema<'t>(form: &[Node<'t>]) -> New {
    let name = |field: &Node<'t>| field.get_text("name").unwrap_or_default().to_owned();
    let properties = form.iter().map(|field| {
        let mut fields = schema(*field);
        copy(*field, &["description"], &mut fields);
        (name(field), New::Map(fields))
    });
    let mut fields = vec![
        ("type".to_owned(), New::Text("object")),
        ("properties".to_owned(), New::Map(properties.collect())),
    ];
    let required = form.iter().filter(|field| field.is_true("required"));
    let required: Vec<New> = required.map(|field| New::Owned(name(field))).collect();
    if !required.is_empty() {
        fields.push(("required".to_owned(), New::List(required)));
    }
    New::Map(fields)
}

/// Whether a parameter is a body or a part of one.
pub(super) fn is_body(parameter: Node<'_>) -> bool {
    matches!(parameter.get_text("in"), Some("body" | "formData"))
}

/// The media types of an operation, or else of the document, or else JSON.
pub(super) fn media_types<'t>(operation: Option<Node<'t>>, root: Node<'t>, key: &str) -> Vec<&'t str> {
    let list = operation
        .and_then(|operation| operation.get(key))
        .or_else(|| root.get(key));
    let mut found: Vec<&str> = Vec::new();
    let named = list.into_iter().flat_map(Node::items).filter_map(Node::text);
    for media_type in named.take(crate::limits::PARTS_MAX) {
        if !found.contains(&media_type) {
            found.push(media_type);
        }
    }
    if found.is_empty() {
        found.push("application/json");
    }
    found
}

fn converted(node: Node<'_>) -> New {
    if node.get("$ref").is_some() {
        New::Copy(node.id)
    } else {
        parameter(node)
    }
}

/// What says what a value may be, which stands beside a name there.
fn schema(node: Node<'_>) -> Fields {
    let fields = node
        .entries()
        .filter(|(key, _)| !OWN.contains(key) && (!key.starts_with("x-") || *key == "x-nullable"));
    fields
        .map(|(key, value)| (key.to_owned(), New::Copy(value.id)))
        .collect()
}

pub(super) fn parameter(node: Node<'_>) -> New {
    let mut fields = Vec::new();
    copy(
        node,
        &["name", "in", "description", "required", "allowEmptyValue", "deprecated"],
        &mut fields,
    );
    let is_query = node.get_text("in") == Some("query");
    let style = match node.get_text("collectionFormat") {
        Some("multi") => Some(("form", true)),
        Some("ssv" | "tsv") if is_query => Some(("spaceDelimited", false)),
        Some("pipes") if is_query => Some(("pipeDelimited", false)),
        // Commas are what is meant where nothing is said, too.
        _ if is_query && node.get_text("type") == Some("array") => Some(("form", false)),
        _ => None,
    };
    if let Some((style, explode)) = style {
        fields.push(("style".to_owned(), New::Text(style)));
        fields.push(("explode".to_owned(), New::Bool(explode)));
    }
    fields.push(("schema".to_owned(), New::Map(schema(node))));
    let extensions = node
        .entries()
        .filter(|(key, _)| key.starts_with("x-") && *key != "x-nullable");
    fields.extend(extensions.map(|(key, value)| (key.to_owned(), New::Copy(value.id))));
    New::Map(fields)
}

pub(super) fn response<'t>(node: Node<'t>, produces: &[&'t str]) -> New {
    if node.get("$ref").is_some() || !node.is_map() {
        return New::Copy(node.id);
    }
    let mut fields = Vec::new();
    copy(node, &["description"], &mut fields);
    let examples = node.get("examples").filter(|examples| examples.is_map());
    let schema_id = node.get("schema").map(|schema| schema.id);
    // An example may be of a type that is not among those that are named.
    let more = examples
        .into_iter()
        .flat_map(Node::entries)
        .map(|(media_type, _)| media_type);
    let more = more.filter(|media_type| !produces.contains(media_type) && media_type.contains('/'));
    if schema_id.is_some() || examples.is_some() {
        let content = produces.iter().copied().chain(more).map(|media_type| {
            let mut content = Vec::new();
            content.extend(schema_id.map(|schema| ("schema".to_owned(), New::Copy(schema))));
            let example = examples.and_then(|examples| examples.get(media_type));
            content.extend(example.map(|example| ("example".to_owned(), New::Copy(example.id))));
            (media_type.to_owned(), New::Map(content))
        });
        fields.push(("content".to_owned(), New::Map(content.collect())));
    }
    let headers = node.get("headers").into_iter().flat_map(Node::entries);
    let headers: Fields = headers
        .map(|(name, header)| (name.to_owned(), self::header(header)))
        .collect();
    if !headers.is_empty() {
        fields.push(("headers".to_owned(), New::Map(headers)));
    }
    let extensions = node.entries().filter(|(key, _)| key.starts_with("x-"));
    fields.extend(extensions.map(|(key, value)| (key.to_owned(), New::Copy(value.id))));
    New::Map(fields)
}

fn header(node: Node<'_>) -> New {
    let mut fields = Vec::new();
    copy(node, &["description"], &mut fields);
    fields.push(("schema".to_owned(), New::Map(schema(node))));
    New::Map(fields)
}
