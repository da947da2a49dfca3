//! The parts that a process puts together; each is started, and stopped in good order, by itself.

pub mod control;
pub mod gateway;
pub mod metrics;
pub mod worker;
