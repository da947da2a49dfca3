//! The description as a file: one JSON document in which every reference is to itself.

use std::collections::HashMap;

use crate::description::Description;
use crate::tree::{Id, Node, write_text};

/// Where what stood in other documents is kept.
const BUNDLED: &str = "x-bundled";

/// The whole description.
pub(crate) fn write(description: &Description<'_>) -> String {
    let mut writer = Writer {
        description,
        out: String::new(),
        bundled: HashMap::new(),
        open: Vec::new(),
    };
    writer.value(description.root);
    if writer.open.is_empty() {
        return writer.out;
    }
    writer.out.pop();
    writer.out.push_str(",\"");
    writer.out.push_str(BUNDLED);
    writer.out.push_str("\":{");
    // What is bundled may refer to more of the same kind.
    let mut at = 0;
    while let Some(node) = writer.open.get(at).copied() {
        if at > 0 {
            writer.out.push(',');
        }
        writer.out.push_str(&format!("\"{at}\":"));
        writer.value(node);
        at += 1;
    }
    writer.out.push_str("}}");
    writer.out
}

struct Writer<'d, 't> {
    description: &'d Description<'t>,
    out: String,
    bundled: HashMap<Id, usize>,
    open: Vec<Node<'t>>,
}

impl<'t> Writer<'_, 't> {
    fn value(&mut self, node: Node<'t>) {
        if let Some(text) = node.text() {
            write_text(&mut self.out, text);
        } else if node.is_list() {
            self.out.push('[');
            for (at, item) in node.items().enumerate() {
                if at > 0 {
                    self.out.push(',');
                }
                self.value(item);
            }
            self.out.push(']');
        } else if node.is_map() {
            self.out.push('{');
            for (at, (key, value)) in node.entries().enumerate() {
                if at > 0 {
                    self.out.push(',');
                }
                write_text(&mut self.out, key);
                self.out.push(':');
                match self.moved(node, key) {
                    Some(reference) => write_text(&mut self.out, &reference),
                    None => self.value(value),
                }
            }
            self.out.push('}');
        } else {
            self.out.push_str(&node.to_value().to_string());
        }
    }

    /// A reference's new text, if what it names lies elsewhere now.
    fn moved(&mut self, node: Node<'t>, key: &str) -> Option<String> {
        if key != "$ref" {
            return None;
        }
        let description = self.description;
        let (reference, target) = description.reference(node)?;
        let target = target?;
        let home = description.tree.document(description.root.id);
        if description.tree.document(target.id) == home {
            let is_local = reference.starts_with('#') && description.tree.document(node.id) == home;
            return (!is_local).then(|| format!("#{}", description.tree.pointer(target.id)));
        }
        let next = self.open.len();
        let at = *self.bundled.entry(target.id).or_insert(next);
        if at == next {
            self.open.push(target);
        }
        Some(format!("#/{BUNDLED}/{at}"))
    }
}
