//! Whether an account can be worked with.
//!
//! Reading alone does not tell whether it takes keys like ours, nor whether we may make any: so a key is made, disabled and
//! in no plan, and deleted again. What an earlier look could not delete is deleted by the next.

use http::Method;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;

use super::AwsApiGateway;
use super::client::Ask;
use super::names::{MARK_TAG, PROBE};
use super::rows::{Account, Api, Identified, Key, Plan};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Page, Report};
use crate::wire::skew;

/// Most keys of an account in a region, which AWS does not raise, and where we begin to warn.
pub(crate) const KEYS_OF_A_REGION: usize = 10_000;
const KEYS_WARN: usize = 9_000;
/// Pages of keys that are counted: what a full region has, and one more.
const PAGES_COUNTED_MAX: usize = 21;
const PROBE_TAG: &str = "probe";
/// A usage plan that is not there: whether a key may be put into one shows in how that is refused.
const NO_PLAN: &str = "gwr-none";

impl AwsApiGateway {
    /// Looks whether we can work with it.
    pub(crate) async fn verify(&self, link: &Link) -> Result<Report, Fault> {
        let mut report = Report::default();
        let account: Result<(_, Account), Fault> = self.caller.whole(link, Ask::get("account.get", "/account")).await;
        match account {
            Ok((answer, account)) => {
                report.clock_skew_seconds = skew(&answer, link);
                report.version = account.api_key_version.map(|version| format!("API keys {version}"));
                report.edition = Some("REST APIs".to_owned());
                if !account.features.iter().any(|feature| feature == "UsagePlans") {
                    let words =
                        "this account has no usage plans (its features lack UsagePlans), so no key opens anything";
                    report.problems.push(words.to_owned());
                }
            }
            Err(fault) if tells_of_us(fault.kind) => report.problems.push(fault.words),
            Err(fault) => return Err(fault),
        }
        if !report.problems.is_empty() {
            return Ok(report);
        }
        self.may_read(link, &mut report).await?;
        if report.problems.is_empty() {
            self.count(link, &mut report).await?;
        }
        if report.problems.is_empty() {
            self.remove_probes(link, &mut report).await?;
        }
        if report.problems.is_empty() {
            self.probe(link, &mut report).await?;
        }
        Ok(report)
    }

    async fn may_read(&self, link: &Link, report: &mut Report) -> Result<(), Fault> {
        let plans = self
            .caller
            .page::<Plan>(link, Ask::get("plan.list", "/usageplans"), 1, None)
            .await;
        self.note("usage plans cannot be read", plans.map(|_| ()), report)?;
        let apis = self
            .caller
            .page::<Api>(link, Ask::get("api.list", "/restapis"), 1, None)
            .await;
        self.note("APIs cannot be read", apis.map(|_| ()), report)
    }

    /// How near the region is to its ceiling of keys.
    async fn count(&self, link: &Link, report: &mut Report) -> Result<(), Fault> {
        let (mut count, mut cursor, mut whole) = (0, None, false);
        for _ in 0..PAGES_COUNTED_MAX {
            let page: Result<Page<Identified>, Fault> = self
                .caller
                .page(link, Ask::get("key.list", "/apikeys"), super::client::PAGE_MAX, cursor)
                .await;
            let page = match page {
                Ok(page) => page,
                Err(fault) => return self.note("keys cannot be read", Err(fault), report),
            };
            count += page.items.len();
            cursor = page.next;
            if cursor.is_none() {
                whole = true;
                break;
            }
        }
        let least = if whole { "" } else { "at least " };
        if count >= KEYS_WARN {
            report.warnings.push(format!(
                "{least}{count} API keys of the {KEYS_OF_A_REGION} that AWS allows an account in a region; it allows nobody more"
            ));
        }
        Ok(())
    }

    /// Deletes what earlier looks left behind.
    async fn remove_probes(&self, link: &Link, report: &mut Report) -> Result<(), Fault> {
        let keys = match self.keys(link, PROBE).await {
            Ok(keys) => keys,
            Err(fault) => return self.note("keys cannot be read", Err(fault), report),
        };
        let probes = keys
            .into_iter()
            .filter(|key| key.tag(MARK_TAG).is_some_and(|tag| tag == PROBE_TAG));
        let removed = self.remove_all(link, probes.map(|key| key.id).collect()).await;
        self.note("keys cannot be deleted", removed, report)
    }

    async fn probe(&self, link: &Link, report: &mut Report) -> Result<(), Fault> {
        let key = match self.make_probe(link, true).await {
            // A key of our format is not to AWS's taste; one of its own must be possible, then.
            Err(fault) if fault.kind == FaultKind::Invalid => {
                report.warnings.push(format!(
                    "this region does not take keys of Gatewright's format ({}): only GATEWAY_GENERATED works here",
                    fault.words
                ));
                self.make_probe(link, false).await
            }
            made => made,
        };
        let key = match key {
            Ok(key) => key,
            Err(fault) => return self.note("keys cannot be made", Err(fault), report),
        };
        let join = Ask::new("plan.join", Method::POST, format!("/usageplans/{NO_PLAN}/keys"));
        let join = join.body(json!({ "keyId": key.id, "keyType": "API_KEY" }));
        let joined = match self.caller.done(link, join).await {
            Err(fault) if fault.kind == FaultKind::Forbidden => Err(fault),
            // That there is no such plan is what was asked.
            _ => Ok(()),
        };
        let patched = match self.enable(link, &key.id, false).await {
            Err(fault) if fault.kind == FaultKind::Forbidden => Err(fault),
            _ => Ok(()),
        };
        let removed = self.remove_all(link, vec![key.id]).await;
        self.note("keys cannot be put into usage plans", joined, report)?;
        self.note("keys cannot be disabled and enabled", patched, report)?;
        self.note("keys cannot be deleted", removed, report)
    }

    /// A disabled key without a plan. Its value is as random as any, should it stay behind.
    async fn make_probe(&self, link: &Link, of_our_format: bool) -> Result<Key, Fault> {
        let random = self.letters();
        let mut body = json!({
            "name": format!("{PROBE}{}", &random.expose_secret()[..8]),
            "description": "Gatewright looks whether it can make keys; it deletes this one at once.",
            "enabled": false,
            "tags": { MARK_TAG: PROBE_TAG },
        });
        let mut ask = Ask::new("key.create", Method::POST, "/apikeys");
        if of_our_format {
            body["value"] = format!("sk_live_{}", self.letters().expose_secret()).into();
            // Not in secret: nobody has this value, and why it is refused is what is asked.
            ask = ask.repeatable();
        }
        self.caller.object(link, ask.body(body)).await
    }

    /// Forty letters and digits.
    fn letters(&self) -> SecretString {
        const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        let bytes: [u8; 40] = self.rng.bytes();
        let letter = |byte: &u8| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]);
        bytes.iter().map(letter).collect::<String>().into()
    }

    /// A fault that is about the settings, the credentials or their permissions is a problem; any other is told as it is.
    fn note(&self, what: &str, result: Result<(), Fault>, report: &mut Report) -> Result<(), Fault> {
        match result {
            Err(fault) if tells_of_us(fault.kind) => {
                report.problems.push(format!("{what}: {}", fault.words));
                Ok(())
            }
            result => result,
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
