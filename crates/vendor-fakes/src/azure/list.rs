//! Lists: pages, and the few filters that the service knows.

use http::StatusCode;
use serde_json::json;

use super::arm::shown;
use super::error::Refused;
use super::store::{Entity, Kind};
use super::{Azure, base_path};
use crate::wire::{Request, Response};

/// Objects on a page where `$top` is left out, and the most that it may be (documented for the data plane; assumed here).
const PAGE: usize = 100;

/// One page of a kind, of those that fit.
pub(super) fn answer(
    azure: &Azure,
    request: &Request,
    kind: Kind,
    fits: impl Fn(&str, &Entity) -> bool,
) -> Result<Response, Refused> {
    let (mut top, mut skip, mut filter) = (PAGE, 0, None);
    for (name, value) in request.pairs() {
        match name.as_str() {
            "$top" => top = whole(&name, &value, 1)?.min(PAGE),
            "$skip" => skip = whole(&name, &value, 0)?,
            "$filter" => filter = Some(Filter::read(&value)?),
            _ => {}
        }
    }
    let all: Vec<_> = azure
        .store
        .all(kind)
        .filter(|(id, entity)| fits(id, entity) && filter.as_ref().is_none_or(|filter| filter.fits(id, entity)))
        .collect();
    let page: Vec<_> = all
        .iter()
        .skip(skip)
        .take(top)
        .map(|(id, entity)| shown(azure, kind, id, entity))
        .collect();
    let mut body = json!({ "value": page, "count": all.len() });
    if skip + top < all.len() {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in request.pairs().iter().filter(|(name, _)| name != "$skip") {
            query.append_pair(name, value);
        }
        query.append_pair("$skip", &(skip + top).to_string());
        let host = request.header("host").unwrap_or("management.azure.com");
        let below = request
            .path
            .strip_prefix(&base_path(&azure.options))
            .unwrap_or_default();
        body["nextLink"] = json!(format!(
            "http://{host}{}{below}?{}",
            base_path(&azure.options),
            query.finish()
        ));
    }
    Ok(Response::json(StatusCode::OK, &body))
}

fn whole(name: &str, value: &str, least: usize) -> Result<usize, Refused> {
    let number = value.parse().ok().filter(|number| *number >= least);
    number.ok_or_else(|| Refused::field(name, &format!("'{name}' must be a whole number of at least {least}")))
}

/// `startswith(name,'…')` or `name eq '…'`.
enum Filter {
    Starts(String, String),
    Equals(String, String),
}

impl Filter {
    fn read(text: &str) -> Result<Self, Refused> {
        let wrong = || Refused::field("$filter", "Invalid filter clause specified");
        let quoted = |text: &str| {
            let text = text.trim().strip_prefix('\'')?.strip_suffix('\'')?;
            Some(text.replace("''", "'"))
        };
        if let Some(inner) = text.strip_prefix("startswith(").and_then(|rest| rest.strip_suffix(')')) {
            let (field, value) = inner.split_once(',').ok_or_else(wrong)?;
            return Ok(Self::Starts(field.trim().to_owned(), quoted(value).ok_or_else(wrong)?));
        }
        let (field, value) = text.split_once(" eq ").ok_or_else(wrong)?;
        Ok(Self::Equals(field.trim().to_owned(), quoted(value).ok_or_else(wrong)?))
    }

    fn fits(&self, id: &str, entity: &Entity) -> bool {
        let of = |field: &str| match field {
            "name" => Some(id.to_owned()),
            field => entity.text(field).map(str::to_owned),
        };
        match self {
            Self::Starts(field, value) => of(field).is_some_and(|found| found.starts_with(value)),
            Self::Equals(field, value) => of(field).is_some_and(|found| found == *value),
        }
    }
}
