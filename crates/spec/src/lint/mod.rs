//! What is wrong with a description, and what to do. Everything is looked at once, where it stands.
//!
//! Descriptions that are in use are full of small faults, so only what makes reading impossible is an error. What is
//! looked at is also where schemas of other documents are met, which get pages by it.

mod operation;
mod schema;

use std::collections::HashSet;

use crate::compile::operation::Found;
use crate::compile::overview::server_url;
use crate::compile::words::web_url;
use crate::description::Description;
use crate::findings::Findings;
use crate::model::OperationKind;
use crate::tree::{Id, Node};

/// What something is, so that what a reference names is looked at as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Sort {
    Schema,
    Parameter,
    Header,
    RequestBody,
    Response,
    Example,
    Link,
    Callback,
    SecurityScheme,
    Path,
    Content,
}

const COMPONENTS: [(&str, Sort); 11] = [
    ("schemas", Sort::Schema),
    ("parameters", Sort::Parameter),
    ("headers", Sort::Header),
    ("requestBodies", Sort::RequestBody),
    ("responses", Sort::Response),
    ("examples", Sort::Example),
    ("links", Sort::Link),
    ("callbacks", Sort::Callback),
    ("securitySchemes", Sort::SecurityScheme),
    ("pathItems", Sort::Path),
    ("mediaTypes", Sort::Content),
];

/// Looks at everything.
pub(crate) fn lint<'t>(description: &mut Description<'t>, found: &[Found<'t>], findings: &mut Findings) {
    let root = description.root;
    let mut linter = Linter {
        description,
        findings,
        seen: HashSet::new(),
        open: Vec::new(),
    };
    linter.general();
    operation::paths(&mut linter, found);
    for (kind, sort) in COMPONENTS {
        let named = root.get("components").and_then(|components| components.get(kind));
        for (_, component) in named.into_iter().flat_map(Node::entries) {
            linter.look(sort, component);
        }
    }
    for key in ["paths", "webhooks", "x-webhooks"] {
        for (_, path) in root.get(key).into_iter().flat_map(Node::entries) {
            linter.look(Sort::Path, path);
        }
    }
    while let Some((sort, node)) = linter.open.pop() {
        linter.node(sort, node);
    }
}

pub(crate) struct Linter<'d, 't, 'f> {
    description: &'d mut Description<'t>,
    findings: &'f mut Findings,
    seen: HashSet<(Sort, Id)>,
    open: Vec<(Sort, Node<'t>)>,
}

impl<'t> Linter<'_, 't, '_> {
    /// Remembers that something is to be looked at; once.
    fn look(&mut self, sort: Sort, node: Node<'t>) {
        if self.seen.insert((sort, node.id)) {
            self.open.push((sort, node));
        }
    }

    fn look_at_entries(&mut self, sort: Sort, node: Option<Node<'t>>) {
        for (_, part) in node.into_iter().flat_map(Node::entries) {
            self.look(sort, part);
        }
    }

    fn node(&mut self, sort: Sort, node: Node<'t>) {
        if let Some((reference, target)) = self.description.reference(node) {
            match target {
                None => self.unresolved(node, reference),
                Some(target) if self.description.resolve(target).is_none() => {
                    // A break in the chain is told where it is.
                    if self
                        .description
                        .reference(target)
                        .is_some_and(|(_, next)| next.is_some())
                    {
                        let message =
                            format!("The reference {reference:?} leads back to itself. Let it name a description.");
                        self.findings.warning("reference-circle", node.id, message);
                    }
                    self.look(sort, target);
                }
                Some(target) => {
                    if sort == Sort::Schema {
                        self.name(reference, target);
                    }
                    self.look(sort, target);
                }
            }
            if sort != Sort::Path && !(sort == Sort::Schema && self.description.version >= (3, 1)) {
                return;
            }
        }
        if !node.is_map() {
            if !(sort == Sort::Schema && node.bool().is_some()) {
                let message = format!(
                    "An object is expected here, and there is {}; it is left out.",
                    node.kind_name()
                );
                self.findings.warning("wrong-kind", node.id, message);
            }
            return;
        }
        match sort {
            Sort::Schema => schema::schema(self, node),
            Sort::Path => operation::path(self, node),
            Sort::Parameter | Sort::Header => operation::parameter(self, node, sort),
            Sort::RequestBody => operation::contents(self, node),
            Sort::Response => operation::response(self, node),
            Sort::Callback => {
                for (_, path) in node.entries().filter(|(expression, _)| !expression.starts_with("x-")) {
                    self.look(Sort::Path, path);
                }
            }
            Sort::Content => operation::content(self, node),
            Sort::SecurityScheme => self.security_scheme(node),
            Sort::Example | Sort::Link => {}
        }
    }

    fn unresolved(&mut self, node: Node<'t>, reference: &str) {
        let is_remote = !reference.starts_with('#');
        let message = if is_remote {
            format!("The reference {reference:?} leads nowhere: the document could not be got, or holds no such thing.")
        } else {
            format!("The reference {reference:?} leads nowhere. Add what it names, or correct it.")
        };
        self.findings.warning("reference-unresolved", node.id, message);
    }

