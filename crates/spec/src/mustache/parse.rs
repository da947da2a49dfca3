//! From a template's text to its parts.

use super::{DEPTH_MAX, Error};

/// A template that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Template {
    pub(super) nodes: Vec<Node>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Node {
    Text(String),
    Variable {
        name: String,
        escape: bool,
    },
    Section {
        name: String,
        inverted: bool,
        nodes: Vec<Node>,
    },
    Partial {
        name: String,
        indent: String,
    },
}

struct Open {
    name: String,
    inverted: bool,
    nodes: Vec<Node>,
}

/// Reads a template.
pub fn parse(source: &str) -> Result<Template, Error> {
    let mut delimiters = ("{{".to_owned(), "}}".to_owned());
    let mut nodes = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    let mut at = 0;
    while let Some(tag) = next_tag(source, at, &delimiters)? {
        let lone = !matches!(tag.sigil, '&' | '{' | ' ') && tag.is_alone(source);
        let indent = if lone { line_before(source, tag.start) } else { "" };
        push_text(&mut nodes, &source[at..tag.start - indent.len()]);
        at = if lone { end_of_line(source, tag.end) } else { tag.end };
        match tag.sigil {
            '!' => {}
            '=' => delimiters = read_delimiters(&tag.name)?,
            '>' => nodes.push(Node::Partial {
                name: tag.name,
                indent: indent.to_owned(),
            }),
            '#' | '^' => {
                if open.len() >= DEPTH_MAX {
                    return Err(Error::TooDeep);
                }
                open.push(Open {
                    name: tag.name,
                    inverted: tag.sigil == '^',
                    nodes: std::mem::take(&mut nodes),
                });
            }
            '/' => {
                let section = open
                    .pop()
                    .filter(|section| section.name == tag.name)
                    .ok_or(Error::StrayClose(tag.name))?;
                let inner = std::mem::replace(&mut nodes, section.nodes);
                nodes.push(Node::Section {
                    name: section.name,
                    inverted: section.inverted,
                    nodes: inner,
                });
            }
            sigil => nodes.push(Node::Variable {
                name: tag.name,
                escape: sigil == ' ',
            }),
        }
    }
    push_text(&mut nodes, &source[at..]);
    match open.pop() {
        Some(section) => Err(Error::UnclosedSection(section.name)),
        None => Ok(Template { nodes }),
    }
}

struct Tag {
    start: usize,
    end: usize,
    /// What kind of tag it is; a space where it only names a value.
    sigil: char,
    name: String,
}

impl Tag {
    /// Whether nothing else stands on its line.
    fn is_alone(&self, source: &str) -> bool {
        let rest = source[self.end..].trim_start_matches([' ', '\t']);
        line_before(source, self.start).trim_matches([' ', '\t']).is_empty()
            && (rest.is_empty() || rest.starts_with('\n') || rest.starts_with("\r\n"))
    }
}

fn next_tag(source: &str, from: usize, (left, right): &(String, String)) -> Result<Option<Tag>, Error> {
    let Some(start) = source[from..].find(left.as_str()).map(|found| from + found) else {
        return Ok(None);
    };
    let inner = start + left.len();
    let first = source[inner..].chars().next().unwrap_or(' ');
    let sigil = if "!=>#^/&{".contains(first) { first } else { ' ' };
    let body = if sigil == ' ' { inner } else { inner + 1 };
    let close = match sigil {
        '{' => format!("}}{right}"),
        '=' => format!("={right}"),
        _ => right.clone(),
    };
    let Some(length) = source[body..].find(&close) else {
        return Err(Error::UnclosedTag(source[start..].chars().take(40).collect()));
    };
    Ok(Some(Tag {
        start,
        end: body + length + close.len(),
        sigil,
        name: source[body..body + length].trim().to_owned(),
    }))
}

fn read_delimiters(text: &str) -> Result<(String, String), Error> {
    let wrong = || Error::Delimiters(text.to_owned());
    let (left, right) = text.split_once(char::is_whitespace).ok_or_else(wrong)?;
    let right = right.trim();
    if left.is_empty() || right.is_empty() || format!("{left}{right}").contains(['=', ' ']) {
        return Err(wrong());
    }
    Ok((left.to_owned(), right.to_owned()))
}

fn push_text(nodes: &mut Vec<Node>, text: &str) {
    if !text.is_empty() {
        nodes.push(Node::Text(text.to_owned()));
    }
}

fn line_before(source: &str, at: usize) -> &str {
    &source[source[..at].rfind('\n').map_or(0, |found| found + 1)..at]
}

fn end_of_line(source: &str, at: usize) -> usize {
    source[at..].find('\n').map_or(source.len(), |found| at + found + 1)
}
