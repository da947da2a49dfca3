//! Lists: a page and where the next one begins.

use gatewright_database::page::{PAGE_DEFAULT, PAGE_MAX};
use gatewright_database::{Page, PageRequest};
use gatewright_types::ProblemCode;
use gatewright_types::ids::SubscriptionId;
use gatewright_types::problem::FieldError;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::error::ApiError;

/// Which page of a list is wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
}

impl PageQuery {
    /// The same for the database.
    pub fn request(&self) -> Result<PageRequest, ApiError> {
        page_request(self.limit, self.cursor.as_deref())
    }
}

/// Judges limit and cursor.
pub fn page_request(limit: Option<u16>, cursor: Option<&str>) -> Result<PageRequest, ApiError> {
    let limit = limit.unwrap_or(PAGE_DEFAULT);
    if !(1..=PAGE_MAX).contains(&limit) {
        return Err(ApiError::invalid(vec![FieldError::new(
            "limit",
            format!("expected 1 to {PAGE_MAX}"),
        )]));
    }
    let after = match cursor {
        None => None,
        Some(text) => Some(Uuid::try_parse(text).map_err(|_| {
            ApiError::new(
                ProblemCode::InvalidRequest,
                "The cursor is none that a list of ours has returned.",
            )
        })?),
    };
    Ok(PageRequest { after, limit })
}

/// One page of a list, newest first.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct List<T: ToSchema> {
    /// What is on it.
    pub items: Vec<T>,
    /// Send it as `cursor` for the next page; null on the last one.
    pub next_cursor: Option<String>,
}

impl<T: ToSchema> List<T> {
    /// A page of the database; `id` names an item.
    pub fn new(page: Page<T>, id: impl Fn(&T) -> Uuid) -> Self {
        let next_cursor = if page.more {
            page.items.last().map(|last| id(last).simple().to_string())
        } else {
            None
        };
        Self {
            items: page.items,
            next_cursor,
        }
    }
}

/// Which keys are wanted.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeyQuery {
    /// Only this subscription's.
    pub subscription_id: Option<SubscriptionId>,
    /// Most items to return, 1 to 100; 50 when absent.
    #[param(minimum = 1, maximum = 100, default = 50)]
    pub limit: Option<u16>,
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
}

/// Something that decides who is admitted, and how the nodes answered when they were told.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Told<T: ToSchema> {
    #[serde(flatten)]
    resource: T,
    /// How each node answered; missing where nothing changed for them, and in the repeated answer to an
    /// `Idempotency-Key`.
    nodes: Option<Vec<gatewright_native::model::NodeAnswer>>,
}

/// A native gateway and the host it answers to.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hosted {
    #[serde(flatten)]
    gateway: gatewright_native::model::Gateway,
    /// `<slug>.<base domain>`; a bare address of a node means the default gateway.
    #[schema(example = "acme.localhost")]
    host: String,
}

impl Hosted {
    /// The gateway with its host.
    pub fn new(gateway: gatewright_native::model::Gateway, base_domain: &str) -> Self {
        let host = format!("{}.{base_domain}", gateway.slug);
        Self { gateway, host }
    }

    pub(crate) const fn id(&self) -> Uuid {
        self.gateway.id.uuid()
    }
}
