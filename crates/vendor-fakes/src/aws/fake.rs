//! An AWS account that runs.

use std::collections::BTreeMap;
use std::io;
use std::ops::Deref;

use serde_json::json;

use super::{Aws, Options};
use crate::control::Controlled;
use crate::running::Running;
use crate::stage::Stage;
use crate::told::Told;

/// A running fake AWS account, in one region.
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
        let controlled = Self::on_stage(options).await?;
        Ok(Self {
            running: Running::start("aws", controlled).await?,
        })
    }

    /// Starts it for a control listener that it shares with other vendors.
    pub async fn on_stage(options: Options) -> io::Result<Controlled> {
        let (admin, proxy) = (options.admin, options.proxy);
        let clock = options.clock.clone();
        let fault_seed = options.fault_seed;
        let aws = Aws::new(options.clone(), clock.now_ms());
        let stage = Stage::new(Box::new(aws), clock, fault_seed);
        Controlled::start(stage, "", [admin, proxy], |url| told(&options, url)).await
    }
}

fn told(options: &Options, admin: &str) -> Told {
    Told {
        vendor: "AWS_API_GATEWAY",
        name: "AWS API Gateway",
        settings: json!({ "region": options.region, "url": admin, "stsUrl": admin }),
        credentials: json!({ "accessKeyId": options.access_key_id, "secretAccessKey": options.secret_access_key }),
        scopes: BTreeMap::from([("orders", "plan01"), ("payments", "plan02"), ("translation", "plan05")]),
        key_field: "x-api-key",
        path_prefix: "/",
    }
}
