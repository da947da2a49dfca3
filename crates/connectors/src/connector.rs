//! What every vendor's gateway can do for us.

use std::future::Future;
use std::pin::Pin;

use gatewright_types::ids::GatewayId;
use secrecy::SecretString;

use crate::choice::{Choice, Chosen, not_left};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{
    Adoptable, AdoptedKey, Application, Applied, Capabilities, Judgement, Observed, ObservedCredential, Offered, Page,
    Report, Scanned, Step,
};

/// Pages that are looked through for one consumer, where the gateway cannot be asked for it.
const STRANGER_PAGES_MAX: usize = 1_000;

/// A call under way.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// One gateway of one vendor, with its address and credentials.
pub trait Connector: Send + Sync + 'static {
    /// What it can do, as it is set up.
    fn capabilities(&self) -> &Capabilities;

    /// The same gateway as it is used for a subscription whose products were mapped with these choices, or why they cannot be
    /// kept together.
    fn choose(&self, choices: &[Choice]) -> Chosen {
        not_left(choices, false, false).map(|()| None)
    }

    /// Looks whether we can work with it: reachable, version, permissions, clock. Changes nothing.
    ///
    /// What stands in the way is a problem in the report; an error is only that nothing could be found out.
    fn verify<'a>(&'a self, link: &'a Link) -> Call<'a, Report>;

    /// What it offers: services, APIs, products, one page after the other.
    fn discover<'a>(&'a self, link: &'a Link, cursor: Option<String>) -> Call<'a, Page<Offered>>;

    /// Whether a product of ours can be mapped to these groups, plans or products of the gateway, and what is open there by
    /// default.
    fn judge<'a>(&'a self, link: &'a Link, scope: &'a [String]) -> Call<'a, Judgement>;

    /// What the gateway has of an application.
    fn observe<'a>(&'a self, link: &'a Link, application: &'a Application) -> Call<'a, Observed>;

    /// Does one step. `observed` is what was found before; it may be out of date.
    fn apply<'a>(
        &'a self,
        link: &'a Link,
        application: &'a Application,
        step: &'a Step,
        observed: &'a Observed,
    ) -> Call<'a, Applied>;

    /// Reads a credential's secret back, where the gateway shows it.
    fn read_secret<'a>(
        &'a self,
        link: &'a Link,
        application: &'a Application,
        credential: &'a ObservedCredential,
    ) -> Call<'a, Option<SecretString>>;

    /// Everything with a connection's mark, page by page.
    fn scan<'a>(&'a self, link: &'a Link, connection_id: GatewayId, cursor: Option<String>) -> Call<'a, Page<Scanned>>;

    /// Consumers and keys that no connection of ours made, page by page, for taking them over.
    fn adoptable<'a>(&'a self, link: &'a Link, cursor: Option<String>) -> Call<'a, Page<Adoptable>>;

    /// One of these by the gateway's own id of it.
    fn stranger<'a>(&'a self, link: &'a Link, remote_id: &'a str) -> Call<'a, Option<Adoptable>> {
        Box::pin(async move {
            let mut cursor = None;
            for _ in 0..STRANGER_PAGES_MAX {
                let page = self.adoptable(link, cursor).await?;
                if let Some(found) = page.items.into_iter().find(|one| one.remote_id == remote_id) {
                    return Ok(Some(found));
                }
                let Some(next) = page.next else { return Ok(None) };
                cursor = Some(next);
            }
            let words = format!("it was not among the first {STRANGER_PAGES_MAX} pages of consumers");
            Err(Fault::new(FaultKind::Unsupported, words))
        })
    }

    /// Takes a key of somebody else away that an operator gave us, so that ours can be made in its place. Not there: done.
    /// Another secret than when it was given: [`FaultKind::Foreign`].
    fn release<'a>(&'a self, _link: &'a Link, _key: &'a AdoptedKey) -> Call<'a, ()> {
        let words = "keys of others cannot be taken over from this gateway";
        Box::pin(std::future::ready(Err(Fault::new(FaultKind::Unsupported, words))))
    }
}
