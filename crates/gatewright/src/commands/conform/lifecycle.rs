//! A subscription's life, from looking around to nothing being left.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewright_connectors::Step;
use gatewright_connectors::model::{
    Granularity, Observed, ObservedCredential, OfferedKind, Overlap, Secret, fingerprint,
};
use gatewright_types::{Environment, Rng};
use gatewright_vault::mint::mint_api_key;
use secrecy::{ExposeSecret, SecretString};

use super::sheet::Assumption as A;
use super::trial::{Done, Halt, Trial, patiently};

/// Farthest that two clocks may be apart.
const SKEW_MAX_SECONDS: u64 = 60;
/// The end that a key gets which is looked at.
const END_SECONDS: u32 = 300;
/// The end that a key gets which is waited for.
const SOON_SECONDS: u32 = 2;
/// How long past its end, and past the gateway's own time, a key is waited for.
const END_GRACE: Duration = Duration::from_secs(5);
/// How often is looked whether it is gone.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// Most pages of offers that are turned.
const PAGES_MAX: u32 = 100;

/// Lives it; whatever comes of it is on the sheet.
pub(super) async fn run(trial: &mut Trial, scope: Vec<String>) {
    if !trial.has_probe() {
        for &assumption in A::ALL.iter().filter(|assumption| assumption.asks_proxy()) {
            trial.sheet.unchecked(
                assumption,
                "only the proxy can tell: name something there with --probe-url",
            );
        }
    }
    if live(trial, scope).await.is_ok() {
        // Whatever was repeated has been the same.
        trial.sheet.held(A::Repeatable, "");
    }
}

async fn live(trial: &mut Trial, scope: Vec<String>) -> Result<(), Halt> {
    look_around(trial).await?;
    let scope = map(trial, scope).await?;
    prepare(trial, &scope).await?;
    let key = first_key(trial, &scope).await?;
    change_scope(trial, &scope, &key).await?;
    let key = rotate(trial, &scope, key).await?;
    generate(trial, &scope).await?;
    suspend(trial, &scope, &key).await?;
    find(trial).await?;
    end(trial, &key).await
}

async fn look_around(trial: &mut Trial) -> Result<(), Halt> {
    trial.go_on()?;
    let connector = Arc::clone(&trial.connector);
    let report = patiently(|| connector.verify(&trial.link)).await;
    let report = report.map_err(|fault| trial.halt(A::Workable, "looking around", &fault))?;
    for warning in &report.warnings {
        trial.sheet.note(warning.clone());
    }
    if !report.problems.is_empty() {
        trial.sheet.failed(A::Workable, report.problems.join("; "));
        trial.sheet.end("it cannot be worked with");
        return Err(Halt);
    }
    let what = [report.edition, report.version]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>();
    trial.sheet.held(A::Workable, what.join(" "));
    match report.clock_skew_seconds {
        None => trial.sheet.unchecked(A::Clock, "it does not tell its time"),
        Some(skew) if skew.unsigned_abs() <= SKEW_MAX_SECONDS => trial.sheet.held(A::Clock, ""),
        Some(skew) => trial.sheet.failed(A::Clock, format!("it is {skew} s ahead")),
    }
    Ok(())
}

/// The scope that keys are given: the one that was named, or the first that is offered.
async fn map(trial: &mut Trial, scope: Vec<String>) -> Result<Vec<String>, Halt> {
    let connector = Arc::clone(&trial.connector);
    let (mut offered, mut cursor) = (Vec::new(), None);
    for page in 0.. {
        trial.go_on()?;
        let found = patiently(|| connector.discover(&trial.link, cursor.clone())).await;
        let found = found.map_err(|fault| trial.halt(A::Offers, "listing", &fault))?;
        offered.extend(found.items);
        cursor = found.next;
        if cursor.is_none() {
            trial
                .sheet
                .held(A::Offers, format!("{} services and products", offered.len()));
            break;
        }
        if page >= PAGES_MAX {
            trial.sheet.unchecked(A::Offers, format!("more than {PAGES_MAX} pages"));
            break;
        }
    }
    let scope = if scope.is_empty() {
        let usable = |kind| kind == OfferedKind::Product;
        let first = offered
            .into_iter()
            .find(|one| usable(one.kind) && one.warnings.is_empty());
        first.map(|one| vec![one.remote_id]).unwrap_or_default()
    } else {
        scope
    };
    if scope.is_empty() {
        trial.sheet.failed(
            A::ScopeHonored,
            "it offers nothing that keys could be given: see --scope",
        );
        trial.sheet.end("there is no scope");
        return Err(Halt);
    }
    let judged = patiently(|| connector.judge(&trial.link, &scope)).await;
    let judged = judged.map_err(|fault| trial.halt(A::ScopeHonored, "judging the scope", &fault))?;
    for warning in judged.warnings {
        trial.sheet.note(warning);
    }
    trial.sheet.judge(A::ClosedByDefault, nothing(&judged.open));
    if !trial.sheet.judge(A::ScopeHonored, nothing(&judged.refusals)) {
        trial.sheet.end("the scope cannot be given");
        return Err(Halt);
    }
    trial.sheet.held(A::ScopeHonored, scope.join(", "));
    Ok(scope)
}

