//! What differs, from what is desired and what was found. Pure.

use gatewright_connectors::Observed;
use gatewright_connectors::model::Capabilities;

use super::model::FindingKind;
use crate::plan::{self, Action, Desired, Standing, Strange};

/// How one application differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// In which way.
    pub kind: FindingKind,
    /// What a repair does; empty: nothing is repaired.
    pub actions: Vec<String>,
    /// In words.
    pub detail: String,
}

/// Every way in which what was found is not as desired. `lost` are credentials whose secret nobody has any more: that they
/// are missing is known.
pub fn differences(desired: &Desired, observed: &Observed, can: &Capabilities, lost: &[u32]) -> Vec<Difference> {
    let mut found = Vec::new();
    let known = |action: &Action| matches!(action, Action::Credential { number, .. } if lost.contains(number));
    let actions: Vec<Action> = plan::actions(desired, observed, can)
        .into_iter()
        .filter(|action| !known(action))
        .collect();
    if !actions.is_empty() {
        let (kind, detail) = match (desired.standing, observed.exists) {
            (Standing::Absent, _) => (FindingKind::Extra, "it is there and not desired".to_owned()),
            (_, false) => (FindingKind::Missing, "it is desired and not there".to_owned()),
            _ => (FindingKind::Changed, words(&actions)),
        };
        let actions = actions.iter().map(|action| operation(action).to_owned()).collect();
        found.push(Difference { kind, actions, detail });
    }
    if desired.standing != Standing::Absent {
        found.extend(plan::strange(desired, observed).into_iter().map(strange));
    }
    found
}

fn strange(strange: Strange) -> Difference {
    let (kind, detail) = match strange {
        Strange::OtherSecret(number) => (
            FindingKind::OtherSecret,
            format!("credential {number} was given another secret there; rotate the key to end that"),
        ),
        Strange::UnknownCredential(id) => (
            FindingKind::Unknown,
            format!("credential {id} under this application is not ours"),
        ),
    };
    Difference {
        kind,
        actions: Vec::new(),
        detail,
    }
}

fn words(actions: &[Action]) -> String {
    let of = |action: &Action| match action {
        Action::DropApplication => "it is not desired".to_owned(),
        Action::Suspend => "it is suspended here and admitted there".to_owned(),
        Action::DropCredential { number, .. } => format!("credential {number} is there and not desired"),
        Action::Application => "the application is missing".to_owned(),
        Action::Scope(_) => "it may call something else there".to_owned(),
        Action::Reactivate(_) => "it is active here and suspended there".to_owned(),
        Action::Credential { number, .. } => format!("credential {number} is missing"),
        Action::Expire { number, .. } => format!("credential {number} does not end by itself"),
    };
    actions.iter().map(of).collect::<Vec<_>>().join("; ")
}

/// The step's name, as the provisioning audit shows it.
const fn operation(action: &Action) -> &'static str {
    match action {
        Action::DropApplication => "DROP_APPLICATION",
        Action::Suspend => "SUSPEND",
        Action::DropCredential { .. } => "DROP_CREDENTIAL",
        Action::Application => "ENSURE_APPLICATION",
        Action::Scope(_) => "SET_SCOPE",
        Action::Reactivate(_) => "REACTIVATE",
        Action::Credential { .. } => "ENSURE_CREDENTIAL",
        Action::Expire { .. } => "EXPIRE_CREDENTIAL",
    }
}
