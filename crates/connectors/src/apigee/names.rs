//! How an application's objects are called on an Apigee, and how ours are told from others.

use gatewright_types::Rng;
use gatewright_types::ids::{CustomerId, GatewayId, SubscriptionId};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::client::path;
use super::rows::{App, Attribute, Developer, Key};
use crate::fault::{Fault, FaultKind};
use crate::model::{Application, mark};

/// The attribute with the connection's mark, on everything of ours.
const MARK: &str = "gatewright";
const CUSTOMER: &str = "gatewright-customer";
const SUBSCRIPTION: &str = "gatewright-subscription";
/// On a key: its number.
const CREDENTIAL: &str = "gatewright-credential";
/// On an app: the number of the key that Apigee was last told to make, and the handles of the keys without a number that
/// were there before. Written by the very call that makes the key, so that it can be told after a lost answer.
const MINTING: &str = "gatewright-minting";
/// What every mark begins with, whichever connection it is of.
const ANY_MARK: &str = "gwr-";
/// How long after its app an auto-minted key can have been issued: both are made by one call.
const AUTO_KEY_WITHIN_MS: i64 = 5_000;
/// Random letters at the end of a consumer secret.
const SECRET_LETTERS: usize = 43;
const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The names of an application's objects.
pub(crate) struct Names {
    application: Application,
    email: String,
}

impl Names {
    pub(crate) fn of(application: &Application, domain: &str) -> Self {
        Self {
            application: *application,
            email: format!("{}@{domain}", application.consumer_name()),
        }
    }

    /// Those of an app that was found by a connection's mark; none: its name or its developer is not of our making.
    pub(crate) fn found(connection_id: GatewayId, app: &App, domain: &str) -> Option<Self> {
        let subscription = app.name.strip_prefix(&mark(connection_id))?.strip_prefix("-s-")?;
        let customer = value(&app.attributes, CUSTOMER)?;
        let application = Application {
            connection_id,
            customer_id: format!("{}_{customer}", CustomerId::PREFIX).parse().ok()?,
            subscription_id: format!("{}_{subscription}", SubscriptionId::PREFIX).parse().ok()?,
        };
        let names = Self::of(&application, domain);
        (app.developer_email.as_deref() == Some(&names.email)).then_some(names)
    }

    pub(crate) const fn application(&self) -> &Application {
        &self.application
    }

    pub(crate) fn email(&self) -> &str {
        &self.email
    }

    pub(crate) fn app(&self) -> String {
        self.application.name()
    }

    pub(crate) fn developer_path(&self) -> String {
        path(&["developers", &self.email])
    }

    pub(crate) fn app_path(&self) -> String {
        path(&["developers", &self.email, "apps", &self.app()])
    }

    pub(crate) fn key_path(&self, key: &SecretString) -> String {
        format!("{}{}", self.app_path(), path(&["keys", key.expose_secret()]))
    }

    fn mark(&self) -> String {
        self.application.mark()
    }

    fn customer(&self) -> String {
        bare(&self.application.customer_id.to_string()).to_owned()
    }

    fn subscription(&self) -> String {
        bare(&self.application.subscription_id.to_string()).to_owned()
    }

    /// Our attributes of the developer.
    pub(crate) fn developer_attributes(&self) -> Vec<Attribute> {
        vec![attribute(MARK, self.mark()), attribute(CUSTOMER, self.customer())]
    }

    /// Our attributes of the app.
    pub(crate) fn app_attributes(&self) -> Vec<Attribute> {
        let mut attributes = self.developer_attributes();
        attributes.push(attribute(SUBSCRIPTION, self.subscription()));
        attributes
    }

    /// Our attributes of a key. All of them, in every call that writes any: Apigee replaces what is there.
    pub(crate) fn key_attributes(&self, number: u32) -> Value {
        json!([
            attribute(MARK, self.mark()),
            attribute(SUBSCRIPTION, self.subscription()),
            attribute(CREDENTIAL, number.to_string()),
        ])
    }

    /// A secret for a key: nobody is told it and nobody asks for it, since a key is shown alone. It begins with the key's number,
    /// because it cannot be changed, while attributes are lost whenever somebody else gives the key a product.
    pub(crate) fn consumer_secret(&self, number: u32, rng: &Rng) -> SecretString {
        let letter = |byte: u8| char::from(LETTERS[usize::from(byte) % LETTERS.len()]);
        let random: String = rng.bytes::<SECRET_LETTERS>().into_iter().map(letter).collect();
        SecretString::from(format!("{}-k{number}-{random}", self.mark()))
    }

