//! Images of other origins, which would tell that origin who reads what: a link takes their place.
//!
//! Reads only what the sanitizer has written: there `<` is always the beginning of a tag, and every value stands in `"`.

use std::borrow::Cow;

/// The same HTML with a link for each image that is not ours; with its words only, inside of another link.
pub(crate) fn without_foreign(html: &str) -> String {
    if !html.contains("<img") {
        return html.to_owned();
    }
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    let mut inside_link = false;
    while let Some(at) = rest.find('<') {
        let (before, tag) = rest.split_at(at);
        out.push_str(before);
        let length = length(tag);
        let (tag, after) = tag.split_at(length);
        rest = after;
        match tag {
            tag if tag.starts_with("<img") => out.push_str(&replaced(tag, inside_link)),
            tag => {
                inside_link = match tag {
                    "</a>" => false,
                    tag if tag.starts_with("<a ") || tag == "<a>" => true,
                    _ => inside_link,
                };
                out.push_str(tag);
            }
        }
    }
    out.push_str(rest);
    out
}

/// How long a tag is, with the `>` that is in no value.
fn length(tag: &str) -> usize {
    let mut quoted = false;
    for (at, byte) in tag.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b'>' if !quoted => return at + 1,
            _ => {}
        }
    }
    tag.len()
}

fn replaced(tag: &str, inside_link: bool) -> Cow<'_, str> {
    let source = value(tag, "src").unwrap_or_default();
    if source.starts_with('/') && !source.starts_with("//") {
        return Cow::Borrowed(tag);
    }
    // Values are escaped for `"`; `<` and `>` they may still hold.
    let words = value(tag, "alt")
        .unwrap_or_default()
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    if source.is_empty() || inside_link {
        return Cow::Owned(words);
    }
    let words = if words.trim().is_empty() {
        "image".to_owned()
    } else {
        words
    };
    Cow::Owned(format!("<a href=\"{source}\" rel=\"nofollow noopener\">{words}</a>"))
}

/// The value of an attribute, as it stands there.
fn value<'a>(tag: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = tag.strip_prefix("<img")?;
    loop {
        let (key, after) = rest.trim_start().split_once("=\"")?;
        let end = after.find('"')?;
        if key == name {
            return Some(&after[..end]);
        }
        rest = &after[end + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::without_foreign;

    #[test]
    fn an_image_of_another_origin_becomes_a_link_and_ours_stays() {
        let link = "<a href=\"https://a.example/b.png?c&amp;d\" rel=\"nofollow noopener\">a &lt;b&gt;</a>";
        assert_eq!(
            without_foreign("<p>x <img src=\"https://a.example/b.png?c&amp;d\" alt=\"a <b>\"> y</p>"),
            format!("<p>x {link} y</p>")
        );
        let ours = "<img src=\"/logo.png\" alt=\"\">";
        assert_eq!(without_foreign(ours), ours);
        assert_eq!(
            without_foreign("<a href=\"/\"><img alt=\"build\" src=\"https://a.example/badge\"></a>"),
            "<a href=\"/\">build</a>"
        );
        assert_eq!(without_foreign("<img alt=\"lost\">"), "lost");
    }
}
