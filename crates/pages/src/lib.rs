//! The pages that people see, rendered here and readable without a script.
//!
//! # Invariants
//! * A page is a client of the REST API in the same process (`client`): it touches no domain and no database. So
//!   everything that a page does is an operation, with its checks, its audit row and its limits. The browser's own headers
//!   go along, and the API's cookies come back; no page reads what is in them.
//! * Nothing is inline, nothing comes from another origin, no other site frames a page (`visit`).
//! * Forms are sent to their page's own address and work without scripts; only passkeys need one. A page that a mail leads
//!   to changes nothing before its button is pressed, because programs open links too.
//! * Where to go on after a sign-in is decided by one function (`return_to`).
//! * A secret is on a page once: in the answer to the form that made it.
//!
//! Start with [`router`], then `visit` and any file of `public`.

mod account;
mod assets;
mod brand;
mod client;
mod console;
mod failure;
mod form;
mod home;
mod icons;
mod layout;
mod mailbox;
mod model;
mod parts;
mod portal;
mod problems;
mod public;
mod reference;
mod return_to;
mod team;
mod theme;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use gatewright_types::{Clock, Rng};
use http::Extensions;

pub use assets::{ASSETS, Asset};

use client::Problem;
use failure::Failure;

use account::{data, profile, reauthenticate, security, sessions};
use console::{developers, operators, providers, settings};
use public::{email_change, hand_over, invitation, provider, reset, second_factor, sign_in, sign_up, verify};

/// What pages need to know.
pub struct About {
    /// The REST API. What is no page is answered by it.
    pub api: Router,
    /// Takes along what the acceptor of a connection put into its requests, as the peer's address.
    pub carry: fn(&Extensions, &mut Extensions),
    /// How people reach us: `http` or `https`.
    pub scheme: &'static str,
    /// Where the native gateway of this process listens, if it has one.
    pub gateway_url: Option<String>,
    /// The program's version.
    pub version: &'static str,
    /// For the requests' ids.
    pub clock: Clock,
    /// For the requests' ids.
    pub rng: Rng,
}

/// What every page can reach.
#[derive(Clone)]
pub(crate) struct Pages(
    pub(crate) Arc<About>,
    pub(crate) Arc<reference::Navigations>,
    pub(crate) Arc<brand::Brands>,
);

/// The pages, and behind them the API.
pub fn router(about: About) -> Router {
    let api = about.api.clone();
    let pages = Pages(Arc::new(about), Arc::default(), Arc::default());
    let account = Router::new()
        .route("/account", get(profile::show).post(profile::send))
        .route("/account/security", get(security::show).post(security::send))
        .route("/account/sessions", get(sessions::show).post(sessions::send))
        .route("/account/data", get(data::show).post(data::send))
        .route("/account/data/export", get(data::export))
        .route(
            "/account/reauthenticate",
            get(reauthenticate::show).post(reauthenticate::send),
        );
    let console = Router::new()
        .route("/console/people", get(operators::show).post(operators::send))
        .route(
            "/console/people/developers",
            get(developers::show).post(developers::send),
        )
        .route("/console/people/sign-up", get(settings::show).post(settings::send))
        .route("/console/people/providers", get(providers::show).post(providers::send))
        .merge(console::portal::router())
        .merge(console::docs::router());
    let public = Router::new()
        .route("/sign-up", get(sign_up::show).post(sign_up::send))
        .route("/sign-up/check-mail", get(sign_up::check_mail))
        .route("/verify", get(verify::show).post(verify::send))
        .route("/sign-in", get(sign_in::show).post(sign_in::send))
        .route(
            "/sign-in/second-factor",
            get(second_factor::show).post(second_factor::send),
        )
        .route("/sign-in/provider/{id}", post(provider::leave))
        .route("/sign-in/callback/{id}", get(provider::come_back))
        .route("/sign-out", post(sign_in::sign_out))
        .route("/reset", get(reset::show).post(reset::send))
        .route("/reset/complete", get(reset::show).post(reset::send))
        .route("/reset/check-mail", get(reset::check_mail))
        .route("/invitation", get(invitation::show).post(invitation::send))
        .route("/email-change", get(email_change::show).post(email_change::send))
        .route("/hand-over", get(hand_over::show).post(hand_over::send));
    // What holds no secret may be compressed (`reference::deliver`).
    let catalog = Router::new()
        .route("/", get(home::show))
        .route("/products/{slug}", get(portal::product::show))
        .layer(reference::compression());
    Router::new()
        .route("/theme", post(theme::choose))
        .route("/team", get(team::show).post(team::send))
        .route("/errors", get(problems::list))
        .route("/errors/{code}", get(problems::one))
        .route("/mailbox", get(mailbox::list))
        .route("/mailbox/{id}", get(mailbox::one))
        .route("/assets/{name}", get(assets::show))
        .route("/brand/{name}", get(brand::show))
        .merge(public)
        .merge(catalog)
        .merge(reference::router())
        .merge(portal::router())
        .merge(account)
        .merge(console)
        .method_not_allowed_fallback(async || {
            Failure::from(Problem::of(405, "method-not-allowed", "This page is only read."))
        })
        .layer(from_fn_with_state(pages.clone(), visit::surround))
        .with_state(pages)
        .fallback_service(api)
}
