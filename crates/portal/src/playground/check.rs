//! Judges what is being filled in, as it would be judged before it is sent and, where the description says what a body may be, by that.

use gatewright_spec::model::{Content, Operation};
use gatewright_spec::place::CredentialField;
use gatewright_spec::request;
use gatewright_spec::values::{GivenBody, Values};
use gatewright_types::problem::FieldError;
use jsonschema::{Draft, PatternOptions};
use serde_json::Value;

use super::limits::{ERRORS_MAX, JUDGED_MAX_BYTES};

/// Longest words about one error, in bytes: they may quote a value.
const DETAIL_MAX_BYTES: usize = 300;

/// What is wrong with values; at most [`ERRORS_MAX`]. Parameters that are the `credential` are the gateway's matter. It may take some milliseconds, so it belongs on a thread of its own.
pub fn check(operation: &Operation, values: &Values, credential: &[CredentialField]) -> Vec<FieldError> {
    let mut errors = match request::build_with(operation, values, credential) {
        Ok(_) => Vec::new(),
        Err(invalid) => invalid
            .into_iter()
            .map(|one| error(one.field.replace('.', "/"), one.detail))
            .collect(),
    };
    if let Some(body) = &values.body {
        errors.extend(check_body(operation, body));
    }
    errors.truncate(ERRORS_MAX);
    errors
}

fn check_body(operation: &Operation, body: &GivenBody) -> Vec<FieldError> {
    let content = operation
        .request_body
        .iter()
        .flat_map(|body| &body.contents)
        .find(|content| content.media_type.eq_ignore_ascii_case(&body.media_type));
    let Some(Content { judge: Some(judge), .. }) = content else {
        return Vec::new();
    };
    let Some(text) = body.text.as_deref().filter(|text| text.len() <= JUDGED_MAX_BYTES) else {
        return Vec::new();
    };
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(wrong) => return vec![error("body".to_owned(), format!("is no JSON: {wrong}"))],
    };
    judged(judge, &value)
}

fn judged(judge: &Value, value: &Value) -> Vec<FieldError> {
    let made = jsonschema::options()
        .with_draft(Draft::Draft202012)
        // Linear in time, whatever pattern an author wrote.
        .with_pattern_options(PatternOptions::regex())
        .build(judge);
    let Ok(validator) = made else {
        // What cannot judge has no opinion.
        return Vec::new();
    };
    validator
        .iter_errors(value)
        .take(ERRORS_MAX)
        .map(|one| error(format!("body{}", one.instance_path()), one.to_string()))
        .collect()
}

fn error(field: String, mut detail: String) -> FieldError {
    if detail.len() > DETAIL_MAX_BYTES {
        let end = detail.floor_char_boundary(DETAIL_MAX_BYTES);
        detail.truncate(end);
        detail.push('…');
    }
    FieldError { field, detail }
}
