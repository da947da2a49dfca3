//! From a path to a route: literal before parameter before wildcard, segment by segment.
//!
//! Our own because the radix routers at hand refuse a parameter and a wildcard at one place
//! (`/a/{x}/c` beside `/a/{*rest}`), which is how people write a fallback.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use smol_str::SmolStr;

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
    literals: Literals,
    parameter: Option<Box<Node>>,
    wildcard: Option<u32>,
    /// The route whose template ends before that slash.
    route: Option<u32>,
}

/// Nodes by segment: a few beside each other, where looking at each costs less than a hash; many in a map.
/// A segment lies beside its node unless it is long, so that comparing it needs no other place in memory.
#[derive(Debug)]
enum Literals {
    Few(Vec<(SmolStr, Node)>),
    Many(HashMap<SmolStr, Node, BuildHasherDefault<Fnv>>),
}

/// Most nodes that are looked at one by one.
const FEW_MAX: usize = 6;

impl Default for Literals {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

impl Literals {
    fn get(&self, segment: &str) -> Option<&Node> {
        match self {
            Self::Few(nodes) => nodes
                .iter()
                .find(|(literal, _)| literal == segment)
                .map(|(_, node)| node),
            Self::Many(nodes) => nodes.get(segment),
        }
    }

    fn entry(&mut self, segment: &str) -> &mut Node {
        let is_new = self.get(segment).is_none();
        if let Self::Few(nodes) = self
            && is_new
            && nodes.len() == FEW_MAX
        {
            *self = Self::Many(std::mem::take(nodes).into_iter().collect());
        }
        match self {
            Self::Many(nodes) => nodes.entry(segment.into()).or_default(),
            Self::Few(nodes) => {
                let known = nodes.iter().position(|(literal, _)| literal == segment);
                let at = known.unwrap_or_else(|| {
                    nodes.push((segment.into(), Node::default()));
                    nodes.len() - 1
                });
                &mut nodes[at].1
            }
        }
    }
}

/// FNV-1a over eight bytes at a time. It need not resist anybody: only operators choose what is in
/// the map, and whoever asks for other segments finds nothing, at the cost of one look.
struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = (self.0 ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            self.0 ^= self.0 >> 29;
        }
    }

    fn finish(&self) -> u64 {
        // The map takes its position from the low bits and its tag from the high ones.
        self.0 ^ self.0 >> 32
    }
}

impl Trie {
    /// Adds a template. One of the same shape is replaced; the caller keeps them apart.
    pub(crate) fn insert(&mut self, template: &Template, route: usize) {
        let route = u32::try_from(route).expect("routes are counted, far below this");
        let mut node = &mut self.root;
        for segment in template.segments() {
            node = match segment {
                Segment::Literal(text) => node.literals.entry(text),
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
        self.root.find(path, 1, 0, values).map(|route| route as usize)
    }
}

impl Node {
    /// Looks at the segment that starts at `start`, after `count` parameters. Visits each node at most
    /// once, because a node always stands at the same place of a path.
    fn find(&self, path: &str, start: usize, count: usize, values: &mut Values) -> Option<u32> {
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

    fn behind(&self, path: &str, end: usize, count: usize, values: &mut Values) -> Option<u32> {
        if end == path.len() {
            self.route
        } else {
            self.find(path, end + 1, count, values)
        }
    }
}
