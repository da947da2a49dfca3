pub(super) mod create_enrollment_code;
pub(super) mod drain_node;
pub(super) mod list_nodes;
pub(super) mod revoke_node;

use gatewright_native::model::{Node, NodeAnswer};
use serde::Serialize;
use utoipa::ToSchema;

/// A node that was told where it stands, and when it said so.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ToldNode {
    #[serde(flatten)]
    node: Node,
    /// After how many milliseconds it had acknowledged; null when it had not within a second.
    acknowledged_ms: Option<f64>,
}

impl ToldNode {
    fn new((node, answer): (Node, Option<NodeAnswer>)) -> Self {
        Self {
            node,
            acknowledged_ms: answer.and_then(|answer| answer.acknowledged_ms),
        }
    }
}
