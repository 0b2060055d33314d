#![doc = include_str!("ARCHITECTURE.md")]

pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod forge;
pub mod journal;
pub mod runtime;
pub mod sim;
pub mod ui;
