//! Where a subscription stands, and where it may go.

use gatewright_types::text_enum;

text_enum! {
    /// Where a subscription stands. EXPIRED and CANCELLED are final.
    pub enum SubscriptionState {
        /// Made, not yet usable.
        Created = "CREATED",
        /// Usable, not yet paid for.
        Trialing = "TRIALING",
        /// In use.
        Active = "ACTIVE",
        /// A payment is missing; still usable.
        PastDue = "PAST_DUE",
        /// Set aside by the customer.
        Paused = "PAUSED",
        /// Stopped by the tenant.
        Suspended = "SUSPENDED",
        /// Runs out at the end of its period.
        Expiring = "EXPIRING",
        /// Ran out.
        Expired = "EXPIRED",
        /// Ended.
        Cancelled = "CANCELLED",
    }
}

impl SubscriptionState {
    /// Whether its keys are admitted.
    pub const fn admits(self) -> bool {
        matches!(self, Self::Trialing | Self::Active | Self::PastDue | Self::Expiring)
    }

    /// Whether nothing can follow.
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Expired | Self::Cancelled)
    }
}

/// Whether a subscription may go from `from` to `to`; from SUSPENDED only back to where it came from.
pub fn may_move(from: SubscriptionState, suspended_from: Option<SubscriptionState>, to: SubscriptionState) -> bool {
    use SubscriptionState::{Active, Cancelled, Created, Expired, Expiring, PastDue, Paused, Suspended, Trialing};
    match from {
        Created => matches!(to, Trialing | Active | Cancelled),
        Trialing => matches!(to, Active | Paused | Suspended | Expired | Cancelled),
        Active => matches!(to, PastDue | Paused | Suspended | Expiring | Cancelled),
        PastDue | Paused => matches!(to, Active | Suspended | Cancelled),
        Suspended => to == Cancelled || suspended_from == Some(to),
        Expiring => matches!(to, Active | Suspended | Expired | Cancelled),
        Expired | Cancelled => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written out from the design, one line a state, so that a slip in the match shows.
    const MOVES: &[(&str, &[&str])] = &[
        ("CREATED", &["TRIALING", "ACTIVE", "CANCELLED"]),
        ("TRIALING", &["ACTIVE", "PAUSED", "SUSPENDED", "EXPIRED", "CANCELLED"]),
        ("ACTIVE", &["PAST_DUE", "PAUSED", "SUSPENDED", "EXPIRING", "CANCELLED"]),
        ("PAST_DUE", &["ACTIVE", "SUSPENDED", "CANCELLED"]),
        ("PAUSED", &["ACTIVE", "SUSPENDED", "CANCELLED"]),
        ("EXPIRING", &["ACTIVE", "SUSPENDED", "EXPIRED", "CANCELLED"]),
        ("EXPIRED", &[]),
        ("CANCELLED", &[]),
    ];

    #[test]
    fn a_subscription_moves_as_designed_and_no_other_way() {
        for (from, targets) in MOVES {
            let from: SubscriptionState = from.parse().unwrap();
            for &to in SubscriptionState::ALL {
                assert_eq!(
                    may_move(from, None, to),
                    targets.contains(&to.as_str()),
                    "{from} to {to}"
                );
            }
            assert_eq!(from.is_final(), targets.is_empty());
        }
    }

    #[test]
    fn a_suspended_one_returns_only_to_where_it_came_from() {
        for &origin in SubscriptionState::ALL {
            for &to in SubscriptionState::ALL {
                let expected = to == origin || to == SubscriptionState::Cancelled;
                assert_eq!(may_move(SubscriptionState::Suspended, Some(origin), to), expected);
            }
        }
    }
}
