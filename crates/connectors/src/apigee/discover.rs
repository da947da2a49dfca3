//! What an Apigee offers, and whether a product of ours can be mapped to some of its products.

use std::collections::BTreeSet;

use futures_util::future::try_join;
use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Apigee;
use super::client::CALLS_AT_ONCE;
use super::layout::{Asks, Layout, Proxy};
use super::rows::Product;
use crate::fault::Fault;
use crate::link::Link;
use crate::model::{Judgement, Offered, OfferedKind, Page};

const EVERYTHING: &str = "names no proxy, so its keys open every proxy of the organization";

impl Apigee {
    /// Proxies and products, all of them, on one page: which proxy is open shows only beside the products.
    pub(crate) async fn offers(&self, link: &Link) -> Result<Page<Offered>, Fault> {
        let layout = self.layout(link).await?;
        let proxies = layout.proxies.values().map(|proxy| Offered {
            kind: OfferedKind::Service,
            remote_id: proxy.name.clone(),
            name: proxy.name.clone(),
            detail: detail(&proxy.base_paths, proxy.environments.iter()),
            warnings: proxy.warning().into_iter().collect(),
        });
        let products = layout.products.values().map(|product| Offered {
            kind: OfferedKind::Product,
            remote_id: product.name.clone(),
            name: product.shown_name(),
            detail: product.names().into_iter().map(str::to_owned).collect(),
            warnings: warnings(&layout, product),
        });
        Ok(Page {
            items: proxies.chain(products).collect(),
            next: None,
        })
    }

    /// Whether a product can be given by these products of Apigee's.
    pub(crate) async fn judge(&self, link: &Link, scope: &[String]) -> Result<Judgement, Fault> {
        let mut judgement = Judgement::default();
        if scope.is_empty() {
            let words = "it names no product of Apigee's, so its keys would open nothing";
            judgement.refusals.push(words.to_owned());
            return Ok(judgement);
        }
        let looks = stream::iter(scope.to_vec()).map(|name| async move {
            let product = self.product(link, &name).await?;
            Ok((name, product))
        });
        let looks = looks.buffered(CALLS_AT_ONCE).try_collect();
        let (found, deployments): (Vec<(String, Option<Product>)>, _) = try_join(looks, self.deployments(link)).await?;
        let mut products = Vec::new();
        for (name, product) in found {
            match product {
                Some(product) => products.push(product),
                None => judgement
                    .refusals
                    .push(format!("{name}: Apigee has no product of that name")),
            }
        }
        let named: BTreeSet<&str> = products.iter().flat_map(Product::names).collect();
        let wanted = deployments
            .into_iter()
            .filter(|one| named.contains(one.api_proxy.as_str()))
            .collect();
        let layout = Layout {
            proxies: self.proxies(link, wanted).await?,
            products: products.iter().map(|one| (one.name.clone(), one.clone())).collect(),
        };
        for product in layout.products.values() {
            judgement.warnings.extend(warnings(&layout, product));
            if product.opens_everything() {
                judgement.open.push(product.name.clone());
            }
        }
        for proxy in layout.proxies.values() {
            judgement.warnings.extend(proxy.warning());
            if proxy.asks() == Asks::Nobody {
                judgement.open.push(proxy.name.clone());
            }
        }
        Ok(judgement)
    }
}

fn warnings(layout: &Layout, product: &Product) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |words: &str| warnings.push(format!("{}: {words}", product.name));
    if product.opens_everything() {
        warn(EVERYTHING);
    }
    if product.environments.is_empty() {
        warn("names no environment, so it opens its proxies in all of them");
    }
    if product.is_manual() {
        warn("is approved by hand; Gatewright approves it for its own keys");
    }
    for name in product.names() {
        match layout.proxies.get(name) {
            None => warn(&format!("names the proxy {name}, which is not deployed")),
            Some(proxy) if !reaches(product, proxy) => {
                warn(&format!(
                    "names the proxy {name}, which is deployed in none of its environments"
                ));
            }
            Some(_) => {}
        }
    }
    warnings
}

fn reaches(product: &Product, proxy: &Proxy) -> bool {
    let environments = &product.environments;
    environments.is_empty() || environments.iter().any(|one| proxy.environments.contains(one))
}

fn detail<'a>(base_paths: &'a [String], environments: impl Iterator<Item = &'a String>) -> Vec<String> {
    let environments = environments.map(|one| format!("environment {one}"));
    base_paths.iter().cloned().chain(environments).collect()
}
