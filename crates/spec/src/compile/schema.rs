//! From JSON Schema to what a person reads: references followed as far as there is room.

use std::collections::HashMap;

use super::merge::merge;
use super::words::{line, line_of, prose, prose_of};
use super::{limits_in_words, words};
use crate::description::Description;
use crate::limits::{
    ALLOWED_MAX, EXPANSION_MAX, EXPANSION_SLACK, SCHEMA_DEPTH_MAX, SCHEMA_EXAMPLES_MAX, SCHEMA_VALUE_BYTES,
    SCHEMA_VALUE_DEPTH_MAX,
};
use crate::schema::{Additional, Discriminator, Property, Schema};
use crate::tree::{Id, Node};

/// Makes schemas readable.
pub(crate) struct Expander<'d, 't> {
    pub(crate) description: &'d Description<'t>,
    /// How much a schema takes when so many more references are followed in it.
    sizes: HashMap<(Id, u8), usize>,
    /// References that are being followed.
    trail: Vec<Id>,
    /// What may still be taken.
    room: usize,

    /// Schemas with a page that were met without going through another one.
    pub(crate) used: Vec<Id>,
}

impl<'d, 't> Expander<'d, 't> {
    pub(crate) fn new(description: &'d Description<'t>) -> Self {
        Self {
            description,
            sizes: HashMap::new(),
            trail: Vec::new(),
            room: 0,
            used: Vec::new(),
        }
    }

