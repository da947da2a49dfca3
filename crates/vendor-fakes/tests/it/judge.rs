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
    /// Stands before `upstream`; none, said aloud, where it is not installed.
    pub(crate) async fn start(description: &str, upstream: &str, base: &str) -> Option<Self> {
        let prism = papers::project().join("target/node/node_modules/.bin/prism");
        if !prism.exists() {
            papers::skipped("Prism is missing; scripts/ensure-prism.sh installs it");
            return None;
        }
        let description = corrected(description);
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
