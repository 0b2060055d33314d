//! Keys in, screen out: operators at their boards, against the simulator over HTTP.

mod acts;
mod ambiguous;
mod auto;
mod controls;
mod forges;
mod gates;
mod logs;
mod moving;
mod operators;
mod promote;
mod refusals;
mod releases;
mod trouble;
