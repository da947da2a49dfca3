//! What of HTML an author's text may have; everything else is gone.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use ammonia::{Builder, UrlRelative};

use crate::ID_PREFIX;

const TAGS: [&str; 42] = [
    "a",
    "abbr",
    "b",
    "blockquote",
    "br",
    "caption",
    "cite",
    "code",
    "dd",
    "del",
    "details",
    "dfn",
    "div",
    "dl",
    "dt",
    "em",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "i",
    "img",
    "ins",
    "kbd",
    "li",
    "ol",
    "p",
    "pre",
    "q",
    "s",
    "samp",
    "span",
    "strong",
    "sub",
    "summary",
    "sup",
    "table",
    "tbody",
    "td",
    "th",
    "ul",
];
/// The same, which would not fit into a line of the table above: parts of tables, and what is only shown.
const MORE_TAGS: [&str; 6] = ["small", "tfoot", "thead", "tr", "u", "var"];
/// What goes with all that is in it.
const WITH_CONTENT: [&str; 10] = [
    "script", "style", "iframe", "object", "embed", "noscript", "template", "math", "svg", "title",
];

pub(crate) static POLICY: LazyLock<Builder<'static>> = LazyLock::new(policy);

fn policy() -> Builder<'static> {
    let attributes: [(&str, &[&str]); 10] = [
        ("a", &["href", "aria-label"]),
        ("img", &["src", "alt", "width", "height"]),
        ("ol", &["start"]),
        ("td", &["align", "colspan", "rowspan"]),
        ("th", &["align", "colspan", "rowspan", "scope"]),
        ("h3", &["id"]),
        ("h4", &["id"]),
        ("h5", &["id"]),
        ("h6", &["id"]),
        ("details", &["open"]),
    ];
    let attributes: HashMap<&str, HashSet<&str>> = attributes
        .into_iter()
        .map(|(tag, names)| (tag, names.iter().copied().collect()))
        .collect();
    let mut policy = Builder::empty();
    policy
        .tags(TAGS.into_iter().chain(MORE_TAGS).collect())
        .clean_content_tags(WITH_CONTENT.into_iter().collect())
        .tag_attributes(attributes)
        .generic_attributes(HashSet::from(["title", "lang", "dir"]))
        .add_allowed_classes("a", ["anchor"])
        .url_schemes(HashSet::from(["http", "https", "mailto"]))
        .url_relative(UrlRelative::Custom(Box::new(relative)))
        .attribute_filter(|_, name, value| match name {
            "href" | "src" if !names_a_host(value) => None,
            "href" | "src" => own_fragment(value),
            _ => Some(Cow::Borrowed(value)),
        })
        .link_rel(Some("nofollow noopener"))
        .id_prefix(Some(ID_PREFIX))
        .strip_comments(true);
    policy
}

/// Whether a URL of http names its host as everybody reads it: `https:/a` and `https:a` are read in two ways.
fn names_a_host(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once(':') else {
        return true;
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return true;
    }
    rest.strip_prefix("//")
        .is_some_and(|rest| !rest.starts_with(['/', '\\']))
}

/// A link to an author's own heading, which has our prefix.
fn own_fragment(value: &str) -> Option<Cow<'_, str>> {
    match value.strip_prefix('#') {
        Some(name) if !name.is_empty() && !name.starts_with(ID_PREFIX) => {
            Some(Cow::Owned(format!("#{ID_PREFIX}{name}")))
        }
        _ => Some(Cow::Borrowed(value)),
    }
}

/// A URL without a scheme: another page of ours, by a path from the root, or a heading. Anything else means nothing, since
/// nobody knows from where the author counted; `//host` and `/\host` lead to another origin.
fn relative(url: &str) -> Option<Cow<'_, str>> {
    let harmless = |url: &str| !url.bytes().any(|byte| byte == b'\\' || byte.is_ascii_control());
    let own = url.starts_with('/') && !url.starts_with("//") || url.starts_with('#');
    (own && harmless(url)).then_some(Cow::Borrowed(url))
}
