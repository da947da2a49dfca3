//! Recovery codes, on the one page that ever shows them.

use axum::response::Response;
use maud::html;
use serde::Deserialize;
use serde_json::Value;

use super::account;
use crate::client::Problem;
use crate::icons::icon;
use crate::layout::{self, About, heading};
use crate::visit::{Visit, read};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Codes {
    #[serde(default)]
    recovery_codes: Option<Vec<String>>,
}

/// The page with the codes of this answer, if it has any.
pub(crate) async fn shown(visit: &Visit, answer: Value) -> Result<Option<Response>, Problem> {
    let codes: Codes = read(answer)?;
    let Some(codes) = codes.recovery_codes.filter(|codes| !codes.is_empty()) else {
        return Ok(None);
    };
    let account = account(visit).await?;
    let about = About {
        title: "Your recovery codes",
        tenant: &account.tenant.name,
        ..About::default()
    };
    let text = html! {
        "Each signs you in once when your second factor is out of reach. They are shown now and never again."
    };
    let card = html! {
        section.card.wide {
            (heading("key", about.title, &text))
            form.stack method="get" action="/account/security" {
                ul.codes id="codes" { @for code in &codes { li { (code) } } }
                div.row {
                    button.button type="button" data-copy="#codes" hidden { (icon("copy")) span data-label { "Copy" } }
                    button.button type="button" data-download="recovery-codes.txt" data-from="#codes" hidden { (icon("download")) "Download" }
                }
                label.check { input type="checkbox" required; span { "I have stored them where I find them without this device." } }
                button.button.primary.block { "Done" }
            }
        }
    };
    Ok(Some(layout::gate(visit, about, &card)))
}