    /// Which of our keys it is; none: not one of ours.
    pub(crate) fn number_of(&self, key: &Key) -> Option<u32> {
        let marked = value(&key.attributes, MARK) == Some(&self.mark());
        let by_attribute = || value(&key.attributes, CREDENTIAL)?.parse().ok();
        let by_secret = || {
            let rest = key
                .consumer_secret
                .expose_secret()
                .strip_prefix(&self.mark())?
                .strip_prefix("-k")?;
            rest.split_once('-')?.0.parse().ok()
        };
        marked.then(by_attribute).flatten().or_else(by_secret)
    }

    /// Whether a key has our attributes with this number.
    pub(crate) fn are_on_key(&self, key: &Key, number: u32) -> bool {
        let named = value(&key.attributes, CREDENTIAL) == Some(&number.to_string());
        named && value(&key.attributes, MARK) == Some(&self.mark())
    }

    pub(crate) fn are_on_app(&self, app: &App) -> bool {
        has_all(&app.attributes, &self.app_attributes())
    }

    pub(crate) fn are_on_developer(&self, developer: &Developer) -> bool {
        has_all(&developer.attributes, &self.developer_attributes())
    }

    /// The keys that came with the app: without a number, without a product, and as old as the app. Nobody asked for them.
    pub(crate) fn auto_keys<'a>(&self, app: &'a App) -> impl Iterator<Item = &'a Key> {
        let of_the_app = |key: &&Key| {
            let age = key.issued_at - app.created_at;
            self.number_of(key).is_none() && key.api_products.is_empty() && (0..=AUTO_KEY_WITHIN_MS).contains(&age)
        };
        // One only: another that was made by hand right after the app is not taken for it.
        app.credentials
            .iter()
            .filter(of_the_app)
            .min_by_key(|key| key.issued_at)
            .into_iter()
    }

    /// The attribute that says which key is about to be made, beside whom.
    pub(crate) fn minting(&self, app: &App, number: u32) -> Attribute {
        let others: Vec<String> = self.strangers(app).map(Key::handle).collect();
        attribute(MINTING, format!("{number}:{}", others.join(",")))
    }

    /// The key that Apigee was told to make with this number and that has not got it yet.
    pub(crate) fn minted<'a>(&self, app: &'a App, number: u32) -> Option<&'a Key> {
        let (of, before) = value(&app.attributes, MINTING)?.split_once(':')?;
        if of.parse() != Ok(number) {
            return None;
        }
        let new = |key: &&Key| !before.split(',').any(|one| one == key.handle()) && key.api_products.is_empty();
        self.strangers(app).filter(new).min_by_key(|key| key.issued_at)
    }

    fn strangers<'a>(&self, app: &'a App) -> impl Iterator<Item = &'a Key> {
        app.credentials.iter().filter(|key| self.number_of(key).is_none())
    }

    /// Refuses a developer at our address without our mark.
    pub(crate) fn check_developer(&self, developer: &Developer) -> Result<(), Fault> {
        self.check(&developer.attributes, "developer", &self.email)
    }

    /// Refuses an app with our name without our mark.
    pub(crate) fn check_app(&self, app: &App) -> Result<(), Fault> {
        self.check(&app.attributes, "app", &self.app())
    }

    fn check(&self, attributes: &[Attribute], what: &str, name: &str) -> Result<(), Fault> {
        if value(attributes, MARK) == Some(&self.mark()) {
            return Ok(());
        }
        let mark = self.mark();
        let words = format!("the {what} {name} has not the attribute {MARK}={mark}, so it is not touched");
        Err(Fault::new(FaultKind::Foreign, words))
    }
}

/// Whether an app carries a connection's mark.
pub(crate) fn is_marked(app: &App, connection_id: GatewayId) -> bool {
    value(&app.attributes, MARK) == Some(&mark(connection_id))
}

/// Whether any connection of any Gatewright made it.
pub(crate) fn is_gatewrights(app: &App) -> bool {
    value(&app.attributes, MARK).is_some_and(|mark| mark.starts_with(ANY_MARK))
}

/// What is there with ours instead of what had the same name.
pub(crate) fn merged(there: &[Attribute], ours: Vec<Attribute>) -> Vec<Attribute> {
    let theirs = there.iter().filter(|one| !one.name.starts_with(MARK)).cloned();
    theirs.chain(ours).collect()
}

fn attribute(name: &str, value: String) -> Attribute {
    Attribute {
        name: name.to_owned(),
        value,
    }
}

fn value<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a String> {
    attributes.iter().find(|one| one.name == name).map(|one| &one.value)
}

fn has_all(there: &[Attribute], ours: &[Attribute]) -> bool {
    ours.iter().all(|one| there.contains(one))
}

fn bare(id: &str) -> &str {
    id.split_once('_').map_or(id, |(_, rest)| rest)
}
