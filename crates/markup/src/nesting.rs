//! How deep something lies in something else, before anybody builds a tree of it.
//!
//! Both count too much rather than too little.

/// Elements that hold nothing (HTML, §13.1.2).
const VOID: [&str; 14] = [
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr",
];

/// How deep quotes, lists, emphasis and brackets of a text may lie in each other.
pub(crate) fn of_markdown(markdown: &str) -> usize {
    let of_line = |line: &str| {
        let containers = line.bytes().take_while(|byte| b" \t>-+*0123456789.)".contains(byte));
        let containers = containers.filter(|byte| b">-+*.)".contains(byte)).count();
        let indentation = line.bytes().take_while(|byte| *byte == b' ').count() / 2;
        containers.max(indentation)
    };
    // Brackets are looked at again for each that is opened.
    let opened = markdown.bytes().filter(|byte| *byte == b'[').count();
    let closed = markdown.bytes().filter(|byte| *byte == b']').count();
    let rule = |line: &&str| !line.trim().bytes().all(|byte| matches!(byte, b'-' | b'*' | b' '));
    let lines = markdown.lines().filter(rule).map(of_line).max().unwrap_or_default();
    lines.max(opened.saturating_sub(closed))
}

/// How deep elements of HTML may lie in each other.
pub(crate) fn of_html(html: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0_usize);
    for (at, _) in html.match_indices('<') {
        let rest = &html[at + 1..];
        let (closes, rest) = match rest.strip_prefix('/') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = rest[..length].to_ascii_lowercase();
        if name.is_empty() || VOID.contains(&name.as_str()) {
            continue;
        }
        if closes {
            depth = depth.saturating_sub(1);
        } else {
            depth += 1;
            most = most.max(depth);
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_in_something_counts_and_what_stands_beside_it_does_not() {
        assert_eq!(of_html("<p>a<br>b</p><p><b>c</b></p>"), 2);
        assert_eq!(of_html(&"<b>".repeat(500)), 500);
        assert_eq!(of_html("a < b"), 0);
        assert_eq!(of_markdown("> > - a\n- b\n\n---\n"), 3);
        assert!(of_markdown(&">".repeat(500)) >= 500);
        assert!(of_markdown(&"[".repeat(500)) >= 500);
        assert_eq!(of_markdown(&"-".repeat(500)), 0, "a rule is no list");
        assert!(of_markdown("- [a](b)\n- [c](d)\n") <= 1);
    }
}
