//! How long to wait between two attempts.

use std::time::Duration;

use gatewright_types::Rng;

/// Longest wait after the first attempt; each further one doubles it.
pub const BACKOFF_FIRST: Duration = Duration::from_secs(2);
/// Longest wait after any attempt.
pub const BACKOFF_MAX: Duration = Duration::from_hours(1);

/// The wait after attempt number `attempt`, the first being 1: between half and all of the longest, so that jobs
/// which failed together do not come back together.
pub(super) fn backoff(attempt: i32, rng: &Rng) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(16);
    let longest = BACKOFF_FIRST.saturating_mul(1 << doublings).min(BACKOFF_MAX);
    longest / 2 + up_to(longest / 2, rng)
}

/// A random duration from nothing to `longest`.
pub(super) fn up_to(longest: Duration, rng: &Rng) -> Duration {
    let ms = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
    Duration::from_millis(u64::from_le_bytes(rng.bytes()) % ms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{prop_assert, proptest};

    proptest! {
        #[test]
        fn a_wait_doubles_up_to_its_limit_and_is_never_short(attempt: i32, seed: u64) {
            let wait = backoff(attempt, &Rng::seeded(seed));
            prop_assert!(wait >= BACKOFF_FIRST / 2 && wait <= BACKOFF_MAX);
            if attempt == 4 {
                prop_assert!(wait >= BACKOFF_FIRST * 4 && wait <= BACKOFF_FIRST * 8);
            }
            if attempt > 12 {
                prop_assert!(wait >= BACKOFF_MAX / 2);
            }
        }
    }
}
