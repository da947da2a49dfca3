//! Limits of texts that people write.

use gatewright_types::problem::FieldError;
use gatewright_types::slug::Slug;

use crate::CatalogError;

/// Longest name, in characters.
pub const NAME_MAX: usize = 200;
/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 10_000;
/// Longest mail address, in bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
pub const EMAIL_MAX: usize = 254;

/// Collects everything that is wrong with a request, to be answered at once.
#[derive(Default)]
pub struct Checks(Vec<FieldError>);

impl Checks {
    /// Notes a fault unless `right`.
    pub fn require(&mut self, right: bool, field: &str, detail: impl Into<String>) {
        if !right {
            self.0.push(FieldError::new(field, detail));
        }
    }

    /// A name: something to read, on one line.
    pub fn name(&mut self, field: &str, name: &str) {
        let right = !name.trim().is_empty() && name.chars().count() <= NAME_MAX && !name.chars().any(char::is_control);
        self.require(right, field, format!("expected 1 to {NAME_MAX} characters on one line"));
    }

    /// A description: text, perhaps none.
    pub fn description(&mut self, field: &str, text: &str) {
        let right = text.chars().count() <= DESCRIPTION_MAX && !text.contains('\0');
        self.require(right, field, format!("expected at most {DESCRIPTION_MAX} characters"));
    }

    /// A mail address, judged by its shape only.
    pub fn email(&mut self, field: &str, email: &str) {
        let shaped = email
            .split_once('@')
            .is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
            && !email.chars().any(|c| c.is_whitespace() || c.is_control());
        self.require(
            shaped && email.len() <= EMAIL_MAX,
            field,
            "expected a mail address like ada@example.com",
        );
    }

    /// Fails with everything that was noted.
    pub fn done(self) -> Result<(), CatalogError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(CatalogError::Invalid(self.0))
        }
    }
}

/// The slug that was given, or one made from the name.
pub fn slug_or_from_name(slug: Option<Slug>, name: &str) -> Result<Slug, CatalogError> {
    slug.or_else(|| Slug::from_name(name))
        .ok_or_else(|| CatalogError::invalid("/slug", "none can be made from the name: give one"))
}
