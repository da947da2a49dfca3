//! What a core knows about credentials, and how it asks about the others.
//!
//! Three kinds of knowledge, each bounded: records that were found (valid for
//! [`CREDENTIAL_VALID_MS`](gatewright_snapshot::access_change::CREDENTIAL_VALID_MS) from the control
//! plane's answer), credentials that nobody holds, and *tombstones*: records that were pushed and
//! outrank any look-up of a lower version for a minute.

mod held;
mod known;
mod lookup;
mod tombstones;

pub(crate) use held::Held;
pub(crate) use known::{Credentials, Finding, USES_AT_ONCE};
pub(crate) use lookup::find;
pub use lookup::{Lookup, LookupAnswer};
