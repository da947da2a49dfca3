//! How what is written is read.

use gatewright_spec::compile::{Compiled, RemoteDocuments, Source, compile};
use gatewright_spec::model::{Finding, Location, OperationKind, SecurityKind, Style};
use gatewright_spec::schema::Schema;
use serde_json::json;

use crate::{compiled, operation};

/// A description with these parts, in a version, in YAML.
pub(super) fn with(version: &str, parts: &str) -> Compiled {
    let text = format!("openapi: {version}\ninfo: {{title: T, version: '1'}}\n{parts}");
    compiled(&text).unwrap_or_else(|findings| panic!("{findings:#?}\n{text}"))
}

/// One schema of OpenAPI 3.0 and 3.1, read by itself.
fn schema(version: &str, text: &str) -> Schema {
    let made = with(
        version,
        &format!("components:\n  schemas:\n    Other: {{type: object, properties: {{x: {{}}}}}}\n    S: {text}\n"),
    );
    made.reference.schemas[1].schema.clone()
}

pub(super) fn found<'f>(findings: &'f [Finding], rule: &str) -> &'f Finding {
    findings
        .iter()
        .find(|finding| finding.rule == rule)
        .unwrap_or_else(|| panic!("no {rule} in {findings:#?}"))
}

#[test]
fn null_is_the_same_in_every_dialect() {
    let texts = [
        ("3.0.3", "{type: string, nullable: true}"),
        ("3.1.0", "{type: [string, 'null']}"),
        ("3.1.0", "{anyOf: [{type: string}, {type: 'null'}]}"),
        ("3.1.0", "{oneOf: [{type: 'null'}, {type: string}]}"),
        ("3.1.0", "{type: string, nullable: true}"),
    ];
    for (version, text) in texts {
        let schema = schema(version, text);
        assert!(
            schema.nullable && schema.types == ["string"] && schema.any_of.is_empty() && schema.one_of.is_empty(),
            "{text}: {schema:?}"
        );
    }
    let referred = schema(
        "3.1.0",
        "{anyOf: [{$ref: '#/components/schemas/Other'}, {type: 'null'}]}",
    );
    assert_eq!(
        (referred.slug.as_deref(), referred.nullable, referred.properties.len()),
        (Some("s"), true, 1)
    );
    let choice = schema("3.1.0", "{enum: [a, b, null]}");
    assert!(choice.nullable && choice.allowed == ["a", "b"]);
}

#[test]
fn parts_are_put_together_where_nothing_is_lost() {
    let whole = schema(
        "3.0.3",
        "{allOf: [{$ref: '#/components/schemas/Other'}, {required: [x, y], properties: {y: {type: integer}}}]}",
    );
    let names: Vec<_> = whole
        .properties
        .iter()
        .map(|property| (property.name.as_str(), property.required))
        .collect();
    assert_eq!((names, whole.all_of.len()), (vec![("x", true), ("y", true)], 0));
    let closed = schema(
        "3.0.3",
        "{allOf: [{properties: {a: {}}, additionalProperties: false}, {properties: {b: {}}}]}",
    );
    assert_eq!(closed.all_of.len(), 1, "what is closed closes over its own fields");
    let contradiction = schema("3.0.3", "{allOf: [{type: string}, {type: integer}]}");
    assert_eq!(contradiction.all_of.len(), 1);
    let both = schema(
        "3.0.3",
        "{allOf: [{properties: {a: {type: string}}}, {properties: {a: {type: integer}}}]}",
    );
    assert_eq!(
        both.properties[0].schema.all_of.len(),
        2,
        "a field that two describe is both"
    );
    let wrapped = schema(
        "3.0.3",
        "{properties: {o: {description: Mine, allOf: [{$ref: '#/components/schemas/Other'}]}}}",
    );
    let field = &wrapped.properties[0].schema;
    assert_eq!(
        (field.name.as_deref(), field.description.markdown.as_str()),
        (Some("Other"), "Mine")
    );
}

