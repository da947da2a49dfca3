//! Any desired state, on any gateway that is a model of one: what is done, in which order, and what comes of it.

use std::collections::BTreeMap;

use gatewright_connectors::model::{Overlap, Serial};
use proptest::collection::{btree_map, btree_set};
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use super::*;

const SCOPES: [&str; 3] = ["a", "b", "c"];

/// A gateway as it can be: what it has of one application.
#[derive(Clone, Debug)]
struct Model {
    can: Capabilities,
    exists: bool,
    suspended: bool,
    scope: BTreeSet<String>,
    credentials: BTreeMap<u32, Credential>,
    /// Put under our application by somebody else.
    foreign: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Credential {
    scope: BTreeSet<String>,
    ends: bool,
}

impl Model {
    fn observe(&self) -> Observed {
        if !self.exists {
            return Observed::default();
        }
        let ours = self.credentials.iter().map(|(number, credential)| ObservedCredential {
            number: Some(*number),
            remote_id: format!("remote-{number}"),
            fingerprint: Some([0; 32]),
            disabled: self.can.inert == Inert::Disabled && credential.scope.is_empty(),
            expires_in_seconds: credential.ends.then_some(60),
            scope: credential.scope.clone(),
        });
        let foreign = self.foreign.iter().map(|id| ObservedCredential {
            number: None,
            remote_id: id.clone(),
            fingerprint: None,
            disabled: false,
            expires_in_seconds: None,
            scope: BTreeSet::new(),
        });
        Observed {
            exists: true,
            suspended: self.suspended,
            scope: self.scope.clone(),
            credentials: ours.chain(foreign).collect(),
            ..Observed::default()
        }
    }

    fn apply(&mut self, action: &Action) {
        match action.clone() {
            Action::DropApplication => {
                self.exists = false;
                self.credentials.clear();
                self.foreign.clear();
            }
            Action::Suspend => {
                self.suspended = true;
                self.scope.clear();
            }
            Action::DropCredential { number, .. } => {
                self.credentials.remove(&number);
            }
            Action::Application => self.exists = true,
            Action::Scope(scope) => self.scope = scope,
            Action::Reactivate(scope) => {
                self.suspended = false;
                if self.can.scope_granularity == Granularity::Application {
                    self.scope = scope;
                }
            }
            Action::Credential {
                number,
                admitted,
                scope,
                ..
            } => {
                assert!(
                    self.exists || !self.can.has_applications,
                    "a credential needs its application"
                );
                // What is no object of its own is suspended as long as none of its credentials opens anything.
                let others_open = self.credentials.values().any(|other| !other.scope.is_empty());
                self.suspended &= self.can.has_applications || others_open || scope.is_empty();
                // What has a scope from the start is switched off, as are all beside it by then.
                self.suspended |= self.can.needs_scope && !admitted;
                self.credentials.insert(number, Credential { scope, ends: false });
            }
            Action::Expire { number, .. } => {
                self.credentials.get_mut(&number).expect("it was seen").ends = true;
            }
        }
        self.follow();
    }

    /// What is no object of its own is there as long as anything of it is.
    fn follow(&mut self) {
        if !self.can.has_applications {
            self.exists = !self.credentials.is_empty() || !self.foreign.is_empty();
        }
    }

