//! Parts of an address: short, lower-case, unique among their kind, and the same each time a document is compiled.

use std::collections::{HashMap, HashSet};

use crate::limits::SLUG_MAX_BYTES;

/// Those that are taken.
#[derive(Default)]
pub(crate) struct Slugs {
    taken: HashSet<String>,
    /// How often a name was made one of, so that the next free number is found at once.
    counts: HashMap<String, usize>,
}

impl Slugs {
    /// A slug from a name, and from `kind` where nothing of the name remains.
    pub(crate) fn make(&mut self, name: &str, kind: &str) -> String {
        let mut base = kebab(name);
        if base.is_empty() {
            kind.clone_into(&mut base);
        }
        let mut slug = base.clone();
        let count = self.counts.entry(base.clone()).or_insert(1);
        while !self.taken.insert(slug.clone()) {
            *count += 1;
            slug = format!("{base}-{count}");
        }
        slug
    }
}

/// `getUserById` and `GET /user/{id}` in kebab case.
fn kebab(name: &str) -> String {
    let mut slug = String::new();
    let mut before = ' ';
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        if character.is_ascii_alphanumeric() {
            let starts_word = character.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && characters.peek().is_some_and(char::is_ascii_lowercase)));
            if starts_word && !slug.ends_with('-') {
                slug.push('-');
            }
            slug.push(character.to_ascii_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        before = character;
    }
    slug.truncate(SLUG_MAX_BYTES);
    slug.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_reads_like_the_name_it_was_made_from() {
        let cases = [
            ("repos/get-content", "repos-get-content"),
            ("getUserById", "get-user-by-id"),
            ("APIKey", "api-key"),
            ("GET /v1/users/{userId}", "get-v1-users-user-id"),
            ("Ünïcode", "n-code"),
            ("日本", ""),
            ("OAuth2Token", "o-auth2-token"),
        ];
        for (name, slug) in cases {
            assert_eq!(kebab(name), slug, "{name}");
        }
    }

    #[test]
    fn two_of_one_name_have_two_slugs() {
        let mut slugs = Slugs::default();
        let made: Vec<_> = ["Pet", "pet", "日本", "語", "pet-2"]
            .iter()
            .map(|name| slugs.make(name, "schema"))
            .collect();
        assert_eq!(made, ["pet", "pet-2", "schema", "schema-2", "pet-2-2"]);
    }
}
