//! Documents that somebody made to break their reader: each ends soon, with a reference or with precise errors.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use gatewright_spec::compile::{Compiled, RemoteDocuments, Source, compile, remote_references};
use gatewright_spec::limits::{DEPTH_MAX, FINDINGS_MAX};
use gatewright_spec::model::{Finding, Severity};

use crate::{compiled, operation};

/// Longest time for any of these, in a build that is not optimized, on a machine that does something else, too.
const PATIENCE: Duration = Duration::from_secs(20);
/// The stack that threads of an async runtime have.
const STACK_BYTES: usize = 2 * 1024 * 1024;

/// Compiles on a stack that is no larger than where it will run, and says when it took too long.
fn survived(text: impl AsRef<[u8]> + Send + 'static) -> Result<Compiled, Vec<Finding>> {
    let start = Instant::now();
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let thread = thread.spawn(move || {
        let made = compiled(text);
        if let Ok(made) = &made {
            // What is made can be written and read again by whoever has a limit of 128 levels.
            for operation in &made.reference.operations {
                let written = serde_json::to_string(&(((operation,),),)).expect("it can be written");
                serde_json::from_str::<serde_json::Value>(&written).expect("it can be read");
            }
            for schema in &made.reference.schemas {
                let written = serde_json::to_string(&(((schema,),),)).expect("it can be written");
                serde_json::from_str::<serde_json::Value>(&written).expect("it can be read");
            }
            serde_json::from_str::<serde_json::Value>(&made.document).expect("it is JSON");
        }
        made
    });
    let made = thread.expect("a thread starts").join().expect("nothing panics");
    assert!(start.elapsed() < PATIENCE, "it took {:?}", start.elapsed());
    let findings = made.as_ref().map_or_else(|findings| findings, |made| &made.findings);
    assert!(findings.len() <= FINDINGS_MAX + 1);
    assert!(made.is_ok() || findings.iter().any(|finding| finding.severity == Severity::Error));
    made
}

fn rules(made: &Result<Compiled, Vec<Finding>>) -> Vec<&str> {
    let findings = made.as_ref().map_or_else(|findings| findings, |made| &made.findings);
    findings.iter().map(|finding| finding.rule.as_str()).collect()
}

fn with_paths(paths: &str) -> String {
    format!("{{\"openapi\":\"3.1.0\",\"info\":{{\"title\":\"T\",\"version\":\"1\"}},\"paths\":{{{paths}}}}}")
}

fn with_schemas(schemas: &str) -> String {
    let uses = r##""/a":{"post":{"operationId":"a","requestBody":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}},
        "responses":{"200":{"description":"","content":{"application/json":{"schema":{"$ref":"#/components/schemas/A"}}}}}}}"##;
    format!(
        "{{\"openapi\":\"3.1.0\",\"info\":{{\"title\":\"T\",\"version\":\"1\"}},\"paths\":{{{uses}}},\"components\":{{\"schemas\":{{{schemas}}}}}}}"
    )
}

#[test]
fn ten_thousand_levels_are_refused_with_a_place() {
    let deep = 10_000;
    let json = format!("{}{}", "{\"a\":".repeat(deep), "1");
    let lists = with_paths(&format!("\"/a\":{}{}", "[".repeat(deep), "]".repeat(deep)));
    let flow = format!("openapi: 3.1.0\npaths: {}{}", "[".repeat(deep), "]".repeat(deep));
    let mut block = "openapi: 3.1.0\n".to_owned();
    for level in 0..3_000 {
        let _ = writeln!(block, "{}a:", " ".repeat(level));
    }
    for text in [json, lists, flow, block] {
        let start = text[..20].to_owned();
        let made = survived(text);
        assert_eq!(rules(&made), ["too-deep"], "{start}");
        assert!(made.unwrap_err()[0].line.is_some());
    }
}

