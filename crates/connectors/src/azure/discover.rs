//! What a service offers, and whether a product of ours can be mapped to one of its.

use futures_util::stream::{self, StreamExt, TryStreamExt};

use super::Azure;
use super::client::{Ask, CALLS_AT_ONCE, PAGE};
use super::rows::{Api, Named, Product};
use super::scope::ONE_PRODUCT;
use crate::fault::Fault;
use crate::link::Link;
use crate::model::{Judgement, Offered, OfferedKind, Page};
use crate::wire::segment;

/// Products on a page that costs a call for each.
const PRODUCTS_PER_PAGE: u32 = 25;
/// Most APIs of a product, and most products of an API, that are looked at.
const APIS_MAX: usize = 1000;
/// Where the APIs begin, after the products.
const APIS: &str = "apis";

impl Azure {
    /// Products with what is in them, then APIs.
    pub(crate) async fn offers(&self, link: &Link, cursor: Option<String>) -> Result<Page<Offered>, Fault> {
        let (list, place) = match &cursor {
            None => ("products", None),
            Some(cursor) => match cursor.split_once('|') {
                Some((list, place)) => (list, Some(place)),
                None => (cursor.as_str(), None),
            },
        };
        if list == APIS {
            let page = self.caller.page(link, "read.apis", "/apis", (PAGE, place)).await?;
            let Some((page, _)) = page else {
                return Ok(Page {
                    items: Vec::new(),
                    next: None,
                });
            };
            let current = page
                .items
                .into_iter()
                .filter(|api: &Named<Api>| api.properties.is_current != Some(false));
            return Ok(Page {
                items: current.map(|api| service(&api)).collect(),
                next: page.next.map(|place| format!("{APIS}|{place}")),
            });
        }
        let page = self
            .caller
            .page::<Named<Product>>(link, "read.products", "/products", (PRODUCTS_PER_PAGE, place))
            .await?;
        let (products, next) = page.map_or((Vec::new(), None), |(page, _)| (page.items, page.next));
        let offered = stream::iter(products).map(|product| self.product(link, product));
        Ok(Page {
            items: offered.buffered(CALLS_AT_ONCE).try_collect().await?,
            next: Some(next.map_or_else(|| APIS.to_owned(), |place| format!("products|{place}"))),
        })
    }

    async fn product(&self, link: &Link, product: Named<Product>) -> Result<Offered, Fault> {
        let apis = self.apis_of(link, &product.name).await?;
        Ok(Offered {
            kind: OfferedKind::Product,
            warnings: warnings(&product, &apis),
            detail: apis.iter().map(title).collect(),
            name: product.properties.display_name.unwrap_or_else(|| product.name.clone()),
            remote_id: product.name,
        })
    }

    async fn apis_of(&self, link: &Link, product: &str) -> Result<Vec<Named<Api>>, Fault> {
        let path = format!("/products/{}/apis", segment(product));
        let apis = self.caller.all(link, "read.productApis", &path, APIS_MAX).await?;
        Ok(apis.unwrap_or_default())
    }

    /// Whether a product can be given by this one.
    pub(crate) async fn judge(&self, link: &Link, scope: &[String]) -> Result<Judgement, Fault> {
        let mut judgement = Judgement::default();
        let id = match scope {
            [] => {
                judgement
                    .refusals
                    .push("it names no product, so its keys would open nothing".to_owned());
                return Ok(judgement);
            }
            [id] if !id.is_empty() && !id.contains('/') => id,
            [other] => {
                let words = "is no product; a key for an API, or for all of them, would go past what products allow";
                judgement.refusals.push(format!("{other}: {words}"));
                return Ok(judgement);
            }
            _ => {
                judgement.refusals.push(ONE_PRODUCT.to_owned());
                return Ok(judgement);
            }
        };
        let ask = Ask::new("read.product", format!("/products/{}", segment(id)));
        let Some(product) = self.caller.get::<Named<Product>>(link, ask).await? else {
            judgement.refusals.push(format!("{id}: there is no such product"));
            return Ok(judgement);
        };
        let product = product.object;
        let apis = self.apis_of(link, id).await?;
        if !product.properties.is_published() {
            judgement
                .refusals
                .push(format!("{id}: it is not published, so no key opens it"));
        }
        if apis.is_empty() {
            judgement
                .refusals
                .push(format!("{id}: no API is in it, so its keys would open nothing"));
        }
        judgement.warnings = warnings(&product, &apis);
        let looks: Vec<_> = apis.iter().map(|api| self.opened(link, api)).collect();
        let opened: Vec<Option<String>> = stream::iter(looks).buffered(CALLS_AT_ONCE).try_collect().await?;
        judgement.open = opened.into_iter().flatten().collect();
        Ok(judgement)
    }

    /// Why an API lets everybody in without a key, if it does: by itself, or by any product that it is in.
    async fn opened(&self, link: &Link, api: &Named<Api>) -> Result<Option<String>, Fault> {
        if api.properties.subscription_required == Some(false) {
            return Ok(Some(format!("{}: asks for no subscription key", api.name)));
        }
        let path = format!("/apis/{}/products", segment(&api.name));
        let products = self
            .caller
            .all::<Named<Product>>(link, "read.apiProducts", &path, APIS_MAX)
            .await?;
        let open = products
            .into_iter()
            .flatten()
            .find(|product| product.properties.is_open());
        Ok(open.map(|product| {
            format!(
                "{}: is in the product {}, which asks for no subscription key",
                api.name, product.name
            )
        }))
    }
}

fn service(api: &Named<Api>) -> Offered {
    let open = api.properties.subscription_required == Some(false);
    Offered {
        kind: OfferedKind::Service,
        remote_id: format!("{APIS}/{}", api.name),
        name: api.properties.display_name.clone().unwrap_or_else(|| api.name.clone()),
        detail: api
            .properties
            .path
            .iter()
            .map(|path| format!("/{}", path.trim_start_matches('/')))
            .collect(),
        warnings: open
            .then(|| format!("{}: asks for no subscription key", api.name))
            .into_iter()
            .collect(),
    }
}

fn title(api: &Named<Api>) -> String {
    let path = api.properties.path.as_deref().unwrap_or_default();
    format!("{} /{}", api.name, path.trim_start_matches('/'))
}

/// What an operator should know of a product.
pub(crate) fn warnings(product: &Named<Product>, apis: &[Named<Api>]) -> Vec<String> {
    let (id, is) = (&product.name, &product.properties);
    let mut warnings = Vec::new();
    if !is.is_published() {
        warnings.push(format!("{id}: is not published, so no key opens it"));
    }
    if is.is_open() {
        warnings.push(format!(
            "{id}: asks for no subscription key, so its APIs are open to everybody"
        ));
    }
    if is.approval_required == Some(true) {
        warnings.push(format!(
            "{id}: asks for approval, which Gatewright's subscriptions do not wait for"
        ));
    }
    if let Some(limit) = is.subscriptions_limit {
        warnings.push(format!(
            "{id}: allows a user {limit} subscriptions; a customer with more is refused"
        ));
    }
    let open = apis
        .iter()
        .filter(|api| api.properties.subscription_required == Some(false));
    warnings.extend(open.map(|api| format!("{id}: its API {} asks for no subscription key", api.name)));
    warnings
}