    /// Through how many references schemas can be followed so that all of them together take no more than `bytes`.
    /// What is expanded from now on is cut where it takes more nevertheless.
    pub(crate) fn fit(&mut self, schemas: &[Node<'t>], bytes: usize) -> u8 {
        self.room = bytes * EXPANSION_SLACK;
        let mut fitting = 0;
        for left in 1..=EXPANSION_MAX {
            let mut total = 0;
            for schema in schemas {
                total += self.size(*schema, left);
                if total > bytes {
                    return fitting;
                }
            }
            fitting = left;
        }
        fitting
    }

    /// How much a schema takes, roughly, in bytes of JSON.
    fn size(&mut self, node: Node<'t>, left: u8) -> usize {
        const MUCH: usize = 1 << 24;
        if let Some((_, target)) = self.description.reference(node) {
            let Some(target) = target.filter(|_| left > 0) else {
                return 60;
            };
            let key = (target.id, left - 1);
            if let Some(size) = self.sizes.get(&key) {
                return *size;
            }
            let size = self.size(target, left - 1).min(MUCH);
            self.sizes.insert(key, size);
            return size;
        }
        let mut size = own_size(node);
        for (key, part) in parts(node) {
            size += key.len() + 40 + self.size(part, left);
            if size > MUCH {
                break;
            }
        }
        size
    }

    /// A schema as it is read, through at most `left` references.
    pub(crate) fn schema(&mut self, node: Node<'t>, left: u8) -> Schema {
        self.expand(node, left, 0)
    }

    /// A schema on a page of its own, which has about so many bytes.
    pub(crate) fn page(&mut self, id: Id, bytes: usize) -> Schema {
        let node = self.description.tree.node(id);
        // One that is nothing but a reference shows what it names.
        let target = self.description.resolve(node).unwrap_or(node);
        let left = self.fit(&[target], bytes);
        self.trail.extend([id, target.id]);
        let schema = self.inline(target, left, 0);
        self.trail.clear();
        schema
    }

    fn expand(&mut self, node: Node<'t>, left: u8, depth: usize) -> Schema {
        if let Some((reference, target)) = self.description.reference(node) {
            return self.referred(node, reference, target, left, depth);
        }
        self.inline(node, left, depth)
    }

    fn referred(
        &mut self,
        node: Node<'t>,
        reference: &str,
        target: Option<Node<'t>>,
        left: u8,
        depth: usize,
    ) -> Schema {
        let last = words::line(reference.rsplit(['/', '#']).next().unwrap_or_default());
        let end = target.and_then(|target| self.description.resolve(target));
        let (Some(target), Some(end)) = (target, end) else {
            let limits = vec!["is not described".to_owned()];
            return Schema {
                name: Some(last),
                limits,
                ..Schema::default()
            };
        };
        let page = self
            .description
            .page(target.id)
            .or_else(|| self.description.page(end.id));
        let (name, slug) = match page {
            Some(page) => (page.name.clone(), Some(page.slug.clone())),
            None => (last, None),
        };
        if self.trail.is_empty()
            && let Some(page) = page
        {
            self.used.push(page.id);
        }
        let is_circle = self.trail.contains(&end.id) && depth > 0;
        let mut schema = if left == 0 || is_circle || depth >= SCHEMA_DEPTH_MAX || self.room == 0 {
            let (types, nullable) = types(end);
            let title = line_of(end, "title");
            Schema {
                cut: true,
                types,
                nullable,
                title,
                ..Schema::default()
            }
        } else {
            self.trail.push(end.id);
            let schema = self.inline(end, left - 1, depth);
            self.trail.pop();
            schema
        };
        schema.name = Some(name);
        schema.slug = slug;
        if node.len() > 1 {
            self.overlay(&mut schema, node, left, depth);
        }
        schema
    }

    /// What stands beside a `$ref`: all of it from OpenAPI 3.1 on; before, a description, which authors mean although
    /// it is to be ignored.
    fn overlay(&mut self, schema: &mut Schema, node: Node<'t>, left: u8, depth: usize) {
        if let Some(text) = node.get_text("description") {
            schema.description = prose(text);
        }
        if self.description.version < (3, 1) || self.room == 0 || depth >= SCHEMA_DEPTH_MAX {
            return;
        }
        let beside = self.inline(node, left, depth);
        if schema.cut || merge(schema, beside.clone()).is_err() {
            schema.deprecated |= beside.deprecated;
            schema.read_only |= beside.read_only;
            schema.write_only |= beside.write_only;
            schema.nullable |= beside.nullable;
            if beside.default.is_some() {
                schema.default = beside.default;
            }
        }
    }

    fn inline(&mut self, node: Node<'t>, left: u8, depth: usize) -> Schema {
        if !node.is_map() {
            // `true` and `false` are schemas; `false` takes nothing.
            let limits = if node.bool() == Some(false) {
                vec!["never there".to_owned()]
            } else {
                Vec::new()
            };
            return Schema {
                limits,
                ..Schema::default()
            };
        }
        let mut schema = own(node, self.description);
        let size = own_size(node);
        if depth >= SCHEMA_DEPTH_MAX || self.room < size {
            self.room = 0;
            schema.cut = parts(node).next().is_some();
            return schema;
        }
        self.room -= size;
        self.object(&mut schema, node, left, depth + 1);
        self.list(&mut schema, node, left, depth + 1);
        if let Some(not) = node.get("not").filter(|not| not.is_map()) {
            schema.not = Some(Box::new(self.expand(not, left, depth + 1)));
        }
        self.choices(&mut schema, node, left, depth + 1);
        for member in node.get("allOf").into_iter().flat_map(Node::items) {
            let member = self.expand(member, left, depth + 1);
            if let Err(member) = merge(&mut schema, member) {
                schema.all_of.push(*member);
            }
        }
        schema
    }

    fn object(&mut self, schema: &mut Schema, node: Node<'t>, left: u8, depth: usize) {
        let required: Vec<&str> = node
            .get("required")
            .into_iter()
            .flat_map(Node::items)
            .filter_map(Node::text)
            .collect();
        let is_required: std::collections::HashSet<&str> = required.iter().copied().collect();
        let properties = node.get("properties");
        // A field is large, and lists that grow keep room for as many again.
        schema.properties.reserve_exact(properties.map_or(0, Node::len));
        for (name, property) in properties.into_iter().flat_map(Node::entries) {
            let required = is_required.contains(name);
            let schema_of = self.expand(property, left, depth);
            schema.properties.push(Property {
                name: shown(name),
                required,
                pattern: false,
                schema: schema_of,
            });
        }
        for name in required {
            if properties.and_then(|properties| properties.get(name)).is_none()
                && !schema.properties.iter().any(|property| property.name == name)
            {
                let property = Property {
                    name: shown(name),
                    required: true,
                    pattern: false,
                    schema: Schema::default(),
                };
                schema.properties.push(property);
            }
        }
        for (name, property) in node.get("patternProperties").into_iter().flat_map(Node::entries) {
            let schema_of = self.expand(property, left, depth);
            schema.properties.push(Property {
                name: shown(name),
                required: false,
                pattern: true,
                schema: schema_of,
            });
        }
        let additional = node
            .get("additionalProperties")
            .or_else(|| node.get("unevaluatedProperties"));
        schema.additional = additional.map(|additional| {
            let described = additional.is_map() && additional.len() > 0;
            Additional {
                allowed: additional.bool() != Some(false),
                schema: described.then(|| Box::new(self.expand(additional, left, depth))),
            }
        });
    }

    fn list(&mut self, schema: &mut Schema, node: Node<'t>, left: u8, depth: usize) {
        if let Some(items) = node.get("items") {
            // A list of schemas is the older spelling of `prefixItems`.
            for item in items.items() {
                let item = self.expand(item, left, depth);
                schema.prefix_items.push(item);
            }
            if items.is_map() {
                schema.items = Some(Box::new(self.expand(items, left, depth)));
            }
        }
        for item in node.get("prefixItems").into_iter().flat_map(Node::items) {
            let item = self.expand(item, left, depth);
            schema.prefix_items.push(item);
        }
    }

    fn choices(&mut self, schema: &mut Schema, node: Node<'t>, left: u8, depth: usize) {
        for key in ["oneOf", "anyOf"] {
            let Some(list) = node.get(key).filter(|list| list.len() > 0) else {
                continue;
            };
            let choices: Vec<_> = list
                .items()
                .filter(|choice| !is_null_only(self.description, *choice))
                .collect();
            let had_null = choices.len() < list.len();
            if let ([only], true) = (&choices[..], had_null) {
                // The other dialect's way to say that it may be null.
                let only = self.expand(*only, left, depth);
                let (name, slug) = (only.name.clone(), only.slug.clone());
                if schema.types.is_empty() && merge_whole(schema, &only) {
                    schema.name = name;
                    schema.slug = slug;
                } else if let Err(only) = merge(schema, only) {
                    schema.one_of.push(*only);
                }
                schema.nullable = true;
                continue;
            }
            schema.nullable |= had_null;
            let expanded: Vec<Schema> = choices
                .into_iter()
                .map(|choice| self.expand(choice, left, depth))
                .collect();
            if key == "oneOf" {
                schema.one_of = expanded;
            } else {
                schema.any_of = expanded;
            }
        }
        if let Some(discriminator) = &mut schema.discriminator
            && discriminator.mapping.is_empty()
        {
            let names = schema
                .one_of
                .iter()
                .chain(&schema.any_of)
                .filter_map(|choice| choice.name.clone());
            discriminator.mapping = names.map(|name| (name.clone(), name)).collect();
        }
    }
}

/// Takes a whole schema over where nothing but annotations stands yet.
fn merge_whole(schema: &mut Schema, other: &Schema) -> bool {
    if !(schema.properties.is_empty()
        && schema.items.is_none()
        && schema.allowed.is_empty()
        && schema.limits.is_empty())
    {
        return false;
    }
    let kept = std::mem::replace(schema, other.clone());
    if !kept.description.markdown.is_empty() {
        schema.description = kept.description;
    }
    if !kept.title.is_empty() {
        schema.title = kept.title;
    }
    schema.default = kept.default.or(schema.default.take());
    if !kept.examples.is_empty() {
        schema.examples = kept.examples;
    }
    schema.deprecated |= kept.deprecated;
    schema.read_only |= kept.read_only;
    schema.write_only |= kept.write_only;
    true
}

/// A field's name as it is; what cannot be seen is left out.
fn shown(name: &str) -> String {
    words::beginning(name, crate::limits::NAME_MAX_BYTES)
        .chars()
        .filter(|character| !words::is_hidden(*character))
        .collect()
}

/// Whether a schema takes nothing but null.
fn is_null_only<'t>(description: &Description<'t>, node: Node<'t>) -> bool {
    if description.reference(node).is_some() {
        return false;
    }
    let type_is_null = node
        .get("type")
        .is_some_and(|kind| kind.text() == Some("null") || kind.is_null());
    let only_null = node
        .get("enum")
        .is_some_and(|list| list.len() > 0 && list.items().all(Node::is_null));
    type_is_null || only_null || node.get("const").is_some_and(Node::is_null)
}

