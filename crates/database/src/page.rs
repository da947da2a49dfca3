//! Lists, one page at a time, newest first.

use uuid::Uuid;

/// Most entries of one page.
pub const PAGE_MAX: u16 = 100;
/// Entries of a page when the caller does not say.
pub const PAGE_DEFAULT: u16 = 50;

/// Which page is wanted.
#[derive(Clone, Copy, Debug)]
pub struct PageRequest {
    /// The last id of the page before; none for the first page.
    pub after: Option<Uuid>,
    /// Entries wanted, 1 to [`PAGE_MAX`].
    pub limit: u16,
}

impl PageRequest {
    /// What to ask the database for: one entry more than wanted tells whether there is another page.
    pub fn probe(self) -> i64 {
        i64::from(self.limit) + 1
    }
}

/// One page of a list.
#[derive(Debug)]
pub struct Page<T> {
    /// Newest first.
    pub items: Vec<T>,
    /// Whether a page follows.
    pub more: bool,
}

impl<T> Page<T> {
    /// The page in `rows`, which were fetched with [`PageRequest::probe`] as limit.
    pub fn from_rows(mut rows: Vec<T>, request: PageRequest) -> Self {
        let more = rows.len() > usize::from(request.limit);
        rows.truncate(usize::from(request.limit));
        Self { items: rows, more }
    }
}
