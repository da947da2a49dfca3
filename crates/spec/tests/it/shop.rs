//! Operations as a description would give them, in few words.

use gatewright_spec::model::{
    Content, Encoding, Example, Location, Operation, OperationKind, OperationLink, Parameter, Prose, RequestBody, Style,
};
use gatewright_spec::place::{CredentialField, Place};
use gatewright_spec::schema::{Property, Schema};
use gatewright_spec::values::{Given, GivenBody, GivenField, GivenFile, Values};
use serde_json::Value;

pub(crate) fn operation(method: &str, path: &str) -> Operation {
    let link = OperationLink {
        slug: "operation".to_owned(),
        kind: OperationKind::Operation,
        method: method.to_owned(),
        path: path.to_owned(),
        title: "Operation".to_owned(),
        deprecated: false,
    };
    Operation {
        link,
        operation_id: None,
        tags: Vec::new(),
        description: Prose::default(),
        external_docs: None,
        servers: Vec::new(),
        parameters: Vec::new(),
        request_body: None,
        responses: Vec::new(),
        callbacks: Vec::new(),
        security: Vec::new(),
        anonymous: false,
    }
}

pub(crate) fn parameter(location: Location, name: &str) -> Parameter {
    let style = match location {
        Location::Path | Location::Header => Style::Simple,
        _ => Style::Form,
    };
    Parameter {
        name: name.to_owned(),
        location,
        required: location == Location::Path,
        deprecated: false,
        description: Prose::default(),
        schema: Schema::default(),
        style,
        explode: style == Style::Form,
        allow_reserved: false,
        media_type: None,
        examples: Vec::new(),
    }
}

pub(crate) fn given(location: Location, name: &str, value: Value) -> Given {
    Given {
        location,
        name: name.to_owned(),
        value,
    }
}

/// An operation with one parameter, and a value for it.
pub(crate) fn with_parameter(path: &str, parameter: Parameter, value: Value) -> (Operation, Values) {
    let values = Values {
        parameters: vec![given(parameter.location, &parameter.name, value)],
        body: None,
    };
    let mut operation = operation("GET", path);
    operation.parameters.push(parameter);
    (operation, values)
}

pub(crate) fn content(media_type: &str) -> Content {
    Content {
        media_type: media_type.to_owned(),
        schema: None,
        item_schema: None,
        examples: Vec::new(),
        encodings: Vec::new(),
        judge: None,
    }
}

pub(crate) fn with_content(content: Content) -> Operation {
    let mut operation = operation("POST", "/v1/things");
    operation.request_body = Some(RequestBody {
        required: true,
        description: Prose::default(),
        contents: vec![content],
    });
    operation
}

pub(crate) fn body(media_type: &str) -> GivenBody {
    GivenBody {
        media_type: media_type.to_owned(),
        text: None,
        base64: None,
        fields: Vec::new(),
    }
}

pub(crate) fn field(name: &str, value: Value) -> GivenField {
    GivenField {
        name: name.to_owned(),
        value,
        file: None,
    }
}

pub(crate) fn file(name: &str, file_name: &str, media_type: &str, base64: &str) -> GivenField {
    let file = GivenFile {
        name: file_name.to_owned(),
        media_type: media_type.to_owned(),
        base64: base64.to_owned(),
    };
    GivenField {
        name: name.to_owned(),
        value: Value::Null,
        file: Some(file),
    }
}

pub(crate) fn values(body: GivenBody) -> Values {
    Values {
        parameters: Vec::new(),
        body: Some(body),
    }
}

pub(crate) fn property(name: &str, required: bool, schema: Schema) -> Property {
    Property {
        name: name.to_owned(),
        required,
        pattern: false,
        schema,
    }
}

pub(crate) fn encoding(field: &str) -> Encoding {
    Encoding {
        field: field.to_owned(),
        media_type: None,
        style: None,
        explode: None,
    }
}

pub(crate) fn example(value: Value) -> Example {
    Example {
        name: String::new(),
        summary: String::new(),
        description: Prose::default(),
        value,
        generated: false,
        cut: false,
    }
}

pub(crate) fn place(base_url: &str) -> Place {
    let credential = vec![CredentialField {
        name: "X-Api-Key".to_owned(),
        prefix: String::new(),
        variable: "API_KEY".to_owned(),
    }];
    Place {
        gateway_id: None,
        name: "Test".to_owned(),
        kind: None,
        environment: None,
        base_url: base_url.to_owned(),
        credential,
    }
}
