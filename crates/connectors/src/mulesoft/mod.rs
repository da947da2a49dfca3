//! MuleSoft Anypoint Platform: client applications of Exchange, contracts of API Manager.
//!
//! | ours | Anypoint's |
//! |---|---|
//! | application (one per subscription) | nothing; what its client applications are called (`names`) |
//! | credential | a client application; its client id is the key |
//! | scope | one contract with each API instance, at a tier where that has tiers |
//! | suspension | every contract revoked |
//!
//! A client application has one pair for its whole life, so a rotation makes another one beside it. Without a contract it
//! opens nothing: applications come first, contracts last.
//!
//! # What has to be known about Anypoint
//! | trap | what is done | the test that fails without it |
//! |---|---|---|
//! | a missing scope is an empty list with 200 | nothing is taken for gone before something else was seen (`sight`) | `an_empty_list_is_not_taken_for_an_absence` |
//! | `query` finds what only mentions it, `literalMatch` or not | names are compared by us (`names`) | `what_only_mentions_our_name_is_not_ours` |
//! | anybody can rename an application in Exchange | its description decides, and it is named again | `a_renamed_application_is_still_ours_and_is_named_again` |
//! | without `targetAdminSite` what others made is not seen | always sent | `an_application_made_by_hand_is_offered_for_adoption` |
//! | no `apiInstanceId`, and some organizations refuse the application | always sent, of any instance where none is wanted yet | `an_application_without_contracts_names_an_instance_all_the_same` |
//! | only version 1 of Exchange's API takes a pair | it is used for ours, the later one for Anypoint's own | `a_key_is_admitted_exactly_while_it_should_be` |
//! | a contract may be pending | approved at once | `a_contract_that_waits_for_approval_is_approved` |
//! | a contract has to be revoked before it is deleted, and an application's end may need it | revoked, deleted, and then the application | `a_key_is_admitted_exactly_while_it_should_be` |
//! | a tier can be changed and not taken away | the contract is made anew | `a_tier_is_changed_in_place_and_taken_away_with_its_contract` |
//! | 500 and 503 also say that it was too often, and may have been done | a write has an unknown outcome | `a_write_that_is_answered_with_5xx_has_an_unknown_outcome` |
//! | the rate's end is told in `X-RateLimit-Reset`, in seconds since 1970 | waited for | `a_rate_that_is_exceeded_is_waited_for` |
//! | API Manager filters contracts by client id in the address | never used: it is the customer's key | `no_secret_is_told` |
//! | a complaint about a pair repeats the client id | nothing of it is repeated | `a_client_id_that_is_taken_is_not_taken_over` |
//! | a token ends in the middle of things | renewed at 75 %, and once after a 401 | `a_token_that_ends_in_the_middle_is_renewed` |
//! | an API instance without client id enforcement ignores contracts | told as open | `what_is_open_is_told` |
//!
//! Start with `observe`; `client` makes calls and `answers` says what became of them.

mod adopt;
mod answers;
mod application;
mod client;
mod contracts;
mod credential;
mod discover;
mod names;
mod observe;
mod rows;
mod scan;
mod settings;
mod sight;
mod verify;

use std::sync::Arc;

use gatewright_types::ids::GatewayId;
use gatewright_types::problem::FieldError;
use secrecy::SecretString;

pub use settings::{CREDENTIAL_MAX_BYTES, ClientProvider, Credentials, REGION_MAX_CHARS, Settings, URL_MAX_BYTES};
pub use verify::{APPLICATIONS_MAX, APPLICATIONS_NEAR};

use self::client::Caller;
use self::sight::Sight;
use crate::choice::{Choice, Chosen, Rotation, not_left};
use crate::connector::{Call, Connector};
use crate::link::Link;
use crate::model::{
    Adoptable, AdoptedKey, Application, Applied, Capabilities, Granularity, Inert, Judgement, Observed,
    ObservedCredential, Offered, Overlap, Page, Report, Scanned, Serial, Step,
};

/// How often a Flex Gateway asks for contracts (`pdk-contracts-lib` 1.10); a Mule runtime asks about as often.
const PROPAGATION_SECONDS: u32 = 15;

/// One business group's environment on Anypoint.
pub struct MuleSoft {
    caller: Arc<Caller>,
    settings: Settings,
    capabilities: Capabilities,
    sight: Arc<Sight>,
}

