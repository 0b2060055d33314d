//! Where a resolver stands: who asks, at which moment, in which repository.

use async_graphql::{Error, ID};

use super::error::{forbidden, no_node};
use crate::sim::{
    model::{Kind, NodeId, Permission, Repo, State},
    shared::Session,
};

/// Where a resolver stands; everything below a repository carries one.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Who asks.
    pub session: &'a Session,
    /// The moment: that of the session, or after an act the one it led to.
    pub state: &'a State,
    /// The repository.
    pub repo: &'a Repo,
}

impl Place<'_> {
    /// Checks a fine-grained token's grant to read; a classic token sees all or nothing.
    pub fn reads(self, area: &str) -> Result<(), Error> {
        if self.session.token.grants(area, "read") {
            Ok(())
        } else {
            Err(forbidden())
        }
    }

    /// Says whether the viewer may write here.
    pub fn writes(self) -> bool {
        self.session.token.permission >= Permission::Write
    }

    /// A page of the repository: `""`, or `/pull/1`.
    pub fn url(self, rest: std::fmt::Arguments<'_>) -> super::scalar::Uri {
        let Repo { owner, name, .. } = self.repo;
        super::scalar::Uri(format!("{}/{owner}/{name}{rest}", self.state.base))
    }

    /// The node id of something numbered in this repository.
    pub fn id(self, kind: Kind, number: u64) -> ID {
        NodeId::number(kind, self.repo.id, number).into()
    }
}

/// Follows a node id into a repository that the token may see.
pub fn follow<'a>(
    session: &'a Session,
    state: &'a State,
    id: &str,
    kind: Kind,
) -> Result<(Place<'a>, NodeId), Error> {
    let node = NodeId::parse(id)
        .filter(|it| it.kind == kind)
        .ok_or_else(|| no_node(id))?;
    let number = match kind {
        Kind::Repository => node.id(Kind::Repository).unwrap_or_default(),
        _ => node.repo,
    };
    let repo = state
        .repo_by_id(number)
        .filter(|it| !it.private || session.token.sees(&it.owner, &it.name))
        .ok_or_else(|| no_node(id))?;
    let place = Place {
        session,
        state,
        repo,
    };
    Ok((place, node))
}
