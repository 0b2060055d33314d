//! GitLab's own face of the common model: REST v4 and GraphQL, its words and its errors.
//!
//! What moves a pipeline is in `script/pipeline.rs`; what connects this to sockets in
//! `server/gitlab.rs`.

pub mod act;
pub mod answer;
pub mod ask;
pub mod cron;
pub mod graphql;
pub mod page;
pub mod query;
pub mod reads;
pub mod route;
pub mod shape;
pub mod words;
pub mod writes;
