//! Who the node is: let in once, remembered in a file that only its user reads.

use std::path::Path;

use anyhow::{Context, bail};
use gatewright_snapshot::protocol::Enrollment;
use gatewright_types::ids::NodeId;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::json;

use super::control::ControlPlane;
use super::files;

/// Where it is kept.
const FILE: &str = "identity.json";

/// A node's name and right.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Identity {
    pub(super) node_id: NodeId,
    token: SecretString,
}

/// The identity on disk; where there is none, the code is exchanged for one.
pub(super) async fn load_or_enroll(
    folder: &Path,
    url: &str,
    ca_file: Option<&Path>,
    code: Option<&SecretString>,
    addr: &str,
) -> anyhow::Result<(ControlPlane, Identity)> {
    let control = ControlPlane::new(url, ca_file)?;
    let path = folder.join(FILE);
    let identity = match std::fs::read(&path) {
        Ok(bytes) => {
            // The error's text is dropped: it could quote the token.
            let identity: Option<Identity> = serde_json::from_slice(&bytes).ok();
            identity.with_context(|| format!("{}: no identity of a node; remove it and enroll anew", path.display()))?
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => enroll(&control, &path, code, addr).await?,
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    control.sign_in(identity.token.clone());
    Ok((control, identity))
}

async fn enroll(
    control: &ControlPlane,
    path: &Path,
    code: Option<&SecretString>,
    addr: &str,
) -> anyhow::Result<Identity> {
    let Some(code) = code else {
        bail!("enrollment_code: this node was not let in yet; POST /api/v1/nodes/enrollment-codes makes a code");
    };
    let enrollment = Enrollment {
        code: code.expose_secret().to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        addr: addr.to_owned(),
    };
    let enrolled = control.enroll(&enrollment).await.context("enrollment_code")?;
    let kept = json!({ "nodeId": enrolled.node_id, "token": enrolled.token.expose_secret() });
    files::write_private(path, kept.to_string().as_bytes()).with_context(|| path.display().to_string())?;
    tracing::info!(node.id = %enrolled.node_id, "the node was let in");
    Ok(Identity {
        node_id: enrolled.node_id,
        token: enrolled.token,
    })
}
