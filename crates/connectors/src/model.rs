//! What is said between the engine and a gateway's connector.

use std::collections::BTreeSet;

use gatewright_types::ids::{CustomerId, GatewayId, SubscriptionId};
use gatewright_types::text_enum;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

/// Letters of a connection's id that mark what is ours.
const MARK_LETTERS: usize = 8;

/// The mark of what a connection makes on its gateway, as in `gwr-7m2k9q4x`.
///
/// It is of the connection and not of the installation: one gateway that is connected twice, or by two
/// installations, keeps what belongs to each apart.
pub fn mark(connection_id: GatewayId) -> String {
    let id = connection_id.to_string();
    format!("gwr-{}", &id[id.len() - MARK_LETTERS..])
}

/// A subscription on one gateway. All its names on the gateway follow from this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Application {
    /// On which gateway.
    pub connection_id: GatewayId,
    /// Whose.
    pub customer_id: CustomerId,
    /// For what.
    pub subscription_id: SubscriptionId,
}

impl Application {
    /// The mark of everything that is ours.
    pub fn mark(&self) -> String {
        mark(self.connection_id)
    }

    /// Its name: letters, digits and hyphens, as in `gwr-7m2k9q4x-s-01hzy…`.
    pub fn name(&self) -> String {
        format!("{}-s-{}", self.mark(), bare(&self.subscription_id.to_string()))
    }

    /// Its consumer's name, where the gateway has such a thing.
    pub fn consumer_name(&self) -> String {
        format!("{}-c-{}", self.mark(), bare(&self.customer_id.to_string()))
    }

    /// The id of a part of it, where the gateway lets us choose: the same for ever, in the same place.
    pub fn id_of(&self, part: &str) -> Uuid {
        let name = format!("{}|{part}", self.subscription_id);
        Uuid::new_v5(&self.connection_id.uuid(), name.as_bytes())
    }
}

fn bare(id: &str) -> &str {
    id.split_once('_').map_or(id, |(_, rest)| rest)
}

/// SHA-256 of a secret, for comparing what a gateway has with what we gave it.
pub fn fingerprint(secret: &[u8]) -> [u8; 32] {
    Sha256::digest(secret).into()
}

text_enum! {
    /// Whose gateway it is.
    pub enum Vendor {
        /// Kong Gateway or Kong Konnect.
        Kong = "KONG",
        /// Google Apigee X or Apigee hybrid.
        Apigee = "APIGEE",
        /// Amazon API Gateway: REST APIs with API keys and usage plans.
        AwsApiGateway = "AWS_API_GATEWAY",
        /// Azure API Management.
        AzureApiManagement = "AZURE_API_MANAGEMENT",
        /// MuleSoft Anypoint Platform: API Manager and Exchange.
        MuleSoft = "MULESOFT",
    }
}

text_enum! {
    /// How something is kept from working before it is to work.
    pub enum Inert {
        /// The credential is made last.
        CredentialWithheld = "CREDENTIAL_WITHHELD",
        /// The credential is there, and may call nothing yet.
        ScopeWithheld = "SCOPE_WITHHELD",
        /// It is made disabled.
        Disabled = "DISABLED",
    }
}

text_enum! {
    /// What a scope hangs on.
    pub enum Granularity {
        /// All credentials of an application may call the same.
        Application = "APPLICATION",
        /// Each credential has its own.
        Credential = "CREDENTIAL",
    }
}

text_enum! {
    /// What a vendor cannot bear at the same time.
    pub enum Serial {
        /// Everything can be done at once.
        None = "NONE",
        /// One thing after the other for each customer.
        Customer = "CUSTOMER",
        /// One thing after the other.
        Connection = "CONNECTION",
    }
}

text_enum! {
    /// What becomes of an old secret when a key is rotated.
    pub enum Overlap {
        /// Old and new are valid side by side.
        Native = "NATIVE",
        /// Old and new are valid side by side, as two applications of the gateway: what counts per application counts twice.
        Cloned = "CLONED",
        /// The old one ends when the new one begins.
        None = "NONE",
    }
}

/// How fast calls of one kind may follow each other, besides the rate of all calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallRate {
    /// Which calls: the beginning of their operation's name, as in `key.create`.
    pub operations: &'static str,
    /// So many.
    pub calls: u32,
    /// In so many seconds.
    pub seconds: u32,
}

