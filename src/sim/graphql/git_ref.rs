//! Branches and tags, and how they lie to each other.

use async_graphql::{Context, Error, ID, Object};

use super::{
    commit::{Commit, GitObject},
    error::{Nullable, nullable},
    page::{Page, connection},
    place::Place,
    scalar::count,
    words::ComparisonStatus,
};
use crate::sim::model::{self, Kind, NodeId};

/// Represents a Git reference.
#[derive(Debug, Clone, Copy)]
pub struct Ref<'a> {
    place: Place<'a>,
    prefix: &'static str,
    name: &'a str,
    sha: &'a str,
}

impl<'a> Ref<'a> {
    /// Finds a branch or tag by full or short name; of equal short names the branch wins.
    pub fn find(place: Place<'a>, qualified: &str) -> Option<Self> {
        let bare = qualified.strip_prefix("refs/").unwrap_or(qualified);
        let branch = |name: &str| {
            let it = place.repo.branches.get(name)?;
            Some(Self {
                place,
                prefix: "refs/heads/",
                name: &it.name,
                sha: &it.sha,
            })
        };
        let tag = |name: &str| {
            let it = place.repo.tags.iter().rev().find(|it| it.name == name)?;
            Some(Self {
                place,
                prefix: "refs/tags/",
                name: &it.name,
                sha: &it.sha,
            })
        };
        match (bare.strip_prefix("heads/"), bare.strip_prefix("tags/")) {
            (Some(name), _) => branch(name),
            (_, Some(name)) => tag(name),
            _ => branch(bare).or_else(|| tag(bare)),
        }
    }

    fn full(self) -> String {
        format!("{}{}", self.prefix, self.name)
    }
}

#[Object]
impl<'a> Ref<'a> {
    /// The Node ID of the Ref object.
    async fn id(&self) -> ID {
        NodeId::name(Kind::Ref, self.place.repo.id, &self.full()).into()
    }

    /// The ref name.
    async fn name(&self) -> &str {
        self.name
    }

    /// The ref's prefix, such as `refs/heads/` or `refs/tags/`.
    async fn prefix(&self) -> &str {
        self.prefix
    }

    /// The object the ref points to. Returns null when object does not exist.
    async fn target(&self) -> Option<GitObject<'a>> {
        Commit::of(self.place, self.sha).map(GitObject::Commit)
    }

    /// Compares the current ref as a base ref to another head ref, if the comparison can be made.
    async fn compare(&self, head_ref: String) -> Nullable<Comparison<'a>> {
        nullable(|| {
            self.place.reads("contents")?;
            let place = self.place;
            let compared = place.repo.compare(&self.full(), &head_ref);
            Ok(compared.map(|it| Comparison { place, it }))
        })
    }
}

/// Represents a comparison between two commit revisions.
#[derive(Debug)]
pub struct Comparison<'a> {
    place: Place<'a>,
    it: model::Comparison,
}

#[Object]
impl<'a> Comparison<'a> {
    /// The status of this comparison.
    async fn status(&self) -> ComparisonStatus {
        self.it.status.into()
    }

    /// The number of commits ahead of the base branch.
    async fn ahead_by(&self) -> i32 {
        count(self.it.commits.len())
    }

    /// The number of commits behind the base branch.
    async fn behind_by(&self) -> i32 {
        count(self.it.behind)
    }

    /// The commits which compose this comparison.
    async fn commits(
        &self,
        ctx: &Context<'_>,
        after: Option<String>,
        first: Option<i32>,
    ) -> Result<ComparisonCommitConnection<'a>, Error> {
        let page = Page::of(ctx, first, after.as_deref())?;
        let place = self.place;
        let commits = self
            .it
            .commits
            .iter()
            .filter_map(|it| Commit::of(place, &it.sha));
        Ok(ComparisonCommitConnection(page.cut(commits)))
    }
}

connection!(ComparisonCommitConnection of Commit);
