//! Two revisions of one operation.

use std::collections::{BTreeSet, HashMap};

use super::schema::{Way, compare as compare_schemas};
use super::{Changes, pair};
use crate::model::{Answer, Content, Location, Operation, OperationKind, Parameter, RequestBody, Requirement};
use crate::schema::Schema;

/// Says what is different.
pub(super) fn compare(old: &Operation, new: &Operation, changes: &mut Changes) {
    // A webhook is sent by the API, so what goes where is the other way round.
    let (sent, received) = match new.link.kind {
        OperationKind::Operation => (Way::Sent, Way::Received),
        OperationKind::Webhook => (Way::Received, Way::Sent),
    };
    if new.link.deprecated && !old.link.deprecated {
        changes.add("", "is deprecated now", false);
    }
    if old.link.deprecated && !new.link.deprecated {
        changes.add("", "is no longer deprecated", false);
    }
    if old.link.slug != new.link.slug {
        changes.add(
            "",
            format!("its page is {} now; it was {}", new.link.slug, old.link.slug),
            false,
        );
    }
    if old.link.title != new.link.title || old.description != new.description {
        changes.add("", "says something else of itself", false);
    }
    parameters(old, new, sent, changes);
    request_body(old.request_body.as_ref(), new.request_body.as_ref(), sent, changes);
    answers(&old.responses, &new.responses, received, changes);
    security(old, new, changes);
    let callbacks = |operation: &Operation| -> BTreeSet<(String, String)> {
        operation
            .callbacks
            .iter()
            .map(|callback| (callback.name.clone(), callback.expression.clone()))
            .collect()
    };
    let (before, after) = (callbacks(old), callbacks(new));
    for (name, _) in before.difference(&after) {
        changes.add(&format!("callback {name}"), "is gone", true);
    }
    for (name, _) in after.difference(&before) {
        changes.add(&format!("callback {name}"), "is new", false);
    }
}

/// What makes a parameter the same one: its name, or, in a path whose names changed, its place.
fn key(path: &str, is_renamed: bool, parameter: &Parameter) -> (Location, String) {
    let at = path.find(&format!("{{{}}}", parameter.name)).filter(|_| is_renamed);
    let name = match (parameter.location, at) {
        (Location::Path, Some(at)) => format!("{{{}}}", path[..at].matches('{').count()),
        (Location::Header, _) => parameter.name.to_ascii_lowercase(),
        _ => parameter.name.clone(),
    };
    (parameter.location, name)
}

fn parameters(old: &Operation, new: &Operation, way: Way, changes: &mut Changes) {
    let is_renamed = old.link.path != new.link.path;
    let is_old = |parameter: &Parameter| old.parameters.iter().any(|one| std::ptr::eq(one, parameter));
    let paired = pair(&old.parameters, &new.parameters, |parameter| {
        let path = if is_renamed && is_old(parameter) {
            &old.link.path
        } else {
            &new.link.path
        };
        key(path, is_renamed, parameter)
    });
    for parameter in paired.gone {
        changes.add(&place(parameter), "is gone", true);
    }
    for parameter in paired.come {
        let words = if parameter.required {
            "is new and required"
        } else {
            "is new"
        };
        changes.add(&place(parameter), words, parameter.required);
    }
    for (old, new) in paired.both {
        let place = place(new);
        if new.required && !old.required {
            changes.add(&place, "is required now", true);
        }
        if !new.required && old.required {
            changes.add(&place, "is no longer required", false);
        }
        if new.deprecated && !old.deprecated {
            changes.add(&place, "is deprecated now", false);
        }
        let how = |parameter: &Parameter| (parameter.style, parameter.explode, parameter.media_type.clone());
        if how(new) != how(old) {
            changes.add(&place, "is written in another way", true);
        }
        if new.description != old.description {
            changes.add(&place, "says something else of itself", false);
        }
        compare_schemas(&old.schema, &new.schema, &place, way, changes);
    }
}

fn place(parameter: &Parameter) -> String {
    format!(
        "{} parameter {}",
        parameter.location.as_str().to_ascii_lowercase(),
        parameter.name
    )
}