impl MuleSoft {
    /// An Anypoint with these settings and credentials.
    ///
    /// # Errors
    ///
    /// What is wrong with a field of `/settings` or `/credentials`.
    pub fn new(settings: Settings, credentials: &Credentials) -> Result<Self, Vec<FieldError>> {
        let checked = settings::check(&settings, credentials)?;
        Ok(Self {
            caller: Arc::new(Caller::new(checked)),
            capabilities: capabilities(&settings, settings.rotation),
            settings,
            sight: Arc::default(),
        })
    }
}

fn capabilities(settings: &Settings, rotation: Rotation) -> Capabilities {
    let clones = rotation == Rotation::Clone;
    Capabilities {
        accepts_secret: settings.client_provider != ClientProvider::Oidc,
        generates_secret: true,
        reads_secret_back: true,
        has_applications: false,
        inert: Inert::ScopeWithheld,
        scope_granularity: Granularity::Credential,
        scope_max: None,
        needs_scope: false,
        credentials_max: None,
        overlap: if clones { Overlap::Cloned } else { Overlap::None },
        // A tier's limit is of an application, and while a key is rotated it is two.
        overlap_doubles_quota: clones,
        suspends_credential: false,
        expires_credential: false,
        restricts_addresses: false,
        propagation_seconds: PROPAGATION_SECONDS,
        // Ours has the same pair, which only our own making can give it.
        takes_over: settings.client_provider != ClientProvider::Oidc,
        calls_per_second: None,
        rate_key: None,
        call_rates: Vec::new(),
        one_at_a_time: Vec::new(),
        serial: Serial::None,
    }
}

impl Connector for MuleSoft {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    /// A key is one application for all that it may call: where one product's old secret must end at once, the whole of it does.
    fn choose(&self, choices: &[Choice]) -> Chosen {
        not_left(choices, false, true)?;
        let mut all = choices
            .iter()
            .map(|choice| choice.rotation.unwrap_or(self.settings.rotation));
        let rotation = match all.any(|rotation| rotation == Rotation::Cut) {
            true => Rotation::Cut,
            false if choices.is_empty() => self.settings.rotation,
            false => Rotation::Clone,
        };
        if rotation == self.settings.rotation {
            return Ok(None);
        }
        Ok(Some(Arc::new(Self {
            caller: Arc::clone(&self.caller),
            settings: self.settings.clone(),
            capabilities: capabilities(&self.settings, rotation),
            sight: Arc::clone(&self.sight),
        })))
    }

    fn verify<'a>(&'a self, link: &'a Link) -> Call<'a, Report> {
        Box::pin(self.verify(link))
    }

    fn discover<'a>(&'a self, link: &'a Link, cursor: Option<String>) -> Call<'a, Page<Offered>> {
        Box::pin(self.offers(link, cursor))
    }

    fn judge<'a>(&'a self, link: &'a Link, scope: &'a [String]) -> Call<'a, Judgement> {
        Box::pin(self.judge(link, scope))
    }

    fn observe<'a>(&'a self, link: &'a Link, application: &'a Application) -> Call<'a, Observed> {
        Box::pin(self.observe(link, application))
    }

    fn apply<'a>(
        &'a self,
        link: &'a Link,
        application: &'a Application,
        step: &'a Step,
        observed: &'a Observed,
    ) -> Call<'a, Applied> {
        Box::pin(self.apply(link, application, step, observed))
    }

    fn read_secret<'a>(
        &'a self,
        link: &'a Link,
        application: &'a Application,
        credential: &'a ObservedCredential,
    ) -> Call<'a, Option<SecretString>> {
        Box::pin(self.read_secret(link, application, credential))
    }

    fn scan<'a>(&'a self, link: &'a Link, connection_id: GatewayId, cursor: Option<String>) -> Call<'a, Page<Scanned>> {
        Box::pin(self.scan(link, connection_id, cursor))
    }

    fn adoptable<'a>(&'a self, link: &'a Link, cursor: Option<String>) -> Call<'a, Page<Adoptable>> {
        Box::pin(self.adoptable(link, cursor))
    }

    fn stranger<'a>(&'a self, link: &'a Link, remote_id: &'a str) -> Call<'a, Option<Adoptable>> {
        Box::pin(self.stranger(link, remote_id))
    }

    fn release<'a>(&'a self, link: &'a Link, key: &'a AdoptedKey) -> Call<'a, ()> {
        Box::pin(self.release(link, key))
    }
}
