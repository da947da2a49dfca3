//! `/account/data`: taking one's data along, and going away.

use axum::body::Body;
use axum::extract::RawQuery;
use axum::response::Response;
use http::{HeaderValue, Method, header};
use maud::html;

use super::{account, notice, page};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About};
use crate::parts::{Field, alert};
use crate::visit::{Visit, see_other};

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

/// `GET /account/data/export`: a file.
pub(crate) async fn export(visit: Visit) -> Result<Response, Failure> {
    let data = visit.call(Method::GET, "/api/v1/account/export", None).await?;
    let mut response = Response::new(Body::from(serde_json::to_vec_pretty(&data).unwrap_or_default()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let file = HeaderValue::from_static("attachment; filename=\"account.json\"");
    headers.insert(header::CONTENT_DISPOSITION, file);
    Ok(response)
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    let account = account(&visit).await?;
    if !form.text("email").eq_ignore_ascii_case(&account.person.email) {
        let mut problem = Problem::of(422, "validation-failed", "The address is not yours.");
        let detail = format!("type {} to confirm", account.person.email);
        problem.errors.push(crate::client::FieldProblem {
            field: "/email".to_owned(),
            detail,
        });
        return render(&visit, &form, Some(problem)).await;
    }
    match visit.call(Method::DELETE, "/api/v1/account", None).await {
        Ok(_) => Ok(see_other("/sign-in?notice=deleted")),
        Err(problem) if problem.is("reauthentication-required") || problem.status == 401 => Err(problem.into()),
        Err(problem) => render(&visit, &form, Some(problem)).await,
    }
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = account(visit).await?;
    let about = About {
        title: "Your data",
        ..About::default()
    };
    let customer = account
        .developer
        .as_ref()
        .map(|developer| developer.customer.name.as_str());
    let content = html! {
        (notice(form.text("notice")))
        (alert(problem.as_ref(), &["email"]))
        section.panel {
            header {
                div { h2 { "Export" } p { "All that is kept of you here, as JSON." } }
                a.button href="/account/data/export" { "Download" }
            }
        }
        section.panel.risky {
            header { div { h2 { "Delete account" } p {
                "You can no longer sign in, here or with a linked sign-in."
                @if let Some(customer) = customer { " What " (customer) " subscribed to stays with " (customer) "." }
                " This cannot be undone."
            } } }
            form.body method="post" action="/account/data" {
                div.row.fields {
                    (Field { name: "email", label: "Type your e-mail to confirm", kind: "email", placeholder: &account.person.email, problem: problem.as_ref(), ..Field::default() }.show())
                    button.button.danger { "Delete account" }
                }
            }
        }
    };
    let response = page(visit, &account, about, &content);
    Ok(layout::with_status(response, problem.as_ref()))
}
