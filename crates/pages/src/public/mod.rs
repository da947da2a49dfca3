//! Pages for whoever is not signed in.

pub(crate) mod email_change;
pub(crate) mod hand_over;
pub(crate) mod invitation;
pub(crate) mod provider;
pub(crate) mod reset;
pub(crate) mod second_factor;
pub(crate) mod sign_in;
pub(crate) mod sign_up;
pub(crate) mod verify;

use axum::response::Response;
use maud::html;
use serde_json::Value;

use crate::client::Problem;
use crate::failure::Failure;
use crate::layout::{self, About, heading};
use crate::model::{SignInAnswer, SignInOptions};
use crate::return_to;
use crate::visit::{Visit, read, see_other};

/// The tenant of this host, and how one signs in here.
async fn options(visit: &Visit) -> Result<SignInOptions, Problem> {
    let mut options: SignInOptions = visit.get("/api/v1/sign-in-options").await?;
    visit.brand().rename(&mut options.tenant.name);
    Ok(options)
}

/// Goes on after something that signs in: to the page, or to what is still owed.
fn signed_in(answer: Value, return_to: Option<&str>) -> Result<Response, Failure> {
    let answer: SignInAnswer = read(answer)?;
    let return_to = answer.return_to.as_deref().and_then(return_to::local).or(return_to);
    Ok(match answer.status.as_str() {
        "SECOND_FACTOR_REQUIRED" => {
            let page = format!(
                "/sign-in/second-factor?factors={}",
                return_to::encoded(&answer.factors.join(" "))
            );
            see_other(&return_to::with(&page, return_to))
        }
        "SIGNED_IN" | "LINKED" => see_other(return_to.unwrap_or("/")),
        // The address is verified or the invitation accepted, and this browser did not begin it.
        _ => see_other("/sign-in?notice=ready"),
    })
}

/// A link of a mail that leads nowhere, or not any more.
async fn dead_link(visit: &Visit, problem: &Problem, again: (&str, &str)) -> Response {
    let tenant = options(visit)
        .await
        .map(|options| options.tenant.name)
        .unwrap_or_default();
    let about = About {
        title: "This link no longer works",
        tenant: &tenant,
        token_in_address: true,
        ..About::default()
    };
    let why = html! { "It was used already, is too old, or was replaced by a newer one." };
    let card = html! {
        section.card {
            (heading("alert", about.title, &why))
            div.stack.tight {
                a.button.primary.block href=(again.0) { (again.1) }
                a.button.quiet.block href="/sign-in" { "Go to sign-in" }
            }
        }
    };
    layout::with_status(layout::gate(visit, about, &card), Some(problem))
}