#[test]
fn the_deepest_document_that_is_taken_is_compiled_whole() {
    let schema = r#"{"type":"object","properties":{"a":"#;
    let levels = (DEPTH_MAX - 10) / 2;
    let text = with_schemas(&format!("\"A\":{}{{}}{}", schema.repeat(levels), "}}".repeat(levels)));
    let made = survived(text).unwrap();
    assert_eq!(made.reference.operations.len(), 1);
}

#[test]
fn circles_of_all_sorts_end() {
    let one = |name: &str, schema: &str| format!("\"{name}\":{schema}");
    let to = |name: &str| format!("{{\"$ref\":\"#/components/schemas/{name}\"}}");
    let circles = [
        one("A", &to("A")),
        [one("A", &to("B")), one("B", &to("C")), one("C", &to("A"))].join(","),
        one("A", &format!("{{\"allOf\":[{}]}}", to("A"))),
        one(
            "A",
            &format!("{{\"anyOf\":[{0},{0}],\"oneOf\":[{0},{0}],\"not\":{0}}}", to("A")),
        ),
        one(
            "A",
            &format!(
                "{{\"properties\":{{\"a\":{0},\"b\":{0},\"c\":{0}}},\"items\":{0},\"additionalProperties\":{0}}}",
                to("A")
            ),
        ),
        one("A", r##"{"$ref":"#"}"##),
        one("A", r##"{"$ref":"#/components"}"##),
        one(
            "A",
            r##"{"properties":{"a":{"$ref":"#/components/schemas/A/properties"}}}"##,
        ),
        one(
            "A",
            r##"{"properties":{"a":{"$dynamicRef":"#me"}},"$dynamicAnchor":"me"}"##,
        ),
        one(
            "A",
            r##"{"discriminator":{"propertyName":"t","mapping":{"a":"#/components/schemas/A"}},"oneOf":[{"$ref":"#/components/schemas/A"}]}"##,
        ),
    ];
    for circle in circles {
        let made = survived(with_schemas(&circle)).unwrap();
        let text = format!("{:?}", made.reference.operations[0].request_body);
        assert!(text.len() < 2_000_000, "{circle} became {} bytes", text.len());
    }
    let paths = survived(with_paths(
        r##""/a":{"$ref":"#/paths/~1b"},"/b":{"$ref":"#/paths/~1a"}"##,
    ))
    .unwrap();
    assert!(
        paths.findings.iter().any(|finding| finding.rule == "reference-circle"),
        "{:?}",
        paths.findings
    );
    let callback =
        r##""/a":{"post":{"operationId":"a","callbacks":{"c":{"x":{"$ref":"#/paths/~1a"}}},"responses":{}}}"##;
    assert_eq!(
        operation(&survived(with_paths(callback)).unwrap(), "a").callbacks.len(),
        1
    );
}

#[test]
fn everything_in_everything_stays_small() {
    // Each of sixty schemas has sixty fields, each of which is one of them: 60^6 fields within six references.
    let names: Vec<String> = (0..60)
        .map(|at| if at == 0 { "A".to_owned() } else { format!("S{at}") })
        .collect();
    let fields: Vec<String> = names
        .iter()
        .map(|name| format!("\"{name}\":{{\"$ref\":\"#/components/schemas/{name}\"}}"))
        .collect();
    let schemas: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "\"{name}\":{{\"type\":\"object\",\"properties\":{{{}}}}}",
                fields.join(",")
            )
        })
        .collect();
    let made = survived(with_schemas(&schemas.join(","))).unwrap();
    let written = serde_json::to_string(&made.reference.operations[0]).unwrap();
    assert!(written.len() < 200_000, "{}", written.len());
}

