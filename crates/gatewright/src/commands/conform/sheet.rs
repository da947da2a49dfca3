//! The lines: what is assumed of a gateway, and what became of each.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use gatewright_connectors::model::Vendor;
use gatewright_types::text_enum;
use serde::Serialize;
use serde_json::json;

use super::way::Summary;

text_enum! {
    /// Something that a connector takes for granted and that a gateway can be asked.
    pub enum Assumption {
        /// See [`Assumption::words`]; so for all.
        Workable = "WORKABLE",
        /// Clocks agree.
        Clock = "CLOCK",
        /// Lists.
        Offers = "OFFERS",
        /// The mapping.
        ScopeHonored = "SCOPE_HONORED",
        /// Nothing open by default.
        ClosedByDefault = "CLOSED_BY_DEFAULT",
        /// Nothing of ours before.
        StartsEmpty = "STARTS_EMPTY",
        /// The application.
        ApplicationMade = "APPLICATION_MADE",
        /// Its scope.
        ScopeSet = "SCOPE_SET",
        /// Asked without a key.
        CallWithoutKeyRefused = "CALL_WITHOUT_KEY_REFUSED",
        /// Asked too early.
        KeyRefusedBeforeItIsMade = "KEY_REFUSED_BEFORE_IT_IS_MADE",
        /// A secret of ours.
        SecretTaken = "SECRET_TAKEN",
        /// The secret, read again.
        SecretReadBack = "SECRET_READ_BACK",
        /// Asked with the key.
        KeyAdmitted = "KEY_ADMITTED",
        /// The scope, narrowed.
        ScopeChanged = "SCOPE_CHANGED",
        /// Asked without the scope.
        KeyRefusedWithoutScope = "KEY_REFUSED_WITHOUT_SCOPE",
        /// A rotation.
        SideBySide = "SIDE_BY_SIDE",
        /// Asked during a rotation.
        BothAdmitted = "BOTH_ADMITTED",
        /// An end that is set.
        EndSet = "END_SET",
        /// A key taken away.
        KeyDropped = "KEY_DROPPED",
        /// Asked with it.
        DroppedKeyRefused = "DROPPED_KEY_REFUSED",
        /// A secret of the gateway's.
        SecretGenerated = "SECRET_GENERATED",
        /// An end that comes.
        EndActs = "END_ACTS",
        /// A suspension.
        Suspended = "SUSPENDED",
        /// Asked meanwhile.
        SuspendedKeyRefused = "SUSPENDED_KEY_REFUSED",
        /// Its end.
        Reactivated = "REACTIVATED",
        /// Asked after it.
        ReactivatedKeyAdmitted = "REACTIVATED_KEY_ADMITTED",
        /// The scan.
        FoundByMark = "FOUND_BY_MARK",
        /// All steps, again.
        Repeatable = "REPEATABLE",
        /// The end.
        NothingLeft = "NOTHING_LEFT",
    }
}

impl Assumption {
    /// What is assumed, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Workable => "the management API answers, and nothing stands in the way of working with it",
            Self::Clock => "its clock is within 60 s of this machine's",
            Self::Offers => "what it offers can be listed",
            Self::ScopeHonored => "keys can be given the scope, and open something with it",
            Self::ClosedByDefault => "nothing that is sold with the scope is open to every key",
            Self::StartsEmpty => "what was not made yet is not there, and nothing carries its mark",
            Self::ApplicationMade => "an application is made with our names and our mark",
            Self::ScopeSet => "it is given the scope, and no more",
            Self::CallWithoutKeyRefused => "a call without a key is refused",
            Self::KeyRefusedBeforeItIsMade => "a key is refused before it is made",
            Self::SecretTaken => "a key of our making is taken as it is, and known again when looked at",
            Self::SecretReadBack => "its secret can be read back",
            Self::KeyAdmitted => "a key is admitted, within the gateway's time",
            Self::ScopeChanged => "the scope can be taken away and given again",
            Self::KeyRefusedWithoutScope => "without the scope the key is refused, with it again admitted",
            Self::SideBySide => "old and new key stand side by side while one is rotated",
            Self::BothAdmitted => "both are admitted meanwhile",
            Self::EndSet => "a key can be given an end, and nothing that is repeated prolongs it",
            Self::KeyDropped => "a key is taken away, and the others stay",
            Self::DroppedKeyRefused => "a key that was taken away is refused, the other admitted",
            Self::SecretGenerated => "the gateway makes a secret once, and answers the same again",
            Self::EndActs => "a key is gone when its end has come",
            Self::Suspended => "a suspension is seen when looked at, and keeps the keys",
            Self::SuspendedKeyRefused => "a suspended key is refused",
            Self::Reactivated => "after the suspension everything is as before",
            Self::ReactivatedKeyAdmitted => "a reactivated key is admitted",
            Self::FoundByMark => "looking for the mark finds exactly what was made",
            Self::Repeatable => "whatever is done twice is done once, also after a lost answer",
            Self::NothingLeft => "an application is taken away with all that is under it, and nothing is left",
        }
    }

    /// Whether only the proxy can tell.
    pub const fn asks_proxy(self) -> bool {
        matches!(
            self,
            Self::CallWithoutKeyRefused
                | Self::KeyRefusedBeforeItIsMade
                | Self::KeyAdmitted
                | Self::KeyRefusedWithoutScope
                | Self::BothAdmitted
                | Self::DroppedKeyRefused
                | Self::SuspendedKeyRefused
                | Self::ReactivatedKeyAdmitted
        )
    }
}

