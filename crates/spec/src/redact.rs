//! What is taken out of a description before anything is made of it: keys of ours, names and passwords in addresses, and
//! extensions that hold secrets or say how a gateway reaches its services.

use std::collections::HashMap;

use crate::compile::words::is_hidden;
use crate::findings::Findings;
use crate::tree::{Id, Node, Tree};

/// Shortest run behind a key's prefix that is taken for one.
const KEY_LEAST: usize = 16;
/// Maps whose keys are names that the author chose, and no fields of OpenAPI.
const NAME_MAPS: [&str; 22] = [
    "properties",
    "patternProperties",
    "headers",
    "schemas",
    "parameters",
    "responses",
    "requestBodies",
    "examples",
    "securitySchemes",
    "links",
    "callbacks",
    "pathItems",
    "definitions",
    "$defs",
    "variables",
    "mapping",
    "scopes",
    "content",
    "encoding",
    "webhooks",
    "dependentSchemas",
    "securityDefinitions",
];
/// What the name of an extension holds when the extension holds a secret.
const SECRET_WORDS: [&str; 10] = [
    "secret",
    "password",
    "passwd",
    "credential",
    "private-key",
    "privatekey",
    "access-key",
    "accesskey",
    "auth-token",
    "api-key-value",
];
/// Extensions by which gateways are told where services are, and with which credentials.
const GATEWAYS: [&str; 5] = [
    "x-amazon-apigateway-",
    "x-google-backend",
    "x-kong-",
    "x-ms-connection",
    "x-azure-backend",
];

/// Takes it out.
pub(crate) fn redact(tree: &mut Tree, findings: &mut Findings) {
    let mut names: HashMap<Id, bool> = HashMap::new();
    for id in tree.ids() {
        let node = tree.node(id);
        if let Some(text) = node.text() {
            if text.bytes().any(|byte| !(0x20..0x80).contains(&byte)) && text.contains(is_hidden) {
                let message = "There are characters in it that cannot be seen (controls, or a change of the direction of writing). They are not shown.";
                findings.warning("hidden-character", id, message);
            }
            if let Some((clean, what)) = cleaned(text) {
                findings.warning(
                    "credential-removed",
                    id,
                    format!("{what} was taken out. Never put one into a description."),
                );
                tree.set_text(id, &clean);
            }
            continue;
        }
        // What holds a value comes before it.
        let has_names = names.remove(&id).unwrap_or(false);
        let mut unwanted = Vec::new();
        for (key, value) in node.entries() {
            if !has_names && is_secret(key) && !(value.is_list() && value.len() == 0) {
                unwanted.push((key.to_owned(), value.id));
            } else if !has_names && NAME_MAPS.contains(&key) && value.is_map() {
                names.insert(value.id, true);
            } else if !has_names && key == "security" {
                names.extend(
                    value
                        .items()
                        .filter(|item: &Node<'_>| item.is_map())
                        .map(|item| (item.id, true)),
                );
            }
        }
        for (key, value) in &unwanted {
            let message = format!(
                "{key} was taken out: its name says that it holds a secret, or how a gateway reaches a service."
            );
            findings.warning("credential-removed", *value, message);
        }
        if !unwanted.is_empty() {
            tree.remove(id, |key| unwanted.iter().any(|(unwanted, _)| unwanted == key));
        }
    }
}

fn is_secret(key: &str) -> bool {
    let Some(name) = key.strip_prefix("x-") else {
        return false;
    };
    GATEWAYS.iter().any(|start| key.starts_with(start)) || {
        let name = name.to_ascii_lowercase().replace('_', "-");
        matches!(&*name, "api-key" | "apikey" | "token") || SECRET_WORDS.iter().any(|word| name.contains(word))
    }
}

/// A text without credentials, and what was in it; `None` where there is none.
fn cleaned(text: &str) -> Option<(String, &'static str)> {
    let mut clean = None;
    for prefix in ["sk_live_", "sk_test_"] {
        if text.contains(prefix)
            && let Some(without) = without_keys(clean.as_deref().unwrap_or(text), prefix)
        {
            clean = Some(without);
        }
    }
    let keyless = clean.is_some();
    if text.contains("://")
        && let Some(without) = without_user(clean.as_deref().unwrap_or(text))
    {
        clean = Some(without);
    }
    clean.map(|clean| {
        (
            clean,
            if keyless {
                "An API key"
            } else {
                "A name and a password in an address"
            },
        )
    })
}

fn without_keys(text: &str, prefix: &str) -> Option<String> {
    let (mut clean, mut rest, mut found) = (String::new(), text, false);
    while let Some(at) = rest.find(prefix) {
        let (before, after) = rest.split_at(at + prefix.len());
        clean.push_str(before);
        let length = after.bytes().take_while(u8::is_ascii_alphanumeric).count();
        if length >= KEY_LEAST {
            clean.push('…');
            found = true;
        } else {
            clean.push_str(&after[..length]);
        }
        rest = &after[length..];
    }
    clean.push_str(rest);
    found.then_some(clean)
}

/// A text whose addresses name no user (`https://user:password@host`, RFC 3986 §3.2.1).
fn without_user(text: &str) -> Option<String> {
    let (mut clean, mut rest, mut found) = (String::new(), text, false);
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        clean.push_str(before);
        let is_end = |character: char| character.is_whitespace() || "/?#\"'<>()[]`".contains(character);
        let authority = &after[..after.find(is_end).unwrap_or(after.len())];
        let is_web = before.ends_with("http://") || before.ends_with("https://");
        match authority
            .rfind('@')
            .filter(|user| is_web || authority[..*user].contains(':'))
        {
            // `{user}` is a variable's name and no secret; it has no place there either.
            Some(user) => {
                found = true;
                rest = &after[user + 1..];
            }
            None => rest = after,
        }
    }
    clean.push_str(rest);
    found.then_some(clean)
}
