//! How an application's objects are called on a service.

use gatewright_types::ids::{CustomerId, GatewayId, SubscriptionId};
use uuid::Uuid;

use super::rows::{Subscription, User};
use super::slots::Slots;
use crate::fault::{Fault, FaultKind};
use crate::model::{Application, mark};

/// What every mark begins with, whichever connection it is of.
const ANY_MARK: &str = "gwr-";
/// Where no message ever arrives (RFC 2606 §2): users must have an address, and nobody is to be written to.
const NOWHERE: &str = "gatewright.invalid";
/// What stands before a key's first number in the name of its own subscription.
const KEY: &str = "-k";

/// The names of an application's objects.
#[derive(Clone, Copy)]
pub(crate) struct Names {
    application: Application,
    has_users: bool,
    /// Of a subscription for one key: the key's first number.
    first: Option<u32>,
}

impl Names {
    pub(crate) const fn of(application: &Application, has_users: bool) -> Self {
        Self {
            application: *application,
            has_users,
            first: None,
        }
    }

    /// The same for the subscription of one key.
    pub(crate) const fn at(mut self, first: u32) -> Self {
        self.first = Some(first);
        self
    }

    pub(crate) const fn first(&self) -> Option<u32> {
        self.first
    }

    /// Those of a subscription that was found by a connection's mark; none: its name is not of our making.
    pub(crate) fn found(
        connection_id: GatewayId,
        sid: &str,
        subscription: &Subscription,
        has_users: bool,
    ) -> Option<Self> {
        let id = sid.strip_prefix(&mark(connection_id))?.strip_prefix("-s-")?;
        let bare = id.split_once(KEY).map_or(id, |(bare, _)| bare);
        let subscription_id = format!("{}_{bare}", SubscriptionId::PREFIX).parse().ok()?;
        let owner = subscription.owner_id.as_deref().and_then(last);
        let customer = owner.and_then(|owner| owner.strip_prefix(&mark(connection_id))?.strip_prefix("-c-"));
        let customer = customer.and_then(|id| format!("{}_{id}", CustomerId::PREFIX).parse().ok());
        let application = Application {
            connection_id,
            // Without that owner it is misnamed, whoever's it is.
            customer_id: customer.unwrap_or(CustomerId::from_uuid(Uuid::nil())),
            subscription_id,
        };
        let names = Self::of(&application, has_users);
        if sid == names.sid() {
            return Some(names);
        }
        names.first_of(sid).map(|first| names.at(first))
    }

    pub(crate) const fn subscription_id(&self) -> SubscriptionId {
        self.application.subscription_id
    }

    pub(crate) const fn has_users(&self) -> bool {
        self.has_users
    }

    /// The name of the subscription.
    pub(crate) fn sid(&self) -> String {
        match self.first {
            None => self.application.name(),
            Some(first) => format!("{}{first}", self.apart_prefix()),
        }
    }

    /// The name of the application, whichever of its subscriptions this is about.
    pub(crate) fn application_name(&self) -> String {
        self.application.name()
    }

    /// What the names of subscriptions for single keys begin with.
    pub(crate) fn apart_prefix(&self) -> String {
        format!("{}{KEY}", self.application.name())
    }

    /// The first number of the key that a subscription of the application is for, as we write it.
    pub(crate) fn first_of(&self, sid: &str) -> Option<u32> {
        let first = sid.strip_prefix(&self.apart_prefix())?.parse().ok()?;
        (self.at(first).sid() == sid).then_some(first)
    }

    /// Whether a subscription is one of the application's.
    pub(crate) fn belongs(&self, sid: &str) -> bool {
        sid == self.application.name() || self.first_of(sid).is_some()
    }

    /// The name of the user.
    pub(crate) fn cid(&self) -> String {
        self.application.consumer_name()
    }

    pub(crate) fn email(&self) -> String {
        format!("{}@{NOWHERE}", self.cid())
    }

    pub(crate) fn owner(&self) -> String {
        format!("/users/{}", self.cid())
    }

    pub(crate) fn note(&self) -> String {
        format!("{} of {}", self.application.customer_id, self.application.mark())
    }

    /// What a person reads, and we: whose it is, and which of our keys are where.
    pub(crate) fn display(&self, slots: &Slots) -> String {
        format!("{} {slots}", self.display_start())
    }

    fn display_start(&self) -> String {
        format!("{} {}", self.application.mark(), self.application.subscription_id)
    }

    /// Which of our keys are where; none: the display name is not of our making.
    pub(crate) fn slots(&self, subscription: &Subscription) -> Option<Slots> {
        let rest = subscription
            .display_name
            .as_deref()?
            .strip_prefix(&self.display_start())?;
        Slots::read(rest.strip_prefix(' ')?)
    }

    fn owns(&self, subscription: &Subscription) -> bool {
        match subscription.owner_id.as_deref().and_then(last) {
            Some(owner) => owner.eq_ignore_ascii_case(&self.cid()),
            None => !self.has_users,
        }
    }

    /// Whether a subscription goes by our names.
    pub(crate) fn are_on(&self, subscription: &Subscription) -> bool {
        self.owns(subscription) && self.slots(subscription).is_some()
    }

    /// Refuses a subscription that has our name, and neither our words in its display name nor our user.
    pub(crate) fn check_ours(&self, subscription: &Subscription) -> Result<(), Fault> {
        let display = subscription.display_name.as_deref().unwrap_or_default();
        if display.starts_with(&self.display_start()) || (self.has_users && self.owns(subscription)) {
            return Ok(());
        }
        let words = format!(
            "the subscription {} is neither named nor owned as ours, so it is not touched",
            self.sid()
        );
        Err(Fault::new(FaultKind::Foreign, words))
    }

    /// Refuses a user that has our name and somebody's own address.
    pub(crate) fn check_ours_too(&self, user: &User) -> Result<(), Fault> {
        if user
            .email
            .as_deref()
            .is_some_and(|email| email.eq_ignore_ascii_case(&self.email()))
        {
            return Ok(());
        }
        let words = format!(
            "the user {} has another e-mail address than ours, so it is not touched",
            self.cid()
        );
        Err(Fault::new(FaultKind::Foreign, words))
    }
}

/// The last segment of a path.
fn last(path: &str) -> Option<&str> {
    path.rsplit('/').next().filter(|last| !last.is_empty())
}

/// Whether any connection of any Gatewright made it.
pub(crate) fn is_gatewrights(sid: &str) -> bool {
    sid.starts_with(ANY_MARK)
}

/// A subscription's scope as a mapping names it: a product's id; anything else with the slash that no id has.
pub(crate) fn scope_of(scope: &str) -> String {
    const SERVICE: &str = "/microsoft.apimanagement/service/";
    let below = match scope.to_ascii_lowercase().find(SERVICE) {
        Some(at) => scope[at + SERVICE.len()..]
            .split_once('/')
            .map_or("", |(_, below)| below),
        None => scope.trim_start_matches('/'),
    };
    match below.split_once('/') {
        Some((list, id)) if list.eq_ignore_ascii_case("products") && !id.contains('/') => id.to_owned(),
        _ => format!("/{below}"),
    }
}