/// Its types without null, and whether it may be null.
pub(crate) fn types(node: Node<'_>) -> (Vec<String>, bool) {
    let mut nullable = node.is_true("nullable") || node.is_true("x-nullable");
    let mut types = Vec::new();
    let kind = node.get("type");
    let named = kind
        .and_then(Node::text)
        .into_iter()
        .chain(kind.into_iter().flat_map(Node::items).filter_map(Node::text));
    for name in named {
        match name {
            "null" => nullable = true,
            "file" => types.push("string".to_owned()),
            "string" | "number" | "integer" | "boolean" | "array" | "object"
                if !types.iter().any(|known| known == name) =>
            {
                types.push(name.to_owned());
            }
            _ => {}
        }
    }
    if kind.is_none() {
        // What is said only of objects or of lists says which of them it is.
        if ["properties", "additionalProperties", "patternProperties"]
            .iter()
            .any(|key| node.get(key).is_some())
        {
            types.push("object".to_owned());
        } else if node.get("items").is_some() || node.get("prefixItems").is_some() {
            types.push("array".to_owned());
        }
    }
    types.shrink_to_fit();
    (types, nullable)
}

/// What a schema says by itself, without its parts.
fn own(node: Node<'_>, description: &Description<'_>) -> Schema {
    let (types, mut nullable) = types(node);
    let mut limits = limits_in_words::limits(node);
    let mut allowed = Vec::new();
    if let Some(list) = node.get("enum").filter(|list| list.is_list()) {
        let (mut room, mut shown) = (ALLOWED_MAX * 40, 0);
        for value in list.items() {
            if value.is_null() {
                nullable = true;
                continue;
            }
            let (bytes, depth) = value.extent(SCHEMA_VALUE_BYTES);
            if shown == ALLOWED_MAX || room < bytes || depth > SCHEMA_VALUE_DEPTH_MAX {
                limits.push(format!("one of {} values, of which {shown} are shown", list.len()));
                break;
            }
            room -= bytes;
            shown += 1;
            allowed.push(value.to_value());
        }
    } else if let Some(value) = node.get("const") {
        nullable |= value.is_null();
        allowed.extend(small(value));
    }
    let mut examples: Vec<_> = node
        .get("examples")
        .into_iter()
        .flat_map(Node::items)
        .filter_map(small)
        .collect();
    examples.extend(node.get("example").or_else(|| node.get("x-example")).and_then(small));
    examples.truncate(SCHEMA_EXAMPLES_MAX);
    // There are many schemas, and each list keeps room for four.
    examples.shrink_to_fit();
    allowed.shrink_to_fit();
    limits.shrink_to_fit();
    let is_file = node.get_text("type") == Some("file");
    let base = description.tree.top(description.tree.document(node.id)).0;
    Schema {
        types,
        nullable,
        format: node
            .get_text("format")
            .map(line)
            .or_else(|| is_file.then(|| "binary".to_owned())),
        title: line_of(node, "title"),
        description: prose_of(node, "description"),
        deprecated: node.is_true("deprecated"),
        read_only: node.is_true("readOnly"),
        write_only: node.is_true("writeOnly"),
        default: node.get("default").and_then(small),
        allowed,
        examples,
        limits,
        discriminator: node.get("discriminator").and_then(discriminator),
        external_docs: words::external_docs(base, node),
        ..Schema::default()
    }
}

