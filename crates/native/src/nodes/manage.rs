//! Looking at nodes, and shutting them out.

use chrono::{DateTime, TimeDelta, Utc};
use gatewright_database::{Caller, Origin, Page, PageRequest, SystemUse};
use gatewright_snapshot::protocol::{AWAY_AFTER_MS, News};
use gatewright_types::access::NodeState;
use gatewright_types::ids::NodeId;
use serde_json::json;

use super::Nodes;
use crate::model::{Node, NodeAnswer};
use crate::{NativeError, store};

impl Nodes {
    /// A page of nodes.
    pub async fn list(&self, request: PageRequest) -> Result<Page<Node>, NativeError> {
        let mut tx = self.database.system(SystemUse::FollowNodes).await?;
        let rows = store::nodes::list(&mut tx, request, self.away_before()).await?;
        tx.close().await?;
        Ok(Page::from_rows(rows, request))
    }

    /// Tells a node to finish what is under way and end; returns how it answered.
    pub async fn drain(&self, by: (Caller, Origin), id: NodeId) -> Result<(Node, Option<NodeAnswer>), NativeError> {
        self.move_to(by, id, NodeState::Draining).await
    }

    /// Shuts a node out for ever: it admits nobody any more. Returns how it answered.
    pub async fn revoke(&self, by: (Caller, Origin), id: NodeId) -> Result<(Node, Option<NodeAnswer>), NativeError> {
        self.move_to(by, id, NodeState::Revoked).await
    }

    async fn move_to(
        &self,
        (caller, origin): (Caller, Origin),
        node_id: NodeId,
        state: NodeState,
    ) -> Result<(Node, Option<NodeAnswer>), NativeError> {
        let mut tx = self.database.system(SystemUse::ManageNodes).await?;
        tx.came_from(origin);
        let found = store::nodes::find(&mut tx, node_id, self.away_before()).await?;
        let before = found.ok_or_else(|| NativeError::not_found("node", node_id))?;
        if before.in_process {
            return Err(NativeError::InUse(
                "the node is part of a control plane's process: end that process",
            ));
        }
        let news = vec![News::Node { seq: 0, node_id, state }];
        // Before it counts as revoked, so that it is among those who are waited for.
        let written = store::news::insert(&mut tx, self.database.clock().now(), &news).await?;
        if !store::nodes::set_state(&mut tx, node_id, state).await? {
            return Err(NativeError::InUse("the node is revoked for ever"));
        }
        let node = store::nodes::find(&mut tx, node_id, self.away_before()).await?;
        let node = node.ok_or_else(|| NativeError::not_found("node", node_id))?;
        let name = match state {
            NodeState::Revoked => "node.revoked",
            _ => "node.drained",
        };
        let (before, after) = (json!({ "state": before.state }), json!({ "state": state }));
        tx.installation_changed(&self.database, &caller, name, node_id, &before, &after)
            .await?;
        tx.commit().await?;
        tracing::info!(node.id = %node_id, node.state = state.as_str(), "a node was moved");
        let answers = self.tell(written, news, Some(node_id)).await;
        Ok((node, answers.into_iter().next()))
    }

    fn away_before(&self) -> DateTime<Utc> {
        self.database.clock().now() - TimeDelta::milliseconds(AWAY_AFTER_MS)
    }
}
