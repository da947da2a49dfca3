//! A Kong that runs.

use std::collections::BTreeMap;
use std::io;
use std::ops::Deref;

use serde_json::json;

use super::{Flavor, Kong, Options, base_path};
use crate::control::Controlled;
use crate::running::Running;
use crate::stage::Stage;
use crate::told::Told;

/// A running fake Kong.
pub struct Fake {
    running: Running,
    options: Options,
}

impl Deref for Fake {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

impl Fake {
    /// Starts it, with a control listener on a free port. Fails when an address cannot be bound.
    pub async fn start(options: Options) -> io::Result<Self> {
        Ok(Self {
            running: Running::start("kong", Self::on_stage(options.clone()).await?).await?,
            options,
        })
    }

    /// Starts it for a control listener that it shares with other vendors.
    pub async fn on_stage(options: Options) -> io::Result<Controlled> {
        let (admin, proxy) = (options.admin, options.proxy);
        let clock = options.clock.clone();
        let fault_seed = options.fault_seed;
        let base = base_path(&options);
        let kong = Kong::new(options.clone(), clock.now_ms());
        let stage = Stage::new(Box::new(kong), clock, fault_seed);
        Controlled::start(stage, &base, [admin, proxy], |url| told(&options, url)).await
    }

    /// What a connection is told: `http://127.0.0.1:port`, with Konnect's path or an Enterprise workspace.
    pub fn base_url(&self) -> String {
        format!("{}{}", self.admin_url(), base_path(&self.options))
    }
}

fn told(options: &Options, admin: &str) -> Told {
    let (settings, credentials) = match options.flavor {
        Flavor::Oss | Flavor::DbLess => (json!({ "flavor": "ADMIN_API", "url": admin }), json!({})),
        Flavor::Enterprise => (
            json!({ "flavor": "ADMIN_API", "url": admin, "workspace": options.workspace }),
            json!({ "bearer": options.token }),
        ),
        Flavor::Konnect => (
            json!({ "flavor": "KONNECT", "url": admin, "controlPlaneId": options.control_plane }),
            json!({ "bearer": options.token }),
        ),
    };
    Told {
        vendor: "KONG",
        name: "Kong",
        settings,
        credentials,
        scopes: BTreeMap::from([
            ("orders", "prod-orders"),
            ("payments", "prod-payments"),
            ("translation", "prod-translation"),
        ]),
        key_field: "apikey",
        path_prefix: "/",
    }
}
