//! When a failed delivery is tried again.

use std::time::Duration;

use gatewright_types::Rng;

/// The pauses after the first, second, … failed attempt: those of the Standard Webhooks specification.
pub(crate) const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_mins(5),
    Duration::from_mins(30),
    Duration::from_hours(2),
    Duration::from_hours(5),
    Duration::from_hours(10),
    Duration::from_hours(14),
    Duration::from_hours(20),
    Duration::from_hours(24),
];

/// The pause after `failed` attempts, and up to a tenth more, so that what failed together does not come back together.
/// None: it is given up.
pub(crate) fn pause(failed: usize, rng: &Rng) -> Option<Duration> {
    let pause = *PAUSES.get(failed.checked_sub(1)?)?;
    let share = u64::from(u32::from_le_bytes(rng.bytes()));
    let tenth = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX) / 10;
    Some(pause + Duration::from_millis(tenth * share / u64::from(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use gatewright_types::Rng;

    #[test]
    fn ten_attempts_are_made_over_three_days() {
        let rng = Rng::seeded(1);
        let mut all = Duration::ZERO;
        for (failed, expected) in (1..).zip(PAUSES) {
            let pause = pause(failed, &rng).unwrap();
            assert!(pause >= expected && pause <= expected + expected / 10);
            all += pause;
        }
        assert!(all > Duration::from_hours(75) && all < Duration::from_hours(84));
        assert_eq!((pause(0, &rng), pause(10, &rng)), (None, None));
    }
}
