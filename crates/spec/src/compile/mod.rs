//! From a document's bytes to what is read, in one call.

pub(crate) mod content;
mod examples;
mod generate;
mod judge;
mod limits_in_words;
mod merge;
pub(crate) mod operation;
pub(crate) mod overview;
pub(crate) mod parameter;
pub(crate) mod schema;
mod security;
pub(crate) mod words;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::description::{Description, absolute};
use crate::findings::{Findings, plain};
use crate::limits::{
    OPERATIONS_MAX, REFERENCE_BYTES, REMOTE_DOCUMENTS_MAX, REMOTE_TOTAL_MAX_BYTES, SCHEMA_BYTES, USES_MAX,
};
use crate::model::{Finding, NamedSchema, OperationLink, Reference, Severity};
use crate::schema::Schema;
use crate::tree::{Fault, Id, Tree, decode, lines};
use crate::{document, lint, redact, swagger};

/// A document as somebody wrote it.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Its bytes: JSON or YAML in UTF-8 or UTF-16.
    pub bytes: &'a [u8],
    /// Where it was got; what is relative in it is so to this.
    pub url: Option<&'a str>,
}

/// Documents that a description's references name, by absolute URL.
#[derive(Clone, Debug, Default)]
pub struct RemoteDocuments(pub BTreeMap<String, Vec<u8>>);

/// A description that can be published.
#[derive(Clone, Debug)]
pub struct Compiled {
    /// What is read.
    pub reference: Reference,
    /// The description to be kept and downloaded: OpenAPI 3.x in JSON, whole, without credentials.
    pub document: String,
    /// Warnings and hints.
    pub findings: Vec<Finding>,
}

/// The documents that this one names, absolute, each once; the caller gets them, asks the same of each, and gives all of
/// them to [`compile`]. Empty for what cannot be read.
pub fn remote_references(source: &Source<'_>) -> Vec<String> {
    let Ok(text) = decode(source.bytes) else {
        return Vec::new();
    };
    let mut tree = Tree::default();
    if tree
        .read(&text, source.url.unwrap_or_default(), &mut Vec::new())
        .is_err()
    {
        return Vec::new();
    }
    let base = own_url(source);
    let data = data(&tree);
    let mut urls = BTreeSet::new();
    for id in tree.ids() {
        let Some(reference) = tree.node(id).get_text("$ref") else {
            continue;
        };
        let file = reference.split('#').next().unwrap_or_default();
        if file.is_empty() || data.contains(&id) {
            continue;
        }
        urls.extend(absolute(&base, file).filter(|url| *url != base));
        if urls.len() == REMOTE_DOCUMENTS_MAX {
            break;
        }
    }
    urls.into_iter().collect()
}

/// What lies in an example, where a `$ref` is no reference.
fn data(tree: &Tree) -> HashSet<Id> {
    let (mut data, mut names) = (HashSet::new(), HashSet::new());
    // What holds a value comes before it.
    for id in tree.ids() {
        let node = tree.node(id);
        let (is_data, has_names) = (data.contains(&id), names.contains(&id));
        data.extend(node.items().filter(|_| is_data).map(|item| item.id));
        for (key, value) in node.entries() {
            let starts_data = !has_names && matches!(key, "example" | "default" | "enum" | "const" | "value");
            if is_data || starts_data {
                data.insert(value.id);
            } else if key == "properties" && !has_names {
                names.insert(value.id);
            }
        }
    }
    data
}

fn own_url(source: &Source<'_>) -> String {
    source.url.and_then(|url| absolute(url, "")).unwrap_or_default()
}

/// Reads a description and makes everything of it that is read.
///
/// # Errors
/// What keeps it from being published, together with whatever else was found.
pub fn compile(source: &Source<'_>, remote: &RemoteDocuments) -> Result<Compiled, Vec<Finding>> {
    let text = decode(source.bytes).map_err(|fault| vec![fatal(&fault, source.bytes)])?;
    let mut tree = Tree::default();
    let mut noticed = Vec::new();
    let url = own_url(source);
    let root = tree
        .read(&text, &url, &mut noticed)
        .map_err(|fault| vec![fatal(&fault, text.as_bytes())])?;
    let mut findings = Findings::default();
    let mut texts: Vec<Cow<'_, str>> = vec![text];
    read_remote(&mut tree, remote, &url, root, &mut texts, &mut noticed, &mut findings);
    for noticed in noticed {
        findings.add(noticed.severity, noticed.rule, noticed.id, noticed.message);
    }
    redact::redact(&mut tree, &mut findings);

    let Some((specification, version)) = version(&tree, root, &mut findings) else {
        return Err(told(findings, &tree, &texts));
    };
    let root = match version.0 {
        2 => swagger::convert(&mut tree, root, &url, &mut findings),
        _ => root,
    };
    if findings.has_error() {
        return Err(told(findings, &tree, &texts));
    }
    let mut description = Description::new(&tree, root, version.max((3, 0)));
    let found = operation::find(&description);
    lint::lint(&mut description, &found, &mut findings);
    if findings.has_error() {
        return Err(told(findings, &tree, &texts));
    }
    if found.len() == OPERATIONS_MAX {
        findings.warning(
            "too-large",
            root,
            format!("Only the first {OPERATIONS_MAX} operations are read."),
        );
    }
    let document = document::write(&description);
    let reference = reference(&description, &specification, &found, &mut findings);
    Ok(Compiled {
        reference,
        document,
        findings: told(findings, &tree, &texts),
    })
}

