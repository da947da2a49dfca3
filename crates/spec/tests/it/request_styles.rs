//! Parameters as OpenAPI and RFC 6570 write them.

use gatewright_spec::model::{Location, Style};
use gatewright_spec::request::{TARGET_MAX_BYTES, build, build_with};
use gatewright_spec::values::{Invalid, Values};
use serde_json::{Value, json};

use crate::shop;

/// OpenAPI 3.1.1 §4.8.12.4: style, `explode`, then what is made of nothing, of a text, of a list and of an object.
/// `n/a` and what RFC 6570 calls undefined are left out.
const TABLE: &[(Style, bool, &str, &str, &str, &str)] = &[
    (
        Style::Matrix,
        false,
        ";color",
        ";color=blue",
        ";color=blue,black,brown",
        ";color=R,100,G,200,B,150",
    ),
    (
        Style::Matrix,
        true,
        ";color",
        ";color=blue",
        ";color=blue;color=black;color=brown",
        ";R=100;G=200;B=150",
    ),
    (
        Style::Label,
        false,
        ".",
        ".blue",
        ".blue,black,brown",
        ".R,100,G,200,B,150",
    ),
    (
        Style::Label,
        true,
        ".",
        ".blue",
        ".blue.black.brown",
        ".R=100.G=200.B=150",
    ),
    (
        Style::Simple,
        false,
        "",
        "blue",
        "blue,black,brown",
        "R,100,G,200,B,150",
    ),
    (Style::Simple, true, "", "blue", "blue,black,brown", "R=100,G=200,B=150"),
    (
        Style::Form,
        false,
        "color=",
        "color=blue",
        "color=blue,black,brown",
        "color=R,100,G,200,B,150",
    ),
    (
        Style::Form,
        true,
        "color=",
        "color=blue",
        "color=blue&color=black&color=brown",
        "R=100&G=200&B=150",
    ),
    (
        Style::SpaceDelimited,
        false,
        "",
        "",
        "color=blue%20black%20brown",
        "color=R%20100%20G%20200%20B%20150",
    ),
    (
        Style::PipeDelimited,
        false,
        "",
        "",
        "color=blue%7Cblack%7Cbrown",
        "color=R%7C100%7CG%7C200%7CB%7C150",
    ),
    (
        Style::DeepObject,
        true,
        "",
        "",
        "",
        "color%5BR%5D=100&color%5BG%5D=200&color%5BB%5D=150",
    ),
];

fn target(location: Location, style: Style, explode: bool, value: Value) -> Result<String, Vec<Invalid>> {
    let mut parameter = shop::parameter(location, "color");
    (parameter.style, parameter.explode) = (style, explode);
    let path = if location == Location::Path { "/x{color}" } else { "/" };
    let (operation, values) = shop::with_parameter(path, parameter, value);
    build(&operation, &values).map(|request| request.target)
}

#[test]
fn the_specifications_own_table_of_styles_comes_out() {
    let columns = [
        json!(""),
        json!("blue"),
        json!(["blue", "black", "brown"]),
        json!({ "R": 100, "G": 200, "B": 150 }),
    ];
    for &(style, explode, empty, text, list, object) in TABLE {
        let location = match style {
            Style::Matrix | Style::Label | Style::Simple => Location::Path,
            _ => Location::Query,
        };
        for (value, expected) in columns.iter().zip([empty, text, list, object]) {
            if expected.is_empty() {
                continue;
            }
            let lead = if location == Location::Path { "/x" } else { "/?" };
            let got = target(location, style, explode, value.clone()).unwrap();
            assert_eq!(got, format!("{lead}{expected}"), "{style} explode={explode} {value}");
        }
    }
}

#[test]
fn header_fields_are_not_percent_encoded_and_cookies_are_parted_as_cookies() {
    let cases = [
        (Location::Header, false, json!(["a b", "c"]), "a b,c"),
        (Location::Header, true, json!({ "R": 100, "G": "x y" }), "R=100,G=x y"),
        (Location::Header, false, json!({ "R": 100, "G": 200 }), "R,100,G,200"),
        (Location::Cookie, false, json!(["a b", "c"]), "color=a%20b,c"),
        (Location::Cookie, true, json!(["a b", "c"]), "color=a%20b; color=c"),
        (Location::Cookie, true, json!({ "R": 1, "G": 2 }), "R=1; G=2"),
        (Location::Cookie, true, json!("a;b"), "color=a%3Bb"),
    ];
    for (location, explode, value, expected) in cases {
        let mut parameter = shop::parameter(location, "color");
        parameter.explode = explode;
        let (operation, values) = shop::with_parameter("/", parameter, value);
        let request = build(&operation, &values).unwrap();
        let name = if location == Location::Cookie {
            "Cookie"
        } else {
            "color"
        };
        assert_eq!(request.headers, [(name.to_owned(), expected.to_owned())]);
    }
}

