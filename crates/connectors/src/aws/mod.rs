//! Amazon API Gateway: API keys and usage plans of REST APIs, in one region of one account.
//!
//! | ours | AWS's |
//! |---|---|
//! | application (one per subscription) | nothing: its keys' names begin alike (`names`) |
//! | credential | API key, with tags that say whose it is |
//! | scope | the usage plans that the key is in |
//! | suspension | every key disabled |
//!
//! # What has to be known about AWS
//!
//! | trap | what is done | its test |
//! |---|---|---|
//! | Names are not unique, and a POST that is repeated makes a second key | values of ours are unique; where AWS makes the value, it is looked for by name first, and what a lost answer left is deleted | `a_lost_answer_leaves_one_key` |
//! | `GET /apikeys?name=` finds what *begins* so: `…-k1` finds `…-k10` | the whole name is compared | `k1_is_not_k10` |
//! | `enabled` is changed by a text, `"false"` | a text is sent | `a_key_is_admitted_exactly_while_it_should_be` |
//! | The same 409 says "in this plan already" and "in another plan of this stage" | it is looked whether the key is in the plan | `two_plans_of_one_stage_are_told_from_a_second_time` |
//! | 429 is "too fast" (passes) and "no more keys" (does not) | the type decides, not the status | `too_fast_and_too_many_are_told_apart` |
//! | 10,000 keys a region, for nobody more | said from 9,000 on, when connecting | `a_region_that_is_nearly_full_is_told_before_it_is` |
//! | Making and deleting keys: 5 a second each, all calls 10, for all of an account's region | rates of their own, shared by account and region | `connections_to_one_account_share_its_rates` |
//! | Changes at the same time are refused now and then, whatever the rate | one after the other, for all who share the account's region | `every_change_of_an_accounts_region_waits_for_the_one_before` of gatewright |
//! | A value may be refused for its letters in some region | tried with a disabled key that is deleted at once | `a_region_that_does_not_take_our_format_is_named` |
//! | Methods ask for a key each by itself, and `resources` shows the draft | read from what was deployed | `what_asks_for_no_key_is_open` |
//! | A wrong clock looks like a wrong signature | told by AWS's words | `a_wrong_clock_is_called_that` |
//! | What a role lends ends in the middle | fetched anew ahead of that by one caller; refused, fetched once more | `what_a_role_lent_may_end_at_any_time` |
//! | Quotas and throttling count by key | said in the capabilities: an overlap doubles both | `the_capabilities_say_what_aws_does` |
//! | Tags can be taken off by hand | a key without them is not touched; one with our value is given them again | `a_key_that_lost_its_tags` |
//!
//! Plans are never changed: that may be done once in twenty seconds, and they belong to the operator.
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
mod session;
mod settings;
mod sign;
mod verify;

use gatewright_types::Rng;
use gatewright_types::ids::GatewayId;
use gatewright_types::problem::FieldError;
use secrecy::SecretString;

pub use settings::{
    AssumeRole, CREDENTIAL_MAX_BYTES, Credentials, EXTERNAL_ID_MAX_BYTES, ROLE_ARN_MAX_BYTES, SESSION_NAME_MAX_BYTES,
    Settings, URL_MAX_BYTES,
};

use self::client::Caller;
use crate::connector::{Call, Connector};
use crate::link::Link;
use crate::model::{
    Adoptable, AdoptedKey, Application, Applied, CallRate, Capabilities, Granularity, Inert, Judgement, Observed,
    ObservedCredential, Offered, Overlap, Page, Report, Scanned, Serial, Step,
};

/// How long a changed key takes to act. AWS names no number; it was seen to be seconds.
const PROPAGATION_SECONDS: u32 = 30;
/// Of 10 calls a second that an account has in a region, what is left to others.
const CALLS_PER_SECOND: u32 = 8;
/// Of 5 keys that may be made, and 5 that may be deleted, in a second.
const KEYS_PER_SECOND: u32 = 4;

/// What changes something. Two changes of an account's region at a time are refused now and then: `TooManyRequestsException`, or
/// `ConflictException` where both are about one key or one plan.
const CHANGES: [&str; 6] = [
    "key.create",
    "key.delete",
    "key.patch",
    "key.tag",
    "plan.join",
    "plan.leave",
];

/// One region of one account.
pub struct AwsApiGateway {
    caller: Caller,
    capabilities: Capabilities,
    rng: Rng,
}

impl AwsApiGateway {
    /// A region, with these credentials.
    ///
    /// # Errors
    ///
    /// What is wrong with a field of `/settings` or `/credentials`.
    pub fn new(settings: &Settings, credentials: &Credentials) -> Result<Self, Vec<FieldError>> {
        let checked = settings::check(settings, credentials)?;
        Ok(Self {
            capabilities: capabilities(checked.rate_key.clone()),
            caller: Caller::new(checked),
            rng: Rng::System,
        })
    }

    /// What stands before a region's objects in their ARNs.
    fn partition(&self) -> &'static str {
        match self.caller.region() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

fn capabilities(rate_key: String) -> Capabilities {
    let rate = |operations| CallRate {
        operations,
        calls: KEYS_PER_SECOND,
        seconds: 1,
    };
    Capabilities {
        accepts_secret: true,
        generates_secret: true,
        reads_secret_back: true,
        has_applications: false,
        inert: Inert::Disabled,
        scope_granularity: Granularity::Credential,
        scope_max: Some(discover::PLANS_OF_A_KEY),
        needs_scope: false,
        credentials_max: None,
        overlap: Overlap::Native,
        overlap_doubles_quota: true,
        suspends_credential: true,
        expires_credential: false,
        restricts_addresses: false,
        propagation_seconds: PROPAGATION_SECONDS,
        takes_over: true,
        calls_per_second: Some(CALLS_PER_SECOND),
        rate_key: Some(rate_key),
        call_rates: vec![rate("key.create"), rate("key.delete")],
        one_at_a_time: CHANGES.to_vec(),
        serial: Serial::None,
    }
}

impl Connector for AwsApiGateway {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
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

    fn scan<'a>(
        &'a self,
        link: &'a Link,
        connection_id: GatewayId,
        _cursor: Option<String>,
    ) -> Call<'a, Page<Scanned>> {
        Box::pin(self.scan(link, connection_id))
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
