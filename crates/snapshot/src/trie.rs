//! From a path to a route: literal before parameter before wildcard, segment by segment.
//!
//! Our own because the radix routers at hand refuse a parameter and a wildcard at one place
//! (`/a/{x}/c` beside `/a/{*rest}`), which is how people write a fallback.

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
    /// Sorted as [`order`] says.
    literals: Vec<(String, Node)>,
    parameter: Option<Box<Node>>,
    wildcard: Option<usize>,
    /// The route whose template ends before that slash.
    route: Option<usize>,
}

/// Length first: most comparisons end there.
fn order<'a>(literal: &'a str, segment: &'a [u8]) -> std::cmp::Ordering {
    literal
        .len()
        .cmp(&segment.len())
        .then_with(|| literal.as_bytes().cmp(segment))
}

impl Trie {
    /// Adds a template. One of the same shape is replaced; the caller keeps them apart.
    pub(crate) fn insert(&mut self, template: &Template, route: usize) {
        let mut node = &mut self.root;
        for segment in template.segments() {
            node = match segment {
                Segment::Literal(text) => {
                    let at = match node
                        .literals
                        .binary_search_by(|(literal, _)| order(literal, text.as_bytes()))
                    {
                        Ok(at) => at,
                        Err(at) => {
                            node.literals.insert(at, (text.clone(), Node::default()));
                            at
                        }
                    };
                    &mut node.literals[at].1
                }
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
        self.root.find(path.as_bytes(), 1, 0, values)
    }
}

impl Node {
    /// Looks at the segment that starts at `start`, after `count` parameters. Visits each node at most
    /// once, because a node always stands at the same place of a path.
    fn find(&self, path: &[u8], start: usize, count: usize, values: &mut Values) -> Option<usize> {
        let rest = path.get(start..)?;
        let end = start + rest.iter().position(|&byte| byte == b'/').unwrap_or(rest.len());
        let segment = &path[start..end];
        if let Ok(at) = self.literals.binary_search_by(|(literal, _)| order(literal, segment))
            && let Some(route) = self.literals[at].1.behind(path, end, count, values)
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

    fn behind(&self, path: &[u8], end: usize, count: usize, values: &mut Values) -> Option<usize> {
        if end == path.len() {
            self.route
        } else {
            self.find(path, end + 1, count, values)
        }
    }
}
