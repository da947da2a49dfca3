//! Descriptions that others wrote, and what another validator says of them (`scripts/ensure-openapi-samples.sh`).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use gatewright_spec::compile::Compiled;
use gatewright_spec::model::{Finding, Severity};
use serde_json::{Value, json};

use crate::compiled;

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

/// The descriptions of npm's packages; none where they could not be installed.
fn samples() -> Vec<PathBuf> {
    let modules = target().join("openapi-samples/node_modules");
    let mut found = Vec::new();
    for folder in ["2.0", "3.0", "3.1"] {
        collect(&modules.join("@readme/oas-examples").join(folder), &mut found);
    }
    found.push(modules.join("@blockfrost/openapi/openapi.yaml"));
    found.push(modules.join("@octokit/openapi/generated/api.github.com.json"));
    found.retain(|path| path.is_file());
    found.sort();
    if found.is_empty() {
        eprintln!("skipped: scripts/ensure-openapi-samples.sh found none");
    }
    found
}

/// GitHub's description of what a company runs itself and of what it rents, which the other tests leave out for their size.
fn other_githubs() -> Vec<PathBuf> {
    let folder = target().join("openapi-samples/node_modules/@octokit/openapi/generated");
    let names = ["ghec.json", "ghes-3.17.json", "ghes-3.18.json", "ghes-3.19.json"];
    let found = names.map(|name| folder.join(name));
    assert!(
        !folder.is_dir() || found.iter().all(|path| path.is_file()),
        "the package has other documents: {}",
        folder.display()
    );
    found.into_iter().filter(|path| path.is_file()).collect()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "json" || extension == "yaml")
        {
            found.push(path);
        }
    }
}

fn name(path: &Path) -> &str {
    path.to_str().unwrap().rsplit("node_modules/").next().unwrap()
}

