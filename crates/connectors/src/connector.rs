//! What every vendor's gateway can do for us.

use std::future::Future;
use std::pin::Pin;

use gatewright_types::ids::GatewayId;
use secrecy::SecretString;

use crate::fault::Fault;
use crate::link::Link;
use crate::model::{
    Adoptable, Application, Applied, Capabilities, Judgement, Observed, ObservedCredential, Offered, Page, Report,
    Scanned, Step,
};

/// A call under way.
pub type Call<'a, T> = Pin<Box<dyn Future<Output = Result<T, Fault>> + Send + 'a>>;

/// One gateway of one vendor, with its address and credentials.
pub trait Connector: Send + Sync + 'static {
    /// What it can do, as it is set up.
    fn capabilities(&self) -> &Capabilities;

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
}
