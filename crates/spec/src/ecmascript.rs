//! JSON and numbers written exactly as ECMAScript writes them, so that the browser and the server say the same.
//!
//! Numbers are IEEE 754 doubles there (ECMA-262 §6.1.6.1), so an integer beyond 2⁵³ in an example is rounded as a browser rounds it; what a
//! person typed is text and is never read and written again.

use std::fmt::Write as _;

use serde_json::{Map, Number, Value};

/// A number as `String(number)` writes it (ECMA-262 Number::toString).
pub fn number(number: &Number) -> String {
    const EXACT: i64 = 1 << 53;
    if let Some(small) = number.as_i64().filter(|small| (-EXACT..=EXACT).contains(small)) {
        return small.to_string();
    }
    let value = number.as_f64().unwrap_or_default();
    if value == 0.0 {
        return "0".to_owned();
    }
    // The shortest digits that read back as the same number: both languages promise them.
    let shortest = format!("{:e}", value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let digits = mantissa.replace('.', "");
    let sign = if value < 0.0 { "-" } else { "" };
    format!(
        "{sign}{}",
        place_point(&digits, exponent.parse::<i32>().unwrap_or_default() + 1)
    )
}

/// Digits with `point` of them before the decimal point.
fn place_point(digits: &str, point: i32) -> String {
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    match usize::try_from(point) {
        Ok(before) if point >= count && point <= 21 => format!("{digits:0<before$}"),
        Ok(before) if point > 0 && point <= 21 => format!("{}.{}", &digits[..before], &digits[before..]),
        _ if point > -6 && point <= 0 => {
            format!("0.{}{digits}", "0".repeat(usize::try_from(-point).unwrap_or_default()))
        }
        _ => {
            let (first, rest) = digits.split_at(1);
            let dot = if rest.is_empty() { "" } else { "." };
            format!("{first}{dot}{rest}e{:+}", point - 1)
        }
    }
}

/// JSON as `JSON.stringify(value)` writes it.
pub fn compact(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, None, 0);
    text
}

/// JSON as `JSON.stringify(value, null, 2)` writes it.
pub fn pretty(value: &Value) -> String {
    let mut text = String::new();
    write(&mut text, value, Some("  "), 0);
    text
}

/// A map's entries in the order in which ECMAScript lists them: array indices first, rising (ECMA-262 OrdinaryOwnPropertyKeys).
pub fn entries(map: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let index = |key: &str| {
        key.parse::<u32>()
            .ok()
            .filter(|&index| index != u32::MAX && index.to_string() == key)
    };
    let mut entries: Vec<_> = map.iter().collect();
    entries.sort_by_key(|(key, _)| index(key).map_or(u64::MAX, u64::from));
    entries
}

fn write(text: &mut String, value: &Value, indent: Option<&str>, depth: usize) {
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(yes) => text.push_str(if *yes { "true" } else { "false" }),
        Value::Number(value) => text.push_str(&number(value)),
        Value::String(value) => write_string(text, value),
        Value::Array(items) => write_items(text, ('[', ']'), items.iter(), indent, depth, |text, item| {
            write(text, item, indent, depth + 1);
        }),
        Value::Object(map) => write_items(
            text,
            ('{', '}'),
            entries(map).into_iter(),
            indent,
            depth,
            |text, (key, item)| {
                write_string(text, key);
                text.push_str(if indent.is_some() { ": " } else { ":" });
                write(text, item, indent, depth + 1);
            },
        ),
    }
}

fn write_items<T>(
    text: &mut String,
    (open, close): (char, char),
    items: impl ExactSizeIterator<Item = T>,
    indent: Option<&str>,
    depth: usize,
    mut one: impl FnMut(&mut String, T),
) {
    let (count, line) = (
        items.len(),
        indent.map(|indent| (indent.repeat(depth + 1), indent.repeat(depth))),
    );
    text.push(open);
    for (at, item) in items.enumerate() {
        if at > 0 {
            text.push(',');
        }
        if let Some((inner, _)) = &line {
            text.push('\n');
            text.push_str(inner);
        }
        one(text, item);
    }
    if let (Some((_, outer)), true) = (&line, count > 0) {
        text.push('\n');
        text.push_str(outer);
    }
    text.push(close);
}

fn write_string(text: &mut String, value: &str) {
    text.push('"');
    for letter in value.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\0'..'\u{20}' => _ = write!(text, "\\u{:04x}", letter as u32),
            letter => text.push(letter),
        }
    }
    text.push('"');
}
