//! The application: state, messages, effects, and `update`, which is pure.
//!
//! Everything that can happen is a `Msg`, everything that is to be done an `Effect`. Nothing here
//! waits, reads a clock or draws; executing effects lives in `runtime`, drawing in `ui`.

pub mod command;
pub mod effect;
pub mod engine;
pub mod interface;
pub mod keymap;
pub mod msg;
pub mod plain;
pub mod plan;
pub mod request;
pub mod state;
pub mod status;
pub mod update;
pub mod view;

pub use effect::Effect;
pub use engine::Engine;
pub use interface::Interface;
pub use msg::Msg;
pub use state::State;
pub use update::update;
