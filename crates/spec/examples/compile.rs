//! What compiling a description takes: `cargo run --release -p gatewright-spec --example compile -- FILE…`

use std::time::Instant;

use gatewright_spec::compile::{RemoteDocuments, Source, compile};
use gatewright_spec::model::Severity;

#[expect(clippy::print_stdout, reason = "it is what this program is for")]
fn main() {
    for file in std::env::args().skip(1) {
        let bytes = std::fs::read(&file).expect("the file is there");
        let start = Instant::now();
        let source = Source {
            bytes: &bytes,
            url: None,
        };
        let compiled = compile(&source, &RemoteDocuments::default());
        let took = start.elapsed().as_millis();
        let findings = match &compiled {
            Ok(compiled) => &compiled.findings,
            Err(findings) => findings,
        };
        let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
        println!(
            "{file}: {} bytes, {took} ms, peak {} MiB",
            bytes.len(),
            peak_mebibytes()
        );
        println!(
            "  findings: {} errors, {} warnings, {} hints",
            count(Severity::Error),
            count(Severity::Warning),
            count(Severity::Hint)
        );
        if std::env::var_os("FINDINGS").is_some() {
            for finding in findings {
                println!(
                    "    {} {} {}:{} {} {}",
                    finding.severity,
                    finding.rule,
                    finding.line.unwrap_or_default(),
                    finding.column.unwrap_or_default(),
                    finding.pointer,
                    finding.message
                );
            }
        }
        let Ok(compiled) = compiled else { continue };
        let reference = &compiled.reference;
        let sizes = |values: Vec<usize>| {
            let mut values = values;
            values.sort_unstable();
            let at = |part: usize| {
                values
                    .get(values.len().saturating_sub(1) * part / 100)
                    .copied()
                    .unwrap_or_default()
            };
            format!(
                "{}, p50 {} p90 {} p99 {} most {} all {}",
                values.len(),
                at(50),
                at(90),
                at(99),
                at(100),
                values.iter().sum::<usize>()
            )
        };
        let length = |json: serde_json::Result<String>| json.expect("it can be written").len();
        println!("  document: {} bytes", compiled.document.len());
        println!(
            "  operations: {}",
            sizes(
                reference
                    .operations
                    .iter()
                    .map(|one| length(serde_json::to_string(one)))
                    .collect()
            )
        );
        println!(
            "  schemas: {}",
            sizes(
                reference
                    .schemas
                    .iter()
                    .map(|one| length(serde_json::to_string(one)))
                    .collect()
            )
        );
        if let Some(slug) = std::env::var_os("SHOW") {
            let shown = reference
                .operations
                .iter()
                .find(|operation| *operation.link.slug == *slug);
            println!("{}", serde_json::to_string_pretty(&shown).expect("it can be written"));
        }
    }
}

/// The most memory that this process had (proc_pid_status(5)).
fn peak_mebibytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kibibytes.unwrap_or_default() / 1024
}