fn nothing(found: &[String]) -> Result<(), String> {
    if found.is_empty() {
        Ok(())
    } else {
        Err(found.join("; "))
    }
}

fn set(scope: &[String]) -> BTreeSet<String> {
    scope.iter().cloned().collect()
}

/// The application with its scope, which admits nobody yet.
async fn prepare(trial: &mut Trial, scope: &[String]) -> Result<(), Halt> {
    let observed = trial.observe(A::StartsEmpty).await?;
    let found = trial.scan(A::StartsEmpty).await?;
    let empty = !observed.exists && found.is_empty();
    trial.sheet.judge(
        A::StartsEmpty,
        empty.then_some(()).ok_or("something is there".to_owned()),
    );

    let made = trial.thrice(A::ApplicationMade, &Step::Application).await?;
    let of_its_own = trial.connector.capabilities().has_applications;
    let against = match &made.seen {
        // It is there with its first key.
        seen if !seen.exists && !of_its_own => Ok(()),
        seen if !seen.exists => Err("it is not there afterwards".to_owned()),
        seen if seen.misnamed => Err("it has not the names and marks that it was given".to_owned()),
        seen if seen.remote_id != made.first.remote_id => Err("it has another id than was answered".to_owned()),
        seen if !seen.credentials.is_empty() => Err("it has keys that nobody made".to_owned()),
        _ => Ok(()),
    };
    trial.sheet.judge(A::ApplicationMade, against);

    // Where it hangs on a key, it is given with that.
    if !scope_is_keys(trial) {
        let given = trial.thrice(A::ScopeSet, &Step::Scope(set(scope))).await?;
        judge_scope(trial, A::ScopeSet, &given.seen, scope);
    }
    trial
        .ask(A::CallWithoutKeyRefused, &[("without a key", None, false)])
        .await?;
    let never_made = mint_api_key(Environment::Live, &Rng::System).secret;
    let calls = [("a key that is not made yet", Some(&never_made), false)];
    trial.ask(A::KeyRefusedBeforeItIsMade, &calls).await
}

fn scope_is_keys(trial: &Trial) -> bool {
    trial.connector.capabilities().scope_granularity == Granularity::Credential
}

/// What it may call, on whatever that hangs. A key that is switched off opens nothing.
fn seen_scope(trial: &Trial, seen: &Observed) -> BTreeSet<String> {
    if scope_is_keys(trial) {
        let on = seen.credentials.iter().filter(|one| !one.disabled);
        on.flat_map(|one| one.scope.clone()).collect()
    } else {
        seen.scope.clone()
    }
}

fn judge_scope(trial: &mut Trial, assumption: A, seen: &Observed, scope: &[String]) {
    let found = seen_scope(trial, seen);
    let against = if found == set(scope) {
        Ok(())
    } else {
        Err(format!("its scope is {found:?}"))
    };
    trial.sheet.judge(assumption, against);
}

/// The step that gives the first key exactly this scope.
fn scoped(trial: &Trial, key: &SecretString, scope: &[String]) -> Step {
    if !scope_is_keys(trial) {
        return Step::Scope(set(scope));
    }
    let ours = trial.connector.capabilities().accepts_secret;
    Step::Credential {
        number: 1,
        first: 1,
        admitted: true,
        secret: if ours {
            Secret::Provided(key.clone())
        } else {
            Secret::Generated
        },
        scope: set(scope),
    }
}