/// A value that is short enough to stand beside a field.
fn small(node: Node<'_>) -> Option<serde_json::Value> {
    let (bytes, depth) = node.extent(SCHEMA_VALUE_BYTES);
    (bytes <= SCHEMA_VALUE_BYTES && depth <= SCHEMA_VALUE_DEPTH_MAX).then(|| node.to_value())
}

fn discriminator(node: Node<'_>) -> Option<Discriminator> {
    let field = line(node.text().or_else(|| node.get_text("propertyName"))?);
    let mapping = node
        .get("mapping")
        .into_iter()
        .flat_map(Node::entries)
        .take(ALLOWED_MAX);
    let last = |target: Node<'_>| target.text().map(|text| line(text.rsplit('/').next().unwrap_or(text)));
    Some(Discriminator {
        field,
        mapping: mapping
            .filter_map(|(value, target)| Some((line(value), last(target)?)))
            .collect(),
    })
}

/// How much a schema takes without its parts.
fn own_size(node: Node<'_>) -> usize {
    let mut size = 50;
    for (key, value) in node.entries() {
        size += match key {
            "description" | "title" | "pattern" => value.text().map_or(0, str::len) + 30,
            "enum" | "const" | "default" | "example" | "examples" | "discriminator" => {
                value.extent(4000).0.min(4000) + 15
            }
            _ => 16,
        };
    }
    size
}

/// Every schema in a schema that a page shows, with its name.
fn parts<'t>(node: Node<'t>) -> impl Iterator<Item = (&'t str, Node<'t>)> {
    let maps = ["properties", "patternProperties"]
        .into_iter()
        .filter_map(move |key| node.get(key));
    let lists = ["allOf", "oneOf", "anyOf", "prefixItems", "items"]
        .into_iter()
        .filter_map(move |key| node.get(key));
    let single = ["items", "additionalProperties", "not"]
        .into_iter()
        .filter_map(move |key| node.get(key));
    maps.flat_map(Node::entries)
        .chain(lists.flat_map(Node::items).map(|part| ("", part)))
        .chain(single.filter(|part| part.is_map()).map(|part| ("", part)))
}
