//! From a path to a route: literal before parameter before wildcard, segment by segment.
//!
//! Our own because the radix routers at hand refuse a parameter and a wildcard at one place
//! (`/a/{x}/c` beside `/a/{*rest}`), which is how people write a fallback.

use std::collections::HashMap;

use crate::template::{Segment, TEMPLATE_MAX_PARAMETERS, Template};

/// Where the values of a template's parameters lie in a path, in the order of the template.
pub(crate) type Values = [(u16, u16); TEMPLATE_MAX_PARAMETERS];

/// A set of templates, each with the number of its route.
#[derive(Debug, Default)]
pub(crate) struct Trie {
    root: Node,
}

/// What may follow a slash.
#[derive(Debug, Default)]
struct Node {
    literals: HashMap<String, Node>,
    parameter: Option<Box<Node>>,
    wildcard: Option<usize>,
    /// The route whose template ends before that slash.
    route: Option<usize>,
}

impl Trie {
    /// Adds a template. One of the same shape is replaced; the caller keeps them apart.
    pub(crate) fn insert(&mut self, template: &Template, route: usize) {
        let mut node = &mut self.root;
        for segment in template.segments() {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text.clone()).or_default(),
                Segment::Parameter(_) => node.parameter.get_or_insert_default(),
                Segment::Wildcard(_) => {
                    // Always the last one.
                    node.wildcard = Some(route);
                    return;
                }
            };
        }
        node.route = Some(route);
    }

    /// The route of a normalized path, shorter than 64 KiB. `values` holds the parameters then.
    pub(crate) fn find(&self, path: &str, values: &mut Values) -> Option<usize> {
        self.root.find(path, 1, 0, values)
    }
}

impl Node {
    /// Looks at the segment that starts at `start`, after `count` parameters. Visits each node at most
    /// once, because a node always stands at the same place of a path.
    fn find(&self, path: &str, start: usize, count: usize, values: &mut Values) -> Option<usize> {
        let rest = path.get(start..)?;
        let end = start + rest.bytes().position(|byte| byte == b'/').unwrap_or(rest.len());
        let segment = &path[start..end];
        if let Some(node) = self.literals.get(segment)
            && let Some(route) = node.behind(path, end, count, values)
        {
            return Some(route);
        }
        if let Some(node) = &self.parameter
            && !segment.is_empty()
        {
            values[count] = (start as u16, end as u16);
            if let Some(route) = node.behind(path, end, count + 1, values) {
                return Some(route);
            }
        }
        if self.wildcard.is_some() && !rest.is_empty() {
            values[count] = (start as u16, path.len() as u16);
            return self.wildcard;
        }
        None
    }

    fn behind(&self, path: &str, end: usize, count: usize, values: &mut Values) -> Option<usize> {
        if end == path.len() {
            self.route
        } else {
            self.find(path, end + 1, count, values)
        }
    }
}
