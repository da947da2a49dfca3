//! `/console/docs/{id}/revisions/{revision}`: what was found in a document, and what changed.

use axum::extract::Path;
use axum::response::Response;
use gatewright_spec::diff::{Change, Difference, Differing};
use gatewright_spec::model::{Finding, Severity};
use maud::{Markup, html};

use super::model::{Progress, Revision};
use super::{PATH, SPECS, watching};
use crate::console::{operator, page};
use crate::failure::Failure;
use crate::icons::icon;
use crate::layout::About;
use crate::parts::{moment, state_badge, words};
use crate::visit::{Visit, segment};

pub(super) async fn show(visit: Visit, Path((id, revision)): Path<(String, String)>) -> Result<Response, Failure> {
    let account = operator(&visit).await?;
    let path = format!("{SPECS}/{}/revisions/{}", segment(&id)?, segment(&revision)?);
    let revision: Revision = visit.get(&path).await?;
    let summary = &revision.summary;
    let title = format!(
        "Revision {} of {}",
        summary.number,
        if summary.title.is_empty() {
            "a description"
        } else {
            &summary.title
        }
    );
    let about = About {
        title: &title,
        ..About::default()
    };
    let content = html! {
        p { a href={ (PATH) "/" (id) } { "Back to the description" } @if revision.has_document { " · " a href=(format!("{path}/document")) { "The document" } } }
        section.panel {
            header { div { h2 { "Import " (state_badge(&summary.state)) } p { (words(&summary.cause)) ", " (moment(Some(summary.created_at))) } } }
            div.body { (steps(&revision.steps)) }
        }
        section.panel {
            header { div { h2 { "Findings" } p { "Errors keep a document from being published; the rest is worth a look." } } }
            (findings(&revision.findings, summary.findings_total))
        }
        @if let Some(diff) = &revision.diff {
            section.panel {
                header { div {
                    h2 { "Changes " @if diff.breaking { span.badge.bad { "Breaking" } } }
                    p { "Against the revision that was published before." }
                } }
                @if diff.is_empty() { div.empty { "None that a reader would notice." } }
                @if !diff.overview.is_empty() { div.body { (changes(&diff.overview)) } }
                (differing("Operations", &diff.operations))
                (differing("Schemas", &diff.schemas))
                @if diff.left_out > 0 { div.body { p { "And " (diff.left_out) " more." } } }
            }
        }
    };
    let going_on = summary.state == "IMPORTING";
    Ok(watching(page(&visit, &account, about, &content), going_on))
}

/// The steps of an import and how far each is.
pub(super) fn steps(steps: &[Progress]) -> Markup {
    html! {
        @if !steps.is_empty() {
            ol.progress { @for one in steps {
                li aria-current=[one.ended_at.is_none().then_some("step")] {
                    @if one.ended_at.is_some() { (icon("check")) }
                    span {
                        (words(&one.step))
                        @if one.done > 0 || one.total.is_some_and(|total| total > 0) {
                            span.soft { " " (one.done) @if let Some(total) = one.total { " of " (total) } }
                        }
                    }
                    @if one.ended_at.is_none() { progress max=[one.total.filter(|total| *total > 0)] value=[one.total.filter(|total| *total > 0).map(|_| one.done)] {} }
                }
            } }
        }
    }
}

/// What was found, each with its place.
pub(super) fn findings(found: &[Finding], total: i32) -> Markup {
    html! {
        @if found.is_empty() { div.empty { "Nothing was found." } }
        ul.list { @for one in found { (finding(one)) } }
        @if i64::from(total) > i64::try_from(found.len()).unwrap_or(i64::MAX) {
            div.body { p.soft { "These are the first of " (total) "." } }
        }
    }
}

fn finding(finding: &Finding) -> Markup {
    let kind = match finding.severity {
        Severity::Error => "bad",
        Severity::Warning => "warn",
        Severity::Hint => "",
    };
    html! {
        li { div.what {
            span {
                span class={ "badge " (kind) } { (words(finding.severity.as_str())) }
                @if let Some(line) = finding.line { " line " (line) @if let Some(column) = finding.column { ", column " (column) } }
            }
            span { (finding.message) }
            span.soft { code { (finding.pointer) } " " (finding.rule) }
        } }
    }
}

fn differing(title: &str, items: &[Differing]) -> Markup {
    html! {
        @if !items.is_empty() {
            div.body { h3 { (title) } }
            ul.list { @for one in items {
                li { div.what {
                    span {
                        span class={ "badge " (match one.difference { Difference::Added => "good", Difference::Removed => "bad", Difference::Changed => "" }) } { (words(one.difference.as_str())) }
                        " " code { (one.name) }
                        @if one.breaking { " " span.badge.bad { "Breaking" } }
                    }
                    (changes(&one.changes))
                } }
            } }
        }
    }
}

fn changes(changes: &[Change]) -> Markup {
    html! {
        @if !changes.is_empty() {
            ul { @for one in changes {
                li {
                    @if !one.place.is_empty() { (one.place) ": " }
                    (one.words)
                    @if one.breaking { " " span.badge.bad { "Breaking" } }
                }
            } }
        }
    }
}
