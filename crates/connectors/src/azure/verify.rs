//! Whether a service can be worked with. Everything here reads; what writes names objects that cannot be there.

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::Azure;
use super::client::Ask;
use super::rows::{Api, Counted, Named, Product};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::Report;
use crate::wire::skew;

/// Most open doors that are listed one by one.
const DOORS_TOLD_MAX: usize = 50;
/// Most products and APIs that are looked at for open doors.
const DOORS_MAX: usize = 10_000;
/// Where we begin to warn.
const NEAR_PERCENT: u64 = 90;
/// A name that nothing has.
const NOBODY: &str = "gatewright-nobody";
/// How much each tier holds: subscriptions, users, products
/// (<https://learn.microsoft.com/azure/azure-resource-manager/management/azure-subscription-service-limits>).
const CEILINGS: [(&str, [u64; 3]); 4] = [
    ("Developer", [10_000, 20_000, 100]),
    ("Basic", [15_000, 20_000, 200]),
    ("Standard", [25_000, 50_000, 500]),
    ("Premium", [75_000, 75_000, 2_000]),
];

impl Azure {
    /// Looks whether we can work with it.
    pub(crate) async fn verify(&self, link: &Link) -> Result<Report, Fault> {
        let mut report = Report::default();
        match self.caller.service(link).await {
            Ok((answer, service)) => {
                report.clock_skew_seconds = skew(&answer, link);
                self.remember(&service);
                read_service(&service, &mut report);
            }
            Err(fault) if tells_of_us(fault.kind) => report.problems.push(fault.words),
            Err(fault) => return Err(fault),
        }
        if !report.problems.is_empty() {
            return Ok(report);
        }
        let has_users = self.has_users(link).await?;
        self.may_read(link, has_users, &mut report).await?;
        self.may_write(link, has_users, &mut report).await?;
        if report.problems.is_empty() {
            report.warnings.extend(self.open_doors(link).await?);
        }
        Ok(report)
    }

    /// Looks at the first of each, and at how many there are.
    async fn may_read(&self, link: &Link, has_users: bool, report: &mut Report) -> Result<(), Fault> {
        let ceilings = report.edition.as_deref().and_then(ceilings);
        let lists = [
            ("read.subscriptions", "subscriptions", true),
            ("read.users", "users", has_users),
            ("read.products", "products", true),
            ("read.apis", "apis", true),
        ];
        let looks = lists.into_iter().enumerate().filter(|(_, (.., wanted))| *wanted);
        let looks = looks.map(|(place, (operation, list, _))| async move {
            let look = self
                .caller
                .page::<Counted>(link, operation, &format!("/{list}"), (1, None))
                .await;
            (place, list, look)
        });
        for (place, list, look) in join_all(looks).await {
            match look {
                Ok(Some((_, count))) => {
                    let ceiling = ceilings.and_then(|ceilings| ceilings.get(place).copied());
                    if let (Some(count), Some(ceiling)) = (count, ceiling)
                        && count * 100 >= ceiling * NEAR_PERCENT
                    {
                        let words = format!("{count} {list} of the {ceiling} that this tier holds");
                        report.warnings.push(words);
                    }
                }
                Ok(None) => report.problems.push(format!("there are no {list} here")),
                Err(fault) if tells_of_us(fault.kind) => {
                    report.problems.push(format!("{list} cannot be read: {}", fault.words));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(())
    }

    /// Asks to change what is certainly not there: the answer is the right to, and nothing else happens.
    async fn may_write(&self, link: &Link, has_users: bool, report: &mut Report) -> Result<(), Fault> {
        let nothing = json!({});
        let subscription = format!("/subscriptions/{NOBODY}");
        let user = format!("/users/{NOBODY}");
        let change = |operation, path: &String| Ask::new(operation, path.clone()).body(&nothing).if_match("*");
        let mut tried = vec![
            self.caller
                .patch(link, change("write.subscription", &subscription))
                .await
                .map(|_| ()),
            self.caller
                .post(
                    link,
                    Ask::new("write.listSecrets", format!("{subscription}/listSecrets")),
                )
                .await
                .map(|_| ()),
            self.caller
                .post(
                    link,
                    Ask::new("write.regenerateKey", format!("{subscription}/regeneratePrimaryKey")),
                )
                .await
                .map(|_| ()),
            self.caller
                .post(
                    link,
                    Ask::new("write.regenerateKey", format!("{subscription}/regenerateSecondaryKey")),
                )
                .await
                .map(|_| ()),
            self.caller
                .delete(link, Ask::new("delete.subscription", subscription).if_match("*"))
                .await
                .map(|_| ()),
        ];
        if has_users {
            tried.push(self.caller.patch(link, change("write.user", &user)).await.map(|_| ()));
            tried.push(
                self.caller
                    .delete(
                        link,
                        Ask::new("delete.user", format!("{user}?notify=false")).if_match("*"),
                    )
                    .await
                    .map(|_| ()),
            );
        }
        for fault in tried.into_iter().filter_map(Result::err) {
            match fault.kind {
                kind if tells_of_us(kind) => report.problems.push(format!("not allowed: {}", fault.words)),
                _ => return Err(fault),
            }
        }
        Ok(())
    }

    async fn open_doors(&self, link: &Link) -> Result<Vec<String>, Fault> {
        let products = self
            .caller
            .all::<Named<Product>>(link, "read.products", "/products", DOORS_MAX)
            .await?;
        let apis = self
            .caller
            .all::<Named<Api>>(link, "read.apis", "/apis", DOORS_MAX)
            .await?;
        let products = products
            .into_iter()
            .flatten()
            .filter(|product| product.properties.is_open());
        let products = products.map(|one| format!("{}: a product that asks for no subscription key", one.name));
        let apis = apis
            .into_iter()
            .flatten()
            .filter(|api| api.properties.subscription_required == Some(false));
        let apis = apis.map(|one| format!("{}: an API that asks for no subscription key", one.name));
        let mut open: Vec<String> = products.chain(apis).collect();
        let more = open.len().saturating_sub(DOORS_TOLD_MAX);
        open.truncate(DOORS_TOLD_MAX);
        if more > 0 {
            open.push(format!("and {more} more that are open; see what this gateway offers"));
        }
        Ok(open)
    }
}

fn read_service(service: &Value, report: &mut Report) {
    let properties = &service["properties"];
    report.edition = service["sku"]["name"].as_str().map(str::to_owned);
    report.version = properties["platformVersion"].as_str().map(str::to_owned);
    match properties["provisioningState"].as_str() {
        Some("Succeeded") => {}
        Some("Updating") => report
            .warnings
            .push("the service is being updated, and refuses changes meanwhile".to_owned()),
        Some(state) => report
            .problems
            .push(format!("the service is not ready: its state is {state}")),
        None => report
            .problems
            .push("this does not look like an API Management service: it has no state".to_owned()),
    }
}

/// What a tier holds; the second version of a tier holds as much as the first.
fn ceilings(tier: &str) -> Option<[u64; 3]> {
    let tier = tier.strip_suffix("V2").unwrap_or(tier);
    CEILINGS
        .into_iter()
        .find(|(name, _)| *name == tier)
        .map(|(_, ceilings)| ceilings)
}

/// Whether it is about the settings or the credentials, and so belongs into a report.
const fn tells_of_us(kind: FaultKind) -> bool {
    matches!(
        kind,
        FaultKind::Unauthenticated
            | FaultKind::Forbidden
            | FaultKind::NotFound
            | FaultKind::Invalid
            | FaultKind::Unsupported
            | FaultKind::QuotaExhausted
    )
}
