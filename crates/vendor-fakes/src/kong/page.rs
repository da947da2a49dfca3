//! Lists: pages, offsets and tags.

use base64::Engine as _;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Value, json};

use super::Kong;
use super::error::Refused;
use super::schema::{Row, Table};
use super::store::{Parent, id_of};
use crate::wire::Request;

/// What Kong takes where `size` is left out.
const DEFAULT_SIZE: usize = 100;
/// The most `size` may be.
const MAX_SIZE: usize = 1000;

/// Lua's decoder takes what is left over, as this one does.
const OFFSETS: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[derive(Default)]
struct Wanted {
    size: Option<usize>,
    after: String,
    tags: Option<Tags>,
    custom_id: Option<String>,
}

enum Tags {
    All(Vec<String>),
    Any(Vec<String>),
}

/// One page of a table; under a parent, given with its key as the path had it, only of its rows.
pub(super) fn list(
    kong: &Kong,
    table: Table,
    parent: Option<(&Parent, &String)>,
    request: &Request,
    now_ms: i64,
) -> Result<Value, Refused> {
    let wanted = wanted(request)?;
    let fits = |row: &&Row| wanted.tags.as_ref().is_none_or(|tags| tags.fit(row));
    let show = |row: &Row| kong.store.show(table, row, now_ms);
    if let (Table::Consumers, Some(custom_id)) = (table, &wanted.custom_id) {
        let found: Vec<_> = kong
            .store
            .rows(table)
            .filter(|row| row.get("custom_id") == Some(&json!(custom_id)))
            .collect();
        let data: Vec<_> = found.into_iter().map(show).collect();
        return Ok(json!({ "data": data, "next": null }));
    }
    let size = wanted.size.unwrap_or(DEFAULT_SIZE);
    let mut rows: Vec<&Row> = kong
        .store
        .rows_after(table, parent.map(|(parent, _)| parent), &wanted.after)
        .filter(fits)
        .take(size + 1)
        .collect();
    let more = rows.len() > size;
    rows.truncate(size);
    let data: Vec<_> = rows.iter().map(|row| show(row)).collect();
    let Some(last) = rows.last().and_then(|row| id_of(row)).filter(|_| more) else {
        return Ok(json!({ "data": data, "next": null }));
    };
    let offset = OFFSETS.encode(json!([last]).to_string());
    let next = format!("{}?{}", path(table, parent), next_query(&offset, request));
    Ok(json!({ "data": data, "next": next, "offset": offset }))
}

fn path(table: Table, parent: Option<(&Parent, &String)>) -> String {
    let Some(((of, _), key)) = parent else {
        return format!("/{}", table.path());
    };
    let key: String = url::form_urlencoded::byte_serialize(key.as_bytes()).collect();
    format!("/{}/{}/{}", of.path(), key.replace('+', "%20"), table.below())
}

fn next_query(offset: &str, request: &Request) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.append_pair("offset", offset);
    let given = request.pairs();
    for name in ["tags", "size"] {
        if let Some((_, value)) = given.iter().rfind(|(given, _)| given == name) {
            query.append_pair(name, value);
        }
    }
    query.finish()
}

fn wanted(request: &Request) -> Result<Wanted, Refused> {
    let mut wanted = Wanted::default();
    for (name, value) in request.pairs() {
        match name.as_str() {
            "size" => wanted.size = Some(size(&value)?),
            "offset" => wanted.after = after(&value)?,
            "tags" => wanted.tags = Some(tags(&value)?),
            "custom_id" => wanted.custom_id = Some(value),
            // Kong ignores what it does not know, `username` among it.
            _ => {}
        }
    }
    Ok(wanted)
}

fn size(text: &str) -> Result<usize, Refused> {
    let number: f64 = text.parse().map_err(|_| Refused::size("size must be a number"))?;
    let whole = text.parse().ok().filter(|size| (1..=MAX_SIZE).contains(size));
    whole
        .filter(|_| number.is_finite())
        .ok_or_else(|| Refused::size("size must be an integer between 1 and 1000"))
}

fn after(offset: &str) -> Result<String, Refused> {
    let json = OFFSETS.decode(offset).map_err(|_| Refused::offset(offset, "base64"))?;
    let ids: Vec<String> = serde_json::from_slice(&json).map_err(|_| Refused::offset(offset, "json"))?;
    ids.into_iter().next().ok_or_else(|| Refused::offset(offset, "json"))
}

fn tags(text: &str) -> Result<Tags, Refused> {
    let split = |by: char| text.split(by).map(str::to_owned).collect::<Vec<_>>();
    match (text.contains(','), text.contains('/')) {
        (true, true) => Err(Refused::options("invalid filter syntax")),
        (_, true) => Ok(Tags::Any(split('/'))),
        _ => Ok(Tags::All(split(','))),
    }
}

impl Tags {
    fn fit(&self, row: &Row) -> bool {
        let has = |tag: &String| {
            let tags = row.get("tags").and_then(Value::as_array);
            tags.is_some_and(|tags| tags.iter().any(|one| one == tag))
        };
        match self {
            Self::All(tags) => tags.iter().all(has),
            Self::Any(tags) => tags.iter().any(has),
        }
    }
}
