//! Two revisions of one schema.

use serde_json::Value;

use super::{Changes, pair};
use crate::schema::Schema;

/// Which way a value goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// To the API: what was taken before has to be taken still.
    Sent,
    /// From it: what comes has to be what could come before.
    Received,
    /// Both, or not known.
    Both,
}

impl Way {
    fn is_sent(self) -> bool {
        self != Self::Received
    }

    fn is_received(self) -> bool {
        self != Self::Sent
    }
}

/// Says what is different.
pub(super) fn compare(old: &Schema, new: &Schema, place: &str, way: Way, changes: &mut Changes) {
    if old == new {
        return;
    }
    if old.cut || new.cut {
        // What is behind the cut is told with the schema that has a page.
        if old.slug != new.slug && old.name != new.name {
            let name = |schema: &Schema| {
                schema
                    .name
                    .clone()
                    .unwrap_or_else(|| "something without a name".to_owned())
            };
            changes.add(place, format!("is {} now; it was {}", name(new), name(old)), true);
        }
        return;
    }
    types(old, new, place, way, changes);
    allowed(old, new, place, way, changes);
    for limit in new.limits.iter().filter(|limit| !old.limits.contains(limit)) {
        changes.add(
            place,
            format!("has to be {limit}").replace("has to be matches", "has to match"),
            way.is_sent(),
        );
    }
    for limit in old.limits.iter().filter(|limit| !new.limits.contains(limit)) {
        changes.add(place, format!("no longer: {limit}"), false);
    }
    if new.deprecated && !old.deprecated {
        changes.add(place, "is deprecated now", false);
    }
    if old.default != new.default {
        let words = match &new.default {
            Some(default) => format!("has the default {default} now"),
            None => "has no default any more".to_owned(),
        };
        changes.add(place, words, false);
    }
    if new.description != old.description || new.title != old.title {
        changes.add(place, "says something else of itself", false);
    }
    if (new.read_only, new.write_only) != (old.read_only, old.write_only) {
        changes.add(place, "goes another way (read only, write only)", true);
    }
    properties(old, new, place, way, changes);
    parts(old, new, place, way, changes);
}

fn types(old: &Schema, new: &Schema, place: &str, way: Way, changes: &mut Changes) {
    // No type is every type, and an integer is a number.
    let takes = |wide: &Schema, narrow: &Schema| {
        let has = |kind: &String| {
            wide.types.contains(kind) || (kind == "integer" && wide.types.iter().any(|kind| kind == "number"))
        };
        wide.types.is_empty() || (!narrow.types.is_empty() && narrow.types.iter().all(has))
    };
    if old.types != new.types {
        let breaking = (way.is_sent() && !takes(new, old)) || (way.is_received() && !takes(old, new));
        let words = |schema: &Schema| match schema.types.is_empty() {
            true => "anything".to_owned(),
            false => schema.types.join(" or "),
        };
        changes.add(place, format!("is {} now; it was {}", words(new), words(old)), breaking);
    }
    if old.nullable && !new.nullable {
        changes.add(place, "may no longer be null", way.is_sent());
    }
    if new.nullable && !old.nullable {
        changes.add(place, "may be null now", way.is_received());
    }
    match (&old.format, &new.format) {
        (Some(before), Some(after)) if before != after => {
            changes.add(place, format!("has the format {after} now; it was {before}"), true);
        }
        (None, Some(after)) => changes.add(place, format!("has the format {after} now"), way.is_sent()),
        (Some(before), None) => changes.add(place, format!("no longer has the format {before}"), way.is_received()),
        _ => {}
    }
}

fn allowed(old: &Schema, new: &Schema, place: &str, way: Way, changes: &mut Changes) {
    if old.allowed == new.allowed {
        return;
    }
    match (old.allowed.is_empty(), new.allowed.is_empty()) {
        (true, false) => changes.add(place, "may only be one of certain values now", way.is_sent()),
        (false, true) => changes.add(place, "may be any value now", way.is_received()),
        _ => {
            let gone: Vec<_> = old
                .allowed
                .iter()
                .filter(|value| !new.allowed.contains(value))
                .collect();
            let come: Vec<_> = new
                .allowed
                .iter()
                .filter(|value| !old.allowed.contains(value))
                .collect();
            if !gone.is_empty() {
                changes.add(place, format!("may no longer be {}", list(&gone)), way.is_sent());
            }
            if !come.is_empty() {
                // A program has to expect values that it does not know.
                changes.add(place, format!("may be {} now", list(&come)), false);
            }
        }
    }
}

