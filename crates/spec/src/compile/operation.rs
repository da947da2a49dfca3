//! Operations: found first, so that each can name the others, and then made complete one by one.

use std::collections::HashMap;

use super::content::{contents, headers, request_body};
use super::examples::Room;
use super::generate::Direction;
use super::overview::{Tags, servers};
use super::parameter::{parameter, parameters_of, schema_of};
use super::schema::Expander;
use super::security::requirements;
use super::words::{external_docs, line, line_of, prose_of};
use crate::description::Description;
use crate::limits::{
    CALLBACK_BYTES, FAILURE_BYTES, NAME_MAX_BYTES, OPERATIONS_MAX, PARTS_MAX, REQUEST_BYTES, SUCCESS_BYTES, WORDS_MAX,
};
use crate::model::{Answer, Callback, Link, Operation, OperationKind, OperationLink, Overview, RequestBody};
use crate::slug::Slugs;
use crate::tree::Node;

/// An operation where it stands.
pub(crate) struct Found<'t> {
    pub(crate) link: OperationLink,
    pub(crate) id: Option<&'t str>,
    /// Its path's object.
    pub(crate) path: Node<'t>,
    pub(crate) node: Node<'t>,
}

const METHODS: [&str; 9] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace", "query",
];

/// The operations of a path's object: method in capitals, and what it says.
pub(crate) fn methods<'t>(path: Node<'t>) -> impl Iterator<Item = (String, Node<'t>)> {
    let known = path.entries().filter(|(key, _)| METHODS.contains(key));
    let additional = path.get("additionalOperations").into_iter().flat_map(Node::entries);
    known
        .map(|(method, node)| (method.to_ascii_uppercase(), node))
        .chain(
            additional
                .filter(|(method, _)| is_token(method))
                .map(|(method, node)| (method.to_owned(), node)),
        )
        .filter(|(_, node)| node.is_map())
}

/// Whether a text can be a method (RFC 9110 §5.6.2).
fn is_token(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=40).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// The objects of all paths and webhooks: name, object with its own `$ref`s followed, and kind.
pub(crate) fn paths<'t>(description: &Description<'t>) -> Vec<(&'t str, Node<'t>, OperationKind)> {
    let mut all = Vec::new();
    for (key, kind) in [
        ("paths", OperationKind::Operation),
        ("webhooks", OperationKind::Webhook),
        ("x-webhooks", OperationKind::Webhook),
    ] {
        for (name, path) in description.root.get(key).into_iter().flat_map(Node::entries) {
            if name.starts_with("x-") && kind == OperationKind::Operation {
                continue;
            }
            // What stands beside a reference counts too, and before it.
            if path.get("$ref").is_some() && path.len() > 1 {
                all.push((name, path, kind));
            }
            all.extend(
                description
                    .resolve(path)
                    .filter(|path| path.is_map())
                    .map(|path| (name, path, kind)),
            );
        }
    }
    all
}

/// A path's template without the names in it, which say nothing of what it matches.
pub(crate) fn template(path: &str) -> String {
    let (mut template, mut rest) = (String::new(), path);
    while let Some((before, after)) = rest.split_once('{') {
        template.push_str(before);
        template.push_str("{}");
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    template + rest
}

/// Every operation and webhook, in the order of the document.
pub(crate) fn find<'t>(description: &Description<'t>) -> Vec<Found<'t>> {
    let mut slugs = Slugs::default();
    let mut known = std::collections::HashSet::new();
    let mut found = Vec::new();
    for (name, path, kind) in paths(description) {
        for (method, node) in methods(path) {
            if found.len() == OPERATIONS_MAX || !known.insert((kind, method.clone(), name)) {
                continue;
            }
            let id = node.get_text("operationId").filter(|id| !id.trim().is_empty());
            let is_webhook = kind == OperationKind::Webhook;
            let slug = match id {
                Some(id) => slugs.make(id, "operation"),
                None if is_webhook => slugs.make(name, "webhook"),
                None => slugs.make(&format!("{method} {name}"), "operation"),
            };
            let path_shown = line(name);
            let title = title(node, id, &method, &path_shown, is_webhook);
            let deprecated = node.is_true("deprecated");
            let link = OperationLink {
                slug,
                kind,
                method,
                path: path_shown,
                title,
                deprecated,
            };
            found.push(Found { link, id, path, node });
        }
    }
    found
}

/// What an operation does in a few words; what its id or its path says, if nobody said it.
fn title(node: Node<'_>, id: Option<&str>, method: &str, path: &str, is_webhook: bool) -> String {
    let summary = line_of(node, "summary");
    if !summary.is_empty() {
        return summary;
    }
    if is_webhook {
        return if path.is_empty() {
            "Webhook".to_owned()
        } else {
            path.to_owned()
        };
    }
    let words = id.map(in_words).unwrap_or_default();
    if words.is_empty() {
        format!("{method} {path}")
    } else {
        words
    }
}

