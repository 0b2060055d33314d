//! Releases and tags in REST's words.

use serde_json::{Value, json};

use super::{Shape, maybe, time};
use crate::sim::model::{Kind, NodeId, Release, Repo, Tag};

impl Shape<'_> {
    /// A release.
    pub fn release(&self, repo: &Repo, it: &Release) -> Value {
        let url = format!("{}/releases/{}", self.url(repo), it.id);
        let html = self.html(repo);
        let page = if it.draft {
            format!("untagged-{:x}", it.id)
        } else {
            it.tag.clone()
        };
        json!({
            "url": url,
            "assets_url": format!("{url}/assets"),
            "upload_url": format!("{url}/assets{{?name,label}}"),
            "html_url": format!("{html}/releases/tag/{page}"),
            "id": it.id,
            "author": self.account(&it.author),
            "node_id": NodeId::number(Kind::Release, repo.id, it.id),
            "tag_name": it.tag,
            "target_commitish": it.target,
            "name": it.name,
            "draft": it.draft,
            "immutable": false,
            "prerelease": it.prerelease,
            "created_at": time(it.created_at),
            "updated_at": time(it.published_at.unwrap_or(it.created_at)),
            "published_at": maybe(it.published_at),
            "assets": [],
            "tarball_url": (!it.draft).then(|| format!("{}/tarball/{}", self.url(repo), it.tag)),
            "zipball_url": (!it.draft).then(|| format!("{}/zipball/{}", self.url(repo), it.tag)),
            "body": it.body,
        })
    }

    /// A tag.
    pub fn tag(&self, repo: &Repo, tag: &Tag) -> Value {
        let url = self.url(repo);
        json!({
            "name": tag.name,
            "zipball_url": format!("{url}/zipball/refs/tags/{}", tag.name),
            "tarball_url": format!("{url}/tarball/refs/tags/{}", tag.name),
            "commit": {"sha": tag.sha, "url": format!("{url}/commits/{}", tag.sha)},
            "node_id": NodeId::name(Kind::Ref, repo.id, &format!("refs/tags/{}", tag.name)),
        })
    }

    /// A branch or tag as git's own API has it.
    pub fn git_ref(&self, repo: &Repo, name: &str, sha: &str) -> Value {
        let url = self.url(repo);
        json!({
            "ref": name,
            "node_id": NodeId::name(Kind::Ref, repo.id, name),
            "url": format!("{url}/git/{name}"),
            "object": {"sha": sha, "type": "commit", "url": format!("{url}/git/commits/{sha}")},
        })
    }
}