#[test]
fn limits_are_said_in_words() {
    let limits = |version, text| schema(version, text).limits;
    assert_eq!(
        limits("3.0.3", "{type: string, minLength: 1, maxLength: 5, pattern: '^a'}"),
        ["1 to 5 characters", "matches ^a"]
    );
    assert_eq!(
        limits(
            "3.0.3",
            "{type: number, minimum: 1, exclusiveMinimum: true, maximum: 9}"
        ),
        ["more than 1", "at most 9"]
    );
    assert_eq!(
        limits("3.1.0", "{type: number, exclusiveMinimum: 1.5, multipleOf: 0.5}"),
        ["more than 1.5", "a multiple of 0.5"]
    );
    assert_eq!(
        limits("3.1.0", "{type: array, minItems: 2, maxItems: 2, uniqueItems: true}"),
        ["exactly 2 items", "no item twice"]
    );
}

#[test]
fn a_reference_reaches_other_documents_and_the_download_stands_alone() {
    let main = r##"
openapi: 3.1.0
info: {title: T, version: "1"}
paths:
  /a: {$ref: "paths.yaml#/~1a"}
  /b%7Bx%7D: {get: {operationId: b, responses: {"200": {$ref: "#/components/responses/a~1b%20c"}}}}
components:
  responses: {"a/b c": {description: Found}}
"##;
    let paths = "/a:\n  get:\n    operationId: a\n    responses:\n      '200':\n        description: D\n        content: {application/json: {schema: {$ref: 'more/pet.json'}}}\n";
    let pet = r##"{"type":"object","properties":{"name":{"type":"string"},"friend":{"$ref":"#"}}}"##;
    let remote = RemoteDocuments(
        [
            ("https://x.test/paths.yaml", paths),
            ("https://x.test/more/pet.json", pet),
        ]
        .map(|(url, text)| (url.to_owned(), text.as_bytes().to_vec()))
        .into(),
    );
    let source = Source {
        bytes: main.as_bytes(),
        url: Some("https://x.test/api.yaml"),
    };
    let made = compile(&source, &remote).unwrap();
    let body = operation(&made, "a").responses[0].contents[0].schema.clone().unwrap();
    assert_eq!((body.slug.as_deref(), body.properties.len()), (Some("pet"), 2));
    assert!(body.properties[1].schema.cut, "it comes back to itself");
    assert_eq!(operation(&made, "b").responses[0].description.markdown, "Found");
    assert_eq!(made.reference.schemas[0].name, "pet");
    // Alone, without any other document, it says the same.
    let again = compiled(&made.document).unwrap();
    assert!(
        again
            .findings
            .iter()
            .all(|finding| finding.rule != "reference-unresolved"),
        "{:#?}",
        again.findings
    );
    let body = operation(&again, "a").responses[0].contents[0].schema.clone().unwrap();
    assert_eq!(body.properties.len(), 2);
}

#[test]
fn what_stands_beside_a_reference_counts_from_3_1_on() {
    let beside = "{properties: {o: {$ref: '#/components/schemas/Other', deprecated: true, description: Mine}}}";
    let (old, new) = (schema("3.0.3", beside), schema("3.1.0", beside));
    assert!(!old.properties[0].schema.deprecated && new.properties[0].schema.deprecated);
    assert_eq!(new.properties[0].schema.description.markdown, "Mine");
    assert_eq!(new.properties[0].schema.properties.len(), 1);
}

#[test]
fn a_parameter_of_an_operation_goes_before_its_paths() {
    let made = with(
        "3.0.3",
        "paths:
  /a/{id}:
    parameters:
      - {name: id, in: path, required: true, schema: {type: string}}
      - {name: q, in: query, schema: {type: array, items: {type: string}}, style: pipeDelimited}
      - {name: Authorization, in: header, schema: {type: string}}
    get:
      parameters:
        - {name: q, in: query, required: true, description: Own, schema: {type: string}}
        - {name: f, in: query, content: {application/json: {schema: {type: object}, example: {a: 1}}}}
      responses: {}
",
    );
    let operation = operation(&made, "get-a-id");
    let all: Vec<_> = operation
        .parameters
        .iter()
        .map(|one| (one.name.as_str(), one.location, one.style, one.explode))
        .collect();
    let expected = [
        ("id", Location::Path, Style::Simple, false),
        ("q", Location::Query, Style::Form, true),
        ("f", Location::Query, Style::Form, true),
    ];
    assert_eq!(all, expected);
    assert_eq!(operation.parameters[1].description.markdown, "Own");
    assert_eq!(operation.parameters[2].media_type.as_deref(), Some("application/json"));
    assert_eq!(operation.parameters[2].examples[0].value, json!({"a": 1}));
}