/// `getUserById` as "Get user by id".
fn in_words(id: &str) -> String {
    let mut words = String::new();
    let mut before = ' ';
    for character in line(id).chars().take(NAME_MAX_BYTES) {
        if !character.is_alphanumeric() {
            if !words.ends_with(' ') && !words.is_empty() {
                words.push(' ');
            }
        } else if character.is_uppercase() && before.is_lowercase() {
            words.push(' ');
            words.extend(character.to_lowercase());
        } else if words.is_empty() {
            words.extend(character.to_uppercase());
        } else {
            words.push(character);
        }
        before = character;
    }
    words.trim_end().to_owned()
}

/// What is needed to make an operation complete.
pub(super) struct Maker<'m, 'd, 't> {
    pub(super) expander: Expander<'d, 't>,
    pub(super) overview: &'m Overview,
    /// Slugs of operations by their ids, and by pointers to them.
    pub(super) slugs: HashMap<String, String>,
}

impl<'m, 'd, 't> Maker<'m, 'd, 't> {
    pub(super) fn new(description: &'d Description<'t>, overview: &'m Overview, found: &[Found<'t>]) -> Self {
        let mut slugs = HashMap::new();
        for operation in found {
            let path = operation.link.path.replace('~', "~0").replace('/', "~1");
            let pointer = format!("#/paths/{path}/{}", operation.link.method.to_ascii_lowercase());
            slugs.insert(pointer, operation.link.slug.clone());
            if let Some(id) = operation.id {
                slugs
                    .entry(id.to_owned())
                    .or_insert_with(|| operation.link.slug.clone());
            }
        }
        Self {
            expander: Expander::new(description),
            overview,
            slugs,
        }
    }

    /// An operation; where `is_short`, no more of it than its name and description.
    pub(super) fn operation(&mut self, found: &Found<'t>, tags: &mut Tags, is_short: bool) -> Operation {
        let description = self.expander.description;
        let base = description.tree.top(0).0;
        let named = tags.put(found);
        let tags = named.into_iter().map(|at| tags.list[at].slug.clone()).collect();
        if is_short {
            return Operation {
                tags,
                ..self.outline(found)
            };
        }
        let mut operation = self.complete(found);
        operation.tags = tags;
        operation.servers = servers(base, found.node);
        if operation.servers.is_empty() {
            operation.servers = servers(base, found.path);
        }
        for callback in callbacks(description, found.node) {
            let made = self.callback(&callback);
            operation.callbacks.push(made);
        }
        operation
    }

    fn callback(&mut self, (name, expression, found): &(String, String, Found<'t>)) -> Callback {
        let operation = Box::new(self.complete(found));
        Callback {
            name: name.clone(),
            expression: expression.clone(),
            operation,
        }
    }

    /// All but tags, servers and callbacks.
    fn complete(&mut self, found: &Found<'t>) -> Operation {
        let description = self.expander.description;
        let (node, mut room) = (found.node, Room::new());
        let is_callback = found.link.slug.is_empty();
        let given = parameters_of(description, found.path, node);
        let body = node.get("requestBody").and_then(|body| description.resolve(body));
        let mut sent: Vec<Node<'t>> = given
            .iter()
            .filter_map(|(_, _, parameter)| schema_of(*parameter))
            .collect();
        sent.extend(body.into_iter().flat_map(|body| schemas(description, body)));
        let left = self
            .expander
            .fit(&sent, if is_callback { CALLBACK_BYTES } else { REQUEST_BYTES });
        let parameters = given
            .into_iter()
            .map(|given| parameter(&mut self.expander, given, left, &mut room))
            .collect();
        let request_body: Option<RequestBody> = body
            .map(|body| request_body(&mut self.expander, body, left, &mut room))
            .filter(|body| !body.contents.is_empty());
        let responses = self.answers(node, is_callback, &mut room);
        Operation {
            parameters,
            request_body,
            responses,
            ..self.outline(found)
        }
    }

    /// What an operation says of itself, and who may call it.
    fn outline(&self, found: &Found<'t>) -> Operation {
        let description = self.expander.description;
        let (security, anonymous) = requirements(description, &self.overview.security_schemes, found.node);
        Operation {
            link: found.link.clone(),
            operation_id: found.id.map(line),
            tags: Vec::new(),
            description: prose_of(found.node, "description"),
            external_docs: external_docs(description.tree.top(0).0, found.node),
            servers: Vec::new(),
            parameters: Vec::new(),
            request_body: None,
            responses: Vec::new(),
            callbacks: Vec::new(),
            security,
            anonymous,
        }
    }

    fn answers(&mut self, node: Node<'t>, is_callback: bool, room: &mut Room) -> Vec<Answer> {
        let description = self.expander.description;
        let statuses = node.get("responses").into_iter().flat_map(Node::entries);
        let statuses: Vec<_> = statuses
            .filter(|(status, _)| !status.starts_with("x-"))
            .take(PARTS_MAX)
            .filter_map(|(status, answer)| Some((status, description.resolve(answer)?)))
            .collect();
        let is_success = |status: &str| status.starts_with('2');
        let parts = |wanted: bool| -> Vec<Node<'t>> {
            let wanted = statuses.iter().filter(|(status, _)| is_success(status) == wanted);
            wanted.flat_map(|(_, answer)| schemas(description, *answer)).collect()
        };
        let (success, failure) = (parts(true), parts(false));
        let mut made = HashMap::new();
        for (wanted, schemas, bytes) in [(true, success, SUCCESS_BYTES), (false, failure, FAILURE_BYTES)] {
            let left = self
                .expander
                .fit(&schemas, if is_callback { CALLBACK_BYTES } else { bytes });
            for (status, answer) in statuses.iter().filter(|(status, _)| is_success(status) == wanted) {
                made.insert(*status, self.answer(status, *answer, left, room));
            }
        }
        statuses.iter().filter_map(|(status, _)| made.remove(status)).collect()
    }

    fn answer(&mut self, status: &str, answer: Node<'t>, left: u8, room: &mut Room) -> Answer {
        let description = self.expander.description;
        let links = answer.get("links").into_iter().flat_map(Node::entries).take(PARTS_MAX);
        let status = match status.as_bytes() {
            [b'1'..=b'5', b'x' | b'X', b'x' | b'X'] => status.to_ascii_uppercase(),
            _ => line(status),
        };
        Answer {
            status,
            description: prose_of(answer, "description"),
            headers: headers(&mut self.expander, answer, left, room),
            contents: contents(&mut self.expander, answer, Direction::Received, left, room),
            links: links
                .filter_map(|(name, link)| Some(self.link(name, description.resolve(link)?)))
                .collect(),
        }
    }

    fn link(&self, name: &str, link: Node<'_>) -> Link {
        let target = link.get_text("operationId").or_else(|| link.get_text("operationRef"));
        let parameters = link
            .get("parameters")
            .into_iter()
            .flat_map(Node::entries)
            .take(WORDS_MAX);
        let words = |value: Node<'_>| {
            value
                .words()
                .map_or_else(|| value.beginning(NAME_MAX_BYTES), str::to_owned)
        };
        Link {
            name: line(name),
            description: prose_of(link, "description"),
            operation: target.and_then(|target| self.slugs.get(target)).cloned(),
            parameters: parameters
                .map(|(name, value)| (line(name), line(&words(value))))
                .collect(),
        }
    }
}

