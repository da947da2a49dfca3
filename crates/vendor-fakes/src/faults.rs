//! What goes wrong, when, and how often.

use http::Method;
use serde::{Deserialize, Serialize};

/// More rules than this are refused.
pub const MAX_RULES: usize = 100;
/// No fault waits longer.
pub const MAX_SLOW_MS: u64 = 10 * 60 * 1000;

/// Which of a vendor's listeners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Door {
    /// The management API.
    #[default]
    Admin,
    /// Where requests to the vendor's customers' services arrive.
    Proxy,
}

/// One thing that goes wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "SCREAMING_SNAKE_CASE",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Fault {
    /// The call is done; the connection ends without an answer.
    DropAfter,
    /// The connection ends and nothing was done.
    DropBefore,
    /// 429, nothing done.
    Throttled {
        /// The answer's `Retry-After`, in seconds; absent, there is none.
        retry_after_seconds: Option<u32>,
    },
    /// This status, nothing done.
    Fails {
        /// 500, 502, 503 or 504.
        status: u16,
    },
    /// This status although the call was done.
    FailsAfter {
        /// 500, 502, 503 or 504.
        status: u16,
    },
    /// 401, nothing done: the token has expired.
    Unauthorized,
    /// 409 although the call was done: as when a lost first attempt had created the object.
    ConflictOurs,
    /// Somebody else takes the name or the secret just before the call, which then conflicts.
    ConflictForeign,
    /// Waits, then goes on. Several waits add up, and another fault may follow.
    Slow {
        /// How long, at most [`MAX_SLOW_MS`].
        ms: u64,
    },
    /// The call is done; the answer's body ends in the middle.
    Truncated,
    /// The call is done; the answer is a page of HTML with the status it would have had.
    WrongContentType,
    /// The call is taken and neither done nor ever answered.
    BlackHole,
}

/// When a fault happens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// Only calls of this method; absent, of any.
    #[serde(default)]
    pub method: Option<String>,
    /// Only paths like this, below the vendor's base: `*` stands for one segment, a last `**` for any rest.
    pub path: String,
    /// At which listener.
    #[serde(default)]
    pub door: Door,
    /// So many matching calls pass first.
    #[serde(default)]
    pub skip: u32,
    /// So many calls are hit; absent, all.
    #[serde(default)]
    pub times: Option<u32>,
    /// Of the calls that would be hit, this share is, from 0 to 1; absent, all.
    #[serde(default)]
    pub probability: Option<f64>,
    /// What happens.
    pub fault: Fault,
}

impl Rule {
    /// A rule for every call of `method` whose path is like `path`.
    pub fn new(method: &str, path: &str, fault: Fault) -> Self {
        Self {
            method: Some(method.to_owned()),
            path: path.to_owned(),
            door: Door::Admin,
            skip: 0,
            times: None,
            probability: None,
            fault,
        }
    }

    /// A rule for every call at the management API.
    pub fn every(fault: Fault) -> Self {
        Self {
            method: None,
            ..Self::new("", "/**", fault)
        }
    }

    /// Hits only so many calls.
    #[must_use]
    pub fn times(self, times: u32) -> Self {
        Self {
            times: Some(times),
            ..self
        }
    }

    /// Lets so many calls pass first.
    #[must_use]
    pub fn after(self, skip: u32) -> Self {
        Self { skip, ..self }
    }

    /// Why this rule cannot be kept, if it cannot.
    fn wrong(&self) -> Option<String> {
        if self.probability.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
            return Some("probability must be between 0 and 1".to_owned());
        }
        match self.fault {
            Fault::Fails { status } | Fault::FailsAfter { status } if !(500..=599).contains(&status) => {
                Some("status must be between 500 and 599".to_owned())
            }
            Fault::Slow { ms } if ms > MAX_SLOW_MS => Some(format!("ms must be at most {MAX_SLOW_MS}")),
            _ => None,
        }
    }
}

/// A rule with its number and what became of it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Kept {
    /// Names the rule when it is taken away.
    pub id: u64,
    /// How many calls it has hit.
    pub hits: u32,
    /// The rule.
    #[serde(flatten)]
    pub rule: Rule,
    #[serde(skip)]
    seen: u32,
}

/// What happens to one call.
#[derive(Debug, Default, PartialEq)]
pub struct Plan {
    /// Wait this long first.
    pub slow_ms: u64,
    /// Then this, if anything.
    pub fault: Option<Fault>,
}

/// The rules in force.
#[derive(Debug)]
pub struct Faults {
    kept: Vec<Kept>,
    next_id: u64,
    dice: u64,
}

impl Faults {
    /// None yet; `seed` decides what probabilities come to.
    pub fn new(seed: u64) -> Self {
        Self {
            kept: Vec::new(),
            next_id: 1,
            dice: seed,
        }
    }

    /// Adds a rule and returns its number, or says why it cannot be kept.
    pub fn add(&mut self, rule: Rule) -> Result<u64, String> {
        if let Some(wrong) = rule.wrong() {
            return Err(wrong);
        }
        if self.kept.len() >= MAX_RULES {
            return Err(format!("at most {MAX_RULES} rules"));
        }
        let id = self.next_id;
        self.next_id += 1;
        self.kept.push(Kept {
            id,
            hits: 0,
            rule,
            seen: 0,
        });
        Ok(id)
    }

    /// Takes a rule away; says whether it was there.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.kept.len();
        self.kept.retain(|kept| kept.id != id);
        self.kept.len() < before
    }

    /// Takes every rule away.
    pub fn clear(&mut self) {
        self.kept.clear();
    }

    /// Every rule, oldest first.
    pub fn list(&self) -> &[Kept] {
        &self.kept
    }

    /// What happens to this call. Counts it.
    pub fn plan(&mut self, door: Door, method: &Method, path: &str) -> Plan {
        let mut plan = Plan::default();
        for kept in &mut self.kept {
            let slow = matches!(kept.rule.fault, Fault::Slow { .. });
            if (plan.fault.is_some() && !slow) || !matches(&kept.rule, door, method, path) {
                continue;
            }
            kept.seen += 1;
            let spent = kept.rule.times.is_some_and(|times| kept.hits >= times);
            if kept.seen <= kept.rule.skip || spent || !lucky(&mut self.dice, kept.rule.probability) {
                continue;
            }
            kept.hits += 1;
            match &kept.rule.fault {
                Fault::Slow { ms } => plan.slow_ms += ms,
                fault => plan.fault = Some(fault.clone()),
            }
        }
        plan
    }
}

fn matches(rule: &Rule, door: Door, method: &Method, path: &str) -> bool {
    rule.door == door
        && rule
            .method
            .as_deref()
            .is_none_or(|wanted| wanted.eq_ignore_ascii_case(method.as_str()))
        && path_matches(&rule.path, path)
}

fn path_matches(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.split('/').filter(|segment| !segment.is_empty());
    let mut found = path.split('/').filter(|segment| !segment.is_empty());
    loop {
        match (wanted.next(), found.next()) {
            (Some("**"), _) | (None, None) => return true,
            (Some(want), Some(found)) if want == "*" || want == found => {}
            _ => return false,
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): short, repeatable, and good enough for dice.
fn lucky(dice: &mut u64, probability: Option<f64>) -> bool {
    let Some(probability) = probability else {
        return true;
    };
    *dice = dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *dice;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^= mixed >> 31;
    // The upper 53 bits, as a share of 2^53.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit a double exactly")]
    let share = (mixed >> 11) as f64 / (1u64 << 53) as f64;
    share < probability
}
