//! Searching what is published.
//!
//! Words are cut in the same way when a description is published and when somebody searches: `listRepos` and
//! `/repos/{owner}` are words that people type one by one. The last word may be the beginning of one, so that results are
//! there while somebody types.

use gatewright_database::TenantTx;
use gatewright_types::text_enum;
use serde::Serialize;
use utoipa::ToSchema;

use crate::limits::{QUERY_MAX, QUERY_WORDS_MAX, RESULTS_MAX};
use crate::{PortalError, Sees, reference, store};

text_enum! {
    /// What was found.
    pub enum FoundKind {
        /// An operation or webhook.
        Operation = "OPERATION",
        /// A schema.
        Schema = "SCHEMA",
        /// A group of operations.
        Tag = "TAG",
        /// A whole description.
        Reference = "REFERENCE",
    }
}

/// Something that was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// What it is.
    pub kind: FoundKind,
    /// Its title or name.
    pub title: String,
    /// Where it belongs: method and path, the description's title.
    pub context: String,
    /// Its page, as in `/docs/translate/operations/create-translation`.
    pub path: String,
    /// Its first words, as plain text.
    pub excerpt: String,
}

/// What fits a text best, in all descriptions or in one.
pub async fn search(
    tx: &mut TenantTx,
    text: &str,
    in_reference: Option<&str>,
    sees: Sees,
    limit: u16,
) -> Result<Vec<Found>, PortalError> {
    let text: String = text.chars().take(QUERY_MAX).collect();
    let Some(query) = query(&text) else {
        return Ok(Vec::new());
    };
    let spec_id = match in_reference {
        None => None,
        Some(slug) => Some(reference::head(tx, slug, sees).await?.spec_id),
    };
    let plain = text.trim().to_lowercase();
    let most = i32::from(limit).clamp(1, RESULTS_MAX);
    let signed_in = sees == Sees::SignedIn;
    Ok(store::search::find(tx, (&query, &plain), spec_id, signed_in, most).await?)
}

/// All words of a text, the last as the beginning of one; none where there is no word.
fn query(text: &str) -> Option<String> {
    let words = words_of(text);
    let mut words: Vec<&str> = words.split(' ').filter(|word| !word.is_empty()).collect();
    words.truncate(QUERY_WORDS_MAX);
    let last = words.pop()?;
    // Nothing but letters and digits is in a word, so that nothing has to be escaped.
    let begun = words.iter().map(|word| format!("{word} & "));
    Some(format!("{}{last}:*", begun.collect::<String>()))
}

/// A text's words, in lower case, divided by spaces: letters and digits that belong together, also inside of `camelCase`.
pub(crate) fn words_of(text: &str) -> String {
    let mut words = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for letter in text.chars() {
        let is_part = letter.is_alphanumeric();
        let begins = letter.is_uppercase() && before.is_lowercase();
        if (begins || !is_part) && !words.ends_with(' ') && !words.is_empty() {
            words.push(' ');
        }
        if is_part {
            words.extend(letter.to_lowercase().filter(|one| one.is_alphanumeric()));
        }
        before = letter;
    }
    words.truncate(words.trim_end().len());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_what_people_type() {
        assert_eq!(words_of("listRepos"), "list repos");
        assert_eq!(words_of("GET /repos/{owner}/issues"), "get repos owner issues");
        assert_eq!(words_of("  OAuth2 token! "), "oauth2 token");
        assert_eq!(words_of("HTTPStatus"), "httpstatus");
        assert_eq!(words_of("***"), "");
    }

    #[test]
    fn nothing_that_is_typed_is_syntax() {
        assert_eq!(query("list re").as_deref(), Some("list & re:*"));
        for text in ["", "  ", "&|!()", "'", ":*", "\\"] {
            assert_eq!(query(text), None, "{text}");
        }
        assert_eq!(query("a' & !b:A <-> (c").as_deref(), Some("a & b & a & c:*"));
        assert_eq!(
            query(&"word ".repeat(100)).unwrap().matches('&').count(),
            QUERY_WORDS_MAX - 1
        );
    }
}
