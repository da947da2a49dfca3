//! The job queue: what is promised of one job, and of many workers.

mod killed;
mod life;
mod scene;
mod workers;