/// The schemas of a body or an answer.
fn schemas<'t>(description: &Description<'t>, body: Node<'t>) -> Vec<Node<'t>> {
    let contents = body.get("content").into_iter().flat_map(Node::entries).take(PARTS_MAX);
    let contents = contents.filter_map(|(_, content)| description.resolve(content));
    let bodies = contents
        .flat_map(|content| [content.get("schema"), content.get("itemSchema")])
        .flatten();
    let headers = body.get("headers").into_iter().flat_map(Node::entries).take(PARTS_MAX);
    let headers = headers.filter_map(|(_, header)| description.resolve(header)?.get("schema"));
    bodies.chain(headers).collect()
}

/// What an API calls after an operation: name, where to, and what.
fn callbacks<'t>(description: &Description<'t>, node: Node<'t>) -> Vec<(String, String, Found<'t>)> {
    let mut callbacks = Vec::new();
    for (name, callback) in node.get("callbacks").into_iter().flat_map(Node::entries) {
        let Some(callback) = description.resolve(callback) else {
            continue;
        };
        for (expression, path) in callback.entries() {
            let Some(path) = description.resolve(path).filter(|_| !expression.starts_with("x-")) else {
                continue;
            };
            for (method, node) in methods(path) {
                let id = node.get_text("operationId");
                let title = match line_of(node, "summary") {
                    summary if summary.is_empty() => line(name),
                    summary => summary,
                };
                let link = OperationLink {
                    slug: String::new(),
                    kind: OperationKind::Webhook,
                    method,
                    path: line(expression),
                    title,
                    deprecated: node.is_true("deprecated"),
                };
                callbacks.push((line(name), line(expression), Found { link, id, path, node }));
            }
        }
    }
    callbacks.truncate(PARTS_MAX);
    callbacks
}
