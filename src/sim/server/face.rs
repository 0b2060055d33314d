//! What is a forge's own about an answer: its API's paths, its shapes, its words for no.
//!
//! Everything around it (log, faults, sockets, the clock) is the same for every flavor.

use std::sync::Arc;

use super::{
    Incoming, forgejo,
    github::{self, Github},
    gitlab::{self, Gitlab},
    reply::Reply,
};
use crate::sim::{
    faults::{Asked, Effect},
    model::Flavor,
    shared::Shared,
};

/// The API that a forge shows.
pub(super) enum Face {
    /// GitHub's, whether .com or Enterprise Server.
    Github(Box<Github>),
    /// Forgejo's and Gitea's.
    Forgejo,
    /// GitLab's.
    Gitlab(Box<Gitlab>),
}

impl Face {
    /// The face of a flavor.
    pub fn of(flavor: Flavor) -> Self {
        match flavor {
            Flavor::Dotcom | Flavor::Ghes => Self::Github(Box::default()),
            Flavor::Forgejo | Flavor::ForgejoTasks | Flavor::Gitea => Self::Forgejo,
            Flavor::Gitlab => Self::Gitlab(Box::default()),
        }
    }

    /// A path without the API's own beginning, as fault matchers have it.
    pub fn path<'p>(&self, path: &'p str) -> &'p str {
        match self {
            Self::Github(_) => github::Api::of(path).path(),
            Self::Forgejo => crate::sim::forgejo::inside(path),
            Self::Gitlab(_) => gitlab::path(path),
        }
    }

    /// Says whether documents are asked there.
    pub fn is_graphql(&self, path: &str) -> bool {
        match self {
            Self::Github(_) => matches!(github::Api::of(path), github::Api::Graphql),
            Self::Forgejo => false,
            Self::Gitlab(_) => gitlab::is_graphql(path),
        }
    }

    /// What a healthy forge answers; `path` is without the folder that it is installed in.
    pub async fn answer(
        &self,
        shared: &Arc<Shared>,
        incoming: &Incoming,
        asked: Asked<'_>,
        path: &str,
    ) -> Reply {
        match self {
            Self::Github(it) => it.answer(shared, incoming, asked).await,
            Self::Forgejo => forgejo::answer(shared, incoming, asked),
            Self::Gitlab(it) => it.answer(shared, incoming, asked, path).await,
        }
    }

    /// How it says no when a fault wants it to; `None` when the fault does not apply.
    pub fn refusal(
        &self,
        shared: &Arc<Shared>,
        incoming: &Incoming,
        effect: &Effect,
    ) -> Option<Reply> {
        match self {
            Self::Github(_) => github::refusal(shared, incoming, effect),
            Self::Forgejo => forgejo::refusal(shared, effect),
            Self::Gitlab(_) => gitlab::refusal(shared, incoming, effect),
        }
    }
}
