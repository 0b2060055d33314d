//! Releases.

use async_graphql::{ID, Object};

use super::{
    commit::Commit,
    page::connection,
    place::Place,
    scalar::{DateTime, Uri, int},
};
use crate::sim::model::{self, Kind};

connection!(ReleaseConnection of Release);

/// A release contains the content for a release.
#[derive(Debug, Clone, Copy)]
pub struct Release<'a> {
    /// Where.
    pub place: Place<'a>,
    /// What.
    pub it: &'a model::Release,
}

#[Object]
impl<'a> Release<'a> {
    /// The Node ID of the Release object.
    async fn id(&self) -> ID {
        self.place.id(Kind::Release, self.it.id)
    }

    /// Identifies the primary key from the database.
    async fn database_id(&self) -> Option<i32> {
        int(self.it.id)
    }

    /// The name of the release's Git tag.
    async fn tag_name(&self) -> &str {
        &self.it.tag
    }

    /// The title of the release.
    async fn name(&self) -> Option<&str> {
        self.it.name.as_deref()
    }

    /// The description of the release.
    async fn description(&self) -> Option<&str> {
        Some(&self.it.body)
    }

    /// Whether or not the release is a draft.
    async fn is_draft(&self) -> bool {
        self.it.draft
    }

    /// Whether or not the release is a prerelease.
    async fn is_prerelease(&self) -> bool {
        self.it.prerelease
    }

    /// Whether or not the release is the latest release.
    async fn is_latest(&self) -> bool {
        let latest = self.place.repo.latest_release();
        latest.is_some_and(|it| it.id == self.it.id)
    }

    /// Identifies the date and time when the object was created.
    async fn created_at(&self) -> DateTime {
        DateTime(self.it.created_at)
    }

    /// Identifies the date and time when the release was published.
    async fn published_at(&self) -> Option<DateTime> {
        self.it.published_at.map(DateTime)
    }

    /// The HTTP URL for this issue.
    async fn url(&self) -> Uri {
        if self.it.draft {
            let id = self.it.id;
            self.place
                .url(format_args!("/releases/tag/untagged-{id:x}"))
        } else {
            self.place
                .url(format_args!("/releases/tag/{}", self.it.tag))
        }
    }

    /// The tag commit for this release.
    async fn tag_commit(&self) -> Option<Commit<'a>> {
        let tag = self.place.repo.tag(&self.it.tag)?;
        Commit::of(self.place, &tag.sha)
    }
}
