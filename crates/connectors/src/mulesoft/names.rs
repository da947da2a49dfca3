//! How an application's objects are called on Anypoint.
//!
//! The name of a client application is its number below the subscription's name; its description says the same and whose it is,
//! and is what makes it ours: a name can be given by anybody, and can be changed by anybody in Exchange.

use gatewright_types::ids::{CustomerId, GatewayId, SubscriptionId};
use uuid::Uuid;

use super::rows;
use crate::model::{Application, mark};

/// What every mark begins with, whichever connection it is of.
pub(crate) const ANY_MARK: &str = "gwr-";
/// What stands before a subscription's id.
const SUBSCRIPTION: &str = "-s-";
/// What stands before a credential's number.
const CREDENTIAL: &str = "-k";

/// The names of an application's objects.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    application: Application,
}

/// Which credential a client application is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    /// Ours, and whether it goes by the name and the words that we gave it.
    Ours(u32, bool),
    /// It has a name of ours and does not say that it is ours.
    Foreign,
    /// It has nothing to do with it.
    Strange,
}

impl Names {
    pub(crate) const fn of(application: &Application) -> Self {
        Self {
            application: *application,
        }
    }

    /// Those of a client application that was found by a connection's mark; none: its words are not of our making.
    pub(crate) fn found(connection_id: GatewayId, row: &rows::Application) -> Option<Self> {
        let (word, _) = first_word(row)?;
        let rest = word.strip_prefix(&mark(connection_id))?.strip_prefix(SUBSCRIPTION)?;
        let (subscription, _) = rest.split_once(CREDENTIAL)?;
        let subscription_id = format!("{}_{subscription}", SubscriptionId::PREFIX).parse().ok()?;
        let customer = row
            .description
            .as_deref()?
            .split(' ')
            .find_map(|word| word.strip_prefix("cust-"));
        let customer = customer.and_then(|bare| format!("{}_{bare}", CustomerId::PREFIX).parse().ok());
        let application = Application {
            connection_id,
            // Without that word it is misnamed, whoever's it is.
            customer_id: customer.unwrap_or(CustomerId::from_uuid(Uuid::nil())),
            subscription_id,
        };
        Some(Self { application })
    }

    pub(crate) const fn application(&self) -> &Application {
        &self.application
    }

    pub(crate) const fn subscription_id(&self) -> SubscriptionId {
        self.application.subscription_id
    }

    /// What all its names begin with.
    pub(crate) fn name(&self) -> String {
        self.application.name()
    }

    pub(crate) fn credential_name(&self, number: u32) -> String {
        format!("{}{CREDENTIAL}{number}", self.name())
    }

    pub(crate) fn description(&self, number: u32) -> String {
        let customer = self.application.customer_id.to_string();
        let customer = customer.split_once('_').map_or(customer.as_str(), |(_, bare)| bare);
        format!(
            "{} cust-{customer} (Gatewright's; do not change)",
            self.credential_name(number)
        )
    }

    /// Which of ours a client application is. Its description decides; a search finds more than was asked for.
    pub(crate) fn whose(&self, row: &rows::Application) -> Whose {
        if let Some(number) = first_word(row).and_then(|(word, _)| self.number(word)) {
            let named = row.name == self.credential_name(number);
            let described = row.description.as_deref() == Some(&self.description(number));
            return Whose::Ours(number, named && described);
        }
        match self.number(&row.name) {
            Some(_) => Whose::Foreign,
            None => Whose::Strange,
        }
    }

    fn number(&self, word: &str) -> Option<u32> {
        let number: u32 = word
            .strip_prefix(&self.name())?
            .strip_prefix(CREDENTIAL)?
            .parse()
            .ok()?;
        // As we write it: `+1` and `01` are also numbers.
        (self.credential_name(number) == word).then_some(number)
    }
}

fn first_word(row: &rows::Application) -> Option<(&str, &str)> {
    let text = row.description.as_deref()?;
    Some(text.split_once(' ').unwrap_or((text, "")))
}

/// Whether any connection of any Gatewright made it.
pub(crate) fn is_gatewrights(row: &rows::Application) -> bool {
    row.name.starts_with(ANY_MARK) || first_word(row).is_some_and(|(word, _)| word.starts_with(ANY_MARK))
}
