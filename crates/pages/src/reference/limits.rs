//! How much a page shows. What is left out is always linked to.

/// What the trees of schemas on one page may take, in bytes of HTML: about 15 KB compressed.
pub(crate) const TREES_MAX_BYTES: usize = 150_000;
/// What one field takes beside what is written about it.
pub(crate) const FIELD_BYTES: usize = 260;
/// How deep fields are shown on the page of whatever uses them; schemas with a name go on there on their own page.
pub(crate) const DEPTH_MAX: usize = 5;
/// Values of an enumeration that are shown at once.
pub(crate) const VALUES_SHOWN: usize = 12;
/// Values of an enumeration that are shown at all; the description has all of them.
pub(crate) const VALUES_MAX: usize = 300;
/// Longest value of an enumeration, a default or an example beside a field.
pub(crate) const VALUE_MAX_CHARS: usize = 200;
/// Longest example, in characters.
pub(crate) const EXAMPLE_MAX_CHARS: usize = 6_000;
/// Examples that are shown of one body.
pub(crate) const EXAMPLES_MAX: usize = 8;
/// Answers whose example is shown beside an operation.
pub(crate) const SIDE_ANSWERS_MAX: usize = 6;
/// Operations of a tag that its page and the navigation list.
pub(crate) const LISTED_MAX: usize = 500;
/// References whose navigation is remembered.
pub(crate) const NAVIGATIONS_MAX: usize = 32;
/// Most that a playground's form may take, in bytes of JSON; an operation that is longer is tried elsewhere.
pub(crate) const PLAYGROUND_MAX_BYTES: usize = 60_000;
/// Longest part of an address that names something.
pub(crate) const SLUG_MAX: usize = 200;
/// Longest title of an operation in headings and lists, in characters; its page has the rest.
pub(crate) const TITLE_MAX_CHARS: usize = 90;
/// Longest search.
pub(crate) const QUERY_MAX_CHARS: usize = 200;
/// Results on the page of a search.
pub(crate) const RESULTS_MAX: usize = 40;
/// Addresses in one sitemap (<https://www.sitemaps.org/protocol.html>).
pub(crate) const SITEMAP_MAX: usize = 50_000;
/// References with at most so many operations are listed in full in `llms.txt`; others by their tags.
pub(crate) const LLMS_OPERATIONS_MAX: usize = 150;