#[test]
fn a_long_example_is_cut() {
    let example = "x".repeat(10 * 1024 * 1024);
    let text = with_paths(&format!(
        r#""/a":{{"get":{{"operationId":"a","responses":{{"200":{{"description":"","content":{{"text/plain":{{"example":"{example}"}}}}}}}}}}}}"#
    ));
    let made = survived(text).unwrap();
    let example = &operation(&made, "a").responses[0].contents[0].examples[0];
    assert!(example.cut && !example.generated);
    assert!(serde_json::to_string(&example).unwrap().len() < 10_000);
    let many = format!("[{}1]", "{\"a\":[1,2,3]},".repeat(50_000));
    let made = survived(with_schemas(&format!(
        "\"A\":{{\"example\":{many},\"default\":{many},\"examples\":{many}}}"
    )))
    .unwrap();
    assert!(serde_json::to_string(&made.reference.operations[0]).unwrap().len() < 100_000);
}

#[test]
fn an_alias_bomb_is_refused_and_honest_aliases_are_not() {
    let mut bomb = "openapi: 3.1.0\nx-0: &a0 [1,2,3,4,5,6,7,8,9]\n".to_owned();
    for level in 1..30 {
        let before = level - 1;
        let _ = writeln!(
            bomb,
            "x-{level}: &a{level} [{}]",
            vec![format!("*a{before}"); 9].join(",")
        );
    }
    assert_eq!(rules(&survived(bomb)), ["too-large"]);
    let mut tower = "openapi: 3.1.0\nx-0: &a0 [1]\n".to_owned();
    for level in 1..200 {
        let _ = writeln!(tower, "x-{level}: &a{level} [*a{}]", level - 1);
    }
    assert_eq!(rules(&survived(tower)), ["too-deep"]);
    let mut merges = "openapi: 3.1.0\nx-0: &m0 {k0: 1}\n".to_owned();
    for level in 1..2_000 {
        let _ = writeln!(merges, "x-{level}: &m{level} {{<<: *m{}, k{level}: 1}}", level - 1);
    }
    assert!(survived(merges).is_err());
    let circle = "openapi: 3.1.0\nx-a: &a {b: *a}\n";
    assert_eq!(rules(&survived(circle)), ["syntax"]);
    let honest = "openapi: 3.1.0\nx-base: &base {type: object}\npaths: {}\ncomponents:\n  schemas:\n    A: {<<: *base, title: One}\n    B: *base\n";
    let made = survived(honest).unwrap();
    assert_eq!(made.reference.schemas[0].schema.types, ["object"]);
    assert_eq!(made.reference.schemas[0].schema.title, "One");
    assert_eq!(made.reference.schemas[1].schema.types, ["object"]);
}

#[test]
fn much_of_one_thing_is_bounded() {
    let values: Vec<String> = (0..200_000).map(|value| format!("\"v{value}\"")).collect();
    let made = survived(with_schemas(&format!(
        "\"A\":{{\"type\":\"string\",\"enum\":[{}]}}",
        values.join(",")
    )))
    .unwrap();
    let schema = &made.reference.schemas[0].schema;
    assert!(schema.allowed.len() <= 500);
    assert!(
        schema.limits.iter().any(|limit| limit.contains("200000 values")),
        "{:?}",
        schema.limits
    );

    let parameters: Vec<String> = (0..100_000)
        .map(|at| format!("{{\"name\":\"p{at}\",\"in\":\"query\",\"schema\":{{\"type\":\"string\"}}}}"))
        .collect();
    let many = with_paths(&format!(
        "\"/a\":{{\"get\":{{\"operationId\":\"a\",\"parameters\":[{}],\"responses\":{{}}}}}}",
        parameters.join(",")
    ));
    let made = survived(many).unwrap();
    assert!(operation(&made, "a").parameters.len() <= 300);

    let paths: Vec<String> = (0..30_000)
        .map(|at| format!("\"/p{at}\":{{\"get\":{{\"operationId\":\"same\"}}}}"))
        .collect();
    let made = survived(with_paths(&paths.join(","))).unwrap();
    assert!(made.findings.iter().any(|finding| finding.rule == "findings-cut"));
    assert!(made.findings.iter().any(|finding| finding.rule == "too-large"));

    let braces = format!("\"/{}\":{{\"get\":{{}}}}", "{a}".repeat(300_000));
    survived(with_paths(&braces)).unwrap();
    let keys: Vec<String> = (0..100_000).map(|_| "\"k\":1".to_owned()).collect();
    survived(with_paths(&format!("\"/a\":{{{}}}", keys.join(",")))).unwrap();
}

