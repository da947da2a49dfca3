//! How an application's keys are called and marked on AWS: `gwr-7m2k9q4x-s-01hzy…-k1`, with tags.
//!
//! Names there are not unique and anybody can give any: the tags say what is ours.

use std::collections::BTreeMap;

use gatewright_types::ids::{GatewayId, SubscriptionId};

use super::rows::Key;
use crate::model::{Application, mark};

/// What every mark begins with, whichever connection it is of.
const ANY_MARK: &str = "gwr-";
/// What the keys that `verify` makes for a moment begin with.
pub(crate) const PROBE: &str = "gwr-probe-";
/// The tag of a connection's mark; a probe's is `probe`.
pub(crate) const MARK_TAG: &str = "gwr";

/// The names of an application's keys.
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

    /// What all its keys' names begin with. No other subscription's do: ids have one length.
    pub(crate) fn prefix(&self) -> String {
        format!("{}-k", self.application.name())
    }

    pub(crate) fn key(&self, number: u32) -> String {
        format!("{}{number}", self.prefix())
    }

    /// The number in a name of ours.
    pub(crate) fn number_of(&self, name: &str) -> Option<u32> {
        let digits = name.strip_prefix(&self.prefix())?;
        let number = digits.parse().ok()?;
        (self.key(number) == name).then_some(number)
    }

    pub(crate) fn tags(&self, number: u32) -> BTreeMap<&'static str, String> {
        BTreeMap::from([
            (MARK_TAG, letters(self.application.connection_id)),
            ("cust", self.application.customer_id.to_string()),
            ("sub", self.application.subscription_id.to_string()),
            ("cred", number.to_string()),
        ])
    }

    /// Which of our credentials a key is: by its name, and by the tags that say whose it is.
    pub(crate) fn ours(&self, key: &Key) -> Option<u32> {
        let sub = self.application.subscription_id.to_string();
        let marked =
            key.tag(MARK_TAG) == Some(&letters(self.application.connection_id)) && key.tag("sub") == Some(&sub);
        self.number_of(key.name()).filter(|_| marked)
    }
}

/// A connection's mark as a tag's value.
fn letters(connection_id: GatewayId) -> String {
    let mark = mark(connection_id);
    mark.strip_prefix(ANY_MARK).unwrap_or(&mark).to_owned()
}

/// Whether a key carries a connection's mark, by name or by tag.
pub(crate) fn is_marked(connection_id: GatewayId, key: &Key) -> bool {
    key.name().starts_with(&format!("{}-s-", mark(connection_id))) || key.tag(MARK_TAG) == Some(&letters(connection_id))
}

/// The subscription in the name of a connection's key.
pub(crate) fn subscription_of(connection_id: GatewayId, name: &str) -> Option<SubscriptionId> {
    let rest = name.strip_prefix(&mark(connection_id))?.strip_prefix("-s-")?;
    let (subscription, _) = rest.split_once("-k")?;
    format!("{}_{subscription}", SubscriptionId::PREFIX).parse().ok()
}

/// Whether any connection of any Gatewright made it.
pub(crate) fn is_gatewrights(key: &Key) -> bool {
    key.name().starts_with(ANY_MARK) && key.tag(MARK_TAG).is_some()
}
