//! The integration tests: one binary, one module a subject.

mod architecture;
mod app;
mod crash;
mod harness;