fn told(findings: Findings, tree: &Tree, texts: &[Cow<'_, str>]) -> Vec<Finding> {
    findings.told(tree, &texts.iter().map(AsRef::as_ref).collect::<Vec<_>>())
}

/// A fault in the bytes, of which nothing more can be said.
fn fatal(fault: &Fault, bytes: &[u8]) -> Finding {
    let mut finding = plain(Severity::Error, fault.rule, fault.message.clone());
    let before = String::from_utf8_lossy(&bytes[..fault.at.min(bytes.len())]);
    let (line, column) = lines(&before, &[before.len()])[0];
    finding.line = Some(line);
    finding.column = Some(column);
    finding
}

fn read_remote<'s>(
    tree: &mut Tree,
    remote: &'s RemoteDocuments,
    own: &str,
    root: Id,
    texts: &mut Vec<Cow<'s, str>>,
    noticed: &mut Vec<crate::tree::Noticed>,
    findings: &mut Findings,
) {
    let mut room = REMOTE_TOTAL_MAX_BYTES;
    for (url, bytes) in remote
        .0
        .iter()
        .filter(|(url, _)| *url != own)
        .take(REMOTE_DOCUMENTS_MAX)
    {
        if bytes.len() > room {
            let message = format!(
                "Documents that it refers to have more than {REMOTE_TOTAL_MAX_BYTES} bytes; {url} was left out."
            );
            findings.warning("remote-too-large", root, message);
            continue;
        }
        room -= bytes.len();
        let read = decode(bytes).and_then(|text| {
            let url = absolute(url, "").unwrap_or_else(|| url.clone());
            let before = noticed.len();
            tree.read(&text, &url, noticed)
                .inspect_err(|_| noticed.truncate(before))?;
            Ok(text)
        });
        match read {
            Ok(text) => texts.push(text),
            Err(fault) => {
                let message = format!("{url}, which it refers to, cannot be read. {}", fault.message);
                findings.warning("remote-unreadable", root, message);
            }
        }
    }
}

/// The specification it is written in: as it says, and as numbers.
fn version(tree: &Tree, root: Id, findings: &mut Findings) -> Option<(String, (u32, u32))> {
    let node = tree.node(root);
    if !node.is_map() {
        findings.error(
            "no-description",
            root,
            format!("An OpenAPI description is an object; this is {}.", node.kind_name()),
        );
        return None;
    }
    let Some(said) = node.get("openapi").or_else(|| node.get("swagger")) else {
        let message = "There is no `openapi: 3.1.0` at its top, so this is no OpenAPI description. Give it one, or upload another document.";
        findings.error("version-missing", root, message);
        return None;
    };
    let text = said.words().unwrap_or_default().trim();
    let mut numbers = text.split('.').map_while(|number| number.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    match version {
        (2, 0) => Some(("2.0".to_owned(), version)),
        (3, minor) => {
            if minor > 2 {
                let message =
                    format!("OpenAPI {text} is newer than what is known here (3.2); what is new in it is not read.");
                findings.warning("version-unknown", said.id, message);
            }
            Some((text.to_owned(), version))
        }
        _ => {
            let message = format!("Version {text:?} is not known. OpenAPI 3.0, 3.1 and 3.2 and Swagger 2.0 are read.");
            findings.error("version-unknown", said.id, message);
            None
        }
    }
}

/// Everything that is read; what does not fit any more is said.
fn reference<'t>(
    description: &Description<'t>,
    specification: &str,
    found: &[operation::Found<'t>],
    findings: &mut Findings,
) -> Reference {
    let mut overview = overview::overview(description, specification);
    overview.security_schemes = security::schemes(description);
    let mut tags = overview::Tags::new(description);
    let mut maker = operation::Maker::new(description, &overview, found);
    let mut uses: HashMap<Id, Vec<OperationLink>> = HashMap::new();
    let mut operations = Vec::with_capacity(found.len());
    let mut taken = Taken::default();
    for found in found {
        let operation = maker.operation(found, &mut tags, taken.is_full());
        taken.add(&operation);
        operations.push(operation);
        let mut used = std::mem::take(&mut maker.expander.used);
        used.sort_unstable();
        used.dedup();
        for id in used {
            let uses = uses.entry(id).or_default();
            if uses.len() < USES_MAX {
                uses.push(found.link.clone());
            }
        }
    }
    let mut expander = maker.expander;
    let mut schemas = Vec::with_capacity(description.named.len());
    for named in &description.named {
        let is_short = taken.is_full();
        let mut schema = if is_short {
            Schema::default()
        } else {
            expander.page(named.id, SCHEMA_BYTES)
        };
        schema.name = Some(words::line(&named.name));
        schema.slug = Some(named.slug.clone());
        schema.cut |= is_short;
        let node = description.tree.node(named.id);
        let schema = NamedSchema {
            slug: named.slug.clone(),
            name: words::line(&named.name),
            schema,
            example: examples::of_page(description, node).filter(|_| !is_short),
            used_by: uses.remove(&named.id).unwrap_or_default(),
        };
        taken.add(&schema);
        schemas.push(schema);
    }
    if taken.is_full() {
        let message = format!(
            "Expanded it takes more than {REFERENCE_BYTES} bytes; operations and schemas after that have a name only. \
             Describe parts of the API by themselves."
        );
        findings.warning("too-large", description.root.id, message);
    }
    overview.tags = tags.finish();
    Reference {
        overview,
        operations,
        schemas,
    }
}

/// How much was made, in bytes of JSON.
#[derive(Default)]
struct Taken(usize);

impl Taken {
    fn is_full(&self) -> bool {
        self.0 >= REFERENCE_BYTES
    }

    fn add(&mut self, made: &impl serde::Serialize) {
        // Nothing in it can fail to be written; what did would count as nothing.
        let _ = serde_json::to_writer(&mut *self, made);
    }
}

impl std::io::Write for Taken {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
