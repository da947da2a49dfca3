//! Documents that come with a form, as a file or as text.

use axum::extract::Multipart;
use maud::{Markup, html};

use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;

/// Longest form with a document: what the API takes at most, and the form around it.
pub(super) const FORM_MAX_BYTES: usize = 17 * 1024 * 1024;
/// Most fields of such a form.
const FIELDS_MAX: usize = 20;

/// The fields of a form, a file among them as text.
pub(super) async fn read(mut parts: Multipart) -> Result<Form, Failure> {
    let broken = || Problem::of(413, "body-too-large", "The form is longer than 16 MiB, or broken.");
    let mut fields = Vec::new();
    while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
        let name = part.name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(|_| broken())?;
        let text = String::from_utf8(bytes.into())
            .map_err(|_| Problem::of(422, "validation-failed", "A document is text in UTF-8."))?;
        if fields.len() < FIELDS_MAX {
            fields.push((name, text));
        }
    }
    Ok(Form::of(fields))
}

/// The document of a form: the file, or else the text.
pub(super) fn document(form: &Form) -> Option<&str> {
    form.given("file").or_else(|| form.given("document"))
}

/// Where a document is put.
pub(super) fn fields(problem: Option<&Problem>) -> Markup {
    let fault = problem.and_then(|problem| problem.of_field("document"));
    html! {
        div.field {
            label for="file" { span { "Document" } span.aside { "a file" } }
            input.input.file id="file" name="file" type="file" accept=".json,.yaml,.yml,application/json,application/yaml";
        }
        details.more {
            summary.button.small.quiet { "Paste it instead" }
            div.field {
                label for="document" { "Document as text" }
                textarea.input.code id="document" name="document" rows="10" spellcheck="false" aria-invalid=[fault.map(|_| "true")] {}
            }
        }
        @if let Some(fault) = fault { p.fault { (fault) } }
    }
}
