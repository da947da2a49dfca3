//! Bringing news to a gateway, in whatever process it runs.

use std::sync::Arc;
use std::time::Duration;

use gatewright_gateway::Gateway;
use gatewright_snapshot::AccessChange;
use gatewright_snapshot::protocol::News;

type BoxFuture = std::pin::Pin<Box<dyn Future<Output = ()> + Send>>;

/// How long a core may take before the log says so; one that takes longer does not answer callers either.
const PATIENCE: Duration = Duration::from_secs(10);

/// Every change of access among these news, in order.
pub fn changes<'n>(news: impl Iterator<Item = &'n News>) -> Vec<AccessChange> {
    let changes = news.filter_map(|one| match one {
        News::Access { changes, .. } => Some(changes),
        _ => None,
    });
    changes.flatten().cloned().collect()
}

/// Hands changes to every core as they come, whoever tells of them; nothing is acknowledged by that.
pub fn ahead(gateway: &Arc<Gateway>) -> impl Fn(Vec<AccessChange>) -> BoxFuture + use<> {
    let gateway = Arc::clone(gateway);
    move |changes| {
        let gateway = Arc::clone(&gateway);
        Box::pin(async move { gateway.apply(changes.into()).await })
    }
}

/// Returns when every core has taken the changes in, however long that takes: until then it must not be said.
pub async fn access(gateway: &Arc<Gateway>, changes: Vec<AccessChange>) {
    if changes.is_empty() {
        return;
    }
    // On a task of its own: given up half-way, it would leave cores untold that do answer callers.
    let gateway = Arc::clone(gateway);
    let mut applying = tokio::spawn(async move { gateway.apply(changes.into()).await });
    while tokio::time::timeout(PATIENCE, &mut applying).await.is_err() {
        tracing::error!("a core of the gateway does not take in who is admitted");
    }
}