fn credential(seen: &Observed, number: u32) -> Option<&ObservedCredential> {
    seen.credentials.iter().find(|one| one.number == Some(number))
}

/// A secret of ours where the gateway takes it, else one of its own.
async fn give(trial: &mut Trial, assumption: A, number: u32, scope: &[String]) -> Result<(SecretString, Done), Halt> {
    let ours = mint_api_key(Environment::Live, &Rng::System).secret;
    let accepts = trial.connector.capabilities().accepts_secret;
    let step = Step::Credential {
        number,
        first: number,
        admitted: true,
        secret: if accepts {
            Secret::Provided(ours.clone())
        } else {
            Secret::Generated
        },
        scope: set(scope),
    };
    let mut done = trial.thrice(assumption, &step).await?;
    let secret = if accepts {
        Some(ours)
    } else {
        done.first.generated.take()
    };
    match secret {
        Some(secret) => Ok((secret, done)),
        None => {
            trial.sheet.failed(assumption, "it answered no secret");
            trial.sheet.end("there is no key");
            Err(Halt)
        }
    }
}

async fn first_key(trial: &mut Trial, scope: &[String]) -> Result<SecretString, Halt> {
    let (key, done) = give(trial, A::SecretTaken, 1, scope).await?;
    let capabilities = trial.connector.capabilities().clone();
    let row = credential(&done.seen, 1).cloned();
    let Some(row) = row else {
        trial
            .sheet
            .failed(A::SecretTaken, "it is not there afterwards, or not known for ours");
        trial.sheet.end("there is no key");
        return Err(Halt);
    };
    if scope_is_keys(trial) {
        judge_scope(trial, A::ScopeSet, &done.seen, scope);
    }
    match row.fingerprint {
        _ if done.seen.credentials.len() > 1 => trial.sheet.failed(A::SecretTaken, "there are two keys afterwards"),
        _ if !capabilities.accepts_secret => trial.sheet.unchecked(A::SecretTaken, "it makes its keys itself"),
        Some(shown) if shown != fingerprint(key.expose_secret().as_bytes()) => {
            trial
                .sheet
                .failed(A::SecretTaken, "it has another secret than it was given");
        }
        Some(_) => trial.sheet.held(A::SecretTaken, ""),
        None => trial
            .sheet
            .unchecked(A::SecretTaken, "it does not show which secret it has"),
    }
    if capabilities.reads_secret_back {
        let connector = Arc::clone(&trial.connector);
        let read = patiently(|| connector.read_secret(&trial.link, &trial.application, &row)).await;
        let read = read.map_err(|fault| trial.halt(A::SecretReadBack, "reading it back", &fault))?;
        let against = match read {
            Some(read) if read.expose_secret() == key.expose_secret() => Ok(()),
            Some(_) => Err("it is another".to_owned()),
            None => Err("it is not shown".to_owned()),
        };
        trial.sheet.judge(A::SecretReadBack, against);
    } else {
        trial
            .sheet
            .unchecked(A::SecretReadBack, "its vendor shows a secret once");
    }
    trial.ask(A::KeyAdmitted, &[("the key", Some(&key), true)]).await?;
    Ok(key)
}

async fn change_scope(trial: &mut Trial, scope: &[String], key: &SecretString) -> Result<(), Halt> {
    let taken = trial.thrice(A::ScopeChanged, &scoped(trial, key, &[])).await?;
    judge_scope(trial, A::ScopeChanged, &taken.seen, &[]);
    trial
        .ask(A::KeyRefusedWithoutScope, &[("without the scope", Some(key), false)])
        .await?;
    let given = trial.thrice(A::ScopeChanged, &scoped(trial, key, scope)).await?;
    judge_scope(trial, A::ScopeChanged, &given.seen, scope);
    trial
        .ask(A::KeyRefusedWithoutScope, &[("with the scope again", Some(key), true)])
        .await
}

