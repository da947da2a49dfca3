//! `/account/security`: password, codes from an app, recovery codes, passkeys, linked sign-ins.

use axum::extract::RawQuery;
use axum::response::Response;
use http::Method;
use maud::{Markup, html};
use serde_json::json;

use super::{account, notice, page, passkeys, recovery, totp};
use crate::client::Problem;
use crate::failure::Failure;
use crate::form::Form;
use crate::layout::{self, About};
use crate::model::{Account, Items, SignInOptions};
use crate::parts::{Field, alert};
use crate::public::{provider, sign_in};
use crate::visit::{Visit, see_other, segment};

use super::identities::{self, Identity};

const FIELDS: [&str; 3] = ["newPassword", "code", "name"];

pub(crate) async fn show(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Failure> {
    render(&visit, &Form::read(query.unwrap_or_default().as_bytes()), None).await
}

pub(crate) async fn send(visit: Visit, form: Form) -> Result<Response, Failure> {
    match done(&visit, &form).await {
        Ok(response) => Ok(response),
        Err(problem) if problem.is("reauthentication-required") || problem.status == 401 => Err(problem.into()),
        Err(problem) if form.text("do") == "totp-confirm" => totp::again(&visit, &problem).await,
        Err(problem) => render(&visit, &form, Some(problem)).await,
    }
}

async fn done(visit: &Visit, form: &Form) -> Result<Response, Problem> {
    let back = |notice: &str| see_other(&format!("/account/security?notice={notice}"));
    let id = || segment(form.text("id"));
    match form.text("do") {
        "password" => {
            let body = json!({ "newPassword": form.raw("newPassword") });
            visit.call(Method::PUT, "/api/v1/account/password", Some(&body)).await?;
            Ok(back("password"))
        }
        "totp" => totp::enroll(visit).await,
        "totp-confirm" => {
            let body = json!({ "code": form.text("code").replace(' ', "") });
            let answer = visit.post("/api/v1/account/totp/confirm", &body).await?;
            Ok(recovery::shown(visit, answer).await?.unwrap_or_else(|| back("saved")))
        }
        "totp-off" => visit
            .call(Method::DELETE, "/api/v1/account/totp", None)
            .await
            .map(|_| back("totp-off")),
        "recovery" => {
            let answer = visit.post("/api/v1/account/recovery-codes", &json!({})).await?;
            Ok(recovery::shown(visit, answer).await?.unwrap_or_else(|| back("saved")))
        }
        "passkey" => {
            let mut body = sign_in::ceremony(form);
            body["name"] = form.text("name").into();
            let answer = visit.post("/api/v1/account/passkeys", &body).await?;
            Ok(recovery::shown(visit, answer).await?.unwrap_or_else(|| back("passkey")))
        }
        "passkey-rename" => {
            let (path, body) = (
                format!("/api/v1/account/passkeys/{}", id()?),
                json!({ "name": form.text("name") }),
            );
            visit
                .call(Method::PATCH, &path, Some(&body))
                .await
                .map(|_| back("passkey-renamed"))
        }
        "passkey-remove" => {
            let path = format!("/api/v1/account/passkeys/{}", id()?);
            visit
                .call(Method::DELETE, &path, None)
                .await
                .map(|_| back("passkey-removed"))
        }
        "link" => {
            let path = format!("/api/v1/account/identities/{}/authorizations", id()?);
            let answer = visit
                .post(&path, &json!({ "returnTo": "/account/security?notice=linked" }))
                .await?;
            provider::go(visit, answer).await
        }
        "unlink" => {
            let path = format!("/api/v1/account/identities/{}", id()?);
            visit.call(Method::DELETE, &path, None).await.map(|_| back("unlinked"))
        }
        _ => Err(Problem::not_found()),
    }
}

async fn render(visit: &Visit, form: &Form, problem: Option<Problem>) -> Result<Response, Failure> {
    let account = account(visit).await?;
    let keys: Items<passkeys::Passkey> = visit.get("/api/v1/account/passkeys").await?;
    let linked: Items<Identity> = visit.get("/api/v1/account/identities").await?;
    let options: SignInOptions = visit.get("/api/v1/sign-in-options").await?;
    let about = About {
        title: "Security",
        passkeys: true,
        ..About::default()
    };
    let content = html! {
        (notice(form.text("notice")))
        (alert(problem.as_ref(), &FIELDS))
        (password(&account, problem.as_ref()))
        (passkeys::panel(&keys.items))
        (totp::panel(&account))
        (codes(&account))
        (identities::panel(&options.providers, &linked.items))
    };
    let response = page(visit, &account, about, &content);
    Ok(layout::with_status(response, problem.as_ref()))
}

fn password(account: &Account, problem: Option<&Problem>) -> Markup {
    let has = account.person.has_password;
    let about = if has {
        "Changing it ends your other sessions."
    } else {
        "You have none, and sign in without one."
    };
    html! {
        section.panel {
            header { div { h2 { "Password" } p { (about) } } }
            form.body method="post" action="/account/security" {
                input.visually-hidden type="text" name="username" autocomplete="username" value=(account.person.email) tabindex="-1" aria-hidden="true" readonly;
                div.row.fields {
                    (Field { name: "newPassword", label: "New password", kind: "password", autocomplete: "new-password", placeholder: "10 characters or more", problem, ..Field::default() }.show())
                    button.button name="do" value="password" { @if has { "Change" } @else { "Set password" } }
                }
            }
        }
    }
}

fn codes(account: &Account) -> Markup {
    let left = account.second_factors.recovery_codes;
    let needed = account.second_factors.totp || account.second_factors.passkeys > 0;
    html! {
        @if needed || left > 0 {
            section.panel {
                header {
                    div {
                        h2 { "Recovery codes" }
                        p { @if left == 0 { "You have none left." } @else { (left) " left. New ones make the old ones worthless." } }
                    }
                    form method="post" action="/account/security" {
                        button.button name="do" value="recovery" { "New codes" }
                    }
                }
            }
        }
    }
}