fn request_body(old: Option<&RequestBody>, new: Option<&RequestBody>, way: Way, changes: &mut Changes) {
    const PLACE: &str = "request body";
    match (old, new) {
        (None, Some(new)) => {
            let words = if new.required { "is new and required" } else { "is new" };
            changes.add(PLACE, words, new.required && way == Way::Sent);
        }
        (Some(_), None) => changes.add(PLACE, "is gone", true),
        (Some(old), Some(new)) => {
            if new.required && !old.required {
                changes.add(PLACE, "is required now", way == Way::Sent);
            }
            if old.required && !new.required {
                changes.add(PLACE, "is no longer required", way == Way::Received);
            }
            contents(&old.contents, &new.contents, PLACE, way, changes);
        }
        (None, None) => {}
    }
}

fn contents(old: &[Content], new: &[Content], place: &str, way: Way, changes: &mut Changes) {
    let paired = pair(old, new, |content| content.media_type.clone());
    for content in paired.gone {
        changes.add(place, format!("is no longer {}", content.media_type), true);
    }
    for content in paired.come {
        changes.add(place, format!("may be {} now", content.media_type), false);
    }
    for (old, new) in paired.both {
        for (old, new) in [(&old.schema, &new.schema), (&old.item_schema, &new.item_schema)] {
            let anything = Schema::default();
            let (old, new) = (old.as_ref().unwrap_or(&anything), new.as_ref().unwrap_or(&anything));
            compare_schemas(old, new, place, way, changes);
        }
    }
}

fn answers(old: &[Answer], new: &[Answer], way: Way, changes: &mut Changes) {
    let place = |answer: &Answer| format!("answer {}", answer.status);
    let paired = pair(old, new, |answer| answer.status.clone());
    for answer in paired.gone {
        // Who handles an error that no longer comes has done nothing wrong.
        changes.add(&place(answer), "is gone", answer.status.starts_with('2'));
    }
    for answer in paired.come {
        changes.add(&place(answer), "is new", false);
    }
    for (old, new) in paired.both {
        let place = place(new);
        if new.description != old.description {
            changes.add(&place, "says something else of itself", false);
        }
        let headers = pair(&old.headers, &new.headers, |header| header.name.to_ascii_lowercase());
        for header in headers.gone {
            changes.add(&place, format!("the header {} is gone", header.name), true);
        }
        for header in headers.come {
            changes.add(&place, format!("the header {} is new", header.name), false);
        }
        contents(&old.contents, &new.contents, &place, way, changes);
    }
}

/// A requirement as what can be compared: ways and what has to be asked for.
fn ways(requirement: &Requirement) -> BTreeSet<(&str, BTreeSet<&str>)> {
    let schemes = requirement.schemes.iter();
    schemes
        .map(|scheme| (scheme.name.as_str(), scheme.scopes.iter().map(String::as_str).collect()))
        .collect()
}

/// Whether whoever fulfils `has` fulfils `asked`, too.
fn fulfils(has: &Requirement, asked: &Requirement) -> bool {
    let has: HashMap<&str, BTreeSet<&str>> = ways(has).into_iter().collect();
    ways(asked)
        .iter()
        .all(|(name, scopes)| has.get(name).is_some_and(|has| scopes.is_subset(has)))
}

fn security(old: &Operation, new: &Operation, changes: &mut Changes) {
    const PLACE: &str = "security";
    if old.anonymous && !new.anonymous {
        changes.add(PLACE, "nobody may call it without showing who they are any more", true);
    }
    if new.anonymous && !old.anonymous {
        changes.add(PLACE, "may be called without showing who one is", false);
    }
    let in_words = |requirement: &Requirement| {
        let schemes = requirement.schemes.iter().map(|scheme| {
            let scopes = if scheme.scopes.is_empty() {
                String::new()
            } else {
                format!(" ({})", scheme.scopes.join(", "))
            };
            format!("{}{scopes}", scheme.name)
        });
        schemes.collect::<Vec<_>>().join(" and ")
    };
    for requirement in &old.security {
        if !new.anonymous && !new.security.iter().any(|asked| fulfils(requirement, asked)) {
            changes.add(PLACE, format!("{} is no longer enough", in_words(requirement)), true);
        }
    }
    for requirement in &new.security {
        if !old.security.iter().any(|known| ways(known) == ways(requirement)) {
            changes.add(PLACE, format!("{} is enough now", in_words(requirement)), false);
        }
    }
}
