//! `allOf` put together into one schema, where nothing is lost by it.

use crate::schema::{Property, Schema};

/// Puts `other` into `schema`, so that it says what both say; gives it back where one schema cannot say that.
pub(super) fn merge(schema: &mut Schema, other: Schema) -> Result<(), Box<Schema>> {
    if !can_merge(schema, &other) {
        return Err(Box::new(other));
    }
    // One schema with a name and some words around it is still that schema.
    let is_bare = schema.properties.is_empty() && schema.name.is_none() && schema.additional.is_none();
    let adds_nothing = other.properties.is_empty() && other.additional.is_none();
    if is_bare && schema.all_of.is_empty() && schema.one_of.is_empty() && schema.any_of.is_empty() {
        schema.name = other.name;
        schema.slug = other.slug;
    } else if !(adds_nothing && other.name.is_none()) {
        schema.name = None;
        schema.slug = None;
    }
    if schema.types.is_empty() || other.types == ["integer"] {
        schema.types = other.types;
    }
    schema.nullable |= other.nullable;
    schema.format = schema.format.take().or(other.format);
    if schema.title.is_empty() {
        schema.title = other.title;
    }
    if schema.description.markdown.is_empty() {
        schema.description = other.description;
    }
    schema.deprecated |= other.deprecated;
    schema.read_only |= other.read_only;
    schema.write_only |= other.write_only;
    schema.default = schema.default.take().or(other.default);
    if schema.allowed.is_empty() {
        schema.allowed = other.allowed;
    } else if !other.allowed.is_empty() {
        schema.allowed.retain(|value| other.allowed.contains(value));
    }
    if schema.examples.is_empty() {
        schema.examples = other.examples;
    }
    for limit in other.limits {
        if !schema.limits.contains(&limit) {
            schema.limits.push(limit);
        }
    }
    merge_properties(&mut schema.properties, other.properties);
    schema.additional = schema.additional.take().or(other.additional);
    schema.items = schema.items.take().or(other.items);
    if schema.prefix_items.is_empty() {
        schema.prefix_items = other.prefix_items;
    }
    if schema.one_of.is_empty() {
        schema.one_of = other.one_of;
    }
    if schema.any_of.is_empty() {
        schema.any_of = other.any_of;
    }
    schema.all_of.extend(other.all_of);
    schema.not = schema.not.take().or(other.not);
    schema.discriminator = schema.discriminator.take().or(other.discriminator);
    schema.external_docs = schema.external_docs.take().or(other.external_docs);
    Ok(())
}

/// Whether there is one schema that says what both say.
fn can_merge(schema: &Schema, other: &Schema) -> bool {
    let clash = |ours: bool, theirs: bool| ours && theirs;
    let number = ["number".to_owned()];
    let integer = ["integer".to_owned()];
    let types_agree = schema.types.is_empty()
        || other.types.is_empty()
        || schema.types == other.types
        || (schema.types == number && other.types == integer)
        || (schema.types == integer && other.types == number);
    // `additionalProperties: false` looks only at the fields beside it, so those of another schema must not move there.
    let is_closed = |one: &Schema, two: &Schema| {
        one.additional
            .as_ref()
            .is_some_and(|additional| !additional.allowed || additional.schema.is_some())
            && !two.properties.is_empty()
    };
    types_agree
        && !schema.cut
        && !other.cut
        && !is_closed(schema, other)
        && !is_closed(other, schema)
        && !clash(
            schema.additional.is_some(),
            other.additional.is_some() && schema.additional != other.additional,
        )
        && (!clash(schema.format.is_some(), other.format.is_some()) || schema.format == other.format)
        && (!clash(schema.items.is_some(), other.items.is_some()) || schema.items == other.items)
        && (!clash(!schema.prefix_items.is_empty(), !other.prefix_items.is_empty()))
        && !clash(!schema.one_of.is_empty(), !other.one_of.is_empty())
        && !clash(!schema.any_of.is_empty(), !other.any_of.is_empty())
        && !clash(schema.not.is_some(), other.not.is_some())
}

fn merge_properties(ours: &mut Vec<Property>, theirs: Vec<Property>) {
    // Many fields in many members would be compared each with each.
    let mut known: std::collections::HashMap<(String, bool), usize> = ours
        .iter()
        .enumerate()
        .map(|(at, property)| ((property.name.clone(), property.pattern), at))
        .collect();
    for property in theirs {
        let key = (property.name.clone(), property.pattern);
        let Some(at) = known.get(&key).copied() else {
            known.insert(key, ours.len());
            ours.push(property);
            continue;
        };
        let our = &mut ours[at];
        our.required |= property.required;
        if our.schema == property.schema || property.schema == Schema::default() {
            continue;
        }
        if our.schema == Schema::default() {
            our.schema = property.schema;
        } else if let Err(other) = merge(&mut our.schema, property.schema) {
            let our_schema = std::mem::take(&mut our.schema);
            our.schema.all_of = vec![our_schema, *other];
        }
    }
}
