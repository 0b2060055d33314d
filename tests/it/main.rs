//! The integration tests: one binary, one module a subject.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on panics"
)]

mod architecture;
mod cli;
mod clients;
mod discovery;
mod forge;
mod program;
mod pty;
mod readme;
