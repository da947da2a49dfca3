//! What pages read of the API's answers; what they do not show is left out.

use chrono::{DateTime, Utc};
use serde::Deserialize;

/// A page of a list.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Items<T> {
    pub(crate) items: Vec<T>,
    #[serde(default)]
    pub(crate) next_cursor: Option<String>,
}

/// A tenant.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) slug: String,
}

/// How one signs in and up here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInOptions {
    pub(crate) tenant: Tenant,
    pub(crate) sign_up: String,
    #[serde(default)]
    pub(crate) domains: Vec<String>,
    #[serde(default)]
    pub(crate) providers: Vec<Provider>,
}

/// Where else somebody can sign in.
#[derive(Deserialize)]
pub(crate) struct Provider {
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) name: String,
}

/// What an operation that signs in answers.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignInAnswer {
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) factors: Vec<String>,
    #[serde(default)]
    pub(crate) return_to: Option<String>,
}

/// Whoever is signed in.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Account {
    pub(crate) person: Person,
    pub(crate) tenant: Tenant,
    #[serde(default)]
    pub(crate) operator: Option<OperatorHat>,
    #[serde(default)]
    pub(crate) developer: Option<DeveloperHat>,
    pub(crate) second_factors: SecondFactors,
}

impl Account {
    /// Whether somebody acts for a customer.
    pub(crate) fn is_active_developer(&self) -> bool {
        self.developer
            .as_ref()
            .is_some_and(|developer| developer.state == "ACTIVE")
    }
}

/// A person.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Person {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) has_password: bool,
    #[serde(default)]
    pub(crate) created_at: Option<DateTime<Utc>>,
}

/// What a person is as an operator.
#[derive(Deserialize)]
pub(crate) struct OperatorHat {
    pub(crate) id: String,
    pub(crate) role: String,
}

/// What a person is as a developer.
#[derive(Deserialize)]
pub(crate) struct DeveloperHat {
    pub(crate) id: String,
    pub(crate) role: String,
    pub(crate) state: String,
    pub(crate) customer: Named,
}

/// Something with a name.
#[derive(Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

/// What is asked for beside a password.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SecondFactors {
    pub(crate) totp: bool,
    pub(crate) passkeys: u32,
    pub(crate) recovery_codes: u32,
}

/// An invitation as whoever got it sees it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct LookedUp {
    pub(crate) role: String,
    pub(crate) email: String,
    pub(crate) tenant: Tenant,
    #[serde(default)]
    pub(crate) customer_name: Option<String>,
    #[serde(default)]
    pub(crate) invited_by: Option<String>,
    #[serde(default)]
    pub(crate) has_account: bool,
}
