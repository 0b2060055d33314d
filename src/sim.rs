//! A simulated forge: real HTTP on loopback, strict as the real one, moving with time.
//!
//! It names nothing of the rest of the program: client and simulator must not share a mistake.

pub mod act;
pub mod clock;
pub mod faults;
pub mod graphql;
pub mod model;
pub mod script;
pub mod shared;
pub mod world;

pub use world::World;
