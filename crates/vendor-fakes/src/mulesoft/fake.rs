//! An Anypoint that runs.

use std::io;
use std::ops::Deref;

use super::{MuleSoft, Options};
use crate::control::Controlled;
use crate::running::Running;
use crate::stage::Stage;

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
        let stage = Stage::new(Box::new(MuleSoft::new(options)), clock, fault_seed);
        Controlled::start(stage, "", admin, proxy).await
    }
}
