//! The integration tests: one binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on panics"
)]

mod app;
mod architecture;
mod cli;
mod clients;
mod crash;
mod discovery;
mod forge;
mod harness;
mod network;
mod pipelines;
mod program;
mod pty;
mod readme;