fn list(values: &[&Value]) -> String {
    const SHOWN: usize = 5;
    let mut shown: Vec<String> = values.iter().take(SHOWN).map(ToString::to_string).collect();
    if values.len() > SHOWN {
        shown.push(format!("{} more", values.len() - SHOWN));
    }
    shown.join(", ")
}

fn inner(place: &str, name: &str) -> String {
    if place.is_empty() {
        name.to_owned()
    } else {
        format!("{place} › {name}")
    }
}

fn properties(old: &Schema, new: &Schema, place: &str, way: Way, changes: &mut Changes) {
    let paired = pair(&old.properties, &new.properties, |property| {
        (property.name.clone(), property.pattern)
    });
    let is_closed = new.additional.as_ref().is_some_and(|additional| !additional.allowed);
    for property in paired.gone {
        changes.add(&inner(place, &property.name), "is gone", way.is_received() || is_closed);
    }
    for property in paired.come {
        let is_asked_for = property.required && !property.schema.read_only;
        let words = if property.required {
            "is new and required"
        } else {
            "is new"
        };
        changes.add(&inner(place, &property.name), words, is_asked_for && way.is_sent());
    }
    for (old, new) in paired.both {
        let place = inner(place, &new.name);
        if new.required && !old.required {
            changes.add(&place, "is required now", way.is_sent() && !new.schema.read_only);
        }
        if old.required && !new.required {
            changes.add(
                &place,
                "may be missing now",
                way.is_received() && !new.schema.write_only,
            );
        }
        compare(&old.schema, &new.schema, &place, way, changes);
    }
    let takes_more = |schema: &Schema| schema.additional.as_ref().is_none_or(|additional| additional.allowed);
    if takes_more(old) && !takes_more(new) {
        changes.add(place, "takes no other fields any more", way.is_sent());
    }
    if takes_more(new) && !takes_more(old) {
        changes.add(place, "takes other fields now", false);
    }
    let additional = |schema: &Schema| {
        schema
            .additional
            .as_ref()
            .and_then(|additional| additional.schema.clone())
    };
    if let (Some(old), Some(new)) = (additional(old), additional(new)) {
        compare(&old, &new, &inner(place, "other fields"), way, changes);
    }
}

fn parts(old: &Schema, new: &Schema, place: &str, way: Way, changes: &mut Changes) {
    match (&old.items, &new.items) {
        (Some(old), Some(new)) => compare(old, new, &inner(place, "items"), way, changes),
        (None, Some(_)) => changes.add(&inner(place, "items"), "are of a certain kind now", way.is_sent()),
        (Some(_), None) => changes.add(&inner(place, "items"), "may be anything now", way.is_received()),
        (None, None) => {}
    }
    alternatives(&old.one_of, &new.one_of, place, way, changes);
    alternatives(&old.any_of, &new.any_of, place, way, changes);
    for (name, old, new) in [
        ("all of", &old.all_of, &new.all_of),
        ("first items", &old.prefix_items, &new.prefix_items),
    ] {
        if old.len() != new.len() {
            changes.add(
                place,
                format!("{name}: {} parts now; there were {}", new.len(), old.len()),
                true,
            );
            continue;
        }
        for (old, new) in old.iter().zip(new) {
            compare(old, new, place, way, changes);
        }
    }
    if old.not != new.not {
        changes.add(place, "what it may not be is another", way.is_sent());
    }
}

/// Alternatives have no order; a name, or else a place, says which belong together.
fn alternatives(old: &[Schema], new: &[Schema], place: &str, way: Way, changes: &mut Changes) {
    if old == new {
        return;
    }
    // Those without a name are told by their places.
    let name = |schema: &Schema| schema.name.clone().unwrap_or_else(|| "another alternative".to_owned());
    let paired = pair(old, new, |schema| schema.name.clone());
    for schema in paired.gone {
        changes.add(place, format!("may no longer be {}", name(schema)), way.is_sent());
    }
    for schema in paired.come {
        match old.is_empty() {
            true => changes.add(place, format!("has to be {}", name(schema)), way.is_sent()),
            false => changes.add(place, format!("may be {} now", name(schema)), false),
        }
    }
    for (old, new) in paired.both {
        let place = new
            .name
            .as_ref()
            .map_or_else(|| place.to_owned(), |name| inner(place, name));
        compare(old, new, &place, way, changes);
    }
}
