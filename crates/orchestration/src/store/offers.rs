use chrono::{DateTime, Utc};
use gatewright_connectors::model::{Offered, OfferedKind};
use gatewright_database::TenantTx;
use gatewright_types::ids::GatewayId;
use serde_json::{Value, json};

use crate::offers::Imported;

struct Row {
    kind: OfferedKind,
    remote_id: String,
    name: String,
    detail: Value,
    warnings: Value,
    imported_at: DateTime<Utc>,
}

fn texts(value: Value) -> Vec<String> {
    serde_json::from_value(value).unwrap_or_default()
}

impl From<Row> for Imported {
    fn from(row: Row) -> Self {
        Self {
            offered: Offered {
                kind: row.kind,
                remote_id: row.remote_id,
                name: row.name,
                detail: texts(row.detail),
                warnings: texts(row.warnings),
            },
            imported_at: row.imported_at,
        }
    }
}

/// What was imported of a gateway; [`crate::offers::OFFERS_MAX`] at most, because no more is ever offered at once.
pub(crate) async fn list(tx: &mut TenantTx, id: GatewayId) -> Result<Vec<Imported>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT kind AS "kind: _", remote_id, name, detail, warnings, imported_at
           FROM imported_offers WHERE tenant_id = $1 AND connection_id = $2 ORDER BY kind, remote_id"#,
        tx.tenant_id().uuid(),
        id.uuid(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Imported::from).collect())
}

pub(crate) async fn put(tx: &mut TenantTx, id: GatewayId, offered: &Offered) -> Result<(), sqlx::Error> {
    let now = tx.now();
    sqlx::query!(
        "INSERT INTO imported_offers (tenant_id, connection_id, kind, remote_id, name, detail, warnings, imported_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (tenant_id, connection_id, kind, remote_id) DO UPDATE SET name = $5, detail = $6, warnings = $7, imported_at = $8",
        tx.tenant_id().uuid(),
        id.uuid(),
        offered.kind.as_str(),
        offered.remote_id,
        offered.name,
        json!(offered.detail),
        json!(offered.warnings),
        now,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) async fn delete(tx: &mut TenantTx, id: GatewayId, offered: &Offered) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM imported_offers WHERE tenant_id = $1 AND connection_id = $2 AND kind = $3 AND remote_id = $4",
        tx.tenant_id().uuid(),
        id.uuid(),
        offered.kind.as_str(),
        offered.remote_id,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
