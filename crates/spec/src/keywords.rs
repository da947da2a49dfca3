//! Under which keywords of JSON Schema further schemas stand (2020-12, Appendix A of its core).

/// One schema.
pub(crate) const SINGLE: [&str; 10] = [
    "additionalProperties",
    "unevaluatedProperties",
    "unevaluatedItems",
    "not",
    "if",
    "then",
    "else",
    "contains",
    "propertyNames",
    "contentSchema",
];
/// A list of schemas.
pub(crate) const LISTS: [&str; 4] = ["allOf", "anyOf", "oneOf", "prefixItems"];
/// Schemas by names that say something of values.
pub(crate) const MAPS: [&str; 3] = ["properties", "patternProperties", "dependentSchemas"];
/// Schemas by names that only others refer to.
pub(crate) const DEFINITIONS: [&str; 2] = ["$defs", "definitions"];