#[test]
fn every_character_that_a_client_would_change_is_encoded() {
    let weird = "a b/c?d#e&f=g+h%i'j\"k<l>m[n]o|p\\q^r`s{t}ü😀\r\n\0.~-_!*()";
    let strict = "a%20b%2Fc%3Fd%23e%26f%3Dg%2Bh%25i%27j%22k%3Cl%3Em%5Bn%5Do%7Cp%5Cq%5Er%60s%7Bt%7D%C3%BC%F0%9F%98%80%0D%0A%00.~-_%21%2A%28%29";
    assert_eq!(
        target(Location::Query, Style::Form, true, json!(weird)).unwrap(),
        format!("/?color={strict}")
    );
    assert_eq!(
        target(Location::Path, Style::Simple, false, json!(weird)).unwrap(),
        format!("/x{strict}")
    );

    let mut parameter = shop::parameter(Location::Query, "q");
    parameter.allow_reserved = true;
    let (operation, values) = shop::with_parameter("/", parameter, json!("a/b?c=d&e,f:g@h%20i#j[k]'l m"));
    assert_eq!(
        build(&operation, &values).unwrap().target,
        "/?q=a/b?c=d&e,f:g@h%20i%23j%5Bk%5D%27l%20m"
    );
}

#[test]
fn numbers_are_written_as_a_browser_writes_them() {
    let cases = [
        ("1", "1"),
        ("1.0", "1"),
        ("-0.0", "0"),
        ("0.1", "0.1"),
        ("1e21", "1e%2B21"),
        ("1e20", "100000000000000000000"),
        ("1e-7", "1e-7"),
        ("0.000001", "0.000001"),
        ("123456.789", "123456.789"),
        ("-1.5e300", "-1.5e%2B300"),
        ("9007199254740993", "9007199254740992"),
        ("18446744073709551615", "18446744073709552000"),
        ("5e-324", "5e-324"),
    ];
    for (written, expected) in cases {
        let value: Value = serde_json::from_str(written).unwrap();
        assert_eq!(
            target(Location::Query, Style::Form, true, value).unwrap(),
            format!("/?color={expected}"),
            "{written}"
        );
    }
}

#[test]
fn a_parameter_with_a_media_type_is_written_in_it() {
    let mut parameter = shop::parameter(Location::Query, "filter");
    parameter.media_type = Some("application/json".to_owned());
    let (operation, values) = shop::with_parameter("/", parameter.clone(), json!({ "b": [1, "x"], "a": null }));
    assert_eq!(
        build(&operation, &values).unwrap().target,
        "/?filter=%7B%22b%22%3A%5B1%2C%22x%22%5D%2C%22a%22%3Anull%7D"
    );
    parameter.schema.types = vec!["string".to_owned()];
    let (operation, values) = shop::with_parameter("/", parameter, json!("x"));
    assert_eq!(build(&operation, &values).unwrap().target, "/?filter=%22x%22");
}

#[test]
fn a_whole_query_and_nested_objects_are_written() {
    let mut whole = shop::parameter(Location::QueryString, "all");
    whole.media_type = Some("application/x-www-form-urlencoded".to_owned());
    let (operation, values) = shop::with_parameter("/", whole, json!({ "a b": "c d", "e": 1 }));
    assert_eq!(build(&operation, &values).unwrap().target, "/?a%20b=c%20d&e=1");
    let deep = target(
        Location::Query,
        Style::DeepObject,
        true,
        json!({ "a": { "b": [1, 2] } }),
    )
    .unwrap();
    assert_eq!(deep, "/?color%5Ba%5D%5Bb%5D=1&color%5Ba%5D%5Bb%5D=2");
}

#[test]
fn null_and_lists_without_anything_are_not_sent() {
    for nothing in [json!(null), json!([]), json!({}), json!([null])] {
        assert_eq!(
            target(Location::Query, Style::Form, true, nothing.clone()).unwrap(),
            "/"
        );
        let wrong = target(Location::Path, Style::Simple, false, nothing).unwrap_err();
        assert_eq!(
            (wrong[0].field.as_str(), wrong[0].detail.as_str()),
            ("path.color", "is required")
        );
    }
}

