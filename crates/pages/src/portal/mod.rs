//! What a customer's developer does here: finds a product, chooses a plan, gets a key and looks after it.
//!
//! A secret is in one answer: that of the form which made it ([`reveal`]). Each such form has an `Idempotency-Key` of its own,
//! made when it is shown, so that sending it twice makes nothing twice; the second answer says that the secret was shown.
//! What needs a recent sign-in has an address of its own that holds what was chosen, so that one comes back to it.
//!
//! Start with `catalog`, then `subscribe`.

pub(crate) mod catalog;
pub(crate) mod first_run;
mod key;
mod key_form;
mod keys;
mod model;
pub(crate) mod product;
mod reveal;
mod revoke;
mod rotate;
mod subscribe;
mod subscriptions;
mod words;

use axum::Router;
use axum::routing::{get, post};
use gatewright_types::Rng;

use crate::Pages;
use crate::client::Problem;
use crate::model::Account;

/// The pages.
pub(crate) fn router() -> Router<Pages> {
    Router::new()
        .route("/subscribe/{id}", get(subscribe::show).post(subscribe::send))
        .route("/keys", get(keys::show))
        .route("/keys/new", get(keys::new).post(keys::send))
        .route("/keys/{id}", get(key::show).post(key::send))
        .route("/keys/{id}/rotate", get(rotate::show).post(rotate::send))
        .route("/keys/{id}/revoke", get(revoke::show).post(revoke::send))
        .route("/keys/{id}/gateways/{gateway}/reveal", post(rotate::reveal))
        .route("/subscriptions", get(subscriptions::show))
        .route(
            "/subscriptions/{id}/cancel",
            get(subscriptions::ask).post(subscriptions::cancel),
        )
}

/// A new `Idempotency-Key`.
fn once(rng: &Rng) -> String {
    let bytes: [u8; 16] = rng.bytes();
    bytes
        .iter()
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// Whether a form's failure is for another page than its own.
fn leads_elsewhere(problem: &Problem) -> bool {
    problem.status == 401 || problem.is("reauthentication-required")
}

/// Refuses whoever acts for no customer.
fn require_developer(account: &Account) -> Result<(), Problem> {
    match &account.developer {
        Some(developer) if developer.state == "ACTIVE" => Ok(()),
        Some(_) => Err(Problem::of(
            403,
            "approval-pending",
            "Somebody has to let you in first. You get a mail when that is done.",
        )),
        None => Err(Problem::of(
            403,
            "forbidden",
            "This page is for developers of a customer. Sign in as one.",
        )),
    }
}
