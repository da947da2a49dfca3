//! What the browser makes of values is what the server makes of them: the same faults, the same samples, byte for byte.

use std::fs;
use std::path::Path;
use std::process::Command;

use gatewright_spec::model::{Content, Location, Operation, RequestBody, Style};
use gatewright_spec::place::{CredentialField, Place};
use gatewright_spec::request::{build_with, example};
use gatewright_spec::samples::{Language, render};
use gatewright_spec::schema::Schema;
use gatewright_spec::values::{GivenBody, HttpRequest, Values};
use serde_json::{Map, Value, json};

use crate::shop;

const CASES: usize = 2000;
/// How many of them have to be requests, or the comparison says little.
const REQUESTS_MIN: usize = 500;

/// Deterministic choice, so that what fails today fails tomorrow (Knuth's MMIX constants).
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn of<'a, T: ?Sized>(&mut self, items: &[&'a T]) -> &'a T {
        items[self.below(items.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    fn text(&mut self) -> String {
        let pieces = [
            "a",
            "B c",
            "7",
            "",
            "\"",
            "'",
            "`",
            "\\",
            "\\n",
            "\n",
            "\r\n",
            "\t",
            "\0",
            "\u{7}",
            "\u{1b}[0m",
            "\u{7f}",
            "\u{85}",
            "$",
            "${x}",
            "$HOME",
            "#{y}",
            "#$z",
            "#@",
            "%",
            "%s",
            "%20",
            "%zz",
            "{{n}}",
            "{{{m}}}",
            "{{#s}}",
            "\"\"\"",
            "'''",
            "@\"",
            "*/",
            "//",
            "<!--",
            "</script>",
            "&",
            "=",
            ";",
            ",",
            "|",
            "+",
            "~",
            "!x",
            "?",
            "#",
            "/",
            "..",
            ".",
            " ",
            "  ",
            " \n",
            "ü",
            "😀",
            "\u{202e}",
            "\u{feff}",
            "\u{2028}",
            "\u{200d}",
            "\u{e000}",
            "[k]",
            "{id}",
            "\u{fffd}",
            "é\u{301}",
            "\n\n",
            "\"\n",
            "\\\"",
        ];
        (0..self.below(5)).map(|_| self.of(&pieces)).collect()
    }

    fn value(&mut self, depth: usize) -> Value {
        match self.below(if depth == 0 { 8 } else { 11 }) {
            0 => json!(null),
            1 => json!(self.chance(50)),
            2 => json!(self.below(100_000)),
            3 => json!(f64::from(u32::try_from(self.below(1 << 30)).unwrap()) / 1e4),
            4 => json!([-0.0, 1e21, 1e-7, 123_456_789_012_345_680_000.0, -2.5e-9][self.below(5)]),
            5..=7 => json!(self.text()),
            8 => Value::Array((0..self.below(4)).map(|_| self.value(depth - 1)).collect()),
            _ => Value::Object(
                (0..self.below(4))
                    .map(|_| (self.name(), self.value(depth - 1)))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    fn name(&mut self) -> String {
        if self.chance(6) {
            self.text()
        } else {
            (*self.of(&["id", "q", "X-Thing", "a b", "10", "2", "tags[]", "Accept"])).to_owned()
        }
    }

    fn schema(&mut self, depth: usize) -> Schema {
        let mut schema = Schema::default();
        if self.chance(70) {
            schema.types = vec![
                self.of(&["string", "integer", "number", "boolean", "array", "object"])
                    .to_owned(),
            ];
        }
        if self.chance(30) {
            schema.format = Some(self.of(&["uuid", "date-time", "binary", "odd"]).to_owned());
        }
        if self.chance(20) {
            schema.limits = vec![self.of(&["holds image/png", "holds text/csv", "at least 1"]).to_owned()];
        }
        if self.chance(20) {
            schema.examples = vec![self.value(2)];
        }
        if self.chance(20) {
            schema.allowed = vec![self.value(0), self.value(0)];
        }
        if depth > 0 {
            schema.properties = (0..self.below(4))
                .map(|_| {
                    let mut property = shop::property(&self.name(), self.chance(25), self.schema(depth - 1));
                    property.schema.read_only = self.chance(10);
                    property
                })
                .collect();
            schema.items = self.chance(30).then(|| Box::new(self.schema(depth - 1)));
            if self.chance(15) {
                schema.one_of = vec![self.schema(depth - 1), self.schema(depth - 1)];
            }
        }
        schema
    }

    fn content(&mut self) -> Content {
        let types = [
            "application/json",
            "application/problem+json; charset=utf-8",
            "text/plain",
            "text/*",
            "application/xml",
            "image/png",
            "*/*",
            "application/octet-stream",
            "application/x-www-form-urlencoded",
            "multipart/form-data",
            "multipart/form-data",
            "application/x-www-form-urlencoded",
            "multipart/form-data; x=y",
            "odd",
            "a/b\r\nc: d",
        ];
        let mut content = shop::content(self.of(&types));
        content.schema = self.chance(80).then(|| self.schema(2));
        if self.chance(70) {
            let mut example = shop::example(self.value(3));
            example.cut = self.chance(10);
            content.examples = vec![example];
        }
        if let (Some(schema), true) = (&content.schema, self.chance(50)) {
            for property in &schema.properties {
                let mut encoding = shop::encoding(&property.name);
                encoding.media_type = self
                    .chance(40)
                    .then(|| (*self.of(&["application/json", "image/*, image/gif", "text/csv", "*/*"])).to_owned());
                encoding.style = self.chance(40).then(|| self.style());
                encoding.explode = self.chance(30).then(|| self.below(2) == 0);
                content.encodings.push(encoding);
            }
        }
        content
    }

    fn style(&mut self) -> Style {
        Style::ALL[self.below(Style::ALL.len())]
    }

    fn operation(&mut self) -> Operation {
        let method = self.of(&[
            "GET", "POST", "put", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "SEARCH", "CON NECT",
        ]);
        let path = self.of(&[
            "/v1/{id}",
            "/v1/things",
            "/v1/{id}/ü {q}?fixed=1",
            "{bare}/x",
            "/a%20b/{id}.json",
            "/{open",
        ]);
        let mut operation = shop::operation(method, path);
        for _ in 0..self.below(5) {
            let location = Location::ALL[self.below(Location::ALL.len())];
            let name = self.name();
            if operation
                .parameters
                .iter()
                .any(|known| known.location == location && known.name == name)
            {
                continue;
            }
            let mut parameter = shop::parameter(location, &name);
            parameter.required = self.chance(35);
            parameter.style = self.style();
            parameter.explode = self.chance(50);
            parameter.allow_reserved = self.chance(30);
            parameter.media_type = self
                .chance(15)
                .then(|| (*self.of(&["application/json", "text/plain"])).to_owned());
            parameter.schema = self.schema(1);
            parameter.examples = if self.chance(30) {
                vec![shop::example(self.value(2))]
            } else {
                Vec::new()
            };
            operation.parameters.push(parameter);
        }
        if self.chance(60) {
            let contents = (0..1 + self.below(2)).map(|_| self.content()).collect();
            operation.request_body = Some(RequestBody {
                required: self.chance(50),
                contents,
                ..RequestBody::default()
            });
        }
        operation
    }

    fn body(&mut self, operation: &Operation) -> Option<GivenBody> {
        let contents = &operation.request_body.as_ref()?.contents;
        let content = &contents[self.below(contents.len())];
        let mut body = shop::body(&content.media_type);
        let is_form = content.media_type.contains("form");
        if self.chance(5) {
            body.media_type = "application/else".to_owned();
        }
        if is_form != self.chance(5) {
            let names: Vec<_> = content
                .schema
                .iter()
                .flat_map(|schema| &schema.properties)
                .map(|property| property.name.clone())
                .collect();
            for name in names.into_iter().chain((0..self.below(3)).map(|_| "more".to_owned())) {
                let field = if self.chance(25) {
                    shop::file(
                        &name,
                        &self.text(),
                        self.of(&["", "image/png", "odd\r\n"]),
                        self.of(&["", "AAEC", "AA==", "?"]),
                    )
                } else {
                    shop::field(&name, self.value(2))
                };
                body.fields.push(field);
            }
        } else if self.chance(20) {
            body.base64 = Some((*self.of(&["", "AAEC", "AA==", "A"])).to_owned());
        } else if self.chance(95) {
            body.text = Some(if self.chance(5) {
                "x\n".repeat(5000)
            } else {
                (0..4).map(|_| self.text()).collect()
            });
        }
        Some(body)
    }

    fn place(&mut self) -> Place {
        let mut place = shop::place(self.of(&["https://api.example.com", "http://127.0.0.1:8080/base"]));
        let field = |name: &str, prefix: &str, variable: &str| CredentialField {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
            variable: variable.to_owned(),
        };
        place.credential = match self.below(4) {
            0 => Vec::new(),
            1 => vec![field("Authorization", "Bearer ", "API_KEY")],
            2 => vec![
                field("client_id", "", "CLIENT_ID"),
                field("client_secret", "a\"`${x}\\ ", "CLIENT_SECRET"),
            ],
            _ => vec![field("x-thing", "", "API_KEY")],
        };
        place
    }
}

/// Whatever was filled in, what is sent is one request whose parts are what they are meant to be.
fn is_one_request(request: &HttpRequest) {
    let in_target = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%:/?@!$&()*+,;=".contains(&byte);
    assert!(
        request.target.starts_with('/') && request.target.bytes().all(in_target),
        "{}",
        request.target
    );
    let path = request.target.split('?').next().unwrap_or_default();
    assert!(path.split('/').all(|part| part != "." && part != ".."), "{path}");
    for (name, value) in &request.headers {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        assert!(!name.is_empty() && name.bytes().all(is_token), "{name:?}");
        assert!(
            value.bytes().all(|byte| byte == b'\t' || (b' '..=b'~').contains(&byte)),
            "{value:?}"
        );
    }
}

#[test]
fn the_browser_makes_the_same_request_faults_and_samples() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    if !root.join("web/node_modules/rolldown").exists() {
        eprintln!("the browser's samples are not compared: scripts/install-web.sh was not run");
        return;
    }
    let mut dice = Dice(7);
    let mut rendered = 0;
    let corpus: Vec<_> = (0..CASES)
        .map(|_| {
            let (operation, place) = (dice.operation(), dice.place());
            let mut values = if dice.chance(20) {
                example(&operation)
            } else {
                Values::default()
            };
            if values == Values::default() {
                for parameter in &operation.parameters {
                    if dice.chance(90) {
                        let value = if dice.chance(50) {
                            json!(format!("x{}", dice.text()))
                        } else {
                            dice.value(3)
                        };
                        values
                            .parameters
                            .push(shop::given(parameter.location, &parameter.name, value));
                    }
                }
                if dice.chance(3) {
                    values.parameters.push(shop::given(Location::Path, "bare", json!("y")));
                }
                values.body = dice.body(&operation).filter(|_| dice.chance(95));
            }
            let built = build_with(&operation, &values, &place.credential);
            let samples = built.as_ref().ok().map(|request| {
                is_one_request(request);
                rendered += Language::ALL.len();
                let one = |language: &Language| {
                    let text = render(*language, request, &place);
                    let is_seen = |letter: char| {
                        "\n\t".contains(letter) || !(letter.is_control() || "\u{202e}\u{feff}\u{2028}".contains(letter))
                    };
                    assert!(text.chars().all(is_seen), "{language} hides something: {text:?}");
                    (language.to_string(), json!(text))
                };
                Language::ALL.iter().map(one).collect::<Map<_, _>>()
            });
            let wrong: Vec<_> = built
                .err()
                .into_iter()
                .flatten()
                .map(|one| json!({ "field": one.field, "detail": one.detail }))
                .collect();
            json!({
                "start": example(&operation),
                "operation": operation,
                "values": values,
                "place": place,
                "wrong": wrong,
                "samples": samples,
            })
        })
        .collect();
    assert!(
        rendered >= REQUESTS_MIN * Language::ALL.len(),
        "only {rendered} samples"
    );
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("twin.json");
    fs::write(&file, serde_json::to_vec(&corpus).unwrap()).unwrap();
    let done = Command::new(root.join("scripts/ensure-node.sh"))
        .args(["node", "web/tests/twin.mjs"])
        .arg(&file)
        .current_dir(&root)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let said: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(said, json!({ "cases": CASES, "rendered": rendered }));
}