#[test]
fn a_path_that_would_lead_elsewhere_is_refused() {
    for value in ["..", "."] {
        let (operation, values) =
            shop::with_parameter("/v1/{id}/x", shop::parameter(Location::Path, "id"), json!(value));
        assert_eq!(build(&operation, &values).unwrap_err()[0].field, "path", "{value}");
    }
    let mut parameter = shop::parameter(Location::Path, "id");
    parameter.allow_reserved = true;
    for value in ["%2e%2E", "..", "%2E"] {
        let (operation, values) = shop::with_parameter("/v1/{id}", parameter.clone(), json!(value));
        assert_eq!(build(&operation, &values).unwrap_err()[0].field, "path", "{value}");
    }
    let (operation, values) = shop::with_parameter("/v1/{id}", parameter, json!("a/../b?c"));
    assert_eq!(build(&operation, &values).unwrap().target, "/v1/a%2F..%2Fb%3Fc");
}

#[test]
fn a_header_field_that_would_be_two_is_refused() {
    for value in ["a\r\nX-Admin: yes", "a\nb", "a\0", "ü"] {
        let (operation, values) = shop::with_parameter("/", shop::parameter(Location::Header, "X-Id"), json!(value));
        let wrong = build(&operation, &values).unwrap_err();
        assert_eq!(wrong[0].field, "header.X-Id", "{value:?}");
    }
    let (operation, values) = shop::with_parameter("/", shop::parameter(Location::Header, "X Id:"), json!("a"));
    assert_eq!(
        build(&operation, &values).unwrap_err()[0].detail,
        "has a name that no header field can have"
    );
}

#[test]
fn what_the_framing_or_the_gateway_sets_is_left_out() {
    for name in ["Authorization", "content-length", "Host", "Transfer-Encoding", "Cookie"] {
        let mut parameter = shop::parameter(Location::Header, name);
        parameter.required = true;
        let (operation, values) = shop::with_parameter("/", parameter, json!("x"));
        assert_eq!(build(&operation, &values).unwrap().headers, [], "{name}");
    }
    let mut key = shop::parameter(Location::Header, "x-api-key");
    key.required = true;
    let (operation, _) = shop::with_parameter("/", key, json!(""));
    let credential = shop::place("").credential;
    assert_eq!(
        build(&operation, &Values::default()).unwrap_err()[0].field,
        "header.x-api-key"
    );
    assert_eq!(
        build_with(&operation, &Values::default(), &credential).unwrap().headers,
        []
    );
}

#[test]
fn what_is_not_there_given_twice_or_too_long_is_refused_by_name() {
    let (operation, mut values) = shop::with_parameter("/", shop::parameter(Location::Query, "q"), json!("x"));
    values.parameters.push(values.parameters[0].clone());
    values
        .parameters
        .push(shop::given(Location::Query, "other", json!("x")));
    let wrong = build(&operation, &values).unwrap_err();
    let said: Vec<_> = wrong
        .iter()
        .map(|one| format!("{} {}", one.field, one.detail))
        .collect();
    assert_eq!(
        said,
        [
            "query.q is given twice",
            "query.other is no parameter of this operation"
        ]
    );

    let long = "x".repeat(TARGET_MAX_BYTES);
    let wrong = target(Location::Query, Style::Form, true, json!(long)).unwrap_err();
    assert_eq!(wrong[0].detail, "is longer than 16384 bytes with its query");
    let deep = (0..40).fold(json!(1), |inner, _| json!({ "a": inner }));
    let wrong = target(Location::Query, Style::DeepObject, true, deep).unwrap_err();
    assert_eq!(wrong[0].detail, "is nested more than 16 deep");
}

#[test]
fn a_name_in_the_path_that_nobody_described_can_be_filled_and_has_to_be() {
    let operation = shop::operation("GET", "/v1/{id}/ü x?fixed=1");
    let values = Values {
        parameters: vec![shop::given(Location::Path, "id", json!("a/b"))],
        body: None,
    };
    assert_eq!(
        build(&operation, &values).unwrap().target,
        "/v1/a%2Fb/%C3%BC%20x?fixed=1"
    );
    assert_eq!(build(&operation, &Values::default()).unwrap_err()[0].field, "path.id");
}
