//! Whether an Anypoint can be worked with. Everything here reads; the two PATCHes change nothing about objects that cannot be there.

use futures_util::future::join;
use futures_util::stream::{self, StreamExt};
use serde_json::{Value, json};

use super::MuleSoft;
use super::client::{Ask, CALLS_AT_ONCE, PAGE_MAX};
use super::names::ANY_MARK;
use super::rows::Api;
use super::settings::ClientProvider;
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::Report;
use crate::wire::skew;

/// Client applications that one user, or one connected app, is not to exceed, as the page on migrating them says.
pub const APPLICATIONS_MAX: usize = 500;
/// From so many on there is a warning.
pub const APPLICATIONS_NEAR: usize = 400;
/// API instances whose policies are looked at for open doors.
const DOORS_LOOKED_MAX: usize = 50;
/// An id that no object has: the platform's ids count up from small numbers.
const NOBODYS: u64 = 2_147_483_647;

impl MuleSoft {
    /// Looks whether we can work with it.
    pub(crate) async fn verify(&self, link: &Link) -> Result<Report, Fault> {
        let mut report = Report {
            edition: Some("Anypoint Platform".to_owned()),
            ..Report::default()
        };
        if self.settings.client_provider == ClientProvider::Oidc {
            let words = "an OpenID Connect client provider makes every client id and secret itself, so this gateway has to make the secrets";
            report.warnings.push(words.to_owned());
        }
        let me = Ask::new("account.get", "/accounts/api/me");
        match told(self.caller.look(link, me).await, &mut report)? {
            Some((answer, _)) => report.clock_skew_seconds = skew(&answer, link),
            None => return Ok(report),
        }
        self.check_environment(link, &mut report).await?;
        let (applications, apis) = join(self.count_ours(link), self.apis(link, 0, PAGE_MAX)).await;
        if let Some(count) = told(applications, &mut report)? {
            report.warnings.extend(near_ceiling(count));
        }
        let apis = told(apis, &mut report)?.map(|(apis, _)| apis).unwrap_or_default();
        // Empty lists are what a missing scope looks like.
        told(self.sees_applications(link).await, &mut report)?;
        told(self.sees_contracts(link).await, &mut report)?;
        if let Some(api) = apis.first() {
            self.check_writing(link, api, &mut report).await?;
        }
        self.open_doors(link, apis, &mut report).await?;
        let problems = std::mem::take(&mut report.problems);
        for problem in problems {
            if !report.problems.contains(&problem) {
                report.problems.push(problem);
            }
        }
        Ok(report)
    }

    async fn check_environment(&self, link: &Link, report: &mut Report) -> Result<(), Fault> {
        let organization = self.caller.at.organization;
        let path = format!("/accounts/api/organizations/{organization}/environments");
        match self.caller.look(link, Ask::new("environment.list", path)).await {
            Ok((_, found)) => {
                let wanted = self.caller.at.environment.to_string();
                let mut known = found["data"].as_array().into_iter().flatten();
                if !known.any(|one| one["id"].as_str() == Some(&wanted)) {
                    let words = format!(
                        "the business group {organization} has no environment {wanted} that the connected app sees"
                    );
                    report.problems.push(words);
                }
            }
            // Seeing environments is a scope of its own, and not needed for anything else.
            Err(fault) if fault.kind == FaultKind::Forbidden => {
                let words = format!("the environment's name could not be looked at: {}", fault.words);
                report.warnings.push(words);
            }
            Err(fault) => {
                told::<()>(Err(fault), report)?;
            }
        }
        Ok(())
    }

    /// Asks to change what is certainly not there: the answer is the right to, and nothing else happens.
    async fn check_writing(&self, link: &Link, api: &Api, report: &mut Report) -> Result<(), Fault> {
        let application = format!("{}/{NOBODYS}", self.caller.applications("v2"));
        let contract = format!("{}/{}/contracts/{NOBODYS}", self.caller.apis(), api.id);
        for (operation, path, scope) in [
            ("application.update", application, "Manage Client Applications"),
            ("contract.update", contract, "Manage Contracts"),
        ] {
            let asked = self
                .caller
                .patch::<Value>(link, Ask::new(operation, path), &json!({}))
                .await;
            match asked {
                Err(fault) if fault.kind == FaultKind::Forbidden => {
                    let words = format!("the connected app lacks the scope {scope}: {}", fault.words);
                    report.problems.push(words);
                }
                // That nothing was asked for may be refused before it is looked for.
                Err(fault) if fault.kind == FaultKind::Invalid => {}
                asked => {
                    told(asked.map(|_| ()), report)?;
                }
            }
        }
        Ok(())
    }

    /// How many client applications Gatewright has there, counted a little beyond the ceiling.
    async fn count_ours(&self, link: &Link) -> Result<usize, Fault> {
        let (mut count, mut offset) = (0, 0);
        loop {
            let page = self.list_applications(link, ANY_MARK, offset, PAGE_MAX).await?;
            count += page.iter().filter(|row| row.name.starts_with(ANY_MARK)).count();
            offset += page.len();
            if page.len() < PAGE_MAX || count > APPLICATIONS_MAX {
                return Ok(count);
            }
        }
    }

    async fn open_doors(&self, link: &Link, apis: Vec<Api>, report: &mut Report) -> Result<(), Fault> {
        let more = apis.len().saturating_sub(DOORS_LOOKED_MAX);
        let looks = stream::iter(apis.into_iter().take(DOORS_LOOKED_MAX)).map(|api| self.door(link, api));
        let looks: Vec<_> = looks.buffered(CALLS_AT_ONCE).collect().await;
        for look in looks {
            let door = told(look, report)?.flatten();
            report.warnings.extend(door.and_then(|door| door.open()));
        }
        if more > 0 {
            report.warnings.push(format!(
                "{more} more API instances were not looked at for open doors; see what this gateway offers"
            ));
        }
        Ok(())
    }
}

fn near_ceiling(count: usize) -> Option<String> {
    let many = if count > APPLICATIONS_MAX {
        format!("more than {APPLICATIONS_MAX}")
    } else {
        count.to_string()
    };
    (count >= APPLICATIONS_NEAR).then(|| {
        format!(
            "{many} client applications of the {APPLICATIONS_MAX} that one connected app is to make; every key is one, and two while it is rotated"
        )
    })
}

/// Puts a fault that is about the settings or the credentials into the report.
fn told<T>(looked: Result<T, Fault>, report: &mut Report) -> Result<Option<T>, Fault> {
    match looked {
        Ok(found) => Ok(Some(found)),
        Err(fault) if tells_of_us(fault.kind) => {
            report.problems.push(fault.words);
            Ok(None)
        }
        Err(fault) => Err(fault),
    }
}

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
