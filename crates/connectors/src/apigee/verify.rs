//! Whether an Apigee can be worked with. Everything here reads; the one DELETE names a developer who cannot be there.

use futures_util::future::{join, join_all};
use serde::de::IgnoredAny;

use super::Apigee;
use super::client::Ask;
use super::layout::Layout;
use super::rows::{Apps, Organization, Product};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::Report;
use crate::wire::skew;

/// What has to be readable, each for its reason.
const READ: [(&str, &str); 3] = [
    ("developer.list", "/developers?count=1"),
    ("product.list", "/apiproducts?count=1"),
    ("deployment.list", "/deployments"),
];
/// Most apps of an organization, and where we begin to warn.
const APPS_MAX: u64 = 1_000_000;
const NEAR_PERCENT: u64 = 80;
/// Most open doors that are listed one by one.
const DOORS_TOLD_MAX: usize = 50;

impl Apigee {
    /// Looks whether we can work with it.
    pub(crate) async fn verify(&self, link: &Link) -> Result<Report, Fault> {
        let mut report = Report::default();
        let ask = Ask::get("organization.get", "");
        match self.caller.answer::<Organization>(link, ask).await {
            Ok((organization, answer)) => {
                report.clock_skew_seconds = skew(&answer, link);
                read_organization(&organization, &mut report);
            }
            Err(fault) if tells_of_us(fault.kind) => report.problems.push(fault.words),
            Err(fault) => return Err(fault),
        }
        if !report.problems.is_empty() {
            return Ok(report);
        }
        let (reads, write) = join(self.may_read(link, &mut report.warnings), self.may_write(link)).await;
        report.problems.extend(reads?);
        report.problems.extend(write?);
        if report.problems.is_empty() {
            report.warnings.extend(open_doors(&self.layout(link).await?));
        }
        Ok(report)
    }

    async fn may_read(&self, link: &Link, warnings: &mut Vec<String>) -> Result<Vec<String>, Fault> {
        let mut problems = Vec::new();
        let looks = READ.map(|(operation, path)| async move {
            let looked: Result<IgnoredAny, Fault> = self.caller.object(link, Ask::get(operation, path)).await;
            (path, looked.map(|_| ()))
        });
        let apps: Result<Apps, Fault> = self.caller.object(link, Ask::get("app.list", "/apps?pageSize=1")).await;
        let counted = apps.map(|apps| warnings.extend(near_ceiling(apps.total_size)));
        for (path, look) in join_all(looks).await.into_iter().chain([("/apps", counted)]) {
            match look {
                Ok(()) => {}
                Err(fault) if tells_of_us(fault.kind) => {
                    problems.push(format!("{path} cannot be read: {}", fault.words));
                }
                Err(fault) => return Err(fault),
            }
        }
        Ok(problems)
    }

    /// Asks to delete what is certainly not there: the answer is the right to, and nothing else happens.
    async fn may_write(&self, link: &Link) -> Result<Option<String>, Fault> {
        let nobody = format!("/developers/gwr-nobody%40{}", self.settings.developer_domain);
        match self.caller.gone(link, Ask::delete("developer.delete", nobody)).await {
            Ok(_) => Ok(None),
            Err(fault) if tells_of_us(fault.kind) => Ok(Some(format!("nothing can be changed: {}", fault.words))),
            Err(fault) => Err(fault),
        }
    }
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

fn read_organization(organization: &Organization, report: &mut Report) {
    report.version = Some("v1".to_owned());
    report.edition = organization.runtime_type.as_ref().map(|kind| kind.to_ascii_lowercase());
    if organization.state != "ACTIVE" {
        let words = format!("the organization's state is \"{}\", not ACTIVE", organization.state);
        report.problems.push(words);
    }
    if organization.subscription_type.as_deref() == Some("TRIAL") {
        let words = "this is an organization for evaluation, which Google deletes after 60 days with everything in it";
        report.warnings.push(words.to_owned());
    }
    let addons = organization.addons_config.as_ref();
    if addons
        .and_then(|addons| addons.monetization_config.as_ref())
        .is_some_and(|one| one.enabled)
    {
        let words = "monetization is switched on: a proxy with a MonetizationLimitsCheck policy refuses developers who \
                     have not bought the product there, and Gatewright buys nothing";
        report.warnings.push(words.to_owned());
    }
}

fn near_ceiling(count: Option<u64>) -> Option<String> {
    let count = count?;
    let near = count * 100 >= APPS_MAX * NEAR_PERCENT;
    near.then(|| format!("{count} apps of the {APPS_MAX} that Apigee allows an organization"))
}

fn open_doors(layout: &Layout) -> Vec<String> {
    let everything = layout.products.values().filter(|product| product.opens_everything());
    let everything =
        everything.map(|product: &Product| format!("{}: opens every proxy, because it names none", product.name));
    let open: Vec<String> = layout
        .proxies
        .values()
        .filter_map(super::layout::Proxy::warning)
        .chain(everything)
        .collect();
    let more = open.len().saturating_sub(DOORS_TOLD_MAX);
    let more = (more > 0).then(|| format!("and {more} more that are open; see what this gateway offers"));
    open.into_iter().take(DOORS_TOLD_MAX).chain(more).collect()
}
