//! What an Anypoint offers, and whether a product can be mapped to some of its API instances.

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::MuleSoft;
use super::client::{Ask, CALLS_AT_ONCE, PAGE_MAX};
use super::contracts::parse;
use super::rows::{Api, Policies, Policy, Tier, Tiers};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::model::{Judgement, Offered, OfferedKind, Page};

/// Assets on a page: each of their API instances costs two calls, so that a page stays a matter of seconds.
const ASSETS_PER_PAGE: usize = 25;

/// An API instance with what decides who may call it.
pub(crate) struct Door {
    api: Api,
    tiers: Vec<Tier>,
    policies: Vec<Policy>,
}

impl MuleSoft {
    /// API instances, and what can be sold of each: the instance itself, or its tiers.
    pub(crate) async fn offers(&self, link: &Link, cursor: Option<String>) -> Result<Page<Offered>, Fault> {
        let offset = match cursor {
            Some(cursor) => cursor
                .parse()
                .map_err(|_| Fault::new(FaultKind::Invalid, "the cursor is not one of ours"))?,
            None => 0,
        };
        let (apis, next) = self.apis(link, offset, ASSETS_PER_PAGE).await?;
        let doors: Vec<Option<Door>> = stream::iter(apis)
            .map(|api| self.door(link, api))
            .buffered(CALLS_AT_ONCE)
            .try_collect()
            .await?;
        Ok(Page {
            items: doors.iter().flatten().flat_map(Door::offers).collect(),
            next: next.map(|next| next.to_string()),
        })
    }

    /// What stands before an API instance; none: it is gone meanwhile.
    pub(crate) async fn door(&self, link: &Link, api: Api) -> Result<Option<Door>, Fault> {
        let below = format!("{}/{}", self.caller.apis(), api.id);
        let tiers = format!("{below}/tiers?active=true&limit={PAGE_MAX}");
        // All of them with where they come from, in the form in which the description has them.
        let policies = format!("{below}/policies?fullInfo=false");
        let (tiers, policies) = try_join(
            self.caller.get::<Tiers>(link, Ask::new("tier.list", tiers)),
            self.caller.get::<Policies>(link, Ask::new("policy.list", policies)),
        )
        .await?;
        let (Some(tiers), Some(policies)) = (tiers, policies) else {
            return Ok(None);
        };
        Ok(Some(Door {
            api,
            tiers: tiers.tiers,
            policies: policies.0.into_iter().filter(|policy| !policy.disabled).collect(),
        }))
    }

    /// Whether a product can be given by these API instances and tiers.
    pub(crate) async fn judge(&self, link: &Link, scope: &[String]) -> Result<Judgement, Fault> {
        let mut judgement = Judgement::default();
        if scope.is_empty() {
            let words = "it names no API instance, so its keys would open nothing";
            judgement.refusals.push(words.to_owned());
        }
        let mut seen = std::collections::BTreeSet::new();
        for remote_id in scope {
            let Some((api, tier)) = parse(remote_id) else {
                let words = "is neither an API instance's id nor one with a tier's, as in 18230456:301";
                judgement.refusals.push(format!("{remote_id}: {words}"));
                continue;
            };
            if !seen.insert(api) {
                let words = "this API instance is named twice, and a client application has one contract with it";
                judgement.refusals.push(format!("{remote_id}: {words}"));
                continue;
            }
            let ask = Ask::new("api.get", format!("{}/{api}", self.caller.apis()));
            let door = match self.caller.get::<Api>(link, ask).await? {
                Some(api) => self.door(link, api).await?,
                None => None,
            };
            match door {
                Some(door) => door.judge(tier, &mut judgement),
                None => judgement.refusals.push(format!(
                    "{remote_id}: there is no such API instance in this environment"
                )),
            }
        }
        Ok(judgement)
    }
}

/// What a policy asks a caller for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asks {
    ClientId,
    Token,
    Nothing,
}

fn asks(policy: &Policy) -> Asks {
    let kind = policy.kind();
    if kind.contains("client-id-enforcement") || kind.contains("sla-based") {
        Asks::ClientId
    } else if kind.contains("token-enforcement") || kind.contains("jwt-validation") {
        Asks::Token
    } else {
        Asks::Nothing
    }
}

