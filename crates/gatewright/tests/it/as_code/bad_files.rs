//! What is wrong in a file is said with its place, in one line, before anything is asked of anybody.

use gatewright::apply::read::Desired;

/// A file, and what is said of it behind its name.
const BAD: &[(&str, &str)] = &[
    (
        "products:\n  shop: { kind: API, name: \"\" }",
        ":2:9: product shop: name: expected 1 to 200 characters on one line",
    ),
    (
        "products:\n  shop:\n    kind: API\n    name: Shop\n    contract: { format: OPENAPI, document: 'openapi: 3.1.0' }",
        ":3:5: contract shop: document: no JSON: expected value at line 1 column 1",
    ),
    (
        "plans:\n  pro:\n    name: Pro\n    price: { amount: \"-1\", currency: EUR }\n    billingPeriod: MONTH\n    rateLimits: [{ requests: 1, windowSeconds: 0 }]\n    products: [a]",
        ":3:5: plan pro: price/amount: expected an amount of at least 0 and under a billion, with at most 6 decimals; rateLimits/0: expected at least 1 request in 1 to 86400 seconds",
    ),
    (
        "gateways:\n  g:\n    name: G\n    environment: LIVE\n    authType: API_KEY\n    services: { a: { targetUrl: ftp://a } }",
        ":6:20: service g: a: targetUrl: a target URL starts with http:// or https://",
    ),
    (
        "gateways:\n  g:\n    name: G\n    environment: LIVE\n    authType: API_KEY\n    services: { a: { targetUrl: \"http://a\" } }\n    routes:\n      get /a/{x: { service: a, access: PUBLIC }",
        ":8:18: route g: get /a/{x: method: expected an HTTP method in capitals other than CONNECT and TRACE, or ANY; publicPath: segment \"{x\": a parameter is a whole segment, as in /{id}/",
    ),
    ("products: [", ":1:11: expected fields, as in `name: value`"),
    (
        "produkts: {}",
        ":1:1: unknown field `produkts`, expected one of tenant, products, plans, gateways",
    ),
    (
        "products:\n  shop: { kind: API, name: Shop, colour: red }",
        ":2:34: unknown field `colour`, expected one of kind, name, description, orchestrated, contract",
    ),
    (
        "products:\n  shop:\n    kind: SHOP\n    name: Shop",
        ":3:11: unknown variant `SHOP`, expected one of API, AGENTIC_API, AI_AGENT, MCP_SERVER",
    ),
    ("products:\n  shop:\n    kind: API", ":3:5: missing field `name`"),
    (
        "products:\n  Shop: { kind: API, name: Shop }",
        ":2:3: expected 1 to 63 characters of a-z, 0-9 and -, not starting or ending with -",
    ),
    (
        "products:\n  shop: { kind: API, name: Shop }\n  shop: { kind: API, name: Shop }",
        ":3:3: shop stands there twice",
    ),
    ("products:\n  shop: { kind: API, name: [1] }", ":2:28: expected a text"),
    (
        "products:\n  shop:\n    kind: API\n    name: Shop\n    contract: { format: OPENAPI, document: { $file: nowhere.json } }",
        ":5:44: $file nowhere.json: No such file or directory (os error 2)",
    ),
    (
        "products:\n  shop:\n    kind: API\n    name: Shop\n    contract: { format: OPENAPI, document: { file: a } }",
        ":5:46: unknown field `file`, expected one of $file",
    ),
    (
        "products:\n  shop:\n    kind: API\n    name: Shop\n    contract: { format: OPENAPI, document: 3 }",
        ":5:34: invalid type: integer `3`, expected a text, or `$file: <path>`",
    ),
    (
        "plans:\n  pro:\n    name: Pro\n    price: { amount: much, currency: EUR }\n    billingPeriod: MONTH\n    products: [a]",
        ":4:22: expected a decimal string like \"49.00\"",
    ),
    (
        "plans:\n  pro:\n    name: Pro\n    price: { amount: 1, currency: Euro }\n    billingPeriod: MONTH\n    products: [a]",
        ":4:35: expected three capital letters of ISO 4217, like EUR",
    ),
    (
        "plans:\n  pro:\n    name: Pro\n    price: { amount: 1, currency: EUR }\n    billingPeriod: MONTH\n    products: []",
        ":3:5: plan pro: expected at least one product",
    ),
    (
        "plans:\n  pro:\n    name: Pro\n    price: { amount: 1, currency: EUR }\n    billingPeriod: MONTH\n    products: [a, a]",
        ":6:19: product a stands in the plan twice",
    ),
    (
        "plans:\n  pro:\n    name: Pro\n    trialDays: -1",
        ":4:16: expected a number that fits (u16)",
    ),
    (
        "gateways:\n  g:\n    name: G\n    environment: LIVE\n    authType: API_KEY\n    routes:\n      /status: { service: a, access: PUBLIC }",
        ":7:7: \"/status\" is no route: expected a method, a space and a path, as in `GET /v1/translate/{id}`",
    ),
    (
        "gateways:\n  g:\n    name: G\n    environment: LIVE\n    authType: API_KEY\n    routes:\n      GET /status: { service: a, access: PUBLIC }",
        ":7:31: the gateway g has no service \"a\" in this file",
    ),
    (
        "gateways:\n  g:\n    name: G\n    environment: LIVE\n    authType: API_KEY\n    services: { a: { targetUrl: 'http://a' } }\n    routes:\n      GET /a/{x}: { service: a, access: PUBLIC }\n      GET /a/{y}: { service: a, access: PUBLIC }",
        ":9:19: GET /a/{y} matches the same requests as the route at FILE:8:19",
    ),
    (
        "tenant: a\n---\ntenant: b",
        ":3:1: a second document begins: a tenant file is one",
    ),
    (
        "a: &a [1, 1]\nb: &b [*a, *a]\nc: &c [*b, *b]",
        ":1:1: unknown field `a`, expected one of tenant, products, plans, gateways",
    ),
    ("- 1", ":1:1: expected fields, as in `name: value`"),
    ("tenant: \u{7}", ":1:9: unexpected character: `\\u{7}'"),
];

#[test]
fn everything_wrong_in_a_file_is_said_with_its_place_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenant.yaml");
    let mut said = Vec::new();
    for (text, _) in BAD {
        std::fs::write(&path, text).unwrap();
        let error = format!("{:#}", Desired::read(std::slice::from_ref(&path)).unwrap_err());
        assert!(!error.contains('\n'), "{error}");
        let error = error.replace(path.to_str().unwrap(), "FILE");
        said.push((*text, error.strip_prefix("FILE").unwrap().to_owned()));
    }
    let expected: Vec<_> = BAD
        .iter()
        .map(|(text, expected)| (*text, (*expected).to_owned()))
        .collect();
    assert_eq!(said, expected);
}

#[test]
fn a_folder_without_files_and_a_file_that_is_no_text_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let here = folder.path().to_owned();
    let error = Desired::read(std::slice::from_ref(&here)).unwrap_err().to_string();
    assert!(
        error.ends_with("no file in this folder ends with .yaml or .yml"),
        "{error}"
    );
    std::fs::write(here.join("a.yaml"), b"\xff").unwrap();
    let error = format!("{:#}", Desired::read(&[here]).unwrap_err());
    assert!(error.ends_with("a.yaml: no UTF-8 text"), "{error}");
}
