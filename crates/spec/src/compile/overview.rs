//! What is said of an API as a whole: its name, its servers, its groups.

use std::collections::HashMap;

use super::operation::Found;
use super::words::{self, external_docs, line, line_of, prose_of, web_url};
use crate::description::Description;
use crate::limits::{OPERATIONS_MAX, SECURITY_MAX, WORDS_MAX};
use crate::model::{Contact, License, Overview, Prose, Server, Tag};
use crate::slug::Slugs;
use crate::tree::Node;

/// Everything but the tags' operations and the ways to show who one is.
pub(super) fn overview(description: &Description<'_>, specification: &str) -> Overview {
    let root = description.root;
    let base = description.tree.top(0).0;
    let info = root.get("info");
    let text = |key| info.map(|info| line_of(info, key)).unwrap_or_default();
    let title = text("title");
    Overview {
        title: if title.is_empty() {
            "API without a title".to_owned()
        } else {
            title
        },
        version: text("version"),
        specification: line(specification),
        summary: text("summary"),
        description: info.map(|info| prose_of(info, "description")).unwrap_or_default(),
        terms_of_service: info.and_then(|info| web_url(base, info.get_text("termsOfService")?)),
        contact: info
            .and_then(|info| info.get("contact"))
            .filter(|contact| contact.len() > 0)
            .map(|contact| Contact {
                name: line_of(contact, "name"),
                url: contact.get_text("url").and_then(|url| web_url(base, url)),
                email: contact.get_text("email").map(line).filter(|email| email.contains('@')),
            }),
        license: info
            .and_then(|info| info.get("license"))
            .filter(|license| license.len() > 0)
            .map(|license| License {
                name: line_of(license, "name"),
                url: license.get_text("url").and_then(|url| web_url(base, url)),
                identifier: license.get_text("identifier").map(line),
            }),
        external_docs: external_docs(base, root),
        servers: servers(base, root),
        security_schemes: Vec::new(),
        tags: Vec::new(),
    }
}

/// Where a description, a path or an operation says that it runs.
pub(super) fn servers(base: &str, node: Node<'_>) -> Vec<Server> {
    let servers = node.get("servers").into_iter().flat_map(Node::items).take(SECURITY_MAX);
    servers
        .filter_map(|server| {
            let url = server_url(base, server)?;
            Some(Server {
                url,
                description: prose_of(server, "description"),
            })
        })
        .collect()
}

/// Longest URL of a server, with its variables.
const URL_MAX_BYTES: usize = 4000;

/// A server's URL with every variable at its default; `None` where it is none of http or https.
pub(crate) fn server_url(base: &str, server: Node<'_>) -> Option<String> {
    let mut url = server.get_text("url")?.trim().to_owned();
    for (name, variable) in server
        .get("variables")
        .into_iter()
        .flat_map(Node::entries)
        .take(WORDS_MAX)
    {
        let first = || {
            variable
                .get("enum")
                .and_then(|list| list.items().next())
                .and_then(Node::words)
        };
        if let Some(value) = variable.get("default").and_then(Node::words).or_else(first) {
            url = url.replace(&format!("{{{name}}}"), value);
        }
        if url.len() > URL_MAX_BYTES {
            return None;
        }
    }
    let is_path = url.starts_with('/') && !url.starts_with("//") && !url.contains(['\\', '\n', '\r', '\t']);
    match web_url(base, &url) {
        Some(url) => Some(url.trim_end_matches('/').to_owned()),
        None if is_path => Some(url.chars().filter(|character| !words::is_hidden(*character)).collect()),
        None => None,
    }
}

/// The groups of a description, while operations are put into them.
pub(super) struct Tags {
    pub(super) list: Vec<Tag>,
    by_name: HashMap<String, usize>,
    slugs: Slugs,
    other: Option<usize>,
    parents: HashMap<usize, usize>,
}

