//! One table of cases per gate kind.

mod blocker;
mod checklist;
mod command;
mod depends;
mod earliest;
mod explained;
mod fits;
mod forge;
mod four_eyes;
mod fresh;
mod golden;
mod health;
mod hold;
mod judge;
mod manual;
mod overridden;
mod parity;
mod path;
mod pipeline;
mod quality;
mod release;
mod review;
mod risk;
mod sign_off;
mod soak;
mod window;
