//! A plan for people, and for programs.

use serde_json::{Value, json};

use super::plan::{Plan, Step, Verb, shown};

/// Most objects that are named in words when they are left alone; JSON has all.
const NAMED_MAX: usize = 10;

/// How a step begins.
fn sign(verb: Verb) -> char {
    match verb {
        Verb::Create => '+',
        Verb::Change | Verb::AddVersion => '~',
        Verb::Delete => '-',
    }
}

/// A step in one line.
pub fn line(step: &Step) -> String {
    format!("{} {} {}", sign(step.verb), step.handle.kind(), step.name)
}

/// The plan as text.
pub fn text(plan: &Plan, tenant: &str, url: &str) -> String {
    let mut out = format!("{tenant} at {url}\n");
    for step in &plan.steps {
        out.push_str(&format!("\n  {}\n", line(step)));
        for field in &step.fields {
            let new = shown(field.new.as_ref());
            match &field.old {
                None => out.push_str(&format!("      {}: {new}\n", field.name)),
                Some(old) => out.push_str(&format!("      {}: {old} → {new}\n", field.name)),
            }
        }
        for note in &step.notes {
            out.push_str(&format!("      ({note})\n"));
        }
    }
    if plan.steps.is_empty() {
        out.push_str(&format!(
            "\nNothing to do: {} objects are as the files say.\n",
            plan.unchanged
        ));
    } else {
        let count = |verbs: &[Verb]| plan.steps.iter().filter(|step| verbs.contains(&step.verb)).count();
        out.push_str(&format!(
            "\n{} to create, {} to change, {} to delete, {} unchanged.\n",
            count(&[Verb::Create]),
            count(&[Verb::Change, Verb::AddVersion]),
            count(&[Verb::Delete]),
            plan.unchanged
        ));
    }
    if !plan.left_alone.is_empty() {
        let named = plan.left_alone.iter().take(NAMED_MAX);
        let named: Vec<String> = named.map(|(kind, name)| format!("{kind} {name}")).collect();
        let more = plan.left_alone.len().saturating_sub(NAMED_MAX);
        let more = if more > 0 {
            format!(", and {more} more")
        } else {
            String::new()
        };
        out.push_str(&format!(
            "Not in the files and left alone: {}{more}.\n",
            named.join(", ")
        ));
    }
    out
}

/// How far a plan was carried out.
pub struct Outcome<'a> {
    /// Whether it was tried at all.
    pub tried: bool,
    /// How many steps are done.
    pub done: usize,
    /// Why the next one is not.
    pub failure: Option<&'a anyhow::Error>,
}

/// The plan and what came of it as JSON, one line.
pub fn json(plan: &Plan, tenant: &str, url: &str, outcome: &Outcome) -> String {
    let steps = plan.steps.iter().enumerate().map(|(at, step)| {
        let action = match step.verb {
            Verb::Create => "CREATE",
            Verb::Change => "CHANGE",
            Verb::AddVersion => "ADD_VERSION",
            Verb::Delete => "DELETE",
        };
        let state = match (at < outcome.done, at == outcome.done && outcome.failure.is_some()) {
            (true, _) => "DONE",
            (_, true) => "FAILED",
            _ => "PENDING",
        };
        let fields = step
            .fields
            .iter()
            .map(|field| json!({ "field": field.name, "old": field.old, "new": field.new }));
        json!({
            "action": action, "kind": step.handle.kind(), "name": step.name, "state": state,
            "fields": fields.collect::<Vec<Value>>(), "notes": step.notes,
        })
    });
    let left_alone = plan
        .left_alone
        .iter()
        .map(|(kind, name)| json!({ "kind": kind, "name": name }));
    let document = json!({
        "tenant": tenant,
        "url": url,
        "applied": outcome.tried && outcome.failure.is_none(),
        "steps": steps.collect::<Vec<Value>>(),
        "unchanged": plan.unchanged,
        "leftAlone": left_alone.collect::<Vec<Value>>(),
        "error": outcome.failure.map(|error| format!("{error:#}")),
    });
    format!("{document}\n")
}
