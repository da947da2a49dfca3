//! Azure API Management, by Azure Resource Manager.
//!
//! | ours | Azure's |
//! |---|---|
//! | customer | user, with an address where nothing arrives |
//! | application (one per subscription) | subscription, with a name that follows from ours (`names`) |
//! | credential | one of its two keys; its display name says which (`slots`) |
//! | scope | the one product that the subscription is for |
//! | suspension | its state |
//!
//! Where products are mapped so, each key has a subscription of its own instead, with its own product (`apart`).
//!
//! The key is what makes things work: a subscription is made active with two keys that nobody knows.
//!
//! # What has to be known about Azure API Management
//! | trap | here | the test in `tests/it/azure_traps.rs` |
//! |---|---|---|
//! | a subscription without a state is `submitted` and opens nothing | the state is always said | `a_new_subscription_opens_what_it_is_for` |
//! | it has two keys from the start, which Azure makes and shows | both are overwritten by values that are thrown away | `a_slot_without_a_key_of_ours_holds_a_value_that_nobody_knows` |
//! | its keys have no names | the display name says which is which, in the same write | `a_key_and_its_number_never_disagree` |
//! | two writers lose each other's slot | slots are written with the ETag that was seen | `a_slot_that_somebody_wrote_meanwhile_is_not_overwritten` |
//! | 412 also comes without a cause | tried again, then a conflict, which is tried later | `a_412_without_a_cause_is_tried_again` |
//! | a key made anew ends the old one | only a slot that nobody was told of is made anew | `a_generated_key_is_answered_again_and_not_made_again` |
//! | 404 is also a service, a group or an Azure subscription that is not there | code and words decide | `a_service_that_is_not_there_is_no_empty_service` |
//! | a user's state locks all their keys out | it is looked at, and put right | `a_user_who_was_blocked_is_let_in_again` |
//! | deleting a user deletes their subscriptions where asked to | never asked, and others are looked for first | `a_customers_other_subscription_keeps_its_user` |
//! | deleting a user takes its time | asked about where it says, within bounds | `a_deletion_that_takes_its_time_is_waited_for_within_bounds` |
//! | users are written to | `notify=false`, and an address where nothing arrives | `nobody_gets_mail` |
//! | the next page's and a deletion's address may lead anywhere | the token goes to our own service only | `the_token_goes_nowhere_but_to_the_service` |
//! | Consumption has no users | the subscription has no owner there | `the_consumption_tier_has_no_users` |
//! | products and APIs may ask for no key | judged, for every product that an API is in | `azure_offers.rs` |
//! | a scope of all APIs goes past products | never given, refused, and put right where found | `a_scope_beyond_products_is_drift` |
//! | `expirationDate` ends nothing | not used | – |
//!
//! Start with `observe`; `client` makes calls and `answers` says what became of them.

mod adopt;
mod answers;
mod apart;
mod application;
mod client;
mod credential;
mod discover;
mod names;
mod observe;
mod rows;
mod scan;
mod scope;
mod settings;
mod slots;
mod token;
mod verify;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use gatewright_types::Rng;
use gatewright_types::ids::GatewayId;
use gatewright_types::problem::FieldError;
use secrecy::SecretString;
use serde_json::Value;

pub use settings::{CREDENTIAL_MAX_BYTES, Cloud, Credentials, Settings, URL_MAX_BYTES};

use self::client::Caller;
use self::names::Names;
use crate::choice::{Choice, Chosen, Layout, not_left};
use crate::connector::{Call, Connector};
use crate::fault::Fault;
use crate::link::Link;
use crate::model::{
    Adoptable, AdoptedKey, Application, Applied, CallRate, Capabilities, Granularity, Inert, Judgement, Observed,
    ObservedCredential, Offered, Overlap, Page, Report, Scanned, Serial, Step,
};

/// How long a gateway may take to know of a change; Azure names no number, and takes seconds.
const PROPAGATION_SECONDS: u32 = 30;
/// Random bytes of a key that nobody is to know.
const NOBODYS_KEY_BYTES: usize = 32;
/// The tier without users.
const WITHOUT_USERS: &str = "Consumption";

/// One service.
pub struct Azure {
    caller: Arc<Caller>,
    layout: Layout,
    capabilities: Capabilities,
    rng: Rng,
    /// Whether its tier has users, once that is known. A tier without never becomes one with.
    has_users: Arc<Mutex<Option<bool>>>,
}