/// What a gateway can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Capabilities {
    /// Takes a secret that we made.
    pub accepts_secret: bool,
    /// Makes secrets itself.
    pub generates_secret: bool,
    /// Shows a credential's secret again.
    pub reads_secret_back: bool,
    /// An application is an object of its own there. Where it is not, it is there as soon as a credential of it is.
    pub has_applications: bool,
    /// How things are prepared before they work.
    pub inert: Inert,
    /// What a scope hangs on.
    pub scope_granularity: Granularity,
    /// Most products of whatever the scope hangs on; null for any number.
    pub scope_max: Option<u32>,
    /// Nothing is there without a scope: what is to be inert has its own from the start, and is switched off.
    pub needs_scope: bool,
    /// Most credentials of an application at a time; null for any number.
    pub credentials_max: Option<u32>,
    /// What becomes of an old secret when a key is rotated.
    pub overlap: Overlap,
    /// While old and new secret are valid, the customer may call twice as much: the gateway counts them apart.
    pub overlap_doubles_quota: bool,
    /// A credential can be suspended without being deleted.
    pub suspends_credential: bool,
    /// A credential can be made to end by itself.
    pub expires_credential: bool,
    /// Addresses from which a credential may be used can be enforced.
    pub restricts_addresses: bool,
    /// How long a change may take to act everywhere on the gateway, in seconds.
    pub propagation_seconds: u32,
    /// Can give us the place of a key that somebody else made: [`crate::Connector::release`].
    pub takes_over: bool,
    /// Calls that its management API takes, per second; null where no limit is known.
    pub calls_per_second: Option<u32>,
    /// Whose calls are counted together, where that is more than this connection, as in an account's; null for the connection.
    pub rate_key: Option<String>,
    /// Kinds of calls that it takes more slowly.
    pub call_rates: Vec<CallRate>,
    /// Calls of which there is never more than one under way, from all whose calls are counted together: the beginnings of
    /// their operations' names.
    pub one_at_a_time: Vec<&'static str>,
    /// What it cannot bear at the same time.
    pub serial: Serial,
}

/// What [`crate::Connector::verify`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The gateway's version, as it says.
    pub version: Option<String>,
    /// Which edition, as it says.
    pub edition: Option<String>,
    /// How far its clock is ahead of ours, in seconds; negative: behind.
    pub clock_skew_seconds: Option<i64>,
    /// What stands in the way: with any of these the gateway cannot be used.
    pub problems: Vec<String>,
    /// What an operator should know: open doors above all.
    pub warnings: Vec<String>,
}

text_enum! {
    /// What kind of thing a gateway offers.
    pub enum OfferedKind {
        /// A service or an API: what is called.
        Service = "SERVICE",
        /// What access is given to: a group, a plan, a product.
        Product = "PRODUCT",
    }
}

/// Something that a gateway offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Offered {
    /// What it is.
    pub kind: OfferedKind,
    /// The gateway's own id of it, which a mapping names.
    pub remote_id: String,
    /// A name for people.
    pub name: String,
    /// What belongs to it, for people and for telling whether it changed: paths, hosts, services.
    pub detail: Vec<String>,
    /// What is open there.
    pub warnings: Vec<String>,
}

/// Whether a mapping can be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judgement {
    /// Why it cannot be honored at all.
    pub refusals: Vec<String>,
    /// What is open by default: an operator has to accept it by name.
    pub open: Vec<String>,
    /// What an operator should know.
    pub warnings: Vec<String>,
}

/// One page, and how to ask for the next.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// For the next call; none: that was the last.
    pub next: Option<String>,
}

/// What a gateway has of an application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The application is there, and it is ours.
    pub exists: bool,
    /// The gateway's own id of it.
    pub remote_id: Option<String>,
    /// No credential of it is admitted.
    pub suspended: bool,
    /// Half of a suspension is there, or of its end: neither may be relied on.
    pub unsettled: bool,
    /// It is ours and goes by other names or tags than ours; [`Step::Application`] puts that right.
    pub misnamed: bool,
    /// What it may call: the `remote_id`s of mappings.
    pub scope: BTreeSet<String>,
    /// Its credentials.
    pub credentials: Vec<ObservedCredential>,
}

