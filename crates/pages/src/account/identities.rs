//! Signing in with an account elsewhere.

use maud::{Markup, html};
use serde::Deserialize;

use crate::icons::icon;
use crate::model::Provider;
use crate::public::provider::drawing;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    provider_id: String,
    #[serde(default)]
    email: Option<String>,
}

pub(super) fn panel(providers: &[Provider], linked: &[Identity]) -> Markup {
    html! {
        @if !providers.is_empty() {
            section.panel {
                header { div { h2 { "Sign-in elsewhere" } p { "Accounts that sign you in here." } } }
                ul.list {
                    @for provider in providers {
                        @let identity = linked.iter().find(|identity| identity.provider_id == provider.id);
                        li {
                            (icon(drawing(&provider.kind)))
                            div.what {
                                span { (provider.name) @if identity.is_some() { span.badge.good { "Linked" } } }
                                @if let Some(email) = identity.and_then(|identity| identity.email.as_ref()) { span { (email) } }
                            }
                            form method="post" action="/account/security" {
                                input type="hidden" name="id" value=(provider.id);
                                @if identity.is_some() { button.button.small name="do" value="unlink" { "Unlink" } }
                                @else { button.button.small name="do" value="link" { "Link" } }
                            }
                        }
                    }
                }
            }
        }
    }
}
