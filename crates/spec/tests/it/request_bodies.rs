//! Bodies as the media type says, and what a form starts with.

use gatewright_spec::model::{Example, Location, Style};
use gatewright_spec::request::{BODY_MAX_BYTES, build, example, wire};
use gatewright_spec::schema::Schema;
use gatewright_spec::values::{GivenBody, HttpBody, Values};
use serde_json::json;

use crate::shop;

#[test]
fn text_is_sent_as_it_was_written() {
    let operation = shop::with_content(shop::content("application/json; charset=utf-8"));
    let text = "{ \"a\": 1.0, \"a\": \"\u{0}\" }\n";
    let body = GivenBody {
        text: Some(text.to_owned()),
        ..shop::body("application/json; charset=utf-8")
    };
    let request = build(&operation, &shop::values(body)).unwrap();
    assert_eq!(
        request.headers,
        [("Content-Type".to_owned(), "application/json; charset=utf-8".to_owned())]
    );
    assert_eq!(request.body, HttpBody::Text(text.to_owned()));
}

#[test]
fn a_range_of_media_types_is_never_sent() {
    for (range, sent) in [
        ("image/*", "application/octet-stream"),
        ("text/*", "text/plain"),
        ("*/*", "application/octet-stream"),
    ] {
        let body = GivenBody {
            base64: Some("AAEC".to_owned()),
            ..shop::body(range)
        };
        let request = build(&shop::with_content(shop::content(range)), &shop::values(body)).unwrap();
        assert_eq!(request.headers[0].1, sent);
        assert_eq!(request.body, HttpBody::Bytes(vec![0, 1, 2]));
    }
    let hostile = "application/json\r\nX-Admin: yes";
    let body = GivenBody {
        text: Some("{}".to_owned()),
        ..shop::body(hostile)
    };
    assert_eq!(
        build(&shop::with_content(shop::content(hostile)), &shop::values(body))
            .unwrap()
            .headers[0]
            .1,
        "application/octet-stream"
    );
}

#[test]
fn fields_of_a_form_are_written_as_their_encoding_says() {
    let mut content = shop::content("application/x-www-form-urlencoded");
    let mut deep = shop::encoding("deep");
    (deep.style, deep.explode) = (Some(Style::DeepObject), Some(true));
    let mut flat = shop::encoding("flat");
    (flat.style, flat.explode) = (Some(Style::PipeDelimited), Some(false));
    content.encodings = vec![deep, flat];
    let mut body = shop::body("application/x-www-form-urlencoded");
    body.fields = vec![
        shop::field("a b", json!("c d&e")),
        shop::field("list", json!(["x", 1])),
        shop::field("object", json!({ "y": true })),
        shop::field("deep", json!({ "k": "v w" })),
        shop::field("flat", json!(["1", "2"])),
        shop::field("nothing", json!(null)),
    ];
    let request = build(&shop::with_content(content), &shop::values(body)).unwrap();
    let pairs = [
        ("a b", "c d&e"),
        ("list", "x"),
        ("list", "1"),
        ("object", "{\"y\":true}"),
        ("deep[k]", "v w"),
        ("flat", "1|2"),
    ];
    assert_eq!(
        request.body,
        HttpBody::Form(
            pairs
                .iter()
                .map(|(name, value)| (name.to_string(), value.to_string()))
                .collect()
        )
    );
    assert_eq!(
        String::from_utf8(wire(&request, "").1).unwrap(),
        "a%20b=c%20d%26e&list=x&list=1&object=%7B%22y%22%3Atrue%7D&deep%5Bk%5D=v%20w&flat=1%7C2"
    );
}

#[test]
fn parts_are_written_as_rfc_7578_says() {
    let mut content = shop::content("multipart/form-data");
    let mut picture = shop::encoding("picture");
    picture.media_type = Some("image/*, image/png".to_owned());
    content.encodings = vec![picture];
    let mut body = shop::body("multipart/form-data");
    body.fields = vec![
        shop::field("title", json!("ü")),
        shop::field("meta", json!({ "a": 1 })),
        shop::file("picture", "../a\"b.png", "", "AAE="),
    ];
    let request = build(&shop::with_content(content), &shop::values(body)).unwrap();
    let (headers, bytes) = wire(&request, "limit");
    assert_eq!(
        headers,
        [(
            "Content-Type".to_owned(),
            "multipart/form-data; boundary=limit".to_owned()
        )]
    );
    let expected = "--limit\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nü\r\n\
        --limit\r\nContent-Disposition: form-data; name=\"meta\"\r\nContent-Type: application/json\r\n\r\n{\"a\":1}\r\n\
        --limit\r\nContent-Disposition: form-data; name=\"picture\"; filename=\".._a_b.png\"\r\nContent-Type: image/png\r\n\r\n\0\u{1}\r\n\
        --limit--\r\n";
    assert_eq!(String::from_utf8(bytes).unwrap(), expected);
}

