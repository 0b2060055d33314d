//! The one state: the engine, which both faces share, and the interface, which only the terminal
//! has.

use jiff::Timestamp;

use super::engine::Engine;
use super::interface::Interface;

/// Everything that the program knows.
#[derive(Debug)]
pub struct State {
    /// The instant of the message being handled; the only clock that anything in `app` sees.
    pub now: Timestamp,
    pub engine: Engine,
    pub interface: Interface,
    /// Set by `update` whenever the picture may have changed; the runtime draws and clears it.
    pub dirty: bool,
}