impl Tags {
    pub(super) fn new(description: &Description<'_>) -> Self {
        let mut tags = Self {
            list: Vec::new(),
            by_name: HashMap::new(),
            slugs: Slugs::default(),
            other: None,
            parents: HashMap::new(),
        };
        let base = description.tree.top(0).0;
        let mut parents = Vec::new();
        for tag in description
            .root
            .get("tags")
            .into_iter()
            .flat_map(Node::items)
            .take(OPERATIONS_MAX)
        {
            let Some(name) = tag.get_text("name") else { continue };
            let at = tags.at(name);
            let list = &mut tags.list[at];
            let shown = line_of(tag, "x-displayName");
            if !shown.is_empty() {
                list.name = shown;
            }
            list.description = prose_of(tag, "description");
            list.external_docs = external_docs(base, tag);
            parents.extend(tag.get_text("parent").map(|parent| (name, parent)));
        }
        for group in description
            .root
            .get("x-tagGroups")
            .into_iter()
            .flat_map(Node::items)
            .take(WORDS_MAX)
        {
            let Some(name) = group.get_text("name") else { continue };
            let members = group
                .get("tags")
                .into_iter()
                .flat_map(Node::items)
                .filter_map(Node::text);
            parents.extend(members.filter(|member| *member != name).map(|member| (member, name)));
        }
        for (child, parent) in parents.into_iter().take(OPERATIONS_MAX) {
            tags.put_under(child, parent);
        }
        tags
    }

    /// The place of a tag; one that was not there comes behind the others.
    pub(super) fn at(&mut self, name: &str) -> usize {
        if let Some(at) = self.by_name.get(name) {
            return *at;
        }
        let slug = self.slugs.make(name, "tag");
        let name_shown = line(name);
        self.list.push(Tag {
            slug,
            name: name_shown,
            ..Tag::default()
        });
        self.by_name.insert(name.to_owned(), self.list.len() - 1);
        self.list.len() - 1
    }

    /// Puts an operation into its groups; which they are.
    pub(super) fn put(&mut self, found: &Found<'_>) -> Vec<usize> {
        let mut named: Vec<usize> = Vec::new();
        let names = found.node.get("tags").into_iter().flat_map(Node::items);
        for name in names.filter_map(Node::text).take(WORDS_MAX) {
            let at = self.at(name);
            if !named.contains(&at) {
                named.push(at);
            }
        }
        if named.is_empty() {
            named.push(self.other());
        }
        for at in &named {
            self.list[*at].operations.push(found.link.clone());
        }
        named
    }

    /// The group of what has no group.
    pub(super) fn other(&mut self) -> usize {
        if let Some(at) = self.other {
            return at;
        }
        let slug = self.slugs.make("Other", "tag");
        let description = Prose::default();
        self.list.push(Tag {
            slug,
            name: "Other".to_owned(),
            description,
            ..Tag::default()
        });
        self.other = Some(self.list.len() - 1);
        self.list.len() - 1
    }

    /// All of them, the one for the rest last; those that nothing is in are left out.
    pub(super) fn finish(mut self) -> Vec<Tag> {
        if let Some(at) = self.other {
            let other = self.list.remove(at);
            self.list.push(other);
        }
        let parents: std::collections::HashSet<String> =
            self.list.iter().filter_map(|tag| tag.parent.clone()).collect();
        self.list.retain(|tag| {
            !tag.operations.is_empty() || parents.contains(&tag.slug) || !tag.description.markdown.is_empty()
        });
        self.list
    }

    fn put_under(&mut self, child: &str, parent: &str) {
        let (child, parent) = (self.at(child), self.at(parent));
        // Nothing lies in itself, however many steps away.
        let mut above = Some(parent);
        for _ in 0..WORDS_MAX {
            let Some(at) = above else {
                self.parents.insert(child, parent);
                self.list[child].parent = Some(self.list[parent].slug.clone());
                return;
            };
            if at == child {
                return;
            }
            above = self.parents.get(&at).copied();
        }
    }
}
