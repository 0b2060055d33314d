//! Releases and tags.

use serde_json::{Value, json};

use super::{Shape, since, time};
use crate::sim::{
    model::{Release, Repo, Tag},
    rest::encode,
};

impl Shape<'_> {
    /// A release, or the draft of one.
    pub fn release(&self, repo: &Repo, it: &Release) -> Value {
        let (url, html) = (self.url(repo), self.html(repo));
        let tag = encode(&it.tag);
        json!({
            "id": it.id,
            "tag_name": it.tag,
            "target_commitish": it.target,
            "name": it.name.clone().unwrap_or_default(),
            "body": it.body,
            "url": format!("{url}/releases/{}", it.id),
            "html_url": format!("{html}/releases/tag/{tag}"),
            "tarball_url": format!("{html}/archive/{tag}.tar.gz"),
            "zipball_url": format!("{html}/archive/{tag}.zip"),
            "hide_archive_links": false,
            "upload_url": format!("{url}/releases/{}/assets", it.id),
            "draft": it.draft,
            "prerelease": it.prerelease,
            "created_at": time(it.created_at),
            // There is no other: a draft shows when it was written.
            "published_at": time(it.published_at.unwrap_or(it.created_at)),
            "author": self.account(&it.author),
            "assets": [],
            "archive_download_count": {"zip": 0, "tar_gz": 0},
        })
    }

    /// A tag.
    pub fn tag(&self, repo: &Repo, tag: &Tag) -> Value {
        let html = self.html(repo);
        let commit = repo.commit(&tag.sha);
        let name = encode(&tag.name);
        json!({
            "name": tag.name,
            "message": commit.map(|it| it.headline()).unwrap_or_default(),
            "id": tag.sha,
            "commit": {
                "url": format!("{}/git/commits/{}", self.url(repo), tag.sha),
                "sha": tag.sha,
                "created": since(commit.map(|it| it.at)),
            },
            "zipball_url": format!("{html}/archive/{name}.zip"),
            "tarball_url": format!("{html}/archive/{name}.tar.gz"),
            "archive_download_count": {"zip": 0, "tar_gz": 0},
        })
    }
}
