//! Swagger 2.0 written anew as OpenAPI 3.0, so that nobody else has to know of it.
//!
//! What a body and a form are is said by parameters there, media types by lists for the whole document, and a schema's
//! keywords stand beside a parameter's own.

mod operation;

use crate::description::absolute;
use crate::findings::Findings;
use crate::limits::VALUES_MAX;
use crate::tree::{Id, New, Node, Tree};

/// Writes a description anew; what it returns is its new top.
pub(crate) fn convert(tree: &mut Tree, root: Id, url: &str, findings: &mut Findings) -> Id {
    let new = Old {
        root: tree.node(root),
        url,
    }
    .whole();
    tree.start_making();
    let made = tree.make(new, root, None);
    if tree.is_full() {
        let message = format!(
            "Written anew as OpenAPI 3 it has more than {VALUES_MAX} values. Name fewer media types, or give schemas names."
        );
        findings.error("too-large", root, message);
    }
    mend(tree, made);
    tree.close(url, made);
    findings.hint(
        "swagger",
        root,
        "Swagger 2.0 was followed by OpenAPI 3; it is read, and written anew as 3.0 for download.",
    );
    made
}

type Fields = Vec<(String, New)>;

/// The document as it was.
struct Old<'t> {
    root: Node<'t>,
    url: &'t str,
}

impl<'t> Old<'t> {
    fn whole(&self) -> New {
        let mut fields = vec![("openapi".to_owned(), New::Text("3.0.3"))];
        copy(self.root, &["info"], &mut fields);
        fields.push(("servers".to_owned(), self.servers()));
        copy(self.root, &["security", "tags", "externalDocs"], &mut fields);
        let paths = self.root.get("paths").into_iter().flat_map(Node::entries);
        let paths = paths.map(|(path, item)| (path.to_owned(), self.path(item)));
        fields.push(("paths".to_owned(), New::Map(paths.collect())));
        fields.push(("components".to_owned(), New::Map(self.components())));
        let extensions = self.root.entries().filter(|(key, _)| key.starts_with("x-"));
        fields.extend(extensions.map(|(key, value)| (key.to_owned(), New::Copy(value.id))));
        New::Map(fields)
    }

    /// `schemes`, `host` and `basePath`, each of which may be missing.
    fn servers(&self) -> New {
        let base = self.root.get_text("basePath").unwrap_or("/");
        let host = self.root.get_text("host").map(str::to_owned);
        let own = absolute(self.url, "").and_then(|url| url::Url::parse(&url).ok());
        let own_host = own.as_ref().and_then(|url| {
            let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
            Some(format!("{}{port}", url.host_str()?))
        });
        let Some(host) = host.or(own_host) else {
            return New::List(vec![New::Map(vec![("url".to_owned(), New::Owned(base.to_owned()))])]);
        };
        let named = self
            .root
            .get("schemes")
            .into_iter()
            .flat_map(Node::items)
            .filter_map(Node::text);
        let mut schemes: Vec<&str> = named.filter(|scheme| matches!(*scheme, "http" | "https")).collect();
        if schemes.is_empty() {
            schemes.push(
                own.as_ref()
                    .map_or("https", |url| if url.scheme() == "http" { "http" } else { "https" }),
            );
        }
        // The safer one goes before.
        schemes.sort_by_key(|scheme| *scheme != "https");
        schemes.dedup();
        let slash = if base.starts_with('/') { "" } else { "/" };
        let url = |scheme: &str| format!("{scheme}://{host}{slash}{}", base.trim_end_matches('/'));
        New::List(
            schemes
                .iter()
                .map(|scheme| New::Map(vec![("url".to_owned(), New::Owned(url(scheme)))]))
                .collect(),
        )
    }

