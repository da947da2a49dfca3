//! What an organization offers: products, and the proxies that they open.
//!
//! A product that names no proxy opens every proxy. A proxy without a policy that asks for a key lets anybody in, whatever
//! products say.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Apigee;
use super::client::{Ask, CALLS_AT_ONCE, PAGE_MAX, path};
use super::rows::{Deployment, Deployments, Operations, Product, Products, Revision};
use crate::fault::{Fault, FaultKind};
use crate::link::Link;
use crate::wire::segment;

/// Most products that are read: as many as Apigee allows an organization.
pub(crate) const PRODUCTS_MAX: usize = 5_000;
/// Most proxies that are looked at one by one.
pub(crate) const PROXIES_MAX: usize = 1_000;
/// How names of policies begin or what they contain where they ask who calls. A revision tells names only.
const ASKING: [&str; 10] = [
    "apikey",
    "api-key",
    "api_key",
    "verify",
    "oauth",
    "jwt",
    "saml",
    "hmac",
    "basicauth",
    "va-",
];

/// Products and proxies by their names.
pub(crate) struct Layout {
    pub(crate) products: BTreeMap<String, Product>,
    pub(crate) proxies: BTreeMap<String, Proxy>,
}

/// A proxy that is deployed somewhere.
pub(crate) struct Proxy {
    pub(crate) name: String,
    pub(crate) environments: BTreeSet<String>,
    pub(crate) base_paths: Vec<String>,
    policies: Vec<String>,
}

/// Whether a proxy asks who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// It has no policy at all.
    Nobody,
    /// None of its policies is called as if it did.
    Perhaps,
    /// One of its policies is called so.
    Likely,
}

impl Apigee {
    /// Everything, with the proxies in full.
    pub(crate) async fn layout(&self, link: &Link) -> Result<Layout, Fault> {
        let (products, deployments) = try_join(self.products(link), self.deployments(link)).await?;
        let proxies = self.proxies(link, deployments).await?;
        Ok(Layout { products, proxies })
    }

    /// All products: the row with which a page begins is the last of the page before.
    pub(crate) async fn products(&self, link: &Link) -> Result<BTreeMap<String, Product>, Fault> {
        let mut all: BTreeMap<String, Product> = BTreeMap::new();
        let mut start: Option<String> = None;
        loop {
            let mut list = format!("/apiproducts?expand=true&count={PAGE_MAX}");
            if let Some(start) = &start {
                list = format!("{list}&startKey={}", segment(start));
            }
            let page: Products = self.caller.object(link, Ask::get("product.list", list)).await?;
            let (full, last) = (
                page.api_product.len() >= PAGE_MAX,
                page.api_product.last().map(|one| one.name.clone()),
            );
            all.extend(page.api_product.into_iter().map(|one| (one.name.clone(), one)));
            if all.len() > PRODUCTS_MAX {
                let words = format!("there are more than {PRODUCTS_MAX} products, which is more than Gatewright reads");
                return Err(Fault::new(FaultKind::QuotaExhausted, words));
            }
            if !full || last == start {
                return Ok(all);
            }
            start = last;
        }
    }

    /// One product; none: it is not there.
    pub(crate) async fn product(&self, link: &Link, name: &str) -> Result<Option<Product>, Fault> {
        let ask = Ask::get("product.get", path(&["apiproducts", name]));
        match self.caller.found(link, ask).await {
            // That it is not there is told as what is wrong with a mapping, elsewhere.
            Err(fault) if fault.kind == FaultKind::Invalid && fault.status == Some(404) => Ok(None),
            found => found,
        }
    }

    pub(crate) async fn deployments(&self, link: &Link) -> Result<Vec<Deployment>, Fault> {
        let found: Deployments = self
            .caller
            .object(link, Ask::get("deployment.list", "/deployments"))
            .await?;
        Ok(found.deployments)
    }