text_enum! {
    /// What became of an assumption.
    pub enum Verdict {
        /// It is so.
        Held = "HELD",
        /// It is not so.
        DidNotHold = "DID_NOT_HOLD",
        /// It could not be found out.
        NotChecked = "NOT_CHECKED",
    }
}

#[derive(Clone, Debug)]
struct Line {
    verdict: Verdict,
    detail: String,
}

/// Every line, as far as it is known.
#[derive(Default)]
pub(super) struct Sheet {
    lines: BTreeMap<Assumption, Line>,
    /// Why the lines that nothing is known of could not be checked.
    ended: Option<String>,
    notes: Vec<String>,
}

impl Sheet {
    /// It is so.
    pub(super) fn held(&mut self, assumption: Assumption, detail: impl Into<String>) {
        self.put(assumption, Verdict::Held, detail.into());
    }

    /// It is not so: this is what was seen.
    pub(super) fn failed(&mut self, assumption: Assumption, detail: impl Into<String>) {
        self.put(assumption, Verdict::DidNotHold, detail.into());
    }

    /// It cannot be found out.
    pub(super) fn unchecked(&mut self, assumption: Assumption, detail: impl Into<String>) {
        self.put(assumption, Verdict::NotChecked, detail.into());
    }

    /// It is so unless there is something to be said against it; whether it is.
    pub(super) fn judge(&mut self, assumption: Assumption, against: Result<(), String>) -> bool {
        let is_so = against.is_ok();
        match against {
            Ok(()) => self.held(assumption, ""),
            Err(why) => self.failed(assumption, why),
        }
        is_so
    }

    /// Something that an operator should know.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Nothing more will be checked.
    pub(super) fn end(&mut self, why: impl Into<String>) {
        self.ended.get_or_insert(why.into());
    }

    /// What did not hold once does not hold, whatever a later look shows.
    fn put(&mut self, assumption: Assumption, verdict: Verdict, detail: String) {
        let line = Line { verdict, detail };
        let known = self.lines.entry(assumption).or_insert_with(|| line.clone());
        if known.verdict != Verdict::DidNotHold {
            *known = line;
        }
    }

    fn line(&self, assumption: Assumption) -> Line {
        self.lines.get(&assumption).cloned().unwrap_or_else(|| Line {
            verdict: Verdict::NotChecked,
            detail: self.ended.clone().unwrap_or_default(),
        })
    }

    /// How many came to this.
    pub(super) fn count(&self, verdict: Verdict) -> usize {
        let came = Assumption::ALL.iter().map(|&assumption| self.line(assumption).verdict);
        came.filter(|came| *came == verdict).count()
    }

    /// A line for each, and what there is to say besides.
    pub(super) fn text(&self, vendor: Vendor, calls: &Summary, left: &[String]) -> String {
        let mut text = String::new();
        for &assumption in Assumption::ALL {
            let line = self.line(assumption);
            let verdict = line.verdict.as_str();
            let _ = writeln!(text, "{verdict:12}  {assumption}: {}", assumption.words());
            if !line.detail.is_empty() {
                let _ = writeln!(text, "{:12}    {}", "", line.detail);
            }
        }
        for note in &self.notes {
            let _ = writeln!(text, "note          {note}");
        }
        for one in left {
            let _ = writeln!(text, "LEFT BEHIND   {one}");
        }
        let counts = Verdict::ALL
            .iter()
            .map(|&verdict| format!("{verdict} {}", self.count(verdict)));
        let counts: Vec<String> = counts.collect();
        let _ = writeln!(
            text,
            "{vendor}: {}; {} calls, the slowest {} ms",
            counts.join(", "),
            calls.calls,
            calls.slowest_ms
        );
        text
    }

    /// The same for programs.
    pub(super) fn json(&self, vendor: Vendor, calls: &Summary, left: &[String]) -> anyhow::Result<String> {
        #[derive(Serialize)]
        struct Shown {
            assumption: Assumption,
            words: &'static str,
            verdict: Verdict,
            detail: Option<String>,
        }
        let lines = Assumption::ALL.iter().map(|&assumption| {
            let line = self.line(assumption);
            Shown {
                assumption,
                words: assumption.words(),
                verdict: line.verdict,
                detail: Some(line.detail).filter(|detail| !detail.is_empty()),
            }
        });
        let lines: Vec<Shown> = lines.collect();
        let all_held = left.is_empty() && self.count(Verdict::Held) == Assumption::ALL.len();
        let shown = json!({
            "vendor": vendor,
            "allHeld": all_held,
            "assumptions": lines,
            "notes": self.notes,
            "leftBehind": left,
            "calls": calls,
        });
        Ok(format!("{}\n", serde_json::to_string_pretty(&shown)?))
    }
}