#[test]
fn an_example_is_the_authors_or_made_from_the_schema() {
    let made = with(
        "3.1.0",
        "paths:
  /a:
    post:
      operationId: a
      requestBody:
        content:
          text/csv: {example: 'a,b'}
          application/json:
            schema:
              type: object
              required: [id, name]
              properties:
                id: {type: string, readOnly: true}
                name: {type: string, minLength: 8}
                count: {type: integer, minimum: 3}
                kind: {enum: [CAT, DOG]}
                at: {type: string, format: date-time}
                tags: {type: array, items: {type: string, examples: [red]}}
      responses:
        '200':
          description: D
          content:
            application/json:
              schema: {type: object, properties: {id: {type: string, readOnly: true}, pass: {type: string, writeOnly: true}}}
        '400':
          description: D
          content: {application/json: {examples: {one: {summary: First, value: {a: 1}}, two: {$ref: '#/components/examples/two'}}}}
components: {examples: {two: {value: [2]}}}
",
    );
    let operation = operation(&made, "a");
    let contents = &operation.request_body.as_ref().unwrap().contents;
    let example = &contents[0].examples[0];
    assert_eq!(contents[0].media_type, "application/json", "the form to take first");
    let expected =
        json!({"name": "stringxx", "count": 3, "kind": "CAT", "at": "2026-01-31T09:30:00Z", "tags": ["red"]});
    assert_eq!((&example.value, example.generated), (&expected, true));
    assert_eq!(
        (&contents[1].examples[0].value, contents[1].examples[0].generated),
        (&json!("a,b"), false)
    );
    assert_eq!(
        operation.responses[0].contents[0].examples[0].value,
        json!({"id": "string"})
    );
    let named: Vec<_> = operation.responses[1].contents[0]
        .examples
        .iter()
        .map(|one| (one.name.as_str(), &one.value))
        .collect();
    assert_eq!(named, [("one", &json!({"a": 1})), ("two", &json!([2]))]);
}

#[test]
fn a_judge_speaks_json_schema_whatever_the_dialect() {
    let made = with(
        "3.0.3",
        "paths:
  /a:
    post:
      operationId: a
      requestBody: {content: {application/json: {schema: {$ref: '#/components/schemas/A'}}}}
      responses: {'200': {description: D, content: {application/json: {schema: {type: string}}}}}
components:
  schemas:
    A:
      type: object
      required: [id, n]
      properties:
        id: {type: string, readOnly: true}
        n: {type: number, minimum: 1, exclusiveMinimum: true, nullable: true, example: 2, description: N}
        a: {$ref: '#/components/schemas/A'}
",
    );
    let operation = operation(&made, "a");
    let judge = operation.request_body.as_ref().unwrap().contents[0]
        .judge
        .clone()
        .unwrap();
    let expected = json!({
        "$ref": "#/$defs/a0",
        "$defs": {"a0": {
            "type": "object",
            "required": ["n"],
            "properties": {
                "id": {"type": "string"},
                "n": {"type": ["number", "null"], "exclusiveMinimum": 1},
                "a": {"$ref": "#/$defs/a0"},
            },
        }},
    });
    assert_eq!(judge, expected);
    assert!(operation.responses[0].contents[0].judge.is_none());
}

