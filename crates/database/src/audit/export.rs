//! The audit log as a file, a page at a time, so that a long one needs no more memory than a short one.

use gatewright_types::text_enum;
use serde_json::json;
use uuid::Uuid;

use super::list::{AuditFilter, list};
use crate::csv;
use crate::page::PAGE_MAX;
use crate::{DatabaseError, PageRequest, TenantTx};

text_enum! {
    /// How a file is written.
    pub enum ExportFormat {
        /// RFC 4180, with a line of names; safe to open in a spreadsheet.
        Csv = "CSV",
        /// One JSON object per line, as the API shows it.
        Ndjson = "NDJSON",
    }
}

impl ExportFormat {
    /// Its media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
        }
    }
}

/// The columns of a CSV file.
const COLUMNS: [&str; 15] = [
    "occurredAt",
    "id",
    "sequence",
    "actorKind",
    "actorId",
    "tokenId",
    "sessionId",
    "peerAddress",
    "requestId",
    "action",
    "resourceId",
    "outcome",
    "problemCode",
    "changes",
    "detail",
];

/// A file under way, newest row first.
#[derive(Debug)]
pub struct Export {
    filter: AuditFilter,
    format: ExportFormat,
    next: Next,
}

#[derive(Debug)]
enum Next {
    Beginning,
    After(Uuid),
    End,
}

impl Export {
    /// Begins a file, which is itself noted in the audit log.
    pub fn begin(tx: &mut TenantTx, mut filter: AuditFilter, format: ExportFormat) -> Self {
        // What happens meanwhile belongs to the next file.
        filter.to = Some(filter.to.unwrap_or_else(|| tx.now()));
        let detail = json!({
            "format": format,
            "actorId": filter.actor_id,
            "action": filter.action,
            "resourceId": filter.resource_id,
            "outcome": filter.outcome,
            "from": filter.from,
            "to": filter.to,
        });
        let tenant_id = tx.tenant_id();
        tx.happened("audit", "audit.exported", tenant_id, detail);
        Self {
            filter,
            format,
            next: Next::Beginning,
        }
    }

    /// The next piece of the file; none when it has ended.
    pub async fn next(&mut self, tx: &mut TenantTx) -> Result<Option<String>, DatabaseError> {
        let mut text = String::new();
        let after = match self.next {
            Next::End => return Ok(None),
            Next::After(after) => Some(after),
            Next::Beginning => {
                if self.format == ExportFormat::Csv {
                    csv::head(&mut text, &COLUMNS);
                }
                None
            }
        };
        let page = list(tx, &self.filter, PageRequest { after, limit: PAGE_MAX }).await?;
        for event in &page.items {
            match self.format {
                ExportFormat::Csv => csv::row(&mut text, &COLUMNS, &json!(event)),
                ExportFormat::Ndjson => {
                    text.push_str(&json!(event).to_string());
                    text.push('\n');
                }
            }
        }
        self.next = match page.items.last() {
            Some(last) if page.more => Next::After(last.id.uuid()),
            _ => Next::End,
        };
        Ok(Some(text))
    }
}
