//! An AWS account that runs.

use std::io;
use std::ops::Deref;

use super::{Aws, Options};
use crate::control::Controlled;
use crate::running::Running;
use crate::stage::Stage;

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
        let aws = Aws::new(options, clock.now_ms());
        Controlled::start(Stage::new(Box::new(aws), clock, fault_seed), "", admin, proxy).await
    }
}
