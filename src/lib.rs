//! gonogo
pub mod sim;
