//! One table of cases per gate kind.

mod earliest;
mod forge;
mod fresh;
mod hold;
mod judge;
mod manual;
mod path;
mod pipeline;
mod review;
mod sign_off;
mod soak;
mod window;
