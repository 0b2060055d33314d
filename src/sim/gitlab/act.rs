//! What people do to a GitLab project: each act checks, changes the state and says what came of it.

use std::sync::Arc;

use super::{
    answer::{forbidden, not_found},
    ask::Done,
    words::level,
};
use crate::sim::model::{Permission, Repo, State, Token};

pub mod change;
pub mod deploy;
pub mod pipeline;
pub mod publish;

impl State {
    /// The project of an act as it is before it, if the person's role suffices.
    fn for_act(&self, token: &Token, repo: u64, needed: Permission) -> Done<Arc<Repo>> {
        let found = self.repo_by_id(repo).cloned();
        let found = found.ok_or_else(|| not_found("Project"))?;
        if level(token.permission) < level(needed) || found.archived {
            return Err(forbidden(""));
        }
        Ok(found)
    }
}
