//! Kong Gateway and Kong Konnect.
//!
//! | ours | Kong's |
//! |---|---|
//! | application (one per subscription) | consumer, with an id, a name and tags that follow from ours (`names`) |
//! | credential | row of the key-auth plugin; its id follows from its number |
//! | scope | the consumer's groups, of the acl plugin |
//! | suspension | no groups, and a request-termination plugin on the consumer |
//!
//! A consumer is an application and not a customer, because Kong hangs groups and plugins on consumers: two subscriptions
//! on one would open each other's products and be suspended together. The key is what makes things work: consumer and
//! groups come first and admit nobody.
//!
//! # What has to be known about Kong
//! * A PUT resets every field that it leaves out, makes a new key where it names none, ends a key's `ttl`, and *moves*
//!   a row that belongs to another consumer. So rows are made with POST, which only ever makes, and are changed with PUT
//!   only after they were seen under our consumer (`credential`).
//! * Groups and keys act within milliseconds; plugins and routes at the next rebuild, up to 5 s later.
//! * Deleting a consumer deletes all that is under it, without asking (`application`).
//! * 409 (code 5) and 400 (code 3) are answered after a lost answer as well: what is there decides, not the status.
//! * Konnect has no PATCH, so there is none here.
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
mod scope;
mod settings;
mod verify;

use gatewright_types::ids::GatewayId;
use gatewright_types::problem::FieldError;
use secrecy::SecretString;
use serde_json::Value;

pub use settings::{
    Basic, CA_PEM_MAX_BYTES, CREDENTIAL_MAX_BYTES, Credentials, Flavor, HEADERS_MAX, Settings, SuspendBy, URL_MAX_BYTES,
};

use self::client::Caller;
use crate::connector::{Call, Connector};
use crate::link::Link;
use crate::model::{
    Adoptable, AdoptedKey, Application, Applied, Capabilities, Granularity, Inert, Judgement, Observed,
    ObservedCredential, Offered, Overlap, Page, Report, Scanned, Serial, Step,
};

/// How long a node of a cluster may take to see what another wrote (`db_update_frequency`).
const PROPAGATION_SECONDS: u32 = 5;
/// How long Konnect may take to bring a change to every data plane; Kong names no number, and pushes within seconds.
const KONNECT_PROPAGATION_SECONDS: u32 = 30;

/// One Kong.
pub struct Kong {
    caller: Caller,
    settings: Settings,
    capabilities: Capabilities,
}

impl Kong {
    /// A Kong at this address, with these credentials.
    ///
    /// # Errors
    ///
    /// What is wrong with a field of `/settings` or `/credentials`.
    pub fn new(settings: Settings, credentials: &Credentials) -> Result<Self, Vec<FieldError>> {
        let checked = settings::check(&settings, credentials)?;
        Ok(Self {
            caller: Caller::new(checked),
            capabilities: capabilities(settings.flavor),
            settings,
        })
    }

    /// A Kong by its settings and credentials as an operator gave them; `credentials` is JSON.
    ///
    /// # Errors
    ///
    /// As [`Kong::new`]. No word of the credentials is repeated.
    pub fn read(settings: &Value, credentials: &SecretString) -> Result<Self, Vec<FieldError>> {
        let (settings, credentials) = settings::read(settings, credentials)?;
        Self::new(settings, &credentials)
    }
}

const fn capabilities(flavor: Flavor) -> Capabilities {
    Capabilities {
        accepts_secret: true,
        generates_secret: true,
        reads_secret_back: true,
        has_applications: true,
        inert: Inert::CredentialWithheld,
        scope_granularity: Granularity::Application,
        scope_max: None,
        needs_scope: false,
        credentials_max: None,
        overlap: Overlap::Native,
        overlap_doubles_quota: false,
        suspends_credential: false,
        expires_credential: true,
        restricts_addresses: false,
        propagation_seconds: match flavor {
            Flavor::AdminApi => PROPAGATION_SECONDS,
            Flavor::Konnect => KONNECT_PROPAGATION_SECONDS,
        },
        takes_over: true,
        calls_per_second: None,
        rate_key: None,
        call_rates: Vec::new(),
        one_at_a_time: Vec::new(),
        serial: Serial::None,
    }
}

impl Connector for Kong {
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
