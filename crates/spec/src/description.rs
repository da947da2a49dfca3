//! A description as it is written: what is where, and what a reference leads to.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use url::Url;

use crate::limits::REFERENCE_CHAIN_MAX;
use crate::slug::Slugs;
use crate::tree::{Id, Node, Tree};

/// A schema with a page.
pub(crate) struct Named {
    pub(crate) name: String,
    pub(crate) slug: String,
    pub(crate) id: Id,
}

/// A description, with everything that is looked up in it.
pub(crate) struct Description<'t> {
    pub(crate) tree: &'t Tree,
    pub(crate) root: Node<'t>,
    /// As in `(3, 1)`; a Swagger 2.0 was converted before.
    pub(crate) version: (u32, u32),
    /// Schemas with a page, in the order of the document.
    pub(crate) named: Vec<Named>,
    by_id: HashMap<Id, usize>,
    slugs: Slugs,
    resolved: RefCell<HashMap<(usize, &'t str), Option<Id>>>,
    /// What `$anchor`, `$dynamicAnchor` and `$id` name: document and name.
    anchors: OnceCell<HashMap<(usize, String), Id>>,
}

impl<'t> Description<'t> {
    pub(crate) fn new(tree: &'t Tree, root: Id, version: (u32, u32)) -> Self {
        let root = tree.node(root);
        let mut description = Self {
            tree,
            root,
            version,
            named: Vec::new(),
            by_id: HashMap::new(),
            slugs: Slugs::default(),
            resolved: RefCell::default(),
            anchors: OnceCell::new(),
        };
        let schemas = description.component("schemas");
        for (name, schema) in schemas.into_iter().flat_map(Node::entries) {
            description.name(name, schema.id);
        }
        description
    }

    /// Gives a schema a page.
    pub(crate) fn name(&mut self, name: &str, id: Id) {
        if self.named.len() >= crate::limits::SCHEMAS_MAX || self.by_id.contains_key(&id) {
            return;
        }
        let slug = self.slugs.make(name, "schema");
        self.by_id.insert(id, self.named.len());
        self.named.push(Named {
            name: name.to_owned(),
            slug,
            id,
        });
    }

    /// The page of a schema.
    pub(crate) fn page(&self, id: Id) -> Option<&Named> {
        self.by_id.get(&id).map(|at| &self.named[*at])
    }

    /// A part of `components`.
    pub(crate) fn component(&self, kind: &str) -> Option<Node<'t>> {
        self.root.get("components")?.get(kind)
    }

    /// What an object's `$ref` names, if it has one: the text, and what it leads to in one step.
    pub(crate) fn reference(&self, node: Node<'t>) -> Option<(&'t str, Option<Node<'t>>)> {
        let reference = node.get_text("$ref").or_else(|| node.get_text("$dynamicRef"))?;
        let document = self.tree.document(node.id);
        let key = (document, reference);
        let known = self.resolved.borrow().get(&key).copied();
        let id = known.unwrap_or_else(|| {
            let id = self.look_up(document, reference);
            self.resolved.borrow_mut().insert(key, id);
            id
        });
        Some((reference, id.map(|id| self.tree.node(id))))
    }

    /// What an object is after every reference; `None` where one leads nowhere, or in a circle.
    pub(crate) fn resolve(&self, node: Node<'t>) -> Option<Node<'t>> {
        let mut node = node;
        for _ in 0..REFERENCE_CHAIN_MAX {
            match self.reference(node) {
                None => return Some(node),
                Some((_, target)) => node = target?,
            }
        }
        None
    }

    fn look_up(&self, document: usize, reference: &str) -> Option<Id> {
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        // What was made from a document lies behind it, and its references mean its own top.
        let home = if document == self.tree.document(self.root.id) {
            self.root
        } else {
            self.tree.node(self.tree.top(document).1)
        };
        let (document, top) = if file.is_empty() {
            (document, home)
        } else {
            let found = absolute(self.tree.top(document).0, file).and_then(|url| self.tree.by_url(&url));
            match found {
                Some(0) => (0, self.root),
                Some(found) => (found, self.tree.node(self.tree.top(found).1)),
                None => {
                    let id = *self.anchors().get(&(document, file.to_owned()))?;
                    (document, self.tree.node(id))
                }
            }
        };
        if fragment.is_empty() || fragment.starts_with('/') {
            return top.follow(fragment).map(|node| node.id);
        }
        self.anchors().get(&(document, fragment.to_owned())).copied()
    }

    fn anchors(&self) -> &HashMap<(usize, String), Id> {
        self.anchors.get_or_init(|| {
            let mut anchors = HashMap::new();
            for id in self.tree.ids() {
                let node = self.tree.node(id);
                for key in ["$anchor", "$dynamicAnchor", "$id"] {
                    if let Some(name) = node.get_text(key) {
                        anchors.entry((self.tree.document(id), name.to_owned())).or_insert(id);
                    }
                }
            }
            anchors
        })
    }
}

/// A reference to another document, made absolute; `None` where it cannot be, or is neither http nor https.
pub(crate) fn absolute(base: &str, file: &str) -> Option<String> {
    let mut url = match Url::parse(base) {
        Ok(base) => base.join(file).ok()?,
        Err(_) => Url::parse(file).ok()?,
    };
    url.set_fragment(None);
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}
