//! Renders the text of authors, wherever a description has some.

use std::collections::HashMap;

use gatewright_spec::model::{
    Answer, Content, Example, ExternalDocs, NamedSchema, Operation, Overview, Parameter, Prose as Text, RequestBody,
    SecurityScheme, Server, Tag,
};
use gatewright_spec::schema::Schema;

use crate::limits::RENDERED_KEPT_BYTES;

/// What was rendered already: schemas are shown in many places.
#[derive(Default)]
pub(super) struct Prose {
    /// Whether what was rendered is taken away instead.
    forgets: bool,
    known: HashMap<String, String>,
    known_bytes: usize,
}

impl Prose {
    /// Takes away what was rendered: so a published description can be compared with one that was not rendered yet.
    pub(super) fn forgetting() -> Self {
        Self {
            forgets: true,
            ..Self::default()
        }
    }

    fn text(&mut self, text: &mut Text) {
        if self.forgets || text.markdown.is_empty() {
            text.html.clear();
            return;
        }
        if let Some(html) = self.known.get(&text.markdown) {
            text.html.clone_from(html);
            return;
        }
        text.html = gatewright_markup::html(&text.markdown);
        let bytes = text.markdown.len() + text.html.len();
        if self.known_bytes + bytes <= RENDERED_KEPT_BYTES {
            self.known_bytes += bytes;
            self.known.insert(text.markdown.clone(), text.html.clone());
        }
    }

    pub(super) fn overview(&mut self, overview: &mut Overview) {
        self.text(&mut overview.description);
        self.docs(overview.external_docs.as_mut());
        self.servers(&mut overview.servers);
        for SecurityScheme { description, .. } in &mut overview.security_schemes {
            self.text(description);
        }
        for Tag {
            description,
            external_docs,
            ..
        } in &mut overview.tags
        {
            self.text(description);
            self.docs(external_docs.as_mut());
        }
    }

    pub(super) fn operation(&mut self, operation: &mut Operation) {
        self.text(&mut operation.description);
        self.docs(operation.external_docs.as_mut());
        self.servers(&mut operation.servers);
        self.parameters(&mut operation.parameters);
        if let Some(RequestBody {
            description, contents, ..
        }) = &mut operation.request_body
        {
            self.text(description);
            self.contents(contents);
        }
        for Answer {
            description,
            headers,
            contents,
            links,
            ..
        } in &mut operation.responses
        {
            self.text(description);
            self.parameters(headers);
            self.contents(contents);
            for link in links {
                self.text(&mut link.description);
            }
        }
        for callback in &mut operation.callbacks {
            self.operation(&mut callback.operation);
        }
    }

    pub(super) fn named(&mut self, named: &mut NamedSchema) {
        self.schema(&mut named.schema);
        if let Some(example) = &mut named.example {
            self.text(&mut example.description);
        }
    }

    fn docs(&mut self, docs: Option<&mut ExternalDocs>) {
        if let Some(docs) = docs {
            self.text(&mut docs.description);
        }
    }

    fn servers(&mut self, servers: &mut [Server]) {
        for server in servers {
            self.text(&mut server.description);
        }
    }

    fn parameters(&mut self, parameters: &mut [Parameter]) {
        for parameter in parameters {
            self.text(&mut parameter.description);
            self.schema(&mut parameter.schema);
            self.examples(&mut parameter.examples);
        }
    }

    fn contents(&mut self, contents: &mut [Content]) {
        for content in contents {
            content
                .schema
                .as_mut()
                .into_iter()
                .for_each(|schema| self.schema(schema));
            content
                .item_schema
                .as_mut()
                .into_iter()
                .for_each(|schema| self.schema(schema));
            self.examples(&mut content.examples);
        }
    }

    fn examples(&mut self, examples: &mut [Example]) {
        for example in examples {
            self.text(&mut example.description);
        }
    }

    fn schema(&mut self, schema: &mut Schema) {
        self.text(&mut schema.description);
        self.docs(schema.external_docs.as_mut());
        for property in &mut schema.properties {
            self.schema(&mut property.schema);
        }
        let additional = schema
            .additional
            .as_mut()
            .and_then(|additional| additional.schema.as_mut());
        let single = [additional, schema.items.as_mut(), schema.not.as_mut()];
        for inner in single.into_iter().flatten() {
            self.schema(inner);
        }
        let many = [
            &mut schema.prefix_items,
            &mut schema.one_of,
            &mut schema.any_of,
            &mut schema.all_of,
        ];
        for inner in many.into_iter().flatten() {
            self.schema(inner);
        }
    }
}