#[test]
fn one_long_description_in_many_places_is_bounded() {
    let long = "x".repeat(90_000);
    let paths: Vec<String> = (0..2_000)
        .map(|at| format!("\"/p{at}\":{{\"get\":{{\"parameters\":[{{\"$ref\":\"#/components/parameters/P\"}}]}}}}"))
        .collect();
    let text = format!(
        "{{\"openapi\":\"3.0.0\",\"paths\":{{{}}},\"components\":{{\"parameters\":{{\"P\":{{\"name\":\"p\",\"in\":\"query\",\"description\":\"{long}\"}}}}}}}}",
        paths.join(",")
    );
    let made = survived(text).unwrap();
    assert!(made.findings.iter().any(|finding| finding.rule == "too-large"));
    let all: usize = made
        .reference
        .operations
        .iter()
        .map(|one| serde_json::to_string(one).unwrap().len())
        .sum();
    assert!(all < 80_000_000, "{all}");
    assert_eq!(made.reference.operations.len(), 2_000);
}

#[test]
fn swagger_that_multiplies_is_refused() {
    let produces: Vec<String> = (0..100).map(|at| format!("\"application/x-{at}\"")).collect();
    let fields: Vec<String> = (0..1_000)
        .map(|at| format!("\"f{at}\":{{\"type\":\"string\"}}"))
        .collect();
    let paths: Vec<String> = (0..100)
        .map(|at| {
            format!(
                "\"/p{at}\":{{\"get\":{{\"responses\":{{\"200\":{{\"schema\":{{\"properties\":{{{}}}}}}}}}}}}}",
                fields.join(",")
            )
        })
        .collect();
    let text = format!(
        "{{\"swagger\":\"2.0\",\"produces\":[{}],\"paths\":{{{}}}}}",
        produces.join(","),
        paths.join(",")
    );
    assert!(rules(&survived(text)).contains(&"too-large"));
}

#[test]
fn what_cannot_be_seen_is_not_shown() {
    let text = with_paths(
        r#""/a":{"get":{"operationId":"a","summary":"safe\u202egnp.exe \u0007bell","description":"nul \u0000 \u2066iso","responses":{}}}"#,
    );
    let made = survived(text).unwrap();
    let written = serde_json::to_string(&made.reference).unwrap();
    for hidden in ["\u{202e}", "\u{7}", "\u{2066}", "\\u0000", "\\u0007"] {
        assert!(!written.contains(hidden), "{hidden:?}");
    }
    assert!(!made.document.contains("\\u0000"), "nothing can keep a NUL");
    let rules = rules(&Ok(made)).join(" ");
    assert!(
        rules.contains("hidden-character") && rules.contains("control-character"),
        "{rules}"
    );
}

#[test]
fn bytes_of_any_encoding_are_read_or_refused() {
    let text = "{\"openapi\":\"3.1.0\",\"info\":{\"title\":\"Grüße 😀\",\"version\":\"1\"},\"paths\":{}}";
    let units: Vec<u16> = text.encode_utf16().collect();
    let mut with_bom = b"\xef\xbb\xbf".to_vec();
    with_bom.extend_from_slice(text.as_bytes());
    let little: Vec<u8> = [0xfeff]
        .iter()
        .chain(&units)
        .flat_map(|unit| unit.to_le_bytes())
        .collect();
    let big: Vec<u8> = [0xfeff]
        .iter()
        .chain(&units)
        .flat_map(|unit| unit.to_be_bytes())
        .collect();
    let bare: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    for bytes in [text.as_bytes().to_vec(), with_bom, little, big, bare] {
        assert_eq!(survived(bytes).unwrap().reference.overview.title, "Grüße 😀");
    }
    let mut broken = text.as_bytes().to_vec();
    broken[50] = 0xff;
    assert_eq!(rules(&survived(broken)), ["encoding"]);
    assert_eq!(rules(&survived(b"\xff\xfe\x00".to_vec())), ["encoding"]);
    for nothing in [
        "",
        " ",
        "\n\n",
        "# only a comment\n",
        "null",
        "[]",
        "3",
        "\"text\"",
        "---\n---\n",
    ] {
        assert!(survived(nothing).is_err(), "{nothing:?}");
    }
    assert_eq!(rules(&survived(vec![b' '; 33 * 1024 * 1024])), ["too-large"]);
}

