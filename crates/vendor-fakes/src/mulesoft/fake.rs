//! An Anypoint that runs.

use std::collections::BTreeMap;
use std::io;
use std::ops::Deref;

use serde_json::json;

use super::{MuleSoft, Options};
use crate::control::Controlled;
use crate::running::Running;
use crate::stage::Stage;
use crate::told::Told;

/// A running fake Anypoint.
pub struct Fake {
    running: Running,
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
            running: Running::start("mulesoft", Self::on_stage(options).await?).await?,
        })
    }

    /// Starts it for a control listener that it shares with other vendors.
    pub async fn on_stage(options: Options) -> io::Result<Controlled> {
        let (admin, proxy) = (options.admin, options.proxy);
        let clock = options.clock.clone();
        let fault_seed = options.fault_seed;
        let stage = Stage::new(Box::new(MuleSoft::new(options.clone())), clock, fault_seed);
        Controlled::start(stage, "", [admin, proxy], |url| told(&options, url)).await
    }
}

fn told(options: &Options, admin: &str) -> Told {
    Told {
        vendor: "MULESOFT",
        name: "MuleSoft",
        settings: json!({
            "rootOrganizationId": options.root_organization, "organizationId": options.organization,
            "environmentId": options.environment, "url": admin,
        }),
        credentials: json!({ "clientId": options.client_id, "clientSecret": options.client_secret }),
        scopes: BTreeMap::from([
            ("orders", "20000001"),
            ("payments", "20000002:301"),
            ("translation", "20000005"),
        ]),
        key_field: "client_id",
        path_prefix: "/",
    }
}
