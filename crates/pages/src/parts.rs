//! What pages are made of: fields, notes, badges, buttons.

use chrono::{DateTime, Utc};
use maud::{Markup, html};

use crate::client::Problem;
use crate::icons::icon;

/// A field of a form with its label.
#[derive(Clone, Copy, Default)]
pub(crate) struct Field<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a str,
    /// `text` when empty.
    pub(crate) kind: &'a str,
    pub(crate) value: &'a str,
    pub(crate) autocomplete: &'a str,
    pub(crate) placeholder: &'a str,
    pub(crate) hint: &'a str,
    /// Beside the label, as "optional".
    pub(crate) aside: &'a str,
    pub(crate) optional: bool,
    pub(crate) focused: bool,
    /// Six digits, large.
    pub(crate) digits: bool,
    pub(crate) max_length: Option<u16>,
    pub(crate) min_length: Option<u16>,
    /// What the API said is wrong; it looks for `name` among the fields, or for `known_as`.
    pub(crate) problem: Option<&'a Problem>,
    pub(crate) known_as: &'a str,
    /// Where a page has several fields of this name.
    pub(crate) id: &'a str,
}

impl Field<'_> {
    pub(crate) fn show(self) -> Markup {
        let id = if self.id.is_empty() { self.name } else { self.id };
        let known_as = if self.known_as.is_empty() {
            self.name
        } else {
            self.known_as
        };
        let fault = self.problem.and_then(|problem| problem.of_field(known_as));
        let (hint_id, fault_id) = (format!("{id}-hint"), format!("{id}-fault"));
        let described = match (fault.is_some(), self.hint.is_empty()) {
            (true, true) => Some(fault_id.clone()),
            (true, false) => Some(format!("{fault_id} {hint_id}")),
            (false, false) => Some(hint_id.clone()),
            (false, true) => None,
        };
        html! {
            div.field {
                label for=(id) {
                    span { (self.label) }
                    @if !self.aside.is_empty() { span.aside { (self.aside) } }
                }
                input.input.code[self.digits] id=(id) name=(self.name)
                    type=(if self.kind.is_empty() { "text" } else { self.kind })
                    value=[Some(self.value).filter(|value| !value.is_empty())]
                    placeholder=[Some(self.placeholder).filter(|text| !text.is_empty())]
                    autocomplete=(if self.autocomplete.is_empty() { "off" } else { self.autocomplete })
                    inputmode=[self.digits.then_some("numeric")]
                    maxlength=[self.max_length] minlength=[self.min_length]
                    autocapitalize=[(self.kind == "email").then_some("none")]
                    spellcheck=[matches!(self.kind, "email" | "password").then_some("false")]
                    required[!self.optional] autofocus[self.focused || fault.is_some()]
                    aria-invalid=[fault.map(|_| "true")] aria-describedby=[described];
                @if let Some(fault) = fault { p.fault id=(fault_id) { (icon("alert")) span { (sentence(fault)) } } }
                @if !self.hint.is_empty() { p.hint id=(hint_id) { (self.hint) } }
            }
        }
    }
}

/// A choice of a few, with its label.
pub(crate) fn choose(name: &str, id: &str, label: &str, choices: &[(&str, &str)], chosen: &str) -> Markup {
    html! {
        div.field.narrow {
            label for=(id) { (label) }
            select.select id=(id) name=(name) {
                @for (value, text) in choices { option value=(value) selected[*value == chosen] { (text) } }
            }
        }
    }
}

/// What went wrong, above a form: all that is not said beside one of its fields.
pub(crate) fn alert(problem: Option<&Problem>, fields: &[&str]) -> Markup {
    let Some(problem) = problem else {
        return html! {};
    };
    let beside = |field: &str| fields.contains(&field.trim_start_matches('/'));
    let others: Vec<_> = problem.errors.iter().filter(|error| !beside(&error.field)).collect();
    if !problem.errors.is_empty() && others.is_empty() {
        return html! {};
    }
    html! {
        div.note.bad role="alert" {
            (icon("alert"))
            div {
                @if others.is_empty() { p { (problem.detail) } }
                @for error in others { p { (error.field.trim_start_matches('/')) ": " (error.detail) } }
                @if let Some(seconds) = problem.retry_after_seconds.filter(|_| problem.status == 429) {
                    p.soft { "Try again in " (waiting(seconds)) "." }
                }
                @if problem.status >= 500 && !problem.request_id.is_empty() {
                    p.soft { "Request " code { (problem.request_id) } }
                }
            }
        }
    }
}

/// A length of time in words.
pub(crate) fn waiting(seconds: u64) -> String {
    match seconds {
        0 | 1 => "a second".to_owned(),
        2..=89 => format!("{seconds} seconds"),
        90..=5399 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3600)),
    }
}

/// Something that was done, or is to be known.
pub(crate) fn note(kind: &str, text: &str) -> Markup {
    let drawing = if kind == "good" { "check" } else { "alert" };
    html! { div class={ "note " (kind) } role="status" { (icon(drawing)) p { (text) } } }
}

/// Hidden until a passkey's ceremony fails in the browser.
pub(crate) fn passkey_problem() -> Markup {
    html! { div.note.bad role="alert" data-problem hidden { (icon("alert")) p {} } }
}

/// What a passkey's ceremony fills in.
pub(crate) fn passkey_fields() -> Markup {
    html! {
        input type="hidden" name="ceremonyId";
        input type="hidden" name="credential";
    }
}

/// A hidden field, if there is something to hide.
pub(crate) fn hidden(name: &str, value: Option<&str>) -> Markup {
    html! { @if let Some(value) = value { input type="hidden" name=(name) value=(value); } }
}

/// A state as people say it: `PAST_DUE` is "Past due".
pub(crate) fn words(constant: &str) -> String {
    let text = constant.replace('_', " ").to_lowercase();
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A state with the color of what it means.
pub(crate) fn state_badge(state: &str) -> Markup {
    let kind = match state {
        "ACTIVE" | "ACCEPTED" | "PUBLISHED" => "good",
        "PENDING" | "INVITED" | "IMPORTING" => "warn",
        "SUSPENDED" | "EXPIRED" | "WITHDRAWN" | "REJECTED" => "bad",
        _ => "",
    };
    html! { span class={ "badge " (kind) } { (words(state)) } }
}

/// A moment; a script turns it into the reader's own zone.
pub(crate) fn moment(at: Option<DateTime<Utc>>) -> Markup {
    html! {
        @match at {
            Some(at) => time datetime=(at.format("%Y-%m-%dT%H:%M:%SZ")) { (at.format("%-d %b %Y, %H:%M UTC")) },
            None => "–",
        }
    }
}

/// A detail of the API as a sentence.
fn sentence(detail: &str) -> String {
    let mut letters = detail.trim().chars();
    let Some(first) = letters.next() else {
        return String::new();
    };
    let text: String = first.to_uppercase().chain(letters).collect();
    if text.ends_with(['.', '!', '?']) {
        text
    } else {
        text + "."
    }
}

/// The first letters of a name.
pub(crate) fn initials(name: &str, most: usize) -> String {
    let firsts = name
        .split_whitespace()
        .filter_map(|word| word.chars().find(|letter| letter.is_alphanumeric()));
    firsts.take(most).flat_map(char::to_uppercase).collect()
}
