//! How an application's objects are called on a Kong.
//!
//! Tags hold letters, digits, `-` and `_` only: Kong refuses `,` and `/`, which mean AND and OR in a filter.

use gatewright_types::ids::{CustomerId, GatewayId, SubscriptionId};
use uuid::Uuid;

use super::rows::Consumer;
use crate::model::{Application, mark};

/// Highest number of a credential whose row is known for ours by its id alone, when its tags were lost.
const NUMBERS_TRIED: u32 = 256;
/// What every mark begins with, whichever connection it is of.
const ANY_MARK: &str = "gwr-";

/// The names of an application's objects.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    application: Application,
}

impl Names {
    pub(crate) const fn of(application: &Application) -> Self {
        Self {
            application: *application,
        }
    }

    /// Those of a consumer that was found by a connection's mark; none: its name or id is not of our making.
    pub(crate) fn found(connection_id: GatewayId, consumer: &Consumer) -> Option<Self> {
        let subscription = consumer
            .username
            .as_deref()?
            .strip_prefix(&mark(connection_id))?
            .strip_prefix("-s-")?;
        let subscription_id = format!("{}_{subscription}", SubscriptionId::PREFIX).parse().ok()?;
        let application = Application {
            connection_id,
            // Without that tag it is misnamed, whoever's it is.
            customer_id: customer_of(consumer).unwrap_or(CustomerId::from_uuid(Uuid::nil())),
            subscription_id,
        };
        let names = Self { application };
        (names.consumer_id() == consumer.id).then_some(names)
    }

    pub(crate) const fn subscription_id(&self) -> SubscriptionId {
        self.application.subscription_id
    }

    pub(crate) fn mark(&self) -> String {
        self.application.mark()
    }

    pub(crate) fn consumer_id(&self) -> String {
        self.application.id_of("consumer").to_string()
    }

    pub(crate) fn username(&self) -> String {
        self.application.name()
    }

    pub(crate) fn custom_id(&self) -> String {
        self.application.subscription_id.to_string()
    }

    pub(crate) fn tags(&self) -> Vec<String> {
        vec![
            self.mark(),
            format!("cust-{}", bare(&self.application.customer_id.to_string())),
            format!("sub-{}", bare(&self.custom_id())),
        ]
    }

    pub(crate) fn credential_id(&self, number: u32) -> String {
        self.application.id_of(&format!("cred|{number}")).to_string()
    }

    pub(crate) fn credential_tags(&self, number: u32) -> Vec<String> {
        let mut tags = self.tags();
        tags.push(format!("cred-{number}"));
        tags
    }

    /// Which of our credentials a row is: its id decides, its tags only help to find the number.
    pub(crate) fn number_of(&self, id: &str, tags: Option<&[String]>) -> Option<u32> {
        let tagged = tags
            .into_iter()
            .flatten()
            .find_map(|tag| tag.strip_prefix("cred-")?.parse().ok());
        tagged
            .into_iter()
            .chain(1..=NUMBERS_TRIED)
            .find(|number| self.credential_id(*number) == id)
    }

    pub(crate) fn suspension_id(&self) -> String {
        self.application.id_of("plugin|suspend").to_string()
    }

    /// Whether a consumer with our id goes by our names.
    pub(crate) fn are_on(&self, consumer: &Consumer) -> bool {
        consumer.username.as_deref() == Some(&self.username())
            && consumer.custom_id.as_deref() == Some(&self.custom_id())
            && self.tags().iter().all(|tag| consumer.has_tag(tag))
    }
}

fn customer_of(consumer: &Consumer) -> Option<CustomerId> {
    let customer = consumer
        .tags
        .iter()
        .flatten()
        .find_map(|tag| tag.strip_prefix("cust-"))?;
    format!("{}_{customer}", CustomerId::PREFIX).parse().ok()
}

/// Whether any connection of any Gatewright made it.
pub(crate) fn is_gatewrights(consumer: &Consumer) -> bool {
    consumer
        .username
        .as_deref()
        .is_some_and(|name| name.starts_with(ANY_MARK))
        && consumer.tags.iter().flatten().any(|tag| tag.starts_with(ANY_MARK))
}

fn bare(id: &str) -> &str {
    id.split_once('_').map_or(id, |(_, rest)| rest)
}
