//! Acts on releases and tags.

use super::{Refusal, permit};
use crate::sim::{
    model::{Release, State, Token},
    script::run::Start,
};

/// What a caller asks of a release; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub struct ReleaseChange {
    /// The tag.
    pub tag: Option<String>,
    /// What the tag is made from, if there is none yet.
    pub target: Option<String>,
    /// The title.
    pub name: Option<String>,
    /// The notes.
    pub body: Option<String>,
    /// Not published.
    pub draft: Option<bool>,
    /// Not for everybody.
    pub prerelease: Option<bool>,
    /// May be the latest.
    pub latest: Option<bool>,
}

impl State {
    /// Makes a release, and publishes it unless it is a draft.
    pub fn create_release(
        &mut self,
        token: &Token,
        repo_id: u64,
        new: ReleaseChange,
    ) -> Result<u64, Refusal> {
        let repo = self.known_repo(repo_id)?;
        permit(token, &repo, "contents", "repo")?;
        let tag = new.tag.filter(|it| !it.trim().is_empty());
        let tag = tag.ok_or_else(|| Refusal::field("Release", "tag_name", "missing_field"))?;
        let draft = new.draft.unwrap_or(false);
        if !draft && repo.releases.iter().any(|it| it.tag == tag && !it.draft) {
            return Err(Refusal::field("Release", "tag_name", "already_exists"));
        }
        let target = new.target.unwrap_or_else(|| repo.default_branch.clone());
        if repo.tag(&tag).is_none() && repo.resolve(&target).is_none() {
            return Err(Refusal::field("Release", "target_commitish", "invalid"));
        }
        let id = self.next_id();
        let release = Release {
            id,
            tag,
            target,
            name: new.name,
            body: new.body.unwrap_or_default(),
            draft: true,
            prerelease: new.prerelease.unwrap_or(false),
            latest: new.latest.unwrap_or(true),
            author: token.login.clone(),
            created_at: self.now,
            published_at: None,
        };
        let repo = self.repo_mut(repo_id).ok_or_else(Refusal::not_found)?;
        repo.releases.push(release);
        if !draft {
            self.publish(repo_id, id, &token.login);
        }
        Ok(id)
    }

    /// Changes a release; taking `draft` away publishes it.
    pub fn update_release(
        &mut self,
        token: &Token,
        repo_id: u64,
        release_id: u64,
        change: ReleaseChange,
    ) -> Result<(), Refusal> {
        let repo = self.known_repo(repo_id)?;
        let found = repo
            .releases
            .iter()
            .find(|it| it.id == release_id)
            .ok_or_else(Refusal::not_found)?;
        permit(token, &repo, "contents", "repo")?;
        let tag = change.tag.clone().unwrap_or_else(|| found.tag.clone());
        let publishes = found.draft && change.draft == Some(false);
        let rival = |it: &Release| it.id != release_id && it.tag == tag && !it.draft;
        if (publishes || change.tag.is_some()) && repo.releases.iter().any(rival) {
            return Err(Refusal::field("Release", "tag_name", "already_exists"));
        }
        let target = change
            .target
            .clone()
            .unwrap_or_else(|| found.target.clone());
        if publishes && repo.tag(&tag).is_none() && repo.resolve(&target).is_none() {
            return Err(Refusal::field("Release", "target_commitish", "invalid"));
        }
        let Some(repo) = self.repo_mut(repo_id) else {
            return Ok(());
        };
        if let Some(it) = repo.releases.iter_mut().find(|it| it.id == release_id) {
            it.tag = tag;
            it.target = target;
            it.name = change.name.or_else(|| it.name.take());
            it.body = change.body.unwrap_or_else(|| std::mem::take(&mut it.body));
            it.prerelease = change.prerelease.unwrap_or(it.prerelease);
            it.latest = change.latest.unwrap_or(it.latest);
            if change.draft == Some(true) {
                it.draft = true;
            }
        }
        if publishes {
            self.publish(repo_id, release_id, &token.login);
        }
        Ok(())
    }

    /// Publishes a release: the tag is made, and what listens to releases starts.
    pub(crate) fn publish(&mut self, repo_id: u64, release_id: u64, by: &str) {
        let now = self.now;
        let Some(repo) = self.repo_by_id(repo_id).cloned() else {
            return;
        };
        let Some(release) = repo.releases.iter().find(|it| it.id == release_id) else {
            return;
        };
        let sha = repo
            .tag(&release.tag)
            .or_else(|| repo.resolve(&release.target))
            .map(|it| it.sha.clone());
        let Some(sha) = sha else { return };
        if self.tag(repo_id, &release.tag, &sha) {
            self.tagged(repo_id, &release.tag, by);
        }
        if let Some(it) = self
            .repo_mut(repo_id)
            .and_then(|it| it.releases.iter_mut().find(|it| it.id == release_id))
        {
            it.draft = false;
            it.published_at = Some(now);
        }
        for workflow in repo
            .workflows
            .iter()
            .filter(|it| it.on.iter().any(|on| on == "release"))
        {
            let start = Start {
                event: "release",
                branch: Some(release.tag.clone()),
                sha: sha.clone(),
                actor: by.to_owned(),
                title: release.name.clone().unwrap_or_else(|| release.tag.clone()),
                ..Start::default()
            };
            self.start_run(repo_id, workflow, start);
        }
    }

    /// Makes a branch or tag.
    pub fn create_ref(
        &mut self,
        token: &Token,
        repo_id: u64,
        name: &str,
        sha: &str,
    ) -> Result<(), Refusal> {
        let repo = self.known_repo(repo_id)?;
        permit(token, &repo, "contents", "repo")?;
        if repo.commit(sha).is_none() {
            return Err(Refusal::new(422, "Object does not exist"));
        }
        if let Some(tag) = name.strip_prefix("refs/tags/") {
            if !self.tag(repo_id, tag, sha) {
                return Err(Refusal::new(422, "Reference already exists"));
            }
        } else if let Some(branch) = name.strip_prefix("refs/heads/") {
            if repo.branches.contains_key(branch) {
                return Err(Refusal::new(422, "Reference already exists"));
            }
            self.point(repo_id, branch, sha);
        } else {
            return Err(Refusal::new(
                422,
                "Reference name must start with 'refs/' and contain at least two slashes.",
            ));
        }
        Ok(())
    }
}
