//! Text of programs with a little color: strings, comments, words and numbers.

use gatewright_spec::model::Example;
use gatewright_spec::samples::Language;
use maud::{Markup, PreEscaped, html};
use serde_json::Value;

use crate::reference::limits::EXAMPLE_MAX_CHARS;
use crate::reference::words::shortened;

/// What begins a comment, and words with a meaning, by what the text is written in.
struct Grammar {
    comment: &'static str,
    quotes: &'static [char],
    /// Whether a backslash means nothing between single quotation marks, and something outside of any.
    shell: bool,
    words: &'static [&'static str],
}

const JSON: Grammar = Grammar {
    comment: "\0",
    quotes: &['"'],
    shell: false,
    words: &["true", "false", "null"],
};

/// By the name of a sample's language.
fn grammar(language: Language) -> Grammar {
    let (comment, quotes, words): (_, &'static [char], &'static [&'static str]) = match language {
        Language::Curl => ("# ", &['"', '\''], &["curl"]),
        Language::Node => (
            "//",
            &['"', '\'', '`'],
            &[
                "const", "let", "await", "new", "if", "throw", "import", "from", "for", "of",
            ],
        ),
        Language::Python => (
            "#",
            &['"', '\''],
            &[
                "import", "from", "as", "with", "for", "in", "if", "print", "None", "True", "False",
            ],
        ),
        Language::Java => (
            "//",
            &['"'],
            &[
                "import", "class", "public", "static", "void", "var", "new", "throws", "final", "return",
            ],
        ),
        Language::Go => (
            "//",
            &['"', '`'],
            &[
                "package", "import", "func", "if", "nil", "defer", "return", "var", "range",
            ],
        ),
        Language::Ruby => ("#", &['"', '\''], &["require", "do", "end", "puts", "new", "if", "nil"]),
        Language::Php => (
            "//",
            &['"', '\''],
            &["echo", "true", "false", "null", "if", "throw", "new"],
        ),
        Language::CSharp => (
            "//",
            &['"'],
            &[
                "using", "var", "new", "await", "class", "static", "async", "return", "void",
            ],
        ),
    };
    Grammar {
        comment,
        quotes,
        shell: matches!(language, Language::Curl),
        words,
    }
}

/// A sample.
pub(crate) fn sample(language: Language, text: &str) -> Markup {
    colored(&grammar(language), text)
}

/// An example as it is sent; long ones are cut and say so.
pub(crate) fn example(example: &Example) -> Markup {
    let (text, is_json) = example_text(example);
    let cut = example.cut || text.chars().nth(EXAMPLE_MAX_CHARS).is_some();
    let text = shortened(&text, EXAMPLE_MAX_CHARS);
    html! {
        pre tabindex="0" { code { @if is_json { (colored(&JSON, &text)) } @else { (text) } } }
        @if cut { p.cut { "This is the beginning; the description has the whole example." } }
    }
}

/// An example as text, and whether that is JSON.
pub(crate) fn example_text(example: &Example) -> (String, bool) {
    match &example.value {
        Value::String(text) if example.cut => (text.clone(), text.starts_with(['{', '['])),
        Value::String(text) if !example.generated => (text.clone(), false),
        value => (serde_json::to_string_pretty(value).unwrap_or_default(), true),
    }
}

/// One pass over the text; every character of it is in what comes out, escaped.
fn colored(grammar: &Grammar, text: &str) -> Markup {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, class) = token(
            grammar,
            rest,
            first,
            out.is_empty() || text[..text.len() - rest.len()].ends_with(['\n', ' ']),
        );
        let (token, left) = rest.split_at(length);
        if class.is_empty() {
            push_escaped(&mut out, token);
        } else {
            out.push_str("<span class=");
            out.push_str(class);
            out.push('>');
            push_escaped(&mut out, token);
            out.push_str("</span>");
        }
        rest = left;
    }
    PreEscaped(out)
}

fn token(grammar: &Grammar, rest: &str, first: char, at_word: bool) -> (usize, &'static str) {
    if at_word && rest.starts_with(grammar.comment) {
        return (rest.find('\n').unwrap_or(rest.len()), "c");
    }
    if grammar.shell && first == '\\' {
        return (1 + rest[1..].chars().next().map_or(0, char::len_utf8), "");
    }
    if grammar.quotes.contains(&first) {
        let escapes = !(grammar.shell && first == '\'');
        let end = string_end(rest, first, escapes);
        let is_key = rest[end..].starts_with(':') && first == '"';
        return (end, if is_key { "k" } else { "s" });
    }
    if first.is_ascii_alphanumeric() || first == '_' || first == '$' {
        let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && !"_$.".contains(letter));
        let word = &rest[..end.unwrap_or(rest.len())];
        let class = match () {
            () if grammar.words.contains(&word) => "w",
            () if first.is_ascii_digit() => "n",
            () => "",
        };
        return (word.len(), class);
    }
    (first.len_utf8(), "")
}

/// Behind the closing quotation mark, or the end.
fn string_end(rest: &str, quote: char, escapes: bool) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' if escapes => escaped = true,
            _ if letter == quote => return at + letter.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

fn push_escaped(out: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            _ => out.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{JSON, Language, colored, grammar};

    fn plain(html: &str) -> String {
        let mut text = String::new();
        let mut inside = false;
        for letter in html.chars() {
            match letter {
                '<' => inside = true,
                '>' if inside => inside = false,
                _ if !inside => text.push(letter),
                _ => {}
            }
        }
        text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    }

    proptest! {
        #[test]
        fn colors_change_no_character_of_a_sample(text in "(?s).{0,200}", json in r#"[{}":,\\a-z0-9<>&' \n]{0,200}"#) {
            for language in Language::ALL {
                prop_assert_eq!(&plain(&colored(&grammar(*language), &text).into_string()), &text);
            }
            prop_assert_eq!(&plain(&colored(&JSON, &json).into_string()), &json);
        }
    }
}
