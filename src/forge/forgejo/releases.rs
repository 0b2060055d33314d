//! Releases, and the commits that tags point at. A draft's tag does not exist yet: its commit is the
//! one that publishing would tag.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::Forgejo;
use super::lists::{below, is_missing};
use super::repos::{Repository, sha};
use super::runs::set;
use crate::domain::facts::Release;
use crate::domain::ids::{ReleaseId, RepoPath, Sha};
use crate::domain::text::clean;
use crate::forge::error::Error;
use crate::forge::http::limiter::Purpose;

/// How long a tag is believed to point where it pointed.
const TAGS_FOR: SignedDuration = SignedDuration::from_mins(10);
/// Pages of tags that are gone through for a release whose tag is old.
const PAGES_OF_TAGS: usize = 4;
/// Releases a read: those before are history.
const RELEASES: usize = 20;

#[derive(Clone, Debug, Deserialize)]
pub(super) struct WireRelease {
    id: u64,
    tag_name: String,
    name: Option<String>,
    target_commitish: Option<String>,
    #[serde(default)]
    draft: bool,
    #[serde(default)]
    prerelease: bool,
    created_at: Option<Timestamp>,
    published_at: Option<Timestamp>,
    html_url: Option<String>,
}

#[derive(Deserialize)]
struct WireTag {
    name: String,
    commit: Option<TagCommit>,
}

#[derive(Deserialize)]
struct TagCommit {
    sha: Option<String>,
    created: Option<Timestamp>,
}

/// A tag: its name, its commit, and when that was made.
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) sha: Sha,
    pub(super) at: Option<Timestamp>,
}

/// Which commit a branch points at, to know what a draft would tag.
pub(super) struct Tip<'a> {
    pub(super) branch: &'a str,
    pub(super) sha: &'a Sha,
}

impl WireRelease {
    pub(super) fn into_release(
        self,
        tags: &HashMap<String, Sha>,
        tip: Option<&Tip<'_>>,
    ) -> Release {
        let target = self.target_commitish.as_deref().unwrap_or_default();
        let of_draft = || {
            if is_sha(target) {
                return sha(Some(target));
            }
            let tip = tip.filter(|tip| tip.branch == target)?;
            Some(tip.sha.clone())
        };
        let tagged = tags.get(&self.tag_name).cloned();
        let created_at = set(self.created_at).unwrap_or(Timestamp::UNIX_EPOCH);
        Release {
            id: Some(ReleaseId(self.id)),
            tag: clean(&self.tag_name),
            name: self
                .name
                .as_deref()
                .map(clean)
                .filter(|name| !name.is_empty()),
            sha: if self.draft {
                tagged.or_else(of_draft)
            } else {
                tagged
            },
            draft: self.draft,
            prerelease: self.prerelease,
            created_at,
            published_at: set(self.published_at).filter(|_| !self.draft),
            url: clean(self.html_url.as_deref().unwrap_or_default()),
        }
    }
}

fn is_sha(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.chars().all(|sign| sign.is_ascii_hexdigit())
}

impl Forgejo {
    /// Reads the newest releases as the forge has them.
    pub(super) async fn wire_releases(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        known: &Repository,
    ) -> Result<Vec<WireRelease>, Error> {
        if known.has_releases == Some(false) {
            return Ok(Vec::new());
        }
        let route = below(repo, format!("/releases?limit={RELEASES}&page=1"));
        let answer = self.rest.get(purpose, &route).await?;
        Ok(super::lists::Page::of(&answer, "releases")?.each())
    }