#[test]
fn nothing_is_fetched_and_only_the_web_is_asked_for() {
    let references = [
        "http://169.254.169.254/latest/meta-data#/a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "other.yaml#/A",
        "../up.json",
        "#/components/schemas/A",
        "ftp://example.com/x",
    ];
    let schemas: Vec<String> = references
        .iter()
        .enumerate()
        .map(|(at, reference)| format!("\"S{at}\":{{\"$ref\":\"{reference}\"}}"))
        .collect();
    let example = r#""E":{"example":{"$ref":"http://example.com/data.json"},"properties":{"example":{"$ref":"http://example.com/real.json"}}}"#;
    let text = with_schemas(&format!("{},{example}", schemas.join(",")));
    let source = Source {
        bytes: text.as_bytes(),
        url: Some("https://example.com/specs/api.json?x=1#y"),
    };
    // Whether an address may be asked is for the caller to say: it has the guard.
    let expected = [
        "http://169.254.169.254/latest/meta-data",
        "http://example.com/real.json",
        "https://example.com/specs/other.yaml",
        "https://example.com/up.json",
    ];
    assert_eq!(remote_references(&source), expected);
    let made = compile(&source, &RemoteDocuments::default()).unwrap();
    let unresolved = made
        .findings
        .iter()
        .filter(|finding| finding.rule == "reference-unresolved")
        .count();
    assert_eq!(unresolved, 10, "{:#?}", made.findings);
    let alone = Source {
        bytes: text.as_bytes(),
        url: None,
    };
    assert_eq!(
        remote_references(&alone),
        [
            "http://169.254.169.254/latest/meta-data",
            "http://example.com/real.json"
        ]
    );
}

#[test]
fn only_addresses_of_the_web_survive() {
    let bad = [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        " javascript:alert(1)",
        "java\\nscript:alert(1)",
        "vbscript:x",
        "//",
    ];
    for url in bad {
        let text = format!(
            r#"{{"openapi":"3.1.0","info":{{"title":"T","version":"1","termsOfService":"{url}","contact":{{"url":"{url}"}},"license":{{"name":"L","url":"{url}"}}}},
            "externalDocs":{{"url":"{url}"}},"servers":[{{"url":"{url}"}}],"tags":[{{"name":"t","externalDocs":{{"url":"{url}"}}}}],
            "paths":{{"/a":{{"get":{{"operationId":"a","tags":["t"],"externalDocs":{{"url":"{url}"}},"servers":[{{"url":"{url}"}}],"responses":{{}}}}}}}},
            "components":{{"securitySchemes":{{"o":{{"type":"oauth2","flows":{{"implicit":{{"authorizationUrl":"{url}","tokenUrl":"{url}","scopes":{{}}}}}}}}}},
            "schemas":{{"S":{{"externalDocs":{{"url":"{url}"}}}}}}}}}}"#
        );
        let made = survived(text).unwrap();
        let written = serde_json::to_string(&made.reference).unwrap().to_ascii_lowercase();
        assert!(
            !written.contains("script:") && !written.contains("data:text"),
            "{url}: {written}"
        );
    }
}
