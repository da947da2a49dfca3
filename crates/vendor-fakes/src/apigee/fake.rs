//! An Apigee that runs.

use std::collections::BTreeMap;
use std::io;
use std::ops::Deref;

use serde_json::{Value, json};

use super::{Apigee, Options, token};
use crate::control::Controlled;
use crate::running::Running;
use crate::stage::Stage;
use crate::told::Told;

/// A running fake Apigee.
pub struct Fake {
    running: Running,
    organization: String,
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
            organization: options.organization.clone(),
            running: Running::start("apigee", Self::on_stage(options).await?).await?,
        })
    }

    /// Starts it for a control listener that it shares with other vendors.
    pub async fn on_stage(options: Options) -> io::Result<Controlled> {
        let (admin, proxy) = (options.admin, options.proxy);
        let (clock, fault_seed) = (options.clock.clone(), options.fault_seed);
        let organization = options.organization.clone();
        let apigee = Apigee::new(options, clock.now_ms());
        let stage = Stage::new(Box::new(apigee), clock, fault_seed);
        Controlled::start(stage, "", [admin, proxy], |url| told(&organization, url)).await
    }

    /// The organization's name.
    pub fn organization(&self) -> &str {
        &self.organization
    }

    /// Where the organization is: `http://127.0.0.1:port/v1/organizations/{organization}`.
    pub fn organization_url(&self) -> String {
        format!("{}/v1/organizations/{}", self.admin_url(), self.organization)
    }

    /// Where tokens are given.
    pub fn token_url(&self) -> String {
        format!("{}{}", self.admin_url(), token::PATH)
    }

    /// The key of the one service account that it knows, as Google Cloud hands it out. The same for every fake of a process.
    pub fn service_account_key(&self) -> Value {
        token::service_account()
    }
}

fn told(organization: &str, admin: &str) -> Told {
    Told {
        vendor: "APIGEE",
        name: "Apigee",
        settings: json!({ "organization": organization, "url": admin, "tokenUrl": format!("{admin}{}", token::PATH) }),
        credentials: json!({ "serviceAccountKey": token::service_account() }),
        scopes: BTreeMap::from([
            ("orders", "prod-orders"),
            ("payments", "prod-payments"),
            ("translation", "prod-translation"),
        ]),
        key_field: "x-apikey",
        path_prefix: "/",
    }
}
