//! What is asked for when a key is made.

use maud::{Markup, html};
use serde_json::{Value, json};

use super::model::Product;
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
    products: Option<Value>,
}

impl Default for KeyForm {
    fn default() -> Self {
        Self {
            name: "My first key".to_owned(),
            environment: "LIVE".to_owned(),
            addresses: String::new(),
            products: None,
        }
    }
}

impl KeyForm {
    pub(crate) fn read(form: &Form) -> Self {
        Self {
            name: form.text("name").to_owned(),
            environment: form.text("environment").to_owned(),
            addresses: form.raw("addresses").to_owned(),
            products: products(form),
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
        if let Some(products) = self.products.as_ref().filter(|products| !products.is_null()) {
            body["productIds"] = products.clone();
        }
        body
    }
}

/// What stands in a field for addresses.
pub(crate) fn addresses(text: &str) -> Vec<&str> {
    let parts = text.split([',', ' ', '\n', '\r', '\t']);
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

/// Which products were ticked, where there was a choice. All of them is null, no limit: what the plan gets later is covered too.
pub(crate) fn products(form: &Form) -> Option<Value> {
    let offered: usize = form.text("products").parse().ok()?;
    let ticked: Vec<&str> = form.all("product").collect();
    Some(if ticked.len() == offered {
        Value::Null
    } else {
        json!(ticked)
    })
}

/// The products that one can choose among, if there is a choice.
pub(crate) fn product_fields(covered: &[&Product], is_ticked: impl Fn(&str) -> bool) -> Markup {
    html! {
        @if covered.len() > 1 {
            input type="hidden" name="products" value=(covered.len());
            fieldset.ticked {
                legend { "Products it may call" }
                @for product in covered { label.check { input type="checkbox" name="product" value=(product.id) checked[is_ticked(&product.id)]; span { (product.name) } } }
            }
        }
    }
}

/// The fields of a key for a plan that covers these products; `below` is what the API's names of them begin with.
pub(crate) fn fields(wanted: &KeyForm, covered: &[&Product], problem: Option<&Problem>, below: &str) -> Markup {
    let is_ticked = |id: &str| match &wanted.products {
        Some(Value::Array(ticked)) => ticked.iter().any(|one| one == id),
        _ => true,
    };
    let known_as = |name: &str| format!("{below}/{name}").trim_start_matches('/').to_owned();
    html! {
        (Field { name: "name", label: "Name of the key", value: &wanted.name, max_length: Some(200), known_as: &known_as("name"), problem, hint: "To tell it from others: where it is used, or by whom.", ..Field::default() }.show())
        fieldset.choices.two {
            legend { "Environment" }
            @for (value, label, about) in ENVIRONMENTS {
                label { input type="radio" name="environment" value=(value) checked[wanted.environment == value]; strong { (label) } span { (about) } }
            }
        }
        (product_fields(covered, is_ticked))
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
