//! What authors use.

use gatewright_markup::html;

#[test]
fn text_tables_code_and_lists_look_as_on_github() {
    assert_eq!(html("The number of items."), "<p>The number of items.</p>\n");
    assert_eq!(html(""), "");
    let text = "Some *words*, `code` and ~~gone~~.\n\n- a\n- b\n\n| k | v |\n|---|--:|\n| 1 | 2 |\n\n```json\n{\"a\": 1}\n```\n";
    let shown = html(text);
    for part in [
        "<em>words</em>",
        "<code>code</code>",
        "<del>gone</del>",
        "<li>a</li>",
        "<td align=\"right\">2</td>",
        "<pre><code>{\"a\": 1}\n</code></pre>",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
}

#[test]
fn headings_are_moved_below_those_of_the_page_and_can_be_linked_to() {
    let shown = html("# Getting started\n\nSee [below](#limits).\n\n## Limits\n");
    assert!(
        shown.contains("<h3 id=\"text-getting-started\">Getting started<a href=\"#text-getting-started\""),
        "{shown}"
    );
    assert!(
        shown.contains("<h4 id=\"text-limits\">") && shown.contains("href=\"#text-limits\""),
        "{shown}"
    );
    assert!(html("###### deep").contains("<h6 id"));
}

#[test]
fn links_say_what_they_are_and_stay_links() {
    let shown = html(
        "[docs](https://a.example/b?c=d&e), <a href=\"/docs\">own</a>, https://bare.example, [m](mailto:a@b.example)",
    );
    assert!(
        shown.contains("<a href=\"https://a.example/b?c=d&amp;e\" rel=\"nofollow noopener\">docs</a>"),
        "{shown}"
    );
    assert!(
        shown.contains("href=\"/docs\"")
            && shown.contains("href=\"https://bare.example\"")
            && shown.contains("href=\"mailto:")
    );
}

#[test]
fn an_image_of_another_origin_is_a_link_however_it_is_written() {
    for text in [
        "![a picture](https://a.example/p.png)",
        "<img src=\"https://a.example/p.png\" alt=\"a picture\">",
    ] {
        let shown = html(text);
        assert!(
            shown.contains("<a href=\"https://a.example/p.png\" rel=\"nofollow noopener\">a picture</a>"),
            "{shown}"
        );
        assert!(!shown.contains("<img"), "{shown}");
    }
    assert!(html("![logo](/logo.png)").contains("<img src=\"/logo.png\" alt=\"logo\">"));
}
