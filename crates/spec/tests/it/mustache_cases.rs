//! The official cases of the mustache specification.

use gatewright_spec::mustache::{Error, parse, render};
use serde_json::Value;

const FILES: [(&str, &str, usize); 6] = [
    ("comments", include_str!("../mustache/comments.json"), 11),
    ("delimiters", include_str!("../mustache/delimiters.json"), 14),
    ("interpolation", include_str!("../mustache/interpolation.json"), 30),
    ("inverted", include_str!("../mustache/inverted.json"), 21),
    ("partials", include_str!("../mustache/partials.json"), 11),
    ("sections", include_str!("../mustache/sections.json"), 25),
];

#[test]
fn every_official_case_of_mustache_is_rendered_as_it_says() {
    for (file, text, count) in FILES {
        let cases: Value = serde_json::from_str(text).unwrap();
        let cases = cases["tests"].as_array().unwrap();
        assert_eq!(cases.len(), count, "{file}");
        for case in cases {
            let partials = &case["partials"];
            let partial = |name: &str| partials[name].as_str().map(str::to_owned);
            let template = parse(case["template"].as_str().unwrap()).unwrap();
            let rendered = render(&template, &case["data"], &partial).unwrap();
            assert_eq!(
                rendered,
                case["expected"].as_str().unwrap(),
                "{file}: {}: {}",
                case["name"],
                case["desc"]
            );
        }
    }
}

#[test]
fn a_template_that_cannot_be_read_says_why() {
    assert_eq!(parse("{{#a}} x"), Err(Error::UnclosedSection("a".to_owned())));
    assert_eq!(parse("{{#a}}{{/b}}"), Err(Error::StrayClose("b".to_owned())));
    assert_eq!(parse("x {{a"), Err(Error::UnclosedTag("{{a".to_owned())));
    assert_eq!(parse("{{=|=}}"), Err(Error::Delimiters("|".to_owned())));
    assert_eq!(parse(&"{{#a}}".repeat(100)), Err(Error::TooDeep));
    let endless = parse("{{>self}}").unwrap();
    assert_eq!(
        render(&endless, &Value::Null, &|_| Some("{{>self}}".to_owned())),
        Err(Error::TooDeep)
    );
}
