//! The whole program through its public surfaces: one binary, a file per behavior.

mod hammer;
mod main_job;
mod program;
mod rotation;
mod scene;
mod walls;