    /// Which credential may call what.
    fn admits(&self) -> BTreeSet<(u32, String)> {
        if !self.exists || self.suspended {
            return BTreeSet::new();
        }
        let of = |number: &u32, credential: &Credential| -> Vec<(u32, String)> {
            let scope = match self.can.scope_granularity {
                Granularity::Application if self.can.inert == Inert::Disabled && credential.scope.is_empty() => {
                    return Vec::new();
                }
                Granularity::Application => &self.scope,
                Granularity::Credential => &credential.scope,
            };
            scope.iter().map(|item| (*number, item.clone())).collect()
        };
        self.credentials
            .iter()
            .flat_map(|(number, one)| of(number, one))
            .collect()
    }
}

/// Who is to be admitted; a superseded secret only where it still is.
fn wanted(desired: &Desired, before: &Model) -> BTreeSet<(u32, String)> {
    if desired.standing != Standing::Active {
        return BTreeSet::new();
    }
    let there = |one: &&DesiredCredential| !one.superseded || before.credentials.contains_key(&one.number);
    let pairs = desired.credentials.iter().filter(there).flat_map(|one| {
        let own = before.can.scope_granularity == Granularity::Credential;
        let scope = if own { &one.scope } else { &desired.scope };
        scope.iter().map(|item| (one.number, item.clone()))
    });
    pairs.collect()
}

fn scope() -> impl Strategy<Value = BTreeSet<String>> {
    btree_set(proptest::sample::select(&SCOPES[..]).prop_map(str::to_owned), 1..=3)
}

fn can() -> impl Strategy<Value = Capabilities> {
    let inert = proptest::sample::select(vec![Inert::CredentialWithheld, Inert::ScopeWithheld, Inert::Disabled]);
    let granularity = proptest::sample::select(vec![Granularity::Application, Granularity::Credential]);
    let can = (inert, granularity, any::<bool>(), any::<bool>(), any::<bool>());
    can.prop_map(
        |(inert, scope_granularity, expires_credential, has_applications, needs_scope)| Capabilities {
            accepts_secret: true,
            generates_secret: true,
            reads_secret_back: true,
            // What hangs on the application needs one.
            has_applications: has_applications || scope_granularity == Granularity::Application,
            inert,
            scope_granularity,
            scope_max: None,
            needs_scope: needs_scope && scope_granularity == Granularity::Credential && inert == Inert::Disabled,
            credentials_max: None,
            overlap: Overlap::Native,
            overlap_doubles_quota: false,
            suspends_credential: false,
            expires_credential,
            restricts_addresses: false,
            propagation_seconds: 0,
            takes_over: false,
            calls_per_second: None,
            rate_key: None,
            call_rates: Vec::new(),
            one_at_a_time: Vec::new(),
            serial: Serial::None,
        },
    )
}

prop_compose! {
    fn model()(
        can in can(),
        exists in any::<bool>(),
        suspended in any::<bool>(),
        scope in scope(),
        credentials in btree_map(1_u32..6, (scope(), any::<bool>()), 0..5),
        foreign in btree_set("[x-z]", 0..2),
    ) -> Model {
        let credentials = credentials.into_iter().map(|(number, (scope, ends))| (number, Credential { scope, ends }));
        let application = can.scope_granularity == Granularity::Application;
        let mut model = Model {
            exists,
            suspended: exists && suspended,
            scope: if exists && application && !suspended { scope } else { BTreeSet::new() },
            credentials: if exists { credentials.collect() } else { BTreeMap::new() },
            foreign: if exists { foreign } else { BTreeSet::new() },
            can,
        };
        model.follow();
        model.suspended &= model.exists;
        model
    }
}

prop_compose! {
    fn desired()(
        standing in proptest::sample::select(vec![Standing::Absent, Standing::Suspended, Standing::Active]),
        scope in scope(),
        credentials in btree_map(1_u32..6, any::<bool>(), 0..5),
    ) -> Desired {
        let credentials = credentials.into_iter().map(|(number, superseded)| DesiredCredential {
            number,
            first: number,
            fingerprint: Some([0; 32]),
            scope: scope.clone(),
            superseded,
            ends_in_seconds: superseded.then_some(60),
        });
        Desired { standing, credentials: credentials.collect(), scope: scope.clone() }
    }
}

/// On a gateway whose credentials have scopes of their own, a superseded one keeps the scope that it has.
fn keeps_scopes(desired: &mut Desired, before: &Model) {
    for one in desired.credentials.iter_mut().filter(|one| one.superseded) {
        if let Some(found) = before.credentials.get(&one.number) {
            one.scope.clone_from(&found.scope);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_round_brings_any_gateway_to_what_is_desired(before in model(), mut desired in desired()) {
        keeps_scopes(&mut desired, &before);
        let mut gateway = before.clone();
        for action in actions(&desired, &before.observe(), &before.can) {
            gateway.apply(&action);
        }
        prop_assert_eq!(gateway.admits(), wanted(&desired, &before));
        let left = actions(&desired, &gateway.observe(), &gateway.can);
        prop_assert!(left.is_empty(), "left: {left:?} on {gateway:?}");
    }

    #[test]
    fn at_no_point_is_anybody_admitted_who_was_not_and_is_not_to_be(before in model(), mut desired in desired()) {
        keeps_scopes(&mut desired, &before);
        let allowed: BTreeSet<_> = before.admits().union(&wanted(&desired, &before)).cloned().collect();
        let mut gateway = before.clone();
        for action in actions(&desired, &before.observe(), &before.can) {
            gateway.apply(&action);
            let more: Vec<_> = gateway.admits().difference(&allowed).cloned().collect();
            prop_assert!(more.is_empty(), "after {action:?}: {more:?}");
        }
    }

    #[test]
    fn access_is_taken_away_before_anything_else_is_done(before in model(), desired in desired()) {
        let actions = actions(&desired, &before.observe(), &before.can);
        let first_other = actions.iter().position(|action| !action.ends_access()).unwrap_or(actions.len());
        prop_assert!(actions[first_other..].iter().all(|action| !action.ends_access()), "{actions:?}");
    }

    #[test]
    fn what_is_not_ours_stays_and_is_reported(before in model(), desired in desired()) {
        let mut gateway = before.clone();
        for action in actions(&desired, &before.observe(), &before.can) {
            gateway.apply(&action);
        }
        if desired.standing != Standing::Absent {
            prop_assert_eq!(&gateway.foreign, &before.foreign);
            let reported = strange(&desired, &gateway.observe());
            prop_assert_eq!(reported.len(), before.foreign.len(), "{:?}", reported);
        }
    }

    #[test]
    fn killed_at_any_point_the_next_round_finishes(before in model(), mut desired in desired(), done in 0_usize..8) {
        keeps_scopes(&mut desired, &before);
        let mut gateway = before.clone();
        for action in actions(&desired, &before.observe(), &before.can).iter().take(done) {
            gateway.apply(action);
        }
        for action in actions(&desired, &gateway.observe(), &gateway.can) {
            gateway.apply(&action);
        }
        prop_assert_eq!(gateway.admits(), wanted(&desired, &before));
    }

    #[test]
    fn what_is_prepared_admits_nobody(can in can(), mut desired in desired()) {
        desired.standing = Standing::Prepared;
        let empty = BTreeSet::new();
        let mut gateway = Model {
            can, exists: false, suspended: false, scope: empty.clone(), credentials: BTreeMap::new(), foreign: empty,
        };
        for action in actions(&desired, &gateway.observe(), &gateway.can) {
            gateway.apply(&action);
            prop_assert!(gateway.admits().is_empty(), "after {action:?}");
        }
        desired.standing = Standing::Active;
        let prepared = gateway.clone();
        for action in actions(&desired, &prepared.observe(), &prepared.can) {
            gateway.apply(&action);
        }
        prop_assert_eq!(gateway.admits(), wanted(&desired, &prepared));
    }
}

#[test]
fn a_secret_whose_answer_was_lost_is_asked_for_again() {
    let number = 1;
    let scope = BTreeSet::from(["a".to_owned()]);
    let wanted = DesiredCredential {
        number,
        first: number,
        fingerprint: None,
        scope: scope.clone(),
        superseded: false,
        ends_in_seconds: None,
    };
    let desired = Desired {
        standing: Standing::Active,
        scope: scope.clone(),
        credentials: vec![wanted],
    };
    let observed = Observed {
        exists: true,
        scope: scope.clone(),
        credentials: vec![ObservedCredential {
            number: Some(number),
            remote_id: "there".to_owned(),
            fingerprint: Some([7; 32]),
            disabled: false,
            expires_in_seconds: None,
            scope: BTreeSet::new(),
        }],
        ..Observed::default()
    };
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut can = can().new_tree(&mut runner).unwrap().current();
    can.scope_granularity = Granularity::Application;
    assert_eq!(
        actions(&desired, &observed, &can),
        vec![Action::Credential {
            number,
            first: number,
            admitted: true,
            scope
        }]
    );
}

#[test]
fn an_old_secret_is_narrowed_with_its_key_where_that_takes_no_end_away() {
    let of = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<_>>();
    let desired = Desired {
        standing: Standing::Active,
        scope: of(&["a", "b"]),
        credentials: vec![DesiredCredential {
            number: 1,
            first: 1,
            fingerprint: Some([7; 32]),
            scope: of(&["a"]),
            superseded: true,
            ends_in_seconds: None,
        }],
    };
    let observed = |scope: &[&str]| Observed {
        exists: true,
        credentials: vec![ObservedCredential {
            number: Some(1),
            remote_id: "there".to_owned(),
            fingerprint: Some([7; 32]),
            disabled: false,
            expires_in_seconds: None,
            scope: of(scope),
        }],
        ..Observed::default()
    };
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut can = can().new_tree(&mut runner).unwrap().current();
    can.scope_granularity = Granularity::Credential;
    can.expires_credential = false;
    let scope = of(&["a"]);
    let narrowed = vec![Action::Credential {
        number: 1,
        first: 1,
        admitted: true,
        scope,
    }];
    assert_eq!(actions(&desired, &observed(&["a", "b"]), &can), narrowed);
    // It gains nothing any more, it is not made anew, and where it was given an end it keeps that.
    assert_eq!(actions(&desired, &observed(&[]), &can), vec![]);
    let gone = Observed {
        exists: true,
        ..Observed::default()
    };
    assert_eq!(actions(&desired, &gone, &can), vec![]);
    can.expires_credential = true;
    assert!(!actions(&desired, &observed(&["a", "b"]), &can).contains(&narrowed[0]));
}
