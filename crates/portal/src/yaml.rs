//! JSON as YAML 1.2, in block style, for whoever would rather read that.
//!
//! Written while it is read: a document of many MiB is never a tree in memory. Texts stand in double quotes, as JSON writes
//! them, unless they are plain words that cannot be taken for anything else.

use std::fmt::Write as _;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

/// The same document as YAML.
///
/// # Errors
///
/// It is no JSON.
pub fn of_json(json: &str) -> Result<String, serde_json::Error> {
    let mut yaml = String::with_capacity(json.len());
    let mut deserializer = serde_json::Deserializer::from_str(json);
    let writer = Writer {
        yaml: &mut yaml,
        indent: 0,
        place: Place::Top,
    };
    writer.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(yaml)
}

/// Where a value is written.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// It is the document.
    Top,
    /// Behind the colon of a field.
    Field,
    /// Behind the dash of a part of a list.
    Part,
}

struct Writer<'y> {
    yaml: &'y mut String,
    indent: usize,
    place: Place,
}

impl Writer<'_> {
    fn scalar<E>(self, text: impl std::fmt::Display) -> Result<(), E> {
        let space = if self.place == Place::Top { "" } else { " " };
        // Writing into a string cannot fail.
        let _ = writeln!(self.yaml, "{space}{text}");
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.scalar(value)
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.scalar(serde_json::Value::from(value))
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.scalar("null")
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.scalar(text(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut first = true;
        while let Some(key) = map.next_key::<String>()? {
            match (first, self.place) {
                // The first field stands behind the dash itself.
                (true, Place::Part) => self.yaml.push(' '),
                (true, Place::Field) => {
                    self.yaml.push('\n');
                    spaces(self.yaml, self.indent);
                }
                _ => spaces(self.yaml, self.indent),
            }
            first = false;
            self.yaml.push_str(&text(&key));
            self.yaml.push(':');
            map.next_value_seed(Writer {
                yaml: self.yaml,
                indent: self.indent + 1,
                place: Place::Field,
            })?;
        }
        if first { self.scalar("{}") } else { Ok(()) }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<(), A::Error> {
        let mut first = true;
        loop {
            let begun = self.yaml.len();
            match (first, self.place) {
                (true, Place::Part) => self.yaml.push(' '),
                (true, Place::Field) => {
                    self.yaml.push('\n');
                    spaces(self.yaml, self.indent);
                }
                _ => spaces(self.yaml, self.indent),
            }
            self.yaml.push('-');
            let part = Writer {
                yaml: self.yaml,
                indent: self.indent + 1,
                place: Place::Part,
            };
            if sequence.next_element_seed(part)?.is_none() {
                self.yaml.truncate(begun);
                break;
            }
            first = false;
        }
        if first { self.scalar("[]") } else { Ok(()) }
    }
}

fn spaces(yaml: &mut String, indent: usize) {
    yaml.extend(std::iter::repeat_n("  ", indent));
}

/// A text as YAML reads it back, in every version: plain only where nothing of it could mean something.
fn text(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'_' | b'/' | b'.' | b'-' | b'$');
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let begins = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'/');
    let is_plain = begins
        && text.len() <= 200
        && text.bytes().all(plain)
        && !text.ends_with(' ')
        && !words.contains(&text.to_ascii_lowercase().as_str());
    if is_plain {
        return text.to_owned();
    }
    // A JSON string is a double-quoted YAML one; U+2028 and U+2029 would break a line there.
    let quoted = serde_json::Value::from(text).to_string();
    quoted
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
        .replace('\u{85}', "\\u0085")
}

#[cfg(test)]
mod tests {
    use super::of_json;

    #[test]
    fn a_document_is_written_in_blocks() {
        let json = r##"{"openapi":"3.1.0","info":{"title":"A: b","x":{},"y":[],"no":true},"paths":{"/a/{id}":{"get":{"tags":["a b",["c",{"d":1.5,"e":null}]],"$ref":"#/x"}}}}"##;
        let yaml = "openapi: \"3.1.0\"\ninfo:\n  title: \"A: b\"\n  x: {}\n  \"y\": []\n  \"no\": true\npaths:\n  \"/a/{id}\":\n    get:\n      tags:\n        - a b\n        - - c\n          - d: 1.5\n            e: null\n      \"$ref\": \"#/x\"\n";
        assert_eq!(of_json(json).unwrap(), yaml);
        assert_eq!(of_json("[]").unwrap(), "[]\n");
        assert_eq!(of_json("\"a\\nb\"").unwrap(), "\"a\\nb\"\n");
        assert!(of_json("{").is_err());
    }
}
