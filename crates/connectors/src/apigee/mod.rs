//! Google Apigee X and Apigee hybrid.
//!
//! | ours | Apigee's |
//! |---|---|
//! | customer | developer, at an address that nobody reads (`names`) |
//! | application (one per subscription) | app of that developer |
//! | credential | key of the app; its number is an attribute, and the beginning of its secret half |
//! | scope | products on the key |
//! | suspension | the app is revoked |
//!
//! What the customer presents is the consumer key. The consumer secret, of which OAuth has use, is random and told nobody.
//! A key without products opens nothing: that is how it is prepared.
//!
//! # What has to be known about Apigee
//! | trap | what is done | the test that shows it (`tests/it`) |
//! |---|---|---|
//! | an app always comes with a key that nobody asked for | it is made without products, and that key goes (`application`) | `the_key_that_came_with_the_app_goes_and_no_other` |
//! | a product on a key replaces the key's attributes, and with them its number | ours go along each time; the number is also in the secret half (`names`) | `a_number_survives_what_others_do_to_a_key` |
//! | a key that is taken is answered with 409 and `ABORTED`, which says "try again" | violations decide, not statuses (`answers`) | `a_key_that_is_taken_is_nobodys_to_try_again` |
//! | the consumer key is part of addresses, and of Apigee's words | it is called by its hash (`rows`), and no such word is repeated (`answers`) | `no_key_is_told_at_any_level` |
//! | apps and keys that are revoked are left out of lists | four passes (`scan`) | `a_scan_sees_what_is_revoked` |
//! | a key goes on for minutes after its app was deleted | keys are deleted before their app (`application`) | `a_cancelled_key_is_refused_before_apigee_is_done` |
//! | a name or a key is taken for minutes after its developer was deleted | that is a conflict, to be tried again, and nobody else's (`application`) | `what_is_not_gone_yet_is_waited_for` |
//! | a developer is deleted with all apps | only without any, and only ours (`application`) | `a_developer_goes_with_the_last_app` |
//! | Apigee makes a key each time it is asked | the call that makes it writes down which it makes (`names`), so that it is found | `apigee_makes_a_key_once` |
//! | products can wait for somebody's approval | Gatewright approves its own (`credential`) | `a_product_that_waits_for_approval_is_approved` |
//! | an inactive developer's keys are refused although all else is approved | it is observed, and put right on reactivation (`standing`) | `an_inactive_developer_is_seen_and_comes_back` |
//! | an action without `application/octet-stream` is refused | it is sent so (`client`) | `a_key_is_admitted_exactly_while_it_should_be` |
//! | a product without proxies opens all of them; a proxy without a policy asks nobody | both are open by default (`discover`) | `what_is_open_by_default_is_named` |
//! | a page begins with the last row of the page before | it is counted once (`layout`) | `products_beyond_a_page_are_offered_once` |
//! | a token ends | the next is fetched ahead by one caller; a 401 fetches another (`token`) | `a_token_that_ends_is_replaced_ahead_and_by_one` |
//! | a service account's file names an endpoint | the assertion goes where the settings say (`settings`) | `a_pasted_file_sends_nothing_elsewhere` |
//!
//! Start with `observe`; `client` makes calls and `answers` says what became of them.

mod answers;
mod application;
mod client;
mod credential;
mod discover;
mod layout;
mod names;
mod observe;
mod rows;
mod scan;
mod settings;
mod standing;
mod token;
mod verify;

use gatewright_types::Rng;
use gatewright_types::ids::GatewayId;
use gatewright_types::problem::FieldError;
use secrecy::SecretString;

pub use settings::{CA_PEM_MAX_BYTES, Credentials, PRIVATE_KEY_MAX_BYTES, ServiceAccountKey, Settings, URL_MAX_BYTES};

use self::client::Caller;
use self::names::Names;
use crate::connector::{Call, Connector};
use crate::link::Link;
use crate::model::{
    Adoptable, AdoptedKey, Application, Applied, Capabilities, Granularity, Inert, Judgement, Observed,
    ObservedCredential, Offered, Overlap, Page, Report, Scanned, Serial, Step,
};

/// How long a runtime believes what it found about a key: Apigee's cache of keys, apps and products.
const PROPAGATION_SECONDS: u32 = 180;
/// 6 000 a minute for each organization, enforced.
const CALLS_PER_SECOND: u32 = 100;
/// Most keys of an app.
const KEYS_MAX: u32 = 10;

/// One organization of Apigee.
pub struct Apigee {
    caller: Caller,
    settings: Settings,
    capabilities: Capabilities,
    rng: Rng,
}

impl Apigee {
    /// The organization that these settings name, with these credentials.
    ///
    /// # Errors
    ///
    /// What is wrong with a field of `/settings` or `/credentials`.
    pub fn new(settings: Settings, credentials: &Credentials) -> Result<Self, Vec<FieldError>> {
        let checked = settings::check(&settings, credentials)?;
        Ok(Self {
            caller: Caller::new(checked),
            capabilities: capabilities(&settings.organization),
            settings,
            rng: Rng::System,
        })
    }

    fn names(&self, application: &Application) -> Names {
        Names::of(application, &self.settings.developer_domain)
    }
}

fn capabilities(organization: &str) -> Capabilities {
    Capabilities {
        accepts_secret: true,
        generates_secret: true,
        reads_secret_back: true,
        has_applications: true,
        inert: Inert::ScopeWithheld,
        scope_granularity: Granularity::Credential,
        scope_max: None,
        needs_scope: false,
        credentials_max: Some(KEYS_MAX),
        overlap: Overlap::Native,
        overlap_doubles_quota: false,
        suspends_credential: true,
        expires_credential: false,
        restricts_addresses: false,
        propagation_seconds: PROPAGATION_SECONDS,
        takes_over: true,
        calls_per_second: Some(CALLS_PER_SECOND),
        rate_key: Some(format!("apigee|{organization}")),
        call_rates: Vec::new(),
        one_at_a_time: Vec::new(),
        serial: Serial::Customer,
    }
}

impl Connector for Apigee {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn verify<'a>(&'a self, link: &'a Link) -> Call<'a, Report> {
        Box::pin(self.verify(link))
    }

    fn discover<'a>(&'a self, link: &'a Link, _cursor: Option<String>) -> Call<'a, Page<Offered>> {
        Box::pin(self.offers(link))
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
