use chrono::{DateTime, Utc};
use gatewright_database::SystemTx;
use gatewright_snapshot::protocol::News;
use gatewright_types::ids::NodeId;
use serde_json::{Value, json};
use sqlx::PgConnection;

/// How far the news are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Position {
    pub(crate) seq: u64,
    pub(crate) configuration: u64,
}

pub(crate) async fn position(tx: &mut SystemTx) -> Result<Position, sqlx::Error> {
    let row = sqlx::query!("SELECT seq, configuration FROM node_news_position")
        .fetch_one(&mut **tx)
        .await?;
    Ok(Position {
        seq: unsigned(row.seq),
        configuration: unsigned(row.configuration),
    })
}

/// News that were written, and who was there then.
pub(crate) struct Written {
    pub(crate) last: u64,
    /// Nodes that are not revoked, and when each was last heard of.
    pub(crate) nodes: Vec<(NodeId, DateTime<Utc>)>,
}

/// Writes news, in this order, and wakes the other control planes when the transaction commits.
///
/// Holds the row of the position from here to the end, so it comes last.
pub(crate) async fn insert(tx: &mut SystemTx, now: DateTime<Utc>, news: &[News]) -> Result<Written, sqlx::Error> {
    let (kinds, payloads): (Vec<String>, Vec<Value>) = news.iter().map(to_row).unzip();
    let count = i64::try_from(news.len()).unwrap_or(i64::MAX);
    let ends_with_configuration = matches!(news.last(), Some(News::Configuration { .. }));
    let row = sqlx::query!(
        r#"WITH position AS (
             UPDATE node_news_position
             SET seq = seq + $1, configuration = CASE WHEN $2 THEN seq + $1 ELSE configuration END
             RETURNING seq
           ), written AS (
             INSERT INTO node_news (seq, created_at, kind, payload)
             SELECT position.seq - $1 + news.place, $3, news.kind, news.payload
             FROM position, UNNEST($4::text[], $5::jsonb[]) WITH ORDINALITY AS news (kind, payload, place)
           )
           SELECT position.seq AS "last!", pg_notify('gatewright_news', '')::text AS notified,
             ARRAY(SELECT id FROM nodes WHERE state <> 'REVOKED' ORDER BY id) AS "ids!: Vec<NodeId>",
             ARRAY(SELECT last_seen_at FROM nodes WHERE state <> 'REVOKED' ORDER BY id) AS "seen!: Vec<DateTime<Utc>>"
           FROM position"#,
        count,
        ends_with_configuration,
        now,
        &kinds,
        &payloads,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(Written {
        last: unsigned(row.last),
        nodes: row.ids.into_iter().zip(row.seen).collect(),
    })
}

/// What follows a position, in order.
pub(crate) async fn after(tx: &mut SystemTx, position: u64, limit: i64) -> Result<Vec<News>, sqlx::Error> {
    let rows = sqlx::query!(
        "SELECT seq, kind, payload FROM node_news WHERE seq > $1 ORDER BY seq LIMIT $2",
        i64::try_from(position).unwrap_or(i64::MAX),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| from_row(unsigned(row.seq), &row.kind, row.payload))
        .collect())
}

/// Removes what was written before `before`.
pub(crate) async fn forget(connection: &mut PgConnection, before: DateTime<Utc>) -> Result<u64, sqlx::Error> {
    let result = sqlx::query!("DELETE FROM node_news WHERE created_at < $1", before)
        .execute(connection)
        .await?;
    Ok(result.rows_affected())
}

fn to_row(news: &News) -> (String, Value) {
    let (kind, payload) = match news {
        News::Access { changes, .. } => ("ACCESS", json!(changes)),
        News::Node { node_id, state, .. } => ("NODE", json!({ "nodeId": node_id, "state": state })),
        News::Configuration { .. } | News::Start { .. } | News::Heartbeat { .. } => ("CONFIGURATION", json!({})),
    };
    (kind.to_owned(), payload)
}

fn from_row(seq: u64, kind: &str, payload: Value) -> News {
    let read = match kind {
        "ACCESS" => serde_json::from_value(payload).map(|changes| News::Access { seq, changes }),
        "NODE" => {
            #[derive(serde::Deserialize)]
            #[serde(rename_all = "camelCase")]
            struct Payload {
                node_id: NodeId,
                state: gatewright_types::access::NodeState,
            }
            serde_json::from_value(payload).map(|Payload { node_id, state }| News::Node { seq, node_id, state })
        }
        _ => Ok(News::Configuration { seq }),
    };
    read.unwrap_or_else(|error| {
        // Written by a newer program. Nodes must not go on as if nothing had been said.
        tracing::error!(%error, news.seq = seq, news.kind = kind, "news cannot be read; nodes start over");
        News::Start {
            position: seq,
            reset: true,
            state: gatewright_types::access::NodeState::Active,
        }
    })
}

pub(crate) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