impl Door {
    /// A name for people.
    pub(crate) fn name(&self) -> String {
        let api = &self.api;
        let asset = api.asset_id.as_deref().unwrap_or("API");
        let version = api.product_version.as_deref().or(api.asset_version.as_deref());
        let label = api
            .instance_label
            .as_deref()
            .or(api.autodiscovery_instance_name.as_deref());
        let words = [Some(asset), version, label].into_iter().flatten().collect::<Vec<_>>();
        format!("{} ({})", words.join(" "), api.id)
    }

    /// Why anybody is admitted, if so.
    pub(crate) fn open(&self) -> Option<String> {
        let closed = self.policies.iter().any(|policy| asks(policy) != Asks::Nothing);
        (!closed).then(|| format!("{}: has no client id enforcement, so it admits anybody", self.name()))
    }

    fn has_sla(&self) -> bool {
        self.policies.iter().any(|policy| policy.kind().contains("sla"))
    }

    fn warnings(&self) -> Vec<String> {
        let name = self.name();
        let mut warnings: Vec<String> = self.open().into_iter().collect();
        let by_id: Vec<&Policy> = self.policies.iter().filter(|one| asks(one) == Asks::ClientId).collect();
        if by_id.iter().any(|policy| policy.asks_for_secret()) {
            warnings.push(format!(
                "{name}: asks for client id and secret; a key is both, so its customers send it twice"
            ));
        }
        if by_id.is_empty() && self.policies.iter().any(|policy| asks(policy) == Asks::Token) {
            warnings.push(format!(
                "{name}: asks for a token of an authorization server, so a key alone opens nothing"
            ));
        }
        if self.api.deprecated {
            warnings.push(format!("{name}: is deprecated, so that it takes no new contracts"));
        }
        warnings
    }

    fn offers(&self) -> Vec<Offered> {
        let api = &self.api;
        let versions = [
            ("asset", &api.asset_id),
            ("version", &api.asset_version),
            ("product version", &api.product_version),
            ("label", &api.instance_label),
            ("endpoint", &api.endpoint_uri),
        ];
        let known = versions
            .into_iter()
            .filter_map(|(name, value)| Some(format!("{name} {}", value.as_deref()?)));
        let policies = self.policies.iter().map(|policy| format!("policy {}", policy.kind()));
        let offered = |kind, remote_id, name, detail| Offered {
            kind,
            remote_id,
            name,
            detail,
            warnings: self.warnings(),
        };
        let id = api.id.to_string();
        let detail: Vec<String> = known.chain(policies).collect();
        let service = offered(OfferedKind::Service, id.clone(), self.name(), detail.clone());
        if self.tiers.is_empty() {
            return vec![service, offered(OfferedKind::Product, id, self.name(), detail)];
        }
        let tiers = self.tiers.iter().map(|tier| {
            let approval = match tier.auto_approve {
                true => "contracts are approved automatically",
                false => "contracts are approved by Gatewright",
            };
            let name = format!("{}, tier {}", self.name(), tier.name);
            offered(
                OfferedKind::Product,
                format!("{id}:{}", tier.id),
                name,
                vec![approval.to_owned()],
            )
        });
        std::iter::once(service).chain(tiers).collect()
    }

    fn judge(&self, tier: Option<u64>, judgement: &mut Judgement) {
        let name = self.name();
        let known = |id: u64| self.tiers.iter().find(|tier| tier.id == id);
        match tier {
            Some(id) => match known(id) {
                None => judgement.refusals.push(format!("{name}: has no active tier {id}")),
                Some(tier) if !tier.auto_approve => judgement.warnings.push(format!(
                    "{name}: the tier {} asks for approval, which Gatewright gives for whoever subscribes",
                    tier.name
                )),
                Some(_) => {}
            },
            None if self.has_sla() || !self.tiers.is_empty() => {
                let tiers = self
                    .tiers
                    .iter()
                    .map(|tier| format!("{}:{} ({})", self.api.id, tier.id, tier.name));
                let tiers = tiers.collect::<Vec<_>>().join(", ");
                judgement
                    .refusals
                    .push(format!("{name}: has SLA tiers; name one of them: {tiers}"));
            }
            None => {}
        }
        if self.api.deprecated {
            judgement
                .refusals
                .push(format!("{name}: is deprecated, so that it takes no new contracts"));
        }
        judgement.warnings.extend(self.warnings());
        if self.open().is_some() {
            judgement.open.push(name);
        }
    }
}
