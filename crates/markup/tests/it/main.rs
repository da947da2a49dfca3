//! What an author's text becomes: what it is for, and what it must never be.

mod dangers;
mod formatting;
mod hostile;
mod properties;
