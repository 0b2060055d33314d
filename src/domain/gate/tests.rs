//! One table of cases per gate kind.

mod checklist;
mod command;
mod depends;
mod earliest;
mod fits;
mod forge;
mod fresh;
mod golden;
mod health;
mod hold;
mod judge;
mod manual;
mod path;
mod pipeline;
mod review;
mod sign_off;
mod soak;
mod window;