    /// The proxies of these deployments, each by one of its revisions.
    pub(crate) async fn proxies(
        &self,
        link: &Link,
        deployments: Vec<Deployment>,
    ) -> Result<BTreeMap<String, Proxy>, Fault> {
        let mut by_name: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
        for one in deployments {
            let (environments, revisions) = by_name.entry(one.api_proxy).or_default();
            environments.insert(one.environment);
            revisions.insert(one.revision);
        }
        if by_name.len() > PROXIES_MAX {
            let words = format!("there are more than {PROXIES_MAX} proxies, which is more than Gatewright looks at");
            return Err(Fault::new(FaultKind::QuotaExhausted, words));
        }
        let looks = stream::iter(by_name).map(|(name, (environments, revisions))| async move {
            let mut proxy = Proxy {
                name: name.clone(),
                environments,
                base_paths: Vec::new(),
                policies: Vec::new(),
            };
            // Each environment may have another revision: the one that asks least is what counts.
            let mut least: Option<Vec<String>> = None;
            for revision in &revisions {
                let ask = Ask::get("proxy.get", path(&["apis", &name, "revisions", revision]));
                let Some(found): Option<Revision> = self.caller.found(link, ask).await? else {
                    continue;
                };
                proxy.base_paths.extend(found.basepaths);
                if least.as_ref().is_none_or(|least| asks(&found.policies) < asks(least)) {
                    least = Some(found.policies);
                }
            }
            proxy.policies = least.unwrap_or_default();
            proxy.base_paths.sort_unstable();
            proxy.base_paths.dedup();
            Ok::<_, Fault>((name, proxy))
        });
        looks.buffer_unordered(CALLS_AT_ONCE).try_collect().await
    }
}

impl Proxy {
    pub(crate) fn asks(&self) -> Asks {
        match asks(&self.policies) {
            0 => Asks::Nobody,
            1 => Asks::Perhaps,
            _ => Asks::Likely,
        }
    }

    /// What an operator has to know; none: it seems to ask for keys.
    pub(crate) fn warning(&self) -> Option<String> {
        let why = match self.asks() {
            Asks::Nobody => "has no policy at all, so it lets anybody in, with a key or without",
            Asks::Perhaps => {
                "none of its policies is called as if it asked for a key; without VerifyAPIKey it lets anybody in"
            }
            Asks::Likely => return None,
        };
        Some(format!("{}: {why}", self.name))
    }
}

/// 0: there is none; 1: none sounds as if it asked; 2: one does.
fn asks(policies: &[String]) -> u8 {
    let asking = |policy: &String| {
        let policy = policy.to_ascii_lowercase();
        ASKING.iter().any(|word| policy.contains(word))
    };
    match policies {
        [] => 0,
        policies if policies.iter().any(asking) => 2,
        _ => 1,
    }
}

impl Product {
    fn groups(&self) -> impl Iterator<Item = &Operations> {
        let groups = [
            &self.operation_group,
            &self.graphql_operation_group,
            &self.grpc_operation_group,
            &self.llm_operation_group,
            &self.payload_operation_group,
        ];
        groups.into_iter().flatten()
    }

    /// The proxies that it names.
    pub(crate) fn names(&self) -> BTreeSet<&str> {
        let own = |group: &&Operations| group.operation_config_type.as_deref() != Some("remoteservice");
        let operations = self.groups().filter(own).flat_map(|group| &group.operation_configs);
        let operations = operations.map(|config| config.api_source.as_str());
        self.proxies.iter().map(String::as_str).chain(operations).collect()
    }

    /// Whether it names nothing, and so opens everything.
    pub(crate) fn opens_everything(&self) -> bool {
        self.proxies.is_empty() && self.groups().all(|group| group.operation_configs.is_empty())
    }

    pub(crate) fn is_manual(&self) -> bool {
        self.approval_type.as_deref() == Some("manual")
    }

    pub(crate) fn shown_name(&self) -> String {
        let shown = self.display_name.as_deref().filter(|name| !name.is_empty());
        shown.unwrap_or(&self.name).to_owned()
    }
}
