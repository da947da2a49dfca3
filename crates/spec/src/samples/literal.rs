//! How each language writes a text, so that any text survives and none hides what it is.

use std::fmt::Write as _;

use super::Language;

/// A text on one line.
pub(super) fn line(language: Language, text: &str) -> String {
    match language {
        Language::Curl if text.chars().any(is_hidden) => ansi_c(text),
        Language::Curl => format!("'{}'", text.replace('\'', "'\\''")),
        Language::Php if !text.contains('\n') && !text.chars().any(is_hidden) => single_quoted(text),
        _ => double_quoted(language, text),
    }
}

/// A text that may have several lines, as people write one in the language.
pub(super) fn block(language: Language, text: &str) -> String {
    if !text.contains('\n') || text.chars().any(is_hidden) {
        return line(language, text);
    }
    match language {
        Language::Curl => line(language, text),
        Language::Node => format!(
            "`{}`",
            text.replace('\\', "\\\\").replace('`', "\\`").replace("${", "\\${")
        ),
        Language::Python => format!("\"\"\"{}\"\"\"", tripled(text)),
        Language::Java => text_block(text),
        Language::Go if text.contains('`') => line(language, text),
        Language::Go => format!("`{text}`"),
        Language::Ruby | Language::Php => single_quoted(text),
        Language::CSharp => format!("@\"{}\"", text.replace('"', "\"\"")),
    }
}

/// A text for `printf`: what no argument of a program can have, U+0000, and everything that a terminal hides.
pub(super) fn printf(text: &str) -> String {
    let mut quoted = String::from("'");
    for letter in text.chars() {
        match letter {
            '%' => quoted.push_str("%%"),
            '\\' => quoted.push_str("\\\\"),
            '\'' => quoted.push_str("'\\''"),
            letter if is_hidden(letter) => octal(&mut quoted, letter),
            letter => quoted.push(letter),
        }
    }
    quoted + "'"
}

/// A text within a shell's double quotes, where a variable may follow.
pub(super) fn in_double_quotes(text: &str) -> String {
    let mut quoted = String::new();
    for letter in text.chars() {
        if "\"\\$`".contains(letter) {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted
}

/// Whether a character is not seen, or changes how others are seen: controls but for line break and tab, marks of direction, and what is as
/// wide as nothing. Pages and terminals lose some of them, and readers all.
pub(super) fn is_hidden(letter: char) -> bool {
    match letter {
        '\n' | '\t' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{feff}' => true,
        '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2064}' => true,
        letter => ('\u{2066}'..='\u{206f}').contains(&letter),
    }
}

fn double_quoted(language: Language, text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let opens = |next: Option<&char>| next.is_some_and(|next| "{$@".contains(*next));
        match letter {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '"' | '\\' => quoted.extend(['\\', letter]),
            '$' if language == Language::Php => quoted.push_str("\\$"),
            '#' if language == Language::Ruby && opens(letters.peek()) => quoted.push_str("\\#"),
            // Java reads \u escapes before it reads the text, so one of a control would be that control in its source (JLS §3.3).
            letter if language == Language::Java && (letter as u32) < 0x80 && is_hidden(letter) => {
                _ = write!(quoted, "\\{:03o}", letter as u32);
            }
            letter if language == Language::Php && is_hidden(letter) => {
                _ = write!(quoted, "\\u{{{:x}}}", letter as u32);
            }
            letter if is_hidden(letter) => _ = write!(quoted, "\\u{:04x}", letter as u32),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}

/// Ruby's and PHP's: only the quote and the backslash mean something.
fn single_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// A shell's `$'…'` (POSIX.1-2024 §2.2.4).
fn ansi_c(text: &str) -> String {
    let mut quoted = String::from("$'");
    for letter in text.chars() {
        match letter {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\'' | '\\' => quoted.extend(['\\', letter]),
            letter if is_hidden(letter) => octal(&mut quoted, letter),
            letter => quoted.push(letter),
        }
    }
    quoted + "'"
}

/// A character's bytes in UTF-8, which a shell does not read as Unicode in every locale.
fn octal(quoted: &mut String, letter: char) {
    for byte in letter.encode_utf8(&mut [0; 4]).bytes() {
        _ = write!(quoted, "\\{byte:03o}");
    }
}

/// Quotes that neither end `"""` nor make one.
fn tripled(text: &str) -> String {
    let mut quoted = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let ends = letter == '"' && letters.peek().is_none_or(|next| *next == '"');
        if ends || letter == '\\' {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted
}

/// Java's text block (JLS §3.10.6). It loses what all lines have before them, which the last line, ours, sets to nothing of the text; and what
/// ends a line, which `\s` holds.
fn text_block(text: &str) -> String {
    const BEFORE: &str = "                ";
    let mut quoted = String::from("\"\"\"\n");
    let tripled = tripled(text).replace('\t', "\\t");
    let last = tripled.matches('\n').count();
    for (at, row) in tripled.split('\n').enumerate() {
        if !row.is_empty() || at == last {
            quoted.push_str(BEFORE);
        }
        match row.strip_suffix(' ') {
            Some(start) => quoted.extend([start, "\\s\n"]),
            None => quoted.extend([row, "\n"]),
        }
    }
    quoted.pop();
    quoted + "\\\n" + BEFORE + "\"\"\""
}