    /// Finds the commits of releases: by tags that are known, by the list of tags if one is not.
    pub(super) async fn releases(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        read: Vec<WireRelease>,
        tip: Option<&Tip<'_>>,
    ) -> Result<Vec<Release>, Error> {
        let now = (self.clock)();
        let known = self.memory.tags.get(repo, now, TAGS_FOR);
        let published = |release: &&WireRelease| !release.draft;
        let mut missing = read.iter().filter(published).filter(|release| {
            let known = known.as_ref();
            known.is_none_or(|tags| !tags.contains_key(&release.tag_name))
        });
        let tags = if missing.next().is_some() {
            let wanted = read.iter().filter(published);
            let wanted = wanted.map(|release| release.tag_name.as_str()).collect();
            let tags = self.tags(purpose, repo, wanted).await?;
            tags.into_iter().map(|tag| (tag.name, tag.sha)).collect()
        } else {
            known.unwrap_or_default()
        };
        let mut releases: Vec<Release> = read
            .into_iter()
            .map(|release| release.into_release(&tags, tip))
            .collect();
        releases.sort_by_key(|release| std::cmp::Reverse(release.created_at));
        Ok(releases)
    }

    /// Reads the newest tags: a page, and more as long as one that is wanted was not among them.
    pub(super) async fn tags(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        mut wanted: HashSet<&str>,
    ) -> Result<Vec<Tag>, Error> {
        let now = (self.clock)();
        let mut tags: Vec<Tag> = Vec::new();
        let mut pages = 0;
        self.pages(purpose, &below(repo, "/tags?"), "tags", |page| {
            for tag in page.each::<WireTag>() {
                wanted.remove(tag.name.as_str());
                let commit = tag.commit.as_ref();
                let sha = commit.and_then(|commit| sha(commit.sha.as_deref()));
                tags.extend(sha.map(|sha| Tag {
                    sha,
                    at: commit.and_then(|commit| set(commit.created)),
                    name: tag.name.clone(),
                }));
            }
            pages += 1;
            !wanted.is_empty() && pages < PAGES_OF_TAGS
        })
        .await?;
        let by_name = tags.iter().map(|tag| (tag.name.clone(), tag.sha.clone()));
        self.memory.tags.put(repo.clone(), now, by_name.collect());
        Ok(tags)
    }

    /// Reads one tag; `None` if there is none of that name.
    pub(super) async fn tag(
        &self,
        purpose: Purpose,
        repo: &RepoPath,
        name: &str,
    ) -> Result<Option<Sha>, Error> {
        let route = below(
            repo,
            format!("/tags/{}", crate::forge::http::path::part(name)),
        );
        match self.rest.get(purpose, &route).await {
            Ok(answer) => {
                let tag: WireTag = answer.json()?;
                Ok(tag.commit.and_then(|commit| sha(commit.sha.as_deref())))
            }
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_draft_has_the_commit_that_publishing_would_tag() {
        let release = |draft: bool, target: &str| {
            let wire = json!({"id": 4, "tag_name": "v2", "target_commitish": target, "draft": draft,
                "created_at": "2026-11-01T10:00:00Z", "published_at": "2026-11-01T10:00:00Z"});
            serde_json::from_value::<WireRelease>(wire).unwrap()
        };
        let (head, none) = (Sha::from("ab"), HashMap::new());
        let tip = Tip {
            branch: "main",
            sha: &head,
        };
        let named = "0123456789abcdef0123456789ABCDEF01234567";
        let of = |draft, target| release(draft, target).into_release(&none, Some(&tip)).sha;
        assert_eq!(of(true, "main"), Some(head.clone()));
        assert_eq!(of(true, named), Some(Sha::from(named.to_lowercase())));
        assert_eq!(of(true, "elsewhere"), None);
        assert_eq!(
            of(false, "main"),
            None,
            "a published one is where its tag is"
        );
        let tags = HashMap::from([("v2".to_owned(), Sha::from("cd"))]);
        let tagged = release(false, "main").into_release(&tags, Some(&tip));
        assert_eq!(tagged.sha, Some(Sha::from("cd")));
        let draft = release(true, "main").into_release(&none, None);
        assert_eq!((draft.sha, draft.published_at), (None, None));
    }
}
