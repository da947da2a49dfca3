//! From a template and what it shows to text.

use serde_json::Value;

use super::parse::{Node, Template, parse};
use super::{DEPTH_MAX, Error};
use crate::ecmascript;

/// Fills in a template. `partial` gives the text of another template by its name; what is not there is empty.
pub fn render(template: &Template, view: &Value, partial: &dyn Fn(&str) -> Option<String>) -> Result<String, Error> {
    let mut text = String::new();
    Renderer { partial }.nodes(&mut text, &template.nodes, &mut vec![view], 0)?;
    Ok(text)
}

struct Renderer<'a> {
    partial: &'a dyn Fn(&str) -> Option<String>,
}

impl Renderer<'_> {
    fn nodes(&self, text: &mut String, nodes: &[Node], views: &mut Vec<&Value>, depth: usize) -> Result<(), Error> {
        for node in nodes {
            match node {
                Node::Text(plain) => text.push_str(plain),
                Node::Variable { name, escape } => {
                    let value = find(views, name).map(shown).unwrap_or_default();
                    text.push_str(&if *escape { escaped(&value) } else { value });
                }
                Node::Section { name, inverted, nodes } => {
                    let value = find(views, name).filter(|value| is_something(value));
                    match (value, inverted) {
                        (None, true) => self.nodes(text, nodes, views, depth)?,
                        (Some(Value::Array(items)), false) => {
                            for item in items {
                                self.inside(text, nodes, views, item, depth)?;
                            }
                        }
                        (Some(value), false) => self.inside(text, nodes, views, value, depth)?,
                        _ => {}
                    }
                }
                Node::Partial { name, indent } => {
                    if depth >= DEPTH_MAX {
                        return Err(Error::TooDeep);
                    }
                    let template = parse(&indented(&(self.partial)(name).unwrap_or_default(), indent))?;
                    self.nodes(text, &template.nodes, views, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn inside<'v>(
        &self,
        text: &mut String,
        nodes: &[Node],
        views: &mut Vec<&'v Value>,
        view: &'v Value,
        depth: usize,
    ) -> Result<(), Error> {
        views.push(view);
        let done = self.nodes(text, nodes, views, depth);
        views.pop();
        done
    }
}

/// The innermost view that has the first part of the name; the other parts are looked for only there.
fn find<'v>(views: &[&'v Value], name: &str) -> Option<&'v Value> {
    if name == "." {
        return views.last().copied();
    }
    let mut parts = name.split('.');
    let first = parts.next()?;
    let found = views.iter().rev().find_map(|view| view.get(first))?;
    parts.try_fold(found, |value, part| value.get(part))
}

fn is_something(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => false,
        Value::Array(items) => !items.is_empty(),
        _ => true,
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => ecmascript::compact(other),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('"', "&quot;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

fn indented(text: &str, indent: &str) -> String {
    if indent.is_empty() {
        return text.to_owned();
    }
    text.split_inclusive('\n')
        .map(|line| format!("{indent}{line}"))
        .collect()
}
