//! From the tree to `serde_json` and to JSON's text.

use serde_json::{Map, Number, Value};

use super::{Kind, Node};

impl Node<'_> {
    /// The value itself. A number that JSON can write and nothing can hold becomes a text.
    pub(crate) fn to_value(self) -> Value {
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(value),
            Kind::Number(span) => {
                let text = self.tree.text(span);
                text.parse::<Number>()
                    .map_or_else(|_| Value::String(text.to_owned()), Value::Number)
            }
            Kind::Text(span) => Value::String(self.tree.text(span).to_owned()),
            Kind::List(_) => Value::Array(self.items().map(Node::to_value).collect()),
            Kind::Map(_) => {
                let entries = self.entries().map(|(key, value)| (key.to_owned(), value.to_value()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    /// How long it is as JSON, roughly, as far as `limit`; and how deep.
    pub(crate) fn extent(self, limit: usize) -> (usize, usize) {
        let (mut bytes, mut depth, mut open) = (0usize, 0usize, vec![(self, 0usize)]);
        while let Some((node, at)) = open.pop() {
            depth = depth.max(at);
            bytes += match node.kind() {
                Kind::Null | Kind::Bool(_) => 4,
                Kind::Number(span) => span.length as usize,
                Kind::Text(span) => span.length as usize + 2,
                Kind::List(_) => {
                    open.extend(node.items().take(limit).map(|item| (item, at + 1)));
                    2 + node.len()
                }
                Kind::Map(_) => {
                    let mut keys = 0;
                    for (key, value) in node.entries().take(limit) {
                        keys += key.len() + 4;
                        open.push((value, at + 1));
                    }
                    2 + keys
                }
            };
            if bytes > limit {
                break;
            }
        }
        (bytes, depth)
    }
}

/// Writes a text as JSON does.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.push_str(&Value::from(text).to_string());
}

impl Node<'_> {
    /// The beginning of what it looks like as JSON, not much longer than `limit` bytes.
    pub(crate) fn beginning(self, limit: usize) -> String {
        let mut out = String::new();
        self.write_beginning(&mut out, 0, limit);
        out
    }

    fn write_beginning(self, out: &mut String, indent: usize, limit: usize) {
        let (open, close) = match self.kind() {
            Kind::Text(span) => {
                let text = self.tree.text(span);
                return write_text(out, &text[..text.floor_char_boundary(limit)]);
            }
            Kind::List(_) => ('[', ']'),
            Kind::Map(_) => ('{', '}'),
            _ => return out.push_str(&self.to_value().to_string()),
        };
        out.push(open);
        let parts = self
            .items()
            .map(|item| (None, item))
            .chain(self.entries().map(|(key, value)| (Some(key), value)));
        for (at, (key, part)) in parts.enumerate() {
            if out.len() > limit {
                return;
            }
            out.push_str(if at == 0 { "\n" } else { ",\n" });
            out.extend(std::iter::repeat_n("  ", indent + 1));
            if let Some(key) = key {
                write_text(out, key);
                out.push_str(": ");
            }
            part.write_beginning(out, indent + 1, limit);
        }
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", indent));
        out.push(close);
    }
}
