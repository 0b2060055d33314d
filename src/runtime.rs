//! The runtime: the loop around `update`, and everything that touches the world: clock, tasks,
//! terminal, signals, files of ours.
//!
//! It decides nothing about releases. The board's loop lives in `runtime/board.rs`, the command
//! line's in `runtime/headless.rs`; both execute the same effects.

pub mod board;
pub mod cache;
pub mod clock;
pub mod connect;
#[cfg(test)]
mod evenings;
pub mod execute;
pub mod headless;
mod input;
pub mod log;
mod logs;
pub mod looks;
mod notify;
pub mod plain;
mod pointer;
mod probe;
pub mod seconds;
pub mod session;
pub mod signals;
mod spool;
pub mod tasks;
pub mod terminal;
mod waiting;
pub mod watch;