/// Runs a Python script that reads lines of JSON and answers each with one; `None` where Python is not there.
fn python(script: &str, lines: &[Value]) -> Option<Vec<Value>> {
    let program = target().join("python-openapi/bin/python");
    if !program.is_file() {
        eprintln!("skipped: scripts/ensure-openapi-samples.sh could not install openapi-spec-validator");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("lines");
    fs::write(&input, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    let output = Command::new(program)
        .arg("-c")
        .arg(script)
        .arg(&input)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let answers: Vec<Value> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(answers.len(), lines.len());
    Some(answers)
}

fn published(path: &Path) -> Compiled {
    compiled(fs::read(path).unwrap()).unwrap_or_else(|findings| panic!("{}: {findings:#?}", name(path)))
}

#[test]
fn every_description_in_use_is_published_whole() {
    for path in samples().into_iter().chain(other_githubs()) {
        let made = published(&path);
        let reference = &made.reference;
        assert!(made.findings.iter().all(|finding| finding.severity != Severity::Error));
        let mut slugs: Vec<&str> = reference.operations.iter().map(|one| one.link.slug.as_str()).collect();
        slugs.sort_unstable();
        slugs.dedup();
        assert_eq!(
            slugs.len(),
            reference.operations.len(),
            "{}: every operation has an address",
            name(&path)
        );
        for operation in &reference.operations {
            assert!(!operation.link.title.is_empty() && !operation.tags.is_empty());
        }
        let in_tags: usize = reference.overview.tags.iter().map(|tag| tag.operations.len()).sum();
        assert!(
            in_tags >= reference.operations.len(),
            "{}: every operation is in a tag",
            name(&path)
        );
    }
}

#[test]
fn githubs_description_has_small_pages() {
    let Some(path) = samples().into_iter().find(|path| path.ends_with("api.github.com.json")) else {
        return;
    };
    let made = published(&path);
    assert!(made.reference.operations.len() > 1_200 && made.reference.schemas.len() > 900);
    let mut sizes: Vec<usize> = made
        .reference
        .operations
        .iter()
        .map(|one| serde_json::to_string(one).unwrap().len())
        .collect();
    sizes.sort_unstable();
    assert!(sizes[sizes.len() * 99 / 100] < 60_000, "{sizes:?}");
}

/// Those that their authors did not keep the same, as PyYAML and Python's JSON say, too.
const DIFFERENT: [&str; 6] = [
    "2.0/json/petstore-expanded.json",
    "3.0/json/petstore-expanded.json",
    "3.0/json/response-examples.json",
    "3.0/json/uspto.json",
    "3.1/json/parameters-style.json",
    "3.1/json/train-travel.json",
];

/// Two readers of one description agree, so neither of them lost or bent anything.
#[test]
fn a_description_in_json_and_in_yaml_is_the_same() {
    let pairs = samples()
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    let mut compared = 0;
    for json in pairs {
        let yaml = PathBuf::from(json.to_str().unwrap().replace("/json/", "/yaml/")).with_extension("yaml");
        let differs = DIFFERENT.iter().any(|name| json.ends_with(name));
        if !yaml.is_file() || json == yaml || differs {
            continue;
        }
        let (one, two) = (published(&json), published(&yaml));
        let value = |made: &Compiled| serde_json::to_value(&made.reference).unwrap();
        assert_eq!(value(&one), value(&two), "{}", name(&json));
        compared += 1;
    }
    assert!(compared > 40 || samples().is_empty(), "{compared}");
}

/// What is downloaded is what was uploaded, and `serde_json` reads the same in it.
#[test]
fn a_description_leaves_as_it_came() {
    for path in samples() {
        let text = fs::read(&path).unwrap();
        let Ok(mut expected) = serde_json::from_slice::<Value>(&text) else {
            continue;
        };
        let made = compiled(&text).unwrap();
        if expected["swagger"] == "2.0" || made.findings.iter().any(|finding| finding.rule == "credential-removed") {
            continue;
        }
        let document: Value = serde_json::from_str(&made.document).unwrap();
        // Floats are kept as they are written, and compared as they are read.
        expected.sort_all_objects();
        let mut document = document;
        document.sort_all_objects();
        assert!(document == expected, "{}", name(&path));
    }
}

const VALIDATE: &str = r#"
import json, sys
from openapi_spec_validator import validate
from openapi_spec_validator.readers import read_from_filename
for line in open(sys.argv[1]):
    try:
        spec, base = read_from_filename(json.loads(line))
        validate(spec, base_uri=base)
        print("true")
    except Exception as error:
        print(json.dumps(f"{type(error).__name__}: {error}"[:300]))
"#;

#[test]
fn what_another_validator_calls_valid_is_published() {
    // GitHub's takes that validator minutes.
    let small: Vec<PathBuf> = samples()
        .into_iter()
        .filter(|path| fs::metadata(path).unwrap().len() < 60_000)
        .collect();
    let lines: Vec<Value> = small.iter().map(|path| json!(path)).collect();
    let Some(said) = python(VALIDATE, &lines) else { return };
    for (path, said) in small.iter().zip(said) {
        let made = compiled(fs::read(path).unwrap());
        assert!(
            made.is_ok() || said != true,
            "{} is valid, and refused: {made:?}",
            name(path)
        );
    }
}

#[test]
fn what_is_refused_is_refused_by_another_validator() {
    let documents = [
        "",
        "{",
        "[]",
        "openapi: 3.1.0",
        "openapi: 9.0.0\ninfo: {title: T, version: '1'}\npaths: {}",
        "info: {title: T, version: '1'}\npaths: {}",
        "openapi: 3.0.3\ninfo: {title: T, version: '1'",
        "swagger: '1.2'\ninfo: {title: T, version: '1'}\npaths: {}",
        "openapi: 3.1.0\ninfo: {title: T, version: '1'}\nx: &a [*a]",
        "just text",
        "a: b\n- c",
    ];
    let folder = tempfile::tempdir().unwrap();
    let mut lines = Vec::new();
    for (at, document) in documents.iter().enumerate() {
        let findings = compiled(document).unwrap_err();
        let error = findings
            .iter()
            .find(|finding| finding.severity == Severity::Error)
            .unwrap();
        assert!(error.line.is_some() && error.message.len() > 20, "{error:?}");
        let path = folder.path().join(format!("{at}.yaml"));
        fs::write(&path, document).unwrap();
        lines.push(json!(path));
    }
    let Some(said) = python(VALIDATE, &lines) else { return };
    for (document, said) in documents.iter().zip(said) {
        assert!(said != true, "{document:?} is refused, and valid");
    }
}

const JUDGE: &str = r#"
import json, sys
from jsonschema import Draft202012Validator as Validator
for line in open(sys.argv[1]):
    schema, value = json.loads(line)
    try:
        if len(line) < 20000:
            Validator.check_schema(schema)
        errors = [] if value is None else [error.message[:200] for error in Validator(schema).iter_errors(value)]
        print(json.dumps(errors))
    except Exception as error:
        print(json.dumps([f"{type(error).__name__}: {error}"[:300]]))
"#;

/// A judge is a schema by JSON Schema's own, and takes the examples that were made for the same body, but for patterns,
/// which no example is made to match, and for the few descriptions that contradict themselves to test their readers.
#[test]
fn a_judge_is_a_schema_and_takes_what_was_made_from_it() {
    let (mut lines, mut names) = (Vec::new(), Vec::new());
    for path in samples() {
        let made = published(&path);
        for operation in &made.reference.operations {
            for content in operation.request_body.iter().flat_map(|body| &body.contents) {
                let Some(judge) = &content.judge else { continue };
                let example = content
                    .examples
                    .iter()
                    .find(|example| example.generated)
                    .map(|example| &example.value);
                lines.push(json!([judge, example]));
                names.push(format!("{} {}", name(&path), operation.link.slug));
            }
        }
    }
    let Some(said) = python(JUDGE, &lines) else { return };
    let refused: Vec<String> = names
        .iter()
        .zip(&said)
        .filter(|(_, errors)| {
            errors
                .as_array()
                .unwrap()
                .iter()
                .any(|error| !error.as_str().unwrap().contains("does not match"))
        })
        .map(|(name, errors)| format!("{name}: {errors}"))
        .collect();
    assert!(
        refused.len() * 100 <= lines.len() * 7,
        "{} of {}: {refused:#?}",
        refused.len(),
        lines.len()
    );
}

#[test]
fn what_is_too_long_is_refused_with_its_length() {
    let Some(path) = samples().into_iter().find(|path| path.ends_with("api.github.com.json")) else {
        return;
    };
    let Ok(bytes) = fs::read(path.with_file_name("api.github.com.deref.json")) else {
        return;
    };
    let findings: Vec<Finding> = compiled(&bytes).unwrap_err();
    assert_eq!(findings[0].rule, "too-large");
    assert!(findings[0].message.contains(&bytes.len().to_string()), "{findings:?}");
}