#[test]
fn who_may_call_is_said_in_plain_words() {
    let made = with(
        "3.1.0",
        "security: [{key: []}]
paths:
  /a: {get: {operationId: a, responses: {}}}
  /b: {get: {operationId: b, security: [], responses: {}}}
  /c: {get: {operationId: c, security: [{oauth: [read], key: []}, {}], responses: {}}}
  /d: {get: {operationId: d, security: [{gone: []}], responses: {}}}
components:
  securitySchemes:
    key: {type: apiKey, in: header, name: X-Api-Key}
    oauth: {type: oauth2, flows: {clientCredentials: {tokenUrl: 'https://x.test/token', scopes: {read: Read}}}}
    jwt: {type: http, scheme: bearer, bearerFormat: JWT}
",
    );
    let schemes = &made.reference.overview.security_schemes;
    assert_eq!(schemes[0].words, "An API key in the header X-Api-Key");
    assert_eq!(schemes[2].words, "A bearer token (JWT) in the header Authorization");
    assert_eq!(
        (schemes[1].kind, schemes[1].flows[0].token_url.as_deref()),
        (SecurityKind::OAuth2, Some("https://x.test/token"))
    );
    let asked = |slug| {
        let operation = operation(&made, slug);
        (operation.security.len(), operation.anonymous)
    };
    assert_eq!(
        [asked("a"), asked("b"), asked("c"), asked("d")],
        [(1, false), (0, true), (1, true), (0, false)]
    );
    assert_eq!(operation(&made, "c").security[0].schemes[0].scopes, ["read"]);
    assert_eq!(
        found(&made.findings, "security-scheme-unknown").pointer,
        "/paths/~1d/get/security/0/gone"
    );
}

#[test]
fn a_tag_has_its_operations_and_what_has_none_comes_last() {
    let made = with(
        "3.2.0",
        "tags: [{name: B, description: Second}, {name: A, parent: B}, {name: Empty}]
paths:
  /x: {get: {operationId: x, responses: {}}}
  /y: {get: {operationId: y, tags: [A, New], responses: {}}, query: {operationId: q, tags: [A], responses: {}},
       additionalOperations: {COPY: {operationId: copy, tags: [B], responses: {}}}}
",
    );
    let tags: Vec<_> = made
        .reference
        .overview
        .tags
        .iter()
        .map(|tag| {
            let slugs: Vec<&str> = tag.operations.iter().map(|link| link.slug.as_str()).collect();
            (tag.name.as_str(), tag.parent.as_deref(), slugs.join(" "))
        })
        .collect();
    let expected = [
        ("B", None, "copy".to_owned()),
        ("A", Some("b"), "y q".to_owned()),
        ("New", None, "y".to_owned()),
        ("Other", None, "x".to_owned()),
    ];
    assert_eq!(tags, expected);
    assert_eq!(operation(&made, "q").link.method, "QUERY");
    assert_eq!(operation(&made, "copy").link.method, "COPY");
}

#[test]
fn webhooks_callbacks_and_links_are_read() {
    let made = with(
        "3.1.0",
        "webhooks: {newPet: {post: {requestBody: {content: {application/json: {schema: {type: object}}}}, responses: {}}}}
paths:
  /a:
    post:
      operationId: a
      callbacks: {done: {'{$request.body#/url}': {post: {summary: Done, responses: {}}}}}
      responses:
        '2xx': {description: D, links: {next: {operationId: b, parameters: {id: '$response.body#/id'}}, ref: {operationRef: '#/paths/~1b/get'}}}
  /b: {get: {operationId: b, responses: {}}}
",
    );
    let webhook = &made
        .reference
        .operations
        .iter()
        .find(|one| one.link.kind == OperationKind::Webhook)
        .unwrap();
    assert_eq!(
        (webhook.link.slug.as_str(), webhook.link.path.as_str()),
        ("new-pet", "newPet")
    );
    assert!(
        webhook.request_body.as_ref().unwrap().contents[0].judge.is_none(),
        "the API sends it"
    );
    let operation = operation(&made, "a");
    assert_eq!(operation.callbacks[0].operation.link.title, "Done");
    assert_eq!(operation.responses[0].status, "2XX");
    let links: Vec<_> = operation.responses[0]
        .links
        .iter()
        .map(|link| link.operation.as_deref())
        .collect();
    assert_eq!(links, [Some("b"), Some("b")]);
}

