//! How people come in: what a tenant has decided about signing up.

use chrono::{DateTime, Utc};
use gatewright_catalog::check::Checks;
use gatewright_database::TenantTx;
use gatewright_types::text_enum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::DeveloperState;
use crate::{IdentityError, store};

/// Most domains that are listed.
pub const DOMAINS_MAX: usize = 200;

text_enum! {
    /// Who may sign up.
    pub enum SignUpMode {
        /// Everybody.
        Open = "OPEN",
        /// Whoever has a mail address of one of the domains.
        ByDomain = "BY_DOMAIN",
        /// Nobody by themselves.
        ByInvitation = "BY_INVITATION",
        /// Everybody, and an operator lets them in.
        ByApproval = "BY_APPROVAL",
    }
}

/// How people come in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PeopleSettings {
    /// Who may sign up.
    pub sign_up: SignUpMode,
    /// The domains of BY_DOMAIN.
    #[schema(example = json!(["example.com"]))]
    pub domains: Vec<String>,
    /// When this was last changed; null: never.
    pub updated_at: Option<DateTime<Utc>>,
}

/// What they are to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewPeopleSettings {
    /// Who may sign up.
    pub sign_up: SignUpMode,
    /// For BY_DOMAIN: the part of a mail address behind the `@`, exactly.
    #[serde(default)]
    #[schema(max_items = 200, example = json!(["example.com"]))]
    pub domains: Vec<String>,
}

/// What the tenant has decided, or what holds until it does.
pub async fn get(tx: &mut TenantTx) -> Result<PeopleSettings, IdentityError> {
    let found = store::settings::find(tx).await?;
    Ok(found.unwrap_or(PeopleSettings {
        sign_up: SignUpMode::Open,
        domains: Vec::new(),
        updated_at: None,
    }))
}

/// Decides it.
pub async fn put(tx: &mut TenantTx, new: NewPeopleSettings) -> Result<PeopleSettings, IdentityError> {
    let before = get(tx).await?;
    let mut domains: Vec<String> = new.domains.iter().map(|domain| domain.trim().to_lowercase()).collect();
    domains.sort_unstable();
    domains.dedup();
    let mut checks = Checks::default();
    for (index, domain) in new.domains.iter().enumerate() {
        let field = format!("/domains/{index}");
        checks.require(
            is_domain(domain),
            &field,
            "expected a domain like example.com, without the @",
        );
    }
    checks.require(
        domains.len() <= DOMAINS_MAX,
        "/domains",
        format!("expected at most {DOMAINS_MAX}"),
    );
    checks.require(
        new.sign_up != SignUpMode::ByDomain || !domains.is_empty(),
        "/domains",
        "BY_DOMAIN needs at least one",
    );
    checks.done()?;
    let after = PeopleSettings {
        sign_up: new.sign_up,
        domains,
        updated_at: Some(tx.now()),
    };
    store::settings::put(tx, &after).await?;
    let id = tx.tenant_id();
    tx.changed("identity", "people_settings.changed", id, &before, &after);
    Ok(after)
}

impl PeopleSettings {
    /// In which state somebody with this mail address begins who comes by themselves; fails where they may not.
    pub fn admit(&self, email: &str) -> Result<DeveloperState, IdentityError> {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
        match self.sign_up {
            SignUpMode::Open => Ok(DeveloperState::Active),
            SignUpMode::ByApproval => Ok(DeveloperState::Pending),
            SignUpMode::ByDomain if self.domains.contains(&domain) => Ok(DeveloperState::Active),
            SignUpMode::ByDomain => Err(IdentityError::SignUpClosed("with a mail address of this domain")),
            SignUpMode::ByInvitation => Err(IdentityError::SignUpClosed("without an invitation")),
        }
    }
}

fn is_domain(text: &str) -> bool {
    let text = text.trim();
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}
