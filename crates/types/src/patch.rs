//! Changes in which null and absent differ.

use serde::{Deserialize, Deserializer};

/// For a field of type `Option<Option<T>>` with `#[serde(default, deserialize_with = "present")]`: absent
/// is `None` (stays as it is), null is `Some(None)` (is taken away).
pub fn present<'de, T, D>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::deserialize(deserializer).map(Some)
}