    fn components(&self) -> Fields {
        let mut components = Vec::new();
        if let Some(definitions) = self.root.get("definitions").filter(|definitions| definitions.is_map()) {
            components.push(("schemas".to_owned(), New::Copy(definitions.id)));
        }
        let entries = |key| self.root.get(key).into_iter().flat_map(Node::entries);
        let parameters = entries("parameters").filter(|(_, parameter)| !operation::is_body(*parameter));
        let parameters: Fields = parameters
            .map(|(name, parameter)| (name.to_owned(), operation::parameter(parameter)))
            .collect();
        let produces = operation::media_types(None, self.root, "produces");
        let responses: Fields = entries("responses")
            .map(|(name, response)| (name.to_owned(), operation::response(response, &produces)))
            .collect();
        let schemes: Fields = entries("securityDefinitions")
            .map(|(name, scheme)| (name.to_owned(), security_scheme(scheme)))
            .collect();
        for (key, map) in [
            ("parameters", parameters),
            ("responses", responses),
            ("securitySchemes", schemes),
        ] {
            if !map.is_empty() {
                components.push((key.to_owned(), New::Map(map)));
            }
        }
        components
    }
}

/// Takes fields over as they are.
fn copy(node: Node<'_>, keys: &[&str], fields: &mut Fields) {
    let found = keys
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), New::Copy(node.get(key)?.id))));
    fields.extend(found);
}

fn security_scheme(scheme: Node<'_>) -> New {
    let mut fields = Vec::new();
    match scheme.get_text("type") {
        Some("basic") => {
            fields.push(("type".to_owned(), New::Text("http")));
            fields.push(("scheme".to_owned(), New::Text("basic")));
        }
        Some("oauth2") => {
            let flow = match scheme.get_text("flow") {
                Some("application") => "clientCredentials",
                Some("accessCode") => "authorizationCode",
                Some("password") => "password",
                _ => "implicit",
            };
            let mut parts = Vec::new();
            copy(scheme, &["authorizationUrl", "tokenUrl", "scopes"], &mut parts);
            fields.push(("type".to_owned(), New::Text("oauth2")));
            fields.push(("flows".to_owned(), New::Map(vec![(flow.to_owned(), New::Map(parts))])));
        }
        _ => copy(scheme, &["type", "name", "in"], &mut fields),
    }
    let other = scheme
        .entries()
        .filter(|(key, _)| *key == "description" || key.starts_with("x-"));
    fields.extend(other.map(|(key, value)| (key.to_owned(), New::Copy(value.id))));
    New::Map(fields)
}

/// What is said otherwise wherever it stands: references, files, discriminators, null.
fn mend(tree: &mut Tree, root: Id) {
    const MOVED: [(&str, &str); 3] = [
        ("#/definitions/", "#/components/schemas/"),
        ("#/parameters/", "#/components/parameters/"),
        ("#/responses/", "#/components/responses/"),
    ];
    for id in tree.ids().skip_while(|id| *id < root) {
        let node = tree.node(id);
        if let Some(reference) = node.get("$ref")
            && let Some(text) = reference.text()
            && let Some((old, new)) = MOVED.iter().find(|(old, _)| text.starts_with(old))
        {
            let text = format!("{new}{}", &text[old.len()..]);
            tree.set_text(reference.id, &text);
        }
        let node = tree.node(id);
        let mut fields: Option<Fields> = None;
        let is_file = node.get_text("type") == Some("file");
        let discriminator = node.get_text("discriminator").map(str::to_owned);
        let nullable = node.get("x-nullable").and_then(Node::bool);
        if is_file || discriminator.is_some() || nullable.is_some() {
            let kept = node.entries().filter(|(key, _)| {
                let is_replaced = is_file && matches!(*key, "type" | "format");
                !is_replaced && !matches!(*key, "discriminator" | "x-nullable" | "nullable")
            });
            fields = Some(
                kept.map(|(key, value)| (key.to_owned(), New::Taken(value.id)))
                    .collect(),
            );
        }
        let Some(mut fields) = fields else { continue };
        if is_file {
            fields.push(("type".to_owned(), New::Text("string")));
            fields.push(("format".to_owned(), New::Text("binary")));
        }
        if let Some(field) = discriminator {
            let map = New::Map(vec![("propertyName".to_owned(), New::Owned(field))]);
            fields.push(("discriminator".to_owned(), map));
        }
        if nullable == Some(true) {
            fields.push(("nullable".to_owned(), New::Bool(true)));
        }
        tree.remake(id, fields);
    }
}