impl Azure {
    /// A service, and what logs in to it.
    ///
    /// # Errors
    ///
    /// What is wrong with a field of `/settings` or `/credentials`.
    pub fn new(settings: &Settings, credentials: &Credentials) -> Result<Self, Vec<FieldError>> {
        let checked = settings::check(settings, credentials)?;
        Ok(Self {
            caller: Arc::new(Caller::new(checked)),
            layout: Layout::OnePerSubscription,
            capabilities: capabilities(&settings.subscription_id, &credentials.client_id),
            rng: Rng::System,
            has_users: Arc::default(),
        })
    }

    /// A service by its settings and credentials as an operator gave them; `credentials` is JSON.
    ///
    /// # Errors
    ///
    /// As [`Azure::new`]. No word of the credentials is repeated.
    pub fn read(settings: &Value, credentials: &SecretString) -> Result<Self, Vec<FieldError>> {
        let (settings, credentials) = settings::read(settings, credentials)?;
        Self::new(&settings, &credentials)
    }

    /// Makes the keys that nobody is to know of this randomness.
    #[must_use]
    pub fn with_rng(mut self, rng: Rng) -> Self {
        self.rng = rng;
        self
    }

    /// Whether each key has a subscription of its own.
    fn is_apart(&self) -> bool {
        self.layout == Layout::OnePerKey
    }

    /// A key that is stored at Azure and nowhere else.
    fn nobodys_key(&self) -> String {
        let bytes: [u8; NOBODYS_KEY_BYTES] = self.rng.bytes();
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    async fn names(&self, link: &Link, application: &Application) -> Result<Names, Fault> {
        Ok(Names::of(application, self.has_users(link).await?))
    }

    /// Whether the service's tier has users. Asked once.
    async fn has_users(&self, link: &Link) -> Result<bool, Fault> {
        let known = *self.has_users.lock().unwrap_or_else(PoisonError::into_inner);
        match known {
            Some(known) => Ok(known),
            None => Ok(self.remember(&self.caller.service(link).await?.1)),
        }
    }

    fn remember(&self, service: &Value) -> bool {
        let has_users = service["sku"]["name"] != WITHOUT_USERS;
        *self.has_users.lock().unwrap_or_else(PoisonError::into_inner) = Some(has_users);
        has_users
    }
}

/// Azure counts calls for each of its subscriptions and each who logs in, reads, writes and deletions apart
/// (<https://learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling>).
fn capabilities(subscription_id: &str, client_id: &str) -> Capabilities {
    let rate = |operations, calls| CallRate {
        operations,
        calls,
        seconds: 1,
    };
    Capabilities {
        accepts_secret: true,
        generates_secret: true,
        reads_secret_back: true,
        has_applications: true,
        inert: Inert::CredentialWithheld,
        scope_granularity: Granularity::Application,
        scope_max: Some(1),
        needs_scope: false,
        credentials_max: Some(2),
        overlap: Overlap::Native,
        overlap_doubles_quota: false,
        suspends_credential: false,
        expires_credential: false,
        restricts_addresses: false,
        propagation_seconds: PROPAGATION_SECONDS,
        takes_over: true,
        calls_per_second: None,
        rate_key: Some(format!("azure|{}|{client_id}", subscription_id.to_ascii_lowercase())),
        call_rates: vec![rate("read.", 25), rate("write.", 10), rate("delete.", 10)],
        one_at_a_time: Vec::new(),
        serial: Serial::Customer,
    }
}

/// With a subscription for each key: it opens one product, and has two slots for its own rotations.
fn apart(can: &Capabilities) -> Capabilities {
    Capabilities {
        has_applications: false,
        inert: Inert::Disabled,
        scope_granularity: Granularity::Credential,
        needs_scope: true,
        credentials_max: None,
        ..can.clone()
    }
}

impl Connector for Azure {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn choose(&self, choices: &[Choice]) -> Chosen {
        not_left(choices, true, false)?;
        let chosen = |choice: &Choice| choice.layout.unwrap_or(Layout::OnePerSubscription);
        let layouts: BTreeSet<Layout> = choices.iter().map(chosen).collect();
        if layouts.len() > 1 {
            let words =
                "the products of this subscription are mapped there in both layouts, and a subscription has one";
            return Err(words.to_owned());
        }
        if layouts.first() != Some(&Layout::OnePerKey) {
            return Ok(None);
        }
        Ok(Some(Arc::new(Self {
            caller: Arc::clone(&self.caller),
            layout: Layout::OnePerKey,
            capabilities: apart(&self.capabilities),
            rng: self.rng.clone(),
            has_users: Arc::clone(&self.has_users),
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
