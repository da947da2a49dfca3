//! What the oldest and the newest version have of their own.

use gatewright_spec::model::{Location, Style};
use serde_json::{Value, json};

use crate::reading::{found, with};
use crate::{compiled, operation};

#[test]
fn swagger_2_reads_as_if_it_were_3() {
    let text = r##"
swagger: "2.0"
info: {title: T, version: "1"}
host: api.test
basePath: /v1
schemes: [http, https]
consumes: [application/json]
produces: [application/json]
securityDefinitions:
  basic: {type: basic}
  oauth: {type: oauth2, flow: accessCode, authorizationUrl: "https://x.test/a", tokenUrl: "https://x.test/t", scopes: {r: Read}}
parameters:
  limit: {name: limit, in: query, type: integer, maximum: 10}
  pet: {name: body, in: body, required: true, schema: {$ref: "#/definitions/Pet"}}
responses: {Gone: {description: Gone}}
definitions:
  Pet: {type: object, discriminator: kind, required: [kind], properties: {kind: {type: string}, nick: {type: string, x-nullable: true}}}
paths:
  /pets:
    get:
      operationId: list
      parameters: [{$ref: "#/parameters/limit"}, {name: ids, in: query, type: array, items: {type: string}, collectionFormat: pipes}]
      responses: {"200": {description: All, schema: {type: array, items: {$ref: "#/definitions/Pet"}}, examples: {application/json: [{kind: CAT}]}, headers: {X-N: {type: integer}}}, "404": {$ref: "#/responses/Gone"}}
    post:
      operationId: add
      parameters: [{$ref: "#/parameters/pet"}]
      responses: {}
    put:
      operationId: upload
      consumes: [multipart/form-data]
      parameters: [{name: file, in: formData, type: file, required: true}, {name: note, in: formData, type: string}]
      responses: {}
"##;
    let made = compiled(text).unwrap();
    let overview = &made.reference.overview;
    let servers: Vec<_> = overview.servers.iter().map(|server| server.url.as_str()).collect();
    assert_eq!(servers, ["https://api.test/v1", "http://api.test/v1"]);
    assert_eq!(
        (
            overview.specification.as_str(),
            overview.security_schemes[1].flows[0].flow.as_str()
        ),
        ("2.0", "authorizationCode")
    );
    let list = operation(&made, "list");
    assert_eq!(list.parameters[0].schema.limits, ["at most 10"]);
    assert_eq!(
        (list.parameters[1].style, list.parameters[1].explode),
        (Style::PipeDelimited, false)
    );
    assert_eq!(
        list.responses[0].contents[0].examples[0].value,
        json!([{"kind": "CAT"}])
    );
    assert_eq!(
        (
            list.responses[0].headers[0].name.as_str(),
            list.responses[1].description.markdown.as_str()
        ),
        ("X-N", "Gone")
    );
    let pet = operation(&made, "add").request_body.as_ref().unwrap().contents[0]
        .schema
        .clone()
        .unwrap();
    assert_eq!(
        (pet.slug.as_deref(), pet.discriminator.unwrap().field.as_str()),
        (Some("pet"), "kind")
    );
    assert!(pet.properties[1].schema.nullable);
    let form = &operation(&made, "upload").request_body.as_ref().unwrap().contents[0];
    assert_eq!(
        (
            form.media_type.as_str(),
            form.schema.as_ref().unwrap().properties[0].schema.format.as_deref()
        ),
        ("multipart/form-data", Some("binary"))
    );
    let document: Value = serde_json::from_str(&made.document).unwrap();
    assert_eq!(document["openapi"], "3.0.3");
    assert!(!made.document.contains("#/definitions/") && !made.document.contains("x-nullable"));
    // A fault is told where it was written.
    let broken = compiled(
        text.replace("#/definitions/Pet\"}, examples", "#/definitions/Pot\"}, examples")
            .replace(
                "{$ref: \"#/definitions/Pet\"}}, examples",
                "{$ref: \"#/definitions/Pot\"}}, examples",
            ),
    )
    .unwrap();
    let finding = found(&broken.findings, "reference-unresolved");
    assert_eq!(
        (finding.pointer.as_str(), finding.line),
        ("/paths/~1pets/get/responses/200/schema/items", Some(23))
    );
}

#[test]
fn what_3_2_brought_is_read() {
    let made = with(
        "3.2.0",
        "security: [{oauth: [read]}]
paths:
  /search:
    get:
      operationId: search
      parameters:
        - name: all
          in: querystring
          required: true
          content:
            application/x-www-form-urlencoded:
              schema: {type: object, required: [q], properties: {q: {type: string}, limit: {type: integer}}}
      responses:
        '200':
          summary: What was found
          content:
            text/event-stream:
              itemSchema: {type: object, required: [data], properties: {data: {type: string}}}
    query: {operationId: ask, responses: {'204': {}}}
    additionalOperations:
      COPY: {operationId: copy, responses: {'204': {}}}
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        deviceAuthorization:
          deviceAuthorizationUrl: https://x.test/device
          tokenUrl: https://x.test/token
          scopes: {read: Read}
",
    );
    assert_eq!(made.findings.len(), 0, "{:#?}", made.findings);
    let search = operation(&made, "search");
    let all = &search.parameters[0];
    assert_eq!(
        (all.location, all.required, all.media_type.as_deref()),
        (Location::QueryString, true, Some("application/x-www-form-urlencoded"))
    );
    let fields: Vec<_> = all
        .schema
        .properties
        .iter()
        .map(|property| (property.name.as_str(), property.required))
        .collect();
    assert_eq!(fields, [("q", true), ("limit", false)]);
    let stream = &search.responses[0].contents[0];
    let item = stream.item_schema.as_ref().unwrap();
    assert_eq!(
        (stream.media_type.as_str(), item.properties[0].name.as_str()),
        ("text/event-stream", "data")
    );
    assert_eq!(operation(&made, "ask").link.method, "QUERY");
    assert_eq!(operation(&made, "copy").link.method, "COPY");
    let flow = &made.reference.overview.security_schemes[0].flows[0];
    assert_eq!(flow.flow, "deviceAuthorization");
    assert_eq!(flow.authorization_url.as_deref(), Some("https://x.test/device"));
    assert_eq!(flow.token_url.as_deref(), Some("https://x.test/token"));
    assert_eq!(search.security[0].schemes[0].scopes, ["read"]);
}
