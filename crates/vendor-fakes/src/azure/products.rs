//! Products and APIs: what there is to be sold. Only as much can be written as an operator in a test does.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::arm::{check_match, done, not_here, properties, show};
use super::error::Refused;
use super::store::Kind;
use super::{Azure, list};
use crate::wire::{Request, Response};

/// The property of a product that names its APIs. The service has it in a list of its own.
pub(super) const APIS: &str = "x-apis";

/// Answers a call below `/products`.
pub(super) fn answer(azure: &mut Azure, request: &Request, rest: &[&str]) -> Result<Response, Refused> {
    let method = &request.method;
    match rest {
        [] if *method == Method::GET => hidden(list::answer(azure, request, Kind::Product, |_, _| true)?),
        [id] => hidden(one(azure, request, Kind::Product, id)?),
        [id, "apis"] if *method == Method::GET => {
            let product = azure
                .store
                .get(Kind::Product, id)
                .ok_or_else(|| Refused::absent("Product"))?;
            let apis = product
                .properties
                .get(APIS)
                .and_then(Value::as_array)
                .cloned()
                .unwrap_or_default();
            list::answer(azure, request, Kind::Api, |id, _| apis.contains(&json!(id)))
        }
        _ => Err(not_here(method)),
    }
}

/// The products that an API is in.
pub(super) fn of_api(azure: &Azure, request: &Request, id: &str) -> Result<Response, Refused> {
    if azure.store.get(Kind::Api, id).is_none() {
        return Err(Refused::absent("API"));
    }
    let holds = |apis: Option<&Value>| {
        apis.and_then(Value::as_array)
            .is_some_and(|apis| apis.contains(&json!(id)))
    };
    hidden(list::answer(azure, request, Kind::Product, |_, product| {
        holds(product.properties.get(APIS))
    })?)
}

/// Looks at, puts, changes or takes away a product or an API.
pub(super) fn one(azure: &mut Azure, request: &Request, kind: Kind, id: &str) -> Result<Response, Refused> {
    match request.method {
        Method::GET | Method::HEAD => show(azure, kind, id, StatusCode::OK),
        Method::PUT => {
            let given = properties(request)?;
            azure.store.put(kind, id, Value::Object(given));
            show(azure, kind, id, StatusCode::CREATED)
        }
        Method::PATCH => {
            check_match(azure, request, kind, id, true)?;
            let given = properties(request)?;
            azure.store.change(kind, id, &given);
            show(azure, kind, id, StatusCode::OK)
        }
        Method::DELETE => {
            check_match(azure, request, kind, id, true)?;
            Ok(done(azure.store.remove(kind, id)))
        }
        _ => Err(not_here(&request.method)),
    }
}

/// An answer without what is ours alone.
fn hidden(answer: Response) -> Result<Response, Refused> {
    let Ok(mut body) = serde_json::from_slice::<Value>(&answer.body) else {
        return Ok(answer);
    };
    let strip = |product: &mut Value| {
        if let Some(properties) = product.get_mut("properties").and_then(Value::as_object_mut) {
            properties.remove(APIS);
        }
    };
    if let Some(products) = body.get_mut("value").and_then(Value::as_array_mut) {
        products.iter_mut().for_each(strip);
    } else {
        strip(&mut body);
    }
    Ok(Response {
        body: body.to_string().into(),
        ..answer
    })
}
