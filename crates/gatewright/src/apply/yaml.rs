//! Writes YAML (1.2) that reads back as exactly what was written, and the same bytes for the same tree.

/// Longest key that stands on one line with its colon (YAML 1.2.2 §7.4: 1,024 characters, quotes included).
const KEY_MAX: usize = 512;

/// Words that a reader may take for something else than a text.
const RESERVED: [&str; 13] = [
    "true", "false", "null", "yes", "no", "on", "off", "y", "n", "inf", "nan", "infinity", "~",
];

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Node {
    /// A whole number.
    Number(i128),
    /// Yes or no.
    Boolean(bool),
    /// A text: plain, quoted or as a block, whichever is the shortest that is safe.
    Text(String),
    /// A text in quotes, also where it needs none.
    Quoted(String),
    /// A map, a line for each field.
    Map(Vec<(String, Node)>),
    /// A map of numbers and short texts on one line.
    Inline(Vec<(&'static str, Node)>),
    /// A list, a line for each item.
    List(Vec<Node>),
}

/// Writes fields at the top.
pub fn write(fields: &[(String, Node)]) -> String {
    let mut out = String::new();
    map(&mut out, 0, fields);
    out
}

fn map(out: &mut String, indent: usize, fields: &[(String, Node)]) {
    for (key, value) in fields {
        pad(out, indent);
        let key = scalar(key, false);
        if key.chars().count() > KEY_MAX {
            out.push_str(&format!("? {key}\n"));
            pad(out, indent);
            out.push(':');
        } else {
            out.push_str(&key);
            out.push(':');
        }
        node(out, indent + 2, value);
    }
}

/// A value behind `key:` or `-`, with its line's end.
fn node(out: &mut String, indent: usize, value: &Node) {
    match value {
        Node::Number(number) => out.push_str(&format!(" {number}\n")),
        Node::Boolean(yes) => out.push_str(&format!(" {yes}\n")),
        Node::Text(text) => match block(text) {
            Some(lines) => {
                out.push_str(if text.ends_with('\n') { " |\n" } else { " |-\n" });
                for line in lines {
                    if !line.is_empty() {
                        pad(out, indent);
                        out.push_str(line);
                    }
                    out.push('\n');
                }
            }
            None => out.push_str(&format!(" {}\n", scalar(text, false))),
        },
        Node::Quoted(text) => out.push_str(&format!(" {}\n", quoted(text))),
        Node::Map(fields) if fields.is_empty() => out.push_str(" {}\n"),
        Node::Map(fields) => {
            out.push('\n');
            map(out, indent, fields);
        }
        Node::Inline(fields) => {
            let field = |(key, value): &(&str, Node)| match value {
                Node::Number(number) => format!("{key}: {number}"),
                Node::Boolean(yes) => format!("{key}: {yes}"),
                Node::Text(text) => format!("{key}: {}", scalar(text, true)),
                Node::Quoted(text) => format!("{key}: {}", quoted(text)),
                Node::Map(_) | Node::Inline(_) | Node::List(_) => format!("{key}: {{}}"),
            };
            let fields: Vec<String> = fields.iter().map(field).collect();
            out.push_str(&format!(" {{ {} }}\n", fields.join(", ")));
        }
        Node::List(items) if items.is_empty() => out.push_str(" []\n"),
        Node::List(items) => {
            out.push('\n');
            for item in items {
                pad(out, indent);
                out.push('-');
                node(out, indent + 2, item);
            }
        }
    }
}

fn pad(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

/// A text on one line. Within braces and brackets fewer texts are safe without quotes.
fn scalar(text: &str, inline: bool) -> String {
    if is_plain(text, inline) {
        text.to_owned()
    } else {
        quoted(text)
    }
}

fn is_plain(text: &str, inline: bool) -> bool {
    let first = text.bytes().next();
    let starts = first.is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'/');
    let inner = |byte: u8| {
        byte.is_ascii_alphanumeric()
            || matches!(byte, b' ' | b'_' | b'.' | b'/' | b'-' | b':')
            || !inline && matches!(byte, b'{' | b'}' | b'*' | b',')
    };
    starts
        && text.bytes().all(inner)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !RESERVED.contains(&text.to_ascii_lowercase().as_str())
}

/// Double quotes and escapes (YAML 1.2.2 §5.7); what cannot be seen is escaped.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            letter if is_visible(letter) => out.push(letter),
            letter => out.push_str(&format!("\\U{:08X}", u32::from(letter))),
        }
    }
    out.push('"');
    out
}

fn is_visible(letter: char) -> bool {
    !letter.is_control() && !matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

/// The lines of a text that can stand as a literal block (YAML 1.2.2 §8.1.2), if it has several and can.
fn block(text: &str) -> Option<Vec<&str>> {
    let body = text.strip_suffix('\n').unwrap_or(text);
    let lines: Vec<&str> = body.split('\n').collect();
    let safe = |line: &&str| line.is_empty() || !line.trim().is_empty() && line.chars().all(is_visible);
    let several = lines.len() > 1 && !lines.last()?.is_empty();
    // A first line that is empty or indented would be taken for the block's indentation.
    (several && !lines.first()?.is_empty() && !lines.first()?.starts_with(' ') && lines.iter().all(safe))
        .then_some(lines)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> BTreeMap<String, Vec<String>> {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn text() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "[ -~\n\t]{0,40}",
            "[a-z:# {}*,/\n'\"-]{0,12}",
            Just("GET /v1/translate/{id}".to_owned()),
            proptest::sample::select(RESERVED.to_vec()).prop_map(str::to_owned),
        ]
    }

    proptest! {
        #[test]
        fn every_text_reads_back_as_it_was_as_a_key_and_as_a_value(key in text(), values in proptest::collection::vec(text(), 0..4)) {
            let items = values.iter().cloned().map(Node::Text).collect();
            let written = write(&[(key.clone(), Node::List(items))]);
            prop_assert_eq!(read(&written), BTreeMap::from([(key, values)]), "{}", written);
        }

        #[test]
        fn a_text_in_braces_reads_back(value in text()) {
            let written = write(&[("a".to_owned(), Node::Inline(vec![("b", Node::Text(value.clone()))]))]);
            let back: BTreeMap<String, BTreeMap<String, String>> = serde_saphyr::from_str(&written).unwrap();
            prop_assert_eq!(&back["a"]["b"], &value, "{}", written);
        }
    }

    #[test]
    fn what_people_write_stands_as_people_write_it() {
        let long = "x".repeat(2_000);
        let fields = [
            (
                "GET /v1/{id}".to_owned(),
                Node::Map(vec![("access".to_owned(), Node::Text("PUBLIC".to_owned()))]),
            ),
            ("document".to_owned(), Node::Text("{\n  \"a\": 1\n}\n".to_owned())),
            (
                "price".to_owned(),
                Node::Inline(vec![("amount", Node::Quoted("49.00".to_owned()))]),
            ),
        ];
        let expected =
            "GET /v1/{id}:\n  access: PUBLIC\ndocument: |\n  {\n    \"a\": 1\n  }\nprice: { amount: \"49.00\" }\n";
        assert_eq!(write(&fields), expected);
        let written = write(&[(long.clone(), Node::List(vec![Node::Text("a".to_owned())]))]);
        assert_eq!(
            read(&written),
            BTreeMap::from([(long, vec!["a".to_owned()])]),
            "{written}"
        );
    }
}