/// A second key beside the first, the first's end, and the first taken away; the key that remains.
async fn rotate(trial: &mut Trial, scope: &[String], old: SecretString) -> Result<SecretString, Halt> {
    let capabilities = trial.connector.capabilities().clone();
    if capabilities.overlap == Overlap::None || capabilities.credentials_max == Some(1) {
        for assumption in [
            A::SideBySide,
            A::BothAdmitted,
            A::EndSet,
            A::KeyDropped,
            A::DroppedKeyRefused,
        ] {
            trial.sheet.unchecked(assumption, "its vendor has one key at a time");
        }
        return Ok(old);
    }
    let (new, done) = give(trial, A::SideBySide, 2, scope).await?;
    let both = credential(&done.seen, 1).is_some() && credential(&done.seen, 2).is_some();
    trial
        .sheet
        .judge(A::SideBySide, both.then_some(()).ok_or("not both are there".to_owned()));
    trial
        .ask(
            A::BothAdmitted,
            &[("the old key", Some(&old), true), ("the new key", Some(&new), true)],
        )
        .await?;
    if capabilities.expires_credential {
        set_end(trial, scope, &old).await?;
    } else {
        trial.sheet.unchecked(A::EndSet, "its vendor ends no key by itself");
    }
    let drop = Step::DropCredential {
        number: Some(1),
        remote_id: credential(&done.seen, 1).map(|one| one.remote_id.clone()),
    };
    let done = trial.thrice(A::KeyDropped, &drop).await?;
    let against = match (credential(&done.seen, 1), credential(&done.seen, 2)) {
        (Some(_), _) => Err("it is still there".to_owned()),
        (None, None) => Err("the other is gone as well".to_owned()),
        (None, Some(_)) => Ok(()),
    };
    trial.sheet.judge(A::KeyDropped, against);
    let calls = [("the old key", Some(&old), false), ("the new key", Some(&new), true)];
    trial.ask(A::DroppedKeyRefused, &calls).await?;
    Ok(new)
}

/// Gives the first key an end and does everything again that could take it away or put it off.
async fn set_end(trial: &mut Trial, scope: &[String], key: &SecretString) -> Result<(), Halt> {
    let expire = Step::Expire {
        number: 1,
        after_seconds: END_SECONDS,
    };
    let begun = Instant::now();
    let done = trial.thrice(A::EndSet, &expire).await?;
    let first = credential(&done.seen, 1).and_then(|one| one.expires_in_seconds);
    if !trial.sheet.judge(A::EndSet, an_end(first, END_SECONDS)) {
        return Ok(());
    }
    if trial.connector.capabilities().accepts_secret {
        let same = Step::Credential {
            number: 1,
            first: 1,
            admitted: true,
            secret: Secret::Provided(key.clone()),
            scope: set(scope),
        };
        trial.thrice(A::EndSet, &same).await?;
    }
    // Whoever counts whole seconds may be one off.
    let most = END_SECONDS.saturating_sub(u32::try_from(begun.elapsed().as_secs()).unwrap_or(0)) + 1;
    let observed = trial.observe(A::EndSet).await?;
    let left = credential(&observed, 1).and_then(|one| one.expires_in_seconds);
    trial.sheet.judge(A::EndSet, an_end(left, most));
    Ok(())
}

fn an_end(seconds: Option<u32>, most: u32) -> Result<(), String> {
    match seconds {
        None => Err("it has no end".to_owned()),
        Some(seconds) if seconds > most => Err(format!("it ends in {seconds} s, where {most} s are left")),
        Some(_) => Ok(()),
    }
}

/// A key of the gateway's making, which ends by itself where the gateway can do that.
async fn generate(trial: &mut Trial, scope: &[String]) -> Result<(), Halt> {
    let capabilities = trial.connector.capabilities().clone();
    if !capabilities.generates_secret || capabilities.credentials_max == Some(1) {
        trial
            .sheet
            .unchecked(A::SecretGenerated, "its vendor makes no keys beside others");
        trial
            .sheet
            .unchecked(A::EndActs, "its vendor makes no keys beside others");
        return Ok(());
    }
    let generate = Step::Credential {
        number: 3,
        first: 3,
        admitted: true,
        secret: Secret::Generated,
        scope: set(scope),
    };
    let done = trial.thrice(A::SecretGenerated, &generate).await?;
    let row = credential(&done.seen, 3);
    let shown = row.and_then(|row| row.fingerprint);
    let against = match &done.first.generated {
        None => Err("it answered no secret".to_owned()),
        Some(_) if row.is_none() => Err("it is not there afterwards".to_owned()),
        Some(made) if shown.is_some_and(|shown| shown != fingerprint(made.expose_secret().as_bytes())) => {
            Err("it has another secret than it answered".to_owned())
        }
        Some(_) => Ok(()),
    };
    trial.sheet.judge(A::SecretGenerated, against);
    let remote_id = row.map(|row| row.remote_id.clone());
    if capabilities.expires_credential {
        wait_for_end(trial, 3).await?;
    } else {
        trial.sheet.unchecked(A::EndActs, "its vendor ends no key by itself");
    }
    let drop = Step::DropCredential {
        number: Some(3),
        remote_id,
    };
    trial.thrice(A::KeyDropped, &drop).await.map(|_| ())
}

