//! What two revisions differ in, and what of it breaks a program.

use gatewright_spec::diff::{Before, Diff, Difference, diff};

use crate::compiled;

const BASE: &str = r#"
openapi: 3.1.0
info: {title: T, version: "1"}
security: [{key: []}, {}]
components:
  securitySchemes: {key: {type: apiKey, in: header, name: X-Api-Key}}
  schemas:
    Pet:
      type: object
      required: [name]
      properties:
        name: {type: string}
        kind: {type: string, enum: [CAT, DOG]}
paths:
  /pets/{id}:
    post:
      operationId: feed
      parameters:
        - {name: id, in: path, required: true, schema: {type: string}}
        - {name: limit, in: query, schema: {type: integer}}
      requestBody:
        content:
          application/json:
            schema: {type: object, properties: {food: {type: string, enum: [A, B]}}}
      responses:
        "200":
          description: Fed
          content: {application/json: {schema: {type: object, required: [ok], properties: {ok: {type: boolean}}}}}
  /pets:
    get: {operationId: list, responses: {"200": {description: All}}}
"#;

/// The difference that replacing one text makes, compiled from both.
fn after(replacements: &[(&str, &str)]) -> Diff {
    let mut text = BASE.to_owned();
    for (old, new) in replacements {
        assert!(text.contains(old), "{old} is in the document");
        text = text.replacen(old, new, 1);
    }
    let revision = |text: &str| compiled(text).expect("it is a description").reference;
    let before = revision(BASE);
    let before = Before {
        overview: before.overview,
        operations: before.operations,
        schemas: before.schemas,
    };
    diff(before, &revision(&text))
}

/// Whether the only difference lies in one place and says so.
fn tells(diff: &Diff, name: &str, place: &str, words: &str, breaking: bool) {
    let all: Vec<_> = diff.operations.iter().chain(&diff.schemas).collect();
    let one = all
        .iter()
        .find(|one| one.name == name)
        .unwrap_or_else(|| panic!("{name} is not in {diff:#?}"));
    let change = one
        .changes
        .iter()
        .find(|change| change.place == place && change.words.contains(words));
    let change = change.unwrap_or_else(|| panic!("{place}: {words} is not in {one:#?}"));
    assert_eq!(change.breaking, breaking, "{change:?}");
    assert_eq!(diff.breaking, breaking, "{diff:#?}");
}

#[test]
fn what_was_not_changed_is_not_different() {
    assert!(after(&[]).is_empty());
    assert!(!after(&[]).breaking);
}

#[test]
fn a_removed_operation_breaks_and_a_new_one_does_not() {
    let removed = after(&[(
        "  /pets:\n    get: {operationId: list, responses: {\"200\": {description: All}}}\n",
        "",
    )]);
    assert_eq!(
        (removed.operations[0].difference, removed.breaking),
        (Difference::Removed, true)
    );
    let added = after(&[("  /pets:\n", "  /more:\n    get: {responses: {}}\n  /pets:\n")]);
    assert_eq!(
        (added.operations[0].difference, added.breaking),
        (Difference::Added, false)
    );
}

#[test]
fn a_path_parameter_may_get_another_name() {
    let diff = after(&[("/pets/{id}", "/pets/{petId}"), ("{name: id,", "{name: petId,")]);
    assert!(!diff.breaking, "{diff:#?}");
}

#[test]
fn what_is_asked_for_may_not_become_more() {
    let feed = "POST /pets/{id}";
    let limit = "query parameter limit";
    tells(
        &after(&[("in: query,", "in: query, required: true,")]),
        feed,
        limit,
        "required now",
        true,
    );
    tells(
        &after(&[(
            "{name: limit, in: query, schema: {type: integer}}",
            "{name: limit, in: query, schema: {type: string}}",
        )]),
        feed,
        limit,
        "is string now",
        true,
    );
    tells(
        &after(&[("schema: {type: integer}", "schema: {type: integer, maximum: 5}")]),
        feed,
        limit,
        "at most 5",
        true,
    );
    tells(
        &after(&[("schema: {type: integer}", "schema: {type: number}")]),
        feed,
        limit,
        "is number now",
        false,
    );
    tells(
        &after(&[("enum: [A, B]", "enum: [A]")]),
        feed,
        "request body › food",
        "no longer be \"B\"",
        true,
    );
    tells(
        &after(&[("enum: [A, B]", "enum: [A, B, C]")]),
        feed,
        "request body › food",
        "may be \"C\" now",
        false,
    );
    tells(
        &after(&[(
            "properties: {food:",
            "required: [dose], properties: {dose: {type: integer}, food:",
        )]),
        feed,
        "request body › dose",
        "new and required",
        true,
    );
    tells(
        &after(&[("properties: {food:", "properties: {dose: {type: integer}, food:")]),
        feed,
        "request body › dose",
        "is new",
        false,
    );
    tells(
        &after(&[("security: [{key: []}, {}]", "security: [{key: []}]")]),
        feed,
        "security",
        "nobody may call it",
        true,
    );
}

#[test]
fn what_comes_back_may_not_become_less() {
    let feed = "POST /pets/{id}";
    tells(
        &after(&[(
            "required: [ok], properties: {ok: {type: boolean}}",
            "properties: {yes: {type: boolean}}",
        )]),
        feed,
        "answer 200 › ok",
        "is gone",
        true,
    );
    tells(
        &after(&[("required: [ok], properties", "properties")]),
        feed,
        "answer 200 › ok",
        "may be missing",
        true,
    );
    tells(
        &after(&[("ok: {type: boolean}", "ok: {type: [boolean, \"null\"]}")]),
        feed,
        "answer 200 › ok",
        "may be null",
        true,
    );
    tells(
        &after(&[("ok: {type: boolean}", "ok: {type: boolean}, more: {}")]),
        feed,
        "answer 200 › more",
        "is new",
        false,
    );
    tells(
        &after(&[("\"200\":\n", "\"202\":\n")]),
        feed,
        "answer 200",
        "is gone",
        true,
    );
}

#[test]
fn a_schema_with_a_page_is_judged_both_ways() {
    tells(
        &after(&[("[CAT, DOG]", "[CAT]")]),
        "Pet",
        "kind",
        "no longer be \"DOG\"",
        true,
    );
    tells(
        &after(&[("required: [name]", "required: []")]),
        "Pet",
        "name",
        "may be missing",
        true,
    );
    tells(
        &after(&[("name: {type: string}", "name: {type: string, description: Its name}")]),
        "Pet",
        "name",
        "says something else",
        false,
    );
}

#[test]
fn a_deprecation_is_told_and_breaks_nothing() {
    tells(
        &after(&[("operationId: list", "deprecated: true, operationId: list")]),
        "GET /pets",
        "",
        "deprecated",
        false,
    );
}