#[test]
fn a_finding_says_where_in_json_and_in_yaml() {
    let yaml = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /a:\n    get:\n      responses:\n        '200':\n          $ref: '#/nowhere'\n";
    let finding = found(&compiled(yaml).unwrap().findings, "reference-unresolved").clone();
    assert_eq!(
        (finding.line, finding.pointer.as_str()),
        (Some(8), "/paths/~1a/get/responses/200")
    );
    let json = "{\n  \"openapi\": \"3.1.0\",\n  \"info\": {\"title\": \"T\", \"version\": \"1\"},\n  \"paths\": {\"a\": {}, \"/b\": {\"get\": {\"operationId\": 1, \"operationId\": \"b\"}}}\n}";
    let findings = compiled(json).unwrap().findings;
    let slash = found(&findings, "path-without-slash");
    assert_eq!((slash.line, slash.column), (Some(4), Some(18)));
    assert_eq!(found(&findings, "duplicate-key").line, Some(4));
    let broken = compiled("{\n \"openapi\": \"3.1.0\",\n \"paths\": {]\n}").unwrap_err();
    assert_eq!((broken[0].line, broken[0].column), (Some(3), Some(12)));
    let lenient = compiled("{\n // a comment is no JSON\n \"openapi\": \"3.1.0\", \"paths\": {},\n}");
    assert_eq!(lenient.unwrap_err()[0].line, Some(2));
    let comma = compiled("{\"openapi\": \"3.1.0\", \"paths\": {},\n}").unwrap();
    found(&comma.findings, "no-json");
}

#[test]
fn no_credential_is_published() {
    let key = "sk_live_0123456789abcdefghijABCDEFGHIJ";
    let made = with(
        "3.1.0",
        &format!(
            "x-api-key-value: {key}
x-internal-password: hunter2
servers: [{{url: 'https://ada:secret@api.test/v1'}}]
paths:
  /a:
    get:
      operationId: a
      description: 'Send {key} to https://user:pass@x.test/'
      x-amazon-apigateway-integration: {{credentials: 'arn:aws:iam::1:role/x', uri: 'http://10.0.0.1'}}
      responses: {{'200': {{description: D, headers: {{x-auth-token: {{schema: {{type: string}}}}}}, content: {{text/plain: {{example: {key}}}}}}}}}
components: {{schemas: {{S: {{properties: {{x-secret: {{type: string, default: sk_test_short}}}}}}}}}}
"
        ),
    );
    let written = format!("{}{}", serde_json::to_string(&made.reference).unwrap(), made.document);
    for secret in [
        "0123456789abcdef",
        "hunter2",
        "ada:",
        "secret@",
        "user:pass",
        "arn:aws",
        "10.0.0.1",
    ] {
        assert!(!written.contains(secret), "{secret}");
    }
    assert_eq!(made.reference.overview.servers[0].url, "https://api.test/v1");
    assert_eq!(
        operation(&made, "a").responses[0].headers[0].name,
        "x-auth-token",
        "a name is no extension"
    );
    assert!(written.contains("x-secret") && written.contains("sk_test_short"));
    assert!(found(&made.findings, "credential-removed").line.is_some());
}

#[test]
fn numbers_and_words_of_yaml_are_what_its_core_schema_says() {
    let schema = schema(
        "3.1.0",
        "{enum: [yes, 0x1F, 0o17, 1_000, .5, +1, 1e3, 007, 2026-01-31, '1', ~, True, .inf, 12345678901234567890123]}",
    );
    let expected = json!([
        "yes",
        31,
        15,
        "1_000",
        0.5,
        1,
        1e3,
        7,
        "2026-01-31",
        "1",
        true,
        ".inf",
        12345678901234567890123f64
    ]);
    assert_eq!(json!(schema.allowed), expected);
}
