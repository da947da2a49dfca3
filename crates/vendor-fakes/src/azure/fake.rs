//! A service that runs.

use std::collections::BTreeMap;
use std::io;
use std::ops::Deref;

use serde_json::json;

use super::{Azure, Options, base_path};
use crate::control::Controlled;
use crate::running::Running;
use crate::stage::Stage;
use crate::told::Told;

/// A running fake Azure API Management.
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
            running: Running::start("azure", Self::on_stage(options.clone()).await?).await?,
            options,
        })
    }

    /// Starts it for a control listener that it shares with other vendors.
    pub async fn on_stage(options: Options) -> io::Result<Controlled> {
        let (admin, proxy) = (options.admin, options.proxy);
        let clock = options.clock.clone();
        let fault_seed = options.fault_seed;
        let base = base_path(&options);
        let stage = Stage::new(Box::new(Azure::new(options.clone())), clock, fault_seed);
        Controlled::start(stage, &base, [admin, proxy], |url| told(&options, url)).await
    }

    /// Where the service is: `http://127.0.0.1:port/subscriptions/…/service/…`.
    pub fn base_url(&self) -> String {
        format!("{}{}", self.admin_url(), base_path(&self.options))
    }

    /// How it was made.
    pub fn options(&self) -> &Options {
        &self.options
    }
}

fn told(options: &Options, admin: &str) -> Told {
    let (id, secret) = options.client.clone().unwrap_or_else(|| {
        // It lets everybody in.
        (
            "0a20c11e-0000-4000-8000-000000000001".to_owned(),
            "any-secret-of-the-demo".to_owned(),
        )
    });
    Told {
        vendor: "AZURE_API_MANAGEMENT",
        name: "Azure API Management",
        settings: json!({
            "subscriptionId": options.subscription_id, "resourceGroup": options.resource_group,
            "serviceName": options.service_name, "tenantId": options.tenant_id, "url": admin, "loginUrl": admin,
        }),
        credentials: json!({ "clientId": id, "clientSecret": secret }),
        scopes: BTreeMap::from([
            ("orders", "prod-orders"),
            ("payments", "prod-payments"),
            ("translation", "prod-translation"),
        ]),
        key_field: "Ocp-Apim-Subscription-Key",
        path_prefix: "/",
    }
}