/// A credential on a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObservedCredential {
    /// Which of ours it is; none: somebody else put it under our application.
    pub number: Option<u32>,
    /// The gateway's own id of it.
    pub remote_id: String,
    /// [`fingerprint`] of its secret, where the gateway shows that.
    pub fingerprint: Option<[u8; 32]>,
    /// It is there and not admitted.
    pub disabled: bool,
    /// In how many seconds it ends by itself.
    pub expires_in_seconds: Option<u32>,
    /// What it may call, where that hangs on the credential.
    pub scope: BTreeSet<String>,
}

/// Where a credential's secret comes from.
#[derive(Clone, Debug)]
pub enum Secret {
    /// From us.
    Provided(SecretString),
    /// From the gateway, which answers it once.
    Generated,
}

/// One thing to be ensured, in the order in which the engine says so.
#[derive(Clone, Debug)]
pub enum Step {
    /// The consumer and the application are there, with our names and tags.
    Application,
    /// The application may call exactly these.
    Scope(BTreeSet<String>),
    /// No credential of it is admitted any more. The fastest way first.
    Suspend,
    /// Its credentials are admitted again, with this scope.
    Reactivate(BTreeSet<String>),
    /// The credential is there with this secret.
    Credential {
        /// Which of ours.
        number: u32,
        /// The first of the same key, which is what a key's own object is called by where it has one: a rotation gives the
        /// key another number and no other object.
        first: u32,
        /// Whether it is to work; otherwise it is there and inert.
        admitted: bool,
        /// Its secret.
        secret: Secret,
        /// What it may call, where that hangs on the credential.
        scope: BTreeSet<String>,
    },
    /// The credential is known to end by itself, should we not come to end it: a safety net.
    Expire {
        /// Which of ours.
        number: u32,
        /// After how many seconds.
        after_seconds: u32,
    },
    /// The credential is not there any more.
    DropCredential {
        /// Which of ours; none: one that somebody else put under our application, named by `remote_id`.
        number: Option<u32>,
        /// The gateway's own id, where we know it.
        remote_id: Option<String>,
    },
    /// The application is not there any more, nor anything of it.
    DropApplication,
}

impl Step {
    /// Its name, as the provisioning audit and the statistics show it.
    pub const fn operation(&self) -> &'static str {
        match self {
            Self::Application => "ENSURE_APPLICATION",
            Self::Scope(_) => "SET_SCOPE",
            Self::Suspend => "SUSPEND",
            Self::Reactivate(_) => "REACTIVATE",
            Self::Credential { .. } => "ENSURE_CREDENTIAL",
            Self::Expire { .. } => "EXPIRE_CREDENTIAL",
            Self::DropCredential { .. } => "DROP_CREDENTIAL",
            Self::DropApplication => "DROP_APPLICATION",
        }
    }
}

/// What came of a step.
#[derive(Debug, Default)]
pub struct Applied {
    /// The gateway's own id of what was ensured.
    pub remote_id: Option<String>,
    /// The secret that the gateway made, when it made one.
    pub generated: Option<SecretString>,
}

/// An application of ours, found by its mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scanned {
    /// Whose it is by its name; none: our mark, and a name that is not of our making.
    pub subscription_id: Option<SubscriptionId>,
    /// Its name there.
    pub name: String,
    /// What the gateway has of it.
    pub observed: Observed,
}

/// A consumer that is not ours, with its keys.
#[derive(Clone, Debug)]
pub struct Adoptable {
    /// The gateway's own id of it.
    pub remote_id: String,
    /// Its name there.
    pub name: String,
    /// What it may call.
    pub scope: BTreeSet<String>,
    /// Its keys; the secret where the gateway shows it.
    pub keys: Vec<AdoptableKey>,
}

/// A key of a consumer that is not ours.
#[derive(Clone, Debug)]
pub struct AdoptableKey {
    /// The gateway's own id of it.
    pub remote_id: String,
    /// Its secret, where the gateway shows it.
    pub secret: Option<SecretString>,
    /// In how many seconds it ends by itself.
    pub expires_in_seconds: Option<u32>,
}

/// A key under a consumer that is not ours, which an operator gave us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdoptedKey {
    /// The gateway's own id of the consumer.
    pub consumer_id: String,
    /// The gateway's own id of the key.
    pub remote_id: String,
    /// [`fingerprint`] of its secret when it was adopted; none: it was not readable.
    pub fingerprint: Option<[u8; 32]>,
}
