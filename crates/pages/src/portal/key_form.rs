//! What is asked for when a key is made.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::client::Problem;
use crate::form::Form;
use crate::icons::icon;
use crate::parts::Field;

/// Fields whose faults stand beside them.
pub(crate) const FIELDS: [&str; 6] = [
    "key/name",
    "key/environment",
    "key/allowedAddresses",
    "name",
    "environment",
    "allowedAddresses",
];
/// Where a key works.
const ENVIRONMENTS: [(&str, &str, &str); 2] = [
    ("LIVE", "Live", "For real traffic, on gateways that serve live keys."),
    (
        "TEST",
        "Test",
        "Only on gateways that serve test keys; never on live ones.",
    ),
];

/// What somebody filled in.
pub(crate) struct KeyForm {
    name: String,
    environment: String,
    addresses: String,
}

impl Default for KeyForm {
    fn default() -> Self {
        Self {
            name: "My first key".to_owned(),
            environment: "LIVE".to_owned(),
            addresses: String::new(),
        }
    }
}

impl KeyForm {
    pub(crate) fn read(form: &Form) -> Self {
        Self {
            name: form.text("name").to_owned(),
            environment: form.text("environment").to_owned(),
            addresses: form.raw("addresses").to_owned(),
        }
    }

    /// What it begins with as its name.
    pub(crate) fn rename(&mut self, name: &str) {
        name.clone_into(&mut self.name);
    }

    pub(crate) fn body(&self) -> Value {
        let mut body = json!({ "name": self.name, "environment": self.environment });
        let addresses = addresses(&self.addresses);
        if !addresses.is_empty() {
            body["allowedAddresses"] = json!(addresses);
        }
        body
    }
}

/// What stands in a field for addresses.
pub(crate) fn addresses(text: &str) -> Vec<&str> {
    let parts = text.split([',', ' ', '\n', '\r', '\t']);
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// The fields; `below` is what the API's names of them begin with.
pub(crate) fn fields(wanted: &KeyForm, problem: Option<&Problem>, below: &str) -> Markup {
    let known_as = |name: &str| format!("{below}/{name}").trim_start_matches('/').to_owned();
    html! {
        (Field { name: "name", label: "Name of the key", value: &wanted.name, max_length: Some(200), known_as: &known_as("name"), problem, hint: "To tell it from others: where it is used, or by whom.", ..Field::default() }.show())
        fieldset.choices.two {
            legend { "Environment" }
            @for (value, label, about) in ENVIRONMENTS {
                label { input type="radio" name="environment" value=(value) checked[wanted.environment == value]; strong { (label) } span { (about) } }
            }
        }
        @let fault = problem.and_then(|problem| problem.errors.iter().find(|error| error.field.contains("allowedAddresses")));
        (address_field(&wanted.addresses, fault.map(|fault| fault.detail.as_str())))
    }
}

/// From where a key may be used.
pub(crate) fn address_field(value: &str, fault: Option<&str>) -> Markup {
    html! {
        details.more open[!value.is_empty() || fault.is_some()] {
            summary.link { "Limit it to addresses" }
            div.field {
                label for="addresses" { span { "Addresses and ranges" } span.aside { "optional" } }
                textarea.input.mono id="addresses" name="addresses" rows="3" placeholder="192.0.2.10 198.51.100.0/24" aria-describedby="addresses-hint" { (value) }
                @if let Some(fault) = fault { p.fault { (icon("alert")) span { (fault) } } }
                p.hint id="addresses-hint" { "From anywhere else the key is refused. At most 64." }
            }
        }
    }
}
