//! Releases: drafts that writers see, and what is published.

use super::{
    Call, Done, No,
    call::{deputy, number},
};
use crate::sim::{
    act::publish::ReleaseChange,
    model::{Permission, Release, Repo},
    rest::Answer,
};

impl Call<'_> {
    fn writes(&self) -> bool {
        self.token
            .as_ref()
            .is_some_and(|it| it.permission >= Permission::Write)
    }

    /// Releases, newest first; drafts for those alone who may write.
    pub fn releases(&self, repo: &Repo) -> Answer {
        let (draft, prerelease) = (self.flag("draft"), self.flag("pre-release"));
        let mut all: Vec<&Release> = repo
            .releases
            .iter()
            .filter(|it| !it.draft || self.writes())
            .filter(|it| draft.is_none_or(|wanted| it.draft == wanted))
            .filter(|it| prerelease.is_none_or(|wanted| it.prerelease == wanted))
            .collect();
        all.sort_by_key(|it| std::cmp::Reverse((it.created_at, it.id)));
        self.list(&all, |it| self.shape().release(repo, it))
    }

    /// The newest release that is neither draft nor prerelease.
    pub fn latest_release(&self, repo: &Repo) -> Done {
        let good = repo
            .releases
            .iter()
            .filter(|it| !it.draft && !it.prerelease);
        let found = good
            .max_by_key(|it| (it.created_at, it.id))
            .ok_or_else(No::not_found)?;
        Ok(Answer::json(200, self.shape().release(repo, found)))
    }

    /// The release of a tag; a draft has none yet.
    pub fn release_of_tag(&self, repo: &Repo, tag: &str) -> Done {
        let found = repo.releases.iter().find(|it| it.tag == tag && !it.draft);
        let found = found.ok_or_else(No::not_found)?;
        Ok(Answer::json(200, self.shape().release(repo, found)))
    }

    /// One release.
    pub fn release(&self, repo: &Repo, id: &str) -> Done {
        let id = number(id)?;
        let found = repo
            .releases
            .iter()
            .find(|it| it.id == id && (!it.draft || self.writes()));
        let found = found.ok_or_else(No::not_found)?;
        Ok(Answer::json(200, self.shape().release(repo, found)))
    }

    fn change(&self, new: bool) -> Result<ReleaseChange, No> {
        let fields = self.fields()?;
        let tag = if new {
            Some(fields.needed("tag_name", "TagName")?)
        } else {
            fields.text("tag_name")?.filter(|it| !it.is_empty())
        };
        Ok(ReleaseChange {
            tag,
            target: fields.text("target_commitish")?.filter(|it| !it.is_empty()),
            name: fields.text("name")?,
            body: fields.text("body")?,
            draft: fields.flag("draft")?,
            prerelease: fields.flag("prerelease")?,
            latest: None,
        })
    }

    /// Makes a release, or the draft of one.
    pub fn create_release(&self, repo: &Repo) -> Done {
        let token = deputy(self.writer(repo)?);
        let change = self.change(true)?;
        let id = self.act(|state| {
            let repo = state.repo_by_id(repo.id).ok_or_else(No::not_found)?;
            let tag = change.tag.as_deref().unwrap_or_default();
            // Drafts count: their tags are taken too.
            if repo.releases.iter().any(|it| it.tag == tag) {
                return Err(No::new(409, "Release is has no Tag"));
            }
            let target = change.target.as_deref().unwrap_or(&repo.default_branch);
            if repo.tag(tag).is_none() && repo.resolve(target).is_none() {
                return Err(No::new(404, format!("target {target:?} not found: object does not exist [id: {target}, rel_path: ]")));
            }
            Ok(state.create_release(&token, repo.id, change)?)
        })?;
        self.release_now(repo, id, 201)
    }

    /// Changes a release; taking `draft` away publishes it.
    pub fn edit_release(&self, repo: &Repo, id: &str) -> Done {
        let token = deputy(self.writer(repo)?);
        let id = number(id)?;
        let change = self.change(false)?;
        self.act(|state| {
            let repo = state.repo_by_id(repo.id).ok_or_else(No::not_found)?;
            let found = repo.releases.iter().find(|it| it.id == id);
            let found = found.ok_or_else(No::not_found)?;
            let tag = change.tag.as_deref().unwrap_or(&found.tag);
            if repo.releases.iter().any(|it| it.id != id && it.tag == tag) {
                return Err(No::new(
                    409,
                    format!("release tag already exist [tag_name: {tag}]"),
                ));
            }
            Ok(state.update_release(&token, repo.id, id, change)?)
        })?;
        self.release_now(repo, id, 200)
    }

    fn release_now(&self, repo: &Repo, id: u64, status: u16) -> Done {
        let (state, repo) = self.after(repo)?;
        let found = repo.releases.iter().find(|it| it.id == id);
        let found = found.ok_or_else(No::not_found)?;
        Ok(Answer::json(
            status,
            self.shape_of(&state).release(&repo, found),
        ))
    }
}
