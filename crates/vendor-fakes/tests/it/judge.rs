//! Prism, holding calls and answers to a vendor's own description.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::papers;

/// Prism reads a megabyte of YAML before it listens.
const PATIENCE: Duration = Duration::from_secs(90);

/// Answers 422 to a call and 500 to an answer that breaks the description, until it is dropped.
pub(crate) struct Prism {
    /// Where it is called instead of the vendor.
    pub(crate) base: String,
    _child: Child,
    _description: tempfile::NamedTempFile,
}

impl Prism {
    /// Stands before a Kong at `upstream`; none, said aloud, where it is not installed.
    pub(crate) async fn start(description: &str, upstream: &str, base: &str) -> Option<Self> {
        Self::with(corrected(description), upstream, base).await
    }

    /// Stands before `upstream` with this description.
    pub(crate) async fn with(description: tempfile::NamedTempFile, upstream: &str, base: &str) -> Option<Self> {
        let prism = papers::project().join("target/node/node_modules/.bin/prism");
        if !prism.exists() {
            papers::skipped("Prism is missing; scripts/ensure-prism.sh installs it");
            return None;
        }
        let mut child = Command::new(prism)
            .args(["proxy", "-h", "127.0.0.1", "-p", "0", "--errors"])
            .arg(description.path())
            .arg(upstream)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let listening = async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some((_, address)) = line.split_once("is listening on ") {
                    // Its line may end in colors.
                    let address = address.split(|c: char| c.is_whitespace() || c.is_control());
                    return address.into_iter().next().unwrap().to_owned();
                }
            }
            panic!("Prism ended before it listened");
        };
        let address = tokio::time::timeout(PATIENCE, listening)
            .await
            .expect("Prism listens in time");
        // It writes on, and would stop where nobody reads.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Some(Self {
            base: format!("{address}{base}"),
            _child: child,
            _description: description,
        })
    }
}

/// Google's description of Apigee with what its words say and its schemas do not: an action is answered with 204, a refusal with its
/// envelope, and a revision with a revision. Paths that no test calls are left out: Prism takes seconds to read them.
#[allow(dead_code, reason = "each test binary has its own judges")]
pub(crate) fn apigee(description: &str) -> tempfile::NamedTempFile {
    let mut whole: serde_json::Value = serde_json::from_str(description).unwrap();
    let base = "/v1/organizations/{organizationsId}";
    let collections = ["", "developers", "apps", "apiproducts", "deployments", "apis"];
    let paths = whole["paths"].as_object_mut().unwrap();
    paths.retain(|path, _| {
        let rest = path.strip_prefix(base).map(|rest| rest.trim_start_matches('/'));
        let collection = rest.map(|rest| rest.split('/').next().unwrap_or_default());
        collection.is_some_and(|one| collections.contains(&one))
    });
    // A revision comes as JSON, or as a bundle where that is asked for; the schema is that of either, wrapped.
    let revision = format!("{base}/apis/{{apisId}}/revisions/{{revisionsId}}");
    paths[&revision]["get"]["responses"]["200"]["schema"]["$ref"] =
        "#/definitions/GoogleCloudApigeeV1ApiProxyRevision".into();
    for operations in paths.values_mut().filter_map(serde_json::Value::as_object_mut) {
        for (method, operation) in operations {
            if method == "parameters" {
                continue;
            }
            let answers = operation["responses"].as_object_mut().unwrap();
            answers.insert("default".to_owned(), serde_json::json!({ "description": "refused" }));
            if method == "post" {
                answers.insert("204".to_owned(), serde_json::json!({ "description": "done" }));
            }
        }
    }
    let file = tempfile::Builder::new().suffix(".json").tempfile().unwrap();
    std::fs::write(file.path(), whole.to_string()).unwrap();
    file
}

/// One of Anypoint's descriptions, which name their schemas by files beside them; only the paths below `wanted`.
#[allow(dead_code, reason = "each test binary has its own judges")]
pub(crate) fn anypoint(description: &std::path::Path, wanted: &str) -> tempfile::NamedTempFile {
    let folder = description.parent().unwrap().display();
    let (mut in_paths, mut keep, mut kept) = (false, true, String::new());
    for line in std::fs::read_to_string(description).unwrap().lines() {
        let depth = line.len() - line.trim_start().len();
        let path = line.trim_start_matches([' ', '?']).trim_end_matches(':');
        if depth == 0 && !line.is_empty() {
            (in_paths, keep) = (line == "paths:", true);
        } else if in_paths && depth == 2 && path.starts_with('/') {
            keep = path.starts_with(wanted);
        }
        if keep {
            let beside = ["./apimanager/", "apimanager/", "schemas/", "examples/"];
            let named = beside
                .iter()
                .find(|name| path.trim_start_matches("- ").starts_with(&format!("$ref: {name}")));
            let line = named.map_or_else(
                || line.to_owned(),
                |name| line.replacen(name, &format!("{folder}/{}", name.trim_start_matches("./")), 1),
            );
            kept.push_str(&line);
            kept.push('\n');
        }
    }
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), kept).unwrap();
    file
}

/// A description with what its own words say and its schema does not: there need not be a next page. Paths that no test calls are
/// left out: Prism takes seconds to read them.
fn corrected(description: &str) -> tempfile::NamedTempFile {
    let words = "description: URI to the next page (may be null)\n";
    let (before, after) = description
        .split_once(words)
        .expect("the description has its paragraph about pages");
    let indent = before.rsplit('\n').next().unwrap();
    let whole = format!("{before}{words}{indent}nullable: true\n{after}");
    let (mut in_paths, mut wanted, mut indent) = (false, true, None);
    let mut kept = String::with_capacity(whole.len());
    for line in whole.lines() {
        let text = line.trim_start();
        let depth = line.len() - text.len();
        if depth == 0 && !text.is_empty() {
            (in_paths, wanted) = (text == "paths:", true);
        } else if in_paths && text.starts_with('/') && depth == *indent.get_or_insert(depth) {
            wanted = called(text.trim_end_matches(':'));
        }
        if wanted {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    std::fs::write(file.path(), kept).unwrap();
    file
}

/// Whether a test calls this path of a description.
fn called(path: &str) -> bool {
    let based = ["/{workspace}/", "/control-planes/{controlPlaneId}/core-entities/"];
    let collection = based
        .iter()
        .find_map(|base| path.strip_prefix(base))
        .and_then(|rest| rest.split('/').next());
    let collections = ["acls", "consumers", "key-auths", "plugins", "routes", "services"];
    path == "/" || path == "/status" || collection.is_some_and(|collection| collections.contains(&collection))
}