    /// Gives a page to a schema that stands in another document, or where older ones keep theirs.
    fn name(&mut self, reference: &str, target: Node<'t>) {
        let tree = self.description.tree;
        let home = tree.document(self.description.root.id);
        let parent = tree.parent(target.id).map(|parent| tree.node(parent));
        let holder = parent
            .and_then(|parent| tree.parent(parent.id))
            .map(|holder| tree.node(holder));
        let is_definition = holder.zip(parent).is_some_and(|(holder, parent)| {
            ["definitions", "$defs"]
                .iter()
                .any(|key| holder.get(key).is_some_and(|held| held.id == parent.id))
        });
        if tree.document(target.id) == home && !is_definition {
            return;
        }
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let last = fragment.rsplit('/').next().filter(|last| !last.is_empty());
        let stem = || {
            file.rsplit('/')
                .next()
                .unwrap_or_default()
                .split('.')
                .next()
                .unwrap_or_default()
        };
        self.description.name(last.unwrap_or_else(stem), target.id);
    }

    fn general(&mut self) {
        let root = self.description.root;
        match root.get("info").filter(|info| info.is_map()) {
            None => {
                self.findings.warning(
                    "info-missing",
                    root.id,
                    "There is no `info`. Say with `title` and `version` what is described.",
                );
            }
            Some(info) => {
                if info.get("title").and_then(Node::words).is_none_or(str::is_empty) {
                    self.findings.warning(
                        "title-missing",
                        info.id,
                        "There is no `title`. Say what the API is called.",
                    );
                }
                if info.get("version").and_then(Node::words).is_none_or(str::is_empty) {
                    self.findings.warning(
                        "info-version-missing",
                        info.id,
                        "There is no `version` of the description.",
                    );
                }
                self.link(info.get("termsOfService"));
                self.link(info.get("contact").and_then(|contact| contact.get("url")));
                self.link(info.get("license").and_then(|license| license.get("url")));
            }
        }
        if ["paths", "webhooks", "components"]
            .iter()
            .all(|key| root.get(key).is_none())
        {
            self.findings.error("nothing-described", root.id, "There are neither `paths` nor `webhooks` nor `components`: nothing is described. Add at least one path.");
        }
        self.external_docs(root);
        self.servers(root);
        self.security(root);
        for tag in root.get("tags").into_iter().flat_map(Node::items) {
            self.external_docs(tag);
        }
    }

    /// A link that somebody may follow.
    fn link(&mut self, node: Option<Node<'t>>) {
        let Some(node) = node else { return };
        let base = self.description.tree.top(0).0;
        let text = node.text().unwrap_or_default();
        if web_url(base, text).is_none() && !text.is_empty() {
            let is_relative = !text.split(['/', '?', '#']).next().unwrap_or_default().contains(':');
            let message = if is_relative {
                "The address is relative, and where the description was got is not known; it is left out. Write it out."
            } else {
                "Only addresses of http and https are linked; this one is left out."
            };
            self.findings.warning("link-unsafe", node.id, message);
        }
    }

    fn external_docs(&mut self, node: Node<'t>) {
        self.link(node.get("externalDocs").and_then(|docs| docs.get("url")));
    }

    fn servers(&mut self, node: Node<'t>) {
        let base = self.description.tree.top(0).0;
        for server in node.get("servers").into_iter().flat_map(Node::items) {
            if server_url(base, server).is_none() {
                let place = server.get("url").unwrap_or(server);
                self.findings.warning(
                    "server-url",
                    place.id,
                    "A server's address has to start with https://, http:// or a slash; this one is left out.",
                );
            }
        }
    }

    fn security(&mut self, node: Node<'t>) {
        for requirement in node.get("security").into_iter().flat_map(Node::items) {
            for (name, scopes) in requirement.entries() {
                let schemes = self.description.component("securitySchemes");
                if schemes.and_then(|schemes| schemes.get(name)).is_none() {
                    let message = format!(
                        "There is no security scheme {name:?}; it is not shown. Add it to `components/securitySchemes`."
                    );
                    self.findings.warning("security-scheme-unknown", scopes.id, message);
                }
            }
        }
    }

    fn security_scheme(&mut self, node: Node<'t>) {
        let missing = match node.get_text("type") {
            Some("apiKey") => ["name", "in"].into_iter().find(|key| node.get(key).is_none()),
            Some("http") => ["scheme"].into_iter().find(|key| node.get(key).is_none()),
            Some("oauth2") => ["flows"].into_iter().find(|key| node.get(key).is_none()),
            Some("openIdConnect") => ["openIdConnectUrl"].into_iter().find(|key| node.get(key).is_none()),
            Some("mutualTLS") => None,
            _ => Some("type"),
        };
        if let Some(missing) = missing {
            let message = format!("The security scheme has no `{missing}` that can be understood.");
            self.findings.warning("security-scheme-incomplete", node.id, message);
        }
        for (_, flow) in node.get("flows").into_iter().flat_map(Node::entries) {
            for key in ["authorizationUrl", "tokenUrl", "refreshUrl", "deviceAuthorizationUrl"] {
                self.link(flow.get(key));
            }
        }
    }
}

/// Whether a path's object belongs to a webhook is nothing that its text says.
pub(crate) fn is_operation(found: &Found<'_>) -> bool {
    found.link.kind == OperationKind::Operation
}
