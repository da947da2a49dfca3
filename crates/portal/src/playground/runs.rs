//! Earlier calls: without secrets, so many and so long, for doing one again.

use std::time::Duration;

use chrono::TimeDelta;
use gatewright_database::audit::redact;
use gatewright_database::jobs::{Failure, Finished, Handler, Job, Lane, Registry, Rhythm, Running};
use gatewright_database::{SystemUse, TenantTx};
use gatewright_spec::values::Values;
use gatewright_types::credential::KEY_LENGTH;
use gatewright_types::ids::DeveloperId;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::conceal::{CONCEALED, Concealer};
use super::limits::{RUNS_KEPT_DAYS, VALUES_KEPT_MAX_BYTES};
use super::model::PlaygroundRun;
use super::{PlaygroundError, store};

/// Often enough that a run is kept for little longer than it is to be.
const RHYTHM: Rhythm = Rhythm::EverySeconds(3600);
/// Latest begin after it, so that installations which share a server do not all begin at once.
const JITTER: Duration = Duration::from_mins(5);
/// What keys of ours begin with.
const PREFIXES: [&str; 2] = ["sk_live_", "sk_test_"];

/// The newest runs of a developer, of one operation or of all.
pub async fn list(
    tx: &mut TenantTx,
    developer_id: DeveloperId,
    of: (Option<&str>, Option<&str>),
) -> Result<Vec<PlaygroundRun>, PlaygroundError> {
    Ok(store::list(tx, developer_id, of).await?)
}

/// Forgets them.
pub async fn delete(tx: &mut TenantTx, developer_id: DeveloperId) -> Result<(), PlaygroundError> {
    let runs = store::delete(tx, developer_id).await?;
    let detail = serde_json::json!({ "runs": runs });
    tx.happened("portal", "playground_runs.deleted", developer_id, detail);
    Ok(())
}

/// What is kept of values: without what was found to be a secret, or is called one. None: too long.
pub(super) fn kept(values: &Values, concealer: &mut Concealer) -> Option<Values> {
    let is_secret = |name: &str| redact::names_a_secret(name) || name.to_ascii_lowercase().contains("api-key");
    let mut kept = values.clone();
    kept.parameters.retain(|given| !is_secret(&given.name));
    for given in &mut kept.parameters {
        clean(&mut given.value, concealer);
    }
    if let Some(body) = &mut kept.body {
        body.fields.retain(|field| !is_secret(&field.name));
        for field in &mut body.fields {
            clean(&mut field.value, concealer);
        }
        if let Some(text) = &mut body.text {
            *text = clean_body(text, concealer);
        }
    }
    let length = serde_json::to_vec(&kept).map_or(usize::MAX, |json| json.len());
    (length <= VALUES_KEPT_MAX_BYTES).then_some(kept)
}

/// A body as it is kept and shown: JSON whose fields are called secrets loses them.
pub(super) fn clean_body(text: &str, concealer: &mut Concealer) -> String {
    let text = clean_text(text, concealer);
    let Ok(before) = serde_json::from_str::<Value>(&text) else {
        return text;
    };
    let mut after = before.clone();
    redact::redact(&mut after);
    match before == after {
        true => text,
        false => serde_json::to_string_pretty(&after).unwrap_or_default(),
    }
}

fn clean(value: &mut Value, concealer: &mut Concealer) {
    match value {
        Value::String(text) => *text = clean_text(text, concealer),
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, concealer)),
        Value::Object(fields) => fields.values_mut().for_each(|field| clean(field, concealer)),
        _ => {}
    }
}

/// Without the secrets that are known here, and without whatever has the form of a key of ours.
pub(super) fn clean_text(text: &str, concealer: &mut Concealer) -> String {
    let mut text = concealer.text(text);
    for prefix in PREFIXES {
        let mut from = 0;
        while let Some(at) = text[from..].find(prefix).map(|at| from + at) {
            let rest = text[at + prefix.len()..].bytes();
            let digits = rest.take_while(u8::is_ascii_alphanumeric).count();
            let end = at + prefix.len() + digits;
            from = if prefix.len() + digits >= KEY_LENGTH {
                text.replace_range(at..end, CONCEALED);
                at + CONCEALED.len()
            } else {
                end
            };
        }
    }
    text
}

/// Removes old runs.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ForgetRuns {}

impl Job for ForgetRuns {
    const KIND: &'static str = "playground.forget_runs";
    const LANE: Lane = Lane::Bulk;
}

struct Forgetter;

impl Handler for Forgetter {
    type Job = ForgetRuns;

    async fn run(&self, _: ForgetRuns, running: &Running) -> Result<Finished, Failure> {
        let before = running.database().clock().now() - TimeDelta::days(RUNS_KEPT_DAYS);
        let mut finishing = running.finish_across(SystemUse::KeepHouse).await?;
        store::forget(&mut finishing, before).await?;
        finishing.commit().await
    }
}

/// Adds that to a worker.
pub fn register(registry: &mut Registry) {
    registry.handle(Forgetter).schedule(RHYTHM, JITTER, ForgetRuns {});
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_that_is_a_secret_is_kept() {
        let key = "sk_live_8LkPq2Rt5Vx9Zb3Nd6Gh0Jm4Sw7Yc1Ea2FvU9xQw";
        assert_eq!(key.len(), KEY_LENGTH);
        let values: Values = serde_json::from_value(json!({
            "parameters": [
                { "in": "QUERY", "name": "access_token", "value": "abc" },
                { "in": "HEADER", "name": "X-Api-Key", "value": "abc" },
                { "in": "QUERY", "name": "q", "value": format!("is {key} a key? sk_live_ begins one") },
                { "in": "QUERY", "name": "limit", "value": 5 },
            ],
            "body": { "mediaType": "application/json", "text": "{\"user\":\"ada\",\"password\":\"hunter2\"}" },
        }))
        .unwrap();
        let kept = kept(&values, &mut Concealer::new([])).unwrap();
        let text = serde_json::to_string(&kept).unwrap();
        assert!(
            !text.contains(key) && !text.contains("hunter2") && !text.contains("abc"),
            "{text}"
        );
        assert!(text.contains("is ••• a key? sk_live_ begins one"), "{text}");
        assert_eq!(kept.parameters.len(), 2);
    }

    #[test]
    fn a_key_that_is_shown_by_its_ends_stays_as_it_is() {
        let mut concealer = Concealer::new([]);
        for text in ["sk_live_…4x9Q", "sk_test_", "sk_live_a sk_test_b", "ä sk_live_ö"] {
            assert_eq!(clean_text(text, &mut concealer), text);
        }
    }

    #[test]
    fn what_is_too_long_is_not_kept() {
        let values: Values = serde_json::from_value(json!({
            "body": { "mediaType": "text/plain", "text": "x".repeat(VALUES_KEPT_MAX_BYTES) },
        }))
        .unwrap();
        assert!(super::kept(&values, &mut Concealer::new([])).is_none());
    }
}
