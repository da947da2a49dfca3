//! A subscription's two keys, and which of our credentials is in which.
//!
//! A slot that holds none of ours always holds a value that nobody knows. Which holds which is written into the display
//! name, in the same write as the value itself, so that the two never disagree and survive us.

use std::fmt;

use super::rows::Keys;
use secrecy::SecretString;

/// One of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Primary,
    Secondary,
}

impl Side {
    pub(crate) const BOTH: [Self; 2] = [Self::Primary, Self::Secondary];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Secondary => "secondary",
        }
    }

    /// The property that holds its value.
    pub(crate) const fn property(self) -> &'static str {
        match self {
            Self::Primary => "primaryKey",
            Self::Secondary => "secondaryKey",
        }
    }

    /// What makes it a new value.
    pub(crate) const fn regenerate(self) -> &'static str {
        match self {
            Self::Primary => "regeneratePrimaryKey",
            Self::Secondary => "regenerateSecondaryKey",
        }
    }

    pub(crate) fn of(self, keys: &Keys) -> Option<&SecretString> {
        match self {
            Self::Primary => keys.primary_key.as_ref(),
            Self::Secondary => keys.secondary_key.as_ref(),
        }
    }
}

/// What a slot holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A value that nobody knows.
    Nothing,
    /// The credential of this number.
    Number(u32),
    /// Somebody overwrote the display name: perhaps a key that somebody has.
    Unknown,
}

impl fmt::Display for Holds {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => formatter.write_str("-"),
            Self::Number(number) => write!(formatter, "{number}"),
            Self::Unknown => formatter.write_str("?"),
        }
    }
}

impl Holds {
    fn read(text: &str) -> Option<Self> {
        match text {
            "-" => Some(Self::Nothing),
            "?" => Some(Self::Unknown),
            number => number.parse().ok().map(Self::Number),
        }
    }
}

/// Both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slots {
    primary: Holds,
    secondary: Holds,
}

impl Slots {
    pub(crate) const EMPTY: Self = Self {
        primary: Holds::Nothing,
        secondary: Holds::Nothing,
    };
    pub(crate) const UNKNOWN: Self = Self {
        primary: Holds::Unknown,
        secondary: Holds::Unknown,
    };

    pub(crate) const fn at(&self, side: Side) -> Holds {
        match side {
            Side::Primary => self.primary,
            Side::Secondary => self.secondary,
        }
    }

    #[must_use]
    pub(crate) const fn with(mut self, side: Side, holds: Holds) -> Self {
        match side {
            Side::Primary => self.primary = holds,
            Side::Secondary => self.secondary = holds,
        }
        self
    }

    /// Where this is held.
    pub(crate) fn holding(&self, holds: Holds) -> Option<Side> {
        Side::BOTH.into_iter().find(|side| self.at(*side) == holds)
    }

    /// `primary=3 secondary=-`.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (primary, secondary) = text.strip_prefix("primary=")?.split_once(" secondary=")?;
        let (primary, secondary) = (Holds::read(primary)?, Holds::read(secondary)?);
        Some(Self { primary, secondary })
    }
}

impl fmt::Display for Slots {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "primary={} secondary={}", self.primary, self.secondary)
    }
}
