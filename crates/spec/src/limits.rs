//! Every number that bounds a description, by name.

/// Longest document, in bytes; GitHub's has 13 million.
pub const DOCUMENT_MAX_BYTES: usize = 32 * 1024 * 1024;
/// All remote documents of a description together, in bytes.
pub const REMOTE_TOTAL_MAX_BYTES: usize = 32 * 1024 * 1024;
/// Most remote documents of a description.
pub const REMOTE_DOCUMENTS_MAX: usize = 200;
/// Most values in all documents together, aliases of YAML followed; GitHub's has 700,000.
pub const VALUES_MAX: usize = 2_000_000;
/// Deepest nesting of a document. What reads JSON afterwards gives up at 128, and an example may lie ten deeper than here.
pub const DEPTH_MAX: usize = 100;
/// Longest key of YAML, in characters.
pub const YAML_KEY_MAX_LENGTH: usize = 4096;
/// Most findings that are told; how many more there are is one of them.
pub const FINDINGS_MAX: usize = 500;
/// Most findings of one rule that are told.
pub const FINDINGS_OF_A_RULE_MAX: usize = 50;
/// Longest message and longest pointer of a finding, in bytes.
pub const FINDING_TEXT_MAX_BYTES: usize = 2_000;
/// Longest chain of references from one to the next.
pub const REFERENCE_CHAIN_MAX: usize = 32;
/// Most operations and webhooks.
pub const OPERATIONS_MAX: usize = 10_000;
/// Most schemas with a page.
pub const SCHEMAS_MAX: usize = 20_000;
/// Most parameters of an operation.
pub const PARAMETERS_MAX: usize = 300;
/// Most statuses of an operation, media types of a body, callbacks of an operation, and links of an answer.
pub const PARTS_MAX: usize = 100;
/// Most schemes, servers, scopes of a flow, and alternatives of a requirement.
pub const SECURITY_MAX: usize = 100;
/// Most values of an enumeration that a page has; how many there are is said.
pub const ALLOWED_MAX: usize = 500;
/// Most parameters that are lists of words, as scopes and tags of one operation.
pub const WORDS_MAX: usize = 100;
/// Longest text of an author on one thing, in bytes; the rest is cut.
pub const PROSE_MAX_BYTES: usize = 100_000;
/// Longest name, title or summary, in bytes.
pub const NAME_MAX_BYTES: usize = 500;
/// Longest part of an address made from a name, in bytes.
pub const SLUG_MAX_BYTES: usize = 100;
/// Most references that a schema is expanded through.
pub const EXPANSION_MAX: u8 = 6;
/// Deepest nesting of an expanded schema; three times as deep in JSON.
pub const SCHEMA_DEPTH_MAX: usize = 24;
/// What all operations and schemas may take together, in bytes of JSON; what comes after has a name and a
/// description. GitHub's take 27 million.
pub const REFERENCE_BYTES: usize = 64_000_000;
/// What an operation's request may take when its schemas are expanded, in bytes of JSON, roughly.
pub const REQUEST_BYTES: usize = 20_000;
/// The same of its successful answers.
pub const SUCCESS_BYTES: usize = 16_000;
/// The same of its other answers.
pub const FAILURE_BYTES: usize = 6_000;
/// The same of its callbacks, each.
pub const CALLBACK_BYTES: usize = 6_000;
/// What a schema's own page may take.
pub const SCHEMA_BYTES: usize = 24_000;
/// By how much a thing may be over the budgets above before it is cut in the middle, as without a single reference.
pub const EXPANSION_SLACK: usize = 4;
/// Longest example of a body that is sent, in bytes of JSON; a longer one is cut.
pub const REQUEST_EXAMPLE_BYTES: usize = 12_000;
/// Longest example of what comes back, of a parameter and of a schema.
pub const EXAMPLE_BYTES: usize = 6_000;
/// All examples of an operation; what comes after has `EXAMPLE_REST_BYTES` each.
pub const EXAMPLES_BYTES: usize = 16_000;
/// Longest example behind `EXAMPLES_BYTES`.
pub const EXAMPLE_REST_BYTES: usize = 500;
/// Most examples of one thing.
pub const EXAMPLES_MAX: usize = 10;
/// Most examples of a schema, and the longest of them and of its default, in bytes of JSON.
pub const SCHEMA_EXAMPLES_MAX: usize = 3;
/// Longest example or default of a schema.
pub const SCHEMA_VALUE_BYTES: usize = 1_000;
/// Deepest nesting of an example or a default of a schema.
pub const SCHEMA_VALUE_DEPTH_MAX: usize = 16;
/// Most fields of an example that is made from a schema.
pub const GENERATED_VALUES_MAX: usize = 200;
/// Deepest nesting of an example that is made from a schema.
pub const GENERATED_DEPTH_MAX: usize = 12;
/// Longest JSON Schema that judges a body, in bytes.
pub const JUDGE_MAX_BYTES: usize = 48_000;
/// Most operations that a schema's page says use it.
pub const USES_MAX: usize = 20;
/// Most changes that a comparison tells, each of operations and schemas; how many more there are is said.
pub const CHANGES_MAX: usize = 1_000;
/// Most changes that are told of one operation or schema.
pub const CHANGES_OF_ONE_MAX: usize = 50;
