//! Passkeys: the browser's script makes one and sends what the authenticator said with the form.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use serde::Deserialize;

use crate::icons::icon;
use crate::parts::{Field, moment, passkey_fields, passkey_problem};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Passkey {
    id: String,
    name: String,
    #[serde(default)]
    created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    last_used_at: Option<DateTime<Utc>>,
}

pub(super) fn panel(passkeys: &[Passkey]) -> Markup {
    html! {
        section.panel {
            header { div { h2 { "Passkeys" } p { "Your fingerprint, face or a security key, instead of a password or beside it." } } }
            ul.list { @for passkey in passkeys { (item(passkey)) } }
            form.body method="post" action="/account/security" data-passkeys hidden {
                (passkey_problem()) (passkey_fields())
                div.row.fields {
                    (Field { name: "name", id: "passkey-name", label: "Name of a new one", placeholder: "Work laptop", max_length: Some(100), ..Field::default() }.show())
                    button.button.primary name="do" value="passkey" data-passkey="create" data-needs="name"
                        data-begin="/api/v1/account/passkey-challenges" { (icon("passkey")) "Add passkey" }
                }
            }
        }
    }
}

fn item(passkey: &Passkey) -> Markup {
    let id = format!("name-{}", passkey.id);
    html! {
        li {
            (icon("passkey"))
            div.what {
                span { (passkey.name) }
                span {
                    "added " (moment(passkey.created_at))
                    @if passkey.last_used_at.is_some() { " · last used " (moment(passkey.last_used_at)) }
                }
            }
            details.more {
                summary.button.small.quiet { "Rename" span.visually-hidden { " " (passkey.name) } }
                form.row.fields method="post" action="/account/security" {
                    input type="hidden" name="id" value=(passkey.id);
                    (Field { name: "name", id: &id, label: "New name", value: &passkey.name, max_length: Some(100), ..Field::default() }.show())
                    button.button name="do" value="passkey-rename" { "Save" }
                }
            }
            form method="post" action="/account/security" {
                input type="hidden" name="id" value=(passkey.id);
                button.button.small.danger name="do" value="passkey-remove" { "Remove" span.visually-hidden { " " (passkey.name) } }
            }
        }
    }
}
