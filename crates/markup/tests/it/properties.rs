//! Whatever an author writes.

use gatewright_markup::html;
use proptest::prelude::*;

use crate::dangers::dangers;

/// Pieces that mean something to CommonMark, to HTML or to a browser, and whatever else there is.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop::sample::select(vec![
        "<",
        ">",
        "</",
        "\"",
        "'",
        "=",
        "&",
        "&#",
        ";",
        "script",
        "img",
        "src",
        "href",
        "on",
        "onerror",
        "javascript:",
        "data:",
        "style",
        "svg",
        "math",
        "table",
        "<a href=\"",
        "<img src=\"",
        "<!--",
        "-->",
        "[",
        "](",
        ")",
        "!",
        "*",
        "**",
        "_",
        "`",
        "```",
        "~~",
        "|",
        "|-|",
        "#",
        "- ",
        "> ",
        "1. ",
        "\n",
        "\n\n",
        "    ",
        "\t",
        "\0",
        "\\",
        "://",
        "//",
        "https://a.example",
        "x",
        " ",
        "ä",
        "\u{202e}",
    ])
    .prop_map(str::to_owned);
    prop::collection::vec(prop_oneof![4 => pieces, 1 => ".{0,6}"], 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn nothing_dangerous_comes_of_any_text(text in text()) {
        let shown = html(&text);
        prop_assert!(dangers(&shown).is_empty(), "{text:?} became {shown:?}");
    }

    #[test]
    fn text_of_letters_is_shown_as_it_is(text in "[a-zA-Z ,.%;()/äöü\"'\n-]{0,80}") {
        // A word in front takes every line's beginning away that might mean something.
        let text = format!("a {}", text.replace('\n', " "));
        let shown = html(&text);
        let words: Vec<&str> = text.split_whitespace().collect();
        let inner = shown.trim_start_matches("<p>").trim_end().trim_end_matches("</p>");
        prop_assert_eq!(inner.split_whitespace().collect::<Vec<_>>(), words);
    }
}