async fn wait_for_end(trial: &mut Trial, number: u32) -> Result<(), Halt> {
    let observed = trial.observe(A::EndActs).await?;
    let expire = Step::Expire {
        number,
        after_seconds: SOON_SECONDS,
    };
    trial.once(A::EndActs, &expire, &observed).await?;
    let propagation = Duration::from_secs(trial.connector.capabilities().propagation_seconds.into());
    let longest = Duration::from_secs(SOON_SECONDS.into()) + propagation + END_GRACE;
    let begun = Instant::now();
    while begun.elapsed() < longest {
        let observed = trial.observe(A::EndActs).await?;
        if credential(&observed, number).is_none_or(|row| row.disabled) {
            trial
                .sheet
                .held(A::EndActs, format!("after {} ms", begun.elapsed().as_millis()));
            return Ok(());
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    let words = format!("it is still there {} s later", begun.elapsed().as_secs());
    trial.sheet.failed(A::EndActs, words);
    Ok(())
}

async fn suspend(trial: &mut Trial, scope: &[String], key: &SecretString) -> Result<(), Halt> {
    let before = trial.observe(A::Suspended).await?;
    let keys = before.credentials.len();
    let done = trial.thrice(A::Suspended, &Step::Suspend).await?;
    let against = match &done.seen {
        seen if seen.unsettled => Err("half of it is there".to_owned()),
        seen if !seen.suspended => Err("it is not suspended".to_owned()),
        seen if seen.credentials.len() != keys => Err("keys are gone".to_owned()),
        _ => Ok(()),
    };
    trial.sheet.judge(A::Suspended, against);
    trial
        .ask(A::SuspendedKeyRefused, &[("the key", Some(key), false)])
        .await?;

    let done = trial.thrice(A::Reactivated, &Step::Reactivate(set(scope))).await?;
    let against = match &done.seen {
        seen if seen.suspended || seen.unsettled => Err("it is still suspended, or half of it is".to_owned()),
        seen if seen_scope(trial, seen) != set(scope) => Err(format!("its scope is {:?}", seen_scope(trial, seen))),
        seen if seen.credentials.len() != keys => Err("keys are gone".to_owned()),
        _ => Ok(()),
    };
    trial.sheet.judge(A::Reactivated, against);
    trial
        .ask(A::ReactivatedKeyAdmitted, &[("the key", Some(key), true)])
        .await
}

async fn find(trial: &mut Trial) -> Result<(), Halt> {
    let observed = trial.observe(A::FoundByMark).await?;
    let found = trial.scan(A::FoundByMark).await?;
    let ours = trial.application.subscription_id;
    let against = match &found[..] {
        [] => Err("it is not found".to_owned()),
        [one] if one.subscription_id != Some(ours) => Err(format!("{} is not known for ours", one.name)),
        [one] if one.observed.remote_id != observed.remote_id => Err(format!("{} is another", one.name)),
        [_] => Ok(()),
        more => Err(format!("{} applications are found", more.len())),
    };
    trial.sheet.judge(A::FoundByMark, against);
    Ok(())
}

async fn end(trial: &mut Trial, key: &SecretString) -> Result<(), Halt> {
    let done = trial.thrice(A::NothingLeft, &Step::DropApplication).await?;
    let found = trial.scan(A::NothingLeft).await?;
    let against = match found.first() {
        _ if done.seen.exists || !done.seen.credentials.is_empty() => Err("it is still there".to_owned()),
        Some(one) => Err(format!("{} still carries the mark", one.name)),
        None => Ok(()),
    };
    trial.sheet.judge(A::NothingLeft, against);
    trial
        .ask(A::DroppedKeyRefused, &[("the last key", Some(key), false)])
        .await
}
