//! One thing that was looked at.

use std::fmt;

use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Level {
    /// As it should be.
    Ok,
    /// Works, and should be looked at.
    Warning,
    /// Does not work, or is not safe.
    Problem,
}

/// One thing that was looked at; never holds a secret.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub check: &'static str,
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// Why it matters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// The command or setting that repairs it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repair: Option<String>,
}

impl Finding {
    pub(super) fn ok(check: &'static str, what: impl Into<String>) -> Self {
        Self {
            check,
            level: Level::Ok,
            what: what.into(),
            why: None,
            repair: None,
        }
    }

    pub(super) fn warning(
        check: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        repair: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Warning,
            why: Some(why.into()),
            repair: Some(repair.into()),
            ..Self::ok(check, what)
        }
    }

    pub(super) fn problem(
        check: &'static str,
        what: impl Into<String>,
        why: impl Into<String>,
        repair: impl Into<String>,
    ) -> Self {
        Self {
            level: Level::Problem,
            ..Self::warning(check, what, why, repair)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warning => "warning",
            Level::Problem => "PROBLEM",
        };
        writeln!(f, "{level:<8} {:<15} {}", self.check, self.what)?;
        if let Some(why) = &self.why {
            writeln!(f, "{:24} why:    {why}", "")?;
        }
        if let Some(repair) = &self.repair {
            writeln!(f, "{:24} repair: {repair}", "")?;
        }
        Ok(())
    }
}