#[test]
fn a_body_that_cannot_be_sent_is_refused_by_field() {
    let mut content = shop::content("multipart/form-data");
    let schema = Schema {
        properties: vec![shop::property("file", true, Schema::default())],
        ..Schema::default()
    };
    content.schema = Some(schema);
    let operation = shop::with_content(content);
    let said = |body: Option<GivenBody>| {
        let wrong = build(
            &operation,
            &Values {
                parameters: Vec::new(),
                body,
            },
        )
        .unwrap_err();
        format!("{} {}", wrong[0].field, wrong[0].detail)
    };
    assert_eq!(said(None), "body is required");
    assert_eq!(
        said(Some(shop::body("text/plain"))),
        "body is of a media type that this operation does not take"
    );
    assert_eq!(said(Some(shop::body("multipart/form-data"))), "body.file is required");
    let with = |field| {
        Some(GivenBody {
            fields: vec![field],
            ..shop::body("multipart/form-data")
        })
    };
    assert_eq!(said(with(shop::file("file", "a", "", "?"))), "body.file is not base64");
    assert_eq!(
        said(with(shop::field("file", json!("a\0")))),
        "body.file may not have the character U+0000"
    );
    let body = GivenBody {
        text: Some("x".to_owned()),
        ..shop::body("multipart/form-data")
    };
    assert_eq!(said(Some(body)), "body is made of fields");

    let text = GivenBody {
        text: Some("x".repeat(BODY_MAX_BYTES + 1)),
        ..shop::body("text/plain")
    };
    let wrong = build(&shop::with_content(shop::content("text/plain")), &shop::values(text)).unwrap_err();
    assert_eq!(wrong[0].detail, "is longer than 10485760 bytes");
    let mut get = shop::with_content(shop::content("text/plain"));
    get.link.method = "get".to_owned();
    assert_eq!(build(&get, &Values::default()).unwrap().method, "GET");
    let wrong = build(&get, &shop::values(shop::body("text/plain"))).unwrap_err();
    assert_eq!(wrong[0].detail, "cannot be sent with this method");
}

#[test]
fn a_form_starts_with_what_is_required_and_the_descriptions_own_examples() {
    let mut content = shop::content("application/json");
    content.examples = vec![shop::example(json!({ "text": "Hello", "7": 1.0, "list": [] }))];
    let mut operation = shop::with_content(content);
    operation.link.path = "/v1/{id}/{bare}".to_owned();
    let mut id = shop::parameter(Location::Path, "id");
    id.schema.types = vec!["integer".to_owned()];
    let mut shown = shop::parameter(Location::Query, "shown");
    (shown.required, shown.examples) = (true, vec![shop::example(json!("an example"))]);
    operation.parameters = vec![id, shown, shop::parameter(Location::Query, "optional")];
    let values = example(&operation);
    let names: Vec<_> = values
        .parameters
        .iter()
        .map(|given| (given.name.as_str(), given.value.clone()))
        .collect();
    assert_eq!(
        names,
        [
            ("id", json!(1)),
            ("shown", json!("an example")),
            ("bare", json!("bare"))
        ]
    );
    let text = "{\n  \"7\": 1,\n  \"text\": \"Hello\",\n  \"list\": []\n}";
    assert_eq!(values.body.as_ref().unwrap().text.as_deref(), Some(text));
    assert_eq!(
        build(&operation, &values).unwrap().target,
        "/v1/1/bare?shown=an%20example"
    );
}

#[test]
fn a_form_starts_with_its_fields_and_an_empty_file() {
    let mut content = shop::content("multipart/form-data");
    let binary = Schema {
        types: vec!["string".to_owned()],
        format: Some("binary".to_owned()),
        ..Schema::default()
    };
    let held = Schema {
        limits: vec!["holds application/octet-stream".to_owned()],
        ..Schema::default()
    };
    let properties = vec![
        shop::property("file", true, binary.clone()),
        shop::property("held", true, held),
        shop::property("purpose", true, Schema::default()),
        shop::property("other", false, binary),
    ];
    content.schema = Some(Schema {
        properties,
        ..Schema::default()
    });
    content.examples = vec![Example {
        generated: true,
        ..shop::example(json!({ "purpose": "batch" }))
    }];
    let operation = shop::with_content(content);
    let request = build(&operation, &example(&operation)).unwrap();
    let HttpBody::Parts(parts) = request.body else {
        panic!("{:?}", request.body)
    };
    let names: Vec<_> = parts
        .iter()
        .map(|part| (part.name.as_str(), part.file_name.as_deref()))
        .collect();
    assert_eq!(
        names,
        [
            ("file", Some("file.bin")),
            ("held", Some("held.bin")),
            ("purpose", None)
        ]
    );
}
